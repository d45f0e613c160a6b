#!/usr/bin/python3
"""One build under measure: reads a row's name on a line, answers with its figure on a line.

    MLTOP_BUILD=... tests/bench/arm.py SIZE

Rows have fixed names, and less is better in all. bench/older.py asks two builds in turn; what a row
needs (a platform with SIZE finished jobs, a log of 50 MB) is made once and kept.
"""
import json
import os
import re
import signal
import statistics
import sys
import time

from measure import home, rss, runs
from kit.basics import MLTOP, OPENED, until
from kit.client import Client
from kit.http import Socket
from kit.private import Private
from kit.signing import Key
from kit.terminal import Pty

BATCH = 200  # jobs of one figure of jobs_each
LOG_BYTES = 50_000_000


class Arm:
    def __init__(self, size):
        self.size = size
        self.private = self.log = None
        self.filled = 0

    # ---- The dashboard, with the start of its platform ----

    def demo(self, jobs, changes):
        p = Pty([MLTOP, "demo", "--jobs", str(jobs), "--changes", str(changes)], 80, 24, **home())
        first = p.shows("demo-job-") - p.started
        whole = p.shows(re.compile(rf"^ jobs[^\n]*\b{jobs}\s*$", re.M)) - p.started
        return p, first * 1e3, whole * 1e3

    def leave(self, p):
        p.signal(signal.SIGTERM)
        p.ended()
        p.close()

    def rows(self, jobs):
        p, first, whole = self.demo(jobs, 0)
        self.leave(p)
        return {"first_rows": first, "all_rows": whole}

    def dashboard(self):
        return self.rows(self.size)

    def dashboard_ten(self):
        return {name + "_ten": figure for name, figure in self.rows(10 * self.size).items()}

    def key(self):
        """From a key to the cursor in its new place, as the screen shows it."""
        p, _, _ = self.demo(self.size, self.size // 10)
        times = []
        for n in range(60):
            p.read(0.01)
            was = self.cursor(p)
            p.send("j" if n < 10 or n % 2 else "k")
            began = time.monotonic()
            times.append(self.moved(p, was) - began)
        self.leave(p)
        return {"key_to_paint": statistics.median(times) * 1e3}

    @staticmethod
    def cursor(p):
        return [y for y, line in enumerate(p.look().lines) if y > 1 and line[0] == ">"]

    def moved(self, p, was):
        end = time.monotonic() + 2
        while time.monotonic() < end:
            p.read(0.2)
            now = time.monotonic()
            if self.cursor(p) not in ([], was):
                return now
        raise AssertionError(f"the cursor did not move\n{p.screen.text()}")

    # ---- Jobs ----

    def platform(self):
        if self.private is None:
            self.private = Private()
            self.private.ok("jobs", "list")
        return self.private

    def fill(self, count):
        """Milliseconds that each of so many short jobs took, to the end of the last."""
        private = self.platform()
        key = private.secret()
        port = int(private.endpoint()["url"].rsplit(":", 1)[1])
        c = Client(port, Key(key["access_key"], key["secret_key"]))
        began = time.monotonic()
        with Socket(port) as s:
            for n in range(self.filled, self.filled + count):
                answer = c.request("POST", "/cloud_ml/v1/train", on=s, body={
                    "job_name": f"short-{n}", "command": ["true"], "cpu_limit": "0.01"})
                if answer.status >= 300:
                    raise AssertionError(f"job {n}: {answer.status} {answer.body[:300]!r}")
        self.filled += count
        until(lambda: json.loads(private.ok("platform", "status", "--json"))["jobs"]["finished"] >= self.filled,
              "the end of the jobs", 600)
        return (time.monotonic() - began) * 1e3 / count

    def jobs_each(self):
        return {"job_to_its_end": self.fill(BATCH)}

    def full(self):
        if self.filled < self.size:
            self.fill(self.size - self.filled)
        return self.platform()

    def list(self):
        private = self.full()
        took = statistics.median(runs([MLTOP, "jobs", "list", "--json"], 3, **private.home))
        return {"list_all_fields": took * 1e3}

    def detach(self):
        private = self.full()
        took = statistics.median(runs([MLTOP, "run", "--detach", "--", "true"], 5, **private.home))
        self.filled += 5
        return {"run_detach": took * 1e3}

    def memory(self):
        return {"daemon_resident": rss(self.full().pid())}

    # ---- Logs ----

    def log_read(self):
        private = self.platform()
        if self.log is None:
            line = "a line of a log as long as many are, with a loss of 0.1234 in it"
            self.log = private.shell(f"yes '{line}' | head -c {LOG_BYTES}")
            private.ended(self.log)
            self.filled += 1
        took = runs([MLTOP, "logs", self.log], 1, **private.home)[0]
        return {"log_50_mb": took * 1e3}


def main():
    arm = Arm(int(sys.argv[1]))
    for line in sys.stdin:
        try:
            answer = getattr(arm, line.strip())()
        except Exception as e:  # told to who asked; other rows may work
            answer = {"error": f"{type(e).__name__}: {e}"}
        print(json.dumps(answer), flush=True)
    for thing in OPENED[:]:
        thing.close()


if __name__ == "__main__":
    main()
