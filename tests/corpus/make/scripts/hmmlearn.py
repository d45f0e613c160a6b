import numpy as np
from hmmlearn import hmm

X = np.random.default_rng(0).normal(size=(400, 2))
hmm.GaussianHMM(n_components=4, n_iter=25, tol=0.001, verbose=True, random_state=0).fit(X)
