"""A bare pseudo-terminal: tests get every byte that was written to it, and may be as unfriendly as
they like (not read, hang up, change size)."""
import errno
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time

from kit.basics import LIMIT, OPENED, environment, forget
from kit.process import evidence, own_threads
from kit.screen import Screen


class Pty:
    """A command on a pseudo-terminal; `output` holds every byte that was read so far."""

    def __init__(self, command, cols=80, rows=24, blocked=(), cwd=None, **changes):
        self.master, slave = pty.openpty()
        self.slave_name = os.ttyname(slave)
        self.set_size(cols, rows)
        self.before = termios.tcgetattr(slave)
        self.output = bytearray()
        self.screen, self.fed = Screen(cols, rows), 0
        self.hung_up = False
        changes.setdefault("TERM", "xterm-256color")
        self.started = time.monotonic()
        self.child = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, cwd=cwd,
                                      env=environment(**changes), preexec_fn=lambda: own_terminal(blocked))
        self.pid = self.child.pid
        self.slave = slave  # kept: the modes can be asked after the child's end
        os.set_blocking(self.master, False)
        OPENED.append(self)

    def set_size(self, cols, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def modes(self):
        return termios.tcgetattr(self.slave)

    def read(self, seconds=0.0):
        """Takes what there is, waiting for the first byte at most so long; returns the new bytes."""
        start = len(self.output)
        while select.select([self.master], [], [], seconds)[0]:
            seconds = 0
            try:
                got = os.read(self.master, 1 << 16)
            except OSError as e:
                if e.errno in (errno.EIO, errno.EAGAIN):
                    break
                raise
            if not got:
                break
            self.output += got
        return bytes(self.output[start:])

    def wait(self, what, since=0, limit=LIMIT):
        """Until the bytes from `since` on hold `what` (bytes or a compiled expression)."""
        seen = what.search if hasattr(what, "search") else lambda b: what in b
        end = time.monotonic() + limit
        while not seen(bytes(self.output[since:])):
            if time.monotonic() > end:
                raise AssertionError(f"never written: {what!r}; the last bytes were "
                                     f"{bytes(self.output[-400:])!r}")
            self.read(0.05)
        return time.monotonic()

    def look(self):
        """The screen as a terminal would show it after what was read so far."""
        data = self.output[self.fed:]
        self.fed += len(data)
        self.screen.feed(data)
        return self.screen

    def shows(self, what, limit=LIMIT):
        """Until the screen, as a terminal would show it, holds the text or expression; when that was."""
        seen = what.search if hasattr(what, "search") else lambda t: what in t
        end = time.monotonic() + limit
        while True:
            now = time.monotonic()
            if seen(self.look().text()):
                return now
            if now > end:
                raise AssertionError(f"never shown: {what!r}\n{self.screen.text()}")
            self.read(0.05)

    def quiet(self, seconds=0.15, limit=LIMIT):
        """Until nothing was written for so long."""
        end = time.monotonic() + limit
        while self.read(seconds):
            if time.monotonic() > end:
                raise AssertionError("never became quiet")

    def send(self, data):
        data = data.encode() if isinstance(data, str) else data
        while data:
            try:
                data = data[os.write(self.master, data):]
            except BlockingIOError:
                self.read(0.01)

    def signal(self, number):
        os.kill(self.pid, number)

    def ended(self, limit=LIMIT, reading=True):
        """The exit code, 128 + n for a signal; raises when it does not end in time."""
        end = time.monotonic() + limit
        while self.child.poll() is None:
            if time.monotonic() > end:
                raise AssertionError(f"still there after {limit:.0f} s; the last bytes were "
                                     f"{bytes(self.output[-300:])!r}\n{evidence(self.pid)}\n{own_threads()}")
            if reading:
                self.read(0.005)
            else:
                time.sleep(0.002)
        if reading:
            self.read()
        code = self.child.returncode
        return code if code >= 0 else 128 - code

    def hang_up(self):
        os.close(self.slave)
        os.close(self.master)
        self.hung_up = True

    def close(self):
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        if not self.hung_up:
            self.hang_up()
        forget(self)


def own_terminal(blocked):
    os.setsid()
    signal.pthread_sigmask(signal.SIG_BLOCK, blocked)
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
