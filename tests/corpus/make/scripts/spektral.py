import os

os.environ["TF_USE_LEGACY_KERAS"] = "1"
import numpy as np  # noqa: E402
from spektral.data import Dataset, DisjointLoader, Graph  # noqa: E402
from spektral.models import GeneralGNN  # noqa: E402


class Rings(Dataset):
    def read(self):
        rng = np.random.default_rng(0)
        return [Graph(x=rng.normal(size=(6, 4)), a=np.eye(6)[np.roll(np.arange(6), 1)], y=np.eye(2)[i % 2]) for i in range(160)]


data = Rings()
model = GeneralGNN(2, activation="softmax", hidden=16)
model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
loader = DisjointLoader(data, batch_size=8, epochs=3)
model.fit(loader.load(), steps_per_epoch=loader.steps_per_epoch, epochs=3)
