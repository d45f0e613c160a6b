#!/usr/bin/python3
"""Tests of what `make corpus` needs no library for: what counts as the form of an output, where it may be cut, and
that every sample has its script, its rows and its line in the index. Nothing is installed here.
"""

import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
sys.path.insert(0, os.path.join(HERE, "make"))
import corpus  # noqa: E402
import forms  # noqa: E402
from kit.count import run_cases  # noqa: E402

PROGRESS = os.path.join(HERE, "progress")


def lines_of(name):
    with open(os.path.join(PROGRESS, name), encoding="utf-8") as f:
        return [line.rstrip("\n") for line in f if line.strip() and not line.startswith("#")]


class Form(unittest.TestCase):
    def same(self, a, b):
        self.assertEqual(forms.form(a.encode()), forms.form(b.encode()))

    def other(self, a, b):
        self.assertNotEqual(forms.form(a.encode()), forms.form(b.encode()))

    def test_numbers_times_and_bars_are_not_form(self):
        self.same(" 5%|▌         | 5/100 [00:00<00:03, 24.7it/s, loss=0.53]",
                  "100%|██████████| 100/100 [1:02:11<00:00,  1.2s/it, loss=1.3e-05]")
        self.same("59/60 [======>...] - ETA: 1s - loss: nan", "7/60 [=>........] - ETA: 12s - loss: 0.31")
        self.same("epoch 1 took 3ms", "epoch 12 took 1.4 s")
        self.same("iter 10 at 0x7f1200aa33bb", "iter 20 at 0x5500aa33bbcc")
        self.same("time: 9.1552734375e-05", "time: 0.00013")
        self.same("INFO < 9131> [  7]", "INFO <31994> [12]")
        self.same("[00:00<00:00, 1.34ktriple/s]", "[00:00<00:00, 971triple/s]")
        self.same("session _sid_bd1c closed", "session _sid_90a1 closed")

    def test_the_machine_is_not_form(self):
        self.same("{'platform': 'Linux-6.1.0-9-x86_64-with-glibc2.36', 'event': 'train'}", "{'platform': 'Linux', 'event': 'train'}")

    def test_where_packages_lie_is_not_form(self):
        self.same("/home/user/env/lib/python3.11/site-packages/skl/a.py:7: Warning", "/venv/skl/a.py:12: Warning")
        self.same("/venv/site-packages/skl/a.py:7: Warning", "/venv/skl/a.py:12: Warning")
        self.other("/venv/skl/a.py:7: Warning", "/venv/skl/b.py:7: Warning")

    def test_words_are_form(self):
        self.other("epoch 1 loss=0.5", "epoch 1 train_loss=0.5")
        self.other("step 1/10", "step 1 of 10")
        self.other("loss: 0.5", "'loss': '0.5'")

    def test_an_output_is_known_by_its_set_of_forms(self):
        self.assertEqual(forms.forms(b"step 1\rstep 2\r\nstep 3\x08\x08\x08done\n"), ["step 0", "done"])

    def test_cut_between_lines_and_redraws_only(self):
        output = b"a head line\nEpoch 1\nstep 1\rstep 2\rEpoch 2\nstep 3\rthe end\n"
        self.assertEqual(forms.cut(output, "whole"), output)
        self.assertEqual(forms.cut(output, "head:14 end:8"), b"a head line\nthe end\n")
        self.assertEqual(forms.cut(output, "head:12 end:8 keep:Epoch"), b"a head line\nEpoch 1\nEpoch 2\nthe end\n")


class Pins(unittest.TestCase):
    def test_only_what_is_named_comes_as_source(self):
        self.assertEqual(corpus.pip_words(["a==1", "sdist:b[x]==2"]),
                         ["--only-binary", ":all:", "--no-binary", "b", "a==1", "b[x]==2"])
        self.assertEqual(corpus.NO_COMPILER, {"CC": "false", "CXX": "false"})

    def test_a_source_keeps_its_pin_where_the_newest_are_wanted(self):
        self.assertEqual(corpus.Environment("3.11", "a==1 sdist:b==2", newest=True).pins, ["a", "sdist:b==2"])


class Samples(unittest.TestCase):
    def setUp(self):
        self.rows = corpus.read_table("samples.tsv", corpus.COLUMNS)
        self.bases = {b["base"] for b in corpus.read_table("bases.tsv", corpus.BASES)}

    def test_every_sample_can_be_made(self):
        for row in self.rows:
            self.assertTrue(os.path.exists(corpus.script_of(row["sample"])[0]), row["sample"])
            self.assertIn(row["on"], self.bases | {"-"}, row["sample"])
            for pin in row["pins"].split():
                self.assertRegex(pin, r"^-$|^[^=]+==[^=]+$", row["sample"])
            self.assertTrue(os.path.exists(os.path.join(PROGRESS, row["sample"] + ".log")), row["sample"])

    def test_every_sample_is_judged_and_indexed(self):
        judged = {line.split("\t")[0] for line in lines_of("more.tsv")}
        named = {line.split(".log: ")[0] for line in lines_of("MORE-INDEX.txt")}
        wanted = {row["sample"] for row in self.rows if row["cut"] != "-"}
        self.assertEqual((judged, named), (wanted, wanted))

    def test_rows_stand_within_their_sample(self):
        for line in lines_of("more.tsv"):
            cells = line.split("\t")
            self.assertEqual(len(cells), 12, line)
            size = os.path.getsize(os.path.join(PROGRESS, cells[0] + ".log"))
            self.assertTrue(cells[1] == "end" or 0 < int(cells[1]) <= size, line)

    def test_samples_name_no_place_and_are_small(self):
        for row in self.rows:
            with open(os.path.join(PROGRESS, row["sample"] + ".log"), "rb") as f:
                output = f.read()
            self.assertNotRegex(output, rb"/root|/tmp/|\.pyenv|mltop-corpus|mltop-tests", row["sample"])
            self.assertLessEqual(len(output), 8000, row["sample"])


if __name__ == "__main__":
    run_cases()
