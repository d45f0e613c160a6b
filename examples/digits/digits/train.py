"""python3 -m digits.train: trains, evaluates, exports. See README.md."""

import os
import signal
import sys

# Before numpy is loaded. The matrices are small: more threads would wait for each other, and the
# order of sums, so the last digits of a result, would depend on the machine.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

from digits import cluster, options  # noqa: E402
from digits.bar import say  # noqa: E402
from digits.fail import DONE, FAILED, Fail  # noqa: E402
from digits.stop import Stop  # noqa: E402


def need_numpy():
    try:
        import numpy  # noqa: F401
    except ImportError as why:
        raise Fail("numpy is not there: apt-get install python3-numpy (that is for "
                   f"/usr/bin/python3; this is {sys.executable}, which may need "
                   f"python3 -m pip install numpy; it says: {why})")


def serve_parameters(stop):
    """The trainers do not exchange weights, so there is nothing to serve (README.md)."""
    stop.wait()
    say(f"Stopped by {stop.name}.")
    return stop.code


def run(arguments, stop):
    opts = options.parser().parse_args(arguments)
    role = cluster.role(os.environ.get("TF_CONFIG"))
    say(role.describe())
    if role.kind == "ps":
        return serve_parameters(stop)
    need_numpy()
    from digits import loop
    return loop.train(opts, role, stop)


def main():
    # A closed log ends the program quietly, as it ends any other filter.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    stop = Stop()
    try:
        code = run(sys.argv[1:], stop)
    except Fail as fail:
        sys.stdout.flush()
        print(f"digits: {fail}", file=sys.stderr, flush=True)
        code = fail.code
    except MemoryError:
        print("digits: memory ran out: lower --batch-size or --hidden, or ask for more memory",
              file=sys.stderr, flush=True)
        code = FAILED
    return code if code is not None else DONE


if __name__ == "__main__":
    sys.exit(main())
