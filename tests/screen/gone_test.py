#!/usr/bin/python3
"""Why there is no platform: the whole reason stands over the footer, and what is shown is dimmed."""
import os
import re
import signal
import subprocess
import sys

from support import *
from fake_platform import Platform, job
from kit.basics import OPENED, forget
from kit.daemon import FREE, Daemon, MLTOPD

STREAM = "/cloud_ml/v1/stream"


def over_footer(text, words):
    """Whether the words stand, folded or not, in the lines just above the last one."""
    return words in " ".join(line.strip() for line in text.split("\n")[-8:-1])


def refusal(status, reason, message):
    body = b'{"error": true, "message": "%s"}' % message
    return {STREAM: (status, reason, body)}


def streams(platform):
    return sum(path.startswith(STREAM) for _, path, _ in platform.requests)


@check
def refused_and_not_tried_again():
    message = b"the access key is disabled: ask an admin for another one, then tell mltop which it is"
    platform = Platform([job(1)], errors=refusal(401, b"Unauthorized", message))
    screen = Tmux([MLTOP, "--endpoint", platform.url], 60, 20, **home())
    screen.wait(lambda t: over_footer(t, "then tell mltop which it is"))
    screen.wait("refused")
    assert streams(platform) == 1, platform.requests
    screen.keys("C-r")
    until(lambda: streams(platform) == 2, "another try after Ctrl-R")


@check
def too_many_dashboards_of_a_key():
    message = b"this key has 8 streams already: close a dashboard"
    platform = Platform([job(1)], errors=refusal(429, b"Too Many Requests", message))
    screen = Tmux([MLTOP, "--endpoint", platform.url], **home())
    screen.wait(lambda t: over_footer(t, "close a dashboard"))
    platform.errors.clear()  # one was closed: it is tried again without being asked
    screen.wait("job-0001")
    screen.gone("close a dashboard")


class Served(Daemon):
    """A platform with a few jobs that the test may kill."""

    def __init__(self):
        super().__init__("fake", ("demo.jobs=3", "fake.changes=0") + FREE)
        OPENED.append(self)

    def close(self):
        forget(self)
        super().close(check=False)


def looked_at(daemon, key):
    screen = Tmux([MLTOP, "--endpoint", daemon.url],
                  **{**home(), "XIAOMI_ACCESS_KEY_ID": key.access_key,
                     "XIAOMI_SECRET_ACCESS_KEY": key.secret_key})
    screen.wait("●")
    return screen


@check
def a_key_that_is_disabled_meanwhile():
    daemon = Served()
    key, admin = daemon.key("vision", "operator"), daemon.client("main", "admin")
    screen = looked_at(daemon, key)
    assert admin.post(f"/cloud_ml/v1/keys/{key.access_key}/disable").status == 200
    screen.wait("refused")
    screen.wait(lambda t: over_footer(t, "disabled"))


@check
def a_daemon_that_was_killed():
    daemon = Served()
    screen = looked_at(daemon, daemon.key("vision", "operator"))
    daemon.process.send_signal(signal.SIGKILL)
    daemon.process.wait()
    screen.wait("gone")
    screen.wait(lambda t: over_footer(t, f"127.0.0.1:{daemon.port}"))
    screen.wait("STALE")


if __name__ == "__main__":
    sys.exit(main())
