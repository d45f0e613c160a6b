#!/usr/bin/python3
"""A disk that fails under the database and under logs: `make test-disk`, as root, with FUSE.

The state folder is seen through tests/disk/faulty_fs.c, whose rules make single operations fail or
wait. What was acknowledged must be there afterwards; nothing may hang, die or lie meanwhile.
"""
import os
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from kit.basics import BUILD, OPENED, folder, forget, until  # noqa: E402
from kit.client import Client  # noqa: E402
from kit.count import check, run_checks  # noqa: E402
from kit.daemon import FREE, Daemon  # noqa: E402
from kit.http import BASE  # noqa: E402

TRAIN = BASE + "/train"
FINAL = ("completed", "failed", "error")


class Disk:
    """A folder behind FUSE; rules() says what fails from now on."""

    def __init__(self):
        self.folder = folder("disk")
        self.rules_path, self.mount = self.folder + "/rules", self.folder + "/mount"
        for name in ("real", "mount"):
            os.mkdir(f"{self.folder}/{name}")
        self.rules()
        self.process = subprocess.Popen([os.path.join(BUILD, "tests/faulty_fs"), self.rules_path,
                                         self.folder + "/real", self.mount], stderr=subprocess.DEVNULL)
        until(lambda: os.path.ismount(self.mount), "the mount")
        OPENED.append(self)

    def rules(self, *lines):
        with open(self.rules_path + ".new", "w") as f:
            f.write("".join(line + "\n" for line in lines))
        os.rename(self.rules_path + ".new", self.rules_path)

    def close(self):
        if self not in OPENED:
            return
        forget(self)
        self.rules()
        subprocess.run(["fusermount3", "-u", "-z", self.mount], check=False)
        self.process.wait(30)


class Platform:
    """A private daemon whose state is on such a disk."""

    def __init__(self, *settings):
        self.disk = Disk()
        self.daemon = Daemon("local", [*FREE, *settings], ["--private"], within=self.disk.mount)
        self.again()
        OPENED.append(self)

    def again(self):
        self.client = Client(self.daemon.port, self.daemon.secret())

    def restart(self):
        self.disk.rules()
        self.daemon.stop(check=False)
        self.daemon.start()
        self.again()

    def submit(self, name, script="true", **more):
        return self.client.post(TRAIN, {"job_name": name, "command": ["sh", "-c", script], **more})

    def job(self, name):
        return self.client.get(f"{TRAIN}/{name}").json

    def ended(self, name):
        return until(lambda: (j := self.job(name))["state"] in FINAL and j, f"the end of {name}")

    def log(self, name):
        return self.client.get(f"{TRAIN}/{name}/logs").json["logs"]

    def close(self):
        if self not in OPENED:
            return
        forget(self)
        self.disk.rules()
        self.daemon.close(check=False)
        self.disk.close()


def refused_then_kept(*rules):
    """While the rules hold changes are refused with a sentence and reads go on; then all is as it was told."""
    p = Platform()
    assert p.submit("before").status == 200
    p.ended("before")
    p.disk.rules(*rules)
    answers = [p.submit(f"during-{n}") for n in range(3)]
    for a in answers:
        assert a.status in (200, 503, 507), a
        assert a.status == 200 or len(a.message) > 20, a
    refused = [a for a in answers if a.status != 200]
    assert refused, "nothing was refused although the disk failed"
    assert p.client.get("/healthz").status == 200
    ready = p.client.get("/readyz")
    assert ready.status == 503, ready
    assert p.job("before")["state"] == "completed"
    p.restart()
    assert p.client.get("/readyz").status == 200
    names = {j["job_name"] for j in p.client.get(TRAIN).json["data"]}
    told = {f"during-{n}" for n, a in enumerate(answers) if a.status == 200}
    assert {"before"} | told <= names, (told, names)
    assert p.submit("after").status == 200
    assert p.ended("after")["state"] == "completed"
    p.close()


@check
def the_database_is_full():
    refused_then_kept("write 28 .db")


@check
def the_database_cannot_be_written():
    refused_then_kept("write 5 .db")


@check
def the_database_cannot_be_synced():
    refused_then_kept("fsync 5 .db")


@check
def the_database_waits():
    """Nothing else does: health, reads and streams of logs are no business of the disk's."""
    p = Platform()
    assert p.submit("before", "echo text").status == 200
    p.ended("before")
    p.disk.rules("fsync wait .db")
    answers = []
    thread = threading.Thread(target=lambda: answers.append(p.submit("slow")))
    thread.start()
    for _ in range(50):
        began = time.monotonic()
        assert p.client.get("/healthz").status == 200
        assert p.job("before")["state"] == "completed"
        assert time.monotonic() - began < 5
    assert not answers, "a change was acknowledged before it was on the disk"
    p.disk.rules()
    thread.join(30)
    assert answers and answers[0].status == 200, answers
    assert p.ended("slow")["state"] == "completed"
    p.close()


@check
def a_log_cannot_be_written():
    """The job goes on; what is missing is told as missing, and what comes later is there."""
    for number in (5, 28):
        p = Platform()
        gate = p.disk.folder + "/gate"
        assert p.submit("talks", f"echo one; while [ ! -e {gate} ]; do sleep 0.02; done; echo two; exit 3").status == 200
        until(lambda: "one" in p.log("talks"), "the first line")
        p.disk.rules(f"write {number} /log/")
        open(gate, "w").close()
        job = p.ended("talks")
        assert (job["state"], job["exit_code"]) == ("failed", 3), job
        p.disk.rules()
        assert "one" in p.log("talks")
        p.restart()
        assert p.job("talks")["exit_code"] == 3
        p.close()


@check
def the_end_of_a_log_cannot_be_synced():
    """The exit code is kept, and the row says that the log may not be whole."""
    p = Platform()
    gate = p.disk.folder + "/gate"
    assert p.submit("talks", f"echo one; while [ ! -e {gate} ]; do sleep 0.02; done; exit 3").status == 200
    until(lambda: "one" in p.log("talks"), "the first line")
    p.disk.rules("fsync 5 /log/")
    open(gate, "w").close()
    job = p.ended("talks")
    assert job["exit_code"] == 3, job
    assert "its log may not be whole" in job["message"], job
    p.close()


@check
def a_log_cannot_be_read():
    p = Platform()
    assert p.submit("said", "seq 1000").status == 200
    p.ended("said")
    assert p.log("said").endswith("1000\n")
    p.disk.rules("read 5 /log/")
    answer = p.client.get(f"{TRAIN}/said/logs")
    assert answer.status >= 500, answer
    assert "cannot" in answer.message, answer.message
    assert p.client.get("/healthz").status == 200
    p.disk.rules()
    until(lambda: p.log("said").endswith("1000\n"), "the log once the disk is well")
    p.close()


@check
def an_exit_cannot_be_recorded():
    """The end is known as soon as the disk takes it, at the latest by the next daemon."""
    p = Platform()
    gate = p.disk.folder + "/gate"
    assert p.submit("ends", f"while [ ! -e {gate} ]; do sleep 0.02; done; exit 5").status == 200
    until(lambda: p.job("ends")["state"] == "running", "its start")
    p.disk.rules("rename 5 /exit", "write 5 /exit")
    open(gate, "w").close()
    time.sleep(0.5)  # it ends while the disk is ill; nothing outside can be waited for
    assert p.client.get("/healthz").status == 200
    p.restart()
    job = p.ended("ends")
    assert job["state"] in FINAL, job
    assert job.get("exit_code") in (5, None), job
    p.close()


@check
def a_package_cannot_be_unpacked():
    p = Platform()
    p.disk.rules("write 28 /work")
    assert p.submit("plain").status == 200
    assert p.ended("plain")["state"] in FINAL
    p.close()


if __name__ == "__main__":
    sys.exit(run_checks())
