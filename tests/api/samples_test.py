#!/usr/bin/python3
"""Histories of samples: what a job used and how its training went, over its whole life."""
import os
import unittest

import support
from support import BASE, Client, Daemon, until
from train_kit import FINAL, TRAIN, Case

# A step whenever its file has grown, so that no test waits for a clock.
TRAINING = """
import os, sys, time
step = 0
while not os.path.exists(sys.argv[1] + '.end'):
    step += 1
    loss = 'nan' if step > 40 else round(3 / step, 4)
    print(f'step {step}/400 loss={loss}', flush=True)
    time.sleep(0.1)
"""


class Samples(Case):
    def train(self, name):
        mark = os.path.join(self.daemon.state, name)
        self.submit(name, "/usr/bin/python3", "-c", TRAINING, mark)
        self.addCleanup(self.ended, name)  # what looks for a mark in a folder that is gone runs on for ever
        self.addCleanup(lambda: open(mark + ".end", "w").close())
        return mark

    def samples(self, name, status=200, **query):
        a = self.client.get(f"{TRAIN}/{name}/samples", query=query)
        self.assertEqual(a.status, status, a)
        return a.json

    def column(self, samples, field):
        at = samples["fields"].index(field) if field in samples["fields"] else None
        return [] if at is None else [row[at] for row in samples["rows"] if row[at] is not None]

    def has(self, name, field, count):
        return until(lambda: (lambda s: s if len(self.column(s, field)) >= count else None)(self.samples(name)),
                     f"{count} samples of {field}")

    def test_a_life_is_told_and_stays_when_it_is_over(self):
        mark = self.train("whole")
        live = self.has("whole", "loss", 3)
        self.has("whole", "cpu_used", 1)
        self.assertEqual(live["step_ms"], 1000)
        numbers = [x for x in self.column(live, "loss") if x != "nan"]
        self.assertEqual(numbers, sorted(numbers, reverse=True))
        open(mark + ".end", "w").close()
        self.assertEqual(self.ended("whole")["state"], "completed")
        over = until(lambda: (lambda s: s if s["rows"] else None)(self.samples("whole")), "its file")
        self.assertEqual(over["from"], live["from"])
        self.assertEqual(self.column(over, "loss")[:2], self.column(live, "loss")[:2])
        self.assertGreaterEqual(len(over["rows"]), len(live["rows"]))

    def test_fields_and_times_are_chosen_and_others_refused(self):
        self.train("some")
        all_of_it = self.has("some", "loss", 3)
        some = self.samples("some", fields="loss", **{"from": str(all_of_it["from"] + 2000)})
        self.assertEqual(some["fields"], ["loss"])
        self.assertEqual(some["from"], all_of_it["from"] + 2000)
        self.assertEqual(self.column(some, "loss")[0], self.column(all_of_it, "loss")[-1]
                         if len(all_of_it["rows"]) == 3 else self.column(some, "loss")[0])
        self.assertIn("no history is kept of owner", self.samples("some", 400, fields="owner")["message"])
        self.assertIn("milliseconds", self.samples("some", 400, **{"from": "yesterday"})["message"])

    def test_what_never_ran_has_none(self):
        self.submit("never", "/no/such/program")
        self.ended("never")
        self.assertEqual(self.samples("never")["rows"], [])
        self.samples("unknown", 404)


class Files(unittest.TestCase):
    """On the disk: through restarts, and gone with what they are about."""

    def test_they_outlive_the_daemon_and_go_with_the_job(self):
        with Daemon(engine="local", args=["--private"]) as d:
            c = Client(d.port, d.secret())
            mark, folder = os.path.join(d.state, "mark"), os.path.join(d.state, "samples")
            a = c.post(TRAIN, {"job_name": "kept", "command": ["/usr/bin/python3", "-c", TRAINING, mark]})
            self.assertEqual(a.status, 200, a)

            def rows(least):
                return until(lambda: (lambda s: s if len(s["rows"]) >= least else None)(
                    c.get(f"{TRAIN}/kept/samples").json), f"{least} rows")

            before = rows(3)
            open(os.path.join(folder, "01ARZ3NDEKTSV4RRFFQ69G5FAV"), "w").close()
            d.stop()
            self.assertIn(a.json["uid"], os.listdir(folder))
            d.start()
            c = Client(d.port, c.key)
            after = rows(len(before["rows"]) + 2)
            self.assertEqual(after["from"], before["from"])
            at = before["fields"].index("loss"), after["fields"].index("loss")
            self.assertEqual([row[at[1]] for row in after["rows"][:2]], [row[at[0]] for row in before["rows"][:2]])
            until(lambda: os.listdir(folder) == [a.json["uid"]], "what is of no job is removed")
            open(mark + ".end", "w").close()
            until(lambda: c.get(f"{TRAIN}/kept").json["state"] in FINAL, "its end")
            self.assertEqual(c.delete(f"{TRAIN}/kept").status, 200)
            until(lambda: os.listdir(folder) == [], "its file is removed")

    def test_a_file_that_is_damaged_is_no_history(self):
        with Daemon(engine="local", args=["--private"]) as d:
            c = Client(d.port, d.secret())
            a = c.post(TRAIN, {"job_name": "torn", "command": ["true"]})
            until(lambda: c.get(f"{TRAIN}/torn").json["state"] in FINAL, "its end")
            with open(os.path.join(d.state, "samples", a.json["uid"]), "w") as f:
                f.write('{"step_ms": 1000, "from": 17, "fields": ["loss"], "rows": [[1], [')
            self.assertEqual(c.get(f"{TRAIN}/torn/samples").json["rows"], [])


if __name__ == "__main__":
    support.main()
