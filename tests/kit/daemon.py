"""mltopd as a server of its own, for requests of our own or for mltop."""
import json
import os
import re
import resource
import select
import shutil
import signal
import subprocess
import unittest

from kit.basics import BUILD, LIMIT, environment, folder, home_in, until
from kit.client import Client
from kit.private import mltop
from kit.process import cpu_seconds, evidence, resident
from kit.signing import Key


def programs():
    """
    Copies of the programs for this run: a suite starts daemons all along, and must not find the
    linker's half-written one (or none, or a newer one) when somebody builds meanwhile.
    """
    to = folder("bin")
    os.chmod(to, 0o755)  # the shim is run by users of tasks
    for name in ("mltopd", "mltop-shim"):
        path = os.path.join(BUILD, name)
        until(lambda: os.access(path, os.X_OK), path)  # the linker makes it executable last
        shutil.copy(path, to)
    return to


# Settings of a daemon that lets a test ask as often as it likes.
FREE = ("limits.requests_per_second=1000000", "limits.request_burst=1000000",
        "limits.per_address=1000", "limits.streams_per_key=1000", "limits.per_key=1000")
MLTOPD = os.path.join(programs(), "mltopd")


def listening(process, log):
    """Waits for the line that says where a daemon listens: (scheme, port, the line)."""
    ready, _, _ = select.select([process.stdout], [], [], LIMIT)
    line = process.stdout.readline().decode() if ready else ""
    found = re.search(r"listening on (https?)://[^ ]*:(\d+)", line)
    if not found:
        process.kill()
        process.wait()
        with open(log, errors="replace") as f:
            raise AssertionError(f"mltopd did not start: {line!r} {f.read()[-4000:]}")
    return found.group(1), int(found.group(2)), line


class Daemon:
    """mltopd on a port of its own with a state folder of its own; stopped and checked at the end."""

    def __init__(self, engine="fake", settings=(), args=(), env=None, within=None, user=None):
        self.folder = folder("daemon", within)
        os.chmod(self.folder, 0o711)  # tasks of a shared engine run as users of their own
        self.state = os.path.join(self.folder, "state")
        self.user = {} if user is None else {"user": user, "group": user, "extra_groups": []}
        if user is not None:
            os.chown(self.folder, user, user)
        self.engine, self.settings, self.args = engine, list(settings), list(args)
        if any(s.startswith("demo.jobs=") for s in self.settings):  # made-up jobs, of the org that key() is of
            self.settings[:0] = ["store=demo", "demo.orgs=" + ("local" if "--private" in self.args else "main")]
        self.env = environment(**(env or {}))
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
                                        stdin=subprocess.DEVNULL, env=self.env, **self.user)
        scheme, self.port, _ = listening(self.process, self.log_path)
        self.url = f"{scheme}://127.0.0.1:{self.port}"

    def log_text(self):
        with open(self.log_path, errors="replace") as f:
            return f.read()

    def key(self, org="main", role="admin", name=None, more=()):
        args = [MLTOPD, "key", "create", "--state-dir", self.state, "--org", org, "--role", role]
        args += (["--name", name] if name else []) + list(more)
        out = subprocess.run(args, capture_output=True, timeout=LIMIT, env=self.env, **self.user)
        if out.returncode != 0:
            raise AssertionError(f"key create failed: {out.stderr.decode()}")
        made = json.loads(out.stdout)
        return Key(made["access_key"], made["secret_key"], made["org_id"], made["role"])

    def secret(self):
        """The key that a daemon with --private made for its person."""
        with open(self.state + "/private.key") as f:
            made = json.load(f)
        return Key(made["access_key"], made["secret_key"], made["org_id"])

    def client(self, *args, **kwargs):
        return Client(self.port, self.key(*args, **kwargs))

    def verb(self, *args):
        """Runs mltopd with a verb on this state folder."""
        return subprocess.run([MLTOPD, *args, "--state-dir", self.state], capture_output=True,
                              timeout=LIMIT, env=self.env)

    def cpu_seconds(self):
        return cpu_seconds(self.process.pid)

    def resident(self):
        """KiB of memory."""
        return resident(self.process.pid)

    def peak(self):
        """KiB of memory when it had most."""
        return resident(self.process.pid, "VmHWM")

    def allow_descriptors(self, more):
        """False: every open of it fails from now on (0 to 2 are in use; poll(2) needs a limit above 0)."""
        soft, hard = resource.prlimit(self.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(self.process.pid, resource.RLIMIT_NOFILE, (hard if more else 3, hard))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def groups(self):
        """Control groups of this platform's tasks, in whatever trees there are."""
        tasks = os.stat(self.state + "/tasks")
        ours = f"mltop-{tasks.st_dev:x}-{tasks.st_ino:x}"
        return [f"{at}/{name}" for at, names, _ in os.walk("/sys/fs/cgroup") if at.endswith("/" + ours)
                for name in names]

    def stop(self, check=True, sig=signal.SIGTERM):
        """Ends it, and with `check` insists that it ended by itself with 0."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(sig)
        try:
            code = self.process.wait(15)
        except subprocess.TimeoutExpired:
            code = f"still there after 15 s: {evidence(self.process.pid)}"
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.process = None
        self.log.close()
        if check and code != 0:
            raise AssertionError(f"mltopd: ended with {code}: {self.log_text()[-4000:]}")

    def clear_machine(self):
        """What a daemon that was killed, or left tasks behind, had made outside its folder."""
        try:
            tasks = os.stat(self.state + "/tasks")
        except OSError:
            return
        ours = f"mltop-{tasks.st_dev:x}-{tasks.st_ino:x}"
        for at, _, _ in os.walk("/sys/fs/cgroup", topdown=False):
            if f"/{ours}" in at:
                try:
                    os.rmdir(at)
                except OSError:
                    pass  # in use: run.py tells the process
        if os.geteuid() == 0 and os.access("/usr/sbin/nft", os.X_OK):
            subprocess.run(["/usr/sbin/nft", "delete", "table", "inet",
                            f"mltop_{tasks.st_dev:x}_{tasks.st_ino:x}"], stderr=subprocess.DEVNULL)

    def close(self, check=True):
        try:
            self.stop(check)
            self.clear_machine()
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


class Shared(Daemon):
    """A daemon whose users speak through mltop, by endpoint and keys."""

    def __init__(self, *settings, engine="local"):
        super().__init__(engine, settings)
        self.person = self.somebody("main")

    def somebody(self, org, role="admin"):
        """The environment in which mltop is somebody of that org."""
        key = self.key(org, role)
        return environment(**home_in(self.folder + "/home"), XIAOMI_CLOUDML_ENDPOINT=self.url,
                           XIAOMI_ACCESS_KEY_ID=key.access_key, XIAOMI_SECRET_ACCESS_KEY=key.secret_key)

    def mltop(self, *words, cwd=None, env=None, binary=False, **more):
        return mltop(words, dict(env or self.person, **more), cwd or self.folder, binary=binary)

    def packages(self):
        """What the platform keeps of uploads: names of files without those that are half sent."""
        kept = self.state + "/packages"
        return sorted(os.listdir(kept)) if os.path.isdir(kept) else []

    def close(self, check=True):
        listed = self.mltop("jobs", "list", "-o", "name", "--filter", "state=running|creating|enqueued")
        for name in listed.out.split():
            self.mltop("jobs", "cancel", "-y", name)
            self.mltop("logs", "-f", name)
        super().close(check)
