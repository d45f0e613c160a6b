#!/usr/bin/env python3
"""
make corpus: runs the tiny trainings of samples.tsv anew, each with the real library, pinned, in an environment of its
own, and reports which print otherwise than their sample in tests/corpus/progress does. Never part of the tests: it
installs gigabytes and takes an hour or two.

    corpus.py [--write] [--newest] [WORD...]

WORD takes the samples whose name or library holds it. --write puts what was printed into the sample (the rows of
more.tsv must then be judged anew: their offsets are of those bytes; a sample whose `cut` is `-` was cut by hand and
stays). --newest leaves the pins out: what would change.
KEEP=1 leaves the environments for the next time, KEEP=0 removes each after its run.

A pin `sdist:NAME==VERSION` names a package that has no wheel and needs no compiler: it, and no other, is built from its
source. Environments lie below $XDG_CACHE_HOME/mltop-tests/HASH-OF-PINS. Those of a row whose `on` names a base see the base's
packages, so that torch is there once and not fifty times. What cannot be had is `not run`, with the reason, and is no
failure; a changed output is (exit 1).
"""
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SAMPLES = os.path.join(os.path.dirname(HERE), "progress")
sys.path.insert(0, HERE)
import debian  # noqa: E402
import forms  # noqa: E402

CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "mltop-tests")
COLUMNS = ["sample", "python", "on", "pins", "cut", "what"]
BASES = ["base", "python", "pins"]
INSTALL_SECONDS = 1800
RUN_SECONDS = 400
SOURCE = "sdist:"
NO_COMPILER = {"CC": "false", "CXX": "false"}


class NotRun(Exception):
    """A library or an interpreter that cannot be had here; its text is the reason."""


def read_table(name, columns):
    with open(os.path.join(HERE, name), encoding="utf-8") as f:
        rows = [line.rstrip("\n").split("\t") for line in f if line.strip() and not line.startswith("#")]
    for row in rows:
        if len(row) != len(columns):
            sys.exit(f"{name}: {row[0]}: {len(row)} columns instead of {len(columns)}")
    return [dict(zip(columns, row)) for row in rows]


def last_error(text):
    """The line of an installer's output that says why it gave up."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith(("error", "e:", "npm err"))]
    return (errors or lines or ["no output"])[-1][:200]


def call(command, reason, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=INSTALL_SECONDS,
                          check=False, text=True, errors="replace", **more)
    if done.returncode:
        said = last_error(done.stdout).removeprefix("ERROR: ")
        raise NotRun(f"{reason}: {said}{' (as a wheel)' if 'No matching distribution' in said else ''}")


def interpreter(version):
    """A Python of that version: on the path, or one of pyenv's."""
    name, pyenv = "python" + version, os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    versions = os.path.join(pyenv, "versions")
    found = [d for d in os.listdir(versions) if d.startswith(version + ".")] if os.path.isdir(versions) else []
    for path in [os.path.join(versions, d, "bin", "python") for d in found] + ["/usr/bin/" + name, name]:
        try:
            if subprocess.run([path, "-m", "venv", "--help"], capture_output=True, check=False).returncode == 0:
                return path
        except OSError:
            pass
    raise NotRun(f"no Python {version} on this machine")


def name_of(pin):
    """The package's own name, without mark, extras and version."""
    return pin.removeprefix(SOURCE).split("==")[0].split("[")[0]


def pip_words(pins):
    """What pip is told: wheels only, but for packages whose pin says that they have none and come as their source."""
    sources = [word for p in pins if p.startswith(SOURCE) for word in ("--no-binary", name_of(p))]
    return ["--only-binary", ":all:"] + sources + [p.removeprefix(SOURCE) for p in pins]


class Environment:
    """A folder with one set of pinned packages; made when first asked for, whole or not at all."""

    def __init__(self, python, pins, base=None, newest=False):
        words = [p.split("==")[0] if newest and not p.startswith(SOURCE) else p for p in pins.split()]
        said = "\n".join([python] + sorted(words) + [base.folder if base else ""])
        self.python, self.pins, self.base = python, words, base
        self.folder = os.path.join(CACHE, hashlib.sha256(said.encode()).hexdigest()[:16])
        self.made = os.path.join(self.folder, "made")

    def make(self):
        if os.path.exists(self.made):
            return
        if self.base:
            self.base.make()
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        try:
            getattr(self, {"R": "fill_debian", "sh": "fill_debian", "node": "fill_npm"}.get(self.python, "fill_pip"))()
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        with open(self.made, "w", encoding="utf-8") as f:
            f.write(" ".join(self.pins) + "\n")

    def fill_pip(self):
        call([interpreter(self.python), "-m", "venv", self.folder], "no environment")
        packages = os.path.join("lib", "python" + self.python, "site-packages")
        if self.base:
            with open(os.path.join(self.folder, packages, "base.pth"), "w", encoding="utf-8") as f:
                f.write(os.path.join(self.base.folder, packages) + "\n")
        pip = [os.path.join(self.folder, "bin", "python"), "-m", "pip", "install", "-q", "--no-compile"]
        call(["nice", "-n", "10"] + pip + pip_words(self.pins), "cannot be installed", env=os.environ | NO_COMPILER)

    def fill_npm(self):
        if not shutil.which("npm"):
            raise NotRun("no npm on this machine")
        call(["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", self.folder] +
             [p.replace("==", "@") for p in self.pins], "cannot be installed")

    def fill_debian(self):
        try:
            debian.fill(self.folder, self.pins, call)
        except OSError as e:
            raise NotRun(f"cannot be installed: {e}") from e

    def command(self, script):
        if self.python == "R":
            return debian.r_command(self.folder, script)
        if self.python == "sh":
            return ["sh", script], debian.places(self.folder)
        if self.python == "node":
            return ["node", script], {"NODE_PATH": os.path.join(self.folder, "node_modules")}
        path = os.path.join(self.folder, "bin")
        return [os.path.join(path, "python"), script], {"PATH": path + ":/usr/local/bin:/usr/bin:/bin"}

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def script_of(sample):
    """The sample's script and its arguments: NAME.py, or for `NAME-MODE` and `NAME.MODE` NAME.py with MODE."""
    cuts = [len(sample)] + [i for i, c in enumerate(sample) if c in ".-"]
    for cut in cuts:
        for ending in (".py", ".R", ".js", ".sh"):
            path = os.path.join(HERE, "scripts", sample[:cut] + ending)
            if os.path.exists(path):
                return path, [sample[cut + 1:]] if cut < len(sample) else []
    raise NotRun("it has no script")


def without_places(output, work, environment):
    """What a run prints of the place where it ran is no form of the library's."""
    places = [(work, "/home/user/run"), (environment.folder, "/home/user/env")]
    if environment.base:
        places.append((environment.base.folder, "/home/user/env"))
    places += [(os.path.dirname(HERE), "/home/user"), (os.path.expanduser("~"), "/home/user"), (socket.gethostname(), "host")]
    for place, instead in places:
        output = output.replace(place.encode(), instead.encode())
    return output


def run_training(sample, environment):
    """All bytes that the script wrote into the pipe, and its exit status."""
    script, arguments = script_of(sample)
    with tempfile.TemporaryDirectory(prefix="mltop-corpus-") as work:
        copy = os.path.join(work, "train" + os.path.splitext(script)[1])
        shutil.copy(script, copy)
        command, more = environment.command(copy)
        env = {"HOME": work, "TERM": "dumb", "PYTHONUNBUFFERED": "1", "LANG": "C.UTF-8", "TZ": "UTC", "PATH": "/usr/bin:/bin",
               "CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "2", "TMPDIR": work}
        env.update({k: v for k, v in os.environ.items() if k.startswith("OPENBLAS_") or k in ("JAVA_HOME",)})
        env.update(more)
        child = subprocess.Popen(["nice", "-n", "10"] + command + arguments, cwd=work, env=env, start_new_session=True,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            output, _ = child.communicate(timeout=RUN_SECONDS)
        except subprocess.TimeoutExpired as e:
            raise NotRun(f"did not end within {RUN_SECONDS} s") from e
        finally:
            try:
                os.killpg(child.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        return without_places(output, work, environment), child.returncode


def compare(sample, output):
    """A word and details: forms that the sample has and this run printed no more."""
    path = os.path.join(SAMPLES, sample + ".log")
    if not os.path.exists(path):
        return "new", ["no sample of it yet (--write makes it)"]
    with open(path, "rb") as f:
        known = forms.forms(f.read())
    now = set(forms.forms(output))
    gone = [f for f in known if f not in now]
    return ("changed", gone) if gone else ("same", [])


def one(row, environment, write):
    """The word for this sample and what to say of it."""
    environment.make()
    output, status = run_training(row["sample"], environment)
    full = os.environ.get("FULL")
    if full:
        with open(os.path.join(full, row["sample"] + ".full"), "wb") as f:
            f.write(output)
    if status:
        tail = [p.decode("utf-8", "replace").strip() for p in forms.pieces(output) if p.strip()]
        return "not run", ["exit status %d: %s" % (status, (tail or [""])[-1][:200])]
    word, details = compare(row["sample"], output)
    if write and row["cut"] != "-":
        with open(os.path.join(SAMPLES, row["sample"] + ".log"), "wb") as f:
            f.write(forms.cut(output, row["cut"]))
    return word, details


def report(row, word, details):
    print(f"{word:8} {row['sample']}: {row['what']}", flush=True)
    for line in details[:8]:
        print(f"           {line[:160]}", flush=True)
    if len(details) > 8:
        print(f"           and {len(details) - 8} more", flush=True)


def main():
    words = [w for w in sys.argv[1:] if not w.startswith("-")]
    write, newest = "--write" in sys.argv, "--newest" in sys.argv
    rows = read_table("samples.tsv", COLUMNS)
    bases = {b["base"]: b for b in read_table("bases.tsv", BASES)}
    rows = [r for r in rows if not words or any(w in r["sample"] or w in r["what"].lower() for w in words)]
    rows.sort(key=lambda r: (r["on"], r["pins"]))
    count, keep = {}, os.environ.get("KEEP", "0") not in ("", "0")
    for i, row in enumerate(rows):
        base = bases.get(row["on"])
        base = Environment(base["python"], base["pins"], newest=newest) if base else None
        environment = Environment(row["python"], row["pins"], base, newest) if row["pins"] != "-" else base
        try:
            word, details = one(row, environment, write)
        except NotRun as e:
            word, details = "not run", [str(e)]
        except subprocess.TimeoutExpired:
            word, details = "not run", [f"was not installed within {INSTALL_SECONDS} s"]
        report(row, word, details)
        count[word] = count.get(word, 0) + 1
        following = rows[i + 1] if i + 1 < len(rows) else {"on": None, "pins": None}
        if not keep and (following["on"], following["pins"]) != (row["on"], row["pins"]) and environment is not base:
            environment.remove()
        if not keep and base and following["on"] != row["on"]:
            base.remove()
    for row in read_table("not-run.tsv", ["library", "reason"]) if not words else []:
        print(f"not run  {row['library']}: {row['reason']}")
    print(", ".join(f"{n} {word}" for word, n in sorted(count.items())))
    return 1 if count.get("changed") else 0


if __name__ == "__main__":
    sys.exit(main())
