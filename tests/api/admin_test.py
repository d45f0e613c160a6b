#!/usr/bin/python3
"""A shared platform: orgs, keys, roles, quotas, audit, tenants."""
import concurrent.futures
import json
import os
import re
import subprocess
import unittest

import support
from support import BASE, LIMIT, MLTOPD, Client, Daemon, Key, Socket, new_nonce, until

TRAIN = BASE + "/train"
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Shared(unittest.TestCase):
    """The fake engine runs jobs of several orgs without root."""

    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon(engine="fake", settings=["fake.changes=0",
                                                     "limits.requests_per_second=100000",
                                                     "limits.request_burst=100000"])
        cls.admin = cls.daemon.client(org="root", role="admin")
        cls.a = cls.daemon.client(org="alpha", role="operator")
        cls.b = cls.daemon.client(org="beta", role="operator")
        cls.viewer = cls.daemon.client(org="alpha", role="viewer")
        cls.quota = cls.daemon.client(org="gamma", role="quota-admin")

    @classmethod
    def tearDownClass(cls):
        cls.daemon.close()

    def job(self, client, name):
        a = client.post(TRAIN, {"job_name": name, "command": ["x"]})
        self.assertEqual(a.status, 200, a)
        return a.json

    def routes(self):
        """Method and path of every route, from the reference page that is made of the table."""
        page = subprocess.run([MLTOPD, "docs", "api"], capture_output=True, timeout=LIMIT).stdout.decode()
        rows = re.findall(r"^\| (GET|POST|PUT|DELETE) \| `([^`]+)` \| ([a-z-]+) \|", page, re.M)
        self.assertGreater(len(rows), 25)
        return [row for row in rows if "/{bucket}" not in row[1]]  # signed otherwise: fds_test

    def test_docs_are_committed(self):
        page = subprocess.run([MLTOPD, "docs", "api"], capture_output=True, timeout=LIMIT).stdout.decode()
        with open(os.path.join(ROOT, "docs", "API.md")) as f:
            self.assertEqual(f.read(), page, "docs/API.md is old: build/mltopd docs api > docs/API.md")

    def test_every_list_goes_the_same_path(self):
        """?filter= ?fields= ?limit= hold for each kind that has a list; their mistakes are told."""
        table = json.loads(subprocess.run([MLTOPD, "docs", "routes"], capture_output=True, timeout=LIMIT,
                                          check=True).stdout)
        lists = [r["pattern"] for r in table if r["method"] == "GET" and r["kind"] and "{" not in r["pattern"]]
        self.assertGreater(len(lists), 6)
        self.job(self.a, "listed")
        self.a.post(BASE + "/packages", {"size": 1, "sha256": "0" * 64, "name": "listed.tar.gz"})
        self.assertEqual(self.admin.post(BASE + "/secret", {"secret_name": "listed", "value": "x"}).status, 200)
        a = self.a.post(BASE + "/model", {"model_name": "listed", "model_version": "1", "command": ["x"]})
        self.assertEqual(a.status, 200, a)
        until(lambda: self.a.get(BASE + "/replica").json["data"], "a replica to be listed")
        for path in lists:
            if path.endswith(("/framework", "/nodes", "/gpus", "/verify", "/resources", "/usage")):
                continue
            client = self.admin if path.endswith(("/orgs", "/keys", "/audit", "/secret")) else self.a
            every = client.get(path).json["data"]
            self.assertGreater(len(every), 0, path)
            a = client.get(path, query={"filter": "org_id=none"})
            self.assertEqual((a.status, a.json.get("data")), (200, []), (path, a))
            a = client.get(path, query={"limit": "1", "fields": "org_id"})
            self.assertEqual([set(row) for row in a.json["data"]], [{"org_id"}], path)
            self.assertEqual("continue" in a.json, len(every) > 1, path)
            for query in ({"filter": "(nope"}, {"fields": "nope"}, {"limit": "none"}):
                self.assertEqual(client.get(path, query=query).status, 400, (path, query))
        whole = self.a.get(BASE + "/framework").json
        self.assertIn("python", whole)
        self.assertEqual(self.a.get(BASE + "/framework", query={"filter": "name=python"}).json,
                         {"python": whole["python"]})
        self.assertEqual(self.a.get(BASE + "/framework", query={"filter": "name=nothing"}).json, {})

    def test_the_bound_that_holds(self):
        """Of a kind's limit and that of all kinds together the lesser one, and which it is."""
        path = BASE + "/quota/" + self.a.key.org_id
        for limits, bounds in (({"train_cpu_quota": "1", "total_cpu_quota": "4"}, ("1.0", "-1", "cpu: jobs")),
                               ({"total_cpu_quota": "0.5"}, ("0.5", "-1", "")),
                               ({"total_cpu_quota": "none", "train_gpu_quota": "2"}, ("1.0", "2", "gpu cpu: jobs")),
                               ({"train_cpu_quota": "inf", "train_gpu_quota": "-1"}, ("-1.0", "-1", ""))):
            a = self.admin.put(path, limits)
            self.assertEqual(a.status, 200, a)
            for q in (a.json, self.a.get(BASE + "/quota").json["data"][0]):
                self.assertEqual((q["cpu_bound"], q["gpu_bound"], q["bounds"]), bounds, limits)
        self.assertEqual(self.admin.put(path, {"cpu_bound": "1"}).status, 400)

    def test_one_of_every_kind(self):
        """By name or by uid, and what happened to it; a quota of another org is as if it were not."""
        org, key = self.a.key.org_id, self.a.key.access_key
        self.assertEqual(self.admin.get(BASE + "/orgs/alpha").json["org_id"], org)
        self.assertEqual(self.admin.get(f"{BASE}/orgs/{org}").json["org_name"], "alpha")
        self.assertEqual(self.admin.get(f"{BASE}/keys/{key}").json["access_key"], key)
        self.assertNotIn("secret_key", self.admin.get(f"{BASE}/keys/{key}").json)
        for name in ("alpha", org):
            self.assertEqual(self.a.get(f"{BASE}/quota/{name}").json["org_id"], org)
            self.assertEqual(self.b.get(f"{BASE}/quota/{name}").status, 404)
            self.assertEqual(self.quota.get(f"{BASE}/quota/{name}").json["org_id"], org)
        for path in (f"orgs/{org}", f"keys/{key}", f"quota/{org}"):
            self.assertEqual(set(self.admin.get(f"{BASE}/{path}/events").json), {"data", "events", "recommend"})

    def test_least_roles(self):
        """Every route refuses the role below its own, and open ones need no key at all."""
        rank = ["viewer", "operator", "quota-admin", "admin"]
        weaker = {"operator": self.viewer, "quota-admin": self.a, "admin": self.quota}
        for method, path, least in self.routes():
            path = re.sub(r"\{[a-z]+\}", "nothing", path)
            if least == "none":
                self.assertNotIn(self.a.request(method, path, sign=False).status, (401, 403), path)
                continue
            self.assertEqual(self.a.request(method, path, sign=False).status, 401, path)
            if least != "viewer":
                self.assertEqual(weaker[least].request(method, path, nonce=new_nonce(), body=b"{}").status,
                                 403, (method, path, rank.index(least)))

    def test_tenants(self):
        """An object of another org answers exactly like one that is not there."""
        mine = self.job(self.a, "secret")
        package = self.a.post(BASE + "/packages", {"size": 4, "sha256": "0" * 64, "name": "x.tar.gz"}).json
        for method, path, least in self.routes():
            if "{job}" not in path and "{package}" not in path:
                continue
            for name, absent in ((mine["uid"], "0" * 26), ("secret", "nothin")):
                if "{package}" in path:
                    name = package["id"]
                    absent = "0" * 26
                real = re.sub(r"\{[a-z]+\}", name, path)
                none = re.sub(r"\{[a-z]+\}", absent, path)
                body = b"data" if method == "PUT" else None
                got = self.b.request(method, real, nonce=new_nonce(), body=body)
                want = self.b.request(method, none, nonce=new_nonce(), body=body)
                self.assertEqual((got.status, got.message.replace(name, "N")),
                                 (404, want.message.replace(absent, "N")), (method, path))
        self.assertEqual([j["job_name"] for j in self.b.get(TRAIN).json["data"]], [])
        self.assertEqual(self.b.get(BASE + "/packages").json["data"], [])
        self.assertEqual(self.b.get(BASE + "/events", query={"filter": "kind=job"}).json["data"], [])
        self.assertEqual(self.a.get(f"{TRAIN}/secret").status, 200)

    def test_org_id_is_for_admins(self):
        self.job(self.a, "seen")
        org = self.a.key.org_id
        for client in (self.b, self.viewer, self.quota):
            other = self.b.key.org_id if client is not self.b else org
            self.assertEqual(client.get(TRAIN, query={"org_id": other}).status, 403)
            self.assertEqual(client.get(TRAIN, query={"org_id": "-1"}).status, 403)
        names = [j["job_name"] for j in self.admin.get(TRAIN, query={"org_id": org}).json["data"]]
        self.assertIn("seen", names)
        self.assertIn("seen", [j["job_name"] for j in self.admin.get(TRAIN, query={"org_id": "-1"}).json["data"]])
        self.assertEqual(self.admin.get(f"{TRAIN}/seen", query={"org_id": org}).status, 200)
        self.assertEqual(self.admin.get(f"{TRAIN}/seen").status, 404)
        self.assertEqual(self.admin.get(TRAIN, query={"org_id": "999"}).status, 404)

    def test_quotas_changed_at_once(self):
        """Two admins, two fields, the same moment: whoever was told 200 has changed it for good."""
        path = f"{BASE}/quota/{self.b.key.org_id}"
        fields = ("train_gpu_quota", "train_count_quota", "total_gpu_quota")

        def change(field, n):
            until(lambda: self.quota.put(path, {field: n}).status == 200, f"{field} to be changed")

        for n in range(20):
            with concurrent.futures.ThreadPoolExecutor(len(fields)) as pool:
                list(pool.map(change, fields, [n] * len(fields)))
            row = self.b.get(BASE + "/quota").json["data"][0]
            self.assertEqual([row[f] for f in fields], [str(n)] * len(fields))
        self.quota.put(path, {f: "-1" for f in fields})

    def test_quota(self):
        org = self.b.key.org_id
        path = f"{BASE}/quota/{org}"
        a = self.quota.put(path, {"train_gpu_quota": 0, "train_count_quota": "1", "total_memory_quota": "8G",
                                  "train_cpu_quota": "2.5", "org_id": org, "train_priority_quota": "3"})
        self.assertEqual(a.status, 200, a)
        q = a.json
        self.assertEqual((q["train_gpu_quota"], q["train_count_quota"], q["total_memory_quota"]), ("0", "1", "8.0G"))
        self.assertEqual(q["org_mail"], "")
        for value in self.b.get(BASE + "/quota").json["data"][0].values():
            self.assertIsInstance(value, str)
        self.assertEqual(self.b.post(BASE + "/quota", {"org_mail": "x"}).json["data"][0]["train_count_quota"], "1")
        a = self.b.post(TRAIN, {"job_name": "gpu", "command": ["x"], "gpu_limit": 1})
        self.assertEqual((a.status, "GPU" in a.message), (422, True), a)
        self.assertEqual(self.quota.put(path, {"train_gpu_used": "1"}).status, 400)
        self.assertEqual(self.quota.put(path, {"train_gpu_quota": "many"}).status, 400)
        self.assertEqual(self.quota.put(f"{BASE}/quota/999", {"train_gpu_quota": 1}).status, 404)
        self.assertEqual(len(self.quota.get(BASE + "/quota", query={"org_id": "-1"}).json["data"]),
                         len(self.admin.get(BASE + "/orgs").json["data"]))
        self.assertEqual(self.b.get(BASE + "/quota", query={"org_id": "-1"}).status, 403)
        self.quota.put(path, {"train_gpu_quota": "-1", "train_count_quota": "-1", "total_memory_quota": "-1.0K",
                              "train_cpu_quota": "-1.0"})

    def test_keys(self):
        nonce = new_nonce()
        body = {"org_name": "alpha", "role": "operator", "name": "ci"}
        made = self.admin.post(BASE + "/keys", body, nonce=nonce)
        self.assertEqual(made.status, 200, made)
        k = made.json
        self.assertRegex(k["access_key"], r"^[A-Z0-9]{20}$")
        self.assertRegex(k["secret_key"], r"^[A-Za-z0-9_-]{43}$")
        client = Client(self.daemon.port, Key(k["access_key"], k["secret_key"]))
        who = client.get(BASE + "/authentication").json
        self.assertEqual((who["name"], who["org_name"], who["role"]), ("ci", "alpha", "operator"))
        self.assertNotIn("secret_key", json.dumps(self.admin.get(BASE + "/keys").json))
        # The same request again: done once, and its secret is not kept.
        again = self.admin.post(BASE + "/keys", body, nonce=nonce)
        self.assertEqual(again.status, 409)
        self.assertNotIn(k["secret_key"], again.body.decode())
        second = self.admin.post(f"{BASE}/keys/{k['access_key']}/rotate").json
        rotated = Client(self.daemon.port, Key(second["access_key"], second["secret_key"]))
        self.assertEqual(rotated.get(TRAIN).status, 200)
        self.assertEqual(client.get(TRAIN).status, 200)
        self.assertEqual(self.admin.post(f"{BASE}/keys/{k['access_key']}/disable").status, 200)
        self.assertEqual(client.get(TRAIN).status, 401)
        self.assertEqual(rotated.get(TRAIN).status, 200)
        self.assertEqual(self.admin.post(f"{BASE}/keys/NOBODY/disable").status, 404)
        self.assertEqual(self.admin.post(BASE + "/keys", {"org_name": "nobody", "role": "viewer"}).status, 422)
        self.assertEqual(self.admin.post(BASE + "/keys", {"org_name": "alpha", "role": "root"}).status, 400)

    def test_read_only_key(self):
        key = self.daemon.key(org="alpha", role="admin", more=["--read-only"])
        client = Client(self.daemon.port, key)
        self.assertEqual(client.get(TRAIN).status, 200)
        self.assertEqual(client.post(TRAIN, {"job_name": "ro", "command": ["x"]}).status, 403)

    def test_orgs(self):
        a = self.admin.post(BASE + "/orgs", {"org_name": "delta", "description": "fourth"})
        self.assertEqual((a.status, a.json["description"]), (200, "fourth"), a)
        self.assertEqual(self.admin.post(BASE + "/orgs", {"org_name": "delta"}).status, 409)
        self.assertEqual(self.admin.post(BASE + "/orgs", {"org_name": "-x"}).status, 400)
        self.assertEqual(self.admin.post(BASE + "/orgs", {"org_name": "a.b"}).status, 400)
        self.assertIn("delta", [o["org_name"] for o in self.admin.get(BASE + "/orgs").json["data"]])

    def test_what_belongs_to_the_platform_is_all_of_it(self):
        """Orgs and keys of all, where an admin names none; of one where one is named; others see their own."""
        orgs = {self.a.key.org_id, self.b.key.org_id, self.admin.key.org_id}
        with self.admin.websocket() as w:
            for id, kind, uid in ((1, "org", "org_id"), (2, "key", "access_key")):
                path, rows = f"{BASE}/{kind}s", w.snapshot(id, kind, by=uid)
                self.assertLessEqual(orgs, {r["org_id"] for r in rows.values()}, kind)
                self.assertLessEqual(orgs, {r["org_id"] for r in self.admin.get(path).json["data"]})
                one = self.admin.get(path, query={"org_id": self.b.key.org_id}).json["data"]
                self.assertEqual({r["org_id"] for r in one}, {self.b.key.org_id}, kind)
                rows = w.snapshot(id + 2, kind, by=uid, org=self.b.key.org_id)
                self.assertEqual({r["org_id"] for r in rows.values()}, {self.b.key.org_id}, kind)
            self.assertEqual({r["org_id"] for r in w.snapshot(5, "quota", by="org_id").values()},
                             {self.admin.key.org_id})
        with self.a.websocket() as w:
            for id, kind, uid in ((1, "org", "org_id"), (2, "key", "access_key")):
                rows = w.snapshot(id, kind, by=uid)
                self.assertEqual({r["org_id"] for r in rows.values()}, {self.a.key.org_id}, kind)

    def events(self, client, path, **query):
        a = client.get(path, query=query)
        self.assertEqual(a.status, 200, a)
        return [(e["kind"], e["reason"], e["message"]) for e in a.json["data"]]

    def test_what_happened_to_an_object_of_any_kind(self):
        """Made, changed and switched off by whom; what only admins see is told to them alone."""
        by = "by " + self.admin.get(BASE + "/authentication").json["name"]
        org = self.admin.post(BASE + "/orgs", {"org_name": "eventful"}).json["org_id"]
        key = self.admin.post(BASE + "/keys", {"org_name": "eventful", "role": "operator"}).json
        client = Client(self.daemon.port, Key(key["access_key"], key["secret_key"], org))
        self.assertEqual(self.admin.put(f"{BASE}/quota/{org}", {"train_gpu_quota": "2"}).status, 200)
        own = "by " + client.get(BASE + "/authentication").json["name"]
        package = client.post(BASE + "/packages", {"size": 1, "sha256": "1" * 64, "name": "e.tar.gz"}).json["id"]
        self.assertEqual(self.events(self.admin, f"{BASE}/orgs/{org}/events"), [("org", "Created", by)])
        self.assertEqual(self.events(self.admin, f"{BASE}/keys/{key['access_key']}/events"), [("key", "Created", by)])
        changed = ("quota", "Changed", "train_gpu_quota: " + by)
        self.assertEqual(self.events(client, f"{BASE}/quota/{org}/events"), [changed])
        announced = ("package", "Announced", own)
        self.assertEqual(self.events(client, f"{BASE}/packages/{package}/events"), [announced])
        self.assertEqual(self.events(client, BASE + "/events"), [changed, announced])
        self.assertEqual(self.admin.post(f"{BASE}/keys/{key['access_key']}/disable", b"").status, 200)
        mine = self.events(self.admin, BASE + "/events", filter=f"object_uid={key['access_key']}")
        self.assertEqual(mine, [("key", "Created", by), ("key", "Disabled", by)])
        with self.admin.websocket() as w:
            rows = w.snapshot(1, "event", filter=f"object_uid={key['access_key']}").values()
            self.assertEqual({e["reason"] for e in rows}, {"Created", "Disabled"})

    def test_orgs_made_at_once(self):
        """Each gets an id of its own, and one name is made once."""
        names = [f"many{n}" for n in range(8)] + ["same"] * 4
        sockets = [Socket(self.daemon.port) for _ in names]
        requests = [self.admin.bytes_of("POST", BASE + "/orgs", body={"org_name": n}) for n in names]
        for s, data in zip(sockets, requests):
            s.send(data)
        answers = [s.answer() for s in sockets]
        for s in sockets:
            s.close()
        self.assertEqual([a.status for a in answers[:8]], [200] * 8, answers)
        self.assertEqual(sorted(a.status for a in answers[8:]), [200, 409, 409, 409], answers)
        ids = [a.json["org_id"] for a in answers if a.status == 200]
        self.assertEqual(len(set(ids)), 9, ids)
        listed = {o["org_name"]: o["org_id"] for o in self.admin.get(BASE + "/orgs").json["data"]}
        self.assertEqual([listed[n] for n in names[:9]], ids)

    def test_audit(self):
        uid = self.job(self.a, "audited")["uid"]
        self.a.delete(f"{TRAIN}/audited")
        until(lambda: self.a.get(f"{TRAIN}/audited").status == 404, "it to go: other tests count jobs")
        rows = [r["record"] for r in self.admin.get(BASE + "/audit", query={"limit": "50"}).json["data"]]
        mine = [r["action"] for r in rows if r.get("object") == uid]
        self.assertEqual(mine, ["job.delete", "job.create"])
        self.assertEqual([r for r in rows if r.get("object") == uid][0]["access_key"], self.a.key.access_key)
        # Rows as of any kind: filtered, with some of their fields, in pages; each record once.
        path, mine = BASE + "/audit", []
        query = {"filter": f"object={uid}", "fields": "seq,action,org_id", "limit": "1"}
        page = self.admin.get(path, query=query).json
        while True:
            mine += page["data"]
            if "continue" not in page:
                break
            page = self.admin.get(path, query=dict(query, **{"continue": page["continue"]})).json
        self.assertEqual([(r["action"], r["org_id"]) for r in mine],
                         [("job.delete", self.a.key.org_id), ("job.create", self.a.key.org_id)])
        self.assertGreater(int(mine[0]["seq"]), int(mine[1]["seq"]))
        other = self.admin.get(path, query=dict(query, org_id=self.b.key.org_id))
        self.assertEqual((other.status, other.json["data"]), (200, []))
        own = self.a.get(path, query={"fields": "org_id"}).json["data"]
        self.assertEqual({r["org_id"] for r in own}, {self.a.key.org_id})
        out = self.daemon.verb("audit", "verify")
        self.assertEqual(out.returncode, 0, out)
        self.assertIn(b"chain whole", out.stdout)

    def test_second_org_needs_root_on_the_local_engine(self):
        if os.geteuid() == 0:
            with Daemon(engine="local") as d:
                d.key(org="one")
                d.key(org="two")
                admin = d.client(org="one", role="admin")
                users = [o["run_uid"] for o in admin.get(BASE + "/orgs").json["data"]]
                self.assertEqual(users, [300000, 300001])
                # Its tasks run as that user, and see neither the store nor its folder.
                os.chmod(d.folder, 0o711)
                c = d.client(org="two", role="operator")
                script = f"id -u; ls {d.state} 2>&1; cat {d.state}/master.key 2>&1; echo x > $MLTOP_OUTPUT_DIR/f && echo wrote"
                self.assertEqual(c.post(TRAIN, {"job_name": "who", "command": ["sh", "-c", script]}).status, 200)
                until(lambda: c.get(f"{TRAIN}/who").json["state"] in ("completed", "failed", "error"), "end")
                logs = c.get(f"{TRAIN}/who/logs").json["logs"]
                self.assertEqual(logs.split()[0], "300001", logs)
                # Where it lives is below that folder, so that it has the way there and no more.
                self.assertRegex(logs.splitlines()[1], "^tasks$|Permission denied")
                self.assertRegex(logs.splitlines()[2], "master.key: (Permission denied|No such file)")
                self.assertTrue(logs.endswith("wrote\n"), logs)
            return
        with Daemon(engine="local") as d:
            d.key(org="one")
            out = d.verb("key", "create", "--org", "two", "--role", "viewer")
            self.assertEqual(out.returncode, 1)
            self.assertIn(b"root", out.stderr)


    def test_orgs_from_before_the_local_engine(self):
        """Made where nothing ran as anybody, they get their users at the next start, or there is none."""
        with Daemon(engine="fake", settings=[]) as d:
            c = d.client(org="one")
            d.key(org="two")
            d.stop()
            d.engine = "local"
            if os.geteuid() != 0:
                self.assertRaisesRegex(AssertionError, "root", d.start)
                return
            d.start()
            c.port = d.port
            users = [o["run_uid"] for o in c.get(BASE + "/orgs").json["data"]]
            self.assertEqual(users, [300000, 300001])
            self.assertEqual(c.post(TRAIN, {"job_name": "who", "command": ["id", "-u"]}).status, 200)
            until(lambda: c.get(f"{TRAIN}/who").json["state"] in ("completed", "failed", "error"), "end")
            self.assertEqual(c.get(f"{TRAIN}/who/logs").json["logs"], "300000\n")


if __name__ == "__main__":
    support.main()
