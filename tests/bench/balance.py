"""The balancer beside nginx in front of the same replicas: requests a second, what each adds to a
request's time, memory for idle connections."""
import os
import re
import socket
import statistics
import subprocess
import sys
import time

from measure import QUICK, head, say
from kit.basics import environment, folder, until
from kit.process import cpu_seconds, resident

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../balance"))
from support import Balancer, Nginx  # noqa: E402

WRK = "/usr/bin/wrk"
ROUNDS, SECONDS = (3, 2) if QUICK else (7, 4)
REQUESTS = 3000 if QUICK else 20000
CONNECTIONS = 64
IDLE = 1000
SCRIPT = """
done = function(summary, latency)
  io.write(string.format("RESULT %d %d %d\\n", summary.requests, summary.duration,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status + summary.errors.timeout))
end
"""


def wrk(port, connections, script):
    """Requests a second."""
    out = subprocess.run([WRK, "-t1", f"-c{connections}", f"-d{SECONDS}s", "-s", script, f"http://127.0.0.1:{port}/answer"],
                         env=environment(), capture_output=True, text=True, check=True).stdout
    requests, took, errors = map(int, re.search(r"RESULT (.*)", out)[1].split())
    if errors:
        raise AssertionError(f"{errors} requests failed: {out}")
    return requests * 1e6 / took


class Front:
    def __init__(self, port, pids):
        self.port, self.pids = port, pids
        self.rates, self.costs = [], []

    def cpu(self):
        return sum(cpu_seconds(pid) for pid in self.pids)

    def memory(self):
        return sum(resident(pid) for pid in self.pids)

    def loaded(self, script):
        before = self.cpu()
        rate = wrk(self.port, CONNECTIONS, script)
        self.rates.append(rate)
        self.costs.append((self.cpu() - before) / (rate * SECONDS) * 1e6)



def one_by_one(fronts):
    """{name: times in ms} of requests over one connection to each, a request to each in turn: what else the machine does
    meets all alike."""
    times, peers = {name: [] for name in fronts}, {}
    for name, front in fronts.items():
        peers[name] = socket.create_connection(("127.0.0.1", front.port))
        peers[name].setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    names = list(fronts)
    for i in range(REQUESTS):
        for name in names[i % len(names):] + names[:i % len(names)]:
            began = time.perf_counter()
            peers[name].sendall(b"GET /answer HTTP/1.1\r\nHost: a\r\n\r\n")
            got = b""
            while not got.endswith(b"]}]}"):
                got += peers[name].recv(65536)
            times[name].append((time.perf_counter() - began) * 1e3)
    for s in peers.values():
        s.close()
    return {name: sorted(of) for name, of in times.items()}


def idle_memory(front):
    """KiB more with so many connections that have each had an answer, and are kept."""
    before, peers = front.memory(), []
    for _ in range(IDLE):
        s = socket.create_connection(("127.0.0.1", front.port))
        s.sendall(b"GET /answer HTTP/1.1\r\nHost: a\r\n\r\n")
        until(lambda s=s: b"\r\n\r\n" in s.recv(65536), "an answer")
        peers.append(s)
    after = front.memory()
    for s in peers:
        s.close()
    return after - before


def balance():
    head("balancer")
    place = folder("bench-balance")
    with open(place + "/script.lua", "w") as f:
        f.write(SCRIPT)
    script = place + "/script.lua"
    replicas = Nginx({"answer": b'{"outputs": [{"name": "y", "shape": [1], "datatype": "FP64", "data": [0.5]}]}'}, ports=2)
    ours = Balancer(*replicas.ports, connections_max=4096)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    servers = "".join(f"server 127.0.0.1:{p};" for p in replicas.ports)
    nginx = Nginx({}, port=port, extra=f"upstream replicas {{ least_conn; keepalive 128; keepalive_requests 100000000; {servers} }} "
                  f"server {{ listen 127.0.0.1:{port} backlog=511; location / {{ proxy_pass http://replicas; "
                  "proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_set_header Host $host; "
                  "proxy_set_header X-Forwarded-For $remote_addr; proxy_next_upstream error timeout; } }")
    fronts = {"ours": Front(ours.port, [ours.process.pid]), "nginx": Front(nginx.port, nginx.workers()),
              "direct": Front(replicas.port, replicas.workers())}
    for i in range(ROUNDS):
        names = list(fronts) if i % 2 else list(fronts)[::-1]
        for name in names:
            fronts[name].loaded(script)
    median = {name: {what: statistics.median(getattr(f, what)) for what in ("rates", "costs")}
              for name, f in fronts.items()}
    m, n, d = median["ours"], median["nginx"], median["direct"]
    ratio = statistics.median(a / b for a, b in zip(fronts["ours"].rates, fronts["nginx"].rates))
    say(f"requests a second, {CONNECTIONS} connections", m["rates"], "",
        f"nginx {n['rates']:.0f}, ratio {ratio:.2f} (>= 0.7); without either {d['rates']:.0f}")
    say("CPU of one request", m["costs"], "us", f"nginx {n['costs']:.1f}")
    times = one_by_one(fronts)
    for q in (50, 99):
        a, b, without = (times[name][REQUESTS * q // 100] for name in ("ours", "nginx", "direct"))
        say(f"added latency p{q}, one connection", a - without, "ms",
            f"nginx {b - without:.3f}, ratio {(a - without) / (b - without):.2f}" + (" (<= 1.5)" if q == 99 else ""))
    a, b = idle_memory(fronts["ours"]), idle_memory(fronts["nginx"])
    say(f"memory of {IDLE} idle connections", a / 1024, "MiB", f"nginx {b / 1024:.2f} MiB; more {(a - b) / 1024:.2f} (<= 2)")
    for thing in (ours, nginx, replicas):
        thing.close()
