import logging
import sys

import numpy as np
from interpret.glassbox import ExplainableBoostingClassifier

logging.basicConfig(level=logging.INFO, stream=sys.stdout)
X = np.random.default_rng(0).normal(size=(300, 4))
ExplainableBoostingClassifier(max_rounds=60, outer_bags=2, interactions=0, n_jobs=1, random_state=0).fit(X, (X[:, 0] > 0).astype(int))
