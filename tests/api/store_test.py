#!/usr/bin/python3
"""What outlives the daemon: rows, nonces, backup and restore, a full disk, ten thousand jobs."""
import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import unittest

import support
from support import BASE, LIMIT, MLTOPD, Client, Daemon, compiler, new_nonce, until

TRAIN = BASE + "/train"
FINAL = ("completed", "failed", "error")


def private_client(d):
    return Client(d.port, d.secret())


def ended(client, name):
    return until(lambda: (lambda j: j if j.get("state") in FINAL else None)(client.get(f"{TRAIN}/{name}").json),
                 f"end of {name}")


def post(client, name, *command, **more):
    return client.post(TRAIN, dict({"job_name": name, "command": list(command)}, **more))


class Restart(unittest.TestCase):
    def test_rows_and_nonces(self):
        with Daemon(engine="local", args=["--private"]) as d:
            c = private_client(d)
            nonce = new_nonce()
            first = c.post(TRAIN, {"job_name": "kept", "command": ["echo", "text"], "labels": {"a": "ü"},
                                   "env": {"SECRET": "value"}}, nonce=nonce)
            ended(c, "kept")
            before, events = c.get(f"{TRAIN}/kept").json, c.get(f"{TRAIN}/kept/events").json
            v = int(c.get(TRAIN).json["v"])
            self.assertEqual(before["env"], {"SECRET": "***"})
            d.stop()
            d.start()
            c = Client(d.port, c.key)
            after = c.get(f"{TRAIN}/kept").json
            sampled = {"log_bytes"}
            self.assertEqual({k: x for k, x in before.items() if k not in sampled},
                             {k: x for k, x in after.items() if k not in sampled})
            self.assertEqual(c.get(f"{TRAIN}/kept/events").json, events)
            self.assertEqual(c.get(f"{TRAIN}/kept/logs").json["logs"], "text\n")
            self.assertGreaterEqual(int(c.get(TRAIN).json["v"]), v)
            again = c.post(TRAIN, {"job_name": "kept", "command": ["echo", "text"], "labels": {"a": "ü"},
                                   "env": {"SECRET": "value"}}, nonce=nonce)
            self.assertEqual((again.status, again.body), (200, first.body))
            self.assertEqual(post(c, "kept", "true").status, 409)

    def test_ten_thousand_finished(self):
        """Ready within 300 ms, at most 60 MiB, and a list within the blink of an eye."""
        with Daemon(engine="local", args=["--private"]) as d:
            c = private_client(d)
            post(c, "seed", "true")
            ended(c, "seed")
            d.stop()
            self.clone(d.state + "/store.db", 10000)
            begin = time.monotonic()
            d.start()
            ready = time.monotonic() - begin
            c = Client(d.port, c.key)
            begin = time.monotonic()
            a = c.get(TRAIN, query={"fields": "job_name,state,reason,gpu_limit,cpu_limit,progress_step,loss,"
                                              "progress_eta,create_time,owner"})
            listed = time.monotonic() - begin
            self.assertEqual(len(a.json["data"]), 10001)
            with open(f"/proc/{d.process.pid}/status") as f:
                rss = next(int(x.split()[1]) for x in f if x.startswith("VmRSS")) / 1024
            print(f"10,000 finished jobs: ready {ready * 1000:.0f} ms, list {listed * 1000:.0f} ms, "
                  f"{rss:.1f} MiB", flush=True)
            if "v-" not in os.environ.get("MLTOP_BUILD", ""):  # sanitizers cost what they cost
                self.assertLess(ready, 0.6)
                self.assertLess(listed, 0.5)
                self.assertLess(rss, 60)

    def clone(self, path, n):
        """Copies the one job with new names and uids: of the same length, so that packs stay valid."""
        db = sqlite3.connect(path)
        (uid, org, pack), = db.execute("SELECT uid, org_id, pack FROM objects WHERE kind = 'job'").fetchall()
        (task, tpack), = db.execute("SELECT uid, pack FROM objects WHERE kind = 'task'").fetchall()
        for i in range(n):
            new, name = f"{uid[:-5]}{i:05}", f"{i:04}"[:4] if i < 10000 else ""
            swap = lambda b: b.replace(uid.encode(), new.encode()).replace(b"seed", name.encode())
            add = "INSERT INTO objects VALUES (?, ?, ?, ?, ?, 0, 1, ?)"
            db.execute(add, ("job", new, org, "", name, swap(pack)))
            db.execute(add, ("task", task.replace(uid, new), org, new, "", swap(tpack)))
        db.commit()
        db.close()


class Backup(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(dir=os.environ.get("TMPDIR"))
        self.file = self.folder + "/b.tar"

    def tearDown(self):
        shutil.rmtree(self.folder)

    def test_while_it_runs(self):
        with Daemon(engine="local", args=["--private"]) as d:
            c = private_client(d)
            post(c, "before", "true")
            ended(c, "before")
            out = d.verb("backup", self.file)
            self.assertEqual(out.returncode, 0, out)
            self.assertEqual(os.stat(self.file).st_mode & 0o777, 0o600)
            self.assertFalse([n for n in os.listdir(d.state) if n.startswith("backup")])
            post(c, "after", "true")
            ended(c, "after")
            out = d.verb("restore", self.file)
            self.assertEqual(out.returncode, 0, out)
            # It begins anew in the same process, on a port of its own choice.
            line = d.process.stdout.readline().decode()
            self.assertIn("listening", line)
            c = Client(int(line.rsplit(":", 1)[1]), c.key)
            self.assertEqual(c.get(f"{TRAIN}/before").status, 200)
            self.assertEqual(c.get(f"{TRAIN}/after").status, 404)
            self.assertTrue(os.path.exists(d.state + "/before-restore/store.db"))

    def test_stopped_while_it_is_written(self):
        """The daemon waits for the pool: what works there uses the platform to its end."""
        with Daemon(engine="fake", settings=[]) as d:
            d.key()
            os.mkfifo(self.file + ".part")  # the pool waits here until somebody reads
            verb = subprocess.Popen([MLTOPD, "backup", self.file, "--state-dir", d.state],
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            until(lambda: [n for n in os.listdir(d.state) if n.startswith("backup-")], "the copy")
            d.process.send_signal(signal.SIGTERM)
            until(lambda: "waiting for what reads or writes files" in d.log_text(), "the wait")
            with open(self.file + ".part", "rb") as f:
                self.assertIn(b"store.db", f.read())
            verb.communicate(timeout=LIMIT)
            self.assertEqual(d.process.wait(LIMIT), 0)

    def test_onto_a_new_machine(self):
        with Daemon(engine="fake", settings=[]) as d:
            key = d.key(org="o")
            d.stop()
            self.assertEqual(d.verb("backup", self.file).returncode, 0)
            shutil.rmtree(d.state)
            self.assertEqual(d.verb("restore", self.file).returncode, 0)
            d.start()
            self.assertEqual(Client(d.port, key).get(TRAIN).status, 200)

    def damaged(self, d, damage):
        """The daemon does not start on it and says what helps, and that helps."""
        key = d.key(org="o")
        d.stop()
        self.assertEqual(d.verb("backup", self.file).returncode, 0)
        damage(d.state)
        out = d.verb("key", "list")
        self.assertEqual(out.returncode, 1)
        self.assertIn(f"{d.state}/", out.stderr.decode())
        self.assertIn("`mltopd restore FILE`", out.stderr.decode())
        self.assertEqual(out.stderr.count(b"\n"), 1, out.stderr)
        out = d.verb("restore", self.file)
        self.assertEqual(out.returncode, 0, out)
        self.assertIn(f"{d.state}/before-restore", out.stdout.decode())
        d.start()
        self.assertEqual(Client(d.port, key).get(TRAIN).status, 200)

    def test_over_what_is_no_database(self):
        def damage(state):
            with open(state + "/store.db", "r+b") as f:
                f.write(b"no database" * 10)
        with Daemon(engine="fake", settings=[]) as d:
            self.damaged(d, damage)

    def test_over_a_lost_key(self):
        with Daemon(engine="fake", settings=[]) as d:
            self.damaged(d, lambda state: os.unlink(state + "/master.key"))

    def test_over_a_damaged_page(self):
        """Found at the start after a crash, before the page is believed."""
        def damage(state):
            with contextlib.closing(sqlite3.connect(state + "/store.db")) as db:
                db.execute("UPDATE meta SET value = 'no' WHERE name = 'clean'")
                db.commit()
                root, = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'objects_name'").fetchone()
                size, = db.execute("PRAGMA page_size").fetchone()
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            with open(state + "/store.db", "r+b") as f:
                f.seek((root - 1) * size)
                f.write(b"\x55" * size)
        with Daemon(engine="fake", settings=[]) as d:
            self.damaged(d, damage)

    def test_refused(self):
        with Daemon(engine="fake", settings=[]) as d:
            with open(self.file, "w") as f:
                f.write("no backup")
            for file in (self.file, self.folder + "/absent"):
                out = d.verb("restore", file)
                self.assertEqual(out.returncode, 1)
                self.assertTrue(out.stderr)
            self.assertEqual(d.verb("backup", self.folder + "/absent/x").returncode, 1)
            self.assertIsNone(d.process.poll())


class Gone(unittest.TestCase):
    def test_state_folder_is_moved_away(self):
        """Nothing is acknowledged that would be lost; what comes back is used again."""
        with Daemon(engine="fake", settings=[], args=["--private"]) as d:
            c = private_client(d)
            self.assertEqual(post(c, "one", "x").status, 200)
            os.rename(d.state, d.state + ".away")
            refused = post(c, "two", "x")
            self.assertEqual(refused.status, 503)
            self.assertIn("removed or replaced", refused.message)
            ready = c.get("/readyz", sign=False)
            self.assertEqual(ready.status, 503)
            self.assertIn("removed or replaced", ready.body.decode())
            os.mkdir(d.state, 0o700)
            shutil.copy(d.state + ".away/store.db", d.state + "/store.db")
            self.assertEqual(post(c, "three", "x").status, 503)  # another file under the name
            shutil.rmtree(d.state)
            os.rename(d.state + ".away", d.state)
            self.assertEqual(c.get("/readyz", sign=False).status, 200)
            self.assertEqual(post(c, "four", "x").status, 200)


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

    def test_a_way_out(self):
        """What makes room is stored, and the daemon starts, on a disk that has no room for anything else."""
        with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
            space = ["unshare", "-m" if os.geteuid() == 0 else "-rm", "sh", "-c"]
            mount = f"mount -t tmpfs -o size=24m,mode=700 none {folder}"
            me = f"/usr/bin/python3 {os.path.abspath(__file__)} --way-out {folder}"
            if subprocess.run([*space, mount], capture_output=True).returncode != 0:
                return  # test_played is what this machine allows
            out = subprocess.run([*space, f"{mount} && exec {me}"], capture_output=True, timeout=120,
                                 env=os.environ)
            self.assertEqual(out.returncode, 0, out.stdout.decode() + out.stderr.decode())

    def test_played(self):
        """The same with the library, so that it is known to work where it is needed."""
        with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
            inside(folder, True)


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
        c = private_client(d)
        assert post(c, "one", "x").status == 200
        with open(folder + "/filler", "wb", buffering=0) as f:
            try:
                while not played:
                    f.write(bytes(4096))
            except OSError:
                pass
        refused = until(lambda: (lambda a: a if a.status != 200 else None)(
            post(c, "n" + str(time.monotonic_ns()), "x", labels={"l": "x" * 4000})), "a refusal")
        assert refused.status == 503, refused
        assert "retry-after" in {k.lower() for k in refused.headers}, refused.headers
        assert "full" in refused.message, refused
        assert c.get(f"{TRAIN}/one").status == 200
        assert c.get("/readyz", sign=False).status == 503
        assert c.get("/healthz", sign=False).status == 200
        os.unlink(folder + "/filler")
        until(lambda: post(c, "m" + str(time.monotonic_ns()), "x").status == 200, "room again")
        assert c.get("/readyz", sign=False).status == 200
    finally:
        d.close()


def fill(folder, keep=0):
    with open(folder + "/filler", "ab", buffering=0) as f:
        try:
            while True:
                f.write(bytes(4096))
        except OSError:
            pass
        if keep:
            f.truncate(f.tell() - keep)


def way_out(folder):
    d = Daemon(engine="fake", settings=[], args=["--private"], within=folder)
    try:
        c = private_client(d)
        for n in range(4):
            assert post(c, f"j{n}", "x", gpu_limit=8).status == 200
        assert os.path.getsize(d.state + "/ballast") > 100000
        fill(folder, keep=65536)
        ready = c.get("/readyz", sign=False)
        assert ready.status == 503 and b"all but full" in ready.body, ready  # before a change failed
        fill(folder)
        until(lambda: post(c, "n" + str(time.monotonic_ns()), "x", labels={"l": "x" * 4000}).status == 503,
              "a refusal")
        for n in range(2):
            a = c.delete(f"{TRAIN}/j{n}")
            assert a.status == 200, a
        a = c.post(f"{TRAIN}/j2/cancel")
        assert a.status == 200, a
        assert post(c, "more", "x").status == 503
        d.stop()
        fill(folder)
        d.start()
        c = Client(d.port, c.key)
        assert c.get("/readyz", sign=False).status == 503
        assert c.delete(f"{TRAIN}/j3").status == 200
        assert post(c, "late", "x").status == 503
        os.unlink(folder + "/filler")
        until(lambda: post(c, "m" + str(time.monotonic_ns()), "x").status == 200, "room again")
        assert c.get("/readyz", sign=False).status == 200
        assert post(c, "late", "x").status == 200  # its name was given back
        assert os.path.getsize(d.state + "/ballast") > 100000
    finally:
        d.close()


if __name__ == "__main__":
    import sys
    if sys.argv[1:2] == ["--way-out"]:
        way_out(sys.argv[2])
        sys.exit(0)
    if sys.argv[1:2] == ["--inside"]:
        inside(sys.argv[2])
        sys.exit(0)
    support.main()
