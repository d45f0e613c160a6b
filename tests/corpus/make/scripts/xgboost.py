import numpy as np
import xgboost as xgb

print("xgboost", xgb.__version__)
X = np.random.default_rng(0).normal(size=(1000, 8))
y = (X[:, 0] + X[:, 1] > 0).astype(int)
train, test = xgb.DMatrix(X[:800], y[:800]), xgb.DMatrix(X[800:], y[800:])
xgb.train({"objective": "binary:logistic", "eval_metric": ["logloss", "auc"]}, train, 61, evals=[(train, "train"), (test, "eval")], verbose_eval=10)
