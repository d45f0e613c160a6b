#!/usr/bin/python3
"""How many lines name a kind outside the kind's own files, and how src is split by folder.

    tests/plumbing.py [-v] [SOURCE FOLDER]

A kind is a header below core/ with `extern const struct kind X_kind`. Its names are what that header
declares; its own files have the kind's name in theirs (job.c, jobs.c, routes_jobs.c; ALSO lists other
words). Everything else is plumbing, which reads the tables of kinds and names none: the aim is 0 but
for kinds.c. BOUND is what there was last; it may only fall. -v shows the places.
"""
import collections
import os
import re
import sys

BOUND = 194
ALSO = {"job": ("train", "submit")}
# Who asks stands in the header of keys, and is what every request has.
NOT = {"struct principal", "enum role", "role_words"}
LIST = re.compile(r"(^|/)kinds\.c$")  # the line that a kind has there is no plumbing

COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
KIND = re.compile(r"^extern const struct kind (\w+)_kind;", re.M)
TAGS = re.compile(r"^((?:struct|enum|union) \w+) \{", re.M)
NAMES = (re.compile(r"^\t([A-Z][A-Z0-9_]+)(?: =[^,\n]*)?,?$", re.M),
         re.compile(r"^#define (\w+)(?<!_H)\b", re.M),
         re.compile(r"^extern [^;]*?\b(\w+)(?:\[\w*\])?;", re.M),
         re.compile(r"^(?!typedef|static|extern|struct kind\b)[a-z][^;{}#]*?\b(\w+)\([^{}]*?\);", re.M))


def sources(top):
    for at, folders, names in os.walk(top):
        folders.sort()
        for name in sorted(names):
            if name.endswith((".c", ".h")):
                path = os.path.join(at, name)
                with open(path, encoding="utf-8") as f:
                    yield os.path.relpath(path, top), f.read()


def without_comments(text):
    """The lines stay where they are."""
    return COMMENT.sub(lambda m: "\n" * m.group(0).count("\n"), text)


def kinds(files):
    """{kind: names that its header declares}"""
    found = {}
    for path, text in files.items():
        declared = KIND.findall(text)
        if path.startswith("core/") and path.endswith(".h") and len(declared) == 1:
            found[declared[0]] = {n for p in (TAGS, *NAMES) for n in p.findall(without_comments(text))} - NOT
    return found


def is_own(path, kind):
    words = re.split(r"[_.]", os.path.basename(path))
    return any(w in words for own in (kind, *ALSO.get(kind, ())) for w in (own, own + "s"))


def places(files, declared):
    """(kind, path, line number, line), one for each line and kind."""
    for kind, names in sorted(declared.items()):
        named = re.compile(r"\b(" + "|".join(sorted(names)) + r")\b")
        for path, text in files.items():
            if is_own(path, kind) or LIST.search(path):
                continue
            for number, line in enumerate(text.split("\n"), 1):
                if named.search(line) and not line.startswith("#include"):
                    yield kind, path, number, line.strip()


def main():
    verbose = "-v" in sys.argv
    words = [w for w in sys.argv[1:] if w != "-v"]
    top = words[0] if words else os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "src")
    whole = dict(sources(top))
    files = {path: without_comments(text) for path, text in whole.items()}
    declared = kinds(files)
    found = list(places(files, declared))
    lines = {(path, number) for _, path, number, _ in found}
    if verbose:
        for kind, path, number, line in found:
            print(f"{path}:{number}: {kind}: {line}")
        by_folder = collections.Counter(os.path.dirname(path) for path, _ in lines)
        for folder, text in sorted(collections.Counter(
                {f: sum(t.count("\n") for p, t in whole.items() if os.path.dirname(p) == f)
                 for f in {os.path.dirname(p) for p in whole}}).items()):
            count = sum(os.path.dirname(p) == folder for p in whole)
            print(f"{folder:16s} {count:4d} files {text:6d} lines {by_folder[folder]:5d} name a kind")
    by_kind = collections.Counter(kind for kind, *_ in found)
    print(f"plumbing: {len(lines)} lines in {len({p for p, _ in lines})} files name a kind that is not theirs ("
          + ", ".join(f"{k} {n}" for k, n in by_kind.most_common()) + f"); src has "
          f"{sum(t.count(chr(10)) for t in whole.values())} lines in {len(whole)} files")
    if not words and len(lines) > BOUND:
        print(f"plumbing: that is more than the {BOUND} it may be: let the tables of kinds say it")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
