"""Keys that people make themselves: who may do what to which, two at once, when and where used."""
import itertools
import time
import unittest

import support
from support import BASE, FREE, Client, Key, Refused, until

KEYS = BASE + "/keys"
RANK = ["viewer", "operator", "quota-admin", "admin"]


def setUpModule():
    global daemon, root
    daemon, root = support.module_daemon(settings=("fake.changes=0",) + FREE)
    for org in ("alpha", "beta"):
        assert root.post(BASE + "/orgs", {"org_name": org}).status == 200


names = (f"person{n}" for n in itertools.count())


def made(maker=None, **fields):
    """A client with a key that `maker` makes."""
    answer = (maker or root).post(KEYS, fields)
    assert answer.status == 200, answer
    key = Key(answer.json["access_key"], answer.json["secret_key"], answer.json["org_id"])
    return Client(daemon.port, key)


def person(role="operator", org="alpha", **more):
    return made(name=next(names), role=role, org_name=org, **more)


def row(client):
    answer = root.get(f"{KEYS}/{client.key.access_key}")
    assert answer.status == 200, answer
    return answer.json


def rfc3339(at):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


class Rights(unittest.TestCase):
    def test_each_role_makes_each_role(self):
        for mine, wanted in itertools.product(RANK, RANK):
            maker = person(mine)
            answer = maker.post(KEYS, {"name": next(names), "role": wanted})
            may = mine != "viewer" and RANK.index(wanted) <= RANK.index(mine)
            self.assertEqual(answer.status, 200 if may else 403, (mine, wanted, answer))
            if may:
                self.assertEqual((answer.json["org_name"], answer.json["role"]), ("alpha", wanted))
            elif mine != "viewer":
                self.assertEqual(answer.json["field"], "role")

    def test_each_role_and_action_on_each_key(self):
        """Own ones and those that one made; of a role that is not stronger; an admin all."""
        def ask(client, action, key):
            if action == "edit":
                return client.put(f"{KEYS}/{key}", {"not_after": rfc3339(time.time() + 600)})
            if action == "enable":
                root.post(f"{KEYS}/{key}/disable", b"")
            return client.post(f"{KEYS}/{key}/{action}", b"")

        for mine, theirs in itertools.product(RANK, RANK):
            for whose in ("own", "made", "other's", "other org's"):
                for action in ("edit", "rotate", "disable", "enable"):
                    maker = person(mine)
                    name = {"own": row(maker)["name"]}.get(whose) or next(names)
                    org = "beta" if whose == "other org's" else "alpha"
                    if whose == "made" and (mine == "viewer" or RANK.index(theirs) > RANK.index(mine)):
                        continue  # nobody could make it
                    by = maker if whose == "made" else root
                    key = made(by, name=name, org_name=org, role=theirs).key.access_key
                    if action == "rotate" and whose == "own":
                        root.post(f"{KEYS}/{key}/disable", b"")
                        root.post(f"{KEYS}/{maker.key.access_key}/enable", b"")
                    before = root.get(f"{KEYS}/{key}").json
                    answer = ask(maker, action, key)
                    weak = RANK.index(theirs) <= RANK.index(mine)
                    if mine == "admin" or (mine != "viewer" and weak and whose in ("own", "made")):
                        want = 200
                    elif mine != "viewer" and whose == "other org's":
                        want = 404
                    else:
                        want = 403
                    self.assertEqual(answer.status, want, (mine, theirs, whose, action, answer))
                    after = root.get(f"{KEYS}/{key}").json
                    if want != 200 and action != "enable":
                        self.assertEqual({k: after.get(k) for k in ("disabled", "not_after", "role")},
                                         {k: before.get(k) for k in ("disabled", "not_after", "role")})

    def test_nobody_raises_a_key(self):
        maker = person("operator")
        mine = made(maker, name=row(maker)["name"], role="viewer").key.access_key
        answer = maker.put(f"{KEYS}/{mine}", {"role": "admin"})
        self.assertEqual((answer.status, answer.json["field"]), (403, "role"))
        self.assertEqual(maker.put(f"{KEYS}/{mine}", {"role": "operator"}).json["role"], "operator")
        self.assertEqual(root.put(f"{KEYS}/{mine}", {"role": "admin"}).json["role"], "admin")

    def test_a_name_is_a_person(self):
        a, b = person(), person()
        answer = a.post(KEYS, {"name": row(b)["name"]})
        self.assertEqual((answer.status, answer.json["field"]), (403, "name"))
        self.assertEqual(a.post(KEYS, {}).json["name"], row(a)["name"], "one's own where none is given")
        elsewhere = person(org="beta")
        self.assertEqual(a.post(KEYS, {"name": row(elsewhere)["name"]}).status, 200, "another org's is free")

    def test_another_org_is_an_admin_s(self):
        a, beta = person("quota-admin"), root.get(BASE + "/orgs/beta").json
        for fields in ({"org_name": "beta"}, {"org_id": beta["org_id"]}, {"org_name": "none"}):
            answer = a.post(KEYS, dict(fields, name=next(names)))
            self.assertEqual((answer.status, answer.json["field"]), (403, "org_name"), answer)
        self.assertEqual(a.post(KEYS, {}, query={"org_id": beta["org_id"]}).status, 403)

    def test_a_key_that_ends_makes_none_that_lasts(self):
        end = int(time.time()) + 3600
        maker = person(not_after=rfc3339(end))
        answer = maker.post(KEYS, {"name": next(names), "not_after": rfc3339(end + 60)})
        self.assertEqual((answer.status, answer.json["field"]), (403, "not_after"))
        answer = maker.post(KEYS, {"name": next(names)})
        self.assertEqual(answer.json["not_after"], row(maker)["not_after"])
        answer = maker.put(f"{KEYS}/{maker.key.access_key}", {"not_after": None})
        self.assertEqual((answer.status, answer.json["field"]), (403, "not_after"))

    def test_own_org_is_seen(self):
        for role in RANK[:3]:
            mine = person(role)
            self.assertEqual({k["org_name"] for k in mine.get(KEYS).json["data"]}, {"alpha"})
            self.assertNotIn("secret_key", mine.get(f"{KEYS}/{mine.key.access_key}").json)


class Rotation(unittest.TestCase):
    def test_two_at_once(self):
        first = person()
        answer = first.post(f"{KEYS}/{first.key.access_key}/rotate", b"")
        self.assertEqual(answer.status, 200, answer)
        second = Client(daemon.port, Key(answer.json["access_key"], answer.json["secret_key"]))
        self.assertEqual([c.get(KEYS).status for c in (first, second)], [200, 200])
        answer = first.post(f"{KEYS}/{row(first)['name']}/disable", b"")
        self.assertEqual(answer.status, 409, "which of the two?")
        self.assertIn("access_key", answer.message)
        for answer in (second.post(f"{KEYS}/{first.key.access_key}/rotate", b""), second.post(KEYS, {}),
                       root.post(f"{KEYS}/{first.key.access_key}/rotate", b"")):
            self.assertEqual((answer.status, answer.json["field"]), (409, "name"), answer)
            self.assertIn(first.key.access_key, answer.message)
        self.assertEqual(second.post(f"{KEYS}/{first.key.access_key}/disable", b"").status, 200)
        self.assertEqual(first.get(KEYS).status, 401)
        self.assertEqual(second.post(f"{KEYS}/{second.key.access_key}/rotate", b"").status, 200)

    def test_the_rest_stays(self):
        end = rfc3339(int(time.time()) + 3600)
        first = person("viewer", not_after=end, read_only=True)
        before = row(first)
        answer = root.post(f"{KEYS}/{first.key.access_key}/rotate", b"").json
        for field in ("name", "role", "org_id", "not_after", "read_only", "made_by"):
            self.assertEqual(answer[field], before[field], field)


class Switched(unittest.TestCase):
    def test_off_and_on(self):
        """A key keeps its secret while it is off, and through an edit."""
        key = person()
        path = f"{KEYS}/{key.key.access_key}"
        self.assertEqual(root.post(path + "/enable", b"").status, 409)
        self.assertEqual(root.post(path + "/disable", b"").status, 200)
        self.assertEqual(root.post(path + "/disable", b"").status, 409)
        self.assertEqual(key.get(KEYS).status, 401)
        with self.assertRaises(Refused):
            key.websocket()
        self.assertEqual(root.post(path + "/enable", b"").status, 200)
        self.assertEqual(key.get(KEYS).status, 200)
        self.assertEqual(root.put(path, {"read_only": True}).status, 200)
        self.assertEqual(key.get(KEYS).status, 200)
        self.assertEqual(key.post(KEYS, {}).status, 403)

    def test_edited_to_disabled(self):
        """However it came to be disabled, its sockets close."""
        key = person()
        w = key.websocket()
        w.snapshot(1, "key", by="access_key")
        self.assertEqual(root.put(f"{KEYS}/{key.key.access_key}", {"disabled": True}).status, 200)
        with self.assertRaises(support.Closed) as caught:
            while True:
                w.next()
        self.assertEqual(caught.exception.code, 4401)
        w.close()

    def test_made_disabled(self):
        self.assertEqual(person(disabled=True).get(KEYS).status, 401)


class Used(unittest.TestCase):
    def test_when_and_from_where(self):
        key = person()
        self.assertNotIn("last_used", row(key))
        self.assertEqual(key.get(KEYS).status, 200)
        self.assertEqual(row(key)["last_from"], "127.0.0.1")
        self.assertRegex(row(key)["last_used"], "^20")

    def test_known_after_a_restart(self):
        d = support.Daemon(engine="fake", settings=("fake.changes=0",))
        self.addCleanup(d.close)
        admin, key = d.client(), d.client(role="viewer", name="seldom")
        self.assertEqual(key.get(KEYS).status, 200)
        path = f"{KEYS}/{key.key.access_key}"
        before = admin.get(path).json
        d.stop()
        d.start()
        admin.port = d.port
        after = admin.get(path).json
        self.assertEqual((after["last_used"], after["last_from"]), (before["last_used"], "127.0.0.1"))


if __name__ == "__main__":
    support.main()
