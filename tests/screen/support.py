"""What the screen tests share: real terminals, waiting, a private platform, and who counts checks.

Two kinds of terminal. `Tmux` is one that a person could look at: tests wait for what stands on its
screen. `Pty` is a bare pseudo-terminal: tests get every byte that was written to it, and may be as
unfriendly as they like (not read, hang up, change size). Nothing here sleeps for an effect: every
wait polls a condition and has a limit that only a broken program reaches.
"""
import atexit
import errno
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import traceback

LIMIT = float(os.environ.get("SCREEN_LIMIT", "60" if os.environ.get("SANITIZE") else "30"))
ROOT = os.environ.get("MLTOP_ROOT", os.path.abspath(os.path.join(os.path.dirname(__file__), "../..")))
BUILD = os.path.join(ROOT, os.environ.get("MLTOP_BUILD", "build"))
MLTOP = os.path.join(BUILD, "mltop")


def folder():
    """A folder that is removed at the end; run.py gives each test a TMPDIR of its own as well."""
    made = tempfile.mkdtemp(prefix="mltop-screen-")
    atexit.register(lambda: subprocess.run(["rm", "-rf", made], check=False))
    return made


KEYS = {"XIAOMI_ACCESS_KEY_ID": "AK" + "TEST" * 4, "XIAOMI_SECRET_ACCESS_KEY": "secret of the tests"}


def home(config=None):
    """A home of its own, as environment, with keys for platforms that are named by --endpoint."""
    made = folder()
    if config:
        os.makedirs(made + "/config/mltop")
        with open(made + "/config/mltop/config.yaml", "w") as f:
            f.write(config)
    return {"HOME": made, "XDG_STATE_HOME": made + "/state", "XDG_CONFIG_HOME": made + "/config",
            "XDG_CACHE_HOME": made + "/cache", **KEYS}


def wait_for(condition, what, limit=None):
    """Polls until condition() is true and returns its value; raises AssertionError naming `what`."""
    end = time.monotonic() + (limit or LIMIT)
    pause = 0.002
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"never seen within {limit or LIMIT:.0f} s: {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)


def alive(pid):
    """False for a process that is gone or only waits to be reaped."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as f:
            return f.read().rsplit(b")", 1)[1].split()[0] not in (b"Z", b"X")
    except OSError:
        return False


def cpu_ticks(pid):
    with open(f"/proc/{pid}/stat", "rb") as f:
        fields = f.read().rsplit(b")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def environment(**changes):
    """Of the test, with changes; None takes a variable away."""
    env = dict(os.environ)
    for name in ("TMUX", "TMUX_PANE", "NO_COLOR", "MLTOP_CONTEXT", "MLTOP_STATE_DIR"):
        env.pop(name, None)
    env.setdefault("LC_ALL", "C.UTF-8")
    for name, value in changes.items():
        if value is None:
            env.pop(name, None)
        else:
            env[name] = value
    return env


# ---- A terminal that can be looked at ----

class Tmux:
    """A command in a tmux of its own."""
    opened = []

    def __init__(self, command, cols=80, rows=24, **changes):
        self.folder = folder()
        self.socket = self.folder + "/tmux"
        config = self.folder + "/conf"
        with open(config, "w") as f:
            f.write("set -g status off\nset -g default-terminal tmux-256color\n"
                    "set -g remain-on-exit on\nset -g escape-time 0\nset -s set-clipboard on\n")
        env = environment(**changes)
        env.setdefault("SHELL", "/bin/sh")
        term = env.pop("TERM", None) if "TERM" in changes else "tmux-256color"
        # tmux starts it by a shell, which drops PS1.
        inner = ["env"] + (["-u", "TERM"] if term is None else [f"TERM={term}"]) + [
            f"{name}={value}" for name, value in changes.items() if name != "TERM"] + list(command)
        subprocess.run(["tmux", "-S", self.socket, "-f", config, "new-session", "-d",
                        "-x", str(cols), "-y", str(rows), "exec " + shell_words(inner)],
                       env=dict(env, TERM="xterm-256color"), check=True)
        Tmux.opened.append(self)
        self.server = int(self.tmux("display", "-p", "#{pid}"))

    def tmux(self, *words, text=None):
        done = subprocess.run(["tmux", "-S", self.socket, *words], input=text, text=True,
                              capture_output=True)
        if done.returncode:
            raise AssertionError(f"tmux {words}: {done.stderr.strip()}")
        return done.stdout

    def lines(self, colours=False):
        return self.tmux("capture-pane", "-p", *(["-e"] if colours else [])).split("\n")[:-1]

    def text(self):
        return "\n".join(self.lines())

    def pid(self):
        return int(self.tmux("display", "-p", "#{pane_pid}"))

    def keys(self, *names):
        """Named keys: "Enter", "Escape", "C-d", "j". Escape must be the last: what follows within
        25 ms, or before it was read, is one key with it. escape() waits for that."""
        assert "Escape" not in names[:-1]
        self.tmux("send-keys", *names)

    def escape(self, seen):
        """Escape, then waits for what it does: the pause a person makes between two keys."""
        self.keys("Escape")
        return self.wait(seen) if not isinstance(seen, tuple) else self.gone(*seen)

    def type(self, text):
        self.tmux("send-keys", "-l", text)

    def resize(self, cols, rows):
        self.tmux("resize-window", "-x", str(cols), "-y", str(rows))

    def wait(self, what, limit=None):
        """For a text, a compiled expression, or a condition on the screen's text."""
        if callable(what):
            seen = what
        elif isinstance(what, str):
            def seen(text):
                return what in text
        else:
            seen = what.search
        last = [""]

        def look():
            last[0] = self.text()
            return seen(last[0])
        try:
            wait_for(look, repr(what) if not callable(what) else what.__doc__ or "a condition", limit)
        except AssertionError as e:
            raise AssertionError(f"{e}; the screen was\n{frame(last[0])}") from None
        return last[0]

    def gone(self, text, limit=None):
        def absent(screen):
            return text not in screen
        absent.__doc__ = f"{text!r} gone"
        return self.wait(absent, limit)

    def ended(self, limit=None):
        """Waits for the command's end and returns its exit code (128 + signal)."""
        pid = self.pid()

        def how():
            said = self.tmux("display", "-p", "#{pane_dead_status}:#{pane_dead_signal}").strip()
            if said != ":":
                status, number = said.split(":")
                return [int(status) if status else 128 + int(number)]
            # tmux now and then misses the child's end and never reaps it: ask the kernel.
            try:
                with open(f"/proc/{pid}/stat", "rb") as f:
                    fields = f.read().rsplit(b")", 1)[1].split()
            except OSError:
                return None
            code = int(fields[-1])
            return [code >> 8 or (code and 128 + (code & 127))] if fields[0] == b"Z" else None
        return wait_for(how, "its end", limit)[0]

    def close(self):
        done = subprocess.run(["tmux", "-S", self.socket, "kill-server"], capture_output=True)
        if done.returncode and alive(self.server):  # its socket went before it
            os.kill(self.server, signal.SIGTERM)
        if self in Tmux.opened:
            Tmux.opened.remove(self)


def frame(text):
    return "\n".join("  |" + line for line in text.split("\n"))


def shell_words(words):
    return " ".join("'" + w.replace("'", "'\\''") + "'" for w in words)


# ---- A terminal that keeps every byte ----

class Pty:
    """A command on a pseudo-terminal; `output` holds every byte that was read so far."""
    opened = []

    def __init__(self, command, cols=80, rows=24, blocked=(), **changes):
        self.master, slave = pty.openpty()
        self.slave_name = os.ttyname(slave)
        self.set_size(cols, rows)
        self.before = termios.tcgetattr(slave)
        self.output = bytearray()
        self.hung_up = False
        changes.setdefault("TERM", "xterm-256color")
        self.started = time.monotonic()
        self.child = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, close_fds=True,
                                      env=environment(**changes), preexec_fn=lambda: own_terminal(blocked))
        self.pid = self.child.pid
        self.slave = slave  # kept: the modes can be asked after the child's end
        os.set_blocking(self.master, False)
        Pty.opened.append(self)

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

    def wait(self, what, since=0, limit=None):
        """Until the bytes from `since` on hold `what` (bytes or a compiled expression)."""
        seen = what.search if hasattr(what, "search") else lambda b: what in b
        end = time.monotonic() + (limit or LIMIT)
        while not seen(bytes(self.output[since:])):
            if time.monotonic() > end:
                raise AssertionError(f"never written: {what!r}; the last bytes were "
                                     f"{bytes(self.output[-400:])!r}")
            self.read(0.05)
        return time.monotonic()

    def quiet(self, seconds=0.15, limit=None):
        """Until nothing was written for so long."""
        end = time.monotonic() + (limit or LIMIT)
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

    def ended(self, limit=None, reading=True):
        """The exit code, 128 + n for a signal; raises when it does not end in time."""
        end = time.monotonic() + (limit or LIMIT)
        while self.child.poll() is None:
            if time.monotonic() > end:
                raise AssertionError(f"still there after {limit or LIMIT} s")
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
        if self in Pty.opened:
            Pty.opened.remove(self)


def own_terminal(blocked):
    os.setsid()
    signal.pthread_sigmask(signal.SIG_BLOCK, blocked)
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)


# ---- What the bytes mean ----

_oracle = []


def oracle():
    """The reader of control functions, built from C once per test program."""
    if not _oracle:
        program = folder() + "/pty_oracle"
        subprocess.run([os.environ.get("CC", "cc"), "-D_GNU_SOURCE", "-Itests", "-o", program,
                        "tests/tools/pty_oracle_main.c", "tests/pty_oracle.c"], cwd=ROOT, check=True)
        _oracle.append(program)
    return _oracle[0]


def judge(data, allowed="screen"):
    """What was written and is not allowed, as a sentence; "" when there is nothing."""
    done = subprocess.run([oracle(), allowed], input=bytes(data), capture_output=True)
    return done.stderr.decode(errors="replace").strip()


def attacks():
    """(name, bytes) of the corpus."""
    names = subprocess.run([oracle(), "--list"], capture_output=True, text=True, check=True)
    for name in names.stdout.splitlines():
        done = subprocess.run([oracle(), "--case", name], capture_output=True, check=True)
        yield name, done.stdout


# ---- A private platform ----

class Private:
    """A home of its own with its own private platform, stopped at the end with all its jobs."""
    opened = []

    def __init__(self):
        self.home = folder()
        self.env = {"HOME": self.home, "XDG_STATE_HOME": self.home + "/state",
                    "XDG_CONFIG_HOME": self.home + "/config", "XDG_CACHE_HOME": self.home + "/cache"}
        Private.opened.append(self)

    def run(self, *words, check=True, **more):
        done = subprocess.run([MLTOP, *words], env=environment(**self.env), capture_output=True,
                              text=True, stdin=subprocess.DEVNULL, timeout=LIMIT * 2, cwd=self.home, **more)
        if check and done.returncode:
            raise AssertionError(f"mltop {words} ended with {done.returncode}: {done.stderr.strip()}")
        return done

    def job(self, script, *flags):
        """Starts a shell script as a job and returns its name."""
        return self.run("run", "--detach", *flags, "--", "sh", "-c", script).stdout.strip()

    def state(self, name):
        return json.loads(self.run("jobs", "describe", name, "--json").stdout)["state"]

    def until(self, name, *states):
        return wait_for(lambda: self.state(name) in states, f"job {name} {' or '.join(states)}")

    def endpoint(self):
        """The endpoint file of the daemon, or None."""
        for path, _, files in os.walk(self.home + "/state"):
            if "endpoint" in files:
                try:
                    with open(path + "/endpoint") as f:
                        return json.load(f)
                except (OSError, ValueError):
                    return None
        return None

    def pid(self):
        found = self.endpoint()
        return found["pid"] if found and alive(found["pid"]) else None

    def close(self):
        """Cancels what runs, then stops the daemon and waits for its end."""
        try:
            pid = self.pid()
            if pid:
                listed = self.run("jobs", "list", "--json", check=False)
                rows = json.loads(listed.stdout)["data"] if listed.returncode == 0 else []
                names = [r["job_name"] for r in rows
                         if r["state"] in ("validated", "enqueued", "creating", "running")]
                if names:
                    self.run("jobs", "cancel", "--yes", *names, check=False)
                for name in names:
                    self.until(name, "completed", "failed", "error")
                self.run("platform", "stop", check=False)
                wait_for(lambda: not alive(pid), "the daemon's end")
        finally:
            if self in Private.opened:
                Private.opened.remove(self)


def close_all():
    for thing in Tmux.opened + Pty.opened + Private.opened:
        try:
            thing.close()
        except Exception:  # the next must be closed, too
            traceback.print_exc()


# ---- Counting ----

_checks = []


def check(function):
    _checks.append(function)
    return function


def main():
    """Runs the checks, or those whose names hold one of the words given; prints the count."""
    words = [w for w in sys.argv[1:] if not w.startswith("-")]
    passed, failed = 0, 0
    if not os.path.exists(MLTOP):
        print(f"{MLTOP} is not built; run make\n0 passed, 1 failed, 0 skipped")
        return 1
    for function in _checks:
        if words and not any(w in function.__name__ for w in words):
            continue
        started = time.monotonic()
        try:
            function()
            passed += 1
            print(f"ok   {function.__name__} ({time.monotonic() - started:.1f} s)", flush=True)
        except Exception as e:  # a check that fails must not hide the others
            failed += 1
            print(f"FAIL {function.__name__}: {e}", flush=True)
            if not isinstance(e, AssertionError) or not str(e):
                traceback.print_exc(file=sys.stdout)
        finally:
            close_all()
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


atexit.register(close_all)
__all__ = ["LIMIT", "MLTOP", "BUILD", "ROOT", "Tmux", "Pty", "Private", "alive", "attacks", "check",
           "cpu_ticks", "environment", "folder", "home", "judge", "main", "re", "wait_for", "frame", "signal",
           "os", "sys", "time", "json", "subprocess", "termios"]
