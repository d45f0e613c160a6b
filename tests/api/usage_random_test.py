#!/usr/bin/python3
"""Usage equals the sum over the attempts as the rows of tasks told of them, whatever was done to the jobs.

Jobs of two orgs at random: they end, fail and are run again, are cancelled, preempted, removed while they
run and afterwards, and the daemon is killed with -9 at named points and at any other. SEED and ROUNDS.
"""
import os
import random
import unittest

from support import BASE, Client, Daemon, FREE, main, until
from kit.gpus import Driver
from usage_kit import Sums, as_csv, held_by, millionths, ms_of, span_of, told

TRAIN = BASE + "/train"
FINAL = ("completed", "failed", "error")
ROUNDS = int(os.environ.get("ROUNDS", "60"))
SEED = int(os.environ.get("SEED", "1"))
POINTS = ["before-commit", "after-commit", "before-start", "after-start", "before-ended-commit", None]


class Random(unittest.TestCase):
    def setUp(self):
        self.driver = Driver(4)
        self.d = Daemon(engine="local", settings=[*FREE, *self.driver.settings()], env=self.driver.env)
        self.addCleanup(self.d.close)
        self.orgs = ("red", "blue")
        self.keys = {org: self.d.key(org=org, role="operator", name=f"{org}-man") for org in self.orgs}
        self.admin = self.d.key()
        quota = self.client().put(f"{BASE}/quota/{self.keys['red'].org_id}", {"total_gpu_quota": "2"})
        self.assertEqual(quota.status, 200, quota)
        self.random = random.Random(SEED)
        self.jobs, self.seen, self.bounds, self.count = {}, Sums(), {}, 0

    def client(self, org=None):
        return Client(self.d.port, self.keys[org] if org else self.admin)

    # ---- What is done to them ----

    def submit(self, org):
        self.count += 1
        code = self.random.choice([0, 0, 0, 1])
        script = f"sleep 0.{self.random.randrange(40):02}; exit {code}"
        if self.random.random() < 0.2:
            script = "sleep 600"
        body = {"job_name": f"j{self.count}", "command": ["sh", "-c", script], "stop_grace": "1s",
                "gpu_limit": self.random.choice([0, 0, 1, 2]), "cpu_limit": self.random.choice(["0.1", "0.25"]),
                "memory_limit": self.random.choice(["100M", "512M"]), "preemptible": self.random.random() < 0.4,
                "restart_policy": self.random.choice(["never", "on-failure"]), "max_attempts": 3}
        answer = self.client(org).post(TRAIN, body)
        self.assertEqual(answer.status, 200, answer)
        self.jobs[answer.json["uid"]] = org

    def job(self, uid):
        """The job and its attempts; None: it is gone."""
        client = self.client(self.jobs[uid])
        while True:
            job, tasks, again = (client.get(f"{TRAIN}/{uid}{tail}") for tail in ("", "/tasks", ""))
            if 404 in (job.status, tasks.status, again.status):
                return None
            if all(job.json[f] == again.json[f] for f in ("state", "update_time")):
                return again.json, tasks.json["data"]

    def note(self, job, tasks):
        """What it spent, for ever."""
        for task in tasks:
            if span_of(task):
                self.seen.add((job["org_name"], job["owner"], job["uid"]), *span_of(task), *held_by(task, job))

    def remove(self, uid):
        org = self.jobs[uid]
        found = self.job(uid)
        if found and found[0]["state"] in FINAL:
            self.assertEqual(self.client(org).delete(f"{TRAIN}/{uid}").status, 200)
            self.assertEqual(self.client(org).get(f"{TRAIN}/{uid}").status, 404)
            self.note(*found)
        else:
            # Its last attempt ends unseen: what it spent is known but for how long that took.
            self.assertEqual(self.client(org).delete(f"{TRAIN}/{uid}").status, 200)
            until(lambda: self.client(org).get(f"{TRAIN}/{uid}").status == 404, "it is gone")
            self.bounds[uid] = self.told_of(uid)
            began = sum(1 for t in found[1] if "start_time" in t) if found else 0
            told = self.bounds[uid].values()
            self.assertGreaterEqual(sum(v[3] for v in told), began)
            if found:
                self.assertGreaterEqual(sum(v[1] for v in told), self.least(*found))
        del self.jobs[uid]

    @staticmethod
    def least(job, tasks):
        """Thousandths of CPUs times ms that its attempts had held for certain when the rows were asked for."""
        sums = [held_by(t, job)[1] * max(0, ms_of(job["update_time"]) - ms_of(t["start_time"]) - 1000
                                         if "end_time" not in t else span_of(t)[1])
                for t in tasks if "start_time" in t]
        return sum(sums)

    def told_of(self, uid):
        return {k: v for k, v in told(as_csv(self.client(), by="job"), "org", "owner", "job_uid").items()
                if k[-1] == uid}

    def kill(self):
        point = self.random.choice(POINTS)
        if point is None or not self.jobs:
            self.d.process.kill()
        else:
            self.d.stop()
            self.start(point)
            try:
                for org in self.orgs:
                    self.submit(org)
                    uid = self.random.choice([u for u, o in self.jobs.items() if o == org])
                    self.client(org).post(f"{TRAIN}/{uid}/cancel")
            except (OSError, EOFError, AssertionError):
                pass  # it died meanwhile, before it was accepted or after that: found below
            self.d.process.kill()
        self.d.process.wait()
        self.d.process.stdout.close()
        self.d.process = None
        self.d.log.close()
        self.start(None)
        for org in self.orgs:
            for job in self.client(org).get(TRAIN, query={"limit": "500"}).json["data"]:
                if job["state"] != "deleting":
                    self.jobs.setdefault(job["uid"], org)

    def start(self, point):
        env = dict(self.base_env())
        if point:
            env["MLTOPD_CRASH"] = point
        self.d.env = env
        # Killed while it forked: the child holds the lock of the state folder until it is another program.
        until(self.started, "the state folder is free")

    def started(self):
        try:
            self.d.start()
        except AssertionError as e:
            if "in use by another" not in str(e):
                raise
            self.d.process.stdout.close()
            self.d.log.close()
            return False
        return True

    def base_env(self):
        return {k: v for k, v in self.d.env.items() if k != "MLTOPD_CRASH"}

    def step(self):
        what = self.random.random()
        org = self.random.choice(self.orgs)
        uids = [u for u, o in self.jobs.items() if o == org]
        if what < 0.45 or not uids:
            self.submit(org)
        elif what < 0.6:
            self.client(org).post(f"{TRAIN}/{self.random.choice(uids)}/cancel")
        elif what < 0.7:
            self.client(org).post(f"{TRAIN}/{self.random.choice(uids)}/retry")
        elif what < 0.9:
            self.remove(self.random.choice(uids))
        else:
            self.kill()

    # ---- What is told ----

    def over(self):
        for uid, org in self.jobs.items():
            self.client(org).post(f"{TRAIN}/{uid}/cancel")
        for uid in list(self.jobs):
            until(lambda: self.job(uid)[0]["state"] in FINAL, f"{uid} is over")

    def check(self):
        want = self.seen.rows()
        for uid in self.jobs:
            job, tasks = self.job(uid)
            mine = Sums()
            for task in tasks:
                if span_of(task):
                    mine.add((job["org_name"], job["owner"], uid), *span_of(task), *held_by(task, job))
            want.update(mine.rows())
        for rows in self.bounds.values():
            want.update(rows)
        have = told(as_csv(self.client(), by="job"), "org", "owner", "job_uid")
        self.assertEqual(have, want, f"SEED={SEED}")
        for by, parts in (("owner", ("org", "owner")), ("org", ("org",))):
            sums = {}
            for row in as_csv(self.client(), by="job"):
                one = sums.setdefault((row["day"], *(row[p] for p in parts)), [0, 0, 0])
                one[0] += millionths(row["gpu_seconds"])
                one[1] += millionths(row["cpu_seconds"])
                one[2] += int(row["attempts"])
            have = told(as_csv(self.client(), by=by), *parts)
            self.assertEqual({k: [v[0], v[1], v[3]] for k, v in have.items()}, sums, f"SEED={SEED}")
        return have

    def test_whatever_is_done_the_csv_is_the_sum_over_the_attempts(self):
        print(f"SEED={SEED}", flush=True)
        for _ in range(ROUNDS):
            self.step()
        self.over()
        before = self.check()
        self.assertTrue(before)
        # Nor does it depend on which of them are still there, nor on this run of the daemon.
        for uid in list(self.jobs):
            self.remove(uid)
        self.assertEqual(self.check(), before)
        self.d.stop()
        self.start(None)
        self.assertEqual(self.check(), before)


if __name__ == "__main__":
    main()
