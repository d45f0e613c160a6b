"""Secrets on the command line: where a value comes from, and where it may not come from."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import MLTOP, Case, main, until  # noqa: E402
from kit.terminal import Pty  # noqa: E402


class Secrets(Case):
    def value(self, name):
        """As a job gets it."""
        r = self.p.mltop("run", "--secret", name, "--", "sh", "-c", f'cat "$MLTOP_SECRETS_DIR/{name}"', binary=True)
        self.assertEqual(r.code, 0, r.err)
        return r.out

    def create(self, *words, stdin, binary=False):
        r = self.p.mltop("secrets", "create", *words, stdin=stdin, binary=binary)
        self.assertEqual(r.code, 0, r.err)
        return r.out

    def path(self, data):
        path = os.path.join(self.p.folder, "value-" + os.urandom(4).hex())
        with open(path, "wb") as f:
            f.write(data)
        return path

    def test_from_standard_input(self):
        self.assertEqual(self.create("piped", stdin="a token\n"), "piped\n")
        self.assertEqual(self.value("piped"), b"a token")
        self.create("lines", stdin="one\ntwo\n\n")
        self.assertEqual(self.value("lines"), b"one\ntwo\n")
        self.create("windows", stdin=b"a token\r\n", binary=True)
        self.assertEqual(self.value("windows"), b"a token")

    def test_from_a_file_byte_for_byte(self):
        for name, data in (("ends", b"a\n"), ("bytes", bytes(range(256)) * 8), ("crlf", b"a\r\nb\r\n"),
                           ("large", os.urandom(64 * 1024))):
            self.ok("secrets", "create", name, "--from-file", self.path(data))
            self.assertEqual(self.value(name), data, name)

    def test_never_from_the_line(self):
        for words in (("create", "lined", "--value", "x"), ("create", "lined", "--value=x"),
                      ("create", "lined", "--data=eA=="), ("update", "lined", "--value=x"),
                      ("edit", "lined", "--value=x")):
            self.refused(2, "does not belong on a command line", "secrets", *words)
        self.create("lined", stdin="kept")
        self.refused(1, "does not belong on a command line", "secrets", "edit", "lined", "value=x")
        self.refused(2, "one argument too many", "secrets", "create", "lined", "value")
        self.assertEqual(self.value("lined"), b"kept")

    def test_what_is_no_value(self):
        for stdin, word in (("", "is empty"), ("\n", "is empty"), ("x" * (64 * 1024 + 1), "longer than 65536")):
            r = self.p.mltop("secrets", "create", "none", stdin=stdin)
            self.assertEqual(r.code, 1)
            self.assertIn(word, r.err)
        self.refused(1, "No such file", "secrets", "create", "none", "--from-file", "/nowhere")
        self.refused(1, "secret_name", "secrets", "create", "no way", "--from-file", self.path(b"x"))
        self.refused(5, "there is no secret none", "secrets", "update", "none", "--from-file", self.path(b"x"))
        self.refused(5, "there is no secret none", "secrets", "describe", "none")

    def test_update_list_describe_delete(self):
        self.create("life", "--description", "first", stdin="one")
        r = self.p.mltop("secrets", "create", "life", stdin="two")
        self.assertEqual(r.code, 1)
        self.assertIn("mltop secrets update life", r.err)
        r = self.p.mltop("secrets", "update", "life", stdin="two")
        self.assertEqual((r.code, r.out), (0, "life has its new value\n"))
        self.assertEqual(self.value("life"), b"two")
        self.ok("secrets", "edit", "life", "description=second")
        self.assertEqual(self.value("life"), b"two")
        self.assertIn("life", self.ok("secrets", "list", "-o", "name").out.split())
        self.assertIn("second", self.ok("secrets", "describe", "life").out)
        told = self.ok("secrets", "list", "-o", "json").out + self.ok("secrets", "describe", "life", "-o", "yaml").out
        self.assertNotIn("value", told)
        self.ok("secrets", "delete", "-y", "life")
        self.refused(1, "mltop secrets create life", "jobs", "submit", "--command", "true", "--job-name", "x",
                     "--secret", "life")

    def test_submit_takes_them(self):
        self.create("given", stdin="a value")
        self.ok("jobs", "submit", "--command", "sh -c 'echo $TOKEN'", "--job-name", "takes", "--secret=given=TOKEN",
                "-s", "given")
        self.p.ended("takes")
        self.assertEqual(self.ok("logs", "takes").out, "a value\n")
        self.assertEqual(self.p.job("takes")["secrets"], ["given=TOKEN", "given"])

    def typed(self, name, keys, shows):
        """`mltop secrets create` asks for the value on a terminal."""
        t = Pty([MLTOP, "secrets", "create", name], cwd=self.p.folder, **self.p.home)
        try:
            before = t.modes()
            t.wait(b"(not shown): ")
            until(lambda: t.modes() != before, "the terminal to be quiet")
            t.send(keys)
            code = t.ended()
            self.assertEqual(t.modes(), before)
            self.assertIn(shows, t.output)
            return code, bytes(t.output)
        finally:
            t.close()

    def test_typed_unseen(self):
        code, out = self.typed("typed", b"wrong\x15hunterx\x7f2\r", b"typed\r\n")
        self.assertEqual(code, 0)
        self.assertNotIn(b"hunter", out)
        self.assertNotIn(b"*", out)
        self.assertEqual(self.value("typed"), b"hunter2")

    def test_typed_and_left(self):
        for keys in (b"hun\x03", b"hun\x04"):
            code, out = self.typed("left", keys, b"nothing was sent")
            self.assertEqual(code, 1)
            self.assertNotIn(b"hun", out)
        code, out = self.typed("left", b"line one\nline two\n", b"several lines")
        self.assertEqual(code, 1)
        self.refused(5, "no secret left", "secrets", "describe", "left")

    def test_nobody_to_ask(self):
        done = subprocess.run(["setsid", MLTOP, "secrets", "create", "unasked"], stdin=subprocess.DEVNULL,
                              capture_output=True, env=self.p.env, cwd=self.p.folder, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("is empty", done.stderr)


if __name__ == "__main__":
    main()
