"""What control groups cost: short jobs to their end with limits held by groups, polled, and not at all."""
import statistics
import time

from measure import QUICK, head, load, say
from kit.daemon import FREE, Daemon
from kit.http import BASE, Socket
from kit.process import cpu_seconds

TRAIN = BASE + "/train"
JOBS = 40 if QUICK else 150
ROUNDS = 3 if QUICK else 7


def until_ended(client, s, name):
    query = {"filter": f"job_name~=^{name}- state=completed", "fields": "uid", "limit": "500"}
    while len(client.request("GET", TRAIN, on=s, query=query).json["data"]) < JOBS:
        time.sleep(0.02)


def one_round(d, client, name):
    """(jobs a second, the daemon's own CPU for a job in ms)."""
    began, cpu = time.monotonic(), cpu_seconds(d.process.pid)
    with Socket(d.port) as s:
        for n in range(JOBS):
            a = client.request("POST", TRAIN, on=s, body={
                "job_name": f"{name}-{n}", "command": ["true"], "cpu_limit": "0.01"})
            if a.status >= 300:
                raise AssertionError(f"{name}-{n}: {a.status} {a.body[:300]!r}")
        until_ended(client, s, name)
    return JOBS / (time.monotonic() - began), (cpu_seconds(d.process.pid) - cpu) / JOBS * 1e3


def groups():
    """Rounds in turn: what the machine does meanwhile meets all three."""
    head("Control groups")
    daemons = {how: Daemon(engine="local", settings=[*FREE, f"local.limits={how}"]) for how in ("cgroup", "poll", "none")}
    try:
        clients = {how: d.client() for how, d in daemons.items()}
        took = {how: [] for how in daemons}
        for n in range(ROUNDS):
            for how, d in daemons.items():
                took[how].append(one_round(d, clients[how], f"r{n}"))
        none = statistics.median(rate for rate, _ in took["none"])
        for how, rounds in took.items():
            rate = statistics.median(r for r, _ in rounds)
            say(f"short jobs to their end, limits: {how}", rate, "jobs/s",
                f"{rate / none:.2f} of without; {min(rounds)[0]:.0f} to {max(rounds)[0]:.0f} in {ROUNDS} rounds of {JOBS}; "
                f"daemon {statistics.median(c for _, c in rounds):.1f} ms of CPU each; {load()}")
    finally:
        for d in daemons.values():
            d.close()
