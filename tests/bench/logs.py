"""Logs: from a file and from a task to whoever reads, and how old a line is when it is read."""
import fcntl
import os
import signal
import subprocess
import time

from measure import ECHO, QUICK, head, rss, say, spread
from kit.basics import MLTOP, until
from kit.private import Private
from kit.terminal import Pty


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


def delays(pipe):
    """Of each line that is a time stamp, how old it is when it is read here; in seconds."""
    return [(time.monotonic_ns() - int(line)) / 1e9 for line in pipe]


def delays_among(pipe, mark=b"\n@"):
    """The same where stamps are a line in ten thousand: whole reads, searched for the mark, so that
    the reader takes next to nothing of the machine that it measures."""
    fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 1 << 20)
    found, rest = [], b"\n"
    while data := os.read(pipe.fileno(), 1 << 20):
        now, data = time.monotonic_ns(), rest + data
        at = data.find(mark)
        while at >= 0 and (end := data.find(b"\n", at + 1)) >= 0:
            found.append((now - int(data[at + len(mark):end])) / 1e9)
            at = data.find(mark, end)
        rest = data[at:] if at >= 0 else data[-1:]
    return found


def follow(private, name):
    return subprocess.Popen([MLTOP, "logs", "-f", name], env=private.env,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)


def quietly(private, *words):
    subprocess.run([MLTOP, *words], env=private.env, cwd=private.folder, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, check=True)


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
    quietly(private, "logs", name)
    took = time.monotonic() - started
    say("file -> daemon -> mltop logs", megabytes / took, "MB/s", "to /dev/null")
    started = time.monotonic()
    quietly(private, "run", "--", "sh", "-c", f"yes 'a line as before' | head -c {size}")
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
    own = time.process_time()
    found = delays_among(f.stdout)
    own = time.process_time() - own
    f.wait()
    fifty, most = spread(found, 1e3)
    say(f"behind a writer of 100 MB/s for {seconds} s p50, p95", f"{fifty:.0f} {most:.0f}", "ms",
        f"at its end {found[-1] * 1e3:.0f} ms; this reader took {own / seconds * 100:.0f} % of a core")


def log():
    head("Log")
    private = Private()
    throughput(private, 50 if QUICK else 500)
    line_delay(private, 100 if QUICK else 500)
    lag(private, 1 if QUICK else 5)
    private.close()
