import logging
import random

from gensim.models import Word2Vec

logging.basicConfig(format="%(asctime)s : %(levelname)s : %(message)s", level=logging.INFO)
random.seed(0)
words = [f"w{i}" for i in range(3000)]
sentences = [random.choices(words, k=20) for _ in range(40000)]
Word2Vec(sentences, vector_size=100, window=5, min_count=1, sample=0, workers=1, epochs=3)
