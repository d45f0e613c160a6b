#include "core/progress/clean.h"

#include "base/utf8.h"
#include "core/progress/bars.h"

#include <string.h>

/*
 * Characters beyond ASCII, by what they do in a line: cells of bars, lines of tables, and the rest,
 * which is kept.
 */
static char drawn_as(uint32_t c)
{
	if (c == 0x2501 || c == 0x2578 || c == 0x257a || (c >= 0x2588 && c <= 0x258f) ||
		(c >= 0x2581 && c <= 0x2587) || (c >= 0x2800 && c <= 0x28ff) || c == 0x25a0 ||
		c == 0x2593 || c == 0x2592)
		return CELL_FULL;
	if (c == 0x2500 || c == 0x2591 || c == 0x2574 || c == 0x2576 || c == 0x25a1)
		return CELL_EMPTY;
	if (c >= 0x2500 && c <= 0x257f)
		return '|';
	if (c == 0x2022 || c == 0xb7 || c == 0x2026 || c == 0xa0)
		return ' ';
	return 0;
}

/* Bytes of the sequence at `s`; `len` where it has no end. */
static size_t osc_len(const char *s, size_t len)
{
	for (size_t i = 2; i < len; i++) {
		if (s[i] == '\a')
			return i + 1;
		if (s[i] == '\x1b')
			return i + 1 < len && s[i + 1] == '\\' ? i + 2 : i;
	}
	return len;
}

static size_t csi_len(const char *s, size_t len)
{
	size_t i = 2;

	while (i < len && (unsigned char)s[i] >= 0x20 && (unsigned char)s[i] < 0x40)
		i++;
	return i < len ? i + 1 : len;
}

/* "ESC ] 9 ; 4 ; state ; percent": ConEmu's, which other terminals took over. */
static void take_osc(const char *s, size_t len, struct piece *p)
{
	int state, percent = 0;
	size_t i = 8;

	if (len < 9 || memcmp(s + 2, "9;4;", 4) != 0 || !is_digit(s[6]) || s[7] != ';')
		return;
	for (state = s[6] - '0'; i < len && is_digit(s[i]) && percent < 1000; i++)
		percent = percent * 10 + (s[i] - '0');
	if ((state == 1 || state == 2 || state == 4) && percent <= 100)
		p->percent = percent;
}

static int csi_number(const char *s, size_t len)
{
	int n = 0;

	for (size_t i = 2; i < len && is_digit(s[i]) && n < 1000; i++)
		n = n * 10 + (s[i] - '0');
	return n ? n : 1;
}

/* What the sequence that ends with `final` leaves: rows up, or nothing. */
static int rows_up(const char *s, size_t len)
{
	char final = s[len - 1];

	return len > 2 && (final == 'A' || final == 'F') ? csi_number(s, len) : 0;
}

static size_t escape_len(const char *s, size_t len)
{
	if (len < 2)
		return len;
	if (s[1] == '[')
		return csi_len(s, len);
	if (s[1] == ']')
		return osc_len(s, len);
	if (s[1] == '(' || s[1] == ')')
		return len < 3 ? len : 3;
	return 2;
}

/* Blocks of an eighth to a whole, which most bars are drawn with: those at `raw`. */
static size_t take_blocks(const char *raw, size_t len, char *out, struct piece *p)
{
	size_t n = 0, cells = p->len; /* on its own: `out` may not be taken for a part of `p` */

	while (len - n >= 3 && raw[n] == '\xe2' && raw[n + 1] == '\x96' &&
		(raw[n + 2] & 0xf8) == 0x88) {
		out[cells++] = CELL_FULL;
		n += 3;
	}
	p->len = cells;
	p->drawn |= n > 0;
	return n;
}

/* Characters beyond ASCII from `raw` to `out`: one, or some blocks. Returns how many bytes it took. */
static size_t take_wide(const char *raw, size_t len, char *out, struct piece *p)
{
	uint32_t c;
	bool valid;
	char drawn;
	size_t n = take_blocks(raw, len, out, p);

	if (n > 0)
		return n;
	n = utf8_decode(raw, len, &c, &valid, NULL);
	drawn = valid ? drawn_as(c) : ' ';
	if (drawn == 0) {
		memcpy(out + p->len, raw, n);
		p->len += n;
		return n;
	}
	p->drawn |= drawn == CELL_FULL || drawn == CELL_EMPTY;
	out[p->len++] = drawn;
	return n;
}

/* Bytes of ASCII that are drawn, from `raw` to `out`. Returns how many. */
static size_t take_plain(const char *raw, size_t len, char *out)
{
	size_t n = 0;

	while (n < len && raw[n] >= ' ') /* beyond ASCII is below 0 */
		n++;
	memcpy(out, raw, n);
	return n;
}

bool piece_next(const char *raw, size_t len, size_t *at, char *out, struct piece *p)
{
	size_t i = *at;

	*p = (struct piece){.percent = -1};
	while (i < len) {
		unsigned char c = (unsigned char)raw[i];
		size_t n;

		if (c == 0x1b) {
			n = escape_len(raw + i, len - i);
			if (raw[i + 1] == ']' && n > 2)
				take_osc(raw + i, n, p);
			else if (raw[i + 1] == '[' && rows_up(raw + i, n)) {
				p->depth = (uint8_t)(p->depth + rows_up(raw + i, n));
				p->ended = true;
			}
			i += n;
			continue;
		}
		if (p->ended && p->len > 0)
			break;
		p->ended = false;
		p->depth = 0;
		if (c >= 0x80) {
			i += take_wide(raw + i, len - i, out, p);
			continue;
		}
		n = take_plain(raw + i, len - i, out + p->len);
		p->len += n;
		i += n;
		if (n > 0)
			continue;
		if (c == '\t')
			out[p->len++] = '\t';
		i++;
	}
	out[p->len] = '\0';
	if (i == *at)
		return false;
	*at = i;
	return true;
}
