"""TensorBoard's own writer (tensorboard.summary.Writer): tensors of plugin scalars in float_val."""
import sys

from tensorboard.summary import Writer

w = Writer(sys.argv[1])
for step in range(20):
    w.add_scalar("loss", step * 0.1, step)
    w.add_scalar("acc", 1 - step * 0.1, step, description="share of right answers")
w.close()
