import numpy as np
from sklearn.ensemble import GradientBoostingClassifier

X = np.random.default_rng(0).normal(size=(2000, 4))
GradientBoostingClassifier(n_estimators=60, verbose=1, random_state=0).fit(X, X[:, 0] > 0)
