#include "client/logstore_inside.h"

#include "base/mem.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { READ_AHEAD = 256 * 1024 };
#define NOWHERE SIZE_MAX /* a gap has no bytes */

static bool store_read_at(int fd, uint64_t pos, void *out, size_t len, struct err *e)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(fd, (char *)out + done, len - done, (off_t)(pos + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_set(e, ERR_INTERNAL,
				"the stored log cannot be read back from the cache folder: %s",
				n < 0 ? strerror(errno) : "the file is shorter than it was");
		done += (size_t)n;
	}
	return true;
}

bool store_read(const struct logstore *s, uint64_t pos, void *out, size_t len, struct err *e)
{
	return store_read_at(s->fd, pos, out, len, e);
}

/* ---- Finding rows ---- */

size_t store_gap_from(const struct logstore *s, int64_t row)
{
	size_t low = 0, high = s->gaps.len;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (s->gaps.items[mid].row < row)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static const struct store_long *find_long(const struct logstore *s, int64_t row)
{
	size_t low = 0, high = s->longs.len;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (s->longs.items[mid].row < row)
			low = mid + 1;
		else
			high = mid;
	}
	return low < s->longs.len && s->longs.items[low].row == row ? &s->longs.items[low] : NULL;
}

/* Bytes of the spool from `pos` on, kept from one row to the next. */
struct reader {
	struct logstore *s;
	uint64_t pos;
	size_t len;
	struct err *e;
};

/* At least `len` bytes at `pos` (they must be there; len <= LINE_SHOWN + 1). NULL: unreadable. */
static const char *reader_at(struct reader *r, uint64_t pos, size_t len)
{
	uint64_t left = r->s->size - pos;

	if (r->s->block == NULL)
		r->s->block = mem_alloc(FIND_STEP + LINE_SHOWN);
	if (r->len == 0 || pos < r->pos || pos + len > r->pos + r->len) {
		r->len = left < READ_AHEAD ? (size_t)left : READ_AHEAD;
		r->pos = pos;
		if (!store_read(r->s, pos, r->s->block, r->len, r->e)) {
			r->len = 0;
			return NULL;
		}
	}
	return r->s->block + (pos - r->pos);
}

/* The row after the one in `at` (at->row and at->next are those of the row wanted). */
static bool step(struct reader *r, struct store_row *at)
{
	struct logstore *s = r->s;
	size_t g = store_gap_from(s, at->row);
	const struct store_gap *gap = g < s->gaps.len ? &s->gaps.items[g] : NULL;
	const struct store_long *whole = find_long(s, at->row);
	uint64_t start = at->next, limit = gap ? gap->pos : s->size;
	const char *bytes, *lf;
	size_t len;

	*at = (struct store_row){.row = at->row, .start = start, .end = start, .next = start};
	if (gap && gap->row == at->row) {
		at->gap = gap;
		return true;
	}
	if (at->row == s->rows) {
		at->end = at->next = s->size;
		at->partial = true;
		return true;
	}
	if (whole) {
		at->end = whole->end;
	} else {
		len = limit - start <= LINE_SHOWN ? (size_t)(limit - start) : LINE_SHOWN + 1;
		bytes = reader_at(r, start, len);
		if (bytes == NULL)
			return false;
		lf = memchr(bytes, '\n', len);
		at->end = lf ? start + (uint64_t)(lf - bytes) : start + len;
	}
	/* A gap ends a line without a LF, also when bytes after it go on with one. */
	at->next = at->end < limit ? at->end + 1 : at->end;
	return true;
}

static bool walk_to(struct reader *r, int64_t row, struct store_row *at)
{
	at->row = row / ROWS_PER_MARK * ROWS_PER_MARK;
	at->next = r->s->marks.items[row / ROWS_PER_MARK];
	for (;;) {
		if (!step(r, at))
			return false;
		if (at->row == row)
			return true;
		at->row++;
	}
}

bool store_row(struct logstore *s, int64_t row, struct store_row *out, struct err *e)
{
	struct reader r = {.s = s, .e = e};

	return walk_to(&r, row, out);
}

bool store_row_at(struct logstore *s, uint64_t pos, struct store_row *out, struct err *e)
{
	struct reader r = {.s = s, .e = e};
	size_t low = 0, high = s->marks.len; /* the last mark at or before pos */

	while (high - low > 1) {
		size_t mid = (low + high) / 2;

		if (s->marks.items[mid] <= pos)
			low = mid;
		else
			high = mid;
	}
	out->row = (int64_t)low * ROWS_PER_MARK;
	out->next = s->marks.items[low];
	for (;;) {
		if (!step(&r, out))
			return false;
		if (pos < out->next || out->partial)
			return true;
		out->row++;
	}
}

/* ---- Windows ---- */

uint64_t store_offset(const struct logstore *s, int64_t row, uint64_t pos)
{
	size_t g = store_gap_from(s, row);

	if (g == 0)
		return s->first + pos;
	const struct store_gap *gap = &s->gaps.items[g - 1];
	return gap->offset + gap->lost + (pos - gap->pos);
}

/*
 * The bytes of a line that are shown, NULL: unreadable. Of a line that is too long they are its
 * first; of one that is redrawn its newest redraws, from a CR on: an hour of one bar is megabytes.
 */
static const char *shown_part(struct reader *r, const struct store_row *row, size_t *len)
{
	const char *tail, *cr;

	*len = row->end - row->start <= LINE_SHOWN ? (size_t)(row->end - row->start) : LINE_SHOWN;
	if (row->end - row->start > LINE_SHOWN && !r->s->raw) {
		tail = reader_at(r, row->end - LINE_SHOWN, LINE_SHOWN);
		/* The CR before a LF redraws nothing. */
		cr = tail ? memchr(tail, '\r', LINE_SHOWN - 1) : NULL;
		if (tail == NULL || cr != NULL) {
			*len = cr ? (size_t)(tail + LINE_SHOWN - cr) : 0;
			return cr;
		}
	}
	return reader_at(r, row->start, *len);
}

/* Bytes go to s->lines, which may move: `at` keeps where each line begins in it. */
static bool add_line(struct reader *r, const struct store_row *row, struct logstore_line *out,
	size_t *at)
{
	const char *bytes;

	*out = (struct logstore_line){
		.full_len = (size_t)(row->end - row->start),
		.partial = row->partial,
		.offset = store_offset(r->s, row->row, row->start),
	};
	*at = r->s->lines.len;
	if (row->gap) {
		*at = NOWHERE;
		out->offset = row->gap->offset;
		out->lost = row->gap->lost;
		return true;
	}
	bytes = shown_part(r, row, &out->len);
	if (bytes == NULL)
		return false;
	return buf_add(&r->s->lines, bytes, out->len) && buf_addc(&r->s->lines, '\0');
}

/* Where the bytes of each line begin in s->lines, which may move. */
struct window {
	struct reader r;
	struct logstore_line *out;
	size_t *places, n;
};

static bool add_raw(struct window *w, int64_t raw, size_t count)
{
	struct store_row row;

	if (!walk_to(&w->r, raw, &row))
		return false;
	for (;;) {
		if (!add_line(&w->r, &row, &w->out[w->n], &w->places[w->n]))
			return false;
		w->n++;
		if (--count == 0)
			return true;
		row.row++;
		if (!step(&w->r, &row))
			return false;
	}
}

/* The text from `start` of s->lines on is the next line's. */
static bool finish_drawn(struct window *w, uint64_t offset, size_t start, bool partial)
{
	struct buf *lines = &w->r.s->lines;
	size_t len = lines->len - start;

	w->places[w->n] = start;
	w->out[w->n++] = (struct logstore_line){.len = len < LINE_SHOWN ? len : LINE_SHOWN,
		.full_len = len,
		.offset = offset,
		.partial = partial,
		.drawn = true};
	return buf_addc(lines, '\0');
}

static bool add_live(struct window *w, size_t i)
{
	struct logstore *s = w->r.s;
	size_t start = s->lines.len;

	fold_row_bytes(fold_row(&s->live, i), &s->lines);
	return finish_drawn(w, s->live_offset, start, true);
}

static bool add_drawn(struct window *w, struct store_fold *fold, size_t i)
{
	struct logstore *s = w->r.s;
	const struct store_drawn *drawn = &s->drawn.items[i];
	size_t start = s->lines.len;
	struct store_row row;

	if (fold->offset == OFFSET_UNKNOWN) {
		if (!store_row(s, fold->raw, &row, w->r.e))
			return false;
		fold->offset = store_offset(s, fold->raw, row.start);
		w->r.len = 0; /* the block is another one now */
	}
	if (!buf_reserve(&s->lines, drawn->len) ||
		!store_read_at(s->drawn_fd, drawn->pos, s->lines.data + start, drawn->len, w->r.e))
		return false;
	s->lines.len += drawn->len;
	return finish_drawn(w, fold->offset, start, false);
}

static bool add_place(struct window *w, const struct store_place *p, size_t count)
{
	bool ok = true;

	if (p->how == PLACE_RAW)
		return add_raw(w, p->at, count);
	for (size_t i = 0; ok && i < count; i++)
		ok = p->how == PLACE_LIVE ? add_live(w, (size_t)p->at + i)
					  : add_drawn(w, p->fold, (size_t)p->at + i);
	return ok;
}

size_t logstore_window(struct logstore *s, int64_t line, size_t count, struct logstore_line *out,
	struct err *e)
{
	struct window w = {.r = {.s = s, .e = e}, .out = out};
	int64_t lines = logstore_lines(s);
	bool ok = true;

	buf_reset(&s->lines);
	if (line < 0 || line >= lines || count == 0)
		return 0;
	if ((int64_t)count > lines - line)
		count = (size_t)(lines - line);
	w.places = mem_alloc(count * sizeof *w.places);
	while (ok && w.n < count) {
		int64_t at = line + (int64_t)w.n;
		struct store_place p = {.how = PLACE_RAW, .at = at, .count = lines - at};
		size_t left = count - w.n;

		if (!s->raw)
			p = store_place(s, at);
		ok = p.count > 0 &&
			add_place(&w, &p, p.count < (int64_t)left ? (size_t)p.count : left);
	}
	for (size_t i = 0; i < w.n; i++)
		out[i].bytes = w.places[i] == NOWHERE ? NULL : s->lines.data + w.places[i];
	free(w.places);
	return w.n;
}

/* ---- By offset ---- */

int64_t logstore_line_at(struct logstore *s, uint64_t offset)
{
	struct store_row row;
	uint64_t first = s->first, pos = 0;

	for (size_t i = 0; i < s->gaps.len && s->gaps.items[i].offset <= offset; i++) {
		first = s->gaps.items[i].offset + s->gaps.items[i].lost;
		pos = s->gaps.items[i].pos;
	}
	if (!s->begun || offset >= s->next || store_raw(s) == 0)
		return -1;
	/* What is missing, or was before what is kept, is where it would stand. */
	pos += offset > first ? offset - first : 0;
	if (pos >= s->size)
		pos = s->size ? s->size - 1 : 0;
	if (!store_row_at(s, pos, &row, NULL))
		return -1;
	return s->raw ? row.row : store_row_of(s, row.row, NULL, NULL);
}
