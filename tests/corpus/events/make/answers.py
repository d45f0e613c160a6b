"""
What TensorBoard's default reader (its data server) shows of a folder, on standard output as
{run: {tag: [[step, wall_s, value], ...]}}: asked over HTTP, as its page does. To be run by the Python of
an environment that has tensorboard.
"""
import json
import os
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request


def answers(logdir):
    # 1000000, never 0: with 0 it serves no point at all.
    p = subprocess.Popen([os.path.join(os.path.dirname(sys.executable), "tensorboard"), "--logdir", logdir, "--host",
                          "127.0.0.1", "--port", "0", "--samples_per_plugin", "scalars=1000000", "--load_fast", "true"],
                         stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    try:
        base = None
        while base is None:
            line = p.stderr.readline()
            if not line:
                sys.exit("tensorboard ended without a word of its address")
            found = re.search(r"at (http://\S+/)", line)
            base = found and found.group(1)
        return settled(base)
    finally:
        p.terminate()
        p.wait()


def whole(base):
    def get(path):
        with urllib.request.urlopen(base + "data/plugin/scalars/" + path) as answer:
            return json.load(answer)
    out = {}
    for run, tags in get("tags").items():
        for tag in tags:
            points = get("scalars?" + urllib.parse.urlencode({"run": run, "tag": tag}))
            out.setdefault(run, {})[tag] = [[step, wall, value] for wall, step, value in points]
    return out


def settled(base):
    """It reads in the background: what stands alike in two looks."""
    before, now = None, whole(base)
    for _ in range(60):
        if now and now == before:
            return now
        time.sleep(1)
        before, now = now, whole(base)
    sys.exit("tensorboard shows nothing that stands still")


if __name__ == "__main__":
    json.dump(answers(sys.argv[1]), sys.stdout, sort_keys=True)
    print()
