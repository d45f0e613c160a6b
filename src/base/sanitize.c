#include "base/sanitize_parts.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "base/utf8_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TAB_CELLS = 8, NO_BASE = MARKS_MAX + 1, MARKS_DROPPED = MARKS_MAX + 2 };

void sanitized_line_style(struct sanitized_line *line, struct sgr style)
{
	struct sgr last = SGR_NONE;

	if (line->run_count > 0)
		last = line->runs[line->run_count - 1].style;
	if (sgr_equal(last, style))
		return;
	if (line->run_count == line->run_cap) {
		line->run_cap = line->run_cap ? line->run_cap * 2 : 8;
		line->runs = mem_realloc(line->runs, line->run_cap * sizeof *line->runs);
	}
	line->runs[line->run_count++] = (struct sgr_run){line->text.len, style};
}

static void set_style(struct writer *w, struct sgr style)
{
	if (w->line)
		sanitized_line_style(w->line, style);
}

/* Printable ASCII as it is. */
static void write_plain(struct writer *w, const char *text, size_t len)
{
	set_style(w, w->style);
	buf_add(w->out, text, len);
	w->cells += len;
	w->marks = 0;
	w->emoji = false;
}

/* Shows our own ASCII text in place of bytes that may not stand. */
static void write_substitute(struct writer *w, const char *text, size_t len)
{
	struct sgr style = w->style;

	/* Reversed, so that a task cannot imitate it by writing the same characters. */
	style.attrs ^= SGR_REVERSE;
	set_style(w, style);
	buf_add(w->out, text, len);
	w->cells += len;
	w->marks = NO_BASE;
	w->emoji = false;
}

static void write_replacement(struct writer *w)
{
	set_style(w, w->style);
	buf_adds(w->out, "\xEF\xBF\xBD");
	w->cells++;
	w->marks = NO_BASE;
	w->emoji = false;
}

/* ^X for a C0 control and DEL, \x9b for a C1; returns the length. */
static size_t control_text(uint32_t cp, char out[8])
{
	static const char hex[] = "0123456789abcdef";

	if (cp >= 0x80) {
		memcpy(out, (char[]){'\\', 'x', hex[cp >> 4], hex[cp & 15]}, 4);
		return 4;
	}
	out[0] = '^';
	out[1] = cp == 0x7F ? '?' : (char)(cp + 0x40);
	return 2;
}

static void write_code_point(struct writer *w, uint32_t cp)
{
	char text[16];
	int n = snprintf(text, sizeof text, "<U+%04X>", (unsigned)cp);

	write_substitute(w, text, (size_t)n);
}

static void write_mark(struct writer *w, const char *s, size_t len)
{
	if (w->marks < MARKS_MAX) {
		buf_add(w->out, s, len);
		w->marks++;
		return;
	}
	/* One sign for the whole run of those too many: 10,000 marks are not 10,000 signs. */
	if (w->marks == MARKS_DROPPED)
		return;
	write_replacement(w);
	w->marks = MARKS_DROPPED;
}

static bool is_selector_or_tone(uint32_t cp)
{
	return cp == 0xFE0F || cp == 0xFE0E || (cp >= 0x1F3FB && cp <= 0x1F3FF);
}

/* 1, #, * with FE0F 20E3 behind is a keycap: how many bytes stand behind the base, else 0. */
static size_t keycap_length(const char *s, size_t len, const struct writer *w)
{
	static const char tail[] = "\xEF\xB8\x8F\xE2\x83\xA3";
	size_t size = sizeof tail - 1;
	char base = w->out->len ? w->out->data[w->out->len - 1] : '\0';

	if (w->marks != 0 || len < size || memcmp(s, tail, size) != 0)
		return 0;
	return (base >= '0' && base <= '9') || base == '#' || base == '*' ? size : 0;
}

/*
 * What may stand behind an emoji and changes only its looks: variation selectors, skin tones, and
 * joined further emoji. All of it is left out and the base stands for it: terminals disagree on
 * the width of the rest. Returns the bytes to leave out, 0 where this is no such thing.
 */
static size_t emoji_tail(const struct writer *w, const char *s, size_t len, uint32_t cp)
{
	struct unit next;
	size_t joiner = 3; /* U+200D in UTF-8 */

	if (!w->emoji)
		return 0;
	if (is_selector_or_tone(cp))
		return unit_read(s, len).len;
	if (cp != 0x200D || len <= joiner)
		return 0;
	next = unit_read(s + joiner, len - joiner);
	return next.valid && utf8_is_emoji(next.cp) ? joiner + next.len : 0;
}

/* A valid character above ASCII and C1; returns the bytes it took. */
static size_t write_char(struct writer *w, const char *s, size_t len, const struct unit *u)
{
	enum utf8_kind kind = utf8_kind(u->cp);
	size_t skip = emoji_tail(w, s, len, u->cp);

	if (skip == 0 && u->cp == 0xFE0F)
		skip = keycap_length(s, len, w);
	if (skip != 0)
		return skip;
	switch (kind) {
	case UTF8_MARK: write_mark(w, s, u->len); break;
	case UTF8_FORMAT: write_code_point(w, u->cp); break;
	case UTF8_BAD:
	case UTF8_BAD_WIDE: write_replacement(w); break;
	default:
		set_style(w, w->style);
		buf_add(w->out, s, u->len);
		w->cells += kind == UTF8_WIDE ? 2 : 1;
		w->marks = 0;
		w->emoji = utf8_is_emoji(u->cp);
	}
	return u->len;
}

/* A sequence as caret text, its controls too; U+2026 ends it where it is longer than may be shown.
 */
static void write_sequence(struct writer *w, const char *s, size_t len)
{
	struct buf shown = BUF_INIT;
	struct writer inner = {.out = &shown, .style = SGR_NONE, .marks = NO_BASE};
	size_t fits = 0; /* what leaves room for the sign that more follows */

	for (size_t at = 0; at < len && shown.len <= SEQUENCE_SHOWN;) {
		struct unit u = unit_read(s + at, len - at);
		size_t took = u.len;
		char text[8];

		if (u.cp < 0x20 || (u.cp >= 0x7F && u.cp < 0xA0))
			write_substitute(&inner, text, control_text(u.cp, text));
		else if (u.cp < 0x7F)
			write_plain(&inner, s + at, 1);
		else if (u.valid)
			took = write_char(&inner, s + at, len - at, &u);
		else
			write_replacement(&inner);
		at += took;
		if (shown.len <= SEQUENCE_SHOWN - 3)
			fits = shown.len;
	}
	if (shown.len > SEQUENCE_SHOWN) {
		buf_cut(&shown, fits);
		buf_adds(&shown, "\xE2\x80\xA6");
	}
	write_substitute(w, shown.data, shown.len);
	w->cells += (size_t)utf8_width(shown.data) - shown.len;
	buf_release(&shown);
}

static size_t write_escape(struct writer *w, const char *s, size_t len, const struct unit *u)
{
	size_t n = sequence_length(s, len, u);
	char text[8];

	if (n == u->len)
		write_substitute(w, text, control_text(u->cp, text));
	else if (w->line == NULL || !sgr_apply(&w->style, s, n))
		write_sequence(w, s, n);
	return n;
}

static void write_tab(struct writer *w)
{
	static const char blanks[] = "        ";
	size_t n = w->line ? TAB_CELLS - w->cells % TAB_CELLS : 1;

	write_plain(w, blanks, n);
}

static void write_control(struct writer *w, uint32_t cp)
{
	char text[8];

	if (cp == '\t')
		write_tab(w);
	else if (cp == '\n')
		write_plain(w, " ", 1);
	else
		write_substitute(w, text, control_text(cp, text));
}

/* Eight at a time where they all are. */
size_t plain_length(const char *s, size_t len)
{
	const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
	size_t at = 0;

	for (; at + 8 <= len; at += 8) {
		uint64_t word, low, del;

		memcpy(&word, s + at, sizeof word);
		low = (word - ones * 0x20) & ~word; /* top bit: below 0x20 */
		del = word ^ ones * 0x7F;
		del = (del - ones) & ~del; /* top bit: is 0x7F */
		if ((word | low | del) & tops)
			break;
	}
	while (at < len && s[at] >= 0x20 && s[at] < 0x7F)
		at++;
	return at;
}

/* One unit that is not printable ASCII; returns the bytes it took. */
static size_t write_unit(struct writer *w, const char *s, size_t len)
{
	struct unit u = unit_read(s, len);

	if (unit_is_escape(&u))
		return write_escape(w, s, len, &u);
	if (u.cp < 0x20 || u.cp == 0x7F)
		write_control(w, u.cp);
	else if (u.valid)
		return write_char(w, s, len, &u);
	else
		write_replacement(w);
	return u.len;
}

void write_text(struct writer *w, const char *bytes, size_t len)
{
	size_t at = 0;

	while (at < len && !w->out->full) {
		size_t n = plain_length(bytes + at, len - at);

		if (n > 0)
			write_plain(w, bytes + at, n);
		else
			n = write_unit(w, bytes + at, len - at);
		at += n;
	}
}

void sanitize_text(struct buf *out, const char *bytes, size_t len)
{
	struct writer w = {.out = out, .style = SGR_NONE, .marks = NO_BASE};

	write_text(&w, bytes, len);
}
