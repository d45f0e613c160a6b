#!/usr/bin/python3
"""A queue longer than what one turn of planning looks at: its order, and what waiting costs."""
import unittest

import support
from support import BASE, Client, Daemon, until

TRAIN = BASE + "/train"
MANY = 100  # a turn looks at 64


class Queue(unittest.TestCase):
    def setUp(self):
        # Alone on a store that has other writers as well: a version counts what they change, too.
        self.daemon = Daemon(engine="local", args=["--private"], settings=["local.max_tasks=1"],
                             env={"MLTOPD_ALONE": "1"})
        self.client = Client(self.daemon.port, self.daemon.secret())
        self.ran = self.daemon.folder + "/ran"

    def tearDown(self):
        self.daemon.close()

    def submit(self, name, *command, **more):
        a = self.client.post(TRAIN, dict({"job_name": name, "command": list(command)}, **more))
        self.assertEqual(a.status, 200, a)

    def tell(self, name, **more):
        self.submit(name, "sh", "-c", f"echo {name} >> {self.ran}", **more)

    def states(self):
        return {j["job_name"]: j for j in self.client.get(
            TRAIN, query={"fields": "job_name,state,reason", "limit": "1000"}).json["data"]}

    def version(self):
        with self.client.websocket() as ws:
            ws.send(t="sub", id=1, kind="quota")
            return int(ws.until("synced", 1)["v"]) >> 24  # changes; the low bits name the server

    def fill(self):
        """One that runs, many behind it, an urgent one behind these."""
        self.submit("blocker", "sleep", "1000")
        until(lambda: self.states()["blocker"]["state"] == "running", "the blocker")
        names = [f"q-{n}" for n in range(MANY)]
        for name in names:
            self.tell(name)
        self.tell("urgent", priority=5)
        until(lambda: all(j.get("reason") == "Tasks" for name, j in self.states().items()
                          if name != "blocker"), "the reasons why they wait")
        return ["urgent"] + names

    def test_order_and_cost(self):
        names = self.fill()
        self.assertEqual(self.client.post(f"{TRAIN}/q-{MANY - 10}/cancel").status, 200)
        until(lambda: self.states()[f"q-{MANY - 10}"]["state"] == "failed", "a cancel far behind")
        names.remove(f"q-{MANY - 10}")
        before = self.version()
        with self.client.websocket() as ws:
            ws.snapshot(1, "job", by="job_name", fields="job_name,state,reason,message")
            self.client.post(f"{TRAIN}/blocker/cancel")
            rows = self.rows_until_done(ws, names[-1])
        with open(self.ran) as f:
            self.assertEqual(f.read().split(), names)
        # Creating, running, ended: why the others wait is neither stored nor sent again.
        self.assertLessEqual(self.version() - before, 3 * (len(names) + 1))
        self.assertLessEqual(rows, 6)

    def rows_until_done(self, ws, name):
        rows = 0
        while True:
            m = ws.next()
            mine = [r for r in m.get("rows", []) if r["job_name"] == name]
            rows += len(mine)
            if any(r["state"] == "completed" for r in mine):
                return rows


if __name__ == "__main__":
    support.main()
