"""What tests of the API use: a daemon, a signed client, raw sockets, a websocket."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from kit.basics import BUILD, LIMIT, ROOT, compiler, until  # noqa: E402,F401
from kit.client import Client  # noqa: E402,F401
from kit.count import run_cases as main  # noqa: E402,F401
from kit.daemon import FREE, MLTOPD, Daemon, module_daemon  # noqa: E402,F401
from kit.http import BASE, Socket, head_bytes  # noqa: E402,F401
from kit.signing import Key, amz_date, canonical_query, new_nonce, signature  # noqa: E402,F401
from kit.websocket import STREAM, Closed, Refused  # noqa: E402,F401
