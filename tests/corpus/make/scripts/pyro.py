import pyro
import pyro.distributions as dist
import torch
from pyro.infer import MCMC, NUTS

pyro.set_rng_seed(0)
y = torch.randn(200) + 1


def model():
    mu = pyro.sample("mu", dist.Normal(0.0, 5.0))
    sd = pyro.sample("sd", dist.HalfNormal(3.0))
    with pyro.plate("data", 200):
        pyro.sample("y", dist.Normal(mu, sd), obs=y)


MCMC(NUTS(model), num_samples=60, warmup_steps=40).run()
