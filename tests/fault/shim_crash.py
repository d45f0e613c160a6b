"""What is left when a shim dies at any point, and that nothing of its task survives."""
import os
import random
import signal
import subprocess
import time

from shim_kit import ROUNDS, SHIM, Case, decode, marked, start_time, until

FOREVER = "while :; do sleep 1; done"


class Crashes(Case):
    def crashed(self, task, point):
        line = task.launch(environ={"MLTOP_SHIM_CRASH": point})
        until(lambda: os.path.exists(task.path("pid")) and task.shim_is_gone(), f"crash {point}")
        self.assertFalse(os.path.exists(task.path("exit")), point)
        return line

    def no_second_run(self, task):
        self.assertIn("was started before (its folder holds pid)", task.launch())

    def test_after_pid(self):
        """The daemon was not told, and not one instruction of the task ran."""
        task = self.sh("echo ran > ran", work_dir=self.root)
        self.assertEqual(self.crashed(task, "after-pid"), "")
        self.no_process(task)
        self.assertFalse(os.path.exists(os.path.join(self.root, "ran")))
        self.no_second_run(task)

    def test_after_exec(self):
        task = self.sh(FOREVER)
        self.assertEqual(self.crashed(task, "after-exec"), "ok\n")
        self.assertTrue(marked(task.marker))
        task.kill_orphans()
        self.no_process(task)
        self.no_second_run(task)

    def test_mid_log(self):
        task = self.sh("trap '' PIPE; echo first; " + FOREVER)
        self.crashed(task, "mid-log")
        self.assertEqual(task.log(), b"first\n")
        self.assertTrue(marked(task.marker))
        task.kill_orphans()
        self.no_process(task)

    def test_before_exit_record(self):
        task = self.sh("echo whole; exit 3")
        self.crashed(task, "before-exit-record")
        self.assertEqual(task.log(), b"whole\n")
        self.no_process(task)

    def test_after_exit_tmp(self):
        task = self.sh("exit 3")
        self.crashed(task, "after-exit-tmp")
        with open(task.path("exit.tmp"), "rb") as f:
            self.check(decode(f.read()), end="exit", code=3)

    def test_kill_at_any_moment(self):
        """The exit record is whole or absent, the log holds no wrong byte, nobody survives."""
        dice = random.Random(int(os.environ.get("SEED", "1")))
        for _ in range(ROUNDS):
            task = self.sh("seq 1 3000; (setsid sleep 1000 &); exit 3", finish="seq 1 3000",
                           segment_size=4096).start()
            shim = task.pid()["shim_pid"]
            end = time.monotonic() + dice.uniform(0, 0.03)
            while time.monotonic() < end:
                pass
            try:
                os.kill(int(shim), signal.SIGKILL)
            except ProcessLookupError:
                pass
            until(task.shim_is_gone, "end of the shim")
            task.kill_orphans()
            self.no_process(task)
            whole = b"".join(b"%d\n" % i for i in range(1, 3001)) * 2
            self.assertTrue(whole.startswith(task.log()))
            if os.path.exists(task.path("exit")):
                self.check(task.record("exit"), end="exit", code=3, finish_code=0,
                           log_bytes=len(whole))
                self.assertEqual(task.log(), whole)


class Orphans(Case):
    def test_kill_9_of_the_shim(self):
        """Daemons in sessions of their own, some without the marker, some without the session."""
        task = self.sh(f"""
            (setsid sh -c 'setsid sh -c "echo own session; {FOREVER}" &' &)
            (env -i sh -c 'echo no marker; {FOREVER}' &)
            setsid sh -c 'env -i sh -c "echo below; {FOREVER}"' &
            echo up; {FOREVER}""").start()
        for text in ("own session", "no marker", "below", "up"):
            task.written(text)
        control = task.control()
        until(lambda: int(control.ask("stat")["processes"]) >= 8, "the tree")
        shim = int(task.pid()["shim_pid"])
        tree = self.descendants(shim)
        os.kill(shim, signal.SIGKILL)
        until(task.shim_is_gone, "end of the shim")
        self.assertIsNone(control.next(), "end of file tells the daemon")
        task.kill_orphans()
        until(lambda: not [p for p, s in tree if start_time(p) == s], "end of all", 5)
        self.assertGreaterEqual(len(tree), 8)

    def test_another_tasks_processes_live(self):
        one, two = (self.sh("echo up; " + FOREVER).start() for _ in range(2))
        for task in (one, two):
            task.written("up")
        os.kill(int(one.pid()["shim_pid"]), signal.SIGKILL)
        one.kill_orphans()
        self.no_process(one)
        self.assertTrue(marked(two.marker))
        self.check(two.control().ask("hello"), state="running")

    def test_death_of_the_daemon(self):
        """Whoever launched it is killed; the task ends as if nothing had been."""
        task = self.sh("echo up; read go <go; echo end; exit 5", work_dir=self.root)
        gate = self.gate()
        daemon = subprocess.Popen(["/bin/sh", "-c", '"$1" "$2"; echo launched; sleep 1000', "sh", SHIM,
                                   task.folder], stdout=subprocess.PIPE, start_new_session=True)
        self.assertEqual(daemon.stdout.readline(), b"launched\n")
        os.killpg(daemon.pid, signal.SIGKILL)
        daemon.wait()
        daemon.stdout.close()
        task.written("up")
        gate.say("go")
        self.check(task.ended(), end="exit", code=5)
        self.assertEqual(task.log(), b"up\nend\n")
