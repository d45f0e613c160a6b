import sys

import numpy as np
import pymc as pm

y = np.random.default_rng(0).normal(1, 2, size=200)
with pm.Model():
    mu, sd = pm.Normal("mu", 0, 10), pm.HalfNormal("sd", 5)
    pm.Normal("y", mu, sd, observed=y)
    if sys.argv[1:] == ["advi"]:
        pm.fit(8000, method="advi", random_seed=1)
    else:
        pm.sample(300, tune=200, chains=2, cores=1, random_seed=1)
