"""What a job's row says of its training: read from the log, by patterns of people's own, said outright."""
import os
import unittest

import support
from support import BASE, until
from train_kit import TRAIN, Case

ROUNDS = r"round (?<step>[0-9]+) of (?<total>[0-9]+)"


class Progress(Case):
    def printed(self, name, text, seconds=0, **more):
        """A job that has printed `text`, and then sleeps or ends."""
        return self.submit(name, "sh", "-c", f"printf '{text}'; sleep {seconds}", **more)

    def until_row(self, name, **want):
        def fits():
            j = self.job(name)
            return j if all(j.get(k) == v for k, v in want.items()) else None
        return until(fits, f"{name} with {want}")

    def test_share_of_the_whole(self):
        """Steps begin anew each epoch: what is done of all never goes back."""
        self.printed("epochs", r"Epoch 3/4\n50/100 [=====>.....] - ETA: 5s - loss: 0.5\n", seconds=600)
        j = self.until_row("epochs", progress_epoch=3, progress_step=50)
        self.assertEqual((j["progress_epochs"], j["progress_total"], j["loss"]), (4, 100, 0.5))
        self.assertAlmostEqual(j["progress_percent"], 62.5, delta=0.1)
        self.client.post(f"{TRAIN}/epochs/cancel")

    def test_an_unfinished_line(self):
        self.printed("unfinished", r"step 340/1000 loss 0.53 acc 0.8", seconds=600)
        j = self.until_row("unfinished", progress_step=340)
        self.assertEqual((j["progress_total"], j["loss"]), (1000, 0.53))
        self.client.post(f"{TRAIN}/unfinished/cancel")

    def test_ran_away(self):
        """A loss that is no number any more is said, found by its name, and sorted last."""
        self.printed("nan", r"step 9/10 loss nan\n")
        self.printed("fine", r"step 9/10 loss 2.5\n")
        self.ended("fine")
        self.assertEqual(self.ended("nan")["loss"], "nan")
        found = self.client.get(TRAIN, query={"filter": "loss=nan", "fields": "job_name"})
        self.assertEqual([r["job_name"] for r in found.json["data"]], ["nan"])
        for text in ("loss<1000", "loss>-1000"):
            found = self.client.get(TRAIN, query={"filter": f"{text} job_name=nan"})
            self.assertEqual(found.json["data"], [])

    def test_nothing_live_after_the_end(self):
        self.printed("over", r" 50%%|█████     | 50/100 [00:05<00:05, 10.0it/s, loss=0.5]\n")
        j = self.ended("over")
        self.assertEqual((j["progress_step"], j["progress_total"], j["loss"]), (50, 100, 0.5))
        for gone in ("progress_eta", "progress_rate", "gpu_util", "cpu_used", "phase"):
            self.assertNotIn(gone, j)

    def test_nothing_of_the_last_attempt_while_it_waits(self):
        """Enqueued again: neither its numbers nor what it used stand in the row until it runs again."""
        self.submit("again", "sh", "-c", "echo 'step 9/10 loss 0.5'; exit 1", restart_policy="on-failure", max_attempts=9)
        waits = until(lambda: (lambda j: j if j.get("reason") == "Retry" else None)(self.job("again")), "it waits to run again")
        for gone in ("progress_step", "progress_total", "progress_percent", "loss", "source", "gpu_util", "cpu_used"):
            self.assertNotIn(gone, waits)
        self.client.post(f"{TRAIN}/again/cancel")

    def test_faster_than_it_is_read(self):
        """Of a log that grows faster than anybody reads some is read now and then: others are served."""
        writes = "import os, time\nend, b = time.time() + 60, b'loss 1\\n' * 9000\nwhile time.time() < end: os.write(1, b)"
        self.submit("torrent", "python3", "-c", writes, stop_grace=1)
        until(lambda: self.job("torrent").get("log_bytes", 0) > 1 << 20, "bytes of it were seen")
        for _ in range(20):
            self.assertEqual(self.client.get("/healthz", sign=False).status, 200)
        seen = self.job("torrent")["log_bytes"]
        until(lambda: self.job("torrent")["log_bytes"] > seen, "more of it was seen")
        self.assertEqual(self.client.post(f"{TRAIN}/torrent/cancel").status, 200)
        self.assertTrue(self.ended("torrent")["cancelled"])

    def test_patterns_of_its_own(self):
        self.printed("own", r"round 7 of 20, badness 0.25\n",
                     progress_patterns=[ROUNDS, r"badness (?<loss>[0-9.]+)"])
        j = self.ended("own")
        self.assertEqual((j["progress_step"], j["progress_total"], j["loss"]), (7, 20, 0.25))
        self.assertEqual(j["progress_patterns"], [ROUNDS, r"badness (?<loss>[0-9.]+)"])

    def test_bad_patterns_are_refused(self):
        for pattern, says in (("(?<step>[0-9]+", "does not parse"), ("step [0-9]+", "names no part"),
                              ("(?<speed>[0-9]+)", "parts are named")):
            a = self.client.post(TRAIN, {"job_name": "bad", "command": ["true"], "progress_patterns": [pattern]})
            self.assertEqual(a.status, 400, a)
            self.assertIn("progress_patterns", a.message)
            self.assertIn(says, a.message)

    def test_metric_by_name(self):
        line = r"step 5/10 loss 0.5 acc 0.8 val_auc 0.7\n"
        self.printed("chosen", line, metric="val_auc")
        j = self.ended("chosen")
        self.assertEqual((j["metric_name"], j["metric_value"]), ("val_auc", 0.7))

    def test_said_outright(self):
        self.printed("outright", r"step 1/2 loss 9\nmltop: progress step=340 total=1000 epoch=3 loss=0.53 val_acc=0.81\n")
        j = self.ended("outright")
        self.assertEqual((j["progress_step"], j["progress_total"], j["progress_epoch"], j["loss"]), (340, 1000, 3, 0.53))
        self.assertEqual((j["metric_name"], j["metric_value"]), ("val_acc", 0.81))

    def test_who_said_it(self):
        """The row tells where its numbers come from."""
        self.printed("said", r"mltop: progress step=3 total=10\nloss 0.5\n")
        self.printed("taught", r"round 7 of 20\n", progress_patterns=[ROUNDS])
        self.printed("seen", r"step 5/10 loss 0.5\n")
        self.printed("silent", r"hello\n")
        told = {name: self.ended(name).get("source") for name in ("said", "taught", "seen", "silent")}
        self.assertEqual(told, {"said": "line, log", "taught": "patterns", "seen": "log", "silent": None})
        found = self.client.get(TRAIN, query={"filter": "source=patterns job_name=taught", "fields": "job_name"})
        self.assertEqual([r["job_name"] for r in found.json["data"]], ["taught"])
        found = self.client.get(TRAIN, query={"filter": "source=patterns job_name=seen"})
        self.assertEqual(found.json["data"], [])

    def test_ranks(self):
        lines = r"[default0]:step 50/100 loss 0.5\n[default1]:step 40/100 loss 0.6\n[default2]:step 50/100 loss 0.7\n"
        self.printed("ranks", lines)
        j = self.ended("ranks")
        self.assertEqual((j["progress_step"], j["loss"]), (50, 0.5))
        self.assertEqual((j["ranks"]["seen"], j["ranks"]["behind"], j["ranks"]["behind_step"]), (3, 1, 40))

    def test_rank_that_failed_first(self):
        """Where who started the ranks names it; it stands beside what they said while they ran."""
        with open(os.path.join(support.ROOT, "tests/corpus/failure/torchrun-fail.log")) as log:
            says = log.read()
        says = says[says.index("Root Cause"):]
        steps = "[default0]:step 50/100 loss 0.5\n[default1]:step 40/100 loss 0.6\n"
        for name, text in (("named", says), ("both", steps + says), ("alone", "ValueError: bad\n")):
            self.submit(name, "sh", "-c", "printf %s \"$0\"; exit 1", text)
        self.assertEqual(self.ended("named")["ranks"], {"first_failed": 1})
        ranks = self.ended("both")["ranks"]
        self.assertEqual((ranks["first_failed"], ranks["seen"], ranks["behind"]), (1, 2, 1))
        self.assertNotIn("ranks", self.ended("alone"))


class OfThePlatform(Case):
    """Patterns of the platform's own, for all jobs of a framework."""
    args = ["--private", "--set", f"progress.patterns=mill={ROUNDS}"]

    def test_of_a_framework(self):
        for name, more in (("mill", {"framework": "mill"}), ("other", {"framework": "torch"}), ("none", {})):
            self.submit(name, "echo", "round 7 of 20", **more)
        self.assertEqual(self.ended("mill").get("progress_step"), 7)
        self.assertEqual(self.ended("other").get("progress_total"), self.ended("none").get("progress_total"))

    def test_they_are_told(self):
        """For who tries on a log what the platform would read from it (mltop progress --framework)."""
        told = {name: self.client.get(f"{BASE}/framework/{name}/progress").json for name in ("mill", "torch")}
        self.assertEqual(told, {"mill": {"framework": "mill", "progress_patterns": [ROUNDS]},
                                "torch": {"framework": "torch", "progress_patterns": []}})
        self.assertEqual(self.client.get(f"{BASE}/framework/mill/progress", sign=False).status, 401)

    def test_what_a_job_says_comes_first(self):
        self.submit("first", "echo", "round 7 of 20, turn 3", framework="mill",
                    progress_patterns=["turn (?<step>[0-9]+)"])
        self.assertEqual(self.ended("first")["progress_step"], 3)


if __name__ == "__main__":
    support.main()
