"""The control socket, what a task inherits, and what a shim holds."""
import os
import resource

from shim_kit import SANITIZED, Case, encode, until

FOREVER = "while :; do sleep 1; done"


class Protocol(Case):
    def up(self, text="echo up; " + FOREVER, wanted="up", **keys):
        task = self.sh(text, **keys).start()
        task.written(wanted)
        return task, task.control()

    def test_hello_and_stat(self):
        task, control = self.up("x=$(head -c 2000000 /dev/zero | tr '\\0' x); echo up; sleep 1000")
        pid = task.pid()
        got = control.ask("hello")
        self.check(got, version=1, type="state", state="running", stopping=0, log_end=3, log_lost=0,
                   shim_pid=pid["shim_pid"], child_pid=pid["child_pid"], memory=0)
        got = control.ask("stat")
        self.check(got, type="state", state="running")
        self.assertGreaterEqual(int(got["processes"]), 1)
        self.assertGreater(int(got["memory"]), 1_500_000)
        self.assertGreaterEqual(int(got["memory_peak"]), int(got["memory"]))
        task2, control = self.up("i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; echo up; sleep 1000")
        self.assertGreater(int(control.ask("stat")["cpu_ms"]), 20)

    def held(self, *argv):
        """A task that is not yet its program: it joins a control group that nobody reads from."""
        fifo = os.path.join(self.root, "cgroup")
        os.mkfifo(fifo)
        control = self.task(*argv, extra=[("cgroup", fifo)]).start().control()
        control.send("hello")
        self.check(control.ask("subscribe"), type="ok")
        reader = os.open(fifo, os.O_RDONLY)
        self.addCleanup(os.close, reader)
        return control

    def test_hello_is_answered_when_the_program_runs(self):
        self.check(self.held("/bin/sleep", "1000").next(), type="state", state="running")

    def test_hello_of_a_program_that_cannot_run(self):
        script = os.path.join(self.root, "script")
        with open(script, "w", opener=lambda path, flags: os.open(path, flags, 0o700)) as f:
            f.write("#!/no/such/interpreter\n")
        self.check(self.held(script).next(), type="exit")

    def test_events(self):
        task = self.sh("while read line; do echo $line; done <go", work_dir=self.root)
        gate = self.gate()
        task.start()
        control = task.control()
        self.check(control.ask("subscribe"), type="ok")
        gate.say("a")
        self.check(control.next(), type="log", log_end=2)
        for _ in range(3):
            gate.say("b")
        until(lambda: task.log() == b"a\nb\nb\nb\n", "all lines")
        # Not acked: no second event, but its sum after the ack.
        control.send("hello")
        self.check(control.next(), type="state", log_end=8)
        control.send("ack")
        self.check(control.next(), type="log", log_end=8)
        control.send("ack")
        control.send("hello")
        self.check(control.next(), type="state")
        until(lambda: "go" in os.readlink(f"/proc/{task.pid()['child_pid']}/fd/0"), "reader")
        gate.close()
        self.check(control.next(), type="exit", log_end=8)
        self.assertTrue(os.path.exists(task.path("exit")), "the record comes before the event")
        self.assertIsNone(control.next())

    def test_subscribe_tells_what_is_there(self):
        _, control = self.up()
        self.check(control.ask("subscribe"), type="ok")
        self.check(control.next(), type="log", log_end=3)

    def test_unknown_and_damaged(self):
        task, control = self.up()
        got = control.ask("dance", step=1)
        self.check(got, type="error")
        self.assertIn('does not know "dance"', got["text"])
        control.s.send(encode([("version", 99), ("type", "hello"), ("new", "key")]))
        self.check(control.next(), type="state", version=1)
        for damaged in (b"rubbish", b"version=1\0type=stop\0grace_ms=-5\0", b"version=1\0",
                        b"\0", b"=\0", b"version=1\0type=hello\0" * 200):
            other = task.control()
            other.s.send(damaged)
            self.assertIsNone(other.next(), damaged)
            other.close()
        self.check(control.ask("hello"), type="state", stopping=0)

    def test_four_clients(self):
        task, control = self.up()
        others = [task.control() for _ in range(3)]
        for other in others:
            self.check(other.ask("hello"), type="state")
        fifth = task.control()
        got = fifth.next()
        self.check(got, type="error")
        self.assertIn("as many connections as it takes", got["text"])
        self.assertIsNone(fifth.next())
        others[0].close()
        again = until(lambda: self.try_hello(task), "a free place")
        self.assertEqual(again["type"], "state")

    def try_hello(self, task):
        control = task.control()
        try:
            got = control.ask("hello")
        except (BrokenPipeError, ConnectionResetError):
            return None
        finally:
            control.close()
        return got if got and got["type"] == "state" else None

    def test_client_that_never_reads(self):
        """It costs the task nothing, and is dropped when its answers pile up."""
        task, control = self.up()
        control.ask("subscribe")
        control.s.setblocking(False)
        try:
            for _ in range(100000):
                control.send("hello")
        except (BlockingIOError, BrokenPipeError, ConnectionResetError):
            pass
        self.check(task.control().ask("hello"), type="state")

    def test_socket_is_private(self):
        task, _ = self.up()
        self.assertEqual(os.stat(task.path("ctl.sock")).st_mode & 0o777, 0o600)


class Inherited(Case):
    def test_environment_and_arguments_are_exact(self):
        task = self.task("/usr/bin/env", "-0", env=("SPACE=a b", "EMPTY=", "LINE=a\nb", "MLTOP_TASK=x"))
        task.start(environ={"FROM_THE_DAEMON": "1", "MLTOP_SHIM_CRASH": "nowhere"}).ended()
        self.assertEqual(task.log().decode().split("\0")[:-1],
                         ["MLTOP_TASK=" + task.marker, "PATH=/usr/bin:/bin", "SPACE=a b", "EMPTY=",
                          "LINE=a\nb"])
        task = self.task("/usr/bin/printf", "<%s>", "a b", "", "$HOME;*", "\xff\n")
        task.run()
        self.assertEqual(task.log().decode(), "<a b><><$HOME;*><\xff\n>")

    def test_only_three_files(self):
        r, w = os.pipe()
        os.set_inheritable(w, True)
        task = self.task("/usr/bin/python3", "-c", """if 1:
            import os
            held = sorted(int(n) for n in os.listdir('/proc/self/fd'))
            print([n for n in held if os.path.exists('/proc/self/fd/%d' % n)])
            print(os.readlink('/proc/self/fd/0'), os.read(0, 1))""").start(pass_fds=(w,))
        os.close(w)
        task.ended()
        self.assertEqual(task.log(), b"[0, 1, 2]\n/dev/null b''\n")
        os.close(r)

    def test_shim_holds_nothing_of_the_daemon(self):
        r, w = os.pipe()
        task = self.sh("echo up; " + FOREVER).start(pass_fds=(w,))
        os.close(w)
        self.assertEqual(os.read(r, 1), b"", "the shim or the task holds the daemon's pipe")
        os.close(r)
        task.written("up")
        shim = task.pid()["shim_pid"]
        held = {os.readlink(f"/proc/{shim}/fd/{n}") for n in os.listdir(f"/proc/{shim}/fd")}
        mine = {h for h in held if not h.startswith(("socket:", "pipe:", "anon_inode:", task.folder))}
        self.assertEqual(mine, {"/dev/null"})
        self.assertEqual(os.readlink(f"/proc/{shim}/cwd"), "/")

    def test_exit_code_although_the_starter_ignored_children(self):
        """SIGCHLD that is ignored is inherited, and then the kernel keeps no exit status."""
        ignore = "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
        self.check(self.sh("exit 7").run(wrap=("/usr/bin/python3", "-c", ignore)), end="exit", code=7)

    def test_another_user_has_no_group_of_ours(self):
        if os.geteuid() != 0:
            return  # only root becomes somebody else
        task = self.task("/bin/sh", "-c", "id -u; id -G", run_uid=65534, run_gid=65533, work_dir="/")
        task.run(wrap=("/usr/bin/setpriv", "--groups", "0,4,65532"))
        self.assertEqual(task.log(), b"65534\n65533\n")

    def test_memory_is_closed_to_its_own_user(self):
        """The spec holds secrets: what a process of the same user may not read belongs to root."""
        task = self.sh("echo up; " + FOREVER)
        somebody = ()
        if os.geteuid() == 0:
            somebody = ("/usr/bin/setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")
            for path in (self.root, task.folder, task.path("spec")):
                os.chown(path, 65534, 65534)
        task.start(wrap=somebody)
        task.written("up")
        self.assertEqual(os.stat(f"/proc/{task.pid()['shim_pid']}/environ").st_uid, 0)
        task.control().ask("kill")

    def test_process_is_reset(self):
        """Signals that the daemon ignores or blocks, its umask and its core limit."""
        # Not a shell: it would clear the mask itself.
        task = self.task("/usr/bin/python3", "-uc", """if 1:
            import os, resource, signal, time
            status = dict(l.split(':\\t', 1) for l in open('/proc/self/status'))
            print(oct(os.umask(0)), resource.getrlimit(resource.RLIMIT_CORE))
            print(open('/proc/self/oom_score_adj').read().strip())
            print(status['SigBlk'].strip(), status['NoNewPrivs'].strip())
            print([s for s in (1, 2, 3, 10, 15) if int(status['SigIgn'], 16) >> s - 1 & 1])
            print('up')
            time.sleep(1000)""", umask=0o027)
        wrap = ("prlimit", "--core=4096:4096", "/usr/bin/env", "--block-signal",
                "--ignore-signal=INT,PIPE,USR1", "/usr/bin/choom", "-n", "500", "--")
        task.start(wrap=wrap, environ={"ASAN_OPTIONS": "disable_coredump=0"})
        task.written("up")
        self.assertEqual(task.log().decode().split("\n")[:4],
                         ["0o27 (4096, 4096)", "0", "0" * 16 + " 1", "[]"])
        pid = task.pid()
        self.assertEqual(os.getpgid(int(pid["child_pid"])), int(pid["child_pid"]))
        self.assertEqual(os.getsid(int(pid["child_pid"])), int(pid["shim_pid"]))
        self.assertEqual(resource.prlimit(int(pid["shim_pid"]), resource.RLIMIT_CORE), (0, 4096))

    def test_secrets_are_not_in_the_shims_view(self):
        task = self.sh("echo up; " + FOREVER, env=("TOKEN=hunter2",)).start()
        task.written("up")
        for name in ("cmdline", "environ", "comm"):
            with open(f"/proc/{task.pid()['shim_pid']}/{name}", "rb") as f:
                self.assertNotIn(b"hunter2", f.read())
        with open(f"/proc/{task.pid()['shim_pid']}/cmdline") as f:
            self.assertIn(task.folder, f.read())

    def test_other_user(self):
        if os.geteuid() != 0:
            got = self.sh("id -u", run_uid=0).run()
            self.check(got, end="start")
            self.assertIn("cannot run as user 0: Operation not permitted", got["message"])
            return
        os.chmod(self.root, 0o755)
        task = self.sh("id -u; id -G; touch /root/x 2>/dev/null || echo refused", run_uid=54321,
                       run_gid=54322, work_dir="/")
        self.check(task.run(), end="exit", code=0)
        self.assertEqual(task.log(), b"54321\n54322\nrefused\n")

    def test_control_groups_are_joined_first(self):
        """The process itself is written (0 means the writer) to each file before it is replaced."""
        files = [os.path.join(self.root, n) for n in ("one", "two")]
        for name in files:
            open(name, "w").close()
        task = self.task("/bin/cat", *files, extra=[("cgroup", n) for n in files])
        self.check(task.run(), end="exit", code=0)
        self.assertEqual(task.log(), b"00")


class Quiet(Case):
    def test_nothing_wakes_an_idle_shim(self):
        task = self.sh("echo up; sleep 1; echo down; sleep 1000").start()
        task.written("up")
        shim = task.pid()["shim_pid"]
        before = self.switches(shim)
        task.written("down")
        self.assertLessEqual(self.switches(shim) - before, 3)

    def switches(self, pid):
        """How often it went to sleep; that others took the processor from it is not its doing."""
        with open(f"/proc/{pid}/status") as f:
            return sum(int(line.split()[1]) for line in f if line.startswith("voluntary_ctxt"))

    def test_small(self):
        task = self.sh("head -c 3000000 /dev/zero; echo up; sleep 1000", memory_limit=1 << 30).start()
        task.written("up")
        with open(f"/proc/{task.pid()['shim_pid']}/smaps_rollup") as f:
            sizes = dict(line.split()[:2] for line in f.readlines()[1:])
        self.assertLess(int(sizes["Private_Dirty:"]), 16384 if SANITIZED else 1024, "KB of its own")
