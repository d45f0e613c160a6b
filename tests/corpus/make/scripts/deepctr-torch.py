import numpy as np
from deepctr_torch.inputs import DenseFeat, SparseFeat
from deepctr_torch.models import DeepFM

rng = np.random.default_rng(0)
data = {"item": rng.integers(0, 20, 640), "price": rng.random(640).astype("float32")}
y = (data["price"] > 0.5).astype("float32")
columns = [SparseFeat("item", 20, embedding_dim=4), DenseFeat("price", 1)]
model = DeepFM(columns, columns, task="binary", device="cpu")
model.compile("adam", "binary_crossentropy", metrics=["binary_crossentropy", "auc"])
model.fit(data, y, batch_size=32, epochs=4, verbose=2, validation_split=0.2)
model.fit(data, y, batch_size=32, epochs=2, verbose=1, validation_split=0.2)
