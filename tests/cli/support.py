"""What tests of the command line use: mltop on a private platform, and on a shared one."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from kit.basics import BUILD, LIMIT, MLTOP, ROOT, environment, folder, until  # noqa: E402,F401
from kit.cases import Case  # noqa: E402,F401
from kit.count import run_cases as main  # noqa: E402,F401
from kit.daemon import Daemon, Shared  # noqa: E402,F401
from kit.http import BASE, Socket  # noqa: E402,F401
from kit.private import Private  # noqa: E402,F401
