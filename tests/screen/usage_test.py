#!/usr/bin/python3
"""Usage in the dashboard: who held most in the last weeks, from a day to its jobs and to a job that is there."""
import re
import sys

from support import *


@check
def from_the_weeks_to_a_job():
    for cols, rows, env in ((80, 24, {}), (200, 50, {}), (80, 24, {"TERM": "linux", "NO_COLOR": "1"})):
        screen = Tmux([MLTOP, "demo"], cols, rows, **{**environment(), **env})
        screen.wait(re.compile(r"demo-job-\d+"))
        screen.keys(":", "u", "s", "a", "g", "e", "Enter")
        text = screen.wait(re.compile(r"GPU hours by (owner|org), \S+ to \S+: \S+, cost \S+ EUR"))
        # Each bar stands on the ground, and the first of the legend is in the lowest row.
        assert re.search(r"^ +0 .*[█▓▒░▚#o+=.]", text, re.M), frame(text)
        by = re.search(r"hours by (\w+)", text).group(1)
        screen.keys("Tab")
        other = {"owner": "org", "org": "owner"}[by]
        text = screen.wait(re.compile(rf"GPU hours by {other}, .*\n.*(chen|research)"))
        # The newest day is the first row: from there to the jobs of it, the dearest first.
        screen.wait(re.compile(r"^>\d{4}-\d\d-\d\d ", re.M))
        screen.keys("Enter")
        screen.wait(re.compile(r"usage . usage-day \d{4}-\d\d-\d\d"))
        text = screen.wait(re.compile(r"^>demo-job-\d+", re.M))
        job = re.search(r"^>(demo-job-\d+)", text, re.M).group(1)
        screen.keys("Enter")
        screen.wait(re.compile(rf"job {job}"))
        screen.keys("Escape")
        screen.wait(re.compile(rf"^>{job}", re.M))
        screen.keys("Escape")
        screen.wait(re.compile(rf"GPU hours by {other}, "))
        screen.keys("q")
        assert screen.ended() == 0
        screen.close()


@check
def nothing_was_held_yet():
    p = Private()
    screen = Tmux([MLTOP], 80, 24, **p.env)
    screen.wait(re.compile(r"[●*]"))
    screen.keys(":", "u", "s", "a", "g", "e", "Enter")
    screen.wait("Nothing was held in these days")
    p.shell("sleep 0.5", "--name", "first", "-c", "0.5")
    until(lambda: "completed" in p.mltop("jobs", "list").out, "it ends")
    screen.keys("C-r")
    screen.wait(re.compile(r"CPU hours by owner|CPU hours by org"))
    screen.keys("q")
    assert screen.ended() == 0
    screen.close()
    p.close()


if __name__ == "__main__":
    sys.exit(main())
