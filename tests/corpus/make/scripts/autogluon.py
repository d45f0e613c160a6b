import numpy as np
import pandas as pd
from autogluon.tabular import TabularPredictor

frame = pd.DataFrame(np.random.default_rng(0).normal(size=(300, 4)), columns=list("abcd"))
frame["y"] = (frame["a"] > 0).astype(int)
TabularPredictor("y", path="out", verbosity=2).fit(frame, hyperparameters={"RF": {"n_estimators": 20}, "XT": {"n_estimators": 20}})
