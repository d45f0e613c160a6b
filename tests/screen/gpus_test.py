#!/usr/bin/python3
"""GPUs in the dashboard, from the driver to the cell: who has this one, at 80x24 and without colours."""
import os
import re
import sys

from support import *
from kit.gpus import Driver


def platform(driver):
    """A private one that finds the driver's library where the linker looks."""
    p = Private()
    p.env.update(driver.env, LD_LIBRARY_PATH=os.path.dirname(driver.library))
    return p


def dashboard(p, cols=80, rows=24, **env):
    screen = Tmux([MLTOP], cols, rows, **{**p.env, **env})
    screen.wait(re.compile(r"[●*]"))
    screen.keys(":", "g", "p", "u", "s", "Enter")
    return screen


def at(text, uuid_index):
    """The row of the list with that index."""
    return re.search(rf"^[> ]\s*{uuid_index} .*$", text, re.M)


@check
def who_has_this_gpu():
    driver = Driver(64, util=7, temp=44)
    driver.more = ["auto"]
    driver.gpus[0].update(util=83, temp=71)
    driver.gpus[5].update(lost=1)
    driver.say()
    p = platform(driver)
    p.shell("sleep 600", "--name", "resnet", "-g", "2")
    p.running("resnet")
    for cols, rows, env in ((80, 24, {}), (200, 50, {}), (80, 24, {"TERM": "linux", "NO_COLOR": "1"})):
        screen = dashboard(p, cols, rows, **env)
        # All 64 at once: two are its, one is lost, the others free.
        text = screen.wait(lambda t: (m := at(t, 0)) and "resnet" in m.group(0) and "83%" in m.group(0) and t)
        band = "\n".join(line for line in text.split("\n")[2:7] if re.search(r" +\d+  ", line))
        assert band.count("·") + band.count(".") == 61 and band.count("!") == 1, frame(text)
        assert re.search(r" 0 +83[▆▇█#=]", band), frame(text)
        assert "job resnet of " in text, frame(text)
        screen.keys("Enter")
        screen.wait(re.compile(r"gpus . job resnet"))
        screen.keys("Escape")
        screen.wait(lambda t: at(t, 0))
        # What the driver says next is seen without a key.
        driver.say(0, util=29 + rows)
        screen.wait(lambda t: (m := at(t, 0)) and f"{29 + rows}%" in m.group(0))
        driver.say(0, util=83)
        screen.keys("q")
        assert screen.ended() == 0
        screen.close()
    p.close()


@check
def why_it_is_not_given():
    driver = Driver(2)
    driver.lines(1, f"process {os.getpid()} 300")
    p = platform(driver)
    p.shell("sleep 600", "--name", "both", "-g", "2")
    screen = dashboard(p)
    screen.wait(lambda t: (m := at(t, 1)) and "foreign" in m.group(0))
    screen.keys("j")
    screen.wait(re.compile(r"^> +1 ", re.M))
    screen.keys("X")
    screen.wait(lambda t: driver.uuids[1][:12] in t and "not given" in t)
    screen.keys("Escape")
    screen.wait(lambda t: driver.uuids[1][:12] not in t)
    screen.keys(":", "j", "o", "b", "s", "Enter")
    screen.wait(re.compile(r"[>~*]\s*both"))
    screen.keys("X")
    screen.wait(re.compile(r"used outside"))
    screen.keys("q")
    screen.close()
    p.close()


@check
def no_gpu():
    p = Private()
    p.env["LD_LIBRARY_PATH"] = folder()
    p.ok("jobs", "list")
    screen = dashboard(p)
    text = screen.wait(lambda t: "has no GPU" in t and re.search(r"CPU%", t) and t)
    assert "NET IN" in text, frame(text)
    screen.keys(":", "n", "o", "d", "e", "s", "Enter")
    screen.wait(re.compile(r"› nodes"))
    screen.wait(re.compile(r"^>\S+ +ready +0 +0 +- +\d+%", re.M))
    screen.keys("q")
    screen.close()
    p.close()


if __name__ == "__main__":
    sys.exit(main())
