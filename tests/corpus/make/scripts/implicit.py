import numpy as np
import scipy.sparse as sp
from implicit.als import AlternatingLeastSquares
from implicit.bpr import BayesianPersonalizedRanking

rng = np.random.default_rng(0)
seen = sp.csr_matrix((rng.random((4000, 2000)) < 0.02).astype("float32"))
AlternatingLeastSquares(factors=16, iterations=12, calculate_training_loss=True, random_state=0, num_threads=1).fit(seen)
BayesianPersonalizedRanking(factors=16, iterations=15, random_state=0, num_threads=1).fit(seen)
