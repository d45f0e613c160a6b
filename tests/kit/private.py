"""A person's home with a private platform of its own, driven only through mltop."""
import json
import os
import subprocess

from kit.basics import LIMIT, MLTOP, OPENED, environment, folder, forget, home_in, until
from kit.process import alive, evidence

FINAL = ("completed", "failed", "error")


class Result:
    """What a run of mltop said and how it ended."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def json(self):
        return json.loads(self.out)


def mltop(words, env, cwd, stdin=None, binary=False):
    with subprocess.Popen([MLTOP, *words], cwd=cwd, env=env, text=not binary, stdout=subprocess.PIPE,
                          stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
                          stderr=subprocess.PIPE) as run:
        try:
            out, err = run.communicate(stdin, LIMIT)
        except subprocess.TimeoutExpired as e:
            said = evidence(run.pid)
            run.kill()
            raise AssertionError(f"mltop {' '.join(words)}: still there after {LIMIT:.0f} s; it had said "
                                 f"{e.output!r} {e.stderr!r}\n{said}") from None
    return Result(run.returncode, out, err)


class Private:
    """mltop starts the platform by itself when a verb needs it; close() stops it with all its jobs."""

    def __init__(self):
        self.folder = folder("private")
        self.home = home_in(self.folder)  # what tells the person from others, for a terminal
        self.env = environment(**self.home)
        OPENED.append(self)

    def mltop(self, *words, stdin=None, cwd=None, env=None, binary=False):
        return mltop(words, dict(self.env, **(env or {})), cwd or self.folder, stdin, binary)

    def ok(self, *words):
        """What it printed; it must succeed."""
        done = self.mltop(*words)
        if done.code:
            raise AssertionError(f"mltop {' '.join(words)} ended with {done.code}: {done.err.strip()}")
        return done.out

    def start(self, *words, **more):
        return subprocess.Popen([MLTOP, *words], cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)

    # ---- Jobs ----

    def shell(self, script, *flags):
        """Starts a shell script as a job and returns its name."""
        return self.ok("run", "--detach", *flags, "--", "sh", "-c", script).strip()

    def job(self, name):
        return json.loads(self.ok("jobs", "describe", name, "--json"))

    def state(self, name):
        return self.job(name)["state"]

    def reaches(self, name, *states):
        """Waits until the job is in one of the states; the job as it is then."""
        return until(lambda: (j := self.job(name))["state"] in states and j, f"{name} {' or '.join(states)}")

    def ended(self, name):
        return self.reaches(name, *FINAL)

    def running(self, name):
        return self.reaches(name, "running")

    # ---- The daemon ----

    def find(self, name):
        """The path of a file in the state folder of the platform, or None."""
        for at, _, files in os.walk(self.env["XDG_STATE_HOME"]):
            if name in files:
                return os.path.join(at, name)
        return None

    def endpoint(self):
        """What the daemon wrote of itself for those who look for it, or None."""
        try:
            with open(self.find("endpoint") or "") as f:
                return json.load(f)
        except (OSError, ValueError):
            return None

    def pid(self):
        found = self.endpoint()
        return found["pid"] if found and alive(found["pid"]) else None

    def secret(self):
        """The key that the platform made for its person."""
        with open(self.find("private.key")) as f:
            return json.load(f)

    def close(self):
        """Cancels what runs, then stops the daemon and waits for its end."""
        forget(self)
        pid = self.pid()
        if pid is None:
            return
        listed = self.mltop("jobs", "list", "-o", "name", "--filter", "state=validated|enqueued|creating|running")
        names = listed.out.split() if listed.code == 0 else []
        if names:
            self.mltop("jobs", "cancel", "--yes", *names)
        for name in names:
            self.ended(name)
        self.mltop("platform", "stop")
        until(lambda: not alive(pid), "the end of the private platform")
