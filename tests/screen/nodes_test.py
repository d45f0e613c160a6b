#!/usr/bin/python3
"""An operator's day at 80x24: a node is drained, emptied and given back, by keys and by words."""
import re
import sys

from support import *
from cluster_kit import BASE, Cluster, row

@check
def an_operator_drains_a_node():
    c = Cluster()
    for i in range(4):
        c.submit(f"job-{i}")
        c.runs(f"job-{i}")
    there = next(f"job-{i}" for i in range(4) if c.job(f"job-{i}")["node_name"] == "demo-2")
    c.submit("next")
    screen, user = c.dashboard(c.admin, first="nodes"), c.dashboard(c.user)
    screen.wait(lambda t: "ready" in row(t, "demo-2"))
    screen.keys("j")
    screen.wait(re.compile(r"^>demo-2 ", re.M))
    screen.keys("h")
    text = screen.wait(lambda t: "Drain node demo-2?" in t and "1 job runs there (2 GPUs" in t)
    assert "goes on" in text and "Nothing new starts there" in text, frame(text)
    # The default is to leave it as it is.
    screen.type("y")
    screen.keys("Enter")
    screen.wait("Nothing was changed.")
    screen.keys("h")
    screen.wait("Note (may be empty):")
    screen.type("a new fan")
    screen.wait("a new fan")
    screen.keys("Tab")
    screen.wait("Enter: yes")
    screen.keys("Enter")
    # Within its time it is taken back by u.
    screen.wait("u takes it back")
    screen.keys("u")
    screen.wait("Taken back: 1 change")
    assert "ready" in row(screen.text(), "demo-2"), frame(screen.text())
    screen.keys("h")
    screen.wait("Note (may be empty):")
    screen.type("a new fan")
    screen.keys("Tab")
    screen.wait("Enter: yes")
    screen.keys("Enter")
    screen.wait(lambda t: "draining" in row(t, "demo-2"))
    # What ran there goes on. Once it is over the next one waits for the node, and is told by whom and why.
    c.client.delete(f"{BASE}/train/{there}")
    screen.wait(lambda t: "drained" in row(t, "demo-2"))
    user.wait(lambda t: "Nodes" in row(t, "next"))
    user.keys("/")
    user.type("next")
    user.keys("Enter")
    user.wait(re.compile(r"^>next ", re.M))
    user.keys("X")
    text = user.wait(re.compile(r"mltop\s+nodes\s+undrain\s+demo-2"))
    assert "NodesDrained" in text and "a new fan" in text and "by lin" in text, frame(text)
    user.keys("Escape")
    # All that is known of the node, and its GPUs.
    screen.keys("d")
    text = screen.wait(lambda t: "drained_by" in t and "drain_note" in t)
    assert "lin" in text and "a new fan" in text, frame(text)
    # What it did over time stands below.
    screen.keys("G")
    screen.wait(lambda t: "Over time" in t and re.search(r"gpu_util +[▁▂▃▄▅▆▇█ ]+ +\d+%?", t.split("Over time")[1]))
    screen.escape(lambda t: "drained" in row(t, "demo-2"))
    screen.keys("v")
    screen.wait("by lin: a new fan")
    screen.escape(lambda t: "drained" in row(t, "demo-2"))
    screen.keys(":")
    screen.type("gpus")
    screen.keys("Enter")
    screen.wait(lambda t: "d drained" in t and len(re.findall(r"demo-2 +drained", t)) == 2)
    screen.keys(":")
    screen.type("nodes state=drained")
    screen.keys("Enter")
    # Given back by the same key: the job starts.
    screen.wait(re.compile(r"^>demo-2 ", re.M))
    screen.wait("h undrain")
    screen.keys("h")
    screen.wait("0 of 4")
    user.wait(lambda t: "running" in row(t, "next"))
    assert c.job("next")["node_name"] == "demo-2"
    for s in (screen, user):
        s.keys("q")
        assert s.ended() == 0
        s.close()
    c.close()


@check
def an_operator_empties_a_node():
    c = Cluster()
    c.submit("big")
    node = c.runs("big")["node_name"]
    screen = c.dashboard(c.admin, first="nodes")
    screen.wait(lambda t: "ready" in row(t, node))
    screen.keys("x")
    screen.wait("drain it first")
    screen.keys("h")
    screen.wait("Drain node")
    screen.keys("Tab")
    screen.wait("Enter: yes")
    screen.keys("Enter")
    screen.wait(lambda t: "draining" in row(t, node))
    screen.keys("x")
    screen.wait(lambda t: f"Evict node {node}?" in t and "1 job runs there" in t)
    screen.keys("y")
    screen.wait("Enter: yes")
    screen.keys("Enter")
    screen.wait(lambda t: "drained" in row(t, node))
    until(lambda: (j := c.job("big"))["state"] == "running" and j["node_name"] != node, "big to run elsewhere")
    # A user sees that, and may change nothing of it.
    user = c.dashboard(c.user, first="nodes")
    user.wait(lambda t: "drained" in row(t, node))
    user.keys("h")
    user.wait("admin")
    user.keys("q")
    user.close()
    screen.keys("?")
    screen.wait(lambda t: "(drain)" in t and "(undrain)" in t and "(evict)" in t)
    screen.keys("q")
    screen.close()
    c.close()


@check
def the_same_by_words():
    c = Cluster()
    code, out, err = c.mltop(c.admin, "nodes", "drain", "demo-3")
    assert code == 2 and "-y" in err, (code, out, err)
    code, out, err = c.mltop(c.user, "nodes", "drain", "demo-3", "-y")
    assert code != 0 and "admin" in err, (code, out, err)
    code, out, err = c.mltop(c.admin, "nodes", "drain", "demo-3", "-y", "--note", "two fans", "--evict")
    assert (code, out) == (0, "demo-3 is drained\n"), (code, out, err)
    code, out, err = c.mltop(c.user, "nodes", "list", "--columns", "name,state,drained_by,drain_note", "--no-headers")
    assert re.search(r"^demo-3 +drained +lin +two fans$", out, re.M), (out, err)
    code, out, err = c.mltop(c.user, "doctor")
    assert "demo-3 starts nothing: drained by lin" in out and "two fans" in out, (out, err)
    code, out, err = c.mltop(c.admin, "nodes", "drain", "demo-3", "-y")
    assert code == 1 and "already" in err, (code, out, err)
    code, out, err = c.mltop(c.admin, "nodes", "undrain", "demo-3")
    assert (code, out) == (0, "demo-3 takes work again\n"), (code, out, err)
    code, out, err = c.mltop(c.user, "doctor")
    assert "starts nothing" not in out, out
    code, out, err = c.mltop(c.user, "nodes", "drain", "--help")
    assert "--note" in out and "--evict" in out, out
    code, out, err = c.mltop(c.user, "completion", "bash")
    assert re.search(r"'nodes drain'\) words='[^']*--note[^']*--evict", out), out
    c.close()


if __name__ == "__main__":
    sys.exit(main())
