"""The training loop: epochs, checkpoints, stopping, the end of a run."""

import math
import os
import sys
import time

import numpy as np

from digits import checkpoint, images, net
from digits.bar import Bar, say
from digits.fail import DONE, NOT_REACHED

LEAST_RATE = 0.02  # share of --lr that is left at the end of the cosine and stays after it


class Run:
    """What one attempt works with."""

    def __init__(self, opts, role, stop):
        self.opts, self.role, self.stop = opts, role, stop
        self.folder = output_folder(opts, role)
        checkpoint.prepare_folder(self.folder)
        train, self.held = images.split(*images.read(opts.data or images.SHIPPED))
        self.images, self.labels = images.shard(train, role.shard, role.shards)
        self.batches = math.ceil(len(self.images) * opts.views / opts.batch_size)
        self.state = checkpoint.State.fresh(opts.hidden, opts.seed)
        self.path = os.path.join(self.folder, "checkpoint.npz")
        self.fixed = {
            "hidden": opts.hidden, "batch_size": opts.batch_size, "views": opts.views,
            "seed": opts.seed, "shard": role.shard, "shards": role.shards,
            "images": len(self.images),
        }

    def save(self):
        self.state.save(self.path, self.fixed)

    def title(self):
        """With --seconds the number of epochs is not known beforehand: it grows."""
        epoch = self.state.epoch + 1
        return f"Epoch {epoch}/{max(epoch, self.opts.epochs)}"

    def finished(self):
        state, opts = self.state, self.opts
        return state.step == 0 and state.epoch >= opts.epochs and state.seconds >= opts.seconds


def output_folder(opts, role):
    base = opts.output_dir or os.environ.get("MLTOP_OUTPUT_DIR") or "output"
    return os.path.abspath(os.path.join(base, role.folder))


def rate(run):
    """A cosine over --epochs, then level, so that --seconds does not change what came before."""
    done = (run.state.epoch + run.state.step / run.batches) / run.opts.epochs
    share = 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
    return run.opts.lr * (LEAST_RATE + (1 - LEAST_RATE) * share)


def epoch_order(run):
    """Every image `views` times, shuffled. From seed and epoch alone, so that an attempt that
    resumes within the epoch finds the same order."""
    seed = [run.opts.seed, run.role.shard, run.state.epoch]
    count = len(run.images)
    return np.random.default_rng(seed).permutation(count * run.opts.views) % count


def train_batch(run, chosen):
    state = run.state
    shown, labels = images.shifted(run.images[chosen], state.rng), run.labels[chosen]
    scores, trace = net.forward(state.weights, shown)
    loss, grad, right = net.loss_and_grad(scores, labels)
    state.optimiser.update(state.weights, net.backward(state.weights, trace, grad), rate(run))
    state.step += 1
    state.loss += loss * len(chosen)
    state.right += right
    state.seen += len(chosen)


def train_epoch(run):
    """Returns False when it was asked to stop before the end of the epoch."""
    state, size = run.state, run.opts.batch_size
    order = epoch_order(run)
    bar = Bar(run.title(), run.batches, state.step)
    while state.step < run.batches and not run.stop.asked:
        start = time.monotonic()
        train_batch(run, order[state.step * size:(state.step + 1) * size])
        state.seconds += time.monotonic() - start
        bar.update(state.step, {"loss": state.loss / state.seen, "acc": state.right / state.seen})
    bar.close()
    return state.step == run.batches


def end_epoch(run):
    """Closes the books of the epoch, says how it went, and writes the checkpoint."""
    state, title = run.state, run.title()
    loss, right = net.evaluate(state.weights, *run.held)
    record = {
        "epoch": state.epoch + 1, "loss": state.loss / state.seen,
        "accuracy": state.right / state.seen, "held_out_loss": loss,
        "held_out_accuracy": right / len(run.held[1]), "seconds": round(state.seconds, 3),
    }
    state.history.append(record)
    state.epoch += 1
    state.step, state.loss, state.right, state.seen = 0, 0.0, 0, 0
    run.save()
    say(f"{title} - loss: {record['loss']:.4f} - acc: {record['accuracy']:.4f} - "
        f"val_loss: {loss:.4f} - val_acc: {record['held_out_accuracy']:.4f}")


def stopped(run):
    run.save()
    state = run.state
    say(f"Stopped by {run.stop.name} after epoch {state.epoch}, batch {state.step} of "
        f"{run.batches}: checkpoint written to {run.path}, the next run goes on from there.")
    return run.stop.code


def start(run):
    opts, role = run.opts, run.role
    if not opts.fresh:
        sentence = checkpoint.resume(run.state, run.path, run.fixed)
        if sentence:
            say(sentence)
    share = f" (shard {role.shard + 1} of {role.shards})" if role.shards > 1 else ""
    weights = sum(w.size for w in run.state.weights.values())
    say(f"Training on {len(run.images)} images{share}, held out: {len(run.held[1])}; "
        f"{weights} weights, {run.batches} batches of {opts.batch_size} in an epoch.")


def finish(run):
    """Exports, judges, says where everything is."""
    state, opts = run.state, run.opts
    total = len(run.held[1])
    loss, right = net.evaluate(state.weights, *run.held)
    accuracy = right / total
    reached = accuracy >= opts.require_accuracy
    export(run, {
        "accuracy": accuracy, "loss": loss, "right": right, "held_out": total,
        "required_accuracy": opts.require_accuracy, "reached": reached,
        "epochs": state.epoch, "seconds": round(state.seconds, 3), "lr": opts.lr,
        "role": run.role.name, "settings": run.fixed, "history": state.history,
    })
    if not reached:
        print(f"digits: held-out accuracy {accuracy:.4f} is below the required "
              f"{opts.require_accuracy:g}: train longer (--epochs, with --fresh for a new "
              "schedule), or ask for less with --require-accuracy", file=sys.stderr, flush=True)
    say(f"Held-out accuracy {accuracy:.4f} ({right} of {total}) after {state.epoch} epochs and "
        f"{state.seconds:.1f} s of training; checkpoint: {run.path}")
    return DONE if reached else NOT_REACHED


def export(run, metrics):
    folder = os.path.join(run.folder, "export")
    checkpoint.prepare_folder(folder)
    model = os.path.join(folder, "model.npz")
    checkpoint.write_aside(model, lambda file: np.savez(file, **run.state.weights))
    checkpoint.write_json(os.path.join(run.folder, "metrics.json"), metrics)
    say(f"Model: {model}")


def train(opts, role, stop):
    run = Run(opts, role, stop)
    start(run)
    while not run.finished():
        if stop.asked or not train_epoch(run):
            return stopped(run)
        end_epoch(run)
    return finish(run)
