"""What operators' stories share: a platform of several orgs on the fake engine, seen by different people."""
import re
import subprocess

from support import MLTOP, Tmux, environment, home, until
from kit.client import Client
from kit.daemon import FREE, Daemon

BASE = "/cloud_ml/v1"


class Cluster(Daemon):
    """The fake engine's four nodes of two GPUs, seen by an operator of the platform and a user of it."""

    def __init__(self):
        super().__init__(engine="fake", settings=("fake.changes=0", "fake.gpus=8", "fake.nodes=4") + FREE)
        self.admin, self.user = self.key(org="root", name="lin"), self.key(org="vision", role="operator")
        self.client = Client(self.port, self.user)

    def submit(self, name, gpus=2):
        a = self.client.post(f"{BASE}/train", {"job_name": name, "command": ["x"], "gpu_limit": str(gpus),
                                               "env": {"FAKE_SECONDS": "86400"}})
        assert a.status == 200, a

    def job(self, name):
        return self.client.get(f"{BASE}/train/{name}").json

    def runs(self, name):
        return until(lambda: (j := self.job(name))["state"] == "running" and j, f"{name} to run")

    def as_(self, key):
        return {**home(), "XIAOMI_ACCESS_KEY_ID": key.access_key, "XIAOMI_SECRET_ACCESS_KEY": key.secret_key}

    def dashboard(self, key, cols=80, rows=24, first="", **env):
        screen = Tmux([MLTOP, "--endpoint", self.url], cols, rows, **{**self.as_(key), **env})
        screen.wait(re.compile(r"[●*]"))
        if first:
            screen.keys(":")
            screen.type(first)
            screen.keys("Enter")
        return screen

    def mltop(self, key, *words):
        done = subprocess.run([MLTOP, "--endpoint", self.url, *words], env=environment(**self.as_(key)), text=True,
                              capture_output=True, stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout, done.stderr


def row(text, name):
    found = re.search(rf"^[> ~*]\s?{name} .*$", text, re.M)
    return found.group(0) if found else ""
