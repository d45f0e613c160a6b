#!/usr/bin/python3
"""What runs: ends and what they leave, waits of people and of the clock."""
import os
import tempfile
import unittest

import support
from support import BASE, Client, Daemon, until

TRAIN = BASE + "/train"
FINAL = ("completed", "failed", "error")


class Case(unittest.TestCase):
    settings = ()

    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon(engine="local", args=["--private"], settings=cls.settings)
        cls.client = Client(cls.daemon.port, cls.daemon.secret())

    @classmethod
    def tearDownClass(cls):
        cls.daemon.close()

    def submit(self, name, *command, **more):
        a = self.client.post(TRAIN, dict({"job_name": name, "command": list(command)}, **more))
        self.assertEqual(a.status, 200, a)
        return a.json

    def job(self, name):
        a = self.client.get(f"{TRAIN}/{name}")
        self.assertEqual(a.status, 200, a)
        return a.json

    def task(self, name):
        return self.client.get(f"{TRAIN}/{name}/tasks").json["data"][-1]

    def ended(self, name):
        return until(lambda: (lambda j: j if j["state"] in FINAL else None)(self.job(name)),
                     f"end of {name}")

    def running(self, name):
        until(lambda: self.job(name)["state"] == "running", f"start of {name}")

    def reasons(self, name):
        return [e["reason"] for e in self.client.get(f"{TRAIN}/{name}/events").json["events"]]


class Ends(Case):
    def no_code(self, name, reason, **known):
        j, t = self.ended(name), self.task(name)
        for row in (j, t):
            self.assertEqual(row["reason"], reason, row)
            self.assertNotIn("exit_code", row)
            for key, value in known.items():
                self.assertEqual(row.get(key), value, row)

    def test_what_was_killed_has_no_exit_code(self):
        self.submit("killed", "sh", "-c", "kill -9 $$")
        self.no_code("killed", "Signal", signal=9)

    def test_what_used_too_much_memory_has_no_exit_code(self):
        self.submit("large", "/usr/bin/python3", "-c", "x = bytearray(300 << 20)\nimport time\ntime.sleep(1000)",
                    memory_limit="64M")
        self.no_code("large", "OOMKilled")
        self.assertRegex(self.job("large")["message"], "^1 process held [0-9]+ MiB|"
                         "^out of memory: the kernel ended 1 of its processes at the memory limit of 64 MiB .peak 6")

    def test_what_never_began_has_no_exit_code(self):
        self.submit("absent", "/no/such/program")
        self.no_code("absent", self.ended("absent")["reason"])

    def test_what_was_stopped_has_one_only_if_it_exited(self):
        self.submit("obeys", "sh", "-c", "trap 'exit 0' TERM; echo ready; sleep 1000 & wait")
        until(lambda: "ready" in self.client.get(f"{TRAIN}/obeys/logs").json["logs"], "its trap")
        self.client.post(f"{TRAIN}/obeys/cancel")
        self.assertEqual(self.ended("obeys")["exit_code"], 0)
        self.submit("dies", "sleep", "1000")
        self.running("dies")
        self.client.post(f"{TRAIN}/dies/cancel")
        self.no_code("dies", "Cancelled", signal=15)

    def test_a_lost_supervisor_leaves_no_exit_code(self):
        self.submit("lost", "sleep", "1000")
        self.running("lost")
        shim = until(lambda: shim_of(self.job("lost")["uid"]), "its supervisor")
        os.kill(shim, 9)
        self.no_code("lost", "SupervisorLost")

    def test_what_could_not_start_was_not_started(self):
        """Neither a program that is absent nor one whose interpreter is."""
        script = os.path.join(self.daemon.folder, "script")
        with open(script, "w") as f:
            f.write("#!/no/such/interpreter\n")
        os.chmod(script, 0o755)
        for name, program in (("noprogram", "/no/such/program"), ("nointerpreter", script)):
            self.submit(name, program)
            self.assertEqual(self.ended(name)["state"], "error")
            self.assertNotIn("Started", self.reasons(name))
            self.assertEqual(self.reasons(name)[-1], "Error")

    def test_cancelled_between_two_attempts(self):
        """Three attempts ran: it was not cancelled before it started."""
        self.submit("tries", "false", restart_policy="on-failure", max_attempts=10)
        until(lambda: (lambda j: j["attempt"] == 3 and j["state"] == "enqueued")(self.job("tries")),
              "its third back-off")
        self.client.post(f"{TRAIN}/tries/cancel")
        j = self.ended("tries")
        self.assertEqual(j["message"], "cancelled while it waited for attempt 4")
        self.assertEqual(self.reasons("tries")[-1], "Cancelled")
        self.assertEqual((j["reason"], j["attempt"]), ("Cancelled", 3))


def shim_of(uid):
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                words = f.read().split(b"\0")
        except OSError:
            continue
        if words[0].endswith(b"mltop-shim") and any(uid.encode() in w for w in words):
            return int(pid)
    return None


class Clock(unittest.TestCase):
    """Somebody sets the clock while the daemon runs: spans stay what they are."""

    def setUp(self):
        place = tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR"))
        self.addCleanup(place.cleanup)
        self.file = place.name + "/clock"
        self.d = Daemon(engine="local", args=["--private"], env={"MLTOPD_CLOCK": self.file},
                        settings=["outputs.keep=1d", "outputs.look=100ms", "packages.keep=1d"])
        self.addCleanup(self.d.close)
        self.client = Client(self.d.port, self.d.secret())

    def job(self, name):
        return self.client.get(f"{TRAIN}/{name}").json

    def submit(self, name, *command, **more):
        a = self.client.post(TRAIN, dict({"job_name": name, "command": list(command)}, **more))
        self.assertEqual(a.status, 200, a)

    def set(self, seconds):
        with open(self.file + ".new", "w") as f:
            f.write(str(seconds * 1000))
        os.rename(self.file + ".new", self.file)

    def told(self, text):
        def there():
            with open(self.d.log_path) as f:
                return text in f.read()
        until(there, text)

    def test_a_back_off_lasts_as_long_as_before(self):
        """An hour back: the next attempt comes when it would have come."""
        self.submit("tries", "sh", "-c", "exit 1", restart_policy="on-failure", max_attempts=3)
        until(lambda: self.job("tries").get("reason") == "Retry", "its first back-off")
        self.set(-3600)
        until(lambda: self.job("tries")["state"] == "failed", "its end")
        self.assertEqual(self.job("tries")["attempt"], 3)

    def test_outputs_are_not_old_for_a_clock_that_was_set_ahead(self):
        self.submit("makes", "sh", "-c", "echo x > $MLTOP_OUTPUT_DIR/checkpoint")
        until(lambda: self.job("makes")["state"] == "completed", "its end")
        self.set(40 * 86400)
        self.told("the clock was set ahead by 34")
        self.set(0)
        self.told("the clock was set back by 34")
        names = [f["path"] for f in self.client.get(f"{TRAIN}/makes/outputs").json["data"]]
        self.assertEqual(names, ["checkpoint"])

    def test_packages_are_not_old_for_a_clock_that_was_set_ahead(self):
        def make(n):
            return self.client.post(BASE + "/packages",
                                    {"size": 4, "sha256": f"{n:064x}", "name": "x.tar.gz"}).json["id"]
        first = make(1)
        self.set(40 * 86400)
        make(2)  # each announcement sweeps
        self.told("the clock was set ahead by 34")
        self.assertEqual(self.client.get(f"{BASE}/packages/{first}").status, 200)


if __name__ == "__main__":
    support.main()
