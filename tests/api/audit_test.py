"""Audit: a chain for each org, who sees which, old records that go, a start that goes on."""
import tempfile
import unittest

import support
from support import BASE, Daemon, until

AUDIT, KEYS = BASE + "/audit", BASE + "/keys"


def chained(rows):
    """The chain recomputed from what the API tells, newest first; the hash that it ends with."""
    for newer, older in zip(rows, rows[1:]):
        assert newer["n"] == older["n"] + 1, (newer, older)
    return rows[0]["hash"]


class Chains(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon(engine="fake", settings=("fake.changes=0",))
        cls.addClassCleanup(cls.daemon.close)
        cls.admin = cls.daemon.client()
        for org in ("alpha", "beta"):
            assert cls.admin.post(BASE + "/orgs", {"org_name": org}).status == 200
        cls.a = cls.daemon.client(org="alpha", role="operator", name="a")
        cls.b = cls.daemon.client(org="beta", role="operator", name="b")

    def test_each_org_its_own(self):
        for client in (self.a, self.b, self.a):
            self.assertEqual(client.post(KEYS, {"name": f"n{id(client)}"}).status, 200)
        for client in (self.a, self.b):
            rows = client.get(AUDIT).json["data"]
            self.assertEqual({r["record"]["org_id"] for r in rows}, {client.key.org_id})
            self.assertEqual([r["n"] for r in rows], list(range(len(rows), 0, -1)))
            answer = client.get(AUDIT + "/verify")
            self.assertEqual(answer.status, 200, answer)
            chain, = answer.json["chains"]
            self.assertEqual((chain["org_id"], chain["records"]), (client.key.org_id, len(rows)))
        orgs = {c["org_id"] for c in self.admin.get(AUDIT + "/verify").json["chains"]}
        self.assertLessEqual({self.a.key.org_id, self.b.key.org_id}, orgs)

    def test_what_was_done_to_an_org_is_in_its_chain(self):
        org = self.a.key.org_id
        self.assertEqual(self.admin.put(f"{BASE}/quota/{org}", {"train_gpu_quota": "3"}).status, 200)
        row = self.a.get(AUDIT, query={"filter": "action=quota.change"}).json["data"][0]["record"]
        self.assertEqual((row["org_id"], row["by_org"]), (org, self.admin.key.org_id))
        self.assertEqual(self.b.get(AUDIT, query={"filter": "action=quota.change"}).json["data"], [])

    def test_the_trail_of_one_object(self):
        """By uid and kind: an org and its quota have the same one. What is named there is found by it."""
        org = self.a.key.org_id
        self.assertEqual(self.admin.put(f"{BASE}/quota/{org}", {"train_cpu_quota": "3"}).status, 200)
        rows = self.admin.get(AUDIT, query={"filter": f'object="{org}" action~="^quota[.]"', "org_id": org}).json["data"]
        self.assertEqual({r["record"]["action"] for r in rows}, {"quota.change"})
        self.assertEqual({r["record"]["object"] for r in rows}, {org})
        orgs = self.admin.get(AUDIT, query={"filter": f'object="{org}" action~="^org[.]"'}).json["data"]
        self.assertEqual([r["record"]["action"] for r in orgs], ["org.create"])
        self.assertEqual(self.admin.get(f"{BASE}/quota/{rows[0]['record']['object']}").json["org_name"], "alpha")
        job = self.a.post(BASE + "/train", {"job_name": "t", "command": ["x"]}).json["uid"]
        row, = self.admin.get(AUDIT, query={"filter": f'object="{job}" action~="^job[.]"', "org_id": org}).json["data"]
        record = row["record"]
        answer = self.admin.get(f"{BASE}/train/{record['object']}", query={"org_id": record["org_id"]})
        self.assertEqual((answer.status, answer.json["job_name"]), (200, "t"), answer)

    def test_who_sees_which(self):
        viewer = self.daemon.client(org="alpha", role="viewer")
        for path in (AUDIT, AUDIT + "/verify"):
            self.assertEqual(viewer.get(path).status, 403)
            for org in (self.b.key.org_id, "-1"):
                self.assertEqual(self.a.get(path, query={"org_id": org}).status, 403)
            self.assertEqual(self.admin.get(path, query={"org_id": self.b.key.org_id}).status, 200)
        only, = self.admin.get(AUDIT + "/verify", query={"org_id": self.b.key.org_id}).json["chains"]
        self.assertEqual(only["org_id"], self.b.key.org_id)

    def test_a_start_goes_on_with_the_chain(self):
        with Daemon(engine="fake", settings=("fake.changes=0",)) as d:
            for _ in range(2):
                client = d.client(role="admin")
                self.assertEqual(client.post(KEYS, {}).status, 200)
                before = client.get(AUDIT + "/verify").json["chains"]
                d.stop()
                d.start()
                client.port = d.port
                after = client.get(AUDIT + "/verify")
                self.assertEqual((after.status, after.json["chains"]), (200, before))

    def test_recomputed_from_what_is_told(self):
        rows = self.a.get(AUDIT).json["data"]
        if len(rows) < 2:
            self.a.post(KEYS, {"name": "one-more"})
            rows = self.a.get(AUDIT).json["data"]
        chain, = self.a.get(AUDIT + "/verify").json["chains"]
        self.assertEqual(chained(rows), chain["hash"])


class Kept(unittest.TestCase):
    def test_old_ones_go_and_the_chain_is_whole(self):
        """By a clock that a file sets: what is older than audit.keep goes, with a record that says so."""
        with tempfile.TemporaryDirectory() as folder:
            clock = folder + "/clock"
            with open(clock, "w") as f:
                f.write(str(-40 * 86400 * 1000))
            with Daemon(engine="fake", settings=("fake.changes=0", "audit.keep=30d"), env={"MLTOPD_CLOCK": clock}) as d:
                for _ in range(3):
                    d.key(org="old", role="viewer")
                with open(clock, "w") as f:
                    f.write("0")
                admin = d.client(role="admin")
                org = d.key(org="old", role="viewer").org_id
                def old():
                    return admin.get(AUDIT, query={"org_id": org}).json["data"]
                until(lambda: any(r["record"]["action"] == "audit.checkpoint" for r in old()), "old ones to go")
                rows = old()
                point, = [r["record"] for r in rows if r["record"]["action"] == "audit.checkpoint"]
                self.assertGreaterEqual(point["dropped"], 3)
                self.assertEqual(min(r["n"] for r in rows), point["dropped"] + 1)
                for _ in range(2):
                    chain, = admin.get(AUDIT + "/verify", query={"org_id": org}).json["chains"]
                    self.assertEqual((chain["dropped"], chain["records"]), (point["dropped"], len(rows)))
                    d.stop()
                    d.start()
                    admin.port = d.port


if __name__ == "__main__":
    support.main()
