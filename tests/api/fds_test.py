"""The four calls of an object store that the public client makes, signed as it signs them (Galaxy-V2)."""
import hashlib
import os
import time
import unittest

import support
from kit.galaxy import FdsKey, v2
from support import BASE, FREE, Client, Socket, head_bytes, until
from train_kit import tarball

DATE = "Sat, 21 Nov 2026 22:55:57 GMT"
PACKAGES = BASE + "/packages"
PREFIX = "/-fds.api.xiaomi.net"


def setUpModule():
    global daemon, key, other, fds, stranger
    daemon, _ = support.module_daemon(engine="local", settings=FREE)
    key, other = daemon.key("main"), daemon.key("other")
    fds, stranger = Client(daemon.port, FdsKey(key)), Client(daemon.port, FdsKey(other))


def path_of(name, bucket="main", before=""):
    return f"{before}/{bucket}/user_packages/{name}"


def package(text="print('of fds')"):
    out = os.path.join(daemon.folder, f"p{time.time_ns()}.tar.gz")
    tarball(out, {"setup.py": "", "digits/__init__.py": "", "digits/train.py": text})
    with open(out, "rb") as f:
        return f.read()


class Signature(unittest.TestCase):
    def test_vectors(self):
        for method, path, query, more, wanted in (
                ("HEAD", "/probe", (), {}, "FaUQ/do0YSrE3GMSSmlTfqwdbR0="),
                ("PUT", "/probe/user_packages/pkg.cloudml_20261121_225557.tar.gz", (), {}, "t8jddmR6jOjJKVhZ6TO36AXftBk="),
                ("PUT", "/probe/user_packages/big.tar.gz", (("uploads", "true"),),
                 {"x-xiaomi-multipart-upload-mode": "DIRECT"}, "fHM5BH/V2+QZXsnCVg8eSsWVYqU="),
                ("PUT", "/probe/user_packages/big.tar.gz", (("uploadId", "u1"), ("partNumber", "1")), {},
                 "9j2UFoQSIFDAvlFqTnsQFu+3QYA=")):
            self.assertEqual(v2("sk", method, path, query, dict(more, date=DATE)), wanted)

    def status(self, change=None, method="PUT", body=b"x", path=None, target=None):
        path = path or path_of("flip.tar.gz")
        headers = fds.key.sign(method, path, fds.host, headers={"content-type": "a/b", "x-xiaomi-a": "1"})
        headers.update(change or {})
        with Socket(daemon.port) as s:
            s.send(head_bytes(change.pop(":method", method) if change else method, target or path,
                              dict(headers, **{"content-length": str(len(body))})) + body)
            return s.answer().status

    def test_every_part_counts(self):
        for change in ({"date": "Sat, 21 Nov 2026 22:55:57 GMT"}, {"content-type": "a/c"}, {"x-xiaomi-a": "2"},
                       {"x-xiaomi-b": "1"}, {"content-md5": "0" * 32},
                       {"authorization": "Galaxy-V2 nobody:" + "A" * 27 + "="}, {"authorization": "Galaxy-V2 x"},
                       {"authorization": "Galaxy-V2 :" + "A" * 27 + "="}, {"date": "now"}):
            self.assertEqual(self.status(change), 401, change)
        self.assertEqual(self.status(target=path_of("flop.tar.gz")), 401)
        self.assertEqual(self.status(target=path_of("flip.tar.gz") + "?uploads=true"), 401)
        self.assertEqual(client_api().get(PACKAGES).json["data"], [])

    def test_window(self):
        now = time.time()
        for age, status in ((0, 200), (50, 200), (75, 401), (-75, 401)):
            self.assertEqual(fds.request("HEAD", "/main", now=now - age).status, status, age)

    def test_only_here(self):
        """Neither scheme serves for the other's paths."""
        self.assertEqual(fds.get(BASE + "/train").status, 401)
        self.assertEqual(client_api().request("HEAD", "/main").status, 401)
        self.assertEqual(client_api().put(path_of("x.tar.gz"), b"x").status, 401)
        self.assertEqual(client_api().get("/main").status, 404)
        self.assertEqual(client_api().get(path_of("x.tar.gz")).status, 404)


def client_api(who=None):
    return Client(daemon.port, who or key)


class Objects(unittest.TestCase):
    def tearDown(self):
        for who in (key, other):
            for row in client_api(who).get(PACKAGES).json["data"]:
                until(lambda: client_api(who).delete(f"{PACKAGES}/{row['id']}").status in (200, 404), "the removal")

    def test_buckets(self):
        for before in ("", PREFIX):
            for bucket in ("main", "cloudmlusers", key.org_id):
                self.assertEqual(fds.request("HEAD", f"{before}/{bucket}").status, 200, bucket)
            for bucket in ("other", "nothing", other.org_id):
                self.assertEqual(fds.request("HEAD", f"{before}/{bucket}").status, 404, bucket)

    def test_put_and_head(self):
        data = package()
        for before in ("", PREFIX):
            name = f"digits{len(before)}.cloudml_20261121_225557.tar.gz"
            self.assertEqual(fds.request("HEAD", path_of(name, before=before)).status, 404)
            answer = fds.put(path_of(name, before=before), data)
            self.assertEqual(answer.status, 200, answer)
            self.assertEqual(set(answer.json), {"bucketName", "objectName", "accessKeyId", "signature", "expires"})
            self.assertEqual(answer.json["objectName"], "user_packages/" + name)
            self.assertEqual(fds.request("HEAD", path_of(name, before=before)).status, 200)
            self.assertEqual(stranger.request("HEAD", path_of(name, "other", before)).status, 404)
            self.assertEqual(stranger.request("HEAD", path_of(name, "main", before)).status, 404)
            self.assertEqual(stranger.request("HEAD", path_of(name, "cloudmlusers", before)).status, 404)
        rows = client_api().get(PACKAGES).json["data"]
        self.assertEqual({r["sha256"] for r in rows}, {hashlib.sha256(data).hexdigest()})
        self.assertTrue(all(r["complete"] and r["size"] == len(data) for r in rows), rows)
        kept = os.path.join(daemon.state, "packages")
        self.assertEqual(sorted(os.listdir(kept)), sorted(r["id"] for r in rows))

    def test_a_job_runs_one(self):
        def run(name, text, now):  # in one second each signature serves once
            self.assertEqual(fds.put(path_of("digits.tar.gz", "cloudmlusers"), package(text), now=now).status, 200)
            uri = "fds://cloudmlusers/user_packages/digits.tar.gz"
            made = client_api().post(BASE + "/train", {"job_name": name, "module_name": "digits.train", "trainer_uri": uri})
            self.assertEqual(made.status, 200, made)
            self.assertEqual(made.json["trainer_uri"], uri)
            until(lambda: client_api().get(f"{BASE}/train/{name}").json["state"] in ("completed", "failed"), "its end")
            return client_api().get(f"{BASE}/train/{name}/logs").json["logs"]

        self.assertIn("first of fds", run("one", "print('first of fds')", time.time() - 9))
        self.assertIn("second of fds", run("two", "print('second of fds')", time.time()))  # the newest of that name
        for name in ("one", "two"):
            client_api().delete(f"{BASE}/train/{name}")

    def test_uris(self):
        fds.put(path_of("here.tar.gz"), package())
        for uri in ("fds://main/user_packages/gone.tar.gz", "fds://other/user_packages/here.tar.gz", "fds://main/here.tar.gz",
                    "fds://", "fds://main", "fds:///user_packages/here.tar.gz", "fds://main/user_packages/",
                    "fds://main/user_packagesX/here.tar.gz", "fds://" + "m" * 80 + "/user_packages/here.tar.gz"):
            answer = client_api().post(BASE + "/train", {"job_name": "wrong", "module_name": "digits.train", "trainer_uri": uri})
            self.assertEqual((answer.status, answer.json.get("field")), (422, "trainer_uri"), uri)
        answer = client_api(other).post(BASE + "/train", {"job_name": "wrong", "module_name": "digits.train",
                                                         "trainer_uri": "fds://cloudmlusers/user_packages/here.tar.gz"})
        self.assertEqual(answer.status, 422)

    def test_in_use(self):
        fds.put(path_of("held.tar.gz"), package("import time; time.sleep(1000)"))
        made = client_api().post(BASE + "/train", {"job_name": "holds", "module_name": "digits.train",
                                                 "trainer_uri": "fds://main/user_packages/held.tar.gz"})
        self.assertEqual(made.status, 200, made)
        id = client_api().get(PACKAGES).json["data"][0]["id"]
        self.assertEqual(client_api().delete(f"{PACKAGES}/{id}").status, 409)
        client_api().delete(BASE + "/train/holds")
        until(lambda: client_api().get(BASE + "/train/holds").status == 404, "its end")

    def test_refusals(self):
        for name, body, status in ((".hidden", b"x", 400), ("a" * 129, b"x", 400), ("empty.tar.gz", b"", 400)):
            answer = fds.put(path_of(name), body)
            self.assertEqual(answer.status, status, (name, answer))
        self.assertEqual(fds.put(path_of("x.tar.gz", "other"), b"x").status, 404)
        self.assertEqual(fds.put(path_of("parts.tar.gz"), b"", query={"uploads": "true"}).status, 413)
        self.assertEqual(fds.put(path_of("parts.tar.gz"), b"x", query={"uploadId": "u", "partNumber": "1"}).status, 413)
        with Socket(daemon.port) as s:
            path = path_of("large.tar.gz")
            s.send(head_bytes("PUT", path, dict(fds.key.sign("PUT", path, fds.host), **{"content-length": str(21 << 20)})))
            self.assertEqual(s.answer().status, 413)
        self.assertEqual(client_api().get(PACKAGES).json["data"], [])

    def test_once(self):
        data = fds.bytes_of("PUT", path_of("twice.tar.gz"), body=package())
        for status in (200, 409):
            with Socket(daemon.port) as s:
                s.send(data)
                self.assertEqual(s.answer().status, status)
        self.assertEqual(len(client_api().get(PACKAGES).json["data"]), 1)

    def test_rights(self):
        for role, more, status in (("viewer", [], 403), ("operator", ["--read-only"], 403), ("operator", [], 200)):
            c = Client(daemon.port, FdsKey(daemon.key("main", role=role, more=more)))
            self.assertEqual(c.put(path_of(f"{role}{len(more)}.tar.gz"), package()).status, status, (role, more))

    def test_bounds_are_those_of_packages(self):
        with support.Daemon(settings=FREE + ("packages.max_size=2000", "packages.per_org=1")) as d:
            c = Client(d.port, FdsKey(d.key("main")))
            self.assertEqual(c.put(path_of("large.tar.gz"), b"x" * 2001).status, 413)
            self.assertEqual(c.put(path_of("one.tar.gz"), b"x").status, 200)
            self.assertEqual(c.put(path_of("two.tar.gz"), b"y").status, 422)


if __name__ == "__main__":
    support.main()
