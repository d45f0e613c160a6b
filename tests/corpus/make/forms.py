"""
What of an output is form and what is only this run: numbers, times and lengths of bars become one mark, so that two
runs of one program have the same set of forms, and a library that prints otherwise than it did has another one.
"""
import re

ESCAPES = re.compile(rb"\x1b(\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[@-_])")
REDRAWS = re.compile(rb"\r\n|[\r\n\v\f]|\x08+")
BARS = re.compile("[█▉▊▋▌▍▎▏▁▂▃▄▅▆▇━╸╺─■□░▒▓⠀-⣿]+|(?<=[\\[|<])[=>.#oO* -]+(?=[\\]|>])|[=#.*_-]{3,}|(?<=[|\\s])[/\\\\|-](?=\\s)")
WORDS = re.compile(r"(?<![A-Za-z])(nan|inf|\?)(?![A-Za-z])")
NUMBERS = re.compile(r"[-+]?(\d{1,3}(,\d{3})+|\d+)?(\.\d+|\d\.?)(e[-+]?\d+)?", re.I)
TIMES = re.compile(r"0+( ?(days?,?|hours?|minutes?|seconds?|mins?|secs?|ms|us|µs|ns|[dhmsμ])\b[ :]?0*)+|0(:0)+")
RATES = re.compile(r"0 ?([mun]?s/(it|step|sample|batch|epoch|trial)|(it|steps?|samples?|batch(es)?|epochs?|trials?)/s(ec)?)\b", re.I)
PACKAGES = re.compile(r"(/[\w.+-]+)*/site-packages/")
MONTHS = re.compile(r"\b(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b(?= +\d)")
SCALES = re.compile(r"0 ?([kKMGT]?i?[bB]?)(?=[ /\],:)]|$)")


def form(piece):
    """One line or one redraw, without what changes between runs."""
    text = ESCAPES.sub(b"", piece).decode("utf-8", "replace")
    text = re.sub(r"(?<!\.)\b(0x)?[0-9a-f]{8,}(-[0-9a-f]{4}){0,3}(-[0-9a-f]{12})?\b", "0", text)
    text = re.sub(r"\b_?sid_[0-9a-z]+", "0", text)
    text = re.sub(r"\bLinux-\S+-with-glibc[\d.]+", "Linux", text)
    text = PACKAGES.sub("/venv/", text)
    text = MONTHS.sub("0", text)
    text = BARS.sub("~", text)
    text = WORDS.sub("0", text)
    text = NUMBERS.sub("0", text)
    text = re.sub(r"0 ?[kKMG]([a-z]+/s)\b", r"0\1", text)
    text = RATES.sub("0it/s", text)
    text = TIMES.sub("0", text)
    text = SCALES.sub("0", text)
    text = re.sub(r"([<(\[]) +(?=0)", r"\1", text)
    text = re.sub(r"[|~\s]*~[|~\s]*", " ~ ", text)
    return re.sub(r"(\b0 )+", "0 ", re.sub(r"\s+", " ", text)).strip(" ~")


def forms(output):
    """All forms of an output, each once, in the order in which they first came."""
    return list(dict.fromkeys(f for f in map(form, REDRAWS.split(output)) if f))


def pieces(output):
    """Lines and redraws with their ends: an output is cut only between these."""
    ends = [m.end() for m in REDRAWS.finditer(output)] + [len(output)]
    starts = [0] + ends[:-1]
    return [output[a:b] for a, b in zip(starts, ends) if b > a]


def cut(output, rule):
    """`whole`, or any of `head:BYTES`, `end:BYTES`, `keep:REGEX` (what of the piece left out stays all the same)."""
    if rule == "whole":
        return output
    wanted = dict(word.split(":", 1) for word in rule.split())
    parts, head, end = pieces(output), int(wanted.get("head", 0)), int(wanted.get("end", 0))
    keep = re.compile(wanted["keep"].encode()) if "keep" in wanted else None
    at, kept = 0, []
    for part in parts:
        at += len(part)
        if at <= head or at > len(output) - end or (keep and keep.search(part)):
            kept.append(part)
    return b"".join(kept)
