#!/usr/bin/python3
"""`:context NAME`: from one platform to another, and what happens when there is no other."""
import os
import re
import sys

from support import *
from kit.basics import OPENED, forget
from kit.daemon import FREE, Daemon


class Demo(Daemon):
    """A platform with so many jobs that stand still, for a context of config.yaml."""

    def __init__(self, jobs):
        super().__init__("fake", (f"demo.jobs={jobs}", "fake.changes=0"), ("--private",))
        OPENED.append(self)

    def context(self, name):
        key = self.secret()
        return (f"  {name}:\n    endpoint: {self.url}\n    access_key: {key.access_key}\n"
                f"    secret_key: {key.secret_key}\n")

    def close(self):
        forget(self)
        super().close()


def two(first, second):
    env = home()
    os.makedirs(env["XDG_CONFIG_HOME"] + "/mltop")
    path = env["XDG_CONFIG_HOME"] + "/mltop/config.yaml"
    with open(path, "w") as f:
        f.write("current: one\ncontexts:\n" + first.context("one") + second.context("two") +
                "  broken:\n    endpoint: ftp://nowhere\n    access_key: a\n    secret_key: b\n")
    os.chmod(path, 0o600)
    return env


def count(n):
    return re.compile(rf"^ jobs[^\n]*(?<!of )\b{n}\s*$", re.M)


def switch(screen, name):
    screen.keys(":")
    screen.type(f"context {name}")
    screen.keys("Enter")


@check
def from_one_to_the_other_and_back():
    one, two_ = Demo(3), Demo(7)
    screen = Tmux([MLTOP], **two(one, two_))
    screen.wait(count(3))
    screen.wait(re.compile(r"^ ?mltop.*\bone\b", re.M))
    switch(screen, "two")
    screen.wait(count(7))
    screen.wait(re.compile(r"^ ?mltop.*\btwo\b", re.M))
    switch(screen, "one")
    # What only the other had is gone again.
    screen.wait(count(3))
    screen.gone("demo-job-00005")
    # The old connection is not kept beside the new one.
    until(lambda: not connections(screen.pid(), two_.url), "the end of the other connection")
    screen.keys("q")
    assert screen.ended() == 0
    screen.close()


@check
def the_one_in_use_is_where_the_dashboard_is():
    one, two_ = Demo(3), Demo(7)
    screen = Tmux([MLTOP], **two(one, two_))
    screen.wait(count(3))
    switch(screen, "two")
    screen.wait(count(7))
    screen.keys(":")
    screen.type("contexts")
    screen.keys("Enter")
    screen.wait(re.compile(r"two +yes"))
    assert not re.search(r"one +yes", screen.text()), frame(screen.text())
    screen.close()


def connections(pid, url):
    """The TCP connections of the process to that port: the ports that they come from."""
    port = int(url.rsplit(":", 1)[1])
    mine = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            mine.add(os.readlink(f"/proc/{pid}/fd/{fd}"))
        except OSError:
            pass
    with open(f"/proc/{pid}/net/tcp") as f:
        rows = [line.split() for line in f.readlines()[1:]]
    return {r[1].split(":")[1] for r in rows
            if int(r[2].split(":")[1], 16) == port and r[3] == "01" and f"socket:[{r[9]}]" in mine}


@check
def a_context_that_is_not_there():
    one, two_ = Demo(3), Demo(7)
    screen = Tmux([MLTOP], 200, **two(one, two_))
    screen.wait(count(3))
    before = until(lambda: connections(screen.pid(), one.url), "the connection")
    for name, sentence in (("nowhere", "there is no context nowhere"), ("broken", "ftp")):
        switch(screen, name)
        screen.wait(lambda t: sentence in " ".join(t.rstrip().split("\n")[-4:]))  # folded over the footer
        # The old connection stays, and so do its rows and its name.
        screen.wait(count(3))
        screen.wait(re.compile(r"^ ?mltop.*\bone\b.*●", re.M))
        assert before & connections(screen.pid(), one.url), "it was made anew"
    switch(screen, "two")
    screen.wait(count(7))
    screen.keys("q")
    assert screen.ended() == 0
    screen.close()


class Shared(Daemon):
    """A platform of several orgs, and contexts for its keys."""

    def __init__(self):
        super().__init__("fake", ("demo.jobs=3", "fake.changes=0", *FREE))
        OPENED.append(self)

    def config(self, **keys):
        env = home()
        os.makedirs(env["XDG_CONFIG_HOME"] + "/mltop")
        path = env["XDG_CONFIG_HOME"] + "/mltop/config.yaml"
        with open(path, "w") as f:
            f.write("contexts:\n")
            for name, key in keys.items():
                f.write(f"  {name}:\n    endpoint: {self.url}\n    access_key: {key.access_key}\n"
                        f"    secret_key: {key.secret_key}\n")
        os.chmod(path, 0o600)
        return env

    def close(self):
        forget(self)
        super().close()


@check
def the_header_says_who_one_is_and_an_admin_finds_orgs_by_name():
    platform = Shared()
    admin = platform.key("main", "admin")
    env = platform.config(boss=admin, guest=platform.key("vision", "viewer"))
    screen = Tmux([MLTOP, "--context", "boss"], 120, **env)
    # Typed at once: the orgs may not have come yet.
    screen.wait("jobs")
    screen.keys(":")
    screen.type("tenant vision")
    screen.keys("Enter")
    screen.wait(re.compile(r"^ ?mltop +boss · org vision · admin", re.M))
    screen.wait("jobs(vision)")
    screen.keys(":")
    screen.type("tenant nobody")
    screen.keys("Enter")
    screen.wait("there is no org 'nobody' here")
    screen.escape(("there is no org",))
    screen.keys("q")
    assert screen.ended() == 0
    screen.close()
    screen = Tmux([MLTOP, "--context", "guest"], 120, **env)
    screen.wait(re.compile(r"^ ?mltop +guest · org vision · viewer", re.M))
    screen.keys("q")
    assert screen.ended() == 0
    screen.close()


@check
def not_with_a_change_that_waits():
    """It would be sent to the other platform, which may have a job of that name."""
    one, two_ = Demo(3), Demo(7)
    env = two(one, two_)
    with open(env["XDG_CONFIG_HOME"] + "/mltop/config.yaml", "a") as f:
        f.write("undo_seconds: 600\n")
    screen = Tmux([MLTOP], 120, **env)
    screen.wait(count(3))
    screen.keys("D")
    screen.wait("y, then Enter")
    screen.keys("y", "Enter")
    screen.wait(re.compile("undo|u takes", re.I))
    switch(screen, "two")
    screen.wait("A change waits to be sent")
    screen.escape(("A change waits",))
    screen.keys("u")
    switch(screen, "two")
    screen.wait(count(7))
    screen.keys("q")
    assert screen.ended() == 0
    screen.close()


@check
def away_from_a_platform_that_is_gone():
    one, two_ = Demo(3), Demo(7)
    screen = Tmux([MLTOP], **two(one, two_))
    screen.wait(count(3))
    one.close()
    screen.gone("●")
    switch(screen, "two")
    screen.wait(count(7))
    screen.wait("●")
    screen.keys("q")
    assert screen.ended() == 0
    screen.close()


if __name__ == "__main__":
    sys.exit(main())
