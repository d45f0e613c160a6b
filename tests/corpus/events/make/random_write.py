"""
Many runs of several files, restarts, steps that go back, tags that come and go, by tensorboardX and TensorBoard's own
writer: random_write.py FOLDER SEED.
"""
import random
import sys

from tensorboard.summary import Writer
from tensorboardX import SummaryWriter

rng = random.Random(int(sys.argv[2]))
for number in range(12):
    run = f"{sys.argv[1]}/{rng.choice('abc')}/{number}"
    for part in range(rng.randrange(1, 4)):
        x = rng.random() < 0.6
        w = SummaryWriter(run, filename_suffix=f".{part}") if x else Writer(run)
        step = 0
        for _ in range(rng.randrange(300)):
            step = max(0, step + rng.choice((1, 1, 1, 1, 1, 1, 2, 5, 0, -3)))
            w.add_scalar(rng.choice(("loss", "train/acc", "größe", "a b")), rng.uniform(-1, 1) * 10 ** rng.randrange(-9, 9),
                         step)
        w.close()
