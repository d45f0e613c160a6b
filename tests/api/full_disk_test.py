#!/usr/bin/python3
"""A disk without room: what is refused, what is carried out all the same, and how it goes on."""
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import support
from support import BASE, Client, Daemon, compiler, until

TRAIN = BASE + "/train"


def played_disk(folder):
    """The environment of a program for which `folder` is full once it holds `filler`."""
    library = folder + "/full_disk.so"
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "full_disk.c")
    subprocess.run([*compiler(), "-D_GNU_SOURCE", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    # What is preloaded stands before the sanitizer's runtime, which minds unless it is told.
    asan = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
    return {"LD_PRELOAD": library, "FULL_DISK": os.path.realpath(folder), "ASAN_OPTIONS": asan}


def inside(folder, played=False):
    """With a small disk at `folder`: fill it, see refusals, make room, see it go on."""
    d = Daemon(engine="fake", settings=[], args=["--private"],
               env=played_disk(folder) if played else None, within=folder)
    try:
        c = Client(d.port, d.secret())
        assert submit(c, "one").status == 200
        with open(folder + "/filler", "wb", buffering=0) as f:
            try:
                while not played:
                    f.write(bytes(4096))
            except OSError:
                pass
        refused = until(lambda: (lambda a: a if a.status != 200 else None)(
            submit(c, "n" + str(time.monotonic_ns()), labels={"l": "x" * 4000})), "a refusal")
        assert refused.status == 503, refused
        assert "retry-after" in {k.lower() for k in refused.headers}, refused.headers
        assert "full" in refused.message, refused
        assert c.get(f"{TRAIN}/one").status == 200
        assert c.get("/readyz", sign=False).status == 503
        assert c.get("/healthz", sign=False).status == 200
        os.unlink(folder + "/filler")
        until(lambda: submit(c, "m" + str(time.monotonic_ns())).status == 200, "room again")
        assert c.get("/readyz", sign=False).status == 200
    finally:
        d.close()


def submit(client, name, **more):
    return client.post(TRAIN, dict({"job_name": name, "command": ["x"]}, **more))


class FullDisk(unittest.TestCase):
    """A small file system of its own, where one may be mounted; and a library that plays one."""

    def test_full_then_room(self):
        with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
            space = ["unshare", "-m" if os.geteuid() == 0 else "-rm", "sh", "-c"]
            mount = f"mount -t tmpfs -o size=6m,mode=700 none {folder}"
            me = f"/usr/bin/python3 {os.path.abspath(__file__)} --inside {folder}"
            if subprocess.run([*space, mount], capture_output=True).returncode != 0:
                return  # test_played is what this machine allows
            out = subprocess.run([*space, f"{mount} && exec {me}"], capture_output=True, timeout=120,
                                 env=os.environ)
            self.assertEqual(out.returncode, 0, out.stdout.decode() + out.stderr.decode())

    def test_played(self):
        """The same with the library, so that it is known to work where it is needed."""
        with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
            inside(folder, True)


class Wishes(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR"))
        self.addCleanup(place.cleanup)
        self.folder = place.name
        self.d = Daemon(engine="local", args=["--private"], env=played_disk(self.folder), within=self.folder)
        self.addCleanup(self.d.close)
        self.client = Client(self.d.port, self.d.secret())

    def start(self, name, **more):
        a = self.client.post(TRAIN, dict({"job_name": name, "command": ["sh", "-c", "echo $$; exec sleep 1000"]}, **more))
        self.assertEqual(a.status, 200, a)
        self.owner = a.json["owner"]
        text = until(lambda: self.client.get(f"{TRAIN}/{name}/logs").json["logs"], "its pid")
        return int(text)

    def audited(self, action):
        rows = self.client.get(BASE + "/audit", query={"limit": "50"}).json["data"]
        return [r["record"]["key_name"] for r in rows if r["record"]["action"] == action]

    def room(self):
        os.unlink(self.folder + "/filler")

    def fill(self):
        with open(self.folder + "/filler", "wb"):
            pass

    def test_a_cancel_is_carried_out_and_written_down_when_there_is_room(self):
        """The job that fills the disk can be stopped."""
        pid = self.start("filler")
        self.fill()
        a = self.client.post(f"{TRAIN}/filler/cancel")
        self.assertEqual(a.status, 202, a)
        until(lambda: not os.path.exists(f"/proc/{pid}"), "it is stopped")
        self.room()
        j = until(lambda: (lambda j: j if j["state"] == "failed" else None)(
            self.client.get(f"{TRAIN}/filler").json), "its end on the disk")
        self.assertEqual(j["reason"], "Cancelled")
        until(lambda: self.audited("job.cancel") == [self.owner], "who it was")
        self.d.stop()
        self.d.start()
        self.client = Client(self.d.port, self.client.key)
        self.assertEqual(self.client.get(f"{TRAIN}/filler").json["reason"], "Cancelled")

    def test_a_delete_is_carried_out_and_written_down_when_there_is_room(self):
        pid = self.start("filler")
        self.fill()
        a = self.client.delete(f"{TRAIN}/filler")
        self.assertEqual(a.status, 202, a)
        until(lambda: not os.path.exists(f"/proc/{pid}"), "it is stopped")
        self.room()
        until(lambda: self.client.get(f"{TRAIN}/filler").status == 404, "it is removed")
        until(lambda: self.audited("job.delete") == [self.owner], "who it was")

    def tasks(self, name):
        return self.client.get(f"{TRAIN}/{name}/tasks").json["data"]

    def test_an_end_that_found_no_room_is_told_of_its_attempt_when_there_is_room(self):
        """What an attempt held is counted up to its end, and not for ever."""
        pid = self.start("one")
        self.fill()
        os.kill(pid, signal.SIGKILL)
        until(lambda: self.client.get("/readyz", sign=False).status == 503, "there is no room for its end")
        self.room()
        until(lambda: self.client.get(f"{TRAIN}/one").json["state"] == "failed", "its end on the disk")
        for _ in range(2):
            (task,) = self.tasks("one")
            self.assertEqual((task["state"], task["signal"]), ("failed", 9))
            (row,) = self.client.get(BASE + "/usage", query={"by": "job"}).json["data"]
            self.assertEqual(float(row["cpu_seconds"]), task["held_time"])
            self.d.stop()
            self.d.start()
            self.client = Client(self.d.port, self.client.key)

    def test_the_same_of_an_attempt_that_is_not_the_last(self):
        pid = self.start("two", restart_policy="on-failure", max_attempts=2)
        self.fill()
        os.kill(pid, signal.SIGKILL)
        until(lambda: self.client.get("/readyz", sign=False).status == 503, "there is no room for its end")
        self.room()
        until(lambda: [t["state"] for t in self.tasks("two")][1:] == ["running"], "it runs again")
        first = until(lambda: (lambda t: t if "end_time" in t else None)(self.tasks("two")[0]), "the first one's end")
        self.assertEqual((first["state"], first["signal"]), ("failed", 9))
        self.client.post(f"{TRAIN}/two/cancel")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        inside(sys.argv[2])
        sys.exit(0)
    support.main()
