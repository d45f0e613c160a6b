"""Packages and folders that go along with a job to a platform elsewhere."""
import io
import os
import pty
import random
import signal
import socket
import struct
import subprocess
import sys
import tarfile
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import LIMIT, MLTOP, Case, Shared, main, until  # noqa: E402


def write(folder, files):
    """Files by name; text, bytes, or ("link", target)."""
    for name, what in files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if isinstance(what, tuple):
            os.symlink(what[1], path)
        else:
            with open(path, "wb") as f:
                f.write(what if isinstance(what, bytes) else what.encode())


def sdist(path, module, text):
    with tarfile.open(path, "w:gz") as tar:
        for name, data in ((f"pkg-1/{module}.py", text),):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data.encode()))


class OnShared(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.p = Shared()

    @classmethod
    def tearDownClass(cls):
        cls.p.close()

    def folder(self, files=()):
        path = os.path.join(self.p.folder, self.id().rsplit(".", 1)[-1])
        os.makedirs(path)
        write(path, dict(files))
        return path

    def ok(self, *words, **more):
        r = self.p.mltop(*words, **more)
        self.assertEqual((r.code, r.err), (0, ""), f"mltop {' '.join(words)}: {r.err}")
        return r

    def refused(self, code, words, sentence, **more):
        r = self.p.mltop(*words, **more)
        self.assertEqual((r.code, r.out, len(r.err.splitlines())), (code, "", 1), r.err)
        self.assertTrue(r.err.startswith("mltop: "), r.err)
        self.assertIn(sentence, r.err)


class Run(OnShared):
    def test_the_folder_goes_along(self):
        folder = self.folder({"train.py": "import helper; print(helper.WORD)", "helper.py": "WORD = 'packed'",
                              "data/x.txt": "inside\n", "bin/go": "#!/bin/sh\ncat data/x.txt\n"})
        os.chmod(folder + "/bin/go", 0o755)
        r = self.p.mltop("run", "--", "python3", "train.py", cwd=folder)
        self.assertEqual((r.code, r.out), (0, "packed\n"), r.err)
        r = self.p.mltop("run", "--", "./bin/go", cwd=folder)
        self.assertEqual((r.code, r.out), (0, "inside\n"), r.err)

    def test_exit_code_and_only_the_environment_that_was_given(self):
        folder = self.folder({"x": "y"})
        r = self.p.mltop("run", "--env", "MINE=a b", "--env", "TAKEN", "--", "sh", "-c",
                         'echo "$MINE/$TAKEN/$VIRTUAL_ENV/$CONDA_PREFIX"; basename "$PWD"; exit 7', cwd=folder,
                         TAKEN="here", VIRTUAL_ENV="/venv", CONDA_PREFIX="/conda")
        self.assertEqual((r.code, r.out), (7, "a b/here//\n" + os.path.basename(folder) + "\n"), r.err)

    def test_what_is_sent(self):
        folder = self.folder({"a": "b"})
        name = self.ok("run", "-d", "--name", "sent", "-c", "0.5", "--", "sh", "-c", "true", cwd=folder).out.strip()
        job = self.ok("jobs", "describe", name, "--json").json
        self.assertRegex(job["trainer_uri"], r"^package://[0-9A-Z]{26}$")
        self.assertNotIn("work_dir", {k for k, v in job.items() if v})
        self.assertFalse(job.get("env"))

    def test_what_stays_behind(self):
        folder = self.folder({
            ".mltopignore": "# comment\n\n*.log\n!keep.log\n/build\ndata/\n?.tmp\nsub/*.bin\n",
            "keep.log": "", "drop.log": "", "sub/drop.log": "", "build/out": "", "sub/build/in": "",
            "data/big": "", "sub/data/big": "", "a.tmp": "", "ab.tmp": "", "sub/x.bin": "", "x.bin": "",
            ".git/config": "", "__pycache__/m.pyc": "", "m.pyc": "", "sub/data.txt": ""})
        r = self.p.mltop("run", "--", "find", ".", "-type", "f", cwd=folder)
        self.assertEqual(sorted(r.out.split()), sorted([
            "./.mltopignore", "./keep.log", "./sub/build/in", "./ab.tmp", "./x.bin", "./sub/data.txt"]), r.err)

    def test_the_standard_patterns_can_be_taken_back(self):
        folder = self.folder({".mltopignore": "!keep.pyc\n", "keep.pyc": "1", "drop.pyc": "2"})
        r = self.p.mltop("run", "--", "ls", cwd=folder)
        self.assertEqual(r.out, "keep.pyc\n", r.err)

    def test_links_inside_are_copies(self):
        folder = self.folder({"real/x": "1\n", "file": ("link", "real/x"), "folder": ("link", "real")})
        r = self.p.mltop("run", "--", "cat", "file", "folder/x", cwd=folder)
        self.assertEqual((r.code, r.out), (0, "1\n1\n"), r.err)

    def test_what_is_refused(self):
        """A sentence that names it; nothing is submitted."""
        def make(path, what):
            if what == "fifo":
                os.mkfifo(path)
            elif what == "socket":
                socket.socket(socket.AF_UNIX).bind(path)
            else:
                os.symlink(what, path)
        before = len(self.ok("jobs", "list", "-o", "name").out.split())
        for name, what, word in (("pipe", "fifo", "a fifo"), ("sock", "socket", "a socket"),
                                 ("out", "/etc/passwd", "leads out of the folder"),
                                 ("up", "..", "leads out of the folder"), ("none", "nothing", "a link to nothing"),
                                 ("circle", ".", "a folder that holds it"), ("a\nb", "fifo", "control character")):
            with self.subTest(name=name):
                folder = self.p.folder + f"/refused-{word.split()[-1]}-{len(name)}{name[0]}"
                os.makedirs(folder)
                make(folder + "/" + name, what)
                self.refused(125, ["run", "--", "true"], word, cwd=folder)
                if "\n" not in name:
                    write(folder, {".mltopignore": name + "\n"})
                    self.assertEqual(self.p.mltop("run", "--", "true", cwd=folder).code, 0)
        self.assertEqual(len(self.ok("jobs", "list", "-o", "name").out.split()), before + 6)

    def test_a_broken_ignore_file(self):
        folder = self.folder({".mltopignore": "fine\n[z\n"})
        self.refused(125, ["run", "--", "true"], ".mltopignore: line 2: '[' has no ']'", cwd=folder)

    def test_too_many_files(self):
        folder = self.folder({})
        for i in range(20001):
            os.close(os.open(f"{folder}/{i}", os.O_CREAT, 0o600))
        self.refused(125, ["run", "--", "true"], "more than 20000 files and folders", cwd=folder)

    def test_too_many_bytes(self):
        folder = self.folder({})
        with open(folder + "/hole", "wb") as f:
            f.truncate((2 << 30) + 1)
        self.refused(125, ["run", "--", "true"], "more than 2048 MiB", cwd=folder)

    def test_equal_folders_are_one_package(self):
        one = self.folder({"b/x": "same", "a": "files"})
        two = self.p.folder + "/again/" + os.path.basename(one)
        write(two, {"a": "files", "b/x": "same"})
        os.utime(two + "/a", (1, 1))
        count = len(self.p.packages())
        for folder in (one, two):
            self.assertEqual(self.p.mltop("run", "--", "true", cwd=folder).code, 0)
        self.assertEqual(len(self.p.packages()), count + 1)

    def test_names_that_are_not_ascii(self):
        folder = self.folder({"größe/数据.txt": "ü\n"})
        for locale in ("C", "C.UTF-8"):
            r = self.p.mltop("run", "--", "cat", "größe/数据.txt", cwd=folder, LC_ALL=locale)
            self.assertEqual((r.code, r.out), (0, "ü\n"), r.err)


class Submit(OnShared):
    def submit(self, name, uri, *more, **how):
        return self.p.mltop("jobs", "submit", "--job-name", name, "--module-name", "train", "--trainer-uri", uri,
                            *more, **how)

    def done(self, name, out):
        r = self.ok("logs", "-f", name, "--exit-code")
        self.assertEqual(r.out, out)

    def test_a_file(self):
        folder = self.folder()
        sdist(folder + "/train-1.tar.gz", "train", "print('from a file')")
        for i, uri in enumerate(("./train-1.tar.gz", f"file://{folder}/train-1.tar.gz", folder + "/train-1.tar.gz")):
            r = self.submit(f"file-{i}", uri, cwd=folder)
            self.assertEqual((r.code, r.err), (0, ""))
            self.done(f"file-{i}", "from a file\n")
        uris = {self.ok("jobs", "describe", f"file-{i}", "--json").json["trainer_uri"] for i in range(3)}
        self.assertEqual(len(uris), 1, "the same bytes are sent once")
        self.assertTrue(uris.pop().startswith("package://"))

    def test_a_folder(self):
        folder = self.folder({"train.py": "print('from a folder')", "skipped": "x", ".mltopignore": "skipped\n"})
        self.assertEqual(self.submit("folder", folder).code, 0)
        self.done("folder", "from a folder\n")

    def test_in_a_file_of_fields(self):
        folder = self.folder({"code/train.py": "print('by yaml')",
                              "job.yaml": "job_name: by-yaml\nmodule_name: train\ntrainer_uri: ./code\n"})
        self.ok("jobs", "submit", "job.yaml", cwd=folder)
        self.done("by-yaml", "by yaml\n")

    def test_what_goes_along_is_said_at_a_terminal(self):
        folder = self.folder({"train.py": "print('here')\n", "data/big.bin": random.Random(1).randbytes(3 << 20)})
        mother, child = pty.openpty()
        done = subprocess.Popen([MLTOP, "run", "--name", "told", "--", "python3", "train.py"], env=self.p.person,
                                cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=child, text=True)
        os.close(child)
        seen = b""
        try:
            while data := os.read(mother, 65536):
                seen += data
        except OSError:
            pass  # EIO: the other side is closed
        out, _ = done.communicate(timeout=LIMIT)
        os.close(mother)
        self.assertEqual((done.returncode, out), (0, "here\n"), seen)
        self.assertIn(b"mltop: sending 2 files, 3.0 MiB (3.0 MiB packed); biggest: data/big.bin 3.0 MiB, train.py 14 bytes\r\n",
                      seen)

    def test_a_package_by_itself(self):
        """Uploaded, listed, used, kept while a job needs it, deleted."""
        folder = self.folder({"train.py": "print('packaged')\n"})
        uri = self.ok("packages", "create", folder).out.strip()
        self.assertRegex(uri, r"^package://\S+$")
        rows = self.ok("packages", "list", "--json").json["data"]
        name, = [r["name"] for r in rows if r["uri"] == uri]
        self.assertEqual(self.ok("packages", "list", "-o", "csv", "--columns", "name", "--filter", f'"{name}"',
                                 "--no-headers").out, f"{name}\n")
        uid, = [r["id"] for r in rows if r["uri"] == uri]
        self.assertEqual(self.ok("packages", "describe", uid, "--json").json["uri"], uri)
        self.ok("packages", "delete", "-y", uid)
        self.assertNotIn(uri, self.ok("packages", "list", "--json").out)

    def test_the_platforms_refusals(self):
        folder = self.folder({"other.py": "", "text.tar.gz": "no archive", "empty.tar.gz": ""})
        base = ["jobs", "submit", "--job-name", "never", "--module-name", "train", "--trainer-uri"]
        self.refused(1, base + [folder], "module train is not in")
        self.refused(1, base + ["text.tar.gz"], "not a whole tar archive", cwd=folder)
        self.refused(1, base + ["empty.tar.gz"], "is empty", cwd=folder)
        self.refused(1, base + ["absent.tar.gz"], "there is no such file or folder here", cwd=folder)
        self.refused(1, base + ["file:///absent.tar.gz"], "cannot be used here", cwd=folder)

    def test_a_key_that_may_only_look(self):
        folder = self.folder({"train.py": ""})
        viewer = self.p.somebody("main", "viewer")
        self.assertEqual(self.submit("looks", folder, env=viewer).code, 4)


class Proxy:
    """Between mltop and the platform; cuts the connection after so many bytes towards the platform, once each."""

    def __init__(self, port, cuts):
        self.port, self.cuts, self.cut = port, list(cuts), 0
        self.server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.server.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            there = socket.create_connection(("127.0.0.1", self.port))
            threading.Thread(target=self.pump, args=(client, there, True), daemon=True).start()
            threading.Thread(target=self.pump, args=(there, client, False), daemon=True).start()

    def pump(self, source, target, counts):
        sent = 0
        try:
            while data := source.recv(65536):
                sent += len(data)
                if counts and self.cuts and sent > self.cuts[0]:
                    self.cuts.pop(0)
                    self.cut += 1
                    break
                target.sendall(data)
        except OSError:
            pass
        for s in (source, target):
            try:
                # Else whoever sends waits for a peer that reads no more: a cut of another kind.
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            s.close()

    def close(self):
        self.server.close()


class Cuts(OnShared):
    """Of a package of 10 MiB: two whole parts and a rest."""

    def package(self, seed):
        folder = self.folder()
        random.seed(seed)
        with tarfile.open(folder + "/big.tar", "w") as tar:
            for name, data in (("p/train.py", b"print('whole')"), ("p/noise", random.randbytes(10 << 20))):
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
        return folder + "/big.tar"

    def test_goes_on_after_cuts(self):
        proxy = Proxy(self.p.port, [1 << 20, 5 << 20, 100000])
        r = self.p.mltop("jobs", "submit", "--job-name", "cut", "--module-name", "train", "--trainer-uri",
                         self.package(1), XIAOMI_CLOUDML_ENDPOINT=proxy.url)
        proxy.close()
        self.assertEqual((r.code, r.err), (0, ""))
        self.assertEqual(proxy.cut, 3)
        self.assertEqual(self.ok("logs", "-f", "cut").out, "whole\n")

    def test_a_second_run_completes_what_a_killed_one_began(self):
        path = self.package(2)
        words = [MLTOP, "jobs", "submit", "--job-name", "killed", "--module-name", "train", "--trainer-uri", path]
        proxy = Proxy(self.p.port, [])
        proxy.cuts = [6 << 20] * 1000  # one part gets through on a connection, never two
        first = subprocess.Popen(words, env=dict(self.p.person, XIAOMI_CLOUDML_ENDPOINT=proxy.url),
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        def half_sent():
            return [n for n in self.p.packages() if n.endswith(".part")
                    and os.path.getsize(f"{self.p.state}/packages/{n}") >= 4 << 20]
        begun = until(half_sent, "the first part")
        first.send_signal(signal.SIGKILL)
        first.wait()
        proxy.close()
        self.ok(*words[1:])
        self.assertEqual(self.ok("logs", "-f", "killed").out, "whole\n")
        self.assertIn(begun[0].removesuffix(".part"), self.p.packages())
        self.assertEqual(half_sent(), [])

    def test_the_progress_line_is_for_terminals(self):
        path = self.package(3)
        mother, child = pty.openpty()
        done = subprocess.Popen([MLTOP, "jobs", "submit", "--job-name", "shown", "--module-name", "train",
                                 "--trainer-uri", path], env=self.p.person,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=child, text=True)
        os.close(child)
        seen = b""
        try:
            while data := os.read(mother, 65536):
                seen += data
        except OSError:
            pass  # EIO: the other side is closed
        out, _ = done.communicate(timeout=LIMIT)
        os.close(mother)
        self.assertEqual((done.returncode, out), (0, "shown\n"), seen)
        self.assertRegex(seen, rb"^\rmltop: uploading big.tar \[>  +\] 0\.0 of 10\.0 MiB \(0 %\)")
        self.assertTrue(seen.endswith(b"\r\x1b[K"), seen)


class Private(Case):
    def test_a_file_stays_where_it_is(self):
        folder = self.p.folder + "/files"
        os.makedirs(folder)
        sdist(folder + "/train-1.tar.gz", "train", "print('in place')")
        self.ok("jobs", "submit", "--job-name", "stays", "--module-name", "train", "--trainer-uri",
                "./train-1.tar.gz", cwd=folder)
        self.assertEqual(self.p.job("stays")["trainer_uri"], f"file://{os.path.realpath(folder)}/train-1.tar.gz")
        self.assertEqual(self.ok("logs", "-f", "stays").out, "in place\n")

    def test_a_folder_is_packed(self):
        folder = self.p.folder + "/code"
        write(folder, {"train.py": "print('packed')"})
        self.ok("jobs", "submit", "--job-name", "packed", "--module-name", "train", "--trainer-uri", folder)
        self.assertTrue(self.p.job("packed")["trainer_uri"].startswith("package://"))
        self.assertEqual(self.ok("logs", "-f", "packed").out, "packed\n")


if __name__ == "__main__":
    main()
