import sys

import jax
import numpy as np
import numpyro
import numpyro.distributions as dist
from jax import random
from numpyro.infer import MCMC, NUTS, SVI, Trace_ELBO
from numpyro.infer.autoguide import AutoNormal

X = np.random.default_rng(0).normal(size=(20000, 6))
y = X @ np.arange(6.0) + np.random.default_rng(1).normal(size=20000)


def model(x, y=None):
    w = numpyro.sample("w", dist.Normal(0, 1).expand([6]).to_event(1))
    numpyro.sample("y", dist.Normal(x @ w, 1.0), obs=y)


if sys.argv[1:] == ["svi"]:
    svi = SVI(model, AutoNormal(model), numpyro.optim.Adam(0.01), Trace_ELBO())
    svi.run(random.PRNGKey(0), 1500, X, y)
else:
    MCMC(NUTS(model), num_warmup=60, num_samples=80, num_chains=1).run(random.PRNGKey(0), X, y)
