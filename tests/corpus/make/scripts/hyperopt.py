import time

import numpy as np
from hyperopt import fmin, hp, tpe


def train(x):
    time.sleep(0.05)
    return (x - 3) ** 2


fmin(train, hp.uniform("x", -10, 10), algo=tpe.suggest, max_evals=40, rstate=np.random.default_rng(0))
