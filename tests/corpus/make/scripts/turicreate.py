import numpy as np
import turicreate as tc

rng = np.random.default_rng(0)
frame = tc.SFrame({"a": rng.normal(size=600).tolist(), "b": rng.normal(size=600).tolist()})
frame["y"] = frame["a"] + frame["b"] > 0
tc.boosted_trees_classifier.create(frame, target="y", max_iterations=15, validation_set=None)
tc.logistic_classifier.create(frame, target="y", validation_set=None)
