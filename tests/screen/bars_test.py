"""Bars of programs on a person's terminal: `mltop run`, `logs -f`, `logs` and the log pane."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import MLTOP, Private, Pty, Tmux, check, folder, judge, main, until  # noqa: E402

UP = "\x1b[A"


class Program:
    """A job that prints what a test says, when it says so."""

    def __init__(self):
        self.fifo = folder("program") + "/says"
        os.mkfifo(self.fifo)
        self.command = ["sh", "-c", f"exec cat '{self.fifo}'"]

    def open(self):
        """Waits for the job to read."""
        self.out = open(self.fifo, "w", buffering=1, newline="")
        return self

    def say(self, text):
        self.out.write(text)
        self.out.flush()

    def end(self):
        self.out.close()


def run(private, program, name, cols=80, rows=24, **changes):
    p = Pty([MLTOP, "run", "--name", name, "--", *program.command], cols, rows, cwd=private.folder,
            **{**private.home, **changes})
    program.open()
    return p


def shown(p, *lines):
    """Until these lines stand below one another, and nothing else of the program's."""
    want = "\n".join(lines)
    p.shows(lines[-1])
    until(lambda: p.read(0.02) is not None and want in p.look().text(), f"{want!r}")


def rightly_written(p, allowed="live"):
    found = judge(bytes(p.output).replace(b"\r\n", b"\n"), allowed)
    assert found == "", found


@check
def a_bar_moves_before_its_line_ends():
    private, program = Private(), Program()
    p = run(private, program, "moves")
    program.say("begin\n\r  1%|#         |")
    shown(p, "begin", "  1%|#         |")
    program.say("\r 50%|#####     |")
    shown(p, "begin", " 50%|#####     |")
    assert "1%|#  " not in p.look().text(), p.screen.text()
    program.say("\r\x1b[32m100%|##########|\x1b[0m done\nnext\n")
    shown(p, "begin", "100%|##########| done", "next")
    program.say("\rlast 7%")
    shown(p, "next", "last 7%")
    program.end()
    assert p.ended() == 0
    # What we say has a line of its own though the program's last one did not end.
    p.shows("\nmltop: job moves completed")
    shown(p, "last 7%", "mltop: job moves completed")
    assert "^M" not in p.screen.text() and "^[" not in p.screen.text(), p.screen.text()
    rightly_written(p)


@check
def bars_below_each_other_are_as_many_rows():
    private, program = Private(), Program()
    p = run(private, program, "nested")
    program.say("\rEpoch 0/2\n")
    for i in range(300):
        program.say(f"\rtrain {i}/300{UP}\n")
    program.say(f"\rtrain 300/300{UP}\rEpoch 1/2\n\rvalid 7/9{UP}")
    shown(p, "Epoch 1/2", "valid 7/9/300")
    program.say(f"\n\r{' ' * 20}\r{UP}\rEpoch 2/2\n")
    program.end()
    assert p.ended() == 0
    p.shows("Epoch 2/2")
    text = p.look().text()
    assert text.count("Epoch") == 1 and "train" not in text and "valid" not in text, text
    rightly_written(p)
    again = Pty([MLTOP, "logs", "nested"], cwd=private.folder, **private.home)
    assert again.ended() == 0
    assert again.look().text().split("\n")[0] == "Epoch 2/2", again.screen.text()
    rightly_written(again, "text")


@check
def a_terminal_of_another_width_gets_no_new_rows():
    private, program = Private(), Program()
    p = run(private, program, "narrow", 30, 10)
    long = "." * 60
    for i in range(40):
        program.say(f"\r{i:3}%|{long}")
    shown(p, f" 39%|{'.' * 24}")
    rows = [line for line in p.look().text().split("\n") if "%" in line]
    assert rows == [f" 39%|{'.' * 24}"], rows
    p.set_size(20, 10)
    os.kill(p.pid, 28)  # SIGWINCH
    program.say("\r 99%|ok" + " " * 60 + "\nafter\n")
    p.shows("after")
    program.end()
    assert p.ended() == 0
    rightly_written(p)


@check
def a_pipe_gets_the_bytes_as_they_are():
    private = Private()
    bytes_ = f"a\r1%\r2%\nE\n\rt 1{UP}\n\rt 2{UP}\x1b[2J\b"
    name = folder("bytes") + "/bytes"
    with open(name, "w", newline="") as f:
        f.write(bytes_)
    done = private.mltop("run", "--name", "raw", "--", "cat", name, binary=True)
    assert done.out == bytes_.encode(), done.out
    assert private.mltop("logs", "raw", binary=True).out == bytes_.encode()


@check
def a_terminal_without_motions_gets_lines():
    private, program = Private(), Program()
    p = run(private, program, "dumb", TERM="dumb")
    program.say("one\n\r1%\r2%\n\x1b[31mE\n\rt 1" + UP + "\n")
    p.shows("t 1")
    program.end()
    assert p.ended() == 0
    shown(p, "one", "2%", "E", "t 1")
    rightly_written(p, "text")


@check
def the_question_stands_alone_and_the_bars_go_on():
    private, program = Private(), Program()
    p = run(private, program, "asked")
    program.say(f"\rEpoch 0/2\n\rtrain 1{UP}\rEpoch 1/2\n")
    shown(p, "Epoch 1/2", "train 1")
    p.send("\x03")
    p.shows("Enter goes on:")
    program.say(f"\rtrain 2{UP}\rEpoch 2/2\n")
    p.send("\n")
    shown(p, "Epoch 2/2", "train 2")
    program.end()
    assert p.ended() == 0
    rightly_written(p)


@check
def the_log_pane_has_two_live_rows():
    private, program = Private(), Program()
    subprocess.run([MLTOP, "run", "--detach", "--name", "pane", "--", *program.command], check=True,
                   cwd=private.folder, env=private.env, capture_output=True)
    program.open()
    program.say("start\n\rEpoch 0/2\n")
    for i in range(500):
        program.say(f"\rtrain {i}/500{UP}\n")
    screen = Tmux([MLTOP], **private.home)
    screen.wait("pane")
    screen.keys("l")
    screen.wait("train 499/500")
    screen.wait("3 lines")
    program.say(f"\rtrain 500/500{UP}\r\x1b[31mEpoch 1/2\x1b[0m\n")
    screen.wait("train 500/500")
    screen.wait("Epoch 1/2")
    screen.gone("Epoch 0/2")
    screen.keys("r")
    screen.wait(f"{1 + 1 + 501} lines")
    screen.wait("^[[A")
    screen.keys("r")
    screen.wait("3 lines")
    screen.gone("^[[A")
    screen.keys("/")
    screen.wait("/")
    screen.keys("500/500", "Enter")
    screen.wait("at 1")
    program.end()
    screen.keys("q")
    assert screen.ended() == 0


if __name__ == "__main__":
    sys.exit(main())
