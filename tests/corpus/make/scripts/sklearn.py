import sys

import numpy as np
from sklearn.cluster import KMeans
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import SGDClassifier
from sklearn.neural_network import MLPClassifier

X = np.random.default_rng(0).normal(size=(20000, 30))
y = (X[:, 0] + X[:, 1] > 0).astype(int)
{"forest": RandomForestClassifier(n_estimators=60, verbose=2, random_state=0),
 "hgb": HistGradientBoostingClassifier(max_iter=60, verbose=2, early_stopping=True, random_state=0),
 "kmeans": KMeans(n_clusters=8, n_init=1, verbose=1, random_state=0),
 "mlp-early-stopping": MLPClassifier(verbose=True, early_stopping=True, max_iter=15, random_state=0),
 "sgd": SGDClassifier(verbose=1, random_state=0)}[sys.argv[1]].fit(X, y)
