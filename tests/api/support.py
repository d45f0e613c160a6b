"""What the API tests share: a daemon of their own, signed requests, raw sockets, a websocket.

Written apart from the programs, with the standard library alone, so that a mistake in the signer or
in the framing shows as a disagreement.
"""
import atexit
import base64
import datetime
import hashlib
import hmac
import json
import os
import re
import resource
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse

BUILD = os.path.abspath(os.environ.get("MLTOP_BUILD", "build"))
LIMIT = 30.0  # seconds that anything may take before it counts as hung
BASE = "/cloud_ml/v1"
STREAM = BASE + "/stream"
FREE = ("limits.requests_per_second=1000000", "limits.request_burst=1000000",
        "limits.per_address=1000", "limits.streams_per_key=1000", "limits.per_key=1000")


def until(condition, what, limit=LIMIT):
    """Waits for the condition; returns its true value."""
    end = time.monotonic() + limit
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {limit} s")
        time.sleep(0.005)


def programs():
    """
    Copies of the programs for this run: a suite starts daemons all along, and must not find the
    linker's half-written one (or none, or a newer one) when somebody builds meanwhile.
    """
    folder = tempfile.mkdtemp(prefix="mltop-bin-", dir=os.environ.get("TMPDIR"))
    atexit.register(shutil.rmtree, folder, True)
    os.chmod(folder, 0o755)  # the shim is run by users of tasks
    for name in ("mltopd", "mltop-shim"):
        path = os.path.join(BUILD, name)
        until(lambda: os.access(path, os.X_OK), path)  # the linker makes it executable last
        shutil.copy(path, folder)
    return folder


MLTOPD = os.path.join(programs(), "mltopd")


# ---- Signing: SigV4 with the provider "mltop" ----

def quote(text):
    return urllib.parse.quote(text, safe="-._~")


def canonical_query(pairs, sort=True):
    encoded = [(quote(k), quote(v)) for k, v in pairs]
    return "&".join(f"{k}={v}" for k, v in (sorted(encoded) if sort else encoded))


def amz_date(now=None):
    at = datetime.datetime.fromtimestamp(time.time() if now is None else now, datetime.timezone.utc)
    return at.strftime("%Y%m%dT%H%M%SZ")


def signature(method, path, query, headers, body, secret, date):
    """`headers`: what is signed, lower-case names; `query`: the canonical text."""
    names = ";".join(sorted(headers))
    lines = "".join(f"{k}:{' '.join(headers[k].split())}\n" for k in sorted(headers))
    request = f"{method}\n{path}\n{query}\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{date[:8]}/local/cloudml/mltop4_request"
    text = f"MLTOP4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = ("MLTOP4" + secret).encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return names, scope, hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


class Key:
    def __init__(self, access_key, secret_key, org_id="", role=""):
        self.access_key, self.secret_key, self.org_id, self.role = access_key, secret_key, org_id, role

    def sign(self, method, path, host, query=(), body=b"", nonce=None, now=None, headers=None):
        """The headers of a signed request, Host among them."""
        date = amz_date(now)
        signed = {"host": host, "x-mltop-date": date}
        if nonce is not None:
            signed["x-mltop-nonce"] = nonce
        signed.update(headers or {})
        names, scope, sig = signature(method, path, canonical_query(query), signed, body,
                                      self.secret_key, date)
        return dict(signed, authorization=f"MLTOP4-HMAC-SHA256 Credential={self.access_key}/{scope}, "
                                          f"SignedHeaders={names}, Signature={sig}")


_nonces = [0]


def new_nonce():
    _nonces[0] += 1
    return f"t{os.getpid()}-{_nonces[0]}-{time.time_ns()}"


# ---- HTTP over a socket of our own ----

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

    def __init__(self, port, limit=LIMIT, receive_buffer=None):
        self.sock = socket.socket()
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.settimeout(limit)
        self.sock.connect(("127.0.0.1", port))
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

    def answer(self):
        head = self.take_until(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = {}
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if colon:
                headers[name.strip().lower()] = value.strip()
        if headers.get("transfer-encoding") == "chunked":
            body = b"".join(self.chunks())
        elif "content-length" in headers:
            body = self.take(int(headers["content-length"]))
        else:
            body = self.rest()
        return Answer(int(lines[0].split()[1]), headers, body, head)


def head_bytes(method, target, headers):
    lines = [f"{method} {target} HTTP/1.1"] + [f"{k}: {v}" for k, v in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class Client:
    """Signed requests, one connection each unless `on` says which."""

    def __init__(self, port, key):
        self.port, self.key, self.host = port, key, f"127.0.0.1:{port}"

    def bytes_of(self, method, path, query=(), body=None, nonce=None, headers=None, now=None,
                 sign=True, send=None):
        """The request as it goes over the wire. `send`: headers that are sent but not signed."""
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
        query = list(query.items()) if isinstance(query, dict) else list(query)
        if nonce is None and method != "GET":
            nonce = new_nonce()
        if sign:
            all_headers = self.key.sign(method, path, self.host, query, body or b"", nonce, now, headers)
        else:
            all_headers = dict({"host": self.host}, **(headers or {}))
        if body is not None or method in ("POST", "PUT", "PATCH", "DELETE"):
            all_headers["content-length"] = str(len(body or b""))
        all_headers.update(send or {})
        target = path + ("?" + canonical_query(query) if query else "")
        return head_bytes(method, target, all_headers) + (body or b"")

    def request(self, method, path, *, on=None, **how):
        data = self.bytes_of(method, path, **how)
        if on is not None:
            on.send(data)
            return on.answer()
        with Socket(self.port) as s:
            s.send(data)
            return s.answer()

    def get(self, path, **how):
        return self.request("GET", path, **how)

    def post(self, path, body=None, **how):
        return self.request("POST", path, body=body, **how)

    def put(self, path, body=None, **how):
        return self.request("PUT", path, body=body, **how)

    def delete(self, path, **how):
        return self.request("DELETE", path, **how)

    def websocket(self, path=STREAM, **how):
        return WebSocket(self, path, **how)


# ---- Websocket (RFC 6455) and the frames of mltop.v1 ----

TABLE = []
for _n in range(256):
    _c = _n
    for _ in range(8):
        _c = (_c >> 1) ^ (0x82F63B78 if _c & 1 else 0)
    TABLE.append(_c)


def crc32c(data):
    c = 0xFFFFFFFF
    for b in data:
        c = TABLE[(c ^ b) & 255] ^ (c >> 8)
    return c ^ 0xFFFFFFFF


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
        digest = hashlib.sha1((self.key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
        assert base64.b64encode(digest).decode() in head, head
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


# ---- The daemon ----

class Daemon:
    """mltopd on a port of its own with a state folder of its own; stopped and checked at the end."""

    def __init__(self, engine="fake", settings=(), args=(), env=None):
        self.folder = tempfile.mkdtemp(prefix="mltop-api-", dir=os.environ.get("TMPDIR"))
        os.chmod(self.folder, 0o711)  # tasks of a shared engine run as users of their own
        self.state = os.path.join(self.folder, "state")
        self.engine, self.settings, self.args = engine, list(settings), list(args)
        self.env = dict(os.environ, **(env or {}))
        self.process = None
        self.log_path = os.path.join(self.folder, "log")
        self.start()

    def command(self):
        sets = [a for s in self.settings for a in ("--set", s)]
        return [MLTOPD, "--listen", "127.0.0.1:0", "--state-dir", self.state, "--engine",
                self.engine] + sets + self.args

    def start(self):
        self.log = open(self.log_path, "ab")
        self.process = subprocess.Popen(self.command(), stdout=subprocess.PIPE, stderr=self.log,
                                        stdin=subprocess.DEVNULL, env=self.env)
        ready, _, _ = select.select([self.process.stdout], [], [], LIMIT)
        line = self.process.stdout.readline().decode() if ready else ""
        found = re.search(r"listening on https?://[^ ]*:(\d+)", line)
        if not found:
            self.stop(check=False)
            raise AssertionError(f"mltopd did not start: {line!r} {self.log_text()}")
        self.port = int(found.group(1))

    def log_text(self):
        with open(self.log_path, errors="replace") as f:
            return f.read()

    def key(self, org="main", role="admin", name=None, more=()):
        args = [MLTOPD, "key", "create", "--state-dir", self.state, "--org", org, "--role", role]
        args += (["--name", name] if name else []) + list(more)
        out = subprocess.run(args, capture_output=True, timeout=LIMIT, env=self.env)
        if out.returncode != 0:
            raise AssertionError(f"key create failed: {out.stderr.decode()}")
        made = json.loads(out.stdout)
        return Key(made["access_key"], made["secret_key"], made["org_id"], made["role"])

    def client(self, *args, **kwargs):
        return Client(self.port, self.key(*args, **kwargs))

    def verb(self, *args):
        """Runs mltopd with a verb on this state folder."""
        return subprocess.run([MLTOPD, *args, "--state-dir", self.state], capture_output=True,
                              timeout=LIMIT, env=self.env)

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident(self):
        """KiB of memory."""
        with open(f"/proc/{self.process.pid}/status") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))

    def allow_descriptors(self, more):
        """False: every open of it fails from now on (0 to 2 are in use; poll(2) needs a limit above 0)."""
        soft, hard = resource.prlimit(self.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(self.process.pid, resource.RLIMIT_NOFILE, (hard if more else 3, hard))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def stop(self, check=True, sig=signal.SIGTERM):
        """Ends it, and with `check` insists that it ended by itself with 0."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(sig)
        try:
            code = self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            code = "did not stop within 15 s"
        self.process.stdout.close()
        self.process = None
        self.log.close()
        if check and code != 0:
            raise AssertionError(f"mltopd ended with {code}: {self.log_text()[-4000:]}")

    def close(self, check=True):
        try:
            self.stop(check)
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, *args):
        self.close(check=kind is None)


def module_daemon(**how):
    """For setUpModule: (a daemon, a client of its admin), gone with the module."""
    daemon = Daemon(**how)
    unittest.addModuleCleanup(daemon.close)
    return daemon, daemon.client()


def main():
    """Runs the tests of the calling script and says the count that tests/run.py reads."""
    result = unittest.main(verbosity=1, exit=False).result
    bad = len(result.failures) + len(result.errors)
    skipped = len(result.skipped)
    print(f"{max(result.testsRun - bad - skipped, 0)} passed, {bad} failed, {skipped} skipped", flush=True)
    sys.exit(1 if bad else 0)
