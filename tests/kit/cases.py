"""Unittest cases that speak through mltop."""
import unittest

from kit.private import Private


class Case(unittest.TestCase):
    """All tests of a class share one private platform: jobs have names of their own."""

    @classmethod
    def setUpClass(cls):
        cls.p = Private()

    @classmethod
    def tearDownClass(cls):
        cls.p.close()

    def ok(self, *words, **more):
        r = self.p.mltop(*words, **more)
        self.assertEqual((r.code, r.err), (0, ""), f"mltop {' '.join(words)}: {r.err}")
        return r

    def refused(self, code, sentence, *words, **more):
        """Exactly one line on standard error that begins with "mltop: " and holds the sentence."""
        r = self.p.mltop(*words, **more)
        self.assertEqual(r.code, code, r.err)
        self.assertEqual(r.out, "")
        self.assertEqual(len(r.err.splitlines()), 1, r.err)
        self.assertTrue(r.err.startswith("mltop: "), r.err)
        self.assertIn(sentence, r.err)
