import numpy as np
import umap

X = np.random.default_rng(0).normal(size=(800, 10)).astype("float32")
umap.UMAP(n_epochs=120, verbose=True, n_neighbors=10, init="random").fit(X)
