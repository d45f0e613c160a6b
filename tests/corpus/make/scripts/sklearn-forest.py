import numpy as np
from sklearn.ensemble import RandomForestClassifier

X = np.random.default_rng(0).normal(size=(2000, 20))
RandomForestClassifier(n_estimators=60, verbose=2, random_state=0).fit(X, (X[:, 0] + X[:, 1] > 0).astype(int))
