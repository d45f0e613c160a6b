import numpy as np
from ngboost import NGBRegressor

rng = np.random.default_rng(0)
X = rng.normal(size=(300, 4))
y = X[:, 0] * 2 + rng.normal(size=300) * 0.1
NGBRegressor(n_estimators=60, verbose=True, verbose_eval=5, random_state=0).fit(X[:240], y[:240], X[240:], y[240:])
