import random
import subprocess

random.seed(0)
for part, n in ("train", 600), ("valid", 60):
    with open(part + ".a", "w") as a, open(part + ".b", "w") as b:
        for _ in range(n):
            words = random.choices("one two three four five six".split(), k=6)
            a.write(" ".join(words) + "\n")
            b.write(" ".join(reversed(words)) + "\n")
with open("config.yaml", "w") as f:
    f.write("""
save_data: out
src_vocab: out/vocab.a
tgt_vocab: out/vocab.b
data:
    corpus_1: {path_src: train.a, path_tgt: train.b}
    valid: {path_src: valid.a, path_tgt: valid.b}
save_model: out/model
train_steps: 100
valid_steps: 50
report_every: 10
save_checkpoint_steps: 1000
batch_size: 16
bucket_size: 256
encoder_type: rnn
decoder_type: rnn
hidden_size: 16
word_vec_size: 16
layers: 1
num_workers: 0
""")
subprocess.run("onmt_build_vocab -config config.yaml -n_sample -1".split(), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
subprocess.run("onmt_train -config config.yaml".split(), check=True)
