"""The reader of progress beside that of 841f4c4: CPU per MB of log, and what it keeps for a job.

Rounds in turn and judged as in older.py. The older reader is that of 841f4c4 whatever $OLDER says, as
progress_cpu.c knows its calls; it is built from git with this tree's flags.
"""
import json
import os
import shutil
import subprocess

from measure import QUICK, head, say
from older import judge, rounds
from kit.basics import BUILD, folder

COMMIT = "841f4c4"
ROUNDS = 11
MEGABYTES = 4 if QUICK else 16
STATE_MAX = 4096
# row: the most that this reader may take of what the older one takes. 1.05 is "the same".
LIMITS = {"plain": 1.05, "bars": 1.5, "torrent": 1.5}


class Reader:
    def __init__(self, program):
        self.program = program

    def ask(self, row):
        answer = json.loads(subprocess.run([self.program, row, str(MEGABYTES)], check=True, capture_output=True).stdout)
        self.state, self.passed = answer["state"], answer["passed"]
        return {row: answer["us"]}


def progress():
    before = os.path.join(BUILD, "bench/progress_cpu_" + COMMIT)
    copy = shutil.copy2(before, folder("reader") + "/progress_cpu")
    readers = [Reader(before), Reader(copy), Reader(os.path.join(BUILD, "bench/progress_cpu"))]
    head(f"Reader of progress beside {COMMIT}: CPU per MB of log, {MEGABYTES} MB, medians of {ROUNDS} rounds")
    for row, most in LIMITS.items():
        older, this, ratio, apart = judge(rounds(readers, row, ROUNDS)[row])
        held = "held" if ratio <= most else "held within the spread" if ratio <= most * apart else "NOT held"
        say(f"progress_{row}", this / 1e6, "s/MB",
            f"{COMMIT} {older / 1e6:.3g}; ratio {ratio:.2f}, copies apart by {apart:.2f}, at most {most:g}: {held}; "
            f"{readers[2].passed} lines passed over")
    state = readers[2].state
    say("progress_state", state, "bytes", f"{COMMIT} {readers[0].state}; at most {STATE_MAX}: "
        f"{'held' if state <= STATE_MAX else 'NOT held'}")
