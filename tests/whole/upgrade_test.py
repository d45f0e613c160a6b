#!/usr/bin/python3
"""What a state folder, tasks and clients of 841f4c4 find in this build, and the other way round."""
import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import unittest

import support
from support import BASE, BUILD, LIMIT, MLTOP, MLTOPD, ROOT, Client, environment, until
from kit.basics import folder
from kit.daemon import Daemon
from kit.signing import Key

TRAIN = BASE + "/train"
OLD = "841f4c4"
STATE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "state-841f4c4.tar.xz")
FINAL = ("completed", "failed", "error")


def old_programs():
    """The folder of its programs, built once for this build folder; without the history there is nothing to build."""
    to = os.path.join(BUILD, "old-" + OLD)
    if not os.path.exists(to + "/built"):
        shutil.rmtree(to, ignore_errors=True)
        os.makedirs(to)
        archive = subprocess.run(["git", "-C", ROOT, "archive", OLD, "Makefile", "src", "tests/tests.mk", "packaging"],
                                 capture_output=True, timeout=LIMIT)
        if archive.returncode != 0:
            raise AssertionError(f"this clone has not the commit {OLD}, whose programs are to be met: "
                                 f"git fetch --unshallow\n{archive.stderr.decode()}")
        subprocess.run(["tar", "x", "-C", to], input=archive.stdout, check=True)
        env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "CI", "SANITIZE")}
        made = subprocess.run(["make", "-s", "-j2", "OPT=-O0", "all"], cwd=to, env=env, capture_output=True, timeout=600)
        if made.returncode != 0:
            raise AssertionError(made.stderr.decode()[-4000:])
        with open(to + "/built", "w"):
            pass
    return to + "/build"


class Either(Daemon):
    """A daemon that is stopped and goes on as the other build's."""

    def __init__(self, program, **more):
        self.program = program
        super().__init__(engine="local", args=["--private"], **more)

    def command(self):
        return [self.program] + super().command()[1:]

    def signed(self):
        return Client(self.port, self.secret())

    def mltop(self, program, *words):
        env = dict(self.env, MLTOP_STATE_DIR=self.state)
        out = subprocess.run([program, *words], env=env, capture_output=True, timeout=LIMIT, stdin=subprocess.DEVNULL)
        return out.returncode, out.stdout.decode(), out.stderr.decode()


def ended(c, name):
    return until(lambda: (lambda j: j if j.get("state") in FINAL else None)(c.get(f"{TRAIN}/{name}").json), name)


class Across(unittest.TestCase):
    """One daemon after the other on one state folder."""

    def setUp(self):
        self.old = old_programs()
        self.d = Either(self.old + "/mltopd")
        self.addCleanup(self.d.close)

    def test_tasks_and_outputs(self):
        c = self.d.signed()
        go = self.d.folder + "/go"
        jobs = {"done": ["sh", "-c", "echo kept; echo of it > $MLTOP_OUTPUT_DIR/file; exit 3"],
                "across": ["sh", "-c", f"echo begin; while [ ! -e {go} ]; do sleep 0.05; done; echo end; exit 7"],
                "stopped": ["sleep", "1000"]}
        for name, command in jobs.items():
            a = c.post(TRAIN, {"job_name": name, "command": command, "cpu_limit": 0.1})
            self.assertEqual(a.status, 200, a)
        before = ended(c, "done")
        for name in ("across", "stopped"):
            until(lambda n=name: c.get(f"{TRAIN}/{n}").json["state"] == "running", name)
        events = c.get(f"{TRAIN}/done/events").json["events"]
        self.d.stop()
        self.d.program = MLTOPD
        self.d.start()
        c = Client(self.d.port, c.key)
        after = c.get(f"{TRAIN}/done").json
        for field in ("uid", "state", "reason", "exit_code", "command", "create_time", "end_time", "owner"):
            self.assertEqual(after[field], before[field], field)
        self.assertEqual(c.get(f"{TRAIN}/done/logs").json["logs"], "kept\n")
        self.assertEqual(len(c.get(f"{TRAIN}/done/events").json["events"]), len(events))
        self.assertEqual([f["path"] for f in c.get(f"{TRAIN}/done/outputs").json["data"]], ["file"])
        self.assertEqual(c.get(f"{TRAIN}/done/outputs", query={"path": "file"}).body, b"of it\n")
        self.assertEqual(c.get(f"{TRAIN}/across").json["state"], "running")
        with open(go, "w"):
            pass
        end = ended(c, "across")
        self.assertEqual((end["state"], end["exit_code"], end["attempt"]), ("failed", 7, 1))
        self.assertEqual(c.get(f"{TRAIN}/across/logs").json["logs"], "begin\nend\n")
        self.assertEqual(c.post(f"{TRAIN}/stopped/cancel").status, 200)
        self.assertEqual(ended(c, "stopped")["reason"], "Cancelled")
        self.assertEqual(c.post(f"{TRAIN}/done/retry").status, 200)
        until(lambda: c.get(f"{TRAIN}/done").json.get("attempt") == 2, "attempt 2")

    def test_clients_of_either(self):
        for daemon, client in ((self.old + "/mltopd", MLTOP), (MLTOPD, self.old + "/mltop")):
            if daemon != self.d.program:
                self.d.stop()
                self.d.program = daemon
                self.d.start()
            name = "of-new" if client == MLTOP else "of-old"
            self.assertEqual(self.d.mltop(client, "run", "--name", name, "--", "sh", "-c", "echo said; exit 4")[:2],
                             (4, "said\n"))
            code, out, err = self.d.mltop(client, "jobs", "list")
            self.assertEqual(code, 0, err)
            self.assertIn(name, out)
            self.assertEqual(self.d.mltop(client, "jobs", "logs", name)[:2], (0, "said\n"))
            self.assertEqual(self.d.mltop(client, "jobs", "delete", name, "-y")[0], 0)


class Folder(unittest.TestCase):
    """A folder that its daemon left behind, without its programs."""

    def setUp(self):
        self.folder = folder("old")
        with tarfile.open(STATE) as tar:
            tar.extractall(self.folder)
        self.state = self.folder + "/state"
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.env = environment()

    def verb(self, *words):
        return subprocess.run([MLTOPD, *words, "--state-dir", self.state], capture_output=True, timeout=LIMIT,
                              env=self.env)

    def test_all_is_there(self):
        with open(self.state + "/private.key") as f:
            made = json.load(f)
        d = Daemon.__new__(Daemon)
        d.folder, d.state, d.engine, d.settings, d.args = self.folder, self.state, "local", [], ["--private"]
        d.user, d.env, d.process, d.log_path = {}, self.env, None, self.folder + "/log"
        d.start()
        try:
            c = Client(d.port, Key(made["access_key"], made["secret_key"], made["org_id"], "admin"))
            j = c.get(f"{TRAIN}/done").json
            self.assertEqual((j["state"], j["exit_code"], j["env"]), ("failed", 3, {"SECRET": "***"}))
            self.assertEqual(c.get(f"{TRAIN}/done/logs").json["logs"], "kept\n")
            self.assertEqual(c.get(f"{TRAIN}/done/outputs", query={"path": "file"}).body, b"of it\n")
            self.assertTrue(c.get(f"{TRAIN}/done/events").json["events"])
            self.assertEqual(len(c.get(BASE + "/packages").json["data"]), 1)
            self.assertEqual({o["org_name"] for o in c.get(BASE + "/orgs").json["data"]}, {"local", "vision"})
            quota, = [q for q in c.get(BASE + "/quota", query={"org_id": "-1"}).json["data"] if q["org_name"] == "vision"]
            self.assertEqual(quota["total_gpu_quota"], "3")
            self.assertEqual(c.post(TRAIN, {"job_name": "done", "command": ["true"]}).status, 409)
            self.assertEqual(c.delete(f"{TRAIN}/done").status, 200)
        finally:
            d.stop()
        self.assertIn(b"chain whole", self.verb("audit", "verify").stdout)
        self.assertEqual(self.verb("store", "check").stdout, b"the store is whole\n")

    def test_half_way(self):
        """A step that fails leaves the file as it was, and the next start tries again."""
        with contextlib.closing(sqlite3.connect(self.state + "/store.db")) as db:
            db.execute("CREATE TABLE blobs(in_the_way)")  # of the last steps
            db.commit()
            rows = db.execute("SELECT uid, state FROM jobs").fetchall()
        out = self.verb("key", "list")
        self.assertEqual(out.returncode, 1)
        self.assertIn(b"cannot bring it to schema", out.stderr)
        with contextlib.closing(sqlite3.connect(self.state + "/store.db")) as db:
            self.assertEqual(db.execute("PRAGMA user_version").fetchone(), (1,))
            self.assertEqual(db.execute("SELECT uid, state FROM jobs").fetchall(), rows)
            self.assertEqual(db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'objects'").fetchone(), (0,))
            db.execute("DROP TABLE blobs")
            db.commit()
        self.assertEqual(self.verb("key", "list").returncode, 0)


if __name__ == "__main__":
    support.main()
