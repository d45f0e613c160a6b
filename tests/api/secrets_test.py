#!/usr/bin/python3
"""Secrets: made, replaced and removed; given to jobs; and nowhere told again."""
import base64
import hashlib
import os
import unittest

import support
import train_kit
from support import BASE, FREE, Client, Daemon, new_nonce, until

SECRET, TRAIN = BASE + "/secret", BASE + "/train"
VALUE_MAX, MOST, ORG_BYTES = 64 * 1024, 200, 2 * 1024 * 1024

FAILS = ('printf "Traceback (most recent call last):\\n  File \\"x.py\\", line 1, in <module>\\n'
         '{error}: {text}\\n"; exit 3')


def random_text():
    return "planted-" + os.urandom(12).hex()


class Objects(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = d = Daemon(settings=FREE)
        cls.admin, cls.operator, cls.viewer = (d.client(org="vision", role=r)
                                               for r in ("admin", "operator", "viewer"))
        cls.other = d.client(org="speech", role="admin")

    @classmethod
    def tearDownClass(cls):
        cls.d.close()

    def made(self, name, **fields):
        a = self.admin.post(SECRET, {"secret_name": name, "value": "v", **fields})
        self.assertEqual(a.status, 200, a)
        return a.json

    def test_what_is_told_of_one(self):
        value = random_text()
        made = self.made("told", value=value, description="of the team")
        for row in (made, self.operator.get(f"{SECRET}/told").json, self.viewer.get(f"{SECRET}/{made['uid']}").json,
                    [r for r in self.viewer.get(SECRET).json["data"] if r["uid"] == made["uid"]][0]):
            self.assertEqual({k: row[k] for k in ("secret_name", "description", "org_name", "owner")},
                             {"secret_name": "told", "description": "of the team", "org_name": "vision",
                              "owner": made["owner"]})
            self.assertFalse({"value", "data", "sealed", "size", "hash"} & set(row), row)
        self.assertEqual(made["create_time"], made["update_time"])
        self.assertNotIn("last_used", made)
        for fields in ("value", "data", "sealed"):
            a = self.admin.get(f"{SECRET}/told", query={"fields": fields})
            self.assertEqual(a.status, 400, a)
            self.assertEqual(self.admin.get(SECRET, query={"filter": f"{fields}=v"}).status, 400)
        until(lambda: any(e["reason"] == "Created" for e in self.viewer.get(f"{SECRET}/told/events").json["data"]),
              "its event")

    def test_bad_input_changes_nothing(self):
        made = self.made("kept")
        for method, path, body, field in (
                ("POST", SECRET, {"value": "x"}, "secret_name"),
                ("POST", SECRET, {"secret_name": "", "value": "x"}, "secret_name"),
                ("POST", SECRET, {"secret_name": "a/b", "value": "x"}, "secret_name"),
                ("POST", SECRET, {"secret_name": "-a", "value": "x"}, "secret_name"),
                ("POST", SECRET, {"secret_name": ".a", "value": "x"}, "secret_name"),
                ("POST", SECRET, {"secret_name": "ä", "value": "x"}, "secret_name"),
                ("POST", SECRET, {"secret_name": "a" * 64, "value": "x"}, "secret_name"),
                ("POST", SECRET, {"secret_name": "new"}, "value"),
                ("POST", SECRET, {"secret_name": "new", "value": None}, "value"),
                ("POST", SECRET, {"secret_name": "new", "value": ""}, "value"),
                ("POST", SECRET, {"secret_name": "new", "value": {"a": 1}}, "value"),
                ("POST", SECRET, {"secret_name": "new", "value": "a\0b"}, None),
                ("POST", SECRET, {"secret_name": "new", "value": "a\x1b[2J"}, "value"),
                ("POST", SECRET, {"secret_name": "new", "value": "x" * (VALUE_MAX + 1)}, "value"),
                ("POST", SECRET, {"secret_name": "new", "data": ""}, "data"),
                ("POST", SECRET, {"secret_name": "new", "data": "abc"}, "data"),
                ("POST", SECRET, {"secret_name": "new", "data": "ab=="}, "data"),
                ("POST", SECRET, {"secret_name": "new", "data": "YWJj\nYWJj"}, "data"),
                ("POST", SECRET, {"secret_name": "new", "data": base64.b64encode(b"x" * (VALUE_MAX + 1)).decode()}, "data"),
                ("POST", SECRET, {"secret_name": "new", "value": "x", "data": "YWJj"}, "data"),
                ("POST", SECRET, {"secret_name": "new", "value": "x", "sealed": "YWJj"}, "sealed"),
                ("POST", SECRET, {"secret_name": "new", "value": "x", "description": "d" * 1025}, "description"),
                ("POST", SECRET, {"secret_name": "new", "value": "x", "description": "a\nb"}, "description"),
                ("POST", SECRET, {"secret_name": "new", "value": "x", "owner": "me"}, "owner"),
                ("PUT", f"{SECRET}/kept", {"value": None}, "value"),
                ("PUT", f"{SECRET}/kept", {"data": None}, "data"),
                ("PUT", f"{SECRET}/kept", {"value": ""}, "value"),
                ("PUT", f"{SECRET}/kept", {"secret_name": "other"}, "secret_name"),
                ("PUT", f"{SECRET}/kept", {"sealed": "x"}, "sealed"),
                ("PUT", f"{SECRET}/kept", {"last_used": None}, "last_used")):
            with self.subTest(method=method, body=str(body)[:80]):
                a = self.admin.request(method, path, body=body, nonce=new_nonce())
                self.assertEqual((a.status, a.json.get("field")), (400, field), a)
        a = self.admin.post(SECRET, {"secret_name": "kept", "value": "x"})
        self.assertEqual((a.status, a.json["field"]), (409, "secret_name"))
        self.assertEqual(self.admin.get(f"{SECRET}/new").status, 404)
        self.assertEqual(self.admin.get(f"{SECRET}/kept").json, made)

    def test_a_refusal_says_nothing_of_the_value(self):
        for body in ({"secret_name": "bad", "value": random_text() + "\x07"},
                     {"secret_name": "bad", "data": random_text()}):
            a = self.admin.post(SECRET, body)
            self.assertEqual(a.status, 400)
            self.assertNotIn(b"planted", a.body)

    def test_replaced_and_removed(self):
        made = self.made("turns", description="first")
        a = self.admin.put(f"{SECRET}/turns", {"value": "another"})
        self.assertEqual((a.status, a.json["description"], a.json["create_time"]),
                         (200, "first", made["create_time"]))
        a = self.admin.put(f"{SECRET}/turns", {"description": "second"})
        self.assertEqual((a.status, a.json["description"]), (200, "second"))
        self.assertEqual(a.json["update_time"], self.admin.get(f"{SECRET}/turns").json["update_time"])
        self.assertEqual(self.admin.delete(f"{SECRET}/turns").status, 200)
        self.assertEqual(self.admin.get(f"{SECRET}/turns").status, 404)
        self.assertNotEqual(self.made("turns")["uid"], made["uid"])
        did = [r for r in self.admin.get(BASE + "/audit").json["data"] if r["action"].startswith("secret.")]
        self.assertLessEqual({"secret.create", "secret.change", "secret.delete"}, {r["action"] for r in did})

    def test_roles(self):
        self.made("guarded")
        colleague = self.d.client(org="vision", role="operator", name="colleague")
        self.assertEqual(colleague.post(SECRET, {"secret_name": "mine", "value": "x"}).status, 200)
        for client in (self.operator, self.viewer):
            for name in ("guarded", "mine"):
                for method, body in (("PUT", {"value": "x"}), ("DELETE", None)):
                    a = client.request(method, f"{SECRET}/{name}", body=body, nonce=new_nonce())
                    self.assertEqual(a.status, 403, a)
        self.assertEqual(self.viewer.post(SECRET, {"secret_name": "viewed", "value": "x"}).status, 403)
        self.assertEqual(colleague.put(f"{SECRET}/mine", {"value": "y"}).status, 200)
        self.assertEqual(colleague.delete(f"{SECRET}/mine").status, 200)
        job = {"job_name": "viewed", "command": ["true"], "secrets": ["guarded"]}
        self.assertEqual(self.viewer.post(TRAIN, job).status, 403)
        self.assertEqual(self.operator.post(TRAIN, job).status, 200)

    def test_orgs_are_apart(self):
        self.made("theirs")
        self.assertEqual(self.other.get(f"{SECRET}/theirs").status, 404)
        self.assertNotIn(b"theirs", self.other.get(SECRET).body)
        mine, none = (self.other.post(TRAIN, {"job_name": "thief", "command": ["true"], "secrets": [name]})
                      for name in ("theirs", "nobody"))
        self.assertEqual((mine.status, mine.body), (422, none.body.replace(b"nobody", b"theirs")))
        a = self.other.post(SECRET, {"secret_name": "theirs", "value": "own"})
        self.assertEqual((a.status, a.json["org_name"]), (200, "speech"))
        a = self.operator.post(SECRET, {"secret_name": "given", "value": "x"}, query={"org_id": self.other.key.org_id})
        self.assertEqual(a.status, 403)
        # An admin names the org, and it is made there.
        a = self.other.post(SECRET, {"secret_name": "given", "value": "x"}, query={"org_id": self.admin.key.org_id})
        self.assertEqual((a.status, a.json["org_name"]), (200, "vision"))
        self.assertEqual(self.operator.get(f"{SECRET}/given").status, 200)

    def test_bounds_of_an_org(self):
        admin = self.d.client(org="many", role="admin")
        for n in range(MOST):
            self.assertEqual(admin.post(SECRET, {"secret_name": f"s{n}", "value": "x"}).status, 200)
        a = admin.post(SECRET, {"secret_name": "over", "value": "x"})
        self.assertEqual(a.status, 422, a)
        self.assertIn(str(MOST), a.json["message"])
        large = base64.b64encode(os.urandom(VALUE_MAX)).decode()
        answers = [admin.put(f"{SECRET}/s{n}", {"data": large}).status for n in range(ORG_BYTES // VALUE_MAX)]
        self.assertEqual(answers[0], 200)
        self.assertEqual(answers[-1], 422)
        self.assertEqual(admin.put(f"{SECRET}/s0", {"value": "small again"}).status, 200)
        self.assertEqual(admin.put(f"{SECRET}/s{MOST - 1}", {"data": large}).status, 200)

    def test_streamed(self):
        value = random_text()
        with self.viewer.websocket() as w, self.d.client(org="speech", role="viewer").websocket() as foreign:
            for ws in (w, foreign):
                ws.send(t="sub", id=1, kind="secret")
                ws.until("synced", 1)
            self.made("flows", value=value)
            rows = w.until("row", 1)["rows"]
            self.assertEqual([r["secret_name"] for r in rows], ["flows"])
            self.assertNotIn(value, str(rows))
            self.assertTrue(foreign.quiet(0.2))

    def test_what_a_job_may_name(self):
        self.made("token")
        self.made("file.pem")
        for secrets, word in ((["nobody"], "mltop secrets create nobody"),):
            a = self.operator.post(TRAIN, {"job_name": "asks", "command": ["true"], "secrets": secrets})
            self.assertEqual((a.status, a.json["field"]), (422, "secrets"), a)
            self.assertIn(word, a.json["message"])
        for secrets, env in ((["token="], {}), (["token=1A"], {}), (["token=A B"], {}), (["token=PATH"], {}),
                             (["token=LD_PRELOAD"], {}), (["token=MLTOP_OUTPUT_DIR"], {}), (["../token"], {}),
                             (["token", "token"], {}), (["token=A", "file.pem=A"], {}), (["token=A"], {"A": "1"}),
                             ([f"token=V{n}" for n in range(65)], {}), (["=A"], {}), ([""], {})):
            with self.subTest(secrets=secrets[:2]):
                a = self.operator.post(TRAIN, {"job_name": "asks", "command": ["true"], "secrets": secrets, "env": env})
                self.assertEqual((a.status, a.json.get("field")), (400, "secrets"), a)
        self.assertEqual(self.operator.get(f"{TRAIN}/asks").status, 404)
        a = self.operator.post(TRAIN, {"job_name": "asks", "command": ["true"],
                                       "secrets": ["token=A", "token", "file.pem"]})
        self.assertEqual((a.status, a.json["secrets"]), (200, ["token=A", "token", "file.pem"]))


class Used(train_kit.Case):
    """On the local engine: a job gets them, and what is told of it hides them."""

    def secret(self, name, value):
        a = self.client.post(SECRET, {"secret_name": name, **({"value": value} if isinstance(value, str) else
                                                              {"data": base64.b64encode(value).decode()})})
        self.assertEqual(a.status, 200, a)

    def audit(self, action):
        return [r for r in self.client.get(BASE + "/audit", query={"limit": "500"}).json["data"]
                if r["action"] == action]

    def test_file_and_variable(self):
        value, raw = random_text(), bytes(range(256))
        self.secret("as-text", value)
        self.secret("as-bytes", raw)
        self.submit("gets", "/bin/sh", "-c",
                    'cd "$MLTOP_SECRETS_DIR" && stat -c "%n %a" * && sha256sum as-bytes && test "$TOKEN" = '
                    '"$(cat as-text)" && echo same', secrets=["as-text", "as-text=TOKEN", "as-bytes"])
        self.ended("gets")
        self.assertEqual(self.logs("gets"), f"as-bytes 400\nas-text 400\n{hashlib.sha256(raw).hexdigest()}  as-bytes\nsame\n")
        used = self.audit("secret.use")
        uid = self.job("gets")["uid"]
        mine = [r["detail"] for r in used if uid in r["detail"]]
        self.assertEqual(len(mine), 3, used)
        for word in ("as-text to job gets", "attempt 1", "variable TOKEN", "a file", self.job("gets")["owner"]):
            self.assertTrue(any(word in d for d in mine), (word, mine))
        until(lambda: "last_used" in self.client.get(f"{SECRET}/as-text").json, "when it was used")

    def test_a_replaced_value_is_that_of_the_next_attempt(self):
        self.secret("turns", "first-value")
        self.submit("again", "/bin/sh", "-c", 'cat "$MLTOP_SECRETS_DIR/turns"', secrets=["turns"])
        self.ended("again")
        self.assertEqual(self.logs("again"), "first-value")
        self.assertEqual(self.client.put(f"{SECRET}/turns", {"value": "second-value"}).status, 200)
        self.assertEqual(self.client.post(f"{TRAIN}/again/retry").status, 200)
        until(lambda: self.logs("again") == "second-value", "the new value")

    def test_removed_before_the_start(self):
        self.secret("goes", "some-value")
        self.submit("waits", "/bin/true", secrets=["goes"])
        self.ended("waits")
        self.assertEqual(self.client.delete(f"{SECRET}/goes").status, 200)
        self.assertEqual(self.client.post(f"{TRAIN}/waits/retry").status, 200)
        job = until(lambda: (lambda j: j if j["reason"] == "SecretMissing" else None)(self.job("waits")), "the reason")
        self.assertEqual(job["state"], "error")
        self.assertIn("mltop secrets create goes", job["message"])
        self.secret("goes", "some-value")
        self.assertEqual(self.client.post(f"{TRAIN}/waits/retry").status, 200)
        until(lambda: self.job("waits")["state"] == "completed", "its end")

    def test_a_copy_names_the_same(self):
        self.secret("copied", "some-value")
        self.submit("one", "/bin/sh", "-c", "echo $S", secrets=["copied=S"])
        whole = self.ended("one")
        self.submit("two", *whole["command"], secrets=whole["secrets"], clone_of="one")
        self.ended("two")
        self.assertEqual(self.logs("two"), "some-value\n")

    def test_covered_in_what_is_told(self):
        value, short = random_text(), "abc"
        lines = "\n".join(random_text() for _ in range(3))
        self.secret("shown", value)
        self.secret("short", short)
        self.secret("lines", lines)
        for name, text in (("whole", value), ("around", f"x{value}y"), ("line", lines.split("\n")[1]),
                           ("cut", "x" * 220 + value)):
            self.submit(name, "/bin/sh", "-c", FAILS.format(error="RuntimeError", text=f"{text} of {short}"),
                        secrets=["shown", "short", "lines"])
            job = self.ended(name)
            self.assertTrue(job["failure"].startswith("RuntimeError: "), job)
            self.assertIn("***" if name != "cut" else "xxx", job["failure"])
            self.assertNotIn("planted", job["failure"])
            if name == "whole":
                self.assertIn("*** of abc", job["failure"])  # fewer than 8 bytes are no value to look for
            self.assertIn(text, self.logs(name))  # the log is the program's own

    def test_covered_in_what_is_said_of_progress(self):
        value = "planted" + os.urandom(8).hex()
        self.secret("spoken", value)
        self.submit("says", "/bin/sh", "-c", 'echo "mltop: progress phase=$S $S=0.5 step=3 loss=0.25"; sleep 600', secrets=["spoken=S"])
        self.addCleanup(self.client.post, f"{TRAIN}/says/cancel")
        job = until(lambda: (lambda j: j if "phase" in j else None)(self.job("says")), "its phase")
        self.assertEqual(job["phase"], "***", job)
        self.assertNotIn(value, str(self.client.get(TRAIN).json))
        self.client.post(f"{TRAIN}/says/cancel")
        self.assertNotIn(value, str(self.ended("says")))

    def test_what_the_attempt_was_given_is_covered_after_a_change(self):
        old = random_text()
        self.secret("moves", old)
        gate = os.path.join(self.daemon.folder, "gate")
        self.submit("tells", "/bin/sh", "-c", f"while ! test -e {gate}; do sleep 0.05; done; " + FAILS.format(error="ValueError", text="$S"),
                    secrets=["moves=S"])
        self.addCleanup(self.client.post, f"{TRAIN}/tells/cancel")
        self.running("tells")
        self.assertEqual(self.client.put(f"{SECRET}/moves", {"value": "another-value"}).status, 200)
        with open(gate, "w"):
            pass
        self.assertEqual(self.ended("tells")["failure"], "ValueError: *** (x.py:1)")


class Killed(unittest.TestCase):
    """The daemon dies between what it accepted and what it has started: the value is there all the same."""

    def test_before_the_task_has_it(self):
        for point in ("after-commit", "before-start", "after-start"):
            with self.subTest(point=point), Daemon(engine="local", args=["--private"], settings=FREE) as d:
                c = Client(d.port, d.secret())
                value = random_text()
                self.assertEqual(c.post(SECRET, {"secret_name": "lasts", "value": value}).status, 200)
                d.stop()
                d.env["MLTOPD_CRASH"] = f"{point}:1:0"
                d.start()
                c = Client(d.port, c.key)
                try:
                    c.post(TRAIN, {"job_name": "after", "command": ["/bin/sh", "-c", 'printf %s "$S" | sha256sum'],
                                   "secrets": ["lasts=S"]})
                except (OSError, EOFError):
                    pass  # it is dead before it could answer
                d.process.wait(support.LIMIT)
                d.stop(check=False)
                del d.env["MLTOPD_CRASH"]
                d.start()
                c = Client(d.port, c.key)
                job = until(lambda: (lambda j: j if j.get("state") in train_kit.FINAL else None)(c.get(f"{TRAIN}/after").json),
                            "its end")
                self.assertEqual(job["state"], "completed", job)
                self.assertEqual(c.get(f"{TRAIN}/after/logs").json["logs"].split()[0],
                                 hashlib.sha256(value.encode()).hexdigest())
                used = [r["detail"] for r in c.get(BASE + "/audit").json["data"] if r["action"] == "secret.use"]
                self.assertTrue(any(f"attempt {job['attempt']} of" in one for one in used), used)
                for at, _, names in os.walk(d.folder):
                    for path in (os.path.join(at, n) for n in names):
                        if os.path.isfile(path):
                            with open(path, "rb") as f:
                                self.assertNotIn(value.encode(), f.read(), path)


class Demo(unittest.TestCase):
    def test_a_made_up_platform_has_some(self):
        with Daemon(settings=("demo.jobs=60", "fake.gpus=8", "fake.changes=0") + FREE) as d:
            c = d.client()
            self.assertEqual(sorted(s["secret_name"] for s in c.get(SECRET).json["data"]),
                             ["hf-token", "s3-credentials", "wandb"])
            over = c.get(TRAIN, query={"filter": "state=failed", "fields": "job_name,secrets"}).json["data"]
            self.assertTrue(all(j["secrets"][0] == "hf-token=HF_TOKEN" for j in over), over)
            name = over[0]["job_name"]
            self.assertEqual(c.post(f"{TRAIN}/{name}/retry").status, 200)
            until(lambda: any("hf-token to job " + name in r["detail"] for r in c.get(BASE + "/audit").json["data"]
                              if r["action"] == "secret.use"), "its use")
            self.assertNotIn(c.get(f"{TRAIN}/{name}").json["reason"], ("SecretMissing",))


if __name__ == "__main__":
    support.main()
