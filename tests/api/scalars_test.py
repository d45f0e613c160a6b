#!/usr/bin/python3
"""GET .../scalars: event files among a job's outputs, as they grow, tear, lie and are written anew."""
import os
import struct
import threading
import time

import support
from support import Client, until
from train_kit import TRAIN, Case

from kit import events

NAME = "events.out.tfevents.1700000000.host"

# Does in its outputs what the files in a folder say, one after the other: "1 write PATH" and the like.
TASK = r"""
import os, sys, time
at, folder, n = os.environ["MLTOP_OUTPUT_DIR"], sys.argv[1], 0
os.chdir(at)
while True:
    n += 1
    todo = f"{folder}/{n}"
    while not os.path.exists(todo):
        time.sleep(0.02)
    how, path = open(todo + ".how").read().split()
    if how == "end":
        break
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    if how == "link":
        os.symlink(open(todo).read(), path)
    elif how == "remove":
        os.unlink(path)
    elif how == "anew":
        os.unlink(path)
        open(path, "wb").write(open(todo, "rb").read())
    else:
        open(path, "ab" if how == "add" else "wb").write(open(todo, "rb").read())
    open(todo + ".done", "w").close()
"""


class Writer:
    """A job whose outputs the test fills while it runs."""

    def __init__(self, case, name):
        self.case, self.name, self.n = case, name, 0
        self.folder = os.path.join(case.daemon.state, "todo-" + name)
        os.makedirs(self.folder)
        self.uid = case.submit(name, "/usr/bin/python3", "-c", TASK, self.folder)["uid"]
        case.addCleanup(case.ended, name)
        case.addCleanup(self.end)
        self.ended = False

    def do(self, how, path, data=b""):
        self.n += 1
        todo = f"{self.folder}/{self.n}"
        with open(todo + ".how", "w") as f:
            f.write(f"{how} {path}")
        with open(todo + ".part", "wb") as f:
            f.write(data)
        os.rename(todo + ".part", todo)
        if how != "end":
            until(lambda: os.path.exists(todo + ".done"), f"{how} {path}")

    def end(self):
        if not self.ended:
            self.ended = True
            self.do("end", "-")

    def scalars(self, status=200, **query):
        a = self.case.client.get(f"{TRAIN}/{self.name}/scalars", query=query)
        self.case.assertEqual(a.status, status, a)
        return a.json

    def points(self, tag="loss", run=".", **query):
        for row in self.scalars(**query)["data"]:
            if (row["tag"], row["run"]) == (tag, run):
                return row["points"]
        return None

    def steps(self, tag="loss", run=".", **query):
        points = self.points(tag, run, **query)
        return points and [p[0] for p in points]


class Scalars(Case):
    def writer(self, name):
        return Writer(self, name)

    def test_curves_of_runs_and_tags(self):
        w = self.writer("curves")
        w.do("write", NAME, events.curve("loss", range(5)))
        w.do("write", f"runs/a/{NAME}", events.curve("val", range(3)) + events.curve("acc", [1, 2]))
        w.do("write", "runs/a/notes.txt", events.curve("not", range(3)))
        got = w.scalars()
        self.assertEqual([(r["run"], r["tag"], len(r["points"])) for r in got["data"]],
                         [(".", "loss", 5), ("runs/a", "acc", 2), ("runs/a", "val", 3)])
        self.assertEqual(got["data"][0]["points"][1], [1, 1700000001000, 0.5])
        self.assertEqual((got["truncated"], got["source"], "problems" in got), (False, "events", False))
        self.assertEqual([r["tag"] for r in w.scalars(tags="val,loss")["data"]], ["loss", "val"])
        self.assertEqual([r["tag"] for r in w.scalars(run="runs/a")["data"]], ["acc", "val"])
        self.assertEqual(w.scalars(tags="los")["data"], [])
        w.end()
        self.ended("curves")
        self.assertEqual(w.scalars(), got, "and when it is over")

    def test_a_float_is_told_as_tensorboard_tells_it(self):
        w = self.writer("floats")
        w.do("write", NAME, events.version() + b"".join(
            events.scalar("loss", i, v) for i, v in enumerate([0.1, float("nan"), float("inf"), -float("inf")])))
        self.assertEqual([p[2] for p in w.points()], [0.10000000149011612, "nan", "inf", "-inf"])

    def test_a_file_that_grows_is_read_on(self):
        w = self.writer("grows")
        whole = events.curve("loss", range(4))
        w.do("write", NAME, b"")
        self.assertIsNone(w.steps())
        for cut in (10, 40, 100, 101, len(whole) - 1):
            w.do("write", NAME, whole[:cut])
            w.do("add", NAME, whole[cut:])
            w.do("add", NAME, events.scalar("loss", 9, 1)[:-3])
            self.assertEqual(w.steps(), [0, 1, 2, 3])
            w.do("add", NAME, events.scalar("loss", 9, 1)[-3:])
            self.assertEqual(w.steps(), [0, 1, 2, 3, 9])

    def test_a_run_that_began_again_is_seen_once(self):
        w = self.writer("again")
        w.do("write", "events.out.tfevents.17.a", events.curve("loss", range(10)))
        self.assertEqual(w.steps(), list(range(10)))
        w.do("write", "events.out.tfevents.18.b", events.curve("loss", [5, 6], lambda _: 7))
        self.assertEqual([(p[0], p[2]) for p in w.points()][5:], [(5, 7), (6, 7)])
        self.assertEqual(w.steps(), [0, 1, 2, 3, 4, 5, 6])

    def test_what_is_written_anew_is_read_anew(self):
        w = self.writer("anew")
        w.do("write", NAME, events.curve("loss", range(4)))
        self.assertEqual(w.steps(), [0, 1, 2, 3])
        w.do("anew", NAME, events.curve("loss", [7, 8, 9, 10]))
        self.assertEqual(w.steps(), [7, 8, 9, 10])
        w.do("write", NAME, events.curve("loss", [1]))
        self.assertEqual(w.steps(), [1])
        w.do("write", f"b/{NAME}", events.curve("loss", [3]))
        self.assertEqual(w.steps(run="b"), [3])
        w.do("remove", NAME)
        self.assertIsNone(w.steps())
        self.assertEqual(w.steps(run="b"), [3])

    def test_damage_costs_what_it_must_and_is_told(self):
        w = self.writer("damage")
        good = events.curve("loss", range(3))
        bad = bytearray(events.scalar("loss", 3, 1))
        bad[-6] ^= 1
        w.do("write", f"data/{NAME}", good + bytes(bad) + events.scalar("loss", 4, 1))
        self.assertEqual(w.steps(run="data"), [0, 1, 2, 4])
        length = bytearray(events.scalar("loss", 3, 1))
        length[9] ^= 1
        w.do("write", f"length/{NAME}", good + bytes(length) + events.scalar("loss", 4, 1))
        self.assertEqual(w.steps(run="length"), [0, 1, 2])
        huge = struct.pack("<Q", 1 << 50)
        w.do("write", f"lies/{NAME}", good + huge + struct.pack("<I", events.masked_crc(huge)) + b"x" * 100)
        self.assertEqual(w.steps(run="lies"), [0, 1, 2])
        told = {p["file"]: p["message"] for p in w.scalars()["problems"]}
        self.assertEqual(sorted(told), [f"data/{NAME}", f"length/{NAME}", f"lies/{NAME}"])
        self.assertIn("1 records were left out", told[f"data/{NAME}"])
        self.assertIn(f"wrong checksum in the record at byte {len(good)}", told[f"length/{NAME}"])
        self.assertIn("a length that no event has", told[f"lies/{NAME}"])
        w.do("add", f"length/{NAME}", events.scalar("loss", 5, 1))
        self.assertEqual(w.steps(run="length"), [0, 1, 2], "nothing behind it is read, later or now")
        w.do("anew", f"length/{NAME}", events.curve("loss", [8]))
        self.assertEqual(w.steps(run="length"), [8])

    def test_points_are_chosen_evenly_and_that_is_told(self):
        w = self.writer("points")
        w.do("write", NAME, events.curve("loss", range(100)))
        self.assertEqual(w.steps(max_points="1"), [99])
        self.assertEqual(w.steps(max_points="2"), [0, 99])
        self.assertEqual(w.steps(max_points="4"), [0, 33, 66, 99])
        self.assertTrue(w.scalars(max_points="4")["truncated"])
        self.assertFalse(w.scalars(max_points="100")["truncated"])
        self.assertEqual(w.steps(from_step="97"), [97, 98, 99])
        self.assertEqual(w.steps(from_step="100"), [])
        self.assertEqual(w.steps(from_step="-5"), list(range(100)))
        for query in ({"max_points": "0"}, {"max_points": "10001"}, {"max_points": "many"}, {"from_step": "1.5"}):
            self.assertIn(list(query)[0], w.scalars(400, **query)["message"])

    def test_no_link_leads_out(self):
        w = self.writer("links")
        outside = os.path.join(self.daemon.state, "outside")
        os.makedirs(outside, exist_ok=True)
        with open(f"{outside}/{NAME}", "wb") as f:
            f.write(events.curve("secret", range(3)))
        w.do("write", f"a/{NAME}", events.curve("loss", range(3)))
        w.do("link", f"b/{NAME}", f"{outside}/{NAME}".encode())
        w.do("link", "c", outside.encode())
        w.do("link", f"d/{NAME}", f"../a/{NAME}".encode())
        got = w.scalars()
        self.assertEqual([(r["run"], r["tag"]) for r in got["data"]], [("a", "loss"), ("d", "loss")])
        self.assertEqual(got["problems"], [{"file": f"b/{NAME}", "message": "it cannot be opened"}])

    def test_without_event_files_the_log_tells(self):
        self.submit("logs", "/bin/sh", "-c", "for i in 1 2 3; do echo step $i/3 loss=0.$i; sleep 1.2; done")
        self.ended("logs")

        def told():
            a = self.client.get(f"{TRAIN}/logs/scalars").json
            return a if a["data"] else None
        got = until(told, "samples of its loss")
        self.assertEqual(got["source"], "log")
        self.assertEqual([r["tag"] for r in got["data"]], ["loss"])
        step, wall, value = got["data"][0]["points"][-1]
        self.assertIsNone(step)
        self.assertGreater(wall, 1700000000000)
        self.assertAlmostEqual(value, 0.3, 5)
        self.assertEqual(self.client.get(f"{TRAIN}/logs/scalars", query={"tags": "acc"}).json["data"], [])

    def now(self, tag, step, value):
        """A point that an attempt of now writes."""
        return events.scalar(tag, step, value, wall=time.time() + 1 - step)

    def told(self, name, what):
        return until(lambda: (lambda j: j if all(j.get(k) == v for k, v in what.items()) else None)(self.job(name)),
                     f"{what} of {name}")

    def test_progress_is_that_of_event_files_where_the_log_tells_none(self):
        w = self.writer("silent")
        w.do("write", NAME, events.version() + events.scalar("train_loss", 900, 9.0) + self.now("train_loss", 40, 0.5)
             + self.now("val_acc", 40, 0.75))
        self.told("silent", {"loss": 0.5, "progress_step": 40, "metric_name": "val_acc", "metric_value": 0.75,
                             "source": "events"})
        # What comes with the last bytes is there when it is over.
        w.do("add", NAME, self.now("train_loss", 41, 0.25))
        w.end()
        over = self.ended("silent")
        self.assertEqual((over["state"], over["loss"], over["progress_step"], over["source"]),
                         ("completed", 0.25, 41, "events"))

    def test_what_the_log_tells_goes_before(self):
        script = """
import os, shutil, sys, time
shutil.copy(sys.argv[1], os.environ["MLTOP_OUTPUT_DIR"])
print("loss: 7.5", flush=True)
while not os.path.exists(sys.argv[1] + ".end"):
    time.sleep(0.02)
"""
        path = os.path.join(self.daemon.state, NAME + "-speaks")
        with open(path, "wb") as f:
            f.write(self.now("loss", 12, 0.5))
        self.submit("speaks", "/usr/bin/python3", "-c", script, path)
        self.addCleanup(self.ended, "speaks")
        self.addCleanup(lambda: open(path + ".end", "w").close())
        self.told("speaks", {"loss": 7.5, "progress_step": 12, "source": "log, events"})

    def test_points_of_an_earlier_attempt_are_not_this_one_s(self):
        w = self.writer("earlier")
        w.do("write", NAME, events.curve("loss", range(4)))
        w.do("write", f"b/{NAME}", self.now("other", 5, 1.0))
        job = self.told("earlier", {"progress_step": 5, "source": "events"})
        self.assertNotIn("loss", job)

    def test_what_has_nothing_and_what_is_not_there(self):
        self.submit("nothing", "true")
        self.ended("nothing")
        self.assertEqual(self.client.get(f"{TRAIN}/nothing/scalars").json,
                         {"data": [], "truncated": False, "source": "log"})
        self.assertEqual(self.client.get(f"{TRAIN}/unknown/scalars").status, 404)

    def test_many_ask_at_once(self):
        w = self.writer("crowd")
        w.do("write", NAME, b"".join(events.curve(f"tag-{i}", range(50)) for i in range(20)))
        first = w.scalars()
        clients = [Client(self.daemon.port, self.client.key) for _ in range(8)]
        got = []
        sent = [threading.Thread(target=lambda c=c: got.append(c.get(f"{TRAIN}/crowd/scalars").json)) for c in clients]
        for t in sent:
            t.start()
        for t in sent:
            t.join()
        self.assertEqual(got, [first] * len(clients))

    def test_a_deleted_job_takes_them_along(self):
        w = self.writer("deleted")
        w.do("write", NAME, events.curve("loss", range(3)))
        self.assertEqual(w.steps(), [0, 1, 2])
        w.end()
        self.ended("deleted")
        self.assertEqual(self.client.delete(f"{TRAIN}/deleted").status, 200)
        until(lambda: not os.path.exists(os.path.join(self.daemon.state, "tasks", w.uid)), "its folder to go")
        self.submit("deleted", "true")
        self.ended("deleted")
        self.assertEqual(self.client.get(f"{TRAIN}/deleted/scalars").json["data"], [])


if __name__ == "__main__":
    support.main()
