"""Which part of a distributed job this process is: TF_CONFIG, as TensorFlow reads it.

{"cluster": {"ps": [ADDRESS, ...], "worker": [...], "master": [...]},
 "task": {"type": "worker", "index": 0}}

Unset or empty means standalone. The first trainer is called master before TensorFlow 2 and chief
since; without either, worker 0 is the first.
"""

import json

from digits.fail import USAGE, Fail

FIRST = ("master", "chief")
ROLES = FIRST + ("worker", "ps")


class Role:
    def __init__(self, kind, index, shard, shards):
        self.kind, self.index = kind, index
        self.shard, self.shards = shard, shards  # shard number `shard` of `shards`

    @property
    def name(self):
        return self.kind if self.kind == "standalone" else f"{self.kind}-{self.index}"

    @property
    def folder(self):
        """Where this trainer writes below the output folder; the first one right into it."""
        return "" if self.shard == 0 else self.name

    def describe(self):
        if self.kind == "standalone":
            return "Role: standalone (TF_CONFIG names no cluster)."
        if self.kind == "ps":
            return f"Role: {self.name}, a parameter server; it waits until it is told to stop."
        return f"Role: {self.name}, trainer {self.shard + 1} of {self.shards}."


def bad(why):
    return Fail(f"TF_CONFIG {why}: unset it to train standalone, or give it "
                '{"cluster": {"worker": ["HOST:PORT"]}, "task": {"type": "worker", "index": 0}}',
                USAGE)


def role(text):
    """The role that TF_CONFIG's text (None when unset) gives this process."""
    if not text or not text.strip():
        return Role("standalone", 0, 0, 1)
    try:
        config = json.loads(text)
    except (ValueError, RecursionError) as why:
        raise bad(f"is not JSON ({why})")
    if not isinstance(config, dict):
        raise bad("is not a JSON object")
    cluster, task = config.get("cluster") or {}, config.get("task") or {}
    if not isinstance(cluster, dict) or not isinstance(task, dict):
        raise bad('has a "cluster" or "task" that is not a JSON object')
    if not cluster:
        return Role("standalone", 0, 0, 1)
    return member(sizes(cluster), task.get("type"), task.get("index"))


def sizes(cluster):
    for kind, addresses in cluster.items():
        if not isinstance(addresses, list):
            raise bad(f'has "{kind}" in its cluster that is not a list of addresses')
    return {kind: len(addresses) for kind, addresses in cluster.items()}


def member(size, kind, index):
    if kind not in ROLES:
        raise bad(f"has the task type {json.dumps(kind)}, not one of {', '.join(ROLES)}")
    if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < size.get(kind, 0):
        raise bad(f"has the task index {json.dumps(index)}, but its cluster has "
                  f"{size.get(kind, 0)} of {kind}")
    before = sum(size.get(name, 0) for name in FIRST[:FIRST.index(kind)]) if kind in FIRST else \
        sum(size.get(name, 0) for name in FIRST)
    trainers = sum(size.get(name, 0) for name in FIRST + ("worker",))
    if kind == "ps":
        return Role(kind, index, None, trainers)
    return Role(kind, index, before + index, trainers)
