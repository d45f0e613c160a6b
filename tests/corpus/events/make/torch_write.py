"""torch.utils.tensorboard: simple values, and tensors of plugin scalars (new_style)."""
import sys

import numpy
import torch
from torch.utils.tensorboard import SummaryWriter

with SummaryWriter(sys.argv[1]) as w:
    for step in range(30):
        w.add_scalar("train/loss", 1 / (step + 1), step)
        w.add_scalar("new/float", step * 0.1, step, new_style=True)
        if step % 10 == 0:
            w.add_scalars("both", {"a": step, "b": -step}, step)
            w.add_histogram("weights", torch.arange(100.0), step)
            w.add_text("notes", "step %d" % step, step)
            w.add_image("picture", numpy.zeros((3, 8, 8), dtype=numpy.uint8), step)
    w.add_scalar("train/loss", float("nan"), 30)
    w.add_scalar("train/loss", float("inf"), 31)
    w.add_hparams({"lr": 0.1, "name": "x"}, {"hparam/accuracy": 0.5})
with SummaryWriter(sys.argv[1] + "/again") as w:
    for step in list(range(10)) + list(range(5, 12)):
        w.add_scalar("loss", step / 7, step)
