import numpy as np
from pyod.models.auto_encoder import AutoEncoder

AutoEncoder(epoch_num=6, batch_size=32, hidden_neuron_list=[8, 4], device="cpu", verbose=2, random_state=0).fit(
    np.random.default_rng(0).normal(size=(400, 8)))
