"""Programs that are started with standard descriptors closed: what is opened must not take their places."""
import itertools
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import BUILD, LIMIT, MLTOP, Case, folder, main, until  # noqa: E402

CLOSED = ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"]
# What stands for the words of a verb's usage; verbs that end the platform come last.
WORDS = {"NAME": ["one"], "NAME...": ["one"], "FIELD=VALUE...": ["gpu_max=9"], "--": ["--", "true"], "ORG": ["1"],
         "ROLE": ["viewer"], "bash|zsh|fish": ["bash"], "ACCESS_KEY": ["none"]}
SPECIAL = {"demo": ["--jobs", "3", "--", "jobs", "list"], "jobs submit": ["--job-name", "two", "--command", "true"],
           "help": [], "context use": ["local"]}


def run(words, closed, env, cwd):
    line = 'exec "$@" ' + closed
    return subprocess.run(["sh", "-c", line, "sh", *words], env=env, cwd=cwd, timeout=LIMIT, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def every_verb(text):
    """(verb, arguments) of each line of `mltop help`."""
    for line in text.splitlines():
        found = re.match(r"  mltop ((?:[a-z]+ ?)+)(.*?)(?:  .*|$)", line)
        if not found:
            continue
        verb = found[1].strip()
        usage = found[2].split()
        words = itertools.chain.from_iterable(WORDS.get(w, []) for w in usage if not w.startswith("["))
        yield verb, SPECIAL.get(verb, list(words))


class Mltop(Case):
    def test_every_verb(self):
        """None is ended by a signal, and a submission is made once, whatever it could say of it."""
        self.ok("run", "--name", "one", "--", "true")
        verbs = sorted(every_verb(self.ok("help").out), key=lambda v: v[0] == "platform stop")
        self.assertGreater(len(verbs), 25)
        for (verb, words), closed in itertools.product(verbs, CLOSED):
            call = [MLTOP, *verb.split(), *words]
            if verb == "jobs submit":
                call[call.index("two")] = f"two-{CLOSED.index(closed)}"
            if "delete" in verb or "cancel" in verb:
                call[-1:] = ["-y", "nothing"]
            done = run(call, closed, self.p.env, self.p.folder)
            with self.subTest(verb=verb, closed=closed):
                self.assertIn(done.returncode, (0, 1, 2, 3, 4, 5), done.stderr)
                self.assertNotIn("Assertion", done.stderr)
        names = self.ok("jobs", "list", "-o", "name").out.split()
        self.assertEqual(sorted(n for n in names if n.startswith("two")), [f"two-{i}" for i in range(len(CLOSED))])

    def test_a_closed_output_is_an_output_that_fails(self):
        self.ok("run", "--name", "said", "--", "echo", "word")
        for words in (["jobs", "list"], ["jobs", "describe", "said"], ["logs", "said"]):
            done = run([MLTOP, *words], ">&-", self.p.env, self.p.folder)
            self.assertEqual((done.returncode, done.stderr), (1, "mltop: standard output: could not be written\n"), words)
            self.assertEqual(run([MLTOP, *words], "<&-", self.p.env, self.p.folder).returncode, 0)


class Others(Case):
    def test_mltopd_writes_into_none_of_its_files(self):
        """What it says of its start goes nowhere; its lock file, made first, stays as it is made."""
        for i, closed in enumerate(CLOSED):
            state = folder("closed") + f"/{i}"
            env = dict(self.p.env, MLTOP_STATE_DIR=state)
            with subprocess.Popen(["sh", "-c", f'exec "$0" --private --state-dir {state} --listen 127.0.0.1:0 {closed}',
                                   os.path.join(BUILD, "mltopd")], env=env) as daemon:
                try:
                    until(lambda: os.path.exists(state + "/endpoint"), "the platform")
                    listed = subprocess.run([MLTOP, "jobs", "list", "--json"], env=env, capture_output=True, text=True,
                                            timeout=LIMIT)
                    self.assertEqual((listed.returncode, listed.stdout), (0, '{"data":[]}\n'), listed.stderr)
                    for at, _, files in os.walk(state):
                        for name in files:
                            path = os.path.join(at, name)
                            if os.path.isfile(path) and name != "mltopd.log":
                                with open(path, "rb") as f:
                                    self.assertNotIn(b"listening on", f.read(), name)
                    self.assertIsNone(daemon.poll())
                finally:
                    subprocess.run([MLTOP, "platform", "stop"], env=env, capture_output=True, timeout=LIMIT)
                    daemon.terminate()

    def test_shim(self):
        """It ends with the sentence of its usage, or in silence where it has nothing to say it to."""
        for closed in CLOSED:
            done = run([os.path.join(BUILD, "mltop-shim"), "/no/such/folder"], closed, self.p.env, "/")
            self.assertEqual(done.returncode, 1, done.stderr)


if __name__ == "__main__":
    main()
