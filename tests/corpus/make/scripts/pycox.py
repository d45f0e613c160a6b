import numpy as np
import torch
import torchtuples as tt
from pycox.models import CoxPH

np.random.seed(0)
torch.manual_seed(0)
x = np.random.normal(size=(600, 4)).astype("float32")
y = (np.random.exponential(np.exp(-x[:, 0])).astype("float32"), (np.random.random(600) < 0.8).astype("float32"))
net = tt.practical.MLPVanilla(4, [8], 1, True, 0.1)
CoxPH(net, tt.optim.Adam(0.01)).fit(x[:450], (y[0][:450], y[1][:450]), batch_size=64, epochs=12, verbose=True,
                                    val_data=(x[450:], (y[0][450:], y[1][450:])), val_batch_size=64)
