"""The dashboard through a real pty, beside htop and btop."""
import re
import shutil
import signal
import statistics
import time

from measure import NOOP, QUICK, head, home, measured, rss, say, spread, written
from kit.basics import MLTOP
from kit.terminal import Pty


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
    rows_there = p.shows("demo-job-") - p.started
    whole = p.shows(counted(jobs)) - p.started
    say("  first rows (with the start of the platform)", rows_there * 1e3, "ms", f"{jobs} jobs")
    say("  all rows", whole * 1e3, "ms")
    p.read(1.0)
    fifty, most = spread(key_times(p, ["j", "k"], 50 if QUICK else 300, b">"), 1e3)
    say("  key to paint p50, p95", f"{fifty:.2f} {most:.2f}", "ms", f"while {changes} rows change a second")
    seconds = 3 if QUICK else 10
    busy, data = measured(p.pid, p, seconds)
    say("  under that load", busy, "% core", f"{len(data) / seconds / 1024:.1f} KiB/s to the terminal")
    fifty, most = spread(filter_times(p, 5 if QUICK else 20), 1e3)
    say("  filter applied p50, p95", f"{fifty:.2f} {most:.2f}", "ms")
    say("  resident", rss(p.pid), "MiB")
    p.signal(signal.SIGTERM)
    p.ended()
    p.close()
    p = Pty([MLTOP, "demo", "--jobs", jobs, "--changes", "0"], cols, rows, **home())
    p.shows(counted(jobs))
    p.quiet(1.0)
    seconds = 5 if QUICK else 30
    busy, data = measured(p.pid, p, seconds)
    say(f"  idle for {seconds} s", busy, "% core", written(data))
    p.signal(signal.SIGTERM)
    p.ended()
    p.close()


def counted(jobs):
    """The table's head with all rows there. The number may have been written digit by digit."""
    return re.compile(rf"^ jobs[^\n]*\b{jobs}\s*$", re.M)


def filter_times(p, count):
    """From typing a filter that no row passes to the sentence that says so."""
    times = []
    for _ in range(count):
        p.send("/")
        pause(p)
        p.shows("demo-job-")
        started = time.monotonic()
        p.send("zqzq")
        times.append(p.shows("No row matches", 5) - started)
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
    seconds = 3 if QUICK else 30
    busy, data = measured(p.pid, p, seconds)
    say(f"{name} {cols}x{rows}: first bytes placed", first * 1e3, "ms",
        f"key p50 {fifty:.2f} p95 {most:.2f} ms, {rss(p.pid):.1f} MiB, idle {busy:.1f} % core, "
        f"{len(data)} bytes in {seconds} s")
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
