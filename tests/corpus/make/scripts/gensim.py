import logging
import random

from gensim.models import Word2Vec

logging.basicConfig(format="%(asctime)s : %(levelname)s : %(message)s", level=logging.INFO)
random.seed(0)
Word2Vec([[f"w{random.randint(0, 200)}" for _ in range(30)] for _ in range(20000)], epochs=3, workers=2)
