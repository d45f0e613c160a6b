import random
import subprocess
import sys

random.seed(0)
for part, n in ("train", 600), ("dev", 40), ("test", 40):
    with open(part + ".a", "w") as a, open(part + ".b", "w") as b:
        for _ in range(n):
            words = random.choices("one two three four five six".split(), k=6)
            a.write(" ".join(words) + "\n")
            b.write(" ".join(reversed(words)) + "\n")
with open("vocab.txt", "w") as f:
    f.write("one\ntwo\nthree\nfour\nfive\nsix\n")
with open("config.yaml", "w") as f:
    f.write("""
name: "reverse"
joeynmt_version: "2.3.0"
model_dir: "out"
use_cuda: False
fp16: False
data:
    train: "train"
    dev: "dev"
    test: "test"
    dataset_type: "plain"
    src: {lang: "a", level: "word", lowercase: False, max_length: 20, voc_file: "vocab.txt"}
    trg: {lang: "b", level: "word", lowercase: False, max_length: 20, voc_file: "vocab.txt"}
testing: {beam_size: 1, eval_metrics: ["bleu"], max_output_length: 10}
training:
    random_seed: 42
    optimizer: "adam"
    learning_rate: 0.005
    batch_size: 16
    batch_type: "sentence"
    epochs: 2
    validation_freq: 30
    logging_freq: 10
    early_stopping_metric: "loss"
    overwrite: True
    shuffle: True
model:
    tied_embeddings: False
    encoder: {type: "transformer", num_layers: 1, num_heads: 2, embeddings: {embedding_dim: 16}, hidden_size: 16, ff_size: 16, dropout: 0.1}
    decoder: {type: "transformer", num_layers: 1, num_heads: 2, embeddings: {embedding_dim: 16}, hidden_size: 16, ff_size: 16, dropout: 0.1}
""")
subprocess.run([sys.executable, "-m", "joeynmt", "train", "config.yaml", "--skip-test"], check=True)
