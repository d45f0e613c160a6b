"""A platform made for the tests: it serves whatever rows, logs and errors a test wants, hostile ones
included, and writes down what it was asked. It knows nothing of ours but the protocol (core/wire/wire.h).
"""
import json
import socket
import struct
import threading

from kit.basics import LIMIT, OPENED, forget
from kit.websocket import accepting, crc32c

CHUNK = 64 * 1024


def job(n, **fields):
    row = {"uid": f"01M0000000000000000000{n:04d}", "job_name": f"job-{n:04d}", "state": "running",
           "org_id": "1", "org_name": "vision", "owner": "lin", "gpu_limit": 8, "gpu_util": 94.0,
           "progress_step": 12400, "progress_total": 90000, "loss": 2.113, "attempt": 1,
           "create_time": "2026-01-02T10:09:00Z", "start_time": "2026-01-02T10:10:00Z"}
    row.update(fields)
    return row


def _shut(s):
    try:
        s.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # the other side was quicker


def _whole(f, size):
    data = f.read(size)
    if len(data) < size:
        raise Ended
    return data


class Ended(Exception):
    """The other side closed in the middle of something."""


class Platform:
    """Listens on a port of its own until close(). Lists may be changed while it runs. What goes wrong
    in a thread fails the check (kit/count.py)."""

    def __init__(self, rows=(), log=b"", log_final=False, errors=None):
        self.rows = list(rows)
        self.log, self.log_final = log, log_final
        self.errors = errors or {}     # path prefix -> (status, reason bytes, body bytes)
        self.requests = []             # (method, path, body)
        self.subs = []                 # as asked for
        self.stream_error = None       # bytes of "message" instead of rows
        self.lock = threading.Lock()
        self.sockets, self.servers = [], []
        self.closing = False
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=32)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.acceptor = threading.Thread(target=self._accept, daemon=True)
        self.acceptor.start()
        OPENED.append(self)

    def close(self):
        """Ends every thread before it lets go of a descriptor: a thread that still meant the old
        number would accept, or answer, for whoever got that number next."""
        forget(self)
        with self.lock:
            self.closing = True
            for s in self.sockets:
                _shut(s)
        _shut(self.listener)  # close() alone would leave accept() where it is, and the port open
        self.acceptor.join(LIMIT)
        for server in self.servers:
            server.join(LIMIT)
        left = [t.name for t in (self.acceptor, *self.servers) if t.is_alive()]
        self.listener.close()
        if left:
            raise AssertionError(f"threads of the test's platform do not end: {left}")

    def changes(self):
        """What was asked for that changes something."""
        return [r for r in self.requests if r[0] != "GET"]

    def _accept(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                if self.closing:
                    return
                raise
            with self.lock:
                if self.closing:
                    s.close()
                    return
                self.sockets.append(s)
                self.servers.append(threading.Thread(target=self._serve, args=(s,), daemon=True))
                self.servers[-1].start()

    def _serve(self, s):
        try:
            with s.makefile("rb") as f:
                while self._request(s, f):
                    pass
        except (OSError, Ended):
            pass  # whoever is judged here may leave at any time
        finally:
            with self.lock:
                self.sockets.remove(s)
                s.close()

    def _request(self, s, f):
        line = f.readline().split()
        if len(line) < 3:
            return False
        headers = {}
        while True:
            text = f.readline().strip()
            if not text:
                break
            name, _, value = text.partition(b":")
            headers[name.strip().lower()] = value.strip()
        body = _whole(f, int(headers.get(b"content-length", 0)))
        method, path = line[0].decode(), line[1].decode()
        self.requests.append((method, path, body))
        if b"sec-websocket-key" in headers and not any(path.startswith(e) for e in self.errors):
            self._upgrade(s, headers)
            self._stream(s, f)
            return False
        status, reason, answer = self._answer(method, path)
        s.sendall(b"HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                  % (status, reason, len(answer)) + answer)
        return True

    def _answer(self, method, path):
        for prefix, answer in self.errors.items():
            if path.startswith(prefix):
                return answer
        name = path.split("?")[0].split("/train/")[-1].split("/")[0]
        if path.split("?")[0].endswith(("/events", "/tasks", "/quota", "/framework")):
            return 200, b"OK", b'{"data": []}'
        for row in self.rows:
            if method == "GET" and name in (row["job_name"], row["uid"]):
                return 200, b"OK", json.dumps(row).encode()
        return 200, b"OK", b"{}"

    # ---- The stream ----

    @staticmethod
    def _upgrade(s, headers):
        accept = accepting(headers[b"sec-websocket-key"])
        s.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  b"Sec-WebSocket-Protocol: mltop.v1\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n")

    @staticmethod
    def frame(s, opcode, data):
        head = bytes([0x80 | opcode])
        if len(data) < 126:
            head += bytes([len(data)])
        elif len(data) < 65536:
            head += b"\x7e" + struct.pack(">H", len(data))
        else:
            head += b"\x7f" + struct.pack(">Q", len(data))
        s.sendall(head + data)

    def _tell(self, s, **frame):
        self.frame(s, 1, json.dumps(frame).encode())

    def _stream(self, s, f):
        while True:
            first, second = _whole(f, 2)
            size = second & 127
            if size == 126:
                size, = struct.unpack(">H", _whole(f, 2))
            elif size == 127:
                size, = struct.unpack(">Q", _whole(f, 8))
            mask = _whole(f, 4)
            data = bytes(b ^ mask[i & 3] for i, b in enumerate(_whole(f, size)))
            if first & 15 == 8:
                return
            if first & 15 == 9:
                self.frame(s, 10, data)
            elif first & 15 == 1:
                self._asked(s, json.loads(data))

    def _asked(self, s, ask):
        if ask["t"] == "ping":
            self._tell(s, t="pong", id=ask["id"])
        elif ask["t"] == "sub":
            self.subs.append(ask)
            if self.stream_error is not None:
                self._tell(s, t="error", id=ask["id"], code=403, message=self.stream_error)
            elif ask["kind"] == "log":
                self._send_log(s, ask)
            else:
                self._send_rows(s, ask)

    def _send_rows(self, s, ask):
        rows = self.rows if ask["kind"] == "job" else []
        for i in range(0, len(rows), 100):
            self._tell(s, t="row", id=ask["id"], v="1", rows=rows[i:i + 100])
        self._tell(s, t="synced", id=ask["id"], v="1")

    def _send_log(self, s, ask):
        start, log = max(ask.get("offset", 0), 0), self.log
        self._tell(s, t="log", id=ask["id"], uid=self.rows[0]["uid"], task="master-0", attempt=1, gen=1,
                   offset=start, oldest=0, newest=len(log))
        for at in range(start, len(log), CHUNK):
            part = log[at:at + CHUNK]
            self.frame(s, 2, struct.pack("<IIQII", ask["id"], 1, at, len(part), crc32c(part)) + part)
        if self.log_final:
            self._tell(s, t="end", id=ask["id"], offset=len(log), state="completed", exit_code=0, signal=0)
