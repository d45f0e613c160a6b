#!/usr/bin/python3
"""What one tenant can do to a shared platform: hostile filters, records at their limits, packages
that ask for memory.

    MLTOP_BUILD=... tests/bench/strain.py hostile_filter|subscriptions|records|packages     one row of one build
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
FILTERED = 40    # jobs with a long text
SUBSCRIBED = 2 if QUICK else 6  # seconds
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

def healthz_times(port, stop):
    """Milliseconds of each /healthz of somebody else, over one connection, until `stop`."""
    times = []
    with Socket(port) as s:
        while not stop.is_set():
            began = time.monotonic()
            s.send(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % port)
            s.answer()
            times.append((time.monotonic() - began) * 1e3)
            time.sleep(0.002)
    return sorted(times)


def hostile_filter():
    """p99 of /healthz while a viewer asks for jobs by twenty expressions that fit nothing."""
    with platform() as d:
        admin = Client(d.port, d.key())
        for n in range(FILTERED):
            post(admin, {"job_name": f"long-{n}", "command": ["true", "ab" * 30000]})
        viewer = Client(d.port, d.key(role="viewer"))
        terms = " ".join(f"command!~=[ab]*a[ab]{{{230 + n}}}c" for n in range(20))
        stop, times = threading.Event(), []
        watcher = threading.Thread(target=lambda: times.extend(healthz_times(d.port, stop)))
        watcher.start()
        began = time.monotonic()
        answer = viewer.get(TRAIN, query={"filter": terms})
        took = (time.monotonic() - began) * 1e3
        while len(times) == 0 and time.monotonic() < began + 0.5 and took < 500:
            time.sleep(0.01)  # a quick refusal: enough of the others' answers for a p99
            viewer.get(TRAIN, query={"filter": terms})
        stop.set()
        watcher.join()
        return {"hostile_filter_healthz_p99": times[int(len(times) * 0.99)], "answer": answer.status, "took": took}


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
    with Daemon(engine="fake", settings=[*FREE, "fake.jobs=1000", "fake.changes=200"]) as d:
        viewer = Client(d.port, d.key(role="viewer"))
        sockets = [viewer.websocket() for _ in range(8)]
        for w in sockets:
            for n in range(64):
                w.send(t="sub", id=n + 1, kind="job", fields="job_name",
                       filter='message!~="nothing like it" job_name~="(-?){90}0"')
        stop, times = threading.Event(), []
        watchers = [threading.Thread(target=lambda: times.extend(healthz_times(d.port, stop))),
                    threading.Thread(target=lambda: drained([w.socket.sock for w in sockets], stop))]
        for t in watchers:
            t.start()
        before = d.cpu_seconds()
        time.sleep(SUBSCRIBED)
        used = (d.cpu_seconds() - before) / SUBSCRIBED
        stop.set()
        for t in watchers:
            t.join()
        for w in sockets:
            w.close()
        return {"subscriptions_healthz_p99": times[int(len(times) * 0.99)], "of_a_core": used}


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
