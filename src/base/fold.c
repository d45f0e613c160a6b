#include "base/fold_parts.h"

#include "base/mem.h"
#include "base/num.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

enum { TAB_CELLS = 8 };

/* ---- Life ---- */

void fold_init(struct fold *f, size_t max, bool split,
	void (*left)(void *ctx, const struct fold_row *row), void *ctx)
{
	*f = (struct fold){.max = max,
		.split = split,
		.left = left,
		.ctx = ctx,
		.held = BUF_INIT,
		.len = 1,
		.at_end = true,
		.style = SGR_NONE};
	f->rows = mem_alloc(max * sizeof *f->rows);
	for (size_t i = 0; i < max; i++)
		f->rows[i] = (struct fold_row){.plain = BUF_INIT};
}

void fold_release(struct fold *f)
{
	for (size_t i = 0; f->rows && i < f->max; i++)
		fold_row_release(&f->rows[i]);
	free(f->rows);
	f->rows = NULL;
	buf_release(&f->held);
}

/* Row i, to change. */
static struct fold_row *row_at(const struct fold *f, size_t i)
{
	return &f->rows[(f->first + i) % f->max];
}

const struct fold_row *fold_row(const struct fold *f, size_t i)
{
	return row_at(f, i);
}

size_t fold_len(const struct fold *f)
{
	return f->len - !row_at(f, f->len - 1)->touched;
}

/* ---- Rows come and go ---- */

static void row_leaves(struct fold *f)
{
	struct fold_row *row = row_at(f, 0);

	if (f->left)
		f->left(f->ctx, row);
	fold_row_release(row);
	f->first = (f->first + 1) % f->max;
	f->len--;
	f->gone++;
}

/* Below the last row. */
static void open_row(struct fold *f)
{
	if (f->len == f->max)
		row_leaves(f);
	f->len++;
	f->at = f->len - 1;
	f->at_end = true;
	f->col = 0;
	f->style = SGR_NONE;
	row_at(f, f->at)->line = f->line;
}

static void line_feed(struct fold *f)
{
	row_at(f, f->at)->touched = true; /* an empty line is a line */
	f->line++;
	f->changes++;
	if (f->at + 1 == f->len) {
		open_row(f);
		return;
	}
	f->at++;
	f->col = 0;
	f->at_end = false;
	f->style = SGR_NONE;
}

/* The cursor's row as cells; the cursor's column and style are known then. */
static struct fold_row *cells_here(struct fold *f)
{
	struct fold_row *row = row_at(f, f->at);
	struct sgr style;

	if (!row->celled) {
		fold_row_to_cells(row, &style);
		if (row->line == f->line)
			f->style = style;
		if (f->at_end)
			f->col = row->count;
	}
	f->at_end = false;
	return row;
}

static struct fold_row *change_here(struct fold *f)
{
	struct fold_row *row = row_at(f, f->at);

	row->touched = true;
	row->change = ++f->changes;
	if (row->line != f->line)
		row->drawn = true;
	return row;
}

/* ---- Text ---- */

/* Printable ASCII, or one unit, behind the end of a plain row. */
static void add_plain(struct fold *f, const char *s, size_t len, bool whole)
{
	while (len > 0) {
		struct fold_row *row = change_here(f);
		size_t room = FOLD_ROW_BYTES - row->plain.len;
		size_t n = len <= room ? len : whole ? 0 : room;

		buf_add(&row->plain, s, n);
		s += n;
		len -= n;
		if (len == 0 || !f->split)
			return;
		row->joined = true;
		open_row(f);
	}
}

static void add_ascii(struct fold *f, const char *s, size_t len)
{
	struct fold_row *row;

	if (f->at_end) {
		add_plain(f, s, len, false);
		return;
	}
	row = cells_here(f);
	change_here(f);
	for (size_t i = 0; i < len; i++)
		f->col = fold_row_put(row, f->col, s + i, 1, 1, f->style);
}

static void add_unit(struct fold *f, const char *s, size_t len, const struct unit *u)
{
	struct fold_row *row;

	if (f->at_end) {
		add_plain(f, s, len, true);
		return;
	}
	row = cells_here(f);
	if (u->cp == ESC && sgr_apply(&f->style, s, len))
		return;
	change_here(f);
	f->col = fold_row_unit(row, f->col, s, len, u, &f->style);
}

/* ---- What acts ---- */

static void carriage_return(struct fold *f)
{
	f->col = 0;
	f->at_end = f->at_end && row_at(f, f->at)->plain.len == 0;
}

static void backspace(struct fold *f)
{
	cells_here(f);
	f->col -= f->col > 0;
}

static void tab(struct fold *f)
{
	if (f->at_end) {
		add_plain(f, "\t", 1, false);
		return;
	}
	cells_here(f);
	f->col += TAB_CELLS - f->col % TAB_CELLS;
	if (f->col > FOLD_ROW_CELLS)
		f->col = FOLD_ROW_CELLS;
}

static void go_to(struct fold *f, size_t at)
{
	if (at == f->at)
		return;
	/* A row that was only passed has its own line still. */
	if (row_at(f, f->at)->line == f->line)
		cells_here(f)->drawn = true;
	f->at_end = false;
	f->at = at;
	row_at(f, at)->visited = true;
}

/* All below is gone as if it had not been; a line feed opens it again. */
static void erase_below(struct fold *f)
{
	if (f->at + 1 == f->len)
		return;
	change_here(f)->drawn = true;
	while (f->at + 1 < f->len)
		fold_row_release(row_at(f, --f->len));
}

static void erase(struct fold *f, int how)
{
	struct fold_row *row;

	if (f->at_end && how == 0)
		return;
	row = cells_here(f);
	fold_row_erase(row, f->col, how);
	change_here(f);
}

static void act(struct fold *f, const struct fold_motion *m)
{
	size_t down = f->len - 1 - f->at;

	switch (m->final) {
	case 'A':
	case 'F': go_to(f, m->n < f->at ? f->at - m->n : 0); break;
	case 'B':
	case 'E': go_to(f, f->at + (m->n < down ? m->n : down)); break;
	case 'C':
		cells_here(f);
		f->col = f->col + m->n < FOLD_ROW_CELLS ? f->col + m->n : FOLD_ROW_CELLS;
		break;
	case 'D':
		cells_here(f);
		f->col -= m->n < f->col ? m->n : f->col;
		break;
	case 'G':
		cells_here(f);
		f->col = m->n - 1;
		break;
	case 'J':
		erase(f, 0);
		erase_below(f);
		break;
	case 'K': erase(f, (int)m->n); break;
	default: break;
	}
	if (m->final == 'E' || m->final == 'F')
		carriage_return(f);
}

/* ---- Bytes ---- */

/* Could more bytes make this sequence another one? It takes `n` of the `len` bytes at `s`. */
static bool may_go_on(const char *s, size_t len, size_t n, const struct unit *u)
{
	char probe[SEQUENCE_MAX + 1];

	/* A lone ESC behind a string may be the first half of what ends it. */
	if (n < len)
		return n + 1 == len && s[n] == ESC && n < SEQUENCE_MAX;
	if (n >= SEQUENCE_MAX)
		return true;
	memcpy(probe, s, len);
	probe[len] = '@'; /* belongs to whatever has not ended yet */
	return sequence_length(probe, len + 1, u) > n;
}

/* One unit; returns the bytes it took, 0 where it is not whole and more may come. */
static size_t take_unit(struct fold *f, const char *s, size_t len, bool last)
{
	struct unit u = unit_read(s, len);
	struct fold_motion m;
	uint32_t cp;
	bool valid, more;

	utf8_decode(s, len, &cp, &valid, &more);
	if (more && !last)
		return 0;
	if (unit_is_escape(&u)) {
		size_t n = sequence_length(s, len, &u);

		if (!last && may_go_on(s, len, n, &u))
			return 0;
		if (fold_motion_read(&m, s, n))
			act(f, &m);
		else
			add_unit(f, s, n, &u);
		return n;
	}
	switch (u.cp) {
	case LF: line_feed(f); break;
	case CR: carriage_return(f); break;
	case BS: backspace(f); break;
	case TAB: tab(f); break;
	default: add_unit(f, s, u.len, &u);
	}
	return u.len;
}

/* Takes all that is whole; returns how much that is. */
static size_t take(struct fold *f, const char *s, size_t len, bool last)
{
	size_t at = 0;

	while (at < len) {
		size_t n = plain_length(s + at, len - at);

		if (n > 0)
			add_ascii(f, s + at, n);
		else
			n = take_unit(f, s + at, len - at, last);
		if (n == 0)
			break;
		at += n;
	}
	return at;
}

void fold_add(struct fold *f, const char *bytes, size_t len)
{
	size_t taken;

	if (f->held.len == 0) {
		taken = take(f, bytes, len, false);
		buf_add(&f->held, bytes + taken, len - taken);
		return;
	}
	buf_add(&f->held, bytes, len);
	taken = take(f, f->held.data, f->held.len, false);
	buf_drop(&f->held, taken);
	if (f->held.len == 0)
		buf_release(&f->held);
}

void fold_end(struct fold *f)
{
	take(f, f->held.data, f->held.len, true);
	buf_release(&f->held);
}

void fold_flush(struct fold *f)
{
	fold_end(f);
	for (size_t n = fold_len(f); n > 0; n--)
		row_leaves(f);
	if (f->len > 0)
		fold_row_release(row_at(f, 0));
	f->len = 0;
	open_row(f);
}
