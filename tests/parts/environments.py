#!/usr/bin/python3
"""
Environments of real parts for `make test-parts`, each a folder named by the hash of its pins below
$XDG_CACHE_HOME/mltop-tests: made once, whole or not at all. Run by itself it makes those that this machine has a
Python for, and fails where it has none.
"""
import fcntl
import glob
import hashlib
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
CACHE = os.environ.get("MLTOP_PARTS") or os.path.join(
    os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "mltop-tests")
SECONDS = 900
CLOUDML = ("3.8", "3.11", "3.13")
# Of one Python and one file of pins: TensorBoard with what reads and writes event files.
PLAIN = {"events": "3.11"}

# What Python 3.9 took out of base64 and cloud_ml_common still calls (docs/CLOUDML.md).
SHIM = "import base64\nif not hasattr(base64, 'encodestring'):\n    base64.encodestring = base64.encodebytes\n"


def interpreter(version):
    """A Python of that version with venv and pip: one of pyenv's, or on the path; None: there is none."""
    versions = os.path.join(os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv"), "versions")
    for path in glob.glob(f"{versions}/{version}.*/bin/python") + ["/usr/bin/python" + version, "python" + version]:
        try:
            said = subprocess.run([path, "-c", "import ensurepip, sys; print('%d.%d' % sys.version_info[:2])"],
                                  capture_output=True, text=True, check=False)
        except OSError:
            continue
        if said.stdout.strip() == version:
            return path
    return None


def pins(name):
    with open(os.path.join(HERE, "pins", name + ".txt"), encoding="utf-8") as f:
        return f.read()


def folder(version):
    said = version + pins("cloudml-" + version) + pins("cloudml-sources") + SHIM
    return os.path.join(CACHE, hashlib.sha256(said.encode()).hexdigest()[:16])


def call(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS, check=False,
                          text=True, errors="replace", env=dict(os.environ, CC="false"))
    if done.returncode:
        sys.exit(f"{' '.join(command[:6])}: {done.stdout[-2000:]}")


def rename_common(packages):
    """The index has cloud-ml-common 0.0.2 only, the same code as the 0.2.2 that cloud-ml-sdk asks for."""
    for old in glob.glob(packages + "/cloud_ml_common-0.0.2*"):
        new = old.replace("0.0.2", "0.2.2")
        os.rename(old, new)
        for path in glob.glob(new + "/METADATA") + glob.glob(new + "/PKG-INFO"):
            with open(path, encoding="utf-8") as f:
                text = f.read()
            with open(path, "w", encoding="utf-8") as f:
                f.write(text.replace("\nVersion: 0.0.2\n", "\nVersion: 0.2.2\n"))


def fill(version, to):
    listed = lambda name: os.path.join(HERE, "pins", name + ".txt")
    call(interpreter(version), "-m", "venv", to)
    pip = [to + "/bin/python", "-m", "pip", "install", "-q", "--no-deps", "--require-hashes"]
    call(*pip, "--only-binary", ":all:", "-r", listed("cloudml-" + version))
    call(*pip, "--no-build-isolation", "--no-binary", ":all:", "-r", listed("cloudml-sources"))
    packages = glob.glob(to + "/lib/python*/site-packages")[0]
    rename_common(packages)
    if version != "3.8":
        with open(packages + "/sitecustomize.py", "w", encoding="utf-8") as f:
            f.write(SHIM)


def plain_folder(name):
    return os.path.join(CACHE, hashlib.sha256((PLAIN[name] + pins(name)).encode()).hexdigest()[:16])


def plain_fill(name, to):
    call(interpreter(PLAIN[name]), "-m", "venv", to)
    call(to + "/bin/python", "-m", "pip", "install", "-q", "--no-deps", "--require-hashes", "--only-binary", ":all:",
         "-r", os.path.join(HERE, "pins", name + ".txt"))


def make(version):
    return make_in(folder(version), fill, version)


def make_in(to, fill_with, what):
    """Made under the name that it keeps, for a venv may not move; `made` says that it is whole."""
    os.makedirs(CACHE, exist_ok=True)
    with open(to + ".lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(to + "/made"):
            shutil.rmtree(to, ignore_errors=True)
            fill_with(what, to)
            with open(to + "/made", "w", encoding="utf-8"):
                pass
    return to


def made():
    """Versions whose environments are there."""
    return [v for v in CLOUDML if os.path.exists(folder(v) + "/made")]


if __name__ == "__main__":
    there = [v for v in CLOUDML if interpreter(v)]
    for one in there:
        print(f"cloud-ml-sdk on Python {one}: {make(one)}")
    for one in CLOUDML:
        if one not in there:
            print(f"no Python {one} with venv here: cloud-ml-sdk is not run on it")
    for one, python in PLAIN.items():
        if not interpreter(python):
            sys.exit(f"{one}: there is no Python {python} with venv here (python3-venv)")
        print(f"{one} on Python {python}: {make_in(plain_folder(one), plain_fill, one)}")
    if not there:
        sys.exit("none of the Pythons that cloud-ml-sdk is tested with is here: " + ", ".join(CLOUDML))
