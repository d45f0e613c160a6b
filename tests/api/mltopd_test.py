#!/usr/bin/python3
"""The daemon's command line: its verbs, its configuration, the folder that it is given."""
import json
import os
import re
import subprocess
import tempfile
import unittest

import support
from support import BASE, LIMIT, MLTOPD, Daemon


class Verbs(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR"))
        self.state = self.folder.name + "/state"

    def tearDown(self):
        self.folder.cleanup()

    def run_it(self, *args, env=None):
        return subprocess.run([MLTOPD, *args], capture_output=True, timeout=LIMIT, env=env)

    def verb(self, *args):
        return self.run_it(*args, "--state-dir", self.state)

    def test_key_without_a_daemon(self):
        out = self.verb("key", "create", "--org", "o", "--role", "viewer", "--name", "n")
        self.assertEqual(out.returncode, 0, out)
        made = json.loads(out.stdout)
        self.assertEqual({k: made[k] for k in ("org", "org_id", "role", "name", "read_only")},
                         {"org": "o", "org_id": "1", "role": "viewer", "name": "n", "read_only": False})
        self.assertEqual((len(made["access_key"]), len(made["secret_key"])), (20, 43))
        self.assertEqual(os.stat(self.state).st_mode & 0o777, 0o700)
        for name in ("store.db", "master.key"):
            self.assertEqual(os.stat(f"{self.state}/{name}").st_mode & 0o777, 0o600)
        self.assertIn(made["access_key"].encode(), self.verb("key", "list").stdout)
        self.assertNotIn(made["secret_key"].encode(), self.verb("key", "list").stdout)
        self.assertEqual(self.verb("key", "disable", made["access_key"]).returncode, 0)
        self.assertEqual(self.verb("key", "disable", "X").returncode, 1)
        self.assertEqual(self.verb("key", "create", "--org", "o", "--role", "boss").returncode, 1)
        out = self.verb("key", "create", "--org", "none", "--role", "boss")
        self.assertEqual((out.returncode, out.stdout), (1, b""), out)
        self.assertIn(b"viewer, operator, quota-admin or admin", out.stderr)
        self.assertNotIn(b'"none"', self.verb("org", "list").stdout)
        self.assertEqual(self.verb("key", "create", "--org", "o").returncode, 2)
        self.assertEqual(self.verb("key", "create", "--org", "o", "--role", "viewer", "--name", "n" * 64).returncode, 1)
        second = json.loads(self.verb("key", "rotate", made["access_key"]).stdout)
        self.assertEqual((second["name"], second["role"]), ("n", "viewer"))
        self.assertNotEqual(second["secret_key"], made["secret_key"])
        self.assertEqual(self.verb("key", "steal").returncode, 2)
        self.assertEqual(self.verb("org", "create", "p").returncode, 0)
        self.assertEqual(self.verb("org", "create", "p").returncode, 1)
        self.assertEqual(self.verb("store", "check").returncode, 0)
        self.assertEqual(self.verb("audit", "verify").returncode, 0)

    def test_local_changes_are_audited(self):
        """As changes over HTTP are: whoever asked, of the org that it is about."""
        made = json.loads(self.verb("key", "create", "--org", "o", "--role", "viewer").stdout)
        self.assertEqual(self.verb("key", "disable", made["access_key"]).returncode, 0)
        with Long(self.state) as d:
            self.assertEqual(d.verb("key", "create", "--org", "o", "--role", "viewer").returncode, 0)
            rows = [r["record"] for r in reversed(d.client(org="o").get(BASE + "/audit").json["data"])][:-1]
        self.assertEqual([r["action"] for r in rows], ["org.create", "key.create", "key.disable", "key.create"])
        self.assertEqual([r["org_id"] for r in rows][1:], [made["org_id"]] * 3)
        self.assertEqual([r["key_name"] for r in rows][:3], ["command line"] * 3)
        self.assertEqual(rows[3]["key_name"], f"control socket, user {os.getuid()}")

    def test_mistyped_verbs_do_nothing(self):
        """A flag that is passed over would make a key that may do more than was wanted."""
        create = ["key", "create", "--org", "o", "--role", "viewer"]
        made = json.loads(self.verb(*create).stdout)["access_key"]
        before = self.verb("key", "list").stdout
        for words in (create + ["--readonly"], create + ["--read-only=no"], create + ["extra"],
                      create + ["--name"], create + ["--name", "--read-only"], create + ["-r"],
                      ["key", "disable"], ["key", "disable", made, "other"],
                      ["key", "disable", made, "--now"], ["key", "list", "o"], ["org", "create"],
                      ["org", "create", "a", "b"], ["backup"], ["audit", "verify", "all"]):
            out = self.verb(*words)
            self.assertEqual((out.returncode, out.stdout), (2, b""), words)
            self.assertIn(f"`mltopd {words[0]} ".encode(), out.stderr, words)
        self.assertEqual(self.verb("key", "list").stdout, before)
        self.assertNotIn(b'"a"', self.verb("org", "list").stdout)

    def test_no_secret_on_the_disk(self):
        made = json.loads(self.verb("key", "create", "--org", "o", "--role", "viewer").stdout)
        for name in os.listdir(self.state):
            with open(f"{self.state}/{name}", "rb") as f:
                self.assertNotIn(made["secret_key"].encode(), f.read(), name)

    def test_open_folder_refused(self):
        os.mkdir(self.state, 0o755)
        out = self.verb("org", "list")
        self.assertEqual(out.returncode, 1)
        self.assertIn(b"0700".replace(b"0700", b"chmod 700"), out.stderr)

    def test_long_path(self):
        self.state = self.folder.name + "/" + "/".join(["d" * 60] * 4)
        with Long(self.state) as d:
            self.assertEqual(self.verb("org", "create", "o").returncode, 0)
            self.assertIn(b'"o"', d.verb("org", "list").stdout)

    def test_config(self):
        path = self.folder.name + "/c.yaml"

        def check(text, *more):
            with open(path, "w") as f:
                f.write(text)
            return self.run_it("--config", path, "--check-config", *more)
        good = "listen: 127.0.0.1:0\nfake:\n  gpus: 3\npackages:\n  file_roots: [/a, /b]\nprivate: yes\n"
        self.assertEqual(check(good).returncode, 0, check(good))
        for text, line, word in (("listen: 127.0.0.1:0\nfake:\n  job: 3\n", 3, "no such setting"),
                                 ("\n\nengine: slurm\n", 3, "local"), ("fake: {gpus: -1}\n", 1, "0 to 1024"),
                                 ("a: &x 1\n", 1, "anchors"), ("listen: [1]\n", 1, "listen is an array"),
                                 ("engine: local\nlimits:\n  conections: 5\n", 3, "did you mean limits.connections?"),
                                 ("fake: 3\n", 1, "no such setting"), ("listen:\n", 1, "no value"),
                                 ("limits: {" + "x" * 90 + ": 1}\n", 1, "no such setting"),
                                 ("listen: a\nlisten: b\n", 2, "twice"), ("x: {y: [\n", 2, "")):
            out = check(text)
            self.assertEqual(out.returncode, 2, text)
            self.assertRegex(out.stderr.decode(), rf"c\.yaml:{line}: .*{word}")
        self.assertIn(b"TLS", check("listen: 0.0.0.0:80\n").stderr)
        self.assertEqual(check("listen: 0.0.0.0:80\n", "--insecure-listen").returncode, 0)
        self.assertIn(b"no such setting", self.run_it("--set", "fake.job=1", "--check-config").stderr)
        self.assertEqual(self.run_it("--wrong").returncode, 2)
        self.assertEqual(self.run_it("--set", "idle_exit=1x", "--check-config").returncode, 2)
        for words in (("--set", "no\x1b[2Je=1", "--check-config"), ("--set", "limits.per_key=\x1b]0;x\x07", "--check-config"),
                      ("\x1b[2J",), ("--\x1b[2J",), ("--config", "/no\x1b[2J", "--check-config")):
            p = self.run_it(*words)
            self.assertNotEqual(p.returncode, 0, words)
            self.assertEqual([c for c in p.stderr if c < 32 and c != 10], [], p.stderr)

    def test_every_setting(self):
        """Of each the default and, where there are limits, these are taken and what is beyond is not."""
        page = self.run_it("docs", "config").stdout.decode()
        rows = re.findall(r"^\| `([^`]+)` \| [^|]* \| ([^|]*) \| ([^|]*) \| ([^|]*) \| ", page, re.M)
        self.assertGreater(len(rows), 40)
        self.assertEqual(len({r[0] for r in rows}), len(rows))
        path, sets = self.folder.name + "/all.yaml", []
        tree = {}
        for name, given, values, standard in rows:
            self.assertIn(given, ("new", "new, edit"), name)
            sets += ["--set", f"{name}={standard}"]
            section = tree
            for part in name.split(".")[:-1]:
                section = section.setdefault(part, {})
            section[name.split(".")[-1]] = standard
        with open(path, "w") as f:
            json.dump(tree, f)  # JSON is YAML
        out = self.run_it("--config", path, *sets, "--check-config")
        self.assertEqual(out.returncode, 0, out)
        for name, _, values, _ in rows:
            limits = re.fullmatch(r"(-?\d+) to (\d+)", values)
            for n in limits.groups() if limits else ():
                self.assertEqual(self.run_it("--set", f"{name}={n}", "--check-config").returncode, 0, (name, n))
            for n in (int(limits[1]) - 1, int(limits[2]) + 1) if limits else ():
                out = self.run_it("--set", f"{name}={n}", "--check-config")
                self.assertEqual(out.returncode, 2, (name, n))
                self.assertIn(name.encode(), out.stderr)


class Long(Daemon):
    """A daemon on a folder whose path does not fit a socket's address."""

    def __init__(self, state):
        self._state = state
        super().__init__(engine="fake", settings=[])

    @property
    def state(self):
        return self._state

    @state.setter
    def state(self, value):
        pass


if __name__ == "__main__":
    support.main()
