"""How long the tree takes to build from nothing, beside the older one, and to be tested."""
import os
import re
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


def built(tree):
    shutil.rmtree(tree + "/build", ignore_errors=True)
    began = time.monotonic()
    subprocess.run(["make", "-s", f"-j{os.cpu_count()}", "all"], cwd=tree, env=clean_environment(), check=True)
    return time.monotonic() - began


def making(older):
    head("Making (seconds of the wall, nothing cached)")
    before, now = tree_of(older), tree_of("HEAD")
    pairs = []
    for n in range(1 if QUICK else 3):
        order = (before, now) if n % 2 == 0 else (now, before)
        took = {tree: built(tree) for tree in order}
        pairs.append((took[before], took[now]))
    ratio = statistics.median(b / a for a, b in pairs)
    say("build", statistics.median(b for _, b in pairs), "s", f"{older} {statistics.median(a for a, _ in pairs):.1f} s; "
        f"ratio {ratio:.2f}, at most 1.2: {'held' if ratio <= 1.2 else 'NOT held'}")
    if QUICK:
        return
    began = time.monotonic()
    done = subprocess.run(["make", "-s", "test"], cwd=now, env=clean_environment(), capture_output=True, text=True)
    took = time.monotonic() - began
    count = re.findall(r"^\d+ passed, \d+ failed, \d+ skipped$", done.stdout, re.M)
    say("make_test", took, "s", f"at most 240: {'held' if took <= 240 else 'NOT held'}; "
        f"{count[-1] if count else done.stderr[-300:]}")
