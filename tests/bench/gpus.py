"""64 GPUs sampled every 2 s: ours beside nvitop, on the same stand-in for NVIDIA's library."""
import os
import subprocess
import sys
import time

from measure import QUICK, head, measured, say
from kit.basics import environment, folder, home_in, until
from kit.client import Client
from kit.daemon import Daemon
from kit.gpus import Driver
from kit.http import BASE
from kit.process import cpu_seconds, resident
from kit.terminal import Pty

NVITOP = "nvitop==1.7.2"
SECONDS = 10 if QUICK else 40
COUNT = 64


def installed():
    """nvitop in an environment of its own, made once; None where it cannot be had."""
    at = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "mltop-tests", NVITOP)
    program = os.path.join(at, "bin", "nvitop")
    if os.path.exists(program):
        return program
    made = [subprocess.run(words, capture_output=True, text=True) for words in (
        [sys.executable, "-m", "venv", at], [os.path.join(at, "bin", "pip"), "install", "-q", NVITOP])]
    return program if all(m.returncode == 0 for m in made) and os.path.exists(program) else None


def driver():
    d = Driver(COUNT)
    for i in range(COUNT):
        d.gpus[i].update(util=i * 3 % 100, used=i * 1000, temp=40 + i % 40, power=100000 + i * 5000)
    d.say()
    return d


def share(pid):
    """Percent of a core over SECONDS."""
    before, began = cpu_seconds(pid), time.monotonic()
    time.sleep(SECONDS)
    return (cpu_seconds(pid) - before) / (time.monotonic() - began) * 100


def ours(d):
    with Daemon(engine="local", args=["--private"], settings=d.settings("2s"), env=d.env) as daemon:
        client = Client(daemon.port, daemon.secret())
        until(lambda: len(client.get(BASE + "/gpus", query={"limit": "500"}).json["data"]) == COUNT, "64 GPUs")
        with client.websocket() as w:  # somebody looks at them
            w.send(t="sub", id=1, kind="gpu")
            w.until("synced")
            return share(daemon.process.pid), resident(daemon.process.pid) / 1024


def theirs(d, program):
    env = environment(**home_in(folder("nvitop")), **d.env, LD_LIBRARY_PATH=os.path.dirname(d.library),
                      TERM="xterm-256color")
    p = Pty([program, "--monitor", "full", "--interval", "2"], 200, 300, **env)
    until(lambda: p.read(0.1) is not None and b"H100" in p.output, "its first frame")
    taken = measured(p.pid, p, SECONDS)[0], resident(p.pid) / 1024
    p.close()
    return taken


def gpus():
    head(f"{COUNT} GPUs, sampled every 2 s, looked at by one")
    d = driver()
    cpu, memory = ours(d)
    program = installed()
    if program is None:
        say("mltopd", cpu, "% CPU", f"{NVITOP} could not be installed: nothing to compare with")
        return
    other, more = theirs(d, program)
    say("mltopd", cpu, "% CPU", f"nvitop {other:.3g} %: {other / cpu if cpu else 0:.1f} times that")
    say("mltopd", memory, "MiB", f"nvitop {more:.0f} MiB")
