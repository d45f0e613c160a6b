"""Changing a quota: from which version, and what follows at once."""
import unittest

import support
from support import BASE, FREE, until

QUOTA = BASE + "/quota"


def setUpModule():
    global daemon, admin
    # Alone: another writer would give a quota a new version at any moment.
    daemon, admin = support.module_daemon(settings=("fake.changes=0",) + FREE, env={"MLTOPD_ALONE": "1"})


class Versions(unittest.TestCase):
    def setUp(self):
        self.org = admin.key.org_id
        self.path = f"{QUOTA}/{self.org}"
        self.assertEqual(admin.put(self.path, {"train_gpu_quota": "-1"}).status, 200)

    def version(self):
        return admin.get(self.path).json["version"]

    def test_made_from_what_it_is(self):
        for n in (8, 9):
            answer = admin.put(self.path, {"train_gpu_quota": str(n)}, query={"if_version": self.version()})
            self.assertEqual((answer.status, answer.json["train_gpu_quota"]), (200, str(n)))

    def test_made_from_what_it_was(self):
        before = self.version()
        self.assertEqual(admin.put(self.path, {"train_gpu_quota": "6"}).status, 200)
        after = admin.get(self.path).json
        self.assertNotEqual(after["version"], before)
        answer = admin.put(self.path, {"train_gpu_quota": "8"}, query={"if_version": before})
        self.assertEqual((answer.status, answer.json["field"]), (409, "version"))
        self.assertEqual(answer.json["now"]["train_gpu_quota"], "6")
        self.assertEqual(answer.json["now"]["version"], after["version"])
        answer = admin.put(self.path, {"train_gpu_quota": "8"}, send={"if-match": f'"{before}"'})
        self.assertEqual(answer.status, 409)
        self.assertEqual(admin.get(self.path).json["train_gpu_quota"], "6", "nothing was changed")
        answer = admin.put(self.path, {"train_gpu_quota": "8"}, send={"if-match": f'"{after["version"]}"'})
        self.assertEqual(answer.status, 200)

    def test_two_at_once(self):
        """Of many that were made from the same version one is done."""
        version, sockets = self.version(), []
        for n in range(6):
            s = support.Socket(daemon.port)
            s.send(admin.bytes_of("PUT", self.path, body={"train_gpu_quota": str(10 + n)}, query={"if_version": version}))
            sockets.append(s)
        answers = [s.answer().status for s in sockets]
        for s in sockets:
            s.close()
        self.assertEqual(sorted(answers), [200] + [409] * 5)

    def test_what_has_none(self):
        key = admin.post(BASE + "/keys", {}).json["access_key"]
        answer = admin.put(f"{BASE}/keys/{key}", {"read_only": True}, query={"if_version": "1"})
        self.assertEqual((answer.status, answer.json["field"]), (400, "if_version"))

    def test_every_limit_can_be_set(self):
        row = admin.get(self.path).json
        limits = [f for f in row if f.endswith("_quota")]
        self.assertGreaterEqual(len(limits), 18)
        for field in limits:
            value = "7.0G" if "memory" in field or "bytes" in field else "7.0" if "cpu" in field else "7"
            answer = admin.put(self.path, {field: value})
            self.assertEqual((answer.status, answer.json.get(field)), (200, value), answer)
        for field in limits:
            self.assertEqual(admin.put(self.path, {field: row[field]}).json[field], row[field])
            for bad in ("x", "-2", ""):
                self.assertEqual(admin.put(self.path, {field: bad}).status, 400, (field, bad))
        self.assertEqual(admin.put(self.path, {"train_gpu_used": "0"}).status, 400)

    def test_the_nearest_limit(self):
        self.assertEqual(admin.put(self.path, {"train_gpu_quota": "4", "train_count_quota": "100"}).status, 200)
        row = admin.get(self.path).json
        self.assertEqual(row["nearest_of"] in ("gpu", "jobs") and int(row["nearest"]) < 100, True)
        self.assertEqual(admin.put(self.path, {"train_gpu_quota": "-1", "train_count_quota": "-1"}).status, 200)


class Live(unittest.TestCase):
    def test_what_waits_starts_at_once(self):
        path = f"{QUOTA}/{admin.key.org_id}"
        self.assertEqual(admin.put(path, {"train_count_quota": "1"}).status, 200)
        for name in ("runs", "waits"):
            self.assertEqual(admin.post(BASE + "/train", {"job_name": name, "command": ["true"],
                                                          "env": {"FAKE_SECONDS": "600"}}).status, 200)
        state = lambda name: admin.get(f"{BASE}/train/{name}").json
        until(lambda: state("runs")["state"] == "running", "the first to run")
        until(lambda: state("waits").get("reason") == "Quota", "the second to wait")
        until(lambda: int(admin.get(path).json["nearest"]) >= 100, "the count to be told")
        self.assertEqual(admin.get(path).json["nearest_of"], "jobs")
        self.assertEqual(admin.put(path, {"train_count_quota": "2"}).status, 200)
        until(lambda: state("waits")["state"] == "running", "it to run")
        for name in ("runs", "waits"):
            self.assertEqual(admin.delete(f"{BASE}/train/{name}").status // 100, 2)


if __name__ == "__main__":
    support.main()
