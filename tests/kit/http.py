"""HTTP over a socket of our own: nothing stands between a test and the bytes."""
import json
import socket

from kit.basics import LIMIT

BASE = "/cloud_ml/v1"


class Answer:
    def __init__(self, status, headers, body, head=b""):
        self.status, self.headers, self.body, self.head = status, headers, body, head

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def message(self):
        return self.json.get("message", "")

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"


class Socket:
    """A connection with a buffer; every wait has a limit."""

    def __init__(self, port, limit=LIMIT, receive_buffer=None, source="127.0.0.1"):
        self.sock = socket.socket()
        self.sock.bind((source, 0))
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.settimeout(limit)
        try:
            self.sock.connect(("127.0.0.1", port))
            # Nobody listens there any more, and the port came to us as our own: it met itself.
            if self.sock.getsockname() == self.sock.getpeername():
                raise ConnectionRefusedError(f"nobody listens on port {port}")
        except OSError:
            self.sock.close()
            raise
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.close()

    def close(self):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def fill(self):
        """Reads once; False at the end of the stream. A reset is an error of its own."""
        data = self.sock.recv(1 << 16)
        self.buffer += data
        return bool(data)

    def take(self, n):
        while len(self.buffer) < n:
            if not self.fill():
                raise EOFError(f"the server closed after {len(self.buffer)} of {n} bytes")
        data, self.buffer = self.buffer[:n], self.buffer[n:]
        return data

    def take_until(self, mark):
        while mark not in self.buffer:
            if not self.fill():
                raise EOFError(f"the server closed; had {self.buffer[:200]!r}")
        data, self.buffer = self.buffer.split(mark, 1)
        return data + mark

    def rest(self):
        """Everything up to the server's close."""
        while self.fill():
            pass
        data, self.buffer = self.buffer, b""
        return data

    def chunks(self):
        while True:
            size = int(self.take_until(b"\r\n").split(b";")[0], 16)
            data = self.take(size)
            assert self.take(2) == b"\r\n"
            if size == 0:
                return
            yield data

    def answer(self, head_only=False):
        """`head_only`: the answer to a HEAD, which has no body whatever its length says."""
        head = self.take_until(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = {}
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if colon:
                headers[name.strip().lower()] = value.strip()
        if head_only:
            body = b""
        elif headers.get("transfer-encoding") == "chunked":
            body = b"".join(self.chunks())
        elif "content-length" in headers:
            body = self.take(int(headers["content-length"]))
        else:
            body = self.rest()
        return Answer(int(lines[0].split()[1]), headers, body, head)


def head_bytes(method, target, headers):
    lines = [f"{method} {target} HTTP/1.1"] + [f"{k}: {v}" for k, v in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
