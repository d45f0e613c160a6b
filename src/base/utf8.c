#include "base/utf8.h"

#include "base/utf8_table.h"

#include <string.h>

/*
 * The well-formed sequences of Unicode 15, table 3-7: how long, and what the second byte may be.
 * Later bytes are always 80..BF.
 */
struct lead {
	unsigned char first, last;
	unsigned char length;
	unsigned char low, high;
};

static const struct lead leads[] = {
	{0xC2, 0xDF, 2, 0x80, 0xBF},
	{0xE0, 0xE0, 3, 0xA0, 0xBF},
	{0xE1, 0xEC, 3, 0x80, 0xBF},
	{0xED, 0xED, 3, 0x80, 0x9F},
	{0xEE, 0xEF, 3, 0x80, 0xBF},
	{0xF0, 0xF0, 4, 0x90, 0xBF},
	{0xF1, 0xF3, 4, 0x80, 0xBF},
	{0xF4, 0xF4, 4, 0x80, 0x8F},
};

static const struct lead *find_lead(unsigned char byte)
{
	for (size_t i = 0; i < sizeof leads / sizeof leads[0]; i++)
		if (byte >= leads[i].first && byte <= leads[i].last)
			return &leads[i];
	return NULL;
}

/* How many bytes of `s` belong to a well-formed sequence of that lead, the lead included. */
static size_t good_part(const struct lead *lead, const unsigned char *s, size_t len)
{
	size_t n = 1;

	while (n < len && n < lead->length) {
		unsigned char low = n == 1 ? lead->low : 0x80;
		unsigned char high = n == 1 ? lead->high : 0xBF;

		if (s[n] < low || s[n] > high)
			break;
		n++;
	}
	return n;
}

size_t utf8_decode(const char *text, size_t len, uint32_t *cp, bool *valid, bool *more)
{
	const unsigned char *s = (const unsigned char *)text;
	const struct lead *lead;
	size_t n = 1;

	if (more)
		*more = false;
	*valid = true;
	*cp = s[0];
	if (s[0] < 0x80)
		return 1;
	lead = find_lead(s[0]);
	if (lead != NULL)
		n = good_part(lead, s, len);
	if (lead == NULL || n < lead->length) {
		*cp = UTF8_REPLACEMENT;
		*valid = false;
		if (more)
			*more = lead != NULL && n == len;
		return n;
	}
	*cp = s[0] & (0x7Fu >> lead->length);
	for (size_t i = 1; i < n; i++)
		*cp = *cp << 6 | (s[i] & 0x3Fu);
	return n;
}

size_t utf8_encode(uint32_t cp, char out[UTF8_MAX])
{
	if (cp > 0x10FFFF || (cp >= 0xD800 && cp <= 0xDFFF))
		cp = UTF8_REPLACEMENT;
	if (cp < 0x80) {
		out[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (char)(0xC0 | cp >> 6);
		out[1] = (char)(0x80 | (cp & 0x3F));
		return 2;
	}
	if (cp < 0x10000) {
		out[0] = (char)(0xE0 | cp >> 12);
		out[1] = (char)(0x80 | (cp >> 6 & 0x3F));
		out[2] = (char)(0x80 | (cp & 0x3F));
		return 3;
	}
	out[0] = (char)(0xF0 | cp >> 18);
	out[1] = (char)(0x80 | (cp >> 12 & 0x3F));
	out[2] = (char)(0x80 | (cp >> 6 & 0x3F));
	out[3] = (char)(0x80 | (cp & 0x3F));
	return 4;
}

bool utf8_valid(const char *s, size_t len)
{
	for (size_t at = 0; at < len;) {
		uint32_t cp;
		bool valid;

		at += utf8_decode(s + at, len - at, &cp, &valid, NULL);
		if (!valid)
			return false;
	}
	return true;
}

size_t utf8_mark(const char *s, size_t len)
{
	return len >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

static const struct utf8_range *find_range(const struct utf8_range *ranges, size_t count,
	uint32_t cp)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (cp > ranges[middle].last)
			low = middle + 1;
		else if (cp < ranges[middle].first)
			high = middle;
		else
			return &ranges[middle];
	}
	return NULL;
}

enum utf8_kind utf8_kind(uint32_t cp)
{
	const struct utf8_range *range;

	/* Below the first combining marks only U+00AD stands in the table: spare Latin the search.
	 */
	if (cp < 0x300)
		return cp == 0xAD ? UTF8_FORMAT : UTF8_NARROW;
	if (cp > 0x10FFFF)
		return UTF8_BAD;
	range = find_range(utf8_ranges, utf8_range_count, cp);
	return range ? (enum utf8_kind)range->kind : UTF8_NARROW;
}

bool utf8_is_emoji(uint32_t cp)
{
	return cp >= 0xA9 && find_range(utf8_emoji, utf8_emoji_count, cp) != NULL;
}

int utf8_cp_width(uint32_t cp)
{
	switch (utf8_kind(cp)) {
	case UTF8_MARK:
	case UTF8_FORMAT: return 0;
	case UTF8_WIDE:
	case UTF8_BAD_WIDE: return 2;
	default: return 1;
	}
}

/* One character of a NUL-terminated string: `s` is not at its end. Never reads past the NUL. */
static size_t next_char(const char *s, uint32_t *cp)
{
	bool valid;

	return utf8_decode(s, strnlen(s, UTF8_MAX), cp, &valid, NULL);
}

size_t utf8_cluster(const char *s, int *width)
{
	uint32_t cp;
	size_t n = 0;

	*width = 0;
	if (*s == '\0')
		return 0;
	n = next_char(s, &cp);
	*width = utf8_cp_width(cp);
	while ((s[n] & 0x80) != 0) {
		size_t step = next_char(s + n, &cp);

		if (utf8_cp_width(cp) != 0)
			break;
		n += step;
	}
	return n;
}

int utf8_width(const char *s)
{
	int total = 0;

	for (;;) {
		uint32_t cp;

		for (; *s >= ' ' && *s <= '~'; s++) /* most texts are nothing else */
			total++;
		if (*s == '\0')
			return total;
		s += next_char(s, &cp);
		total += utf8_cp_width(cp);
	}
}

size_t utf8_fit(const char *s, int cells, int *used)
{
	size_t at = 0;
	int total = 0;

	while (s[at]) {
		int width;
		size_t n = utf8_cluster(s + at, &width);

		if (width > cells - total)
			break;
		at += n;
		total += width;
	}
	if (used)
		*used = total;
	return at;
}

/* Start of the character that ends at `at` > 0, in a valid string. */
static size_t char_before(const char *s, size_t at)
{
	size_t start = at - 1;

	while (start > 0 && at - start < UTF8_MAX && ((unsigned char)s[start] & 0xC0) == 0x80)
		start--;
	return start;
}

size_t utf8_cluster_before(const char *s, size_t at)
{
	size_t start = at;

	while (start > 0) {
		uint32_t cp;

		start = char_before(s, start);
		next_char(s + start, &cp);
		if (utf8_cp_width(cp) != 0)
			break;
	}
	return at - start;
}
