"""What jobs leave in MLTOP_OUTPUT_DIR: listed, downloaded, and nothing else of the disk."""
import hashlib
import http.server
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import unittest
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import (BASE, LIMIT, MLTOP, Daemon, Private, Shared, Socket, environment, folder,  # noqa: E402
                     main, until)

MAKE = r"""
import os, random
os.chdir(os.environ["MLTOP_OUTPUT_DIR"])
os.makedirs("model/deep")
open("notes.txt", "w").write("hello\n")
open("empty", "w")
random.seed(1)
open("model/weights.bin", "wb").write(random.randbytes(5 << 20))
open("model/deep/a b%&+=?#.txt", "w").write("odd name")
open("größe.txt", "w").write("ü")
os.symlink("/etc/passwd", "link")
os.symlink("/etc", "folder-link")
os.symlink("notes.txt", "inner-link")
os.mkfifo("fifo")
open("line\nbreak", "w")
"""
FILES = {"empty": 0, "größe.txt": 2, "model/deep/a b%&+=?#.txt": 8, "model/weights.bin": 5 << 20, "notes.txt": 6}
LINKS = {"folder-link": "/etc", "inner-link": "notes.txt", "link": "/etc/passwd"}


class Outputs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.p = Shared()
        cls.run_job("makes", MAKE)

    @classmethod
    def tearDownClass(cls):
        cls.p.close()

    @classmethod
    def run_job(cls, name, code, **how):
        folder = cls.p.folder + "/code-" + name
        os.makedirs(folder)
        with open(folder + "/make.py", "w") as f:
            f.write(code)
        r = cls.p.mltop("run", "--name", name, "--", "python3", "make.py", cwd=folder, **how)
        assert r.code == 0, (r.out, r.err)

    def ok(self, *words, **more):
        r = self.p.mltop(*words, **more)
        self.assertEqual(r.code, 0, r.err)
        return r

    def refused(self, code, words, sentence, **more):
        r = self.p.mltop(*words, **more)
        self.assertEqual((r.code, len(r.err.splitlines())), (code, 1), r.err)
        self.assertIn(sentence, r.err)

    def folder(self):
        path = os.path.join(self.p.folder, self.id().rsplit(".", 1)[-1])
        os.makedirs(path)
        return path

    def test_the_list(self):
        r = self.ok("jobs", "outputs", "makes", "--json")
        got = r.json
        self.assertEqual({f["path"]: f["size"] for f in got["data"] if "link" not in f}, FILES)
        self.assertEqual({f["path"]: f["link"] for f in got["data"] if "link" in f}, LINKS)
        self.assertEqual([f["path"] for f in got["data"]], sorted([*FILES, *LINKS], key=str.encode))
        self.assertEqual((got["truncated"], got["unnamed"]), (False, 1), "a name with a line break is counted")
        for f in got["data"]:
            self.assertRegex(f["mtime"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
        r = self.ok("jobs", "outputs", "makes")
        self.assertEqual(len(r.out.splitlines()), len(FILES) + len(LINKS))
        self.assertRegex(r.out, r"(?m)^ +6  20\S+Z  notes\.txt$")
        r = self.ok("jobs", "outputs", "makes", env=dict(self.p.person, TZ="XST-5:30"))
        self.assertRegex(r.out, r"(?m)^ +6  20\S+:\d\d\+05:30  notes\.txt$")

    def test_all(self):
        to = self.folder()
        r = self.p.mltop("jobs", "download", "makes", "-o", to)
        self.assertEqual(r.code, 1, "the copy lacks what has a name with a line break")
        self.assertIn("1 more have names that cannot be shown", r.err)
        self.assertEqual(sorted(r.out.splitlines()), sorted(f"{to}/{name}" for name in [*FILES, "inner-link"]))
        self.assertEqual(os.readlink(f"{to}/inner-link"), "notes.txt")
        for name, size in FILES.items():
            self.assertEqual(os.path.getsize(f"{to}/{name}"), size, name)
        uid = self.ok("jobs", "describe", "makes", "--json").json["uid"]
        for name in ("model/weights.bin", "größe.txt", "model/deep/a b%&+=?#.txt"):
            sums = []
            for folder in (to, f"{self.p.state}/tasks/{uid}/output"):
                with open(f"{folder}/{name}", "rb") as f:
                    sums.append(hashlib.sha256(f.read()).hexdigest())
            self.assertEqual(*sums)
        self.assertEqual([n for _, _, names in os.walk(to) for n in names if n.endswith(".part")], [])

    def test_one_and_a_folder(self):
        to = self.folder()
        self.assertEqual(self.ok("jobs", "download", "makes", "notes.txt", cwd=to).err, "")
        self.assertEqual(os.listdir(to), ["notes.txt"])
        self.ok("jobs", "download", "makes", "model/deep/", "-o", to + "/new/er")
        self.assertEqual(os.listdir(to + "/new/er/model/deep"), ["a b%&+=?#.txt"])

    def test_what_is_there_stays(self):
        to = self.folder()
        with open(to + "/notes.txt", "w") as f:
            f.write("mine")
        self.refused(1, ["jobs", "download", "makes", "notes.txt", "-o", to], "is there already")
        with open(to + "/notes.txt") as f:
            self.assertEqual(f.read(), "mine")
        with open(to + "/notes.txt.part", "w") as f:
            f.write("mine too")  # no name of ours: what is downloaded grows beside it
        self.ok("jobs", "download", "makes", "notes.txt", "-o", to, "--force")
        with open(to + "/notes.txt") as f:
            self.assertEqual(f.read(), "hello\n")
        self.assertEqual(sorted(os.listdir(to)), ["notes.txt", "notes.txt.part"])
        mask = os.umask(0o22)
        os.umask(mask)
        self.assertEqual(os.stat(to + "/notes.txt").st_mode & 0o777, 0o666 & ~mask)

    def test_what_is_not_there(self):
        self.refused(5, ["jobs", "download", "makes", "nothing", "-o", self.folder()], "there is no output nothing")
        self.refused(5, ["jobs", "outputs", "nobody"], "nobody")
        self.run_job("makes-none", "")
        self.assertEqual(self.ok("jobs", "outputs", "makes-none", "--json").json, {"data": [], "truncated": False})
        self.refused(5, ["jobs", "download", "makes-none"], "has no outputs")

    def test_another_orgs_job_is_not_there(self):
        other = self.p.somebody("other")
        for words in (["jobs", "outputs", "makes"], ["jobs", "download", "makes"]):
            self.refused(5, words, "makes", env=other)

    def test_a_running_job(self):
        """Written while it is read: what was there at the time of asking comes."""
        folder = self.folder()
        name = self.ok("run", "-d", "--name", "goes-on", "--", "sh", "-c",
                       'echo part > "$MLTOP_OUTPUT_DIR/part"; exec sleep 1000', cwd=folder).out.strip()
        until(lambda: '"part"' in self.p.mltop("jobs", "outputs", name, "--json").out, "its file")
        self.ok("jobs", "download", name, "part")
        with open(self.p.folder + "/part") as f:
            self.assertEqual(f.read(), "part\n")
        self.ok("jobs", "cancel", "-y", name)

    def test_kept_over_attempts(self):
        self.run_job("again", "import os; open(os.environ['MLTOP_OUTPUT_DIR'] + '/' + os.environ['MLTOP_ATTEMPT'], 'w')")
        self.ok("jobs", "retry", "again")
        until(lambda: (j := self.ok("jobs", "describe", "again", "--json").json)["attempt"] == 2
              and j["state"] == "completed", "the second attempt")
        self.assertEqual([f["path"] for f in self.ok("jobs", "outputs", "again", "--json").json["data"]], ["1", "2"])

    def test_ten_thousand(self):
        self.run_job("many", "import os\nfor i in range(10001): os.close(os.open(os.environ['MLTOP_OUTPUT_DIR'] + f'/{i}', os.O_CREAT))")
        got = self.ok("jobs", "outputs", "many", "--json").json
        self.assertEqual((len(got["data"]), got["truncated"]), (10000, True))


class Answers(http.server.BaseHTTPRequestHandler):
    """A platform that lists what the test says, and has the bytes "of PATH" for each path."""

    listing = {}

    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        body = f"of {query['path'][0]}" if "path" in query else json.dumps(self.listing)
        if "path" in query:
            offset = int(query["offset"][0])
            body = body[offset:offset + int(query["length"][0])]
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream" if "path" in query else "application/json")
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


class Links(unittest.TestCase):
    """What is not a plain file: links, folders that the platform could not read, links in our own folder."""

    def setUp(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.to = folder("links")
        self.env = environment(XIAOMI_ACCESS_KEY_ID="A", XIAOMI_SECRET_ACCESS_KEY="S")

    def mltop(self, *words, files, **more):
        when = {"mtime": "2026-01-02T03:04:05Z"}
        Answers.listing = {"data": [{"size": len(f"of {f['path']}"), **when, **f} for f in files], **more}
        return subprocess.run([MLTOP, "--endpoint", f"http://127.0.0.1:{self.server.server_port}", *words], cwd=self.to,
                              env=self.env, capture_output=True, text=True, timeout=LIMIT)

    def read(self, name):
        with open(os.path.join(self.to, name)) as f:
            return f.read()

    CHECKPOINTS = [{"path": "last.ckpt", "link": "step-10.ckpt"}, {"path": "step-10.ckpt"},
                   {"path": "best", "link": "runs/b"}, {"path": "runs/b/w"}, {"path": "runs/up", "link": "../step-10.ckpt"},
                   {"path": "out", "link": "/etc/passwd"}, {"path": "up", "link": "../../x"}]

    def test_links_are_listed_as_links(self):
        r = self.mltop("jobs", "outputs", "j", files=self.CHECKPOINTS)
        self.assertEqual((r.returncode, r.stderr), (0, ""))
        self.assertRegex(r.stdout, r"(?m)  last\.ckpt -> step-10\.ckpt$")
        self.assertRegex(r.stdout, r"(?m)  step-10\.ckpt$")

    def test_links_that_stay_inside_come_along(self):
        r = self.mltop("jobs", "download", "j", files=self.CHECKPOINTS)
        self.assertEqual(r.returncode, 0, r.stderr)
        self.assertEqual([self.read(n) for n in ("last.ckpt", "best/w", "runs/up")],
                         ["of step-10.ckpt", "of runs/b/w", "of step-10.ckpt"])
        self.assertEqual(os.readlink(self.to + "/last.ckpt"), "step-10.ckpt")
        self.assertEqual(r.stderr.count("not downloaded"), 2, r.stderr)
        self.assertEqual(sorted(os.listdir(self.to)), ["best", "last.ckpt", "runs", "step-10.ckpt"])

    def test_a_link_that_is_asked_for_alone_is_its_content(self):
        r = self.mltop("jobs", "download", "j", "last.ckpt", files=self.CHECKPOINTS)
        self.assertEqual((r.returncode, r.stderr), (0, ""))
        self.assertEqual((os.listdir(self.to), self.read("last.ckpt")), (["last.ckpt"], "of step-10.ckpt"))
        self.assertFalse(os.path.islink(self.to + "/last.ckpt"))

    def test_what_is_missing_is_said(self):
        for verb in ("outputs", "download"):
            r = self.mltop("jobs", verb, "j", files=[{"path": "a"}], unreadable=["locked/deep"])
            self.assertEqual((r.returncode, r.stderr), (1, "mltop: locked/deep cannot be read: what is in it is not listed\n"))

    def test_nothing_is_written_through_a_link(self):
        outside = folder("outside")
        os.symlink(outside, self.to + "/runs")
        with open(outside + "/mine", "w") as f:
            f.write("mine")
        os.symlink(outside + "/mine", self.to + "/a")
        r = self.mltop("jobs", "download", "j", "-f", files=[{"path": "a"}, {"path": "runs/x"}])
        self.assertEqual(r.returncode, 1, r.stderr)
        self.assertIn("not written through", r.stderr)
        self.assertEqual(os.listdir(outside), ["mine"])
        with open(outside + "/mine") as f:
            self.assertEqual(f.read(), "mine")
        self.assertEqual(self.read("a"), "of a")


class Kept(unittest.TestCase):
    """Retention: `outputs.keep` and `outputs.bytes_per_org`."""

    def empty(self, p):
        folder = p.folder + "/empty"
        os.makedirs(folder, exist_ok=True)
        return folder

    def submit(self, p, name, mib, env=None):
        r = p.mltop("run", "--name", name, "--", "sh", "-c",
                    f'head -c {mib}M /dev/urandom > "$MLTOP_OUTPUT_DIR/x"', cwd=self.empty(p), env=env)
        self.assertEqual(r.code, 0, r.err)

    def outputs(self, p, name, env=None):
        return len(p.mltop("jobs", "outputs", name, "--json", env=env).json["data"])

    def test_the_oldest_of_an_org_go(self):
        p = Shared("outputs.look=100ms", "outputs.bytes_per_org=5M")
        try:
            other = p.somebody("other")
            p.mltop("run", "-d", "--name", "lives", "--", "sh", "-c",
                    'head -c 1M /dev/urandom > "$MLTOP_OUTPUT_DIR/x"; exec sleep 1000', cwd=self.empty(p))
            until(lambda: self.outputs(p, "lives"), "its output")
            self.submit(p, "theirs", 4, other)
            self.submit(p, "first", 2)
            self.submit(p, "second", 1)
            self.submit(p, "third", 2)
            # 1 + 2 + 1 + 2 pass 5: the oldest that is over goes, and no more than is needed.
            until(lambda: self.outputs(p, "first") == 0, "the oldest to go")
            p.mltop("run", "--name", "later", "--", "true", cwd=self.empty(p))
            self.assertEqual([self.outputs(p, n) for n in ("lives", "second", "third")], [1, 1, 1])
            self.assertEqual(self.outputs(p, "theirs", other), 1, "another org's bytes do not count")
            event, = [e for e in p.mltop("jobs", "events", "first", "--json").json["data"]
                      if e["reason"] == "OutputsCollected"]
            self.assertIn("2.0 MiB of outputs were removed: the org's outputs pass 5 MiB", event["message"])
            self.assertEqual(p.mltop("jobs", "describe", "first", "--json").json["state"], "completed")
            until(lambda: not os.path.exists(p.state + "/collected"), "the bytes to be gone")
        finally:
            p.close()

    def test_old_ones_go(self):
        p = Shared("outputs.look=100ms", "outputs.keep=1s")
        try:
            self.submit(p, "old", 1)
            until(lambda: self.outputs(p, "old") == 0, "it to go")
            event, = [e for e in p.mltop("jobs", "events", "old", "--json").json["data"]
                      if e["reason"] == "OutputsCollected"]
            self.assertRegex(event["message"], r"the job ended \S+ ago \(outputs\.keep\)$")
            # It can be run again, and makes a folder of its own.
            p.mltop("jobs", "retry", "old")
            until(lambda: self.outputs(p, "old") == 1, "its new output")
        finally:
            p.close()

    def test_bytes_are_counted(self):
        p = Private()
        try:
            r = p.mltop("run", "--", "sh", "-c", 'head -c 3M /dev/urandom > "$MLTOP_OUTPUT_DIR/x"; head -c 1M /dev/zero')
            self.assertEqual(r.code, 0, r.err)
            status = p.mltop("platform", "status", "--json").json
            self.assertEqual(status["output_bytes"] >> 20, 3, status)
            self.assertGreaterEqual(status["task_bytes"], 4 << 20)
            self.assertEqual(status["package_bytes"], 0)
            self.assertRegex(p.mltop("platform", "status").out, r"(?m)^output_bytes +3\.0 MiB$")
            self.assertRegex(p.mltop("platform", "status", "-o", "yaml").out, r"(?m)^output_bytes: 3\d{6}$")
        finally:
            p.close()


class Api(unittest.TestCase):
    """The route itself, with requests that mltop would never send."""

    @classmethod
    def setUpClass(cls):
        cls.d = Daemon(engine="local")
        cls.a = cls.d.client(org="main", role="operator")
        cls.base = BASE + "/train/made/outputs"
        a = cls.a.post(BASE + "/train", {"job_name": "made", "command": ["/usr/bin/python3", "-c", MAKE]})
        assert a.status == 200, a
        until(lambda: cls.a.get(BASE + "/train/made").json["state"] in ("completed", "failed"), "its end")
        cls.uid = a.json["uid"]
        cls.output = f"{cls.d.state}/tasks/{cls.uid}/output"
        # What root could read and the task's own user could not, by a hard link.
        if os.geteuid() == 0:
            with open(cls.d.folder + "/secret", "w") as f:
                f.write("secret")
            os.link(cls.d.folder + "/secret", cls.output + "/hard")

    @classmethod
    def tearDownClass(cls):
        cls.d.close()

    def test_nothing_but_the_folder(self):
        for path, status in (("../../../store.db", 400), ("/etc/passwd", 400), ("..", 400), (".", 400), ("", 400),
                             ("model/../../output/notes.txt", 400), ("model//weights.bin", 400), ("notes.txt/", 400),
                             ("x" * 2000, 400), ("link", 404), ("folder-link/passwd", 404),
                             ("fifo", 404), ("model", 404), ("absent", 404), ("notes.txt/x", 404), ("hard", 404)):
            with self.subTest(path=path[:40]):
                a = self.a.get(self.base, query={"path": path})
                self.assertEqual((a.status, a.json["error"]), (status, True), a)
        self.assertEqual(self.a.get(self.base, query={"path": "inner-link"}).body, b"hello\n")
        self.assertNotIn("hard", [f["path"] for f in self.a.get(self.base).json["data"]])

    def test_parts(self):
        with open(self.output + "/model/weights.bin", "rb") as f:
            whole = f.read()
        path = "model/weights.bin"
        a = self.a.get(self.base, query={"path": path})
        self.assertEqual((a.status, a.headers["content-type"]), (200, "application/octet-stream"))
        self.assertEqual(a.body, whole)
        for offset, length in ((0, 1), (1, 300000), (262143, 2), (len(whole) - 3, 100), (len(whole), 5),
                               (len(whole) + 9, 5), (5, 0)):
            a = self.a.get(self.base, query={"path": path, "offset": str(offset), "length": str(length)})
            self.assertEqual((a.status, a.body), (200, whole[offset:offset + length]), (offset, length))
        for query in ({"offset": "-1"}, {"length": "x"}):
            self.assertEqual(self.a.get(self.base, query={"path": path, **query}).status, 400)

    def large(self, name):
        """An output larger than what sockets hold."""
        path, owner = f"{self.output}/{name}", os.stat(self.output)
        with open(path, "wb") as f:
            f.truncate(64 << 20)
        os.chown(path, owner.st_uid, owner.st_gid)
        return path

    def test_cut_short(self):
        """A file that is made shorter while it is sent: the answer breaks off and has no end."""
        for version, path in (("1.1", self.large("cut-1")), ("1.0", self.large("cut-0"))):
            signed = self.a.bytes_of("GET", self.base, query={"path": os.path.basename(path)})
            with Socket(self.d.port, receive_buffer=1 << 16) as s:
                s.send(signed.replace(b"HTTP/1.1", b"HTTP/" + version.encode(), 1))
                while len(s.buffer) < 1 << 20:
                    self.assertTrue(s.fill())
                os.truncate(path, 1 << 20)
                with self.assertRaises(ConnectionResetError):
                    while s.fill():
                        pass
            self.assertLess(len(s.buffer), 60 << 20)
            self.assertFalse(s.buffer.endswith(b"\r\n0\r\n\r\n"))
            os.unlink(path)

    def test_cut_short_for_mltop(self):
        """It says so, and what it has written has not the file's name."""
        path, to = self.large("cut-m"), folder("cut")
        self.addCleanup(shutil.rmtree, to)
        key = self.d.key(org="main", role="operator")
        with Slowly(self.d.port, 3 << 20, lambda: os.truncate(path, 3 << 20)) as between:
            out = subprocess.run([MLTOP, "--endpoint", f"http://127.0.0.1:{between.port}", "jobs", "download", "made",
                                  "cut-m", "-o", to], capture_output=True, timeout=LIMIT, text=True,
                                 env=environment(XIAOMI_ACCESS_KEY_ID=key.access_key,
                                                 XIAOMI_SECRET_ACCESS_KEY=key.secret_key))
        self.assertEqual(out.returncode, 1, out)
        self.assertRegex(out.stderr, r"^mltop: .*cut-m became shorter while it was downloaded: try again when .*\n$")
        self.assertEqual(os.listdir(to), [])
        os.unlink(path)


class Slowly:
    """Between a client and a daemon; does something once it has passed on so many bytes of answers."""

    def __init__(self, port, after, then):
        self.to, self.after, self.then = port, after, then
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.threads, self.sockets = [threading.Thread(target=self.accept)], []

    def __enter__(self):
        self.threads[0].start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for t in self.threads:
            t.join()
        for s in self.sockets:
            s.close()

    def accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            server = Socket(self.to, receive_buffer=1 << 16).sock
            self.sockets += client, server
            for args in ((client, server, False), (server, client, True)):
                t = threading.Thread(target=self.pass_on, args=args)
                self.threads.append(t)
                t.start()

    def pass_on(self, source, to, counts):
        try:
            while data := source.recv(1 << 14):
                to.sendall(data)
                self.after -= len(data) if counts else 0
                if counts and self.after <= 0 and self.then:
                    then, self.then = self.then, None
                    then()
        except OSError:
            pass
        for s in (source, to):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


if __name__ == "__main__":
    main()
