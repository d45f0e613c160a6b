#!/usr/bin/python3
"""What a quota says is used equals the sum over the objects that live, whatever happens meanwhile.

Random submissions, cancels, deletes, holds and limits that are changed live, in several orgs, and kill
-9 of the daemon in the middle of them. After each settling the sums are counted here from the lists.
Nothing of an org is beyond its limits but what ran before they were lowered, or is preemptible. SEED and
ROUNDS choose other runs.
"""
import os
import random
import threading
import unittest

import support
from support import BASE, FREE, Client, Daemon, new_nonce, until

TRAIN = BASE + "/train"
SEED = int(os.environ.get("SEED", "0")) or random.randrange(1, 1 << 31)
ROUNDS = int(os.environ.get("ROUNDS", "0"))
LIVE, OVER = ("creating", "running"), ("completed", "failed", "error")
FIELDS = "uid,job_name,org_id,state,reason,cpu_limit,memory_limit,gpu_limit,preemptible"
LINES = ("train", "total")
GIB = 1 << 30
UNITS = {"K": 1 << 10, "M": 1 << 20, "G": GIB, "T": 1 << 40}


def size(text):
    """Bytes of "4.0G"; of no limit -1, as everywhere here."""
    if text.startswith("-"):
        return -1
    return int(float(text[:-1]) * UNITS[text[-1]]) if text[-1] in UNITS else int(text)


def cpus(text):
    return -1 if text.startswith("-") else round(float(text) * 1000)


READ = {"count": int, "gpu": int, "cpu": cpus, "memory": size}
WRITE = {"count": str, "gpu": str, "cpu": lambda n: f"{n / 1000}", "memory": lambda n: f"{n // GIB}G"}
# Limits as one may find them: none, nothing, and about what a few jobs take.
LIMITS = {"count": (-1, 0, 1, 2, 4, 8), "gpu": (-1, 0, 1, 2, 4, 8), "cpu": (-1, 500, 2000, 4000, 8000),
          "memory": (-1, GIB, 4 * GIB, 16 * GIB)}


def claim(job):
    """What it takes, told by what it was given: it is one task, and CPUs that nobody named are one."""
    memory = job.get("memory_limit")
    return {"count": 1, "gpu": int(job.get("gpu_limit") or 0), "cpu": cpus(str(job.get("cpu_limit") or "1")),
            "memory": size(memory) if memory else 0}


def add(a, b):
    return {k: a[k] + b[k] for k in a}


NOTHING = {"count": 0, "gpu": 0, "cpu": 0, "memory": 0}


class Sums:
    """The same on each engine; a class below has how it is started."""
    ORGS, BURST, KILLS = ("alpha", "beta", "gamma"), 14, 0.4

    def setUp(self):
        self.random = random.Random(SEED)
        self.daemon = self.open_daemon()
        self.addCleanup(self.daemon.close)
        self.admin_key = self.daemon.key(org="root", role="admin")
        self.keys = {org: self.daemon.key(org=org, role="operator") for org in self.ORGS}
        self.made = 0
        # By org and row of the quota: how much there may be at most now, and how much there was.
        self.ceiling, self.firm = {}, {}

    def clients(self):
        return Client(self.daemon.port, self.admin_key), {o: Client(self.daemon.port, k) for o, k in self.keys.items()}

    # ---- What is asked for ----

    def body(self):
        pick = self.random.choice
        self.made += 1
        body = dict(self.work(), job_name=f"j{self.made}", gpu_limit=str(pick(self.GPUS)),
                    cpu_limit=pick(("0.1", "0.5", "1")), priority=pick((0, 0, 0, 5)))
        if self.random.random() < 0.3:
            del body["cpu_limit"]
        if self.random.random() < 0.5:
            body["memory_limit"] = pick(("1G", "2G"))
        if self.random.random() < 0.2:
            body["preemptible"] = True
        return body

    def change_limit(self, admin, org):
        line, what = self.random.choice(LINES), self.random.choice(list(LIMITS))
        if what == "count":
            line = "train"
        value = self.random.choice(LIMITS[what])
        row = f"{line}_{what}_quota"
        # Whether it is done or not, where the daemon dies meanwhile: there may be as much.
        at = (org, line, what)
        self.ceiling[at] = max(self.ceiling.get(at, 1 << 62), value if value >= 0 else 1 << 62)
        wire = "-1" if value < 0 else WRITE[what](value)
        a = admin.put(f"{BASE}/quota/{self.keys[org].org_id}", {row: "-1" if value < 0 and what != "memory" else
                                                                 "-1.0K" if value < 0 else wire})
        self.assertEqual(a.status, 200, (row, wire, a))

    def one(self, admin, org, client):
        """A job that may be in any state by now: what it refuses is no matter here."""
        what = self.random.random()
        name = f"j{self.random.randrange(1, self.made + 2)}"
        if what < 0.5:
            a = client.post(TRAIN, self.body(), nonce=new_nonce())
            self.assertTrue(a.status == 200 or (a.status == 422 and " may " in a.message), a)
        elif what < 0.62:
            self.change_limit(admin, org)
        elif what < 0.8:
            client.post(f"{TRAIN}/{name}/cancel")
        elif what < 0.88:
            client.delete(f"{TRAIN}/{name}")
        else:
            client.post(f"{TRAIN}/{name}/{self.random.choice(('hold', 'release', 'retry'))}")

    def burst(self, kill):
        admin, clients = self.clients()
        timer = threading.Timer(self.random.random() * 0.3, self.daemon.process.kill) if kill else None
        if timer:
            timer.start()
        for _ in range(self.BURST):
            org = self.random.choice(self.ORGS)
            try:
                self.one(admin, org, clients[org])
            except (OSError, EOFError):
                self.assertTrue(kill, "the daemon is gone")
                break
        if timer:
            timer.join()
            self.daemon.stop(check=False)
            self.daemon.start()

    # ---- What there is then ----

    def look(self, admin):
        jobs, after = [], None
        while True:
            page = admin.get(TRAIN, query=dict({"org_id": "-1", "limit": "500", "fields": FIELDS},
                                               **({"continue": after} if after else {}))).json
            jobs += page["data"]
            after = page.get("continue")
            if not after:
                return {j["uid"]: j for j in jobs}

    def settled(self, admin):
        """The jobs, once none is on its way and the quotas agree with them."""
        def seen():
            jobs = self.look(admin)
            if any(j["state"] not in LIVE + OVER + ("enqueued",) or j["state"] == "creating" or
                   (j["state"] == "enqueued" and not j.get("reason")) for j in jobs.values()):
                return None
            quotas = {q["org_id"]: q for q in admin.get(f"{BASE}/quota", query={"org_id": "-1"}).json["data"]}
            self.wrong = self.difference(jobs, quotas) or self.org_difference(admin, jobs)
            again = self.look(admin)
            same = {u: j["state"] for u, j in jobs.items()} == {u: j["state"] for u, j in again.items()}
            return (jobs, quotas) if same and not self.wrong else None
        self.wrong = "not settled"
        try:
            return until(seen, "what is used to be the sum of what lives")
        except AssertionError as e:
            raise AssertionError(f"{e}: {self.wrong}; SEED={SEED}\n{self.daemon.log_text()[-2000:]}") from None

    def sums(self, jobs, org, firm_only=False):
        total = NOTHING
        for j in jobs.values():
            if j["org_id"] == self.keys[org].org_id and j["state"] in LIVE and not (firm_only and j.get("preemptible")):
                total = add(total, claim(j))
        return total

    def difference(self, jobs, quotas):
        for org in self.ORGS:
            row, want = quotas[self.keys[org].org_id], self.sums(jobs, org)
            for line in LINES:
                have = {k: READ[k](row[f"{line}_{k}_used"]) for k in NOTHING if line != "total" or k != "count"}
                if any(have[k] != want[k] for k in have):
                    return f"{org} {line}: the quota says {have}, the lists {want}"
        return None

    def org_difference(self, admin, jobs):
        """The row of an org says the same, and how many wait."""
        rows = {o["org_id"]: o for o in admin.get(f"{BASE}/orgs").json["data"]}
        for org, key in self.keys.items():
            row, want = rows[key.org_id], self.sums(jobs, org)
            have = {k: READ[k](row[("jobs" if k == "count" else k) + "_used"]) for k in NOTHING}
            waiting = sum(j["org_id"] == key.org_id and j["state"] == "enqueued" for j in jobs.values())
            if have != want or (row["running"], row["waiting"]) != (want["count"], waiting):
                return f"{org}: its row says {row}, the lists {want} and {waiting} that wait"
        return None

    def check_limits(self, jobs, quotas):
        """Beyond a limit only what was there before it was lowered; and of that nothing more than before."""
        for org in self.ORGS:
            firm = self.sums(jobs, org, firm_only=True)
            for line in LINES:
                for what in NOTHING:
                    if (line, what) == ("total", "count"):
                        continue
                    at = (org, line, what)
                    limit = READ[what](quotas[self.keys[org].org_id][f"{line}_{what}_quota"])
                    limit = limit if limit >= 0 else 1 << 62
                    most = max(self.ceiling.get(at, 1 << 62), limit)
                    self.assertLessEqual(firm[what], most, (at, SEED))
                    # With a limit that is as it was when it was looked at last, what is over it only goes.
                    if firm[what] > limit and self.limit_seen.get(at) == limit:
                        self.assertLessEqual(firm[what], self.firm[at], (at, limit, SEED))
                    self.ceiling[at] = limit if firm[what] <= limit else firm[what]
                    self.firm[at], self.limit_seen[at] = firm[what], limit

    def test_used_is_the_sum(self):
        print(f"SEED={SEED}")
        self.limit_seen = {}
        for n in range(ROUNDS or self.STANDARD):
            kill = n > 0 and self.random.random() < self.KILLS
            self.burst(kill)
            admin, _ = self.clients()
            self.check_limits(*self.settled(admin))
        admin, clients = self.clients()
        for uid, job in self.look(admin).items():
            org = next(o for o, k in self.keys.items() if k.org_id == job["org_id"])
            clients[org].delete(f"{TRAIN}/{uid}")
        until(lambda: not any(j["state"] in LIVE + ("enqueued",) for j in self.look(admin).values()), "the end of all")
        jobs, quotas = self.settled(admin)
        for org in self.ORGS:
            self.assertEqual(self.sums(jobs, org), NOTHING)


class Fake(Sums, unittest.TestCase):
    STANDARD, GPUS = 20, (0, 0, 1, 2)

    def open_daemon(self):
        return Daemon(engine="fake", settings=("fake.changes=0", "fake.gpus=8") + FREE)

    def work(self):
        return {"command": ["x"], "env": {"FAKE_SECONDS": str(self.random.choice((1, 1, 86400, 86400)))},
                "restart_policy": self.random.choice(("never", "on-failure"))}


class Local(Sums, unittest.TestCase):
    """Real tasks, which outlive the daemon."""
    STANDARD, GPUS, BURST, KILLS = 8, (0,), 8, 0.6

    def open_daemon(self):
        return Daemon(engine="local", settings=FREE)

    def work(self):
        return {"command": ["sleep", self.random.choice(("0", "0.2", "1000", "1000"))], "stop_grace": 1}


if __name__ == "__main__":
    support.main()
