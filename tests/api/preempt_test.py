#!/usr/bin/python3
"""Preemptible jobs: over the quota into what is free, stopped for others, run again, never counted."""
import os
import signal
import unittest

import support
from support import BASE, FREE, Daemon, until
from train_kit import Case

TRAIN = BASE + "/train"


class Orgs(unittest.TestCase):
    def setUp(self):
        self.daemon = Daemon(engine="fake", settings=("fake.changes=0", "fake.gpus=4") + FREE)
        self.admin = self.daemon.client(org="root", role="admin")
        self.a = self.daemon.client(org="alpha", role="operator")
        self.b = self.daemon.client(org="beta", role="operator")

    def tearDown(self):
        self.daemon.close()

    def submit(self, client, name, gpus, **more):
        a = client.post(TRAIN, dict({"job_name": name, "command": ["x"], "gpu_limit": str(gpus),
                                     "env": {"FAKE_SECONDS": "86400"}}, **more))
        self.assertEqual(a.status, 200, a)

    def job(self, client, name):
        return client.get(f"{TRAIN}/{name}").json

    def state(self, client, name, state):
        return until(lambda: (lambda j: j if j["state"] == state else None)(self.job(client, name)),
                     f"{name} to be {state}")

    def limit(self, org, gpus):
        a = self.admin.put(f"{BASE}/quota/{org.key.org_id}", {"train_gpu_quota": str(gpus)})
        self.assertEqual(a.status, 200, a)

    def spares(self):
        self.limit(self.a, 2)
        for i in range(4):
            self.submit(self.a, f"spare-{i}", 1, preemptible=True)
            self.state(self.a, f"spare-{i}", "running")

    def events(self, client, name):
        return [e["reason"] for e in client.get(f"{TRAIN}/{name}/events").json["events"]]

    def test_makes_room_and_runs_again(self):
        self.spares()
        q = self.a.get(f"{BASE}/quota/{self.a.key.org_id}").json
        self.assertEqual((q["train_gpu_used"], q["train_gpu_quota"]), ("4", "2"))
        self.submit(self.b, "firm", 2)
        self.state(self.b, "firm", "running")
        for name, state in (("spare-0", "running"), ("spare-1", "running"), ("spare-2", "enqueued"),
                            ("spare-3", "enqueued")):
            self.assertEqual(self.job(self.a, name)["state"], state, name)
        j = self.job(self.a, "spare-3")
        self.assertEqual((j["attempt"], j["attempts_uncounted"]), (1, 1), j)
        self.assertIn("preempted_time", j)
        self.assertIn("Preempted", self.events(self.a, "spare-3"))
        [task] = self.a.get(f"{TRAIN}/spare-3/tasks").json["data"]
        self.assertEqual((task["state"], task["reason"]), ("failed", "Preempted"))
        self.assertEqual(self.a.get(f"{BASE}/quota/{self.a.key.org_id}").json["train_gpu_used"], "2")
        self.b.delete(f"{TRAIN}/firm")
        j = self.state(self.a, "spare-3", "running")
        self.assertEqual((j["attempt"], j["attempts_uncounted"]), (2, 1))
        self.state(self.a, "spare-2", "running")
        # Whoever was stopped a moment ago is not stopped again: it is the turn of the others.
        self.submit(self.b, "again", 2)
        self.state(self.b, "again", "running")
        self.assertEqual([self.job(self.a, f"spare-{i}")["state"] for i in range(4)],
                         ["enqueued", "enqueued", "running", "running"])
        self.submit(self.b, "waits", 1)
        j = until(lambda: (lambda j: j if j.get("reason") else None)(self.job(self.b, "waits")), "waits to wait")
        self.assertEqual((j["state"], j["reason"]), ("enqueued", "Gpu"))

    def test_not_for_what_is_over_its_own_quota(self):
        self.spares()
        self.limit(self.b, 1)
        self.submit(self.b, "small", 1)
        self.state(self.b, "small", "running")
        self.submit(self.b, "over", 1)
        j = until(lambda: (lambda j: j if j.get("reason") else None)(self.job(self.b, "over")), "over to wait")
        self.assertEqual(j["reason"], "Quota")
        self.assertEqual([self.job(self.a, f"spare-{i}")["state"] for i in range(4)], ["running"] * 3 + ["enqueued"])

    def test_cancelled_while_it_goes(self):
        """Whoever is cancelled does not come again, whatever it was stopped for."""
        self.spares()
        self.submit(self.b, "firm", 4)
        for i in range(4):
            self.a.post(f"{TRAIN}/spare-{i}/cancel")
        self.state(self.b, "firm", "running")
        for i in range(4):
            j = self.state(self.a, f"spare-{i}", "failed")
            self.assertEqual(j["reason"], "Cancelled")


class Killed(Case):
    def test_the_daemon_dies_while_one_is_being_stopped(self):
        """What is on the disk says why its task ends: it waits again, and is not taken for cancelled."""
        cpus = str(len(os.sched_getaffinity(0)))
        mark = self.daemon.folder + "/go"
        self.submit("spare", "sh", "-c", f"trap '' TERM; while [ ! -e {mark} ]; do sleep 0.05; done; sleep 1000",
                    cpu_limit=cpus, preemptible=True, stop_grace="1s")
        self.running("spare")
        self.submit("firm", "true", cpu_limit=cpus)
        until(lambda: self.job("spare").get("reason") == "Preempted", "spare to be stopped")
        self.daemon.stop(check=False, sig=signal.SIGKILL)
        self.daemon.start()
        self.client.port = self.daemon.port
        self.assertEqual(self.ended("firm")["state"], "completed")
        j = until(lambda: (lambda j: j if j["attempt"] == 2 else None)(self.job("spare")), "its next attempt")
        self.assertEqual(j["attempts_uncounted"], 1)
        self.assertIn("Preempted", self.reasons("spare"))
        self.client.delete(f"{TRAIN}/spare")
        self.gone("spare")


if __name__ == "__main__":
    support.main()
