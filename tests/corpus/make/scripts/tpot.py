import numpy as np
import tpot

if __name__ == "__main__":
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 4))
    tpot.TPOTClassifier(search_space="linear-light", population_size=4, generations=2, cv=2, n_jobs=1, verbose=3,
                        max_time_mins=None, random_state=0).fit(X, (X[:, 0] > 0).astype(int))
