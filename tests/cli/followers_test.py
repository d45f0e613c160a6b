"""Verbs that go on: who reads them leaves, and the platform goes away and comes back elsewhere."""
import os
import signal
import socket
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import LIMIT, MLTOP, Case, Shared, main, until  # noqa: E402


class Readers(Case):
    """Nothing more is printed when the reader leaves: only its leaving can end the verb."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.p.shell("echo ready; sleep 1000", "--name", "quiet")
        cls.p.running("quiet")

    def leaves(self, *words):
        following = self.p.start(*words)
        self.assertTrue(following.stdout.readline())
        following.stdout.close()
        try:
            code = following.wait(LIMIT)
        finally:
            following.kill()
        said = following.stderr.read()
        following.stderr.close()
        return code, said

    def test_logs(self):
        self.assertEqual(self.leaves("logs", "-f", "quiet"), (141, ""))

    def test_run(self):
        code, said = self.leaves("run", "--name", "left", "--", "sh", "-c", "echo up; sleep 1000")
        self.assertEqual(code, 141)
        self.assertIn("job left goes on", said)
        self.assertEqual(self.p.state("left"), "running")

    def test_watch(self):
        for words in (["jobs", "list"], ["events", "list"], ["quotas", "list"]):
            self.assertEqual(self.leaves(*words, "--watch", "-o", "name"), (141, ""), words)

    def test_socket(self):
        ours, theirs = socket.socketpair()
        with subprocess.Popen([MLTOP, "logs", "-f", "quiet"], env=self.p.env, stdin=subprocess.DEVNULL,
                              stdout=theirs, stderr=subprocess.PIPE) as following:
            theirs.close()
            self.assertEqual(ours.recv(100), b"ready\n")
            ours.close()
            try:
                self.assertEqual(following.wait(LIMIT), 141)
            finally:
                following.kill()

    def test_output_stays_as_it_was(self):
        """Whoever shares the descriptor finds it blocking as before."""
        reading, writing = os.pipe()
        with subprocess.Popen([MLTOP, "logs", "-f", "quiet"], env=self.p.env, stdin=subprocess.DEVNULL, stdout=writing,
                              stderr=subprocess.PIPE) as following:
            self.assertEqual(os.read(reading, 100), b"ready\n")
            blocking = os.get_blocking(writing)
            following.send_signal(signal.SIGINT)
            following.wait(LIMIT)
        os.close(reading)
        os.close(writing)
        self.assertTrue(blocking)


class Moved(Case):
    """The private platform ends and is started again, on another port."""

    def move(self):
        before = self.p.endpoint()["url"]
        self.p.mltop("platform", "stop")
        self.p.mltop("jobs", "list")
        # The kernel may give the same port again: then nothing has moved, and this is no test of it.
        return before != self.p.endpoint()["url"]

    def test_watch_goes_on_at_the_new_place(self):
        self.ok("run", "--name", "first", "--", "true")
        for words, sees in ((["jobs", "list"], "later"), (["events", "list"], "later"), (["quotas", "list"], "")):
            watching = self.p.start(*words, "--watch", "-o", "json")
            alarm = threading.Timer(LIMIT, watching.kill)  # a read of what never comes would not end
            alarm.start()
            try:
                self.assertIn("data", watching.stdout.readline())
                until(self.move, "another port")
                name = f"later-{words[0]}"
                self.p.mltop("run", "--name", name, "--", "true")
                if sees:
                    while name not in (line := watching.stdout.readline()):
                        self.assertTrue(line, f"never seen: {name} in {words}")
                else:
                    self.assertEqual(watching.stdout.readline(), "\n")
                    self.assertIn("data", watching.stdout.readline())
                watching.send_signal(signal.SIGINT)
                self.assertEqual(watching.wait(LIMIT), 0)
                said = watching.stderr.read()
                self.assertIn("mltop: the connection to the platform is gone", said)
            finally:
                alarm.cancel()
                watching.kill()
                watching.stdout.close()
                watching.stderr.close()


class OfOneKey(unittest.TestCase):
    """A team shares a key: each of its people has a stream."""

    def watchers(self, count, *settings):
        p = Shared(*settings, engine="fake")
        self.addCleanup(p.close)
        for _ in range(count):
            w = subprocess.Popen([MLTOP, "jobs", "list", "--watch"], env=p.person, text=True, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.addCleanup(w.stdout.close)
            self.addCleanup(w.stderr.close)
            self.addCleanup(w.wait)
            self.addCleanup(w.kill)
            yield w

    def test_twelve_people(self):
        for w in self.watchers(12):
            self.assertRegex(w.stdout.readline(), r"^NAME +STATE")

    def test_one_too_many_is_told_what_to_do(self):
        people = self.watchers(3, "limits.streams_per_key=2")
        for _ in range(2):  # the third begins when the others have theirs
            self.assertRegex(next(people).stdout.readline(), r"^NAME +STATE")
        said = next(people).stderr.readline()
        self.assertIn("this access key has 2 streams open, the most there may be: close one", said)
        self.assertIn("ask an admin for a key of your own", said)


if __name__ == "__main__":
    main()
