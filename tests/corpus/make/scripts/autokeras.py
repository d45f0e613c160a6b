import autokeras
import numpy as np

rng = np.random.default_rng(0)
X = rng.normal(size=(320, 6))
autokeras.StructuredDataClassifier(max_trials=2, overwrite=True, seed=0).fit(X, (X[:, 0] > 0).astype(int), epochs=2) \
    if hasattr(autokeras, "StructuredDataClassifier") else \
    autokeras.ImageClassifier(max_trials=1, overwrite=True, seed=0).fit(rng.random((64, 8, 8, 1)), np.arange(64) % 2, epochs=2)
