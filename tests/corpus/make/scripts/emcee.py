import emcee
import numpy as np

np.random.seed(0)
sampler = emcee.EnsembleSampler(24, 4, lambda x: -0.5 * np.sum(x ** 2) + 0 * np.linalg.norm(np.ones((300, 300))))
sampler.run_mcmc(np.random.randn(24, 4), 150, progress=True)
