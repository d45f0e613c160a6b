#!/usr/bin/python3
"""make bench: figures of this machine, each beside what it is to be compared with from the same run.

    tests/bench/bench.py [dashboard] [log] [jobs]      QUICK=1: small sizes

A line is: what, figure, unit, and the comparison. Times are wall times by the monotonic clock.
Nothing here fails because something was slow, only because something did not work at all.
"""
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../screen"))
from support import *  # noqa: E402,F403  (the terminals, the private platform)
from kit.basics import OPENED  # noqa: E402
from kit.client import Client  # noqa: E402
from kit.http import Socket  # noqa: E402
from kit.signing import Key  # noqa: E402

QUICK = bool(os.environ.get("QUICK"))
NOOP, ECHO = os.path.join(BUILD, "bench/noop"), os.path.join(BUILD, "bench/echo")


def say(what, figure, unit, beside=""):
    shown = f"{figure:.3g}" if isinstance(figure, float) and figure < 100 else (
        f"{figure:.0f}" if isinstance(figure, float) else str(figure))
    print(f"  {what:46s} {shown:>9s} {unit:8s} {beside}", flush=True)


def head(text):
    load = os.getloadavg()
    print(f"\n{text}   (load {load[0]:.2f} {load[1]:.2f} of {os.cpu_count()} cores)", flush=True)


def spread(values, scale=1.0):
    """(p50, p95)."""
    values = sorted(v * scale for v in values)
    return statistics.median(values), values[min(len(values) - 1, int(len(values) * 0.95))]


def rss(pid):
    """MiB resident, as the kernel counts; with the part that other programs share."""
    with open(f"/proc/{pid}/status") as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1)) / 1024


def measured(pid, p, seconds):
    """(percent of a core, bytes written) over so many seconds."""
    p.read(0.2)
    before, ticks, started = len(p.output), cpu_ticks(pid), time.monotonic()
    while time.monotonic() - started < seconds:
        p.read(0.1)
    took = time.monotonic() - started
    return (cpu_ticks(pid) - ticks) / os.sysconf("SC_CLK_TCK") / took * 100, len(p.output) - before


def runs(command, count, **changes):
    """Wall times of whole runs, in seconds."""
    times = []
    for _ in range(count):
        started = time.monotonic()
        subprocess.run(command, env=environment(**changes), stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, check=True)
        times.append(time.monotonic() - started)
    return times


# ---- Dashboard ----

def first_bytes(command, mark, count, cols, rows, **changes):
    """Seconds from the start to the mark on the terminal."""
    times = []
    for _ in range(count):
        p = Pty(command, cols, rows, **home(), **changes)
        times.append(p.wait(mark) - p.started)
        p.signal(signal.SIGTERM)
        p.ended()
        p.close()
    return times


def key_times(p, keys, count, mark=None):
    """Seconds from a key to the next bytes (that hold the mark)."""
    times = []
    for n in range(count):
        # Others paint late: what comes then belongs to the key before.
        if mark:
            p.read(0.01)
        else:
            settle(p)
        since = len(p.output)
        started = time.monotonic()
        p.send(keys[n % len(keys)])
        while not (mark in p.output[since:] if mark else len(p.output) > since):
            if time.monotonic() - started > 2:
                break
            p.read(0.2)
        times.append(time.monotonic() - started)
    return times


def settle(p):
    end = time.monotonic() + 1
    while p.read(0.05) and time.monotonic() < end:
        pass


def mltop_at(cols, rows):
    count = 5 if QUICK else 15
    base = statistics.median(first_bytes([NOOP], b"x", count, cols, rows))
    # Where nobody answers: what counts is painted before anything is connected.
    first = statistics.median(first_bytes([MLTOP, "--endpoint", "http://127.0.0.1:1"], b"? ", count, cols, rows))
    say(f"mltop {cols}x{rows}: first frame", first * 1e3, "ms",
        f"no-op linked to the same libraries {base * 1e3:.1f} ms: {(first - base) * 1e3:+.1f} ms")
    jobs, changes = ("2000", "200") if QUICK else ("10000", "1000")
    p = Pty([MLTOP, "demo", "--jobs", jobs, "--changes", changes], cols, rows, **home())
    rows_there = p.wait(b"demo-job-0") - p.started
    whole = p.wait(jobs.encode()) - p.started
    say("  first rows (with the start of the platform)", rows_there * 1e3, "ms", f"{jobs} jobs")
    say("  all rows", whole * 1e3, "ms")
    p.read(1.0)
    fifty, most = spread(key_times(p, ["j", "k"], 50 if QUICK else 300, b">"), 1e3)
    say("  key to paint p50, p95", f"{fifty:.2f} {most:.2f}", "ms", f"while {changes} rows change a second")
    busy, written = measured(p.pid, p, 3 if QUICK else 10)
    say("  under that load", busy, "% core", f"{written / (3 if QUICK else 10) / 1024:.1f} KiB/s to the terminal")
    fifty, most = spread(filter_times(p, 5 if QUICK else 20), 1e3)
    say("  filter applied p50, p95", f"{fifty:.2f} {most:.2f}", "ms")
    say("  resident", rss(p.pid), "MiB")
    p.signal(signal.SIGTERM)
    p.ended()
    p.close()
    p = Pty([MLTOP, "demo", "--jobs", jobs, "--changes", "0"], cols, rows, **home())
    p.wait(jobs.encode())
    p.quiet(1.0)
    seconds = 5 if QUICK else 30
    busy, written = measured(p.pid, p, seconds)
    say(f"  idle for {seconds} s", busy, "% core", f"{written} bytes to the terminal")
    p.signal(signal.SIGTERM)
    p.ended()
    p.close()


def filter_times(p, count):
    """From typing a filter that no row passes to the sentence that says so."""
    times = []
    for _ in range(count):
        p.send("/")
        pause(p)
        since, started = len(p.output), time.monotonic()
        p.send("zqzq")
        p.wait(b"No row matches", since, 5)
        times.append(time.monotonic() - started)
        for _ in range(2):
            p.send("\x1b")  # out of the line, then the filter away
            pause(p)
    return times


def pause(p):
    """What a person leaves between two keys; an Esc must not join the next one."""
    end = time.monotonic() + 0.15
    while time.monotonic() < end:
        p.read(0.02)


def peer(name, cols, rows, quit_key="q"):
    if not shutil.which(name):
        say(f"{name} {cols}x{rows}", "-", "", "not installed here")
        return
    first = statistics.median(first_bytes([name], re.compile(rb"\x1b\[[0-9;]*[Hf].*\x1b\[[0-9;]*[Hf]", re.S),
                                          3 if QUICK else 7, cols, rows, LC_ALL="C.UTF-8"))
    p = Pty([name], cols, rows, LC_ALL="C.UTF-8", **home())
    p.wait(b"\x1b[")
    p.read(1.5)
    fifty, most = spread(key_times(p, ["\x1b[B", "\x1b[A"], 20 if QUICK else 100), 1e3)
    busy, written = measured(p.pid, p, 3 if QUICK else 30)
    say(f"{name} {cols}x{rows}: first bytes placed", first * 1e3, "ms",
        f"key p50 {fifty:.2f} p95 {most:.2f} ms, {rss(p.pid):.1f} MiB, idle {busy:.1f} % core, "
        f"{written} bytes in {3 if QUICK else 30} s")
    p.send(quit_key)
    p.signal(signal.SIGTERM)
    p.ended()
    p.close()


def dashboard():
    head("Dashboard")
    for cols, rows in ((80, 24), (200, 50)):
        mltop_at(cols, rows)
        for name in ("htop", "btop"):
            peer(name, cols, rows)


# ---- Log ----

STAMPS = """import sys, time
for n in range(int(sys.argv[1])):
    print(time.monotonic_ns(), flush=True)
    time.sleep(0.01)
"""
FAST = """import os, sys, time
chunk = b"x" * 99 + b"\\n"
chunk = chunk * 10000
start = time.monotonic()
for n in range(int(float(sys.argv[1]) * 100)):
    line = b"@%d\\n" % time.monotonic_ns()
    data = line + chunk
    while data:
        data = data[os.write(1, data):]
    pause = start + (n + 1) * 0.01 - time.monotonic()
    if pause > 0:
        time.sleep(pause)
"""


def delays(pipe, mark=b""):
    """Of each line that is a time stamp, how old it is when it is read here; in seconds."""
    found = []
    for line in pipe:
        if line.startswith(mark) and line[len(mark):].strip().isdigit():
            found.append((time.monotonic_ns() - int(line[len(mark):])) / 1e9)
    return found


def follow(private, name):
    return subprocess.Popen([MLTOP, "logs", "-f", name], env=private.env,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)


def throughput(private, megabytes):
    limit = float(subprocess.run([ECHO, str(megabytes)], capture_output=True, text=True).stdout or 0)
    bare = float(subprocess.run([ECHO, str(megabytes), "bare"], capture_output=True, text=True).stdout or 0)
    say("an empty handler, by its own client", limit, "MB/s", f"by a bare socket {bare:.0f} MB/s")
    size = megabytes * 1000000
    name = private.shell(f"yes 'a line of a log as long as many are, with a loss of 0.1234 in it' | head -c {size}")
    until(lambda: private.state(name) == "completed", "the big job", 300)
    p = Pty([MLTOP], **private.home)
    p.wait(name.encode())
    p.send("/" + name + "\r")
    p.read(0.3)
    started = time.monotonic()
    p.send("l")
    p.wait(b"whole", limit=300)
    took = time.monotonic() - started
    say("file -> daemon -> spool (dashboard)", megabytes / took, "MB/s",
        f"{megabytes / took / limit * 100 if limit else 0:.0f} % of the empty handler, {rss(p.pid):.0f} MiB")
    p.signal(signal.SIGTERM)
    p.ended()
    p.close()
    started = time.monotonic()
    private.ok("logs", name)
    took = time.monotonic() - started
    say("file -> daemon -> mltop logs", megabytes / took, "MB/s")
    started = time.monotonic()
    subprocess.run([MLTOP, "run", "--", "sh", "-c", f"yes 'a line as before' | head -c {size}"],
                   env=private.env, cwd=private.folder, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, check=True)
    took = time.monotonic() - started
    say("task -> shim -> daemon -> mltop run", megabytes / took, "MB/s", "the whole path, start and end included")


def line_delay(private, count):
    name = private.shell(f"exec /usr/bin/python3 -c '{STAMPS}' {count}")
    f = follow(private, name)
    fifty, most = spread(delays(f.stdout), 1e3)
    f.wait()
    path = private.folder + "/beside"
    with open(path, "w") as out:
        writer = subprocess.Popen(["/usr/bin/python3", "-c", STAMPS, str(count)], stdout=out)
    tail = subprocess.Popen(["tail", "-F", "-q", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    found = []
    while len(found) < count:
        line = tail.stdout.readline()
        found.append((time.monotonic_ns() - int(line)) / 1e9)
    writer.wait()
    tail.terminate()
    tail.wait()
    tail_fifty, tail_most = spread(found, 1e3)
    say("line written to line read p50, p95", f"{fifty:.2f} {most:.2f}", "ms",
        f"tail -F {tail_fifty:.2f} {tail_most:.2f} ms")


def lag(private, seconds):
    name = private.shell(f"exec /usr/bin/python3 -c '{FAST}' {seconds}")
    f = follow(private, name)
    found = delays(f.stdout, b"@")
    f.wait()
    fifty, most = spread(found, 1e3)
    say(f"behind a writer of 100 MB/s for {seconds} s p50, p95", f"{fifty:.0f} {most:.0f}", "ms",
        f"at its end {found[-1] * 1e3:.0f} ms" if found else "")


def log():
    head("Log")
    private = Private()
    throughput(private, 50 if QUICK else 500)
    line_delay(private, 100 if QUICK else 500)
    lag(private, 1 if QUICK else 5)
    private.close()


# ---- Jobs ----

def client(private):
    key = private.secret()
    port = int(private.endpoint()["url"].rsplit(":", 1)[1])
    return Client(port, Key(key["access_key"], key["secret_key"]))


def detach(private, base, finished):
    times = []
    for _ in range(10 if QUICK else 40):
        started = time.monotonic()
        private.ok("run", "--detach", "--", "true")
        times.append(time.monotonic() - started)
    fifty, most = spread(times, 1e3)
    say(f"run --detach to accepted, {finished} finished p50, p95", f"{fifty:.1f} {most:.1f}", "ms",
        f"no-op linked to the same libraries {base * 1e3:.1f} ms: {fifty - base * 1e3:+.1f} ms")


def fill(private, count):
    """Short jobs one after the other as fast as the platform takes them, to their end."""
    c = client(private)
    started = time.monotonic()
    with Socket(c.port) as s:
        for n in range(count):
            answer = c.request("POST", "/cloud_ml/v1/train", on=s, body={
                "job_name": f"short-{n}", "command": ["true"], "cpu_limit": "0.01"})
            if answer.status >= 300:
                raise AssertionError(f"job {n}: {answer.status} {answer.body[:300]!r}")
    accepted = time.monotonic() - started
    until(lambda: int(status(private)["jobs"]["finished"]) >= count, f"{count} short jobs", 3600)
    took = time.monotonic() - started
    say("short jobs accepted", count / accepted, "jobs/s")
    say("short jobs to their end", count / took, "jobs/s", beside_tsp(min(count, 100 if QUICK else 500)))


def status(private):
    return json.loads(private.ok("platform", "status", "--json"))


def beside_tsp(count):
    if not shutil.which("tsp"):
        return "task-spooler: not installed here"
    env = environment(TS_SOCKET=folder() + "/tsp", TMPDIR=folder())
    subprocess.run(["tsp", "-S", str(os.cpu_count() or 1)], env=env, check=True)
    started = time.monotonic()
    for _ in range(count):
        subprocess.run(["tsp", "-n", "true"], env=env, stdout=subprocess.DEVNULL, check=True)
    accepted = time.monotonic() - started
    subprocess.run(["tsp", "-w"], env=env, stdout=subprocess.DEVNULL, check=False)
    took = time.monotonic() - started
    subprocess.run(["tsp", "-K"], env=env, check=False)
    return f"task-spooler {count / took:.0f} jobs/s, {accepted / count * 1e3:.1f} ms to accept one"


def with_many(private, base, count):
    pid = private.pid()
    detach(private, base, count)
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
    base = statistics.median(runs([NOOP], 20))
    private = Private()
    private.ok("jobs", "list")  # starts it
    detach(private, base, 0)
    count = 300 if QUICK else 10000
    fill(private, count)
    with_many(private, base, count)
    private.close()
    for name in ("sbatch", "qsub", "kubectl"):
        if not shutil.which(name):
            say(name, "-", "", "not installed here")


def bench():
    parts = {"dashboard": dashboard, "log": log, "jobs": jobs}
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
