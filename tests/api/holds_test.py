#!/usr/bin/python3
"""An org's queue that is held: nothing of it starts, all else goes on, and who held it is known for good."""
import os
import random
import signal
import threading
import time
import unittest

import support
from support import BASE, FREE, Client, Daemon, until

TRAIN, ORGS = BASE + "/train", BASE + "/orgs"
SEED = int(os.environ.get("SEED", "1"))


class Holds(unittest.TestCase):
    def setUp(self):
        self.daemon = Daemon(engine="fake", settings=("fake.changes=0", "fake.gpus=4") + FREE)
        self.addCleanup(self.daemon.close)
        self.connect(self.daemon.key(org="root", name="lin"), self.daemon.key(org="alpha", role="operator", name="ann"),
                     self.daemon.key(org="beta", role="operator"))

    def connect(self, *keys):
        self.admin, self.a, self.b = (Client(self.daemon.port, k) for k in keys)

    def restart(self):
        self.daemon.stop(check=False, sig=signal.SIGKILL)
        self.daemon.start()
        self.connect(self.admin.key, self.a.key, self.b.key)

    def submit(self, name, client=None):
        a = (client or self.a).post(TRAIN, {"job_name": name, "command": ["x"], "cpu_limit": "0.01",
                                            "env": {"FAKE_SECONDS": "86400"}})
        self.assertEqual(a.status, 200, a)

    def job(self, name, client=None):
        return (client or self.a).get(f"{TRAIN}/{name}").json

    def runs(self, name, client=None):
        return until(lambda: (j := self.job(name, client))["state"] == "running" and j, f"{name} to run")

    def waits(self, name):
        return until(lambda: (j := self.job(name)).get("reason") == "QueueHeld" and j, f"{name}: {self.job(name)}")

    def act(self, what, body=None, client=None, org="alpha"):
        return (client or self.admin).post(f"{ORGS}/{org}/{what}", body if body is not None else b"")

    def org(self, client=None):
        return (client or self.a).get(f"{ORGS}/alpha").json

    def quota(self, client=None):
        c = client or self.a
        return c.get(f"{BASE}/quota/{c.key.org_id}").json

    def test_held_and_released(self):
        self.submit("before")
        self.runs("before")
        a = self.act("hold", {"note": "until the bill is paid"})
        self.assertEqual((a.status, a.json["held"], a.json["held_by"]), (200, True, "lin"), a)
        o = self.org()
        self.assertEqual((o["held"], o["held_by"], o["held_role"], o["hold_note"]),
                         (True, "lin", "admin", "until the bill is paid"))
        q = self.quota()
        self.assertEqual(q["paused"], "QueueHeld")
        self.submit("waits")  # it is accepted
        j = self.waits("waits")
        for word in ("alpha", "by lin", o["held_since"][:19], "until the bill is paid", "mltop orgs release alpha"):
            self.assertIn(word, j["message"])
            self.assertIn(word, q["paused_why"])
        self.assertEqual(self.job("before")["state"], "running")
        a = self.a.post(TRAIN, {"job_name": "x", "command": ["x"]}, query={"what_if": "1"})
        self.assertEqual((a.json["starts_now"], a.json["reason"]), (False, "QueueHeld"), a)
        # Others are as ever.
        self.submit("theirs", self.b)
        self.runs("theirs", self.b)
        self.assertEqual(self.quota(self.b)["paused"], "")
        until(lambda: (o := self.org())["running"] == 1 and o["waiting"] == 1, "the counts of its jobs")
        self.restart()
        self.waits("waits")
        self.assertEqual(self.org()["hold_note"], "until the bill is paid")
        self.assertEqual(self.act("release").status, 200)
        self.runs("waits")
        self.assertEqual((self.org()["held"], self.quota()["paused"]), (False, ""))
        self.assertNotIn("held_by", self.org())

    def test_who_may(self):
        """Operators hold and release their own org; what an admin held, an admin releases."""
        viewer = self.daemon.client(org="alpha", role="viewer")
        self.assertEqual(self.act("hold", client=viewer).status, 403)
        none, theirs = (self.act("hold", client=self.b, org=o) for o in ("omega", "alpha"))
        self.assertEqual((theirs.status, theirs.body.replace(b"alpha", b"omega")), (404, none.body))
        self.assertEqual(self.act("hold", client=self.a).status, 200)
        self.assertEqual(self.act("hold", client=self.a).status, 409)
        self.assertEqual(self.act("release", client=self.daemon.client(org="alpha", role="operator")).status, 200)
        self.assertEqual(self.act("release", client=self.a).status, 409)
        self.assertEqual(self.act("hold").status, 200)
        for role in ("operator", "quota-admin"):
            a = self.act("release", client=self.daemon.client(org="alpha", role=role))
            self.assertEqual(a.status, 403, a)
            self.assertIn("lin", a.json["message"])
        self.assertTrue(self.org()["held"])
        self.assertEqual(self.act("release").status, 200)
        for body in ({"nope": 1}, {"note": []}, {"note": "x" * 241}, {"held": False}, [], b"{"):
            self.assertEqual(self.act("hold", body).status, 400, body)
        self.assertFalse(self.org()["held"])
        # Each sees the row of their own org, and no other.
        self.assertEqual([o["org_name"] for o in self.a.get(ORGS).json["data"]], ["alpha"])
        self.assertEqual([o["org_name"] for o in viewer.get(ORGS).json["data"]], ["alpha"])
        self.assertEqual(self.b.get(f"{ORGS}/alpha").status, 404)
        self.assertLessEqual({"alpha", "beta", "root"}, {o["org_name"] for o in self.admin.get(ORGS).json["data"]})

    def test_written_down(self):
        self.act("hold", {"note": "why"})
        self.act("release")
        events = [(e["reason"], e["message"]) for e in self.admin.get(f"{ORGS}/alpha/events").json["data"]]
        self.assertEqual(events[-2:], [("Held", "by lin: why"), ("Released", "by lin")])
        told = [(r["action"], r.get("detail")) for r in self.a.get(f"{BASE}/audit", query={"limit": "50"}).json["data"]
                if r["action"] in ("org.hold", "org.release")]
        self.assertEqual(sorted(told), [("org.hold", "alpha: why"), ("org.release", "alpha")])

    def test_all_nodes_drained(self):
        [node] = self.admin.get(f"{BASE}/nodes").json["data"]
        self.assertEqual(self.admin.post(f"{BASE}/nodes/{node['name']}/drain", {"note": "tea"}).status, 200)
        q = until(lambda: (q := self.quota())["paused"] and q, "the quota's word")
        self.assertEqual(q["paused"], "NodesDrained")
        self.assertIn("tea", q["paused_why"])
        self.admin.post(f"{BASE}/nodes/{node['name']}/undrain", b"")
        until(lambda: self.quota()["paused"] == "", "no word any more")

    def test_nothing_slips_through(self):
        dice = random.Random(SEED)
        for n in range(12):
            barrier = threading.Barrier(4)

            def submit(i, delay):
                c = Client(self.daemon.port, self.a.key)
                barrier.wait()
                time.sleep(delay)
                a = c.post(TRAIN, {"job_name": f"slip-{n}-{i}", "command": ["x"], "cpu_limit": "0.01",
                                   "env": {"FAKE_SECONDS": "86400"}})
                self.assertEqual(a.status, 200, a)

            threads = [threading.Thread(target=submit, args=(i, dice.random() * 0.01)) for i in range(3)]
            for t in threads:
                t.start()
            barrier.wait()
            time.sleep(dice.random() * 0.01)
            self.assertEqual(self.act("hold").status, 200)
            begun = {j["job_name"] for j in self.a.get(TRAIN).json["data"] if j["state"] in ("creating", "running")}
            for t in threads:
                t.join()
            jobs = until(lambda: (all_ := self.a.get(TRAIN).json["data"]) and
                         all(j["state"] == "running" or j.get("reason") == "QueueHeld" for j in all_) and all_,
                         f"all run or wait (SEED={SEED})")
            self.assertLessEqual({j["job_name"] for j in jobs if j["state"] != "enqueued"}, begun, f"SEED={SEED} {n}")
            self.assertEqual(self.act("release").status, 200)
            for j in jobs:
                self.a.delete(f"{TRAIN}/{j['uid']}")
            until(lambda: not self.a.get(TRAIN).json["data"], "no jobs")

    def test_kill_at_random(self):
        dice = random.Random(SEED)
        held = False
        for n in range(6):
            done = False
            kill = threading.Timer(dice.random() * 0.02, self.daemon.process.kill)
            kill.start()
            try:
                done = self.act("release" if held else "hold", None if held else {"note": str(n)}).status == 200
            except (OSError, EOFError, ValueError):
                pass  # a port that nobody has may be our own end of the connection
            kill.join()
            self.restart()
            now = self.org()["held"]
            told = [r["action"] for r in self.admin.get(f"{BASE}/audit", query={"limit": "100", "org_id": "-1"}).json["data"]]
            with self.subTest(seed=SEED, round=n, answered=done):
                if done:
                    self.assertEqual(now, not held)
                self.assertEqual(told.count("org.hold") - told.count("org.release"), int(now))
            held = now

    def test_a_long_queue(self):
        """All that wait are told why, though a turn looks at few of them."""
        self.act("hold")
        for i in range(120):
            self.submit(f"job-{i:03d}")
        until(lambda: {j.get("reason") for j in self.a.get(TRAIN, query={"limit": "500"}).json["data"]} == {"QueueHeld"},
              "the reason of each")
        self.act("release")
        until(lambda: all(j["state"] == "running" for j in self.a.get(TRAIN, query={"limit": "500"}).json["data"]),
              "all to run")


if __name__ == "__main__":
    support.main()
