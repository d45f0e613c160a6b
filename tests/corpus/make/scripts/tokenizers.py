import random

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

random.seed(0)
words = ["".join(random.choices("abcdefghij", k=random.randint(2, 9))) for _ in range(4000)]
tokenizer = Tokenizer(models.BPE())
tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
lines = [" ".join(random.choices(words, k=12)) for _ in range(8000)]
tokenizer.train_from_iterator(lines, trainers.BpeTrainer(vocab_size=3000, show_progress=True), length=len(lines))
