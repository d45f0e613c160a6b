"""The stream: snapshots and changes of rows, logs by offset, and what a socket may cost."""
import os
import socket
import threading
import time
import unittest

import support
from support import BASE, FREE, LIMIT, Closed, Socket, until

FIELDS = "job_name,state,loss,progress_step"


def setUpModule():
    global daemon, client
    daemon, client = support.module_daemon(settings=("demo.jobs=300", "fake.changes=400") + FREE)


class Rows(unittest.TestCase):
    def test_snapshot_is_the_list(self):
        with support.Daemon(settings=("demo.jobs=120", "fake.changes=0") + FREE) as d:
            c = d.client()
            listed = {j["uid"]: j for j in c.get(BASE + "/train", query={
                "fields": "uid,job_name,state", "limit": "500"}).json["data"]}
            with c.websocket() as w:
                rows = w.snapshot(1, "job", fields="job_name,state")
                self.assertEqual(len(rows), 120)
                self.assertEqual({u: r["job_name"] for u, r in rows.items()},
                                 {u: j["job_name"] for u, j in listed.items()})
                for r in rows.values():
                    # who asks for the state is told with it whether it was cancelled
                    self.assertEqual(set(r) - {"cancelled"}, {"uid", "job_name", "state"})
                self.assertTrue(w.quiet(0.3))

    def test_every_kind(self):
        with client.websocket() as w:
            for id, (kind, by) in enumerate((("task", "uid"), ("event", "uid"), ("org", "org_id"),
                                             ("quota", "org_id"), ("key", "access_key"), ("node", "name")), 1):
                rows = w.snapshot(id, kind, by=by)
                for r in rows.values():
                    self.assertNotIn("secret_key", r)

    def test_changes_are_batched(self):
        """At most one batch in 50 ms, each row in it once; versions do not go back."""
        with client.websocket() as w:
            w.snapshot(1, "job", fields=FIELDS)
            begun, batches, rows, version = time.monotonic(), 0, 0, 0
            while time.monotonic() - begun < 2:
                m = w.next()
                if m["t"] != "row":
                    continue
                batches += 1
                rows += len(m["rows"])
                uids = [r["uid"] for r in m["rows"]]
                self.assertEqual(len(uids), len(set(uids)))
                self.assertGreaterEqual(int(m["v"]), version)
                version = int(m["v"])
            self.assertLessEqual(batches, 45)
            self.assertGreater(batches, 5)
            self.assertGreater(rows, 100)

    def test_new_and_gone(self):
        name = f"stream-{os.getpid()}-new"
        with client.websocket() as w:
            w.snapshot(1, "job", fields="job_name", filter=f"job_name={name}")
            made = client.post(BASE + "/train", {"job_name": name, "command": ["true"]})
            self.assertEqual(made.status, 200, made)
            m = w.until("row")
            self.assertEqual([r["uid"] for r in m["rows"]], [made.json["uid"]])
            self.assertEqual(client.delete(f"{BASE}/train/{name}").status, 200)
            gone = w.until("gone")
            self.assertEqual(gone["uids"], [made.json["uid"]])

    def test_version_of_another_server(self):
        """Who goes on from a version is told to drop its rows where that version is another server's."""
        def begins(c, v):
            with c.websocket() as w:
                w.send(t="sub", id=1, kind="org", v=v)
                first = w.next()
                return first, first if first["t"] == "synced" else w.until("synced", 1)

        with support.Daemon(settings=FREE) as d:
            c = d.client()
            first, synced = begins(c, "0")
            self.assertEqual(first["t"], "row")
            listed = c.get(BASE + "/train").json["v"]
            for v in (synced["v"], listed):
                self.assertEqual(begins(c, v)[0]["t"], "row")
            self.assertEqual(begins(c, str(int(listed) + 1))[0], {"t": "reset", "id": 1})  # another's
            self.assertEqual(begins(c, str(int(listed) + (1 << 40)))[0]["t"], "reset")  # ours, and yet to come
            d.stop()
            d.start()
            c = support.Client(d.port, c.key)
            for v in (synced["v"], listed):
                first, now = begins(c, v)
                self.assertEqual(first, {"t": "reset", "id": 1})
                self.assertNotEqual(now["v"], v)
            self.assertEqual(begins(c, now["v"])[0]["t"], "row")

    def test_row_leaves_the_filter(self):
        """A row that matches no more is gone, though it is still there."""
        with support.Daemon(settings=FREE) as d:
            c = d.client()
            with c.websocket() as w:
                self.assertEqual(w.snapshot(1, "job", fields="state",
                                            filter="state!=failed|cancelled state!=completed"), {})
                made = c.post(BASE + "/train", {"job_name": "leaves", "command": ["true"]})
                self.assertEqual(made.status, 200, made)
                self.assertEqual(w.until("row")["rows"][0]["uid"], made.json["uid"])
                self.assertEqual(c.post(BASE + "/train/leaves/cancel", b"").status, 200)
                self.assertEqual(w.until("gone")["uids"], [made.json["uid"]])
                self.assertIn(c.get(BASE + "/train/leaves").json["state"], ("failed", "completed"))

    def test_converges(self):
        """What a stream holds in the end is what the platform holds."""
        with support.Daemon(settings=("demo.jobs=200", "fake.changes=1000") + FREE) as d:
            c = d.client()
            with c.websocket() as w:
                rows = w.snapshot(1, "job", fields="job_name,state")
                begun = time.monotonic()
                while time.monotonic() - begun < 1.5:
                    m = w.next()
                    rows.update((r["uid"], r) for r in m.get("rows", ()))

                def same():
                    while not w.quiet(0):
                        m = w.next()
                        rows.update((r["uid"], r) for r in m.get("rows", ()))
                    listed = c.get(BASE + "/train", query={"fields": "uid,state", "limit": "500"})
                    return all(rows[j["uid"]]["state"] == j["state"] for j in listed.json["data"])
                until(same, "rows of stream and list agree")

    def test_text_that_watchers_share(self):
        """A row is written once for all who ask for the same fields; nobody is given an old one."""
        fields = {"fields": "org_id,train_count_quota"}
        org = client.key.org_id
        with client.websocket() as one, client.websocket() as other:
            for w in (one, other):
                w.snapshot(1, "quota", by="org_id", **fields)
            for limit in map(str, range(101, 121)):
                self.assertEqual(client.put(f"{BASE}/quota/{org}", {"train_count_quota": limit}).status, 200)
                with client.websocket() as late:
                    rows = late.snapshot(1, "quota", by="org_id", **fields)
                    self.assertEqual(rows[org], {"org_id": org, "train_count_quota": limit})
                for w in (one, other):
                    told = {}
                    while told.get("train_count_quota") != limit:
                        m = w.until("row")
                        told = next((r for r in m["rows"] if r["org_id"] == org), told)
                    self.assertEqual(set(told), {"org_id", "train_count_quota"})

    def test_unsubscribed_is_quiet(self):
        with client.websocket() as w:
            w.snapshot(1, "job", fields=FIELDS)
            w.send(t="unsub", id=1)
            w.send(t="ping", id=9)
            w.until("pong", 9)
            self.assertTrue(w.quiet(0.3))
            self.assertEqual(len(w.snapshot(1, "job", fields="job_name")), 300)

    def test_many_subscriptions(self):
        with client.websocket() as w:
            for id in range(1, 65):
                w.send(t="sub", id=id, kind="org")
            for id in range(1, 65):
                w.until("synced")
            w.send(t="sub", id=65, kind="org")
            self.assertEqual(w.until("error")["id"], 65)

    def test_mistakes_are_answered(self):
        with client.websocket() as w:
            for frame, code in (({"kind": "nothing"}, 404), ({"kind": "job", "fields": "nope"}, 400),
                                ({"kind": "job", "filter": "state="}, 400), ({}, 400),
                                ({"kind": "key", "fields": "secret_key"}, 400),
                                ({"kind": "log", "job": "nope"}, 404)):
                w.send(t="sub", id=5, **frame)
                m = w.until("error")
                self.assertEqual((m["id"], m["code"]), (5, code), (frame, m))
                # As HTTP has it: the field at fault, where it is one.
                self.assertEqual(m.get("field"), {"nope": "nope", "secret_key": "secret_key"}.get(
                    frame.get("fields")), (frame, m))
            w.send(t="sub", id=0, kind="job")
            self.assertEqual(w.until("error")["code"], 400)
            w.send(t="sub", id=6, kind="org")
            w.until("synced", 6)
            w.send(t="sub", id=6, kind="org")
            self.assertEqual(w.until("error")["code"], 400)


class Tenants(unittest.TestCase):
    def test_other_org_sees_nothing(self):
        other = daemon.client(org="other", role="operator")
        with other.websocket() as w:
            self.assertEqual(w.snapshot(1, "job", fields="job_name"), {})
            w.send(t="sub", id=2, kind="job", org=client.key.org_id)
            self.assertEqual(w.until("error")["code"], 403)
            w.send(t="sub", id=3, kind="job", org="-1")
            self.assertEqual(w.until("error")["code"], 403)
            w.send(t="sub", id=4, kind="log", job="demo-job-00000")
            self.assertEqual(w.until("error")["code"], 404)
            w.send(t="sub", id=5, kind="log", job="demo-job-00000", org=client.key.org_id)
            self.assertEqual(w.until("error")["code"], 404)
            self.assertTrue(w.quiet(0.3))
            keys = w.snapshot(6, "key", by="access_key")
            self.assertEqual({k["org_name"] for k in keys.values()}, {"other"})

    def test_admin_sees_all(self):
        daemon.key(org="third", role="viewer")
        with client.websocket() as w:
            self.assertGreaterEqual(len(w.snapshot(1, "key", by="access_key", org="-1")), 2)


class Messages(unittest.TestCase):
    def closes(self, code, act):
        with client.websocket() as w:
            act(w)
            with self.assertRaises(Closed) as caught:
                while True:
                    w.next()
            self.assertEqual(caught.exception.code, code)

    def test_bad_messages(self):
        self.closes(1007, lambda w: w.send_frame(1, b'{"t":"\xff"}'))
        self.closes(1003, lambda w: w.send_frame(2, b"abc"))
        self.closes(1009, lambda w: w.send_frame(1, b"abc", length=1 << 62))
        self.closes(1009, lambda w: w.send_frame(1, b" " * 262145))
        self.closes(1008, lambda w: w.send_frame(1, b"[1"))
        self.closes(1008, lambda w: w.send_frame(1, b'{"t":"nope"}'))
        self.closes(1008, lambda w: w.send_frame(1, b'{"t":"ping","t":"ping"}'))
        self.closes(1008, lambda w: w.send(t="row", id=1))

        def in_pieces(w):
            w.send_frame(1, b" " * 200000, final=False)
            w.send_frame(0, b" " * 200000)
        self.closes(1009, in_pieces)

    def test_fragments_are_joined(self):
        with client.websocket() as w:
            w.send_frame(1, b'{"t":"pi', final=False)
            w.send_frame(0, b'ng","i', final=False)
            w.send_frame(0, b'd":3}')
            self.assertEqual(w.next(), {"t": "pong", "id": 3})

    def test_largest_message(self):
        with client.websocket() as w:
            w.send_frame(1, b'{"t":"ping","id":4}' + b" " * (262144 - 19))
            self.assertEqual(w.next()["t"], "pong")

    def test_round_trip(self):
        with client.websocket() as w:
            w.snapshot(1, "job", fields=FIELDS)
            times = []
            for id in range(2, 52):
                begun = time.perf_counter()
                w.send(t="ping", id=id)
                w.until("pong", id)
                times.append(time.perf_counter() - begun)
            self.assertLess(sorted(times)[25], 0.05)


class Keys(unittest.TestCase):
    def test_disabled_key_closes_its_streams(self):
        victim = daemon.client(role="viewer")
        reading = victim.websocket()
        reading.snapshot(1, "job", fields="job_name")
        stuck = victim.websocket(receive_buffer=4096)
        stuck.send(t="sub", id=1, kind="job")
        other = client.websocket()
        self.assertEqual(client.post(f"{BASE}/keys/{victim.key.access_key}/disable", b"").status, 200)
        begun = time.monotonic()
        with self.assertRaises(Closed) as caught:
            while True:
                reading.next()
        self.assertEqual(caught.exception.code, 4401)
        self.assertLess(time.monotonic() - begun, 1)
        descriptors = daemon.descriptors()
        with self.assertRaises((Closed, EOFError, ConnectionResetError)):
            while True:
                stuck.next()
        self.assertLess(time.monotonic() - begun, 5)
        other.send(t="ping", id=1)
        other.until("pong")
        self.assertLessEqual(daemon.descriptors(), descriptors)
        for w in (reading, stuck, other):
            w.close()

    def test_streams_of_one_key(self):
        with support.Daemon(settings=("demo.jobs=1", "limits.streams_per_key=8")) as d:
            c = d.client()
            held = [c.websocket() for _ in range(8)]
            with self.assertRaises(support.Refused) as caught:
                c.websocket()
            self.assertEqual(caught.exception.answer.status, 429)
            held.pop().close()

            def again():
                try:
                    held.append(c.websocket())
                    return True
                except support.Refused:
                    return False
            until(again, "room after one has closed")
            for w in held:
                w.close()


class Slow(unittest.TestCase):
    def test_slow_reader_costs_nothing(self):
        """Memory stays where it was, others are served, and the reader ends with what is true."""
        with support.Daemon(settings=("demo.jobs=3000", "fake.changes=2000") + FREE) as d:
            c = d.client()
            before = d.resident()
            slow = [c.websocket(receive_buffer=4096) for _ in range(10)]
            for w in slow:
                w.send(t="sub", id=1, kind="job")
            with c.websocket() as w:
                w.snapshot(1, "job", fields="job_name")
                begun = time.monotonic()
                while time.monotonic() - begun < 3:
                    w.next()
            if "address" not in support.BUILD:  # whose allocator keeps what is freed
                self.assertLess(d.resident() - before, 30 * 1024)
            uids = set()
            w = slow[0]
            while len(uids) < 3000:
                m = w.next()
                uids.update(r["uid"] for r in m.get("rows", ()))
            for w in slow:
                w.close()

    def test_leaving_gives_all_back(self):
        base = daemon.descriptors()
        for _ in range(5):
            many = [client.websocket() for _ in range(20)]
            for w in many:
                w.send(t="sub", id=1, kind="job")
                w.send(t="sub", id=2, kind="log", job="demo-job-00000", credit=1 << 20)
            for w in many:
                w.close()
        until(lambda: daemon.descriptors() <= base + 2, "descriptors are given back")

    def test_idle_costs_nothing(self):
        with support.Daemon(settings=("demo.jobs=100", "fake.changes=0") + FREE) as d:
            c = d.client()
            with c.websocket() as w:
                w.snapshot(1, "job")
                before, begun = d.cpu_seconds(), time.monotonic()
                until(lambda: time.monotonic() - begun > 2, "two seconds to watch")
                self.assertLess(d.cpu_seconds() - before, 0.1)


class Logs(unittest.TestCase):
    def finished(self):
        jobs = client.get(BASE + "/train", query={"filter": "state=completed", "limit": "5"})
        return jobs.json["data"][0]["job_name"]

    def whole(self, job):
        with client.websocket() as w:
            w.send(t="sub", id=1, kind="log", job=job, offset=0, credit=1 << 26)
            head = w.until("log")
            data = b""
            while True:
                m = w.next()
                if m["t"] == "end":
                    return head, data, m
                self.assertEqual(m["offset"], len(data))
                self.assertEqual(m["gen"], head["gen"])
                data += m["data"]

    def test_whole(self):
        head, data, end = self.whole(self.finished())
        self.assertEqual((head["offset"], head["oldest"], head["attempt"] >= 1), (0, 0, True))
        self.assertEqual(head["newest"], len(data))
        self.assertEqual((end["offset"], end["state"], end["exit_code"]), (len(data), "completed", 0))
        self.assertGreater(len(data), 100000)

    def test_from_any_offset(self):
        job = self.finished()
        head, data, _ = self.whole(job)
        with client.websocket() as w:
            for id, at in enumerate((1, 99, 65535, 65536, 65537, len(data) - 1, len(data)), 1):
                w.send(t="sub", id=id, kind="log", job=job, offset=at, gen=head["gen"],
                       credit=1 << 26)
                self.assertEqual(w.until("log", id)["offset"], at)
                got = b""
                while True:
                    m = w.next()
                    if m["t"] == "end":
                        break
                    got += m["data"]
                self.assertEqual(got, data[at:])

    def test_tail(self):
        job = self.finished()
        _, data, _ = self.whole(job)
        with client.websocket() as w:
            w.send(t="sub", id=1, kind="log", job=job, offset=-1, tail=1000, credit=1 << 20)
            self.assertEqual(w.until("log")["offset"], len(data) - 1000)
            self.assertEqual(w.next()["data"], data[-1000:])

    def test_other_generation_begins_again(self):
        job = self.finished()
        head, data, _ = self.whole(job)
        with client.websocket() as w:
            w.send(t="sub", id=1, kind="log", job=job, offset=5000, gen=head["gen"] + 1,
                   credit=100)
            self.assertEqual(w.until("log")["offset"], 0)
            self.assertEqual(w.next()["data"], data[:100])

    def test_credit(self):
        """Not a byte more than granted; a grant goes on where it stopped."""
        job = self.finished()
        _, data, _ = self.whole(job)
        with client.websocket() as w:
            w.send(t="sub", id=1, kind="log", job=job, offset=0, credit=0)
            w.until("log")
            self.assertTrue(w.quiet(0.2))
            at = 0
            for grant in (1, 1000, 70000):
                w.send(t="credit", id=1, bytes=grant)
                got = b""
                while len(got) < grant:
                    m = w.next()
                    self.assertEqual(m["offset"], at + len(got))
                    got += m["data"]
                self.assertEqual(got, data[at:at + grant])
                at += grant
                self.assertTrue(w.quiet(0.1))

    def test_many_logs_are_fair(self):
        jobs = [j["job_name"] for j in client.get(BASE + "/train", query={
            "filter": "state=completed", "limit": "8"}).json["data"]]
        with client.websocket() as w:
            for id, job in enumerate(jobs, 1):
                w.send(t="sub", id=id, kind="log", job=job, offset=0, credit=0)
            for id in range(1, len(jobs) + 1):
                w.until("log")
            for id in range(1, len(jobs) + 1):
                w.send(t="credit", id=id, bytes=131072)
            got, order = {}, []
            while sum(got.values()) < 100000 * len(jobs):
                m = w.next()
                if m["t"] == "bytes":
                    got[m["id"]] = got.get(m["id"], 0) + len(m["data"])
                    order.append(m["id"])
            self.assertEqual(len(set(order[:len(jobs) + 2])) >= len(jobs) - 2, True, order)

    def test_rows_and_logs_together(self):
        """A long log does not keep rows waiting."""
        with client.websocket() as w:
            w.snapshot(1, "job", fields=FIELDS)
            w.send(t="sub", id=2, kind="log", job=self.finished(), offset=0, credit=1 << 26)
            kinds = [w.next()["t"] for _ in range(20)]
            self.assertIn("row", kinds)
            self.assertIn("bytes", kinds)

    def test_log_of_a_kind(self):
        """"of" and "object" say whose log; "job" alone is the older form of the same."""
        job = self.finished()  # one that goes on may begin with another attempt in between
        with client.websocket() as w:
            heads = []
            for id, whose in enumerate(({"job": job}, {"of": "job", "object": job}, {"object": job}), 1):
                w.send(t="sub", id=id, kind="log", offset=0, credit=1000, **whose)
                m = w.until("log")
                heads.append((m["uid"], m["task"], m["attempt"]))
                w.send(t="unsub", id=id)
            self.assertEqual(len(set(heads)), 1, heads)
            for of in ("quota", "nothing", ""):
                w.send(t="sub", id=9, kind="log", of=of, object=job)
                m = w.until("error")
                self.assertEqual((m["code"], "has logs" in m["message"]), (400, True), m)


class LocalLogs(unittest.TestCase):
    """Logs of tasks that run: a follower sees each byte once, in order, as it is written."""

    @classmethod
    def setUpClass(cls):
        cls.daemon = support.Daemon(engine="local", args=("--private",))
        cls.addClassCleanup(cls.daemon.close)
        cls.client = cls.daemon.client()

    def submit(self, name, script, **more):
        made = self.client.post(BASE + "/train", dict(
            {"job_name": name, "command": ["sh", "-c", script]}, **more))
        self.assertEqual(made.status, 200, made)
        return made.json["uid"]

    def follow(self, w, id):
        data = b""
        while True:
            m = w.next()
            if m.get("id") != id:
                continue
            if m["t"] == "bytes":
                self.assertEqual(m["offset"], len(data))
                data += m["data"]
            elif m["t"] == "end":
                return data, m

    def test_follow_live(self):
        self.submit("live", "for i in 1 2 3 4 5 6 7 8 9 10; do echo line $i; sleep 0.05; done; exit 3")
        with self.client.websocket() as w:
            w.send(t="sub", id=1, kind="log", job="live", offset=0, credit=1 << 20)
            data, end = self.follow(w, 1)
        self.assertEqual(data, b"".join(b"line %d\n" % i for i in range(1, 11)))
        self.assertEqual((end["state"], end["exit_code"], end["offset"]), ("failed", 3, len(data)))

    def test_what_was_killed_ends_without_a_code(self):
        self.submit("killed", "kill -9 $$")
        with self.client.websocket() as w:
            w.send(t="sub", id=1, kind="log", job="killed", offset=0, credit=1 << 20)
            end = self.follow(w, 1)[1]
        self.assertEqual((end["state"], end["signal"]), ("failed", 9))
        self.assertNotIn("exit_code", end)

    def test_large(self):
        self.submit("large", "head -c 20000000 /dev/zero | tr '\\0' x")
        with self.client.websocket() as w:
            w.send(t="sub", id=1, kind="log", job="large", offset=0, credit=1 << 26)
            data, end = self.follow(w, 1)
        self.assertEqual(len(data), 20000000)
        self.assertEqual(data.count(b"x"), 20000000)
        self.assertEqual(end["exit_code"], 0)

    def test_http_follow(self):
        self.submit("http", "for i in 1 2 3 4 5; do echo line $i; sleep 0.1; done")
        answer = self.client.get(BASE + "/train/http/logs", query={"follow": "True"})
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["transfer-encoding"], "chunked")
        self.assertEqual(answer.body, b"".join(b"line %d\n" % i for i in range(1, 6)))

    def test_http_follower_leaves(self):
        self.submit("leaves", "echo begun; exec sleep 60")
        base = self.daemon.descriptors() + 4  # the task's own: its log, its folder, its shim
        followers = []
        for _ in range(12):
            s = Socket(self.daemon.port)
            s.send(self.client.bytes_of("GET", BASE + "/train/leaves/logs", query={"follow": "True"}))
            s.take_until(b"begun\n")
            followers.append(s)
        self.assertGreater(self.daemon.descriptors(), base + 4)
        for s in followers:
            s.close()
        until(lambda: self.daemon.descriptors() <= base, "followers are let go")
        self.client.post(BASE + "/train/leaves/cancel", b"")

    def test_http_follower_is_calm(self):
        """Bytes that nobody reads while an answer is due do not keep the loop turning."""
        self.submit("calm", "echo begun; exec sleep 60")
        with Socket(self.daemon.port) as s:
            s.send(self.client.bytes_of("GET", BASE + "/train/calm/logs", query={"follow": "True"}))
            s.take_until(b"begun\n")
            s.send(b"0\r\n\r\n")
            before, begun = self.daemon.cpu_seconds(), time.monotonic()
            until(lambda: time.monotonic() - begun > 1, "a second to watch")
            self.assertLess(self.daemon.cpu_seconds() - before, 0.15)
        self.client.post(BASE + "/train/calm/cancel", b"")

    def test_waits_for_a_task(self):
        """A follower of a job that waits sees its log once it starts."""
        cpus = os.cpu_count()
        self.submit("hold", "exec sleep 60", cpu_limit=str(cpus))
        uid = self.submit("waits", "echo at last", cpu_limit=str(cpus))
        with self.client.websocket() as w:
            w.send(t="sub", id=1, kind="log", job=uid, offset=0, credit=1 << 20)
            self.assertTrue(w.quiet(0.5))
            self.client.post(BASE + "/train/hold/cancel", b"")
            data, end = self.follow(w, 1)
        self.assertEqual((data, end["exit_code"]), (b"at last\n", 0))


class Stopping(unittest.TestCase):
    def test_streams_are_told(self):
        d = support.Daemon(settings=("demo.jobs=5", "fake.changes=50"))
        try:
            c = d.client()
            w = c.websocket()
            w.snapshot(1, "job")
            codes = []

            def read():
                try:
                    while True:
                        w.next()
                except Closed as e:
                    codes.append(e.code)
                except (EOFError, OSError) as e:
                    codes.append(repr(e))
            reader = threading.Thread(target=read)
            reader.start()
            begun = time.monotonic()
            d.stop()
            self.assertLess(time.monotonic() - begun, 5)
            reader.join(LIMIT)
            self.assertEqual(codes, [1001])
            w.close()
        finally:
            d.close()


if __name__ == "__main__":
    support.main()
