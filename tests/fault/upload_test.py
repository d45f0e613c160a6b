"""A large upload through nginx and haproxy: none of the three keeps it. Torture: 2 GiB each."""
import hashlib
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

from kit.basics import BUILD  # noqa: E402
from kit.client import Client  # noqa: E402
from kit.count import run_cases  # noqa: E402
from kit.daemon import FREE, Daemon  # noqa: E402
from kit.frontends import Haproxy, Nginx  # noqa: E402
from kit.http import BASE, head_bytes  # noqa: E402
from kit.signing import new_nonce  # noqa: E402

SIZE = (2 << 30) if int(os.environ.get("ROUNDS", "0")) >= 200 else (64 << 20)
PIECE = bytes(1 << 20)


class Uploads(unittest.TestCase):
    def upload(self, front_of):
        whole = hashlib.sha256()
        for _ in range(SIZE >> 20):
            whole.update(PIECE)
        with Daemon(settings=("demo.jobs=1", "trusted_proxies=127.0.0.1") + FREE) as d:
            key = d.key()
            front = front_of(f"127.0.0.1:{d.port}")
            try:
                c = Client(front.port, key)
                made = c.post(BASE + "/packages", {"size": SIZE, "sha256": whole.hexdigest(), "name": "big"},
                              on=front.connect())
                self.assertIn(made.status, (200, 201), made)
                path = f"{BASE}/packages/{made.json['id']}"
                headers = key.sign("PUT", path, c.host, [("offset", "0")], whole, new_nonce())
                headers["content-length"] = str(SIZE)
                before, most = d.resident(), 0
                with front.connect() as s:
                    s.sock.settimeout(600)
                    s.send(head_bytes("PUT", path + "?offset=0", headers))
                    for _ in range(SIZE >> 20):
                        s.send(PIECE)
                        most = max(most, d.resident())
                    answer = s.answer()
                self.assertEqual((answer.status, answer.json["complete"]), (200, True), answer)
                if "address" not in BUILD:
                    self.assertLess(most - before, 16 * 1024)
            finally:
                front.close()

    def test_nginx(self):
        self.upload(Nginx)

    def test_haproxy(self):
        self.upload(Haproxy)


if __name__ == "__main__":
    run_cases()
