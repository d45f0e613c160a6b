import numpy as np
import pandas as pd
from neuralforecast import NeuralForecast
from neuralforecast.models import NHITS

days = pd.date_range("2020-01-01", periods=300)
frame = pd.DataFrame({"unique_id": "a", "ds": days, "y": np.sin(np.arange(300) / 7)})
NeuralForecast([NHITS(h=12, input_size=24, max_steps=60, val_check_steps=20, accelerator="cpu")], freq="D").fit(frame, val_size=24)
