#!/usr/bin/python3
"""Uploads: in parts, resumed, repeated, refused; and jobs that run what was uploaded."""
import gzip
import hashlib
import io
import os
import tarfile
import unittest

import support
from support import BASE, Client, Daemon, until

PACKAGES = BASE + "/packages"
TRAIN = BASE + "/train"


def package(size=0):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, data in (("pkg-1/hello.py", b"print('hello from a package')\n"),
                           ("pkg-1/random.bin", os.urandom(size))):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


class Uploads(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon(engine="local", args=["--private"])
        cls.client = Client(cls.daemon.port, cls.daemon.secret())

    @classmethod
    def tearDownClass(cls):
        cls.daemon.close()

    def announce(self, data, **more):
        body = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest(), "name": "pkg-1.tar.gz"}
        a = self.client.post(PACKAGES, dict(body, **more))
        self.assertEqual(a.status, 200, a)
        return a.json

    def put(self, k, data, offset):
        return self.client.put(f"{PACKAGES}/{k['id']}", data, query={"offset": str(offset)})

    def upload(self, data):
        k = self.announce(data)
        for at in range(0, len(data), 4 << 20):
            a = self.put(k, data[at:at + (4 << 20)], at)
            self.assertEqual(a.status, 200, a)
        return a.json

    def test_whole(self):
        data = package(6 << 20)
        k = self.upload(data)
        self.assertTrue(k["complete"])
        with open(f"{self.daemon.state}/packages/{k['id']}", "rb") as f:
            self.assertEqual(f.read(), data)
        a = self.client.post(TRAIN, {"job_name": "up", "module_name": "hello", "trainer_uri": k["uri"]})
        self.assertEqual(a.status, 200, a)
        j = until(lambda: (lambda x: x if x["state"] in ("completed", "failed", "error") else None)(
            self.client.get(f"{TRAIN}/up").json), "end")
        self.assertEqual(j["state"], "completed", j)
        self.assertEqual(self.client.get(f"{TRAIN}/up/logs").json["logs"], "hello from a package\n")
        # The same bytes again need no upload.
        self.assertEqual(self.announce(data)["id"], k["id"])

    def test_what_is_wrong_with_it_is_said_at_submit(self):
        """By its name: where the platform keeps it is nobody's matter."""
        text, deep = io.BytesIO(), io.BytesIO()
        with gzip.GzipFile(fileobj=text, mode="wb") as f:
            f.write(b"no archive " * 999)
        with tarfile.open(fileobj=deep, mode="w:gz") as t:
            t.addfile(tarfile.TarInfo("d/" * 128 + "f"))
        for data, why in ((text.getvalue(), "not a whole tar archive"), (deep.getvalue(), "nested deeper than 127"),
                          (package(1000)[:-400], "pkg-1.tar.gz")):
            k = self.upload(data)
            for body in ({"command": ["true"]}, {"module_name": "hello"}):
                a = self.client.post(TRAIN, {"job_name": "wrong", "trainer_uri": k["uri"], **body})
                self.assertEqual(a.status, 422, a)
                self.assertIn(why, a.message)
                self.assertNotIn(self.daemon.state, a.message)

    def test_the_same_bytes_of_another_org(self):
        """What is remembered of them tells nobody what others call them."""
        data = package(1000)
        with Daemon(engine="fake") as d:
            for org, name in (("one", "secret-plan.tar.gz"), ("two", "mine.tar.gz")):
                self.client = d.client(org=org, role="operator")
                k = self.announce(data, name=name)
                self.assertEqual(self.put(k, data, 0).status, 200)
                for _ in range(2):
                    a = self.client.post(TRAIN, {"job_name": "j", "trainer_uri": k["uri"], "module_name": "absent"})
                    self.assertEqual(a.status, 422, a)
                    self.assertIn(f"module absent is not in {name}", a.message)

    def test_resumed_over_a_restart(self):
        data = package(1 << 20)
        k = self.announce(data)
        self.assertEqual(self.put(k, data[:500000], 0).json["received"], 500000)
        self.daemon.stop()
        self.daemon.start()
        type(self).client = Client(self.daemon.port, self.client.key)
        state = self.client.get(f"{PACKAGES}/{k['id']}").json
        self.assertEqual((state["received"], state["complete"]), (500000, False))
        self.assertEqual(self.put(k, data[400000:600000], 400000).json["received"], 600000)
        self.assertTrue(self.put(k, data[600000:], 600000).json["complete"])

    def test_wrong_bytes(self):
        data = package()
        k = self.announce(data)
        a = self.put(k, data[:-1] + bytes([data[-1] ^ 1]), 0)
        self.assertEqual(a.status, 422)
        self.assertIn("SHA-256", a.message)
        self.assertEqual(self.client.get(f"{PACKAGES}/{k['id']}").json["received"], 0)
        self.assertTrue(self.put(k, data, 0).json["complete"])
        self.assertEqual(self.put(k, data, 0).status, 409)

    def test_a_wrong_module_is_told_with_the_files_name(self):
        """Not with the package's uid; once looked into, the same question is answered from memory."""
        k = self.upload(package(1))
        answers = set()
        for _ in range(3):
            a = self.client.post(TRAIN, {"job_name": "wrong", "module_name": "helo", "trainer_uri": k["uri"]})
            answers.add((a.status, a.message))
        self.assertEqual(answers, {(422, "module helo is not in pkg-1.tar.gz; did you mean hello?")})

    def test_refused(self):
        sha = "0" * 64
        for body, field in (({"size": 0, "sha256": sha, "name": "x"}, "size"), ({"sha256": sha, "name": "x"}, "size"),
                            ({"size": 1, "sha256": "0", "name": "x"}, "sha256"), ({"size": 1, "sha256": sha}, "name"),
                            ({"size": 1, "sha256": sha, "name": "../x"}, "name"), ([], "size")):
            a = self.client.post(PACKAGES, body)
            self.assertEqual((a.status, field in a.message), (400, True), (body, a))
        self.assertEqual(self.client.post(PACKAGES, {"size": 1 << 40, "sha256": sha, "name": "x"}).status, 413)
        k = self.announce(b"1234", sha256=sha)
        self.assertEqual(self.put(k, b"12345", 0).status, 422)
        self.assertEqual(self.put(k, b"1", 2).status, 409)
        self.assertEqual(self.put(k, b"", 0).status, 400)
        self.assertEqual(self.put({"id": "0" * 26}, b"1", 0).status, 404)
        a = self.client.post(TRAIN, {"job_name": "part", "module_name": "hello", "trainer_uri": k["uri"]})
        self.assertEqual((a.status, "not complete" in a.message), (422, True), a)
        self.assertEqual(self.client.put(f"{PACKAGES}/{k['id']}", bytes(5 << 20), query={"offset": "0"}).status, 422)

    def test_delete(self):
        k = self.upload(package(100))
        self.client.post(TRAIN, {"job_name": "uses", "module_name": "hello", "trainer_uri": k["uri"],
                                 "prepare_command": "sleep 1000"})
        self.assertEqual(self.client.delete(f"{PACKAGES}/{k['id']}").status, 409)
        self.client.delete(f"{TRAIN}/uses")
        until(lambda: self.client.delete(f"{PACKAGES}/{k['id']}").status == 200, "deleted")
        self.assertEqual(self.client.get(f"{PACKAGES}/{k['id']}").status, 404)
        self.assertFalse(os.path.exists(f"{self.daemon.state}/packages/{k['id']}"))


class Keep(unittest.TestCase):
    def test_old_packages_go(self):
        with Daemon(engine="fake", settings=["packages.keep=1ms"]) as d:
            c = d.client(org="o", role="operator")

            def make(n):
                return c.post(PACKAGES, {"size": 4, "sha256": f"{n:064x}", "name": "x.tar.gz"}).json["id"]
            first = make(1)
            # Each announcement sweeps; the first must be a millisecond old by one of them.
            until(lambda: make(2) and c.get(f"{PACKAGES}/{first}").status == 404, "the first is gone")


class Roots(unittest.TestCase):
    def test_shared_platform_reads_only_its_roots(self):
        with Daemon(engine="fake", settings=[]) as d:
            inside, outside = d.folder + "/in", d.folder + "/out"
            for folder in (inside, outside):
                os.mkdir(folder)
                with open(folder + "/p.tar.gz", "wb") as f:
                    f.write(package())
            os.symlink(outside + "/p.tar.gz", inside + "/link.tar.gz")
            c = d.client(org="o", role="operator")

            def submit(path):
                return c.post(TRAIN, {"job_name": "r", "module_name": "hello", "trainer_uri": "file://" + path})
            self.assertEqual(submit(inside + "/p.tar.gz").status, 422)
            d.stop()
            d.settings.append("packages.file_roots=" + inside)
            d.start()
            c = Client(d.port, c.key)
            absent = submit(outside + "/absent.tar.gz").message.replace("absent", "p")
            self.assertEqual(submit(outside + "/p.tar.gz").message, absent)
            self.assertEqual(submit(inside + "/link.tar.gz").status, 422)
            self.assertEqual(submit(inside + "/../out/p.tar.gz").status, 422)
            self.assertEqual(submit(inside + "/p.tar.gz").status, 200)


if __name__ == "__main__":
    support.main()
