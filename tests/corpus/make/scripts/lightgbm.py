import lightgbm as lgb
import numpy as np

X = np.random.default_rng(0).normal(size=(1000, 8))
y = (X[:, 0] + X[:, 1] > 0).astype(int)
lgb.train({"objective": "binary", "verbosity": -1}, lgb.Dataset(X[:800], y[:800]), 60, valid_sets=[lgb.Dataset(X[800:], y[800:])],
          callbacks=[lgb.log_evaluation(1), lgb.early_stopping(50)])
