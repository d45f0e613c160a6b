#!/usr/bin/python3
"""Usage by org and day: the sum over the attempts, for whom, in which form, and what is refused."""
import signal
import tempfile
import time
import unittest

from support import BASE, Daemon, FREE, main, module_daemon, until
from usage_kit import USAGE, Sums, as_csv, held_by, millionths, span_of, told

TRAIN = BASE + "/train"


def setUpModule():
    global D, ADMIN
    D, ADMIN = module_daemon(engine="fake", settings=("demo.jobs=400", "fake.changes=0", *FREE))


def jobs_of(client):
    """All jobs with the rows of their tasks."""
    query, jobs = {"limit": "500", "org_id": "-1"}, []
    while True:
        page = client.get(TRAIN, query=query).json
        jobs += page["data"]
        if "continue" not in page:
            break
        query["continue"] = page["continue"]
    return [(j, client.get(f"{TRAIN}/{j['uid']}/tasks", query={"org_id": j["org_id"]}).json["data"]) for j in jobs]


class Sum(unittest.TestCase):
    """Of a made-up platform, whose attempts ran over midnight and for weeks."""

    @classmethod
    def setUpClass(cls):
        cls.jobs = jobs_of(ADMIN)
        cls.over, cls.live = Sums(), set()
        for job, tasks in cls.jobs:
            for task in tasks:
                if "end_time" not in task:
                    cls.live.add(job["uid"])
                elif span_of(task):
                    cls.over.add((job["org_name"], job["owner"], job["uid"]), *span_of(task), *held_by(task, job))

    def rows(self, by, **query):
        return as_csv(ADMIN, by=by, **{"from": "2020-01-01", **query})

    def test_each_job_that_is_over_is_told_to_the_millisecond(self):
        here = {job["uid"] for job, tasks in self.jobs if tasks}  # others were removed
        rows = [r for r in self.rows("job") if r["job_uid"] in here - self.live]
        self.assertGreater(len(rows), 20)
        self.assertEqual(told(rows, "org", "owner", "job_uid"), self.over.rows())

    def test_orgs_and_owners_are_the_sums_of_their_jobs(self):
        """Of days that are over; what runs today goes on between two questions."""
        rows = self.rows("job")
        last = max(r["day"] for r in rows)
        sums = {"owner": {}, "org": {}}
        for r in (r for r in rows if r["day"] < last):
            for by, key in (("owner", (r["day"], r["org"], r["owner"])), ("org", (r["day"], r["org"]))):
                one = sums[by].setdefault(key, [0, 0, 0])
                one[0] += millionths(r["gpu_seconds"])
                one[1] += millionths(r["cpu_seconds"])
                one[2] += int(r["attempts"])
        for by, parts in (("owner", ("org", "owner")), ("org", ("org",))):
            rows = [r for r in self.rows(by) if r["day"] < last]
            self.assertTrue(rows)
            self.assertEqual({k: [v[0], v[1], v[3]] for k, v in told(rows, *parts).items()}, sums[by])

    def test_what_runs_counts_up_to_now_and_never_less(self):
        def spent():
            return {k: v[0] + v[1] for k, v in told([r for r in self.rows("job") if r["job_uid"] in self.live],
                                                    "job_uid").items()}
        self.assertTrue(self.live)
        first = spent()
        grown = until(lambda: [k for k, v in spent().items() if v > first.get(k, 0)], "more is spent")
        self.assertTrue(grown)
        for key, value in spent().items():
            self.assertGreaterEqual(value, first.get(key, 0))

    def test_only_the_days_that_are_asked_for(self):
        rows = self.rows("org")
        days = sorted({r["day"] for r in rows})
        self.assertGreater(len(days), 1)
        some = self.rows("org", **{"from": days[0], "to": days[0]})
        self.assertEqual({r["day"] for r in some}, {days[0]})
        self.assertEqual([r for r in rows if r["day"] == days[0]], some)

    def test_json_has_the_rows_of_the_csv_in_pages(self):
        rows, query = [], {"by": "job", "limit": "7", "to": self.rows("org")[0]["day"], "from": "2020-01-01"}
        while True:
            page = ADMIN.get(USAGE, query=query).json
            rows += page["data"]
            self.assertLessEqual(len(page["data"]), 7)
            if "continue" not in page:
                break
            query["continue"] = page["continue"]
        whole = self.rows("job", to=query["to"])
        self.assertTrue(rows)
        self.assertEqual(told(rows, "org_name", "job_uid"), told(whole, "org", "job_uid"))

    def test_fields_and_filters_as_of_any_list(self):
        page = ADMIN.get(USAGE, query={"by": "owner", "fields": "day,owner", "filter": "gpu_seconds>10"}).json
        self.assertTrue(page["data"])
        self.assertEqual(set(page["data"][0]), {"day", "owner"})
        rows = as_csv(ADMIN, by="owner", fields="owner,attempts", filter="owner=li")
        self.assertEqual({tuple(r) for r in rows}, {("owner", "attempts")})
        self.assertEqual({r["owner"] for r in rows}, {"li"})
        self.assertEqual(as_csv(ADMIN, filter="attempts>1000000"), [])


class Refused(unittest.TestCase):
    def test_what_is_no_answer_is_a_sentence_that_names_the_field(self):
        for field, query, says in (
                ("from", {"from": "yesterday"}, "from is 'yesterday': give a day (UTC), such as 2026-11-30"),
                ("to", {"to": "2026-02-30"}, "to is '2026-02-30': give a day (UTC), such as 2026-11-30"),
                ("from", {"from": "2026-11-02", "to": "2026-11-01"}, "both are counted"),
                ("from", {"from": "1990-01-01", "to": "2026-11-01"}, "more than 3660 days apart"),
                ("by", {"by": "team"}, "by is 'team': give org or owner or job"),
                ("format", {"format": "xml"}, "format is 'xml': give json or csv"),
                ("limit", {"limit": "0"}, "limit is '0'"),
                ("fields", {"fields": "day,loss", "format": "csv"}, "loss"),
                ("filter", {"filter": "day>"}, "")):
            answer = ADMIN.get(USAGE, query=query)
            self.assertEqual(answer.status, 400, (query, answer))
            self.assertIn(says, answer.message)
            if field not in ("fields", "filter"):
                self.assertEqual(answer.json["field"], field)
        self.assertEqual(ADMIN.get(USAGE, query={"org": "nobody"}).status, 404)
        self.assertEqual(ADMIN.get(USAGE, query={"org_id": "4711"}).status, 404)

    def test_nobody_makes_or_changes_usage(self):
        for method in ("POST", "PUT", "DELETE"):
            self.assertEqual(ADMIN.request(method, USAGE, body={}).status, 405, method)


class Form(unittest.TestCase):
    def kind(self, accept=None, **query):
        headers = {"accept": accept} if accept else {}
        return ADMIN.get(USAGE, query=query, send=headers).headers["content-type"].split(";")[0]

    def test_csv_where_it_is_asked_for(self):
        self.assertEqual(self.kind(), "application/json")
        self.assertEqual(self.kind("*/*"), "application/json")
        self.assertEqual(self.kind("text/csv"), "text/csv")
        self.assertEqual(self.kind("application/json, text/csv"), "application/json")
        self.assertEqual(self.kind("text/csv", format="json"), "application/json")
        self.assertEqual(self.kind("application/json", format="csv"), "text/csv")


class Spreadsheet(unittest.TestCase):
    """A name is whatever somebody called his key: in a spreadsheet it is no formula."""

    def test_a_name_is_no_formula_and_leaves_its_cell_by_no_character(self):
        with Daemon(engine="local", settings=FREE) as d:
            owners = ["=1+1", "@sum", "+4", 'a,"b"', "plain"]
            for name in owners:
                c = d.client(name=name)
                made = c.post(TRAIN, {"job_name": "j", "command": ["true"]})
                self.assertEqual(made.status, 200, made)
                until(lambda: c.get(f"{TRAIN}/j").json["state"] == "completed", "it ends")
                self.assertEqual(c.delete(f"{TRAIN}/j").status, 200)
            rows = as_csv(c, by="owner")
            self.assertEqual(sorted(r["owner"] for r in rows),
                             sorted(n if n[0] not in "=@+-" else "'" + n for n in owners))
            self.assertEqual({r["attempts"] for r in rows}, {"1"})
            json_rows = c.get(USAGE, query={"by": "owner"}).json["data"]
            self.assertEqual(sorted(r["owner"] for r in json_rows), sorted(owners))


class Clock(unittest.TestCase):
    """Whatever the wall says, an attempt held what it has as long as it ran."""

    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.clock = place.name + "/clock"
        self.d = Daemon(engine="local", settings=FREE, env={"MLTOPD_CLOCK": self.clock})
        self.addCleanup(self.d.close)
        self.client = self.d.client()

    def spent(self):
        """Of all days: the clock is wrong."""
        return sum(float(r["cpu_seconds"]) for r in as_csv(self.client, to="2090-01-01", **{"from": "2085-01-01"})) + \
            sum(float(r["cpu_seconds"]) for r in as_csv(self.client, to="2030-01-01", **{"from": "2025-01-01"}))

    def test_a_clock_that_is_set_makes_no_attempt_longer(self):
        began = time.monotonic()
        made = self.client.post(TRAIN, {"job_name": "long", "command": ["sleep", "600"]})
        self.assertEqual(made.status, 200, made)
        until(lambda: self.spent() > 0, "it is counted")
        for ahead in (40 * 86400, -3 * 86400):
            with open(self.clock, "w") as f:
                f.write(str(ahead * 1000))
            self.assertLessEqual(self.spent(), time.monotonic() - began)
        self.assertEqual(self.client.post(f"{TRAIN}/long/cancel").status, 200)
        until(lambda: self.client.get(f"{TRAIN}/long").json["state"] == "failed", "it is over")
        (task,) = self.client.get(f"{TRAIN}/long/tasks").json["data"]
        self.assertEqual(self.spent(), task["held_time"])
        self.assertLessEqual(task["held_time"], time.monotonic() - began)


class Removed(unittest.TestCase):
    def test_a_job_that_goes_while_it_runs_has_spent_what_it_held_to_its_end(self):
        """It takes its time to end: that counts, and nothing afterwards."""
        with Daemon(engine="local", settings=FREE) as d:
            client = d.client()
            stubborn = "trap '' TERM; echo; i=0; while [ $i -lt 300 ]; do sleep 0.1; i=$((i+1)); done"
            uid = client.post(TRAIN, {"job_name": "slow", "command": ["sh", "-c", stubborn],
                                      "stop_grace": "1s"}).json["uid"]
            until(lambda: client.get(f"{TRAIN}/slow/logs").json["logs"], "it runs")
            self.assertEqual(client.delete(f"{TRAIN}/slow").status, 200)
            asked = millionths(as_csv(client, by="job")[0]["cpu_seconds"])
            until(lambda: client.get(f"{TRAIN}/{uid}").status == 404, "it is gone")
            (row,) = as_csv(client, by="job")
            self.assertGreaterEqual(millionths(row["cpu_seconds"]), asked + 10 ** 6 - 10 ** 5)
            self.assertEqual(as_csv(client, by="job"), [row])

    def test_one_that_was_stopped_before_it_ran_has_spent_nothing(self):
        with Daemon(engine="local", settings=FREE) as d:
            client = d.client()
            for n in range(20):
                client.post(TRAIN, {"job_name": f"j{n}", "command": ["sleep", "100"]})
                client.post(f"{TRAIN}/j{n}/cancel")
            for n in range(20):
                until(lambda: client.get(f"{TRAIN}/j{n}").json["state"] == "failed", "it is over")
                for task in client.get(f"{TRAIN}/j{n}/tasks").json["data"]:
                    self.assertGreaterEqual(task.get("start_time", "2"), "2")
            self.assertEqual(as_csv(client, to="1980-01-01", **{"from": "1970-01-01"}), [])


class Cost(unittest.TestCase):
    def test_prices_are_those_of_now_and_a_reload_brings_others(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        config = place.name + "/config.yaml"

        def say(text):
            with open(config, "w") as f:
                f.write("limits: {requests_per_second: 1000000, request_burst: 1000000}\n" + text)

        say("usage: {price_cpu_hour: '3.6', currency: EUR}\n")
        with Daemon(engine="local", args=["--config", config]) as d:
            client = d.client()
            client.post(TRAIN, {"job_name": "j", "command": ["sleep", "0.3"], "cpu_limit": "0.5", "memory_limit": "1G"})
            until(lambda: client.get(f"{TRAIN}/j").json["state"] == "completed", "it ends")
            (row,) = as_csv(client)
            self.assertEqual(row["currency"], "EUR")
            cpu = millionths(row["cpu_seconds"])
            self.assertEqual(millionths(row["cost"]), (cpu + 500) // 1000)
            say("usage: {price_cpu_hour: '3.6', price_gib_hour: 7200, currency: CNY}\n")
            d.process.send_signal(signal.SIGHUP)
            row = until(lambda: (lambda r: r if r["currency"] == "CNY" else None)(as_csv(client)[0]), "the new prices")
            gib = millionths(row["memory_gib_seconds"])
            self.assertEqual(gib, 2 * cpu)
            self.assertEqual(millionths(row["cost"]), (cpu + 500) // 1000 + 2 * gib)

    def test_a_price_that_is_none_is_refused_before_anything_starts(self):
        for value, says in (("-1", "price_gpu_hour"), ("cheap", "price_gpu_hour"), ("1.0000001", "six"), ("1e9", "")):
            with self.assertRaises(AssertionError) as refused:
                Daemon(engine="fake", settings=(f"usage.price_gpu_hour={value}",)).close(False)
            self.assertIn("price_gpu_hour", str(refused.exception), says)


class Whose(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.d = Daemon(engine="local", settings=FREE)
        cls.addClassCleanup(cls.d.close)
        cls.admin = cls.d.client()
        for org in ("red", "blue"):
            operator = cls.d.client(org=org, role="operator")
            assert operator.post(TRAIN, {"job_name": "j", "command": ["true"]}).status == 200
            until(lambda: operator.get(f"{TRAIN}/j").json["state"] == "completed", "it ends")
            assert operator.delete(f"{TRAIN}/j").status == 200

    def orgs(self, client, **query):
        return sorted({r["org"] for r in as_csv(client, by="job", **query)})

    def test_each_org_sees_its_own_and_an_admin_all(self):
        self.assertEqual(self.orgs(self.admin), ["blue", "red"])
        self.assertEqual(self.orgs(self.admin, org="red"), ["red"])
        for role in ("viewer", "operator", "quota-admin"):
            red = self.d.client(org="red", role=role)
            self.assertEqual(self.orgs(red), ["red"])
            self.assertEqual(self.orgs(red, org="red"), ["red"])
            self.assertEqual(self.orgs(red, org_id=red.key.org_id), ["red"])

    def test_another_org_is_as_one_that_is_not_there(self):
        red, blue = self.d.client(org="red", role="quota-admin"), self.d.client(org="blue", role="viewer")
        there = red.get(USAGE, query={"org": "blue"})
        absent = red.get(USAGE, query={"org": "none"})
        self.assertEqual((there.status, there.message), (404, "there is no org blue"))
        self.assertEqual((absent.status, absent.message), (404, "there is no org none"))
        self.assertEqual(red.get(USAGE, query={"org_id": blue.key.org_id}).status, 403)
        self.assertEqual(red.get(USAGE, query={"org_id": "-1"}).status, 403)


if __name__ == "__main__":
    main()
