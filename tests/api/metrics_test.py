#!/usr/bin/python3
"""/metrics as Prometheus reads it: who may, what is in it, how it is written."""
import os
import re
import tempfile
import unittest

import support
from kit.http import Socket
from support import BASE, Daemon, until

LINE = re.compile(r'^([a-z_:][a-z0-9_:]*)(?:\{((?:[a-z_]+="(?:[^"\\\\\n]|\\\\["\\\\n])*",?)*)\})? (\S+)$')
TOKEN = "0123456789abcdef0123"


def read(text):
    """{name: {labels: value}}; fails on what is not the format: a name's lines stand together, behind its TYPE."""
    out, now = {}, None
    for line in text.splitlines():
        if line.startswith("# HELP "):
            continue
        if line.startswith("# TYPE "):
            now = line.split(" ")[2]
            assert now not in out, f"{now} twice"
            assert line.split(" ")[3] in ("gauge", "counter"), line
            out[now] = {}
            continue
        found = LINE.match(line)
        assert found, line
        assert found[1] == now, f"{line} is below {now}"
        assert found[2] not in out[now], f"{line} twice"
        out[now][found[2]] = float(found[3])
    return out


def asked(port, *headers):
    with Socket(port) as c:
        c.send("\r\n".join(("GET /metrics HTTP/1.1", "Host: a", *headers, "", "")).encode())
        return c.answer()


class Metrics(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        path = os.path.join(cls.folder.name, "token")
        with open(path, "w") as f:
            f.write(TOKEN + "\n")
        cls.daemon = Daemon(engine="local", args=["--private"], settings=[f"metrics.token_file={path}"])
        cls.client = support.Client(cls.daemon.port, cls.daemon.secret())

    @classmethod
    def tearDownClass(cls):
        cls.daemon.close()
        cls.folder.cleanup()

    def metrics(self):
        a = asked(self.daemon.port, "Authorization: Bearer " + TOKEN)
        self.assertEqual((a.status, a.headers["content-type"]), (200, "text/plain; version=0.0.4; charset=utf-8"))
        return read(a.body.decode())

    def test_who_has_no_token_is_refused(self):
        for words in ((), (TOKEN[:-1],), (TOKEN[:-1] + "x",), (TOKEN + "x",), ("",)):
            a = asked(self.daemon.port, *("Authorization: Bearer " + w for w in words))
            self.assertEqual(a.status, 401, words)
            self.assertIn("metrics.token_file", a.message)

    def test_rows_and_work_are_in_it(self):
        mark = os.path.join(self.folder.name, "mark")
        a = self.client.post(f"{BASE}/train", {"job_name": "counted", "cpu_limit": "0.5", "command": [
            "sh", "-c", f"until [ -e {mark} ]; do sleep 0.1; done"]})
        self.assertEqual(a.status, 200, a)
        until(lambda: self.metrics()["mltop_workloads"].get('org_name="local",state="live"') == 1, "it runs")
        found = self.metrics()
        self.assertEqual(list(found["mltop_quota_train_cpu_used"].values()), [0.5])
        self.assertEqual(list(found["mltop_node_tasks"].values()), [1])
        self.assertNotIn("mltop_quota_train_cpu_quota", found)  # there is no limit
        self.assertGreater(found["process_resident_memory_bytes"][None], 1 << 20)
        self.assertNotIn("counted", str(found))
        open(mark, "w").close()
        until(lambda: not self.metrics()["mltop_workloads"], "its end")


class NotSet(unittest.TestCase):
    def test_it_says_how_to_have_them(self):
        with Daemon(engine="local", args=["--private"]) as d:
            a = asked(d.port, "Authorization: Bearer ")
            self.assertEqual(a.status, 404)
            self.assertIn("set metrics.token_file", a.message)

    def test_a_token_that_is_none_is_told(self):
        with tempfile.NamedTemporaryFile("w") as f:
            f.write("short\n")
            f.flush()
            with Daemon(engine="local", args=["--private"], settings=[f"metrics.token_file={f.name}"]) as d:
                until(lambda: "a token has 16 to" in d.log_text(), "the warning")


if __name__ == "__main__":
    support.main()
