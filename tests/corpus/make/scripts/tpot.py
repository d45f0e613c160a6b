import numpy as np
import tpot

if __name__ == "__main__":
    X = np.random.default_rng(0).normal(size=(120, 4))
    tpot.TPOTClassifier(search_space="linear-light", generations=3, population_size=4, cv=2, n_jobs=1, verbose=5, early_stop=None,
                        random_state=0).fit(X, (X[:, 0] > 0).astype(int))
