"""tensorboardX: simple values, and what stands beside them; a restart into the same folder."""
import sys

import numpy
from tensorboardX import SummaryWriter

for first in (0, 12):
    w = SummaryWriter(sys.argv[1], filename_suffix=".%d" % first)
    for step in range(first, 20):
        w.add_scalar("train/loss", 1 / (step + 1) + first, step)
        w.add_scalar("größe/μ", step, step)
        if step % 10 == 0:
            w.add_histogram("weights", numpy.arange(100.0), step)
            w.add_image("picture", numpy.zeros((3, 64, 64), dtype=numpy.uint8), step)
            w.add_text("notes", "hello", step)
    w.close()
