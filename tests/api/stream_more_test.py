"""Streams over time: filters in which time passes, readers that stop and go on, errors of filters."""
import time
import unittest

import support
from support import BASE, FREE, until

FIELDS = "job_name,state,loss,progress_step,gpu_util,metric_value"


def setUpModule():
    global daemon, client
    daemon, client = support.module_daemon(settings=("demo.jobs=5", "fake.changes=0") + FREE)


class Time(unittest.TestCase):
    def test_ages(self):
        """A row that nobody changes leaves one filter and enters the other as it grows older."""
        with client.websocket() as w:
            for id, op in ((1, "<"), (2, ">")):
                self.assertEqual(w.snapshot(id, "job", fields="job_name",
                                            filter=f"job_name~=^aging age{op}2s"), {})
            made = client.post(BASE + "/train", {"job_name": "aging", "command": ["true"]})
            begun = time.monotonic()
            self.assertEqual(made.status, 200, made)
            came = {}
            while len(came) < 3:
                m = w.next()
                uids = m.get("uids") or [r["uid"] for r in m.get("rows", ())]
                if uids:
                    self.assertEqual(uids, [made.json["uid"]])
                    came.setdefault((m["t"], m["id"]), time.monotonic() - begun)
            self.assertEqual(set(came), {("row", 1), ("gone", 1), ("row", 2)})
            self.assertLess(came["row", 1], 1)
            for late in (came["gone", 1], came["row", 2]):
                self.assertGreater(late, 1.5)
                self.assertLess(late, 2 + 5 + 2)


class Filters(unittest.TestCase):
    """A filter that cannot be read is answered with the column, in characters from 1."""

    WRONG = (("(((", 1), ("state=running (", 15), ("state=", 7), ("größe=1", 1), ("job_name=ä )", 12),
             ("statee=1", 1), ("job_name~=(((", 11), ("loss>x", 6))

    def test_over_http(self):
        for text, column in self.WRONG:
            answer = client.get(BASE + "/train", query={"filter": text})
            self.assertEqual(answer.status, 400, text)
            self.assertRegex(answer.message, rf"^column {column}: .", text)

    def test_on_a_stream(self):
        """The subscription is over, the socket is not."""
        with client.websocket() as w:
            for text, column in self.WRONG:
                w.send(t="sub", id=3, kind="job", filter=text)
                m = w.until("error")
                self.assertEqual((m["id"], m["code"]), (3, 400), text)
                self.assertRegex(m["message"], rf"^column {column}: .", text)
            self.assertEqual(len(w.snapshot(3, "job", fields="job_name", filter="job_name~=demo")), 5)


class Pausing(unittest.TestCase):
    """A subscriber that stops reading for a while, with 1,000 changes a second."""

    def take(self, w, rows):
        """Everything that is there; returns the uids of the rows that came."""
        came = set()
        while not w.quiet(0.3 if not came else 0):
            m = w.next()
            rows.update((r["uid"], r) for r in m.get("rows", ()))
            came.update(r["uid"] for r in m.get("rows", ()))
            for uid in m.get("uids", ()):
                rows.pop(uid, None)
                came.add(uid)
        return came

    def agrees(self, c, w, rows):
        """
        What the stream has is what the list says, but for the rows that the stream goes on to
        change. Those that differ are of a change that is still to come, and it does come.
        """
        self.take(w, rows)
        listed = {j["uid"]: j for j in c.get(BASE + "/train", query={
            "fields": "uid," + FIELDS, "limit": "500"}).json["data"]}
        old = dict(rows)
        came = set()
        end = time.monotonic() + 0.4
        while time.monotonic() < end:
            came |= self.take(w, rows)
        still = set(listed) - came
        self.assertEqual({u: old.get(u) for u in still}, {u: listed[u] for u in still})
        return len(still)

    def test_converges_exactly(self):
        with support.Daemon(settings=("demo.jobs=400", "fake.changes=1000") + FREE) as d:
            c = d.client()
            slow = [c.websocket(receive_buffer=4096) for _ in range(8)]
            held = []
            for w in slow:
                held.append(w.snapshot(1, "job", fields=FIELDS))
                w.send(t="sub", id=2, kind="log", job="demo-job-00000", offset=0, credit=1 << 26)
                w.send(t="sub", id=3, kind="job")
            before, begun, most = d.resident(), time.monotonic(), 0
            with c.websocket() as reading:  # the others are served meanwhile
                rows = reading.snapshot(1, "job", fields=FIELDS)
                while time.monotonic() - begun < 4:
                    self.take(reading, rows)
                    most = max(most, d.resident())
            if "address" not in support.BUILD:
                # 256 KiB a socket, the frames in the kernel's hands not counted
                self.assertLess(most - before, len(slow) * 256 + 4096)
            for w, mine in zip(slow[:2], held):
                w.send(t="unsub", id=2)
                w.send(t="unsub", id=3)
                w.send(t="ping", id=9)
                while True:
                    m = w.next()
                    if m["t"] == "pong":
                        break
                    if m.get("id") == 1:
                        mine.update((r["uid"], r) for r in m.get("rows", ()))
                        for uid in m.get("uids", ()):
                            mine.pop(uid, None)
                self.assertGreater(self.agrees(c, w, mine), 0)
            for w in slow:
                w.close()


class Subscribing(unittest.TestCase):
    """What it costs the others that somebody subscribes: to much, or again and again."""

    @classmethod
    def setUpClass(cls):
        cls.daemon = support.Daemon(settings=("demo.jobs=10000", "fake.changes=0") + FREE)
        cls.addClassCleanup(cls.daemon.close)

    def test_is_bits(self):
        """A thousand subscriptions to 10,000 rows that nobody reads: a few KiB each."""
        c = self.daemon.client()
        with c.websocket() as first:
            first.snapshot(1, "job", fields="job_name")
            before, held = self.daemon.resident(), []
            for n in range(16):
                w = self.daemon.client(name=f"key-{n}").websocket(receive_buffer=4096)
                held.append(w)
                for id in range(1, 65):
                    w.send(t="sub", id=id, kind="job", fields="job_name")
            first.send(t="ping", id=1)
            first.until("pong")
            for id in range(2, 34):  # turns of the loop, in which they have come
                first.snapshot(id, "org", by="org_id")
            if "address" not in support.BUILD:
                self.assertLess(self.daemon.resident() - before, 24 * 1024)
            for w in held:
                w.close()

    def test_again_and_again(self):
        """Beyond what a key may begin with, each is refused for little; another key is served. (Time gives
        back 200,000 rows a second; a thousand times 10,000 are more on any machine.)"""
        c = self.daemon.client(name="again")
        with c.websocket() as w:
            for id in range(1, 1001):
                w.send(t="sub", id=id, kind="job", fields="job_name", filter="state=running attempt=77")
                w.send(t="unsub", id=id)
            w.send(t="ping", id=1)
            w.until("pong")
            refused = [m for m in w.events if m["t"] == "error"]
            self.assertEqual({m["code"] for m in refused}, {429})
            self.assertIn("subscribes too often", refused[0]["message"])
            with self.daemon.client(name="other").websocket() as other:
                self.assertEqual(len(other.snapshot(1, "job", fields="job_name")), 10000)

            def again():
                w.send(t="sub", id=2000, kind="org", fields="org_id")
                while True:
                    m = w.next()
                    if m.get("id") == 2000:
                        return m["t"] == "row"
            until(again, "what time gives back")


class Queue(unittest.TestCase):
    def test_answers_that_nobody_reads(self):
        """Small frames are kept up to 256 KiB for a socket; then it is closed, others go on."""
        before = daemon.resident()
        w = client.websocket(receive_buffer=4096)
        w.socket.sock.settimeout(0.5)
        sent = 0
        frame = dict(t="sub", id=1, kind="n" * 900)  # each answered with its own words
        try:
            while sent < 20000:
                w.send(**frame)
                sent += 1
        except OSError:
            pass
        self.assertLess(sent, 20000)
        self.assertEqual(client.get(BASE + "/train").status, 200)
        if "address" not in support.BUILD:
            self.assertLess(daemon.resident() - before, 8 * 1024)
        w.close()


if __name__ == "__main__":
    support.main()
