#!/usr/bin/python3
"""mltop jobs scalars: a table of curves, every point as CSV, the platform's answer."""
import csv
import io
import os
import pty
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import BASE, LIMIT, MLTOP, Daemon, Private, folder, main, until  # noqa: E402

from kit import events  # noqa: E402

WRITE = """
import os, shutil, sys
shutil.copytree(sys.argv[1], os.environ["MLTOP_OUTPUT_DIR"], dirs_exist_ok=True)
"""
NAME = "events.out.tfevents.17.host"


class Scalars(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.p = Private()
        cls.write("curves", {
            f"train/{NAME}": events.curve("loss", range(1500)) + events.curve("a,b", [0, 4], lambda s: float("nan")),
            f"val/{NAME}": events.curve("loss", range(3)),
            f"bad/{NAME}": events.curve("loss", range(2)) + b"x" * 12,
        })

    @classmethod
    def tearDownClass(cls):
        cls.p.close()

    @classmethod
    def write(cls, name, files):
        there = folder()
        for path, data in files.items():
            os.makedirs(os.path.join(there, os.path.dirname(path)))
            with open(os.path.join(there, path), "wb") as f:
                f.write(data)
        r = cls.p.mltop("run", "-n", name, "--", "/usr/bin/python3", "-c", WRITE, there)
        assert r.code == 0, r.err

    def ok(self, *words):
        r = self.p.mltop("jobs", "scalars", *words)
        self.assertEqual(r.code, 0, r)
        return r

    def test_a_line_for_each_curve(self):
        r = self.ok("curves")
        self.assertEqual([line.split() for line in r.out.splitlines()], [
            ["RUN", "TAG", "POINTS", "STEP", "NEWEST", "LOWEST", "HIGHEST"],
            ["bad", "loss", "2", "1", "0.5", "0.5", "1"],
            ["train", "a,b", "2", "4", "nan", "nan", "nan"],
            ["train", "loss", "1000", "1499", "0.000666667", "0.000666667", "1"],
            ["val", "loss", "3", "2", "0.333333", "0.333333", "1"]])
        self.assertIn(f"bad/{NAME}: a length with a wrong checksum in the record at byte", r.err)
        self.assertIn("there are more points than these", r.err)

    def test_csv_has_every_point(self):
        rows = list(csv.reader(io.StringIO(self.ok("curves", "--csv", "--run", "train", "--points", "10000").out)))
        self.assertEqual(rows[0], ["run", "tag", "step", "wall_ms", "value"])
        self.assertEqual(rows[1:3], [["train", "a,b", "0", "1700000000000", "nan"],
                                     ["train", "a,b", "4", "1700000004000", "nan"]])
        self.assertEqual([int(row[2]) for row in rows[3:]], list(range(1500)))
        self.assertEqual(rows[4], ["train", "loss", "1", "1700000001000", "0.5"])

    def test_csv_is_no_formula_and_no_sequence(self):
        """Runs and tags are whatever a program called them: in a spreadsheet they are text, on a terminal they do nothing."""
        self.write("named", {f"=1+1/{NAME}": events.curve("@sum", [0]) + events.curve("-a", [0]) + events.curve("b=1", [0]),
                             f"run/{NAME}": events.curve("\x1b]0;taken\x07\u009b2J", [0])})
        rows = list(csv.reader(io.StringIO(self.ok("named", "--csv").out)))
        self.assertEqual(sorted(row[:2] for row in rows[1:]),
                         [["'=1+1", "'-a"], ["'=1+1", "'@sum"], ["'=1+1", "b=1"], ["run", "\x1b]0;taken\x07\u009b2J"]])
        self.p.mltop("run", "-n", "said", "--", "true")
        for words in (("jobs", "scalars", "named", "--csv"), ("jobs", "list", "-o", "csv")):
            seen = self.on_a_terminal(*words)
            self.assertIn(b",", seen)
            self.assertNotIn(b"\x1b", seen)
            self.assertNotIn(b"\x07", seen)
            self.assertNotIn("\u009b".encode(), seen)

    def on_a_terminal(self, *words):
        mother, child = pty.openpty()
        done = subprocess.Popen([MLTOP, *words], env=self.p.env, stdin=subprocess.DEVNULL, stdout=child,
                                stderr=subprocess.DEVNULL)
        os.close(child)
        seen = b""
        try:
            while data := os.read(mother, 65536):
                seen += data
        except OSError:
            pass  # EIO: the other side is closed
        self.assertEqual(done.wait(LIMIT), 0, seen)
        os.close(mother)
        return seen

    def test_json_and_choices(self):
        got = self.ok("curves", "--json", "--tag", "loss", "--run", "val", "--from-step", "1").json
        self.assertEqual(got["data"], [{"tag": "loss", "run": "val", "points": [
            [1, 1700000001000, 0.5], [2, 1700000002000, 0.3333333432674408]]}])
        two = self.ok("curves", "-t", "loss", "--tag", "other", "--json", "--points", "1").json
        self.assertEqual([(r["run"], len(r["points"])) for r in two["data"]], [("bad", 1), ("train", 1), ("val", 1)])

    def test_what_is_wrong_is_said(self):
        r = self.p.mltop("jobs", "scalars", "curves", "--csv", "--json")
        self.assertEqual(r.code, 2, r)
        r = self.p.mltop("jobs", "scalars", "curves", "--points", "0")
        self.assertEqual(r.code, 1, r)
        self.assertIn("max_points is '0': give a number of 1 to 10000", r.err)
        self.assertEqual(self.p.mltop("jobs", "scalars", "nobody").code, 5)
        self.p.mltop("run", "-n", "none", "--", "true")
        r = self.ok("none")
        self.assertEqual(r.out, "")
        self.assertIn("has written no event files into MLTOP_OUTPUT_DIR", r.err)


class Shared(unittest.TestCase):
    """A daemon that reads as root shows no curve of a file that the task's user could not read."""

    def test_a_hard_link_to_a_file_of_another_is_not_there(self):
        with Daemon(engine="local") as d:
            c = d.client(org="main", role="operator")
            a = c.post(BASE + "/train", {"job_name": "made", "command": ["sh", "-c", "echo > $MLTOP_OUTPUT_DIR/x"]})
            self.assertEqual(a.status, 200, a)
            until(lambda: c.get(BASE + "/train/made").json["state"] == "completed", "its end")
            output = f"{d.state}/tasks/{a.json['uid']}/output"
            owner = os.stat(output)
            for name in ("mine", "secret"):
                with open(f"{d.folder}/{name}", "wb") as f:
                    f.write(events.curve(name, range(3)))
                os.link(f"{d.folder}/{name}", f"{output}/tfevents.{name}")
            os.chown(f"{d.folder}/mine", owner.st_uid, owner.st_gid)
            told = [r["tag"] for r in c.get(BASE + "/train/made/scalars").json["data"]]
            # Where the daemon is no root it runs tasks as itself: all is its own.
            self.assertEqual(told, ["mine"] if owner.st_uid != os.geteuid() else ["mine", "secret"])


if __name__ == "__main__":
    main()
