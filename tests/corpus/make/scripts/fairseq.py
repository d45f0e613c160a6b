import random
import subprocess
import sys

random.seed(0)
for part, n in ("train", 400), ("valid", 60):
    with open(part + ".a", "w") as a, open(part + ".b", "w") as b:
        for _ in range(n):
            words = random.choices("one two three four five six".split(), k=6)
            a.write(" ".join(words) + "\n")
            b.write(" ".join(reversed(words)) + "\n")
run = [sys.executable, "-m"]
subprocess.run(run + "fairseq_cli.preprocess -s a -t b --trainpref train --validpref valid --destdir data".split(), check=True,
               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
subprocess.run(run + ("fairseq_cli.train data --cpu --arch transformer --encoder-layers 1 --decoder-layers 1 --encoder-embed-dim 16 "
                      "--decoder-embed-dim 16 --encoder-ffn-embed-dim 16 --decoder-ffn-embed-dim 16 --encoder-attention-heads 2 "
                      "--decoder-attention-heads 2 --optimizer adam --lr 0.005 --batch-size 16 --max-epoch 2 --log-interval 5 "
                      "--criterion cross_entropy --no-save --save-dir out").split(), check=True)
