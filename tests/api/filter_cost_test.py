"""What a filter may cost: whoever writes a dear one waits or is refused, and nobody else notices."""
import threading
import time
import unittest

import support
from support import BASE, FREE, Socket

LONG = "a" * 1000  # a text that expressions look into
DEAR = '((a?){20}){10}b'  # too much for one such text
SOME = '(a?){60}b'  # a third of what a row may cost
ROWS = 200  # that have such a text: as much as a request may cost
HOSTILE = " ".join(f'!mount_path~="{SOME}"' for _ in range(2)) + " nothing_like_it"
STALL = 0.25  # seconds that another client may wait, on a machine with other work
TURNS = 10  # answers of others in between, at least: a request's whole budget is a hundred turns of the loop


def setUpModule():
    global daemon, client
    daemon, client = support.module_daemon(settings=("demo.jobs=1000", "fake.changes=200", "limits.list=5000") + FREE)
    for i in range(ROWS):
        made = client.post(BASE + "/train", {"job_name": f"long-{i}", "command": ["true"], "mount_path": LONG})
        assert made.status == 200, made


class Beside:
    """How long another client waits for /healthz while something goes on."""

    def __enter__(self):
        self.over, self.waits = False, []
        self.thread = threading.Thread(target=self.ask)
        self.thread.start()
        return self

    def ask(self):
        with Socket(daemon.port) as s:
            while not self.over:
                begun = time.monotonic()
                s.send(f"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{daemon.port}\r\n\r\n".encode())
                assert s.answer().status == 200
                self.waits.append(time.monotonic() - begun)
                time.sleep(0.001)

    def __exit__(self, *_):
        self.over = True
        self.thread.join()


class Lists(unittest.TestCase):
    def test_a_dear_filter_stops_nobody(self):
        with Beside() as beside:
            before = len(beside.waits)
            answer = client.get(BASE + "/train", query={"filter": HOSTILE})
            between = len(beside.waits) - before
        self.assertEqual(answer.status, 422, answer)
        self.assertIn("costs too much", answer.message)
        self.assertLess(max(beside.waits), STALL)
        self.assertGreater(between, TURNS)

    def test_one_row_costs_too_much(self):
        with Beside() as beside:
            answer = client.get(BASE + "/train", query={"filter": f'mount_path~="{DEAR}"'})
        self.assertEqual(answer.status, 422, answer)
        self.assertIn("single row", answer.message)
        self.assertLess(max(beside.waits), STALL)

    def test_many_of_them(self):
        """Each within its own budget, together over that of their key."""
        many, filter = daemon.client(name="many-lists"), f'mount_path~="{SOME}"'
        with Beside() as beside:
            seen = [many.get(BASE + "/train", query={"filter": filter}) for _ in range(12)]
        self.assertEqual({a.status for a in seen}, {200, 422})
        self.assertIn("this access key", next(a for a in seen if a.status == 422).message)
        self.assertLess(max(beside.waits), STALL)
        # another key of the same org is not concerned, and who asks for little is answered
        other = daemon.client(name="other")
        self.assertEqual(other.get(BASE + "/train", query={"filter": filter}).status, 200)
        self.assertEqual(many.get(BASE + "/train", query={"limit": "5"}).status, 200)

    def test_slices_give_the_whole_list(self):
        """A list that takes many turns of the loop has each row once, in order, also over pages."""
        other = daemon.client(name="slices")
        filter = f'!mount_path~="{SOME[:-1]}%"'  # which no path holds
        seen, after = [], None
        while True:
            query = {"filter": filter, "fields": "uid", "limit": "400"}
            if after:
                query["continue"] = after
            page = other.get(BASE + "/train", query=query)
            self.assertEqual(page.status, 200, page)
            seen += [j["uid"] for j in page.json["data"]]
            after = page.json.get("continue")
            if not after:
                break
        self.assertEqual(seen, sorted(set(seen)))
        self.assertGreaterEqual(len(seen), 1000 + ROWS)

    def test_rows_come_and_go_between_slices(self):
        """Those that are there all the time are each in the list once, whatever happens around them."""
        other, over = daemon.client(name="around"), threading.Event()
        threads = [threading.Thread(target=self.come_and_go, args=(f"{word}-passing", over)) for word in ("a", "z")]
        for t in threads:
            t.start()
        try:
            for query in ({"limit": "5000"}, {"limit": "5000", "filter": f'!mount_path~="{SOME[:-1]}%"', "fields": "uid,job_name"}):
                page = other.get(BASE + "/train", query=query)
                self.assertEqual(page.status, 200, page)
                uids, names = ([j[f] for j in page.json["data"]] for f in ("uid", "job_name"))
                self.assertEqual(uids, sorted(set(uids)))
                self.assertEqual(sum(n.startswith("long-") for n in names), ROWS)
        finally:
            over.set()
            for t in threads:
                t.join()

    @staticmethod
    def come_and_go(name, over):
        c = daemon.client(name=name)
        while not over.is_set():
            assert c.post(BASE + "/train", {"job_name": name, "command": ["true"]}).status == 200
            assert c.delete(f"{BASE}/train/{name}").status in (200, 202)
            support.until(lambda: c.get(f"{BASE}/train/{name}").status == 404, "it is gone")

    def test_client_leaves_in_the_middle(self):
        other = daemon.client(name="leaves")
        for _ in range(20):
            with Socket(daemon.port) as s:
                s.send(other.bytes_of("GET", BASE + "/train", query={"filter": f'mount_path~="{SOME}"'}))
        self.assertEqual(client.get("/healthz", sign=False).status, 200)


class Streams(unittest.TestCase):
    def test_a_dear_filter_is_refused(self):
        c = daemon.client(name="dear")
        with Beside() as beside, c.websocket() as w:
            w.send(t="sub", id=1, kind="job", filter=f'mount_path~="{DEAR}"', fields="job_name")
            m = w.until("error")
            self.assertEqual((m["id"], m["code"]), (1, 422))
            self.assertIn("costs too much", m["message"])
            self.assertEqual(len(w.snapshot(2, "job", fields="job_name", filter="job_name~=^long-")), ROWS)
        self.assertLess(max(beside.waits), STALL)

    def test_hundreds_of_subscriptions(self):
        """8 sockets with 64 subscriptions each: others do not wait, and a key does not take a core."""
        c = daemon.client(name="many")
        sockets = [c.websocket() for _ in range(8)]
        try:
            for w in sockets:
                for i in range(64):
                    w.send(t="sub", id=i + 1, kind="job", fields="job_name",
                           filter='message!~="nothing like it" job_name~="(-?){90}0"')
            reading = [threading.Thread(target=self.read, args=(w, 3)) for w in sockets]
            for t in reading:
                t.start()
            with Beside() as beside:
                time.sleep(1)  # the first rows are on their way
                before, begun = daemon.cpu_seconds(), time.monotonic()
                time.sleep(1.5)
                used = (daemon.cpu_seconds() - before) / (time.monotonic() - begun)
            for t in reading:
                t.join()
        finally:
            for w in sockets:
                w.close()
        self.assertLess(sorted(beside.waits)[len(beside.waits) * 9 // 10], STALL / 2)
        self.assertLess(used, 0.6)

    @staticmethod
    def read(w, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not w.quiet(0.05):
                w.next()


if __name__ == "__main__":
    support.main()
