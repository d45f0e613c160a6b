"""What the tests of the whole product share: mltop, mltopd and mltop-shim as they are installed.

The parts come from tests/cli (a private platform, driven by mltop) and tests/api (mltopd as a
server, signed requests of our own).
"""
import importlib.util
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))


def _part(name):
    spec = importlib.util.spec_from_file_location(f"{name}_support", f"{HERE}/../{name}/support.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


api, cli = _part("api"), _part("cli")
BUILD, ROOT, MLTOP, MLTOPD = cli.BUILD, cli.ROOT, cli.MLTOP, api.MLTOPD
LIMIT, until = cli.LIMIT, cli.until
Platform, Case, main = cli.Platform, cli.Case, cli.main
Daemon, Client, Key, BASE = api.Daemon, api.Client, api.Key, api.BASE


def alive(pid):
    """False for a process that is gone or only waits to be reaped."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as f:
            return f.read().rsplit(b")", 1)[1].split()[0] not in (b"Z", b"X")
    except OSError:
        return False


def folder_of(state, uid, attempt=1):
    """The folder of an attempt, wherever below the state folder it is."""
    for at, folders, _ in os.walk(state):
        if os.path.basename(at) == "tasks" and uid in folders:
            return f"{at}/{uid}/master-0/{attempt}"
    return None


def log_on_disk(state, uid, attempt=1):
    """The segments of an attempt's log, joined: named by the offset of their first byte."""
    log = folder_of(state, uid, attempt) + "/log"
    names = sorted((n for n in os.listdir(log) if re.match(r"^[0-9a-f]+(\.log)?$", n)),
                   key=lambda n: n.split(".")[0].zfill(32))
    data = b""
    for name in names:
        with open(f"{log}/{name}", "rb") as f:
            data += f.read()
    return data


def processes(mark, name):
    """Pids of programs of that name that were started with `mark` in their environment."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as f:
                environ = f.read()
            if mark.encode() in environ and os.readlink(f"/proc/{pid}/exe").endswith("/" + name) and alive(pid):
                found.append(int(pid))
        except OSError:
            pass
    return found


class Terminal:
    """A program on a pseudo-terminal of its own: what a person types reaches it as keys do."""

    def __init__(self, words, env, cwd):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(cwd)
            os.execve(words[0], words, env)
        self.seen, self.code = b"", None

    def fill(self, seconds):
        ready, _, _ = select.select([self.fd], [], [], seconds)
        if not ready:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False
        self.seen += data
        return bool(data)

    def wait(self, text):
        """For the text to have been printed since the last wait; returns all up to its end."""
        end = time.monotonic() + LIMIT
        while text not in self.seen:
            if time.monotonic() > end or not self.fill(0.1):
                raise AssertionError(f"never printed: {text!r}; seen: {self.seen[-2000:]!r}")
        before, self.seen = self.seen.split(text, 1)
        return before + text

    def type(self, data):
        os.write(self.fd, data)

    def ended(self):
        """The exit code; what was printed last is in `seen`."""
        end = time.monotonic() + LIMIT
        while self.fill(0.1):
            if time.monotonic() > end:
                raise AssertionError(f"still running; seen: {self.seen[-2000:]!r}")
        self.code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.code

    def close(self):
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)
