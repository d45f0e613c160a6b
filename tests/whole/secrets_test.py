#!/usr/bin/python3
"""Planted secrets: a key's secret, and secrets in a job's environment. They must be found nowhere but
where they belong: the person's config.yaml, the task's own environment and its spec file (0600)."""
import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from shared_test import NOBODY, Server  # noqa: E402
from support import BASE, LIMIT, MLTOPD, folder_of, main, processes, until  # noqa: E402

ENV_SECRET = "planted-hunter2-in-env"
ARG_OF_JOB = "sleep 1000"


def forms(secret):
    """As text, and as it would look after a careless encoding."""
    raw = secret.encode()
    return [raw, raw.hex().encode(), base64.b64encode(raw)[:-4]]


def holds(data, secrets):
    return [s for s in secrets for form in forms(s) if form in data]


def read(path):
    try:
        with open(path, "rb") as f:
            return f.read()
    except OSError:
        return b""


def files(top):
    for at, _, names in os.walk(top):
        for name in names:
            path = os.path.join(at, name)
            if os.path.isfile(path) and not os.path.islink(path):
                yield path


class Secrets(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.s = s = Server(engine="local", config="log_level: debug\n")
        cls.made = s.key("vision", "admin")
        cls.key_secret = cls.made["secret_key"]
        s.start()
        cls.p = s.person("lin").contexts(work=cls.made)
        cls.p.ok("jobs", "submit", "--job-name", "holds", "--command", ARG_OF_JOB, "--env", f"TOKEN={ENV_SECRET}")
        cls.job = until(lambda: (j := cls.p.json("jobs", "describe", "holds"))["state"] == "running" and j, "running")
        cls.client = s.client(cls.made)

    @classmethod
    def tearDownClass(cls):
        cls.p.mltop("jobs", "cancel", "-y", "holds")
        until(lambda: processes(cls.s.folder, "mltop-shim") == [] or
              cls.p.json("jobs", "describe", "holds")["state"] == "failed", "the end")
        cls.s.close()

    def clean(self, data, what, secrets=None):
        self.assertEqual(holds(data, secrets or [self.key_secret, ENV_SECRET]), [], what)

    @staticmethod
    def tasks():
        return [p for p in os.listdir("/proc") if p.isdigit()
                and read(f"/proc/{p}/cmdline").endswith(ARG_OF_JOB.replace(" ", "\0").encode() + b"\0")
                and holds(read(f"/proc/{p}/environ"), [ENV_SECRET])]

    def test_the_plant_is_found_where_it_belongs(self):
        """So that the other tests look for something that is there."""
        self.assertTrue(holds(read(self.p.path), [self.key_secret]))
        spec = folder_of(self.s.state, self.job["uid"]) + "/spec"
        self.assertTrue(holds(read(spec), [ENV_SECRET]))
        self.assertEqual(os.stat(spec).st_mode & 0o077, 0)
        until(lambda: len(self.tasks()) == 1, "the task with its own environment")

    def test_processes(self):
        """No argument list; no environment but the task's own."""
        f = self.p.follow("logs", "-f", "holds")
        try:
            pids = processes(self.s.folder, "mltop") + [self.s.process.pid]
            self.assertIn(f.pid, pids)
            for pid in pids:
                self.clean(read(f"/proc/{pid}/cmdline"), pid)
                self.clean(read(f"/proc/{pid}/environ"), pid)
            for pid in filter(str.isdigit, os.listdir("/proc")):
                self.clean(read(f"/proc/{pid}/cmdline"), pid)
                self.assertEqual(holds(read(f"/proc/{pid}/environ"), [self.key_secret]), [], pid)
        finally:
            f.send_signal(signal.SIGINT)
            f.communicate(timeout=LIMIT)

    def test_task_sees_nothing_of_the_platform(self):
        self.p.ok("jobs", "submit", "--job-name", "looks", "--command", "/bin/sh -c 'env; ls -l /proc/self/fd'")
        until(lambda: self.p.json("jobs", "describe", "looks")["state"] == "completed", "the end")
        seen = self.p.ok("logs", "looks")
        self.assertIn("MLTOP_", seen)
        self.clean(seen.encode(), "the environment of a task")
        for word in ("store.db", "master.key", "XIAOMI_", "ctl.sock", "control.sock"):
            self.assertNotIn(word, seen)

    def test_answers(self):
        """Every route that reads, as the admin; lists, tables and errors of the command line."""
        routes = json.loads(self.s.verb("docs", "routes").stdout)
        for r in routes:
            if r["method"] == "GET" and "{" not in r["pattern"].replace("{job}", ""):
                a = self.client.get(r["pattern"].replace("{job}", "holds")) if not r["pattern"].endswith("/start") else None
                self.clean(a.body + a.head if a else b"", r["pattern"])
        for words in (("jobs", "list", "--json"), ("jobs", "list", "-o", "yaml"), ("jobs", "describe", "holds"),
                      ("jobs", "describe", "holds", "--json"), ("jobs", "describe", "holds", "-o", "yaml"),
                      ("keys", "list", "--json"), ("jobs", "events", "holds"), ("events", "list", "--json")):
            self.clean(self.p.ok(*words).encode(), words)
        with self.client.websocket() as w:
            for id, kind in enumerate(("job", "task", "event", "key", "org", "quota"), 1):
                w.send(t="sub", id=id, kind=kind)
            got = [w.until("synced", id) for id in range(1, 7)]
            self.assertEqual(len(got), 6)
            self.clean(json.dumps(w.events).encode(), "the stream")

    def test_clone_keeps_what_is_masked_away(self):
        """A job whose masked environment comes back is refused or taken, but never shown."""
        env = self.p.json("jobs", "describe", "holds")["env"]
        self.assertEqual(list(env), ["TOKEN"])
        self.assertNotIn("hunter2", env["TOKEN"])

    def test_errors(self):
        wrong = dict(self.made, secret_key=self.key_secret[:-1] + "!")
        other = self.s.person("typo").contexts(work=wrong)
        for words in (("jobs", "list"), ("jobs", "submit", "--job-name", "x", "--command", "true", "--env", f"T={ENV_SECRET}")):
            r = other.mltop(*words)
            self.assertEqual(r.returncode, 4)
            self.clean((r.stdout + r.stderr).encode(), words, [wrong["secret_key"], self.key_secret, ENV_SECRET])
        for body in ({"job_name": "bad name", "command": ["x"], "env": {"T": ENV_SECRET}},
                     {"job_name": "x", "command": ["x"], "env": {"T": ENV_SECRET, "=": "x"}},
                     {"job_name": "x", "command": ["x"], "env": {ENV_SECRET + "=": "x", "T": 5}},
                     {"job_name": "x", "env": {"T": ENV_SECRET}, "gpu_limit": 5000}):
            a = self.client.post(f"{BASE}/train", body)
            self.assertGreaterEqual(a.status, 400, a)
            if ENV_SECRET + "=" not in body["env"]:  # the name of a variable is no secret
                self.clean(a.body, body)
        broken = self.s.person("broken")
        with open(broken.path, "w") as f:
            f.write(f"contexts:\n  a:\n    endpoint: http://x\n    secret_key: {self.key_secret}\n  [\n")
        os.chmod(broken.path, 0o600)
        self.clean(broken.mltop("jobs", "list").stderr.encode(), "a config that is no YAML")

    def test_disk(self):
        """Logs, audit, database, journal: only the spec holds a job's environment, nothing the key."""
        self.p.mltop("jobs", "describe", "nothing")
        self.s.process.send_signal(signal.SIGHUP)
        until(lambda: read(self.s.folder + "/log"), "mltopd to log something")
        self.clean(read(self.s.folder + "/log"), "mltopd's log")
        allowed = {folder_of(self.s.state, self.job["uid"]) + "/spec"}
        for path in files(self.s.state):
            self.assertEqual(holds(read(path), [self.key_secret]), [], path)
            if holds(read(path), [ENV_SECRET]):
                self.assertEqual(os.stat(path).st_mode & 0o077, 0, path)
                allowed.add(path) if path.startswith(self.s.state + "/store.db") else None
                self.assertIn(path, allowed)
        for path in files(self.p.home):
            if path != self.p.path:
                self.clean(read(path), path)
        self.clean(self.s.verb("audit", "list", "--state-dir", self.s.state).stdout.encode(), "audit")
        self.clean(json.dumps(self.client.get(f"{BASE}/audit").json).encode(), "audit over HTTP")

    def test_no_core_can_be_dumped(self):
        """The daemon holds secrets in memory. A process whose memory may not be dumped has its files
        in /proc given to root: seen on one that runs as somebody else."""
        server = Server()
        self.addCleanup(server.close)
        drop = []
        if os.geteuid() == 0:
            os.chown(server.folder, NOBODY, NOBODY)
            drop = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"]
            program = server.folder + "/mltopd"
            shutil.copy(MLTOPD, program)
            shutil.copy(os.path.join(os.path.dirname(MLTOPD), "mltop-shim"), server.folder)
        process = subprocess.Popen(drop + [program if drop else MLTOPD, "--config", server.config],
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            self.assertIn("listening", process.stdout.readline())
            self.assertEqual(os.stat(f"/proc/{process.pid}/environ").st_uid, 0)
        finally:
            process.terminate()
            process.wait(LIMIT)
            process.stdout.close()


if __name__ == "__main__":
    main()
