#!/usr/bin/python3
"""The first minute: what a newcomer does with a fresh copy, and what may befall it meanwhile."""
import os
import shutil
import signal
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import (BUILD, Case, LIMIT, MLTOP, Private, Pty, ROOT, alive, folder_of,  # noqa: E402
                     log_on_disk, main, processes, until)

# A line each 5 ms for about two seconds, in two streams, with bytes that are no text among them.
TALKER = ("import sys, time\n"
          "for i in range(400):\n"
          "    sys.stdout.buffer.write(b'%d of \\xff\\x00 400\\r\\n' % i); sys.stdout.flush()\n"
          "    sys.stderr.write('note %d\\n' % i); sys.stderr.flush()\n"
          "    time.sleep(0.005)\n"
          "sys.exit(7)\n")


class MakeRun(Case):
    def setUp(self):
        self.tree = self.copy()
        self.addCleanup(shutil.rmtree, self.tree)

    def copy(self):
        """The tree as a newcomer has it, with a build folder of its own of the programs at hand.

        The sample trains for two epochs, so that it says all it has to say in a second or two."""
        tree = self.p.folder + "/tree"
        for name in ("packaging", "examples"):
            shutil.copytree(f"{ROOT}/{name}", f"{tree}/{name}")
        os.makedirs(tree + "/build")
        for name in ("mltop", "mltopd", "mltop-shim"):
            os.symlink(f"{BUILD}/{name}", f"{tree}/build/{name}")
        with open(tree + "/examples/digits/digits/options.py") as f:
            options = f.read()
        self.assertIn("default=30,", options)
        self.assertIn("default=0.97,", options)
        with open(tree + "/examples/digits/digits/options.py", "w") as f:
            f.write(options.replace("default=30,", "default=2,").replace("default=0.97,", "default=0.5,"))
        return tree

    def first_run(self, tree, build="build"):
        return subprocess.run(["sh", "packaging/first-run.sh", build], cwd=tree, env=self.p.env,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT)

    def test_without_a_terminal(self):
        before = set(self.ok("jobs", "list", "-o", "name").out.split())
        for _ in range(2):  # each time a job of its own
            r = self.first_run(self.tree)
            self.assertEqual((r.returncode, r.stderr), (0, b""), r)
            self.assertRegex(r.stdout, rb"(?m)^.*Epoch 2/2 - loss: 0\.\d+")
            self.assertRegex(r.stdout, rb"(?m)^Held-out accuracy 0\.\d+")
        jobs = [j for j in self.ok("jobs", "list", "--json").json["data"] if j["job_name"] not in before]
        self.assertEqual([j["state"] for j in jobs], ["completed"] * 2)
        self.assertEqual(r.stdout, log_on_disk(self.p.folder, max(j["uid"] for j in jobs)))
        for j in jobs:
            self.assertEqual(self.p.mltop("logs", j["job_name"], binary=True).out,
                             log_on_disk(self.p.folder, j["uid"]))
            self.assertEqual((j["progress_epoch"], j["progress_step"]), (2, j["progress_total"]))

    def test_a_job_that_fails_fails_the_run(self):
        path = self.tree + "/examples/digits/digits/train.py"
        with open(path, "w") as f:
            f.write("raise SystemExit(3)\n")
        self.assertEqual(self.first_run(self.tree).returncode, 3)

    def test_on_a_terminal(self):
        """The dashboard, with the sample job on it; a second time it is not submitted again."""
        for _ in range(2):
            t = Pty(["/bin/sh", "packaging/first-run.sh", "build"], cwd=self.tree, **self.p.home)
            t.wait(b"digits")
            t.send(b"q")
            self.assertEqual(t.ended(), 0)
            t.close()
        names = self.ok("jobs", "list", "-o", "name").out.split()
        self.assertEqual(names.count("digits"), 1)
        self.p.ended("digits")

    def test_what_it_needs_is_committed(self):
        """In a fresh copy what is not committed is absent; where git is, it says so before that."""
        git = shutil.which("git") and os.path.isdir(ROOT + "/.git")
        for path in ("packaging/first-run.sh", "packaging/deps.sh", "examples/digits/pack.py",
                     "examples/digits/digits/train.py"):
            self.assertTrue(os.path.isfile(os.path.join(ROOT, path)), path)
            if git:  # whoever owns the copy
                done = subprocess.run(["git", "-c", "safe.directory=*", "-C", ROOT, "ls-files",
                                       "--error-unmatch", path], capture_output=True)
                self.assertEqual(done.returncode, 0, path)


class DeathOfTheDaemon(Case):
    def follow(self, *words):
        return subprocess.Popen([MLTOP, *words], cwd=self.p.folder, env=self.p.env, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def killed_meanwhile(self, r):
        """Kills the daemon with -9 twice while `r` prints; returns all that it printed."""
        out = b""
        for mark in (b"\n50 of", b"\n200 of"):
            while mark not in out:
                part = os.read(r.stdout.fileno(), 65536)
                self.assertTrue(part, "the follower left: " + r.stderr.read().decode() if not part else "")
                out += part
            pid = self.p.pid()
            os.kill(pid, signal.SIGKILL)
            until(lambda: not alive(pid), "the daemon to be gone")
        rest, err = r.communicate(timeout=LIMIT)
        return out + rest, err.decode()

    def test_follower(self):
        name = self.ok("run", "--detach", "--", "/usr/bin/python3", "-c", TALKER).out.strip()
        r = self.follow("logs", "-f", "--exit-code", name)
        out, err = self.killed_meanwhile(r)
        self.assertEqual(r.returncode, 7, err)
        self.assertRegex(err, r"^(mltop: the connection to the platform is gone: .*; waiting for it\n)+$")
        job = self.p.ended(name)
        self.assertEqual(out, log_on_disk(self.p.folder, job["uid"]))
        self.assertEqual(out.count(b" of \xff\x00 400\r\n"), 400)
        self.assertEqual((job["exit_code"], job["attempt"], job["reason"]), (7, 1, "ExitCode"))

    def test_run(self):
        r = self.follow("run", "--name", "in-front", "--", "/usr/bin/python3", "-c", TALKER)
        out, err = self.killed_meanwhile(r)
        self.assertEqual(r.returncode, 7, err)
        self.assertEqual(out, log_on_disk(self.p.folder, self.p.job("in-front")["uid"]))

    def test_job_that_ends_while_nobody_looks(self):
        """Its exit code waits on the disk for the next daemon."""
        name = self.ok("run", "--detach", "--", "sh", "-c",
                       "while ! [ -e go ]; do sleep 0.01; done; echo last words; exit 9").out.strip()
        uid = self.p.running(name)["uid"]
        folder = folder_of(self.p.folder, uid)
        pid = self.p.pid()
        os.kill(pid, signal.SIGKILL)
        until(lambda: not alive(pid), "the daemon to be gone")
        with open(self.p.folder + "/go", "w"):
            pass
        until(lambda: os.path.exists(folder + "/exit"), "the exit record")
        job = self.p.ended(name)
        self.assertEqual((job["state"], job["exit_code"], job["attempt"]), ("failed", 9, 1))
        self.assertEqual(self.ok("logs", name).out, "last words\n")
        os.unlink(self.p.folder + "/go")


class OnePlatform(Case):
    def test_many_at_once_share_one(self):
        """Eight programs meet on an empty folder: one daemon is started, all are served by it."""
        p = Private()
        try:
            results = []
            threads = [threading.Thread(target=lambda: results.append(p.mltop("jobs", "list", "--json")))
                       for _ in range(8)]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            self.assertEqual([(r.code, r.err) for r in results], [(0, "")] * 8)
            self.assertEqual(processes(p.folder, "mltopd"), [p.pid()])
            first = p.pid()
            self.assertEqual(p.mltop("jobs", "list").code, 0)
            self.assertEqual(p.pid(), first)
        finally:
            p.close()
        self.assertEqual(processes(p.folder, "mltopd"), [])

    def test_stop_leaves_jobs_and_the_next_start_adopts_them(self):
        name = self.ok("run", "--detach", "--", "sh", "-c",
                       "echo begun; while ! [ -e enough ]; do sleep 0.01; done; echo ended").out.strip()
        job = self.p.running(name)
        first = self.p.pid()
        shims = processes(self.p.folder, "mltop-shim")
        r = self.p.mltop("platform", "stop")
        self.assertEqual(r.code, 0, r.err)
        until(lambda: not alive(first), "the daemon to be gone")
        self.assertEqual(processes(self.p.folder, "mltop-shim"), shims)
        again = self.p.running(name)
        self.assertNotEqual(self.p.pid(), first)
        self.assertEqual((again["uid"], again["attempt"], again["start_time"]),
                         (job["uid"], 1, job["start_time"]))
        with open(self.p.folder + "/enough", "w"):
            pass
        self.assertEqual(self.p.ended(name)["state"], "completed")
        self.assertEqual(self.ok("logs", name).out, "begun\nended\n")
        until(lambda: processes(self.p.folder, "mltop-shim") == [], "the shim to leave")


class NothingYet(Case):
    def test_logs_of_a_job_that_waits(self):
        """Without -f it tells why there is nothing and ends, instead of waiting for the job."""
        self.ok("jobs", "submit", "--job-name", "blocks", "--command", "sleep 1000", "--cpu-limit", str(os.cpu_count()))
        self.p.running("blocks")
        self.ok("jobs", "submit", "--job-name", "waits", "--command", "true")
        until(lambda: self.p.job("waits")["state"] == "enqueued", "waits to wait")
        r = self.p.mltop("logs", "waits")
        self.assertEqual((r.code, r.out), (0, ""), r.err)
        self.assertIn("job waits is enqueued, needs 1 CPU", r.err)
        self.ok("cancel", "-y", "blocks", "waits")


class LookingAround(Case):
    def test_frameworks(self):
        rows = self.ok("frameworks", "list", "--json").json["data"]
        self.assertIn("python", [r["name"] for r in rows])
        self.assertTrue(all(r["versions"] for r in rows))
        self.assertRegex(self.ok("frameworks", "list").out, r"(?m)^python +3\.")

    def test_platform_status(self):
        self.ok("jobs", "list")
        r = self.ok("platform", "status", "--json").json
        self.assertEqual(r["machine"]["cpu"], os.cpu_count())
        self.assertEqual(r["machine"]["node"], os.uname().nodename)
        self.assertGreater(r["machine"]["memory"], 1 << 20)
        self.assertEqual(r["pid"], self.p.pid())


class Record(Case):
    def test_only_its_person_may_read_it(self):
        """MLTOP_RECORD holds what was on the screen and what was typed."""
        path = self.p.folder + "/record"
        with open(path, "w"):
            os.chmod(path, 0o644)
        t = Pty([MLTOP], MLTOP_RECORD=path, **self.p.home)
        self.addCleanup(t.close)
        t.wait(b"No jobs yet.")
        t.send(b"q")
        self.assertEqual(t.ended(), 0)
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        with open(path) as f:
            self.assertIn('"key":"q"', f.read())


class Tables(Case):
    """Lists at a terminal: none is wider than it, and a watched one is drawn in its place."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for i in range(9):
            cls.p.ok("run", "-d", "--name", f"a-rather-long-name-for-a-job-{i}", "--", "true")

    def test_columns_give_way(self):
        for cols in (40, 80):
            for more in ([], ["-o", "wide"], ["--columns", "name,state,message,create_time"]):
                t = Pty([MLTOP, "jobs", "list", *more], cols=cols, cwd=self.p.folder, **self.p.home)
                self.addCleanup(t.close)
                self.assertEqual(t.ended(), 0, t.output)
                lines = t.output.decode().split("\r\n")
                if cols == 80 or not more:
                    self.assertEqual([line for line in lines if len(line) > cols], [], (cols, more))
                self.assertEqual(len(lines), 11, t.output)
                self.assertIn("NAME", lines[0])
        plain = self.ok("jobs", "list", "-o", "wide").out
        self.assertGreater(len(plain.splitlines()[0]), 100, "what is piped is whole")

    def test_watch_is_drawn_in_its_place(self):
        t = Pty([MLTOP, "jobs", "list", "--watch", "--sort", "name"], rows=6, cwd=self.p.folder, **self.p.home)
        self.addCleanup(t.close)
        t.wait(b"and 6 more\r\n")
        drawn = len(t.output)
        self.ok("run", "--name", "a-first", "--", "true")
        t.wait(b"a-first", drawn)
        self.assertTrue(t.output[drawn:].startswith(b"\x1b[H\x1b[J"), t.output[drawn:])
        t.send(b"\x03")
        self.assertEqual(t.ended(), 0, t.output)

    def test_errors_are_folded_between_words(self):
        t = Pty([MLTOP, "jobs", "list", "--filter", "name=x", "--columns", "nonsense"], cols=30, cwd=self.p.folder,
                **self.p.home)
        self.addCleanup(t.close)
        self.assertNotEqual(t.ended(), 0)
        lines = t.output.decode().split("\r\n")
        self.assertGreater(len(lines), 2)
        self.assertLessEqual(max(map(len, lines)), 30, lines)
        self.assertIn("nonsense is not a field of a job", " ".join(lines))


class Questions(Case):
    """What cancel and delete ask at a terminal."""

    def ask(self, *words):
        t = Pty([MLTOP, *words], cwd=self.p.folder, **self.p.home)
        self.addCleanup(t.close)
        return t

    def test_one_and_many(self):
        for i in range(3):
            self.p.shell("sleep 1000", "--name", f"asked-{i}", "-c", "0.01")
        t = self.ask("cancel", "asked-0")
        t.wait(b"Stop asked-0? [y/N] ")
        t.send(b"\r")
        self.assertEqual(t.ended(), 1, t.output)
        for answer, code in ((b"y\r", 1), (b"2\r", 1), (b"3\r", 0)):
            t = self.ask("jobs", "cancel", "--filter", "job_name~=^asked-")
            t.wait(b"Type 3 to stop 3 jobs: ")
            self.assertIn(b"asked-1", t.output)
            t.send(answer)
            self.assertEqual(t.ended(), code, t.output)
        for i in range(3):
            self.assertEqual(self.p.ended(f"asked-{i}")["reason"], "Cancelled")
        t = self.ask("jobs", "delete", "asked-0")
        t.wait(b"Delete asked-0? The record and the logs go too, for ever. [y/N] ")
        t.send(b"y\r")
        self.assertEqual(t.ended(), 0, t.output)


class CtrlC(Case):
    """The question that Ctrl-C asks of `mltop run` on a terminal."""

    def start(self, name):
        t = Pty([MLTOP, "run", "--name", name, "--", "sh", "-c",
                 "echo up; while ! [ -e say-it ]; do sleep 0.01; done; echo meanwhile;"
                 "while ! [ -e end-it ]; do sleep 0.01; done; echo done; exit 4"],
                cwd=self.p.folder, **self.p.home)
        self.addCleanup(t.close)
        t.wait(b"up\r\n")
        t.send(b"\x03")
        t.wait(b"c or Ctrl-C cancels job " + name.encode() + b", l leaves it running, Enter goes on: ")
        return t

    def test_c_cancels(self):
        t = self.start("to-cancel")
        t.send(b"c\r")
        self.assertEqual(t.ended(), 130, t.output)
        job = self.p.ended("to-cancel")
        self.assertEqual((job["state"], job["reason"]), ("failed", "Cancelled"))

    def test_what_a_person_is_told(self):
        """Its name at the start; state, time, what it left and how to run it again at the end."""
        t = Pty([MLTOP, "run", "--name", "told", "--", "sh", "-c", 'printf half; echo x > "$MLTOP_OUTPUT_DIR/x"; exit 3'],
                cwd=self.p.folder, **self.p.home)
        self.addCleanup(t.close)
        self.assertEqual(t.ended(), 3, t.output)
        text = t.output.decode().replace("jobs\r\n", "jobs ")  # folded at 80 columns
        self.assertRegex(text, r"^mltop: job told; Ctrl-C asks whether to stop it\r\n")
        self.assertRegex(text, r"half\r\nmltop: job told failed \(exit 3\) after \S+; 1 output, 2 bytes: "
                               r"`mltop jobs download told`; again: `mltop jobs retry told`\r\n")

    def test_l_leaves(self):
        t = self.start("to-leave")
        t.send(b"l\r")
        self.assertEqual(t.ended(), 0, t.output)
        self.assertIn(b"job to-leave goes on; `mltop logs -f to-leave` follows it", t.output)
        self.assertEqual(self.p.job("to-leave")["state"], "running")
        self.ok("cancel", "-y", "to-leave")

    def test_enter_goes_on(self):
        t = self.start("to-go-on")
        with open(self.p.folder + "/say-it", "w"):
            pass
        until(lambda: self.ok("logs", "to-go-on").out == "up\nmeanwhile\n", "the next line")
        t.read(0.3)
        self.assertNotIn(b"meanwhile", t.output)  # the question is not buried by what comes
        t.send(b"\r")
        t.wait(b"meanwhile\r\n")
        asked = len(t.output)
        t.send(b"\x03")
        t.wait(b"Enter goes on: ", asked)
        t.send(b"\r")
        with open(self.p.folder + "/end-it", "w"):
            pass
        t.wait(b"done\r\n")
        self.assertEqual(t.ended(), 4, t.output)
        os.unlink(self.p.folder + "/end-it")
        os.unlink(self.p.folder + "/say-it")

    def test_the_terminal_stays_as_it_was(self):
        """Standard input, output and the shell's are one open file: what waits for keys must not make it
        non-blocking, or more output than the terminal takes at once is an error, here and in the shell after."""
        shell = f'{MLTOP} run --name wide -- sh -c "echo up; while ! [ -e go ]; do sleep 0.01; done; seq 200000";' \
                'echo "code $?"; python3 -c "import os; print(\'blocking\', os.get_blocking(0))"'
        t = Pty(["/bin/bash", "-c", shell], cwd=self.p.folder, **self.p.home)
        self.addCleanup(t.close)
        t.wait(b"up\r\n")
        t.send(b"\x03")
        t.wait(b"Enter goes on: ")
        t.send(b"\r")
        with open(self.p.folder + "/go", "w"):
            pass
        self.p.ended("wide")  # its log fills the terminal, which nobody reads meanwhile
        t.wait(b"code 0\r\n")
        self.assertIn(b"\r\n199999\r\n200000\r\n", t.output)
        t.wait(b"blocking True\r\n")
        self.assertEqual(t.ended(), 0)
        os.unlink(self.p.folder + "/go")

    def test_ctrl_c_again_stops(self):
        """As it would any command; the question said so."""
        t = self.start("twice")
        self.assertIn(b"c or Ctrl-C cancels job twice", t.output)
        t.send(b"\x03")
        self.assertEqual(t.ended(), 130, t.output)
        job = self.p.ended("twice")
        self.assertEqual((job["state"], job["reason"]), ("failed", "Cancelled"))
        self.assertIn(b"job twice was cancelled after", t.output)

    def test_ctrl_c_for_who_does_not_wait(self):
        """A job may take its time to end: each press is answered, and it is not said to go on."""
        t = Pty([MLTOP, "run", "--name", "slow", "--", "sh", "-c",
                 "trap 'echo got it' TERM; echo up; while ! [ -e let-go ]; do sleep 0.01; done"],
                cwd=self.p.folder, **self.p.home)
        self.addCleanup(t.close)
        t.wait(b"up\r\n")
        t.send(b"\x03")
        t.wait(b"Enter goes on: ")
        t.send(b"\x03")
        t.wait(b"cancelling job slow; Ctrl-C again leaves it to end by itself\r\n")
        t.wait(b"got it\r\n")
        t.send(b"\x03")
        self.assertEqual(t.ended(), 130, t.output)
        self.assertIn(b"job slow is being cancelled; `mltop logs -f slow` shows its end", t.output)
        self.assertNotIn(b"goes on;", t.output)
        with open(self.p.folder + "/let-go", "w"):
            pass
        self.assertEqual(self.p.ended("slow")["reason"], "Cancelled")


if __name__ == "__main__":
    main()
