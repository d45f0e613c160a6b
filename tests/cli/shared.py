"""A shared platform (mltopd, not --private) that mltop reaches by endpoint and keys."""
import json
import os
import re
import select
import shutil
import signal
import subprocess
import tempfile

from support import BUILD, LIMIT, MLTOP, Result

MLTOPD = os.path.join(BUILD, "mltopd")


class Shared:
    def __init__(self, *settings, engine="local"):
        self.engine = engine
        self.folder = tempfile.mkdtemp(prefix="mltop-shared-")
        os.chmod(self.folder, 0o711)  # its tasks run as users of their own where the test is root
        self.state = self.folder + "/state"
        self.settings = [word for s in settings for word in ("--set", s)]
        self.plain = dict(os.environ, HOME=self.folder, XDG_STATE_HOME=self.folder + "/s", PATH="/usr/bin:/bin",
                          XDG_CONFIG_HOME=self.folder + "/c", XDG_CACHE_HOME=self.folder + "/k")
        for name in ("MLTOP_CONTEXT", "MLTOP_STATE_DIR", "XIAOMI_CLOUDML_ENDPOINT"):
            self.plain.pop(name, None)
        self.log_path = self.folder + "/log"
        self.start()
        self.env = self.key("main")

    def start(self, port=0):
        log = open(self.log_path, "ab")
        self.process = subprocess.Popen(
            [MLTOPD, "--engine", self.engine, "--listen", f"127.0.0.1:{port}", "--state-dir", self.state, *self.settings],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, env=self.plain, text=True)
        log.close()
        ready, _, _ = select.select([self.process.stdout], [], [], LIMIT)
        line = self.process.stdout.readline() if ready else ""
        found = re.search(r"listening on (http://[^ ]*:(\d+))", line)
        if not found:
            self.kill()
            raise AssertionError(f"mltopd did not start: {line!r} {self.log()}")
        self.url, self.port = found.group(1), int(found.group(2))

    def log(self):
        with open(self.log_path, errors="replace") as f:
            return f.read()

    def kill(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        self.process.wait(LIMIT)
        self.process.stdout.close()

    def key(self, org, role="admin"):
        """The environment in which mltop is somebody of that org."""
        made = json.loads(subprocess.run(
            [MLTOPD, "key", "create", "--state-dir", self.state, "--org", org, "--role", role],
            capture_output=True, text=True, timeout=LIMIT, check=True, env=self.plain).stdout)
        return dict(self.plain, XIAOMI_CLOUDML_ENDPOINT=self.url, XIAOMI_ACCESS_KEY_ID=made["access_key"],
                    XIAOMI_SECRET_ACCESS_KEY=made["secret_key"])

    def mltop(self, *words, cwd=None, env=None, binary=False, **more):
        return Result(subprocess.run([MLTOP, *words], stdin=subprocess.DEVNULL, capture_output=True,
                                     text=not binary, timeout=LIMIT * 2, cwd=cwd or self.folder,
                                     env=dict(env or self.env, **more)))

    def packages(self):
        """What the platform keeps of uploads: names of files without those that are half sent."""
        folder = self.state + "/packages"
        return sorted(os.listdir(folder)) if os.path.isdir(folder) else []

    def close(self):
        listed = self.mltop("jobs", "list", "-o", "name", "--filter", "state=running|creating|enqueued")
        for name in listed.out.split():
            self.mltop("jobs", "cancel", "-y", name)
            self.mltop("logs", "-f", name)
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
