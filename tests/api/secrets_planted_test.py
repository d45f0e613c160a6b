#!/usr/bin/python3
"""A value that can be known again is planted as a secret, used, replaced and looked for everywhere.

It may be where the task is: in its environment and on its tmpfs. It may be in nothing that the daemon
wrote, answered, streamed, logged or backed up, in no argument and environment of another process, and
not in the daemon's memory either once the task has it.
"""
import base64
import hashlib
import json
import os
import re
import tarfile
import threading
import unittest

import support
from kit.basics import folder
from support import BASE, FREE, Client, Closed, Daemon, Socket, new_nonce, until
from tenants_test import fill, table

SECRET, TRAIN = BASE + "/secret", BASE + "/train"
SEEN_BY_ALL = ("viewer", "operator", "quota-admin", "admin")


def planted(what):
    return f"{what}-{os.urandom(10).hex()}"


def files_below(top):
    for at, _, names in os.walk(top):
        for name in names:
            path = os.path.join(at, name)
            if os.path.isfile(path) and not os.path.islink(path):
                yield path


def holds(data, words):
    return [w for w in words if w.encode() in data]


def file_bytes(path):
    try:
        with open(path, "rb") as f:
            return f.read()
    except OSError:
        return b""  # it went meanwhile, or is nothing to read


class Listening(threading.Thread):
    """All that a websocket is sent, of every kind that streams."""

    def __init__(self, client, kinds):
        super().__init__(daemon=True)
        self.ws = client.websocket()
        self.heard = bytearray()
        for id, kind in enumerate(kinds, 1):
            self.ws.send(t="sub", id=id, kind=kind)
        self.start()

    def run(self):
        try:
            while True:
                self.heard += self.ws.frame()[1]
        except (Closed, OSError, EOFError, AssertionError, ValueError):
            pass

    def end(self):
        self.ws.socket.sock.shutdown(2)
        self.join()
        self.ws.close()
        return bytes(self.heard)


class Planted:
    """On one platform; the mixin is run by the classes below."""
    ORG = "vision"

    @classmethod
    def setUpClass(cls):
        cls.token = planted("metrics-token")
        cls.d, cls.clients, strangers = cls.platform()
        cls.admin = cls.clients["admin"]
        cls.old, cls.new, cls.as_bytes = planted("old"), planted("new"), planted("bytes")
        cls.words = [cls.old, cls.new, cls.as_bytes]
        kinds = sorted({r["kind"] for r in table() if r["kind"]} - {"audit", "package", "framework"})
        cls.listening = [Listening(c, kinds) for c in (*cls.clients.values(), *strangers)]
        cls.plant()
        cls.use()

    @classmethod
    def tearDownClass(cls):
        cls.admin.post(f"{TRAIN}/holds/cancel")
        until(lambda: cls.admin.get(f"{TRAIN}/holds").json["state"] in ("completed", "failed", "error"), "its end")
        cls.d.close()

    @classmethod
    def token_file(cls):
        path = os.path.join(folder("token"), "token")
        with open(path, "w") as f:
            f.write(cls.token)
        os.chmod(path, 0o600)
        os.chmod(os.path.dirname(path), 0o711)
        return path

    @classmethod
    def ask(cls, method, path, **body):
        a = cls.admin.request(method, path, body=body or None, nonce=new_nonce())
        assert a.status == 200, a
        return a

    @classmethod
    def plant(cls):
        cls.ask("POST", SECRET, secret_name="replaced", value=cls.old)
        cls.ask("PUT", f"{SECRET}/replaced", value=cls.new)
        cls.ask("POST", SECRET, secret_name="coded", data=base64.b64encode(cls.as_bytes.encode()).decode())
        cls.words.append(base64.b64encode(cls.as_bytes.encode()).decode())
        # What is refused was there as well.
        for body in ({"secret_name": "no good", "value": cls.new}, {"secret_name": "x", "value": cls.new, "nope": 1},
                     {"secret_name": "replaced", "value": cls.new}, {"secret_name": "x", "data": cls.new}):
            assert cls.admin.post(SECRET, body).status in (400, 409)
        if "operator" in cls.clients:
            assert cls.clients["viewer"].post(SECRET, {"secret_name": "x", "value": cls.new}).status == 403
        assert cls.admin.post(SECRET, f'{{"secret_name": "x", "value": "{cls.new}'.encode()).status == 400

    @classmethod
    def use(cls):
        cls.ask("POST", TRAIN, job_name="holds", secrets=["replaced", "replaced=TOKEN", "coded=CODED"],
                prepare_command='test "$TOKEN" = "$(cat "$MLTOP_SECRETS_DIR/replaced")"',
                command=["/bin/sh", "-c", 'echo got ${#TOKEN} ${#CODED} $(wc -c < "$MLTOP_SECRETS_DIR/replaced"); '
                                          "sleep 600"])
        until(lambda: "got" in cls.admin.get(f"{TRAIN}/holds/logs").json["logs"], "the task to have them")
        assert cls.admin.get(f"{TRAIN}/holds/logs").json["logs"].split() == \
            ["got", *(str(len(w)) for w in (cls.new, cls.as_bytes, cls.new))], cls.admin.get(f"{TRAIN}/holds/logs")

    def test_in_no_file_of_the_platform(self):
        looked = 0
        for path in files_below(self.d.folder):
            looked += 1
            self.assertFalse(holds(file_bytes(path), self.words), path)
        self.assertGreater(looked, 8)
        self.assertFalse(holds(self.d.log_text().encode(), self.words))

    def test_in_no_hash_that_could_be_tried(self):
        """Of a request with a nonce a mark is kept: it is of no use to who would guess what it brought."""
        body = json.dumps({"secret_name": "guessed", "value": "1234"}).encode()
        self.assertEqual(self.admin.post(SECRET, body).status, 200)
        self.assertEqual(self.admin.post(SECRET, body).status, 409)
        of_body = hashlib.sha256(body).hexdigest()
        tried = [of_body, hashlib.sha256(f"POST\n{SECRET}\n\n{of_body}".encode()).hexdigest()]
        for path in files_below(self.d.state):
            self.assertFalse(holds(file_bytes(path), tried), path)

    def test_in_no_answer(self):
        names = {"{secret}": ("replaced", "coded"), "{job}": ("holds",), "{org}": (self.ORG,), "{quota}": (self.ORG,),
                 "{key}": (self.admin.key.access_key,), "{node}": (os.uname().nodename,), "{gpu}": ("none",),
                 "{package}": ("none",), "{framework}": ("none",)}
        asked = 0
        for role, client in self.clients.items():
            for r in table():
                if r["method"] != "GET" or "stream" in r["flags"] or "objects" in r["flags"]:
                    continue
                hole = re.search(r"\{[a-z]+\}", r["pattern"])
                for name in names.get(hole.group(0), ("none",)) if hole else ("",):
                    a = client.get(fill(r["pattern"], name))
                    asked += a.status == 200
                    self.assertFalse(holds(a.body + str(a.headers).encode(), self.words), (role, r["pattern"]))
        self.assertGreater(asked, 12 * len(self.clients))
        for client in self.clients.values():
            for query in ({"fields": "value"}, {"filter": "value=x"}, {"filter": "sealed~=."}, {"sort": "sealed"}):
                a = client.get(SECRET, query=query)
                self.assertTrue(a.status == 400 or not a.json["data"] or "sort" in query, (query, a))

    def test_in_no_stream(self):
        for one in self.listening:
            heard = one.end()
            self.assertGreater(len(heard), 100)
            self.assertFalse(holds(heard, self.words))
        self.listening.clear()

    def test_not_in_metrics(self):
        with Socket(self.d.port) as c:
            c.send(f"GET /metrics HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {self.token}\r\n\r\n".encode())
            a = c.answer()
        self.assertEqual(a.status, 200, a)
        self.assertIn(b"mltop_", a.body)
        self.assertFalse(holds(a.body, self.words))

    def test_in_no_backup(self):
        path = os.path.join(self.d.folder, "backup.tar.gz")
        done = self.d.verb("backup", path)
        if b"this store makes no copies" in done.stderr:
            return  # the second one, of the tests
        self.assertEqual(done.returncode, 0, done.stderr)
        with tarfile.open(path) as tar:
            members = [m for m in tar.getmembers() if m.isfile()]
            self.assertIn("store.db", [os.path.basename(m.name) for m in members])
            for m in members:
                self.assertFalse(holds(tar.extractfile(m).read(), self.words), m.name)
        os.unlink(path)

    def test_in_no_other_process(self):
        """Arguments of all, environments of all but the task's own."""
        having = set()
        for pid in filter(str.isdigit, os.listdir("/proc")):
            self.assertFalse(holds(file_bytes(f"/proc/{pid}/cmdline"), self.words), pid)
            if holds(file_bytes(f"/proc/{pid}/environ"), self.words):
                having.add(int(pid))
        self.assertTrue(having, "the task has them")
        for pid in having:
            self.assertIn(file_bytes(f"/proc/{pid}/comm").strip(), (b"sh", b"sleep"))

    def in_memory(self, words):
        """Where the daemon has them: (word, how often, what is about it)."""
        pid, found = self.d.process.pid, []
        with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
            for line in maps:
                span, rights = line.split()[:2]
                start, end = (int(x, 16) for x in span.split("-"))
                # What a sanitizer reserves for its own notes of all memory has terabytes of nothing.
                if not rights.startswith("rw") or end - start > 1 << 30:
                    continue
                try:
                    mem.seek(start)
                    data = mem.read(end - start)
                except OSError:
                    continue
                found += [(w, data.count(w.encode()), data[max(0, data.index(w.encode()) - 60):][:160])
                          for w in holds(data, words)]
        return found

    def leaves_memory(self, words):
        """A request may be let go of a moment after its answer was read."""
        until(lambda: not self.in_memory(words), "the daemon's memory without them", limit=10)

    def test_not_in_the_memory_of_the_daemon(self):
        """Once the task has them; what came with the requests is wiped, too: what is large lies there for long."""
        large = planted("large")
        value = (large + "\n") * 1000
        coded = base64.b64encode(value.encode()).decode()
        self.ask("POST", SECRET, secret_name="large", value=value)
        self.leaves_memory([large])
        self.ask("PUT", f"{SECRET}/large", data=coded)
        self.leaves_memory([large, coded[400:440]])
        self.assertEqual(self.admin.put(f"{SECRET}/large", {"value": value, "nope": 1}).status, 400)
        self.leaves_memory([large])
        self.ask("POST", TRAIN, job_name="large", secrets=["large"], command=["/bin/sh", "-c", "exit 1"])
        until(lambda: self.admin.get(f"{TRAIN}/large").json["state"] == "failed", "its end")
        if "address" not in support.BUILD:  # a sanitizer keeps frames of functions that have returned
            self.leaves_memory(self.words + [large])


class Shared(Planted, unittest.TestCase):
    """Several orgs, as root: tasks are other users."""

    @classmethod
    def platform(cls):
        d = Daemon(engine="local", settings=FREE + (f"metrics.token_file={cls.token_file()}",))
        return d, {r: d.client(org=cls.ORG, role=r) for r in SEEN_BY_ALL}, [d.client(org="speech", role="viewer")]


class Private(Planted, unittest.TestCase):
    """One person's, who is not root: daemon, shim and task are of one user."""
    ORG = "local"

    @classmethod
    def platform(cls):
        user = 65534 if os.geteuid() == 0 else None
        path = cls.token_file()
        if user:
            os.chown(path, user, user)
        d = Daemon(engine="local", args=["--private"], user=user, settings=FREE + (f"metrics.token_file={path}",))
        return d, {"admin": Client(d.port, d.secret())}, []

    def test_no_cores(self):
        """Who may not be dumped belongs to root in /proc, whoever runs it."""
        if os.geteuid() != 0:
            return
        dumped = [pid for pid in filter(str.isdigit, os.listdir("/proc"))
                  if self.d.state.encode() in file_bytes(f"/proc/{pid}/cmdline") and
                  file_bytes(f"/proc/{pid}/comm").strip() in (b"mltopd", b"mltop-shim")]
        self.assertGreaterEqual(len(dumped), 2)
        for pid in dumped:
            self.assertEqual(os.stat(f"/proc/{pid}/environ").st_uid, 0, file_bytes(f"/proc/{pid}/comm"))


if __name__ == "__main__":
    support.main()
