import numpy as np
from pygam import LinearGAM, s

X = np.random.default_rng(0).normal(size=(600, 2))
LinearGAM(s(0) + s(1)).gridsearch(X, np.sin(X[:, 0]) + X[:, 1], lam=np.logspace(-3, 3, 25))
