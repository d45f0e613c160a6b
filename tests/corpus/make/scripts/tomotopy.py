import random

import tomotopy

random.seed(0)
model = tomotopy.LDAModel(k=6, seed=1)
for _ in range(400):
    model.add_doc(random.choices([f"w{i}" for i in range(300)], k=60))
model.train(200, workers=1, show_progress=True)
