#!/usr/bin/python3
"""Packages that train jobs name: found, refused, bounded."""
import io
import os
import tarfile
import threading
import zlib

import support
from support import BASE, Client, Daemon, until
from train_kit import TRAIN, Case, tarball


class Packages(Case):
    """file:// packages at submit; uploads are in packages_test.py."""

    def path(self, name):
        return os.path.join(self.daemon.folder, name)

    def try_uri(self, uri, module="digits.train", name="pkg"):
        return self.client.post(TRAIN, {"job_name": name, "module_name": module, "trainer_uri": uri})

    def good(self):
        return tarball(self.path("digits-0.1.tar.gz"), {
            "PKG-INFO": "Name: digits\n", "digits/__init__.py": "",
            "digits/train.py": "import sys\nprint('args', sys.argv[1:])\n"})

    def test_module_runs(self):
        a = self.client.post(TRAIN, {"job_name": "mod", "module_name": "digits.train", "job_args": "--epochs '3 4'",
                                     "trainer_uri": "file://" + self.good()})
        self.assertEqual(a.status, 200, a)
        self.assertEqual(self.ended("mod")["state"], "completed", self.logs("mod"))
        self.assertEqual(self.logs("mod"), "args ['--epochs', '3 4']\n")

    def test_module_misspelt(self):
        a = self.try_uri("file://" + self.good(), "digits.trian")
        self.assertEqual(a.status, 422)
        self.assertEqual(a.message, "module digits.trian is not in digits-0.1.tar.gz; "
                                    "did you mean digits.train?")

    def test_not_a_package(self):
        plain = self.path("plain.tar.gz")
        with open(plain, "w") as f:
            f.write("hello")
        cut = self.path("cut.tar.gz")
        with open(self.good(), "rb") as f, open(cut, "wb") as g:
            g.write(f.read()[:100])
        for uri, word in (("file://" + plain, "archive"), ("file://" + cut, "archive"),
                          ("file:///nowhere/x.tar.gz", "nowhere"), ("file://" + self.daemon.folder, "not a file"),
                          ("https://host/x.tar.gz", "package://"), ("file://x", "from / on"),
                          ("package://01ARZ3NDEKTSV4RRFFQ69G5FAV", "no package")):
            a = self.try_uri(uri)
            self.assertEqual(a.status, 422, (uri, a))
            self.assertIn(word, a.message)

    def hostile(self, name, add):
        path = self.path(name)
        with tarfile.open(path, "w:gz") as tar:
            add(tar)
        a = self.try_uri("file://" + path)
        self.assertEqual(a.status, 422, (name, a))
        return a.message

    def entry(self, name, kind=tarfile.REGTYPE, link="", size=0):
        info = tarfile.TarInfo(name)
        info.type, info.linkname, info.size = kind, link, size
        return info

    def test_hostile(self):
        cases = {
            "absolute": (self.entry("/etc/passwd"), "absolute"),
            "dotdot": (self.entry("digits/../../x"), "leaves"),
            "symlink": (self.entry("digits/x", tarfile.SYMTYPE, "/etc"), "symbolic"),
            "hardlink": (self.entry("digits/x", tarfile.LNKTYPE, "digits/y"), "hard links"),
            "device": (self.entry("digits/x", tarfile.CHRTYPE), "devices"),
            "fifo": (self.entry("digits/x", tarfile.FIFOTYPE), "fifos"),
            "control": (self.entry("digits/\x1b[31m"), "control"),
        }
        for n, (info, word) in enumerate(cases.values()):
            self.assertIn(word, self.hostile(f"case{n}.tar.gz", lambda t: t.addfile(info)))

    def test_bombs(self):
        zeros = self.entry("digits/zeros", size=300 << 20)

        class Zeros(io.RawIOBase):
            def readable(self):
                return True

            def read(self, n=-1):
                return bytes(n)
        self.assertIn("more than 200 times its size", self.hostile("zeros.tar.gz", lambda t: t.addfile(zeros, Zeros())))

        def many(t):
            for i in range(20001):
                t.addfile(self.entry(f"digits/{i}"))
        self.assertIn("more than 20000 files and folders", self.hostile("case.tar.gz", many))

    def test_dictionaries(self):
        """A byte of an xz header asks for 1.5 GiB, which libarchive gives: 12 of them are 12 refusals."""
        path = self.path("large.tar.xz")
        with tarfile.open(path, "w:xz", preset=0) as tar:
            tar.addfile(self.entry("digits/zeros", size=8 << 20), io.BytesIO(bytes(8 << 20)))
        with open(path, "r+b") as f:
            head = bytearray(f.read(64))
            end = 12 + (head[12] + 1) * 4 - 4  # the block's header, 3.1 of the format
            head[16] = 37
            head[end:end + 4] = zlib.crc32(head[12:end]).to_bytes(4, "little")
            f.seek(0)
            f.write(head)
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(self.try_uri("file://" + path)))
                   for _ in range(12)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual([a.status for a in answers], [422] * 12)
        self.assertIn("more memory than the 40 MiB it may: pack it anew, as xz -6 does", answers[0].message)
        self.assertLess(self.daemon.peak(), 200 * 1024 * (8 if os.environ.get("SANITIZE") else 1))

    def test_bombs_by_setting(self):
        with Daemon(engine="local", args=["--private"],
                    settings=["packages.max_entries=30000", "packages.max_ratio=5000"]) as d:
            path = self.path("many.tar.gz")
            with tarfile.open(path, "w:gz") as tar:
                for i in range(20001):
                    tar.addfile(self.entry(f"digits/{i}.py"))
            c = Client(d.port, d.secret())
            self.assertEqual(c.get(BASE + "/version").json["packages"],
                             {"max_entries": 30000, "max_ratio": 5000})
            a = c.post(TRAIN, {"job_name": "many", "trainer_uri": "file://" + path,
                               "command": ["true"]})
            self.assertEqual(a.status, 200, a)
            until(lambda: c.get(TRAIN + "/many").json["state"] == "completed", "its end")

    def test_those_that_wait_are_bounded(self):
        """One org's slow packages hold neither memory without end nor the room of others' bodies."""
        path = self.path("slow.tar.gz")
        with tarfile.open(path, "w:gz", compresslevel=1) as tar:
            for i in range(3):
                tar.addfile(self.entry(f"digits/{i}", size=80 << 20), io.BytesIO(bytes(80 << 20)))
        with Daemon(engine="fake", settings=support.FREE + ("packages.file_roots=" + self.daemon.folder,)) as d:
            alphas = [d.client(org="alpha", role="operator", name=f"alpha-{i}") for i in range(5)]
            beta = d.client(org="beta", role="operator")
            big, waiting = "x" * 240000, []
            for n in range(300):
                waiting.append(support.Socket(d.port))
                waiting[-1].send(alphas[n % 5].bytes_of("POST", TRAIN, body={
                    "job_name": f"slow-{n}", "trainer_uri": "file://" + path, "command": ["true"], "log_path": big}))
                if n % 16 == 0:  # so that it reads what was sent before more comes
                    self.assertEqual(beta.get("/healthz").status, 200)
            answer = waiting[-1].answer()
            self.assertEqual(answer.status, 429, answer)
            self.assertIn("wait for their packages", answer.message)
            self.assertEqual(beta.post(TRAIN, {"job_name": "b", "command": ["true"], "log_path": big}).status, 200)
            for s in waiting:
                s.close()

    def test_twice(self):
        def twice(t):
            t.addfile(self.entry("digits/x.py"))
            t.addfile(self.entry("digits/x.py"))
        self.assertIn("twice", self.hostile("case.tar.gz", twice))


if __name__ == "__main__":
    support.main()
