#!/usr/bin/python3
"""Circles of files that call each other, folder by folder, read from the symbols of the objects.

    tests/circles.py [-v] [BUILD FOLDER [SOURCE FOLDER]]

Files in one circle can only be understood, tested and moved together: a circle has at most MOST
files. An exception is named with its reason, and its number may only fall. -v shows who calls whom.
"""
import collections
import os
import subprocess
import sys

MOST = 4
# Folder: files of its largest circle, and why it is still that large. None is needed.
EXCEPTIONS = {}


def objects(build, source):
    """{file below the source folder without .c: object}; of files that are gone an object may be left."""
    found = {}
    for at, _, names in os.walk(os.path.join(build, "o")):
        for name in names:
            file = os.path.relpath(os.path.join(at, name), os.path.join(build, "o"))
            if name.endswith(".o") and os.path.exists(os.path.join(source, file[:-2] + ".c")):
                found[file[:-2]] = os.path.join(at, name)
    return found


def symbols(files):
    """({symbol: the file that defines it}, {file: symbols that it needs})."""
    defined, needed = {}, collections.defaultdict(set)
    of = {path: file for file, path in files.items()}
    said = subprocess.run(["nm", "-A", "-P", *sorted(of)], check=True, capture_output=True, text=True)
    for line in said.stdout.splitlines():
        path, rest = line.split(": ", 1)
        name, kind = rest.split()[:2]
        if kind in "Uw":
            needed[of[path]].add(name)
        elif kind.isupper():
            defined[name] = of[path]
    return defined, needed


def calls(defined, needed):
    """{file: {file of the same folder: symbols}}"""
    edges = collections.defaultdict(lambda: collections.defaultdict(set))
    for file, names in needed.items():
        for name in names:
            other = defined.get(name)
            if other and other != file and os.path.dirname(other) == os.path.dirname(file):
                edges[file][other].add(name)
    return edges


def reached(edges, start):
    seen, waiting = set(), [start]
    while waiting:
        for other in edges.get(waiting.pop(), ()):
            if other not in seen:
                seen.add(other)
                waiting.append(other)
    return seen


def circles(edges):
    """Files that reach each other, as sorted lists; the folders are small enough to ask plainly."""
    reach = {file: reached(edges, file) for file in list(edges)}
    found = {tuple(sorted(o for o in reach[f] if f in reach.get(o, ()))) for f in reach if f in reach[f]}
    return sorted(found, key=lambda c: (-len(c), c))


def main():
    verbose = "-v" in sys.argv
    words = [w for w in sys.argv[1:] if w != "-v"]
    here = os.path.dirname(os.path.abspath(__file__))
    source = words[1] if len(words) > 1 else os.path.join(here, "..", "src")
    build = words[0] if words else os.environ.get("MLTOP_BUILD", os.path.join(here, "..", "build"))
    files = objects(build, source)
    if not files:
        print(f"circles: no objects under {build}/o; run make first")
        return 2
    edges = calls(*symbols(files))
    bad = 0
    largest = collections.Counter()
    for circle in circles(edges):
        folder = os.path.dirname(circle[0])
        largest[folder] = max(largest[folder], len(circle))
        most = EXCEPTIONS.get(folder, (MOST,))[0]
        if len(circle) > most or verbose:
            print(f"{folder}: {len(circle)} files in a circle (at most {most}): "
                  + " ".join(os.path.basename(f) for f in circle))
        for a in circle if verbose else ():
            for b in sorted(set(edges[a]) & set(circle)):
                print(f"    {os.path.basename(a)} -> {os.path.basename(b)}: {' '.join(sorted(edges[a][b]))}")
        bad += len(circle) > most
    for folder, (most, _) in EXCEPTIONS.items():
        if largest[folder] < most:
            print(f"{folder}: its largest circle has {largest[folder]} files now, not {most}: lower its exception")
    if bad:
        return 1
    print(f"circles: the largest has {max(largest.values(), default=0)} files, of {len(files)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
