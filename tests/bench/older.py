"""This build beside an older one of ours, in the same run: slower, or not to be told from it.

Three builds take turns: the older one, a second copy of it, and this one; the order turns with each
round. A row is slower only if the median of the rounds' ratios is over 1.05 and over what the two
copies of the older build differ by (three of four of their ratios).
"""
import json
import os
import shutil
import statistics
import subprocess
import sys

from measure import QUICK, head, say
from kit.basics import BUILD, ROOT, folder

COMMIT = os.environ.get("OLDER", "841f4c4")
ROUNDS = 3 if QUICK else 11
SIZE = 2000 if QUICK else 10000
UNITS = {"daemon_resident": "MiB"}
HERE = os.path.dirname(os.path.abspath(__file__))


def built():
    """The folder with the older programs, built from git once and kept below build/old."""
    tree = os.path.join(ROOT, "build/old", COMMIT)
    programs = os.path.join(tree, "build")
    if not os.path.exists(programs + "/built"):
        shutil.rmtree(tree, ignore_errors=True)
        os.makedirs(tree)
        packed = subprocess.run(["git", "archive", COMMIT], cwd=ROOT, check=True, capture_output=True).stdout
        subprocess.run(["tar", "x"], cwd=tree, input=packed, check=True)
        env = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "CI")}
        subprocess.run(["make", "-s", f"-j{os.cpu_count()}", "all"], cwd=tree, env=env, check=True)
        open(programs + "/built", "w").close()
    return programs


def copied(programs):
    to = folder("older")
    os.chmod(to, 0o755)
    for name in ("mltop", "mltopd", "mltop-shim"):
        shutil.copy2(os.path.join(programs, name), to)
    return to


class Arm:
    def __init__(self, programs):
        self.child = subprocess.Popen(["/usr/bin/python3", HERE + "/arm.py", str(SIZE)], text=True,
                                      env=dict(os.environ, MLTOP_BUILD=programs),
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, row):
        self.child.stdin.write(row + "\n")
        self.child.stdin.flush()
        answer = json.loads(self.child.stdout.readline() or '{"error": "it ended"}')
        if "error" in answer:
            raise AssertionError(f"{row}: {answer['error']}")
        return answer

    def close(self):
        self.child.stdin.close()
        self.child.wait()


def rounds(arms, row, count):
    """[{figure: [older, copy, this]}], the first one to run another each time."""
    found = {}
    for n in range(count):
        answers = [None] * 3
        for k in range(3):
            which = (n + k) % 3
            answers[which] = arms[which].ask(row)
        for name in answers[0]:
            found.setdefault(name, []).append([a[name] for a in answers])
    return found


def judge(values):
    """(median of each build, this one by the older, what two copies differ by)"""
    older, _, this = (statistics.median(column) for column in zip(*values))
    ratio = statistics.median(t / o for o, _, t in values)
    apart = sorted(max(c / o, o / c) for o, c, _ in values)
    return older, this, ratio, apart[min(len(apart) * 3 // 4, len(apart) - 1)]


def compare(arms, row, count=ROUNDS):
    slower = []
    for name, values in rounds(arms, row, count).items():
        older, this, ratio, apart = judge(values)
        word = "slower" if ratio > 1.05 and ratio > apart else "faster" if ratio < 0.95 and 1 / ratio > apart else "-"
        slower += [name] if word == "slower" else []
        say(name, this, UNITS.get(name, "ms"),
            f"{COMMIT} {older:.4g}; ratio {ratio:.2f}, copies apart by {apart:.2f}: {word}")
    return slower


def older():
    programs = built()
    arms = [Arm(programs), Arm(copied(programs)), Arm(copied(BUILD))]
    head(f"Beside {COMMIT}: {SIZE} jobs ({10 * SIZE} in rows named _ten), {ROUNDS} rounds, less is better")
    slower = []
    try:
        for row in ("dashboard", "dashboard_ten", "key", "log_read", "jobs_each", "list", "detach"):
            try:
                slower += compare(arms, row)
            except AssertionError as e:
                print(f"  {e}", flush=True)
        slower += compare(arms, "memory", 1)
    finally:
        for arm in arms:
            arm.close()
    print(f"  slower: {', '.join(slower) or 'nothing'}", flush=True)
