"""How long the tree takes to build from nothing, beside the older one, and to be tested."""
import os
import re
import resource
import shutil
import statistics
import subprocess
import time

from measure import QUICK, head, say
from kit.basics import ROOT, folder


def clean_environment():
    return {name: value for name, value in os.environ.items()
            if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "CI", "MLTOP_BUILD")}


def tree_of(commit):
    """Of what is committed: a copy in a folder of its own."""
    to = folder("tree")
    packed = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True).stdout
    subprocess.run(["tar", "x"], cwd=to, input=packed, check=True)
    return to


def lines(tree):
    """Thousands, of what is compiled."""
    count = 0
    for at, _, names in os.walk(tree + "/src"):
        for name in names:
            if name.endswith((".c", ".h")):
                with open(os.path.join(at, name), "rb") as f:
                    count += f.read().count(b"\n")
    return count / 1000


def built(tree):
    """Seconds of processors and of the wall. The first hardly notice what else the machine does."""
    shutil.rmtree(tree + "/build", ignore_errors=True)
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(["make", "-s", f"-j{os.cpu_count()}", "all"], cwd=tree, env=clean_environment(), check=True)
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def compare(pairs, older, before, now):
    """The whole beside 1.2, and what a line costs beside what it cost: the tree has grown meanwhile."""
    grown = lines(now) / lines(before)
    for k, name in enumerate(("build_cpu", "build")):
        was, is_now = (statistics.median(pair[tree][k] for pair in pairs) for tree in (before, now))
        ratio = statistics.median(pair[now][k] / pair[before][k] for pair in pairs)
        say(name, is_now, "s", f"{older} {was:.1f} s; ratio {ratio:.2f}, at most 1.2: "
            f"{'held' if ratio <= 1.2 else 'NOT held'}; {grown:.2f} times its lines, each at {ratio / grown:.2f}")


def making(older):
    head("Making (seconds, nothing cached)")
    before, now = tree_of(older), tree_of("HEAD")
    pairs = []
    for n in range(1 if QUICK else 3):
        order = (before, now) if n % 2 == 0 else (now, before)
        pairs.append({tree: built(tree) for tree in order})
    compare(pairs, older, before, now)
    if QUICK:
        return
    began = time.monotonic()
    done = subprocess.run(["make", "-s", "test"], cwd=now, env=clean_environment(), capture_output=True, text=True)
    took = time.monotonic() - began
    count = re.findall(r"^\d+ passed, \d+ failed, \d+ skipped$", done.stdout, re.M)
    say("make_test", took, "s", f"at most 240: {'held' if took <= 240 else 'NOT held'}; "
        f"{count[-1] if count else done.stderr[-300:]}")
