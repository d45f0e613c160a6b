import dynesty
import numpy as np

sampler = dynesty.NestedSampler(lambda x: -0.5 * np.sum(x ** 2), lambda u: 10 * u - 5, 3, nlive=60,
                                rstate=np.random.default_rng(0))
sampler.run_nested(dlogz=0.5)
