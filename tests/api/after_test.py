#!/usr/bin/python3
"""Jobs that run after others: when these have completed, and why not before."""
import signal

import support
from support import until
from train_kit import TRAIN, Case


class After(Case):
    def waits(self, name, words):
        return until(lambda: (lambda j: j if j.get("reason") == "Dependency" and words in j["message"] else None)(
            self.job(name)), f"{name} to say: {words}")

    def gate(self, name, code=0):
        """A job that ends once its gate is opened."""
        path = f"{self.daemon.folder}/{name}"
        self.submit(name, "sh", "-c", f"while [ ! -e {path} ]; do sleep 0.02; done; exit {code}", cpu_limit="0.1")
        self.running(name)
        return lambda: open(path, "w").close()

    def test_starts_when_all_have_completed(self):
        open_one, open_two = self.gate("one"), self.gate("two")
        made = self.submit("then", "true", after=["one", "two"], cpu_limit="0.1")
        self.assertEqual(len(made["after_left"]), 2)
        self.waits("then", "runs after one, which has not completed yet")
        open_one()
        self.waits("then", "runs after two")
        self.client.delete(f"{TRAIN}/one")  # it has completed: nobody misses it
        self.gone("one")
        self.daemon.stop(check=False, sig=signal.SIGKILL)
        self.daemon.start()
        self.client.port = self.daemon.port
        self.waits("then", "runs after two")
        open_two()
        j = self.ended("then")
        self.assertEqual((j["state"], j["after_left"], j["after"]), ("completed", [], ["one", "two"]))

    def test_one_that_fails_and_is_run_again(self):
        self.submit("bad", "sh", "-c", f"[ -e {self.daemon.folder}/mended ]", cpu_limit="0.1")
        self.ended("bad")
        self.submit("waits", "true", after=["bad"], cpu_limit="0.1")
        self.waits("waits", "runs after bad, which has failed: retry it, or cancel this one")
        open(f"{self.daemon.folder}/mended", "w").close()
        self.client.post(f"{TRAIN}/bad/retry")
        self.assertEqual(self.ended("waits")["state"], "completed")

    def test_one_that_is_cancelled_or_deleted(self):
        self.gate("left")
        self.submit("holds", "true", after=["left"], cpu_limit="0.1")
        self.waits("holds", "not completed yet")
        self.client.post(f"{TRAIN}/left/cancel")
        self.waits("holds", "which was cancelled")
        self.client.delete(f"{TRAIN}/left")
        self.waits("holds", "runs after left, which was deleted: cancel this one")
        self.submit("left", "true", cpu_limit="0.1")  # another one of that name is not it
        self.ended("left")
        self.waits("holds", "which was deleted")
        self.client.post(f"{TRAIN}/holds/cancel")
        self.assertEqual(self.ended("holds")["reason"], "Cancelled")

    def test_refused(self):
        for after, words in ((["absent"], "after names absent: there is no such job in org"),
                             (["self"], "after names self itself"), ("x", "after"), (["a"] * 65, "64 are the most")):
            a = self.client.post(TRAIN, {"job_name": "self", "command": ["true"], "after": after})
            self.assertIn(a.status, (400, 422), after)
            self.assertEqual((a.json.get("field"), words in a.message), ("after", True), a)
        self.assertEqual(self.client.get(f"{TRAIN}/self").status, 404)

    def test_what_if(self):
        self.submit("gone", "false", cpu_limit="0.1")
        self.ended("gone")
        a = self.client.post(TRAIN, {"job_name": "asked", "command": ["true"], "after": ["gone"]},
                             query={"what_if": "1"})
        self.assertEqual((a.json["starts_now"], a.json["reason"]), (False, "Dependency"), a)


if __name__ == "__main__":
    support.main()
