#!/usr/bin/python3
"""Tests of examples/digits: packed, unpacked into an empty folder and run as a platform runs it.

No sleeps: a test that needs a moment of a run reads its output up to that moment.
"""

import gzip
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
from kit.count import run_cases  # noqa: E402

SOURCE = os.path.join(HERE, "..", "..", "examples", "digits")
LIMIT = 60  # seconds that a run may take before it counts as hung
STATE = re.compile(r"^Epoch (\d+)/(\d+): +(\d+)%\|[#0-9 ]{10}\| (\d+)/(\d+) "
                   r"\[\d\d:\d\d<(\d\d:\d\d|\?), (\d+\.\d|\?)it/s(, loss=\d\.\d{3}, acc=\d\.\d{3})?\] *$")
END = re.compile(r"^Epoch (\d+)/(\d+) - loss: (\S+) - acc: (\S+) - val_loss: (\S+) - val_acc: (\S+)$")

# Along a random direction in each group of weights: slope by backward() and by differences.
GRADIENTS = """
import json
import numpy as np
from digits import net
rng = np.random.default_rng(1)
weights = {k: w.astype(float) for k, w in net.create(16, rng).items()}
x, labels = rng.random((8, 8, 8, 1)), rng.integers(0, 10, 8)
loss = lambda: net.loss_and_grad(net.forward(weights, x)[0], labels)
scores, trace = net.forward(weights, x)
grads = net.backward(weights, trace, net.loss_and_grad(scores, labels)[1])
result = {}
for name, grad in grads.items():
    way = rng.standard_normal(grad.shape)
    weights[name] += 1e-6 * way
    up = loss()[0]
    weights[name] -= 2e-6 * way
    down = loss()[0]
    weights[name] += 1e-6 * way
    result[name] = (float((grad * way).sum()), (up - down) / 2e-6)
print(json.dumps(result))
"""


def find_python():
    """The present Python when it has numpy, else Debian's own."""
    for python in (sys.executable, "/usr/bin/python3"):
        if subprocess.run([python, "-c", "import numpy"], capture_output=True).returncode == 0:
            return python
    sys.exit("digits_test: no numpy for this Python nor for /usr/bin/python3: "
             "apt-get install python3-numpy")


PYTHON = find_python()


def pack(folder, source=SOURCE):
    done = subprocess.run(["sh", os.path.join(source, "pack.sh"), folder], text=True,
                          capture_output=True, timeout=LIMIT, check=True)
    return done.stdout.strip()


def setUpModule():
    global ROOT, TOP
    ROOT = tempfile.mkdtemp(prefix="digits-")
    with tarfile.open(pack(ROOT)) as archive:
        archive.extractall(ROOT)
    TOP = os.path.join(ROOT, "digits-0.1")


def tearDownModule():
    shutil.rmtree(ROOT)


class Case(unittest.TestCase):
    def setUp(self):
        self.out = tempfile.mkdtemp(dir=ROOT)
        self.path = os.path.join(self.out, "checkpoint.npz")

    def start(self, *args, tf_config=None, flags=(), out=None, **options):
        env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1",
               "MLTOP_OUTPUT_DIR": out or self.out}
        if tf_config is not None:
            env["TF_CONFIG"] = tf_config if isinstance(tf_config, str) else json.dumps(tf_config)
        child = subprocess.Popen([PYTHON, *flags, "-m", "digits.train", *args], cwd=TOP, env=env,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
        self.addCleanup(self.end, child)
        return child

    def end(self, child):
        if child.poll() is None:
            child.kill()
            child.wait()
        child.stdout.close()
        child.stderr.close()

    def finish(self, child, code):
        out, err = (text.decode("ascii") for text in child.communicate(timeout=LIMIT))
        self.assertEqual(child.returncode, code, out[-2000:] + err)
        self.assertNotIn("Traceback", err)
        return out, err

    def train(self, *args, code=0, **more):
        quick = ("--views", "1", "--require-accuracy", "0")
        return self.finish(self.start(*quick, *args, **more), code)

    def refused(self, *args, code, **more):
        """Runs what must fail; returns its one line on stderr."""
        _, err = self.finish(self.start(*args, **more), code)
        self.assertRegex(err, r"\Adigits: [^\n]+\n\Z")
        return err

    def read_to(self, child, text):
        """Reads stdout until it holds `text`; the end of the output fails the test."""
        seen = b""
        while text not in seen:
            part = os.read(child.stdout.fileno(), 65536)
            self.assertTrue(part, f"ended before {text!r}: {seen!r}")
            seen += part
        return seen

    def metrics(self):
        with open(os.path.join(self.out, "metrics.json"), encoding="ascii") as file:
            return json.load(file)

    def model(self):
        with open(os.path.join(self.out, "export", "model.npz"), "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()


class Pack(Case):
    def test_same_bytes(self):
        """From a copy with other times, modes and a cache, and from another folder."""
        copy = os.path.join(self.out, "copy")
        shutil.copytree(SOURCE, copy)
        for folder, _, names in os.walk(copy):
            for name in names:
                os.utime(os.path.join(folder, name), (1, 1))
        os.makedirs(os.path.join(copy, "digits", "__pycache__"), exist_ok=True)
        open(os.path.join(copy, "digits", "__pycache__", "train.py"), "w").close()
        with open(pack(ROOT), "rb") as one, open(pack(self.out, copy), "rb") as two:
            self.assertEqual(one.read(), two.read())

    def test_layout(self):
        path = pack(self.out)
        self.assertEqual(os.path.basename(path), "mltop-digits-0.1.tar.gz")
        with tarfile.open(path) as archive:
            members = archive.getmembers()
        names = {member.name for member in members}
        for name in ("PKG-INFO", "pyproject.toml", "setup.py", "README.md", "digits/train.py",
                     "digits/data/digits.csv.gz", "digits/data/SOURCE.md"):
            self.assertIn("digits-0.1/" + name, names)
        for member in members:
            self.assertTrue(member.isfile() and member.name.startswith("digits-0.1/"), member.name)
            self.assertEqual((member.mtime, member.uid, member.gid, member.uname), (0, 0, 0, ""))

    def test_version_is_one(self):
        with open(os.path.join(TOP, "pyproject.toml"), encoding="utf-8") as file:
            self.assertIn('\nversion = "0.1"\n', file.read())
        with open(os.path.join(TOP, "PKG-INFO"), encoding="utf-8") as file:
            self.assertIn("\nName: digits\nVersion: 0.1\n", file.read())


class Training(Case):
    def test_log(self):
        out, err = self.train("--epochs", "2")
        self.assertEqual(err, "")
        lines = out.split("\n")
        self.assertEqual(lines[0], "Role: standalone (TF_CONFIG names no cluster).")
        bars = [line for line in lines if "\r" in line]
        self.assertEqual(len(bars), 2)
        for number, bar in enumerate(bars, 1):
            self.check_bar(bar, number)
        ends = [END.match(line) for line in lines if " - val_acc: " in line]
        self.assertEqual([end.group(1, 2) for end in ends], [("1", "2"), ("2", "2")])
        self.assertLess(float(ends[1].group(3)), float(ends[0].group(3)), "it does not learn")
        self.assertRegex(lines[-2], r"^Held-out accuracy 0\.\d{4} \(\d+ of 359\) after 2 epochs .*"
                         r"checkpoint: " + re.escape(self.path) + "$")

    def check_bar(self, bar, number):
        first, *states = bar.split("\r")
        self.assertEqual(first, "")
        found = [STATE.match(state) for state in states]
        self.assertTrue(all(found), states)
        self.assertEqual({state.group(1) for state in found}, {str(number)})
        self.assertEqual((found[0].group(3), found[-1].group(3)), ("0", "100"))
        done = [int(state.group(4)) for state in found]
        self.assertEqual(done, sorted(done))
        self.assertEqual(done[-1], int(found[-1].group(5)))

    def test_streams(self):
        """The first state comes at once, not when a buffer of 8 KiB is full."""
        child = self.start("--epochs", "1", "--views", "1000")
        seen = self.read_to(child, b"0%|")
        self.assertLess(len(seen), 4096)
        self.assertIsNone(child.poll())

    def test_pace(self):
        """At most about ten states a second, however fast the batches are."""
        begin = time.monotonic()
        out, _ = self.train("--epochs", "1", "--views", "4", "--batch-size", "16")
        self.assertIn(" 360/360 ", out)
        self.assertLessEqual(out.count("\r"), 2 + 10 * (time.monotonic() - begin))

    def test_gradients(self):
        """The gradients written by hand agree with differences of the loss."""
        done = subprocess.run([PYTHON, "-c", GRADIENTS], cwd=TOP, text=True, timeout=LIMIT,
                              capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        checked = json.loads(done.stdout)
        self.assertEqual(len(checked), 8)
        for name, (mine, measured) in checked.items():
            self.assertAlmostEqual(mine, measured, delta=0.001 + 0.01 * abs(measured), msg=name)

    def test_files(self):
        self.train("--epochs", "1")
        metrics = self.metrics()
        self.assertEqual((metrics["epochs"], metrics["held_out"]), (1, 359))
        self.assertEqual(len(metrics["history"]), 1)
        self.assertAlmostEqual(metrics["accuracy"], metrics["right"] / 359)
        found = sorted(os.listdir(self.out)) + os.listdir(os.path.join(self.out, "export"))
        self.assertEqual(found, ["checkpoint.npz", "export", "metrics.json", "model.npz"])

    def test_accuracy_not_reached(self):
        out, err = self.finish(self.start("--epochs", "1", "--views", "1",
                                          "--require-accuracy", "1"), 3)
        self.assertRegex(err, r"\Adigits: held-out accuracy 0\.\d{4} is below the required 1: ")
        self.assertRegex(out.split("\n")[-2], r"^Held-out accuracy .*; checkpoint: /")
        self.assertFalse(self.metrics()["reached"])

    def test_seconds(self):
        """Longer than its epochs take, and the title keeps up; a slow machine is given longer."""
        for seconds in (0.5, 2, 8, 32):
            out, _ = self.train("--epochs", "1", "--seconds", str(seconds))
            self.assertGreaterEqual(self.metrics()["seconds"], seconds)
            if self.metrics()["epochs"] > 1:
                break
        self.assertIn("Epoch 2/2 - loss", out)


class Resuming(Case):
    def test_same_result(self):
        """Stopped in the middle of an epoch and resumed: the same model, to the bit."""
        args = ("--epochs", "2", "--views", "2", "--require-accuracy", "0")
        whole = os.path.join(self.out, "whole")
        self.finish(self.start(*args, out=whole), 0)
        child = self.start(*args)
        self.read_to(child, b"Epoch 2/2:   0%")
        child.send_signal(signal.SIGTERM)
        out, _ = self.finish(child, 143)
        self.assertRegex(out, r"\nStopped by TERM after epoch [12], batch \d+ of \d+: "
                         r"checkpoint written to /[^\n]+\n\Z")
        out, _ = self.finish(self.start(*args), 0)
        self.assertRegex(out, r"\nResumed from epoch [12](, batch \d+)? \(")
        with open(os.path.join(whole, "export", "model.npz"), "rb") as file:
            self.assertEqual(hashlib.sha256(file.read()).hexdigest(), self.model())
        self.assertEqual(len(self.metrics()["history"]), 2)

    def test_interrupt(self):
        child = self.start("--epochs", "9")
        self.read_to(child, b"%|")
        child.send_signal(signal.SIGINT)
        out, _ = self.finish(child, 130)
        self.assertIn("Stopped by INT", out)
        self.assertTrue(os.path.exists(self.path))

    def test_finished_and_fresh(self):
        self.train("--epochs", "1")
        out, _ = self.train("--epochs", "1")
        self.assertIn("Resumed from epoch 1 (", out)
        self.assertNotIn("\r", out)
        out, _ = self.train("--epochs", "1", "--fresh")
        self.assertNotIn("Resumed", out)
        self.assertIn("\rEpoch 1/1: 100%", out)

    def test_damaged(self):
        self.train("--epochs", "1")
        with open(self.path, "rb") as file:
            content = file.read()
        flipped = bytearray(content)
        flipped[len(content) // 2] ^= 0x55
        for damaged in (b"", b"nonsense", content[:len(content) // 2], bytes(flipped)):
            with open(self.path, "wb") as file:
                file.write(damaged)
            out, _ = self.train("--epochs", "1")
            self.assertRegex(out, r"\nCheckpoint \S+ is damaged \([^\n]+\): kept as "
                             r"\S+\.damaged, training starts from the beginning\.\n")
            with open(self.path + ".damaged", "rb") as file:
                self.assertEqual(file.read(), damaged)
            self.assertIn("\rEpoch 1/1: 100%", out)

    def test_other_settings(self):
        self.train("--epochs", "1")
        err = self.refused("--views", "1", "--hidden", "8", code=2)
        self.assertIn("hidden 64 (now 8)", err)
        self.assertIn("--fresh", err)
        self.train("--epochs", "1")  # still there


class Cluster(Case):
    CLUSTER = {"ps": ["a:1"], "master": ["b:1"], "worker": ["c:1", "d:1"]}

    def config(self, kind, index, cluster=None):
        return {"cluster": cluster or self.CLUSTER, "task": {"type": kind, "index": index}}

    def test_shards(self):
        total, names = 0, []
        for kind, index, folder in (("master", 0, ""), ("worker", 0, "worker-0"),
                                    ("worker", 1, "worker-1")):
            out, _ = self.train("--epochs", "1", tf_config=self.config(kind, index))
            names.append(out.split("\n")[0])
            total += int(re.search(r"Training on (\d+) images \(shard \d of 3\)", out).group(1))
            self.assertTrue(os.path.exists(os.path.join(self.out, folder, "metrics.json")))
        self.assertEqual(names, ["Role: master-0, trainer 1 of 3.", "Role: worker-0, trainer 2 of 3.",
                                 "Role: worker-1, trainer 3 of 3."])
        self.assertEqual(total, 1438)

    def test_parameter_server(self):
        child = self.start(tf_config=self.config("ps", 0))
        self.read_to(child, b"Role: ps-0, a parameter server; it waits")
        self.assertIsNone(child.poll())
        child.send_signal(signal.SIGTERM)
        out, _ = self.finish(child, 143)
        self.assertIn("Stopped by TERM.", out)

    def test_standalone(self):
        for text in ("", "{}", '{"cluster": {}}'):
            out, _ = self.finish(self.start("--version", tf_config=text), 0)
            self.assertEqual(out, "digits 0.1\n")
        out, _ = self.train("--epochs", "1", tf_config="{}")
        self.assertIn("Role: standalone", out)

    def test_bad(self):
        for config, why in (("{", "is not JSON"), ("[]", "is not a JSON object"),
                            ({"cluster": {"worker": "a"}}, "not a list of addresses"),
                            (self.config("boss", 0), 'task type "boss"'),
                            (self.config("worker", 2), "has 2 of worker"),
                            (self.config("worker", True), "task index true"),
                            (self.config("worker", "0"), 'task index "0"')):
            self.assertIn(why, self.refused(tf_config=config, code=2))


class Errors(Case):
    def test_flags(self):
        for args, why in ((("--epochs", "0"), "'0' is not a whole number from 1 to 1000000"),
                          (("--lr", "0"), "'0' is not a number above 0"),
                          (("--lr", "nan"), "'nan' is not a number"),
                          (("--require-accuracy", "97"), "from 0 to 1"),
                          (("--batch", "1"), "unrecognized arguments"),
                          (("--seed", "x"), "'x' is not a whole number")):
            err = self.refused(*args, code=2)
            self.assertIn(why, err)
            self.assertIn("--help", err)

    def test_data(self):
        path = os.path.join(self.out, "data.csv.gz")
        with open(os.path.join(TOP, "digits", "data", "digits.csv.gz"), "rb") as file:
            good = file.read()
        line = ",".join(["0"] * 65) + "\n"
        cases = ((good[:20000], "damaged"), (b"plain text", "Not a gzipped file"),
                 (gzip.compress(line.encode() * 99), "99 images"),
                 (gzip.compress(b"1,2\n"), "line 1 has 2 numbers, not 65"),
                 (gzip.compress(line.replace("0", "17", 1).encode()), "out of range"),
                 (gzip.compress(b"\xff\n"), "damaged"))
        for content, why in cases:
            with open(path, "wb") as file:
                file.write(content)
            err = self.refused("--data", path, code=1)
            self.assertIn(why, err)
            self.assertIn(path, err)
        self.assertIn("No such file", self.refused("--data", path + ".none", code=1))

    def test_output_folder(self):
        path = os.path.join(self.out, "file")
        open(path, "w").close()
        err = self.refused(out=os.path.join(path, "below"), code=1)
        self.assertIn("cannot be written (Not a directory)", err)
        self.assertIn("MLTOP_OUTPUT_DIR", err)

    def test_no_numpy(self):
        err = self.refused(flags=("-S",), code=1)
        self.assertIn("numpy is not there: apt-get install python3-numpy", err)


if __name__ == "__main__":
    run_cases()
