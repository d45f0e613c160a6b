"""Many at once on one platform: 10,000 objects, 200 watchers, 50 submissions a second for a minute.

What asks is build/bench/load, in C and signed before its moment, so that it is not itself what is measured.
Every task is a real one. WATCHERS, OBJECTS, RATE, SECONDS change the sizes.
"""
import json
import os
import subprocess

from measure import QUICK, head, load as machine, rss, say
from kit.basics import BUILD
from kit.daemon import Daemon

DRIVER, EMPTY = os.path.join(BUILD, "bench/load"), os.path.join(BUILD, "bench/empty")
TRAIN = "/cloud_ml/v1/train"
FIELDS = ("job_name,uid,owner,gpu_limit,state,reason,attempt,create_time,start_time,cpu_used,gpu_util,"
          "progress_percent,progress_step,progress_total,progress_eta,loss")  # a dashboard's, at 80x24
PAGES = (("page of 500, all fields", "limit=500"),
         ("page of 500, a dashboard's fields", f"limit=500&fields={FIELDS}"),
         ("page of 500, fields and filter", f"limit=500&filter=state%3Dcancelled&fields={FIELDS}"),
         ("page of none, a filter that finds none", f"limit=500&filter=state%3Drunning%20loss%3C0&fields={FIELDS}"))


def size(name, whole, quick):
    return int(os.environ.get(name) or (quick if QUICK else whole))


def judged(figure, bound, least=False):
    held = figure >= bound if least else figure <= bound
    return f"at {'least' if least else 'most'} {bound:.3g}: {'held' if held else 'NOT held'}"


class Platform(Daemon):
    """With keys enough that nobody is held by the limits of one; only asking is freer than by default."""

    def __init__(self, watchers):
        super().__init__(engine="local", settings=[
            "limits.requests_per_second=1000000", "limits.request_burst=1000000",
            f"limits.connections={watchers + 1000}", "limits.per_address=1000", "limits.jobs_per_org=1000000"])
        self.keys = os.path.join(self.folder, "keys")
        with open(self.keys, "w") as f:
            for n in range(max(10, watchers // 25)):
                key = self.key(role="operator", name=f"dashboard-{n}")
                f.write(f"{key.access_key} {key.secret_key}\n")

    def command_of(self, *words, port=None):
        return [DRIVER, str(port or self.port), self.keys, *map(str, words)]

    def drive(self, *words, port=None):
        """What the driver says, and the daemon's CPU seconds meanwhile."""
        before = self.cpu_seconds()
        done = subprocess.run(self.command_of(*words, port=port), capture_output=True, text=True)
        if done.returncode:
            raise AssertionError(done.stderr[-600:])
        return json.loads(done.stdout), self.cpu_seconds() - before


# ---- One request after the other, nothing else going on ----

def empty_handlers(d, links, count):
    """Requests a second of what does nothing: ours (/healthz) and libwebsockets'."""
    ours, cpu = d.drive("open", count, links, "/healthz")
    with subprocess.Popen([EMPTY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        theirs, _ = d.drive("open", count, links, "/", port=int(other.stdout.readline()))
        other.stdin.close()
    return ours["per_s"], cpu / count, theirs["per_s"]


def one_object(d):
    count = 4000 if QUICK else 40000
    for links in (1, 16):
        ours, empty_cpu, theirs = empty_handlers(d, links, count)
        one, cpu = d.drive("ask", count, links, TRAIN + "/fill-1")
        part = one["per_s"] / max(ours, theirs)
        say(f"GET of one object, {links} at once", one["per_s"], "a second",
            f"empty handlers: ours {ours:.0f}, libwebsockets {theirs:.0f}; {part:.2f} of the faster, "
            f"{judged(part, 1 / 3, least=True)}; daemon {cpu / count * 1e6:.0f} us each, empty {empty_cpu * 1e6:.0f} us; "
            f"{machine()}")


def pages(d):
    count = 40 if QUICK else 400
    for name, query in PAGES:
        got, cpu = d.drive("ask", count, 1, f"{TRAIN}?{query}")
        say(name + " p50", got["ms"]["p50"], "ms", f"{judged(got['ms']['p50'], 10)}; p99 {got['ms']['p99']:.1f} ms; "
            f"{got['bytes'] >> 10} KiB, daemon {cpu / count * 1e3:.2f} ms each; {machine()}")


# ---- All of it ----

def times(t):
    return f"p50 {t['p50']:.1f}, p99 {t['p99']:.1f}, most {t['most']:.1f} ms"


def lost(got, jobs, watchers):
    """What somebody was not told: of a job's row, its end, its events, or told in a wrong order."""
    return (jobs - got["whole"]) + got["differs"] + got["fell"]


def say_run(got, used, jobs, watchers):
    accepted = got["accepted"]["p99"]
    say("submit p99", accepted, "ms", f"{judged(accepted, 20)}; {times(got['accepted'])}; {machine()}")
    say("page of 500 meanwhile p50", got["page"]["p50"], "ms",
        f"{judged(got['page']['p50'], 10)}; {times(got['page'])}")
    say("page of 500, fields and filter, meanwhile p50", got["page_filtered"]["p50"], "ms",
        f"{judged(got['page_filtered']['p50'], 10)}; {times(got['page_filtered'])}")
    say("GET of one object meanwhile p50", got["one"]["p50"], "ms", times(got["one"]))
    say("submitted to its row at each watcher p99", got["seen"]["p99"], "ms",
        f"{times(got['seen'])}; rows are sent every 50 ms")
    say("lost", lost(got, jobs, watchers), "", f"at most 0; {got['rows']} rows and {got['events']} events in "
        f"{got['frames']} frames, {got['bytes'] >> 20} MiB; {got['whole']} of {jobs} jobs whole at all {watchers} watchers")
    say("daemon's CPU", used / got["took_ms"] * 1e5, "% core", f"{used / jobs * 1e3:.2f} ms for each job, its tasks not "
        f"counted; the driver took {got['own_cpu_ms'] / got['took_ms'] * 100:.0f} %; {got['took_ms'] / 1e3:.0f} s to the last end")


def watched(d, watchers, rate, seconds):
    before, began = rss(d.process.pid), d.cpu_seconds()
    with subprocess.Popen(d.command_of("run", watchers, rate, seconds), stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as driver:
        def step():
            line = driver.stdout.readline()
            if not line:
                raise AssertionError("the driver ended early")
            return json.loads(line)
        opened = step()
        say(f"{watchers} watchers with all rows", opened["synced_ms"], "ms",
            f"daemon {d.cpu_seconds() - began:.2f} s of CPU, driver {opened['own_cpu_ms'] / 1e3:.2f} s; {machine()}")
        after, began = rss(d.process.pid), d.cpu_seconds()
        driver.stdin.write("\n")
        driver.stdin.flush()
        got = step()
        used, most = d.cpu_seconds() - began, d.peak() / 1024
        say_run(got, used, rate * seconds, watchers)
        say("daemon resident, most", most, "MiB", f"{judged(most, 80)}; {before:.0f} before the watchers, "
            f"{(after - before) / watchers * 1024:.0f} KiB for each, {rss(d.process.pid):.0f} at the end")


def load():
    objects, watchers = size("OBJECTS", 10000, 1000), size("WATCHERS", 200, 40)
    rate, seconds = size("RATE", 50, 20), size("SECONDS", 60, 5)
    head(f"Many at once: {objects} objects, {watchers} watchers, {rate} submissions/s for {seconds} s")
    with Platform(watchers) as d:
        got, cpu = d.drive("fill", objects)
        say("submitted and cancelled, 16 at once", objects / got["ms"] * 1e3, "jobs/s",
            f"daemon {cpu / objects * 1e3:.2f} ms each; {machine()}")
        one_object(d)
        pages(d)
        watched(d, watchers, rate, seconds)
