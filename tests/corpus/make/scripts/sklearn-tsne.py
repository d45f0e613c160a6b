import numpy as np
from sklearn.manifold import TSNE

TSNE(max_iter=400, verbose=2, random_state=0).fit_transform(np.random.default_rng(0).normal(size=(400, 8)))
