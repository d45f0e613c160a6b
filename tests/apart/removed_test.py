#!/usr/bin/python3
"""A job that another writer of the store removes while it runs here: it is stopped, and nothing of it is left."""
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from kit.basics import until  # noqa: E402
from kit.client import Client  # noqa: E402
from kit.count import run_cases  # noqa: E402
from kit.daemon import FREE, Daemon  # noqa: E402
from kit.http import BASE  # noqa: E402


def sleeping(length):
    """Is there a process that was told to sleep for so long?"""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                if length.encode() in f.read().split(b"\0"):
                    return True
        except OSError:
            pass  # it has gone
    return False


class Removed(unittest.TestCase):
    def test_running_job_is_stopped_and_forgotten(self):
        with Daemon(engine="local", args=["--private"], settings=FREE) as d:
            c = Client(d.port, d.secret())
            length = f"1000.{os.getpid()}"
            made = c.post(BASE + "/train", {"job_name": "taken-away", "command": ["sleep", length]})
            self.assertEqual(made.status, 200, made)
            uid = made.json["uid"]
            until(lambda: c.get(f"{BASE}/train/{uid}").status == 404, "the other writer removed it")
            until(lambda: not sleeping(length), "its process is stopped")
            until(lambda: not any(uid in names + files for _, names, files in os.walk(d.state)),
                  "its folder is gone")
            self.assertEqual(c.get(BASE + "/train").json["data"], [])
            again = c.post(BASE + "/train", {"job_name": "another", "command": ["true"]})
            until(lambda: c.get(f"{BASE}/train/{again.json['uid']}").json["state"] == "completed", "others run on")
            self.assertNotIn("could not be stored", d.log_text())


if __name__ == "__main__":
    run_cases()
