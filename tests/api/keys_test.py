"""What a key may no more, or never could: read-only keys on every route, keys that run out."""
import json
import re
import subprocess
import time
import unittest

import support
from support import BASE, FREE, Closed, Key, Socket

FILL = {"{job}": "demo-job-00000", "{package}": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "{key}": "AKNOTHING",
        "{quota}": "1", "{org}": "1"}


def setUpModule():
    global daemon, admin
    daemon, admin = support.module_daemon(settings=("demo.jobs=5", "fake.changes=0") + FREE)


def routes():
    out = subprocess.run([support.MLTOPD, "docs", "routes"], capture_output=True,
                         timeout=support.LIMIT, check=True)
    return [r for r in json.loads(out.stdout) if "objects" not in r["flags"]]  # fds_test has those


def path_of(route):
    path = route["pattern"]
    for hole, value in FILL.items():
        path = path.replace(hole, value)
    return re.sub(r"\{[a-z]+\}", "nothing", path)


def made(**fields):
    """A client with a key made over the API."""
    answer = admin.post(BASE + "/keys", dict({"role": "admin"}, **fields))
    assert answer.status == 200, answer
    return support.Client(daemon.port, Key(answer.json["access_key"], answer.json["secret_key"],
                                           answer.json["org_id"], answer.json["role"]))


def rfc3339(at):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def audit_length():
    return admin.get(BASE + "/audit", query={"limit": "1"}).json["data"][0]["seq"]


class ReadOnly(unittest.TestCase):
    def ask(self, client, route):
        body = None if route["method"] == "GET" else b"{}"
        return client.request(route["method"], path_of(route), body=body)

    def every_route(self, client):
        table = [r for r in routes() if "open" not in r["flags"]]
        changes = [r for r in table if "changes" in r["flags"]]
        self.assertGreater(len(changes), 10)
        self.assertIn(("GET", BASE + "/train/{job}/start"),
                      [(r["method"], r["pattern"]) for r in changes])
        before = audit_length()
        for route in changes:
            answer = self.ask(client, route)
            self.assertEqual(answer.status, 403, (route, answer))
            self.assertIn("read-only", answer.message)
        for route in table:
            if "changes" not in route["flags"]:
                self.assertIn(self.ask(client, route).status, (200, 404), route)
        self.assertEqual(audit_length(), before)

    def test_made_by_the_daemon(self):
        self.every_route(daemon.client(more=("--read-only",)))

    def test_made_over_the_api(self):
        client = made(read_only=True)
        self.assertIs(client.get(BASE + "/authentication").json["read_only"], True)
        self.every_route(client)

    def test_rotated_stays_read_only(self):
        first = made(read_only=True)
        answer = admin.post(f"{BASE}/keys/{first.key.access_key}/rotate", b"")
        self.assertEqual(answer.status, 200, answer)
        second = support.Client(daemon.port, Key(answer.json["access_key"],
                                                 answer.json["secret_key"]))
        self.assertEqual(second.post(BASE + "/train", {"command": ["true"]}).status, 403)
        self.assertEqual(second.get(BASE + "/train").status, 200)

    def test_streams_are_reading(self):
        with made(read_only=True).websocket() as w:
            self.assertEqual(len(w.snapshot(1, "job", fields="job_name")), 5)


class Expiry(unittest.TestCase):
    def test_not_after(self):
        """Requests are refused, and the sockets that are open close within a second."""
        end = int(time.time()) + 3
        victim = made(not_after=rfc3339(end))
        kept = Socket(daemon.port)
        self.assertEqual(victim.get(BASE + "/train", on=kept).status, 200)
        w = victim.websocket()
        w.snapshot(1, "job", fields="job_name")
        with self.assertRaises(Closed) as caught:
            while True:
                w.next()
        closed = time.time()
        self.assertEqual(caught.exception.code, 4401)
        self.assertGreaterEqual(closed, end)
        self.assertLess(closed, end + 2)
        answer = victim.get(BASE + "/train", on=kept)
        self.assertEqual(answer.status, 401)
        self.assertIn("expired", answer.message)
        with self.assertRaises(support.Refused) as caught:
            victim.websocket()
        self.assertEqual(caught.exception.answer.status, 401)
        kept.close()
        w.close()

    def test_already_over(self):
        victim = made(not_after=rfc3339(time.time() - 60))
        self.assertEqual(victim.get(BASE + "/train").status, 401)

    def test_strangers_learn_nothing(self):
        """That a key has expired is said only to who knows its secret."""
        victim = made(not_after=rfc3339(time.time() - 60))
        wrong = support.Client(daemon.port, Key(victim.key.access_key, "wrong"))
        self.assertNotIn("expired", wrong.get(BASE + "/train").message)


class Followers(unittest.TestCase):
    """Answers without end, for the keys of which the end has come."""

    @classmethod
    def setUpClass(cls):
        cls.daemon = support.Daemon(engine="local", args=("--private",))
        cls.addClassCleanup(cls.daemon.close)
        cls.admin = cls.daemon.client()
        answer = cls.admin.post(BASE + "/train", {"job_name": "talks", "command": [
            "sh", "-c", "while echo line; do sleep 0.05; done"]})
        assert answer.status == 200, answer

    @classmethod
    def tearDownClass(cls):
        cls.admin.post(BASE + "/train/talks/cancel", b"")

    def follow(self, client):
        s = Socket(self.daemon.port)
        s.send(client.bytes_of("GET", BASE + "/train/talks/logs", query={"follow": "True"}))
        s.take_until(b"line\n")
        return s

    def closes(self, s, begun):
        """The connection ends, and not as a log does that is whole."""
        try:
            while s.fill():
                self.assertLess(time.time() - begun, 3)
        except ConnectionResetError:
            pass
        self.assertFalse(s.buffer.endswith(b"\r\n0\r\n\r\n"))
        s.close()

    def test_disabled(self):
        other = self.daemon.client(name="other")
        with self.follow(self.admin) as mine:
            theirs = self.follow(other)
            answer = self.admin.post(f"{BASE}/keys/{other.key.access_key}/disable", b"")
            self.assertEqual(answer.status, 200, answer)
            self.closes(theirs, time.time())
            mine.take_until(b"line\n")
            mine.take_until(b"line\n")

    def test_expired(self):
        end = int(time.time()) + 2
        answer = self.admin.post(BASE + "/keys", {"role": "viewer", "not_after": rfc3339(end)})
        self.assertEqual(answer.status, 200, answer)
        client = support.Client(self.daemon.port, Key(answer.json["access_key"],
                                                      answer.json["secret_key"]))
        s = self.follow(client)
        self.closes(s, end)


if __name__ == "__main__":
    support.main()
