#!/usr/bin/python3
"""Seeded defects: each is put into a copy of the tree, and the test that guards it must turn red.

    tests/seeded/run.py [-j N] [--build DIR] [--changed] [--texts] [WORD...]

Only defects whose name, file or test holds one of the words are tried. --changed: those whose file
or test the last change touched (since $BASE, else the commit before this one; what is not committed
as well), and of the rest a third, by turns that the number of commits gives; all where git knows of
no commit before. --texts tries none: it says which texts or tests are no longer there. defects.txt says what they
are; a defect whose text is no longer in its file is a failure, and so is a test that stays green or
that is red without any defect. The last line is "N passed, M failed, 0 skipped".
"""
import argparse
import concurrent.futures
import os
import queue
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
# Folders whose tests run another program than the three.
OWN_PROGRAM = {"late": "late", "balance": "balancer"}


class Defect:
    def __init__(self, line, name):
        self.line, self.name = line, name
        self.file = self.test = ""
        self.rounds = None
        self.old, self.new = [], []

    def __str__(self):
        return f"{self.name} ({self.file})"

    def applied(self, text):
        old, new = ("".join(line + "\n" for line in lines) for lines in (self.old, self.new))
        if text.count(old) != 1:
            raise LookupError(f"defects.txt:{self.line}: its text stands {text.count(old)} times in "
                              f"{self.file}, not once: choose it anew")
        return text.replace(old, new)


def read_defects(path):
    found = []
    with open(path) as f:
        for number, line in enumerate(f, 1):
            line = line.rstrip("\n")
            if line.startswith("# ") or not line:
                continue
            if line.startswith("== "):
                found.append(Defect(number, line[3:]))
            elif line.startswith("- ") or line == "-":
                found[-1].old.append(line[2:])
            elif line.startswith("+ ") or line == "+":
                found[-1].new.append(line[2:])
            else:
                key, _, value = line.partition(": ")
                if key not in ("file", "test", "rounds"):
                    raise SystemExit(f"{path}:{number}: {line!r} is no line of a defect")
                setattr(found[-1], key, value)
    return found


def git(*words):
    """Its lines; None where it fails."""
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.splitlines() if done.returncode == 0 else None


def source_of(test):
    """The file of a test: of a built program its source, of one with @VARIANT the same as without."""
    folder, name = os.path.split(test)
    if not test.startswith("build/"):
        return test.partition("@")[0]
    return f"tests/fuzz/fuzz_{name}.c" if folder.endswith("fuzz") else f"tests/unit/{name}.c"


def by_turns(defects):
    touched = git("diff", "--name-only", os.environ.get("BASE", "HEAD~1"))
    turn = git("rev-list", "--count", "HEAD")
    if touched is None or not turn:
        return defects
    near = [d for d in defects if d.file in touched or source_of(d.test) in touched]
    rest = [d for d in defects if d not in near]
    turn = int(turn[0]) % 3
    print(f"{len(near)} defects are near the change; of {len(rest)} others it is turn {turn + 1} of 3", flush=True)
    return near + rest[turn::3]


class Copy:
    """A copy of the tree with its build, so that only what a defect touches is compiled."""

    def __init__(self, top, number, build):
        self.root = os.path.join(top, f"tree-{number}")
        self.build = build
        files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout
        for name in files.decode().split("\0"):
            if name:
                os.makedirs(os.path.join(self.root, os.path.dirname(name)), exist_ok=True)
                shutil.copy2(os.path.join(ROOT, name), os.path.join(self.root, name), follow_symlinks=False)
        shutil.copytree(os.path.join(ROOT, build), os.path.join(self.root, build), symlinks=True,
                        ignore=shutil.ignore_patterns("v-*", "old"))

    def make(self, test):
        """Warnings are no errors here: what a defect leaves unused is no defect of its own."""
        folder, variant = test.split("/")[1], test.partition("@")[2]
        target = test if test.startswith("build/") else variant or OWN_PROGRAM.get(folder, "all")
        env = {name: value for name, value in os.environ.items() if name != "CI"}
        targets = [target.replace("build", self.build, 1)]
        if test.startswith("build/unit/engine_"):
            targets.append("all")  # they start the shim, and link none of it
        return subprocess.run(["make", "-s", *targets], cwd=self.root, env=env, capture_output=True, text=True)

    def red(self, defect):
        """(whether the test failed, its output); a program that was built anew each time."""
        built = self.make(defect.test)
        if built.returncode != 0:
            return None, built.stdout + built.stderr
        env = dict(os.environ)
        if defect.rounds:
            env["ROUNDS"] = defect.rounds
        ran = subprocess.run(["/usr/bin/python3", "tests/run.py", "-j", "1", "--build", self.build,
                              "--limit", "300", defect.test.replace("build", self.build, 1)],
                             cwd=self.root, env=env, capture_output=True, text=True)
        return ran.returncode != 0, ran.stdout + ran.stderr

    def put(self, name, text):
        """Replaces the file's text; make must see a newer one both when it is broken and when it is mended."""
        with open(os.path.join(self.root, name), "w") as f:
            f.write(text)


def texts(defects):
    """Only looks whether each text stands in its file once, and each test is there: takes no time."""
    bad = 0
    for d in defects:
        try:
            with open(os.path.join(ROOT, d.file)) as f:
                d.applied(f.read())
            if not os.path.exists(os.path.join(ROOT, source_of(d.test))):
                raise LookupError(f"defects.txt:{d.line}: there is no {d.test}")
        except (LookupError, OSError) as e:
            print(e)
            bad += 1
    print(f"{len(defects) - bad} passed, {bad} failed, 0 skipped")
    return 1 if bad else 0


def try_defect(copy, defect):
    """None when the test turned red, else why it did not."""
    with open(os.path.join(copy.root, defect.file)) as f:
        whole = f.read()
    try:
        broken = defect.applied(whole)
    except LookupError as e:
        return str(e)
    copy.put(defect.file, broken)
    try:
        red, output = copy.red(defect)
    finally:
        copy.put(defect.file, whole)
    if red is None:
        return f"defects.txt:{defect.line}: does not compile:\n{output[-1500:]}"
    return None if red else f"defects.txt:{defect.line}: {defect.test} stayed green"


def try_all(defects, copies):
    free = queue.Queue()
    for copy in copies:
        free.put(copy)

    def one(defect):
        copy = free.get()
        try:
            return defect, try_defect(copy, defect)
        finally:
            free.put(copy)

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(len(copies)) as pool:
        for defect, why in pool.map(one, defects):
            print(f"green: {defect}: {why}" if why else f"red:   {defect}", flush=True)
            failed += why is not None
    return failed


def green_without(copy, tests):
    """The tests that are red by themselves: what they say of a defect means nothing."""
    found = []
    for test in tests:
        unbroken = Defect(0, "nothing")
        unbroken.test, unbroken.rounds = test
        red, output = copy.red(unbroken)
        if red or red is None:
            found.append(test[0])
            print(f"red without a defect: {test[0]}\n{output[-1500:]}", flush=True)
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-j", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--build", default="build")
    parser.add_argument("--changed", action="store_true")
    parser.add_argument("--texts", action="store_true")
    parser.add_argument("words", nargs="*")
    args = parser.parse_args()
    defects = [d for d in read_defects(os.path.join(HERE, "defects.txt"))
               if not args.words or any(w in f"{d.name} {d.file} {d.test}" for w in args.words)]
    if args.texts:
        return texts(defects)
    if args.changed:
        defects = by_turns(defects)
    top = tempfile.mkdtemp(prefix="mltop-seeded-")
    try:
        copies = [Copy(top, n, args.build) for n in range(min(args.j, len(defects)) or 1)]
        failed = try_all(defects, copies)
        failed += len(green_without(copies[0], sorted({(d.test, d.rounds) for d in defects},
                                                      key=lambda t: t[0])))
    finally:
        shutil.rmtree(top)
    print(f"{len(defects) - min(failed, len(defects))} passed, {failed} failed, 0 skipped")
    return 1 if failed or not defects else 0


if __name__ == "__main__":
    sys.exit(main())
