import numpy as np
import cornac

rng = np.random.default_rng(0)
ratings = [(f"u{u}", f"i{i}", float(rng.integers(1, 6))) for u in range(150) for i in rng.choice(90, 20, replace=False)]
split = cornac.eval_methods.RatioSplit(ratings, test_size=0.2, seed=1, verbose=True)
models = [cornac.models.BPR(k=8, max_iter=25, seed=1, verbose=True), cornac.models.MF(k=8, max_iter=20, seed=1, verbose=True)]
cornac.Experiment(split, models, [cornac.metrics.RMSE(), cornac.metrics.AUC()], verbose=True).run()
