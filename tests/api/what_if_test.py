#!/usr/bin/python3
"""What a submission or a change of a quota would lead to: told before, and true afterwards."""
import json
import random
import re
import subprocess
import unittest

import support
from support import BASE, FREE, LIMIT, MLTOPD, Daemon, new_nonce, until

TRAIN = BASE + "/train"
ASK = {"what_if": "1"}
LIVE = ("creating", "running")
RESOURCES = ("cpu", "memory", "gpu", "count")


class Case(unittest.TestCase):
    def setUp(self):
        self.daemon = Daemon(engine="fake", settings=("fake.changes=0", "fake.gpus=4") + FREE)
        self.admin = self.daemon.client(org="root", role="admin")
        self.orgs = {name: self.daemon.client(org=name, role="operator") for name in ("alpha", "beta")}

    def tearDown(self):
        self.daemon.close()

    def quota_path(self, org):
        return BASE + "/quota/" + self.orgs[org].key.org_id

    def limit(self, org, **fields):
        a = self.admin.put(self.quota_path(org), fields)
        self.assertEqual(a.status, 200, a)

    def quota(self, org):
        return self.admin.get(self.quota_path(org)).json

    def used(self, org):
        q = self.quota(org)
        return {r: q[f"train_{r}_used"] for r in RESOURCES}

    def jobs(self):
        return {j["job_name"]: j for j in self.admin.get(TRAIN, query={
            "org_id": "-1", "limit": "500", "fields": "job_name,state,reason,message,org_name"}).json["data"]}

    def body(self, name, **more):
        return dict({"job_name": name, "command": ["x"], "env": {"FAKE_SECONDS": "86400"}}, **more)

    def submit(self, org, name, **more):
        a = self.orgs[org].post(TRAIN, self.body(name, **more))
        self.assertEqual(a.status, 200, a)

    def ask(self, org, name, **more):
        a = self.orgs[org].post(TRAIN, self.body(name, **more), query=ASK, nonce=False)
        self.assertEqual(a.status, 200, a)
        return a.json

    def decided(self):
        """Whatever was asked for is carried out, and of all that wait it is known why."""
        def look():
            jobs = self.jobs()
            open_ = [j for j in jobs.values() if j["state"] not in ("running", "failed") and not (
                j["state"] == "enqueued" and j.get("reason"))]
            return (jobs,) if not open_ else None
        return until(look, "all to be decided")[0]


class Told(Case):
    def test_nothing_is_done(self):
        """No job, no event, no audit record, no nonce: the same one is good for the submission."""
        before = self.admin.get(BASE + "/audit", query={"limit": "1"}).json["data"][0]["seq"]
        nonce = new_nonce()
        a = self.orgs["alpha"].post(TRAIN, self.body("asked", gpu_limit="1"), query=ASK, nonce=nonce)
        self.assertEqual((a.status, a.json["starts_now"]), (200, True), a)
        self.limit("alpha")
        self.assertEqual(self.jobs(), {})
        a = self.admin.put(self.quota_path("alpha"), {"train_gpu_quota": "0"}, query=ASK, nonce=False)
        self.assertEqual(a.status, 200, a)
        self.assertEqual(self.quota("alpha")["train_gpu_quota"], "-1")
        self.assertEqual(self.admin.get(BASE + "/audit", query={"limit": "1"}).json["data"][0]["seq"],
                         before + 1)  # the real change of the quota
        a = self.orgs["alpha"].post(TRAIN, self.body("asked", gpu_limit="1"), nonce=nonce)
        self.assertEqual(a.status, 200, a)

    def test_the_same_errors(self):
        self.submit("alpha", "there")  # a refusal tells the state that it is in
        until(lambda: self.orgs["alpha"].get(f"{TRAIN}/there").json["state"] == "running", "it to run")
        for body in ({}, [], self.body("there"), self.body("Wrong Name"), self.body("x", gpu_limit="99"),
                     self.body("x", cpu_limit="x"), self.body("x", nothing="1"),
                     self.body("x", node_selector_key="rack"), self.body("x", clone_of="absent"),
                     self.body("x", trainer_uri="package://absent", module_name="m")):
            real = self.orgs["alpha"].post(TRAIN, body)
            asked = self.orgs["alpha"].post(TRAIN, body, query=ASK, nonce=False)
            self.assertGreaterEqual(real.status, 400, body)
            self.assertEqual((asked.status, asked.json), (real.status, real.json), body)
        for body in ({}, {"train_gpu_quota": "x"}, {"train_gpu_used": "1"}):
            real = self.admin.put(self.quota_path("alpha"), body)
            asked = self.admin.put(self.quota_path("alpha"), body, query=ASK, nonce=False)
            if real.status >= 400:
                self.assertEqual((asked.status, asked.json), (real.status, real.json), body)
        viewer = self.daemon.client(org="alpha", role="viewer")
        self.assertEqual(viewer.post(TRAIN, self.body("x"), query=ASK).status, 403)
        self.assertEqual(self.orgs["beta"].put(self.quota_path("alpha"), {}, query=ASK).status, 403)

    def test_no_other_route_takes_it_for_done(self):
        """A parameter that is passed over would do what was only asked about."""
        self.submit("alpha", "stays")
        table = json.loads(subprocess.run([MLTOPD, "docs", "routes"], capture_output=True, timeout=LIMIT,
                                          check=True).stdout)
        self.assertEqual({r["pattern"] for r in table if "what-if" in r["flags"]},
                         {BASE + "/train", BASE + "/quota/{quota}"})
        for r in table:
            if "changes" not in r["flags"] or "what-if" in r["flags"] or not r["pattern"].startswith(BASE):
                continue  # what lies elsewhere is signed otherwise
            path = re.sub(r"\{[a-z]+\}", "stays", r["pattern"])
            a = self.admin.request(r["method"], path, query=dict(ASK, org_id=self.orgs["alpha"].key.org_id),
                                   body=b"{}", nonce=new_nonce())
            self.assertEqual(a.status, 400, (path, a))
            self.assertIn("what_if", a.message, path)
        a = self.orgs["alpha"].post(TRAIN, self.body("x"), query={"what_if": "yes"})
        self.assertEqual((a.status, "what_if is yes" in a.message), (400, True), a)
        self.assertEqual(list(self.jobs()), ["stays"])

    def test_capability(self):
        self.assertIn("what_if", self.admin.get("/version").json["capabilities"])

    def test_a_quota_that_is_lowered(self):
        """Who is over it then: the org and the youngest of what runs; nothing of it is stopped."""
        for name in ("old", "middle", "young"):
            self.submit("alpha", name, gpu_limit="1")
            self.decided()
        a = self.admin.put(self.quota_path("alpha"), {"train_gpu_quota": "1", "total_gpu_quota": "3"},
                           query=ASK, nonce=False)
        self.assertEqual([(o["kind"], o["name"], o["line"], o["used"], o["limit"]) for o in a.json["over"]],
                         [("org", "alpha", "train_gpu_quota", "3", "1"),
                          ("job", "young", "train_gpu_quota", "1", "1"),
                          ("job", "middle", "train_gpu_quota", "1", "1")], a)
        self.assertEqual((a.json["used"]["gpu"], a.json["limit"]["gpu"], a.json["limit_after"]["gpu"]),
                         ("3", "-1", "1"))
        self.limit("alpha", train_gpu_quota="1")
        self.assertEqual({j["state"] for j in self.decided().values()}, {"running"})

    def test_a_quota_that_is_raised(self):
        self.limit("alpha", train_gpu_quota="1")
        for name in ("runs", "next", "last"):
            self.submit("alpha", name, gpu_limit="1")
            self.decided()
        for limit, starts, waits in (("1", False, 2), ("2", True, 1), ("-1", True, 0), ("0", False, 2)):
            a = self.admin.put(self.quota_path("alpha"), {"train_gpu_quota": limit}, query=ASK, nonce=False)
            self.assertEqual((a.json["starts_now"], a.json["behind"]), (starts, waits), (limit, a))
            self.assertEqual((a.json["starts"], a.json["starting"]),
                             (2 - waits, ["next", "last"][:2 - waits]), (limit, a))


class Random(Case):
    """What is told is what then happens."""

    def step(self, chance, n):
        org = chance.choice(list(self.orgs))
        if chance.random() < 0.3:
            self.limit(org, **{chance.choice(("train", "total")) + chance.choice(("_gpu", "_cpu")) + "_quota":
                               chance.choice(("-1", "1", "2", "6"))})
        gone = [name for name, j in self.decided().items() if j["state"] != "failed"]
        if gone and chance.random() < 0.4:
            name = chance.choice(gone)
            self.admin.delete(f"{TRAIN}/{name}", query={"org_id": self.orgs[self.jobs()[name]["org_name"]].key.org_id})
            until(lambda: name not in self.jobs(), f"{name} to be gone")
        self.decided()
        more = {"gpu_limit": str(chance.randrange(4)), "cpu_limit": str(chance.choice((0.5, 1, 2))),
                "priority": chance.choice((0, 0, 5))}
        before, waiting = self.used(org), [j for j in self.jobs().values() if j["state"] == "enqueued"]
        a = self.orgs[org].post(TRAIN, self.body(f"job-{n}", **more), query=ASK, nonce=False)
        b = self.orgs[org].post(TRAIN, self.body(f"job-{n}", **more))
        self.assertEqual(a.status, b.status, (a, b))
        if a.status != 200:
            self.assertEqual(a.json, b.json)
            return None
        told, job = a.json, self.decided()[f"job-{n}"]
        self.assertEqual(told["starts_now"], job["state"] == "running", (told, job))
        self.assertEqual(told["used"], before)
        self.assertLessEqual(told["behind"], 0 if told["starts_now"] else len(waiting))
        q = self.quota(org)
        for r in RESOURCES:
            self.assertIn(told["limit"][r], (q[f"train_{r}_quota"], q.get(f"total_{r}_quota")), r)
        if told["starts_now"]:
            self.assertEqual((told["after"], told["over"]), (self.used(org), []), told)
        elif job["state"] == "enqueued":
            self.assertEqual((told["reason"], told["message"]), (job["reason"], job["message"]))
        if told["reason"] == "Quota":
            self.assertIn(org, [o["name"] for o in told["over"]], told)
        return told["starts_now"]

    def walk(self, seed):
        chance = random.Random(seed)
        told = [self.step(chance, n) for n in range(16)]
        self.assertTrue({True, False} <= set(told), (seed, told))
        live = {org: 0 for org in self.orgs}
        for j in self.decided().values():
            live[j["org_name"]] += j["state"] == "running"
        for org in self.orgs:
            self.assertEqual(self.used(org)["count"], str(live[org]))

    def test_walk_1(self):
        self.walk(1)

    def test_walk_2(self):
        self.walk(2)

    def test_walk_3(self):
        self.walk(3)


if __name__ == "__main__":
    support.main()
