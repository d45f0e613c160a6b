"""Websocket (RFC 6455) and the frames of mltop.v1, framed apart from the programs."""
import base64
import hashlib
import json
import os
import re
import select
import struct

from kit.http import BASE, Answer, Socket

STREAM = BASE + "/stream"
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def _crc_table():
    for n in range(256):
        for _ in range(8):
            n = n >> 1 ^ (0x82F63B78 if n & 1 else 0)
        yield n


TABLE = list(_crc_table())


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def accepting(key):
    """What the server answers to a client's key, both as bytes."""
    return base64.b64encode(hashlib.sha1(key + GUID).digest())


class Refused(Exception):
    def __init__(self, answer):
        super().__init__(repr(answer))
        self.answer = answer


class Closed(Exception):
    def __init__(self, code, reason=""):
        super().__init__(f"closed with {code} {reason}")
        self.code, self.reason = code, reason


class WebSocket:
    def __init__(self, client, path=STREAM, protocol="mltop.v1", send=None, drop=(), sign=True,
                 on=None, receive_buffer=None, key=None):
        self.key = base64.b64encode(os.urandom(16)).decode()
        self.socket = on or Socket(client.port, receive_buffer=receive_buffer)
        upgrade = {"upgrade": "websocket", "connection": "Upgrade", "sec-websocket-version": "13",
                   "sec-websocket-key": self.key, "sec-websocket-protocol": protocol}
        upgrade.update(send or {})
        for name in drop:
            upgrade.pop(name, None)
        self.socket.send(client.bytes_of("GET", path, send=upgrade, sign=sign))
        head = self.socket.take_until(b"\r\n\r\n").decode("latin-1")
        status = int(head.split()[1])
        if status != 101:
            length = re.search(r"(?i)content-length: (\d+)", head)
            body = self.socket.take(int(length.group(1))) if length else b""
            self.socket.close()
            raise Refused(Answer(status, {}, body))
        assert accepting(self.key.encode()).decode() in head, head
        assert re.search(r"(?i)sec-websocket-protocol: mltop\.v1\r\n", head), head
        self.events = []

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.close()

    def close(self):
        self.socket.close()

    def send_frame(self, opcode, data, final=True, length=None):
        n = len(data) if length is None else length
        head = bytes([(0x80 if final else 0) | opcode])
        if n < 126:
            head += bytes([0x80 | n])
        elif n < 65536:
            head += bytes([0x80 | 126]) + struct.pack(">H", n)
        else:
            head += bytes([0x80 | 127]) + struct.pack(">Q", n)
        mask = os.urandom(4)
        pad = (mask * (len(data) // 4 + 1))[:len(data)]
        masked = (int.from_bytes(data, "big") ^ int.from_bytes(pad, "big")).to_bytes(len(data), "big")
        self.socket.send(head + mask + masked)

    def send(self, **frame):
        self.send_frame(1, json.dumps(frame).encode())

    def frame(self):
        """(opcode, payload) of the next message; answers pings, raises Closed."""
        while True:
            first, second = self.socket.take(2)
            assert first & 0x80 and not second & 0x80
            n = second & 127
            if n == 126:
                n = struct.unpack(">H", self.socket.take(2))[0]
            elif n == 127:
                n = struct.unpack(">Q", self.socket.take(8))[0]
            data = self.socket.take(n)
            opcode = first & 15
            if opcode == 9:
                self.send_frame(10, data)
            elif opcode == 8:
                code = struct.unpack(">H", data[:2])[0] if len(data) >= 2 else 1005
                raise Closed(code, data[2:].decode())
            elif opcode != 10:
                return opcode, data

    def next(self):
        """The next message as a dict; log bytes as {"t": "bytes", ...}."""
        opcode, data = self.frame()
        if opcode == 1:
            assert len(data) <= 256 * 1024, len(data)
            return json.loads(data)
        sub, gen, offset, length, crc = struct.unpack("<IIQII", data[:24])
        body = data[24:]
        assert length == len(body) and length <= 65536, (length, len(body))
        assert crc32c(body) == crc if length <= 4096 else True
        return {"t": "bytes", "id": sub, "gen": gen, "offset": offset, "data": body}

    def until(self, kind, id=None):
        """Reads up to the message of that type; all before it are kept in `events`."""
        while True:
            m = self.next()
            if m["t"] == kind and (id is None or m["id"] == id):
                return m
            self.events.append(m)

    def quiet(self, seconds):
        """True when nothing comes for so long."""
        ready, _, _ = select.select([self.socket.sock], [], [], seconds)
        return not ready and not self.socket.buffer

    def snapshot(self, id, kind, by="uid", **how):
        """Subscribes and returns the rows once they are whole, by the field that identifies them."""
        self.send(t="sub", id=id, kind=kind, **how)
        rows = {}
        while True:
            m = self.next()
            if m["t"] == "error":
                raise AssertionError(m)
            if m.get("id") != id:
                self.events.append(m)
            elif m["t"] == "row":
                rows.update((r[by], r) for r in m["rows"])
            elif m["t"] == "synced":
                return rows
