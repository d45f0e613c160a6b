#!/usr/bin/python3
"""The dashboard on a private platform with real jobs, and with a daemon that dies."""
import os
import re
import signal
import sys
import time

from support import *

# Prints a line whenever the file named by its argument grows by one; ends when it holds "end".
FOLLOWER = """
n=0
while :; do
  [ -e "$GATE" ] && while [ $n -lt $(wc -l < "$GATE") ]; do n=$((n+1)); echo "line $n of the job"; done
  [ -e "$GATE.end" ] && exit 0
  sleep 0.02
done
"""


class Gate:
    """Opens a job's next line at the test's word, so that nothing depends on time."""

    def __init__(self, private, name="gate"):
        self.path = f"{private.folder}/{name}"
        self.script = f"GATE={self.path}; " + FOLLOWER

    def open(self, lines=1):
        with open(self.path, "a") as f:
            f.write("x\n" * lines)

    def end(self):
        with open(self.path + ".end", "w"):
            pass


def dashboard(private, cols=80, rows=24):
    return Tmux([MLTOP], cols, rows, **private.home)


@check
def an_empty_platform_teaches():
    private = Private()
    screen = dashboard(private)
    screen.wait("No jobs yet")
    screen.wait("mltop run -- python3 train.py")
    assert private.pid(), "no private platform was started"
    screen.keys("q")
    assert screen.ended() == 0
    assert private.pid(), "the platform left with the dashboard"


@check
def a_log_is_followed_to_its_end():
    private = Private()
    gate = Gate(private)
    name = private.shell(gate.script, "--name", "follow-me")
    screen = dashboard(private)
    screen.wait(re.compile(r"follow-me\s+running"))
    screen.keys("l")
    screen.wait("log follow-me")
    for n in (1, 2, 3):
        gate.open()
        screen.wait(f"line {n} of the job")
    gate.open(100)
    screen.wait("line 103 of the job")
    screen.keys("k")
    screen.wait(lambda t: "line 103 of the job" not in t or "new" in t or "follow" not in t.split("\n")[1])
    gate.open(5)
    screen.wait(re.compile(r"5 .*new|new.* 5|108 lines"))
    screen.keys("f")
    screen.wait("line 108 of the job")
    screen.keys("/")
    screen.type("line 7 of")
    screen.keys("Enter")
    screen.wait("line 7 of the job")
    screen.keys("G")
    gate.end()
    screen.wait("108 lines, whole")
    private.reaches(name, "completed")


@check
def a_prompt_then_the_end_of_a_job():
    private = Private()
    name = private.shell("while :; do sleep 0.05; done", "--name", "cancel-me")
    screen = dashboard(private)
    screen.wait(re.compile(r"cancel-me\s+running"))
    screen.keys("x")
    screen.wait("Stop job cancel-me?")
    screen.keys("Enter")  # the default: nothing
    screen.gone("Stop job")
    screen.wait("Nothing was changed")
    assert private.state(name) == "running"
    screen.keys("x")
    screen.wait("Stop job cancel-me?")
    screen.keys("y")
    screen.keys("Enter")
    screen.wait(re.compile(r"cancel-me\s+cancelled"))
    assert private.state(name) == "failed"
    screen.keys("X")
    screen.wait(re.compile(r"[Cc]ancel"))


@check
def undo_in_time():
    private = Private()
    name = private.shell("while :; do sleep 0.05; done", "--name", "keep-me")
    screen = dashboard(private)
    screen.wait(re.compile(r"keep-me\s+running"))
    screen.keys("x")
    screen.wait("Stop job keep-me?")
    screen.keys("y", "Enter", "u")
    screen.gone("Stop job")
    screen.keys("d")
    screen.wait("describe")
    # The grace time passes while other things are waited for; the job must survive it.
    end = time.monotonic() + 4
    while time.monotonic() < end:
        assert private.state(name) == "running"


@check
def a_job_from_the_form():
    """Name and command are all that it takes: it runs where mltop stands."""
    private = Private()
    screen = dashboard(private)
    screen.wait("No jobs yet")
    screen.keys("n")
    screen.wait("Folder")
    screen.type("from-form")
    screen.keys("Down")
    until(lambda: "Command" in current_field(screen), "the command's field")
    screen.type("sh -c 'echo it ran in $PWD; exit 3'")
    screen.wait("exit 3'")
    screen.keys("C-s")
    screen.wait("Submitted job from-form: sh -c echo it ran")
    screen.wait("u takes it back")
    screen.wait(re.compile(r"from-form\s+(failed|running|creating|enqueued|validated)"))
    until(lambda: private.ok("jobs", "list", "--json").count("from-form"), "the job")
    private.reaches("from-form", "failed")
    screen.wait(re.compile(r"from-form\s+failed\s+ExitCode"))
    screen.keys("l")
    screen.wait("it ran in /")
    assert private.job("from-form")["work_dir"] == screen.tmux("display", "-p", "#{pane_current_path}").strip()


@check
def a_clone_keeps_what_is_hidden():
    private = Private()
    private.ok("run", "--detach", "--name", "first", "--env", "SECRET=42", "--", "sh", "-c", "echo it is $SECRET")
    private.ended("first")
    screen = dashboard(private)
    screen.wait(re.compile(r"first\s+completed"))
    screen.keys("C")
    screen.wait("hidden value")
    screen.keys("C-s")
    screen.wait("Submitted job first-2:")
    until(lambda: private.ok("jobs", "list", "--json").count("first-2"), "the copy")
    private.ended("first-2")
    assert private.ok("logs", "first-2").strip() == "it is 42"


@check
def what_was_submitted_is_taken_back():
    private = Private()
    screen = dashboard(private)
    screen.wait("No jobs yet")
    screen.keys("n")
    screen.wait("Folder")
    screen.type("a-slip")
    screen.keys("Down")
    until(lambda: "Command" in current_field(screen), "the command's field")
    screen.type("sleep 1000")
    screen.wait("sleep 1000")
    screen.keys("C-s")
    screen.wait("Submitted job a-slip: sleep 1000")
    screen.keys("u")
    screen.wait("a-slip is taken back")
    screen.wait("No jobs yet")
    assert "a-slip" not in private.ok("jobs", "list", "--json")


@check
def a_filter_by_a_label():
    private = Private()
    for name, team in (("one", "vision"), ("two", "speech")):
        private.ok("jobs", "submit", "--job-name", name, "--label", f"team={team}", "--command", "true")
        private.ended(name)
    screen = dashboard(private)
    screen.wait(re.compile(r"two\s+completed"))
    screen.keys("/")
    screen.type("team=vision")
    screen.keys("Enter")
    screen.wait("1 of 2")
    screen.wait(re.compile(r"one\s+completed"))


def current_field(screen):
    """The line that the cursor stands on."""
    y = int(screen.tmux("display", "-p", "#{cursor_y}"))
    return screen.lines()[y]


@check
def the_daemon_killed():
    private = Private()
    gate = Gate(private)
    private.shell(gate.script, "--name", "survivor")
    screen = dashboard(private)
    screen.wait(re.compile(r"survivor\s+running"))
    screen.wait("●")
    screen.keys("l")
    gate.open()
    screen.wait("line 1 of the job")
    for round_ in range(2):
        old = private.pid()
        os.kill(old, signal.SIGKILL)
        screen.keys("?")  # keys go on
        screen.wait("Follow the log's end")
        screen.escape(f"line {1 + round_} of the job")  # what was seen stays
        gate.open()
        screen.wait(f"line {2 + round_} of the job")  # and goes on, gapless
        assert until(private.pid, "a new daemon") != old
        screen.wait("●")
    text = screen.text()
    assert [int(n) for n in re.findall(r"line (\d+) of", text)] == [1, 2, 3], frame(text)
    screen.escape(re.compile(r"survivor\s+running"))
    gate.end()
    screen.wait(re.compile(r"survivor\s+completed"))


@check
def a_lost_connection_is_a_state():
    """No private platform to restart: the rows stay, the header says since when."""
    private = Private()
    private.shell("while :; do sleep 0.05; done", "--name", "stays")
    found = private.endpoint()
    key = private.secret()
    env = dict(private.home, XIAOMI_CLOUDML_ENDPOINT=found["url"],
               XIAOMI_ACCESS_KEY_ID=key["access_key"], XIAOMI_SECRET_ACCESS_KEY=key["secret_key"])
    screen = Tmux([MLTOP], **env)
    screen.wait(re.compile(r"stays\s+running"))
    screen.wait("●")
    os.kill(found["pid"], signal.SIGKILL)
    screen.wait(re.compile(r"○|gone"))
    screen.wait("stays")
    screen.keys("x")
    screen.wait("Not connected: nothing was asked for")
    screen.keys("q")
    assert screen.ended() == 0
    private.ok("jobs", "list")  # starts it again, so that it can be stopped


@check
def attempts_of_two_dashboards_meet():
    """Two at once on an empty home: one platform."""
    private = Private()
    one, two = dashboard(private), dashboard(private)
    one.wait("No jobs yet")
    two.wait("No jobs yet")
    private.shell("exit 0", "--name", "seen-by-both")
    one.wait("seen-by-both")
    two.wait("seen-by-both")


if __name__ == "__main__":
    sys.exit(main())
