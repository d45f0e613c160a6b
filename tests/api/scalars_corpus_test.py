#!/usr/bin/python3
"""
Event files of real writers, and of none (tests/corpus/events): GET .../scalars has what TensorBoard's default
reader has, whole and however they grow.
"""
import glob
import json
import os
import random

import support
from support import ROOT, until
from train_kit import TRAIN, Case

from kit import events

CORPUS = os.path.join(ROOT, "tests/corpus/events")
SAMPLES = sorted(os.path.basename(p)[:-len(".json")] for p in glob.glob(CORPUS + "/*.json"))


COPY = """
import os, shutil, sys, time
shutil.copytree(sys.argv[1], os.environ["MLTOP_OUTPUT_DIR"], dirs_exist_ok=True)
"""
GROW = """
import os, sys, time
for line in open(sys.argv[1]):
    turn, path, begin, end = line.split()
    while not os.path.exists(f"{sys.argv[1]}.{turn}"):
        time.sleep(0.02)
    to = os.path.join(os.environ["MLTOP_OUTPUT_DIR"], os.path.relpath(path, sys.argv[2]))
    os.makedirs(os.path.dirname(to), exist_ok=True)
    with open(path, "rb") as f, open(to, "ab") as out:
        f.seek(int(begin))
        out.write(f.read(int(end) - int(begin)))
while not os.path.exists(f"{sys.argv[1]}.end"):
    time.sleep(0.02)
"""


def wanted(sample):
    with open(f"{CORPUS}/{sample}.json", encoding="utf-8") as f:
        return events.as_answered(json.load(f))


class Corpus(Case):
    def told(self, name):
        a = self.client.get(f"{TRAIN}/{name}/scalars", query={"max_points": "10000"})
        self.assertEqual(a.status, 200, a)
        return {(r["run"], r["tag"]): r["points"] for r in a.json["data"]}

    def same(self, sample, got):
        want = wanted(sample)
        self.assertEqual(sorted(got), sorted(want), sample)
        for curve, points in want.items():
            self.assertEqual(got[curve], points, f"{sample} {curve}")

    def test_each_sample_whole(self):
        self.assertGreaterEqual(len(SAMPLES), 5)
        for sample in SAMPLES:
            self.submit(sample, "/usr/bin/python3", "-c", COPY, f"{CORPUS}/{sample}")
        for sample in SAMPLES:
            self.ended(sample)
            self.same(sample, self.told(sample))

    def test_each_sample_as_it_grows(self):
        """All files of a run grow at the same time, in pieces that end anywhere; looked at in between."""
        seed = random.randrange(1 << 32)
        print("seed", seed)
        for sample in SAMPLES:
            if sample == "odd":
                continue  # its runs of two files are told by their order: test_each_sample_whole
            self.grow(sample, random.Random(seed))

    def grow(self, sample, rng):
        files = [p for p in sorted(glob.glob(f"{CORPUS}/{sample}/**", recursive=True)) if os.path.isfile(p)]
        plan = os.path.join(self.daemon.state, "plan-" + sample)
        turns = 6
        with open(plan, "w") as f:
            ends = {p: sorted(rng.randrange(os.path.getsize(p) + 1) for _ in range(turns - 1)) + [os.path.getsize(p)]
                    for p in files}
            for turn in range(turns):
                for p in files:
                    begin = ends[p][turn - 1] if turn else 0
                    f.write(f"{turn} {p} {begin} {ends[p][turn]}\n")
        name = "grows-" + sample
        self.submit(name, "/usr/bin/python3", "-c", GROW, plan, f"{CORPUS}/{sample}")
        self.addCleanup(self.ended, name)
        self.addCleanup(lambda: open(plan + ".end", "w").close())
        sizes = lambda: {f["path"]: f["size"] for f in self.client.get(f"{TRAIN}/{name}/outputs").json["data"]}
        for turn in range(turns):
            open(f"{plan}.{turn}", "w").close()
            want = {os.path.relpath(p, f"{CORPUS}/{sample}"): ends[p][turn] for p in files}
            until(lambda: sizes() == want, f"turn {turn} of {sample}")
            self.told(name)
        one_each = len(files) == len({os.path.dirname(p) for p in files})
        open(plan + ".end", "w").close()
        self.ended(name)  # the next would wait for its place
        if one_each:
            self.same(sample, self.told(name))


if __name__ == "__main__":
    support.main()
