"""Why a job failed: real programs, what the platform says of them, and where."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import Case, main  # noqa: E402

TRAIN = """
def load(i):
    if i == 20:
        raise ValueError(f"corrupt sample {i}")
for i in range(30):
    print("step", i, "loss 0.5")
    load(i)
"""
CAUSED = """
try:
    raise OSError("no such shard: 7")
except OSError as e:
    raise RuntimeError("training stopped") from e
"""
KILLED = "import os; os.kill(os.getpid(), 11)"
SURVIVED = """
import traceback
try:
    {}["x"]
except KeyError:
    traceback.print_exc()
print("all is well")
"""


class Failures(Case):
    def failed(self, name, text):
        """The job that this program makes, run to its end."""
        path = os.path.join(self.p.folder, name + ".py")
        with open(path, "w") as f:
            f.write(text.lstrip())
        self.p.mltop("run", "--name", name, "--", "python3", path)
        return self.p.job(name)

    def line_at(self, job):
        at = job["failure_at"]
        log = self.p.mltop("logs", job["job_name"], "--task", at["task"], "--attempt",
                           str(at["attempt"]), binary=True).out
        self.assertTrue(at["offset"] == 0 or log[at["offset"] - 1:at["offset"]] == b"\n")
        return log[at["offset"]:].split(b"\n")[0].decode()

    def test_traceback(self):
        job = self.failed("train", TRAIN)
        self.assertEqual(job["failure"], "ValueError: corrupt sample 20 (train.py:3)")
        self.assertEqual(self.line_at(job), "ValueError: corrupt sample 20")
        self.assertEqual(job["message"], "exit code 1")
        listed = self.ok("jobs", "list", "--columns", "name,failure", "--filter", "name=train", "-o", "csv")
        self.assertIn("ValueError: corrupt sample 20 (train.py:3)", listed.out)

    def test_cause(self):
        job = self.failed("caused", CAUSED)
        self.assertEqual(job["failure"], "RuntimeError: training stopped (caused.py:4), caused by OSError: "
                                         "no such shard: 7 (caused.py:2)")

    def test_signal(self):
        job = self.failed("killed", KILLED)
        self.assertEqual(job["failure"], "SIGSEGV (segmentation fault)")
        self.assertNotIn("failure_at", job)

    def test_command_not_found(self):
        self.p.mltop("run", "--name", "nowhere", "--", "sh", "-c", "no-such-program --x")
        job = self.p.job("nowhere")
        self.assertTrue(job["failure"].endswith("no-such-program: not found"), job["failure"])
        self.p.mltop("run", "--name", "silent", "--", "sh", "-c", "exit 127")
        self.assertEqual(self.p.job("silent")["failure"], "command not found (exit 127)")

    def test_nothing_to_say(self):
        self.p.mltop("run", "--name", "three", "--", "sh", "-c", "echo all is well; exit 3")
        self.assertNotIn("failure", self.p.job("three"))
        job = self.failed("survived", SURVIVED)
        self.assertEqual(job["state"], "completed")
        self.assertNotIn("failure", job)

    def test_another_attempt_begins_afresh(self):
        flag = os.path.join(self.p.folder, "flag")
        script = f"test -e '{flag}' && exec sleep 1000; touch '{flag}'; exec python3 -c '1/0'"
        self.p.mltop("run", "--name", "again", "--", "sh", "-c", script)
        self.assertEqual(self.p.job("again")["failure"], "ZeroDivisionError: division by zero (<string>:1)")
        self.ok("jobs", "retry", "again")
        job = self.p.running("again")
        self.assertNotIn("failure", job)
        self.assertNotIn("failure_at", job)
        self.ok("jobs", "cancel", "-y", "again")
        self.assertNotIn("failure", self.p.ended("again"))

    def test_a_long_log(self):
        """The error is at the end of more than is looked at."""
        script = "yes 'step 1 loss 0.5' | head -c 3000000; exec python3 -c 'raise KeyError(7)'"
        self.p.mltop("run", "--name", "long", "--", "sh", "-c", script)
        job = self.p.job("long")
        self.assertEqual(job["failure"], "KeyError: 7 (<string>:1)")
        self.assertEqual(self.line_at(job), "KeyError: 7")
        self.assertGreater(job["failure_at"]["offset"], 3000000 - 20)


if __name__ == "__main__":
    sys.exit(main())
