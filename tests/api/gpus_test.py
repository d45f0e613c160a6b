#!/usr/bin/python3
"""GPUs from the driver to the row and to the job: assigned by UUID to one job at a time, whatever happens.

The driver is a library that is found where NVIDIA's is, and says what a file says. That no two jobs
ever have a GPU at once is not asked of the platform but of the kernel: a job locks a file for each of its
GPUs with flock(1), and ends with 3 when somebody has that lock.
"""
import os
import random
import signal
import subprocess
import unittest

import support
from kit.gpus import Driver
from support import BASE, Client, Daemon, Socket, until

TRAIN, GPUS, NODES = BASE + "/train", BASE + "/gpus", BASE + "/nodes"
FINAL = ("completed", "failed", "error")
LOCKS = 'cmd="$*"; for u in $(echo "$CUDA_VISIBLE_DEVICES" | tr , " "); do ' \
        'cmd="flock -n -E 3 $LOCK_DIR/$u $cmd"; done; exec $cmd'


class Case(unittest.TestCase):
    GPUS, PERIOD, MORE = 8, "100ms", ()

    def setUp(self):
        self.driver = Driver(self.GPUS, util=40)
        self.daemon = Daemon(engine="local", args=["--private"], env=self.driver.env,
                             settings=[*self.driver.settings(self.PERIOD), "local.max_tasks=64", *self.MORE])
        self.addCleanup(self.close)
        self.connect()
        self.rows(self.GPUS)

    def close(self):
        """With what runs, which would outlive it."""
        try:
            for j in self.jobs():
                if j["state"] != "deleting":
                    self.client.delete(f"{TRAIN}/{j['uid']}")
            until(lambda: not self.jobs(), "the end of all jobs")
        finally:
            self.daemon.close()

    def jobs(self):
        """All of them, page by page."""
        found, query = [], {"limit": "500"}
        while True:
            page = self.client.get(TRAIN, query=query).json
            found += page["data"]
            if "continue" not in page:
                return found
            query["continue"] = page["continue"]

    def connect(self):
        self.client = Client(self.daemon.port, self.daemon.secret())

    def rows(self, count=None):
        """All GPUs by uuid, once there are so many."""
        def look():
            a = self.client.get(GPUS, query={"limit": "500"})
            self.assertEqual(a.status, 200, a)
            return a.json["data"]
        rows = look() if count is None else until(lambda: (r := look()) is not None and len(r) == count and r,
                                                  f"{count} GPUs") if count else look()
        return {r["uuid"]: r for r in rows}

    def gpu(self, at, condition, what):
        """The row of that GPU, once the condition holds."""
        uuid = self.driver.gpus[at]["uuid"] if isinstance(at, int) else at
        return until(lambda: (r := self.rows().get(uuid)) and condition(r) and r, f"GPU {at}: {what}")

    def submit(self, name, script, gpus=0, client=None, **more):
        a = (client or self.client).post(TRAIN, dict(
            {"job_name": name, "command": ["/bin/sh", "-c", script], "gpu_limit": gpus, "cpu_limit": "0.01",
             "stop_grace": 1}, **more))
        self.assertEqual(a.status, 200, a)
        return a.json

    def job(self, name, client=None):
        a = (client or self.client).get(f"{TRAIN}/{name}")
        self.assertEqual(a.status, 200, a)
        return a.json

    def reaches(self, name, *states, client=None):
        return until(lambda: (j := self.job(name, client))["state"] in states and j, f"{name}: {states}")

    def logs(self, name):
        return self.client.get(f"{TRAIN}/{name}/logs").json["logs"]

    def held(self, name):
        """UUIDs of its newest attempt, as the store has them."""
        tasks = self.client.get(f"{TRAIN}/{name}/tasks").json["data"]
        return tasks[-1].get("gpus") or []

    def waits(self, name, *words):
        """Its reason is Gpu, and the sentence has these."""
        return until(lambda: (j := self.job(name)).get("reason") == "Gpu" and all(w in j["message"] for w in words) and j,
                     f"{name} waits: {words}: {self.job(name)}")


class Rows(Case):
    def test_from_the_driver_to_the_row(self):
        self.driver.say(3, util=93, used=40960, temp=66, power=512345, fan=30, clock=1755, memclock=2619)
        row = self.gpu(3, lambda r: r.get("util") == 93, "93 percent")
        self.assertEqual((row["state"], row["index"], row["mem_used"], row["mem_total"]),
                         ("free", 3, 40960 << 20, 81559 << 20))
        self.assertEqual((row["temperature"], row["power"], row["power_limit"], row["fan"], row["clock"],
                          row["memory_clock"]), (66, 512.345, 700, 30, 1755, 2619))
        self.assertEqual(row["node_name"], self.client.get(NODES).json["data"][0]["name"])
        one = self.client.get(f"{GPUS}/{row['uuid']}")
        self.assertEqual((one.status, one.json["uuid"], one.json["processes"]), (200, row["uuid"], []))
        self.assertEqual(self.client.get(f"{GPUS}/GPU-none").status, 404)
        node = self.client.get(NODES).json["data"][0]
        self.assertEqual((node["gpu_total"], node["gpu_used"]), (8, 0))
        until(lambda: self.client.get(NODES).json["data"][0].get("gpu_util") == (7 * 40 + 93) / 8, "the mean")
        self.assertNotIn("gpu_note", node)

    def test_unknown_is_absent(self):
        self.driver.say(0, util="-", used="?", temp="-", power="?")
        row = self.gpu(0, lambda r: "util" not in r, "no utilisation")
        for name in ("mem_used", "temperature", "power", "fan", "as_of"):
            self.assertNotIn(name, row)
        a = self.client.get(GPUS, query={"filter": "util<50"})
        self.assertNotIn(row["uuid"], [r["uuid"] for r in a.json["data"]])

    def test_stream(self):
        with self.client.websocket() as w:
            w.send(t="sub", id=1, kind="gpu", fields="uuid,util")
            w.until("synced")
            self.driver.say(5, util=77)
            while not any(r.get("util") == 77 and r["uuid"] == self.driver.uuids[5]
                          for r in w.until("row")["rows"]):
                pass

    def test_mig_is_shown_and_not_given(self):
        self.driver.lines(0, "mig MIG-one total=20096 used=7", "mig MIG-two total=20096")
        rows = self.rows(10)
        whole = rows[self.driver.uuids[0]]
        self.assertEqual((whole["state"], rows["MIG-one"]["state"]), ("mig", "mig"))
        self.assertEqual((rows["MIG-one"]["parent"], rows["MIG-one"]["mem_used"]), (whole["uuid"], 7 << 20))
        self.assertIn("MIG", whole["message"])
        until(lambda: self.client.get(NODES).json["data"][0]["gpu_total"] == 7, "seven whole ones")
        a = self.client.post(TRAIN, {"job_name": "eight", "command": ["true"], "gpu_limit": 8})
        self.assertEqual(a.status, 422, a)
        self.submit("seven", "sleep 600", 7)
        self.reaches("seven", "running")
        self.assertNotIn(whole["uuid"], self.held("seven"))


class Assigned(Case):
    def test_a_job_has_its_own(self):
        for i, util in enumerate((10, 20, 30, 40)):
            self.driver.say(i, util=util)
        self.submit("two", 'echo "<$CUDA_VISIBLE_DEVICES> $CUDA_DEVICE_ORDER <$ROCR_VISIBLE_DEVICES>"; sleep 600', 2)
        self.submit("none", 'echo "<$CUDA_VISIBLE_DEVICES> ${CUDA_VISIBLE_DEVICES+set}"')
        self.reaches("two", "running")
        self.reaches("none", "completed")
        held = self.held("two")
        self.assertEqual(len(set(held)), 2)
        until(lambda: self.logs("two"), "its line")
        self.assertEqual(self.logs("two").strip(), f"<{','.join(held)}> PCI_BUS_ID <>")
        self.assertEqual(self.logs("none").strip(), "<> set")
        rows = {u: self.gpu(u, lambda r: r["state"] == "used", "used") for u in held}
        for r in rows.values():
            self.assertEqual((r["job_name"], r["job_uid"], r["org_name"]),
                             ("two", self.job("two")["uid"], self.job("two")["org_name"]))
        mean = sum(g["util"] for g in self.driver.gpus if g["uuid"] in held) / 2
        until(lambda: self.job("two").get("gpu_util") == mean, "the mean of its two")
        self.client.post(f"{TRAIN}/two/cancel", b"")
        self.reaches("two", "failed")
        for u in held:
            row = self.gpu(u, lambda r: r["state"] == "free", "free again")
            self.assertNotIn("job_name", row)
        self.assertNotIn("gpu_util", self.job("two"))

    def test_its_processes(self):
        self.driver.more = ["auto"]
        self.driver.say()
        self.submit("busy", "sleep 600", 1)
        self.reaches("busy", "running")
        uuid, = self.held("busy")
        until(lambda: (self.client.get(f"{GPUS}/{uuid}").json.get("processes") or [{}])[0].get("job_name") == "busy",
              "a process of the job")
        one = self.client.get(f"{GPUS}/{uuid}").json
        self.assertEqual((one["state"], {p["memory"] for p in one["processes"]}), ("used", {512 << 20}))
        self.assertLessEqual({p["name"] for p in one["processes"]}, {"sh", "sleep"})

    def test_held_over_a_kill_of_the_daemon(self):
        """Whatever the driver says of processes: this one says nothing."""
        self.submit("keeps", "sleep 600", 5)
        self.reaches("keeps", "running")
        held = set(self.held("keeps"))
        self.daemon.stop(check=False, sig=signal.SIGKILL)
        self.daemon.start()
        self.connect()
        self.rows(self.GPUS)
        self.submit("next", "sleep 600", 3)
        self.reaches("next", "running")
        self.submit("waits", "sleep 600", 1)
        self.waits("waits", "needs 1 GPU: 0 of the 8 here are free")
        rows = self.rows()
        self.assertEqual({u for u in rows if rows[u].get("job_name") == "keeps"}, held)
        self.assertEqual({u for u in rows if rows[u].get("job_name") == "next"}, set(rows) - held)

    def test_freed_on_every_end_and_the_next_starts(self):
        """All are held; who waits for them has them after each kind of end."""
        ends = {"exits": "exit 0", "fails": "exit 7", "killed": "sleep 600", "cancelled": "sleep 600",
                "deleted": "sleep 600"}
        for n, (name, script) in enumerate(ends.items()):
            go = os.path.join(self.driver.folder, f"go{n}")
            self.submit(name, f"until [ -e {go} ]; do sleep 0.02; done; {script}", self.GPUS)
            self.reaches(name, "running")
            self.submit("next", "sleep 600", self.GPUS)
            self.waits("next", "needs 8 GPUs: 0 of the 8 here are free")
            open(go, "w").close()
            if name == "killed":
                until(lambda: self.kill_tasks(name), "its processes")
            elif name == "cancelled":
                self.client.post(f"{TRAIN}/{name}/cancel", b"")
            elif name == "deleted":
                self.client.delete(f"{TRAIN}/{name}")
            self.reaches("next", "running")
            self.client.delete(f"{TRAIN}/next")
            until(lambda: self.client.get(f"{TRAIN}/next").status == 404, "the next to go")

    def kill_tasks(self, name):
        """KILL to the shell that the job's shim has below it."""
        uid, done = self.job(name)["uid"], 0
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/environ", "rb") as f:
                    env = f.read()
                if f"MLTOP_JOB={name}\0".encode() in env and uid.encode() in env:
                    os.kill(int(pid), signal.SIGKILL)
                    done += 1
            except OSError:
                pass
        return done


class NotGivenOut(Case):
    GPUS = 2

    def test_lost(self):
        self.driver.say(0, lost=1)
        row = self.gpu(0, lambda r: r["state"] == "lost", "lost")
        self.assertNotIn("util", row)
        self.assertIn("reset", row["message"])
        self.submit("both", "true", 2)
        self.waits("both", "needs 2 GPUs: 1 of the 1 here is free; 1 more is lost")
        self.submit("one", "sleep 600", 1)
        self.reaches("one", "running")
        self.assertEqual(self.held("one"), [self.driver.uuids[1]])
        self.client.delete(f"{TRAIN}/one")
        self.driver.say(0, lost=None)
        self.reaches("both", "completed")

    def test_lost_under_a_job(self):
        self.submit("one", "sleep 600", 1)
        self.reaches("one", "running")
        uuid, = self.held("one")
        self.driver.say(self.driver.uuids.index(uuid), lost=1)
        row = self.gpu(uuid, lambda r: r["state"] == "lost", "lost")
        self.assertEqual(row["job_name"], "one")
        self.assertEqual(self.job("one")["state"], "running")
        until(lambda: "gpu_util" not in self.job("one"), "utilisation unknown")

    def test_foreign(self):
        stranger = subprocess.Popen(["sleep", "600"])
        self.addCleanup(stranger.wait)
        self.addCleanup(stranger.kill)
        self.driver.lines(1, f"process {stranger.pid} 300")
        row = self.gpu(1, lambda r: r["state"] == "foreign", "foreign")
        self.assertIn("not given out", row["message"])
        one = self.client.get(f"{GPUS}/{row['uuid']}").json["processes"][0]
        self.assertEqual((one["pid"], one["name"], one["memory"]), (str(stranger.pid), "sleep", 300 << 20))
        self.assertNotIn("job_name", one)
        self.submit("both", "true", 2)
        self.waits("both", "1 of the 1 here is free; 1 more is used outside of their jobs")
        stranger.kill()
        stranger.wait()
        self.driver.lines(1)
        self.reaches("both", "completed")

    def test_a_job_on_a_gpu_that_is_not_its_own(self):
        self.submit("rude", "sleep 600", 0)
        self.reaches("rude", "running")
        pid = until(lambda: self.pid_of("rude"), "its process")
        self.driver.lines(0, f"process {pid} 5")
        self.gpu(0, lambda r: r["state"] == "foreign", "used by who does not hold it")
        one = self.client.get(f"{GPUS}/{self.driver.uuids[0]}").json["processes"][0]
        self.assertEqual(one["job_name"], "rude")

    def pid_of(self, name):
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/environ", "rb") as f:
                    if f"MLTOP_JOB={name}\0".encode() in (env := f.read()) and self.job(name)["uid"].encode() in env:
                        return int(pid)
            except OSError:
                pass
        return None

    def test_stalled(self):
        """A call that takes half a minute: all else goes on, and what was known has its age."""
        self.driver.say(0, stall=30)
        row = self.gpu(0, lambda r: r["state"] == "stalled", "stalled")
        self.assertNotIn("util", row)
        self.assertIn("as_of", row)
        self.submit("cpu", "true")
        self.reaches("cpu", "completed")
        self.submit("one", "true", 1)
        self.waits("one", "2 more are with a driver that does not answer")
        self.driver.say(0, stall=None)
        self.reaches("one", "completed")
        row = self.gpu(0, lambda r: r.get("util") == 40, "known again")
        self.assertNotIn("as_of", row)

    def test_stalled_from_the_start_on(self):
        """Nobody knows how many there are: a job is taken and waits."""
        self.driver.say(0, stall=30)
        self.daemon.stop()
        self.daemon.start()
        self.connect()
        until(lambda: "not answer" in self.client.get(NODES).json["data"][0].get("gpu_note", ""), "the note")
        self.assertEqual(self.rows(), {})
        self.submit("one", "true", 1)
        self.waits("one", "its GPU driver")
        self.driver.say(0, stall=None)
        self.reaches("one", "completed")

    def test_old_driver(self):
        self.daemon.stop()
        self.daemon.settings.append("local.gpu_library=" + os.path.join(
            os.path.dirname(self.driver.library), "before", os.path.basename(self.driver.library)))
        self.driver.lines(0, f"process {os.getpid()} 5")
        self.daemon.start()
        self.connect()
        row = self.gpu(0, lambda r: r["state"] == "foreign", "a process by the shorter struct")
        self.assertEqual(row["mem_total"], 81559 << 20)


class Shares(Case):
    GPUS, MORE = 1, ("local.gpu_share=true",)

    def test_given_out_where_that_is_set(self):
        self.driver.lines(0, f"process {os.getpid()} 5")
        self.gpu(0, lambda r: r["state"] == "foreign", "foreign")
        self.submit("one", "sleep 600", 1)
        self.reaches("one", "running")
        self.gpu(0, lambda r: r["state"] == "used" and "as well" in r.get("message", ""), "both")


class None_(Case):
    GPUS = 0

    def test_no_gpu(self):
        node = until(lambda: (n := self.client.get(NODES).json["data"][0]).get("cpu_load") is not None and n, "its load")
        self.assertIn("has no GPU", node["gpu_note"])
        self.assertGreater(node["memory_load"], 0)
        self.assertIn("network_in", node)
        a = self.client.post(TRAIN, {"job_name": "one", "command": ["true"], "gpu_limit": 1})
        self.assertEqual((a.status, "this machine has 0 GPUs" in a.json["message"]), (422, True), a)


class Tenants(unittest.TestCase):
    """Who may not see an org's jobs sees that a GPU is used, and nothing else."""

    def setUp(self):
        self.driver = Driver(2, util=40)
        self.driver.more = ["auto"]
        self.driver.say()
        token = os.path.join(self.driver.folder, "token")
        with open(token, "w") as f:
            f.write("0123456789abcdef0123\n")
        self.daemon = Daemon(engine="local", env=self.driver.env, settings=[
            *self.driver.settings(), f"metrics.token_file={token}", "limits.requests_per_second=100000", "limits.request_burst=100000"])
        self.addCleanup(self.close)
        self.a, self.b = (self.daemon.client(org=o, role="operator") for o in ("alpha", "beta"))
        self.admin = self.daemon.client(org="beta", role="admin")
        until(lambda: len(self.list(self.a)) == 2, "two GPUs")

    def close(self):
        try:
            for client in (self.a, self.b):
                for j in client.get(TRAIN).json["data"]:
                    client.delete(f"{TRAIN}/{j['uid']}")
                until(lambda c=client: not c.get(TRAIN).json["data"], "the end of all jobs")
        finally:
            self.daemon.close()

    def list(self, client, **query):
        a = client.get(GPUS, query=query)
        self.assertEqual(a.status, 200, a)
        return a.json["data"]

    @unittest.skipIf(os.geteuid() != 0, "a second org needs root")
    def test_whose(self):
        made = self.a.post(TRAIN, {"job_name": "secret-job", "gpu_limit": 1, "command": ["sleep", "600"]})
        self.assertEqual(made.status, 200, made)
        until(lambda: self.a.get(f"{TRAIN}/secret-job").json["state"] == "running", "it to run")
        uuid, = self.a.get(f"{TRAIN}/secret-job/tasks").json["data"][0]["gpus"]
        until(lambda: any(r["state"] == "used" for r in self.list(self.b)), "used")
        for client, sees in ((self.a, True), (self.admin, True), (self.b, False)):
            rows = [r for r in self.list(client) if r["uuid"] == uuid]
            self.assertEqual(len(rows), 1, rows)
            self.assertEqual((rows[0]["state"], rows[0].get("job_name")), ("used", "secret-job" if sees else None))
            self.assertEqual(len(self.list(client)), 2)
            one = client.get(f"{GPUS}/{uuid}")
            self.assertEqual((one.status, "secret-job" in str(one.json)), (200, sees), one)
            self.assertEqual("processes" in one.json, sees)
            for text in ("job=secret-job", "secret", "org=alpha", f"holder={self.a.key.org_id}"):
                self.assertEqual(bool(self.list(client, filter=text)), sees, (text, client.key.role))
            with client.websocket() as w:
                w.send(t="sub", id=1, kind="gpu", fields="uuid,state,job_name,org_name,owner,job_uid,holder,processes")
                w.until("synced")
                got = [r for m in w.events if m["t"] == "row" for r in m["rows"]]
                self.assertEqual(sorted(r["uuid"] for r in got), sorted(self.driver.uuids))
                self.assertEqual("secret-job" in str(got), sees)
        self.assertNotIn("secret-job", str(self.b.get(NODES, query={"fields": "name,gpus"}).json))
        # Each is measured once, whatever rows it has.
        with Socket(self.daemon.port) as c:
            c.send(b"GET /metrics HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer 0123456789abcdef0123\r\n\r\n")
            lines = [line for line in c.answer().body.decode().split("\n") if line.startswith("mltop_gpu_util{")]
        self.assertEqual((len(lines), len({line.split(" ")[0] for line in lines})), (2, 2), lines)
        # The other waits for both, and has them when they are free.
        wait = self.b.post(TRAIN, {"job_name": "waits", "gpu_limit": 2, "command": ["sleep", "600"]})
        self.assertEqual(wait.status, 200, wait)
        until(lambda: self.b.get(f"{TRAIN}/waits").json.get("reason") == "Gpu", "waiting for GPUs")
        self.assertNotIn("secret", self.b.get(f"{TRAIN}/waits").json["message"])
        self.a.delete(f"{TRAIN}/secret-job")
        until(lambda: self.b.get(f"{TRAIN}/waits").json["state"] == "running", "its turn")
        self.b.delete(f"{TRAIN}/waits")
        until(lambda: self.b.get(f"{TRAIN}/waits").status == 404, "the end")


class NeverShared(Case):
    """Random starts, ends and kills, of daemon and shims as well."""
    GPUS = 6
    ROUNDS = int(os.environ.get("ROUNDS", "120"))

    def shims(self):
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    words = f.read()
                if b"mltop-shim" in words.split(b"\0")[0] and self.daemon.state.encode() in words:
                    found.append(int(pid))
            except OSError:
                pass
        return found

    def restart(self, how):
        self.daemon.stop(check=how != signal.SIGKILL, sig=how)
        self.daemon.start()
        self.connect()
        self.rows(self.GPUS)

    def test_two_jobs_never_share_one(self):
        seed = random.randrange(1 << 32) if "SEED" not in os.environ else int(os.environ["SEED"])
        print(f"seed {seed}")
        chance, names, starts = random.Random(seed), [], 0
        locks = os.path.join(self.driver.folder, "locks")
        os.mkdir(locks)
        # The driver tells of no process: else what runs on a GPU would keep it from being given by itself.
        while starts < self.ROUNDS:
            for _ in range(chance.randrange(1, 8)):
                starts += 1
                name = f"j{starts}"
                script = f'set -- sleep {chance.choice(["0.01", "0.05", "0.2", "600"])}; ' + LOCKS
                self.submit(name, script, chance.randrange(0, 4), env={"LOCK_DIR": locks},
                            **chance.choice([{}, {"restart_policy": "on-failure", "max_attempts": 2}]))
                names.append(name)
            what = chance.randrange(10)
            for name in chance.sample(names, min(len(names), 4)):
                if what < 6:
                    self.client.post(f"{TRAIN}/{name}/cancel", b"")
            if what == 6:
                for pid in self.shims()[:2]:
                    try:
                        os.kill(pid, signal.SIGKILL)
                    except OSError:
                        pass
            elif what == 7:
                self.restart(signal.SIGKILL)
            elif what == 8:
                self.restart(signal.SIGTERM)
            elif what == 9:
                at = chance.randrange(self.GPUS)
                self.driver.say(at, lost=None if self.driver.gpus[at].get("lost") else 1)
            self.no_two_hold_one()
        for i in range(self.GPUS):
            self.driver.say(i, lost=None)
        for name in names:
            self.client.post(f"{TRAIN}/{name}/cancel", b"")
        jobs = {}
        until(lambda: jobs.update({j["job_name"]: j for j in self.jobs()}) or
              all(j["state"] in FINAL for j in jobs.values()), "the end of all")
        self.assertEqual([j["job_name"] for j in jobs.values() if j.get("exit_code") == 3], [])
        self.assertEqual(sum(self.tasks_that_said_3(n) for n in names), 0)
        until(lambda: [r["state"] for r in self.rows().values()] == ["free"] * self.GPUS, "all of them free")

    def tasks_that_said_3(self, name):
        return sum(t.get("exit_code") == 3 for t in self.client.get(f"{TRAIN}/{name}/tasks").json["data"])

    def no_two_hold_one(self):
        """And the rows say no GPU of a job that is not live."""
        held = [r["job_name"] for r in self.rows().values() if r.get("job_name")]
        live = {j["job_name"]: j for j in self.jobs()}
        for name in set(held):
            self.assertLessEqual(held.count(name), live[name]["gpu_limit"])


if __name__ == "__main__":
    support.main()
