#!/usr/bin/python3
"""Model services: replicas of a program behind one address, made, asked, scaled, updated, killed and removed."""
import json
import os
import signal
import socket
import threading
import unittest

import support
from support import BASE, FREE, LIMIT, Client, Daemon, until

MODEL, REPLICA = BASE + "/model", BASE + "/replica"

# Says who it is; /slow waits until the file is there, /die ends it, /sick makes it unready.
PROGRAM = """
import http.server, json, os, sys, time
sick = False
class H(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        global sick
        n = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(n)
        if self.path == "/die":
            os._exit(3)
        if self.path == "/sick":
            sick = True
        while self.path.startswith("/slow") and not os.path.exists(self.path[5:]):
            time.sleep(0.01)
        data = json.dumps({"pid": os.getpid(), "version": os.environ["MODEL_VERSION"], "name": os.environ["MODEL_NAME"],
                           "uri": os.environ.get("MODEL_URI"), "own": os.environ.get("OWN"), "bytes": n,
                           "fields": dict((k.lower(), v) for k, v in self.headers.items())}).encode()
        self.send_response(503 if self.path == "/ready" and sick else 200)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
    do_POST = do_GET
    def log_message(self, form, *args):
        print(form % args, flush=True)
class S(http.server.ThreadingHTTPServer):
    request_queue_size = 128
print("serves", flush=True)
S(("127.0.0.1", int(os.environ["PORT"])), H).serve_forever()
"""
COMMAND = ["python3", "-c", PROGRAM]
# Listens at a port that is not its own, and says who came.
TAKES = """
import socket, sys
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("taken", flush=True)
while True:
    print("asked", s.accept()[0].recv(100), flush=True)
"""


class Asked(support.Socket):
    """A kept connection to a service."""

    def ask(self, path="/", key=None, body=b"", **fields):
        lines = [f"POST {path} HTTP/1.1", "Host: service", f"Content-Length: {len(body)}"]
        lines += [f"X-Mltop-Service-Key: {key}"] if key else []
        lines += [f"{k}: {v}" for k, v in fields.items()]
        self.send("\r\n".join([*lines, "", ""]).encode() + body)
        return self.answer()


class Case(unittest.TestCase):
    args = ["--private"]

    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon(engine="local", args=cls.args, settings=["local.max_tasks=64"])
        cls.client = Client(cls.daemon.port, cls.daemon.secret())

    @classmethod
    def tearDownClass(cls):
        for row in cls.client.get(MODEL).json["data"]:
            cls.client.request("DELETE", f"{MODEL}/{row['uid']}")
        until(lambda: not cls.client.get(REPLICA).json["data"], "all replicas are gone")
        cls.daemon.close()

    def make(self, name, **more):
        a = self.client.post(MODEL, {"model_name": name, "command": COMMAND, "ready_path": "/ready", "cpu_limit": "0.1", **more})
        self.assertEqual(a.status, 200, a)
        return a.json

    def row(self, name):
        a = self.client.get(f"{MODEL}/{name}")
        self.assertEqual(a.status, 200, a)
        return a.json

    def put(self, name, **changes):
        a = self.client.request("PUT", f"{MODEL}/{name}", body=changes)
        self.assertEqual(a.status, 200, a)
        return a.json

    def ready(self, name, count):
        def settled():
            row = self.row(name)
            return row if row["ready_replicas"] == row["updated_replicas"] == count == len(self.replicas(name)) else None
        try:
            return until(settled, f"{count} replicas of {name}, and no others, are ready")
        except AssertionError as e:
            row = {k: v for k, v in self.row(name).items() if k not in ("command", "env")}
            raise AssertionError(f"{e}: {row}, {[(r['index'], r['state'], r['message']) for r in self.replicas(name)]}") from e

    def replicas(self, name):
        rows = self.client.get(REPLICA).json["data"]
        return [r for r in rows if r["replica_name"].startswith(name + ".replica-")]

    def port(self, row):
        return int(row["address"].rpartition(":")[2])

    def gone(self, name):
        self.assertEqual(self.client.request("DELETE", f"{MODEL}/{name}").status, 200)
        until(lambda: not self.replicas(name), f"replicas of {name} are gone")


class Beside(Case):
    def test_two_platforms_give_no_port_twice(self):
        """Programs of neither listen yet when both choose: what one serves must not be the other's."""
        wait = [*COMMAND[:2], "import os, time\nwhile not os.path.exists(os.environ['GO']): time.sleep(0.01)\n" + PROGRAM]
        with Daemon(engine="local", args=self.args, settings=["local.max_tasks=64"]) as d:
            other = Client(d.port, d.secret())
            go = os.path.join(self.daemon.folder, "go-on")
            body = {"command": wait, "cpu_limit": "0.1", "replicas": 2, "access": "open"}
            for client, own in ((self.client, "one"), (other, "two")):
                a = client.post(MODEL, {"model_name": own, "env": {"OWN": own, "GO": go}, **body})
                self.assertEqual(a.status, 200, a)
            rows = [until(lambda c=c: (lambda r: r if len(r) == 2 else None)(c.get(REPLICA).json["data"]), "two replicas")
                    for c in (self.client, other)]
            ports = [r["port"] for both in rows for r in both]
            self.assertEqual(len(set(ports)), 4, ports)
            open(go, "w").close()
            for client, own in ((self.client, "one"), (other, "two")):
                row = until(lambda c=client, n=own: (lambda r: r if r["ready_replicas"] == 2 else None)(
                    c.get(f"{MODEL}/{n}").json), "both are ready")
                with Asked(self.port(row)) as s:
                    self.assertEqual({s.ask().json["own"] for _ in range(4)}, {own})
            self.assertEqual(other.request("DELETE", f"{MODEL}/two").status, 200)
            until(lambda: not other.get(REPLICA).json["data"], "the other's are gone")
        self.gone("one")


class Serving(Case):
    def test_a_service_from_beginning_to_end(self):
        made = self.make("whole", replicas=2, model_uri="/data/m", env={"OWN": "x"})
        self.assertEqual((made["state"], made["replicas"], made["model_version"], made["access"]),
                         ("creating", 2, "1", "key"))
        row = self.ready("whole", 2)
        self.assertEqual((row["state"], row["message"]), ("running", ""))
        self.assertEqual([r["replica_name"] for r in self.replicas("whole")], ["whole.replica-0", "whole.replica-1"])
        self.assertTrue(all(r["ready"] and r["parent"] == made["uid"] for r in self.replicas("whole")))
        with Asked(self.port(row)) as s:
            answers = [s.ask(key=made["service_key"], body=b"x" * i).json for i in range(10)]
        self.assertEqual(len({a["pid"] for a in answers}), 2)
        self.assertEqual([a["bytes"] for a in answers], list(range(10)))
        self.assertEqual({(a["version"], a["name"], a["uri"], a["own"]) for a in answers}, {("1", "whole", "/data/m", "x")})
        shown = until(lambda: (lambda r: r if r.get("requests_rate") else None)(self.row("whole")), "it is counted")
        self.assertGreater(shown["latency_p99"], 0)
        self.assertIn("last_request", shown)
        logs = self.client.get(f"{REPLICA}/whole.replica-1/logs").json["logs"]
        self.assertIn("serves", logs)
        self.gone("whole")
        self.assertEqual(self.client.get(f"{MODEL}/whole").status, 404)
        with self.assertRaises(OSError):
            socket.create_connection(("127.0.0.1", self.port(row)), 5).close()

    def test_the_key(self):
        made = self.make("locked")
        row = self.ready("locked", 1)
        key = made["service_key"]
        self.assertNotIn("service_key", self.row("locked"))
        self.assertNotIn("key_sha256", made)
        with Asked(self.port(row)) as s:
            refused = s.ask()
            self.assertEqual((refused.status, refused.json["error"]), (401, True))
            self.assertEqual(s.ask(key="0" * 64).status, 401)
            seen = s.ask(key=key, Authorization="Bearer x").json["fields"]
            self.assertFalse({"x-mltop-service-key", "authorization"} & set(seen), seen)
            rotated = self.client.post(f"{MODEL}/locked/rotate", {})
            until(lambda: s.ask(key=key).status == 401, "the old key is refused")
            self.assertEqual(s.ask(key=rotated.json["service_key"]).status, 200)
            self.put("locked", access="open")
            until(lambda: s.ask().status == 200, "it is open")
            self.assertEqual(s.ask(Authorization="Bearer x").json["fields"]["authorization"], "Bearer x")

    def test_scaled_and_updated_while_it_is_asked(self):
        """Not one request fails, over kept connections."""
        made = self.make("busy", access="open")
        port = self.port(self.ready("busy", 1))
        stop, faults, answers = threading.Event(), [], []

        def ask_on():
            try:
                with Asked(port) as s:
                    while not stop.is_set():
                        a = s.ask(body=b"x" * 1000)
                        if a.status == 200:
                            answers.append(a.json["version"])
                        else:
                            faults.append(a)
            except Exception as e:
                faults.append(e)
        threads = [threading.Thread(target=ask_on) for _ in range(4)]
        for t in threads:
            t.start()
        try:
            for wanted in (3, 1):
                self.put("busy", replicas=wanted)
                self.ready("busy", wanted)
            before = {r["uid"] for r in self.replicas("busy")}
            self.put("busy", model_version="2")
            self.ready("busy", 1)
            until(lambda: faults or answers[-1] == "2", "the new version answers")
            self.assertEqual(faults, [])
            self.assertFalse(before & {r["uid"] for r in self.replicas("busy")})
            self.client.post(f"{MODEL}/busy/restart", {})
            until(lambda: self.row("busy")["generation"] == 3, "it is restarted")
            self.ready("busy", 1)
        finally:
            stop.set()
            for t in threads:
                t.join(LIMIT)
        self.assertEqual(faults, [])
        self.assertGreater(len(answers), 50)
        self.assertEqual(sorted(set(answers)), ["1", "2"])
        self.assertEqual(made["generation"], 1)

    def test_what_is_in_flight_is_finished(self):
        place = os.path.join(self.daemon.folder, "go")
        made = self.make("drained", access="open", replicas=1)
        port = self.port(self.ready("drained", 1))
        with Asked(port) as slow:
            slow.send(f"GET /slow{place} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            until(lambda: self.row("drained")["in_flight"] == 1, "it is in flight")
            self.put("drained", model_version="2")
            until(lambda: self.row("drained")["updated_replicas"] == 1, "the new one serves")
            with Asked(port) as s:
                until(lambda: s.ask().json["version"] == "2", "new requests go to the new one")
            self.assertEqual(len(self.replicas("drained")), 2)
            with open(place, "w"):
                pass
            self.assertEqual(slow.answer().json["version"], "1")
        self.ready("drained", 1)
        self.assertEqual(made["model_version"], "1")

    def test_a_replica_that_dies(self):
        self.make("dying", access="open", replicas=2)
        port = self.port(self.ready("dying", 2))
        pids = self.pids(port)
        os.kill(min(pids), signal.SIGKILL)
        with Asked(port) as s:
            for _ in range(20):
                self.assertEqual(s.ask(body=b"x").status, 200)
        until(lambda: len(self.pids(port) - pids) == 1, "another attempt of it serves")
        self.assertIn(2, [r["attempt"] for r in self.replicas("dying")])
        self.ready("dying", 2)

    def pids(self, port):
        with Asked(port) as s:
            return {s.ask().json["pid"] for _ in range(8)}

    def test_one_that_is_ready_no_more(self):
        self.make("sick", access="open", replicas=2)
        port = self.port(self.ready("sick", 2))
        with Asked(port) as s:
            gone = s.ask("/sick").json["pid"]
            until(lambda: gone not in self.pids(port), "it is given nothing more")
        row = until(lambda: (lambda r: r if r["ready_replicas"] == 1 else None)(self.row("sick")), "its row says so")
        self.assertEqual(row["state"], "creating")
        self.assertIn("answers 503", row["message"])

    def test_one_that_never_is(self):
        self.make("never", command=["sleep", "1000"], start_deadline="1s")
        first = until(lambda: self.replicas("never"), "a replica")[0]["uid"]
        until(lambda: "takes no connection on port" in self.row("never")["message"], "it is told why")
        until(lambda: [r for r in self.replicas("never") if r["uid"] != first], "it is replaced")
        self.assertEqual(self.row("never")["ready_replicas"], 0)
        self.gone("never")

    def test_none(self):
        self.make("zero", access="open", replicas=0)
        row = until(lambda: (lambda r: r if r["state"] == "completed" else None)(self.row("zero")), "it rests")
        with Asked(self.port(row)) as s:
            a = s.ask()
            self.assertEqual((a.status, a.headers["retry-after"]), (503, "1"))
            self.put("zero", replicas=1)
            self.ready("zero", 1)
            self.assertEqual(s.ask().status, 200)

    def test_over_a_restart_of_the_daemon(self):
        made = self.make("kept", replicas=2)
        port = self.port(self.ready("kept", 2))
        with Asked(port) as s:
            pids = {s.ask(key=made["service_key"]).json["pid"] for _ in range(8)}
        self.daemon.stop(check=False, sig=signal.SIGKILL)
        self.daemon.start()
        type(self).client = Client(self.daemon.port, self.daemon.secret())
        row = self.ready("kept", 2)
        self.assertEqual(self.port(row), port)
        with Asked(port) as s:
            self.assertEqual({s.ask(key=made["service_key"]).json["pid"] for _ in range(8)}, pids)


class Refused(Case):
    def test_what_cannot_be(self):
        self.make("there", replicas=0)
        for body, field, word in (
                ({"model_name": "there"}, "model_name", "already"),
                ({"model_name": "x", "command": []}, "command", "command"),
                ({"model_name": "x", "env": {"PORT": "1"}}, "env", "PORT"),
                ({"model_name": "x", "ready_path": "ready"}, "ready_path", "/"),
                ({"model_name": "x", "replicas": 65}, "replicas", "64"),
                ({"model_name": "x", "replicas": -1}, "replicas", "0"),
                ({"model_name": "X"}, "model_name", "model_name"),
                ({"model_name": "x", "use_seldon": True}, "use_seldon", "use_seldon"),
                ({"model_name": "x", "gpu_limit": 1024}, "gpu_limit", "GPU"),
                ({"model_name": "x", "generation": 7}, "generation", "generation")):
            with self.subTest(body=body):
                a = self.client.post(MODEL, {"command": COMMAND, **body})
                self.assertIn(a.status, (400, 409, 422), a)
                self.assertEqual(a.json.get("field"), field, a)
                self.assertIn(word, a.message)
        a = self.client.post(MODEL, {"model_name": "x"})
        self.assertEqual((a.status, a.json["field"]), (400, "command"))
        self.assertEqual([r["model_name"] for r in self.client.get(MODEL).json["data"]], ["there"])

    def test_what_the_public_client_sends_along(self):
        made = self.make("along", replicas=0, model_version="v1", model_uri="file:///m", service_schema="GRPC", debug=None,
                         enable_rank=None, fds_endpoint=None)
        self.assertEqual(made["model_version"], "v1")


class Shared(unittest.TestCase):
    """Of another org there is nothing, and a viewer changes nothing."""

    def test_orgs(self):
        d = Daemon(settings=FREE)
        self.addCleanup(d.close)
        ours, viewer, others = d.client(org="vision", role="operator"), d.client(org="vision", role="viewer"), d.client(org="speech")
        body = {"model_name": "m", "command": ["true"], "replicas": 0}
        self.assertEqual(viewer.post(MODEL, body).status, 403)
        made = ours.post(MODEL, body)
        if made.status == 422:  # where orgs are not kept apart, nobody may listen
            self.assertIn("open_loopback", made.message)
            return
        self.assertEqual(made.status, 200, made)
        for client in (ours, viewer):
            self.assertEqual(client.get(f"{MODEL}/m").status, 200)
        for name in ("m", made.json["uid"]):
            self.assertEqual(others.get(f"{MODEL}/{name}").status, 404)
            self.assertEqual(others.request("DELETE", f"{MODEL}/{name}").status, 404)
            self.assertEqual(others.post(f"{MODEL}/{name}/rotate", {}).status, 404)
        self.assertEqual(others.get(MODEL).json["data"], [])
        self.assertEqual(viewer.post(f"{MODEL}/m/rotate", {}).status, 403)

    def test_a_port_that_another_org_took(self):
        """While a replica does not listen yet, whoever listens at its port in another org is no replica and is asked nothing."""
        d = Daemon(engine="local", settings=FREE)
        self.addCleanup(d.close)
        ours, others = d.client(org="vision", role="operator"), d.client(org="speech", role="operator")
        body = {"model_name": "m", "command": ["sleep", "1000"], "cpu_limit": "0.1", "start_deadline": "8s", "access": "open"}
        made = ours.post(MODEL, body)
        if made.status == 422:
            self.assertIn("open_loopback", made.message)
            return
        self.assertEqual(made.status, 200, made)
        first, = until(lambda: ours.get(REPLICA).json["data"], "a replica")
        train = BASE + "/train"
        a = others.post(train, {"job_name": "takes", "command": ["python3", "-c", TAKES, str(first["port"])], "cpu_limit": "0.1"})
        self.assertEqual(a.status, 200, a)
        until(lambda: "taken" in others.get(f"{train}/takes/logs").json["logs"], "the port to be taken")
        self.assertEqual([r["uid"] for r in ours.get(REPLICA).json["data"]], [first["uid"]])

        def decided():
            return ours.get(f"{MODEL}/m").json["ready_replicas"] or \
                first["uid"] not in [r["uid"] for r in ours.get(REPLICA).json["data"]]
        until(decided, "the replica to be given up")
        self.assertEqual(others.get(f"{train}/takes/logs").json["logs"], "taken\n")
        self.assertEqual(ours.request("DELETE", f"{MODEL}/m").status, 200)
        others.post(f"{train}/takes/cancel", b"")
        until(lambda: not ours.get(REPLICA).json["data"], "all replicas are gone")
        until(lambda: others.get(f"{train}/takes").json["state"] in ("completed", "failed"), "the end of the job")


if __name__ == "__main__":
    support.main()
