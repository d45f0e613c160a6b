"""Bodies: who is not known keeps nothing here, and what all the others send is bounded."""
import hashlib
import os
import unittest

import support
from support import BASE, FREE, Key, Client, Socket, new_nonce

BODY = 256 * 1024
ALL = 64 << 20
OF_A_KEY = 16 << 20


def setUpModule():
    global daemon, client
    daemon, client = support.module_daemon(settings=("demo.jobs=5", "fake.changes=0", "limits.per_key=1000") + FREE)


def head_of(c, path, length, method="POST"):
    """A signed request whose body is still to come."""
    return c.bytes_of(method, path, send={"content-length": str(length)})


class Strangers(unittest.TestCase):
    def test_unknown_keys_are_answered_before_their_body(self):
        stranger = Client(daemon.port, Key("A" * 20, "b" * 43, "1"))
        for method, path in (("POST", BASE + "/train"), ("PUT", BASE + "/packages/x")):
            with Socket(daemon.port) as s:
                s.send(head_of(stranger, path, BODY, method))
                answer = s.answer()
                self.assertEqual(answer.status, 401)
                self.assertEqual(answer.headers["connection"], "close")
                self.assertIn("the signature does not fit", answer.message)

    def test_unsigned_ones_as_well(self):
        with Socket(daemon.port) as s:
            s.send(client.bytes_of("POST", BASE + "/train", sign=False, send={"content-length": str(BODY)}))
            self.assertEqual(s.answer().status, 401)

    def test_what_is_open_to_all_takes_no_body(self):
        """What strangers announce would be taken from the room that everybody's bodies share."""
        for path in ("/version", "/healthz", "/readyz", BASE + "/version", BASE + "/framework"):
            with self.subTest(path=path), Socket(daemon.port) as s:
                s.send(client.bytes_of("GET", path, sign=False, send={"content-length": str(BODY)}))
                answer = s.answer()
                self.assertEqual((answer.status, answer.message.endswith("takes no body")), (400, True), answer)
                self.assertEqual(answer.headers["connection"], "close")
            with Socket(daemon.port) as s:
                s.send(client.bytes_of("GET", path, sign=False, send={"content-length": "0"}))
                self.assertEqual(s.answer().status, 200)

    def test_a_disabled_key(self):
        other = daemon.client(name="off")
        self.assertEqual(daemon.verb("key", "disable", other.key.access_key).returncode, 0)
        with Socket(daemon.port) as s:
            s.send(head_of(other, BASE + "/train", BODY))
            self.assertEqual(s.answer().status, 401)


class Sum(unittest.TestCase):
    def test_all_together(self):
        """As many as fit are waited for; one more is told to come again, and room comes back."""
        before = daemon.resident()
        others = [daemon.client(name=f"other-{i}") for i in range(ALL // OF_A_KEY)]
        held = [Socket(daemon.port) for _ in range(ALL // BODY)]
        for i, s in enumerate(held):
            s.send(head_of(others[i % len(others)], BASE + "/train", BODY))
        with Socket(daemon.port) as s:
            s.send(head_of(client, BASE + "/train", BODY))
            answer = s.answer()
            self.assertEqual(answer.status, 503, answer)
            self.assertIn("retry-after", answer.headers)
        if "address" not in support.BUILD:  # what was announced is not taken from memory before it comes
            self.assertLess(daemon.resident() - before, 32 * 1024)
        self.assertEqual(client.get(BASE + "/train").status, 200)
        for s in held:
            s.close()
        support.until(lambda: client.post(BASE + "/train", {"a": 1}).status == 400, "room again")


    def test_of_a_key(self):
        """Whoever knows a key's name, and no secret, takes no room from the bodies of other keys."""
        named = daemon.client(name="named")
        forger = Client(daemon.port, Key(named.key.access_key, "b" * 43, "1"))
        held = [Socket(daemon.port) for _ in range(ALL // BODY + 1)]
        for s in held:
            s.send(head_of(forger, BASE + "/train", BODY))
        answer = held[-1].answer()
        self.assertEqual(answer.status, 503, answer)
        self.assertIn("this access key", answer.message)
        self.assertEqual(client.post(BASE + "/train", {"a": 1}).status, 400)
        for s in held:
            s.close()
        support.until(lambda: named.post(BASE + "/train", {"a": 1}).status == 400, "room again")


class Uploads(unittest.TestCase):
    SIZE = 200 << 20

    def test_one_large_part(self):
        """A part of any size goes to the disk as it comes."""
        piece = os.urandom(1 << 20)
        whole = hashlib.sha256()
        for _ in range(self.SIZE >> 20):
            whole.update(piece)
        made = client.post(BASE + "/packages", {"size": self.SIZE, "sha256": whole.hexdigest(), "name": "big"})
        self.assertIn(made.status, (200, 201), made)
        path, before = f"{BASE}/packages/{made.json['id']}", daemon.resident()
        headers = client.key.sign("PUT", path, client.host, [("offset", "0")], whole, new_nonce())
        headers["content-length"] = str(self.SIZE)
        most = 0
        with Socket(daemon.port) as s:
            s.send(support.head_bytes("PUT", path + "?offset=0", headers))
            for _ in range(self.SIZE >> 20):
                s.send(piece)
                most = max(most, daemon.resident())
            answer = s.answer()
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.json["complete"], True)
        if "address" not in support.BUILD:
            self.assertLess(most - before, 16 * 1024)

    def test_client_leaves_in_the_middle(self):
        made = client.post(BASE + "/packages", {"size": self.SIZE, "sha256": "0" * 64, "name": "left"})
        before = daemon.descriptors()
        for n in (0, 1000, 1 << 20):
            with Socket(daemon.port) as s:
                s.send(head_of(client, f"{BASE}/packages/{made.json['id']}", self.SIZE, "PUT") + bytes(n))
        support.until(lambda: daemon.descriptors() <= before, "its file is closed")


if __name__ == "__main__":
    support.main()
