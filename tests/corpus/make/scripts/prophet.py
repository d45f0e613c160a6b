import logging

import numpy as np
import pandas as pd
from prophet import Prophet
from prophet.diagnostics import cross_validation

logging.getLogger("cmdstanpy").setLevel(logging.DEBUG)
days = pd.date_range("2020-01-01", periods=500)
frame = pd.DataFrame({"ds": days, "y": np.sin(np.arange(500) / 7) + np.random.default_rng(0).normal(size=500) * 0.1})
model = Prophet().fit(frame)
cross_validation(model, initial="300 days", period="40 days", horizon="30 days")
