import numpy as np
from minisom import MiniSom

X = np.random.default_rng(0).normal(size=(200, 4))
som = MiniSom(8, 8, 4, sigma=1.5, random_seed=0)
som.train(X, 300, verbose=True)
