#!/usr/bin/python3
"""
Event files of writers as they are on the package index today: what GET .../scalars says of them is what TensorBoard,
asked by its own page's requests, says.
"""
import json
import os
import random
import subprocess
import sys
import unittest

import environments

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from kit import events  # noqa: E402
from kit.basics import ROOT, folder, until  # noqa: E402
from kit.client import Client  # noqa: E402
from kit.count import run_cases as main  # noqa: E402
from kit.daemon import Daemon  # noqa: E402
from kit.http import BASE  # noqa: E402

MAKE = os.path.join(ROOT, "tests/corpus/events/make")
COPY = "import os, shutil, sys; shutil.copytree(sys.argv[1], os.environ['MLTOP_OUTPUT_DIR'], dirs_exist_ok=True)"
TRAIN = BASE + "/train"


class Events(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.python = environments.plain_folder("events") + "/bin/python"
        cls.daemon = Daemon(engine="local", args=["--private"])
        cls.client = Client(cls.daemon.port, cls.daemon.secret())

    @classmethod
    def tearDownClass(cls):
        cls.daemon.close()

    def run_in(self, script, *words):
        done = subprocess.run([self.python, f"{MAKE}/{script}.py", *words], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        return done.stdout

    def told(self, name, there):
        a = self.client.post(TRAIN, {"job_name": name, "command": ["/usr/bin/python3", "-c", COPY, there]})
        self.assertEqual(a.status, 200, a)
        until(lambda: self.client.get(f"{TRAIN}/{name}").json["state"] == "completed", "its end")
        a = self.client.get(f"{TRAIN}/{name}/scalars", query={"max_points": "10000"})
        self.assertFalse(a.json["truncated"])
        return {(r["run"], r["tag"]): r["points"] for r in a.json["data"]}

    def same(self, name, there):
        want = events.as_answered(json.loads(self.run_in("answers", there)))
        got = self.told(name, there)
        self.assertEqual(sorted(got), sorted(want))
        for curve, points in want.items():
            self.assertEqual(got[curve], points, curve)

    def written_by(self, script, *words):
        there = folder(script)
        self.run_in(script + "_write", there, *words)
        self.same(script, there)

    def test_tensorboardx(self):
        self.written_by("tbx")

    def test_its_own_writer(self):
        self.written_by("own")

    def test_what_no_library_writes(self):
        self.written_by("odd")

    def test_many_runs_with_restarts(self):
        seed = random.randrange(1 << 32)
        print("seed", seed)
        self.written_by("random", str(seed))

    def test_samples_of_torch_tensorflow_keras_and_lightning_are_still_read_so(self):
        for sample in ("torch", "tf2", "keras", "lightning"):
            self.same(sample, os.path.join(ROOT, "tests/corpus/events", sample))


if __name__ == "__main__":
    main()
