#!/usr/bin/env python3
"""Writes src/base/utf8_table.c: what kind of character each code point is.

Usage: python3 tests/tools/widths.py > src/base/utf8_table.c

The data is that of the module `unicodedata2` (version 15.0.0 was used for the committed table),
or, where it is not installed, of Python's own unicodedata (14.0 on Debian 12). The file written
names the version it was made from. Extended_Pictographic is in neither: its ranges are those of
emoji-data.txt 15.0, which hold the code points reserved for later versions too.
"""
import sys

try:
    import unicodedata2 as ucd
except ImportError:
    import unicodedata as ucd

# Default_Ignorable_Code_Point that is not of category Cf (DerivedCoreProperties.txt).
IGNORABLE = [(0x034F, 0x034F), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F),
             (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFFA0, 0xFFA0), (0xE0100, 0xE01EF)]
TAGS = [(0xE0000, 0xE007F)]
# Conjoining vowels and trailing consonants join the syllable before them.
JAMO = [(0x1160, 0x11FF), (0xD7B0, 0xD7FB)]
# EastAsianWidth.txt: code points in these are W even while unassigned.
WIDE_UNASSIGNED = [(0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2FFFD),
                   (0x30000, 0x3FFFD)]
PICTOGRAPHIC = """A9 AE 203C 2049 2122 2139 2194-2199 21A9-21AA 231A-231B 2328 2388 23CF 23E9-23F3
23F8-23FA 24C2 25AA-25AB 25B6 25C0 25FB-25FE 2600-2605 2607-2612 2614-2685 2690-2705 2708-2712 2714
2716 271D 2721 2728 2733-2734 2744 2747 274C 274E 2753-2755 2757 2763-2767 2795-2797 27A1 27B0 27BF
2934-2935 2B05-2B07 2B1B-2B1C 2B50 2B55 3030 303D 3297 3299 1F000-1F0FF 1F10D-1F10F 1F12F
1F16C-1F171 1F17E-1F17F 1F18E 1F191-1F19A 1F1AD-1F1E5 1F201-1F20F 1F21A 1F22F 1F232-1F23A
1F23C-1F23F 1F249-1F3FA 1F400-1F53D 1F546-1F64F 1F680-1F6FF 1F774-1F77F 1F7D5-1F7FF 1F80C-1F80F
1F848-1F84F 1F85A-1F85F 1F888-1F88F 1F8AE-1F8FF 1F90C-1F93A 1F93C-1F945 1F947-1FAFF 1FC00-1FFFD"""


def within(cp, ranges):
    return any(a <= cp <= b for a, b in ranges)


def kind(cp):
    char = chr(cp)
    category = ucd.category(char)
    if within(cp, TAGS) or category in ("Cs", "Co"):
        return "BAD"
    if category == "Cn":
        wide = within(cp, WIDE_UNASSIGNED) and cp & 0xFFFE != 0xFFFE
        return "BAD_WIDE" if wide else "BAD"
    if within(cp, IGNORABLE) or category in ("Cf", "Zl", "Zp"):
        return "FORMAT"
    if within(cp, JAMO) or category in ("Mn", "Me"):
        return "MARK"
    return "WIDE" if ucd.east_asian_width(char) in "WF" else "NARROW"


def ranges():
    start, now = 0, kind(0)
    for cp in range(1, 0x110001):
        new = kind(cp) if cp < 0x110000 else None
        if new != now:
            if now != "NARROW":
                yield start, cp - 1, now
            start, now = cp, new


def rows(items, per_line):
    items = list(items)
    for i in range(0, len(items), per_line):
        print("\t" + " ".join(items[i:i + per_line]))


def main():
    print(f"""/*
 * Written by tests/tools/widths.py from Unicode {ucd.unidata_version}; do not edit.
 * Code points that stand in no range are narrow.
 */
#include "base/utf8_table.h"

/* clang-format off */
#define W UTF8_WIDE
#define M UTF8_MARK
#define F UTF8_FORMAT
#define B UTF8_BAD
#define U UTF8_BAD_WIDE

const struct utf8_range utf8_ranges[] = {{""")
    short = {"WIDE": "W", "MARK": "M", "FORMAT": "F", "BAD": "B", "BAD_WIDE": "U"}
    rows((f"{{0x{a:X}, 0x{b:X}, {short[k]}}}," for a, b, k in ranges()), 4)
    print("};\nconst size_t utf8_range_count = sizeof utf8_ranges / sizeof utf8_ranges[0];\n")
    print("const struct utf8_range utf8_emoji[] = {")
    pairs = (p.split("-") for p in PICTOGRAPHIC.split())
    rows((f"{{0x{p[0]}, 0x{p[-1]}, 0}}," for p in pairs), 4)
    print("};\nconst size_t utf8_emoji_count = sizeof utf8_emoji / sizeof utf8_emoji[0];")
    return 0


if __name__ == "__main__":
    sys.exit(main())
