"""The public client's signatures (Galaxy V3) and its HTTP: what is taken, and what none of it may open."""
import os
import shutil
import ssl
import subprocess
import tempfile
import time
import unittest

import support
from kit.galaxy import STRAY, GalaxyClient, v3
from support import BASE, FREE, LIMIT, Client, Refused, Socket, head_bytes

TRAIN = BASE + "/train"


def setUpModule():
    global daemon, admin, client
    daemon, admin = support.module_daemon(settings=("demo.jobs=3", "fake.changes=0") + FREE)
    client = GalaxyClient(daemon.port, admin.key)


def job(name, **more):
    return dict({"job_name": name, "module_name": "a.b", "trainer_uri": "file:///nothing.tar.gz"}, **more)


def answers(*pieces, port=None):
    """All that is answered until the server closes, and whether it ended with a reset."""
    with Socket(port or daemon.port) as s:
        try:
            for piece in pieces:
                s.send(piece)
            return s.rest()
        except ConnectionResetError:
            return s.buffer + b"(reset)"


class Calls(unittest.TestCase):
    def test_reads_and_writes(self):
        self.assertEqual(len(client.get(TRAIN).json["data"]), 3)
        self.assertEqual(client.get(BASE + "/org_ids").json, {"org_id": admin.key.org_id})
        made = client.post(TRAIN, {"job_name": "calls", "command": ["true"]})
        self.assertEqual(made.status, 200, made)
        self.assertEqual(client.get(TRAIN + "/calls").json["job_name"], "calls")
        self.assertEqual(client.delete(TRAIN + "/calls").status, 200)

    def test_the_public_vector(self):
        self.assertEqual(v3("sk", "/cloud_ml//v1/train", "1474203860", "d41d8cd98f00b204e9800998ecf8427e"),
                         "2RiDHGBaCYJ7nTJWkBEsqOBF2cY=")

    def test_slashes(self):
        """An endpoint that ends with a slash: signed with one more than newer libraries send."""
        for path in ("//cloud_ml/v1/train", "/cloud_ml//v1/train"):
            self.assertEqual(client.get(path).status, 200, path)
        headers = client.key.sign("GET", "//cloud_ml/v1/train", client.host)
        with Socket(daemon.port) as s:
            s.send(head_bytes("GET", TRAIN, headers))
            self.assertEqual(s.answer().status, 200)
        for signed in ("///cloud_ml/v1/train", "/cloud_ml//v1/train", "cloud_ml/v1/train"):
            with Socket(daemon.port) as s:
                s.send(head_bytes("GET", TRAIN, client.key.sign("GET", signed, client.host)))
                self.assertEqual(s.answer().status, 401, signed)

    def test_refusals_are_a_line_of_ascii(self):
        answer = client.post(TRAIN, {"job_name": "ünïcode\u2028", "command": ["true"]})
        self.assertEqual(answer.status, 400)
        self.assertTrue(answer.body.isascii(), answer.body)
        self.assertNotIn(b"\n", answer.body)
        self.assertIs(answer.json["error"], True)


class Covered(unittest.TestCase):
    """What the signature covers, changed."""

    def status(self, method="POST", path=BASE + "/quota", body=b'{"org_mail": "a@b"}', change=None, sent=None):
        headers = client.key.sign(method, path, client.host, body=body)
        headers["content-length"] = str(len(body if sent is None else sent))
        headers.update(change or {})
        with Socket(daemon.port) as s:
            s.send(head_bytes(method, path, headers) + (body if sent is None else sent))
            return s.answer().status

    def test_as_it_is(self):
        self.assertEqual(self.status(), 200)

    def test_body(self):
        self.assertEqual(self.status(sent=b'{"org_mail": "a@c"}'), 401)
        self.assertEqual(self.status(sent=b""), 401)

    def test_md5_of_another_body(self):
        """Whoever has no secret cannot sign another MD5; who has one may not say a wrong one."""
        now, wrong = str(int(time.time())), "0" * 32
        path = BASE + "/quota"
        signed = {"x-xiaomi-timestamp": now, "x-xiaomi-content-md5": wrong,
                  "authorization": "Galaxy V3 " + v3(client.key.secret_key, path, now, wrong)}
        self.assertEqual(self.status(change=signed), 401)

    def test_window(self):
        now = time.time()
        for age, status in ((0, 200), (50, 200), (-50, 200), (75, 401), (-75, 401), (3600, 401)):
            self.assertEqual(client.get(TRAIN, now=now - age).status, status, age)

    def test_headers(self):
        for change in ({"x-xiaomi-timestamp": "1"}, {"x-xiaomi-content-md5": "0" * 32},
                       {"x-xiaomi-secret-key-id": "X" * 20}, {"x-xiaomi-secret-key-id": ""},
                       {"authorization": "Galaxy V3 " + "A" * 27 + "="}, {"authorization": "Galaxy V3 AAAA"},
                       {"authorization": "Galaxy-V2 a:" + "A" * 27 + "="}):
            self.assertEqual(self.status(change=change), 401, change)

    def test_doubled(self):
        data = client.bytes_of("GET", TRAIN)
        line, rest = data.split(b"\r\n", 1)
        for name in (b"x-xiaomi-timestamp", b"x-xiaomi-secret-key-id", b"x-xiaomi-content-md5", b"authorization"):
            field = next(f for f in rest.split(b"\r\n") if f.startswith(name))
            answer = answers(line + b"\r\nConnection: close\r\n" + field + b"\r\n" + rest)
            self.assertIn(answer.split(b" ")[1], (b"400", b"401"), name)

    def test_no_websocket(self):
        with self.assertRaises(Refused) as refused:
            client.websocket()
        self.assertIn("401", str(refused.exception))


class Once(unittest.TestCase):
    """A signature that covers neither method nor query changes something once, with its method."""

    def send(self, data):
        with Socket(daemon.port) as s:
            s.send(data)
            return s.answer()

    def test_post(self):
        data = client.bytes_of("POST", TRAIN, body={"job_name": "once", "command": ["true"]})
        self.assertEqual(self.send(data).status, 200)
        for _ in range(2):
            again = self.send(data)
            self.assertEqual(again.status, 409, again)
            self.assertNotIn(b"job_name", again.body)
        self.assertEqual(client.delete(TRAIN + "/once").status, 200)
        self.assertEqual(self.send(data).status, 409)

    def test_another_query(self):
        self.assertEqual(client.post(TRAIN, {"job_name": "asked", "command": ["true"]}).status, 200)
        data = client.bytes_of("DELETE", TRAIN + "/asked")
        self.assertEqual(self.send(data).status, 200)
        other = data.replace(b"/asked ", b"/asked?is_cluster_name=True ", 1)
        self.assertNotEqual(other, data)
        self.assertEqual(self.send(other).status, 409)

    def test_no_question_whose_end_is_not_signed(self):
        answer = client.post(TRAIN, {"job_name": "asks", "command": ["true"]}, query={"what_if": "1"})
        self.assertEqual(answer.status, 400, answer)
        self.assertIn("what_if", answer.message)
        self.assertEqual(client.get(TRAIN + "/asks").status, 404)

    def test_describe_then_delete_in_one_second(self):
        self.assertEqual(client.post(TRAIN, {"job_name": "quick", "command": ["true"]}).status, 200)
        now = time.time()
        one, two = (client.bytes_of(m, TRAIN + "/quick", now=now) for m in ("GET", "DELETE"))
        self.assertEqual([self.send(d).status for d in (one, one, two, two)], [200, 200, 200, 409])

    def test_a_get_that_changes(self):
        self.assertEqual(client.post(TRAIN, {"job_name": "begun", "command": ["true"]}).status, 200)
        self.assertEqual(client.post(TRAIN + "/begun/cancel").status, 200)
        support.until(lambda: client.get(TRAIN + "/begun").json["state"] == "failed", "its end")
        data = client.bytes_of("GET", TRAIN + "/begun/start")
        self.assertEqual([self.send(d).status for d in (data, data)], [200, 409])
        client.delete(TRAIN + "/begun")

    def test_reads_by_post_repeat(self):
        data = client.bytes_of("POST", BASE + "/quota", body={"org_mail": "a@b"})
        self.assertEqual([self.send(data).status for _ in range(3)], [200] * 3)

    def test_remembered_over_a_restart(self):
        data = client.bytes_of("POST", TRAIN, body={"job_name": "kept", "command": ["true"]})
        with support.Daemon(settings=FREE) as d:
            c = GalaxyClient(d.port, d.key())
            data = c.bytes_of("POST", TRAIN, body={"job_name": "kept", "command": ["true"]})
            for status in (200, 409):
                with Socket(d.port) as s:
                    s.send(data)
                    self.assertEqual(s.answer().status, status)
                d.stop()
                d.start()


class Rights(unittest.TestCase):
    def test_read_only(self):
        key = daemon.key(name="reader", more=["--read-only"])
        reader = GalaxyClient(daemon.port, key)
        self.assertEqual(reader.get(TRAIN).status, 200)
        self.assertEqual(reader.post(BASE + "/quota", {"org_mail": ""}).status, 200)
        for method, path in (("POST", TRAIN), ("GET", TRAIN + "/x/start"), ("DELETE", TRAIN + "/x")):
            answer = reader.request(method, path, body=None if method == "GET" else b"{}")
            self.assertEqual(answer.status, 403, path)
            self.assertIn("read-only", answer.message)


class Secure(unittest.TestCase):
    """Only where nobody on the way can read it."""

    def with_settings(self, *settings, **how):
        d = support.Daemon(settings=settings + FREE, **how)
        self.addCleanup(d.close)
        return d, GalaxyClient(d.port, d.key())

    def ask(self, c, proto=None):
        return c.get(TRAIN, send={"x-forwarded-proto": proto} if proto else None).status

    def test_behind_a_trusted_proxy_its_scheme_counts(self):
        d, c = self.with_settings("trusted_proxies=127.0.0.1")
        self.assertEqual([self.ask(c, p) for p in ("https", "http", None, "httpsx")], [200, 401, 401, 401])
        self.assertEqual(Client(d.port, d.key()).get(TRAIN).status, 200)  # SigV4 anywhere

    def test_loopback_alone_is_not_enough_once_a_proxy_is_trusted(self):
        _, c = self.with_settings("trusted_proxies=10.0.0.0/8")
        self.assertEqual([self.ask(c, p) for p in ("https", None)], [401, 401])

    def test_settings(self):
        d, c = self.with_settings("signing.galaxy=never")
        answer = c.get(TRAIN)
        self.assertEqual(answer.status, 401)
        self.assertIn("signing.galaxy", answer.message)
        self.assertEqual(Client(d.port, d.key()).get(TRAIN).status, 200)
        d, c = self.with_settings("signing.galaxy=always", "trusted_proxies=10.0.0.0/8")
        self.assertEqual(self.ask(c), 200)

    def test_tls(self):
        folder = tempfile.mkdtemp(prefix="mltop-galaxy-", dir=os.environ.get("TMPDIR"))
        self.addCleanup(shutil.rmtree, folder, True)
        cert, key = folder + "/cert.pem", folder + "/key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                        "-keyout", key, "-out", cert], check=True, capture_output=True, timeout=LIMIT)
        d, c = self.with_settings("demo.jobs=3", args=("--tls-cert", cert, "--tls-key", key))
        context = ssl.create_default_context(cafile=cert)
        for more, stray in (({}, STRAY), ({"transfer-encoding": "chunked"}, STRAY)):
            s = Socket(d.port)
            s.sock = context.wrap_socket(s.sock, server_hostname="127.0.0.1")
            with s:
                s.send(c.bytes_of("GET", TRAIN, send=more) + stray)
                self.assertEqual(s.answer().status, 200)
                self.assertEqual(s.rest(), b"")


class Stray(unittest.TestCase):
    """0 CR LF CR LF behind each signed GET, announced or not: taken, and nothing else with it."""

    def setUp(self):
        self.log = daemon.log_text()
        self.addCleanup(lambda: self.assertEqual(daemon.log_text(), self.log))
        self.get = client.bytes_of("GET", TRAIN)
        self.chunked = client.bytes_of("GET", TRAIN, send={"transfer-encoding": "chunked"})

    def one(self, got, status=b"200"):
        self.assertEqual(got.count(b"HTTP/1.1 "), 1, got)
        self.assertTrue(got.startswith(b"HTTP/1.1 " + status), got)
        self.assertNotIn(b"(reset)", got)

    def late(self, *pieces):
        """Sent once the answer is there: what comes then."""
        with Socket(daemon.port) as s:
            s.send(self.get)
            self.assertEqual(s.answer().status, 200)
            for piece in pieces:
                s.send(piece)
            try:
                return s.rest()
            except ConnectionResetError:
                return b"(reset)"

    def test_cut_anywhere(self):
        for head in (self.get, self.chunked):
            self.one(answers(head + STRAY))
            for at in range(1, len(STRAY)):
                self.one(answers(head + STRAY[:at], STRAY[at:]))
                self.one(answers(head, STRAY[:at], STRAY[at:]))
        for at in range(len(STRAY)):
            self.assertEqual(self.late(STRAY[:at], STRAY[at:]), b"")
        for _ in range(3):
            self.assertEqual(self.late(*[STRAY[i:i + 1] for i in range(len(STRAY))]), b"")

    def test_after_a_refusal(self):
        for headers in ({"authorization": "Galaxy V3 " + "A" * 27 + "="}, {"x-xiaomi-timestamp": "1"}):
            refused = client.bytes_of("GET", TRAIN, send=headers)
            self.one(answers(refused + STRAY), b"401")
        self.one(answers(client.bytes_of("GET", TRAIN + "/nobody") + STRAY), b"404")

    def test_what_is_behind_them_is_nobodys(self):
        """No request rides behind the five bytes, whoever sent it."""
        for rest in (b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n", client.bytes_of("DELETE", TRAIN + "/x"),
                     admin.bytes_of("GET", TRAIN), STRAY, b"x"):
            for head in (self.get, self.chunked):
                self.one(answers(head + STRAY + rest))
            self.assertEqual(self.late(STRAY + rest), b"")
            self.assertEqual(self.late(STRAY, rest).replace(b"(reset)", b""), b"")

    def test_only_these(self):
        """What is nearly like them is a request that is none, and the end; never the quiet way out."""
        for other in (b"0\r\n\r\r", b"0\r\n \r\n", b"0\n\n", b"00\r\n\r\n", b"1\r\nx\r\n0\r\n\r\n", b"0;a=b\r\n\r\n",
                      b"0\r\nA: b\r\n\r\n", b" 0\r\n\r\n", b"\r\n0\r\n\r\n"):
            got = self.late(other + b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertTrue(got.startswith(b"HTTP/1.1 400"), (other, got))
            self.assertEqual(got.count(b"HTTP/1.1 "), 1, (other, got))
            got = answers(self.chunked + other + b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertTrue(got.startswith(b"HTTP/1.1 400"), (other, got))
            self.assertEqual(got.count(b"HTTP/1.1 "), 1, (other, got))

    def test_only_there(self):
        """Not first, not after what is not signed so, not after a write."""
        version = b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n"
        write = client.bytes_of("POST", BASE + "/quota", body=b"{}")
        for before in (b"", version, admin.bytes_of("GET", TRAIN), write,
                       client.bytes_of("GET", TRAIN, send={"content-length": "0"}),
                       self.get + version):
            got = answers(before + STRAY + version)
            self.assertEqual(got.count(b"HTTP/1.1 400"), 0 if before == write else 1, (before, got))
            self.assertEqual(got.count(b"HTTP/1.1 200"), before.count(b"HTTP/1.1\r\n"), (before, got))

    def test_chunked_only_for_get(self):
        for method in ("POST", "PUT", "DELETE"):
            data = client.bytes_of(method, TRAIN, send={"transfer-encoding": "chunked"})
            data = data.replace(b"content-length: 0\r\n", b"")
            self.one(answers(data + STRAY + self.get), b"400")


if __name__ == "__main__":
    support.main()
