import random

import sklearn_crfsuite

random.seed(0)
X = [[{"word": random.choice("abcdefgh"), "place": str(i)} for i in range(8)] for _ in range(300)]
y = [["V" if w["word"] in "ae" else "C" for w in s] for s in X]
sklearn_crfsuite.CRF(algorithm="lbfgs", max_iterations=12, c1=0.5, c2=0.1, verbose=True).fit(X, y, X[:40], y[:40])
