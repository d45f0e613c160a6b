"""Other queues of jobs, where they are installed: the same questions, each by its own client."""
import os
import shutil
import statistics
import subprocess
import time

from measure import QUICK, load, rss, runs, say, spread
from kit.basics import environment, folder, home_in, until
from kit.process import alive


def accepting(command, count, **env):
    """(p50, p95) in ms of handing in one job, each by a client of its own."""
    return spread(runs(command, count, **env), 1e3)


def task_spooler():
    program, place = shutil.which("tsp"), folder("tsp")
    if not program:
        say("task-spooler", "-", "", "not installed here")
        return
    env = {"TS_SOCKET": place + "/tsp", "TMPDIR": place}
    count = 100 if QUICK else 500
    subprocess.run([program, "-S", str(os.cpu_count() or 1)], env=environment(**env), check=True)
    try:
        started = time.monotonic()
        fifty, most = accepting([program, "-n", "true"], count, **env)
        subprocess.run([program, "-w"], env=environment(**env), stdout=subprocess.DEVNULL, check=False)
        say("task-spooler: accepted p50, p95", f"{fifty:.1f} {most:.1f}", "ms",
            f"{count / (time.monotonic() - started):.0f} short jobs/s to their end; {load()}")
    finally:
        subprocess.run([program, "-K"], env=environment(**env), check=False)


class Pueue:
    """pueued with a home of its own. It keeps all jobs in one file that it writes at each change."""

    def __init__(self, client, daemon):
        self.client, self.program = client, daemon
        place = folder("pueue")
        self.env = {**home_in(place), "XDG_DATA_HOME": place + "/data", "XDG_RUNTIME_DIR": place}
        self.daemon = None

    def run(self, *words, **more):
        return subprocess.run([self.client, *words], env=environment(**self.env), text=True,
                              capture_output=True, stdin=subprocess.DEVNULL, **more)

    def start(self):
        """Seconds until it answers."""
        started = time.monotonic()
        self.daemon = subprocess.Popen([self.program], env=environment(**self.env), stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: self.run("status").returncode == 0, "an answer of pueued")
        return time.monotonic() - started

    def stop(self):
        self.daemon.terminate()
        self.daemon.wait()

    def detach(self, finished):
        fifty, most = accepting([self.client, "add", "--", "true"], 10 if QUICK else 40, **self.env)
        say(f"pueue: accepted, {finished} finished p50, p95", f"{fifty:.1f} {most:.1f}", "ms", load())

    def fill(self, count):
        started = time.monotonic()
        for _ in range(count):
            self.run("add", "--", "true", check=True)
        accepted = time.monotonic() - started
        self.run("wait", "--all", "--quiet", check=True)
        say("pueue: short jobs to their end", count / (time.monotonic() - started), "jobs/s",
            f"accepted {count / accepted:.0f} jobs/s, each by its client; {count} jobs only")

    def with_many(self, count):
        self.detach(count)
        self.run("wait", "--all", "--quiet", check=True)
        times = runs([self.client, "status"], 3 if QUICK else 10, **self.env)
        say(f"pueue: list of {count}", statistics.median(times) * 1e3, "ms", "to a pipe")
        say("pueue: daemon resident", rss(self.daemon.pid), "MiB", f"{count} finished jobs")
        self.stop()
        say("pueue: restart to ready", self.start() * 1e3, "ms", f"{count} finished jobs")


def pueue():
    programs = shutil.which("pueue"), shutil.which("pueued")
    if not all(programs):
        say("pueue", "-", "", "not installed here")
        return
    p = Pueue(*programs)
    count = 100 if QUICK else 1000
    p.start()
    try:
        p.run("parallel", str(os.cpu_count() or 1), check=True)
        p.detach(0)
        p.fill(count)
        p.with_many(count)
    finally:
        p.stop()
    assert not alive(p.daemon.pid)


def beside():
    task_spooler()
    pueue()
    if not shutil.which("sbatch"):
        say("Slurm", "-", "", "not installed here")
