#!/usr/bin/python3
"""mltop usage: rows by org, owner and job, as a table and as CSV; what it refuses."""
import csv
import io
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import Private, main  # noqa: E402


class Usage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.p = Private()
        for name in ("one", "two"):
            r = cls.p.mltop("run", "-n", name, "-c", "0.5", "-m", "1G", "--", "sleep", "0.2")
            assert r.code == 0, r.err
        assert cls.p.mltop("jobs", "delete", "-y", "one").code == 0

    @classmethod
    def tearDownClass(cls):
        cls.p.close()

    def rows(self, *words):
        r = self.p.mltop("usage", "--csv", *words)
        self.assertEqual(r.code, 0, r)
        return list(csv.DictReader(io.StringIO(r.out)))

    def test_csv_is_the_sum_with_the_job_that_was_deleted(self):
        jobs = self.rows("--by", "job")
        self.assertEqual(sorted(r["job"] for r in jobs), ["one", "two"])
        self.assertEqual(list(jobs[0]), ["day", "org", "owner", "job", "gpu_seconds", "cpu_seconds",
                                         "memory_gib_seconds", "attempts", "cost", "currency"])
        for row in jobs:
            self.assertEqual(float(row["memory_gib_seconds"]), 2 * float(row["cpu_seconds"]))
            self.assertGreaterEqual(float(row["cpu_seconds"]), 0.1)
        org = self.rows()
        days = {r["day"] for r in jobs}
        self.assertEqual({r["day"] for r in org}, days)
        self.assertAlmostEqual(sum(float(r["cpu_seconds"]) for r in org), sum(float(r["cpu_seconds"]) for r in jobs))
        self.assertEqual(self.rows("--to", "2020-01-01"), [])

    def test_a_table_and_json(self):
        r = self.p.mltop("usage", "list", "--by", "owner", "--sort", "-cpu_seconds")
        self.assertEqual(r.code, 0, r)
        self.assertEqual(r.out.split("\n")[0].split(),
                         ["DAY", "ORG", "OWNER", "GPU-S", "CPU-S", "GIB-S", "TRIES", "COST", "CUR"])
        r = self.p.mltop("usage", "--json", "--by", "job", "--filter", "job=two")
        self.assertIn('"job_name": "two"' if '": "' in r.out else '"job_name":"two"', r.out)
        self.assertNotIn("one", r.out)

    def test_its_article(self):
        """Texts about a kind have the article of its sound."""
        for kind, says in (("usage", "Fields of a usage,"), ("orgs", "Fields of an org,"), ("jobs", "Fields of a job,")):
            self.assertTrue(self.p.mltop("help", "fields", kind).out.startswith(says), kind)

    def test_what_it_refuses(self):
        for words, code, says in (
                (["--from", "monday"], 1, "from is 'monday': give a day (UTC), such as 2026-11-30"),
                (["--by", "team"], 1, "by is 'team': give org or owner or job"),
                (["--watch"], 2, "not watched"),
                (["--csv", "--json"], 2, "give one"),
                (["--filter", "gpus>1"], 1, "gpus"),
                (["yesterday"], 2, "")):
            r = self.p.mltop("usage", *words)
            self.assertEqual((r.code, r.out), (code, ""), (words, r))
            self.assertIn(says, r.err)


if __name__ == "__main__":
    main()
