"""Who may ask what: signatures, nonces, roles, and the same with curl's own signer and over TLS."""
import json
import os
import shutil
import ssl
import subprocess
import tempfile
import time
import unittest
import warnings

import support
from support import BASE, FREE, LIMIT, Key, Socket, head_bytes, new_nonce



def setUpModule():
    global daemon, admin
    daemon, admin = support.module_daemon(settings=("demo.jobs=3", "fake.changes=0") + FREE)


def quota_path():
    return f"{BASE}/quota/{admin.key.org_id}"


class Vectors(unittest.TestCase):
    """This file's own signer first: it must agree with what is published."""

    def test_own_signer(self):
        names, scope, sig = support.signature(
            "POST", "/cloud_ml/v1/train", "", {"content-type": "application/json",
                                               "host": "127.0.0.1:28999",
                                               "x-mltop-date": "20260101T000000Z"},
            b'{"job_name":"j"}', "SK", "20260101T000000Z")
        self.assertEqual(names, "content-type;host;x-mltop-date")
        self.assertEqual(sig, "89e7f49cb990dd95ffdf701cf1fee864e561dcb2f7db550ec0eedcde747766fc")


class Signature(unittest.TestCase):
    def wire(self, method="PUT", path=None, query=(("a", "1"), ("b", "2")), body=b"{}", sign=None):
        """A signed request whose parts can be changed after signing."""
        path = path or quota_path()
        headers = admin.key.sign(method, path, admin.host, query, body, new_nonce(),
                                 headers={"x-extra": "one two"}, **(sign or {}))
        return {"method": method, "path": path, "query": list(query), "body": body,
                "headers": headers}

    def send(self, w):
        target = w["path"] + ("?" + support.canonical_query(w["query"], sort=False)
                              if w["query"] else "")
        headers = dict(w["headers"], **{"content-length": str(len(w["body"]))})
        with Socket(daemon.port) as s:
            s.send(head_bytes(w["method"], target, headers) + w["body"])
            return s.answer()

    def refused(self, w):
        answer = self.send(w)
        self.assertEqual(answer.status, 401, (w, answer))
        self.assertTrue(answer.message.startswith("Unauthorized: "), answer)
        self.assertIs(answer.json["error"], True)

    def test_good(self):
        self.assertEqual(self.send(self.wire()).status, 200)

    def test_every_part_counts(self):
        other = f"{BASE}/quota/99999999"
        for change in ({"path": other}, {"body": b"{ }"}, {"query": [("a", "1"), ("b", "3")]},
                       {"query": [("a", "1")]}, {"query": [("a", "1"), ("b", "2"), ("c", "")]},
                       {"query": [("a", "1"), ("b", "2"), ("a", "1")]}):
            self.refused(dict(self.wire(), **change))
        get = self.wire("GET", BASE + "/train", body=b"")
        self.assertEqual(self.send(get).status, 200)
        post = self.wire("GET", BASE + "/quota", body=b"")
        post["method"] = "POST"
        self.refused(post)

    def test_every_signed_header_counts(self):
        for name, value in (("host", "127.0.0.1:1"), ("x-mltop-nonce", new_nonce()),
                            ("x-extra", "one  three"), ("x-mltop-date", support.amz_date(
                                time.time() + 1))):
            w = self.wire()
            w["headers"][name] = value
            self.refused(w)
        w = self.wire()
        del w["headers"]["x-extra"]
        self.refused(w)

    def test_unsigned_header_does_not_count(self):
        w = self.wire()
        w["headers"]["x-other"] = "anything"
        self.assertEqual(self.send(w).status, 200)

    def test_blanks_fold(self):
        w = self.wire()
        w["headers"]["x-extra"] = "  one   two "
        self.assertEqual(self.send(w).status, 200)

    def test_bit_flips_of_authorization(self):
        for at in range(0, 180, 3):
            w = self.wire()
            text = w["headers"]["authorization"]
            flipped = chr(ord(text[at]) ^ 1)
            if flipped in ", \t\r\n" or text[at] in ", ":
                continue
            w["headers"]["authorization"] = text[:at] + flipped + text[at + 1:]
            self.refused(w)

    def test_window(self):
        now = time.time()
        for off, wants in ((-290, 200), (290, 200), (-330, 401), (330, 401), (-10**9, 401)):
            self.assertEqual(self.send(self.wire(sign={"now": now + off})).status, wants, off)

    def test_header_must_be_signed(self):
        """A nonce or a date that somebody added on the way is nobody's."""
        path, nonce = quota_path(), new_nonce()
        headers = admin.key.sign("PUT", path, admin.host, (), b"{}")
        headers["x-mltop-nonce"] = nonce
        answer = self.send({"method": "PUT", "path": path, "query": [], "body": b"{}",
                            "headers": headers})
        self.assertEqual(answer.status, 401)
        self.assertIn("nonce", answer.message)

    def test_unsorted_query(self):
        """curl signs the query as it was typed."""
        date = support.amz_date()
        signed = {"host": admin.host, "x-mltop-date": date}
        for text, sent in (("b=2&a=1", None), ("fields=job_name,state&limit=2", None), ("", ""),
                           # signed as it was typed, and as those servers have it that drop what is empty
                           ("limit=1&", None), ("limit=1", "limit=1&"), ("&limit=1", None), ("limit=1", "&limit=1"),
                           ("limit=1&&fields=uid", None), ("limit=1&name", None), ("limit=1&name=", "limit=1&name")):
            sent = text if sent is None else sent
            names, scope, sig = support.signature("GET", BASE + "/train", text, signed, b"",
                                                  admin.key.secret_key, date)
            auth = (f"MLTOP4-HMAC-SHA256 Credential={admin.key.access_key}/{scope}, "
                    f"SignedHeaders={names}, Signature={sig}")
            with Socket(daemon.port) as s:
                s.send(head_bytes("GET", BASE + "/train?" + sent, dict(signed, authorization=auth)))
                self.assertEqual(s.answer().status, 200, (text, sent))

    def test_slashes_of_public_clients(self):
        for path in ("//cloud_ml/v1/train", "/cloud_ml//v1/train"):
            self.assertEqual(admin.get(path).status, 200, path)

    def test_other_schemes(self):
        for value in ("Basic YTpi", "Galaxy V3 AAAA", "AWS4-HMAC-SHA256 Credential=a", "", "x" * 3000):
            answer = admin.request("GET", BASE + "/train", sign=False,
                                   headers={"authorization": value})
            self.assertEqual(answer.status, 401, value[:20])


class Keys(unittest.TestCase):
    def test_unknown_key_and_wrong_secret_answer_alike(self):
        unknown = support.Client(daemon.port, Key("X" * len(admin.key.access_key), "nobody's"))
        wrong = support.Client(daemon.port, Key(admin.key.access_key, "not the secret"))
        one, two = unknown.get(BASE + "/train"), wrong.get(BASE + "/train")
        self.assertEqual((one.status, one.body), (two.status, two.body))
        self.assertEqual(one.status, 401)

        times = ([], [])
        with Socket(daemon.port) as s:
            for i in range(600):  # in turn, so that a machine that gets busy meanwhile slows both
                begun = time.perf_counter()
                (unknown, wrong)[i % 2].get(BASE + "/train", on=s)
                times[i % 2].append(time.perf_counter() - begun)
        a, b = (sorted(t)[len(t) // 4] for t in times)
        self.assertLess(max(a, b) / min(a, b), 1.5)

    def test_roles(self):
        viewer = daemon.client(role="viewer")
        self.assertEqual(viewer.get(BASE + "/train").status, 200)
        answer = viewer.put(quota_path(), {})
        self.assertEqual(answer.status, 403)
        self.assertIn("viewer", answer.message)

    def test_disabled(self):
        victim = daemon.client(role="viewer")
        kept = Socket(daemon.port)
        self.assertEqual(victim.get(BASE + "/train", on=kept).status, 200)
        answer = admin.post(f"{BASE}/keys/{victim.key.access_key}/disable", b"")
        self.assertEqual(answer.status, 200, answer)
        answer = victim.get(BASE + "/train", on=kept)
        self.assertEqual(answer.status, 401)
        self.assertIn("disabled", answer.message)
        wrong = support.Client(daemon.port, Key(victim.key.access_key, "wrong"))
        self.assertNotIn("disabled", wrong.get(BASE + "/train").message)
        kept.close()


class Nonces(unittest.TestCase):
    def test_needed(self):
        headers = {"sign": True, "nonce": ""}
        answer = admin.put(quota_path(), {}, **headers)
        self.assertEqual(answer.status, 401)

    def test_repeat_gets_the_stored_answer(self):
        nonce = new_nonce()
        one = admin.put(quota_path(), {}, nonce=nonce)
        two = admin.put(quota_path(), {}, nonce=nonce)
        self.assertEqual(one.status, 200)
        self.assertEqual(two.status, 200)

    def test_other_request_is_refused(self):
        nonce = new_nonce()
        self.assertEqual(admin.put(quota_path(), {}, nonce=nonce).status, 200)
        self.assertEqual(admin.put(quota_path(), b"{ }", nonce=nonce).status, 409)
        self.assertEqual(admin.put(quota_path() , {}, nonce=nonce, query={"x": "1"}).status, 409)

    def test_reads_need_none(self):
        self.assertEqual(admin.get(BASE + "/train").status, 200)


class Curl(unittest.TestCase):
    """curl's own SigV4, which shares no code with ours."""

    def curl(self, *args, port=None, scheme="http"):
        command = ["curl", "-s", "-S", "-m", str(int(LIMIT)), "-w", "\n%{http_code}",
                   "--aws-sigv4", "mltop:mltop:local:cloudml",
                   "--user", f"{admin.key.access_key}:{admin.key.secret_key}", *args]
        out = subprocess.run(command, capture_output=True, timeout=LIMIT + 5)
        body, _, code = out.stdout.decode().rpartition("\n")
        return int(code), body, out.stderr.decode()

    def url(self, path):
        return f"http://127.0.0.1:{daemon.port}{path}"

    def test_get(self):
        code, body, _ = self.curl(self.url(BASE + "/train"))
        self.assertEqual(code, 200)
        self.assertEqual(len(json.loads(body)["data"]), 3)

    def test_query(self):
        for query in ("?limit=1&fields=job_name,state", "?filter=state%3Drunning", "?b=2&a=1", "?", "?limit=1&", "?&limit=1", "?limit=1&name"):
            self.assertEqual(self.curl(self.url(BASE + "/train" + query))[0], 200, query)

    def test_put_and_form(self):
        for data in ('{}', '{"train_count_quota": "50"}'):
            code, body, err = self.curl("-X", "PUT", "-H", f"x-mltop-nonce: {new_nonce()}",
                                        "-d", data, self.url(quota_path()))
            self.assertEqual(code, 200, (body, err))

    def test_without_nonce(self):
        code, body, _ = self.curl("-X", "PUT", "-d", "{}", self.url(quota_path()))
        self.assertEqual(code, 401)
        self.assertIn("nonce", body)

    def test_wrong_secret(self):
        code, _, _ = self.curl("--user", f"{admin.key.access_key}:wrong", self.url(BASE + "/train"))
        self.assertEqual(code, 401)


class Tls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="mltop-tls-", dir=os.environ.get("TMPDIR"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        cls.cert, cls.key_file = cls.folder + "/cert.pem", cls.folder + "/key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
                        "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", cls.key_file,
                        "-out", cls.cert], check=True, capture_output=True, timeout=LIMIT)
        cls.daemon = support.Daemon(settings=("demo.jobs=3",) + FREE,
                                    args=("--tls-cert", cls.cert, "--tls-key", cls.key_file))
        cls.addClassCleanup(cls.daemon.close)
        cls.key = cls.daemon.key()

    def wrap(self, alpn=("h2", "http/1.1"), **versions):
        context = ssl.create_default_context(cafile=self.cert)
        context.set_alpn_protocols(list(alpn))
        for name, value in versions.items():
            setattr(context, name, value)
        s = Socket(self.daemon.port)
        s.sock = context.wrap_socket(s.sock, server_hostname="127.0.0.1")
        return s

    def test_requests(self):
        c = support.Client(self.daemon.port, self.key)
        with self.wrap() as s:
            self.assertEqual(s.sock.selected_alpn_protocol(), "http/1.1")
            for _ in range(3):
                self.assertEqual(c.get(BASE + "/train", on=s).status, 200)
            self.assertEqual(c.post(BASE + "/quota", b"", on=s).status, 200)

    def test_stray_bytes(self):
        c = support.Client(self.daemon.port, self.key)
        for send in ({}, {"transfer-encoding": "chunked"}):
            with self.wrap() as s:
                s.send(c.bytes_of("GET", BASE + "/train", send=send) + b"0\r\n\r\n")
                self.assertEqual(s.answer().status, 200)

    def test_websocket(self):
        c = support.Client(self.daemon.port, self.key)
        with c.websocket(on=self.wrap()) as w:
            self.assertEqual(len(w.snapshot(1, "job", fields="job_name")), 3)

    def test_old_versions_are_refused(self):
        warnings.simplefilter("ignore", DeprecationWarning)
        with self.assertRaises((ssl.SSLError, ConnectionResetError)):
            self.wrap(minimum_version=ssl.TLSVersion.TLSv1, maximum_version=ssl.TLSVersion.TLSv1_1)

    def test_clear_text_on_the_tls_port(self):
        with Socket(self.daemon.port) as s:
            s.send(b"GET /version HTTP/1.1\r\nHost: a\r\n\r\n")
            try:
                self.assertNotIn(b"200 OK", s.rest())
            except ConnectionResetError:
                pass
        with self.wrap() as s:
            self.assertEqual(support.Client(self.daemon.port, self.key).get(
                BASE + "/train", on=s).status, 200)

    def test_curl(self):
        out = subprocess.run(
            ["curl", "-s", "-S", "-m", "20", "--cacert", self.cert, "-w", "\n%{http_code}",
             "--aws-sigv4", "mltop:mltop:local:cloudml", "--user",
             f"{self.key.access_key}:{self.key.secret_key}",
             f"https://127.0.0.1:{self.daemon.port}{BASE}/train"], capture_output=True, timeout=LIMIT)
        self.assertTrue(out.stdout.endswith(b"\n200"), out)


class Prefix(unittest.TestCase):
    def test_with_and_without(self):
        """A proxy may take the prefix off or leave it on; the client signs it either way."""
        with support.Daemon(settings=("demo.jobs=3", "prefix=/ml/a")) as d:
            c = d.client()
            self.assertEqual(c.get("/ml/a" + BASE + "/train").status, 200)
            self.assertEqual(c.get(BASE + "/train").status, 200)
            headers = c.key.sign("GET", "/ml/a" + BASE + "/train", c.host)
            with Socket(d.port) as s:
                s.send(head_bytes("GET", BASE + "/train", headers))
                self.assertEqual(s.answer().status, 200)
            c.websocket("/ml/a" + support.STREAM).close()
            self.assertEqual(c.get("/ml/b" + BASE + "/train").status, 404)
            self.assertEqual(c.get("/ml/ab" + BASE + "/train").status, 404)


if __name__ == "__main__":
    support.main()
