"""A first start with somebody else's HOME, as sudo may leave it: nothing is made there."""
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import BUILD, LIMIT, MLTOP, environment, folder, main  # noqa: E402


class AnothersHome(unittest.TestCase):
    def setUp(self):
        self.home = folder("home")
        if os.geteuid() == 0:
            os.chown(self.home, 12345, 12345)
        else:
            self.home = "/usr"  # root's, which we are not
        self.env = environment(HOME=self.home, XDG_STATE_HOME=None, XDG_CONFIG_HOME=None, XDG_CACHE_HOME=None)

    def test_programs_refuse(self):
        before = os.listdir(self.home)
        for words in ([MLTOP, "jobs", "list"], [MLTOP, "run", "--", "true"], [MLTOP, "context", "use", "local"],
                      [os.path.join(BUILD, "mltopd"), "--private", "--listen", "127.0.0.1:0"]):
            done = subprocess.run(words, env=self.env, cwd="/", capture_output=True, text=True, timeout=LIMIT)
            self.assertNotEqual(done.returncode, 0, words)
            self.assertIn(f"HOME is {self.home}, which belongs to user", done.stderr)
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertEqual(os.listdir(self.home), before)

    def test_a_folder_of_ones_own_is_enough(self):
        state = folder("state")
        env = dict(self.env, MLTOP_STATE_DIR=state)
        done = subprocess.run([MLTOP, "jobs", "list"], env=env, cwd="/", capture_output=True, text=True, timeout=LIMIT)
        subprocess.run([MLTOP, "platform", "stop"], env=env, cwd="/", capture_output=True, timeout=LIMIT)
        self.assertEqual((done.returncode, done.stderr), (0, ""))


if __name__ == "__main__":
    main()
