#!/usr/bin/python3
"""The job that tries: what a task of one org does against another's, the platform and its own limits.

Each try must be refused or contained, and its line says which. As root the platform claims all guards that
this machine lets it have, and exactly these are shown; without root it claims none.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import BASE, Client, Daemon, main, until  # noqa: E402

TRAIN = BASE + "/train"
FINAL = ("completed", "failed", "error")
PYTHON = ["/usr/bin/python3", "-S", "-c"]

# Holds one of everything that another may want, says where, and waits.
HOLDER = r'''
import ctypes, os, signal, socket, sys, time
libc = ctypes.CDLL(None, use_errno=True)
tcp = socket.socket(); tcp.bind(("127.0.0.1", 0)); tcp.listen(8)
six = socket.socket(socket.AF_INET6)
try:
    six.bind(("::1", 0)); six.listen(8); six_port = six.getsockname()[1]
except OSError:
    six_port = 0
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); udp.bind(("127.0.0.1", 0)); udp.setblocking(False)
name = "\0mltop-try-%d" % os.getpid()
unix = socket.socket(socket.AF_UNIX); unix.bind(name); unix.listen(8)
key = 0x6d000000 | os.getpid()
segment = libc.shmget(key, 4096, 0o1666)
for path in ("/dev/shm/mltop-try", "/tmp/mltop-try", os.environ["MLTOP_OUTPUT_DIR"] + "/model"):
    with open(path, "w") as f: f.write("secret")
    os.chmod(path, 0o666)
print("pid", os.getpid()); print("tcp", tcp.getsockname()[1]); print("six", six_port)
print("udp", udp.getsockname()[1]); print("abstract", name[1:]); print("key", key)
print("output", os.environ["MLTOP_OUTPUT_DIR"])
# Its own ports and sockets are open to itself.
for family, address in ((socket.AF_INET, tcp.getsockname()), (socket.AF_UNIX, name)):
    s = socket.socket(family); s.settimeout(10); s.connect(address); s.close()
print("itself reached", flush=True)
while True:
    try: print("GOT", udp.recv(100), flush=True)
    except BlockingIOError: time.sleep(0.02)
'''

# Tries all of it, with what it is told: one line a try.
TRIER = r'''
import ctypes, os, socket, sys
at = dict(line.split("=", 1) for line in sys.argv[1].split(";"))
libc = ctypes.CDLL(None, use_errno=True)
pid = int(at["pid"])
def try_to(name, what):
    try: got = what()
    except (OSError, ValueError) as e: print(name, "refused", e.__class__.__name__, e)
    else: print(name, "REACHED" if got is not False else "refused", repr(got)[:100])
    sys.stdout.flush()
def call(number, *args):
    if number < 0: raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return number
def connect(family, address):
    if family == socket.AF_UNIX and address[0] == "/": # the name of a socket may be short only
        folder, name = os.path.split(address)
        address = "/proc/self/fd/%d/%s" % (os.open(folder, os.O_PATH), name)
    s = socket.socket(family); s.settimeout(20); s.connect(address); return "connected"
for name in ("environ", "cmdline", "maps", "mem", "cwd", "root/tmp/mltop-try", "stat"):
    path = "/proc/%d/%s" % (pid, name)
    try_to("proc-" + name.replace("/", "-"), lambda: open(path, "rb").read(10) if name != "cwd" else os.listdir(path))
try_to("signal", lambda: os.kill(pid, 0))
try_to("ptrace", lambda: call(libc.ptrace(16, pid, 0, 0)))
try_to("shm-sysv", lambda: call(libc.shmget(int(at["key"]), 0, 0)))
try_to("shm-posix", lambda: open("/dev/shm/mltop-try").read())
try_to("tmp", lambda: open("/tmp/mltop-try").read())
try_to("output", lambda: open(at["output"] + "/model").read())
try_to("output-list", lambda: os.listdir(at["output"]))
try_to("state-list", lambda: [x for x in os.listdir(at["state"]) if x != "tasks"] or False)
for name in at["names"].split(","):
    path = at["state"] + "/" + name
    try_to("state-" + name, lambda: open(path, "rb").read(1))
    try_to("state-list-" + name, lambda: os.listdir(path))
    try_to("state-connect-" + name, lambda: connect(socket.AF_UNIX, path))
try_to("state-write", lambda: open(at["state"] + "/tasks/mine", "w"))
try_to("shim-socket", lambda: connect(socket.AF_UNIX, at["output"] + "/../master-0/1/ctl.sock"))
try_to("shim-socket-own", lambda: connect(socket.AF_UNIX, os.getcwd() + "/../ctl.sock"))
try_to("shim-spec-own", lambda: open(os.getcwd() + "/../spec", "rb").read(1))
try_to("abstract", lambda: connect(socket.AF_UNIX, "\0" + at["abstract"]))
try_to("loopback", lambda: connect(socket.AF_INET, ("127.0.0.1", int(at["tcp"]))))
try_to("loopback-other-address", lambda: connect(socket.AF_INET, (at["host"], int(at["tcp"]))))
if at["six"] != "0": try_to("loopback-six", lambda: connect(socket.AF_INET6, ("::1", int(at["six"]))))
def datagram():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.sendto(b"hello", ("127.0.0.1", int(at["udp"])))
    return "sent"
try_to("loopback-udp", datagram)
def private():
    s = socket.create_connection(("127.0.0.1", int(at["private"])), 20)
    s.sendall(b"GET /cloud_ml/v1/train HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    return False if s.recv(100).split()[1] == b"401" else "answered"
try_to("daemon-private", private)
groups = [line.split(":", 2) for line in open("/proc/self/cgroup").read().split()]
for _, tree, path in groups:
    if "/mltop-" not in path: continue
    top = "/sys/fs/cgroup/" + (tree or "unified") + path
    for name in sorted(os.listdir(top)):
        file = top + "/" + name
        if os.path.isfile(file) and not name.endswith(("stat", "stat.local")):
            try: open(file, "w").close()
            except OSError: pass
            else: print("group-write REACHED", file)
    for up in (top + "/../cgroup.procs", "/sys/fs/cgroup/" + (tree or "unified") + "/cgroup.procs"):
        try_to("group-leave", lambda: open(up, "w").write(str(os.getpid())))
    try_to("group-below", lambda: os.mkdir(top + "/below"))
# What it must still have: its own ports, datagrams to the name service's port, the platform.
own = socket.socket(); own.bind(("127.0.0.1", 0)); own.listen(1)
try_to("OWN-port", lambda: connect(socket.AF_INET, own.getsockname()))
try_to("OWN-platform", lambda: connect(socket.AF_INET, ("127.0.0.1", int(at["port"]))))
try_to("OWN-dns", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 53)))
'''

GUARDED = {"proc-": "processes", "shm-": "files", "tmp": "files", "abstract": "abstract_sockets",
           "loopback": "loopback"}


def parsed(text):
    return dict(line.split(" ", 1) for line in text.splitlines())


def own_address():
    """Of this machine, but loopback's: what goes there goes over lo as well."""
    out = subprocess.run(["hostname", "-I"], capture_output=True, text=True).stdout.split()
    return next((a for a in out if ":" not in a), "127.0.0.1")


class TheJobThatTries(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # Not below /tmp: there the view of a task alone hides it, and here its modes are to hold.
        place = tempfile.mkdtemp(prefix="mltop-test-", dir="/run")
        cls.addClassCleanup(shutil.rmtree, place)
        os.chmod(place, 0o711)
        # Users that no other daemon of this machine has: its guards would stand for ours.
        first = 1000000 + os.getpid() % 30000 * 64
        cls.d = Daemon(engine="local", within=place, settings=[
            "local.processes_per_org=60", "local.max_tasks=8", f"local.uid_range={first}-{first + 63}"])
        cls.addClassCleanup(cls.d.close)
        cls.a, cls.b = cls.d.client(org="one", role="operator"), cls.d.client(org="two", role="operator")
        version = cls.a.get("/version").json
        cls.holds = {g["name"] for g in version["isolation"] if g["holds"]}
        cls.limits = version["limits_enforced"]

    def submit(self, client, name, *command, **more):
        answer = client.post(TRAIN, dict(job_name=name, command=list(command), **more))
        self.assertEqual(answer.status, 200, answer)

    def logs(self, client, name):
        return client.get(f"{TRAIN}/{name}/logs").json.get("logs", "")

    def job(self, client, name):
        return client.get(f"{TRAIN}/{name}").json

    def ended(self, client, name):
        return until(lambda: (lambda j: j if j["state"] in FINAL else None)(self.job(client, name)), name)

    def cancelled(self, client, name):
        client.post(f"{TRAIN}/{name}/cancel")
        self.ended(client, name)

    def test_what_is_claimed(self):
        """On the machines that these tests are run on all of it holds: else nothing below is shown."""
        self.assertEqual(self.holds, {"users", "processes", "files", "abstract_sockets", "loopback"})
        self.assertEqual(self.limits, "cgroup")

    def test_another_orgs(self):
        with Daemon(engine="fake", args=["--private"]) as private:
            self.submit(self.b, "holder", *PYTHON, HOLDER)
            self.addCleanup(self.cancelled, self.b, "holder")
            until(lambda: "itself reached" in self.logs(self.b, "holder"), lambda: self.logs(self.b, "holder"))
            at = parsed(self.logs(self.b, "holder"))
            at.update(state=self.d.state, port=self.d.port, private=private.port, host=own_address(),
                      names=",".join(os.listdir(self.d.state)))
            self.assertIn("master.key", at["names"])
            self.submit(self.a, "trier", *PYTHON, TRIER, ";".join(f"{k}={v}" for k, v in at.items()))
            self.ended(self.a, "trier")
        lines = self.logs(self.a, "trier").splitlines()
        self.assertIn("OWN-dns REACHED", lines[-1], "\n".join(lines))
        reached = [line for line in lines if "REACHED" in line]
        self.assertEqual([line.split()[0] for line in reached], ["OWN-port", "OWN-platform", "OWN-dns"], reached)
        self.assertGreater(len(lines), 35, lines)
        self.assertNotIn("GOT", self.logs(self.b, "holder"))
        self.assertEqual(self.job(self.b, "holder")["state"], "running")

    def test_its_own_limits(self):
        self.submit(self.b, "beside", "sh", "-c", "echo up; exec sleep 1000")
        self.addCleanup(self.cancelled, self.b, "beside")
        until(lambda: self.job(self.b, "beside")["state"] == "running", "beside")
        # Memory: ended, and told.
        self.submit(self.a, "hog", *PYTHON, "x = bytearray(b'x') * (400 << 20)", memory_limit="64M")
        j = self.ended(self.a, "hog")
        self.assertEqual((j["reason"], j["limits_enforced"]), ("OOMKilled", "cgroup"), j)
        self.assertRegex(j["message"], "limit of 64 MiB .peak 6[0-9] MiB")
        # Processes: a bomb without end, which a stop ends.
        self.submit(self.a, "bomb", "sh", "-c", "b() { b & b & wait; b; }; echo lit; while :; do b; done", stop_grace=0)
        until(lambda: "ork" in self.logs(self.a, "bomb"), "the bomb at its limit")
        self.submit(self.b, "meanwhile", "true")
        self.assertEqual(self.ended(self.b, "meanwhile")["state"], "completed")
        self.cancelled(self.a, "bomb")
        # CPU: two that spin have half of one together; the kernel counts how often it held them back.
        self.submit(self.a, "spin", "sh", "-c",
                    "sed -n 's/.*:\\(cpu\\|cpu,cpuacct\\|\\):\\(.*mltop-.*\\)/\\1 \\2/p' /proc/self/cgroup; "
                    "(while :; do :; done) & while :; do :; done", cpu_limit="0.2", stop_grace=0)
        until(lambda: "mltop-" in self.logs(self.a, "spin"), "spin")
        tree, path = next(line.split(" ", 1) for line in self.logs(self.a, "spin").splitlines())

        def held_back():
            with open(f"/sys/fs/cgroup/{tree}{path}/cpu.stat") as f:
                return int(dict(line.split() for line in f)["nr_throttled"])
        until(lambda: held_back() > 5, "it is held back")
        self.cancelled(self.a, "spin")
        self.assertEqual(self.job(self.b, "beside")["state"], "running")
        self.assertFalse([g for g in self.d.groups() if "beside" not in g and self.job(self.b, "beside")["uid"] not in g])

    def test_what_a_stop_leaves(self):
        """A process in a session of its own, without environment, that ignores signals."""
        self.submit(self.a, "daemonic", "sh", "-c",
                    "setsid env -i /bin/sh -c 'trap \"\" TERM HUP INT; echo $$; while :; do /bin/sleep 1000; done' & wait",
                    stop_grace=0)
        pid = int(until(lambda: self.logs(self.a, "daemonic").strip(), "its number"))
        self.cancelled(self.a, "daemonic")
        with self.assertRaises(ProcessLookupError):
            os.kill(pid, 0)
        until(lambda: not [g for g in self.d.groups() if self.job(self.a, "daemonic")["uid"] in g], "its groups")


class WithoutClaims(unittest.TestCase):
    def test_private(self):
        """One person's platform claims nothing between orgs; its limits are held as they can be."""
        with Daemon(engine="local", args=["--private"]) as d:
            version = Client(d.port, d.secret()).get("/version").json
            self.assertEqual(version["isolation"], [])
            self.assertIn(version["limits_enforced"], ("cgroup", "poll"))

    def test_not_root(self):
        """By a user that is nobody's: no guard is claimed, and it is said what that means."""
        with Daemon(engine="local", user=65534 if os.geteuid() == 0 else None) as d:
            version = d.client().get("/version").json
        self.assertEqual([(g["name"], g["holds"]) for g in version["isolation"]], [("users", False)])
        self.assertIn("run mltopd as root", version["isolation"][0]["text"])
        self.assertEqual(version["limits_enforced"], "poll")


if __name__ == "__main__":
    if os.geteuid() != 0:  # then nothing is claimed that could be tried
        del TheJobThatTries
    main()
