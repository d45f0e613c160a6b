#!/usr/bin/python3
"""The tenant matrix, made from the daemon's own route table (mltopd docs routes).

Two orgs share a platform. What one of them has must be for the other as if it were not: the same
status, the same headers, the same body but for the name that was asked for. A route that is marked
as naming an object of an org and has no case here fails the test, and so does a case without a route.
"""
import hashlib
import json
import os
import re
import subprocess
import unittest

import support
from support import BASE, LIMIT, MLTOPD, Client, Daemon, Key, new_nonce, until

TRAIN, PACKAGES, SECRETS, MODELS = BASE + "/train", BASE + "/packages", BASE + "/secret", BASE + "/model"
ROOMY = ["limits.requests_per_second=100000", "limits.request_burst=100000", "limits.per_address=1000",
         "limits.per_key=1000", "limits.streams_per_key=1000"]
RANK = ["viewer", "operator", "quota-admin", "admin"]

def table():
    out = subprocess.run([MLTOPD, "docs", "routes"], capture_output=True, timeout=LIMIT, check=True)
    return json.loads(out.stdout)


# Those of packages as objects are signed otherwise: fds_test has their roles and orgs.
ROUTES = [r for r in table() if "objects" not in r["flags"]]

# What is asked of each route that names an object: (query, body) by what may be said to it. All of
# them are asked plainly; GET with a body, and parameters that only some objects have, are where an
# implementation may look at the object before it looks at the org.
PLAIN = [((), None)]
MORE = {
    ("GET", TRAIN + "/{job}"): [((("fields", "state,message"),), None), ((("fields", "nope"),), None)],
    ("DELETE", TRAIN + "/{job}"): [((("is_cluster_name", "True"),), None), ((("force", "True"),), None)],
    ("GET", TRAIN + "/{job}/logs"): [((("lines", "3"),), None), ((("follow", "True"),), None),
                                     ((("task", "master-0"), ("attempt", "1")), None),
                                     ((("task", "nobody"),), None), ((("attempt", "99"),), None)],
    ("GET", TRAIN + "/{job}/outputs"): [((("path", "x"),), None), ((("path", "../x"),), None)],
    ("PUT", PACKAGES + "/{package}"): [((("offset", "0"),), b"data"), ((("offset", "4"),), b"more"),
                                       ((("offset", "99"),), b"x"), ((), b"data")],
}
CASES = {}
# Kinds that belong to the platform and to no org.
PLATFORMS = {"node", "gpu", "framework"}
for route in ROUTES:
    if "tenant" in route["flags"]:
        asked = [] if "raw-body" in route["flags"] else PLAIN + [((("fields", "nope"),), None)]
        if route["method"] == "POST":
            asked = asked + [((), b"{}")]
        CASES[route["method"], route["pattern"]] = asked + MORE.get((route["method"], route["pattern"]), [])


def fill(pattern, name):
    return re.sub(r"\{[a-z]+\}", name, pattern)


def seen(answer, name):
    """All that a client sees of an answer, without the name it asked for and the time of day."""
    headers = {k: v for k, v in answer.headers.items() if k not in ("date", "content-length")}
    return answer.status, headers, answer.body.replace(name.encode(), b"NAME")


class TheTable(unittest.TestCase):
    def test_the_cases_are_of_routes(self):
        self.assertLessEqual(set(MORE), set(CASES))
        self.assertGreater(len(CASES), 14)
        for routes in CASES.values():
            self.assertTrue(routes)

    def test_every_object_in_a_path_is_marked(self):
        """What the platform has is for all to read, and for admins to change; changes of a quota belong to those who see all
        of them; all else belongs to an org."""
        for r in ROUTES:
            if "{" not in r["pattern"]:
                continue
            if r["kind"] in PLATFORMS:
                self.assertTrue(r["method"] == "GET" or r["role"] == "admin", r)
            elif r["kind"] == "quota" and r["method"] != "GET":
                self.assertEqual(r["role"], "quota-admin", r)
            else:
                self.assertIn("tenant", r["flags"], r)

    def test_what_writes_is_marked(self):
        for r in ROUTES:
            if r["method"] != "GET" and r["pattern"] != BASE + "/quota":
                self.assertIn("changes", r["flags"], r)
            if "changes" in r["flags"]:
                self.assertNotEqual(r["role"], "viewer", r)
                self.assertNotIn("open", r["flags"], r)


class Shared:
    """The matrix on one engine; the mixin is run by the classes below."""
    ENGINE = None

    @classmethod
    def setUpClass(cls):
        cls.daemon = d = Daemon(engine=cls.ENGINE, settings=ROOMY + ["fake.changes=0"])
        cls.a, cls.b = d.client(org="alpha", role="operator"), d.client(org="beta", role="operator")
        cls.a_name = cls.a.get(BASE + "/authentication").json["name"]
        cls.b_admin = d.client(org="beta", role="admin")
        made = d.client(org="alpha", role="admin").post(SECRETS, {"secret_name": "alpha-token", "value": "of-alpha"})
        cls.token = made.json["uid"]
        cls.live = cls.submit(cls.a, "alpha-live", "echo of-alpha; sleep 600")
        cls.over = cls.submit(cls.a, "alpha-over", "echo of-alpha")
        cls.a.post(f"{TRAIN}/alpha-over/cancel", b"")
        until(lambda: cls.a.get(f"{TRAIN}/alpha-live").json["state"] == "running", "alpha-live to run")
        until(lambda: cls.a.get(f"{TRAIN}/alpha-over").json["state"] in ("completed", "failed"), "the end")
        cls.service = cls.a.post(MODELS, {"model_name": "alpha-serves", "command": ["sleep", "600"], "cpu_limit": "0.1",
                                          "start_deadline": "1h"}).json["uid"]
        cls.replica = until(lambda: [r for r in cls.a.get(BASE + "/replica").json["data"] if r["state"] == "running"],
                            "its replica to run")[0]["uid"]
        cls.whole = cls.upload(b"data", b"data")
        cls.part = cls.upload(b"data-and-more", b"data")

    @classmethod
    def tearDownClass(cls):
        cls.a.delete(f"{TRAIN}/alpha-live")
        cls.a.delete(f"{MODELS}/alpha-serves")
        until(lambda: not cls.a.get(BASE + "/replica").json["data"], "the end of what served")
        until(lambda: cls.a.get(f"{TRAIN}/alpha-live").status == 404, "the end of what ran")
        cls.daemon.close()

    @classmethod
    def submit(cls, client, name, script):
        a = client.post(TRAIN, {"job_name": name, "command": ["/bin/sh", "-c", script],
                                "env": {"FAKE_SECONDS": "600"}})
        assert a.status == 200, a
        return a.json["uid"]

    @classmethod
    def upload(cls, data, sent):
        made = cls.a.post(PACKAGES, {"size": len(data), "sha256": hashlib.sha256(data).hexdigest(),
                                     "name": "x.tar.gz"}).json["id"]
        a = cls.a.put(f"{PACKAGES}/{made}", sent, query={"offset": "0"})
        assert a.status == 200, a
        return made

    def names(self, pattern):
        """Names of alpha's objects, each beside one of the same form that nobody has."""
        none = "01" + "Z" * 24
        if "{package}" in pattern:
            return [(self.whole, none), (self.part, none)]
        if "{quota}" in pattern:
            return [(self.a.key.org_id, "4711"), ("alpha", "omega")]
        if "{org}" in pattern:
            return [(self.a.key.org_id, "4711"), ("alpha", "omega")]
        if "{key}" in pattern:
            return [(self.a.key.access_key, "A" * 20), (self.a_name, "nobody-at-all")]
        if "{secret}" in pattern:
            return [("alpha-token", "zzzzz-token"), (self.token, none)]
        if "{model}" in pattern:
            return [("alpha-serves", "zzzzz-serves"), (self.service, none)]
        if "{replica}" in pattern:
            return [("alpha-serves.replica-0", "zzzzz-serves.replica-0"), (self.replica, none)]
        self.assertIn("{job}", pattern, "name objects of this kind here")
        return [("alpha-live", "zzzzz-live"), ("alpha-over", "zzzzz-over"), (self.live, none), (self.over, none)]

    def holdings(self):
        """What alpha has, without what moves by itself."""
        jobs = [{k: j[k] for k in ("uid", "state", "attempt", "reason")}
                for j in self.a.get(TRAIN).json["data"]]
        jobs += [{k: m[k] for k in ("uid", "generation", "replicas")} for m in self.a.get(MODELS).json["data"]]
        return jobs, self.a.get(PACKAGES).json["data"], self.a.get(SECRETS).json["data"]

    def same(self, client, method, pattern, more=()):
        for query, body in CASES[method, pattern]:
            for name, absent in self.names(pattern):
                with self.subTest(method=method, pattern=pattern, name=name, query=query, more=more):
                    got, want = (client.request(method, fill(pattern, n), nonce=new_nonce(), body=body,
                                                query=query + more) for n in (name, absent))
                    self.assertEqual(seen(got, name), seen(want, absent))
                    self.assertIn(got.status, (400, 403, 404))

    def test_a_foreign_object_is_an_absent_one(self):
        before = self.holdings()
        self.assertEqual(len(before[0]) + len(before[1]), 5)
        for method, pattern in CASES:
            self.same(self.b, method, pattern)
            if not any(of in pattern for of in ("{quota}", "{key}", "{org}")):  # which admins see whatever the org
                self.same(self.b_admin, method, pattern)
        self.assertEqual(self.holdings(), before)

    def test_asking_for_the_other_org_by_its_id(self):
        """Nobody but an admin, and the refusal does not tell which orgs or objects there are."""
        before = self.holdings()
        for org in (self.a.key.org_id, "no-such-org", "-1"):
            for method, pattern in CASES:
                self.same(self.b, method, pattern, (("org_id", org),))
        for method, pattern in CASES:
            path = fill(pattern, self.names(pattern)[0][0])
            body = CASES[method, pattern][0][1]
            a, b = (self.b.request(method, path, nonce=new_nonce(), body=body, query={"org_id": org})
                    for org in (self.a.key.org_id, "no-such-org"))
            self.assertEqual((a.status, a.body), (403, b.body))
        self.assertEqual(self.holdings(), before)

    def test_lists_hold_nothing_of_the_other(self):
        empty = self.daemon.client(org="gamma", role="operator")
        for path in (TRAIN, PACKAGES, SECRETS, BASE + "/events"):
            for query in ({}, {"name": "alpha-live"}, {"filter": f"org_id={self.a.key.org_id}"}, {"continue": "0"}, {"limit": "500"}):
                a = empty.get(path, query=query)
                self.assertEqual((a.status, a.json.get("data")), (200, []), (path, query, a))
        self.assertEqual([q["org_id"] for q in empty.get(BASE + "/quota").json["data"]], [empty.key.org_id])
        for path in (TRAIN, PACKAGES, SECRETS, BASE + "/events", BASE + "/quota"):
            for org in (self.a.key.org_id, "no-such-org", "-1"):
                self.assertEqual(self.b.get(path, query={"org_id": org}).status, 403, path)

    def test_names_are_free_in_each_org(self):
        mine, theirs = self.submit(self.a, "both", "true"), self.submit(self.b, "both", "true")
        self.assertNotEqual(mine, theirs)
        for client, uid in ((self.b, theirs), (self.a, mine)):
            self.assertEqual(client.get(f"{TRAIN}/both").json["uid"], uid)
        for client in (self.b, self.a):
            client.delete(f"{TRAIN}/both")
            until(lambda c=client: c.get(f"{TRAIN}/both").status == 404, "the end of both")
            self.assertEqual(self.a.get(f"{TRAIN}/both").status, 200 if client is self.b else 404)

    def test_package_of_the_other(self):
        """A job cannot be made from it, and saying its hash does not get it."""
        answers = []
        for id in (self.whole, self.part, "01" + "Z" * 24):
            a = self.b.post(TRAIN, {"job_name": "thief", "module_name": "x", "trainer_uri": f"package://{id}"})
            answers.append(seen(a, id))
            self.assertEqual(a.status, 422, a)
        self.assertEqual(answers[0], answers[2])
        self.assertEqual(answers[1], answers[2])
        a = self.b.post(PACKAGES, {"size": 4, "sha256": hashlib.sha256(b"data").hexdigest(), "name": "x.tar.gz"})
        self.assertNotEqual(a.json["id"], self.whole)
        self.assertEqual(a.json["received"], 0)
        self.b.delete(f"{PACKAGES}/{a.json['id']}")

    def test_nonce_of_the_other(self):
        """A stored answer is given to the key that asked, never to another."""
        nonce, body = new_nonce(), json.dumps({"job_name": "twice", "command": ["true"]}).encode()
        mine = self.a.post(TRAIN, body, nonce=nonce)
        theirs = self.b.post(TRAIN, body, nonce=nonce)
        self.assertEqual((mine.status, theirs.status), (200, 200))
        self.assertNotEqual(mine.json["uid"], theirs.json["uid"])
        self.assertEqual(theirs.json["org_id"], self.b.key.org_id)
        for client in (self.a, self.b):
            client.delete(f"{TRAIN}/twice")
            until(lambda c=client: c.get(f"{TRAIN}/twice").status == 404, "twice to go")

    def test_rows_of_the_other_are_not_streamed(self):
        with self.b.websocket() as w:
            kinds = ("job", "task", "event", "org", "quota", "key", "secret", "node", "gpu")
            for id, kind in enumerate(kinds, 1):
                w.send(t="sub", id=id, kind=kind)
            waiting = set(range(1, len(kinds) + 1))
            got = []
            while waiting:
                m = w.next()
                got.append(m)
                if m["t"] in ("synced", "error"):
                    waiting.discard(m["id"])
            for n in range(3):
                self.submit(self.a, f"hidden-{n}", "echo hidden-log")
                self.a.delete(f"{TRAIN}/hidden-{n}")
            self.daemon.key(org="alpha", role="viewer", name="hidden-key")
            until(lambda: len(self.a.get(TRAIN).json["data"]) == 2, "alpha's jobs to go")
            # These come after all that is owed, the second after what went out with the first.
            for name in ("mine", "mine-too"):
                uid = self.submit(self.b, name, "true")
                while not any(r.get("uid") == uid for m in got[-1:] for r in m.get("rows", ())):
                    got.append(w.next())
                self.b.delete(f"{TRAIN}/{name}")
        text = json.dumps(got)
        for word in ("hidden", "alpha", self.live, self.over, self.whole, self.token, self.a.key.access_key):
            self.assertNotIn(word, text)
        of_all = {id for id, kind in enumerate(kinds, 1) if kind in PLATFORMS}
        self.assertEqual({r["org_id"] for m in got if m.get("id") not in of_all for r in m.get("rows", ())},
                         {self.b.key.org_id})
        gone = {u for m in got for u in m.get("uids", ())}
        self.assertLessEqual(gone, {r.get("uid") for m in got for r in m.get("rows", ())}, "gone, but never sent")

    def test_subscribing_to_the_other(self):
        """Rows by org_id are refused, alike for an org that is there and for one that is not."""
        with self.b.websocket() as w:
            for kind in ("job", "task", "event", "quota", "key", "secret"):
                answers = []
                for org in (self.a.key.org_id, "no-such-org", "-1"):
                    w.send(t="sub", id=7, kind=kind, org=org)
                    m = w.until("error")
                    answers.append((m["code"], m["message"]))
                self.assertEqual(answers[0][0], 403)
                self.assertEqual(len(set(answers)), 1, answers)

    def test_log_of_the_other(self):
        with self.b.websocket() as w:
            for more in ({}, {"org": self.a.key.org_id}, {"org": "-1"}, {"org": "no-such-org"}, {"attempt": 1},
                         {"task": "nobody"}, {"offset": 5, "generation": 0}, {"tail": 100}):
                answers = set()
                for name, absent in self.names("{job}"):
                    for n in (name, absent):
                        for whose in ({"job": n}, {"of": "job", "object": n}):
                            w.send(t="sub", id=3, kind="log", credit=100000, **whose, **more)
                            m = w.until("error")
                            answers.add((m["code"], m["message"].replace(n, "NAME")))
                self.assertEqual(len(answers), 1, (more, answers))
                self.assertEqual(answers.pop()[0], 404)
            self.assertTrue(w.quiet(0.2))
            self.assertFalse([e for e in w.events if e["t"] == "bytes"])


class OnFake(Shared, unittest.TestCase):
    ENGINE = "fake"


if os.geteuid() == 0:
    class OnLocal(Shared, unittest.TestCase):
        ENGINE = "local"


class Refusals(unittest.TestCase):
    """Who may not, of every route: none is forgotten, because the routes come from the table."""

    @classmethod
    def setUpClass(cls):
        cls.daemon = d = Daemon(engine="fake", settings=ROOMY + ["fake.changes=0"])
        cls.other = d.client(org="beta", role="admin")
        cls.by = {role: d.client(org="alpha", role=role) for role in RANK}
        cls.good = cls.by["admin"]
        cls.reader = Client(d.port, d.key(org="alpha", role="admin", more=["--read-only"]))
        cls.closed = [r for r in ROUTES if "open" not in r["flags"]]

    @classmethod
    def tearDownClass(cls):
        cls.daemon.close()

    def ask(self, client, route, **how):
        body = None if route["method"] in ("GET", "DELETE") else b"{}"
        return client.request(route["method"], fill(route["pattern"], "nothing"), nonce=new_nonce(),
                              body=body, **how)

    def all_answer(self, status, client, routes, **how):
        self.assertGreater(len(routes), 5)
        bodies = set()
        for r in routes:
            a = self.ask(client, r, **how)
            self.assertEqual((a.status, a.json["error"]), (status, True), (r, a))
            bodies.add(a.body)
        return bodies

    def test_open_routes(self):
        names = sorted(r["pattern"] for r in ROUTES if "open" in r["flags"])
        self.assertEqual(names, [BASE + "/framework", BASE + "/version", "/healthz", "/metrics", "/readyz", "/version"])

    def test_without_a_signature(self):
        self.all_answer(401, self.good, self.closed, sign=False)

    def test_wrong_secret_and_unknown_key(self):
        key = self.good.key
        wrong = self.all_answer(401, Client(self.daemon.port, Key(key.access_key, "x" * 43)), self.closed)
        nobody = self.all_answer(401, Client(self.daemon.port, Key("A" * 20, key.secret_key)), self.closed)
        self.assertEqual(wrong, nobody, "the answer tells whether the key exists")
        self.assertEqual(len(wrong), 1)

    def test_disabled_key(self):
        client = self.daemon.client(org="alpha", role="admin")
        self.assertEqual(client.get(TRAIN).status, 200)
        self.assertEqual(self.daemon.verb("key", "disable", client.key.access_key).returncode, 0)
        self.assertEqual(len(self.all_answer(401, client, self.closed)), 1)
        with self.assertRaises(support.Refused) as caught:
            client.websocket()
        self.assertEqual(caught.exception.answer.status, 401)

    def test_each_role_and_those_below_it(self):
        for least in RANK[1:]:
            routes = [r for r in self.closed if r["role"] == least]
            self.assertTrue(routes, least)
            for role in RANK[:RANK.index(least)]:
                for r in routes:
                    a = self.ask(self.by[role], r)
                    self.assertEqual(a.status, 403, (role, r, a))
                    self.assertIn(least, a.message)
                    self.assertIn(role, a.message)
            for r in routes:
                self.assertNotIn(self.ask(self.by[least], r).status, (401, 403), (least, r))

    def test_read_only_key(self):
        self.all_answer(403, self.reader, [r for r in self.closed if "changes" in r["flags"]])
        for r in self.closed:
            if "changes" not in r["flags"]:
                self.assertNotIn(self.ask(self.reader, r).status, (401, 403), r)

    def test_org_id_of_another_org(self):
        """403, or a route that has no use for org_id and answers as without it."""
        plain = {BASE + "/authentication", BASE + "/org_ids", BASE + "/framework/{framework}/progress", TRAIN, PACKAGES,
                 BASE + "/secret"}
        # What there is none of here, as the public client asks: empty for every org.
        plain |= {f"{BASE}/{none}" for none in ("model", "dev", "tensorboard", "pipeline", "ceph")}
        plain.add(BASE + "/resources")  # the machines are the platform's
        for r in self.closed:
            if r["role"] == "admin":
                continue
            query = {"org_id": self.other.key.org_id}
            client = self.by["operator" if r["role"] == "viewer" else r["role"]]
            a = self.ask(client, r, query=query)
            if a.status == 403:
                continue
            if r["pattern"] == BASE + "/quota/{quota}" and r["method"] == "PUT":
                self.assertEqual(a.status, 404, a)  # a quota-admin's, whatever the org
                continue
            self.assertIn(r["pattern"], plain, (r, a))
            self.assertEqual(a.body, self.ask(client, r).body, r)


if __name__ == "__main__":
    support.main()
