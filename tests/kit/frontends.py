"""nginx and haproxy in front of a daemon, with the example files of packaging/ and ports of their own."""
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import time

from kit.basics import LIMIT, ROOT
from kit.http import Socket


def certificate(folder):
    """cert.pem, key.pem and both.pem of 127.0.0.1 in the folder."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
                    "subjectAltName=IP:127.0.0.1", "-keyout", folder + "/key.pem", "-out",
                    folder + "/cert.pem"], check=True, capture_output=True, timeout=LIMIT)
    with open(folder + "/both.pem", "w") as both:
        for name in ("cert.pem", "key.pem"):
            with open(f"{folder}/{name}") as f:
                both.write(f.read())


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Frontend:
    """One of them; subclasses say how it is configured and started."""

    def __init__(self, backend):
        """`backend`: what its example file has as 127.0.0.1:8470."""
        self.backend, self.process = backend, None
        self.folder = tempfile.mkdtemp(prefix=f"mltop-{self.NAME}-", dir=os.environ.get("TMPDIR"))
        certificate(self.folder)
        for _ in range(5):  # a port that was free may be taken meanwhile
            self.port = free_port()
            self.start()
            if self.listens():
                return
            self.stop()
        with open(self.folder + "/log", errors="replace") as f:
            raise AssertionError(f"{self.NAME} does not start: {f.read()}")

    def example(self):
        with open(os.path.join(ROOT, self.FILE)) as f:
            text = f.read()
        for old, new in (("127.0.0.1:8470", self.backend), ("/etc/ssl/mltop", self.folder),
                         *self.replaced()):
            assert old in text, (self.FILE, old)
            text = text.replace(old, new)
        return text

    def start(self):
        path = self.folder + "/config"
        with open(path, "w") as f:
            f.write(self.config())
        with open(self.folder + "/log", "wb") as log:
            self.process = subprocess.Popen(self.command(path), stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=subprocess.STDOUT, cwd=self.folder)

    def listens(self):
        end = time.monotonic() + LIMIT
        while time.monotonic() < end and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return True
            except OSError:
                time.sleep(0.02)
        return False

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def close(self):
        self.stop()
        shutil.rmtree(self.folder, True)

    def connect(self, source="127.0.0.1", alpn=("http/1.1",)):
        """A connection over TLS, from that address of this machine."""
        s = Socket(self.port, source=source)
        context = ssl.create_default_context(cafile=self.folder + "/cert.pem")
        context.set_alpn_protocols(list(alpn))
        s.sock = context.wrap_socket(s.sock, server_hostname="127.0.0.1")
        return s


class Nginx(Frontend):
    NAME, FILE = "nginx", "packaging/nginx/mltop.conf"

    def replaced(self):
        return (("listen 443 ", f"listen 127.0.0.1:{self.port} "), ("mltop.example.com", "127.0.0.1"))

    def config(self):
        places = "".join(f"\t{kind}_temp_path {self.folder}/{kind};\n"
                         for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        user = "user root;\n" if os.geteuid() == 0 else ""
        return (f"{user}daemon off;\npid {self.folder}/pid;\nerror_log {self.folder}/log;\n"
                f"events {{}}\nhttp {{\n{places}\taccess_log off;\n{self.example()}}}\n")

    def command(self, path):
        return ["/usr/sbin/nginx", "-c", path, "-e", self.folder + "/log", "-p", self.folder]


class Haproxy(Frontend):
    NAME, FILE = "haproxy", "packaging/haproxy/mltop.cfg"

    def replaced(self):
        return (("bind :443 ", f"bind 127.0.0.1:{self.port} "),)

    def config(self):
        return self.example()

    def command(self, path):
        return ["/usr/sbin/haproxy", "-db", "-f", path]
