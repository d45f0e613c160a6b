"""The unmodified public client against a platform: how it is run, and what stands between them."""
import json
import os
import socket
import subprocess
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..")]
import environments  # noqa: E402
from kit.basics import LIMIT  # noqa: E402

FDS = "our-fds.api.xiaomi.net"  # it insists on a name of its maker's; its proxy leads to us


def certificate(folder):
    cert, key = folder + "/cert.pem", folder + "/key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                    "2", "-subj", "/CN=127.0.0.1", "-addext", f"subjectAltName=IP:127.0.0.1,DNS:{FDS}",
                    "-keyout", key, "-out", cert], check=True, capture_output=True, timeout=LIMIT)
    return cert, key


def pump(source, sink):
    try:
        while data := source.recv(1 << 16):
            sink.sendall(data)
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class Listener:
    """A thread for each connection; ends with the test."""

    def __init__(self):
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                one, _ = self.sock.accept()
            except OSError:
                return
            threading.Thread(target=self.serve_one, args=(one,), daemon=True).start()

    def serve_one(self, one):
        with one:
            try:
                self.serve(one)
            except (OSError, ValueError):
                pass

    def close(self):
        self.sock.close()


class Tunnel(Listener):
    """A proxy that leads every CONNECT to one port."""

    def __init__(self, port):
        self.to = port
        super().__init__()

    def serve(self, one):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += one.recv(1)
        with socket.create_connection(("127.0.0.1", self.to), LIMIT) as up:
            one.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            threading.Thread(target=pump, args=(one, up), daemon=True).start()
            pump(up, one)


class Faulty(Listener):
    """
    A server with one fault: what the platform answers, changed on its way. `fault(method, path, request, status, body)`
    gives status and body anew, or None: as they are. `raw`: gets the whole answer as bytes instead.
    """

    def __init__(self, port, fault=None, raw=None, ask=None):
        self.to, self.fault, self.raw, self.ask = port, fault, raw, ask
        super().__init__()

    def serve(self, one):
        data = b""
        while b"\r\n\r\n" not in data:
            data += one.recv(1 << 16)
        head, body = data.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        method, path, _ = lines[0].split(" ")
        fields = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
        while len(body) < int(fields.get("content-length", 0)):
            body += one.recv(1 << 16)
        while "transfer-encoding" in fields and b"0\r\n\r\n" not in body:
            body += one.recv(1 << 16)
        if self.ask:
            head, body = self.ask(method, path, head, body)
        with socket.create_connection(("127.0.0.1", self.to), LIMIT) as up:
            up.sendall(head.replace(b"\r\n", b"\r\nConnection: close\r\n", 1) + b"\r\n\r\n" + body)
            answer = b""
            while got := up.recv(1 << 16):
                answer += got
        if self.raw:
            one.sendall(self.raw(path, answer))
        else:
            one.sendall(self.changed(method, path, body, answer))
        one.shutdown(socket.SHUT_WR)
        one.settimeout(1)
        while one.recv(1 << 16):
            pass

    def changed(self, method, path, request, answer):
        head, body = answer.split(b"\r\n\r\n", 1)
        status = int(head.split(b" ")[1])
        if b"chunked" in head or b"application/json" not in head:
            return answer
        new = self.fault(method, path, request, status, body)
        if new is None:
            return answer
        status, body = new
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        return (f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nConnection: close\r\n"
                f"Content-Length: {len(text)}\r\n\r\n").encode() + text


class CloudMl:
    """The client of one Python, as somebody with a key."""

    def __init__(self, version, folder, url, key, cert=None, tunnel=None):
        self.python = environments.folder(version) + "/bin/python"
        self.version, self.folder = version, folder
        os.makedirs(folder + "/.config/xiaomi", exist_ok=True)
        with open(folder + "/.config/xiaomi/config", "w", encoding="utf-8") as f:
            json.dump({"xiaomi_access_key_id": key.access_key, "xiaomi_secret_access_key": key.secret_key,
                       "xiaomi_fds_endpoint": FDS, "xiaomi_hdfs_krb_account": "", "xiaomi_hdfs_krb_password": "",
                       "xiaomi_hdfs_endpoint": "",
                       "xiaomi_cloudml": {"here": {"xiaomi_cloudml_endpoint": url, "xiaomi_org_mail": "we@here.example",
                                                   "cloudml_default_fds_bucket": "main"},
                                          "default_config_context": "here"}}, f)
        self.env = {"HOME": folder, "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TMPDIR": folder,
                    "MLTOP_TEST_MARK": os.environ.get("MLTOP_TEST_MARK", ""), "NO_PROXY": "127.0.0.1",
                    "no_proxy": "127.0.0.1"}
        if cert:
            self.env["REQUESTS_CA_BUNDLE"] = cert
        if tunnel:
            self.env["HTTPS_PROXY"] = f"http://127.0.0.1:{tunnel}"

    def run(self, *words, admin=False, cwd=None, **env):
        """(exit code, standard output). Its own log lines are on standard error."""
        module = "cloud_ml_sdk.command.command" + ("_admin" if admin else "")
        done = subprocess.run([self.python, "-W", "ignore", "-m", module, *words], capture_output=True, timeout=LIMIT,
                              env=dict(self.env, **env), cwd=cwd or self.folder, check=False)
        self.errors = done.stderr.decode(errors="replace")
        return done.returncode, done.stdout.decode(errors="replace")
