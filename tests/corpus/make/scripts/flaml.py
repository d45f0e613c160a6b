import numpy as np
from flaml import AutoML

rng = np.random.default_rng(0)
X = rng.normal(size=(300, 6))
AutoML().fit(X, (X[:, 0] + X[:, 1] > 0).astype(int), task="classification", estimator_list=["rf", "extra_tree", "lrl1"],
             max_iter=12, time_budget=30, metric="log_loss", seed=0, verbose=3)
