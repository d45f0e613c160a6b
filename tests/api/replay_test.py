"""Signed requests that somebody changed on their way, and those that come a second time."""
import io
import random
import signal
import tarfile
import unittest

import support
from support import BASE, FREE, Socket, new_nonce

SEED = 7
QUERY = "first=1&second=x%20y"


def setUpModule():
    global daemon, admin, path
    daemon, admin = support.module_daemon(settings=("demo.jobs=3", "fake.changes=0") + FREE)
    path = f"{BASE}/quota/{admin.key.org_id}"


def status_of(data):
    """The answer's status; None where the server closed without one."""
    with Socket(daemon.port) as s:
        s.send(data)
        try:
            answer = s.answer()
        except (EOFError, ConnectionResetError):
            return None
        return answer.status


class Flips(unittest.TestCase):
    """
    Every bit of a signed field. What is then no request at all, or of no route, may be refused as
    that (400, 404, 405); every other one is refused for its signature, and none has an effect.
    """

    def parts(self):
        """The request in pieces: (name, bytes); those with a name are signed."""
        body = b'{"train_count_quota": "51"}'
        headers = admin.key.sign("PUT", path, admin.host,
                                 [("first", "1"), ("second", "x y")], body, new_nonce(),
                                 headers={"x-extra": "one two"})
        pieces = [("method", b"PUT"), ("", b" "), ("path", path.encode()), ("", b"?"),
                  ("query", QUERY.encode()), ("", b" HTTP/1.1\r\n")]
        for name, value in headers.items():
            pieces += [("", name.encode() + b": "), (name, value.encode()), ("", b"\r\n")]
        pieces += [("", b"content-length: %d\r\n\r\n" % len(body)), ("body", body)]
        return pieces

    def joined(self, pieces):
        return b"".join(data for _, data in pieces)

    def flip(self, pieces, index, bit):
        name, data = pieces[index]
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        return pieces[:index] + [(name, bytes(changed))] + pieces[index + 1:]

    def quota(self):
        return admin.get(BASE + "/quota").json["data"][0]["train_count_quota"]

    def field(self, name, most=120):
        dice = random.Random(f"{SEED} {name}")
        index = [n for n, _ in self.parts()].index(name)
        bits = list(range(8 * len(self.parts()[index][1])))
        dice.shuffle(bits)
        seen = {}
        for bit in sorted(bits[:most]):
            pieces = self.flip(self.parts(), index, bit)
            status = status_of(self.joined(pieces))
            seen.setdefault(status, []).append(pieces[index][1])
        return seen

    def check(self, name, others=(), most=120):
        before = self.quota()
        seen = self.field(name, most)
        self.assertEqual(set(seen) - {401} - set(others), set(), (name, {
            k: v[:3] for k, v in seen.items() if k != 401}))
        self.assertEqual(self.quota(), before)
        return seen

    def test_untouched(self):
        self.assertEqual(status_of(self.joined(self.parts())), 200)

    def test_method(self):
        """No bit makes another method of PUT."""
        self.assertEqual(set(self.field("method")), {400})

    def test_path(self):
        """The signed org is one of several: a flip that leaves the route leaves only a 401."""
        seen = self.check("path", (400, 403, 404, 405, None), most=1000)
        self.assertGreaterEqual(len(seen[401]), 5)

    def test_query(self):
        seen = self.check("query", (400, 403, None), most=1000)
        self.assertGreater(len(seen[401]), 80)

    def test_headers(self):
        for name in ("host", "x-mltop-date", "x-mltop-nonce", "x-extra"):
            seen = self.check(name, (400, None))
            self.assertGreater(len(seen[401]), 50, name)

    def test_body(self):
        """A body is not looked into before its signature."""
        self.assertEqual(set(self.check("body", most=1000)), {401})

    def test_authorization(self):
        seen = self.check("authorization", (400, 411, None), most=4000)  # 411: cut by a line end
        self.assertGreater(len(seen[401]), 1000)


class Replays(unittest.TestCase):
    """With jobs of a real engine, whose answers hold what is made anew each time: uid and time."""

    def setUp(self):
        self.daemon = support.Daemon(engine="local", args=("--private",))
        self.addCleanup(self.daemon.close)
        self.client = self.daemon.client()

    def submit_bytes(self, nonce, name="once", command=("true",)):
        return self.client.bytes_of("POST", BASE + "/train", body={
            "job_name": name, "command": list(command)}, nonce=nonce)

    def ask(self, data):
        with Socket(self.daemon.port) as s:
            s.send(data)
            return s.answer()

    def jobs(self):
        return len(self.client.get(BASE + "/train").json["data"])

    def crash(self):
        self.daemon.stop(check=False, sig=signal.SIGKILL)
        self.daemon.start()
        self.client.port = self.daemon.port

    def test_same_bytes_same_answer(self):
        data = self.submit_bytes(new_nonce())
        first = self.ask(data)
        self.assertEqual(first.status, 200, first)
        for _ in range(3):
            again = self.ask(data)
            self.assertEqual((again.status, again.body), (200, first.body))
        self.assertEqual(self.jobs(), 1)

    def test_signed_anew_with_the_same_nonce(self):
        nonce = new_nonce()
        first = self.ask(self.submit_bytes(nonce))
        time_of_first = support.amz_date()
        support.until(lambda: support.amz_date() != time_of_first, "the next second")
        again = self.ask(self.submit_bytes(nonce))
        self.assertEqual((again.status, again.body), (first.status, first.body))
        self.assertEqual(self.jobs(), 1)

    def test_at_once(self):
        """While the first looks into its package, the same request is no new one."""
        path = self.daemon.folder + "/p-1.tar.gz"
        with tarfile.open(path, "w:gz") as t:
            for name in ("p-1/p/__init__.py", "p-1/p/run.py"):
                t.addfile(tarfile.TarInfo(name), io.BytesIO())
        data = self.client.bytes_of("POST", BASE + "/train", body={
            "job_name": "once", "module_name": "p.run", "trainer_uri": "file://" + path}, nonce=new_nonce())
        sockets = [Socket(self.daemon.port) for _ in range(4)]
        for s in sockets:
            s.send(data)
        answers = [s.answer() for s in sockets]
        for s in sockets:
            s.close()
        self.assertEqual({a.status for a in answers} - {503}, {200}, answers)
        self.assertTrue(all("being worked on" in a.message for a in answers if a.status == 503))
        self.assertEqual({a.body for a in answers if a.status == 200}, {self.ask(data).body})

    def test_refused_is_no_use(self):
        """A refusal changes nothing, so the nonce is still free."""
        nonce = new_nonce()
        self.assertEqual(self.ask(self.submit_bytes(nonce, "NO")).status, 400)
        self.assertEqual(self.ask(self.submit_bytes(nonce)).status, 200)

    def test_after_a_crash(self):
        nonce, refused = new_nonce(), new_nonce()
        data = self.submit_bytes(nonce)
        first = self.ask(data)
        self.assertEqual(first.status, 200, first)
        for _ in range(2):
            self.crash()
            again = self.ask(data)
            self.assertEqual((again.status, again.body), (200, first.body))
            other = self.ask(self.submit_bytes(nonce, command=("false",)))
            self.assertEqual(other.status, 409, other)
            self.assertIn(nonce, other.message)
        self.assertEqual(self.jobs(), 1)

    def test_cancel_and_delete(self):
        """Of changes that cannot be made twice the second answer is the first's, too."""
        self.assertEqual(self.ask(self.submit_bytes(new_nonce(), "gone")).status, 200)
        cancel = self.client.bytes_of("POST", BASE + "/train/gone/cancel", body=b"")
        cancelled = self.ask(cancel)

        def deleted():
            """A job that is ending just then says: ask again."""
            data = self.client.bytes_of("DELETE", BASE + "/train/gone")
            answer = self.ask(data)
            self.assertIn(answer.status, (200, 409), answer)
            return (data, answer) if answer.status == 200 else None
        delete, gone = support.until(deleted, "its deletion")
        answers = (cancelled, gone)
        self.crash()
        for data, first in zip((cancel, delete), answers):
            if first.status == 200:
                again = self.ask(data)
                self.assertEqual((again.status, again.body), (200, first.body))

    def test_other_requests_are_refused(self):
        nonce = new_nonce()
        self.assertEqual(self.ask(self.submit_bytes(nonce)).status, 200)
        for data in (self.submit_bytes(nonce, "other"),
                     self.client.bytes_of("POST", BASE + "/train/once/cancel", body=b"", nonce=nonce),
                     self.client.bytes_of("DELETE", BASE + "/train/once", nonce=nonce)):
            self.assertEqual(self.ask(data).status, 409)
        self.assertEqual(self.jobs(), 1)

    def test_nonces_of_two_keys_are_apart(self):
        nonce = new_nonce()
        first = self.ask(self.submit_bytes(nonce))
        other = self.daemon.client(name="other").post(
            BASE + "/train", {"job_name": "theirs", "command": ["true"]}, nonce=nonce)
        self.assertEqual((first.status, other.status), (200, 200))
        self.assertEqual(self.jobs(), 2)


if __name__ == "__main__":
    support.main()
