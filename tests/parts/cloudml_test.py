"""
cloud-ml-sdk 0.3.71 as it is on the package index, on each Python of this machine that it runs on: the commands about
train jobs, quotas, orgs, frameworks and packages, their output and exit codes. Each check is shown red by a server
with the fault that it is for.
"""
import json
import os
import shutil
import tempfile
import unittest

from cloudml_kit import CloudMl, Faulty, Tunnel, certificate, environments
from kit.basics import until
from kit.count import run_cases as main
from kit.daemon import FREE, Daemon

TRAIN = "import sys\nprint('args', sys.argv[1:])\nfor i in range(5):\n    print('line', i)\n"
STATE = ("completed", "failed")


class Checks(unittest.TestCase):
    """What the client must show: `c` is one, of a platform or of a server with a fault."""

    def good(self, c, *words, **how):
        code, out = c.run(*words, **how)
        self.assertEqual(code, 0, (words, out, c.errors[-1500:]))
        self.assertNotIn("response: ", out, words)
        return out

    def refused(self, c, says, *words, **how):
        code, out = c.run(*words, **how)
        self.assertEqual(code, 1, (words, out, c.errors[-1500:]))
        self.assertTrue(out.startswith("response: b'{\"error\":true,\"message\":\""), (words, out))
        self.assertEqual(out.count("\n"), 1, out)
        self.assertTrue(out.isascii() and says in out, (says, out))

    def fields(self, out):
        return {k.strip(): v.strip() for k, _, v in (line.partition(":") for line in out.split("\n"))}

    def submit(self, c, name, *more, source=TRAIN):
        folder = os.path.join(c.folder, name)
        os.makedirs(folder + "/digits", exist_ok=True)
        for path, text in (("setup.py", ""), ("digits/__init__.py", ""), ("digits/train.py", source)):
            with open(os.path.join(folder, path), "w", encoding="utf-8") as f:
                f.write(text)
        return c.run("jobs", "submit", "-n", name, "-m", "digits.train", "-u", "./", *more, cwd=folder)

    def ended(self, c, name):
        def state():
            code, out = c.run("jobs", "describe", name)
            self.assertEqual(code, 0, (out, c.errors[-1500:]))
            word = self.fields(out)["State"]
            return next((s for s in STATE if s in word), None)
        return until(state, f"the end of {name}")

    # What each fault must break is a check of its own.

    def check_submit(self, c):
        code, out = self.submit(c, "digits", "-a", "--x 1", "-c", "0.5", "-M", "200M", "-g", "0")
        self.assertEqual(code, 0, (out, c.errors[-1500:]))
        f = self.fields(out)
        self.assertRegex(f["Trainer uri"], r"fds://main/user_packages/digits.cloudml_\d{8}_\d{6}.tar.gz$")
        self.assertEqual([f[k] for k in ("Job name", "Module name", "Job args", "CPU limit", "Memory limit", "GPU limit")],
                         ["digits", "digits.train", "--x 1", "0.5", "200M", "0"])
        self.assertEqual(self.ended(c, "digits"), "completed")

    def check_name_used(self, c):
        # Its package has the same name within one second, and its signature then serves once.
        code, out = until(lambda: (lambda done: None if "signature already" in done[1] else done)(self.submit(c, "digits")),
                          "another second")
        self.assertEqual(code, 1, out)
        self.assertIn("there is a job digits already", out)

    def check_list(self, c):
        lines = self.good(c, "jobs", "list").split("\n")
        self.assertIn("JOB_NAME", lines[0])
        self.assertIn("completed", next(line for line in lines if line.startswith("digits ")))

    def check_wide(self, c):
        self.assertIn("NODE NAME", self.good(c, "jobs", "list", "-o", "wide"))

    def check_describe(self, c):
        f = self.fields(self.good(c, "jobs", "describe", "digits"))
        self.assertEqual((f["Job name"], f["Job args"], f["Org name"]), ("digits", "--x 1", "main"))

    def check_logs(self, c):
        out = self.good(c, "jobs", "logs", "digits")
        self.assertIn("args ['--x', '1']\nline 0\nline 1\n", out)
        self.assertEqual(self.good(c, "jobs", "logs", "-n", "2", "digits").strip(), "line 3\nline 4")

    def check_follow(self, c):
        out = self.good(c, "jobs", "logs", "-f", "digits")
        self.assertEqual(out.splitlines()[-2:], ["b'line 3'", "b'line 4'"])
        self.assertEqual(self.good(c, "jobs", "logs", "-f", "-n", "1", "digits").splitlines(), ["b'line 4'"])

    def check_events(self, c):
        out = self.good(c, "jobs", "events", "digits")
        self.assertIn("FirstTimestamp", out)
        self.assertIn("Completed", out)

    def check_metrics(self, c):
        out = self.good(c, "jobs", "metrics", "digits")
        self.assertRegex(out, r"CPU: +[\d.]+ %\nMemory: +\d+ Bytes\nNetwork receive: +\d+ Bytes\nNetwork transmit: +\d+")

    def check_hp(self, c):
        self.assertIn("Trial count: 0", self.good(c, "jobs", "hp", "digits"))

    def check_failed(self, c):
        code, out = self.submit(c, "breaks", source="raise SystemExit(3)\n")
        self.assertEqual(code, 0, (out, c.errors[-1500:]))
        self.assertEqual(self.ended(c, "breaks"), "failed")

    def check_start(self, c):
        self.assertEqual(self.fields(self.good(c, "jobs", "start", "breaks"))["Job name"], "breaks")
        self.assertEqual(self.ended(c, "breaks"), "failed")

    def check_refusals(self, c):
        self.refused(c, "there is no job nobody", "jobs", "describe", "nobody")
        self.refused(c, "there is no job nobody", "jobs", "delete", "nobody")
        self.refused(c, "there is no job nobody", "jobs", "start", "nobody")
        code, out = c.run("jobs", "logs", "nobody")  # it looks at no status here
        self.assertEqual((code, "there is no job nobody" in out), (0, True), out)

    def check_quota(self, c):
        lines = self.good(c, "quota", "list").split("\n")
        lines = lines[next(i for i, line in enumerate(lines) if "Memory / Used" in line):]
        self.assertEqual([line.split("  ")[0] for line in lines[1:6]],
                         ["Train job", "Model service", "Dev environment", "Tensorboard", "Total quota"])
        self.assertIn("INF / ", lines[5])

    def check_frameworks(self, c):
        self.assertIn("python", self.good(c, "framework", "list"))

    def check_org(self, c):
        self.assertEqual(self.good(c, "org_id"), f"Your org_id is: {self.key.org_id}\n")

    def check_all(self, c):
        out = self.good(c, "all", "list")
        for what in ("train jobs", "model services", "dev environments", "tensorboard services", "pipelines", "cephs"):
            self.assertIn(f"List all {what}:", out)

    def check_wrong_secret(self, c):
        code, out = c.run("jobs", "list", XIAOMI_ACCESS_KEY_ID=self.key.access_key, XIAOMI_SECRET_ACCESS_KEY="wrong")
        self.assertEqual(code, 1, out)
        self.assertIn("Unauthorized", out)

    def check_delete(self, c):
        self.assertIn("deleted", self.good(c, "jobs", "delete", "breaks"))

    ORDER = ("submit name_used list wide describe logs follow events metrics hp failed start refusals quota frameworks org "
             "all wrong_secret delete").split()


class On:
    """All of it on one Python, over TLS; mixed with Checks below."""
    VERSION = ""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="cloudml-", dir=os.environ.get("TMPDIR"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        cert, key = certificate(cls.folder)
        cls.daemon = Daemon(engine="local", settings=FREE, args=("--tls-cert", cert, "--tls-key", key))
        cls.addClassCleanup(cls.daemon.close)
        cls.tunnel = Tunnel(cls.daemon.port)
        cls.addClassCleanup(cls.tunnel.close)
        cls.key = cls.daemon.key("main", role="operator")
        cls.home = lambda name, key, c=cls: CloudMl(c.VERSION, c.folder + "/" + name, c.daemon.url, key, cert, c.tunnel.port)
        cls.cloudml = cls.home("home", cls.key)
        cls.admin = cls.home("admin", cls.daemon.key("main", role="admin"))
        cls.reader = cls.home("reader", cls.daemon.key("main", role="operator", more=["--read-only"]))

    def test_in_order(self):
        for name in self.ORDER:
            with self.subTest(name):
                getattr(self, "check_" + name)(self.cloudml)
        self.assertNotIn("ERROR", self.daemon.log_text())

    def test_read_only_key(self):
        self.good(self.reader, "quota", "list")
        self.good(self.reader, "jobs", "list")
        self.refused(self.reader, "read-only", "jobs", "start", "x")
        self.refused(self.reader, "read-only", "jobs", "delete", "x")

    def test_uri_of_an_object(self):
        code, out = self.cloudml.run("jobs", "submit", "-n", "nothing", "-m", "a.b", "-u", "fds://main/user_packages/none.tar.gz")
        self.assertEqual(code, 255, out)
        code, out = self.cloudml.run("jobs", "submit", "-n", "nothing", "-m", "a.b", "-u", "fds://main/user_packages/none.tar.gz",
                                     CLOUDML_DEFAULT_FDS_BUCKET="of-others", XIAOMI_FDS_ENDPOINT="our-fds.api.xiaomi.net")
        self.assertEqual(code, 255, out)

    def test_distributed_is_refused(self):
        code, out = self.submit(self.cloudml, "wide", "-p", "1", "-w", "2")
        self.assertEqual(code, 1, out)
        self.assertIn("ps_count", out)

    def test_quotas(self):
        org = self.key.org_id
        self.assertIn("submitted for approval", self.good(self.cloudml, "quota", "update", "-t", "jobs", "-c", "4", "-M", "8G", "-g", "1"))
        self.assertIn("Total quota", self.good(self.admin, "quota", "list", org, admin=True))
        self.assertIn("Total quota", self.good(self.admin, "quota", "list", "-1", admin=True))
        out = self.good(self.admin, "quota", "update", org, "-t", "jobs", "-c", "10", "-m", "4G", "-g", "2", admin=True)
        self.assertIn("10", out)
        self.assertIn("4.0G / ", self.good(self.cloudml, "quota", "list"))
        self.refused(self.cloudml, "needs the role", "quota", "update", org, "-t", "jobs", "-c", "1", "-m", "1G", "-g", "1", admin=True)

    def test_resources(self):
        self.assertRegex(self.good(self.cloudml, "resources", "list"), r"Available cpu .*\n[\d.]+ +[\d.]+G +\d+")


class Faults(Checks):
    """Servers with a fault each: the check that it is for must turn red."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="cloudml-", dir=os.environ.get("TMPDIR"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        cls.daemon = Daemon(engine="local", settings=FREE)
        cls.addClassCleanup(cls.daemon.close)
        cls.key = cls.daemon.key("main", role="operator")
        for name, command in (("digits", "echo \"args ['--x', '1']\"; for i in 0 1 2 3 4; do echo line $i; done"),
                              ("breaks", "exit 3")):
            client = cls.daemon.client("main", role="operator")
            made = client.post("/cloud_ml/v1/train", {"job_name": name, "command": ["/bin/sh", "-c", command], "job_args": "--x 1"})
            assert made.status == 200, made
            until(lambda: client.get(f"/cloud_ml/v1/train/{name}").json["state"] in STATE, f"the end of {name}")

    def through(self, **faults):
        relay = Faulty(self.daemon.port, **faults)
        self.addCleanup(relay.close)
        return CloudMl(environments.made()[0], self.folder + "/" + self.id().rpartition(".")[2],
                       f"http://127.0.0.1:{relay.port}", self.key)

    def red(self, check, fault=None, **more):
        c = self.through(fault=fault, **more)
        with self.assertRaises(AssertionError):
            getattr(self, "check_" + check)(c)

    @staticmethod
    def at(path, change):
        """Changes the JSON of answers to that path; for lists, of each row."""
        def fault(method, asked, request, status, body):
            if not asked.split("?")[0].endswith(path) or status != 200:
                return None
            return status, change(json.loads(body))
        return fault

    @staticmethod
    def without(*keys):
        return lambda d: {k: v for k, v in d.items() if k not in keys}

    def test_without_fault(self):
        c = self.through(fault=lambda *a: None)
        for name in "list wide describe logs follow events metrics hp refusals quota frameworks org all wrong_secret".split():
            with self.subTest(name):
                getattr(self, "check_" + name)(c)

    def test_quota_by_get_only(self):
        self.red("quota", lambda m, p, q, s, b: (405, {"error": True, "message": "GET"}) if m == "POST" else None)

    def test_events_without_recommend(self):
        self.red("events", self.at("/events", self.without("recommend")))

    def test_null_in_a_padded_column(self):
        self.red("list", self.at("/train", lambda d: {"data": [dict(r, update_time=None) for r in d["data"]]}))

    def test_no_fds_keys(self):
        self.red("describe", self.at("/digits", self.without("fds_endpoint")))
        self.red("describe", self.at("/digits", self.without("hdfs_krb_account")))

    def test_no_authentication(self):
        self.red("wrong_secret", lambda m, p, q, s, b: (200, {"data": []}))

    def test_errors_as_html(self):
        self.red("refusals", lambda m, p, q, s, b: (s, b"<html>\n<b>no</b>\n</html>") if s >= 400 else None)

    def test_a_list_without_data(self):
        self.red("list", self.at("/train", lambda d: d["data"]))

    def test_quotas_as_numbers(self):
        self.red("quota", self.at("/quota", lambda d: {"data": [dict(r, train_gpu_quota=1) for r in d["data"]]}))

    def test_framework_behind_authentication(self):
        self.red("frameworks", lambda m, p, q, s, b: (401, {"error": True, "message": "Unauthorized"}) if p.endswith("/framework") else None)

    def test_204_after_delete(self):
        self.red("delete", lambda m, p, q, s, b: (204, b"") if m == "DELETE" else None)

    def test_wrong_echo(self):
        self.red("describe", self.at("/digits", lambda d: dict(d, job_args="--x 2")))

    def test_no_node_name(self):
        self.red("wide", self.at("/train", lambda d: {"data": [self.without("node_name")(r) for r in d["data"]]}))

    def test_null_metrics(self):
        self.red("metrics", self.at("/metrics", lambda d: dict(d, network_receive=None)))

    def test_no_best_trial(self):
        self.red("hp", self.at("/hyperparameters", lambda d: dict(d, best_trials=[])))

    def test_failure_as_error(self):
        c = self.through(fault=self.at("/breaks", lambda d: dict(d, state="error")))
        _, out = c.run("jobs", "describe", "breaks")
        self.assertFalse(any(s in self.fields(out).get("State", "") for s in STATE), out)

    def test_follow_as_json(self):
        text = json.dumps({"logs": "line 3\nline 4\n"}).encode()
        self.red("follow", raw=lambda p, a: b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(text) + text)

    def test_follow_cut_before_its_end(self):
        self.red("follow", raw=lambda p, a: a[:-len(b"0\r\n\r\n")] if b"chunked" in a else a)

    def test_lines_ignored(self):
        self.red("logs", ask=lambda m, p, head, body: (head.replace(b"?lines=2", b""), body), fault=lambda *a: None)

    def test_a_kind_that_is_refused(self):
        self.red("all", lambda m, p, q, s, b: (404, {"error": True, "message": "no"}) if p.endswith("/ceph") else None)


for version in environments.made():
    name = "Python" + version.replace(".", "_")
    globals()[name] = type(name, (On, Checks), {"VERSION": version, "__module__": __name__})
del Checks

if not environments.made():
    raise SystemExit("no environment of cloud-ml-sdk: make test-parts makes it (tests/parts/environments.py)")

if __name__ == "__main__":
    main()
