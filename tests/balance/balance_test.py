#!/usr/bin/python3
"""The balancer over real sockets: what passes unchanged, what is sent once more and what is not, how
backends come and go, and what is bounded."""
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import (LIMIT, Answer, Backend, Balancer, Nginx, ask, client, free_port, main, request,  # noqa: E402
                     resident, until)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
RETRY = 256 * 1024


def stopped(pid):
    with open(f"/proc/{pid}/stat") as f:
        return f.read().rpartition(")")[2].split()[0] == "T"


class Case(unittest.TestCase):
    def balancer(self, *backends, **settings):
        b = Balancer(*backends, **settings)
        self.addCleanup(b.close)
        return b

    def backend(self, serve=None):
        one = Backend(serve)
        self.addCleanup(one.close)
        return one


class Passing(Case):
    """What goes through, and as what."""

    def test_nginx_answers_the_same(self):
        big = random.Random(7).randbytes(5 << 20)
        nginx = Nginx({"big": big, "small": b"hello", "empty": b""})
        self.addCleanup(nginx.close)
        b = self.balancer(nginx)
        for path, fields in (("/big", ()), ("/small", ()), ("/empty", ()), ("/none", ()),
                             ("/big", ("Range: bytes=1000-2000",)), ("/", ())):
            with self.subTest(path=path, fields=fields):
                direct, through = (ask(to, path, fields=fields) for to in (nginx, b))
                self.assertEqual((direct.first, direct.body), (through.first, through.body))
                for name in ("content-type", "content-length", "etag", "content-range", "server"):
                    self.assertEqual(direct.fields.get(name), through.fields.get(name), name)
        etag = ask(b, "/small").fields["etag"]
        with client(b) as c:
            for _ in range(3):
                self.assertEqual(ask(b, "/small", on=c, fields=(f"If-None-Match: {etag}",)).status, 304)
                head = ask(b, "/small", on=c, method="HEAD")
                self.assertEqual((head.status, head.fields["content-length"]), (200, "5"))
                self.assertEqual(ask(b, "/small", on=c).body, b"hello")

    def test_python_answers_until_the_close(self):
        place = os.environ.get("TMPDIR", "/tmp")
        with open(os.path.join(place, "page"), "wb") as f:
            f.write(b"x" * 300000)
        port = free_port()
        number = port.getsockname()[1]
        port.close()
        server = subprocess.Popen([sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory", place,
                                   str(number)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)

        def answers():
            try:
                socket.create_connection(("127.0.0.1", number), 1).close()
                return True
            except OSError:
                return False
        until(answers, "http.server listens")
        b = self.balancer(number)
        with client(b) as c:
            for _ in range(3):
                self.assertEqual(ask(b, "/page", on=c).body, b"x" * 300000)

    def test_a_length_that_only_the_close_tells(self):
        def serve(peer, first, fields):
            peer.send(b"HTTP/1.0 200 OK\r\n\r\n" + b"all there is")
            return False
        b = self.balancer(self.backend(serve))
        with client(b) as c:
            for _ in range(2):
                answer = ask(b, on=c)
                self.assertEqual((answer.fields["transfer-encoding"], answer.body), ("chunked", b"all there is"))
        with client(b) as c:
            c.send(request(version="1.0", fields=("Connection: keep-alive",)))
            _, fields = c.head()
            self.assertEqual(fields.get("connection"), "close")
            self.assertTrue(c.ended())
            self.assertEqual(c.bytes, b"all there is")

    def test_bodies_in_chunks(self):
        def serve(peer, first, fields):
            body = peer.body(fields)
            peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n")
            for i in range(0, len(body), 1000):
                piece = body[i:i + 1000]
                peer.send(b"%X;ext=\"1\"\r\n%s\r\n" % (len(piece), piece))
            peer.send(b"0\r\nX-T: 1\r\n\r\n")
            return True
        one = self.backend(serve)
        b = self.balancer(one)
        data = random.Random(3).randbytes(100000)
        with client(b) as c:
            for step in (1, 777, 50000, 100000):
                part = data if step > 1 else data[:500]
                c.send(request("/", "POST", fields=("Transfer-Encoding: chunked",)))
                for i in range(0, len(part), step):
                    c.send(b"%x\r\n%s\r\n" % (len(part[i:i + step]), part[i:i + step]))
                c.send(b"0\r\n\r\n")
                self.assertEqual(Answer(c).body, part)
        self.assertEqual(one.connections, 1)
        self.assertNotIn("trailer", [name for _, fields in one.seen for name in fields])

    def test_fields_that_go_on_and_those_that_do_not(self):
        b = self.balancer(self.backend(), hidden="x-secret")
        seen = ask(b, "/a%2Fb?c=d&e", fields=(
            "X-Plain: 1", "CaSe: kept", "Connection: keep-alive, x-hop", "X-Hop: 1", "Keep-Alive: 5", "TE: trailers",
            "X-Forwarded-For: 9.9.9.9", "X-Real-IP: 9.9.9.9", "Forwarded: for=9.9.9.9", "Upgrade: h2c",
            # Many programs take these for the same.
            "X_Forwarded_For: 9.9.9.9", "x-forwarded_host: other", "Transfer_Encoding: chunked", "X_Secret: key",
            "Proxy-Authorization: x", "X-Secret: key", "Cookie: a=b")).json
        self.assertEqual(seen["line"], "GET /a%2Fb?c=d&e HTTP/1.1")
        self.assertEqual(seen["fields"], {"host": "service", "x-plain": "1", "case": "kept", "cookie": "a=b",
                                          "x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "http"})

    def test_what_could_be_read_in_two_ways_is_refused(self):
        one = self.backend()
        b = self.balancer(one)
        for raw in (request(method="POST", fields=("Transfer-Encoding: chunked", "Content-Length: 5")),
                    request(method="POST", fields=("Transfer-Encoding: gzip, chunked",)),
                    request(method="POST", fields=("Content-Length: 5", "Content-Length: 5")),
                    request(method="POST", fields=("Content-Length: +5",)), b"GET / HTTP/1.1\nHost: a\n\n",
                    request(method="POST", fields=("Transfer-Encoding: chunked",), version="1.0"),
                    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"\x16\x03\x01"):
            with self.subTest(raw=raw), client(b) as c:
                c.send(raw)
                answer = Answer(c)
                self.assertEqual((answer.status, answer.json["error"]), (400, True))
                self.assertTrue(c.ended())
        for chunk in (b"5x\r\n", b"\r\n", b"g\r\n", b"2\r\nabc\r\n", b"2\nab\r\n", b"1234567890123456\r\n"):
            with self.subTest(chunk=chunk), client(b) as c:
                c.send(request(method="POST", fields=("Transfer-Encoding: chunked",)) + chunk)
                self.assertEqual(Answer(c).status, 400)
                self.assertTrue(c.ended())

    def test_what_nobody_asked_for_is_no_answer(self):
        """A replica says more than it was asked, on a connection that is kept: the next request is not answered by it."""
        calls = []

        def serve(peer, first, fields):
            calls.append(first)
            peer.send(OK)
            return True
        one = self.backend(serve)
        b = self.balancer(one)
        with client(b) as c:
            self.assertEqual(ask(b, on=c).body, b"ok")
            b.stats()  # it has settled: all it waits for is with the kernel
            # Both are there when the balancer looks, the request first.
            os.kill(b.process.pid, signal.SIGSTOP)
            try:
                until(lambda: stopped(b.process.pid), "the balancer to stand still")
                c.send(request("/second"))
                one.peers[0].sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged")
            finally:
                os.kill(b.process.pid, signal.SIGCONT)
            self.assertEqual(Answer(c).body, b"ok")
        self.assertEqual((len(calls), one.connections), (2, 2))

    def test_answers_that_are_none(self):
        for raw in (b"HTTP/1.1 200 OK\nContent-Length: 0\n\n", b"HTTP/2 200\r\n\r\n", b"SSH-2.0-x\r\n\r\n",
                    b"HTTP/1.1 20 OK\r\n\r\n", b"HTTP/1.1 600 OK\r\n\r\n", b"HTTP/1.1 101 Switching\r\n\r\n",
                    b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
                    b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                    b"HTTP/1.1 200 OK\r\nX: " + b"y" * 20000):
            def serve(peer, first, fields, raw=raw):
                peer.send(raw)
                return False
            with self.subTest(raw=raw[:40]):
                answer = ask(self.balancer(self.backend(serve)))
                self.assertEqual((answer.status, answer.json["error"]), (502, True))

    def test_many_on_one_connection(self):
        one = self.backend()
        b = self.balancer(one)
        with client(b) as c:
            for i in range(50):
                self.assertEqual(ask(b, f"/{i}", "POST", body=b"x" * i, on=c).json["bytes"], i)
            c.send(b"".join(request(f"/p{i}") for i in range(20)))  # one behind the other
            self.assertEqual([Answer(c).json["line"].split()[1] for _ in range(20)], [f"/p{i}" for i in range(20)])
        self.assertEqual(one.connections, 1)

    def test_bytes_one_by_one(self):
        b = self.balancer(self.backend())
        with client(b) as c:
            for byte in request("/slow", "POST", body=b"abc"):
                c.send(bytes([byte]))
            self.assertEqual(Answer(c).json["bytes"], 3)

    def test_the_body_is_asked_for(self):
        b = self.balancer(self.backend())
        with client(b) as c:
            c.send(request(method="POST", fields=("Expect: 100-continue", "Content-Length: 3")))
            self.assertEqual(c.head()[0], "HTTP/1.1 100 Continue")
            c.send(b"abc")
            answer = Answer(c).json
            self.assertEqual(answer["bytes"], 3)
            self.assertNotIn("expect", answer["fields"])

    def test_an_answer_before_the_body(self):
        def serve(peer, first, fields):
            peer.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\n\r\nmuch")
            return False
        b = self.balancer(self.backend(serve))
        with client(b) as c:
            c.send(request(method="POST", fields=("Content-Length: 100000000",)) + b"x" * 1000)
            answer = Answer(c)
            self.assertEqual((answer.status, answer.body, answer.fields["connection"]), (413, b"much", "close"))

    def test_words_before_the_answer(self):
        def serve(peer, first, fields):
            peer.send(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK)
            return True
        b = self.balancer(self.backend(serve))
        with client(b) as c:
            c.send(request())
            self.assertEqual(c.head(), ("HTTP/1.1 103 Early Hints", {"link": "</a>"}))
            self.assertEqual(Answer(c).body, b"ok")
            c.send(request(version="1.0"))
            self.assertEqual(Answer(c).body, b"ok")

    def test_a_websocket(self):
        def serve(peer, first, fields):
            peer.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                      b"Sec-WebSocket-Accept: x\r\n\r\nfirst")
            while True:
                if not peer.bytes and not peer.more():
                    return False
                peer.send(peer.bytes.upper())
                peer.bytes = b""
        b = self.balancer(self.backend(serve))
        fields = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: a")
        with client(b) as c:
            c.send(request(fields=fields) + b"early")
            first, answered = c.head()
            self.assertEqual((first, answered["upgrade"], answered["connection"]),
                             ("HTTP/1.1 101 Switching Protocols", "websocket", "Upgrade"))
            self.assertEqual(c.exactly(10), b"firstEARLY")
            data = random.Random(1).randbytes(3 << 20).lower()
            threading.Thread(target=c.send, args=(data,), daemon=True).start()
            self.assertEqual(c.exactly(len(data)), data.upper())
            self.assertEqual(b.stats()["in_flight"], 1)
        until(lambda: b.stats()["in_flight"] == 0, "the tunnel is gone")

    def test_no_other_upgrade(self):
        b = self.balancer(self.backend())
        seen = ask(b, fields=("Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: x")).json["fields"]
        self.assertFalse({"upgrade", "connection", "http2-settings"} & set(seen))


class Again(Case):
    """What is sent once more."""

    def test_a_backend_that_closes_at_every_byte(self):
        whole = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\nX: y\r\n\r\nanswered"
        head = whole.index(b"answered")
        cut = [0]

        def serve(peer, first, fields):
            peer.body(fields)
            peer.send(whole[:cut[0]])
            return False
        hostile, good = self.backend(serve), self.backend()
        for n in range(len(whole) + 1):
            cut[0] = n
            b = Balancer(hostile, good)  # the first has the first turn
            with self.subTest(n=n), client(b) as c:
                c.send(request("/", "POST", body=b"abc"))
                if n == 0:
                    self.assertEqual(Answer(c).json["bytes"], 3)
                    self.assertEqual(b.stats()["retries"], 1)
                elif n < head:
                    self.assertEqual(Answer(c).status, 502)
                elif n < len(whole):
                    self.assertEqual(c.head()[0], "HTTP/1.1 200 OK")
                    self.assertFalse(c.ended(), "a cut answer looks like a whole one")
                else:
                    self.assertEqual(Answer(c).body, b"answered")
                self.assertEqual(b.stats()["errors"], int(0 < n < len(whole)))
            b.close()

    def test_a_body_that_is_kept_comes_whole(self):
        def serve(peer, first, fields):
            peer.exactly(min(int(fields["content-length"]), 100000))
            added.wait(LIMIT)
            return False
        for size in (0, 1, 65536, RETRY - 1, RETRY):
            with self.subTest(size=size):
                breaking, good, added = self.backend(serve), self.backend(), threading.Event()
                b = self.balancer(breaking)
                data = random.Random(size).randbytes(size)
                with client(b) as c:
                    c.send(request("/x", "POST", body=data))
                    until(lambda: breaking.seen, "it came to the first")
                    b.tell("add", good)
                    added.set()
                    answer = Answer(c).json
                self.assertEqual((answer["port"], answer["bytes"], answer["sum"]), (good.port, size, sum(data)))
                self.assertEqual(b.stats()["held_bytes"], 0)

    def test_a_larger_one_is_not(self):
        def serve(peer, first, fields):
            peer.exactly(1)
            added.wait(LIMIT)
            return False
        breaking, good, added = self.backend(serve), self.backend(), threading.Event()
        b = self.balancer(breaking)
        with client(b) as c:
            c.send(request("/x", "POST", body=b"y" * (RETRY + 1))[:2000])
            until(lambda: breaking.seen, "it came to the first")
            b.tell("add", good)
            added.set()
            answer = Answer(c)
        self.assertEqual(answer.status, 502)
        self.assertIn("too large", answer.json["message"])
        self.assertEqual(good.seen, [])

    def test_a_larger_one_is_where_nothing_was_taken(self):
        nobody = free_port()
        self.addCleanup(nobody.close)
        good = self.backend()
        b = self.balancer(nobody.getsockname()[1], good)
        for _ in range(4):
            self.assertEqual(ask(b, "/x", "POST", body=b"y" * (RETRY * 4)).json["bytes"], RETRY * 4)

    def test_none_where_the_service_says_so(self):
        def serve(peer, first, fields):
            return False
        breaking, good = self.backend(serve), self.backend()
        b = self.balancer(breaking, good, retry=0)
        statuses = sorted(ask(b, "/x", "POST", body=b"abc").status for _ in range(6))
        self.assertEqual(statuses, [200] * 3 + [502] * 3)
        nobody = free_port()
        self.addCleanup(nobody.close)
        b = self.balancer(nobody.getsockname()[1], good, retry=0)
        self.assertEqual({ask(b, "/x", "POST", body=b"abc").status for _ in range(6)}, {200})

    def test_once_only(self):
        def serve(peer, first, fields):
            return False
        three = [self.backend(serve) for _ in range(3)]
        b = self.balancer(*three)
        self.assertEqual(ask(b).status, 502)
        self.assertEqual(sum(len(one.seen) for one in three), 2)

    def test_one_that_just_closes_its_idle_connection(self):
        """With one replica: a connection that was kept broke, the replica is well."""
        calls = []

        def serve(peer, first, fields):
            calls.append(first)
            if len(calls) == 2:
                peer.close(reset=True)
                return False
            peer.send(OK)
            return True
        one = self.backend(serve)
        b = self.balancer(one)
        with client(b) as c:
            self.assertEqual(ask(b, on=c).status, 200)
            self.assertEqual(ask(b, on=c).status, 200)
        self.assertEqual((len(calls), one.connections, b.stats()["retries"]), (3, 2, 1))

    def test_replicas_killed_at_random(self):
        """Only requests whose answer had begun fail; every one of the others is answered."""
        seed = int(os.environ.get("SEED", "11"))
        print(f"seed {seed}", flush=True)
        chance = random.Random(seed)
        replicas = [Replica() for _ in range(3)]
        for one in replicas:
            self.addCleanup(one.close)
        b = self.balancer(*replicas)
        stop, faults, done = threading.Event(), [], []

        def ask_on():
            while not stop.is_set():
                with client(b) as c:
                    for _ in range(20):
                        if not self.one_of_many(c, faults, done):
                            break
        threads = [threading.Thread(target=ask_on, daemon=True) for _ in range(6)]
        for t in threads:
            t.start()
        for _ in range(12):
            one = chance.choice(replicas)
            before = len(done)
            one.kill()
            until(lambda: len(done) >= before + 30 or faults, "requests go on")
            one.start()
            until(lambda: len(done) >= before + 60 or faults, "requests go on")
        stop.set()
        for t in threads:
            t.join(LIMIT)
        self.assertEqual(faults, [])
        self.assertGreater(len(done), 500)

    @staticmethod
    def one_of_many(c, faults, done):
        """False: this connection is over. A fault is an answer that has not begun and is not 200."""
        begun = False
        try:
            c.send(request("/x", "POST", body=b"y" * 3000))
            first, fields = c.head()
            begun = True
            if " 200 " not in first:
                faults.append((first, c.body(fields)))
            elif b"3000" not in c.body(fields):
                faults.append(("another body", fields))
            done.append(1)
            return True
        except (OSError, EOFError, TypeError) as e:
            if not begun:
                faults.append(repr(e))
            return False


class Replica:
    """A program that serves, at one port for all of its lives."""
    SERVER = """
import http.server, sys
class H(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        n = len(self.rfile.read(int(self.headers["content-length"])))
        data = (b"%d " % n) * 50
        self.send_response(200)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        for i in range(0, len(data), 50):
            self.wfile.write(data[i:i + 50])
    def log_message(self, *args):
        pass
class S(http.server.ThreadingHTTPServer):
    request_queue_size = 128
S(("127.0.0.1", int(sys.argv[1])), H).serve_forever()
"""

    def __init__(self):
        with free_port() as s:
            self.port = s.getsockname()[1]
        self.start()

    def start(self):
        self.process = subprocess.Popen([sys.executable, "-c", self.SERVER, str(self.port)], stderr=subprocess.DEVNULL)

        def listens():
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return True
            except OSError:
                return False
        until(listens, "the replica listens")

    def kill(self):
        self.process.kill()
        self.process.wait()

    close = kill


class Coming(Case):
    """Backends that come and go."""

    def test_none(self):
        b = self.balancer()
        answer = ask(b)
        self.assertEqual((answer.status, answer.fields["retry-after"]), (503, "1"))
        self.assertIn("no replica", answer.json["message"])

    def test_least_in_flight(self):
        go = threading.Event()
        self.addCleanup(go.set)

        def slow(peer, first, fields):
            go.wait(LIMIT)
            peer.send(OK)
            return True
        busy, free = self.backend(slow), self.backend()
        b = self.balancer(busy)
        with client(b) as held:
            held.send(request())
            until(lambda: busy.seen, "one is in flight")
            b.tell("add", free)
            self.assertEqual({ask(b).json["port"] for _ in range(10)}, {free.port})
            go.set()
            self.assertEqual(Answer(held).status, 200)

    def test_all_have_their_turn(self):
        three = [self.backend() for _ in range(3)]
        b = self.balancer(*three)
        with client(b) as c:
            for _ in range(30):
                ask(b, on=c)
        self.assertEqual([len(one.seen) for one in three], [10] * 3)

    def test_draining(self):
        go = threading.Event()
        self.addCleanup(go.set)

        def slow(peer, first, fields):
            if "/slow" in first:
                go.wait(LIMIT)
            peer.send(OK)
            return True
        old, new = self.backend(slow), self.backend()
        b = self.balancer(old)
        with client(b) as held, client(b) as other:
            self.assertEqual(ask(b, on=other).status, 200)  # leaves an idle connection to the old one
            held.send(request("/slow"))
            until(lambda: len(old.seen) == 2, "one is in flight")
            b.tell("add", new)
            since = b.tell("drain", old)
            self.assertEqual({ask(b, on=other).json["port"] for _ in range(5)}, {new.port})
            self.assertNotIn(f"drained {old.port}", b.said[since:])
            go.set()
            self.assertEqual(Answer(held).body, b"ok")
            b.heard(f"drained {old.port}", since)
            self.assertEqual({ask(b, on=other).json["port"] for _ in range(5)}, {new.port})
            b.tell("remove", old)
            self.assertEqual(ask(b, on=held).json["port"], new.port)
        self.assertEqual(len(old.seen), 2)

    def test_removed_with_work_in_its_hands(self):
        def slow(peer, first, fields):
            if "/begun" in first:
                peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
            peer.more()
            return False
        old, new = self.backend(slow), self.backend()
        b = self.balancer(old)
        with client(b) as kept, client(b) as begun:
            kept.send(request("/kept"))
            begun.send(request("/begun"))
            self.assertEqual(begun.head()[0], "HTTP/1.1 200 OK")
            until(lambda: len(old.seen) == 2, "both are in flight")
            b.tell("add", new)
            b.tell("remove", old)
            self.assertEqual(Answer(kept).json["port"], new.port)
            self.assertFalse(begun.ended())

    def test_requests_that_wait(self):
        b = self.balancer(wait_ms=60000, waiting_max=2)
        with client(b) as one, client(b) as two:
            one.send(request("/1", "POST", body=b"abc"))
            b.heard("wanted")
            two.send(request("/2"))
            until(lambda: b.stats()["waiting"] == 2, "both wait")
            self.assertEqual(ask(b).status, 503)
            b.tell("add", self.backend())
            self.assertEqual([Answer(c).json["line"].split()[1] for c in (one, two)], ["/1", "/2"])
        self.assertEqual(b.stats()["waiting"], 0)

    def test_waiting_ends(self):
        b = self.balancer(wait_ms=1)
        answer = ask(b)
        self.assertEqual((answer.status, answer.fields["retry-after"]), (503, "1"))
        with client(b) as c:
            c.send(request())
        until(lambda: b.stats()["in_flight"] == 0, "whoever waits may leave")


class Limits(Case):
    def test_no_answer(self):
        def serve(peer, first, fields):
            peer.more()
            return False
        answer = ask(self.balancer(self.backend(serve), answer_ms=1))
        self.assertEqual(answer.status, 504)

    def test_heads(self):
        b = self.balancer(self.backend())
        for fields in (("X: " + "y" * 17000,), ["X: y"] * 120):
            self.assertEqual(ask(b, fields=fields).status, 431)

    def test_connections(self):
        b = self.balancer(self.backend(), connections_max=2)
        with client(b) as one, client(b) as two:
            self.assertEqual(ask(b, on=one).status, 200)
            two.send(b"GET")
            until(lambda: b.stats()["connections"] == 2, "two are there")
            self.assertEqual(ask(b).status, 200)  # the idle one went for it
            self.assertTrue(one.ended())
        with client(b) as one, client(b) as two:
            one.send(b"GET")
            two.send(b"GET")
            until(lambda: b.stats()["connections"] == 2, "two are there")
            with client(b) as three:
                self.assertIn(three.ended(), (True, False))

    def test_held_bytes(self):
        def serve(peer, first, fields):
            peer.exactly(50000)
            peer.more()
            return False
        slow = self.backend(serve)
        b = self.balancer(slow, held_max=100000)
        peers = [client(b) for _ in range(4)]
        for c in peers:
            self.addCleanup(c.close)
            c.send(request(method="POST", body=b"x" * 60000)[:-1])
        until(lambda: len(slow.seen) == 4, "all are in flight")
        until(lambda: 0 < b.stats()["held_bytes"] <= 100000, "within the bound")

    def test_a_key(self):
        b = self.balancer(self.backend(), key="right")
        answer = ask(b, method="POST", body=b"abc")
        self.assertEqual((answer.status, answer.json["message"]), (401, 'the key of this service is missing or "wrong"'))
        self.assertEqual(ask(b, fields=("X-Key: right",)).status, 200)

    def test_who_does_not_read_holds_little(self):
        """A client that takes nothing of 200 MB, and a backend that takes nothing of as many."""
        sent = [0]

        def pours(peer, first, fields):
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 200000000\r\n\r\n")
            for _ in range(200):
                peer.send(b"x" * 1000000)
                sent[0] += 1
            return False

        def takes_nothing(peer, first, fields):
            stop.wait(LIMIT)
            return False
        stop = threading.Event()
        self.addCleanup(stop.set)
        b = self.balancer(self.backend(pours))
        with client(b) as c:
            c.send(request())
            self.assertEqual(c.head()[0], "HTTP/1.1 200 OK")
            self.settles(lambda: sent[0])
            self.assertLess(sent[0], 100)
            self.assertLess(resident(b.process.pid), 16000)
        b = self.balancer(self.backend(takes_nothing))
        with client(b) as c:
            c.send(request(method="POST", fields=("Content-Length: 200000000",)))
            c.sock.setblocking(False)
            poured = 0

            def pour():
                nonlocal poured
                try:
                    while True:
                        poured += c.sock.send(b"x" * 100000)
                except BlockingIOError:
                    return poured
            self.settles(pour)
            self.assertLess(poured, 100000000)
            self.assertLess(resident(b.process.pid), 16000)

    def settles(self, value):
        """It has not changed for a while."""
        last = [value(), time.monotonic()]

        def quiet():
            now = value()
            if now != last[0]:
                last[:] = now, time.monotonic()
            return time.monotonic() - last[1] > 0.5
        until(quiet, "it stands still")

    def test_counters(self):
        def serve(peer, first, fields):
            peer.send(b"HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n" % first.split()[1][1:].encode())
            return True
        b = self.balancer(self.backend(serve))
        for status in (200, 404, 500, 503, 299):
            ask(b, f"/{status}")
        stats = b.stats()
        self.assertEqual((stats["requests"], stats["errors"], stats["in_flight"]), (5, 2, 0))
        self.assertGreater(stats["p99"], 0)
        self.assertLessEqual(stats["p50"], stats["p99"])


if __name__ == "__main__":
    main()
