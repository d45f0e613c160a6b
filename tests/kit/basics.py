"""Where the programs are, waiting, and the environment that a program under test gets."""
import atexit
import os
import shlex
import shutil
import tempfile
import time

ROOT = os.path.abspath(os.environ.get("MLTOP_ROOT", os.path.join(os.path.dirname(__file__), "../..")))
BUILD = os.path.join(ROOT, os.environ.get("MLTOP_BUILD", "build"))
MLTOP = os.path.join(BUILD, "mltop")
LIMIT = 60.0  # seconds that anything may take before it counts as hung

# What the person who runs the tests has set must not reach the programs.
FOREIGN = ("TMUX", "TMUX_PANE", "NO_COLOR", "MLTOP_CONTEXT", "MLTOP_STATE_DIR", "XIAOMI_CLOUDML_ENDPOINT",
           "XIAOMI_ACCESS_KEY_ID", "XIAOMI_SECRET_ACCESS_KEY")


# What has a close() that must be called, whatever happens to the check that opened it.
OPENED = []


def forget(thing):
    if thing in OPENED:
        OPENED.remove(thing)


def compiler():
    """The words of CC: it may be run by another program, as in CC="ccache gcc"."""
    return shlex.split(os.environ.get("CC") or "cc")


def until(condition, what, limit=LIMIT):
    """Polls until condition() is true and returns its value; raises AssertionError naming `what`."""
    end = time.monotonic() + limit
    pause = 0.002
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"never seen within {limit:.0f} s: {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)


def folder(kind="test", within=None):
    """A folder that is removed at the end; run.py gives each test a TMPDIR of its own as well."""
    made = tempfile.mkdtemp(prefix=f"mltop-{kind}-", dir=within)
    atexit.register(shutil.rmtree, made, True)
    return made


def home_in(place):
    """The variables that make a folder somebody's home."""
    return {"HOME": place, "XDG_STATE_HOME": place + "/state", "XDG_CONFIG_HOME": place + "/config",
            "XDG_CACHE_HOME": place + "/cache"}


def environment(**changes):
    """Of the test, with changes; None takes a variable away."""
    env = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    env.setdefault("LC_ALL", "C.UTF-8")
    env["PATH"] = "/usr/bin:/bin"  # Debian's own programs, for tasks as well
    env.update(changes)
    return {name: value for name, value in env.items() if value is not None}
