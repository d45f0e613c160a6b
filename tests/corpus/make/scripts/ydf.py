import numpy as np
import pandas as pd
import ydf

frame = pd.DataFrame(np.random.default_rng(0).normal(size=(4000, 5)), columns=list("abcde"))
frame["y"] = (frame["a"] * frame["b"] > 0).astype(int)
ydf.verbose(2)
ydf.GradientBoostedTreesLearner(label="y", num_trees=80).train(frame)
