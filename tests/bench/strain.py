#!/usr/bin/python3
"""What one tenant can do to a shared platform: hostile filters, records at their limits, packages
that ask for memory.

    MLTOP_BUILD=... tests/bench/strain.py hostile_filter|lists|subscriptions|records|packages     one row of one build
"""
import binascii
import json
import lzma
import os
import select
import subprocess
import sys
import tarfile
import threading
import time

from measure import QUICK, head, say
from kit.basics import until
from kit.client import Client
from kit.daemon import FREE, Daemon
from kit.http import BASE, Socket

TRAIN = BASE + "/train"
LISTED = 10000   # jobs that are listed and filtered
LISTERS = 8      # clients that list them at once
SECONDS = 2 if QUICK else 6  # of asking
RECORDS = 1095   # submissions with texts at their limits
PACKAGES = 12    # submissions of the package
FINAL = ("completed", "failed", "error")


def platform(*settings):
    return Daemon(engine="local", settings=[*FREE, "local.max_tasks=4", *settings])


def post(client, body, on=None):
    answer = client.request("POST", TRAIN, on=on, body=body)
    if answer.status >= 300:
        raise AssertionError(f"{body.get('job_name')}: {answer.status} {answer.body[:300]!r}")


# ---- A filter that is slow to decide ----

def healthz_times():
    """Milliseconds of each /healthz at the port argv[2], over one connection, until standard input ends."""
    times, port = [], int(sys.argv[2])
    with Socket(port) as s:
        while not select.select([sys.stdin], [], [], 0.002)[0]:
            began = time.monotonic()
            s.send(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % port)
            s.answer()
            times.append((time.monotonic() - began) * 1e3)
    return times


def beside(port, work):
    """p99 in ms of somebody else's /healthz while `work` is done: a process of its own looks."""
    with subprocess.Popen([sys.executable, os.path.abspath(__file__), "healthz_times", str(port)], text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as watcher:
        work()
        times = sorted(json.loads(watcher.communicate()[0]))
    return times[int(len(times) * 0.99)]


def made_up(jobs, *settings):
    """A platform with so many jobs that are made up. At 841f4c4 the engine made them."""
    try:
        return Daemon(engine="fake", settings=[*FREE, f"demo.jobs={jobs}", *settings])
    except (AssertionError, OSError):
        return Daemon(engine="fake", settings=[*FREE, f"fake.jobs={jobs}", *settings])


def asked(d, query, name):
    """What somebody else notices of LISTERS viewers who ask so, again and again."""
    clients = [Client(d.port, d.key(role="viewer", name=f"reader-{n}")) for n in range(LISTERS)]
    answers, end = [], time.monotonic() + SECONDS

    def ask(c):
        while time.monotonic() < end:
            answers.append(c.get(TRAIN, query=query).status)

    def work():
        threads = [threading.Thread(target=ask, args=(c,)) for c in clients]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    p99 = beside(d.port, work)
    return {name + "_healthz_p99": p99, "answers": len(answers), "of_200": answers.count(200)}


def hostile_filter():
    """p99 of /healthz while eight viewers ask for 10,000 jobs by twenty expressions that fit none."""
    with made_up(LISTED) as d:
        terms = " ".join(f"!message~=[a-z]*e[a-z]{{{20 + n}}}z" for n in range(20)) + " !job_name~=."
        return asked(d, {"filter": terms}, "hostile_filter")


def lists():
    """The same while they list all of them, with all fields."""
    with made_up(LISTED, f"limits.list={LISTED}") as d:
        return asked(d, {"limit": str(LISTED)}, "lists")


# ---- Records at their limits ----

def records():
    """Resident memory after so many submissions with texts at their limits, all accepted."""
    with platform() as d:
        key = d.key()
        c = Client(d.port, key)
        quota = c.get(f"{BASE}/quota/{key.org_id}")
        if "records_bytes_quota" in (quota.json if quota.status == 200 else {}):
            c.put(f"{BASE}/quota/{key.org_id}", {"records_bytes_quota": "1G"})
        before = d.resident() / 1024
        count = RECORDS // 10 if QUICK else RECORDS
        with Socket(d.port) as s:
            for n in range(count):
                post(c, {"job_name": f"big-{n}", "cpu_limit": "1",
                         "command": ["sleep", "1000", str(n) + "c" * 63000],
                         "env": {"E": str(n) + "e" * 63000}, "prepare_command": "true #" + "p" * 16000,
                         "finish_command": "true #" + "f" * 16000, "labels": {"l": "l" * 63}}, on=s)
        after = d.resident() / 1024
        disk = sum(os.path.getsize(os.path.join(at, n)) for at, _, names in os.walk(d.state)
                   for n in names if not at.startswith(d.state + "/tasks")) >> 20
        for row in c.get(TRAIN, query={"filter": "state=running", "fields": "job_name"}).json["data"]:
            c.post(f"{TRAIN}/{row['job_name']}/cancel")
        return {"records_resident": after, "before": before, "accepted": count, "disk": disk}


# ---- A package that asks for memory ----

class Zeros:
    def __init__(self, start):
        self.start = start

    def read(self, n):
        data, self.start = self.start[:n], self.start[n:]
        return data + bytes(n - len(data))


def package(path):
    """7 MB of xz that ask for a dictionary of 1.5 GiB and fill two thirds of it."""
    size = (100 << 20) if QUICK else (1 << 30)
    with lzma.open(path, "wb", preset=0) as out, tarfile.open(fileobj=out, mode="w|") as tar:
        info = tarfile.TarInfo("p/data")
        info.size = size
        tar.addfile(info, Zeros(os.urandom(7 << 20)))
    with open(path, "r+b") as f:
        first = bytearray(f.read(64))
        end = 12 + (first[12] + 1) * 4 - 4  # of the first block's header; 3.1 of the format
        first[16] = 37
        first[end:end + 4] = binascii.crc32(first[12:end]).to_bytes(4, "little")
        f.seek(0)
        f.write(first)


def true_takes(client, name):
    began = time.monotonic()
    post(client, {"job_name": name, "command": ["/bin/true"]})
    until(lambda: client.get(f"{TRAIN}/{name}").json["state"] in FINAL, name, 300)
    return (time.monotonic() - began) * 1e3


def packages():
    """Peak memory while one org submits the package twelve times; another org's /bin/true meanwhile."""
    with platform() as d:
        os.chmod(d.folder, 0o755)
        d.stop()
        d.settings.append(f"packages.file_roots={d.folder}")
        d.start()
        path = d.folder + "/p.tar.xz"
        package(path)
        loud, other = Client(d.port, d.key("loud", "operator")), Client(d.port, d.key("other", "operator"))
        idle = sorted(true_takes(other, f"idle-{n}") for n in range(5))[2]
        threads = [threading.Thread(target=lambda n=n: loud.post(TRAIN, {
            "job_name": f"p-{n}", "command": ["true"], "trainer_uri": "file://" + path})) for n in range(PACKAGES)]
        for t in threads:
            t.start()
        busy = true_takes(other, "busy")
        for t in threads:
            t.join()
        return {"packages_peak": d.peak() / 1024, "true_idle": idle, "true_busy": busy}


# ---- Hundreds of subscriptions ----

def subscriptions():
    """p99 of /healthz beside 8 sockets with 64 subscriptions each of one key, and what they take of a core."""
    with made_up(1000, "fake.changes=200") as d:
        viewer = Client(d.port, d.key(role="viewer"))
        sockets = [viewer.websocket() for _ in range(8)]
        for w in sockets:
            for n in range(64):
                w.send(t="sub", id=n + 1, kind="job", fields="job_name",
                       filter='message!~="nothing like it" job_name~="(-?){90}0"')
        stop = threading.Event()
        reader = threading.Thread(target=drained, args=([w.socket.sock for w in sockets], stop))
        reader.start()
        before = d.cpu_seconds()
        p99 = beside(d.port, lambda: time.sleep(SECONDS))
        used = (d.cpu_seconds() - before) / SECONDS
        stop.set()
        reader.join()
        for w in sockets:
            w.close()
        return {"subscriptions_healthz_p99": p99, "of_a_core": used}


def drained(sockets, stop):
    while not stop.is_set():
        for s in select.select(sockets, [], [], 0.1)[0]:
            s.recv(1 << 20)


# ---- The part of the bench ----

def row(name, build):
    done = subprocess.run([sys.executable, os.path.abspath(__file__), name], text=True, capture_output=True,
                          env=dict(os.environ, MLTOP_BUILD=build))
    if done.returncode:
        raise AssertionError(f"{name}: {done.stderr[-600:]}")
    return json.loads(done.stdout.splitlines()[-1])


def strain(old, build):
    head("One tenant against all (each once)")
    for name, figure, unit, most in (("hostile_filter", "hostile_filter_healthz_p99", "ms", lambda o: 20),
                                     ("lists", "lists_healthz_p99", "ms", lambda o: 20),
                                     ("subscriptions", "subscriptions_healthz_p99", "ms", lambda o: 20),
                                     ("records", "records_resident", "MiB", lambda o: o / 10),
                                     ("packages", "packages_peak", "MiB", lambda o: o / 20)):
        try:
            before, now = row(name, old), row(name, build)
        except AssertionError as e:
            print(f"  {e}", flush=True)
            continue
        limit = most(before[figure])
        more = ", ".join(f"{k} {now[k]:.4g} ({before[k]:.4g})" for k in now if k != figure)
        say(figure, now[figure], unit, f"older {before[figure]:.4g}, at most {limit:.4g}: "
            f"{'held' if now[figure] <= limit else 'NOT held'}; {more}")


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]]()))
