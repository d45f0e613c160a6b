"""Logs that are not whole: every reader is told where bytes are missing, and goes on behind them."""
import glob
import os
import signal
import subprocess
import unittest

import support
from support import BASE, LIMIT, until

LIMIT_BYTES = 1 << 20
LINES = 400000


def setUpModule():
    global daemon, client
    daemon, client = support.module_daemon(engine="local", args=("--private",),
                            settings=(f"local.log_limit={LIMIT_BYTES}",))


def submit(name, script, **more):
    made = client.post(BASE + "/train", dict(
        {"job_name": name, "command": ["sh", "-c", script]}, **more))
    assert made.status == 200, made
    return made.json["uid"]


def ended(name):
    return until(lambda: client.get(f"{BASE}/train/{name}").json["state"] in
                 ("completed", "failed"), f"the end of {name}")


def numbers(count):
    return b"".join(b"%d\n" % i for i in range(1, count + 1))


def mltop_logs(*words):
    env = dict(os.environ, XIAOMI_CLOUDML_ENDPOINT=f"http://127.0.0.1:{daemon.port}",
               XIAOMI_ACCESS_KEY_ID=client.key.access_key,
               XIAOMI_SECRET_ACCESS_KEY=client.key.secret_key, HOME=daemon.folder)
    for name in ("MLTOP_CONTEXT", "MLTOP_STATE_DIR"):
        env.pop(name, None)
    env.update((f"XDG_{what}_HOME", daemon.folder + "/home") for what in ("STATE", "CACHE", "CONFIG"))
    return subprocess.run([os.path.join(support.BUILD, "mltop"), "logs", *words], env=env,
                          capture_output=True, timeout=LIMIT, stdin=subprocess.DEVNULL)


class Reader:
    """A subscriber that checks the joints: each frame begins where the one before it ended."""

    def __init__(self, w, id=1):
        self.w, self.id, self.pieces, self.gaps, self.at = w, id, [], [], None

    def take(self):
        """One frame; the end frame or None."""
        m = self.w.next()
        if m["t"] == "log":
            self.at = m["offset"]
        elif m["t"] == "bytes":
            assert m["offset"] == self.at, (m["offset"], self.at)
            self.pieces.append((self.at, m["data"]))
            self.at += len(m["data"])
            self.w.send(t="credit", id=self.id, bytes=len(m["data"]))
        elif m["t"] == "gap":
            assert m["offset"] == self.at, (m, self.at)
            self.gaps.append((m["offset"], m["lost"]))
            self.at += m["lost"]
        elif m["t"] == "end":
            assert m["offset"] == self.at, (m, self.at)
            return m
        elif m["t"] == "error":
            raise AssertionError(m)

    def to_end(self):
        while True:
            m = self.take()
            if m:
                return m

    def fits(self, whole):
        """All that came is what was written there."""
        return all(whole[at:at + len(data)] == data for at, data in self.pieces)

    def received(self):
        return sum(len(data) for _, data in self.pieces)


class Dropped(unittest.TestCase):
    """A log with a limit loses its oldest segments."""

    @classmethod
    def setUpClass(cls):
        submit("dropped", f"seq 1 {LINES}")
        ended("dropped")
        cls.whole = numbers(LINES)

    def read(self, **how):
        with client.websocket() as w:
            w.send(t="sub", id=1, kind="log", job="dropped", credit=1 << 16, **how)
            reader = Reader(w)
            return reader, reader.to_end()

    def test_from_the_beginning(self):
        reader, end = self.read(offset=0)
        self.assertEqual(end["offset"], len(self.whole))
        self.assertEqual(len(reader.gaps), 1, reader.gaps)
        at, lost = reader.gaps[0]
        self.assertEqual(at, 0)
        self.assertGreater(lost, len(self.whole) - LIMIT_BYTES - 1)
        self.assertEqual(lost + reader.received(), len(self.whole))
        self.assertTrue(reader.fits(self.whole))

    def test_in_the_middle_of_what_is_lost(self):
        first, _ = self.read(offset=0)
        with client.websocket() as w:
            w.send(t="sub", id=1, kind="log", job="dropped", offset=0, credit=0)
            gen = w.until("log")["gen"]
        reader, _ = self.read(offset=1000, gen=gen)
        self.assertEqual(reader.gaps, [(1000, first.gaps[0][1] - 1000)])
        self.assertTrue(reader.fits(self.whole))

    def test_the_newest_part_has_no_gap(self):
        """Who asks for the end is not told of what was dropped long before it."""
        for tail in (1000, len(self.whole)):
            reader, _ = self.read(offset=-1, tail=tail)
            self.assertEqual(reader.gaps, [])
            self.assertTrue(reader.fits(self.whole))
            self.assertEqual(reader.received() == tail, tail == 1000)

    def test_mltop_logs_says_so(self):
        out = mltop_logs("dropped")
        self.assertEqual(out.returncode, 0, out.stderr)
        self.assertTrue(self.whole.endswith(out.stdout))
        lost = len(self.whole) - len(out.stdout)
        self.assertIn(b"%d bytes of the log are missing" % lost, out.stderr)

    def test_http(self):
        answer = client.get(BASE + "/train/dropped/logs")
        self.assertEqual(answer.status, 200)
        self.assertTrue(self.whole.endswith(answer.json["logs"].encode()))


class Overtaken(unittest.TestCase):
    """A reader that stays behind a task that goes on writing."""

    def slow(self, name, lines=LINES):
        """A task that writes past its limit once told to, and the file that tells it."""
        go = os.path.join(daemon.folder, name + ".go")
        submit(name, f"seq 1 20000; while [ ! -e {go} ]; do sleep 0.02; done; seq 20001 {lines}")
        return go

    def test_stream(self):
        go = self.slow("overtaken")
        whole = numbers(LINES)
        with client.websocket() as w:
            w.send(t="sub", id=1, kind="log", job="overtaken", offset=0, credit=5000)
            reader = Reader(w)
            while reader.received() < 4000:
                reader.take()
            with open(go, "w"):
                pass
            ended("overtaken")
            w.send(t="credit", id=1, bytes=1 << 16)
            end = reader.to_end()
        self.assertEqual(end["offset"], len(whole))
        self.assertTrue(reader.fits(whole))
        self.assertGreater(sum(lost for _, lost in reader.gaps), 0)
        self.assertEqual(sum(lost for _, lost in reader.gaps) + reader.received(), len(whole))

    def test_http_follower_is_told(self):
        lines = 3000000  # more than the sockets hold
        go = self.slow("follower", lines)
        with support.Socket(daemon.port, receive_buffer=4096) as s:
            s.send(client.bytes_of("GET", BASE + "/train/follower/logs", query={"follow": "True"}))
            s.take_until(b"\n100\n")
            with open(go, "w"):
                pass
            ended("follower")
            rest = self.chunked_rest(s)
        self.assertTrue(b" bytes of the log are missing]\n" in rest, len(rest))
        self.assertTrue(b"%d\n" % lines in rest, rest[-100:])

    def chunked_rest(self, s):
        """What is left of a chunked answer, its framing with it."""
        while not s.buffer.endswith(b"\r\n0\r\n\r\n"):
            if not s.fill():
                break
        return s.buffer


class Unreadable(unittest.TestCase):
    """Without a free descriptor nothing is missing and nothing has ended: it is read later."""

    LOGS = BASE + "/train/unreadable/logs"

    def job(self):
        go = os.path.join(daemon.folder, "unreadable.go")
        uid = submit("unreadable", f"echo 1; until [ -e {go} ]; do sleep 0.02; done; seq 2 60000; "
                                   f"until [ -e {go}.on ]; do sleep 0.02; done")
        self.addCleanup(client.delete, BASE + "/train/unreadable")
        return uid, go, numbers(60000)

    def segments(self, uid):
        return glob.glob(f"{daemon.state}/tasks/{uid}/*/*/log/0*")

    def written(self, uid):
        return sum(map(os.path.getsize, self.segments(uid)))

    def refused(self, s):
        answer = client.get(self.LOGS, on=s)
        return answer if answer.status == 503 else None

    def test_readers_go_on(self):
        uid, go, whole = self.job()
        self.addCleanup(daemon.allow_descriptors, True)
        with client.websocket() as w, support.Socket(daemon.port) as s, \
                support.Socket(daemon.port) as follower:
            w.send(t="sub", id=1, kind="log", job="unreadable", offset=0, credit=1 << 20)
            reader = Reader(w)
            while not reader.received():
                reader.take()
            follower.send(client.bytes_of("GET", self.LOGS, query={"follow": "True"}))
            follower.take_until(b"\r\n\r\n")
            chunks = follower.chunks()
            followed = next(chunks)
            client.get(BASE + "/org_ids", on=s)
            daemon.allow_descriptors(False)
            os.mkdir(go)
            until(lambda: self.written(uid) == len(whole), "the log has grown by segments")
            # It comes to the end of the segment that was open, and meets the next one.
            border = sorted(map(int, map(os.path.basename, self.segments(uid))))[1]
            while reader.received() < border:
                reader.take()
            for id in (8, 9):
                w.send(t="ping", id=id)
                w.until("pong", id)
            answer = until(lambda: self.refused(s), "a reader that cannot read is told")
            self.assertEqual(answer.message, "job unreadable: the log cannot be read now "
                                             "(Too many open files): ask again in a moment")
            self.assertIn("retry-after", answer.headers)
            daemon.allow_descriptors(True)
            while reader.received() < len(whole):
                reader.take()
            while len(followed) < len(whole):
                followed += next(chunks)
        os.mkdir(go + ".on")
        ended("unreadable")
        self.assertEqual(reader.gaps, [])
        self.assertTrue(reader.fits(whole))
        self.assertEqual(followed, whole)


class SupervisorLost(unittest.TestCase):
    def kill_shim(self, uid):
        def shim():
            for path in glob.glob(os.path.join(daemon.state, "**", "pid"), recursive=True):
                if uid in path:
                    with open(path) as f:
                        for line in f.read().replace("\0", "\n").split("\n"):
                            if line.startswith("shim_pid="):
                                return int(line.split("=")[1])
        os.kill(until(shim, "the shim's number"), signal.SIGKILL)

    def test_gap_of_unknown_width(self):
        uid = submit("orphaned", "echo begun; exec sleep 100")
        with client.websocket() as w:
            w.send(t="sub", id=1, kind="log", job="orphaned", offset=0, credit=1 << 16)
            reader = Reader(w)
            while not reader.received():
                reader.take()
            self.kill_shim(uid)
            end = reader.to_end()
        self.assertEqual(reader.gaps, [(6, 0)])
        self.assertEqual((end["offset"], end["state"]), (6, "failed"))
        self.assertEqual(client.get(BASE + "/train/orphaned").json["reason"], "SupervisorLost")
        self.assertEqual(client.get(BASE + "/train/orphaned/logs").json["logs"], "begun\n")
        out = mltop_logs("orphaned", "--follow")
        self.assertEqual(out.stdout, b"begun\n", out.stderr)
        self.assertIn(b"supervisor died here", out.stderr)


if __name__ == "__main__":
    support.main()
