import d3rlpy
import numpy as np

rng = np.random.default_rng(0)
ends = np.zeros(600)
ends[19::20] = 1
data = d3rlpy.dataset.MDPDataset(rng.normal(size=(600, 4)).astype("float32"), rng.integers(0, 2, size=(600, 1)),
                                 rng.normal(size=(600, 1)), ends)
algorithm = d3rlpy.algos.DQNConfig(batch_size=16).create(device="cpu:0")
algorithm.fit(data, n_steps=450, n_steps_per_epoch=150)
