"""A private platform of its own for tests of the command line, driven only through mltop."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

BUILD = os.path.abspath(os.environ.get("MLTOP_BUILD", "build"))
ROOT = os.path.abspath(os.environ.get("MLTOP_ROOT", "."))
MLTOP = os.path.join(BUILD, "mltop")
LIMIT = 60.0


def until(condition, what, limit=LIMIT):
    end = time.monotonic() + limit
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {limit} s")
        time.sleep(0.02)


class Result:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    @property
    def json(self):
        return json.loads(self.out)


class Platform:
    """A state folder; mltop starts the platform by itself when a verb needs it."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="mltop-cli-")
        self.env = dict(os.environ, XDG_STATE_HOME=self.folder + "/state", HOME=self.folder,
                        XDG_CONFIG_HOME=self.folder + "/config", XDG_CACHE_HOME=self.folder + "/cache",
                        PATH="/usr/bin:/bin")
        for name in ("MLTOP_CONTEXT", "MLTOP_STATE_DIR", "XIAOMI_CLOUDML_ENDPOINT"):
            self.env.pop(name, None)

    def mltop(self, *words, stdin=None, cwd=None, env=None, binary=False):
        done = subprocess.run([MLTOP, *words], input=stdin, capture_output=True, text=not binary,
                              timeout=LIMIT * 2, cwd=cwd or self.folder, env=dict(self.env, **(env or {})),
                              **({} if stdin is not None else {"stdin": subprocess.DEVNULL}))
        return Result(done)

    def start(self, *words, **more):
        return subprocess.Popen([MLTOP, *words], cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)

    def job(self, name):
        return self.mltop("jobs", "describe", name, "--json").json

    def ended(self, name):
        return until(lambda: (j := self.job(name))["state"] in ("completed", "failed", "error") and j,
                     f"the end of {name}")

    def running(self, name):
        return until(lambda: (j := self.job(name))["state"] == "running" and j, f"{name} to run")

    def daemon_pid(self):
        for folder, _, files in os.walk(self.folder + "/state"):
            if "endpoint" in files:
                with open(folder + "/endpoint") as f:
                    return json.load(f)["pid"]
        return None

    def close(self):
        listed = self.mltop("jobs", "list", "-o", "name", "--filter", "state=running|creating|enqueued")
        for name in listed.out.split():
            self.mltop("jobs", "cancel", name)
        for name in listed.out.split():
            self.ended(name)
        self.mltop("platform", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)


class Case(unittest.TestCase):
    """All tests of a class share one platform: jobs have names of their own."""

    @classmethod
    def setUpClass(cls):
        cls.p = Platform()

    @classmethod
    def tearDownClass(cls):
        cls.p.close()

    def ok(self, *words, **more):
        r = self.p.mltop(*words, **more)
        self.assertEqual((r.code, r.err), (0, ""), f"mltop {' '.join(words)}: {r.err}")
        return r

    def refused(self, code, sentence, *words, **more):
        """Exactly one line on standard error that begins with "mltop: " and holds the sentence."""
        r = self.p.mltop(*words, **more)
        self.assertEqual(r.code, code, r.err)
        self.assertEqual(r.out, "")
        self.assertEqual(len(r.err.splitlines()), 1, r.err)
        self.assertTrue(r.err.startswith("mltop: "), r.err)
        self.assertIn(sentence, r.err)


def main():
    program = unittest.main(exit=False, verbosity=1)
    result = program.result
    bad = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    print(f"{result.testsRun - bad - len(result.skipped)} passed, {bad} failed, {len(result.skipped)} skipped")
    sys.exit(1 if bad else 0)
