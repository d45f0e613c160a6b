#!/usr/bin/python3
"""Long work takes turns: a tenant's packages hold up nobody else, and no end of the daemon."""
import glob
import hashlib
import io
import os
import tarfile
import unittest

import support
from support import BASE, Client, Daemon, until
from kit.basics import folder

PACKAGES = BASE + "/packages"
TRAIN = BASE + "/train"


def package():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        info = tarfile.TarInfo("pkg-1/hello.py")
        tar.addfile(info, io.BytesIO())
    return out.getvalue()


class Tenant:
    """Somebody of an org that has a package, whose unpacking waits while the org's gate is shut."""

    def __init__(self, daemon, gates, org):
        self.org, self.gate = org, os.path.join(gates, org)
        self.client = daemon.client(org=org, role="operator")
        data = package()
        made = self.client.post(PACKAGES, {"size": len(data), "name": "pkg-1.tar.gz",
                                           "sha256": hashlib.sha256(data).hexdigest()}).json
        assert self.client.put(f"{PACKAGES}/{made['id']}", data, query={"offset": "0"}).json["complete"]
        self.uri = made["uri"]

    def shut(self):
        with open(self.gate, "w"):
            pass

    def open(self):
        os.unlink(self.gate)

    def submit(self, name, **more):
        a = self.client.post(TRAIN, dict({"job_name": name, "cpu_limit": "0.01"}, **more))
        assert a.status == 200, a
        return a.json["uid"]

    def unpack(self, name):
        return self.submit(name, module_name="hello", trainer_uri=self.uri)

    def state(self, name):
        return self.client.get(f"{TRAIN}/{name}").json["state"]

    def ended(self, name):
        until(lambda: self.state(name) == "completed", f"the end of {name} of {self.org}")


class Turns(unittest.TestCase):
    def setUp(self):
        self.gates = folder("gates")
        self.daemon = Daemon(engine="local", settings=["local.max_tasks=64"],
                             env={"MLTOPD_UNPACK_GATE": self.gates})
        self.addCleanup(self.daemon.close, False)

    def tenant(self, org):
        return Tenant(self.daemon, self.gates, org)

    def unpacking(self, uid):
        """Its folder is there: it has its turn."""
        return bool(glob.glob(f"{self.daemon.state}/tasks/{uid}/*/1"))

    def test_one_tenant(self):
        """More of them than the pool has threads, and jobs of all start, packages of others too."""
        one, two = self.tenant("one"), self.tenant("two")
        one.shut()
        uids = [one.unpack(f"slow-{i}") for i in range(6)]
        until(lambda: any(map(self.unpacking, uids)), "the first to begin")
        one.submit("quick", command=["true"])
        two.submit("quick", command=["true"])
        two.unpack("package")
        two.ended("quick")
        two.ended("package")
        one.ended("quick")
        # In one's own order, and one at a time.
        self.assertEqual([self.unpacking(uid) for uid in uids], [True] + 5 * [False])
        # What waits for its turn is cancelled at once.
        one.client.post(f"{TRAIN}/slow-5/cancel")
        until(lambda: one.state("slow-5") == "failed", "the end of slow-5")
        one.open()
        for i in range(5):
            one.ended(f"slow-{i}")
        self.daemon.stop()

    def test_many_tenants(self):
        """Together they leave a thread for what is short, and one for what somebody waits for."""
        tenants = [self.tenant(f"org-{i}") for i in range(5)]
        for t in tenants:
            t.shut()
        uids = [t.unpack(f"slow-{i}") for i in range(2) for t in tenants]
        until(lambda: sum(map(self.unpacking, uids)) >= 2, "two to begin")
        for t in tenants:
            t.submit("quick", command=["true"])
        for t in tenants:
            t.ended("quick")
        self.assertEqual(sum(map(self.unpacking, uids)), 2)
        for t in tenants:
            t.open()
        for t in tenants:
            t.ended("slow-0")
            t.ended("slow-1")
        self.daemon.stop()

    def test_the_daemon_ends(self):
        """On TERM, with 0, with unpackings under way and others waiting; the next one goes on."""
        one, two = self.tenant("one"), self.tenant("two")
        one.shut()
        two.shut()
        uids = [t.unpack(f"slow-{i}") for i in range(3) for t in (one, two)]
        until(lambda: sum(map(self.unpacking, uids)) == 2, "both to begin")
        self.daemon.stop()
        self.assertNotIn("did not stop in time", self.daemon.log_text())
        one.open()
        two.open()
        self.daemon.start()
        for t in (one, two):
            t.client = Client(self.daemon.port, t.client.key)
            for i in range(3):
                t.ended(f"slow-{i}")
        self.daemon.stop()


if __name__ == "__main__":
    support.main()
