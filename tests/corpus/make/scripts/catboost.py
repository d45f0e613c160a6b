import catboost
import numpy as np
from catboost import CatBoostClassifier

print("catboost", catboost.__version__)
X = np.random.default_rng(0).normal(size=(1000, 8))
CatBoostClassifier(iterations=150, random_seed=0).fit(X, (X[:, 0] + X[:, 1] > 0).astype(int))
