#!/usr/bin/python3
"""What can be read on terminals of few colours: TERM of docker exec, serial lines and GNU screen.

tmux keeps the colours of each cell as they were asked for; a cell whose foreground is its ground
shows nothing. The terminal's own ground is nobody's to know: black and white on it may be invisible.
"""
import re
import sys

from support import *

SGR = re.compile(r"\x1b\[([0-9;]*)m|\x1b[()][AB0]|[\x0e\x0f]")
BLACK, WHITE = 0, 7


def runs(line):
    """(text, foreground, ground) of a captured line; None is the terminal's own colour."""
    fg = bg = None
    at = 0
    for found in SGR.finditer(line):
        if found.start() > at:
            yield line[at:found.start()], fg, bg
        at = found.end()
        words = [int(w or 0) for w in (found.group(1) or "").split(";")] if found.group(1) is not None else []
        while words:
            word = words.pop(0)
            if word == 0:
                fg = bg = None
            elif word in (39, 49):
                fg, bg = (None, bg) if word == 39 else (fg, None)
            elif 30 <= word <= 37 or 90 <= word <= 97:
                fg = word - 30 if word < 40 else word - 82
            elif 40 <= word <= 47 or 100 <= word <= 107:
                bg = word - 40 if word < 50 else word - 92
            elif word in (38, 48) and words[:1] == [5]:
                fg, bg = (words[1], bg) if word == 38 else (fg, words[1])
                words = words[2:]
    if at < len(line):
        yield line[at:], fg, bg


def unreadable(screen, few):
    """The first text that cannot be seen; on few colours also what may be so on the own ground."""
    for line in screen.lines(colours=True):
        for text, fg, bg in runs(line):
            if text.strip() and ((fg is not None and fg == bg) or
                                 (few and bg is None and fg in (BLACK, WHITE))):
                return f"{text!r} in {fg} on {bg}"
    return None


def visited(screen):
    """The places with the most roles, each once it is drawn."""
    screen.wait("demo-job-0")
    yield "the list"
    screen.keys("Space")
    screen.wait("1 marked")
    yield "a mark"
    screen.keys("/")
    screen.gone("1 marked")
    screen.type("state=failed|error")
    screen.wait(re.compile(r"\d+ of 200"))
    yield "a filter that is typed"
    screen.keys("Enter")
    screen.wait("1 marked")
    yield "filtered"
    screen.keys("D")
    screen.wait("No ]")
    yield "a question"
    screen.keys("Tab")
    screen.wait("Enter: yes")
    yield "its other answer"
    screen.escape("Nothing was changed")
    screen.keys("Enter")
    screen.wait("overview")
    yield "a job"
    screen.keys("Tab")
    screen.wait("left to right")
    yield "its charts"
    screen.keys("Tab")
    screen.wait("accepted")
    yield "its events"
    screen.keys("?")
    screen.wait("On the screen")
    yield "help"
    screen.keys("q")
    screen.gone("On the screen")
    screen.type(":jobs")
    screen.keys("Enter")
    screen.keys("n")
    screen.wait("What runs")
    yield "the form"


@check
def nothing_is_drawn_in_its_grounds_colour():
    for term in ("xterm", "linux", "screen", "tmux-256color"):
        screen = Tmux([MLTOP, "demo", "--jobs", "200", "--changes", "0"], TERM=term, **home())
        few = term != "tmux-256color"
        for place in visited(screen):
            found = unreadable(screen, few)
            assert not found, f"TERM={term}, {place}: {found}\n{frame(screen.text())}"
        screen.close()


@check
def few_colours_are_still_colours():
    screen = Tmux([MLTOP, "demo", "--jobs", "200", "--changes", "0"], TERM="xterm", **home())
    shown = screen.wait("demo-job-0")
    colours = set()
    for _ in range(4):  # a page may hold nothing but what runs
        colours |= {fg for line in screen.lines(colours=True) for _, fg, _ in runs(line)}
        screen.keys("NPage")
        shown = screen.wait(lambda t, was=shown: t != was)
    assert len(colours - {None}) >= 3, f"foregrounds: {colours}"


if __name__ == "__main__":
    sys.exit(main())
