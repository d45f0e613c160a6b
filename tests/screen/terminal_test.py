#!/usr/bin/python3
"""The terminal itself: taken over, shared, lost, and given back, without any platform answering.

The dashboard connects to an address where nobody listens, so that what is on the screen is its own.
"""
import os
import re
import signal
import subprocess
import sys
import termios
import time

from support import *

NOWHERE = [MLTOP, "--endpoint", "http://127.0.0.1:1"]
HINTS = b"help"
ENTER, LEAVE = b"\x1b[?1049h", b"\x1b[?1049l"
RESTORED = (LEAVE, b"\x1b[?2004l", b"\x1b[?1006l", b"\x1b[?1000l", b"\x1b[?25h")


def opened(cols=80, rows=24, **changes):
    p = Pty(NOWHERE, cols, rows, **home(), **changes)
    p.wait(HINTS)
    p.quiet()
    return p


def check_restored(p, since=0):
    """Screen, mouse, paste mode, cursor and the line discipline are as they were."""
    tail = bytes(p.output[since:])
    for words in RESTORED:
        assert words in tail, f"{words!r} was not written at the end: {tail[-200:]!r}"
    assert tail.rindex(LEAVE) > tail.rfind(ENTER), "the alternate screen was entered again"
    assert p.modes() == p.before, "the line discipline was left changed"


@check
def q_leaves_and_restores():
    p = opened()
    assert p.modes() != p.before, "the terminal was never taken over"
    p.send("q")
    assert p.ended() == 0
    check_restored(p)


@check
def signals_restore():
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        p = opened()
        since = len(p.output)
        p.signal(number)
        assert p.ended(2) == 128 + number
        check_restored(p, since)
        p.close()


@check
def crashes_restore():
    for number in (signal.SIGABRT, signal.SIGSEGV, signal.SIGFPE):
        p = opened()
        since = len(p.output)
        p.signal(number)
        assert p.ended(10) == 128 + number
        check_restored(p, since)
        p.close()


def blocked():
    """A dashboard whose terminal is not read: its writer hangs in a write."""
    p = opened(200, 50)
    sent = 0
    # Each Ctrl-L sends the whole screen: the pty holds some 64 KiB.
    while sent < 60 or not in_write(p.pid):
        os.write(p.master, b"\x0c")
        sent += 1
        time.sleep(0.02)
        assert sent < 1000, "the writer never blocked"
    return p


def in_write(pid):
    """Does a thread of the process sleep in the terminal's write?"""
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/syscall") as f:
                words = f.read().split()
        except OSError:
            continue
        if words and words[0] == "1":  # write(2) on x86_64
            return True
    return False


@check
def leaves_while_the_terminal_takes_nothing():
    for leave in ("key", "signal"):
        p = blocked()
        started = time.monotonic()
        if leave == "key":
            os.write(p.master, b"q")
        else:
            p.signal(signal.SIGTERM)
        code = p.ended(5, reading=False)
        took = time.monotonic() - started
        assert code == (0 if leave == "key" else 143), code
        assert took <= 0.5, f"leaving by {leave} took {took * 1000:.0f} ms"
        assert p.modes() == p.before, "the line discipline was left changed"
        since = len(p.output)
        p.quiet()
        assert LEAVE in p.output[since:], "the alternate screen was not left"
        p.close()


@check
def crash_while_the_terminal_takes_nothing():
    p = blocked()
    p.signal(signal.SIGABRT)
    assert p.ended(5, reading=False) == 128 + signal.SIGABRT
    assert p.modes() == p.before, "the line discipline was left changed"


@check
def a_blocked_terminal_catches_up():
    p = blocked()
    p.quiet()
    since = len(p.output)
    p.send("?")
    p.wait(b"help", since)
    p.send("q")


@check
def terminal_gone():
    p = opened()
    started = time.monotonic()
    p.hang_up()
    assert p.ended(5, reading=False) == 129
    took = time.monotonic() - started
    assert took <= 0.5, f"ended {took * 1000:.0f} ms after its terminal"


@check
def terminal_gone_without_a_signal():
    """As under nohup and some supervisors: what is left is that reading comes to an end."""
    p = Pty(NOWHERE, blocked=(signal.SIGHUP,), **home())
    p.wait(HINTS)
    started = time.monotonic()
    p.hang_up()
    assert p.ended(5, reading=False) == 129
    took = time.monotonic() - started
    assert took <= 0.5, f"ended {took * 1000:.0f} ms after its terminal"


@check
def stopped_and_continued():
    p = opened()
    p.signal(signal.SIGSTOP)
    until(lambda: state(p.pid) == "T", "the stop")
    # The shell puts its own modes on meanwhile, and writes.
    termios.tcsetattr(p.slave, termios.TCSANOW, p.before)
    since = len(p.output)
    p.signal(signal.SIGCONT)
    p.wait(HINTS, since)
    until(lambda: not p.modes()[3] & termios.ICANON, "raw keys after the stop")
    p.send("q")
    assert p.ended() == 0
    check_restored(p, since)


def state(pid):
    with open(f"/proc/{pid}/stat", "rb") as f:
        return f.read().rsplit(b")", 1)[1].split()[0].decode()


@check
def ctrl_z_stops_the_whole_job():
    """A shell with job control, as a person has it: sh waits for mltop, both stop, fg continues."""
    screen = Tmux(["bash", "--norc", "-i"], PS1="ready> ", **home())
    screen.wait("ready>")
    screen.type("echo before; sh -c '" + " ".join(NOWHERE) + "; echo code $?'")
    screen.keys("Enter")
    screen.wait("help")
    screen.keys("C-z")
    screen.wait("Stopped")
    screen.wait("before")
    screen.type("fg")
    screen.keys("Enter")
    screen.wait("? help")
    screen.keys("q")
    screen.wait("code 0")


@check
def ctrl_z_without_a_shell_does_no_harm():
    p = opened()
    since = len(p.output)
    p.send("\x1a")
    p.wait(ENTER, since)
    p.send("q")
    assert p.ended() == 0


@check
def tstp_from_outside():
    screen = Tmux(["bash", "--norc", "-i"], PS1="ready> ", **home())
    screen.wait("ready>")
    screen.type(" ".join(NOWHERE))
    screen.keys("Enter")
    screen.wait("help")
    pid = int(subprocess.run(["pgrep", "-P", str(screen.pid())], capture_output=True, text=True).stdout.split()[0])
    os.kill(pid, signal.SIGTSTP)
    screen.wait("Stopped")
    screen.type("fg")
    screen.keys("Enter")
    screen.wait("? help")
    screen.keys("q")
    screen.wait(re.compile(r"ready>\s*\Z"))


@check
def the_screen_before_comes_back():
    screen = Tmux(["sh"], PS1="ready> ", **home())
    screen.wait("ready>")
    screen.type("stty -g > $HOME/modes; echo something to remember")
    screen.keys("Enter")
    screen.wait("\nsomething to remember")
    screen.type(" ".join(NOWHERE) + "; echo code $?; stty -g | diff - $HOME/modes && echo same modes")
    screen.keys("Enter")
    screen.wait("? help")
    screen.keys("q")
    text = screen.wait(re.compile("^same modes", re.M))
    assert "something to remember" in text and "code 0" in text, frame(text)
    assert "? help" not in text, "a part of the dashboard was left on the screen"


@check
def odd_sizes():
    p = opened()
    for cols, rows in ((0, 0), (1, 1), (4096, 4096), (2, 200), (40, 10), (1000, 500), (80, 24)):
        p.set_size(cols, rows)
        p.signal(signal.SIGWINCH)
        p.quiet(0.05)
        assert alive(p.pid), f"gone at {cols}x{rows}"
    since = len(p.output)
    p.send("\x0c")
    p.wait(HINTS, since)
    p.send("q")
    assert p.ended() == 0


@check
def starts_at_odd_sizes():
    for cols, rows in ((0, 0), (1, 1), (19, 4), (4096, 4096)):
        p = Pty(NOWHERE, cols, rows, **home())
        p.wait(ENTER)
        if cols != 1 and cols != 19:  # 0x0 means 80x24
            p.wait(HINTS)
        p.quiet(0.05)
        p.send("q")
        assert p.ended() == 0, f"{cols}x{rows}"
        p.close()


@check
def a_storm_of_sizes():
    p = opened()
    for n in range(2000):
        p.set_size(20 + n % 180, 5 + n % 45)
        p.signal(signal.SIGWINCH)
        if n % 100 == 0:
            p.read()
    p.set_size(80, 24)
    p.signal(signal.SIGWINCH)
    p.quiet()
    since = len(p.output)
    p.send("?")
    p.wait(b"Open what is selected", since)
    p.send("q")
    p.send("q")
    assert p.ended() == 0


@check
def unknown_terminal_is_worked_round():
    for term in ("no-such-terminal", None):
        screen = Tmux(NOWHERE, TERM=term, **home())
        screen.wait("not known here: using xterm-256color")
        screen.keys("q")
        assert screen.ended() == 0
        screen.close()


@check
def dumb_terminal_names_the_command_line():
    p = Pty(NOWHERE, TERM="dumb", **home())
    code = p.ended()
    text = " ".join(p.output.decode().split())  # folded at the terminal's width
    assert code not in (0, 139), code
    assert "mltop jobs list" in text and "dumb" in text, text
    assert "\x1b" not in text, f"control functions for a terminal that has none: {text!r}"
    assert p.modes() == p.before, "the line discipline was left changed"


@check
def no_terminal_names_the_command_line():
    done = subprocess.run(NOWHERE, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          env=environment(**home()))
    assert done.returncode != 0 and "mltop jobs list" in done.stderr and not done.stdout, done


@check
def no_color():
    with_colours, without = opened(), opened(NO_COLOR="1")
    colour = re.compile(rb"\x1b\[[0-9;]*(?<![0-9])(3[0-8]|4[0-8]|9[0-7])(;[0-9;]*)?m")
    assert colour.search(bytes(with_colours.output)), "no colours to take away: the check sees nothing"
    found = colour.search(bytes(without.output))
    assert not found, f"{found.group()!r} with NO_COLOR"


@check
def plain_locale():
    p = opened(LC_ALL="C", LANG="C")
    p.send("?")
    p.wait(b"Open what is selected")
    p.send("q")
    p.quiet()
    high = [b for b in p.output if b >= 0x80]
    assert b"^AGE" in p.output, "the sign of the order is not the one of ASCII"
    assert not high, f"bytes above 7F in a locale of ASCII: {bytes(high[:20])!r}"
    assert any(b >= 0x80 for b in opened().output), "nothing above 7F in UTF-8: the check sees nothing"


@check
def only_known_control_functions():
    p = opened(200, 50)
    for keys in ("?", "q", ":", "\x1b", "n", "\x1b", "\x0c", "/", "x", "\x1b"):
        p.send(keys)
        p.quiet(0.05)
    p.set_size(80, 24)
    p.signal(signal.SIGWINCH)
    p.quiet()
    p.send("\x03")
    p.ended()
    assert judge(p.output) == "", judge(p.output)


@check
def other_terminals_of_the_house():
    for term in ("linux", "screen", "vt100", "xterm", "tmux-256color", "rxvt-unicode"):
        p = opened(TERM=term)
        p.send("q")
        assert p.ended() == 0, term
        assert p.modes() == p.before, term
        p.close()


@check
def keys_split_anywhere():
    p = opened()
    p.send("?")
    p.quiet(0.05)
    for byte in b"\x1b[6~":
        p.send(bytes([byte]))
    p.quiet(0.05)
    since = len(p.output)
    p.send(b"\x1b[<0;1")
    p.send(b";1M\x1b[<0;1;1m")
    p.quiet(0.1)
    assert alive(p.pid)
    assert b"[<" not in p.output[since:], "a mouse report became text"
    p.send("q")
    p.send("q")
    assert p.ended() == 0


@check
def a_megabyte_of_noise():
    import random
    random.seed(int(os.environ.get("SEED", "1")))
    p = opened()
    # Without the keys that leave or stop: what is left must be survived.
    noise = bytes(b for b in random.randbytes(1 << 20) if b not in b"q\x03\x1a\x1c")
    p.send(b"\x1b[200~" + noise.replace(b"\x1b[201~", b"") + b"\x1b[201~")
    p.quiet(0.2)
    assert alive(p.pid), "gone after a pasted megabyte"
    since = len(p.output)
    p.send("\x0c")
    p.wait(HINTS, since)
    assert judge(p.output) == "", judge(p.output)


@check
def a_paste_without_its_end():
    for key in (b"\x03", b"q"):
        p = opened()
        p.send(b"\x1b[200~qqq")
        p.quiet(0.1)
        assert alive(p.pid), "pasted text was taken for keys"
        if key == b"q":
            # After a second of silence letters are keys again; until then they are text.
            end = time.monotonic() + LIMIT
            while p.child.poll() is None and time.monotonic() < end:
                p.quiet(1.2)
                if p.child.poll() is None:
                    p.send(key)
        else:
            p.send(key)
        assert p.ended() == 0
        p.close()


@check
def another_size_while_it_was_stopped():
    p = opened(blocked=(signal.SIGWINCH,))  # the shell had the terminal: nobody tells us
    p.signal(signal.SIGSTOP)
    until(lambda: state(p.pid) == "T", "stopped")
    p.set_size(100, 30)
    since = len(p.output)
    p.signal(signal.SIGCONT)
    p.wait(HINTS, since)
    p.quiet()
    assert b"\x1b[30;" in p.output[since:], "drawn at the size of before"
    p.send("q")
    assert p.ended() == 0


if __name__ == "__main__":
    sys.exit(main())
