#!/usr/bin/python3
"""
A quota admin's story: who waits and why, what a higher limit would lead to, the change in place, with
somebody else who changes the quota meanwhile; then the job runs, and the audit leads back to the quota.
"""
import re
import sys

from support import *
from kit.client import Client
from kit.daemon import FREE, Shared
from kit.http import BASE

QUOTA, TRAIN = BASE + "/quota", BASE + "/train"


class Story:
    """A platform with 8 GPUs on which org vision may use 4: one job has them, one waits."""

    def __init__(self):
        self.d = Shared("fake.changes=0", "fake.gpus=8", *FREE, engine="fake")
        self.admin = self.d.client(org="root", role="admin", name="boss")
        self.env = self.d.somebody("vision", "quota-admin")
        self.org = self.d.client(org="vision", role="operator")
        self.path = f"{QUOTA}/{self.org.key.org_id}"
        self.limit(train_gpu_quota="4")
        self.submit("big", 4)
        self.submit("next", 2)
        until(lambda: self.state("big") == "running" and self.job("next").get("reason") == "Quota", "who waits")

    def limit(self, **fields):
        a = self.admin.put(self.path, fields)
        assert a.status == 200, a

    def quota(self):
        return self.admin.get(self.path).json

    def submit(self, name, gpus):
        a = self.org.post(TRAIN, {"job_name": name, "command": ["x"], "gpu_limit": str(gpus),
                                  "env": {"FAKE_SECONDS": "86400"}})
        assert a.status == 200, a

    def job(self, name):
        return self.org.get(f"{TRAIN}/{name}").json

    def state(self, name):
        return self.job(name)["state"]

    def dashboard(self, cols, rows, **env):
        screen = Tmux([MLTOP], cols, rows, **{**self.env, **env})
        screen.wait(re.compile(r"^[>~*]\s*\S+ +(running|enqueued)", re.M))
        return screen

    def close(self):
        for name in ("big", "next"):
            self.org.post(f"{TRAIN}/{name}/cancel")
        self.d.close()


def command(screen, text):
    screen.keys(":")
    screen.type(text)
    screen.keys("Enter")


def selected(name):
    return re.compile(rf"^[>~*]\s*{name} ", re.M)


def who_waits(screen):
    command(screen, "jobs state=enqueued")
    screen.wait(selected("next"))
    screen.wait(re.compile(r"^> *next +enqueued +Quota", re.M))
    screen.keys("X")
    screen.wait(re.compile(r"org vision may use 4 GPUs"))
    screen.escape(("may use 4 GPUs",))


def what_if(screen):
    """Typed, seen, thought better of; then again, and asked for."""
    command(screen, "quotas")
    screen.wait(selected("vision"))
    screen.keys("/")
    screen.type("vision")
    screen.keys("Enter")
    screen.wait(selected("vision"))
    screen.keys("=")
    screen.type("train_gpu_quota=2")
    text = screen.wait(re.compile(r"over: org vision: 4 of 2"))
    assert "train_gpu_quota: 4 -> 2, in use 4" in text, frame(text)
    screen.escape(("What it would change",))
    screen.keys("=")
    screen.type("train_gpu_quota=6")
    text = screen.wait("1 starts now: next; nobody is over a limit")
    assert "train_gpu_quota: 4 -> 6" in text and "gpu 4/4 -> 4/6" in text, frame(text)
    screen.keys("Enter")
    text = screen.wait("Change quota vision?")
    screen.wait("1 starts now: next")


def conflict(story, screen):
    """Somebody else takes GPUs away before it is sent; mine goes over it only when that is chosen."""
    story.limit(train_gpu_quota="3", train_cpu_quota="32")
    screen.keys("y")
    screen.wait("Enter: yes")
    screen.keys("Enter")
    text = screen.wait("Somebody else changed quota vision meanwhile")
    assert "train_gpu_quota: was 4, theirs 3, mine 6" in text, frame(text)
    assert story.quota()["train_gpu_quota"] == "3" and story.state("next") == "enqueued"
    until(lambda: screen.keys("m") or "mine goes over theirs" in screen.text(), "the choice")
    screen.wait("1 starts now: next")
    screen.keys("Enter")
    screen.wait(re.compile(r"quota vision is changed: train_gpu_quota: 3 -> 6"))
    now = story.quota()
    assert (now["train_gpu_quota"], now["train_cpu_quota"]) == ("6", "32.0"), now


def afterwards(story, screen):
    command(screen, "jobs state=running")
    screen.wait(re.compile(r"^.\s*next +running", re.M))
    assert story.state("next") == "running"
    command(screen, "audit action=quota.change")
    screen.wait(re.compile(r"^>.* quota\.change +vision", re.M))
    screen.keys("Enter")
    text = screen.wait(re.compile(r"audit . describe vision"))
    screen.wait(re.compile(r"(?i)train.gpu.quota +6"))
    screen.keys("A")
    text = screen.wait(re.compile(r"trail vision.*\n.*\n.*quota\.change", re.S))
    assert len(re.findall(r"quota\.change", text)) == 3, frame(text)


def tell(cols, rows, **env):
    story = Story()
    screen = story.dashboard(cols, rows, **env)
    who_waits(screen)
    what_if(screen)
    conflict(story, screen)
    afterwards(story, screen)
    screen.keys("q")
    assert screen.ended() == 0
    screen.close()
    story.close()


@check
def at_80_by_24():
    tell(80, 24)


@check
def at_200_by_50():
    tell(200, 50)


@check
def on_a_console_without_colours():
    tell(80, 24, TERM="linux", NO_COLOR="1")


if __name__ == "__main__":
    sys.exit(main())
