#!/usr/bin/python3
"""What only SQLite's store has, so that it runs on that alone: its file, and what is done to it by
others; copies of it; room held back on the disk; little memory, whatever the jobs hold."""
import contextlib
import json
import os
import random
import shutil
import signal
import socket
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


class Many(unittest.TestCase):
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

    def test_many_cost_little_memory(self):
        big = {"command": ["x"] + ["a" * 1000] * 60, "env": {f"V{n}": "e" * 1000 for n in range(60)},
               "prepare_command": "p" * 16000, "finish_command": "f" * 16000, "gpu_limit": 8}
        with Daemon(engine="fake", settings=[], args=["--private"]) as d:
            c = Client(d.port, d.secret())
            c.post(TRAIN, dict(big, job_name="first"))
            before = d.resident() / 1024
            for n in range(120):
                a = c.post(TRAIN, dict(big, job_name=f"j{n}"))
                self.assertEqual(a.status, 200, a)
            print(f"120 jobs of {len(json.dumps(big))} bytes: {before:.1f} to {d.resident() / 1024:.1f} MiB", flush=True)
            # Their texts are 18 MiB.
            if "v-" not in os.environ.get("MLTOP_BUILD", ""):  # sanitizers cost what they cost
                self.assertLess(d.resident() / 1024 - before, 6)

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

    def test_more_than_a_line_on_the_control_socket(self):
        """What follows the request is not taken while the verb runs."""
        with Daemon(engine="fake", settings=[]) as d:
            d.key()
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(LIMIT)
                s.connect(d.state + "/control.sock")
                line = json.dumps({"args": ["backup", d.folder + "/saved"]})
                s.sendall(line.encode() + b"\n")
                s.setblocking(False)
                try:
                    while s.send(b"x" * 65536):
                        pass
                except OSError:  # the daemon takes no more, or has answered and closed
                    pass
                s.settimeout(LIMIT)
                self.assertIn(b"saved to", s.recv(65536))
            self.assertEqual(d.verb("org", "list").returncode, 0)

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


class Schema(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR"))
        self.addCleanup(self.folder.cleanup)
        self.state = self.folder.name + "/state"

    def verb(self, *args):
        return subprocess.run([MLTOPD, *args, "--state-dir", self.state], capture_output=True, timeout=LIMIT)

    def audit_change(self, *sql):
        """What a person with the file does to it, guards or not; tells whether a row is different now."""
        db = sqlite3.connect(self.state + "/store.db")
        triggers = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            db.execute(f"DROP TRIGGER {name}")
        look = lambda: [db.execute(f"SELECT * FROM {t} ORDER BY 1").fetchall() for t in ("audit", "audit_heads")]
        before = look()
        for one in sql:
            db.execute(*one)
        changed = look() != before
        for _, text in triggers:
            db.execute(text)
        db.commit()
        db.close()
        return changed

    def test_any_single_change_to_the_audit_is_found(self):
        """Of any column of any record and of any head: changed, removed, swapped, made."""
        seed = int(os.environ.get("SEED", time.time()))
        print(f"seed {seed}", flush=True)
        chance = random.Random(seed)
        for org in ("o", "p", "o", "p", "o"):
            self.verb("key", "create", "--org", org, "--role", "viewer")
        with open(self.state + "/store.db", "rb") as f:
            good = f.read()
        db = sqlite3.connect(self.state + "/store.db")
        seqs = [r[0] for r in db.execute("SELECT seq FROM audit")]
        chains = [r[0] for r in db.execute("SELECT chain FROM audit_heads")]
        db.close()
        self.assertGreaterEqual(len(chains), 2)
        self.assertEqual(self.verb("audit", "verify").returncode, 0)

        def flip(text):
            at = chance.randrange(len(text))
            other = bytes([text[at] ^ (1 << chance.randrange(7))]) if isinstance(text, bytes) else chr(ord(text[at]) ^ 1)
            return text[:at] + other + text[at + 1:]

        def value(table, key, row, column):
            db = sqlite3.connect(self.state + "/store.db")
            out = db.execute(f"SELECT {column} FROM {table} WHERE {key} = ?", (row,)).fetchone()[0]
            db.close()
            return out

        def cases():
            for _ in range(30):
                seq = chance.choice(seqs)
                for column in ("record", "hash"):
                    yield [(f"UPDATE audit SET {column} = ? WHERE seq = ?", (flip(value("audit", "seq", seq, column)), seq))]
            for column, new in (("n", "n + 1"), ("n", "0"), ("n", "-n"), ("chain", "'*'"), ("chain", "'77'"),
                                ("org_id", "org_id || '0'"), ("seq", "seq + 1000")):
                yield [(f"UPDATE audit SET {column} = {new} WHERE seq = ?", (chance.choice(seqs),))]
            for seq in seqs:
                yield [("DELETE FROM audit WHERE seq = ?", (seq,))]
            for _ in range(8):
                a, b = chance.sample(seqs, 2)
                swap = [(v, s) for v, s in ((value("audit", "seq", b, "record"), a), (value("audit", "seq", a, "record"), b))]
                yield [("UPDATE audit SET record = ? WHERE seq = ?", pair) for pair in swap]
                yield [("UPDATE audit SET seq = -1 WHERE seq = ?", (a,)), ("UPDATE audit SET seq = ? WHERE seq = ?", (a, b)),
                       ("UPDATE audit SET seq = ? WHERE seq = -1", (b,))] if value("audit", "seq", a, "chain") == value("audit", "seq", b, "chain") else []
            for chain in chains:
                for column in ("n = n + 1", "n = n - 1", "hash = zeroblob(32)", "first = 1", "base = randomblob(32)", "hash = x''"):
                    yield [(f"UPDATE audit_heads SET {column} WHERE chain = ?", (chain,))]
                yield [("DELETE FROM audit_heads WHERE chain = ?", (chain,))]
                yield [("INSERT INTO audit(org_id, chain, n, record, hash) SELECT org_id, chain, n + 1, record, hash"
                        " FROM audit WHERE chain = ? ORDER BY n DESC LIMIT 1", (chain,))]
        tried = 0
        for change in cases():
            if change and self.audit_change(*change):
                out = self.verb("audit", "verify")
                self.assertEqual(out.returncode, 1, (change, out))
                self.assertIn(b"audit", out.stderr)
                tried += 1
            with open(self.state + "/store.db", "wb") as f:
                f.write(good)
        self.assertGreater(tried, 80)
        self.assertEqual(self.verb("audit", "verify").returncode, 0)

    def test_which_record_it_was(self):
        for _ in range(4):
            self.verb("key", "create", "--org", "o", "--role", "viewer")
        self.assertTrue(self.audit_change(("UPDATE audit SET record = replace(record, 'admin', 'viewer')"
                                           " WHERE chain = (SELECT max(chain) FROM audit_heads) AND n = 3", ())))
        out = self.verb("audit", "verify")
        self.assertEqual(out.returncode, 1)
        self.assertIn(b"audit record 3 of org 1 was altered", out.stderr)

    def test_newer_schema_refused(self):
        self.verb("org", "create", "o")
        db = sqlite3.connect(self.state + "/store.db")
        db.execute("PRAGMA user_version = 99")
        db.close()
        out = self.verb("org", "list")
        self.assertEqual(out.returncode, 1)
        self.assertIn(b"schema 99", out.stderr)


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
    """A small file system of its own, where one may be mounted."""

    def test_a_way_out(self):
        """What makes room is stored, and the daemon starts, on a disk that has no room for anything else."""
        with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
            space = ["unshare", "-m" if os.geteuid() == 0 else "-rm", "sh", "-c"]
            mount = f"mount -t tmpfs -o size=24m,mode=700 none {folder}"
            me = f"/usr/bin/python3 {os.path.abspath(__file__)} --way-out {folder}"
            if subprocess.run([*space, mount], capture_output=True).returncode != 0:
                return  # full_disk_test.py is what this machine allows
            out = subprocess.run([*space, f"{mount} && exec {me}"], capture_output=True, timeout=120,
                                 env=os.environ)
            self.assertEqual(out.returncode, 0, out.stdout.decode() + out.stderr.decode())

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
        assert post(c, "over", "x").status == 200
        until(lambda: c.get(f"{TRAIN}/over").json["state"] == "running", "it has spent something")
        assert c.post(f"{TRAIN}/over/cancel").status == 200
        until(lambda: c.get(f"{TRAIN}/over").json["state"] == "failed", "it is over")
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
        a = c.delete(f"{TRAIN}/over")
        assert a.status == 200, a  # what it spent is new, and no reason to keep the job
        assert c.get(BASE + "/usage", query={"by": "job", "filter": "job_name=over"}).json["data"]
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
    support.main()
