"""What tests/api has about logs once more, on engines that answer later (tests/engine_late), as a cluster would."""
import os
import runpy
import sys
import unittest

API = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../api")


def run(name, word="log"):
    """Runs the cases of tests/api/NAME_test.py whose class or name has the word, with the programs of build/late."""
    os.environ["MLTOP_BUILD"] = os.path.join(os.environ.get("MLTOP_BUILD", "build"), "late")
    found = unittest.TestLoader.getTestCaseNames
    unittest.TestLoader.getTestCaseNames = lambda self, cls: [
        n for n in found(self, cls) if word in (cls.__name__ + n).lower()]
    sys.path[0] = API
    sys.modules.pop("support", None)
    runpy.run_path(f"{API}/{name}_test.py", run_name="__main__")
