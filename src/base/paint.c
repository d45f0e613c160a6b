#include "base/paint.h"

#include "base/utf8.h"

#include <string.h>

enum { WIDTH = 80, HEIGHT = 24 };

/* A row as it is to be written. */
struct sight {
	const struct fold_row *row;
	struct sanitized_line line;
	struct painted as;
	size_t fits; /* bytes of the text to write */
};

/* ---- One row ---- */

static bool is_last(const struct paint *p, size_t i)
{
	return i + 1 == p->fold.len;
}

/* May it still change? Then it has to stay one row of the screen. */
static bool is_live(const struct paint *p, size_t i)
{
	return fold_row(&p->fold, i)->drawn || (is_last(p, i) && !p->ended);
}

static struct sight sight_of(const struct paint *p, size_t i)
{
	struct sight s = {.row = fold_row(&p->fold, i),
		.as = {.row = p->fold.gone + i, .change = fold_row(&p->fold, i)->change}};
	int used;

	sanitized_line_init(&s.line);
	fold_row_line(s.row, &s.line);
	s.as.cells = utf8_width(s.line.text.data);
	s.fits = s.line.text.len;
	s.as.height = s.as.cells > p->width ? (s.as.cells + p->width - 1) / p->width : 1;
	if (p->how == PAINT_LIVE && is_live(p, i) && s.as.cells >= p->width) {
		s.as.cut = true;
		s.as.height = 1;
		s.fits = utf8_fit(s.line.text.data, p->width - 1, &used);
		s.as.cells = used;
	}
	return s;
}

/* Is it on the screen as it is now? Cells need not be looked at for that. */
static bool is_shown(const struct paint *p, size_t i, const struct painted *as)
{
	return as->change == fold_row(&p->fold, i)->change && (!as->cut || is_live(p, i)) &&
		(as->height == 1 || !fold_row(&p->fold, i)->drawn);
}

/* ---- The screen ---- */

static void forget(struct paint *p)
{
	p->shown.len = 0;
}

/* Index of a row among those on the screen; shown.len: not there. */
static size_t place_of(const struct paint *p, uint64_t row)
{
	uint64_t first = p->shown.len ? p->shown.items[0].row : 0;

	return row >= first && row - first < p->shown.len ? (size_t)(row - first) : p->shown.len;
}

/* Screen rows from that place's first one to where the cursor is. */
static int rows_below(const struct paint *p, size_t place)
{
	int rows = p->mid_line ? -1 : 0;

	for (size_t i = place; i < p->shown.len; i++)
		rows += p->shown.items[i].height;
	return rows;
}

static int extent(const struct paint *p, size_t place)
{
	return rows_below(p, place) + p->mid_line;
}

/* The first `n` rows of the screen are never written over. */
static void settle(struct paint *p, size_t n)
{
	if (n == 0)
		return;
	p->settled = p->shown.items[n - 1].row + 1;
	p->shown.len -= n;
	memmove(p->shown.items, p->shown.items + n, p->shown.len * sizeof *p->shown.items);
}

/* Nor is what is out of the terminal's reach. */
static void trim(struct paint *p)
{
	size_t n = 0;

	while (n < p->shown.len && rows_below(p, n) >= p->height)
		n++;
	settle(p, n);
}

/* The first row that has to be written, counted in the fold; `count`: none. */
static size_t first_change(const struct paint *p, size_t count)
{
	size_t i = p->settled > p->fold.gone ? (size_t)(p->settled - p->fold.gone) : 0;

	for (; i < count; i++) {
		size_t place = place_of(p, p->fold.gone + i);

		if (place == p->shown.len || !is_shown(p, i, &p->shown.items[place]))
			return i;
	}
	return count;
}

/* To the begin of the row at `place` of the screen, which is forgotten from there on. */
static void go_back(struct paint *p, size_t place, struct buf *out)
{
	int up = rows_below(p, place);

	buf_addc(out, '\r');
	if (up > 0)
		buf_addf(out, "\033[%dA", up);
	p->shown.len = place;
	p->mid_line = false;
}

static void write_row(struct paint *p, size_t i, bool over, struct buf *out)
{
	struct sight s = sight_of(p, i);
	bool last = is_last(p, i);

	sanitized_line_write(&s.line, s.fits, p->colour, out);
	/* At the edge of the screen it would take the last character away. */
	if (over && (s.as.cut || s.as.cells == 0 || s.as.cells % p->width != 0))
		buf_adds(out, "\033[K");
	p->mid_line = last || s.row->joined;
	if (!p->mid_line)
		buf_addc(out, '\n');
	vec_push(&p->shown, s.as);
	if (p->joining || s.row->joined) {
		forget(p);
		p->settled = s.as.row + 1;
	}
	p->joining = s.row->joined;
	sanitized_line_release(&s.line);
}

/* Rows from the `from`th of the fold on, where the cursor is; `over`: over older text. */
static void write_rows(struct paint *p, size_t from, size_t count, bool over, struct buf *out)
{
	if (p->mid_line && !p->joining)
		buf_addc(out, '\n');
	p->mid_line = false;
	for (size_t i = from; i < count; i++)
		write_row(p, i, over, out);
}

/* The part of a line that goes on is written when it is whole. */
static size_t rows_to_write(const struct paint *p)
{
	size_t count = fold_len(&p->fold);
	bool part = count > 0 && is_last(p, count - 1) && !p->ended &&
		(count > 1 ? fold_row(&p->fold, count - 2)->joined : p->joining);

	return count - part;
}

void paint_now(struct paint *p, struct buf *out)
{
	size_t count, from, place;
	bool over = false;
	int before = 0;

	if (p->how != PAINT_LIVE || (p->changes == p->fold.changes && !p->ended))
		return;
	p->changes = p->fold.changes;
	count = rows_to_write(p);
	from = first_change(p, count);
	place = place_of(p, p->fold.gone + from);
	/* Rows that went away below: from the first one on. */
	if (place < p->shown.len) {
		before = extent(p, place);
		go_back(p, place, out);
		over = true;
	} else if (from == count) {
		return;
	}
	write_rows(p, from, count, over, out);
	if (over && extent(p, place) < before)
		buf_adds(out, "\033[J");
	trim(p);
}

/* ---- What comes in ---- */

static void row_left(void *ctx, const struct fold_row *row)
{
	struct paint *p = ctx;
	struct sanitized_line line;

	if (p->how == PAINT_LIVE) {
		/* Written with all that are there, unless that was done. */
		if (p->fold.gone >= p->settled && place_of(p, p->fold.gone) == p->shown.len) {
			p->changes = p->fold.changes - 1;
			paint_now(p, p->out);
		}
		return;
	}
	sanitized_line_init(&line);
	fold_row_line(row, &line);
	sanitized_line_write(&line, line.text.len, p->colour, p->out);
	sanitized_line_release(&line);
	p->mid_line = row->joined;
	if (!row->joined)
		buf_addc(p->out, '\n');
}

void paint_init(struct paint *p, enum paint_how how, bool colour)
{
	*p = (struct paint){.how = how, .colour = colour, .width = WIDTH, .height = HEIGHT};
	fold_init(&p->fold, how == PAINT_LINES ? 1 : FOLD_ROWS, true, row_left, p);
}

void paint_release(struct paint *p)
{
	fold_release(&p->fold);
	vec_release(&p->shown);
}

void paint_add(struct paint *p, const char *bytes, size_t len, struct buf *out)
{
	p->out = out;
	fold_add(&p->fold, bytes, len);
	p->out = NULL;
}

/* Is it to be written anew where what is on the screen cannot be written over any more? */
static bool is_wanted(const struct paint *p, const struct painted *as)
{
	size_t i = (size_t)(as->row - p->fold.gone);

	return as->row >= p->fold.gone && i < fold_len(&p->fold) &&
		(is_live(p, i) || fold_row(&p->fold, i)->visited || !is_shown(p, i, as));
}

/* Where the first `n` rows of the screen are nobody knows now. */
static void lose(struct paint *p, size_t n)
{
	size_t first = n;

	while (first > 0 && is_wanted(p, &p->shown.items[first - 1]))
		first--;
	uint64_t settled = first < n ? p->shown.items[first].row : 0;

	settle(p, n);
	if (first < n && p->shown.len == 0)
		p->settled = settled;
}

void paint_moved(struct paint *p)
{
	lose(p, p->shown.len);
	p->mid_line = p->joining = false;
}

void paint_aside(struct paint *p, struct buf *out)
{
	paint_now(p, out);
	p->out = out;
	if (p->how == PAINT_ENDED)
		fold_flush(&p->fold);
	p->out = NULL;
	if (p->mid_line)
		buf_addc(out, '\n');
	paint_moved(p);
}

/* A terminal may fold anew what was as wide as it: where that stands nobody knows then. */
void paint_size(struct paint *p, int width, int height)
{
	size_t keep = p->shown.len;

	width = width > 1 ? width : width == 1 ? 2 : WIDTH;
	for (int least = width < p->width ? width : p->width; width != p->width && keep > 0; keep--)
		if (p->shown.items[keep - 1].cells >= least)
			break;
	if (width != p->width)
		lose(p, keep);
	p->width = width;
	p->height = height > 0 ? height : HEIGHT;
	trim(p);
}

void paint_end(struct paint *p, struct buf *out)
{
	fold_end(&p->fold);
	p->ended = true;
	p->out = out;
	if (p->how == PAINT_LIVE)
		paint_now(p, out);
	else
		fold_flush(&p->fold);
	p->out = NULL;
}
