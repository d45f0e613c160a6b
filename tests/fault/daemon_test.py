#!/usr/bin/python3
"""kill -9 of the daemon, at named points and at random, while jobs are submitted, run and end.

After each death the next daemon must know every accepted job, have started none twice, and hold the
true exit code and every byte of every log. ROUNDS says how often (20 in make test).
"""
import os
import random
import signal
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from kit.basics import LIMIT, until  # noqa: E402
from kit.client import Client  # noqa: E402
from kit.count import run_cases as main  # noqa: E402
from kit.daemon import Daemon  # noqa: E402
from kit.http import BASE, Socket  # noqa: E402
from kit.process import start_time  # noqa: E402
from kit.signing import new_nonce  # noqa: E402

TRAIN = BASE + "/train"
FINAL = ("completed", "failed", "error")
ROUNDS = int(os.environ.get("ROUNDS", "20"))
SEED = int(os.environ.get("SEED", "1"))
POINTS = ["before-commit", "after-commit", "before-start", "after-start", "before-ended-commit", None]
JOBS = 6


def children_of_folder(state):
    """Shims of the tasks below it."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                words = f.read().split(b"\0")
        except OSError:
            continue
        if len(words) > 1 and words[0].endswith(b"mltop-shim") and words[1].startswith(state.encode()):
            found.append(int(pid))
    return found


class Daemonic(unittest.TestCase):
    def setUp(self):
        self.d = Daemon(engine="local", args=["--private"])
        self.key = self.d.secret()
        self.random = random.Random(SEED)

    def tearDown(self):
        self.d.close()

    def client(self):
        return Client(self.d.port, self.key)

    def restart(self, crash=None):
        self.d.env = {k: v for k, v in os.environ.items() if k != "MLTOPD_CRASH"}
        if crash:
            self.d.env["MLTOPD_CRASH"] = crash
        self.d.start()

    def buried(self):
        """Waits for the daemon's death and clears it away."""
        code = self.d.process.wait(LIMIT)
        self.d.process.stdout.close()
        self.d.process = None
        self.d.log.close()
        return code

    def body(self, name, code, mark):
        script = f"echo {name} >> {mark}; echo begin; sleep 0.0{self.random.randrange(10)}; seq 1 200; exit {code}"
        return {"job_name": name, "command": ["sh", "-c", script]}

    def submit(self, client, body, nonce):
        """The answer, None when the connection died first."""
        if self.d.process.poll() is not None:
            return None
        try:
            return client.post(TRAIN, body, nonce=nonce)
        except (OSError, EOFError):
            return None

    def round(self, number, point):
        mark = f"{self.d.folder}/mark{number}"
        crash = f"{point}:{self.random.randrange(1, JOBS + 1)}:{self.random.choice((0, 50))}" if point else None
        self.d.stop()
        self.restart(crash)
        client = self.client()
        if point is None:
            delay = self.random.random() * 0.15
            timer = threading.Timer(delay, self.d.process.kill)
            timer.start()
        jobs = {}
        for i in range(JOBS):
            name, nonce = f"r{number}-{i}", new_nonce()
            body = self.body(name, i % 3, mark)
            jobs[name] = [i % 3, nonce, body, self.submit(client, body, nonce)]
        self.assertIn(self.buried(), (-signal.SIGKILL,), point)
        if point is None:
            timer.join()
        self.restart()
        self.check(number, point, jobs, mark)

    def check(self, number, point, jobs, mark):
        client = self.client()
        for name, (code, nonce, body, answer) in jobs.items():
            where = f"round {number} {point} seed {SEED}: {name}"
            if answer is None:
                # The client's own way after a cut: the same request again, with the same nonce.
                answer = self.submit(client, body, nonce)
            self.assertEqual(answer.status, 200, where + f" {answer}")
            uid = answer.json["uid"]
            j = until(lambda: (lambda x: x if x.get("state") in FINAL else None)(
                client.get(f"{TRAIN}/{name}").json), where)
            self.assertEqual(j["uid"], uid, where)
            self.assertEqual((j["state"], j["exit_code"]), ("failed" if code else "completed", code), (where, j))
            logs = client.get(f"{TRAIN}/{name}/logs").json["logs"]
            self.assertEqual(logs, "begin\n" + "".join(f"{n}\n" for n in range(1, 201)), where)
            tasks = client.get(f"{TRAIN}/{name}/tasks").json["data"]
            # An attempt whose launch the death cut off never ran; the next one is the first that did.
            self.assertIn([t["state"] for t in tasks], ([j["state"]], ["error", j["state"]]), where)
            self.assertEqual(tasks[0]["reason"] if len(tasks) == 2 else "Retry", "Retry", where)
            client.delete(f"{TRAIN}/{name}")
        with open(mark) as f:
            self.assertEqual(sorted(f.read().split()), sorted(jobs), f"round {number} {point}: started once each")

    def test_rounds(self):
        for number in range(ROUNDS):
            self.round(number, POINTS[number % len(POINTS)])
        for verb in (("audit", "verify"), ("store", "check")):
            out = self.d.verb(*verb)
            self.assertEqual(out.returncode, 0, out)
        until(lambda: not os.listdir(self.d.state + "/tasks"), "folders of deleted jobs removed")
        until(lambda: not self.d.groups(), "its control groups are removed")

    def test_shims_and_daemon_die_together(self):
        """
        Jobs of several processes, one of them in a session of its own without an environment; then
        everything that supervises is killed at random moments. The next daemon ends what runs and
        removes its groups; nothing runs unsupervised.
        """
        for number in range(max(2, ROUNDS // 10)):
            where = f"round {number} seed {SEED}"
            client, mark = self.client(), f"{self.d.folder}/pids{number}"
            script = (f"echo $$ >> {mark}; setsid env -i /bin/sh -c 'echo $$ >> {mark}; exec /bin/sleep 1000' & "
                      "exec /bin/sleep 1000")
            for i in range(4):
                answer = client.post(TRAIN, {"job_name": f"k{number}-{i}", "command": ["sh", "-c", script]})
                self.assertEqual(answer.status, 200, answer)
            time.sleep(self.random.random() * 0.2)
            shims = [p for p in children_of_folder(self.d.state) if p != self.d.process.pid]
            victims = shims + [self.d.process.pid]
            self.random.shuffle(victims)
            for pid in victims:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.buried()
            self.restart()
            client = self.client()
            for i in range(4):
                client.post(f"{TRAIN}/k{number}-{i}/cancel")
            for i in range(4):
                until(lambda: client.get(f"{TRAIN}/k{number}-{i}").json["state"] in FINAL, where)
            lines = open(mark).read().split() if os.path.exists(mark) else []
            until(lambda: not [p for p in lines if start_time(int(p)) is not None], where)
            until(lambda: not self.d.groups(), where + ": their control groups are removed")

    def test_asked_to_stop_before_the_death(self):
        """A cancel and a delete that were answered hold over a death at once."""
        client = self.client()
        for name in ("c", "d"):
            a = client.post(TRAIN, {"job_name": name, "command": ["sh", "-c", "trap '' TERM; sleep 1000 & wait; wait"],
                                    "stop_grace": 2})
            self.assertEqual(a.status, 200, a)
            until(lambda: client.get(f"{TRAIN}/{name}").json["state"] == "running", "running")
        client.delete(f"{TRAIN}/d")
        client.post(f"{TRAIN}/c/cancel")
        self.d.process.kill()
        self.buried()
        self.restart()
        client = self.client()
        j = until(lambda: (lambda x: x if x["state"] in FINAL else None)(client.get(f"{TRAIN}/c").json), "cancelled",
                  60)
        self.assertEqual((j["state"], j["reason"]), ("failed", "Cancelled"), j)
        until(lambda: [r["uid"] for r in client.get(TRAIN).json["data"]] == [j["uid"]], "deleted", 60)

    def test_cancel_stored_and_nothing_more(self):
        """Death right after the commit of a cancel: nobody was told, and yet it happens."""
        self.client().post(TRAIN, {"job_name": "c", "command": ["sleep", "1000"]})
        until(lambda: self.client().get(f"{TRAIN}/c").json["state"] == "running", "running")
        self.d.stop()
        self.restart("after-commit:1")
        with self.assertRaises((OSError, EOFError)):
            self.client().post(f"{TRAIN}/c/cancel")
        self.buried()
        self.restart()
        j = until(lambda: (lambda x: x if x["state"] in FINAL else None)(self.client().get(f"{TRAIN}/c").json), "end")
        self.assertEqual(j["reason"], "Cancelled")

    def test_deleted_and_nothing_more(self):
        """Death right after the commit of a deletion: the next daemon removes what the job left."""
        self.client().post(TRAIN, {"job_name": "d", "command": ["true"]})
        until(lambda: self.client().get(f"{TRAIN}/d").json["state"] == "completed", "end")
        self.d.stop()
        self.assertTrue(os.listdir(self.d.state + "/tasks"))
        self.restart("after-commit:1")
        with self.assertRaises((OSError, EOFError)):
            self.client().delete(f"{TRAIN}/d")
        self.buried()
        self.assertTrue(os.listdir(self.d.state + "/tasks"))
        self.restart()
        until(lambda: not os.listdir(self.d.state + "/tasks"), "its folder removed")
        self.assertEqual(self.client().get(f"{TRAIN}/d").status, 404)

    def test_start_waits_for_its_commit(self):
        """Death just before the commit of a start, and time for a task to begin: it must not have."""
        mark = self.d.folder + "/early"
        self.d.stop()
        self.restart("before-commit:2:300")
        a = self.client().post(TRAIN, {"job_name": "s", "command": ["sh", "-c", f"echo x >> {mark}"]})
        self.assertEqual(a.status, 200)
        self.buried()
        self.assertFalse(os.path.exists(mark))
        self.restart()
        until(lambda: self.client().get(f"{TRAIN}/s").json["state"] == "completed", "end")
        with open(mark) as f:
            self.assertEqual(f.read(), "x\n")

    def test_retry_by_hand_counts_the_same(self):
        """What the policy has left after a retry by hand does not hang on the daemon's life."""
        gate = self.d.folder + "/gate"
        os.mkdir(gate)
        client = self.client()
        client.post(TRAIN, {"job_name": "r", "restart_policy": "on-failure", "max_attempts": 2, "command": [
            "sh", "-c", f"until [ -e {gate} ]; do sleep 0.02; done; exit 1"]})
        at = lambda states, attempt: (lambda j: j["state"] in states and j.get("attempt") == attempt)(
            self.client().get(f"{TRAIN}/r").json)
        until(lambda: at(FINAL, 2), "both attempts")
        os.rmdir(gate)
        self.assertEqual(client.post(f"{TRAIN}/r/retry").status, 200)
        until(lambda: at(("running",), 3), "the attempt asked for")
        self.d.process.kill()
        self.buried()
        self.restart()
        os.mkdir(gate)
        until(lambda: self.client().get(f"{TRAIN}/r").json["state"] in FINAL, "its end")
        self.assertTrue(at(("failed",), 4), self.client().get(f"{TRAIN}/r").json)

    def test_runs_through(self):
        """A task that outlives its daemon is taken over, and followed to its end."""
        gate = self.d.folder + "/gate"
        script = f"echo a; until [ -e {gate} ]; do sleep 0.02; done; echo b; exit 7"
        client = self.client()
        client.post(TRAIN, {"job_name": "long", "command": ["sh", "-c", script]})
        until(lambda: client.get(f"{TRAIN}/long/logs").json["logs"] == "a\n", "first line")
        self.d.process.kill()
        self.buried()
        self.restart()
        client = self.client()
        until(lambda: client.get(f"{TRAIN}/long").json["state"] == "running", "running")
        with open(gate, "wb"):
            pass
        with Socket(self.d.port) as s:
            s.send(client.bytes_of("GET", f"{TRAIN}/long/logs", query={"follow": "True"}))
            s.take_until(b"\r\n\r\n")
            self.assertEqual(b"".join(s.chunks()), b"a\nb\n")
        j = until(lambda: (lambda x: x if x["state"] in FINAL else None)(client.get(f"{TRAIN}/long").json), "end")
        self.assertEqual((j["state"], j["exit_code"]), ("failed", 7))


if __name__ == "__main__":
    main()
