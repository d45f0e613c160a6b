#!/usr/bin/python3
"""A shared platform as its operators and its users have it: config.yaml, keys, contexts, TLS, quotas,
HUP, backups, and what of it must be refused. Users speak through mltop alone."""
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import (BASE, Client, Key, LIMIT, MLTOP, MLTOPD, alive, environment, folder_of,  # noqa: E402
                     home_in, listening, main, processes, until)

ROOT_USER = os.geteuid() == 0
NOBODY = 65534


class Server:
    """mltopd with a config.yaml, and homes of people who use it."""

    def __init__(self, config="", engine="fake"):
        self.folder = tempfile.mkdtemp(prefix="mltop-shared-")
        os.chmod(self.folder, 0o711)
        self.state, self.config = self.folder + "/state", self.folder + "/mltopd.yaml"
        self.write(f"listen: 127.0.0.1:0\nstate_dir: {self.state}\nengine: {engine}\n"
                   "fake:\n  changes: 0\n" + config)
        self.process = None

    def write(self, text):
        with open(self.config, "w") as f:
            f.write(text)

    def verb(self, *words, **more):
        return subprocess.run([MLTOPD, *words], capture_output=True, text=True, timeout=LIMIT, **more)

    def admin(self, *words):
        """A verb on this state folder that must succeed; its output."""
        r = self.verb(*words, "--state-dir", self.state)
        assert r.returncode == 0, (words, r)
        return r.stdout

    def start(self, *words):
        self.errors = open(self.folder + "/log", "ab")
        self.process = subprocess.Popen([MLTOPD, "--config", self.config, *words], stdout=subprocess.PIPE,
                                        stderr=self.errors, stdin=subprocess.DEVNULL)
        self.scheme, self.port, self.line = listening(self.process, self.folder + "/log")
        return self

    def log(self):
        with open(self.folder + "/log", errors="replace") as f:
            return f.read()

    def stop(self):
        """SIGTERM; its exit code and how long it took."""
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(LIMIT)
        self.process.stdout.close()
        self.errors.close()
        self.process = None
        return code, time.monotonic() - begun

    def close(self):
        if self.process:
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def key(self, org, role, *more):
        return json.loads(self.admin("key", "create", "--org", org, "--role", role, *more))

    def client(self, made):
        return Client(self.port, Key(made["access_key"], made["secret_key"], made["org_id"], made["role"]))

    def person(self, name):
        return Person(self, name)


class Person:
    """A home with a config.yaml of contexts; speaks by mltop."""

    def __init__(self, server, name):
        self.server, self.home = server, f"{server.folder}/{name}"
        os.makedirs(self.home + "/config/mltop", mode=0o700)
        self.path = self.home + "/config/mltop/config.yaml"
        self.env = environment(**home_in(self.home))

    def contexts(self, **keys):
        """name=key, or name=(key, {more settings})."""
        text = "contexts:\n"
        for name, made in keys.items():
            made, more = made if isinstance(made, tuple) else (made, {})
            fields = {"endpoint": f"{self.server.scheme}://127.0.0.1:{self.server.port}",
                      "access_key": made["access_key"], "secret_key": made["secret_key"], **more}
            text += f"  {name}:\n" + "".join(f"    {k}: {v}\n" for k, v in fields.items())
        with open(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
            f.write(text)
        return self

    def mltop(self, *words, **env):
        return subprocess.run([MLTOP, *words], env=dict(self.env, **env), cwd=self.home, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=LIMIT)

    def ok(self, *words, **env):
        r = self.mltop(*words, **env)
        assert (r.returncode, r.stderr) == (0, ""), (words, r)
        return r.stdout

    def json(self, *words):
        return json.loads(self.ok(*words, "--json"))

    def refused(self, code, sentence, *words, **env):
        r = self.mltop(*words, **env)
        assert r.returncode == code and r.stderr.startswith("mltop: ") and r.stderr.count("\n") == 1, (words, r)
        assert sentence in r.stderr, (sentence, r.stderr)
        return r.stderr

    def follow(self, *words):
        return subprocess.Popen([MLTOP, *words], env=self.env, cwd=self.home, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


class Case(unittest.TestCase):
    ENGINE = "fake"

    @classmethod
    def setUpClass(cls):
        cls.s = Server(engine=cls.ENGINE)
        cls.keys = {role: cls.s.key("vision", role, "--name", role) for role in ("viewer", "operator")}  # stopped
        cls.s.start()
        cls.keys.update((role, cls.s.key("vision", role, "--name", role)) for role in ("quota-admin", "admin"))

    @classmethod
    def tearDownClass(cls):
        cls.s.close()

    def stopped_all(self, person):
        for name in person.ok("jobs", "list", "-o", "name", "--filter", "state=running|creating|enqueued").split():
            person.mltop("jobs", "cancel", "-y", name)


class Contexts(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.p = cls.s.person("lin").contexts(look=cls.keys["viewer"], work=cls.keys["operator"],
                                             **{"quota": cls.keys["quota-admin"], "root": cls.keys["admin"]})

    def test_each_role_by_its_context(self):
        for context, who in (("look", "viewer"), ("work", "operator"), ("quota", "quota-admin"), ("root", "admin")):
            self.assertEqual(self.p.json("jobs", "list", "--context", context)["data"], [], who)
        self.p.refused(4, "needs the role operator", "--context", "look", "jobs", "submit", "--job-name", "x",
                       "--command", "true")
        self.p.refused(4, "needs the role admin", "--context", "work", "orgs", "create", "beta")
        self.assertEqual(sorted(k["name"] for k in self.p.json("--context", "root", "keys", "list")["data"]),
                         ["admin", "operator", "quota-admin", "viewer"])

    def test_choosing(self):
        self.assertEqual(self.p.ok("context", "list", "-o", "name").split(), ["look", "work", "quota", "root", "local"])
        with open(self.p.path) as f:
            before = f.read()
        self.p.ok("context", "use", "look")
        self.p.refused(4, "viewer", "jobs", "submit", "--job-name", "x", "--command", "true")
        self.p.ok("context", "use", "root")
        self.p.ok("keys", "list")
        self.p.refused(4, "viewer", "jobs", "submit", "--job-name", "x", "--command", "true", MLTOP_CONTEXT="look")
        with open(self.p.path) as f:
            self.assertEqual(f.read(), before)  # the person's file is never written
        self.p.refused(5, "nowhere", "context", "use", "nowhere")
        self.p.refused(5, "nowhere", "--context", "nowhere", "jobs", "list")

    def test_a_readable_secret_is_refused(self):
        other = self.s.person("careless").contexts(work=self.keys["operator"])
        os.chmod(other.path, 0o644)
        self.assertIn(f"chmod 600 {other.path}", other.refused(4, "may be read by others (mode 0644)", "jobs", "list"))
        os.chmod(other.path, 0o600)
        other.ok("jobs", "list")

    def test_wrong_secret(self):
        wrong = dict(self.keys["operator"], secret_key="x" * 43)
        self.s.person("typo").contexts(work=wrong).refused(4, "signature", "jobs", "list")


class Quotas(Case):
    def setUp(self):
        self.admin = self.s.client(self.keys["admin"])
        self.p = self.s.person(self.id().rsplit(".", 1)[1]).contexts(work=self.keys["operator"],
                                                                     quota=self.keys["quota-admin"])

    def quota(self, **fields):
        a = self.admin.put(f"{BASE}/quota/{self.keys['admin']['org_id']}", fields)
        self.assertEqual(a.status, 200, a)
        return a.json

    def test_over_the_quota_waits_and_says_so(self):
        self.quota(train_gpu_quota=4)
        self.p.ok("--context", "work", "jobs", "submit", "--job-name", "first", "--command", "x", "--gpu-limit", "3")
        self.p.ok("--context", "work", "jobs", "submit", "--job-name", "second", "--command", "x", "--gpu-limit", "2")
        job = until(lambda: (j := self.p.json("--context", "work", "jobs", "describe", "second"))["reason"] == "Quota" and j,
                    "the reason")
        self.assertEqual((job["state"], job["message"]),
                         ("enqueued", "needs 2 GPUs: org vision may use 4 GPUs and uses 3"))
        self.assertIn(job["message"], self.p.ok("--context", "work", "jobs", "describe", "second"))
        q = self.p.json("--context", "quota", "quotas", "list")["data"][0]
        self.assertEqual((q["train_gpu_quota"], q["train_gpu_used"]), ("4", "3"))
        err = self.p.refused(1, "GPU", "--context", "work", "jobs", "submit", "--job-name", "never", "--command", "x",
                             "--gpu-limit", "5")
        self.assertIn("org vision may use 4 GPUs", err)
        self.p.ok("--context", "quota", "quotas", "set", "vision", "train_gpu_quota=5")
        until(lambda: self.p.json("--context", "work", "jobs", "describe", "second")["state"] == "running", "second to run")
        for word, is_ in (("inf", "-1"), ("7", "7"), ("none", "-1"), ("5", "5")):
            self.p.ok("--context", "quota", "quotas", "set", "vision", f"train_gpu_quota={word}")
            q = self.p.json("--context", "quota", "quotas", "list")["data"][0]
            self.assertEqual(q["train_gpu_quota"], is_, word)
        self.p.refused(4, "quota-admin", "--context", "work", "quotas", "set", "vision", "train_gpu_quota=6")
        self.p.refused(1, "train_gpu_quota", "--context", "quota", "quotas", "set", "vision", "train_gpu_quota=many")
        self.p.refused(1, "nonsense", "--context", "quota", "quotas", "set", "vision", "nonsense=1")
        self.p.refused(5, "nobody", "--context", "quota", "quotas", "set", "nobody", "train_gpu_quota=1")
        self.p.refused(2, "FIELD=VALUE", "--context", "quota", "quotas", "set", "vision", "train_gpu_quota")
        self.p.ok("--context", "work", "jobs", "cancel", "-y", "first", "second")

    def test_what_can_never_run(self):
        a = self.s.client(self.keys["operator"]).post(f"{BASE}/train", {"job_name": "vast", "command": ["x"],
                                                                       "gpu_limit": 1000})
        self.assertEqual(a.status, 422, a)
        self.assertIn("GPU", a.message)


class Keys(Case):
    def test_disabling_ends_a_follower(self):
        admin = self.s.client(self.keys["admin"])
        key = self.s.key("vision", "operator", "--name", "leaver")
        p = self.s.person("leaver").contexts(work=key)
        p.ok("jobs", "submit", "--job-name", "long", "--command", "x")
        until(lambda: p.json("jobs", "describe", "long")["state"] == "running", "the job to run")
        f = p.follow("logs", "-f", "long")
        self.assertTrue(f.stdout.readline())
        begun = time.monotonic()
        self.s.admin("key", "disable", key["access_key"])
        out, err = f.communicate(timeout=LIMIT)
        self.assertLess(time.monotonic() - begun, 5)
        self.assertEqual(f.returncode, 4, err)
        self.assertIn("disabled", err)
        p.refused(4, "disabled", "jobs", "list")
        self.assertEqual(admin.get(f"{BASE}/train/long").json["state"], "running")  # the job is the org's
        admin.post(f"{BASE}/train/long/cancel", b"")

    def test_rotating(self):
        key = self.s.key("vision", "viewer", "--name", "turning")
        new = json.loads(self.s.admin("key", "rotate", key["access_key"]))
        self.assertEqual((new["org"], new["role"]), ("vision", "viewer"))
        self.assertNotEqual(new["secret_key"], key["secret_key"])
        p = self.s.person("turner").contexts(old=key, new=new)
        p.ok("--context", "old", "jobs", "list")
        p.ok("--context", "new", "jobs", "list")
        self.s.admin("key", "disable", key["access_key"])
        p.refused(4, "disabled", "--context", "old", "jobs", "list")
        p.ok("--context", "new", "jobs", "list")


class Run(Case):
    """mltop run on a platform elsewhere: the folder goes along, a home does not."""
    ENGINE = "local"

    def test_home_is_not_sent(self):
        p = self.s.person("homely").contexts(work=self.keys["operator"])
        p.refused(125, "this folder is your home", "run", "--", "true")
        self.assertEqual(p.json("jobs", "list")["data"], [])
        self.assertEqual(self.s.client(self.keys["admin"]).get(f"{BASE}/packages").json["data"], [])

    def test_what_could_not_start_says_so(self):
        p = self.s.person("typist").contexts(work=self.keys["operator"])
        os.mkdir(p.home + "/project")
        r = subprocess.run([MLTOP, "run", "--name", "typo", "--", "pyhton3"], env=p.env, cwd=p.home + "/project",
                           stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT)
        self.assertEqual((r.returncode, r.stdout), (127, ""), r)
        self.assertRegex(r.stderr, r"^mltop: job typo: cannot start 'pyhton3': no such program")


def openssl(folder, name, hosts):
    """A self-signed certificate for these hosts, and its key."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", "/CN=mltop test", "-addext", f"subjectAltName={hosts}",
                    "-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem"], check=True, capture_output=True)
    return f"{folder}/{name}.pem", f"{folder}/{name}.key"


class Tls(unittest.TestCase):
    def setUp(self):
        self.s = Server()
        self.addCleanup(lambda: self.s.close())

    def test_certificates(self):
        cert, key = openssl(self.s.folder, "good", "IP:127.0.0.1,DNS:ml.example")
        other, _ = openssl(self.s.folder, "other", "IP:127.0.0.1")
        made = self.s.key("vision", "operator")
        self.s.start("--tls-cert", cert, "--tls-key", key)
        self.assertEqual(self.s.scheme, "https")
        plain = {"endpoint": f"http://127.0.0.1:{self.s.port}"}
        wrong = {"endpoint": f"https://localhost:{self.s.port}", "ca_file": cert}
        p = self.s.person("lin").contexts(good=(made, {"ca_file": cert}), none=made, other=(made, {"ca_file": other}),
                                          wrong=(made, wrong), plain=(made, plain),
                                          missing=(made, {"ca_file": self.s.folder + "/absent.pem"}))
        self.assertEqual(p.json("--context", "good", "jobs", "list")["data"], [])
        p.ok("--context", "good", "jobs", "submit", "--job-name", "talks", "--command", "x")
        f = p.follow("--context", "good", "logs", "-f", "talks")  # the websocket checks as requests do
        self.assertTrue(f.stdout.readline())
        p.ok("--context", "good", "jobs", "cancel", "-y", "talks")
        f.communicate(timeout=LIMIT)
        self.assertEqual(f.returncode, 0)
        p.refused(3, "self", "--context", "none", "jobs", "list")
        p.refused(3, "certificate", "--context", "other", "jobs", "list")
        p.refused(3, "localhost", "--context", "wrong", "jobs", "list")
        p.refused(3, "", "--context", "plain", "jobs", "list")
        p.refused(1, "/absent.pem", "--context", "missing", "jobs", "list")

    def test_a_long_log_comes_whole(self):
        """Records of TLS end anywhere in the frames of the websocket."""
        self.s.close()
        self.s = Server(engine="local")
        cert, key = openssl(self.s.folder, "good", "IP:127.0.0.1")
        made = self.s.key("vision", "operator")
        self.s.start("--tls-cert", cert, "--tls-key", key)
        p = self.s.person("lin").contexts(good=(made, {"ca_file": cert}))
        p.ok("jobs", "submit", "--job-name", "long", "--command", "seq 1 2000000")
        f = p.follow("logs", "-f", "long")
        seen, errors = f.communicate(timeout=LIMIT)
        self.assertEqual((f.returncode, errors), (0, ""))
        self.assertTrue(seen == "".join(f"{n}\n" for n in range(1, 2000001)), f"{len(seen)} bytes came")

    def test_a_key_of_another_certificate(self):
        cert, _ = openssl(self.s.folder, "one", "IP:127.0.0.1")
        _, key = openssl(self.s.folder, "two", "IP:127.0.0.1")
        r = self.s.verb("--config", self.s.config, "--tls-cert", cert, "--tls-key", key)
        self.assertEqual(r.returncode, 1, r)
        self.assertRegex(r.stderr, r"mltopd: .*(certificate|key)")
        self.assertNotIn("listening", r.stdout)


class Starting(unittest.TestCase):
    """What must not be served, and what the refusal says."""

    def setUp(self):
        self.s = Server()
        self.addCleanup(self.s.close)

    def refused(self, sentence, *words, code=1, **more):
        r = self.s.verb("--config", self.s.config, *words, **more)
        self.assertEqual((r.returncode, r.stdout), (code, ""), r)
        last = r.stderr.splitlines()[-1]
        self.assertTrue(last.startswith("mltopd: "), r.stderr)
        self.assertIn(sentence, last)
        return r.stderr

    def test_plain_listening_to_the_world(self):
        for address in ("0.0.0.0:0", "[::]:0"):
            self.assertIn("--insecure-listen", self.refused("TLS", "--listen", address, code=2))
        self.s.start("--listen", "0.0.0.0:0", "--insecure-listen")

    def test_config_mistakes_have_a_place(self):
        self.s.write("listen: 127.0.0.1:0\nlimits:\n  conections: 5\n")
        self.refused(f"{self.s.config}:3", code=2)
        self.s.write("listen: 127.0.0.1:0\nengine: magic\n")
        self.refused("engine", code=2)
        r = self.s.verb("--config", self.s.config, "--check-config")
        self.assertEqual(r.returncode, 2, r)
        self.s.write("engine: fake\n")
        r = self.s.verb("--config", self.s.config, "--check-config")
        self.assertEqual((r.returncode, r.stderr), (0, ""), r)

    def test_a_port_that_is_taken(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            self.refused(str(port), "--listen", f"127.0.0.1:{port}")

    def test_two_on_one_folder(self):
        self.s.start()
        self.refused("in use by another mltopd")

    def test_newer_schema(self):
        self.s.key("vision", "viewer")
        db = sqlite3.connect(self.s.state + "/store.db")
        db.execute("PRAGMA user_version = 99")
        db.commit()
        db.close()
        self.assertIn("newer", self.refused("schema 99"))

    def test_folder_open_to_others(self):
        os.mkdir(self.s.state)
        os.chmod(self.s.state, 0o755)
        self.refused("chmod 700")

    def test_master_key_open_to_others(self):
        self.s.key("vision", "viewer")
        os.chmod(self.s.state + "/master.key", 0o640)
        self.refused("chmod 600")


class Life(unittest.TestCase):
    def setUp(self):
        self.s = Server(engine="local")
        self.addCleanup(self.s.close)
        self.addCleanup(lambda: [os.kill(pid, signal.SIGTERM) for pid in processes(self.s.state, "mltop-shim")])

    def begin(self):
        self.made = self.s.key("vision", "admin")
        self.s.start()
        return self.s.person("lin").contexts(work=self.made)

    def test_term_leaves_jobs_and_the_next_start_adopts_them(self):
        p = self.begin()
        p.ok("jobs", "submit", "--job-name", "goes-on", "--command",
             "/bin/sh -c 'echo begun; while ! [ -e go ]; do sleep 0.01; done; echo ended; exit 5'")
        job = until(lambda: (j := p.json("jobs", "describe", "goes-on"))["state"] == "running" and j, "the job to run")
        f = p.follow("logs", "-f", "--exit-code", "goes-on")
        self.assertEqual(f.stdout.readline(), "begun\n")
        code, took = self.s.stop()
        self.assertEqual(code, 0)
        self.assertLess(took, 5)
        port = self.s.port
        folder = folder_of(self.s.state, job["uid"])
        with open(folder + "/work/go", "w"):
            pass
        until(lambda: os.path.exists(folder + "/exit"), "the exit record")
        self.s.start("--listen", f"127.0.0.1:{port}")
        out, err = f.communicate(timeout=LIMIT)
        self.assertEqual((out, f.returncode), ("ended\n", 5), err)
        self.assertEqual(p.json("jobs", "describe", "goes-on")["attempt"], 1)

    def test_hup_reads_the_config_again(self):
        p = self.begin()
        with open(self.s.config) as f:
            text = f.read()
        self.s.write(text + "limits:\n  jobs_per_org: 1\n")
        self.s.process.send_signal(signal.SIGHUP)
        until(lambda: "read again" in self.s.log() or "reload" in self.s.log(), "the reload")
        p.ok("jobs", "submit", "--job-name", "one", "--command", "/bin/true")
        p.refused(1, "1 jobs", "jobs", "submit", "--job-name", "two", "--command", "/bin/true")
        self.s.write(text + "limits:\n  jobs_per_org: none\n")
        self.s.process.send_signal(signal.SIGHUP)
        until(lambda: "jobs_per_org" in self.s.log(), "the refusal")
        self.s.write(text + "limits:\n  jobs_per_org: 5\nevents:\n  in_memory: 500\n")
        self.s.process.send_signal(signal.SIGHUP)
        until(lambda: "events.in_memory cannot change" in self.s.log(), "what wants a start to be refused")
        p.refused(1, "1 jobs", "jobs", "submit", "--job-name", "two", "--command", "/bin/true")  # the old one holds
        self.assertTrue(alive(self.s.process.pid))

    def test_backup_and_restore(self):
        p = self.begin()
        p.ok("jobs", "submit", "--job-name", "kept", "--command", "/bin/true")
        until(lambda: p.json("jobs", "describe", "kept")["state"] == "completed", "the end")
        self.s.admin("backup", self.s.folder + "/saved")
        p.ok("jobs", "delete", "-y", "kept")
        until(lambda: p.mltop("jobs", "describe", "kept").returncode == 5, "kept to go")
        later = self.s.key("vision", "viewer")
        self.s.stop()
        self.s.admin("restore", self.s.folder + "/saved")
        self.s.start()
        p.contexts(work=self.made, later=later)
        self.assertEqual(p.json("--context", "work", "jobs", "describe", "kept")["state"], "completed")
        p.refused(4, "", "--context", "later", "jobs", "list")
        self.assertIn("chain whole", self.s.admin("audit", "verify"))

    def test_one_altered_byte_of_the_audit(self):
        for n in range(5):
            self.s.key("vision", "viewer", "--name", f"person-{n}")
        self.assertIn("chain whole", self.s.admin("audit", "verify"))
        db = sqlite3.connect(self.s.state + "/store.db")
        seq, record = [(s, r) for s, r in db.execute("SELECT seq, record FROM audit ORDER BY seq")
                       if "person-2" in (r if isinstance(r, str) else r.decode())][0]
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.close()
        with open(self.s.state + "/store.db", "rb") as f:
            data = f.read()
        record = record if isinstance(record, bytes) else record.encode()
        at = data.index(record) + record.index(b"person-2")
        with open(self.s.state + "/store.db", "r+b") as f:
            f.seek(at)
            f.write(b"P")
        r = self.s.verb("audit", "verify", "--state-dir", self.s.state)
        self.assertEqual(r.returncode, 1, r)
        self.assertRegex(r.stdout + r.stderr, rf"\b{seq}\b")


@unittest.skipUnless(ROOT_USER, "needs root")
class AsRoot(unittest.TestCase):
    """Root gives each org a user of its own; anybody else has one org and no more."""

    def setUp(self):
        self.s = Server(engine="local")
        self.addCleanup(self.s.close)

    def test_second_org_needs_root(self):
        os.chown(self.s.folder, NOBODY, NOBODY)
        drop = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"]
        programs = self.s.folder + "/bin"
        os.mkdir(programs)
        for name in ("mltopd", "mltop-shim"):
            shutil.copy(os.path.join(os.path.dirname(MLTOPD), name), programs)
        os.chmod(programs, 0o755)

        def key(org):
            return subprocess.run(drop + [programs + "/mltopd", "key", "create", "--state-dir", self.s.state, "--org", org,
                                          "--role", "operator"], capture_output=True, text=True, timeout=LIMIT)
        self.assertEqual(key("one").returncode, 0)
        process = subprocess.Popen(drop + [programs + "/mltopd", "--config", self.s.config], stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, text=True)
        try:
            self.assertIn("listening", process.stdout.readline())
            r = key("two")
            self.assertEqual(r.returncode, 1, r)
            self.assertIn("root", r.stderr)
            self.assertEqual(key("one").returncode, 0)
        finally:
            process.terminate()
            process.wait(LIMIT)
            process.stdout.close()

    def test_orgs_are_users_who_see_nothing_of_each_other(self):
        a, b = self.s.key("alpha", "operator"), self.s.key("beta", "operator")
        self.s.start()
        pa, pb = self.s.person("a").contexts(w=a), self.s.person("b").contexts(w=b)
        pa.ok("jobs", "submit", "--job-name", "keeps", "--command",
              "/bin/sh -c 'id -u; umask; echo of-alpha > mine; echo of-alpha > $MLTOP_OUTPUT_DIR/kept; pwd'",
              "--env", "TOKEN=alpha-secret")
        job = until(lambda: (j := pa.json("jobs", "describe", "keeps"))["state"] not in
                    ("validated", "enqueued", "creating", "running") and j, "the end")
        self.assertEqual(job["state"], "completed", job)
        uid, _, work = pa.ok("logs", "keeps").split()
        state = self.s.state
        spy = (f"id -u; ls {state} {state}/tasks; cat {work}/mine {work}/../spec {work}/../log/* "
               f"{state}/tasks/{job['uid']}/output/kept {state}/store.db {state}/master.key {state}/endpoint; "
               f"ls {work} {state}/tasks/{job['uid']}; echo x > {work}/new; exit 0")
        pb.ok("jobs", "submit", "--job-name", "spy", "--command", f'/bin/sh -c "{spy}"')
        spied = until(lambda: (j := pb.json("jobs", "describe", "spy"))["state"] not in
                      ("validated", "enqueued", "creating", "running") and j, "the end")
        self.assertEqual(spied["state"], "completed", spied)
        seen = pb.ok("logs", "spy")
        self.assertNotEqual(seen.split()[0], uid)
        self.assertGreaterEqual(int(uid), 300000)
        for word in ("of-alpha", "alpha-secret", "SQLite", "version", "master-0\n"):
            self.assertNotIn(word, seen)
        # Of what is below /tmp it sees its own folder, of anything else that there is nothing, or not for it.
        own = {"", "tasks", spied["uid"], state + ":", state + "/tasks:"}
        refused = re.compile("Permission denied|No such file or directory|Directory nonexistent")
        self.assertEqual([line for line in seen.splitlines()[1:] if line not in own and not refused.search(line)], [])
        self.assertFalse(os.path.exists(work + "/new"))
        self.assertEqual(os.stat(work + "/mine").st_uid, int(uid))


if __name__ == "__main__":
    main()
