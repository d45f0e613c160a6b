"""What suites about train jobs share: a private platform with the real local engine, and packages."""
import io
import tarfile
import unittest

from support import BASE, Client, Daemon, until

TRAIN = BASE + "/train"
FINAL = ("completed", "failed", "error")


def tarball(path, files, mode="w:gz", top="digits-0.1"):
    with tarfile.open(path, mode) as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(f"{top}/{name}" if top else name)
            data = text.encode()
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


class Case(unittest.TestCase):
    args = ["--private"]

    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon(engine="local", args=cls.args)
        cls.client = Client(cls.daemon.port, cls.daemon.secret())

    @classmethod
    def tearDownClass(cls):
        cls.daemon.close()

    def submit(self, name, *command, **more):
        a = self.client.post(TRAIN, dict({"job_name": name, "command": list(command)}, **more))
        self.assertEqual(a.status, 200, a)
        return a.json

    def job(self, name):
        a = self.client.get(f"{TRAIN}/{name}")
        self.assertEqual(a.status, 200, a)
        return a.json

    def ended(self, name):
        return until(lambda: (lambda j: j if j["state"] in FINAL else None)(self.job(name)),
                     f"end of {name}")

    def running(self, name):
        return until(lambda: (lambda j: j if j["state"] == "running" else None)(self.job(name)),
                     f"start of {name}")

    def logs(self, name, **query):
        a = self.client.get(f"{TRAIN}/{name}/logs", query=query)
        self.assertEqual(a.status, 200, a)
        return a.json["logs"]

    def reasons(self, name):
        return [e["reason"] for e in self.client.get(f"{TRAIN}/{name}/events").json["events"]]

    def gone(self, name):
        until(lambda: self.client.get(f"{TRAIN}/{name}").status == 404, f"{name} removed")
