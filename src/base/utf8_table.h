/*
 * What kind of character a code point is. The ranges are generated (tests/tools/widths.py) and
 * sorted; whoever wants an answer asks utf8_kind or utf8_is_emoji. Any thread may call.
 */
#ifndef MLTOP_BASE_UTF8_TABLE_H
#define MLTOP_BASE_UTF8_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum utf8_kind {
	UTF8_NARROW, /* one cell, controls included */
	UTF8_WIDE,   /* East Asian wide or fullwidth: two cells */
	UTF8_MARK,   /* combines with the base before it: none (Mn, Me, Hangul vowels and finals) */
	UTF8_FORMAT, /* invisible, steers others: none (Cf, Zl, Zp, default ignorable) */
	UTF8_BAD, /* unassigned, private use, noncharacter, surrogate, tag: never shown as such */
	UTF8_BAD_WIDE, /* unassigned, but where all future ones are wide */
};

struct utf8_range {
	uint32_t first, last;
	uint32_t kind; /* enum utf8_kind; unused in utf8_emoji */
};

extern const struct utf8_range utf8_ranges[];
extern const size_t utf8_range_count;
extern const struct utf8_range utf8_emoji[]; /* Extended_Pictographic */
extern const size_t utf8_emoji_count;

enum utf8_kind utf8_kind(uint32_t cp);
bool utf8_is_emoji(uint32_t cp); /* may be the base of a variation selector, skin tone or ZWJ */

#endif
