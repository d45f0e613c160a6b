import numpy as np
import pandas as pd
from gluonts.dataset.pandas import PandasDataset
from gluonts.torch import DeepAREstimator

series = pd.DataFrame({"target": np.sin(np.arange(400) / 7).astype("float32")}, index=pd.period_range("2020-01-01", periods=400, freq="D"))
DeepAREstimator(prediction_length=12, freq="D", hidden_size=8, num_layers=1, num_batches_per_epoch=20, batch_size=8,
                trainer_kwargs={"max_epochs": 3, "accelerator": "cpu"}).train(PandasDataset(series, target="target"))
