#!/usr/bin/python3
"""The dashboard on made-up jobs, as a person sees it: lists, filters, jobs, prompts, forms, sizes."""
import json
import os
import re
import sys
import time

from support import *

NAME = "demo-job-0"


def demo(cols=80, rows=24, jobs=200, changes=5, **env):
    screen = Tmux([MLTOP, "demo", "--jobs", str(jobs), "--changes", str(changes)], cols, rows,
                  **{**home(), **env})
    screen.wait(NAME)
    screen.wait(re.compile(r"●"))
    return screen


def selected(text):
    """The job under the cursor; None while a frame is half drawn."""
    found = re.search(r"^[>~*]\s*(demo-job-\d+)", text, re.M)
    return found and found.group(1)


def count(n):
    return re.compile(rf"^ jobs[^\n]*(?<!of )\b{n}\s*$", re.M)


@check
def the_list_of_jobs():
    for cols, rows in ((80, 24), (200, 50)):
        screen = demo(cols, rows)
        text = screen.wait(count(200))
        lines = text.split("\n")
        assert lines[0].lstrip().startswith("mltop") and "jobs" in lines[0], frame(text)
        assert "NAME" in lines[2] and "STATE" in lines[2].upper(), frame(text)
        assert sum(NAME in line for line in lines) == rows - 4, frame(text)
        assert "? help" in lines[rows - 1], frame(text)
        screen.keys("q")
        assert screen.ended() == 0
        screen.close()


@check
def moving():
    screen = demo()
    first = selected(screen.wait(selected))
    screen.keys("j")
    screen.wait(lambda t: selected(t) not in (None, first))
    screen.keys("k")
    screen.wait(lambda t: selected(t) == first)
    screen.keys("G")
    last = selected(screen.wait(lambda t: selected(t) not in (None, first)))
    screen.keys("g")
    screen.wait(lambda t: selected(t) == first)
    screen.keys("NPage")
    screen.wait(lambda t: selected(t) not in (None, first, last))


@check
def a_filter_and_its_end():
    screen = demo()
    screen.keys("/")
    screen.type("state=failed")
    text = screen.wait(lambda t: re.search(r"\d+ of 200", t) and "enqueued " not in t and "running " not in
                       "\n".join(t.split("\n")[3:-1]))
    screen.keys("Enter")
    screen.wait("state=failed")
    assert "failed" in text
    screen.escape(count(200))
    screen.keys("/")
    screen.type("job-00042")
    screen.wait("1 of 200")
    screen.keys("Enter")
    screen.wait(lambda t: selected(t) == "demo-job-00042")


@check
def what_is_done_of_all():
    """Ordered by it from the popup, found by it, and a loss that ran away by its name."""
    for cols, rows in ((80, 24), (200, 50)):
        screen = demo(cols, rows, changes=0)
        screen.keys("S")
        screen.wait("Sort by")
        screen.type("progress")
        screen.keys("Enter")
        screen.wait(re.compile("[▴▾](progress|DONE)"))
        screen.keys("/")
        screen.type("progress>50 state=running")
        screen.keys("Enter")
        screen.wait(re.compile(r"progress>50 state=running +\d+ of 200"))
        screen.escape(re.compile(r"^ jobs +200", re.M))
        screen.keys("/")
        screen.type("loss=nan")
        screen.keys("Enter")
        text = screen.wait(re.compile(r"loss=nan +\d+ of 200"))
        shown = [line for line in text.split("\n") if NAME in line]
        assert shown and all(" nan " in line for line in shown), frame(text)
        # Nothing live on those that are over.
        assert all(re.search(r"nan +- +\S+", line) for line in shown if " running " not in line), frame(text)
        screen.keys("q")
        screen.close()


@check
def a_wrong_filter_points_at_its_column():
    screen = demo()
    screen.keys("/")
    screen.type("stat=running")
    screen.keys("Enter")
    text = screen.wait("state")  # the field that was meant
    assert "stat=running" in text
    screen.escape(count(200))


@check
def open_a_job_and_its_log():
    screen = demo()
    screen.keys("/")
    screen.type("state=running")
    screen.keys("Enter")
    screen.wait(re.compile(r"\d+ of 200"))
    name = selected(screen.text())
    screen.keys("Enter")
    screen.wait(f"job {name}")
    screen.wait("overview")
    screen.keys("Tab")
    screen.wait(re.compile(r"loss .* to "))
    screen.keys("Tab")
    screen.wait(re.compile(r"Submitted +1 accepted from \w+"))
    screen.keys("l")
    screen.wait(f"log {name}")
    screen.wait(re.compile(r"loss|Epoch|step"))
    screen.escape(f"job {name}")
    screen.escape(re.compile(r"\d+ of 200"))


@check
def a_prompt_whose_default_is_no():
    screen = demo(changes=0)
    screen.keys("/")
    screen.type("state=running")
    screen.keys("Enter")
    text = screen.wait(re.compile(r"\d+ of 200"))
    name = selected(text)
    running = re.search(r"jobs (\d+) run", text).group(1)
    for refusal in ("Enter", "Escape", "x", "n", "q"):
        screen.keys("x")
        screen.wait(re.compile(rf"Stop job {name}\?|Type {name}"))
        screen.keys(refusal)
        screen.gone("Stop job")
        screen.wait("Nothing was changed")
    screen.wait(f"jobs {running} run")
    assert alive(screen.pid())


@check
def the_form():
    screen = demo()
    screen.keys("n")
    screen.wait("job_name: Name of the job")  # what the API calls it
    screen.type("typed-here")
    screen.wait("typed-here")
    screen.keys("C-s")
    screen.wait(re.compile(r"module|command"))  # one of the two is needed
    screen.escape(re.compile(r"discard|NAME|lose", re.I))


@check
def commands_by_name():
    screen = demo()
    for word, seen in (("quotas", "quotas"), ("events", "events"), ("jobs", NAME), ("help", "Open what")):
        screen.keys(":")
        screen.type(word)
        screen.keys("Enter")
        screen.wait(seen)
    screen.keys(":")
    screen.type("nonsense")
    screen.keys("Enter")
    screen.wait("no command")  # and the line stays, to be mended
    screen.escape(("nonsense",))
    screen.keys(":")
    screen.type("q")
    screen.keys("Enter")
    assert screen.ended() == 0


@check
def the_demo_is_no_context():
    screen = demo()
    screen.keys(":")
    screen.type("contexts")
    screen.keys("Enter")
    screen.wait(re.compile(r"local +(no|-)"))


@check
def every_theme():
    screen = demo()
    for theme in ("light", "mono", "dark"):
        screen.keys(":")
        screen.type(f"theme {theme}")
        screen.keys("Enter")
        screen.wait(f"Theme {theme}")
    screen.keys(":")
    screen.type("theme nonsense")
    screen.keys("Enter")
    screen.wait("nonsense.yaml")


@check
def copying_inside_tmux():
    screen = demo()
    name = selected(screen.text())
    screen.keys("c")
    screen.wait("tmux's buffer")
    assert name in screen.tmux("show-buffer")


@check
def copying_outside_tmux():
    p = Pty([MLTOP, "demo"], **home())
    p.wait(NAME.encode())
    p.read(0.2)
    since = len(p.output)
    p.send("c")
    p.wait(b"\x1b]52;c;", since)
    p.wait(b"OSC 52", since)


@check
def saving_the_table():
    screen = demo()
    target = folder() + "/table.txt"
    screen.keys("C-s")
    screen.wait("save as:")
    screen.keys("C-u")
    screen.type(target)
    screen.keys("Enter")
    screen.wait(re.compile("Saved"))
    with open(target) as f:
        assert NAME in f.read()


@check
def an_order_is_remembered_and_a_filter_ends():
    where = home()
    state = where["XDG_STATE_HOME"] + "/mltop/ui.json"
    os.makedirs(os.path.dirname(state))
    with open(state, "w") as f:  # as versions before kept them
        json.dump({"jobs.filter": "state=failed", "jobs.sort": "-gpu", "jobs.wide": ""}, f)
    screen = Tmux([MLTOP, "demo"], **where)
    screen.wait(count(200))
    assert "▴AGE" in screen.text(), "an order of no context holds"
    screen.keys("/")
    screen.type("state=failed")
    screen.keys("Enter")
    screen.wait(re.compile(r"\d+ of 200"))
    screen.keys("I")
    screen.wait("▾AGE")
    screen.keys("q")
    assert screen.ended() == 0
    screen.close()
    with open(state) as f:
        assert json.load(f) == {"demo/jobs.sort": "-age", "jobs.wide": ""}
    screen = Tmux([MLTOP, "demo"], **where)
    screen.wait(count(200))
    assert "▾AGE" in screen.text() and "state=failed" not in screen.text(), frame(screen.text())
    assert not os.path.exists(where["XDG_CONFIG_HOME"]), "the person's config was written to"


@check
def resize_storms():
    screen = demo()
    for cols, rows in ((40, 10), (1, 1), (300, 100), (19, 4), (20, 5), (2, 50), (200, 2), (80, 24)) * 4:
        screen.resize(cols, rows)
    text = screen.wait(lambda t: sum(NAME in line for line in t.split("\n")) == 20)
    assert "? help" in text
    screen.resize(40, 10)
    screen.wait(lambda t: sum(NAME in line for line in t.split("\n")) == 6)
    screen.resize(19, 4)
    screen.wait("too small")
    screen.resize(1, 1)
    screen.resize(300, 100)
    text = screen.wait(lambda t: sum(NAME in line for line in t.split("\n")) == 96)
    assert "? help" in text.split("\n")[99]


@check
def plain_locale_shows_no_utf8():
    p = Pty([MLTOP, "demo"], LC_ALL="C", **home())
    p.wait(NAME.encode())
    p.send("\r")
    p.wait(b"overview")
    p.read(0.3)
    assert not [b for b in p.output if b >= 0x80]


@check
def many_changes_and_only_known_control_functions():
    p = Pty([MLTOP, "demo", "--jobs", "2000", "--changes", "1000"], 200, 50, **home())
    p.wait(NAME.encode())
    for keys in ("j", "G", "g", "/", "state=running\r", "w", "S", "\x1b", "\r", "\t", "\t", "\t", "l", "r",
                 "w", "f", "\x1b", "\x1b", "n", "\x1b", "?", "q", ":quotas\r", ":jobs\r", "x", "\x1b"):
        p.send(keys)
        p.read(0.06)
    p.send("\x03")
    p.send("\x03")
    p.ended()
    assert judge(p.output) == "", judge(p.output)


@check
def idle_is_silent():
    p = Pty([MLTOP, "demo", "--changes", "0"], **home())
    p.wait(NAME.encode())
    p.quiet(1.0)
    ticks = cpu_ticks(p.pid)
    written = p.read(4)
    assert written == b"", f"{len(written)} bytes while nothing happened: {written[:120]!r}"
    assert cpu_ticks(p.pid) - ticks <= 1, "it computes while nothing happens"


@check
def hang_up_leaves_nobody():
    screen = demo()
    pid = screen.pid()
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        children = [int(word) for word in f.read().split()]
    family = [pid] + children + daemons(pid)
    assert len(family) > 1, "the demo's platform was not found"
    started = time.monotonic()
    screen.close()
    until(lambda: not any(alive(p) for p in family), "the end of all", 3)
    took = time.monotonic() - started
    assert took <= 1.5, f"the last one ended {took:.1f} s after the terminal"


def daemons(pid):
    """Platforms started from the same environment (they leave the family on purpose)."""
    with open(f"/proc/{pid}/environ", "rb") as f:
        home_of = next(v for v in f.read().split(b"\0") if v.startswith(b"HOME="))
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/environ", "rb") as f, open(f"/proc/{name}/comm") as c:
                if home_of in f.read().split(b"\0") and c.read().strip() == "mltopd":
                    found.append(int(name))
        except OSError:
            pass
    return found


@check
def the_demo_ends_with_its_viewer():
    screen = demo()
    family = daemons(screen.pid())
    assert family, "the demo's platform was not found"
    screen.keys("q")
    assert screen.ended() == 0
    until(lambda: not any(alive(p) for p in family), "the platform's end", 5)


if __name__ == "__main__":
    sys.exit(main())
