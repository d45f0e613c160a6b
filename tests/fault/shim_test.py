#!/usr/bin/env python3
"""Every test of the shim, several at once: shim_test.py [-v] [-j N] [WORD...] runs those whose name
holds a WORD, and MLTOP_ONLY if that is set. The programs come from $MLTOP_BUILD (default: build)."""
import concurrent.futures
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

MODULES = ("shim_steps", "shim_log", "shim_control", "shim_crash")


def cases(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from cases(test)
        else:
            yield test


def run(test):
    result = unittest.TestResult()
    began = time.monotonic()
    test.run(result)
    return test, result, time.monotonic() - began


def main(arguments):
    verbose = "-v" in arguments
    at_once = int(arguments[arguments.index("-j") + 1]) if "-j" in arguments else 4
    words = [a for a in arguments if not a.startswith("-") and not a.isdigit()]
    suite = unittest.defaultTestLoader.loadTestsFromNames(MODULES)
    only = os.environ.get("MLTOP_ONLY", "")
    tests = [t for t in cases(suite)
             if only in t.id() and (not words or any(w in t.id() for w in words))]
    passed = failed = skipped = 0
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        for test, result, seconds in pool.map(run, tests):
            bad = result.failures + result.errors
            skipped += len(result.skipped)
            failed += bool(bad)
            passed += not bad and not result.skipped
            if verbose or bad:
                print(f"{'FAIL' if bad else 'ok'} {test.id()} {seconds:.2f} s", flush=True)
            for _, trace in bad:
                print(trace, flush=True)
            for _, why in result.skipped:
                print(f"skipped {test.id()}: {why}")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or skipped or not (passed or only) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
