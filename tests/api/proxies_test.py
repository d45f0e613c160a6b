"""nginx and haproxy, as Debian has them, in front of the daemon: with the example files of packaging/."""
import json
import os
import socket
import subprocess
import unittest

import support
from kit.frontends import Haproxy, Nginx
from kit.signing import new_nonce
from support import BASE, FREE, LIMIT, Client, Socket, until

FAR = "127.0.0.9"  # an address that is not the proxy's


def setUpModule():
    global daemon, key
    daemon, _ = support.module_daemon(settings=("demo.jobs=5", "fake.changes=0",
                                               "trusted_proxies=127.0.0.1") + FREE)
    key = daemon.key()


def connections_of(port):
    """The ports from which connections to it are open."""
    with open("/proc/net/tcp") as f:
        rows = [line.split() for line in f][1:]
    return {int(r[1].split(":")[1], 16) for r in rows
            if int(r[2].split(":")[1], 16) == port and r[3] == "01"}


def peer_of(client, uid, **how):
    """Whom the audit names as the maker of the job."""
    records = [r["record"] for r in client.get(BASE + "/audit", **how).json["data"]]
    return next(r["peer"] for r in records if r.get("object") == uid)


class Behind:
    """What holds behind each of them; who signs for its host and port."""

    @classmethod
    def setUpClass(cls):
        cls.front = cls.FRONT(f"127.0.0.1:{daemon.port}")
        cls.addClassCleanup(cls.front.close)
        cls.client = Client(cls.front.port, key)

    def curl(self, path, *args, version="--http2"):
        out = subprocess.run(["curl", "-s", "-S", "-m", str(int(LIMIT)), "-w", "\n%{http_code} %{http_version}",
                              version, "--cacert", self.front.folder + "/cert.pem",
                              "--aws-sigv4", "mltop:mltop:local:cloudml", "--user",
                              f"{key.access_key}:{key.secret_key}", *args,
                              f"https://127.0.0.1:{self.front.port}{path}"],
                             capture_output=True, timeout=LIMIT + 5, check=True)
        body, _, last = out.stdout.decode().rpartition("\n")
        return body, *last.split()

    def test_versions_of_http(self):
        for version, spoken in (("--http1.1", "1.1"), ("--http2", "2")):
            body, status, said = self.curl(BASE + "/train?limit=2&fields=job_name", version=version)
            self.assertEqual((status, said), ("200", spoken), body)
            self.assertEqual(len(json.loads(body)["data"]), 2)

    def test_a_change_over_http2(self):
        body, status, _ = self.curl(BASE + "/train", "-H", f"x-mltop-nonce: {new_nonce()}", "-d",
                                    json.dumps({"job_name": f"over-{self.front.NAME}", "command": ["true"]}))
        self.assertEqual(status, "200", body)

    def test_connections_are_reused(self):
        with self.front.connect() as s:
            self.assertEqual(self.client.get(BASE + "/train", on=s).status, 200)
            before = connections_of(daemon.port)
            for _ in range(20):
                self.assertEqual(self.client.get(BASE + "/train", on=s).status, 200)
            self.assertTrue(before & connections_of(daemon.port))
            self.assertLessEqual(len(connections_of(daemon.port) - before), 2)

    def test_signature_over_an_odd_path(self):
        for path, query in ((BASE + "/train", (("filter", "job_name~=^demo.*[0-9]$ state!=failed"), ("state", ""))),
                            ("/cloud_ml//v1/train", (("limit", "3"),)), ("/" + BASE + "/train", ()),
                            (BASE + "/train/~a.b_c-D", ()),
                            (BASE + "/train", (("filter", 'message!="a&b=c+d%20/ä" x'),))):
            answer = self.client.get(path, query=query, on=self.front.connect())
            self.assertEqual(answer.status, 404 if "~" in path else 200, (path, query, answer))

    def test_websocket(self):
        with self.client.websocket(on=self.front.connect()) as w:
            self.assertGreaterEqual(len(w.snapshot(1, "job", fields="job_name")), 5)
            made = self.client.post(BASE + "/train", {"job_name": f"seen-{self.front.NAME}", "command": ["true"]},
                                    on=self.front.connect())
            self.assertEqual(made.status, 200, made)
            while made.json["uid"] not in (r["uid"] for r in w.until("row")["rows"]):
                pass

    def test_websocket_after_requests(self):
        """On a connection of the proxy that has carried requests before."""
        with self.front.connect() as s:
            for _ in range(3):
                self.assertEqual(self.client.get(BASE + "/train", on=s).status, 200)
            with self.client.websocket(on=s) as w:
                self.assertGreaterEqual(len(w.snapshot(1, "job", fields="job_name")), 5)

    def peer_of_change(self, name, on, send=None):
        made = self.client.post(BASE + "/train", {"job_name": name, "command": ["true"]}, on=on, send=send)
        self.assertEqual(made.status, 200, made)
        return peer_of(Client(daemon.port, key), made.json["uid"])

    def test_who_is_audited(self):
        """The client's address, whatever it says of itself."""
        for i, send in enumerate((None, {"x-forwarded-for": "192.0.2.1"},
                                  {"x-forwarded-for": "192.0.2.1, 127.0.0.1"})):
            with self.front.connect(source=FAR) as s:
                self.assertEqual(self.peer_of_change(f"far-{self.front.NAME}-{i}", s, send), FAR)

    def test_scheme(self):
        with self.front.connect() as s:
            for send in (None, {"x-forwarded-proto": "http"}):
                self.assertTrue(self.client.get("/version", on=s, send=send).json["secure"])

    def test_absolute_target(self):
        """As a client sends it that takes them for its proxy."""
        signed = self.client.bytes_of("GET", BASE + "/train", query={"limit": "2", "fields": "job_name"})
        absolute = signed.replace(b" /", f" https://127.0.0.1:{self.front.port}/".encode(), 1)
        with self.front.connect() as s:
            for _ in range(2):
                s.send(absolute)
                answer = s.answer()
                self.assertEqual((answer.status, len(answer.json["data"])), (200, 2), answer)

    def test_not_exactly_http(self):
        """Whoever of the two refuses it: it is refused, and the next request is answered as its own."""
        line, host = b"GET /version HTTP/1.1\r\n", f"Host: 127.0.0.1:{self.front.port}\r\n".encode()
        for data in (line + host + b"Transfer-Encoding: xchunked\r\n\r\n",
                     line + host + b"Content-Length: 0\r\nContent-Length: 5\r\n\r\nhello",
                     line + host + b"Content-Length: 5, 5\r\n\r\nhello",
                     line + host + b"Content-Length: +5\r\n\r\nhello",
                     line + host + b"X : a\r\n\r\n", line + host + b"X\0: a\r\n\r\n",
                     line + host + b"X: a\0b\r\n\r\n", line + b"Host: a, b\r\n\r\n",
                     b"GET /ver sion HTTP/1.1\r\n" + host + b"\r\n",
                     b"GET /version?a=\xff HTTP/1.1\r\n" + host + b"\r\n",
                     b"POST /version HTTP/1.1\r\n" + host + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"):
            with self.front.connect() as s:
                s.send(data + b"GET /healthz HTTP/1.1\r\n" + host + b"\r\n")
                try:
                    first = s.answer()
                    self.assertIn(first.status, (400, 405, 411, 422, 501), (data, first))
                except (EOFError, OSError):
                    pass
            self.assertEqual(self.client.get("/healthz", on=self.front.connect(), sign=False).json,
                             {"status": "ok"})

    def test_a_follow_comes_as_it_is_written(self):
        """Nothing between holds an answer without end back."""
        with self.front.connect() as s:
            s.send(self.client.bytes_of("GET", BASE + "/train/demo-job-00000/logs", query={"follow": "True"}))
            self.assertIn(b" 200 ", s.take_until(b"\r\n\r\n"))
            self.assertTrue(s.take(64))


class BehindNginx(Behind, unittest.TestCase):
    FRONT = Nginx


class BehindHaproxy(Behind, unittest.TestCase):
    FRONT = Haproxy


class Direct(unittest.TestCase):
    """Who is no trusted proxy says nothing of others."""

    def test_headers_of_others_are_not_read(self):
        name = "direct"
        c = Client(daemon.port, key)
        with Socket(daemon.port, source=FAR) as s:
            made = c.post(BASE + "/train", {"job_name": name, "command": ["true"]}, on=s,
                          send={"x-forwarded-for": "192.0.2.1", "x-forwarded-proto": "https"})
            self.assertEqual(made.status, 200)
            self.assertEqual(peer_of(c, made.json["uid"]), FAR)
            self.assertFalse(c.get("/version", on=s, send={"x-forwarded-proto": "https"}).json["secure"])

    def test_loopback_alone_is_secure_without_proxies(self):
        with support.Daemon(settings=("demo.jobs=1",)) as d:
            c = d.client()
            self.assertTrue(c.get("/version").json["secure"])
            made = c.post(BASE + "/train", {"job_name": "a", "command": ["true"]}, send={"x-forwarded-for": "192.0.2.1"})
            self.assertEqual(peer_of(c, made.json["uid"]), "127.0.0.1")

    def test_a_proxy_on_a_unix_socket(self):
        """Behind nginx that comes over listen_unix."""
        with support.Daemon(settings=("demo.jobs=1", "trusted_proxies=unix", "listen_unix=" + support_path())) as d:
            front = Nginx(f"unix:{support_path()}")
            try:
                c = Client(front.port, d.key())
                with front.connect(source=FAR) as s:
                    made = c.post(BASE + "/train", {"job_name": "a", "command": ["true"]}, on=s)
                    self.assertEqual(peer_of(c, made.json["uid"], on=s), FAR)
                    self.assertTrue(c.get("/version", on=s).json["secure"])
            finally:
                front.close()

    def test_a_file_in_the_place_of_the_unix_socket(self):
        """A socket that an earlier daemon left goes; a file of that name is somebody's, and stays."""
        path = support_path() + "-taken"
        with support.Daemon(settings=("demo.jobs=1",)) as d:
            c = d.client()
            d.stop()
            d.settings.append("listen_unix=" + path)
            with open(path, "w", encoding="utf-8") as f:
                f.write("mine")
            self.assertRaisesRegex(AssertionError, "is no socket", d.start)
            with open(path, encoding="utf-8") as f:
                self.assertEqual(f.read(), "mine")
            os.unlink(path)
            with socket.socket(socket.AF_UNIX) as left:
                left.bind(path)
            d.start()
            c.port = d.port
            self.assertEqual(c.get("/version").status, 200)

    def test_strangers_behind_a_proxy(self):
        """They count by the address that the proxy says; others behind it are not concerned."""
        with support.Daemon(settings=("demo.jobs=1", "trusted_proxies=127.0.0.1", "limits.per_address=2")) as d:
            c = d.client()
            data = c.bytes_of("POST", BASE + "/train", body={"a": 1}, send={"x-forwarded-for": "192.0.2.1"})
            held = [Socket(d.port) for _ in range(2)]
            for s in held:
                s.send(data[:-3])  # whole heads, whose bodies are still to come

            def asks(address):
                return c.get(BASE + "/train", send={"x-forwarded-for": address})
            until(lambda: asks("192.0.2.1").status == 429, "no more strangers of that address")
            self.assertEqual(asks("192.0.2.2").status, 200)
            for s in held:
                s.close()
            until(lambda: asks("192.0.2.1").status == 200, "room again")

    def test_wrong_settings(self):
        d = support.Daemon(settings=("demo.jobs=1",))
        with d:
            said = d.verb("--check-config", "--set", "trusted_proxies=10.0.0.0/33")
        self.assertNotEqual(said.returncode, 0)
        self.assertIn(b"10.0.0.0/33", said.stderr)


def support_path():
    """A Unix socket in a folder of its own, one for the module."""
    import tempfile
    if not hasattr(support_path, "folder"):
        support_path.folder = tempfile.TemporaryDirectory(prefix="mltop-unix-")
        unittest.addModuleCleanup(support_path.folder.cleanup)
    return support_path.folder.name + "/s"


if __name__ == "__main__":
    support.main()
