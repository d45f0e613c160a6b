"""Running the checks of a program and saying the count that tests/run.py reads.

Of MLTOP_ONLY (`make test ONLY=word`) only the checks whose name has the word are run.
"""
import os
import sys
import threading
import time
import traceback
import unittest

from kit.basics import OPENED

ONLY = os.environ.get("MLTOP_ONLY", "")

_checks = []
_faults = []  # what went wrong in a thread, where nobody would see it


def check(function):
    """Marks a function as a check for run_checks()."""
    _checks.append(function)
    return function


def close_all():
    """The newest first: who looks at a platform leaves before it."""
    for thing in reversed(OPENED[:]):
        try:
            thing.close()
        except Exception:  # the next must be closed, too
            _faults.append(traceback.format_exc())


def _fault(function):
    """What went wrong with the check, as a text; "" when nothing did."""
    _faults.clear()
    said = ""
    try:
        function()
    except Exception as e:  # a check that fails must not hide the others
        said = str(e) if isinstance(e, AssertionError) and str(e) else traceback.format_exc()
    close_all()
    return "\n".join(filter(None, [said, *_faults]))


def _passes(function):
    started = time.monotonic()
    fault = _fault(function)
    took = f"({time.monotonic() - started:.1f} s)"
    print(f"FAIL {function.__name__} {took}: {fault}" if fault else f"ok   {function.__name__} {took}", flush=True)
    return not fault


def _thread_fault(e):
    _faults.append("in a thread:\n" + "".join(traceback.format_exception(e.exc_type, e.exc_value, e.exc_traceback)))


def run_checks():
    """Runs the checks, or those whose names hold one of the words given; prints the count."""
    threading.excepthook = _thread_fault
    words = [w for w in sys.argv[1:] if not w.startswith("-")]
    results = [_passes(f) for f in _checks
               if ONLY in f.__name__ and (not words or any(w in f.__name__ for w in words))]
    failed = results.count(False)
    print(f"{len(results) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


def run_cases():
    """The same for the unittest cases of the calling script."""
    argv = sys.argv + (["-k", f"__main__.*{ONLY}*"] if ONLY else [])
    result = unittest.main(argv=argv, verbosity=1, exit=False).result
    bad = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
    skipped = len(result.skipped)
    print(f"{max(result.testsRun - bad - skipped, 0)} passed, {bad} failed, {skipped} skipped", flush=True)
    sys.exit(1 if bad else 0)
