#!/usr/bin/python3
"""Train jobs over HTTP, on the real local engine: life, logs, refusals, tenants, lists."""
import os
import random
import signal
import threading
import time
import unittest

import support
from support import BASE, Client, Daemon, Socket, new_nonce, until
from train_kit import FINAL, TRAIN, Case

# What cloud_ml_sdk 0.2.11 and 0.3.71 read of a job without looking whether it is there.
PUBLIC_KEYS = """org_id org_name job_name module_name trainer_uri job_args fds_endpoint fds_bucket
hdfs_krb_account hdfs_endpoint cpu_limit memory_limit gpu_limit docker_image docker_command framework
framework_version state create_time update_time cluster_name service_port cluster_env_var
hyperparameters_name hyperparameters_goal hyperparameters_params volume_type volume_path mount_path
mount_read_only prepare_command finish_command node_selector_key node_selector_value""".split()


class Life(Case):
    def test_completed(self):
        made = self.submit("ok", "sh", "-c", "echo out; echo err >&2")
        self.assertIn(made["state"], ("validated", "enqueued"))
        for key in PUBLIC_KEYS:
            self.assertIn(key, made)
        j = self.ended("ok")
        self.assertEqual((j["state"], j["exit_code"], j["attempt"]), ("completed", 0, 1))
        self.assertEqual(j["uid"], made["uid"])
        self.assertEqual(sorted(self.logs("ok").split()), ["err", "out"])
        self.assertEqual(self.reasons("ok")[0], "Submitted")
        self.assertEqual(self.reasons("ok")[-1], "Completed")
        self.assertLessEqual(j["create_time"], j["start_time"])
        self.assertLessEqual(j["start_time"], j["end_time"])

    def test_failed_exit_code(self):
        self.submit("exit3", "sh", "-c", "exit 3")
        j = self.ended("exit3")
        self.assertEqual((j["state"], j["reason"], j["exit_code"]), ("failed", "ExitCode", 3))
        self.assertIn("3", j["message"])

    def test_failed_signal(self):
        self.submit("sig", "sh", "-c", "kill -9 $$")
        j = self.ended("sig")
        self.assertEqual((j["state"], j["reason"], j["signal"]), ("failed", "Signal", 9))

    def test_cannot_start(self):
        self.submit("nostart", self.daemon.folder + "/absent/program")
        j = self.ended("nostart")
        self.assertEqual(j["state"], "error")
        self.assertIn("absent/program", j["message"])

    def test_cancel_keeps_record(self):
        self.submit("tocancel", "sleep", "1000")
        self.running("tocancel")
        a = self.client.post(f"{TRAIN}/tocancel/cancel")
        self.assertEqual(a.status, 200, a)
        j = self.ended("tocancel")
        self.assertEqual((j["state"], j["reason"]), ("failed", "Cancelled"))
        self.assertEqual(self.client.post(f"{TRAIN}/tocancel/cancel").status, 409)

    def test_cancel_before_start(self):
        self.submit("blocker", "sleep", "1000", cpu_limit=self.all_cpus())
        self.running("blocker")
        self.submit("waiting", "true")
        j = until(lambda: (lambda x: x if x["state"] == "enqueued" and x.get("message") else None)(
            self.job("waiting")), "waiting")
        self.assertEqual(j["reason"], "Cpu")
        self.assertEqual(self.client.post(f"{TRAIN}/waiting/cancel").status, 200)
        self.assertEqual(self.ended("waiting")["reason"], "Cancelled")
        self.client.delete(f"{TRAIN}/blocker")
        self.gone("blocker")

    def test_nodes(self):
        """What runs on a node is counted there, and viewers are told as it changes."""
        [node] = self.client.get(BASE + "/nodes").json["data"]
        self.assertEqual(node["state"], "ready", node)
        self.assertGreater(float(node["cpu_total"]), 0)
        with self.client.websocket() as w:
            before = w.snapshot(1, "node", by="name")[node["name"]]
            self.assertEqual(before, node)
            self.submit("counted", "sleep", "1000", cpu_limit=self.all_cpus(), memory_limit="64M")
            self.running("counted")

            def full():
                w.until("row")
                return self.client.get(f"{BASE}/nodes/{node['name']}").json["state"] == "full"
            until(full, "the node to be full")
        now = self.client.get(BASE + "/nodes", query={"filter": "state=full"}).json["data"][0]
        self.assertEqual((now["tasks"], float(now["cpu_used"]), now["memory_used"]),
                         (node["tasks"] + 1, float(self.all_cpus()) + float(node["cpu_used"]), "64M"), now)
        self.client.delete(f"{TRAIN}/counted")
        until(lambda: self.client.get(BASE + "/nodes").json["data"] == [node], "nothing to run there")

    def test_held_and_released(self):
        """A held job stays where it is, whatever room there is, over a kill of the daemon as well."""
        self.submit("room", "sleep", "1000", cpu_limit=self.all_cpus())
        self.running("room")
        self.submit("keeps", "true")
        until(lambda: self.job("keeps")["state"] == "enqueued", "keeps waits")
        self.assertEqual(self.client.post(f"{TRAIN}/keeps/release").status, 409)
        a = self.client.post(f"{TRAIN}/keeps/hold")
        self.assertEqual((a.status, a.json["reason"]), (200, "Held"), a)
        self.assertTrue(self.job("keeps")["held"])
        a = self.client.post(f"{TRAIN}/keeps/hold")
        self.assertEqual(a.status, 409, a)
        self.assertIn("only a job that waits, and is not held, can be held", a.message)
        self.assertEqual(self.client.post(f"{TRAIN}/room/hold").status, 409)
        self.client.delete(f"{TRAIN}/room")
        self.gone("room")
        self.submit("passes", "true")
        self.assertEqual(self.ended("passes")["state"], "completed")
        self.daemon.stop(check=False, sig=signal.SIGKILL)
        self.daemon.start()
        self.client.port = self.daemon.port
        j = self.job("keeps")
        self.assertEqual((j["state"], j["reason"], j["held"]), ("enqueued", "Held", True))
        a = self.client.post(f"{TRAIN}/keeps/release")
        self.assertEqual(a.status, 200, a)
        self.assertEqual(self.ended("keeps")["state"], "completed")
        self.assertNotIn("held", self.job("keeps"))
        said = self.reasons("keeps")
        self.assertLess(said.index("Held"), said.index("Released"))

    def all_cpus(self):
        return str(len(os.sched_getaffinity(0)))

    def test_waiting_job_starts_when_room_comes(self):
        self.submit("first", "sleep", "1000", cpu_limit=self.all_cpus())
        self.running("first")
        self.submit("second", "true")
        until(lambda: self.job("second")["state"] == "enqueued", "enqueued")
        self.client.post(f"{TRAIN}/first/cancel")
        self.assertEqual(self.ended("second")["state"], "completed")

    def test_delete_final_and_name_again(self):
        uid = self.submit("again", "true")["uid"]
        self.ended("again")
        a = self.client.delete(f"{TRAIN}/again")
        self.assertEqual(a.status, 200)
        self.assertIn("deleted", a.message)
        self.assertEqual(self.client.get(f"{TRAIN}/again").status, 404)
        self.assertEqual(self.client.get(f"{TRAIN}/{uid}").status, 404)
        self.assertNotEqual(self.submit("again", "true")["uid"], uid)
        until(lambda: not os.path.exists(f"{self.daemon.state}/tasks/{uid}"), "folder removed")

    def test_deleted_while_it_ends(self):
        """At whatever moment: accepted and waiting, just made, ending, its end on the way to the disk."""
        seed = random.Random(7)
        uids = []
        with Socket(self.client.port) as s:
            for n in range(200):
                uids.append(self.submit(f"brief-{n}", "true")["uid"])
                held = time.monotonic() + seed.random() * 0.02
                until(lambda t=held: time.monotonic() >= t, "the moment")
                a = self.client.request("DELETE", f"{TRAIN}/brief-{n}", on=s, nonce=new_nonce())
                self.assertEqual(a.status, 200, a)
        for uid in uids:
            self.gone(uid)

    def test_deleted_twice_at_once(self):
        """One of them removes it, and the name is free."""
        uid = self.submit("twice", "true")["uid"]
        self.ended("twice")
        until(lambda: self.client.post(f"{TRAIN}/twice/cancel").message.endswith("over already"), "stored")
        sockets = [Socket(self.client.port) for _ in range(3)]
        for s in sockets:
            s.send(self.client.bytes_of("DELETE", f"{TRAIN}/{uid}"))
        answers = [s.answer() for s in sockets]
        for s in sockets:
            s.close()
        self.assertEqual([a.status for a in answers].count(200), 1, answers)
        self.submit("twice", "true")

    def test_delete_live_frees_the_name(self):
        uid = self.submit("busy", "sleep", "1000")["uid"]
        self.running("busy")
        self.assertEqual(self.client.delete(f"{TRAIN}/busy").status, 200)
        self.assertNotEqual(self.submit("busy", "true")["uid"], uid)
        self.gone(uid)
        self.assertEqual(self.ended("busy")["state"], "completed")

    def test_retry_by_policy(self):
        mark = os.path.join(self.daemon.folder, "mark")
        self.submit("flaky", "sh", "-c", f"test -e {mark} && echo two || {{ touch {mark}; exit 1; }}",
                    restart_policy="on-failure", max_attempts=3)
        j = self.ended("flaky")
        self.assertEqual((j["state"], j["attempt"]), ("completed", 2))
        tasks = self.client.get(f"{TRAIN}/flaky/tasks").json["data"]
        self.assertEqual([(t["attempt"], t["state"], t["exit_code"]) for t in tasks],
                         [(1, "failed", 1), (2, "completed", 0)])
        self.assertEqual(self.logs("flaky"), "two\n")
        self.assertEqual(self.logs("flaky", attempt="1"), "")
        self.assertIn("Retry", self.reasons("flaky"))

    def test_retry_by_hand(self):
        self.submit("byhand", "sh", "-c", "echo x; exit 2")
        self.ended("byhand")
        a = self.client.post(f"{TRAIN}/byhand/retry")
        self.assertEqual((a.status, a.json["state"]), (200, "enqueued"), a)
        j = until(lambda: (lambda x: x if x["state"] in FINAL and x["attempt"] == 2 else None)(
            self.job("byhand")), "second attempt")
        self.assertEqual(j["exit_code"], 2)
        self.submit("live", "sleep", "1000")
        self.assertEqual(self.client.post(f"{TRAIN}/live/retry").status, 409)
        # The public client's form does not refuse what runs already.
        self.assertEqual(self.client.get(f"{TRAIN}/live/start", nonce=new_nonce()).status, 200)
        self.client.delete(f"{TRAIN}/live")
        self.gone("live")

    def test_every_end_is_stored(self):
        """However often somebody else writes to a job meanwhile: one more attempt for each that was asked for."""
        attempts = {f"often-{i}": 1 for i in range(6)}
        for name in attempts:
            self.submit(name, "sh", "-c", "exit 2")
        for _ in range(12):
            for name in attempts:
                self.assertEqual(self.ended(name)["attempt"], attempts[name])
                self.assertEqual(self.client.post(f"{TRAIN}/{name}/retry").status, 200)
                attempts[name] += 1
                until(lambda: self.job(name)["attempt"] == attempts[name], "the next attempt")

    def test_progress_and_samples(self):
        self.submit("training", "sh", "-c",
                    r"printf '\r 34%%|###  | 340/1000 [00:10<00:20, 33.0it/s, loss=0.53, acc=0.81]';"
                    "sleep 1000")
        j = until(lambda: (lambda x: x if "loss" in x else None)(self.job("training")), "progress")
        self.assertEqual((j["progress_step"], j["progress_total"], j["loss"]), (340, 1000, 0.53))
        self.assertEqual((j["metric_name"], j["metric_value"], j["progress_eta"]), ("acc", 0.81, 20))
        until(lambda: "memory_used" in self.job("training"), "sample")
        m = self.client.get(f"{TRAIN}/training/metrics").json
        self.assertEqual(sorted(m), ["cpu", "memory", "network_receive", "network_transmit"])
        self.assertGreater(m["memory"], 0)
        self.client.delete(f"{TRAIN}/training")
        self.gone("training")

    def test_quota_used(self):
        self.submit("user", "sleep", "1000", cpu_limit="0.5", memory_limit="64M")
        self.running("user")
        q = until(lambda: (lambda x: x if x["train_count_used"] != "0" else None)(
            self.client.get(BASE + "/quota").json["data"][0]), "usage")
        self.assertTrue(all(isinstance(v, str) for v in q.values()))
        self.client.delete(f"{TRAIN}/user")
        self.gone("user")


class Logs(Case):
    def test_lines_and_tail(self):
        self.submit("lines", "sh", "-c", "seq 1 1000; printf last")
        self.ended("lines")
        self.assertEqual(self.logs("lines", lines="3"), "999\n1000\nlast")
        self.assertEqual(self.logs("lines").split("\n")[0], "1")
        self.assertEqual(self.client.get(f"{TRAIN}/lines/logs", query={"lines": "x"}).status, 400)
        self.assertEqual(self.client.get(f"{TRAIN}/lines/logs", query={"task": "ps-1"}).status, 404)

    def test_lines_over_two_segments(self):
        """2,400 lines of 100 bytes, of which the newest segment of 16 MiB holds the last 2,228."""
        self.submit("long", "sh", "-c", "yes $(printf %099d 7) | head -n 170000")
        self.ended("long")
        self.assertEqual(self.logs("long", lines="2400").count("\n"), 2400)
        with self.follow("long", lines="20000") as s:
            self.assertEqual(b"".join(s.chunks()).count(b"\n"), 20000)

    def test_bounded_and_valid(self):
        self.submit("big", "sh", "-c", "yes äöü | head -c 1000000; printf '\\377\\376x\\0y'")
        self.ended("big")
        text = self.logs("big")
        self.assertTrue(text.endswith("\ufffd\ufffdx\ufffdy"), repr(text[-20:]))
        self.assertLessEqual(len(text.encode()), 256 * 1024 + 16)
        self.assertGreater(len(text.encode()), 250 * 1024)

    def follow(self, name, **query):
        s = Socket(self.client.port)
        s.send(self.client.bytes_of("GET", f"{TRAIN}/{name}/logs", query=dict(query, follow="True")))
        head = s.take_until(b"\r\n\r\n").decode()
        self.assertIn("200", head.split("\r\n")[0])
        self.assertIn("transfer-encoding: chunked", head.lower())
        return s

    def test_follow_to_the_end(self):
        self.submit("follow", "sh", "-c", "for i in 1 2 3; do echo $i; sleep 0.2; done; exit 1")
        with self.follow("follow") as s:
            got = b"".join(s.chunks())
        self.assertEqual(got, b"1\n2\n3\n")

    def test_follow_before_the_start(self):
        self.submit("hold", "sleep", "1000", cpu_limit=str(len(os.sched_getaffinity(0))))
        self.running("hold")
        self.submit("late", "echo", "late")
        until(lambda: self.job("late")["state"] == "enqueued", "enqueued")
        with self.follow("late") as s:
            self.client.post(f"{TRAIN}/hold/cancel")
            self.assertEqual(b"".join(s.chunks()), b"late\n")

    def test_follow_leaves_nothing_behind(self):
        self.submit("quiet", "sleep", "1000")
        self.running("quiet")
        with self.follow("quiet"):
            pass
        before = until(lambda: self.daemon.descriptors(), "a count")
        for _ in range(10):
            self.follow("quiet").close()
        until(lambda: self.daemon.descriptors() <= before, "descriptors are back")
        self.client.delete(f"{TRAIN}/quiet")
        self.gone("quiet")


class Events(unittest.TestCase):
    def test_a_viewer_has_what_the_platform_has(self):
        """Events that leave the platform's memory leave its viewers: a day's would fill both."""
        with Daemon(engine="fake", settings=["events.in_memory=100",
                                             "limits.requests_per_second=100000",
                                             "limits.request_burst=100000"]) as d:
            c = d.client()
            with c.websocket() as w:
                have = w.snapshot(1, "event")
                for n in range(120):
                    self.assertEqual(c.post(TRAIN, {"job_name": f"j{n}", "command": ["x"]}).status, 200)

                def alike():
                    listed = {e["uid"] for e in c.get(BASE + "/events").json["data"]}
                    while not w.quiet(0):
                        m = w.next()
                        have.update((r["uid"], r) for r in m.get("rows", ()))
                        for uid in m.get("uids", ()):
                            have.pop(uid, None)
                    return len(listed) == 100 and listed == set(have)
                until(alike, "the same events in both")


class Refusals(Case):
    def refused(self, status, field, **job):
        a = self.client.post(TRAIN, job)
        self.assertEqual(a.status, status, a)
        self.assertTrue(a.json["error"])
        self.assertIn(field, a.message)
        return a.message

    def test_body(self):
        self.refused(400, "module_name", job_name="x")
        self.refused(400, "trainer_uri", job_name="x", module_name="a.b")
        self.refused(422, "command", job_name="x", module_name="a", trainer_uri="file:///x", command=["y"])
        self.refused(400, "did you mean job_name", job_nam="x", command=["true"])
        self.refused(400, "state", job_name="x", command=["true"], state="running")
        self.refused(400, "memory_limit", job_name="x", command=["true"], memory_limit="4 GB")
        for body in (b"[]", b"7", b'"x"'):
            self.assertEqual(self.client.post(TRAIN, body).status, 400)
        self.assertEqual(self.client.post(TRAIN).status, 400)

    def test_never_possible(self):
        self.assertRegex(self.refused(422, "gpu_limit", job_name="x", command=["true"], gpu_limit=64), "0 GPUs")
        self.refused(422, "cpu_limit", job_name="x", command=["true"], cpu_limit="1000")
        self.refused(422, "docker_image", job_name="x", command=["true"], docker_image="-i")
        self.refused(422, "worker_count", job_name="x", command=["true"], worker_count=2)

    def test_public_client_extras(self):
        """0.3.71 sends these with every job; HDFS is refused with its reason."""
        a = self.client.post(TRAIN, {"job_name": "extras", "command": ["true"], "enable_rank": 0,
                                     "save_mode": False, "cluster_spec": None, "fds_endpoint": "e",
                                     "fds_bucket": "b", "job_args": None})
        self.assertEqual((a.status, a.json["fds_bucket"]), (200, "b"), a)
        self.refused(422, "HDFS", job_name="x", command=["true"], hdfs_endpoint="hdfs://x")

    def test_a_copy_has_the_values_that_are_hidden(self):
        """env of a copied job: *** and what is not given are the original's, new values hold."""
        show = ["sh", "-c", "echo $A-$B-$C"]
        made = self.submit("original", *show, env={"A": "secret", "B": "other"})
        self.assertEqual(made["env"], {"A": "***", "B": "***"})
        for name, env, said in (("copy-1", None, "secret-other-"), ("copy-2", {"A": "***", "C": "new"}, "secret--new"),
                                ("copy-3", {}, "--"), ("copy-4", {"A": "mine"}, "mine--")):
            more = {} if env is None else {"env": env}
            copy = self.submit(name, *show, clone_of="original", **more)
            self.assertEqual(copy["clone_of"], made["uid"])
            self.ended(name)
            self.assertEqual(self.logs(name), said + "\n", name)
        self.refused(422, "NOPE", job_name="copy-5", command=["true"], clone_of="original", env={"NOPE": "***"})
        self.refused(422, "no job nothing", job_name="copy-5", command=["true"], clone_of="nothing")
        self.refused(400, "clone_of", job_name="copy-5", command=["true"], clone_of=5)

    def test_name_taken(self):
        self.submit("taken", "true")
        self.refused(409, "taken", job_name="taken", command=["true"])

    def test_two_at_once_with_one_name(self):
        answers = []
        bodies = [self.client.bytes_of("POST", TRAIN, body={"job_name": "race", "command": ["true"]})
                  for _ in range(8)]

        def post(data):
            with Socket(self.client.port) as s:
                s.send(data)
                answers.append(s.answer().status)
        threads = [threading.Thread(target=post, args=(b,)) for b in bodies]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(sorted(answers), [200] + [409] * 7)

    def test_same_nonce_same_answer(self):
        nonce = new_nonce()
        body = {"job_name": "once", "command": ["true"]}
        first = self.client.post(TRAIN, body, nonce=nonce)
        second = self.client.post(TRAIN, body, nonce=nonce)
        self.assertEqual((first.status, second.status), (200, 200))
        self.assertEqual(first.body, second.body)
        other = self.client.post(TRAIN, {"job_name": "twice", "command": ["true"]}, nonce=nonce)
        self.assertEqual(other.status, 409)
        self.assertEqual(self.client.get(f"{TRAIN}/twice").status, 404)

    def test_nonce_of_a_refused_request_is_free(self):
        nonce = new_nonce()
        self.submit("there", "true")
        body = {"job_name": "there", "command": ["true"]}
        self.assertEqual(self.client.post(TRAIN, body, nonce=nonce).status, 409)
        self.ended("there")
        self.client.delete(f"{TRAIN}/there")
        self.assertEqual(self.client.post(TRAIN, body, nonce=nonce).status, 200)

    def test_absent(self):
        for path in ("", "/logs", "/events", "/tasks", "/metrics", "/hyperparameters"):
            a = self.client.get(f"{TRAIN}/nobody{path}")
            self.assertEqual((a.status, a.message), (404, "there is no job nobody"))


class Lists(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for i in range(12):
            a = cls.client.post(TRAIN, {"job_name": f"l{i:02}", "command": ["sh", "-c", f"exit {i % 2}"],
                                        "labels": {"team": "a" if i < 5 else "b"}})
            assert a.status == 200, a

    def names(self, **query):
        a = self.client.get(TRAIN, query=query)
        self.assertEqual(a.status, 200, a)
        return [r["job_name"] for r in a.json["data"]]

    def setUp(self):
        for i in range(12):
            self.ended(f"l{i:02}")

    def test_order_and_paging(self):
        every = [f"l{i:02}" for i in range(12)]
        self.assertEqual(self.names(), every)
        got, more = [], {}
        while True:
            a = self.client.get(TRAIN, query=dict(more, limit="5", fields="job_name")).json
            self.assertLessEqual(len(a["data"]), 5)
            got += [r["job_name"] for r in a["data"]]
            if "continue" not in a:
                break
            more = {"continue": a["continue"]}
        self.assertEqual(got, every)

    def test_filters(self):
        self.assertEqual(self.names(state="completed"), [f"l{i:02}" for i in range(0, 12, 2)])
        self.assertEqual(self.names(state=""), self.names())
        a = self.client.get(TRAIN, query={"state": "complete"})
        self.assertEqual((a.status, a.json.get("field")), (400, "state"), a)
        self.assertIn("no job is ever in that state", a.message)
        self.assertEqual(self.names(name="l03"), ["l03"])
        self.assertEqual(self.names(label="team=a"), [f"l{i:02}" for i in range(5)])
        self.assertEqual(self.names(filter="exit_code=1 name~=^l0"), ["l01", "l03", "l05", "l07", "l09"])
        a = self.client.get(TRAIN, query={"filter": "exit_cod=1"})
        self.assertEqual(a.status, 400)
        self.assertIn("exit_code", a.message)

    def test_failed_and_cancelled(self):
        """Two states for people: lists and filters tell them apart, the word on the wire stays."""
        self.submit("stopped", "sleep", "1000")
        self.addCleanup(lambda: self.client.delete(f"{TRAIN}/stopped"))
        self.running("stopped")
        self.assertEqual(self.client.post(f"{TRAIN}/stopped/cancel").status, 200)
        j = self.ended("stopped")
        self.assertEqual((j["state"], j["cancelled"]), ("failed", True))
        odd = [f"l{i:02}" for i in range(1, 12, 2)]
        for query in ({"state": "failed"}, {"filter": "state=failed"}):
            self.assertEqual(self.names(**query), odd, query)
        for query in ({"state": "cancelled"}, {"filter": "state=cancelled"}):
            self.assertEqual(self.names(**query), ["stopped"], query)
        self.assertNotIn("cancelled", self.job("l01"))
        a = self.client.get(TRAIN, query={"state": "cancelled", "fields": "state"})
        self.assertEqual(a.json["data"], [{"state": "failed", "cancelled": True}])
        self.client.post(f"{TRAIN}/stopped/retry")
        until(lambda: self.job("stopped")["state"] == "running", "running again")
        self.assertNotIn("cancelled", self.job("stopped"))
        self.client.delete(f"{TRAIN}/stopped")
        until(lambda: "stopped" not in self.names(), "its row is gone as well, not only its name")

    def test_fields(self):
        a = self.client.get(TRAIN, query={"fields": "job_name,state", "limit": "1"})
        self.assertEqual(a.json["data"], [{"job_name": "l00", "state": "completed"}])
        self.assertEqual(self.client.get(TRAIN, query={"fields": "nam"}).status, 400)
        self.assertEqual(self.client.get(TRAIN, query={"limit": "0"}).status, 400)

    def test_list_and_one_agree(self):
        """Two encoders: the list's writes text, the object's goes through jansson."""
        long = ("command", "job_args", "env", "prepare_command", "finish_command", "docker_command")

        def agree(name):  # somebody else may change it between two looks
            row, = self.client.get(TRAIN, query={"name": name}).json["data"]
            one = self.job(name)
            all_of, = self.client.get(TRAIN, query={"name": name, "fields": ",".join(one)}).json["data"]
            return (row == {k: v for k, v in one.items() if k not in long} and
                    all_of == {k: v for k, v in one.items() if k in all_of} and
                    all_of["command"] == one["command"])
        rows = self.client.get(TRAIN).json["data"]
        self.assertTrue(rows)
        for row in rows:
            until(lambda name=row["job_name"]: agree(name), "the list and the object to say the same")


if __name__ == "__main__":
    support.main()
