"""Several tenants behind a proxy that keeps one connection: nobody reads another's answer.

The proxy follows RFC 9112 (tests/kit/proxy.py). What it passes on the server must read exactly as it
does; what no conforming proxy passes on, the server must refuse whole.
"""
import os
import shutil
import ssl
import subprocess
import tempfile
import unittest

import support
from kit.proxy import Proxy, Refused
from support import BASE, FREE, Socket

WHO = BASE + "/authentication"


class Clear:
    """A daemon and two tenants; how they connect."""
    ARGS = ()

    @classmethod
    def setUpClass(cls):
        global daemon, alice, bob
        daemon = support.Daemon(settings=("demo.jobs=5", "fake.changes=0") + FREE, args=cls.ARGS)
        cls.addClassCleanup(daemon.close)
        alice, bob = daemon.client(org="alpha", role="operator"), daemon.client(org="beta", role="operator")

    @classmethod
    def connect(cls):
        return Socket(daemon.port)


class Tls(Clear):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.mkdtemp(prefix="mltop-tls-", dir=os.environ.get("TMPDIR"))
        cls.addClassCleanup(shutil.rmtree, folder, True)
        cls.cert = folder + "/cert.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                        "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
                        "subjectAltName=IP:127.0.0.1", "-keyout", folder + "/key.pem", "-out", cls.cert],
                       check=True, capture_output=True, timeout=support.LIMIT)
        cls.ARGS = ("--tls-cert", cls.cert, "--tls-key", folder + "/key.pem")
        super().setUpClass()

    @classmethod
    def connect(cls):
        s = Socket(daemon.port)
        s.sock = ssl.create_default_context(cafile=cls.cert).wrap_socket(s.sock, server_hostname="127.0.0.1")
        return s


def head(first, *fields, body=b""):
    lines = [first, f"Host: 127.0.0.1:{daemon.port}".encode(), *fields]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def with_body(first, body, *fields):
    return head(first, b"Content-Length: %d" % len(body), *fields, body=body)


class Tenants:
    """After whatever alice sends, bob asks who he is: over the connection that she has used."""

    def check(self, proxy, data, name):
        try:
            proxy.forward(data)
        except Refused as e:
            self.fail(f"{name}: the proxy refuses it: {e}")
        except EOFError:
            proxy.drop()
        for c in (bob, alice, bob):
            answer = proxy.forward(c.bytes_of("GET", WHO))
            self.assertEqual((answer.status, answer.json.get("access_key")), (200, c.key.access_key), name)

    def cases(self):
        own = alice.bytes_of("GET", WHO)
        yield "plain", own
        for method in (b"GET", b"DELETE", b"HEAD", b"OPTIONS", b"POST", b"PUT", b"PATCH"):
            for path in (b"/version", b"/nothing", BASE.encode() + b"/train", WHO.encode()):
                yield f"{method} {path} with a request as its body", with_body(method + b" " + path + b" HTTP/1.1", own)
        for path in ("/version", "/nothing", WHO):
            yield f"HEAD {path}", alice.bytes_of("HEAD", path)
            yield f"OPTIONS {path}", alice.bytes_of("OPTIONS", path, nonce="")
        yield "signed, with a body", alice.bytes_of("GET", WHO, body=own, send={"content-length": str(len(own))})
        yield "too large", with_body(b"POST " + BASE.encode() + b"/train HTTP/1.1", own + b"a" * 300000)
        yield "HTTP/1.0", head(b"GET /version HTTP/1.0")
        yield "HTTP/1.0, kept", head(b"GET /version HTTP/1.0", b"Connection: keep-alive")
        yield "close", head(b"GET /version HTTP/1.1", b"Connection: x, Close ,y")
        yield "upgrade", head(b"GET /version HTTP/1.1", b"Connection: Upgrade", b"Upgrade: h2c")
        yield "expects", with_body(b"POST /version HTTP/1.1", own, b"Expect: 100-continue")
        yield "odd fields", head(b"GET /version HTTP/1.1", b"X-Content-Length: 500", b"Content_Length: 500",
                                 b"Content-Length-: 500", b"A: Content-Length: 500", b"Transfer-Encodin: chunked",
                                 b"!#$%&'*+-.^_`|~: \xff\x80 \"Transfer-Encoding: chunked\"", b"Empty:",
                                 b"Cookie: Content-Length=500; Transfer-Encoding=chunked")
        yield "zeros", head(b"GET /version HTTP/1.1", b"Content-Length: 000")
        yield "zeros before", head(b"POST /version HTTP/1.1", b"Content-Length: 0000%d" % len(own), body=own)
        yield "tabs", head(b"GET /version HTTP/1.1", b"Content-Length:\t \t%d\t" % len(own), body=own)
        yield "odd target", head(b"GET /version?%0d%0aContent-Length:%20500&a;b=c HTTP/1.1")
        yield "long", head(b"GET /version?" + b"a" * 6000 + b" HTTP/1.1", b"X: " + b"b" * 6000)
        yield "longer", head(b"GET /version HTTP/1.1", b"X: " + b"b" * 20000, b"Content-Length: 0")
        yield "many fields", head(b"GET /version HTTP/1.1", *[b"X-%d: a" % i for i in range(99)])
        yield "more fields", head(b"GET /version HTTP/1.1", *[b"X-%d: a" % i for i in range(300)])

    def test_one_connection(self):
        with Proxy(self.connect) as proxy:
            for name, data in self.cases():
                self.check(proxy, data, name)

    def test_it_is_reused(self):
        with Proxy(self.connect) as proxy:
            for _ in range(20):
                for c in (alice, bob):
                    self.assertEqual(proxy.forward(c.bytes_of("GET", WHO)).json["access_key"], c.key.access_key)
            self.assertEqual(proxy.opened, 1)


class Refusals:
    """What two readers could divide otherwise: one answer, 400, and the end. What follows is not read."""

    def forms(self):
        own = alice.bytes_of("GET", WHO)
        for field in (b"Transfer-Encoding: chunked\r\nContent-Length: 5", b"Content-Length: 5\r\nTransfer-Encoding: chunked",
                      b"Transfer-Encoding: xchunked", b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding : chunked",
                      b"Transfer-Encoding: identity", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
                      b"X: a\r\n Transfer-Encoding: chunked", b"X: a\rTransfer-Encoding: chunked",
                      b"X: a\nTransfer-Encoding: chunked", b"X: a\0\r\nContent-Length: 5",
                      b"Content-Length: 0\r\nContent-Length: 0", b"Content-Length: 0\r\ncontent-length: 9",
                      b"Content-Length: 0, 0", b"Content-Length: +0", b"Content-Length: 0x0", b"Content-Length: -0",
                      b"Content-Length: 0 0", b"Content-Length:", b"Content-Length : 0", b" Content-Length: 0",
                      b"Content-Length\t: 0", b"Content-Length: 0\x0b", b"Content-Length: 18446744073709551616",
                      b"Host: other", b"NoColon", b": a", b"X\xff: a", b"X(a): b"):
            yield field, head(b"GET /version HTTP/1.1", field) + own
        for first in (b"GET  /version HTTP/1.1", b"GET /version  HTTP/1.1", b"GET\t/version HTTP/1.1",
                      b"GET /version\tHTTP/1.1", b"GET /version HTTP/1.1 ", b" GET /version HTTP/1.1",
                      b"\r\nGET /version HTTP/1.1", b"GET /ver\0sion HTTP/1.1", b"GET /version\0 HTTP/1.1",
                      b"GET http://u@x/version HTTP/1.1", b"GET ftp://x/version HTTP/1.1", b"GET version HTTP/1.1", b"GET /version HTTP/1.2",
                      b"GET /version HTTP/0.9", b"GET /version HTTP/2", b"get /version HTTP/1.1",
                      b"GET /version#a HTTP/1.1", b"GET /ver\x80sion HTTP/1.1", b"GET /version"):
            yield first, head(first) + own
        yield "no host", b"GET /version HTTP/1.1\r\n\r\n" + own
        yield "a GET that is chunked", head(b"GET /version HTTP/1.1", b"Transfer-Encoding: chunked",
                                            body=b"5\r\nhello\r\n0\r\n\r\n" + own)
        yield "a POST that is chunked", head(b"POST /version HTTP/1.1", b"Transfer-Encoding: chunked",
                                             body=b"5\r\nhello\r\n0\r\n\r\n" + own)

    def test_refused_whole(self):
        for name, data in self.forms():
            for pieces in (1, len(data)):
                with self.connect() as s:
                    try:
                        for i in range(0, len(data), max(1, len(data) // pieces)):
                            s.send(data[i:i + max(1, len(data) // pieces)])
                        answers = s.rest()
                    except (ConnectionResetError, BrokenPipeError, ssl.SSLError):
                        answers = s.buffer
                self.assertEqual(answers.count(b"\r\nDate: "), 1, (name, answers))
                self.assertTrue(answers.startswith(b"HTTP/1.1 400 "), (name, answers))
                self.assertIn(b"Connection: close", answers)
                self.assertNotIn(alice.key.access_key.encode(), answers)


class ClearTenants(Tenants, Clear, unittest.TestCase):
    pass


class ClearRefusals(Refusals, Clear, unittest.TestCase):
    pass


class TlsTenants(Tenants, Tls, unittest.TestCase):
    pass


class TlsRefusals(Refusals, Tls, unittest.TestCase):
    pass


if __name__ == "__main__":
    support.main()
