"""The suites of tests/api once more, on the store of tests/store_apart: one object a step, a writer beside ours."""
import os
import runpy
import sys
import unittest

API = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../api")

# What a test knows of SQLite's file is no matter of this store; and two reads of one job need not
# agree where somebody else may change it between them.
NOT_HERE = {"test_list_and_one_agree", "test_audit_altered_or_cut", "test_newer_schema_refused", "test_more_than_a_line_on_the_control_socket",
            "test_local_changes_are_audited"}


def run(name):
    """Runs tests/api/NAME_test.py with the programs of build/apart."""
    os.environ["MLTOP_BUILD"] = os.path.join(os.environ.get("MLTOP_BUILD", "build"), "apart")
    found = unittest.TestLoader.getTestCaseNames
    unittest.TestLoader.getTestCaseNames = lambda self, cls: [
        n for n in found(self, cls) if n not in NOT_HERE]
    sys.path[0] = API
    sys.modules.pop("support", None)
    runpy.run_path(f"{API}/{name}_test.py", run_name="__main__")
