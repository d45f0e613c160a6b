#!/usr/bin/python3
"""An operator of the platform holds an org's queue at 80x24, by keys and by words; its people see it."""
import re
import sys

from support import *
from cluster_kit import BASE, Cluster, row


@check
def a_queue_is_held_and_released():
    c = Cluster()
    c.submit("first", 0)
    c.runs("first")
    screen, user = c.dashboard(c.admin, first="orgs"), c.dashboard(c.user)
    user.wait(lambda t: "running" in row(t, "first"))
    screen.keys("/")
    screen.type("vision")
    screen.keys("Enter")
    screen.wait(re.compile(r"^>vision .* no ", re.M))
    screen.keys("h")
    text = screen.wait(lambda t: "Hold org vision?" in t and "1 run and go on" in t)
    assert "Nothing of it starts" in text and "still accepted" in text, frame(text)
    screen.type("the bill")
    screen.keys("Tab")
    screen.wait("Enter: yes")
    screen.keys("Enter")
    screen.wait("u takes it back")
    screen.wait(re.compile(r"^>vision .* yes ", re.M))
    # Its people see it without a key, and why each job waits.
    user.wait("no starts: QueueHeld")
    c.submit("second", 0)
    user.wait(lambda t: "QueueHeld" in row(t, "second") or "QueueHe" in row(t, "second"))
    assert "running" in row(user.text(), "first")
    user.keys("/")
    user.type("second")
    user.keys("Enter")
    user.wait(re.compile(r"^>second ", re.M))
    user.keys("X")
    text = user.wait(lambda t: "is held by lin" in " ".join(t.split()) and "the bill" in t)
    user.escape(("is held by lin",))
    # An operator of the org does not release what an admin held.
    user.keys(":")
    user.type("orgs")
    user.keys("Enter")
    user.wait(re.compile(r"^>vision .* yes ", re.M))
    user.keys("h")
    user.wait(lambda t: "only such a key releases it" in " ".join(t.split()))
    # Taken back by u, within half a minute: the job starts, and the header says nothing any more.
    screen.keys("u")
    screen.wait(re.compile(r"^>vision .* no ", re.M))
    user.gone("no starts")
    c.runs("second")
    for s in (screen, user):
        s.keys("q")
        assert s.ended() == 0
        s.close()
    c.close()


@check
def by_words():
    c = Cluster()
    code, out, err = c.mltop(c.admin, "orgs", "hold", "vision", "-y", "--note", "the bill")
    assert (code, out) == (0, "vision is held: nothing of it starts\n"), (code, out, err)
    code, out, err = c.mltop(c.user, "orgs", "list", "--columns", "name,held,held_by", "--no-headers")
    assert re.search(r"^vision +yes +lin$", out, re.M) and "root" not in out, (out, err)
    code, out, err = c.mltop(c.user, "jobs", "submit", "--job-name", "x", "--command", "true", "--what-if")
    assert "waits" in out and "is held by lin" in out, (out, err)
    code, out, err = c.mltop(c.user, "orgs", "release", "vision")
    assert code != 0 and "only such a key" in err, (code, out, err)
    code, out, err = c.mltop(c.user, "orgs", "hold", "vision", "-y")
    assert code == 1 and "already" in err, (code, out, err)
    code, out, err = c.mltop(c.admin, "orgs", "release", "vision")
    assert (code, out) == (0, "vision is released\n"), (code, out, err)
    # All nodes are drained: that stops starts as well, and the header says so.
    for n in ("demo", "demo-2", "demo-3", "demo-4"):
        assert c.mltop(c.admin, "nodes", "drain", n, "-y")[0] == 0
    screen = c.dashboard(c.user)
    screen.wait("no starts: NodesDrained")
    assert c.mltop(c.admin, "nodes", "undrain", "demo-4")[0] == 0
    screen.gone("no starts")
    screen.keys("q")
    screen.close()
    c.close()


if __name__ == "__main__":
    sys.exit(main())
