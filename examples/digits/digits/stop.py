"""TERM and INT: asked to stop, the program ends at the next point where nothing is lost."""

import os
import signal

from digits.fail import INTERRUPTED, TERMINATED


class Stop:
    """Set from the first signal on. A second one changes nothing: a checkpoint is being written."""

    CODES = {signal.SIGTERM: TERMINATED, signal.SIGINT: INTERRUPTED}

    def __init__(self):
        self.signal = None
        # A pipe, because a flag alone would be missed when it is set just before the wait.
        self.reader, self.writer = os.pipe()
        os.set_blocking(self.writer, False)
        for number in self.CODES:
            signal.signal(number, self.on_signal)

    def on_signal(self, number, _frame):
        if self.signal is None:
            self.signal = signal.Signals(number)
            os.write(self.writer, b"!")

    @property
    def asked(self):
        return self.signal is not None

    @property
    def name(self):
        return self.signal.name[len("SIG"):]

    @property
    def code(self):
        return self.CODES[self.signal]

    def wait(self):
        os.read(self.reader, 1)
