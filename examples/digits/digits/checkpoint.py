"""Files of a run: the checkpoint, the exported model, the metrics.

Each file is written aside, synced and renamed: a reader, and the next attempt after a power
failure, sees the old one or the new one and never a part.
"""

import io
import json
import os

import numpy as np

from digits import net
from digits.fail import USAGE, Fail

VERSION = 1
# What must not change between the attempts of one run: shapes, order of the images, shard.
FIXED = ("hidden", "batch_size", "views", "seed", "shard", "shards", "images")


def prepare_folder(path):
    """Makes the folder and proves that a file can be written in it, before any work is done."""
    probe = os.path.join(path, f".probe-{os.getpid()}")
    try:
        os.makedirs(path, exist_ok=True)
        with open(probe, "wb"):
            pass
        os.unlink(probe)
    except OSError as why:
        raise Fail(f"output folder {path} cannot be written ({why.strerror or why}): "
                   "name one that can with --output-dir or MLTOP_OUTPUT_DIR")


def write_aside(path, write):
    aside = f"{path}.part"
    try:
        with open(aside, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
        folder = os.open(os.path.dirname(path), os.O_RDONLY)
        try:
            os.fsync(folder)  # the rename itself
        finally:
            os.close(folder)
    except OSError as why:
        raise Fail(f"{path} cannot be written ({why.strerror or why}): "
                   "what was there before is untouched; make room and run again")


def write_json(path, value):
    text = json.dumps(value, indent=2, sort_keys=True) + "\n"
    write_aside(path, lambda file: file.write(text.encode("ascii")))


class State:
    """Everything that training changes, and nothing else."""

    def __init__(self, weights, optimiser, rng):
        self.weights, self.optimiser, self.rng = weights, optimiser, rng
        self.epoch = 0        # finished epochs
        self.step = 0         # finished batches of the epoch in progress
        self.loss = 0.0       # sums over the images of the epoch in progress
        self.right = 0
        self.seen = 0
        self.seconds = 0.0    # of training, over all attempts
        self.history = []     # one record for each finished epoch

    COUNTERS = ("epoch", "step", "loss", "right", "seen", "seconds", "history")

    @classmethod
    def fresh(cls, hidden, seed):
        rng = np.random.default_rng(seed)
        weights = net.create(hidden, rng)
        return cls(weights, net.Adam(weights), rng)

    def save(self, path, fixed):
        meta = {name: getattr(self, name) for name in self.COUNTERS}
        meta.update(version=VERSION, fixed=fixed, adam_steps=self.optimiser.steps,
                    rng=self.rng.bit_generator.state)
        arrays = {"meta": np.array(json.dumps(meta))}
        for kind, group in self.groups():
            arrays.update({f"{kind}/{name}": array for name, array in group.items()})
        write_aside(path, lambda file: np.savez(file, **arrays))

    def groups(self):
        return (("weight", self.weights), ("mean", self.optimiser.mean),
                ("square", self.optimiser.square))

    def load(self, content, path, fixed):
        """Takes over a checkpoint: all of it or, on any error, nothing.

        Raises Fail when it belongs to another run. Any other exception means that it is damaged.
        """
        meta, arrays = parse(content)
        require_same(path, meta["fixed"], fixed)
        for kind, group in self.groups():
            for name, mine in group.items():
                theirs = arrays[f"{kind}/{name}"]
                if theirs.shape != mine.shape or not np.isfinite(theirs).all():
                    raise ValueError(f"{kind}/{name} does not fit")
        counters = {name: meta[name] for name in self.COUNTERS}
        steps = int(meta["adam_steps"])
        self.rng.bit_generator.state = meta["rng"]  # refuses what is not its own
        self.optimiser.steps = steps
        vars(self).update(counters)
        for kind, group in self.groups():
            for name in group:
                group[name] = arrays[f"{kind}/{name}"].astype(np.float32)


def parse(content):
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    meta = json.loads(str(arrays.pop("meta")))
    if meta["version"] != VERSION:
        raise ValueError(f"its format is {meta['version']}, this program knows {VERSION}")
    return meta, arrays


def require_same(path, theirs, mine):
    other = [f"{name} {theirs.get(name)} (now {mine[name]})" for name in FIXED
             if theirs.get(name) != mine[name]]
    if other:
        raise Fail(f"checkpoint {path} is of a run with other settings: {', '.join(other)}; "
                   "use the same, another --output-dir, or --fresh to start anew", USAGE)


def resume(state, path, fixed):
    """Continues from the checkpoint when there is one. Returns the sentence to print, or None.

    A damaged one is kept beside and training starts anew: an attempt that is retried by the
    platform must not fail for ever on the same file.
    """
    try:
        with open(path, "rb") as file:
            content = file.read()
    except FileNotFoundError:
        return None
    except OSError as why:
        raise Fail(f"checkpoint {path} cannot be read ({why.strerror or why}): "
                   "repair that, or start anew with --fresh")
    try:
        state.load(content, path, fixed)
    except Fail:
        raise
    except Exception as why:  # what zip and numpy raise for damaged bytes is no fixed list
        kept = path + ".damaged"
        os.replace(path, kept)
        return (f"Checkpoint {path} is damaged ({describe(why)}): kept as {kept}, "
                "training starts from the beginning.")
    batch = f", batch {state.step}" if state.step else ""
    return f"Resumed from epoch {state.epoch}{batch} ({path})."


def describe(why):
    """One printable ASCII line: the words may quote damaged bytes."""
    text = f"{type(why).__name__}: {why}" if str(why) else type(why).__name__
    return ascii(text)[1:-1][:200]
