#!/usr/bin/python3
"""make bench: figures of this machine, each beside what it is to be compared with from the same run.

    tests/bench/bench.py [dashboard] [log] [jobs] [groups] [load] [gpus] [older] [progress] [scalars] [strain] [balance] [making]

QUICK=1: small sizes. `older` compares with an older build of ours ($OLDER, else 841f4c4), `progress` the
reader of progress with that of 841f4c4, `strain` is what one tenant can do to the others, `making` is
this tree built and tested.

A line is: what, figure, unit, and the comparison. Times are wall times by the monotonic clock.
Nothing here fails because something was slow, only because something did not work at all.
"""
import os
import re
import sys

import balance
import dashboard
import gpus
import groups
import jobs
import load
import logs
import making
import older
import progress
import scalars
import strain
from measure import QUICK
from kit.basics import BUILD, OPENED


def bench():
    parts = {"dashboard": dashboard.dashboard, "log": logs.log, "jobs": jobs.jobs, "groups": groups.groups,
             "load": load.load, "gpus": gpus.gpus, "older": older.older, "progress": progress.progress, "balance": balance.balance,
             "scalars": scalars.scalars,
             "strain": lambda: strain.strain(older.built(), BUILD),
             "making": lambda: making.making(older.COMMIT)}
    chosen = [w for w in sys.argv[1:] if w in parts] or list(parts)
    with open("/proc/cpuinfo") as f:
        model = re.search(r"model name\s*: (.*)", f.read())
    print(f"{os.uname().sysname} {os.uname().release}, {os.cpu_count()} cores, "
          f"{model.group(1) if model else os.uname().machine}{', QUICK' if QUICK else ''}")
    worked = True
    for name in chosen:
        try:
            parts[name]()
        except Exception as e:  # the other parts are wanted all the same
            worked = False
            print(f"  {name}: did not work: {e}", flush=True)
        finally:
            for thing in OPENED[:]:
                thing.close()
    return 0 if worked else 1


if __name__ == "__main__":
    sys.exit(bench())
