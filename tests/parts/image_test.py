"""Jobs in an image, by the real podman; the image is made here, of busybox, without any registry."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from kit.basics import LIMIT, until  # noqa: E402
from kit.client import Client  # noqa: E402
from kit.count import run_cases as main  # noqa: E402
from kit.daemon import FREE, Daemon  # noqa: E402

TRAIN, SECRET = "/cloud_ml/v1/train", "/cloud_ml/v1/secret"
IMAGE = "localhost/mltop-test:1"


def setUpModule():
    global folder, podman, daemon, client
    folder = tempfile.mkdtemp(prefix="image-", dir=os.environ.get("TMPDIR"))
    podman = ["podman", "--runtime", "runc", "--cgroup-manager", "cgroupfs", "--storage-driver", "vfs", "--root",
              folder + "/root", "--runroot", folder + "/run"]
    os.makedirs(folder + "/image/bin")
    os.makedirs(folder + "/image/tmp")
    shutil.copy("/bin/busybox", folder + "/image/bin/busybox")
    for name in ("sh", "echo", "id", "sleep", "env", "ls", "grep", "cat"):
        os.symlink("busybox", folder + "/image/bin/" + name)
    tar = subprocess.run(["tar", "-C", folder + "/image", "-c", "."], capture_output=True, check=True, timeout=LIMIT)
    subprocess.run([*podman, "import", "-", IMAGE], input=tar.stdout, capture_output=True, check=True, timeout=LIMIT)
    daemon = Daemon(engine="local", args=["--private"], settings=FREE + (
        "images.podman=" + ",".join(podman), "images.options=--ulimit=nofile=1024:1024,--ulimit=nproc=1024:1024",
        "images.allow=localhost/*", "images.pull_limit=5s"))
    client = Client(daemon.port, daemon.secret())


def tearDownModule():
    daemon.close()
    subprocess.run([*podman, "rm", "-f", "-a"], capture_output=True, timeout=LIMIT, check=False)
    shutil.rmtree(folder, ignore_errors=True)


class Images(unittest.TestCase):
    def post(self, name, *command, image=IMAGE, **more):
        return client.post(TRAIN, dict({"job_name": name, "command": list(command), "docker_image": image}, **more))

    def ended(self, name):
        return until(lambda: (lambda j: j if j["state"] in ("completed", "failed") else None)(
            client.get(f"{TRAIN}/{name}").json), f"the end of {name}")

    def run_one(self, name, *command, **more):
        made = self.post(name, *command, **more)
        self.assertEqual(made.status, 200, made)
        return self.ended(name), client.get(f"{TRAIN}/{name}/logs").json["logs"]

    def test_it_runs_inside(self):
        job, log = self.run_one("inside", "/bin/sh", "-c", "echo of $WHO; ls /; echo kept > $MLTOP_OUTPUT_DIR/result; exit 7",
                                env={"WHO": "me"})
        self.assertEqual((job["state"], job["exit_code"]), ("failed", 7), log)
        self.assertIn("of me\n", log)
        self.assertNotIn("\nboot\n", log)  # the machine's own root is not there
        self.assertRegex(log, IMAGE + " is sha256:[0-9a-f]{64}")
        answer = client.get(f"{TRAIN}/inside/outputs", query={"path": "result"})
        self.assertEqual(answer.body, b"kept\n")

    def test_nothing_is_added(self):
        _, log = self.run_one("caps", "/bin/grep", "-E", "NoNewPrivs|CapEff", "/proc/self/status")
        self.assertIn("NoNewPrivs:\t1", log)
        self.assertNotIn("3fffffffff", log)
        self.assertNotIn("1ffffffffff", log)

    def test_docker_command(self):
        _, log = self.run_one("other", "/bin/false", docker_command="/bin/sh -c 'echo instead'")
        self.assertIn("instead\n", log)

    def test_secrets_are_in_no_arguments(self):
        made = self.post("hidden", "/bin/sleep", "600", env={"TOKEN": "very-secret-word"})
        self.assertEqual(made.status, 200, made)
        until(lambda: "is sha256:" in client.get(f"{TRAIN}/hidden/logs").json["logs"], "its start")
        seen = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    seen.append(f.read())
            except OSError:
                pass
        self.assertFalse([c for c in seen if b"very-secret-word" in c])
        self.assertEqual(client.post(f"{TRAIN}/hidden/cancel").status, 200)
        self.assertEqual(self.ended("hidden")["reason"], "Cancelled")
        until(lambda: not subprocess.run([*podman, "ps", "-q"], capture_output=True, timeout=LIMIT, check=True).stdout.strip(),
              "the container's end")

    def test_secrets_of_the_org(self):
        """A file in the image as outside of it; not in what podman keeps of a container."""
        word = "planted-" + os.urandom(8).hex()
        self.assertEqual(client.post(SECRET, {"secret_name": "token", "value": word}).status, 200)
        refused = self.post("given", "/bin/true", secrets=["token=TOKEN"])
        self.assertEqual((refused.status, refused.json["field"]), (422, "secrets"), refused)
        made = self.post("given", "/bin/sh", "-c", "echo has $(grep -c planted- $MLTOP_SECRETS_DIR/token); sleep 600",
                         secrets=["token"])
        self.assertEqual(made.status, 200, made)
        until(lambda: "has 1" in client.get(f"{TRAIN}/given/logs").json["logs"], "the value")
        for at, _, names in os.walk(folder):
            for path in (os.path.join(at, n) for n in names):
                if os.path.isfile(path) and not os.path.islink(path):
                    with open(path, "rb") as f:
                        self.assertFalse(word.encode() in f.read(), path)
        self.assertEqual(client.post(f"{TRAIN}/given/cancel").status, 200)
        self.ended("given")

    def test_refusals(self):
        for image, says in (("docker.io/library/python:3.11", "images.allow"), ("-v/:/x", "name of an image"),
                            ("localhost/a b", "name of an image"), ("localhost/$(id)", "name of an image"), ("/etc", "name of an image")):
            answer = self.post("wrong", "/bin/true", image=image)
            self.assertEqual((answer.status, answer.json.get("field")), (422, "docker_image"), (image, answer))
            self.assertIn(says, answer.message)
        answer = self.post("wrong", "/bin/true", prepare_command="true")
        self.assertEqual((answer.status, answer.json.get("field")), (422, "prepare_command"), answer)
        answer = client.post(TRAIN, {"job_name": "wrong", "command": ["true"], "docker_command": "true"})
        self.assertEqual((answer.status, answer.json.get("field")), (422, "docker_command"), answer)

    def test_an_image_that_cannot_be_pulled(self):
        job, log = self.run_one("absent", "/bin/true", image="localhost/absent:1")
        self.assertEqual((job["state"], job["exit_code"]), ("failed", 125), log)
        self.assertIn("could not be pulled", log)

    def test_without_podman(self):
        with Daemon(engine="local", args=["--private"], settings=FREE + ("images.podman=/nowhere/podman",)) as d:
            answer = Client(d.port, d.secret()).post(TRAIN, {"job_name": "x", "command": ["true"], "docker_image": IMAGE})
            self.assertEqual(answer.status, 422)
            self.assertIn("package podman", answer.message)

    def test_shared(self):
        with Daemon(engine="local", settings=FREE) as d:
            answer = d.client().post(TRAIN, {"job_name": "x", "command": ["true"], "docker_image": IMAGE})
            self.assertEqual((answer.status, answer.json["field"]), (422, "docker_image"))


if __name__ == "__main__":
    main()
