"""Jobs: accepted, run to their end, listed, with an empty store and with many finished ones."""
import json
import os
import statistics
import subprocess
import time

import queues
from measure import NOOP, QUICK, head, load, rss, runs, say, spread
from kit.basics import BUILD, MLTOP, until
from kit.client import Client
from kit.http import Socket
from kit.private import Private
from kit.process import alive, cpu_ticks
from kit.signing import Key


def client(private):
    key = private.secret()
    port = int(private.endpoint()["url"].rsplit(":", 1)[1])
    return Client(port, Key(key["access_key"], key["secret_key"]))


def detach(private, finished):
    """In turn with the no-op and started the same way: what the machine does meanwhile meets both."""
    nothing, times = [], []
    for _ in range(10 if QUICK else 40):
        nothing += runs([NOOP], 1)
        times += runs([MLTOP, "run", "--detach", "--", "true"], 1, **private.home)
    base = statistics.median(nothing)
    fifty, most = spread(times, 1e3)
    say(f"run --detach to accepted, {finished} finished p50, p95", f"{fifty:.1f} {most:.1f}", "ms",
        f"no-op linked to the same libraries {base * 1e3:.1f} ms: {fifty - base * 1e3:+.1f} ms; {load()}")


def fill(private, count):
    """Short jobs one after the other as fast as the platform takes them, to their end."""
    c = client(private)
    started, own = time.monotonic(), time.process_time()
    with Socket(c.port) as s:
        for n in range(count):
            answer = c.request("POST", "/cloud_ml/v1/train", on=s, body={
                "job_name": f"short-{n}", "command": ["true"], "cpu_limit": "0.01"})
            if answer.status >= 300:
                raise AssertionError(f"job {n}: {answer.status} {answer.body[:300]!r}")
    accepted, own = time.monotonic() - started, time.process_time() - own
    while int(status(private)["jobs"]["finished"]) < count:
        time.sleep(0.2)  # asking is work of the machine that is measured
    took = time.monotonic() - started
    say("short jobs accepted", count / accepted, "jobs/s",
        f"over one connection; this client took {own / accepted * 100:.0f} % of the time")
    say("short jobs to their end", count / took, "jobs/s", load())


def status(private):
    return json.loads(private.ok("platform", "status", "--json"))


def with_many(private, count):
    pid = private.pid()
    detach(private, count)
    times = runs([MLTOP, "jobs", "list"], 3 if QUICK else 10, **private.home)
    say(f"jobs list of {count}", statistics.median(times) * 1e3, "ms", "default columns, to a pipe")
    times = runs([MLTOP, "jobs", "list", "--json"], 3 if QUICK else 5, **private.home)
    say(f"jobs list --json of {count}", statistics.median(times) * 1e3, "ms", "all fields")
    say("daemon resident", rss(pid), "MiB", f"{count} finished jobs")
    ticks, started = cpu_ticks(pid), time.monotonic()
    time.sleep(3 if QUICK else 10)
    took = time.monotonic() - started
    say("daemon idle", (cpu_ticks(pid) - ticks) / os.sysconf("SC_CLK_TCK") / took * 100, "% core")
    private.ok("platform", "stop")
    until(lambda: not alive(pid), "the daemon's end")
    state = os.path.dirname(private.find("private.key"))
    started = time.monotonic()
    daemon = subprocess.Popen([os.path.join(BUILD, "mltopd"), "--private", "--state-dir", state],
                              stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, env=private.env)
    line = daemon.stdout.readline()
    say("restart to ready", (time.monotonic() - started) * 1e3, "ms",
        f"{count} finished jobs" if b"listening" in line else f"it said {line!r}")
    daemon.terminate()
    daemon.wait()


def jobs():
    head("Jobs")
    private = Private()
    private.ok("jobs", "list")  # starts it
    detach(private, 0)
    count = 300 if QUICK else 10000
    fill(private, count)
    with_many(private, count)
    private.close()
    queues.beside()
