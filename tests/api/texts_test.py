#!/usr/bin/python3
"""Long texts of a job: beside its object in the store, whole for describe, copies and launches, short in lists."""
import os
import signal
import unittest

import support
from support import BASE, Client, Daemon, Socket, new_nonce, until

TRAIN = BASE + "/train"
LONG = "é" * 3000
PRINTS = ["sh", "-c", 'printf "%s %s\\n" ${#1} ${#BIG}', "name", LONG]
LONG_FIELDS = {"command", "job_args", "env", "prepare_command", "finish_command", "docker_command"}
FINAL = ("completed", "failed", "error")


def ended(c, name):
    return until(lambda: (lambda j: j if j.get("state") in FINAL else None)(c.get(f"{TRAIN}/{name}").json), name)


class Texts(unittest.TestCase):
    def test_whole_where_it_counts(self):
        with Daemon(engine="local", args=["--private"]) as d:
            c = Client(d.port, d.secret())
            body = {"job_name": "long", "command": PRINTS, "env": {"BIG": "x" * 5000, "LC_ALL": "C"}}
            nonce = new_nonce()
            first = c.post(TRAIN, body, nonce=nonce)
            self.assertEqual(first.status, 200, first)
            self.assertLess(len(first.body), 4000)
            ended(c, "long")
            self.assertEqual(c.get(f"{TRAIN}/long/logs").json["logs"], "6000 5000\n")
            one = c.get(f"{TRAIN}/long").json
            self.assertEqual(one["command"], PRINTS)
            self.assertEqual(one["env"], {"BIG": "***", "LC_ALL": "***"})
            # In a list stands how it begins, never cut inside a character.
            row, = c.get(TRAIN, query={"fields": "command"}).json["data"]
            self.assertEqual(row["command"][:3], PRINTS[:3])
            begin = "".join(row["command"])
            self.assertLessEqual(len(begin.encode()), 120)
            self.assertTrue("".join(PRINTS).startswith(begin))
            # Nobody asked for it: nobody gets it, the short ones of other jobs as little.
            row, = c.get(TRAIN).json["data"]
            self.assertFalse(LONG_FIELDS & set(row), row)
            self.assertLessEqual({"job_name", "trainer_uri", "labels", "hdfs_endpoint"} - set(row), {"labels"})
            with c.websocket() as w:
                self.assertFalse(LONG_FIELDS & set(*w.snapshot(1, "job").values()))
                row, = w.snapshot(2, "job", fields="command").values()
                self.assertEqual("".join(row["command"]), begin)
            # It is no way to find one, and which fields are is said.
            for field in sorted(LONG_FIELDS):
                a = c.get(TRAIN, query={"filter": f"{field}=printf"})
                self.assertEqual(a.status, 400, a)
                self.assertRegex(a.message, f"{field} is a long text, .* use any other field, such as job_name,")
            self.assertEqual(c.get(TRAIN, query={"filter": "printf"}).json["data"], [])
            d.stop()
            d.start()
            c = Client(d.port, c.key)
            self.assertEqual(c.get(f"{TRAIN}/long").json["command"], PRINTS)
            again = c.post(TRAIN, body, nonce=nonce)
            self.assertEqual((again.status, again.body), (200, first.body))
            self.assertEqual(c.post(f"{TRAIN}/long/retry").status, 200)
            until(lambda: c.get(f"{TRAIN}/long").json.get("attempt") == 2, "attempt 2")
            ended(c, "long")
            self.assertEqual(c.get(f"{TRAIN}/long/logs").json["logs"], "6000 5000\n")
            # A copy has the values that nobody is shown.
            self.assertEqual(c.post(TRAIN, {"job_name": "copy", "command": PRINTS, "clone_of": "long"}).status, 200)
            ended(c, "copy")
            self.assertEqual(c.get(f"{TRAIN}/copy/logs").json["logs"], "6000 5000\n")

    def test_stopped_before_it_is_read(self):
        with Daemon(engine="local", args=["--private"]) as d:
            c = Client(d.port, d.secret())
            for n in range(20):
                self.assertEqual(c.post(TRAIN, {"job_name": f"j{n}", "command": ["sleep", "1000"],
                                                "env": {"BIG": "x" * 60000}}).status, 200)
                self.assertEqual(c.post(f"{TRAIN}/j{n}/cancel").status, 200)
            for n in range(20):
                self.assertEqual(ended(c, f"j{n}")["reason"], "Cancelled")

    @staticmethod
    def at_once(d, c, bodies, path=TRAIN):
        """The statuses, best first, of requests that the daemon finds all at once when it looks."""
        sockets = [Socket(d.port) for _ in bodies]
        try:
            os.kill(d.process.pid, signal.SIGSTOP)
            for s, body in zip(sockets, bodies):
                s.send(c.bytes_of("POST", path, body=body))
            os.kill(d.process.pid, signal.SIGCONT)
            return sorted(s.answer().status for s in sockets)
        finally:
            os.kill(d.process.pid, signal.SIGCONT)
            for s in sockets:
                s.close()

    def test_numbers_hold_at_once(self):
        with Daemon(engine="fake", settings=["limits.jobs_per_org=3", "packages.per_org=2"]) as d:
            c = d.client(org="other")
            self.assertEqual(self.at_once(d, c, [{"job_name": f"j{n}", "command": ["true"]} for n in range(9)]),
                             [200] * 3 + [422] * 6)
            self.assertEqual(self.at_once(d, c, [{"name": f"p{n}.tar.gz", "size": 5, "sha256": f"{n:064x}"}
                                                 for n in range(6)], BASE + "/packages"), [200] * 2 + [422] * 4)
            # What was refused, or did not come to be, takes no place.
            self.assertEqual(c.delete(f"{TRAIN}/{c.get(TRAIN).json['data'][0]['job_name']}").status, 200)
            until(lambda: c.post(TRAIN, {"job_name": "more", "command": ["true"]}).status == 200, "room again")

    def test_an_org_has_so_many_bytes(self):
        with Daemon(engine="fake", settings=[]) as d:
            admin, c = d.client(role="admin"), d.client(org="other")
            org = c.key.org_id
            self.assertIn(c.get(BASE + "/quota").json["data"][0]["records_bytes_quota"], ("64M", "64.0M"))
            self.assertEqual(admin.put(f"{BASE}/quota/{org}", {"records_bytes_quota": "1M"}).status, 200)
            big = {"command": ["x"] + ["a" * 1000] * 60, "env": {f"V{n}": "e" * 1000 for n in range(60)}}
            answers = [c.post(TRAIN, dict(big, job_name=f"j{n}")) for n in range(12)]
            self.assertEqual([a.status for a in answers], [200] * 8 + [422] * 4, answers[-1])
            self.assertIn("records_bytes_quota", answers[-1].message)
            self.assertEqual(c.delete(f"{TRAIN}/j0").status, 200)
            until(lambda: c.post(TRAIN, dict(big, job_name="more")).status == 200, "room after a deletion")
            self.assertEqual(self.at_once(d, c, [dict(big, job_name=f"k{n}") for n in range(8)]), [422] * 8)
            for n in range(1, 8):
                self.assertEqual(c.delete(f"{TRAIN}/j{n}").status, 200)
            until(lambda: c.get(BASE + "/quota").json["data"][0]["records_bytes_used"].startswith("1"), "the deletions")
            # Those that are on their way count for those behind them.
            self.assertEqual(self.at_once(d, c, [dict(big, job_name=f"k{n}") for n in range(12)]),
                             [200] * 7 + [422] * 5)
            used = float(c.get(BASE + "/quota").json["data"][0]["records_bytes_used"].rstrip("KM"))
            self.assertGreater(used, 0)


if __name__ == "__main__":
    support.main()
