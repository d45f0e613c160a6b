import random

from nltk.classify import MaxentClassifier

random.seed(0)
data = [({"a": random.random() > 0.5, "b": random.random() > 0.3}, None) for _ in range(200)]
data = [(f, "yes" if f["a"] else "no") for f, _ in data]
MaxentClassifier.train(data, algorithm="iis", trace=3, max_iter=15)
