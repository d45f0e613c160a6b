#!/bin/sh
# TensorBoard's default reader (its data server) shows a record whose data have a wrong checksum, as long as they can be
# parsed: a flipped bit is a point of the curve. Its Python reader (--load_fast=false) stops the file there and shows
# nothing behind it. mltop leaves the one record out, says so, and reads on.
set -eu
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install -q --only-binary :all: tensorboard==2.21.0
cat > "$place/show.py" <<'P'
"""Points of the tag "loss" that TensorBoard's page would get, by its default reader and by its Python one."""
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request


def shown(fast):
    p = subprocess.Popen([os.path.join(os.path.dirname(sys.executable), "tensorboard"), "--logdir", sys.argv[1],
                          "--host", "127.0.0.1", "--port", "0", "--load_fast", fast],
                         stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    base = None
    while base is None:
        found = re.search(r"at (http://\S+/)", p.stderr.readline())
        base = found and found.group(1)
    points = []
    for _ in range(8):
        time.sleep(1)
        try:
            with urllib.request.urlopen(base + "data/plugin/scalars/scalars?run=.&tag=loss") as answer:
                points = json.load(answer)
        except urllib.error.HTTPError:
            points = []
    p.terminate()
    p.wait()
    return [step for _, step, _ in points]


print("tensorboard", __import__("tensorboard").__version__)
print("steps by the default reader:", shown("true"))
print("steps by the Python reader:", shown("false"))
P
cat > "$place/write.py" <<'P'
import sys

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.summary.writer.record_writer import RecordWriter

path = sys.argv[1] + "/events.out.tfevents.1"
with open(path, "wb") as f:
    w = RecordWriter(f)
    w.write(Event(wall_time=1, file_version="brain.Event:2").SerializeToString())
    for step in range(4):
        e = Event(wall_time=1 + step, step=step)
        e.summary.value.add(tag="loss", simple_value=0.5)
        w.write(e.SerializeToString())
        if step == 1:
            f.flush()
            wrong = f.tell() - 5  # the last byte of the number, before the checksum
with open(path, "r+b") as f:
    f.seek(wrong)
    byte = f.read(1)[0]
    f.seek(wrong)
    f.write(bytes([byte ^ 64]))
P
mkdir "$place/logs"
"$place/env/bin/python" "$place/write.py" "$place/logs"
"$place/env/bin/python" "$place/show.py" "$place/logs" | tee "$place/out"
if grep -q 'default reader: \[0, 1, 2, 3\]' "$place/out" && grep -q 'Python reader: \[0\]' "$place/out"; then
	echo "as found: the default reader shows the damaged record, the Python reader ends at it"
else
	echo "changed: the readers do no longer differ so"
	exit 1
fi
