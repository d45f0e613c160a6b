"""The command line."""

import argparse
import math

from digits import __version__
from digits.fail import USAGE


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(USAGE, f"digits: {message}; see python3 -m digits.train --help\n")


def whole(least, most):
    def parse(text):
        try:
            value = int(text)
        except ValueError:
            value = None
        if value is None or not least <= value <= most:
            raise argparse.ArgumentTypeError(
                f"{text!r} is not a whole number from {least} to {most}")
        return value
    return parse


def real(least, most, above=False):
    """A number in least..most; with `above`, greater than `least`."""
    def parse(text):
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not least <= value <= most or (above and value == least):
            span = f"above {least:g} and at most {most:g}" if above \
                else f"from {least:g} to {most:g}"
            raise argparse.ArgumentTypeError(f"{text!r} is not a number {span}")
        return value
    return parse


def parser():
    p = Parser(prog="python3 -m digits.train", allow_abbrev=False,
               description="Trains a small convolutional network on handwritten digits.",
               epilog="Exit codes: 0 the accuracy was reached, 1 failed, 2 bad usage, "
                      "3 the accuracy was not reached, 130 or 143 stopped by INT or TERM "
                      "(a checkpoint was written).")
    add = p.add_argument
    add("--epochs", type=whole(1, 1_000_000), default=30, metavar="N",
        help="passes over the training images (default %(default)s)")
    add("--seconds", type=real(0, 1e9), default=0, metavar="S",
        help="go on past --epochs until S seconds of training have passed, counted over all "
             "attempts (default %(default)s)")
    add("--batch-size", type=whole(1, 100_000), default=64, metavar="N",
        help="images in a step (default %(default)s)")
    add("--views", type=whole(1, 1000), default=4, metavar="N",
        help="differently shifted copies of each image in an epoch (default %(default)s)")
    add("--lr", type=real(0, 1, above=True), default=0.002, metavar="R",
        help="learning rate at the start; it falls along a cosine (default %(default)s)")
    add("--hidden", type=whole(1, 8192), default=64, metavar="N",
        help="width of the dense layer (default %(default)s)")
    add("--seed", type=whole(0, 2**32 - 1), default=1, metavar="N",
        help="seed of weights, order and shifts; the same seed gives the same result "
             "(default %(default)s)")
    add("--require-accuracy", type=real(0, 1), default=0.97, metavar="A",
        help="exit 3 when the held-out accuracy ends below A; 0 disables (default %(default)s)")
    add("--output-dir", metavar="DIR",
        help="where to write (default: $MLTOP_OUTPUT_DIR, else ./output)")
    add("--data", metavar="FILE",
        help="another gzipped CSV of 64 pixels (0..16) and a label (0..9) a line")
    add("--fresh", action="store_true", help="start anew even when there is a checkpoint")
    add("--version", action="version", version=f"digits {__version__}")
    return p
