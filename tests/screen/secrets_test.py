#!/usr/bin/python3
"""A secret that is typed into the dashboard: jobs get it, and nobody else finds it anywhere."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import *


def files_with(folder, word):
    """Files below that hold these bytes."""
    found = []
    for at, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(at, name)
            if os.path.isfile(path) and not os.path.islink(path):
                with open(path, "rb") as f:
                    if word in f.read():
                        found.append(path)
    return found


def typed(p, keys):
    for key in keys:
        p.send(key)


@check
def a_typed_value_is_kept_nowhere():
    private = Private()
    record = f"{private.folder}/record"
    typed_word, pasted = b"typed-" + os.urandom(6).hex().encode(), b"pasted-" + os.urandom(6).hex().encode()
    p = Pty([MLTOP], MLTOP_RECORD=record, **private.home)
    p.shows("No jobs yet")
    p.send(":secrets\r")
    p.shows("The org keeps no secrets.")
    p.send("n")
    p.shows("secret_name: ")
    p.send("hf-token\t")
    p.shows("value: What is kept")
    p.send(typed_word)
    p.shows("•" * len(typed_word))
    p.send(b"\x1b[200~" + pasted + b"\x1b[201~")
    p.shows("•" * (len(typed_word) + len(pasted)))
    p.send(b"\x13")
    p.shows("Made secret hf-token.")
    p.shows("hf-token ")
    p.send(":jobs\r")
    p.shows("No jobs yet")
    p.send("q")
    assert p.ended() == 0
    for word in (typed_word, pasted):
        assert word not in p.output, "it was on the screen"
        found = files_with(private.folder, word)
        assert not found, found
    with open(record) as f:
        text = f.read()
    assert "********" in text and '"key":"*"' in text, text[-2000:]
    got = private.mltop("run", "--secret", "hf-token=TOKEN", "--", "sh", "-c", 'echo "$TOKEN"')
    assert got.out.encode() == typed_word + pasted + b"\n", got.out
    p.close()
    private.close()


if __name__ == "__main__":
    main()
