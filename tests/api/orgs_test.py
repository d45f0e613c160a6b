#!/usr/bin/python3
"""The row of an org: what it holds of what it may, what runs of it and waits, as it happens."""
import unittest

import support
from support import BASE, FREE, Daemon, until

TRAIN, ORGS = BASE + "/train", BASE + "/orgs"


class Use(unittest.TestCase):
    def setUp(self):
        self.daemon = Daemon(engine="fake", settings=("fake.changes=0", "fake.gpus=4") + FREE)
        self.addCleanup(self.daemon.close)
        self.admin = self.daemon.client(org="root", role="admin")
        self.a = self.daemon.client(org="alpha", role="operator")

    def submit(self, name, gpus):
        a = self.a.post(TRAIN, {"job_name": name, "command": ["x"], "gpu_limit": str(gpus),
                                "env": {"FAKE_SECONDS": "86400"}})
        self.assertEqual(a.status, 200, a)

    def limit(self, **fields):
        self.assertEqual(self.admin.put(f"{BASE}/quota/{self.a.key.org_id}", fields).status, 200)

    def is_told(self, **fields):
        """By the stream: nothing else is asked."""
        def look():
            row = self.rows[self.a.key.org_id]
            return row if all(row.get(k) == v for k, v in fields.items()) else self.follow()
        return until(look, fields)

    def follow(self):
        for row in self.ws.next().get("rows", []):
            self.rows.setdefault(row["org_id"], {}).update(row)

    def test_as_it_happens(self):
        with self.admin.websocket() as self.ws:
            self.rows = self.ws.snapshot(1, "org", by="org_id",
                                         fields="org_id,share,running,waiting,gpu_used,gpu_bound")
            self.is_told(share=0, running=0, waiting=0, gpu_used="0", gpu_bound="-1")
            # No limit: of what there is.
            self.submit("one", 1)
            self.is_told(share=25, running=1, waiting=0, gpu_used="1")
            self.limit(train_gpu_quota="2", total_gpu_quota="3")
            self.is_told(share=50, gpu_bound="2")
            for n in range(3):
                self.submit(f"more-{n}", 1)
            self.is_told(share=100, running=2, waiting=2, gpu_used="2")
            # A limit beyond what there is: what there is.
            self.limit(train_gpu_quota="8", total_gpu_quota="8")
            self.is_told(share=100, running=4, waiting=0, gpu_used="4", gpu_bound="8")
            self.limit(train_gpu_quota="1")
            self.is_told(share=400, running=4)
            for name in ("one", "more-0", "more-1", "more-2"):
                self.a.post(f"{TRAIN}/{name}/cancel")
            self.is_told(share=0, running=0, waiting=0, gpu_used="0")

    def test_who_may_see_it(self):
        """Other orgs' use is an admin's; nobody sets it."""
        for role in ("viewer", "operator", "quota-admin"):
            a = self.daemon.client(org="alpha", role=role).get(ORGS)
            self.assertEqual([o["org_name"] for o in a.json["data"]], ["alpha"], role)
        self.assertEqual(self.admin.post(ORGS, {"org_name": "x", "running": 1}).status, 400)


if __name__ == "__main__":
    support.main()
