"""The command line against a private platform: every verb, its output and its exit code."""
import csv
import io
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import BUILD, LIMIT, MLTOP, ROOT, Case, main, until  # noqa: E402


class Run(Case):
    def test_exit_code_is_the_jobs(self):
        self.assertEqual(self.p.mltop("run", "--", "sh", "-c", "exit 7").code, 7)
        self.assertEqual(self.p.mltop("run", "--", "true").code, 0)

    def test_signal_is_128_and_more(self):
        self.assertEqual(self.p.mltop("run", "--", "sh", "-c", "kill -USR1 $$").code, 128 + signal.SIGUSR1)

    def test_output_is_byte_for_byte(self):
        made = "import sys; sys.stdout.buffer.write(bytes(range(256)) * 1000)"
        r = self.p.mltop("run", "--", "/usr/bin/python3", "-c", made, binary=True)
        self.assertEqual(r.code, 0, r.err)
        self.assertEqual(r.out, bytes(range(256)) * 1000)

    def test_runs_in_place_with_the_callers_environment(self):
        folder = self.p.folder + "/here"
        os.makedirs(folder, exist_ok=True)
        r = self.p.mltop("run", "--env", "MINE=a b", "--env", "TAKEN", "--", "sh", "-c",
                         'pwd; echo "$MINE/$TAKEN/$VIRTUAL_ENV"; umask', cwd=folder,
                         env={"TAKEN": "here", "VIRTUAL_ENV": "/venv"})
        self.assertEqual(r.out.splitlines()[:2], [folder, "a b/here//venv"])
        mask = os.umask(0o22)
        os.umask(mask)
        self.assertEqual(int(r.out.splitlines()[2], 8), mask)

    def test_labels(self):
        self.ok("run", "--name", "told-apart", "-l", "team=vision", "--label=try=2", "--", "true")
        self.assertEqual(self.p.job("told-apart")["labels"], {"team": "vision", "try": "2"})
        self.assertEqual(self.ok("jobs", "list", "-o", "name", "--filter", "team=vision").out, "told-apart\n")

    def test_detach_and_follow(self):
        name = self.ok("run", "--detach", "--name", "later", "--", "sh", "-c", "echo one; echo two").out.strip()
        self.assertEqual(name, "later")
        self.assertEqual(self.ok("logs", "-f", name).out, "one\ntwo\n")
        self.assertEqual(self.ok("logs", name).out, "one\ntwo\n")

    def test_name_that_is_taken(self):
        self.ok("run", "--detach", "--name", "twice", "--", "true")
        self.refused(125, "twice", "run", "--name", "twice", "--", "true")

    def test_replace(self):
        """A job that runs is stopped first; a name that is free is no matter."""
        first = ["run", "--detach", "--name", "edited", "--replace", "--", "sh", "-c"]
        self.ok(*first, "sleep 1000")
        self.p.running("edited")
        uid = self.p.job("edited")["uid"]
        self.refused(125, "--replace stops and deletes it first", "run", "--name", "edited", "--", "true")
        self.ok(*first, "echo second")
        self.assertEqual(self.ok("logs", "-f", "edited").out, "second\n")
        self.assertNotEqual(self.p.job("edited")["uid"], uid)
        self.refused(2, "--replace needs --name", "run", "--replace", "--", "true")

    def test_command_that_does_not_exist(self):
        """As a shell has it: 127, and 126 for what is there and cannot be executed."""
        r = self.p.mltop("run", "--name", "nowhere", "--", "no-such-program-here")
        self.assertEqual(r.code, 127, r.err)
        job = self.p.ended("nowhere")
        self.assertIn("no-such-program-here", job["message"])
        self.assertEqual(self.p.mltop("run", "--", self.p.folder + "/absent").code, 127)
        with open(self.p.folder + "/plain", "w") as f:
            f.write("true\n")
        self.assertEqual(self.p.mltop("run", "--", self.p.folder + "/plain").code, 126)
        self.assertEqual(self.p.mltop("run", "--", "sh", "-c", "no-such-program-here").code, 127)

    def test_input_that_the_job_does_not_get(self):
        r = self.p.mltop("run", "--", "cat", stdin="data\n")
        self.assertEqual((r.code, r.out), (0, ""))
        self.assertEqual(len(r.err.splitlines()), 1, r.err)
        self.assertIn("standard input is not given to it", r.err)
        self.assertEqual(self.p.mltop("run", "--", "cat", stdin="").err, "")

    def test_why_it_waits(self):
        """With the sentence of the platform, also where nobody sits at a terminal."""
        fill = [self.p.shell("sleep 1000", "-c", "0.01", "--name", f"fills-{i}") for i in range(os.cpu_count())]
        for name in fill:
            self.p.running(name)
        waiting = self.p.start("run", "-c", "0.01", "--name", "waits", "--", "echo", "went")
        self.assertRegex(waiting.stderr.readline(), r"^mltop: job waits waits: .*\b(task|run)")
        self.ok("cancel", "-y", *fill)
        out, err = waiting.communicate(timeout=LIMIT)
        self.assertEqual((waiting.returncode, out), (0, "went\n"), err)

    def test_cancelled_by_another(self):
        r = self.p.start("run", "--name", "stopped", "--", "sleep", "1000")
        until(lambda: self.p.mltop("jobs", "describe", "stopped").code == 0, "the job")
        self.p.running("stopped")
        self.ok("cancel", "-y", "stopped")
        out, err = r.communicate(timeout=60)
        self.assertEqual(r.returncode, 143, err)
        job = self.p.ended("stopped")
        self.assertEqual((job["state"], job["reason"]), ("failed", "Cancelled"))

    def test_interrupt_without_a_terminal_detaches(self):
        r = self.p.start("run", "--name", "left", "--", "sh", "-c", "echo up; sleep 1000")
        self.assertEqual(r.stdout.readline(), "up\n")
        r.send_signal(signal.SIGINT)
        out, err = r.communicate(timeout=60)
        self.assertEqual(r.returncode, 0, err)
        self.assertIn("left goes on", err)
        self.assertEqual(self.p.job("left")["state"], "running")
        self.ok("cancel", "-y", "left")

    def test_nothing_to_run(self):
        self.refused(2, "no command", "run")


class Verbs(Case):
    NOUNS = ("jobs", "quotas", "events", "frameworks", "packages", "nodes", "gpus", "orgs", "keys", "audit", "platform", "context")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name, command in (("alpha", "true"), ("beta", "exit 3"), ("gamma", "true")):
            cls.p.mltop("run", "--name", name, "--env", "SECRET=hunter2", "--", "sh", "-c", command)

    def test_list(self):
        r = self.ok("jobs", "list", "--sort", "job_name")
        lines = r.out.splitlines()
        self.assertTrue(lines[0].startswith("NAME "), lines[0])
        self.assertEqual([line.split()[0] for line in lines[1:]], ["alpha", "beta", "gamma"])
        self.assertEqual(self.ok("jobs", "list", "--sort", "-job_name", "-o", "name").out, "gamma\nbeta\nalpha\n")

    def test_list_json_csv_yaml(self):
        rows = self.ok("jobs", "list", "--json").json["data"]
        self.assertEqual(sorted(r["job_name"] for r in rows), ["alpha", "beta", "gamma"])
        self.assertNotIn("hunter2", self.ok("jobs", "list", "--json").out)
        table = list(csv.DictReader(io.StringIO(self.ok("jobs", "list", "-o", "csv").out)))
        self.assertEqual(sorted(r["job_name"] for r in table), ["alpha", "beta", "gamma"])
        self.assertIn('job_name: "beta"', self.ok("jobs", "list", "-o", "yaml").out)

    def test_csv_is_read_by_line_and_by_field(self):
        """A CR at the end of lines would stick to the last column of awk, cut and read."""
        r = self.p.mltop("jobs", "list", "-o", "csv", "--columns", "job_name,exit_code", "--sort", "job_name", binary=True)
        self.assertEqual(r.out, b"job_name,exit_code\nalpha,0\nbeta,3\ngamma,0\n")

    def test_modes_are_octal(self):
        """As they are typed, in a flag and in a file; on the wire a number, as ever."""
        path = self.p.folder + "/mode.yaml"
        with open(path, "w") as f:
            f.write("job_name: masked\numask: 022\ncommand: [umask]\n")
        for more, mask in ([], "0022"), (["--umask", "27"], "0027"):
            with self.subTest(mask=mask):
                self.ok("jobs", "submit", path, *more, "--command", "sh -c umask")
                self.assertEqual(self.ok("logs", "-f", "masked").out, mask + "\n")
                self.assertRegex(self.ok("jobs", "describe", "masked").out, rf"umask +{mask}\n")
                self.assertEqual(self.ok("jobs", "describe", "masked", "--json").json["umask"], int(mask, 8))
                self.ok("jobs", "delete", "-y", "masked")
        self.refused(1, "octal digits, such as 022", "jobs", "submit", path, "--umask", "8")
        self.refused(1, "0000 to 0777", "jobs", "submit", path, "--umask", "1777")

    def test_yaml_keys_that_are_not_ours(self):
        """Labels are a person's words: they end no line, act on no terminal and are no number or truth."""
        self.ok("jobs", "submit", "--job-name", "labelled", "--command", "true", "-l", "a: b=x", "-l", "no=1")
        self.assertIn('\nlabels:\n  "a: b": "x"\n  "no": "1"\n', self.ok("jobs", "describe", "labelled", "-o", "yaml").out)
        self.ok("jobs", "delete", "-y", "labelled")

    def test_filter(self):
        self.assertEqual(self.ok("jobs", "list", "--filter", "state=failed", "-o", "name").out, "beta\n")
        self.refused(1, "column 1", "jobs", "list", "--filter", "stat=1")
        self.refused(1, "column 1", "jobs", "list", "--filter", "nonsense>1")
        r = self.p.mltop("jobs", "list", "--filter", "nonsense=1", "-o", "name")
        self.assertEqual((r.code, r.out), (0, ""))
        self.assertIn("nonsense is no field of a job, so it was looked for as a label", r.err)

    def test_labels_are_fields_of_filters(self):
        for name, team in (("red-1", "red"), ("blue-1", "blue"), ("blue-2", "blue")):
            self.ok("jobs", "submit", "--job-name", name, "--command", "true", "-l", f"team={team}")
        for text, names in (("team=blue", ["blue-1", "blue-2"]), ("team!=blue", ["red-1"]), ("team~=^r", ["red-1"]),
                            ("team=red|blue !job_name~=2", ["blue-1", "red-1"]), ("!team=blue job_name~=^(red|blue)-", ["red-1"])):
            self.assertEqual(self.ok("jobs", "list", "--sort", "name", "-o", "name", "--filter", text).out.split(), names, text)
        self.ok("jobs", "delete", "-y", "--filter", "team~=.")

    def test_columns(self):
        r = self.ok("jobs", "list", "--columns", "job_name,exit_code", "--sort", "job_name", "--no-headers")
        self.assertEqual([line.split() for line in r.out.splitlines()], [["alpha", "0"], ["beta", "3"], ["gamma", "0"]])
        self.refused(1, "job_nam", "jobs", "list", "--columns", "job_nam")

    def test_describe(self):
        r = self.ok("jobs", "describe", "beta")
        self.assertRegex(r.out, r"reason +ExitCode")
        self.assertNotIn("hunter2", r.out)
        self.refused(5, "nothere", "jobs", "describe", "nothere")

    def test_events(self):
        r = self.ok("jobs", "events", "alpha", "--json")
        reasons = [e["reason"] for e in r.json["data"]]
        self.assertTrue(reasons)
        self.assertTrue(all(e["object_name"] == "alpha" for e in r.json["data"]))

    def test_watch_ends_with_its_reader(self):
        """Also where only one object's events are watched."""
        for name, words in (("seen-1", ["jobs", "list"]), ("seen-2", ["jobs", "events", "seen-2"])):
            self.p.mltop("run", "--name", name, "--", "true")
            watching = self.p.start(*words, "--watch", "-o", "name")
            watching.stdout.readline()
            watching.stdout.close()
            self.ok("jobs", "retry", name)
            self.assertEqual((watching.wait(60), watching.stderr.read()), (141, ""))
            watching.stderr.close()

    def test_a_reader_that_had_enough(self):
        """`| head` is no error to speak of; a full disk is."""
        self.p.mltop("run", "--name", "long", "--", "seq", "100000")
        for words in (["logs", "long"], ["logs", "-f", "long"], ["jobs", "describe", "long"]):
            reading, writing = os.pipe()
            os.close(reading)
            r = subprocess.run([MLTOP, *words], env=self.p.env, stdin=subprocess.DEVNULL, stdout=writing,
                               stderr=subprocess.PIPE, text=True, timeout=LIMIT)
            os.close(writing)
            self.assertEqual((r.returncode, r.stderr), (141, ""), words)
            with open("/dev/full", "w") as full:
                r = subprocess.run([MLTOP, *words], env=self.p.env, stdin=subprocess.DEVNULL, stdout=full,
                                   stderr=subprocess.PIPE, text=True, timeout=LIMIT)
            self.assertEqual((r.returncode, r.stderr),
                             (1, "mltop: standard output: could not be written\n"), words)
        self.ok("jobs", "delete", "-y", "long")

    def test_quotas_and_frameworks(self):
        self.assertEqual(len(self.ok("quotas", "list", "--json").json["data"]), 1)
        self.ok("quotas", "list")
        self.ok("events", "list")

    def test_retry_and_delete(self):
        self.ok("run", "--name", "again", "--", "sh", "-c", "echo $MLTOP_ATTEMPT")
        self.ok("jobs", "retry", "again")
        until(lambda: self.p.job("again").get("attempt") == 2 and self.p.job("again")["state"] == "completed",
              "the second attempt")
        self.assertEqual(self.ok("logs", "again", "--attempt", "1").out, "1\n")
        self.assertEqual(self.ok("logs", "again").out, "2\n")
        self.ok("jobs", "delete", "-y", "again")
        until(lambda: self.p.mltop("jobs", "describe", "again").code == 5, "the job to be gone")

    def test_nobody_is_there_to_be_asked(self):
        """A script that cancels or deletes says that it means it."""
        self.ok("run", "--detach", "--name", "spared", "--", "sleep", "1000")
        for words in (["cancel"], ["jobs", "cancel"], ["jobs", "delete"]):
            self.refused(2, "give -y to", *words, "spared")
        self.assertIn(self.p.state("spared"), ("enqueued", "creating", "running"))
        self.ok("jobs", "delete", "-y", "spared")

    def test_every_kind_has_its_verbs(self):
        """From the kinds' rows: what the help lists of one can be asked of it, and its verbs are the kind's."""
        text = self.ok("help").out
        for kind in ("jobs", "quotas", "events", "frameworks", "orgs", "keys", "audit"):
            self.assertIn(f"mltop {kind} list ", text)
            self.assertGreaterEqual(len(self.ok(kind, "list", "--json").json["data"]), 1, kind)
            self.assertIn("Fields of", self.ok("help", "fields", kind).out)
            for flag in ("--columns", "--sort", "--filter"):
                self.assertEqual(self.ok(kind, "list", flag, "help").out, self.ok("help", "fields", kind).out)
        for kind, uid in (("quotas", "org_id"), ("orgs", "org_id"), ("keys", "access_key")):
            name = self.ok(kind, "list", "--json").json["data"][0][uid]
            self.assertEqual(self.ok(kind, "describe", name, "--json").json[uid], name)
            self.ok(kind, "events", name)
        self.assertEqual([t["attempt"] for t in self.ok("jobs", "tasks", "beta", "--json").json["data"]], [1])
        self.assertEqual(self.ok("orgs", "create", "made-here", "--description", "for a test").out, "made-here\n")
        self.assertIn("secret_key", self.ok("keys", "create", "made-here", "viewer", "mine").out)
        self.assertEqual(self.ok("audit", "list", "--filter", "action=org.create detail=made-here", "--columns",
                                 "action,detail", "-o", "csv").out, "action,detail\norg.create,made-here\n")
        key = self.ok("keys", "list", "--filter", "name=mine", "--json").json["data"][0]["access_key"]
        self.ok("quotas", "edit", "made-here", "train_gpu_quota=2")
        for noun, name, reason in (("orgs", "made-here", "Created"), ("keys", key, "Created"),
                                   ("quotas", "made-here", "Changed")):
            self.assertEqual(self.ok(noun, "events", name, "--columns", "reason", "-o", "csv").out, f"reason\n{reason}\n")
        self.refused(5, "there is no key nobody", "keys", "describe", "nobody")

    def test_quotas_by_their_short_names(self):
        """`gpu` in a table is what is used; who sets it means what may be."""
        org = self.ok("quotas", "list", "-o", "name").out.strip()
        self.ok("quotas", "set", org, "gpu=3", "MEM=4G")
        self.assertRegex(self.ok("quotas", "list", "--no-headers").out, r"^\S+ +0 +3 .* 4G ")
        self.ok("quotas", "set", org, "gpu_max=inf", "mem=none")
        self.assertRegex(self.ok("quotas", "list", "--no-headers").out, r"^\S+ +0 +inf .* inf ")
        self.refused(1, "records_bytes_used is set by the platform", "quotas", "set", org, "records_bytes_used=1")
        self.refused(1, "did you mean total_gpu_quota", "quotas", "set", org, "total_gpu_quot=1")

    def test_what_if(self):
        """What it would lead to, for people and as JSON; nothing is done."""
        asked = ("jobs", "submit", "--job-name", "asked", "--command", "true", "--what-if")
        out = self.ok(*asked, "--cpu-limit", "0.5").out
        self.assertRegex(out, r"\A(starts now|waits)")
        self.assertRegex(out, r"(?m)^cpu +[0-9.]+/\S+ -> [0-9.]+/\S+$")
        told = self.ok(*asked, "--json").json
        self.assertEqual(set(told), {"starts_now", "behind", "reason", "message", "used", "limit", "after",
                                     "limit_after", "over"})
        self.assertEqual(set(told["used"]), {"cpu", "memory", "gpu", "count"})
        self.refused(5, "there is no job asked", "jobs", "describe", "asked")
        self.refused(1, "gpu_limit", *asked, "--gpu-limit", "1000")
        org = self.ok("quotas", "list", "-o", "name").out.strip()
        out = self.ok("quotas", "set", org, "gpu=0", "--what-if").out
        self.assertRegex(out, r"(?m)^gpu +0/inf -> 0/0$")
        self.assertIn("nobody waits for it", out)
        self.assertEqual(self.ok("quotas", "describe", org, "--json").json["total_gpu_quota"], "-1")
        self.assertIn("--what-if", self.ok("help", "quotas", "set").out)
        self.assertNotIn("--what-if", self.ok("help", "keys", "create").out)

    def test_filters_of_every_list(self):
        for kind in ("quotas", "frameworks", "keys", "orgs", "audit"):
            self.assertEqual(self.ok(kind, "list", "-o", "name", "--filter", '"no such name"').out, "", kind)
            self.assertNotEqual(self.ok(kind, "list", "-o", "name", "--filter", '!"no such name"').out, "", kind)

    def test_titles_are_names(self):
        r = self.ok("jobs", "list", "--columns", "NAME,exit,Why", "--sort", "NAME", "--filter", "EXIT=3", "-o", "csv")
        self.assertEqual(r.out, "job_name,exit_code,reason\nbeta,3,ExitCode\n")

    def test_many_at_once(self):
        """By a filter: what cannot be done to a job in its state is passed over; a pattern is no name."""
        for i in range(3):
            self.p.shell("sleep 1000", "--name", f"many-{i}", "-c", "0.01")
        self.refused(1, "--filter 'job_name~=^many-'", "jobs", "cancel", "-y", "many-*")
        self.refused(2, "nobody can be asked", "jobs", "cancel", "--filter", "job_name~=^many-")
        self.refused(2, "in place of names", "jobs", "cancel", "-y", "--filter", "job_name~=^many-", "many-1")
        self.refused(2, "NAME is missing", "jobs", "cancel", "-y")
        self.refused(5, "no job to retry", "jobs", "retry", "--filter", "job_name~=^many-")
        r = self.ok("jobs", "cancel", "-y", "--filter", "job_name~=^many-")
        self.assertEqual(sorted(r.out.splitlines()), [f"many-{i} is being cancelled" for i in range(3)])
        for i in range(3):
            self.p.ended(f"many-{i}")
        self.ok("jobs", "delete", "-y", "--filter", "job_name~=^many-")
        self.assertEqual(self.ok("jobs", "list", "-o", "name", "--filter", "job_name~=^many-").out, "")

    def test_an_empty_name_is_none(self):
        """A script's empty variable names no object, and is no reason to advise a filter that takes all."""
        for verb in ("describe", "events", "tasks", "logs", "outputs", "download", "cancel", "delete", "hold"):
            self.refused(2, "NAME is empty", "jobs", verb, "")
        self.refused(2, "NAME is empty", "jobs", "cancel", "-y", "some", "")
        self.refused(2, "NAME is empty", "logs", "")

    def test_numbers_and_times_in_every_form(self):
        """Short and exact for programs; with its whole, and by the clock on the wall, for people."""
        self.ok("run", "--name", "counts", "--", "sh", "-c", "echo 'step 30/100 loss 0.0328'")
        until(lambda: self.p.job("counts").get("loss") == 0.0328, "the loss")
        self.assertIn('"loss":0.0328,', self.ok("jobs", "describe", "counts", "--json").out)
        self.assertIn("\nloss: 0.0328\n", self.ok("jobs", "describe", "counts", "-o", "yaml").out)
        only = ["jobs", "list", "--filter", '"counts"', "--columns"]
        self.assertEqual(self.ok(*only, "loss,step", "-o", "csv").out, "loss,step\n0.0328,30\n")
        self.assertEqual(self.ok(*only, "step,loss", "--no-headers").out.split(), ["30/100", "0.0328"])
        head, row = self.ok(*only, "age,create_time", "-o", "csv").out.splitlines()
        self.assertEqual(head, "create_time,create_time")
        self.assertRegex(row, r"^20\S+Z,20\S+Z$")
        there = {"TZ": "XST-5:30"}
        self.assertRegex(self.ok(*only, "create_time", "--no-headers", env=there).out, r"^20\d\d-\S+:\d\d\+05:30\n$")
        self.assertRegex(self.ok("jobs", "describe", "counts", env=there).out, r"create_time +20\S+\+05:30\n")
        self.assertRegex(self.ok("jobs", "describe", "counts", "--json", env=there).json["create_time"], r"Z$")
        self.ok("jobs", "delete", "-y", "counts")

    def test_the_manual_has_what_the_rows_have(self):
        """`make docs` brings it up to date."""
        with open(os.path.join(ROOT, "docs/man/mltop.1")) as f:
            page = f.read()
        begin, end = '.\\" begin of `mltop help man` (make docs)\n', '.\\" end of `mltop help man`\n'
        self.assertEqual(page[page.index(begin) + len(begin):page.index(end)], self.ok("help", "man").out)

    def test_help_that_nobody_can_read(self):
        for words in ([MLTOP, "--help"], [MLTOP, "help"], [MLTOP, "jobs", "list", "--help"], [MLTOP, "help", "fields", "jobs"],
                      [MLTOP, "--version"], [os.path.join(BUILD, "mltopd"), "--help"]):
            with open("/dev/full", "w") as full:
                r = subprocess.run(words, env=self.p.env, stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE,
                                   text=True, timeout=LIMIT)
            self.assertNotEqual(r.returncode, 0, words)

    def test_contexts_of_which_none_is_chosen(self):
        config = self.p.home["XDG_CONFIG_HOME"] + "/mltop"
        os.makedirs(config, exist_ok=True)
        with open(config + "/config.yaml", "w") as f:
            f.write("contexts:\n  far: {endpoint: 'https://far:1'}\n  near: {endpoint: 'http://near'}\n")
        try:
            nothing_kept = {"XDG_STATE_HOME": self.p.folder + "/no-state"}
            r = self.p.mltop("context", "list", env=nothing_kept)
            self.assertEqual([line.split()[1] for line in r.out.splitlines()[1:]], ["no", "no", "no"])
            self.assertIn("none is in use", r.err)
            self.assertIn("choose one by `mltop context use NAME`", r.err)
            r = self.p.mltop("context", "list", env={"MLTOP_CONTEXT": "fra"})
            self.assertIn("MLTOP_CONTEXT is fra, and there is no such context", r.err)
        finally:
            os.remove(config + "/config.yaml")

    def test_contexts(self):
        """The one in use is marked, each has its endpoint, and every form of output works."""
        config = self.p.home["XDG_CONFIG_HOME"] + "/mltop"
        os.makedirs(config, exist_ok=True)
        with open(config + "/config.yaml", "w") as f:
            f.write("current: far\ncontexts:\n  far: {endpoint: 'https://far:1'}\n  near: {endpoint: 'http://near'}\n")
        try:
            self.assertEqual(self.ok("context", "list").out.splitlines()[1].split(), ["far", "yes", "https://far:1"])
            rows = self.ok("context", "list", "-o", "json").json["data"]
            self.assertEqual([(r["name"], r["current"]) for r in rows], [("far", True), ("near", False), ("local", False)])
            self.assertEqual(rows[2]["endpoint"], self.p.endpoint()["url"])
            rows = self.ok("context", "list", "--json", env={"MLTOP_CONTEXT": "near"}).json["data"]
            self.assertEqual([r["current"] for r in rows], [False, True, False])
            # who names the private platform's folder means it, whatever was chosen for every day
            here = "--state-dir=" + os.path.dirname(self.p.find("endpoint"))
            self.ok("context", "use", "far")
            self.refused(3, "far", "jobs", "list")
            self.ok("jobs", "list", here)
            self.ok("jobs", "list", here, env={"MLTOP_CONTEXT": "near"})
            rows = self.ok("context", "list", "--json", here).json["data"]
            self.assertEqual([r["current"] for r in rows], [False, False, True])
            self.ok("context", "use", "local")
            self.assertEqual(self.ok("context", "list", "-o", "csv", "--columns", "name,current").out.splitlines()[3],
                             "local,true")
        finally:
            self.ok("context", "use", "local")
            os.remove(config + "/config.yaml")

    def test_progress_outlives_the_daemon(self):
        self.ok("run", "--name", "learned", "--", "sh", "-c", "echo 'step 300 loss 0.53'")
        until(lambda: self.p.job("learned").get("loss") == 0.53, "the loss")
        self.ok("platform", "stop")
        job = self.p.job("learned")
        self.assertEqual((job["loss"], job["progress_step"]), (0.53, 300))

    def test_usage(self):
        self.refused(2, "--nope is no flag", "jobs", "list", "--nope")
        self.refused(2, "no such verb", "jobs", "frob")
        self.refused(2, "no such command", "frob")
        self.refused(2, "NAME is missing", "jobs", "describe")
        self.refused(2, "'x/../y' is no name of a job", "jobs", "describe", "x/../y")
        self.refused(2, "'a/b' is no name of an org", "orgs", "events", "a/b")
        self.refused(2, "--job-nam is no flag here: did you mean --job-name?", "jobs", "submit", "--job-nam", "x")
        self.refused(1, "did you mean job_name", "jobs", "list", "--sort", "-jobname")
        for pattern in ("*", "[a]", "?"):  # what is advised must not take every job there is
            self.refused(1, "see `mltop help filter`", "jobs", "delete", "-y", pattern)
        self.refused(2, "too many", "jobs", "describe", "a", "b")

    def test_flags_without_a_verb(self):
        """They are the dashboard's, which needs a terminal, in both ways to write a value."""
        for words in (["--endpoint=http://127.0.0.1:1"], ["--endpoint", "http://127.0.0.1:1", "--state-dir=/nowhere"]):
            self.refused(3, "the dashboard needs a terminal", *words)
        self.refused(2, "--context needs a value", "--context")
        self.refused(2, "--org: no command follows", "--org", "5")

    def test_help_of_a_verb_by_its_name(self):
        """Every verb of every kind, alone where one kind has it; a kind by its singular is its noun."""
        for noun, name in {tuple(line.split()[1:3]) for line in self.ok("help").out.splitlines()
                           if line.startswith("  mltop ") and line.split()[1] in self.NOUNS}:
            with self.subTest(verb=f"{noun} {name}"):
                self.assertIn(f"mltop {noun} {name}", self.ok("help", noun, name).out)
                alone = self.ok("help", name).out
                self.assertTrue(f"mltop {noun} {name}" in alone or name in self.NOUNS or f"mltop {name}" in alone, alone)
        self.assertIn("waits from starting", self.ok("help", "hold").out)
        self.assertIn("mltop orgs hold", self.ok("help", "hold").out)
        self.assertIn("--filter EXPR", self.ok("help", "cancel").out)
        self.assertIn("mltop quotas list", self.ok("help", "list").out)
        self.assertEqual(self.ok("help", "job").out, self.ok("help", "jobs").out)
        self.refused(2, "neither a verb nor a topic", "help", "frob")
        self.refused(2, "of what? `mltop jobs hold`", "hold", "some")
        self.refused(2, "did you mean `mltop jobs`", "job", "list")

    def test_help(self):
        self.assertIn("--trainer-uri", self.ok("jobs", "submit", "--help").out)
        self.assertIn("mltop run", self.ok("help").out)

    def complete(self, *words, env=None):
        """What bash would offer for the last of them."""
        ask = self.ok("completion", "bash").out + f"""
            mltop() {{ {MLTOP} "$@"; }}
            COMP_WORDS=(mltop "$@"); COMP_CWORD=$#; _mltop; printf '%s\\n' "${{COMPREPLY[@]}}" """
        done = subprocess.run(["bash", "-c", ask, "bash", *words], capture_output=True, text=True, timeout=60,
                              env=dict(self.p.env, **(env or {})))
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def test_completion(self):
        self.assertEqual(self.complete("jobs", "su"), ["submit"])
        self.assertEqual(self.complete("jobs", "list", "--sort", "st")[:2], ["state", "stop_grace"])
        for verb in ("hold", "release", "cancel"):
            self.assertEqual(self.complete("jobs", verb, "--fi"), ["--filter"])
        self.assertEqual(self.complete("jobs", "retry", "al"), ["alpha"])
        self.assertEqual(self.complete("jobs", "list", "-o", ""), ["table", "wide", "json", "yaml", "csv", "name"])
        self.assertEqual(self.complete("jobs", "list", "--output", "y"), ["yaml"])
        self.assertEqual(self.complete("jobs", "download", "-o", "js"), [])  # a folder
        self.assertEqual(self.complete("help", "ho"), ["hold"])
        self.assertEqual(self.complete("help", "fi"), ["filter", "fields"][::-1])
        self.assertEqual(self.complete("help", "job"), ["jobs"])
        self.assertEqual(self.complete("completion", ""), ["bash", "zsh", "fish"][:3] + self.complete("completion", "--"))
        self.assertIn("local", self.complete("context", "use", ""))
        self.assertEqual(self.complete("jobs", "list", "--context", "lo"), ["local"])
        fish = self.ok("completion", "fish").out
        for flag in ("-l filter", "-l job-name", "-l yes -s y"):
            self.assertIn(flag, fish)
        self.refused(2, "bash, zsh and fish", "completion", "csh")

    def test_completion_runs_nothing_that_a_platform_says(self):
        """bash expands the words that it completes from: a job's name is a word of the platform."""
        planted = self.p.folder + "/planted"
        platform = f"""mltop() {{ case "$*" in platform*) ;; *) echo 'bad$(touch {planted})'; echo 'b*'; echo fine;; esac; }}
        COMP_WORDS=(mltop logs ""); COMP_CWORD=2; _mltop; printf '%s\n' "${{COMPREPLY[@]}}" """
        done = subprocess.run(["bash", "-c", self.ok("completion", "bash").out + platform], capture_output=True,
                              text=True, timeout=60, cwd="/")
        self.assertEqual(done.stdout.split(), ["fine"], done.stderr)
        self.assertFalse(os.path.exists(planted))

    def test_platform_status(self):
        r = self.ok("platform", "status", "--json")
        self.assertIn("url", r.json)
        self.assertRegex(self.ok("platform", "status").out, r"\n  memory +[0-9.]+ GiB\n")

    def test_version(self):
        self.assertEqual(self.ok("version").out.splitlines()[0].split()[0], "mltop")


class Submit(Case):
    def test_bad_fields_change_nothing(self):
        cases = [
            (["--job-name", "Bad_Name", "--module-name", "m", "--trainer-uri", "file:///x.tar.gz"], "job_name"),
            (["--job-name", "a", "--module-name", "m", "--trainer-uri", "file:///x.tar.gz", "--memory-limit", "4Q"],
             "memory_limit"),
            (["--job-name", "a", "--module-name", "m", "--trainer-uri", "file:///x.tar.gz", "--cpu-limit", "0.001"],
             "cpu_limit"),
            (["--job-name", "a", "--module-name", "m"], "trainer_uri"),
            (["--job-name", "a", "--module-name", "m", "--trainer-uri", "file:///no/such/file.tar.gz"], "file.tar.gz"),
            (["--job-name", "a"], "module_name"),
        ]
        for flags, word in cases:
            with self.subTest(word=word):
                self.refused(1, word, "jobs", "submit", *flags)
        self.assertEqual(self.ok("jobs", "list", "-o", "name").out, "")

    def test_file(self):
        path = self.p.folder + "/job.yaml"
        with open(path, "w") as f:
            f.write("job_name: from-file\ncommand: [sh, -c, 'echo $WORD']\nenv: {WORD: said}\n")
        self.assertEqual(self.ok("jobs", "submit", path).out, "from-file\n")
        self.assertEqual(self.ok("logs", "-f", "from-file").out, "said\n")
        with open(path, "w") as f:
            f.write("job_name: as-typed\ncommand: sh -c 'echo one two'\n")
        self.assertEqual(self.ok("jobs", "submit", path).out, "as-typed\n")
        self.assertEqual(self.ok("logs", "-f", "as-typed").out, "one two\n")
        with open(path, "w") as f:
            f.write("job_name: x\njob_nam: y\n")
        self.refused(1, "job_nam", "jobs", "submit", path)

    def test_a_command_starts_where_it_was_submitted(self):
        """As it does with `mltop run` and in the dashboard's form; a folder that is named, or none, is kept."""
        here = self.p.folder + "/stands here"
        os.makedirs(here)
        for name, more, at in (("here", [], here), ("there", ["--work-dir", "/"], "/"), ("own", ["--work-dir", ""], None)):
            with self.subTest(name=name):
                r = self.p.mltop("jobs", "submit", "--job-name", name, "--command", "pwd", *more, cwd=here)
                self.assertEqual(r.code, 0, r.err)
                out = self.ok("logs", "-f", name).out
                self.assertEqual(out, at + "\n") if at else self.assertRegex(out, "/tasks/.*/work\n")
                self.ok("jobs", "delete", "-y", name)

    def test_environment_of_file_and_flags(self):
        """Flags add to the file's; a value is whatever stands behind '=', commas too; K alone is taken from here."""
        path = self.p.folder + "/env.yaml"
        with open(path, "w") as f:
            f.write("job_name: both\nenv: {FILE: 'of the file', WON: 'by the file'}\n"
                    "command: [sh, -c, 'echo \"$FILE/$WON/$LIST/$HERE/$b\"']\n")
        self.ok("jobs", "submit", path, "-e", "WON=by the flag", "-e", "LIST=a,b=c", "--env=HERE", env={"HERE": "here"})
        self.assertEqual(self.ok("logs", "-f", "both").out, "of the file/by the flag/a,b=c/here/\n")
        self.refused(1, "has no NOWHERE", "jobs", "submit", path, "-e", "NOWHERE")
        self.assertEqual(len([line for line in self.ok("jobs", "submit", "--help").out.splitlines() if "--env " in line]), 1)
        with open(path, "w") as f:
            f.write("job_name: list\nenv: [A]\ncommand: ['true']\n")
        self.refused(1, "env is not what it must be", "jobs", "submit", path, "-e", "B=1")

    def test_unreachable(self):
        env = {"XIAOMI_ACCESS_KEY_ID": "AK", "XIAOMI_SECRET_ACCESS_KEY": "SK"}
        self.refused(3, "127.0.0.1:1", "jobs", "list", "--endpoint", "http://127.0.0.1:1", env=env)


class Demo(Case):
    def test_demo_list(self):
        rows = self.ok("demo", "--jobs", "50", "--changes", "0", "--", "jobs", "list", "--json").json["data"]
        self.assertEqual(len(rows), 50)
        self.assertIn("demo-job-00000", [r["job_name"] for r in rows])

    def test_same_seed_same_jobs(self):
        ask = ["demo", "--jobs", "20", "--changes", "0", "--seed", "9", "--", "jobs", "list", "-o", "name",
               "--sort", "job_name", "--filter", "state=running"]
        self.assertEqual(self.ok(*ask).out, self.ok(*ask).out)


if __name__ == "__main__":
    main()
