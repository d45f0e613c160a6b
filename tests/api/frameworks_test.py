"""Frameworks side by side: a catalogue of YAML, from which a job's framework and version choose what runs it."""
import os
import signal
import subprocess
import unittest

import support
from kit.daemon import MLTOPD
from support import BASE, FREE, LIMIT, until
from train_kit import tarball

TRAIN = BASE + "/train"


class Catalogue(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # Private: tasks of orgs have a /tmp of their own, and would not see what a test makes there.
        cls.daemon = d = support.Daemon(engine="local", args=["--private"], settings=FREE)
        cls.addClassCleanup(d.close)
        d.stop()
        for name in ("one", "two"):
            os.makedirs(f"{d.folder}/{name}/bin")
            with open(f"{d.folder}/{name}/bin/python3", "w", encoding="utf-8") as f:
                f.write(f"#!/bin/sh\necho this is {name}\nexec /usr/bin/python3 \"$@\"\n")
            os.chmod(f"{d.folder}/{name}/bin/python3", 0o755)
        cls.file = d.folder + "/frameworks.yaml"
        cls.write(f"torch:\n  '1.9':\n    prefix: {d.folder}/one\n  '2.1':\n    python: {d.folder}/two/bin/python3\n"
                  "boxed:\n  1.0.0:\n    image: localhost/boxed:1\n")
        d.settings.append("frameworks.catalogue=" + cls.file)
        d.start()
        cls.client = support.Client(d.port, d.secret())
        cls.uri = "file://" + tarball(d.folder + "/p.tar.gz", {"setup.py": "", "digits/__init__.py": "",
                                                               "digits/train.py": "print('ran')"})

    @classmethod
    def write(cls, text):
        with open(cls.file, "w", encoding="utf-8") as f:
            f.write(text)

    def post(self, name, **more):
        return self.client.post(TRAIN, dict({"job_name": name}, **more))

    def log_of(self, name):
        until(lambda: self.client.get(f"{TRAIN}/{name}").json["state"] in ("completed", "failed"), f"the end of {name}")
        return self.client.get(f"{TRAIN}/{name}/logs").json["logs"]

    def test_list_is_open(self):
        listed = self.client.get(BASE + "/framework", sign=False).json
        self.assertEqual((listed["torch"], listed["boxed"]), (["1.9", "2.1"], ["1.0.0"]))
        self.assertIn("python", listed)

    def test_chosen(self):
        for name, version, asked in (("old", "1.9", "1.9"), ("new", "2.1", "2.1"), ("newest", "2.1", None)):
            made = self.post(name, framework="torch", framework_version=asked, command=["python3", "-c", "print('ran')"])
            self.assertEqual(made.status, 200, made)
            self.assertEqual((made.json["framework"], made.json["framework_version"]), ("torch", version))
            self.assertEqual(self.log_of(name), f"this is {'one' if version == '1.9' else 'two'}\nran\n")

    def test_without_one(self):
        self.assertEqual(self.post("plain", command=["python3", "-c", "print('ran')"]).status, 200)
        self.assertEqual(self.log_of("plain"), "ran\n")

    def test_wrong_names(self):
        for more, field, says in (({"framework": "tensor"}, "framework", "torch, boxed"),
                                  ({"framework": "torch", "framework_version": "3"}, "framework_version", "1.9, 2.1"),
                                  ({"framework_version": "1.9"}, "framework", "name it")):
            answer = self.post("wrong", command=["true"], **more)
            self.assertEqual((answer.status, answer.json["field"]), (422, field), answer)
            self.assertIn(says, answer.message)
        self.assertEqual(self.client.get(TRAIN + "/wrong").status, 404)

    def check(self, text):
        path = self.daemon.folder + "/other.yaml"
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return subprocess.run([MLTOPD, "--check-config", "--set", "frameworks.catalogue=" + path],
                              capture_output=True, timeout=LIMIT, check=False, env=self.daemon.env)

    def test_mistakes_are_told_with_their_line(self):
        for text, line, says in (
                ("torch:\n  '1':\n    prefix: /nothing/here\n", 2, "there is no program /nothing/here/bin/python3"),
                ("torch:\n  '1':\n    prefix: here\n", 2, "from / on"), ("torch:\n  '1': /usr\n", 2, "give one of"),
                ("torch:\n  '1':\n    prefix: /usr\n    image: x\n", 2, "give one of"), ("torch:\n", 1, "versions"),
                ("a b:\n  '1':\n    prefix: /usr\n", 1, "letters"), ("- torch\n", 1, "NAME")):
            done = self.check(text)
            self.assertNotEqual(done.returncode, 0, text)
            self.assertIn(f"other.yaml:{line}: ", done.stderr.decode(), text)
            self.assertIn(says, done.stderr.decode(), text)
        self.assertEqual(self.check("torch:\n  '1':\n    prefix: /usr\n").returncode, 0)
        self.assertEqual(self.check("").returncode, 0)

    def test_reload(self):
        with support.Daemon(engine="local", settings=FREE) as d:
            d.stop()
            path = d.folder + "/f.yaml"
            with open(path, "w", encoding="utf-8") as f:
                f.write("torch:\n  '1':\n    prefix: /usr\n")
            d.settings.append("frameworks.catalogue=" + path)
            d.start()
            c = d.client(role="operator")
            self.assertEqual(c.get(BASE + "/framework").json["torch"], ["1"])
            with open(path, "w", encoding="utf-8") as f:
                f.write("torch:\n  '1':\n    prefix: /usr\n  '2':\n    prefix: /usr\n")
            d.process.send_signal(signal.SIGHUP)
            until(lambda: c.get(BASE + "/framework").json["torch"] == ["1", "2"], "the new version")
            with open(path, "w", encoding="utf-8") as f:
                f.write("torch: nonsense\n")
            d.process.send_signal(signal.SIGHUP)
            until(lambda: "f.yaml:1" in d.log_text(), "the refusal")
            self.assertEqual(c.get(BASE + "/framework").json["torch"], ["1", "2"])


if __name__ == "__main__":
    support.main()
