#!/usr/bin/python3
"""Packs this folder as a standard Python source distribution, with nothing but Python itself.

pack.py [FOLDER] writes FOLDER/mltop-digits-0.1.tar.gz (default: the present folder) and prints its
path. The same files give the same bytes: names are sorted, times, owners and modes are fixed.
"""

import gzip
import io
import os
import re
import sys
import tarfile

HERE = os.path.dirname(os.path.abspath(__file__))
FILES = ("README.md", "pyproject.toml", "setup.py", "MANIFEST.in", "pack.py", "pack.sh")
PACKAGE = "digits"
SUFFIXES = (".py", ".gz", ".md")


def version():
    with open(os.path.join(HERE, PACKAGE, "__init__.py"), encoding="utf-8") as file:
        return re.search(r'^__version__ = "([^"]+)"$', file.read(), re.M).group(1)


def names():
    """What goes in, relative to this folder: no caches, no leftovers of an editor."""
    found = [name for name in FILES if os.path.exists(os.path.join(HERE, name))]
    for folder, folders, files in os.walk(os.path.join(HERE, PACKAGE)):
        folders[:] = [name for name in folders if name != "__pycache__"]
        found += [os.path.relpath(os.path.join(folder, name), HERE) for name in files
                  if name.endswith(SUFFIXES) and not name.startswith(".")]
    return sorted(found)


def pkg_info():
    with open(os.path.join(HERE, "README.md"), encoding="utf-8") as file:
        readme = file.read()
    head = ["Metadata-Version: 2.1", "Name: digits", f"Version: {version()}",
            "Summary: Trains a small convolutional network on handwritten digits: "
            "a sample job for mltop",
            "Requires-Python: >=3.9", "Requires-Dist: numpy>=1.20",
            "Description-Content-Type: text/markdown"]
    return ("\n".join(head) + "\n\n" + readme).encode("utf-8")


def add(archive, name, content):
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    entry.mode = 0o755 if name.endswith(".sh") else 0o644
    archive.addfile(entry, io.BytesIO(content))  # time, owner and group stay 0


def pack():
    top = f"{PACKAGE}-{version()}"
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        add(archive, f"{top}/PKG-INFO", pkg_info())
        for name in names():
            with open(os.path.join(HERE, name), "rb") as file:
                add(archive, f"{top}/{name}", file.read())
    packed = io.BytesIO()
    # No name and no time in the header.
    with gzip.GzipFile(filename="", mode="wb", fileobj=packed, mtime=0) as file:
        file.write(plain.getvalue())
    return packed.getvalue()


def main():
    folder = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else ".")
    path = os.path.join(folder, f"mltop-digits-{version()}.tar.gz")
    aside = f"{path}.{os.getpid()}.part"
    try:
        os.makedirs(folder, exist_ok=True)
        with open(aside, "wb") as file:
            file.write(pack())
        os.replace(aside, path)
    except OSError as why:
        sys.exit(f"pack.py: {path} cannot be written ({why.strerror}): name another folder")
    print(path)


if __name__ == "__main__":
    main()
