"""What tests of the balancer use: the balancer as a program, backends that do as they are told, and
clients that see each byte."""
import json
import os
import socket
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from kit.basics import BUILD, LIMIT, OPENED, environment, folder, forget, until  # noqa: E402,F401
from kit.count import run_cases as main  # noqa: E402,F401
from kit.process import resident  # noqa: E402,F401

PROGRAM = os.path.join(BUILD, "tests/balancer")


class Balancer:
    """The balancer with those backends (ports, or things that have one)."""

    def __init__(self, *backends, **settings):
        self.process = subprocess.Popen([PROGRAM, *(f"{k}={v}" for k, v in settings.items())], text=True,
                                        bufsize=1, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment())
        self.said, self.there = [], threading.Condition()
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()
        OPENED.append(self)
        self.port = int(self.heard("listening ").split()[1])
        for one in backends:
            self.tell("add", one)

    def listen(self):
        for line in self.process.stdout:
            with self.there:
                self.said.append(line.strip())
                self.there.notify_all()

    def heard(self, start, since=0):
        """The first line since then that begins so."""
        with self.there:
            found = self.there.wait_for(
                lambda: [line for line in self.said[since:] if line.startswith(start)], LIMIT)
        if not found:
            raise AssertionError(f"the balancer never said {start!r}, but {self.said}")
        return found[0]

    def tell(self, word, to):
        port, since = getattr(to, "port", to), len(self.said)
        self.process.stdin.write(f"{word} {port}\n")
        self.process.stdin.flush()
        self.heard(f"done {word} {port}", since)
        return since

    def stats(self):
        since = len(self.said)
        self.process.stdin.write("stats\n")
        self.process.stdin.flush()
        return json.loads(self.heard("stats ", since)[6:])

    def close(self):
        """Ends it, and says whether it let go of everything."""
        forget(self)
        self.process.stdin.close()
        code = self.process.wait(LIMIT)
        self.thread.join(LIMIT)
        self.process.stdout.close()
        if code != 0 or "freed" not in self.said or "left open" in self.said:
            raise AssertionError(f"the balancer ended with {code}: {self.said[-3:]}")


class Peer:
    """One connection, seen as bytes."""

    def __init__(self, sock):
        self.sock = sock
        self.sock.settimeout(LIMIT)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.bytes = b""

    def send(self, data):
        self.sock.sendall(data)

    def more(self):
        got = self.sock.recv(65536)
        self.bytes += got
        return len(got)

    def head(self):
        """(first line, {name in lower case: value}) of the next head; None: the end came instead."""
        while b"\r\n\r\n" not in self.bytes:
            if not self.more():
                return None
        text, _, self.bytes = self.bytes.partition(b"\r\n\r\n")
        first, *lines = text.decode("latin-1").split("\r\n")
        return first, {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in lines}

    def exactly(self, n):
        while len(self.bytes) < n:
            if not self.more():
                raise EOFError(f"{len(self.bytes)} bytes of {n} came")
        data, self.bytes = self.bytes[:n], self.bytes[n:]
        return data

    def line(self):
        while b"\r\n" not in self.bytes:
            if not self.more():
                raise EOFError("no line came")
        line, _, self.bytes = self.bytes.partition(b"\r\n")
        return line

    def body(self, fields):
        if "content-length" in fields:
            return self.exactly(int(fields["content-length"]))
        data = b""
        if fields.get("transfer-encoding") != "chunked":
            return data
        while True:
            size = int(self.line(), 16)
            data += self.exactly(size)
            assert self.line() == b"", "no line end behind a chunk"
            if size == 0:
                return data

    def ended(self):
        """True: in order; False: by a reset. Whatever came before is thrown away."""
        try:
            while self.more():
                pass
            return True
        except ConnectionResetError:
            return False

    def close(self, reset=False):
        if reset:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Backend:
    """Answers each request by `serve(peer, first line, fields)`, which reads the body itself; what it
    returns as false ends the connection. `seen` is what came."""

    def __init__(self, serve=None, backlog=128):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=backlog)
        self.port = self.listener.getsockname()[1]
        self.seen, self.connections, self.peers = [], 0, []
        if serve is not None:
            self.serve = serve
        threading.Thread(target=self.accept, daemon=True).start()
        OPENED.append(self)

    def accept(self):
        while True:
            try:
                sock = self.listener.accept()[0]
            except OSError:
                return
            self.connections += 1
            self.peers.append(sock)
            threading.Thread(target=self.carry, args=(Peer(sock),), daemon=True).start()

    def carry(self, peer):
        try:
            goes_on = True
            while goes_on:
                head = peer.head()
                if head is None:
                    break
                self.seen.append(head)
                goes_on = self.serve(peer, *head)
        except (OSError, EOFError, ValueError):
            pass
        finally:
            peer.close()

    def serve(self, peer, first, fields):
        """By itself: says what it got."""
        body = peer.body(fields)
        answer = json.dumps({"port": self.port, "line": first, "fields": fields, "bytes": len(body),
                             "sum": sum(body)}).encode()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(answer), answer))
        return fields.get("connection") != "close"

    def close(self):
        """As a program that has died: what is open breaks, what comes is refused."""
        forget(self)
        self.listener.close()
        for sock in self.peers:
            try:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Answer:
    def __init__(self, peer, bodyless=False):
        head = peer.head()
        while head is not None and head[0].split()[1] == "100":
            head = peer.head()
        if head is None:
            raise EOFError("no answer came")
        self.first, self.fields = head
        self.status = int(self.first.split()[1])
        self.body = b"" if bodyless else peer.body(self.fields)

    @property
    def json(self):
        return json.loads(self.body)


def client(to):
    return Peer(socket.create_connection(("127.0.0.1", to.port), LIMIT))


def request(path="/", method="GET", body=None, fields=(), version="1.1"):
    lines = [f"{method} {path} HTTP/{version}", "Host: service", *fields]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + (body or b"")


def ask(to, *args, on=None, **how):
    """One request and its answer."""
    peer = on or client(to)
    try:
        peer.send(request(*args, **how))
        return Answer(peer, bodyless=how.get("method") == "HEAD")
    finally:
        if on is None:
            peer.close()


def free_port():
    """One where nothing listens, and nothing will while this is held."""
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    return s


class Nginx:
    """Debian's, with files of its own, on that many ports."""

    def __init__(self, files, ports=1, extra="", port=0):
        self.folder = folder("nginx")
        os.makedirs(self.folder + "/files", exist_ok=True)
        for name, data in files.items():
            with open(f"{self.folder}/files/{name}", "wb") as f:
                f.write(data)
        held = [socket.socket() for _ in range(ports)]
        for s in held:
            s.bind(("127.0.0.1", 0))
        self.ports = [port] if port else [s.getsockname()[1] for s in held]
        self.port = self.ports[0]
        for s in held:
            s.close()
        self.write(extra)
        self.start()
        OPENED.append(self)

    def write(self, extra):
        listens = "".join(f"listen 127.0.0.1:{port} backlog=511;" for port in self.ports)
        temporary = "".join(f"{kind}_temp_path {self.folder}/{kind};"
                            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        user = "user root;" if os.geteuid() == 0 else ""
        with open(self.folder + "/conf", "w") as f:
            f.write(f"{user} daemon off; pid {self.folder}/pid; error_log {self.folder}/log; worker_processes 1;"
                    f"events {{ worker_connections 4096; }} http {{ {temporary} access_log off; "
                    f"keepalive_requests 100000000; client_max_body_size 0; {extra or ''} "
                    + ("" if "server {" in (extra or "") else f"server {{ {listens} root {self.folder}/files; }}") + "}")

    def start(self):
        self.process = subprocess.Popen(["/usr/sbin/nginx", "-c", self.folder + "/conf", "-e", self.folder + "/log",
                                         "-p", self.folder], env=environment(), stderr=subprocess.DEVNULL)

        def answers():
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return True
            except OSError:
                return False
        until(answers, "nginx listens")

    def workers(self):
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as f:
            return [int(pid) for pid in f.read().split()]

    def close(self):
        forget(self)
        self.process.terminate()
        self.process.wait(LIMIT)
