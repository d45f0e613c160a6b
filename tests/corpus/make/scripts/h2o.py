import numpy as np
import h2o
from h2o.estimators import H2ODeepLearningEstimator, H2OGradientBoostingEstimator

rng = np.random.default_rng(0)
X = rng.normal(size=(20000, 8))
y = (X[:, 0] * X[:, 1] > 0).astype(int)
h2o.init(nthreads=2, max_mem_size="1g", bind_to_localhost=True)
frame = h2o.H2OFrame(np.column_stack([X, y]).tolist())
frame["C9"] = frame["C9"].asfactor()
H2OGradientBoostingEstimator(ntrees=60, max_depth=5, seed=1).train(y="C9", training_frame=frame)
H2ODeepLearningEstimator(hidden=[64, 64], epochs=12, seed=1).train(y="C9", training_frame=frame)
h2o.cluster().shutdown()
