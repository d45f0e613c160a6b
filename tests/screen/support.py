"""What the screen tests use: real terminals, a private platform, and who judges the bytes.

Two kinds of terminal. `Tmux` is one that a person could look at: tests wait for what stands on its
screen. `Pty` is a bare pseudo-terminal. Nothing here sleeps for an effect: every wait polls a
condition and has a limit that only a broken program reaches.
"""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from kit.basics import BUILD, LIMIT, MLTOP, ROOT, compiler, environment, folder, home_in, until  # noqa: E402,F401
from kit.count import check, run_checks as main  # noqa: E402,F401
from kit.private import Private  # noqa: E402,F401
from kit.process import alive, cpu_ticks  # noqa: E402,F401
from kit.terminal import Pty  # noqa: E402,F401
from kit.tmux import Tmux, frame  # noqa: E402,F401

KEYS = {"XIAOMI_ACCESS_KEY_ID": "AK" + "TEST" * 4, "XIAOMI_SECRET_ACCESS_KEY": "secret-of-the-tests"}


def home(config=None):
    """A home of its own, as environment, with keys for platforms that are named by --endpoint."""
    made = folder("home")
    if config:
        os.makedirs(made + "/config/mltop")
        with open(made + "/config/mltop/config.yaml", "w") as f:
            f.write(config)
    return {**home_in(made), **KEYS}


_oracle = []


def oracle():
    """The reader of control functions, built from C once per test program."""
    if not _oracle:
        program = folder("oracle") + "/pty_oracle"
        subprocess.run([*compiler(), "-D_GNU_SOURCE", "-Itests", "-o", program,
                        "tests/tools/pty_oracle_main.c", "tests/pty_oracle.c"], cwd=ROOT, check=True)
        _oracle.append(program)
    return _oracle[0]


def judge(data, allowed="screen"):
    """What was written and is not allowed, as a sentence; "" when there is nothing."""
    done = subprocess.run([oracle(), allowed], input=bytes(data), capture_output=True)
    return done.stderr.decode(errors="replace").strip()


def attacks():
    """(name, bytes) of the corpus."""
    names = subprocess.run([oracle(), "--list"], capture_output=True, text=True, check=True)
    for name in names.stdout.splitlines():
        done = subprocess.run([oracle(), "--case", name], capture_output=True, check=True)
        yield name, done.stdout
