"""How a task starts, ends and is ended."""
import errno
import os
import re
import signal
import socket
import subprocess
import time

from shim_kit import SHIM, Case, Task, encode, marked, start_time, until

def stat(pid):
    """Name and state, of what still is."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            text = f.read()
        return text[text.index("(") + 1:text.rindex(")")], text[text.rindex(")") + 2]
    except OSError:
        return "", ""


def comm(pid):
    return stat(pid)[0]


def state(pid):
    return stat(pid)[1]


def resident(pid):
    """Bytes, shared pages counted in each process."""
    try:
        with open(f"/proc/{pid}/statm") as f:
            return int(f.read().split()[1]) * os.sysconf("SC_PAGESIZE")
    except OSError:
        return 0


STUBBORN = "trap '' TERM; "
FOREVER = "while :; do sleep 1; done"


class Ends(Case):
    def test_exit_codes(self):
        for code in (0, 1, 7, 255):
            got = self.sh(f"exit {code}").run()
            self.check(got, end="exit", code=code, signal=0, finish_code=-1, message="")

    def test_signals(self):
        for number in (signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM):
            got = self.sh(f"kill -{number.value} $$").run()
            self.check(got, end="signal", code=0, signal=number.value)

    def test_times_and_usage(self):
        before = time.time() * 1000
        got = self.sh("i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done").run()
        self.assertLessEqual(before - 1, int(got["start_ms"]))
        self.assertLessEqual(int(got["start_ms"]), int(got["end_ms"]))
        self.assertGreater(int(got["user_ms"]), 0)
        self.assertGreater(int(got["peak_rss"]), 100_000)

    def test_many_at_once(self):
        tasks = [self.sh(f"echo {i}; exit {i}").start() for i in range(40)]
        for i, task in enumerate(tasks):
            self.check(task.ended(), end="exit", code=i)
            self.assertEqual(task.log(), f"{i}\n".encode())

    def test_nothing_is_left_in_the_folder(self):
        task = self.sh("echo hello")
        task.run()
        until(lambda: sorted(os.listdir(task.folder)) == ["exit", "log", "pid", "spec"], "tidy folder")


class CannotStart(Case):
    def begin(self, *argv, **keys):
        got = self.task(*argv, finish="echo finish ran", **keys)
        record = got.run()
        self.assertEqual(record["end"], "start")
        return got, record

    def test_no_such_program(self):
        task, got = self.begin("/no/such/program")
        self.check(got, code=errno.ENOENT, finish_code=0,
                   message="cannot execute /no/such/program: No such file or directory")
        self.assertEqual(task.log(), b"finish ran\n")

    def test_not_executable(self):
        path = os.path.join(self.root, "plain")
        open(path, "w").close()
        self.check(self.begin(path)[1], code=errno.EACCES,
                   message=f"cannot execute {path}: Permission denied")

    def script(self, name, text, mode=0o755, folder=""):
        os.makedirs(os.path.join(self.root, folder), exist_ok=True)
        path = os.path.join(self.root, folder, name)
        with open(path, "w", newline="") as f:
            f.write(text)
        os.chmod(path, mode)
        return path

    def test_interpreter_is_missing(self):
        path = self.script("script", "#! /no/such/interpreter -x\necho\n")
        self.check(self.begin(path)[1], code=errno.ENOENT,
                   message=f"cannot execute {path}: the interpreter /no/such/interpreter of its first line is not there")

    def test_interpreter_ends_with_a_return(self):
        path = self.script("script", "#!/bin/sh\r\necho\r\n")
        self.check(self.begin(path)[1], code=errno.ENOENT,
                   message=f"cannot execute {path}: its first line, #!/bin/sh, ends with a carriage return: "
                           "save the file with Unix line ends")

    def test_interpreter_that_may_not_be_run(self):
        plain = self.script("plain", "", 0o644)
        path = self.script("script", f"#!{plain}\n")
        self.check(self.begin(path)[1], code=errno.EACCES,
                   message=f"cannot execute {path}: the interpreter {plain} of its first line "
                           "may not be run by the task's user")

    def test_no_program_at_all(self):
        path = self.script("script", "echo hello\n")
        self.assertIn("nor a script that begins with #!", self.begin(path)[1]["message"])

    def test_bare_names(self):
        """Looked up by execvp's rule: what may not be run, or is no program's folder, is passed over."""
        self.script("tool", "#!/bin/sh\necho first\n", 0o644, "a")
        os.makedirs(os.path.join(self.root, "b", "tool"))
        found = self.script("tool", "#!/bin/sh\necho $0\n", folder="c")
        self.script("tool", "#!/bin/sh\necho later\n", folder="d")
        path = ":".join(os.path.join(self.root, n) for n in ("none", "a", "b", "c", "d"))
        task = self.task("tool", env=[f"PATH=:{path}"])
        self.check(task.run(), end="exit", code=0)
        self.assertEqual(task.log().decode(), found + "\n")
        own = self.script("tool", "#!/bin/sh\necho $0\n", folder="venv/bin")
        task = self.task("tool", env=[f"PATH={path}", f"VIRTUAL_ENV={self.root}/venv"])
        self.check(task.run(), end="exit", code=0)
        self.assertEqual(task.log().decode(), own + "\n")

    def test_bare_names_that_do_not_run(self):
        denied = self.script("tool", "#!/bin/sh\n", 0o644, "a")
        got = self.begin("tool", env=[f"PATH={self.root}/a:/no/such"])[1]
        self.check(got, code=errno.EACCES, message=f"cannot execute {denied}: Permission denied")
        got = self.begin("no-such-tool", env=["PATH=/usr/bin:/bin"])[1]
        self.assertIn("cannot start 'no-such-tool': no such program in the task's PATH", got["message"])
        self.assertIn("(PATH is /usr/bin:/bin)", got["message"])

    def test_no_work_folder(self):
        task, got = self.begin("/bin/true", work_dir="/no/such/folder")
        self.check(got, code=errno.ENOENT, finish_code=127)
        self.assertIn("cannot enter the work folder /no/such/folder: No such file", got["message"])

    def test_no_control_group(self):
        got = self.begin("/bin/true", extra=[("cgroup", "/no/such/cgroup.procs")])[1]
        self.assertIn("cannot join the task's control group", got["message"])


class Steps(Case):
    def test_order(self):
        task = self.sh("echo main; exit 4", prepare="echo prepare", finish="echo finish; exit 5")
        self.check(task.run(), end="exit", code=4, finish_code=5)
        self.assertEqual(task.log(), b"prepare\nmain\nfinish\n")

    def test_prepare_fails(self):
        task = self.sh("echo main", prepare="echo prepare; exit 9", finish="echo finish")
        got = task.run()
        self.check(got, end="exit", code=9, finish_code=0)
        self.assertIn("the prepare command failed", got["message"])
        self.assertEqual(task.log(), b"prepare\nfinish\n")

    def test_finish_after_a_signal(self):
        task = self.sh("kill -9 $$", finish="kill -11 $$")
        self.check(task.run(), end="signal", signal=9, finish_code=139)

    def test_finish_on_stop(self):
        task = self.sh(STUBBORN + "echo up; " + FOREVER, finish="echo finish").start()
        task.written("up")
        self.assertEqual(task.control().ask("stop", grace_ms=100)["type"], "ok")
        self.check(task.ended(), end="stopped", signal=9, finish_code=0)
        self.assertEqual(task.log(), b"up\nfinish\n")

    def test_stop_in_prepare(self):
        task = self.sh("echo main", prepare="echo up; sleep 1000", finish="echo finish").start()
        task.written("up")
        control = task.control()
        self.check(control.ask("hello"), state="preparing")
        control.ask("stop", grace_ms=10000)
        got = task.ended()
        self.check(got, end="stopped", signal=15, finish_code=0)
        self.assertIn("stopped before the task started", got["message"])
        self.assertEqual(task.log(), b"up\nfinish\n")

    def test_kill_skips_finish(self):
        task = self.sh("echo up; " + FOREVER, finish="echo finish").start()
        task.written("up")
        task.control().ask("kill")
        self.check(task.ended(), end="stopped", signal=9, finish_code=-1)
        self.assertEqual(task.log(), b"up\n")

    def test_stop_lets_finish_run(self):
        task = self.sh("exit 3", finish="echo up; sleep 0.3; echo done").start()
        task.written("up")
        control = task.control()
        self.check(control.ask("hello"), state="finishing")
        control.ask("stop", grace_ms=60000)
        self.check(task.ended(), end="exit", code=3, finish_code=0)
        self.assertEqual(task.log(), b"up\ndone\n")


class Stops(Case):
    def test_term_is_enough(self):
        task = self.sh("trap 'echo bye; exit 3' TERM; echo up; while :; do sleep 0.01; done").start()
        task.written("up")
        task.control().ask("stop", grace_ms=60000)
        self.check(task.ended(), end="stopped", code=3, signal=0)
        self.assertTrue(task.log().endswith(b"bye\n"))

    def test_whole_tree_that_ignores_term(self):
        """Grandchildren in sessions of their own, without the marker, deaf to TERM."""
        task = self.sh(f"""{STUBBORN}
            for i in 1 2 3; do setsid env -i sh -c "trap '' TERM; {FOREVER}" & done
            (setsid sh -c 'setsid sh -c "{FOREVER}" >/dev/null 2>&1 &' &)
            echo up; {FOREVER}""").start()
        task.written("up")
        control = task.control()
        until(lambda: int(control.ask("stat")["processes"]) >= 9, "the tree")
        tree = self.descendants(int(task.pid()["shim_pid"]))
        self.assertGreaterEqual(len(tree), 9)
        control.ask("stop", grace_ms=50)
        self.check(task.ended(), end="stopped", signal=9)
        self.assertEqual([p for p, s in tree if start_time(p) == s], [])

    def test_stopped_task_is_woken(self):
        task = self.sh("echo up; kill -STOP $$; sleep 1000").start()
        task.written("up")
        child = int(task.pid()["child_pid"])
        until(lambda: open(f"/proc/{child}/stat").read().rsplit(")", 1)[1].split()[0] == "T", "STOP")
        task.control().ask("stop", grace_ms=60000)
        self.check(task.ended(), end="stopped", signal=15)

    def test_second_stop_shortens_only(self):
        task = self.sh(STUBBORN + "echo up; " + FOREVER).start()
        task.written("up")
        control = task.control()
        control.ask("stop", grace_ms=600000)
        control.ask("stop", grace_ms=2**63 - 1)
        self.check(control.ask("hello"), stopping=1, state="running")
        control.ask("stop", grace_ms=300)
        control.ask("stop", grace_ms=600000)
        self.check(task.ended(), end="stopped", signal=9)

    def test_max_runtime(self):
        task = self.sh(STUBBORN + FOREVER, max_runtime_ms=200, stop_grace_ms=100)
        got = task.run()
        self.check(got, end="max-runtime", signal=9)
        self.assertIn("maximum run time", got["message"])
        self.assertGreaterEqual(int(got["end_ms"]) - int(got["start_ms"]), 299)

    def test_first_reason_stands(self):
        """A task that was asked to stop and passes a limit while it stops was stopped."""
        task = self.task("/usr/bin/python3", "-uc", """if 1:
            import signal
            def more(*_):
                global data
                data = bytearray(150 << 20)
                data[::4096] = b'x' * (len(data) // 4096)
            signal.signal(signal.SIGTERM, more)
            print('up')
            while True:
                signal.pause()""", memory_limit=100 << 20).start()
        task.written("up")
        task.control().ask("stop", grace_ms=600000)
        got = task.ended()
        self.check(got, end="stopped", signal=9)
        self.assertIn("more than the memory limit", got["message"])

    def test_shared_memory_counts_once(self):
        """Forks of a process that holds much data are not a multiple of it; what they add is found."""
        gate = self.gate()
        task = self.task("/usr/bin/python3", "-uc", """if 1:
            import os
            data = bytearray(100 << 20)
            data[::4096] = b'x' * (len(data) // 4096)
            ends = os.pipe()
            for i in range(6):
                if os.fork() == 0:
                    os.close(ends[1])
                    os.read(ends[0], 1)
                    os._exit(0)
            print('shared')
            open('go').readline()
            more = bytearray(200 << 20)
            more[::4096] = b'x' * (len(more) // 4096)
            os.read(ends[0], 1)""", memory_limit=200 << 20).start()
        task.written("shared")
        control = task.control()
        shim = int(task.pid()["shim_pid"])
        until(lambda: sum(resident(pid) for pid, _ in self.descendants(shim)) > 600 << 20, "a sum over the limit")
        got = control.ask("stat")
        self.assertEqual(got["processes"], "7")
        self.assertTrue(100 << 20 < int(got["memory"]) < 200 << 20, got)  # what is shown is what the limit looks at
        self.assertTrue(100 << 20 < int(got["memory_peak"]) < 200 << 20, got)
        gate.say("more")
        got = task.ended()
        self.check(got, end="oom")
        held = int(re.search(r"held (\d+) MiB", got["message"]).group(1))
        self.assertTrue(200 < held < 400, got)
        self.assertTrue(200 << 20 < int(got["peak_rss"]) < 400 << 20, got)

    def test_memory_limit(self):
        """Of the tree: no process of it alone is over."""
        one = "/usr/bin/python3 -c 'x = bytearray(40 << 20); import time; time.sleep(1000)'"
        got = self.sh(f"{one} & {one} & {one} & wait", memory_limit=100 << 20, finish="true").run()
        self.check(got, end="oom", signal=9, finish_code=0)
        self.assertIn("more than the memory limit of 100 MiB", got["message"])
        self.assertGreater(int(got["peak_rss"]), 100 << 20)

    def test_stopped_supervisor(self):
        """While the shim is stopped (a suspended machine, a debugger) a task may write until the pipe is full, and
        end; nothing of it is lost."""
        gate = self.gate()
        task = self.sh("echo up; read go <go; seq 1 40000; exit 3", work_dir=self.root, max_runtime_ms=600000).start()
        task.written("up")
        shim = int(task.pid()["shim_pid"])
        os.kill(shim, signal.SIGSTOP)
        until(lambda: state(shim) == "T", "the stop")
        gate.say("go")
        until(lambda: any(comm(pid) == "seq" for pid, _ in self.descendants(shim)), "the task to go on")
        self.assertEqual(task.log(), b"up\n")
        os.kill(shim, signal.SIGCONT)
        self.check(task.ended(), end="exit", code=3, log_lost=0)
        self.assertEqual(task.log(), b"up\n" + b"".join(b"%d\n" % i for i in range(1, 40001)))

    def test_shim_told_to_end(self):
        task = self.sh("echo up; " + FOREVER).start()
        task.written("up")
        os.kill(int(task.pid()["shim_pid"]), signal.SIGTERM)
        got = task.ended()
        self.check(got, end="stopped", signal=15)
        self.assertIn("supervisor was told to end (signal 15", got["message"])


class LeftBehind(Case):
    def test_late_writer_is_heard(self):
        task = self.sh("(sleep 0.5; echo late) & echo early")
        self.check(task.run(), end="exit", code=0, message="")
        self.assertEqual(task.log(), b"early\nlate\n")

    def test_holder_of_the_pipe_has_five_seconds(self):
        task = self.sh(f"setsid sh -c \"trap '' TERM; {FOREVER}\" & echo main", stop_grace_ms=100)
        began = time.monotonic()
        got = task.run()
        self.assertGreater(time.monotonic() - began, 4.9)
        self.check(got, end="exit", code=0)
        self.assertIn("left behind", got["message"])
        self.no_process(task)

    def test_silent_daemon_is_ended(self):
        task = self.sh("setsid sleep 1000 >/dev/null 2>&1 </dev/null & exit 6")
        got = task.run()
        self.check(got, end="exit", code=6)
        self.assertIn("1 process left behind (the first: s", got["message"])
        self.no_process(task)


class Handshake(Case):
    def refused(self, task, *words):
        line = task.launch()
        self.assertTrue(line.endswith("\n") and line.count("\n") == 1, line)
        for word in words:
            self.assertIn(word, line)
        self.assertFalse(os.path.exists(task.path("exit")))
        self.assertEqual(marked(task.marker), [])

    def rewritten(self, data):
        task = self.task("/bin/true")
        with open(task.path("spec"), "wb") as f:
            f.write(data)
        return task

    def test_damaged_specs(self):
        whole = [("version", 1), ("uid", "u"), ("task", "t"), ("attempt", 1), ("arg", "/bin/true")]
        self.refused(self.rewritten(b""), "spec is empty")
        self.refused(self.rewritten(encode(whole)[:-1]), "cut short")
        self.refused(self.rewritten(encode(whole[:-1])), "no program")
        self.refused(self.rewritten(encode(whole[1:])), "does not begin with its version")
        self.refused(self.rewritten(encode([("version", 2), *whole[1:]])), "version 2", "update")
        self.refused(self.rewritten(encode([*whole, ("uid", "v")])), "uid is there twice")
        self.refused(self.rewritten(encode([*whole, ("umask", "0x1")])), 'umask cannot be "0x1"')
        self.refused(self.rewritten(encode([*whole, ("env", "NOEQUALS")])), "not NAME=VALUE")
        self.refused(self.rewritten(b"x" * (1 << 20) + b"\0"), "more than 1048576")

    def test_unknown_keys_are_ignored(self):
        self.check(self.task("/bin/true", extra=[("colour", "blue")]).run(), end="exit", code=0)

    def test_spec_is_not_ours(self):
        task = self.task("/bin/true")
        os.rename(task.path("spec"), task.path("elsewhere"))
        os.symlink("elsewhere", task.path("spec"))
        self.refused(task, "the task's file spec is a link: it is not used")
        os.unlink(task.path("spec"))
        self.refused(task, "no file spec")
        os.mkfifo(task.path("spec"))
        self.refused(task, "is not a file of ours")

    def test_no_folder(self):
        task = self.task("/bin/true")
        os.rename(task.folder, task.folder + "-away")
        line = task.launch()
        self.assertIn("cannot open the task's folder", line)
        self.assertEqual(task.launch_code, 1)

    def test_an_attempt_runs_once(self):
        task = self.sh("echo once")
        task.run()
        self.assertIn("was started before (its folder holds exit)", task.launch())
        self.assertEqual(task.log(), b"once\n")

    def test_one_shim_per_folder(self):
        task = self.sh("echo up; " + FOREVER).start()
        task.written("up")
        self.assertIn("has a supervisor already", task.launch())
        task.control().ask("kill")
        self.check(task.ended(), end="stopped")

    def test_stale_socket(self):
        task = self.task("/bin/true")
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            s.bind(task.path("ctl.sock"))
        self.check(task.run(), end="exit", code=0)

    def test_long_path(self):
        folder = os.path.join(self.root, *["d" * 60] * 4)
        task = Task(self, text="echo up; " + FOREVER, folder=folder).start()
        self.assertGreater(len(task.path("ctl.sock")), 200)
        task.control().ask("kill")
        self.check(task.ended(), end="stopped")

    def test_for_a_person(self):
        done = subprocess.run([SHIM, self.root], stderr=subprocess.PIPE, text=True)
        self.assertEqual((done.returncode, done.stderr),
                         (1, "mltop-shim: the task's folder has no file spec\n"))
        done = subprocess.run([SHIM, self.root, "--ready-fd", "x"], stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("usage: mltop-shim FOLDER", done.stderr)
