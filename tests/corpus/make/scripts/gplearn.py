import numpy as np
from gplearn.genetic import SymbolicRegressor

X = np.random.default_rng(0).normal(size=(200, 2))
SymbolicRegressor(population_size=300, generations=8, verbose=1, random_state=0).fit(X, np.sin(X[:, 0]) * 3.3 - X[:, 1] ** 3)
