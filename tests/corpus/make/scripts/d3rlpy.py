import d3rlpy
import numpy as np

rng = np.random.default_rng(0)
n = 1000
ends = (np.arange(n) % 50 == 49).astype("float32")
data = d3rlpy.dataset.MDPDataset(rng.normal(size=(n, 4)).astype("float32"), rng.integers(0, 2, n), rng.normal(size=n).astype("float32"), ends)
d3rlpy.seed(0)
d3rlpy.algos.DQNConfig(batch_size=16).create(device="cpu:0").fit(data, n_steps=450, n_steps_per_epoch=150)
