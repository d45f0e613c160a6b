"""How the bench measures and prints: a line is what, figure, unit, and what to compare it with."""
import os
import statistics
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from kit.basics import BUILD, environment, folder, home_in  # noqa: E402
from kit.process import cpu_ticks, resident  # noqa: E402

QUICK = bool(os.environ.get("QUICK"))
NOOP, ECHO = os.path.join(BUILD, "bench/noop"), os.path.join(BUILD, "bench/echo")


def home():
    """A home of its own, with keys for platforms that are named by --endpoint."""
    return {**home_in(folder("bench")), "XIAOMI_ACCESS_KEY_ID": "AK" + "TEST" * 4,
            "XIAOMI_SECRET_ACCESS_KEY": "secret of the bench"}


def say(what, figure, unit, beside=""):
    shown = f"{figure:.3g}" if isinstance(figure, float) and figure < 100 else (
        f"{figure:.0f}" if isinstance(figure, float) else str(figure))
    print(f"  {what:46s} {shown:>9s} {unit:8s} {beside}", flush=True)


def head(text):
    print(f"\n{text}   ({load()} of {os.cpu_count()} cores)", flush=True)


def spread(values, scale=1.0):
    """(p50, p95)."""
    values = sorted(v * scale for v in values)
    return statistics.median(values), values[min(len(values) - 1, int(len(values) * 0.95))]


def rss(pid):
    """MiB resident, as the kernel counts, with the part that other programs share."""
    return resident(pid) / 1024


def measured(pid, p, seconds):
    """(percent of a core, the bytes written) over so many seconds."""
    p.read(0.2)
    before, ticks, started = len(p.output), cpu_ticks(pid), time.monotonic()
    while time.monotonic() - started < seconds:
        p.read(0.1)
    took = time.monotonic() - started
    return (cpu_ticks(pid) - ticks) / os.sysconf("SC_CLK_TCK") / took * 100, bytes(p.output[before:])


def written(data):
    """What came though nothing happened, so that its cause is seen."""
    return f"{len(data)} bytes to the terminal" + (f": {data[:200]!r}" if data else "")


def load():
    return "load " + " ".join(f"{n:.2f}" for n in os.getloadavg()[:2])


def runs(command, count, **changes):
    """Wall times of whole runs, in seconds."""
    times = []
    for _ in range(count):
        started = time.monotonic()
        subprocess.run(command, env=environment(**changes), stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, check=True)
        times.append(time.monotonic() - started)
    return times
