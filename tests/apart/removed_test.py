#!/usr/bin/python3
"""A job that another writer of the store removes while it runs here: it is stopped, and nothing of it is left."""
import os
import sys
import unittest

os.environ["MLTOP_BUILD"] = os.path.join(os.environ.get("MLTOP_BUILD", "build"), "apart")
sys.path[0] = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../api")
sys.modules.pop("support", None)
import support  # noqa: E402
from support import BASE, FREE, until  # noqa: E402


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
        with support.Daemon(engine="local", args=["--private"], settings=FREE) as d:
            c = support.Client(d.port, d.secret())
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
    support.main()
