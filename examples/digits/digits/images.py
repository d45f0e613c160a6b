"""The images: reading, checking, splitting, sharding and shifting them."""

import gzip
import os
import zlib

import numpy as np

from digits.fail import Fail

SIDE = 8
CLASSES = 10
DEPTH = 16  # a pixel counts the dark dots of a 4x4 block: 0..16
MOST_IMAGES = 1_000_000
FEWEST_IMAGES = 100
HELD_OUT = 0.2

# The split does not depend on --seed: every run is judged on the same images, and a run
# resumed under another seed cannot have trained on what it is judged by.
SPLIT_SEED = 1998

# Images that a view leaves where they are: a shift blurs, and what is judged is not blurred.
# Without them the held-out accuracy is about one point lower.
UNMOVED = 0.25

SHIPPED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", "digits.csv.gz")


def read(path):
    """Returns (images, labels): float32 (n, 8, 8, 1) in 0..1 and int64 (n,)."""
    try:
        with gzip.open(path, "rt", encoding="ascii") as lines:
            rows = [parse(line, number) for number, line in enumerate(lines, 1)]
    except (EOFError, gzip.BadGzipFile, zlib.error) as why:
        raise damaged(path, why)
    except OSError as why:
        raise Fail(f"data file {path} cannot be read ({why.strerror or why}): "
                   "unpack the package again, or name another file with --data")
    except ValueError as why:  # also UnicodeDecodeError
        raise damaged(path, why)
    if len(rows) < FEWEST_IMAGES:
        raise damaged(path, f"it holds {len(rows)} images, at least {FEWEST_IMAGES} are needed")
    table = np.array(rows, dtype=np.int64)
    images = (table[:, :-1].astype(np.float32) / DEPTH).reshape(-1, SIDE, SIDE, 1)
    return images, table[:, -1]


def parse(line, number):
    if number > MOST_IMAGES:
        raise ValueError(f"it holds more than {MOST_IMAGES} lines")
    row = [int(cell) for cell in line.split(",")]
    if len(row) != SIDE * SIDE + 1:
        raise ValueError(f"line {number} has {len(row)} numbers, not {SIDE * SIDE + 1}")
    if not all(0 <= cell <= DEPTH for cell in row[:-1]) or not 0 <= row[-1] < CLASSES:
        raise ValueError(f"line {number} has a number that is out of range")
    return row


def damaged(path, why):
    return Fail(f"data file {path} is damaged ({why}): unpack the package again, "
                "or name another file with --data")


def split(images, labels):
    """Returns ((images, labels) to train on, (images, labels) held out)."""
    order = np.random.default_rng(SPLIT_SEED).permutation(len(images))
    cut = int(len(images) * HELD_OUT)
    held, train = order[:cut], order[cut:]
    return (images[train], labels[train]), (images[held], labels[held])


def shard(pair, index, count):
    """Every count-th image from index on: the shards are disjoint and together are all."""
    images, labels = pair
    return images[index::count], labels[index::count]


def shifted(images, rng):
    """Moves most images by up to one pixel in both directions, by a share of a pixel.

    The images are so small that whole pixels would be too coarse: a shift is the weighted mean
    of two neighbours, once along each axis. What moves in from outside is blank.
    """
    moves = rng.uniform(-1.0, 1.0, size=(len(images), 2)).astype(np.float32)
    moves[rng.random(len(images)) < UNMOVED] = 0
    out = images
    for axis in (1, 2):
        move = moves[:, axis - 1].reshape(-1, 1, 1, 1)
        padded = np.pad(out, [(0, 0) if a != axis else (1, 1) for a in range(4)])
        before = np.take(padded, range(0, SIDE), axis=axis)
        after = np.take(padded, range(2, SIDE + 2), axis=axis)
        share = np.abs(move)
        out = out * (1 - share) + np.where(move > 0, before, after) * share
    return out
