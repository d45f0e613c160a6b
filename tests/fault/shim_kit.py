"""What the tests of the shim share: a task in a folder of its own, its records, its control socket.

The records are decoded here by hand, apart from base/record.c, so that a mistake there shows.
"""
import hashlib
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from kit.basics import BUILD, LIMIT, until  # noqa: E402
from kit.process import start_time  # noqa: E402

SHIM = os.path.join(BUILD, "mltop-shim")
PROCTREE = os.path.join(BUILD, "unit", "base_proctree")
with open(SHIM, "rb") as program:
    SANITIZED = b"__asan_init" in program.read()
ROUNDS = int(os.environ.get("ROUNDS", "20"))  # of a fault; `make torture` asks for more


def encode(items):
    return "".join(f"{k}={v}\0" for k, v in items).encode()


def decode(data):
    assert data.endswith(b"\0"), data
    return dict(item.split("=", 1) for item in data.decode(errors="replace").split("\0")[:-1])


def marked(marker):
    """The living processes that carry the marker."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as f:
                if b"MLTOP_TASK=" + marker.encode() in f.read().split(b"\0"):
                    if start_time(int(pid)) is not None:
                        found.append(int(pid))
        except OSError:
            pass
    return found


class Control:
    """A client of ctl.sock."""

    def __init__(self, folder):
        self.s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.s.settimeout(LIMIT)
        fd = os.open(folder, os.O_PATH)
        try:
            self.s.connect(f"/proc/self/fd/{fd}/ctl.sock")
        finally:
            os.close(fd)

    def send(self, kind, **keys):
        self.s.send(encode([("version", 1), ("type", kind), *keys.items()]))

    def next(self):
        data = self.s.recv(4096)
        return decode(data) if data else None

    def ask(self, kind, **keys):
        self.send(kind, **keys)
        return self.next()

    def close(self):
        self.s.close()


class Gate:
    """A FIFO named `go` that a task reads lines from; open at both ends here, so nobody waits for an
    opener and no line is lost between two readers."""

    def __init__(self, folder):
        path = os.path.join(folder, "go")
        os.mkfifo(path)
        self.fd = os.open(path, os.O_RDWR)

    def say(self, line):
        os.write(self.fd, line.encode() + b"\n")

    def close(self):
        """End of file for the task."""
        if self.fd >= 0:
            os.close(self.fd)
        self.fd = -1


class Task:
    number = 0

    def __init__(self, case, *argv, folder=None, text=None, env=(), extra=(), **keys):
        Task.number += 1
        self.uid = f"T{os.getpid()}x{Task.number}"
        self.marker = f"{self.uid}/master-0/1"
        self.folder = folder or os.path.join(case.root, str(Task.number))
        os.makedirs(self.folder, 0o700)
        if text is not None:
            argv = ("/bin/sh", "-c", text)
        items = [("version", 1), ("uid", self.uid), ("task", "master-0"), ("attempt", 1),
                 ("work_dir", keys.pop("work_dir", case.root)), *keys.items(), *extra]
        if not any(e.startswith("PATH=") for e in env):
            env = ("PATH=/usr/bin:/bin", *env)
        items += [("env", e) for e in env]
        items += [("arg", a) for a in argv]
        with open(self.path("spec"), "wb") as f:
            f.write(encode(items))
        case.addCleanup(self.forget)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def launch(self, wrap=(), environ=None, pass_fds=()):
        """Starts the shim; returns the line of the handshake."""
        r, w = os.pipe()
        with os.fdopen(r) as answer:
            p = subprocess.Popen([*wrap, SHIM, self.folder, "--ready-fd", str(w)],
                                 pass_fds=(w, *pass_fds), env=environ or {})
            os.close(w)
            self.launch_code = p.wait(LIMIT)
            return answer.readline()  # not to its end: the first step has it open until it is executed

    def start(self, **how):
        line = self.launch(**how)
        assert line == "ok\n", line
        return self

    def record(self, name):
        with open(self.path(name), "rb") as f:
            return decode(f.read())

    def ended(self, limit=LIMIT):
        """The exit record, when it is there and the shim is gone."""
        until(lambda: os.path.exists(self.path("exit")), f"exit record in {self.folder}", limit)
        shim = int(self.record("pid")["shim_pid"])
        until(lambda: start_time(shim) is None, "end of the shim")
        return self.record("exit")

    def run(self, **how):
        return self.start(**how).ended()

    def control(self):
        return Control(self.folder)

    def pid(self):
        return self.record("pid")

    def segments(self):
        return sorted(n for n in os.listdir(self.path("log")) if len(n) == 20)

    def pieces(self):
        """(first offset, bytes) of each segment."""
        for name in self.segments():
            with open(self.path("log", name), "rb") as f:
                yield int(name), f.read()

    def log(self):
        return b"".join(data for _, data in self.pieces())

    def entries(self, name, form):
        try:
            with open(self.path("log", name), "rb") as f:
                return list(struct.iter_unpack(form, f.read()))
        except FileNotFoundError:
            return []

    def gaps(self):
        return self.entries("gaps", "<QQQ")

    def written(self, text):
        """Waits until the log holds the text."""
        until(lambda: text.encode() in self.log(), f"{text!r} in the log")

    def shim_is_gone(self):
        shim = self.pid()
        return start_time(int(shim["shim_pid"])) != int(shim["shim_start"])

    def kill_orphans(self):
        """What a daemon does that finds the shim dead."""
        subprocess.run([PROCTREE, "--kill-task", self.folder, self.marker], check=True, timeout=LIMIT)

    def forget(self):
        """No test leaves a process, whatever it did."""
        for _ in range(200):
            left = marked(self.marker)
            if os.path.exists(self.path("pid")) and not self.shim_is_gone():
                left.append(int(self.pid()["shim_pid"]))
            if not left:
                return
            for pid in left:
                try:
                    os.kill(pid, 9)
                except ProcessLookupError:
                    pass
            time.sleep(0.01)
        raise AssertionError(f"processes of {self.marker} do not end: {left}")


class Case(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="mltop-shim-")
        self.addCleanup(shutil.rmtree, self.root, True)

    def gate(self):
        gate = Gate(self.root)
        self.addCleanup(gate.close)
        return gate

    def task(self, *argv, **keys):
        return Task(self, *argv, **keys)

    def sh(self, text, **keys):
        return Task(self, text=text, **keys)

    def descendants(self, root):
        """(pid, start time) of what lives below a process; ended with the test, come what may."""
        lines = subprocess.run(["ps", "-e", "-o", "pid=,ppid="], stdout=subprocess.PIPE, text=True,
                               check=True).stdout.splitlines()
        pairs = [tuple(map(int, line.split())) for line in lines]
        found = {root}
        while True:
            more = {p for p, parent in pairs if parent in found} - found
            if not more:
                break
            found |= more
        tree = [(p, start_time(p)) for p in found - {root} if start_time(p)]
        self.addCleanup(lambda: [os.kill(p, 9) for p, s in tree if start_time(p) == s])
        return tree

    def no_process(self, task):
        until(lambda: not marked(task.marker), f"end of all processes of {task.marker}", 5)

    def check(self, got, **wanted):
        for key, value in wanted.items():
            self.assertEqual(got[key], str(value), f"{key} of {got}")


def digest(data):
    return hashlib.sha256(data).hexdigest()
