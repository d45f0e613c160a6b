"""What tests of the whole product use: mltop, mltopd and mltop-shim as they are installed."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from kit.basics import BUILD, LIMIT, MLTOP, ROOT, environment, home_in, until  # noqa: E402,F401
from kit.cases import Case  # noqa: E402,F401
from kit.client import Client  # noqa: E402,F401
from kit.count import run_cases as main  # noqa: E402,F401
from kit.daemon import MLTOPD, listening  # noqa: E402,F401
from kit.http import BASE  # noqa: E402,F401
from kit.private import Private  # noqa: E402,F401
from kit.process import alive  # noqa: E402
from kit.signing import Key  # noqa: E402,F401
from kit.terminal import Pty  # noqa: E402,F401


def folder_of(state, uid, attempt=1):
    """The folder of an attempt, wherever below the state folder it is."""
    for at, folders, _ in os.walk(state):
        if os.path.basename(at) == "tasks" and uid in folders:
            return f"{at}/{uid}/master-0/{attempt}"
    return None


def log_on_disk(state, uid, attempt=1):
    """The segments of an attempt's log, joined: named by the offset of their first byte."""
    log = folder_of(state, uid, attempt) + "/log"
    names = sorted((n for n in os.listdir(log) if re.match(r"^[0-9a-f]+(\.log)?$", n)),
                   key=lambda n: n.split(".")[0].zfill(32))
    data = b""
    for name in names:
        with open(f"{log}/{name}", "rb") as f:
            data += f.read()
    return data


def processes(mark, name):
    """Pids of programs of that name that were started with `mark` in their environment."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as f:
                environ = f.read()
            if mark.encode() in environ and os.readlink(f"/proc/{pid}/exe").endswith("/" + name) and alive(pid):
                found.append(int(pid))
        except OSError:
            pass
    return found
