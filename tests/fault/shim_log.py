"""The log: every byte, in segments, whatever the disk does."""
import os
import subprocess
import time

from shim_kit import Case, digest, until

PYTHON = "/usr/bin/python3"


class Log(Case):
    def joined(self, task):
        """The segments follow each other without hole or overlap; returns the bytes."""
        end = 0
        for first, data in task.pieces():
            self.assertEqual(first, end)
            self.assertGreater(len(data), 0)
            end += len(data)
        self.check(task.record("exit"), log_bytes=end, log_lost=0)
        return task.log()

    def covered(self, task):
        """Segments and gap records cover each offset exactly once; returns the bytes in gaps."""
        spans = [(first, len(data)) for first, data in task.pieces()]
        spans += [(at, lost) for at, lost, _ in task.gaps()]
        end = 0
        for first, length in sorted(spans):
            self.assertEqual(first, end, f"spans of {task.folder}: {sorted(spans)}")
            end += length
        self.check(task.record("exit"), log_bytes=end)
        return sum(lost for _, lost, _ in task.gaps())

    def test_both_outputs_in_order(self):
        task = self.sh("echo one; echo two >&2; echo three")
        task.run()
        self.assertEqual(task.log(), b"one\ntwo\nthree\n")

    def test_no_output_no_files(self):
        task = self.sh("true")
        task.run()
        self.assertEqual(os.listdir(task.path("log")), [])

    def test_20_mb_of_any_bytes(self):
        source = os.path.join(self.root, "source")
        data = os.urandom(20_000_000)
        with open(source, "wb") as f:
            f.write(data)
        task = self.task("/bin/cat", source, segment_size=1 << 20)
        task.run()
        self.assertEqual(digest(self.joined(task)), digest(data))
        self.assertGreaterEqual(len(task.segments()), 18)

    def test_cut_at_line_ends(self):
        task = self.sh("seq 1 60000", segment_size=16384)
        task.run()
        self.assertEqual(self.joined(task), b"".join(b"%d\n" % i for i in range(1, 60001)))
        sizes = []
        for _, data in task.pieces():
            self.assertEqual(data[-1:], b"\n")
            sizes.append(len(data))
        self.assertLess(max(sizes), 16384 + 6)  # a line that began in it may end a little behind
        self.assertGreater(min(sizes[:-1]), 16384 - 10)

    def test_cut_at_line_ends_when_written_in_pieces(self):
        """A line that began in a segment and passes its end stays whole in it."""
        task = self.task(PYTHON, "-uc", """if 1:
            import os
            for i in range(40):
                for j in range(10):
                    os.write(1, b'%d' % (i % 10) * 300)
                os.write(1, b'\\n')""", segment_size=4096)
        task.run()
        text = self.joined(task)
        self.assertEqual(text, b"".join(b"%d" % (i % 10) * 3000 + b"\n" for i in range(40)))
        for _, data in task.pieces():
            self.assertEqual(data[-1:], b"\n")
            self.assertLessEqual(len(data), 8192)

    def test_long_line_is_cut_by_force(self):
        task = self.sh("head -c 100000 /dev/zero; echo; echo after", segment_size=8192)
        task.run()
        self.assertEqual(self.joined(task), bytes(100000) + b"\nafter\n")
        sizes = [len(data) for _, data in task.pieces()]
        self.assertLessEqual(max(sizes), 2 * 8192)
        self.assertGreaterEqual(min(sizes[:-1]), 8192)

    def test_index(self):
        task = self.sh("head -c 1000000 /dev/zero; sleep 0.1; echo a; sleep 1.1; echo end")
        got = task.run()
        entries = task.entries("index", "<QQ")
        self.assertEqual(entries[0][1], 0)
        self.assertEqual(entries, sorted(entries))
        self.assertEqual(entries[-1][1], 1000002)
        self.assertGreaterEqual(entries[-1][0] - entries[-2][0], 1000)
        self.assertGreaterEqual(len(entries), 4)
        self.assertTrue(all(int(got["start_ms"]) <= t <= int(got["end_ms"]) for t, _ in entries))

    def test_limit_drops_the_oldest(self):
        task = self.sh("seq 1 200000", segment_size=1 << 20, log_limit=65536)
        got = task.run()
        lost = self.covered(task)
        text = b"".join(b"%d\n" % i for i in range(1, 200001))
        self.assertEqual(task.log(), text[-len(task.log()):])
        self.check(got, log_bytes=len(text), log_lost=0)
        self.assertLessEqual(len(task.log()), 65536)
        self.assertGreater(len(task.log()), 65536 // 2)
        self.assertEqual(lost, len(text) - len(task.log()))

    def test_full_disk_never_stops_the_task(self):
        """A file size limit stands for the disk: it works for anybody, on any file system."""
        task = self.sh("head -c 3000000 /dev/zero; sleep 0.2; echo; echo end", segment_size=1 << 20)
        got = task.start(wrap=("prlimit", "--fsize=200000")).ended()
        self.check(got, end="exit", code=0, log_bytes=3000005)
        lost = self.covered(task)
        self.check(got, log_lost=lost)
        self.assertGreater(lost, 1000000)
        self.assertTrue(task.log().endswith(b"\nend\n"))

    def test_space_that_returns(self):
        """A small tmpfs under log/ fills up and is then made larger."""
        task = self.sh("head -c 1000000 /dev/zero | tr '\\0' x; echo; echo full; read go <go; "
                       "echo space; read go <go; echo end", segment_size=65536, work_dir=self.root)
        gate = self.gate()
        os.mkdir(task.path("log"))
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", task.path("log")],
                                 stderr=subprocess.PIPE, text=True)
        if mounted.returncode != 0:
            self.skipTest(f"may not mount a tmpfs: {mounted.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", task.path("log")])
        task.start()
        control = task.control()
        until(lambda: int(control.ask("hello")["log_end"]) == 1000006, "drained pipe")
        self.assertGreater(int(control.ask("hello")["log_lost"]), 700000)
        subprocess.run(["mount", "-o", "remount,size=8m", task.path("log")], check=True)
        time.sleep(0.15)  # the shim tries a full disk every 100 ms: this wait is the thing tested
        for wanted in ("space", "end"):
            gate.say("go")
            task.written(wanted)
            until(lambda: len(task.gaps()) == 1, "the record of the gap")
        got = task.ended()
        self.check(got, end="exit", code=0, log_lost=self.covered(task))
        self.assertTrue(task.log().endswith(b"space\nend\n"))
        self.assertEqual(len(task.gaps()), 1)
        self.assertLessEqual(abs(task.gaps()[0][2] - int(got["start_ms"])), 5000)

    def small_disk(self, folder, size):
        """A tmpfs of that size."""
        os.makedirs(folder, exist_ok=True)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder],
                                 stderr=subprocess.PIPE, text=True)
        if mounted.returncode != 0:
            self.skipTest(f"may not mount a tmpfs: {mounted.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", folder])

    def free(self, folder):
        disk = os.statvfs(folder)
        return disk.f_bavail * disk.f_frsize

    def test_space_that_is_left_for_others(self):
        """A log stops short of the end of its disk, says so, and goes on when there is more again."""
        task = self.sh("head -c 6000000 /dev/zero | tr '\\0' x; echo; echo full; read go <go; "
                       "echo space; read go <go; echo end", log_reserve=3 << 20, segment_size=1 << 20)
        gate = self.gate()
        self.small_disk(task.path("log"), "6m")
        task.start()
        control = task.control()
        until(lambda: int(control.ask("hello")["log_end"]) == 6000006, "drained pipe")
        self.assertGreater(int(control.ask("hello")["log_lost"]), 2000000)
        self.assertGreaterEqual(self.free(task.path("log")), 3 << 20)
        self.assertGreater(len(task.log()), 2000000)
        subprocess.run(["mount", "-o", "remount,size=7m", task.path("log")], check=True)
        time.sleep(0.15)  # the shim tries every 100 ms: this wait is the thing tested
        for wanted in ("space", "end"):
            gate.say("go")
            task.written(wanted)
        got = task.ended()
        self.check(got, end="exit", code=0, log_bytes=6000016, log_lost=self.covered(task))
        self.assertTrue(task.log().endswith(b"space\nend\n"))
        self.assertEqual(len(task.gaps()), 1)

    def test_space_at_the_border(self):
        """Just over the border there is no going on: it would stop again at the next line."""
        task = self.sh("head -c 6000000 /dev/zero | tr '\\0' x; echo; read go <go; echo lost; read go <go; echo end",
                       log_reserve=3 << 20, segment_size=1 << 20)
        gate = self.gate()
        self.small_disk(task.path("log"), "6m")
        task.start()
        control = task.control()
        until(lambda: int(control.ask("hello")["log_end"]) == 6000001, "drained pipe")
        more = (3 << 20) - self.free(task.path("log")) + (200 << 10)
        subprocess.run(["mount", "-o", f"remount,size={(6 << 20) + max(more, 0)}", task.path("log")], check=True)
        time.sleep(0.15)
        gate.say("go")
        until(lambda: int(control.ask("hello")["log_end"]) == 6000006, "the line")
        gate.say("go")
        self.check(task.ended(), log_bytes=6000010, log_lost=self.covered(task))
        self.assertFalse(task.log().endswith(b"end\n"))

    def test_exit_record_on_a_full_disk(self):
        """Its room was taken ahead: how the task ended is known although nothing more can be written."""
        folder = os.path.join(self.root, "small")
        self.small_disk(folder, "96k")
        task = self.sh("cat /dev/zero >fill; echo lost; exit 42", folder=folder + "/task", work_dir=folder)
        self.check(task.run(), end="exit", code=42)
        self.assertEqual(self.free(folder), 0)

    def test_exit_record_waits_for_space(self):
        """On a disk that had no room even for that, the exit code comes when there is some."""
        folder = os.path.join(self.root, "small")
        self.small_disk(folder, "64k")
        task = self.sh("head -c 200000 /dev/zero; exit 42", folder=folder + "/task")
        with open(folder + "/fill", "wb") as f:
            f.write(b"x" * (self.free(folder) - 4096))  # a page is left for the pid
        task.start()
        control = task.control()
        until(lambda: control.ask("hello")["state"] == "clearing", "end of the task")
        self.assertFalse(os.path.exists(task.path("exit")))
        subprocess.run(["mount", "-o", "remount,size=8m", folder], check=True)
        self.check(task.ended(), end="exit", code=42, log_bytes=200000)

    def test_planted_files_are_not_written_through(self):
        """The task may own its folder, the shim may be root."""
        victim = os.path.join(self.root, "victim")
        with open(victim, "w") as f:
            f.write("precious")
        task = self.sh("cd $TASK; for n in index gaps 00000000000000000000; do "
                       "ln -s ../../victim log/$n; done; ln -sf ../victim exit.tmp; echo text",
                       env=(f"TASK={self.root}/planted",), folder=os.path.join(self.root, "planted"))
        got = task.run()
        self.check(got, end="exit", code=0, log_bytes=5, log_lost=5)
        with open(victim) as f:
            self.assertEqual(f.read(), "precious")
