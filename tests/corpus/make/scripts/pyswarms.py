import time

import numpy as np
import pyswarms as ps


def slow_sphere(x):
    time.sleep(0.02)
    return (x ** 2).sum(axis=1)


np.random.seed(0)
ps.single.GlobalBestPSO(10, 3, {"c1": 0.5, "c2": 0.3, "w": 0.9}).optimize(slow_sphere, iters=60)
