import numpy as np
import torch
import torchtuples as tt
from pycox.models import CoxPH

np.random.seed(0)
torch.manual_seed(0)
x = np.random.randn(400, 5).astype("float32")
y = (np.random.exponential(np.exp(x[:, 0])).astype("float32"), np.random.randint(0, 2, 400).astype("float32"))
model = CoxPH(tt.practical.MLPVanilla(5, [16], 1), tt.optim.Adam(0.01))
model.fit(x[:300], (y[0][:300], y[1][:300]), batch_size=32, epochs=14, val_data=(x[300:], (y[0][300:], y[1][300:])), verbose=True)
