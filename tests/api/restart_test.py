#!/usr/bin/python3
"""What outlives the daemon: rows, events, logs, nonces."""
import unittest

import support
from support import BASE, Client, Daemon, new_nonce, until

TRAIN = BASE + "/train"
FINAL = ("completed", "failed", "error")


class Restart(unittest.TestCase):
    def test_rows_and_nonces(self):
        # Alone on a store that has other writers as well: what they change is neither ours nor counted.
        with Daemon(engine="local", args=["--private"], env={"MLTOPD_ALONE": "1"}) as d:
            c = Client(d.port, d.secret())
            nonce = new_nonce()
            first = c.post(TRAIN, {"job_name": "kept", "command": ["echo", "text"], "labels": {"a": "ü"},
                                   "env": {"SECRET": "value"}}, nonce=nonce)
            until(lambda: c.get(f"{TRAIN}/kept").json.get("state") in FINAL, "its end")
            before, events = c.get(f"{TRAIN}/kept").json, c.get(f"{TRAIN}/kept/events").json
            v = int(c.get(TRAIN).json["v"])
            self.assertEqual(before["env"], {"SECRET": "***"})
            d.stop()
            d.start()
            c = Client(d.port, c.key)
            after = c.get(f"{TRAIN}/kept").json
            sampled = {"log_bytes"}
            self.assertEqual({k: x for k, x in before.items() if k not in sampled},
                             {k: x for k, x in after.items() if k not in sampled})
            self.assertEqual(c.get(f"{TRAIN}/kept/events").json, events)
            self.assertEqual(c.get(f"{TRAIN}/kept/logs").json["logs"], "text\n")
            self.assertGreaterEqual(int(c.get(TRAIN).json["v"]), v)
            again = c.post(TRAIN, {"job_name": "kept", "command": ["echo", "text"], "labels": {"a": "ü"},
                                   "env": {"SECRET": "value"}}, nonce=nonce)
            self.assertEqual((again.status, again.body), (200, first.body))
            self.assertEqual(c.post(TRAIN, {"job_name": "kept", "command": ["true"]}).status, 409)


if __name__ == "__main__":
    support.main()
