"""A progress bar in the format of tqdm, without tqdm.

The same bytes go to a terminal, a pipe and a file: `\\r` before each state of the line, and a flush
after each write, so that whoever follows the log sees it at once.
"""

import sys
import time

WIDTH = 10
INTERVAL = 0.1  # seconds between two states: about ten a second, however fast the batches are


def say(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def clock(seconds):
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes:02d}:{seconds:02d}"


def blocks(share):
    """Ten places; the one in progress is a digit of tenths, as tqdm draws it in ASCII."""
    full, tenth = divmod(int(share * WIDTH * 10), 10)
    text = "#" * full + (str(tenth) if tenth and full < WIDTH else "")
    return text.ljust(WIDTH)


def line(title, done, total, since, skipped, notes):
    """One state. `skipped` steps were done before this process and do not count for the rate."""
    share = done / total
    rate = (done - skipped) / since if since > 0 else 0.0
    left = clock((total - done) / rate) if rate > 0 else "?"
    speed = f"{rate:.1f}it/s" if rate > 0 else "?it/s"
    tail = "".join(f", {name}={value:.3f}" for name, value in notes.items())
    return (f"{title}: {int(share * 100):3d}%|{blocks(share)}| {done}/{total} "
            f"[{clock(since)}<{left}, {speed}{tail}]")


class Bar:
    def __init__(self, title, total, skipped=0):
        self.title, self.total, self.skipped = title, total, skipped
        self.start = time.monotonic()
        self.shown = None
        self.length = 0
        self.show(skipped, {})

    def show(self, done, notes):
        now = time.monotonic()
        self.shown = now
        text = line(self.title, done, self.total, now - self.start, self.skipped, notes)
        # A shorter state must cover the longer one before it.
        sys.stdout.write("\r" + text.ljust(self.length))
        sys.stdout.flush()
        self.length = len(text)

    def update(self, done, notes):
        if done == self.total or time.monotonic() - self.shown >= INTERVAL:
            self.show(done, notes)

    def close(self):
        say("")
