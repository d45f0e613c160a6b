"""What the server refuses before it means anything.

Raw bytes over sockets of our own. After every probe the daemon must still answer, and must not have
spent time on it.
"""
import resource
import select
import socket
import threading
import time
import unittest

import support
from support import BASE, LIMIT, Socket, until

FREE = ("limits.requests_per_second=1000000", "limits.request_burst=1000000")


def setUpModule():
    global daemon, client
    daemon, client = support.module_daemon(settings=("demo.jobs=20", "fake.changes=0",
                                      "limits.per_address=1000") + FREE)


def probe(data, half=False):
    """What the server says until it closes (or is quiet for good: an error)."""
    with Socket(daemon.port) as s:
        s.send(data)
        if half:
            s.sock.shutdown(socket.SHUT_WR)
        try:
            return s.rest()
        except ConnectionResetError:
            return s.buffer + b"\n(reset)"


def host():
    return f"Host: 127.0.0.1:{daemon.port}\r\n".encode()


def get(path=b"/version", more=b"", version=b"HTTP/1.1", with_host=True):
    return (b"GET " + path + b" " + version + b"\r\n" + (host() if with_host else b"") + more +
            b"Connection: close\r\n\r\n")


def post(length_lines, body=b"hello"):
    return b"POST /cloud_ml/v1/train HTTP/1.1\r\n" + host() + length_lines + b"\r\n" + body


def status(data):
    return int(data.split()[1]) if data.startswith(b"HTTP/1.") else None


class Alive(unittest.TestCase):
    def tearDown(self):
        self.assertEqual(client.get("/version", sign=False).status, 200)


class RequestLine(Alive):
    def test_good(self):
        self.assertEqual(status(probe(get())), 200)
        self.assertEqual(status(probe(get(version=b"HTTP/1.0"))), 200)

    def test_version(self):
        for version in (b"HTTP/9.9", b"HTTP/2.0", b"HTTP/1.2", b"http/1.1", b"HTTP/1.1x", b"X"):
            self.assertEqual(status(probe(get(version=version))), 400, version)
        self.assertEqual(status(probe(b"GET /version\r\n" + host() + b"\r\n")), 400)

    def test_host(self):
        self.assertEqual(status(probe(get(with_host=False))), 400)
        self.assertEqual(status(probe(get(more=host()))), 400)
        self.assertEqual(status(probe(get(more=b"Host: other\r\n"))), 400)
        self.assertEqual(status(probe(get(more=b"Host: a, b\r\n", with_host=False))), 400)

    def test_path(self):
        for path in (b"/ver%20sion", b"/ver;sion", b"/ver&sion", b"/\xff", b"/a%3fb", b"/%25",
                     b"/a%00b", b"/a%0d%0aX:y", b"/a\\b", b"/%c3%a9", b"/" + b"a" * 1100, b"/a,b"):
            answer = probe(get(path))
            self.assertIn(status(answer), (400, 403, None), (path, answer))
            self.assertNotIn(b" 200 ", answer[:20])

    def test_path_is_decoded_once(self):
        """Runs of slashes are one; dots, which somebody else might resolve, are refused."""
        self.assertEqual(status(probe(get(b"//version"))), 200)
        self.assertEqual(status(probe(get(b"/%76ersion"))), 200)
        for path in (b"/cloud_ml/../version", b"/./version", b"/cloud_ml/%2e%2e/version",
                     b"/cloud_ml/%252e%252e/version"):
            self.assertEqual(status(probe(get(path))), 400, path)

    def test_absolute_target(self):
        """What a proxy may send (RFC 9112 3.2.2): the host of the target counts, and is what is signed."""
        for target in (b"http://127.0.0.1/version", b"HTTP://x.example:99/version?a=b", b"https://x/%76ersion"):
            self.assertEqual(status(probe(get(target))), 200, target)
        self.assertEqual(status(probe(get(b"http://x"))), 404)  # of the path /, which there is not
        self.assertEqual(status(probe(get(b"http://x/version", with_host=False))), 400)
        path, query = support.BASE + "/train", {"fields": "job_name", "limit": "2", "filter": "state=running|failed a"}
        signed = client.bytes_of("GET", path, query=query)
        line, rest = signed.split(b"\r\n", 1)
        here = f"127.0.0.1:{daemon.port}".encode()
        for host, wanted in ((here, 200), (here.upper(), 200), (b"other.example", 401)):
            absolute = line.replace(b" /", b" http://" + host + b"/", 1) + b"\r\n"
            self.assertEqual(status(probe(absolute + b"Connection: close\r\n" + rest)), wanted, host)
        # Signed for the target's host, Host being another: that one is ignored.
        stray = rest.replace(b"ost: " + here, b"ost: stray.example", 1)
        self.assertNotEqual(stray, rest)
        absolute = line.replace(b" /", b" http://" + here + b"/", 1) + b"\r\n"
        self.assertEqual(status(probe(absolute + b"Connection: close\r\n" + stray)), 200)
        self.assertEqual(status(probe(line + b"\r\nConnection: close\r\n" + stray)), 401)

    def test_every_refusal_says_why(self):
        for target in (b"/%zz", b"/%2", b"*", b"http://u@127.0.0.1/version", b"/version?a=%zz",
                       b"/version%00", b"/version?a=%00", b"/version?a=<b>"):
            answer = probe(get(target))
            self.assertEqual(status(answer), 400, (target, answer))
            self.assertIn(b'"message":"', answer)
        answer = probe(get(more=b"X-A: " + b"a" * 17000 + b"\r\n"))
        self.assertEqual(status(answer), 431)
        self.assertIn(b"16384 bytes", answer)

    def test_query(self):
        self.assertEqual(status(probe(get(b"/version?a=%ff"))), 400)
        many = b"&".join(b"a%d=1" % i for i in range(65))
        answer = probe(get(b"/version?" + many))
        self.assertEqual(status(answer), 400)
        self.assertIn(b"more than 64 parameters", answer)
        answer = probe(get(b"/version?" + b"&".join(b"a%d=1" % i for i in range(1000))))
        self.assertIn(b"more than 64 parameters", answer)
        self.assertNotEqual(status(probe(get(b"/version?a=%00"))), 200)

    def test_not_http(self):
        for data in (b"BREW /x HTTP/1.1\r\n" + host() + b"\r\n", bytes(range(256)),
                     b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 300,
                     b"CONNECT a:1 HTTP/1.1\r\n" + host() + b"\r\n"):
            self.assertEqual(status(probe(data)), 400, data[:20])

    def test_http2_preface(self):
        answer = probe(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
        self.assertIn(status(answer), (400, None))
        self.assertNotIn(b"\0\0", answer)

    def test_large_header(self):
        self.assertNotEqual(status(probe(get(more=b"X-A: " + b"a" * 40000 + b"\r\n"))), 200)
        lots = b"".join(b"X-%d: a\r\n" % i for i in range(5000))
        self.assertNotEqual(status(probe(get(more=lots))), 200)


class Length(Alive):
    def test_bad_lengths(self):
        for length in (b"-5", b"18446744073709551616", b"", b"abc", b"5, 5", b"0x10",
                       b"+5", b"1 2", b"5;", b"5.0"):
            answer = probe(post(b"Content-Length: " + length + b"\r\n"))
            self.assertEqual(status(answer), 400, (length, answer))

    def test_two_lengths(self):
        self.assertEqual(status(probe(post(b"Content-Length: 5\r\nContent-Length: 5\r\n"))), 400)
        self.assertEqual(status(probe(post(b"Content-Length: 5\r\nContent-Length: 6\r\n"))), 400)

    def test_transfer_encoding(self):
        chunked = b"Transfer-Encoding: chunked\r\n"
        body = b"5\r\nhello\r\n0\r\n\r\n"
        self.assertEqual(status(probe(post(chunked, body))), 400)
        self.assertEqual(status(probe(post(chunked + b"Content-Length: 5\r\n", body))), 400)
        self.assertEqual(status(probe(get(more=chunked + b"Content-Length: 0\r\n"))), 400)
        self.assertEqual(status(probe(get(more=b"Transfer-Encoding: gzip, chunked\r\n"))), 400)

    def test_no_length(self):
        self.assertEqual(status(probe(post(b""))), 411)

    def test_too_large_is_not_read(self):
        """413 comes from the header alone: the body is never sent."""
        with Socket(daemon.port) as s:
            s.send(post(b"Content-Length: 262145\r\n", b""))
            self.assertEqual(s.answer().status, 413)

    def test_too_large_sent_whole(self):
        """The answer is not overtaken by a reset although the body is still on its way."""
        with Socket(daemon.port) as s:
            s.send(post(b"Content-Length: 300000\r\n", b""))
            select.select([s.sock], [], [], LIMIT)
            for _ in range(20):
                s.send(b"x" * 15000)
            self.assertEqual(status(s.rest()), 413)

    def test_body_limits_of_json(self):
        for body in (b"[" * 65 + b"]" * 65, b'{"a":1,"a":2}', b'{"a":"\0"}', b'{"a":"\\u0000"}',
                     b"{", b"1", b'{"a":"\xff"}'):
            self.assertEqual(client.post(BASE + "/train", body).status, 400, body[:20])


class Announced(Alive):
    """An empty chunked body behind a GET, as an HTTP library may send it (galaxy_test: unannounced)."""

    def test_it_is_taken(self):
        for _ in range(5):
            before = daemon.log_text()
            answer = probe(client.bytes_of("GET", BASE + "/train",
                                           send={"transfer-encoding": "chunked"}) + b"0\r\n\r\n")
            self.assertEqual(status(answer), 200)
            self.assertEqual(answer.count(b"HTTP/1."), 1, answer)
            self.assertNotIn(b"(reset)", answer)
            self.assertEqual(daemon.log_text(), before)


class KeepAlive(Alive):
    def test_many_on_one(self):
        with Socket(daemon.port) as s:
            for _ in range(20):
                self.assertEqual(client.get(BASE + "/train", on=s).status, 200)
                self.assertEqual(client.post(BASE + "/quota", b"", on=s).status, 200)
                self.assertEqual(client.get(BASE + "/train/nothing", on=s).status, 404)
                self.assertEqual(client.get("/nothing", on=s).status, 404)

    def test_pipelined_gets(self):
        data = client.bytes_of("GET", BASE + "/train")
        answer = probe(data * 3 + get())
        self.assertEqual(answer.count(b"HTTP/1.1 200"), 4)

    def test_behind_a_body(self):
        """A request behind a body is never read as part of it, nor for ever."""
        one = client.bytes_of("POST", BASE + "/quota", body={})
        before = daemon.cpu_seconds()
        answer = probe(one + get())
        self.assertEqual(status(answer), 200)
        self.assertEqual(answer.count(b"HTTP/1."), 1)
        self.assertNotIn("answered twice", daemon.log_text())
        self.assertLess(daemon.cpu_seconds() - before, 0.5)

    def test_upgrade_after_request(self):
        for word in (b"foo", b"h2c", b"websocket, h2c", b"WebSocketX"):
            answer = probe(client.bytes_of("GET", BASE + "/train") + b"GET /version HTTP/1.1\r\n" +
                           host() + b"Upgrade: " + word + b"\r\nHTTP2-Settings: AAMAAABk\r\n"
                           b"Connection: Upgrade\r\n\r\n")
            self.assertEqual(status(answer), 200)
            self.assertNotIn(b"101 Switching", answer)

    def test_head_has_no_body(self):
        """Its answer ends with its head: whoever reuses the connection would read a body as the next one."""
        with Socket(daemon.port) as s:
            s.send(b"HEAD /version HTTP/1.1\r\n" + host() + b"Connection: close\r\n\r\n")
            self.assertRegex(s.rest(), rb"\AHTTP/1.1 405 (?s:.)*\r\n\r\n\Z")

    def test_connection_close(self):
        answer = probe(get())
        self.assertIn(b"Connection: close", answer)

    def test_methods(self):
        for method, path, wants in (("POST", "/version", 405), ("HEAD", "/version", 405),
                                    ("OPTIONS", BASE + "/train", 405), ("GET", "/nothing", 404),
                                    ("PATCH", BASE + "/train", 405), ("HEAD", "/no/thing", 404)):
            answer = client.request(method, path)
            self.assertEqual(answer.status, wants, (method, path))
            if method != "HEAD":
                self.assertEqual(answer.json["error"], True)
            if wants == 405:
                self.assertIn("GET", answer.headers["allow"])


class Upgrade(Alive):
    def refused(self, wants, **how):
        with self.assertRaises(support.Refused) as caught:
            client.websocket(**how)
        self.assertEqual(caught.exception.answer.status, wants)

    def test_guards(self):
        client.websocket().close()
        self.refused(400, drop=("sec-websocket-protocol",))
        self.refused(400, protocol="mltop.v2")
        self.refused(400, protocol="mltop.v1, other")
        self.refused(400, send={"sec-websocket-version": "8"})
        self.refused(400, drop=("sec-websocket-key",))
        self.refused(400, send={"sec-websocket-key": "short"})
        self.refused(400, send={"content-length": "5"})
        self.refused(400, send={"upgrade": "h2c"})
        self.refused(404, path=BASE + "/train")
        self.refused(401, sign=False)

    def test_origin(self):
        self.refused(403, send={"origin": "https://evil.example"})
        self.refused(403, send={"origin": "null"})
        with support.Daemon(settings=("demo.jobs=1", "origins=https://ok.example")) as d:
            c = d.client()
            c.websocket(send={"origin": "https://ok.example"}).close()
            with self.assertRaises(support.Refused):
                c.websocket(send={"origin": "https://ok.example.evil"})


class Deadlines(unittest.TestCase):
    """All slow clients at once: the time of the test is that of the longest deadline."""

    def test_slow_clients(self):
        begun = time.monotonic()
        before = daemon.cpu_seconds()
        sockets = {
            "nothing": b"", "half a line": b"GET /ver", "half a header": get()[:-10],
            "half a body": client.bytes_of("POST", BASE + "/quota", body={"a": 1})[:-3],
        }
        open_ = {}
        for name, data in sockets.items():
            open_[name] = Socket(daemon.port)
            open_[name].send(data)
        dripping = Socket(daemon.port)
        ends = {}
        reader = threading.Thread(target=lambda: ends.update(
            (n, (s.rest(), time.monotonic() - begun)) for n, s in open_.items()))
        reader.start()
        drops = 0
        try:
            dripping.send(b"GET /version HTTP/1.1\r\nX-A: ")
            while time.monotonic() - begun < LIMIT:
                dripping.send(b"a")
                drops += 1
                dripping.sock.settimeout(0.25)
                try:
                    if dripping.sock.recv(100) == b"":
                        break
                except socket.timeout:
                    pass
        except (BrokenPipeError, ConnectionResetError):
            pass
        dripped = time.monotonic() - begun
        reader.join(LIMIT)
        dripping.close()
        for s in open_.values():
            s.close()
        self.assertLess(dripped, 13)
        self.assertGreater(dripped, 8)
        self.assertEqual(set(ends), set(sockets))
        for name, (data, took) in ends.items():
            self.assertLess(took, 14, name)
            self.assertEqual(status(data), 408 if name == "half a body" else None, (name, data))
        self.assertLess(daemon.cpu_seconds() - before, 1.0)


class Limits(unittest.TestCase):
    """Daemons of their own: their limits are small, or are the defaults."""

    def test_strangers_of_one_address(self):
        with support.Daemon(settings=("demo.jobs=1",)) as d:
            c = d.client()
            known = Socket(d.port)
            self.assertEqual(c.get(BASE + "/train", on=known).status, 200)
            strangers = [Socket(d.port) for _ in range(24)]
            for s in strangers:
                s.sock.settimeout(0.5)

            def closed(s):
                try:
                    return s.sock.recv(1) == b""
                except ConnectionResetError:
                    return True
                except socket.timeout:
                    return False
            self.assertEqual([closed(s) for s in strangers], [True] * 8 + [False] * 16)
            self.assertEqual(c.get(BASE + "/train", on=known).status, 200)
            for s in strangers:
                s.close()
            until(lambda: self.answers(c), "room for newcomers again")
            known.close()

    def answers(self, c):
        try:
            return c.get(BASE + "/train").status == 200
        except (EOFError, OSError):
            return False

    def test_connections_of_one_key(self):
        with support.Daemon(settings=("demo.jobs=1", "limits.per_key=4")) as d:
            c = d.client()
            held = [Socket(d.port) for _ in range(4)]
            for s in held:
                self.assertEqual(c.get(BASE + "/train", on=s).status, 200)
            answer = c.get(BASE + "/train")
            self.assertEqual(answer.status, 429)
            self.assertIn("retry-after", answer.headers)
            held.pop().close()
            until(lambda: c.get(BASE + "/train").status == 200, "room after one has closed")
            for s in held:
                s.close()

    def test_connections_of_the_server(self):
        with support.Daemon(settings=("demo.jobs=1", "limits.connections=5",
                                      "limits.per_address=100")) as d:
            c = d.client()
            held = [Socket(d.port) for _ in range(5)]
            for s in held:
                self.assertEqual(c.get(BASE + "/train", on=s).status, 200)
            with Socket(d.port) as sixth:
                try:
                    self.assertEqual(sixth.rest(), b"")
                except ConnectionResetError:
                    pass
            for s in held:
                self.assertEqual(c.get(BASE + "/train", on=s).status, 200)
                s.close()

            def room():
                try:
                    with Socket(d.port) as s:
                        s.send(get())
                        return s.answer().status == 200
                except (EOFError, OSError):
                    return False
            until(room, "room after they have closed")

    def test_idle_strangers_lock_nobody_out(self):
        """All places are taken by who says nothing, or by who has said something once: the oldest go."""
        for setting in ("limits.per_address=4", "limits.connections=4"):
            with support.Daemon(settings=("demo.jobs=1", setting)) as d:
                c = d.client()
                known = Socket(d.port)
                self.assertEqual(c.get(BASE + "/train", on=known).status, 200)
                said = Socket(d.port)
                said.send(get().replace(b"Connection: close\r\n", b""))
                self.assertEqual(said.answer().status, 200)
                silent = [Socket(d.port) for _ in range(40)]
                for s in silent[::2]:
                    s.send(b"GET / HT")
                for _ in range(5):
                    self.assertEqual(c.get(BASE + "/train").status, 200)
                said.send(get())
                self.assertEqual(said.answer().status, 200)
                self.assertEqual(c.get(BASE + "/train", on=known).status, 200)
                for s in silent + [said, known]:
                    s.close()

    def test_rate(self):
        with support.Daemon(settings=("demo.jobs=1", "limits.requests_per_second=5",
                                      "limits.request_burst=10")) as d:
            c = d.client()
            with Socket(d.port) as s:
                answers = [c.get(BASE + "/train", on=s) for _ in range(15)]
                good = [a for a in answers if a.status == 200]
                refused = [a for a in answers if a.status == 429]
                self.assertEqual(len(good) + len(refused), 15)
                self.assertLessEqual(10, len(good))
                self.assertGreaterEqual(len(refused), 3)
                self.assertGreaterEqual(int(refused[0].headers["retry-after"]), 1)
                until(lambda: c.get(BASE + "/train", on=s).status == 200, "the bucket fills again")
            other = d.client(name="second")
            self.assertEqual(other.get(BASE + "/train").status, 200)

    def test_descriptors_run_out(self):
        """With few descriptors the server refuses newcomers, stays calm and serves whom it has."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (160, hard))
        try:
            d = support.Daemon(settings=("demo.jobs=1", "limits.per_address=1000"))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        with d:
            c = d.client()
            known = Socket(d.port)
            self.assertEqual(c.get(BASE + "/train", on=known).status, 200)
            crowd = [Socket(d.port) for _ in range(150)]
            before = d.cpu_seconds()
            begun = time.monotonic()
            for _ in range(20):
                self.assertEqual(c.get(BASE + "/train", on=known).status, 200)
            until(lambda: time.monotonic() - begun > 1, "a second to watch")
            self.assertLess(d.cpu_seconds() - before, 0.5)
            self.assertLessEqual(d.descriptors(), 160 - 64 + 4)
            for s in crowd:
                s.close()
            until(lambda: self.answers(c), "room for newcomers again")
            known.close()


class Answers(unittest.TestCase):
    def test_that_nobody_reads(self):
        """A key that asks for large lists and reads none holds 16 MiB of them; others are answered."""
        with support.Daemon(settings=("demo.jobs=3000", "fake.changes=0", "limits.list=5000",
                                      "limits.per_address=1000") + FREE,
                            env={"MLTOPD_ALONE": "1"}) as d:
            c = d.client()
            every = dict(query={"limit": "5000"})
            whole = len(c.get(BASE + "/train", **every).body)
            self.assertGreater(whole, 2 << 20)
            before, held = d.resident(), []
            for _ in range(60):
                held.append(Socket(d.port, receive_buffer=4096))
                held[-1].send(c.bytes_of("GET", BASE + "/train", **every))
            other = d.client(name="other")
            for _ in range(10):  # meanwhile those are made
                self.assertEqual(len(other.get(BASE + "/train", **every).body), whole)
            if "address" not in support.BUILD:
                self.assertLess(d.peak() - before, 48 * 1024)
            answers = [s.answer() for s in held]
            self.assertEqual({a.status for a in answers}, {200, 429})
            for a in answers:
                self.assertEqual(len(a.body) == whole, a.status == 200)
                self.assertTrue(a.status == 200 or "more than it reads" in a.message and "retry-after" in a.headers, a)
            self.assertEqual(c.get(BASE + "/train", **every).status, 200)
            for s in held:
                s.close()


class Leaving(Alive):
    def test_client_leaves_in_the_middle(self):
        """Closing at any byte of a request costs nothing and leaves nothing."""
        data = client.bytes_of("POST", BASE + "/quota", body={"a": 1})
        for n in range(0, len(data), 7):
            with Socket(daemon.port) as s:
                s.send(data[:n])
        until(lambda: daemon.descriptors() < 60, "descriptors are given back")

    def test_half_closed_client_is_answered(self):
        answer = probe(client.bytes_of("GET", BASE + "/train"), half=True)
        self.assertEqual(status(answer), 200)

    def test_answer_that_nobody_reads(self):
        """A client that does not read keeps neither time nor other clients."""
        with Socket(daemon.port, receive_buffer=4096) as s:
            for _ in range(50):
                try:
                    s.sock.settimeout(0.2)
                    s.send(client.bytes_of("GET", BASE + "/train"))
                except (socket.timeout, OSError):
                    break
            before = daemon.cpu_seconds()
            self.assertEqual(client.get(BASE + "/train").status, 200)
            begun = time.monotonic()
            until(lambda: time.monotonic() - begun > 3, "three seconds to watch")
            self.assertLess(daemon.cpu_seconds() - before, 2.5)


if __name__ == "__main__":
    support.main()
