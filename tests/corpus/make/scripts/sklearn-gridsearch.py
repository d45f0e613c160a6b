import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

X = np.random.default_rng(0).normal(size=(200, 4))
GridSearchCV(LogisticRegression(), {"C": [0.01, 0.1, 1, 10]}, cv=3, verbose=3).fit(X, X[:, 0] > 0)
