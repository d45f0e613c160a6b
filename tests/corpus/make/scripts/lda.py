import logging

import lda
import numpy as np

logging.basicConfig(level=logging.INFO)
X = np.random.default_rng(0).poisson(0.4, size=(60, 80))
lda.LDA(n_topics=5, n_iter=150, random_state=1, refresh=10).fit(X)
