"""A terminal that a person could look at: tests wait for what stands on its screen."""
import os
import signal
import subprocess

from kit.basics import LIMIT, OPENED, environment, folder, forget, until
from kit.process import alive, evidence


class Tmux:
    """A command in a tmux of its own."""

    def __init__(self, command, cols=80, rows=24, **changes):
        self.folder = folder("tmux")
        self.socket = self.folder + "/tmux"
        config = self.folder + "/conf"
        with open(config, "w") as f:
            f.write("set -g status off\nset -g default-terminal tmux-256color\n"
                    "set -g remain-on-exit on\nset -g escape-time 0\nset -s set-clipboard on\n")
        env = environment(**changes)
        env.setdefault("SHELL", "/bin/sh")
        term = env.pop("TERM", None) if "TERM" in changes else "tmux-256color"
        # tmux starts it by a shell, which drops PS1.
        inner = ["env"] + (["-u", "TERM"] if term is None else [f"TERM={term}"]) + [
            f"{name}={value}" for name, value in changes.items() if name != "TERM"] + list(command)
        subprocess.run(["tmux", "-S", self.socket, "-f", config, "new-session", "-d",
                        "-x", str(cols), "-y", str(rows), "exec " + shell_words(inner)],
                       env=dict(env, TERM="xterm-256color"), check=True)
        OPENED.append(self)
        self.server = int(self.tmux("display", "-p", "#{pid}"))

    def tmux(self, *words, text=None):
        done = subprocess.run(["tmux", "-S", self.socket, *words], input=text, text=True,
                              capture_output=True)
        if done.returncode:
            raise AssertionError(f"tmux {words}: {done.stderr.strip()}")
        return done.stdout

    def lines(self, colours=False):
        return self.tmux("capture-pane", "-p", *(["-e"] if colours else [])).split("\n")[:-1]

    def text(self):
        return "\n".join(self.lines())

    def pid(self):
        return int(self.tmux("display", "-p", "#{pane_pid}"))

    def keys(self, *names):
        """Named keys: "Enter", "Escape", "C-d", "j". Escape must be the last: what follows within
        25 ms, or before it was read, is one key with it. escape() waits for that."""
        assert "Escape" not in names[:-1]
        self.tmux("send-keys", *names)

    def escape(self, seen):
        """Escape, then waits for what it does: the pause a person makes between two keys."""
        self.keys("Escape")
        return self.wait(seen) if not isinstance(seen, tuple) else self.gone(*seen)

    def type(self, text):
        self.tmux("send-keys", "-l", text)

    def resize(self, cols, rows):
        self.tmux("resize-window", "-x", str(cols), "-y", str(rows))

    def wait(self, what, limit=LIMIT):
        """For a text, a compiled expression, or a condition on the screen's text."""
        if callable(what):
            seen = what
        elif isinstance(what, str):
            def seen(text):
                return what in text
        else:
            seen = what.search
        last = [""]

        def look():
            last[0] = self.text()
            return seen(last[0])
        try:
            until(look, repr(what) if not callable(what) else what.__doc__ or "a condition", limit)
        except AssertionError as e:
            raise AssertionError(f"{e}; the screen was\n{frame(last[0])}") from None
        return last[0]

    def gone(self, text, limit=LIMIT):
        def absent(screen):
            return text not in screen
        absent.__doc__ = f"{text!r} gone"
        return self.wait(absent, limit)

    def ended(self, limit=LIMIT):
        """Waits for the command's end and returns its exit code (128 + signal)."""
        pid = self.pid()

        def how():
            said = self.tmux("display", "-p", "#{pane_dead_status}:#{pane_dead_signal}").strip()
            if said != ":":
                status, number = said.split(":")
                return [int(status) if status else 128 + int(number)]
            # tmux now and then misses the child's end and never reaps it: ask the kernel.
            try:
                with open(f"/proc/{pid}/stat", "rb") as f:
                    fields = f.read().rsplit(b")", 1)[1].split()
            except OSError:
                return None
            code = int(fields[-1])
            return [code >> 8 or (code and 128 + (code & 127))] if fields[0] == b"Z" else None
        try:
            return until(how, "its end", limit)[0]
        except AssertionError as e:
            raise AssertionError(f"{e}; the screen was\n{frame(self.text())}\n{evidence(pid)}") from None

    def close(self):
        done = subprocess.run(["tmux", "-S", self.socket, "kill-server"], capture_output=True)
        if done.returncode and alive(self.server):  # its socket went before it
            os.kill(self.server, signal.SIGTERM)
        forget(self)


def frame(text):
    return "\n".join("  |" + line for line in text.split("\n"))


def shell_words(words):
    return " ".join("'" + w.replace("'", "'\\''") + "'" for w in words)
