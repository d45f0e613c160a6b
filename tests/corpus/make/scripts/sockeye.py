import random
import subprocess
import sys

random.seed(0)
for part, n in ("train", 600), ("valid", 60):
    with open(part + ".a", "w") as a, open(part + ".b", "w") as b:
        for _ in range(n):
            words = random.choices("one two three four five six".split(), k=6)
            a.write(" ".join(words) + "\n")
            b.write(" ".join(reversed(words)) + "\n")
subprocess.run([sys.executable, "-m", "sockeye.train"] +
               "-s train.a -t train.b -vs valid.a -vt valid.b -o out --use-cpu --batch-type sentence --batch-size 16 "
               "--num-layers 1 --transformer-model-size 16 --transformer-attention-heads 2 --transformer-feed-forward-num-hidden 16 "
               "--num-embed 16 --max-updates 120 --checkpoint-interval 60 --update-interval 1 --decode-and-evaluate 0 "
               "--no-bucketing --max-seq-len 12".split(), check=True)
