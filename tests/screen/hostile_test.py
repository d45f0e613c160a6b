#!/usr/bin/python3
"""A platform, jobs and logs that want the terminal: nothing of theirs acts, wherever it is shown.

Every byte that reaches the terminal is read by the oracle, which shares no code with the sanitiser:
only what curses itself writes, and our own few modes, may be there.
"""
import json
import os
import random
import re
import signal
import sys

from support import *
import fake_platform as fake
from fake_platform import Platform, job


def text_of(data):
    """As JSON can carry it: bytes that are no UTF-8 become what a careless server makes of them."""
    return data.replace(b"\0", b"").decode("utf-8", errors="ignore")


def corpus(most=4096):
    return [(name, data[:most]) for name, data in attacks()]


def dashboard(platform, cols=200, rows=50, **env):
    return Pty([MLTOP, "--endpoint", platform.url], cols, rows, **{**home(), **env})


def leave(p):
    p.send("\x03")
    # Once the terminal is as it was, a second one would be a signal: only who is still there is asked again.
    for _ in range(40):
        p.quiet(0.05)
        if p.child.poll() is not None:
            break
    else:
        p.send("\x03")
    assert p.ended() == 0
    found = judge(p.output)
    assert found == "", found


def back_to_jobs(p):
    """Their footer after Esc: the first one may have been painted late, when another screen was asked for."""
    since = len(p.output)
    p.send("\x1b")
    p.wait(b"filter", since)


def visit(p, *keys):
    for key in keys:
        p.send(key)
        p.quiet(0.03)


@check
def the_oracle_sees_what_it_must():
    for bad in (b"\x1b]0;x\a", b"\x1b[?1003h", b"\x1b[6n", b"\xc2\x9b2J", "\u202e".encode(), b"\xff", b"\x1b[",
                b"\x1bc", b"\x1b#8", b"\x1bPq\x1b\\", b"\x1b_x\x1b\\", b"\x05", b"\x7f", b"\x1b[21t"):
        assert judge(b"text" + bad), f"{bad!r} was let through"


@check
def names_and_all_other_fields():
    rows = []
    for n, (name, data) in enumerate(corpus(300)):
        bad = text_of(data)
        rows.append(job(n, job_name=f"j{n}" + bad, owner=bad, reason=bad, message=bad, org_name=bad,
                        state="enqueued" if n % 2 else "running", command=["sh", bad],
                        module_name=bad, node_name=bad, labels={bad: bad}, metric_name=bad))
    platform = Platform(rows)
    p = dashboard(platform)
    p.wait(b"j0a")
    visit(p, "w", *["\x1b[6~"] * 3, "g", "/", "bad\x1b", "S", "\x1b", "X", "\x1b")
    for _ in range(len(rows) // 4):
        visit(p, "j", "j", "j", "j", "x", "\x1b", "D", "\x1b", "C", "\x1b", "y")
    visit(p, "g", "\r", "\t", "\t", "\t", "\x1b", "d", "\x1b", "v", "\x1b", "c")
    data = bytes(p.output)
    leave_but_for_the_clipboard(p)
    platform.close()
    assert data.count(b"j1") >= 1


def leave_but_for_the_clipboard(p):
    """The copy that the test asked for is the only string to the terminal, and holds base64 alone."""
    p.send("\x03")
    p.quiet(0.05)
    if p.child.poll() is None:
        p.send("\x03")
    assert p.ended() == 0
    data = re.sub(rb"\x1b\]52;c;[A-Za-z0-9+/=]*\x07", b"", bytes(p.output))
    found = judge(data)
    assert found == "", found


@check
def log_lines():
    platform = Platform([job(0)])
    p = dashboard(platform, 80, 24)
    p.wait(b"job-0000")
    for name, data in attacks():
        platform.log = b"first\n" + data[:1 << 18] + b"\nlast\n"
        since, asked = len(p.output), len(platform.subs)
        p.send("l")
        until(lambda: len(platform.subs) > asked, f"the log of {name}")
        p.quiet(0.04)
        visit(p, "rw", "gG", "r/a\r")
        back_to_jobs(p)
        found = judge(p.output[since:])
        assert found == "", f"{name}: {found}"
    leave(p)
    platform.close()


@check
def log_bytes_split_everywhere():
    """The same bytes in frames of one byte: no state may leak from one to the next."""
    parts = b"\n".join(data for _, data in corpus(64) if b"\0" not in data)
    platform = Platform([job(0)], log=parts)
    fake.CHUNK = 1
    try:
        p = dashboard(platform, 80, 24)
        p.wait(b"job-0000")
        p.send("l")
        p.wait(re.compile(rb"lines"))
        p.quiet(0.3)
        visit(p, "g", *["\x1b[6~"] * 20)
        leave(p)
    finally:
        fake.CHUNK = 64 * 1024
    platform.close()


def answers(make):
    """One dashboard; a job is opened again and again, and refused with each attack."""
    cases = corpus(500)
    platform = Platform([job(0)])
    p = dashboard(platform, 80, 24)
    p.wait(b"job-0000")
    for name, data in cases:
        platform.errors = {"/cloud_ml/v1/train/": make(data)}
        since, before = len(p.output), len(platform.requests)
        p.send("\r")
        until(lambda: len(platform.requests) > before, f"the request of {name}")
        p.quiet(0.04)
        back_to_jobs(p)
        found = judge(p.output[since:])
        assert found == "", f"{name}: {found}"
    leave(p)
    platform.close()


@check
def errors_of_the_platform():
    answers(lambda data: (500, b"Bad " + data.replace(b"\r", b"").replace(b"\n", b"")[:40],
                          json.dumps({"error": True, "message": text_of(data)}).encode()))


@check
def errors_that_are_no_json():
    answers(lambda data: (502, b"Bad Gateway", data))


@check
def a_refused_stream():
    platform = Platform()
    platform.stream_error = "refused at first"
    p = dashboard(platform, 80, 24)
    p.wait(b"refused at first")
    for name, data in corpus(200):
        platform.stream_error = text_of(data)
        since, asked = len(p.output), len(platform.subs)
        p.send("\x12")  # Ctrl-R: connect and ask again
        until(lambda: len(platform.subs) > asked, f"another subscription ({name})")
        p.quiet(0.04)
        found = judge(p.output[since:])
        assert found == "", f"{name}: {found}"
    assert b"U+202E" in p.output, "the sentences never were on the screen"
    leave(p)
    platform.close()


@check
def the_log_on_the_command_line():
    for name, data in attacks():
        platform = Platform([job(0, state="completed")], log=data[:1 << 20] + b"\n", log_final=True)
        p = Pty([MLTOP, "logs", "job-0000", "-f", "--endpoint", platform.url], **home())
        code = p.ended()
        assert code == 0, f"{name}: ended with {code}: {bytes(p.output[-200:])!r}"
        # The line discipline adds a CR to each LF.
        found = judge(bytes(p.output).replace(b"\r\n", b"\n"), "live")
        assert found == "", f"{name}: {found}"
        p.close()
        platform.close()


@check
def reading_again():
    """Ctrl-R on a live connection: what is gone goes, what is new comes."""
    platform = Platform([job(1), job(2)])
    screen = Tmux([MLTOP, "--endpoint", platform.url], **home())
    screen.wait("job-0001")
    screen.wait("job-0002")
    screen.wait("●")
    platform.rows = [job(2), job(3)]
    screen.keys("C-r")
    screen.wait("job-0003")
    screen.gone("job-0001")
    screen.wait("job-0002")
    platform.close()


# What is accepted is sent at once: an end before the grace time must not hide it.
AT_ONCE = "undo_seconds: 0\n"


@check
def a_change_that_is_accepted_is_sent():
    """What the two below look for can be seen at all."""
    platform = Platform([job(1, gpu_limit=0, owner="me")])
    screen = Tmux([MLTOP, "--endpoint", platform.url], **home(AT_ONCE))
    screen.wait("job-0001")
    screen.wait("●")
    screen.keys("D")
    screen.wait(re.compile("job-0001\\?|Type"))
    if "Type" in screen.text():
        screen.type("job-0001")
    else:
        screen.keys("y")
    screen.keys("Enter")
    until(platform.changes, "the request")
    assert platform.changes()[0][0] == "DELETE"
    platform.close()


def random_keys(seed):
    """Keys a cat may type, with pastes among them. Ctrl-C, Ctrl-Z and q end or stop the program."""
    random.seed(seed)
    special = [b"\x1b[A", b"\x1b[B", b"\x1b[5~", b"\x1b[6~", b"\x1b[H", b"\x1b[F", b"\x1b", b"\t", b"\r",
               b"\x1b[3~", b"\x1b[<0;10;10M", b"\x1b[200~y\rpasted\r\x1b[201~", b"\x1b[Z", b"\x7f"]
    letters = [bytes([c]) for c in range(1, 127) if c not in b"q\x03\x1a\x1c\x1b"]
    while True:
        yield random.choice(special) if random.random() < 0.2 else random.choice(letters)


@check
def random_bytes_change_nothing():
    """A megabyte at once: no prompt of it was ever on the screen long enough to be read."""
    random.seed(int(os.environ.get("SEED", "2")))
    platform = Platform([job(n) for n in range(30)])
    p = dashboard(platform, 80, 24, **home(AT_ONCE))
    p.wait(b"job-0001")
    noise = bytes(b for b in random.randbytes(1 << 20) if b not in b"q\x03\x1a\x1c")
    p.send(b"\x1b[200~" + noise.replace(b"\x1b[201~", b"") + b"\x1b[201~")
    p.quiet(0.2)
    assert platform.changes() == [], platform.changes()[:3]
    assert alive(p.pid)
    p.signal(signal.SIGTERM)
    p.ended()
    platform.close()


@check
def random_keys_change_nothing_unasked():
    """Keys one after the other, but never the y that a prompt waits for."""
    platform = Platform([job(n) for n in range(30)])
    p = dashboard(platform, 80, 24, **home(AT_ONCE))
    p.wait(b"job-0001")
    keys = random_keys(int(os.environ.get("SEED", "3")))
    for n in range(3000):
        key = next(keys)
        if key in (b"y", b"\t", b"\x1b[Z") or b":" in key:
            continue
        p.send(key)
        if n % 20 == 0:
            p.read()
        if p.child.poll() is not None:
            break
    p.quiet(0.2)
    if p.child.poll() is None:
        p.signal(signal.SIGTERM)
    code = p.ended()
    assert code in (0, 143), code
    assert platform.changes() == [], platform.changes()[:3]
    found = judge(re.sub(rb"\x1b\]52;c;[A-Za-z0-9+/=]*\x07", b"", bytes(p.output)))
    assert found == "", found
    platform.close()


if __name__ == "__main__":
    sys.exit(main())
