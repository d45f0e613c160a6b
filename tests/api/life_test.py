#!/usr/bin/python3
"""The daemon's own life: its start, reload, stop, idle end and leash; one a folder."""
import json
import os
import signal
import subprocess
import tempfile
import time
import unittest

import support
from support import BASE, LIMIT, MLTOPD, Client, Daemon, Socket, until

TRAIN = BASE + "/train"


class Life(unittest.TestCase):
    def test_stop_while_python_is_asked(self):
        """The question for frameworks ends with the daemon, also when a child holds its answer."""
        with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
            os.mkfifo(folder + "/never")
            python, mark = folder + "/python", folder + "/asked"
            with open(python, "w") as f:
                f.write(f"#!/bin/sh\ncat {folder}/never &\ntouch {mark}\nwait\n")
            os.chmod(python, 0o755)
            with Daemon(engine="fake", settings=["frameworks.python=" + python]) as d:
                with Socket(d.port) as s:
                    s.send(f"GET {BASE}/framework HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                    until(lambda: os.path.exists(mark), "the question")
                    d.stop()
            with open(folder + "/never", "w"):
                pass  # the child ends

    def test_python_is_asked_for_all_that_is_set(self):
        """However many there are: the framework that was named last is asked for too."""
        with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
            python = folder + "/python"
            with open(python, "w") as f:
                f.write('#!/bin/sh\nshift 3\nfor last; do :; done\nprintf \'{"%s": ["%s"]}\' "$last" "$#"\n')
            os.chmod(python, 0o755)
            names = ",".join(f"lib{i}" for i in range(200))
            with Daemon(engine="fake", settings=["frameworks.python=" + python, "frameworks.names=" + names]) as d:
                self.assertEqual(d.client().get(BASE + "/framework").json, {"lib199": ["200"]})

    def test_stop_and_reload(self):
        with Daemon(engine="fake", settings=["demo.jobs=5", "fake.changes=0"]) as d:
            client = d.client()
            self.assertEqual(len(client.get(TRAIN).json["data"]), 5)
            d.process.send_signal(signal.SIGHUP)
            until(lambda: "read again" in d.log_text(), "reload")
            begin = time.monotonic()
            d.stop()
            self.assertLess(time.monotonic() - begin, 5)
            self.assertFalse(os.path.exists(d.state + "/endpoint"))
            d.start()
            self.assertEqual(Client(d.port, client.key).get(TRAIN).status, 200)

    def test_one_daemon_a_folder(self):
        with Daemon(engine="fake") as d:
            out = subprocess.run([MLTOPD, "--listen", "127.0.0.1:0", "--state-dir", d.state],
                                 capture_output=True, timeout=LIMIT)
            self.assertEqual(out.returncode, 1)
            self.assertIn(b"in use by another", out.stderr)

    def test_port_in_use(self):
        with Daemon(engine="fake") as d:
            with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
                out = subprocess.run([MLTOPD, "--listen", f"127.0.0.1:{d.port}", "--state-dir", folder + "/s"],
                                     capture_output=True, timeout=LIMIT)
                self.assertEqual(out.returncode, 1)
                self.assertIn(str(d.port).encode(), out.stderr)

    def test_endpoint_file(self):
        with Daemon(engine="fake", args=["--private"]) as d:
            with open(d.state + "/endpoint") as f:
                e = json.load(f)
            self.assertEqual((e["url"], e["pid"]), (f"http://127.0.0.1:{d.port}", d.process.pid))
            with open(f"/proc/{d.process.pid}/stat") as f:
                self.assertEqual(e["start_time"], int(f.read().rsplit(")", 1)[1].split()[19]))
            self.assertEqual(os.stat(d.state + "/private.key").st_mode & 0o777, 0o600)
            with open(d.state + "/private.key") as f:
                before = f.read()
            d.stop()
            d.start()
            with open(d.state + "/private.key") as f:
                self.assertEqual(f.read(), before)

    def test_idle_end(self):
        with Daemon(engine="local", args=["--private"], settings=["idle_exit=1s"]) as d:
            self.assertEqual(d.process.wait(LIMIT), 0)
            self.assertIn("idle", d.log_text())

    def test_live_job_keeps_it(self):
        with Daemon(engine="local", args=["--private"], settings=["idle_exit=500ms"]) as d:
            c = Client(d.port, d.secret())
            self.assertEqual(c.post(TRAIN, {"job_name": "j", "command": ["sleep", "2"]}).status, 200)
            begin = time.monotonic()
            self.assertEqual(d.process.wait(LIMIT), 0)
            self.assertGreater(time.monotonic() - begin, 1.9)

    def test_leash(self):
        """A demo ends with its viewer's pipe and leaves nothing."""
        folder = tempfile.mkdtemp(dir=os.environ.get("TMPDIR"))
        r, w = os.pipe()
        p = subprocess.Popen([MLTOPD, "--private", "--listen", "127.0.0.1:0", "--state-dir", folder, "--engine",
                              "fake", "--die-with-fd", str(r)], pass_fds=[r], stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL)
        os.close(r)
        self.assertIn(b"listening", p.stdout.readline())
        os.close(w)
        self.assertEqual(p.wait(LIMIT), 0)
        p.stdout.close()
        self.assertFalse(os.path.exists(folder))


if __name__ == "__main__":
    support.main()
