"""Jobs of a made-up platform: stored jobs like all others, counted, with their past; the engine goes on with them."""
import unittest

import support
from support import BASE, FREE, until

TRAIN = BASE + "/train"
SETTINGS = ("demo.jobs=300", "fake.gpus=64") + FREE


def number(text):
    """"4.0G" is 4, "2.0T" is 2048."""
    scale = {"K": 2.0 ** -20, "M": 2.0 ** -10, "T": 1024.0}.get(text[-1:], 1.0)
    return float(text.rstrip("KMGT")) * scale


def used(c):
    """(jobs, GPUs, CPUs, GiB) in use, by the quota."""
    q = c.get(BASE + "/quota").json["data"][0]
    return tuple(number(q[f"train_{what}_used"]) for what in ("count", "gpu", "cpu", "memory"))


def held(c):
    """The same by the rows of the jobs that run."""
    jobs = c.get(TRAIN, query={"filter": "state=running", "limit": "500",
                               "fields": "gpu_limit,cpu_limit,memory_limit"}).json["data"]
    return (float(len(jobs)), float(sum(j.get("gpu_limit") or 0 for j in jobs)),
            sum(float(j.get("cpu_limit") or 1) for j in jobs),
            sum(number(j.get("memory_limit") or "0") for j in jobs))


def newest(c, state):
    return c.get(TRAIN, query={"filter": f"state={state}", "limit": "1"}).json["data"][0]


class Still(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = support.Daemon(settings=SETTINGS + ("fake.changes=0",))
        cls.addClassCleanup(cls.d.close)
        cls.c = cls.d.client()

    def test_gpus_of_a_node(self):
        """One node has its GPUs inside; a list has them where they are asked for, no filter looks into them."""
        [row] = self.c.get(BASE + "/nodes").json["data"]
        self.assertNotIn("gpus", row)
        node = self.c.get(f"{BASE}/nodes/{row['name']}").json
        self.assertEqual(len(node["gpus"]), 64)
        self.assertEqual({g["state"] for g in node["gpus"]} - {"free", "used"}, set())
        self.assertEqual({frozenset(g) for g in node["gpus"]}, {frozenset((
            "uuid", "index", "state", "util", "mem_used", "mem_total", "temperature", "power", "power_limit"))})
        self.assertEqual(len({g["uuid"] for g in node["gpus"]}), 64)
        self.assertEqual(sum(g["state"] == "used" for g in node["gpus"]), node["gpu_used"])
        [asked] = self.c.get(BASE + "/nodes", query={"fields": "name,gpus"}).json["data"]
        self.assertEqual(asked["gpus"], node["gpus"])
        r = self.c.get(BASE + "/nodes", query={"filter": "gpus=64"})
        self.assertEqual((r.status, "filters do not look into it" in r.body.decode()), (400, True), r.body)

    def events(self, state):
        return self.c.get(f"{TRAIN}/{newest(self.c, state)['job_name']}/events").json["events"]

    def test_usage_is_that_of_the_rows(self):
        until(lambda: used(self.c) == held(self.c), "the quota counts what runs")
        self.assertGreater(held(self.c)[0], 10)
        self.assertGreater(held(self.c)[1], 10)

    def test_quota_holds(self):
        """What they hold is not there for others."""
        until(lambda: used(self.c) == held(self.c), "the quota counts what runs")
        jobs = int(used(self.c)[0])
        path = f"{BASE}/quota/{self.c.key.org_id}"
        self.assertEqual(self.c.put(path, {"train_count_quota": str(jobs)}).status, 200)
        self.addCleanup(self.c.put, path, {"train_count_quota": "-1"})
        self.assertEqual(self.c.post(TRAIN, {"job_name": "one-more", "command": ["true"]}).status, 200)
        j = until(lambda: (lambda x: x if x.get("reason") == "Quota" else None)(
            self.c.get(f"{TRAIN}/one-more").json), "it waits")
        self.assertEqual(j["state"], "enqueued", j)
        waiting = self.c.get(TRAIN, query={"filter": "state=enqueued", "limit": "500"}).json["data"]
        self.c.put(path, {"train_count_quota": str(jobs + len(waiting))})  # places are kept for those who wait longer
        until(lambda: self.c.get(f"{TRAIN}/one-more").json["state"] == "running", "its turn")
        self.assertEqual(self.c.delete(f"{TRAIN}/one-more").status, 200)
        until(lambda: self.c.get(f"{TRAIN}/one-more").status == 404, "gone")

    def test_events_follow_from_the_row(self):
        for state, words in (("running", ["Submitted", "Started"]), ("enqueued", ["Submitted", "Enqueued"]),
                             ("completed", ["Submitted", "Started", "Completed"]),
                             ("failed", ["Submitted", "Started", "Failed"])):
            events = self.events(state)
            self.assertEqual([e["reason"] for e in events], words)
            times = [e["lastTimestamp"] for e in events]
            self.assertEqual(times, sorted(times))
            self.assertTrue(all(e["message"] for e in events))

    def test_events_of_all_are_bounded(self):
        with self.c.websocket() as w:
            rows = w.snapshot(1, "event", fields="reason,object_name,org_id")
        self.assertGreater(len(rows), 100)
        self.assertLessEqual(len(rows), 1100)
        # Of no org is what is told to admins only: that the key was made.
        self.assertEqual({r["org_id"] for r in rows.values()} - {""}, {self.c.key.org_id})


class Moving(unittest.TestCase):
    def test_both_follow(self):
        with support.Daemon(settings=SETTINGS + ("fake.changes=500", "events.in_memory=100")) as d:
            c = d.client()
            with c.websocket() as w:
                before = w.snapshot(1, "event", fields="reason,object_name")
                came = {}
                # One that fails mostly has another attempt, so "Failed" is rare.
                while not {"Started", "Completed", "Retry"} <= {r["reason"] for r in came.values()}:
                    came.update((r["uid"], r) for r in w.next().get("rows", ()) if r["uid"] not in before)
                self.assertLessEqual(len(before), 100)
            until(lambda: used(c) == held(c) != (0, 0, 0, 0), "the quota counts what runs")


if __name__ == "__main__":
    support.main()
