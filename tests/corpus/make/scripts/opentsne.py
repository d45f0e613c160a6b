import numpy as np
import openTSNE

X = np.random.default_rng(0).normal(size=(500, 10))
openTSNE.TSNE(n_jobs=2, verbose=True, early_exaggeration_iter=100, n_iter=200, random_state=0).fit(X)
