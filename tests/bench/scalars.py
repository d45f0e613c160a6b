"""Curves of an event file of 100 MB: ours beside both readers of TensorBoard, its Python one and its data server."""
import json
import os
import re
import subprocess
import sys
import time

import numpy

from measure import QUICK, head, say
from kit import events
from kit.basics import ROOT, folder, until
from kit.client import Client
from kit.daemon import Daemon
from kit.http import BASE
from kit.process import resident

sys.path.insert(0, os.path.join(ROOT, "tests/parts"))
import environments  # noqa: E402

MEGABYTES = 10 if QUICK else 100
TAGS = [f"train/metric-{i}" for i in range(10)]
NAME = "events.out.tfevents.1700000000.bench"
COPY = "import os, shutil, sys; shutil.copytree(sys.argv[1], os.environ['MLTOP_OUTPUT_DIR'], dirs_exist_ok=True)"

PYTHON = """
import json, resource, sys, time
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
began = time.monotonic()
a = EventAccumulator(sys.argv[1])
a.Reload()
points = sum(len(a.Scalars(tag)) for tag in a.Tags()["scalars"])
took = time.monotonic() - began
print(json.dumps([took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, before / 1024, points]))
"""


def crc_columns(data):
    """Masked CRC-32C of each row, all rows at once."""
    table = numpy.array(events.TABLE, dtype=numpy.uint32)
    crc = numpy.full(len(data), 0xFFFFFFFF, dtype=numpy.uint32)
    for column in range(data.shape[1]):
        crc = table[(crc ^ data[:, column]) & 255] ^ crc >> 8
    crc ^= numpy.uint32(0xFFFFFFFF)
    return (crc >> 15 | crc << 17) + numpy.uint32(0xA282EAD8)


def records(first, count):
    """A scalar of each tag in turn. Steps are numbers of four bytes, so that all records are of one length."""
    rows, base = numpy.arange(first, first + count), 1 << 21
    shape = numpy.frombuffer(events.scalar(TAGS[0], base, 0.0), dtype=numpy.uint8)
    out = numpy.tile(shape, (count, 1))
    out[:, 13:21] = (1700000000.0 + rows * 0.01).astype("<f8").view(numpy.uint8).reshape(count, 8)
    step = base + rows // len(TAGS)
    for i in range(4):
        out[:, 22 + i] = step >> 7 * i & 127 | (128 if i < 3 else 0)
    at = bytes(shape).index(TAGS[0].encode()) + len(TAGS[0]) - 1
    out[:, at] = ord("0") + rows % len(TAGS)
    value = len(shape) - 8
    out[:, value:value + 4] = (1 / (1 + rows * 1e-4)).astype("<f4").view(numpy.uint8).reshape(count, 4)
    out[:, -4:] = crc_columns(out[:, 12:-4]).astype("<u4").view(numpy.uint8).reshape(count, 4)
    return out.tobytes()


def make(there):
    each = len(events.scalar(TAGS[0], 1 << 21, 0.0))
    with open(os.path.join(there, NAME), "wb") as f:
        f.write(events.version())
        for first in range(0, MEGABYTES * 1000000 // each, 200000):
            f.write(records(first, 200000))
    return os.path.getsize(os.path.join(there, NAME)) / 1e6


def ask(client):
    began = time.monotonic()
    a = client.get(f"{BASE}/train/bench/scalars", query={"max_points": "10000"})
    took = time.monotonic() - began
    assert a.status == 200 and "problems" not in a.json, a
    return took, sum(len(r["points"]) for r in a.json["data"])


def ours(there):
    with Daemon(engine="local", args=["--private"]) as d:
        client = Client(d.port, d.secret())
        uid = client.post(BASE + "/train", {"job_name": "bench", "command": ["/usr/bin/python3", "-c", COPY, there]}
                          ).json["uid"]
        until(lambda: client.get(f"{BASE}/train/bench").json["state"] == "completed", "the copy")
        before = resident(d.process.pid, "VmHWM") / 1024
        took, points = ask(client)
        memory = resident(d.process.pid, "VmHWM") / 1024
        with open(os.path.join(d.state, "tasks", uid, "output", NAME), "ab") as f:
            f.write(records(1 << 23, 1))
        return took, memory, before, points, min(ask(client)[0] for _ in range(5))


def python_reader(python, there):
    done = subprocess.run([python, "-c", PYTHON, there], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def data_server(python, there):
    """Until its first cycle is over, by its own word; None: its wheel does not run here."""
    binary = subprocess.run([python, "-c", "import tensorboard_data_server as t; print(t.server_binary())"],
                            capture_output=True, text=True, check=False).stdout.strip()
    if not binary:
        return None
    p = subprocess.Popen([binary, "--logdir", there, "--port", "0", "--samples-per-plugin", "scalars=10000", "-v"],
                         stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    try:
        for line in p.stderr:
            found = re.search(r"Finished load cycle \(([0-9.]+)(ms|s)\)", line)
            if found:
                return float(found.group(1)) / (1000 if found.group(2) == "ms" else 1), resident(p.pid, "VmHWM") / 1024
        return None
    finally:
        p.kill()
        p.wait()


def scalars():
    there = folder("bench-events")
    size = make(there)
    head(f"curves of an event file of {size:.0f} MB, {len(TAGS)} tags, at most 10,000 points of each")
    took, memory, before, points, again = ours(there)
    python = environments.make_in(environments.plain_folder("events"), environments.plain_fill, "events") + "/bin/python"
    theirs, most, began, shown = python_reader(python, there)
    say("GET .../scalars, first", took, "s", f"{points} points; TensorBoard's EventAccumulator {theirs:.3g} s "
        f"({shown} points): {theirs / took:.1f} times that")
    say("mltopd, peak", memory, "MiB", f"{before:.0f} before; EventAccumulator {most:.0f} ({began:.0f} before): "
        f"{memory / most:.2f} of that")
    fast = data_server(python, there)
    if fast:
        say("TensorBoard's data server, first cycle", fast[0], "s", f"{fast[0] / took:.1f} times ours; peak "
            f"{fast[1]:.0f} MiB")
    else:
        say("TensorBoard's data server", "-", "", "its wheel does not run here")
    say("GET .../scalars, one record later", again * 1000, "ms")
