#!/usr/bin/python3
"""Nodes that are drained: nothing new starts there, what runs goes on or is stopped, and it is known for good."""
import os
import random
import signal
import threading
import time
import unittest

import support
from support import BASE, FREE, Client, Daemon, until
from train_kit import Case

TRAIN, NODES, GPUS = BASE + "/train", BASE + "/nodes", BASE + "/gpus"
SEED = int(os.environ.get("SEED", "1"))


class Nodes(unittest.TestCase):
    """Four of the fake engine's, of two GPUs each, on a platform of several orgs."""
    SETTINGS = ("fake.changes=0", "fake.gpus=8", "fake.nodes=4")

    def setUp(self):
        self.daemon = Daemon(engine="fake", settings=self.SETTINGS + FREE)
        self.addCleanup(self.daemon.close)
        self.connect(self.daemon.key(org="root", name="lin"), self.daemon.key(org="alpha", role="operator"))

    def connect(self, admin, user):
        self.admin, self.a = Client(self.daemon.port, admin), Client(self.daemon.port, user)

    def restart(self, sig=signal.SIGKILL):
        self.daemon.stop(check=False, sig=sig)
        self.daemon.start()
        self.connect(self.admin.key, self.a.key)
        # The engine is open once it has told of its nodes.
        until(lambda: self.admin.get(NODES).json["data"], "the nodes")

    def submit(self, name, gpus=2, **more):
        a = self.a.post(TRAIN, dict({"job_name": name, "command": ["x"], "gpu_limit": str(gpus),
                                     "env": {"FAKE_SECONDS": "86400"}}, **more))
        self.assertEqual(a.status, 200, a)

    def job(self, name):
        return self.a.get(f"{TRAIN}/{name}").json

    def until(self, name, condition, what):
        return until(lambda: (j := self.job(name)) and condition(j) and j, f"{name}: {what}: {self.job(name)}")

    def runs(self, name):
        return self.until(name, lambda j: j["state"] == "running", "to run")

    def waits(self, name, reason):
        return self.until(name, lambda j: j["state"] == "enqueued" and j.get("reason") == reason, reason)

    def fill(self):
        """A job on each node: name of the node -> that of the job."""
        for i in range(4):
            self.submit(f"job-{i}")
            self.runs(f"job-{i}")
        return {self.job(f"job-{i}")["node_name"]: f"job-{i}" for i in range(4)}

    def act(self, node, what, body=None, client=None):
        return (client or self.admin).post(f"{NODES}/{node}/{what}", body if body is not None else b"")

    def node(self, name, client=None):
        return (client or self.admin).get(f"{NODES}/{name}").json

    def test_nothing_new_and_what_runs_goes_on(self):
        at = self.fill()
        self.assertEqual(sorted(at), ["demo", "demo-2", "demo-3", "demo-4"])
        a = self.act("demo-2", "drain", {"note": "a new fan"})
        self.assertEqual((a.status, a.json["state"], a.json["drained"]), (200, "draining", True), a)
        n = self.node("demo-2", self.a)  # everybody may know why they wait
        self.assertEqual((n["state"], n["drained_by"], n["drain_note"], n["drain_evict"]),
                         ("draining", "lin", "a new fan", False))
        self.assertIn("drained_since", n)
        self.assertEqual(self.node("demo")["state"], "ready")
        self.assertEqual(self.job(at["demo-2"])["state"], "running")
        self.submit("next")
        # All are busy: that is why, and no node could help.
        self.waits("next", "Gpu")
        self.a.delete(f"{TRAIN}/{at['demo-2']}")
        j = self.waits("next", "NodesDrained")
        for word in ("demo-2", "by lin", "a new fan", "mltop nodes undrain demo-2", n["drained_since"][:19]):
            self.assertIn(word, j["message"])
        until(lambda: self.node("demo-2")["state"] == "drained", "an empty node")
        states = {g["state"] for g in self.admin.get(GPUS, query={"limit": "64"}).json["data"] if g["node_name"] == "demo-2"}
        self.assertEqual(states, {"drained"})
        self.assertEqual({d["state"] for d in self.node("demo-2")["gpus"]}, {"drained"})
        free = self.admin.get(f"{BASE}/resources").json["data"][0]
        self.assertEqual(free["available_gpu"], 0)
        # Another one that is free takes it.
        self.a.delete(f"{TRAIN}/{at['demo-3']}")
        self.assertEqual(self.runs("next")["node_name"], "demo-3")
        self.submit("last")
        self.waits("last", "NodesDrained")
        a = self.act("demo-2", "undrain")
        self.assertEqual((a.status, a.json["drained"]), (200, False), a)
        self.assertEqual(self.runs("last")["node_name"], "demo-2")
        self.assertNotIn("drained_by", self.node("demo-2"))

    def test_evict(self):
        at = self.fill()
        job = at["demo-3"]
        self.assertEqual(self.act("demo-3", "evict").status, 409)  # it would start there again
        self.assertEqual(self.act("demo-3", "drain", {"evict": True, "note": "now"}).status, 200)
        j = self.waits(job, "NodesDrained")
        self.assertEqual((j["attempt"], j["attempts_uncounted"]), (1, 1))
        [task] = self.a.get(f"{TRAIN}/{job}/tasks").json["data"]
        self.assertEqual((task["state"], task["reason"]), ("failed", "NodeDrained"))
        self.assertIn("NodeDrained", [e["reason"] for e in self.a.get(f"{TRAIN}/{job}/events").json["events"]])
        self.a.delete(f"{TRAIN}/{at['demo']}")
        self.assertEqual(self.runs(job)["node_name"], "demo")
        # What was drained only is emptied by a second word.
        self.assertEqual(self.act("demo-4", "drain").status, 200)
        self.runs(at["demo-4"])
        a = self.act("demo-4", "evict")
        self.assertEqual((a.status, a.json["drain_evict"]), (200, True), a)
        self.waits(at["demo-4"], "NodesDrained")

    def test_over_time(self):
        """What nodes and GPUs did is kept, in memory."""
        self.submit("busy")
        node = self.runs("busy")["node_name"]
        gpu = next(g["uuid"] for g in self.admin.get(GPUS, query={"limit": "64"}).json["data"] if g["node_name"] == node)
        for path, names in ((f"{NODES}/{node}", {"gpu_util"}), (f"{GPUS}/{gpu}", {"util", "mem_used", "temperature", "power"})):
            s = until(lambda: (s := self.a.get(path + "/samples").json) and len(s["rows"]) >= 2 and names <= set(s["fields"]) and s,
                      "two rows of it")
            self.assertEqual({len(r) for r in s["rows"]}, {len(s["fields"])})
            self.assertEqual(self.a.get(path + "/samples", query={"from": str(2**60)}).json["rows"], [])
            self.assertEqual(self.a.get(path + "/samples", query={"from": "x"}).status, 400)
        self.assertEqual(self.a.get(f"{NODES}/nowhere/samples").status, 404)
        self.assertEqual(self.a.get(f"{GPUS}/nowhere/samples").status, 404)

    def test_who_may_and_what_may_be_said(self):
        before = self.node("demo")
        for role in ("viewer", "operator", "quota-admin"):
            c = self.daemon.client(org="alpha", role=role)
            for what in ("drain", "undrain", "evict"):
                self.assertEqual(self.act("demo", what, client=c).status, 403, (role, what))
        for body in ({"nope": 1}, {"note": []}, {"note": "x" * 241}, {"evict": "perhaps"}, {"by": "me"}, {"drained": False},
                     {"node": "demo-2"}, [], b"{"):
            a = self.act("demo", "drain", body)
            self.assertEqual(a.status, 400, (body, a))
        self.assertEqual(self.act("nowhere", "drain").status, 404)
        self.assertEqual(self.act("demo", "undrain").status, 409)
        self.assertEqual({k: v for k, v in self.node("demo").items() if k in ("state", "drained")},
                         {k: v for k, v in before.items() if k in ("state", "drained")})
        self.assertEqual(self.act("demo", "drain").status, 200)
        a = self.act("demo", "drain", {"note": "again"})
        self.assertEqual(a.status, 409, a)
        self.assertIn("already", a.json["message"])

    def test_told_and_written_down(self):
        with self.a.websocket() as w:
            w.send(t="sub", id=1, kind="node", fields="name,drained,drained_by")
            w.until("synced")
            self.act("demo", "drain", {"note": "why"})
            while not any(r.get("drained") and r.get("drained_by") == "lin" for r in w.until("row")["rows"]):
                pass
        self.act("demo", "undrain")
        events = [(e["reason"], e["message"]) for e in self.admin.get(f"{NODES}/demo/events").json["data"]]
        self.assertEqual(events, [("Drained", "by lin: why"), ("Undrained", "by lin")])
        audit = self.admin.get(f"{BASE}/audit", query={"limit": "50"}).json["data"]
        told = [(r["action"], r["object"], r.get("detail")) for r in audit if r["action"].startswith("node.")]
        self.assertEqual(sorted(told), [("node.drain", "demo", "demo: why"), ("node.undrain", "demo", "demo")])

    def test_a_node_that_is_away_stays_drained(self):
        self.assertEqual(self.act("demo-4", "drain", {"note": "gone to be mended"}).status, 200)
        self.daemon.settings[self.daemon.settings.index("fake.nodes=4")] = "fake.nodes=2"
        self.restart(signal.SIGTERM)
        n = until(lambda: (n := self.node("demo-4")).get("state") == "away" and n, "a row of it")
        self.assertEqual((n["drained"], n["drain_note"]), (True, "gone to be mended"))
        self.assertNotIn("cpu_total", n)
        self.daemon.settings[self.daemon.settings.index("fake.nodes=2")] = "fake.nodes=4"
        self.restart(signal.SIGTERM)
        until(lambda: self.node("demo-4").get("state") == "drained", "it is back, and drained")
        self.daemon.settings[self.daemon.settings.index("fake.nodes=4")] = "fake.nodes=2"
        self.restart(signal.SIGTERM)
        until(lambda: self.node("demo-4").get("state") == "away", "a row of it")
        self.assertEqual(self.act("demo-4", "undrain").status, 200)
        self.assertEqual(self.admin.get(f"{NODES}/demo-4").status, 404)

    def test_what_would_happen(self):
        for name in ("demo", "demo-2", "demo-3", "demo-4"):
            self.act(name, "drain")
        a = self.a.post(TRAIN, {"job_name": "x", "command": ["x"], "gpu_limit": "1"}, query={"what_if": "1"})
        self.assertEqual((a.status, a.json["starts_now"], a.json["reason"]), (200, False, "NodesDrained"), a)
        self.submit("waits", 1)  # it is taken all the same
        self.waits("waits", "NodesDrained")
        # What no node could ever hold is refused as ever.
        a = self.a.post(TRAIN, {"job_name": "y", "command": ["x"], "gpu_limit": "3"})
        self.assertEqual(a.status, 422, a)

    def test_nothing_slips_through(self):
        """Jobs and a drain come at the same moment: what had not begun when the drain was answered does not begin."""
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
            for name in ("demo", "demo-2", "demo-3", "demo-4"):
                self.assertEqual(self.act(name, "drain").status, 200)
            begun = {j["job_name"] for j in self.a.get(TRAIN, query={"limit": "500"}).json["data"]
                     if j["state"] in ("creating", "running")}
            for t in threads:
                t.join()
            jobs = until(lambda: (all_ := self.a.get(TRAIN, query={"limit": "500"}).json["data"]) and
                         all(j["state"] == "running" or j.get("reason") == "NodesDrained" for j in all_) and all_,
                         f"all run or wait (SEED={SEED})")
            self.assertLessEqual({j["job_name"] for j in jobs if j["state"] != "enqueued"}, begun, f"SEED={SEED} {n}")
            for name in ("demo", "demo-2", "demo-3", "demo-4"):
                self.assertEqual(self.act(name, "undrain").status, 200)
            for j in jobs:
                self.a.delete(f"{TRAIN}/{j['uid']}")
            until(lambda: not self.a.get(TRAIN).json["data"], "no jobs")

    def test_kill_at_random(self):
        """What was answered holds after kill -9; what was not is either done or not, and its audit record with it."""
        dice = random.Random(SEED)
        wanted = {}
        for n in range(8):
            node, done = "demo" if dice.random() < 0.5 else "demo-2", False
            what = "undrain" if wanted.get(node) else "drain"
            kill = threading.Timer(dice.random() * 0.02, self.daemon.process.kill)
            kill.start()
            try:
                done = self.act(node, what, {"note": str(n)} if what == "drain" else None).status == 200
            except (OSError, EOFError, ValueError):
                pass  # a port that nobody has may be our own end of the connection
            kill.join()
            self.restart()
            now = {r["name"]: r["drained"] for r in self.admin.get(NODES).json["data"]}
            audit = self.admin.get(f"{BASE}/audit", query={"limit": "100"}).json["data"]
            of_node = [r["action"] for r in audit if r["object"] == node and r["action"].startswith("node.")]
            with self.subTest(seed=SEED, round=n, node=node, what=what, answered=done):
                if done:
                    self.assertEqual(now[node], what == "drain")
                self.assertEqual(of_node.count("node.drain") - of_node.count("node.undrain"), int(now[node]))
                for other in set(wanted) - {node}:
                    self.assertEqual(now[other], wanted[other])
            wanted[node] = now[node]


class Labels(Nodes):
    """What a job asks of its node: zones a and b by turns."""
    SETTINGS = Nodes.SETTINGS + ("fake.labels=zone=a|b,maker=us",)

    def test_the_selector(self):
        labels = {r["name"]: r["labels"] for r in self.admin.get(NODES).json["data"]}
        self.assertEqual(labels["demo"], {"zone": "a", "maker": "us"})
        self.assertEqual([labels[n]["zone"] for n in sorted(labels)], ["a", "b", "a", "b"])
        b = {"node_selector_key": "zone", "node_selector_value": "b"}
        for i in range(2):
            self.submit(f"b-{i}", **b)
            self.assertIn(self.runs(f"b-{i}")["node_name"], ("demo-2", "demo-4"))
        self.submit("b-2", **b)
        j = self.waits("b-2", "NodeSelector")
        for word in ("zone=b (demo-2, demo-4)", "others have room"):
            self.assertIn(word, j["message"])
        a = self.a.post(TRAIN, dict({"job_name": "x", "command": ["x"], "gpu_limit": "2"}, **b), query={"what_if": "1"})
        self.assertEqual((a.json["starts_now"], a.json["reason"]), (False, "NodeSelector"), a)
        a = self.a.post(TRAIN, {"job_name": "x", "command": ["x"], "node_selector_key": "zone", "node_selector_value": "c"})
        self.assertEqual((a.status, a.json["field"]), (422, "node_selector_value"), a)
        for word in ("a is that of demo, demo-3", "b is that of demo-2, demo-4"):
            self.assertIn(word, a.json["message"])
        # The nodes have other labels by the next start: who waits is told what there is.
        at = self.daemon.settings.index("fake.labels=zone=a|b,maker=us")
        self.daemon.settings[at] = "fake.labels=zone=a"
        self.a.delete(f"{TRAIN}/b-0")
        self.restart(signal.SIGTERM)
        j = self.until("b-2", lambda j: j.get("reason") == "NodeSelector" and "no node has zone=b" in j["message"], "that")
        self.assertIn("a is that of demo, demo-2, demo-3 and 1 more", j["message"])
        self.daemon.settings[at] = "fake.labels=zone=b"
        self.restart(signal.SIGTERM)
        self.runs("b-2")


for name in [n for n in dir(Nodes) if n.startswith("test_")]:
    setattr(Labels, name, None)  # those of Nodes are run there


class OneNode(Case):
    """The local engine has one: drained, it starts nothing."""

    def test_labels_of_the_machine(self):
        with Daemon(engine="local", args=["--private"], settings=["local.labels=zone=a, rack=7"]) as d:
            c = Client(d.port, d.secret())
            node = until(lambda: c.get(NODES).json["data"], "the node")[0]
            self.assertEqual(node["labels"], {"zone": "a", "rack": "7"})
            a = c.post(TRAIN, {"job_name": "x", "command": ["true"], "node_selector_key": "rack", "node_selector_value": "7"})
            self.assertEqual(a.status, 200, a)
            until(lambda: c.get(f"{TRAIN}/x").json["state"] == "completed", "its end")

    def test_the_only_node(self):
        [node] = self.client.get(NODES).json["data"]
        self.submit("runs", "/bin/sh", "-c", "sleep 600")
        self.running("runs")
        a = self.client.post(f"{NODES}/{node['name']}/drain", {"note": "tea"})
        self.assertEqual(a.status, 200, a)
        self.submit("waits", "/bin/sh", "-c", "exit 0")
        until(lambda: self.job("waits").get("reason") == "NodesDrained", "its reason")
        self.assertEqual(self.job("runs")["state"], "running")
        self.daemon.stop(check=False, sig=signal.SIGKILL)
        self.daemon.start()
        type(self).client = Client(self.daemon.port, self.client.key)
        until(lambda: self.job("waits").get("reason") == "NodesDrained", "its reason after kill -9")
        # Emptied: what runs is stopped with its grace and waits, too; a kill in between changes nothing.
        self.assertEqual(self.client.post(f"{NODES}/{node['name']}/evict", b"").status, 200)
        self.daemon.stop(check=False, sig=signal.SIGKILL)
        self.daemon.start()
        type(self).client = Client(self.daemon.port, self.client.key)
        j = until(lambda: (j := self.job("runs"))["state"] == "enqueued" and j.get("reason") == "NodesDrained" and j,
                  "the evicted one to wait")
        self.assertEqual((j["attempt"], j["attempts_uncounted"]), (1, 1))
        self.assertEqual(self.client.post(f"{NODES}/{node['name']}/undrain", b"").status, 200)
        self.ended("waits")
        self.running("runs")
        self.client.delete(f"{TRAIN}/runs")
        self.gone("runs")


if __name__ == "__main__":
    support.main()
