import numpy as np
from minisom import MiniSom

X = np.random.default_rng(0).normal(size=(500, 4))
MiniSom(6, 6, 4, random_seed=1).train(X, 3000, verbose=True)
