"""mltop progress: what is read from a log and what is not, of files, of pipes as they come, of hostile bytes."""
import json
import os
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import LIMIT, MLTOP, ROOT, Case, Shared, environment, folder, main  # noqa: E402

CORPUS = os.path.join(ROOT, "tests/corpus/progress")
ROUNDS = r"round (?<step>[0-9]+) of (?<total>[0-9]+)"


def run(*words, data=None):
    """On what stands in a pipe, or with nothing there."""
    return subprocess.run([MLTOP, "progress", *words], input=data, stdin=subprocess.DEVNULL if data is None else None,
                          capture_output=True, timeout=LIMIT, env=environment())


def rows(*words, data=None):
    done = run("-o", "json", *words, data=data)
    assert (done.returncode, done.stderr) == (0, b""), done
    out = [json.loads(line) for line in done.stdout.decode().splitlines()]
    return out[:-1], out[-1]


def fits(want, value, near):
    """A cell of expected.tsv: '-' is unknown, '?' not judged, '|' either."""
    if want == "?":
        return True
    for one in want.split("|"):
        if one == "-" and value is None or one in ("nan", "inf") and value == one:
            return True
        if one not in ("-", "nan", "inf") and isinstance(value, (int, float)) and \
                abs(float(one) - value) <= near * abs(float(one)):
            return True
    return False


class Files(unittest.TestCase):
    def setUp(self):
        self.folder = folder("progress")

    def log(self, data):
        path = os.path.join(self.folder, "train.log")
        with open(path, "wb") as f:
            f.write(data)
        return path

    def test_corpus(self):
        """The end of each sample as a person would write it into the cells."""
        with open(os.path.join(CORPUS, "expected.tsv")) as f:
            judged = [line.rstrip("\n").split("\t") for line in f if not line.startswith("#")]
        for sample, moment, step, total, epoch, epochs, _, _, _, loss, *_ in judged:
            if moment != "end":
                continue
            _, last = rows(os.path.join(CORPUS, sample + ".log"))
            for field, want, near in (("progress_step", step, 0), ("progress_total", total, 0),
                                      ("progress_epoch", epoch, 0), ("progress_epochs", epochs, 0),
                                      ("loss", loss, .001)):
                with self.subTest(sample=sample, field=field):
                    self.assertTrue(fits(want, last["end"].get(field), near), (want, last))
            self.assertEqual(last["passed"], 0, "of a file every line is read")

    def test_line_by_line(self):
        told, last = rows(self.log(b"hello\nEpoch 3/4\n10/100 [=>....] - loss: 0.7\r50/100 [===>..] - loss: 0.5"))
        self.assertEqual([r["line"] for r in told], [1, 2, 3, 3])
        self.assertEqual(told[0], {"line": 1, "text": "hello"})
        self.assertEqual(told[1]["read"], {"progress_epoch": 3, "progress_epochs": 4})
        self.assertEqual((told[3]["reader"], told[3]["loop"], told[3]["phase"]), ("keras", "train", "train"))
        self.assertEqual(told[3]["read"], {"progress_step": 50, "progress_total": 100, "loss": 0.5})
        self.assertEqual(last, {"end": {"progress_step": 50, "progress_total": 100, "progress_epoch": 3,
                                        "progress_epochs": 4, "progress_percent": 62.5, "loss": 0.5, "source": "log"},
                                "lines": 4, "read": 3, "passed": 0})

    def test_for_a_person(self):
        path = self.log(b"hello\nstep 5/10 loss nan\n")
        out = run(path).stdout.decode()
        self.assertIn("     1  hello\n     2  step 5/10 loss nan\n        = values: step 5/10, loss nan; phase train\n", out)
        self.assertIn("\n  progress_percent     50.0\n  loss                 nan\n", out)
        self.assertTrue(out.endswith("2 lines and redraws, 1 of them read, 0 passed over\n"), out)
        self.assertNotIn("hello", run("--read", path).stdout.decode())
        self.assertIn("nothing is known", run(self.log(b"hello\n")).stdout.decode())
        self.assertEqual(run(self.log(b"")).returncode, 0)

    def test_patterns(self):
        path = self.log(b"round 7 of 20, badness 0.25, val_auc 0.7, acc 0.9\n")
        told, last = rows("-p", ROUNDS, "--pattern", r"badness (?<loss>[0-9.]+)", path)
        self.assertEqual((told[0]["reader"], last["end"]["source"]), ("pattern", "patterns"))
        self.assertEqual((last["end"]["progress_step"], last["end"]["progress_total"], last["end"]["loss"]), (7, 20, 0.25))
        _, last = rows("--metric", "val_auc", self.log(b"step 5/10 loss 0.5 acc 0.8 val_auc 0.7\n"))
        self.assertEqual((last["end"]["metric_name"], last["end"]["metric_value"]), ("val_auc", 0.7))

    def test_ranks(self):
        told, last = rows(self.log(b"[default0]:step 50/100 loss 0.5\n[default1]:step 40/100 loss 0.6\n"))
        self.assertEqual([r.get("rank") for r in told], [0, 1])
        self.assertTrue(told[1]["other_rank"])
        self.assertEqual(last["end"]["ranks"], {"seen": 2, "behind": 1, "behind_step": 40})

    def test_hostile_bytes(self):
        evil = b"\x1b]0;title\x07\x9b31m\xff\xfe step 3/10 loss 0.5 \xe2\x80\xae\x00\x01\x02\n\xc0\xaf\x1b[2J\n"
        for words in ((), ("-o", "json"), ("-p", "(?<step>.)")):
            out = run(*words, self.log(evil * 50)).stdout
            out.decode()
            self.assertFalse([c for c in out if c < 32 and c != 10 or c == 127], out[:200])
            self.assertNotIn("\u202e", out.decode())
        told, _ = rows(self.log(b"step " + b"9" * 100000 + b"\n" + b"step 1/2 loss 3\n"))
        self.assertEqual(told[-1]["read"]["progress_step"], 1)

    def test_what_is_refused(self):
        for words, code, says in ((["/nowhere/train.log"], 1, "/nowhere/train.log"), (["/"], 1, "directory"),
                                  (["-p", "(", "x"], 2, "does not parse"), (["-p", "step", "x"], 2, "names no part"),
                                  (["-o", "csv", "x"], 2, "table or json"), (["a", "b"], 2, "too many")):
            done = run(*words)
            self.assertEqual((done.returncode, done.stdout), (code, b""), done)
            self.assertIn(says, done.stderr.decode())
            self.assertEqual(len(done.stderr.splitlines()), 1, done)


class OfThePlatform(unittest.TestCase):
    """Patterns that the platform's settings have for a framework are tried as it would try them."""

    @classmethod
    def setUpClass(cls):
        cls.shared = Shared(f"progress.patterns=mill={ROUNDS}", engine="fake")
        cls.addClassCleanup(cls.shared.close)
        cls.log = os.path.join(folder("log"), "train.log")
        with open(cls.log, "w") as f:
            f.write("round 7 of 20, turn 3\n")

    def read(self, *words):
        done = self.shared.mltop("progress", "-o", "json", *words, self.log)
        self.assertEqual(done.code, 0, done.err)
        return json.loads(done.out.splitlines()[-1])["end"], done.err

    def test_of_a_framework(self):
        end, err = self.read("--framework", "mill")
        self.assertEqual((end["progress_step"], end["progress_total"], end["source"], err), (7, 20, "patterns", ""))

    def test_what_is_given_comes_first(self):
        end, err = self.read("--framework", "mill", "-p", "turn (?<step>[0-9]+)")
        self.assertEqual((end["progress_step"], err), (3, ""))

    def test_that_there_are_none_is_said(self):
        end, err = self.read("--framework", "loom")
        self.assertEqual(end["source"], "log")
        self.assertIn("mltop: the platform has no patterns for loom", err)

    def test_a_platform_that_cannot_be_asked(self):
        """The log is read all the same, with what was given."""
        end, err = self.read("--framework", "mill", "--endpoint", "http://127.0.0.1:9", "-p", "turn (?<step>[0-9]+)")
        self.assertEqual(end["progress_step"], 3)
        self.assertIn("mltop: the platform's patterns for mill are not known, so it is read without them: ", err)
        self.assertEqual(len(err.splitlines()), 1, err)


class Pipes(unittest.TestCase):
    def start(self, *words):
        return subprocess.Popen([MLTOP, "progress", "-o", "json", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                env=environment())

    def test_as_it_comes(self):
        """A line is told while the program goes on; Ctrl-C shows the end."""
        with self.start("-") as p:
            p.stdin.write(b"step 5/10 loss 0.5\nstep 6/")
            p.stdin.flush()
            self.assertEqual(json.loads(p.stdout.readline())["read"]["progress_step"], 5)
            p.send_signal(signal.SIGINT)
            unfinished, last = [json.loads(line) for line in p.stdout]
            self.assertEqual(unfinished["text"], "step 6/")
            self.assertEqual(last["end"]["progress_total"], 10)
            self.assertEqual(p.wait(LIMIT), 130)

    def test_too_many_at_once(self):
        lines = b"".join(b"step %d/5000 loss 0.5\n" % n for n in range(1, 5001))
        told, last = rows(data=lines)
        self.assertGreater(last["passed"], 0)
        self.assertEqual(last["passed"], sum(r.get("passed", False) for r in told))
        self.assertEqual(last["read"] + last["passed"], 5000)
        self.assertEqual((last["lines"], last["end"]["progress_step"]), (5000, 5000))
        self.assertEqual(rows("--whole", data=lines)[1]["passed"], 0)

    def test_lines_that_say_nothing_count_for_nothing(self):
        """As on a platform: who watches sees no more and no less."""
        _, last = rows(data=b"compiling things\n" * 20000 + b"step 4/10 loss 0.6\nstep 5/10 loss 0.5\n")
        self.assertEqual((last["passed"], last["read"], last["end"]["progress_step"]), (0, 2, 5))

    def test_nobody_reads(self):
        with self.start("-") as p:
            p.stdout.close()
            try:
                while True:
                    p.stdin.write(b"step 5/10 loss 0.5\n" * 1000)
                    p.stdin.flush()
            except BrokenPipeError:
                pass
            try:
                p.stdin.close()
            except BrokenPipeError:
                pass
            self.assertIn(p.wait(LIMIT), (141, -signal.SIGPIPE))


class Jobs(Case):
    def test_flags_of_run_and_submit(self):
        """A pattern is one argument, blanks and all, and may be given again."""
        words = ["--progress-pattern", ROUNDS, "--progress-pattern", r"badness (?<loss>[0-9.]+)", "--metric", "val_auc"]
        say = ["--", "echo", "round 7 of 20, badness 0.25"]
        self.ok("run", "--name", "taught", *words, *say)
        job = self.p.ended("taught")
        self.assertEqual(job["progress_patterns"], [ROUNDS, r"badness (?<loss>[0-9.]+)"])
        self.assertEqual((job["metric"], job["progress_step"], job["progress_total"], job["loss"]), ("val_auc", 7, 20, 0.25))
        path = os.path.join(self.p.folder, "taught.yaml")
        with open(path, "w") as f:
            f.write(f"job_name: of-file\ncommand: [echo, 'round 7 of 20, badness 0.25']\nprogress_patterns:\n  - '{ROUNDS}'\n")
        self.ok("jobs", "submit", path, "--progress-pattern", r"badness (?<loss>[0-9.]+)")
        job = self.p.ended("of-file")
        self.assertEqual((job["progress_step"], job["loss"]), (7, 0.25))
        self.refused(125, "names no part", "run", "--progress-pattern", "step", "--", "true")

    def test_order_and_filter_by_what_is_done(self):
        for name, line in (("half", "step 5/10 loss 0.5"), ("nine", "step 9/10 loss nan"), ("none", "hello")):
            self.ok("run", "--name", name, "--label", "set=done", "--", "echo", line)
            self.p.ended(name)

        def names(*words):
            return self.ok("jobs", "list", "-o", "name", *words).out.split()
        self.assertEqual(names("--sort", "-progress", "--filter", "set=done"), ["nine", "half", "none"])
        self.assertEqual(names("--sort", "progress", "--filter", "set=done")[:2], ["half", "nine"])
        self.assertEqual(names("--filter", "set=done progress>50"), ["nine"])
        self.assertEqual(names("--filter", "set=done loss=nan"), ["nine"])

    def test_its_page_has_its_flags(self):
        with open(os.path.join(ROOT, "docs/man/mltop-progress.1")) as f:
            page = f.read()
        begin, end = '.\\" begin of `mltop help man progress` (make docs)\n', '.\\" end of `mltop help man progress`\n'
        self.assertEqual(page[page.index(begin) + len(begin):page.index(end)], self.ok("help", "man", "progress").out)


if __name__ == "__main__":
    main()
