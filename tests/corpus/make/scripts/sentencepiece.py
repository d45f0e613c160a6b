import io
import random

import sentencepiece

random.seed(0)
words = ["".join(random.choices("abcdefghij", k=random.randint(2, 7))) for _ in range(500)]
lines = (" ".join(random.choices(words, k=12)) for _ in range(4000))
sentencepiece.SentencePieceTrainer.train(sentence_iterator=lines, model_writer=io.BytesIO(), vocab_size=300,
                                         model_type="unigram", num_threads=1)
