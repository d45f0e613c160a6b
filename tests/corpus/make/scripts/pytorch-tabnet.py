import numpy as np
from pytorch_tabnet.tab_model import TabNetClassifier

X = np.random.default_rng(0).normal(size=(1000, 8)).astype("float32")
y = (X[:, 0] > 0).astype(int)
TabNetClassifier(seed=0, device_name="cpu").fit(X[:800], y[:800], eval_set=[(X[800:], y[800:])], eval_metric=["auc"], max_epochs=8,
                                                batch_size=128, virtual_batch_size=64)
