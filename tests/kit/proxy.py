"""A small proxy that follows RFC 9112 and keeps one connection to the server behind it for everybody."""
import select


class Refused(Exception):
    """What no conforming proxy sends on."""


def lines_of(head):
    """Request line and fields, as RFC 9112 sections 2.2, 3 and 5 have them."""
    if b"\0" in head or not head.endswith(b"\r\n\r\n"):
        raise Refused("no head")
    lines = head[:-4].split(b"\r\n")
    if any(b"\r" in line or b"\n" in line for line in lines):
        raise Refused("bare CR or LF")
    if any(line[:1] in (b" ", b"\t") for line in lines):
        raise Refused("a folded line")
    fields = []
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        if not colon or not name or any(c in b' \t"(),/:;<=>?@[\\]{}' or c < 33 or c > 126 for c in name):
            raise Refused("no field")
        fields.append((name.lower(), value.strip(b" \t")))
    return lines[0], fields


def length_of(fields):
    """The length of a request's body; section 6.3."""
    codings = [v for n, v in fields if n == b"transfer-encoding"]
    lengths = [v for n, v in fields if n == b"content-length"]
    if codings or len(lengths) > 1 or not all(v.isdigit() for v in lengths):
        raise Refused("no plain length")
    return int(lengths[0]) if lengths else 0


class Proxy:
    """Requests of any number of clients, one after the other over one connection."""

    def __init__(self, connect):
        """`connect` opens a kit.http.Socket to the server."""
        self.connect, self.backend, self.opened = connect, None, 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.drop()

    def drop(self):
        if self.backend is not None:
            self.backend.close()
        self.backend = None

    def connected(self):
        """The connection, or a new one where the server has closed it."""
        if self.backend is not None and select.select([self.backend.sock], [], [], 0)[0]:
            try:
                if not self.backend.fill():
                    self.drop()
            except OSError:
                self.drop()
        if self.backend is None:
            self.backend = self.connect()
            self.opened += 1
        return self.backend

    def forward(self, data):
        """One request, whole; its answer. Refused where a conforming proxy refuses."""
        end = data.index(b"\r\n\r\n") + 4
        line, fields = lines_of(data[:end])
        if len(data) - end != length_of(fields):
            raise Refused("another length than told")
        self.connected().send(data)
        answer = self.answer(line.split(b" ")[0] == b"HEAD")
        if "close" in answer.headers.get("connection", "").lower():
            self.drop()
        return answer

    def answer(self, head_only):
        while True:
            answer = self.backend.answer(head_only)
            if answer.status >= 200:
                return answer
