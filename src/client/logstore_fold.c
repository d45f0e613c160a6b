/*
 * Rows as they are seen: programs that go back over lines of theirs (cursor up) draw the same few
 * rows again and again. From the first such line on the bytes go through base/fold; rows that can
 * be gone back to are in there, those that left are kept beside the spool. When nothing was gone
 * back to for as many rows as could be, lines are rows again, and nothing is done but looking for
 * the next cursor up.
 */
#include "client/logstore_inside.h"

#include "base/mem.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum {
	REPLAY_MAX = 4 * 1024 * 1024, /* bytes that are looked at once more when it begins */
	ESC = 0x1B,
};

/* ---- Looking for a cursor up ---- */

/* Index behind the first CSI n A or CSI n F that ends in these bytes; 0: none. */
static size_t find_up(struct logstore *s, const char *bytes, size_t len)
{
	for (size_t at = 0; at < len; at++) {
		char c = bytes[at];

		if (s->up == UP_NONE && c != ESC) {
			const char *esc = memchr(bytes + at, ESC, len - at);

			if (esc == NULL)
				return 0;
			at = (size_t)(esc - bytes);
			c = ESC;
		}
		if (c == ESC)
			s->up = UP_ESC;
		else if (s->up == UP_ESC && c == '[')
			s->up = UP_CSI;
		else if (s->up == UP_CSI && (c == 'A' || c == 'F'))
			return s->up = UP_NONE, at + 1;
		else if (s->up != UP_CSI || c < '0' || c > '9')
			s->up = UP_NONE;
	}
	return 0;
}

/* ---- Rows that left ---- */

static bool keep_text(struct logstore *s, const struct fold_row *row, struct err *e)
{
	struct buf text = BUF_INIT;
	bool ok = true;

	if (s->drawn_fd < 0)
		s->drawn_fd = store_open_spool(s->dir, e);
	fold_row_bytes(row, &text);
	ok = s->drawn_fd >= 0 && store_write(s->drawn_fd, s->drawn_size, text.data, text.len, e);
	if (ok) {
		vec_push(&s->drawn, ((struct store_drawn){s->drawn_size, (uint32_t)text.len}));
		s->drawn_size += text.len;
	}
	buf_release(&text);
	return ok;
}

static struct store_fold *open_fold(const struct logstore *s)
{
	struct store_fold *last = s->folds.len ? &s->folds.items[s->folds.len - 1] : NULL;

	return last && last->raw_count == 0 ? last : NULL;
}

/* Lines up to `raw` belong to the rows that left before it. */
static void close_fold(struct logstore *s, int64_t raw)
{
	struct store_fold *fold = open_fold(s);

	if (fold == NULL && raw > s->accounted) {
		vec_push(&s->folds,
			((struct store_fold){.row = s->live_row,
				.raw = s->accounted,
				.first = s->drawn.len,
				.offset = OFFSET_UNKNOWN}));
		fold = &s->folds.items[s->folds.len - 1];
	}
	if (fold)
		fold->raw_count = raw - fold->raw;
	s->accounted = raw;
}

static void row_left(void *ctx, const struct fold_row *row)
{
	struct logstore *s = ctx;
	int64_t raw = s->live_raw + (int64_t)row->line;

	if (!row->drawn) {
		close_fold(s, raw);
		s->accounted = raw + 1;
	} else if (!s->failed) {
		if (open_fold(s) == NULL)
			vec_push(&s->folds,
				((struct store_fold){.row = s->live_row,
					.raw = s->accounted,
					.first = s->drawn.len,
					.offset = OFFSET_UNKNOWN}));
		if (keep_text(s, row, &s->failure))
			s->folds.items[s->folds.len - 1].count++;
		else
			s->failed = true;
	}
	s->live_row++;
}

/* ---- Begin and end ---- */

/* How many lines of the spool are more than rows. */
static int64_t shift(const struct logstore *s)
{
	const struct store_fold *last = s->folds.len ? &s->folds.items[s->folds.len - 1] : NULL;

	return last ? last->raw + last->raw_count - last->row - last->count : 0;
}

/* The first line that could be gone back to from line `raw`. */
static int64_t first_reachable(const struct logstore *s, int64_t raw)
{
	int64_t first = raw > FOLD_ROWS - 1 ? raw - (FOLD_ROWS - 1) : 0;
	size_t gap = store_gap_from(s, raw + 1);
	const struct store_fold *last = s->folds.len ? &s->folds.items[s->folds.len - 1] : NULL;

	if (gap > 0 && s->gaps.items[gap - 1].row + 1 > first)
		first = s->gaps.items[gap - 1].row + 1;
	if (last && last->raw + last->raw_count > first)
		first = last->raw + last->raw_count;
	return first;
}

static bool replay(struct logstore *s, uint64_t from, struct err *e)
{
	char *part = mem_alloc(FIND_STEP);
	bool ok = true;

	while (ok && from < s->size) {
		size_t len = s->size - from < FIND_STEP ? (size_t)(s->size - from) : FIND_STEP;

		ok = store_read(s, from, part, len, e);
		if (ok)
			fold_add(&s->live, part, len);
		from += len;
	}
	free(part);
	return ok;
}

/* The cursor went up at `pos`: the lines that it could reach are read once more. */
static bool begin_folding(struct logstore *s, uint64_t pos, struct err *e)
{
	struct store_row row, first;
	uint64_t least = pos > REPLAY_MAX ? pos - REPLAY_MAX : 0;

	if (!store_row_at(s, pos, &row, e) || !store_row(s, first_reachable(s, row.row), &first, e))
		return false;
	while (first.start < least && first.row < row.row)
		if (!store_row(s, first.row + 1, &first, e))
			return false;
	s->live_raw = s->accounted = first.row;
	s->live_offset = store_offset(s, first.row, first.start);
	s->live_row = first.row - shift(s);
	s->folding = true;
	fold_init(&s->live, FOLD_ROWS, false, row_left, s);
	return replay(s, first.start < least ? least : first.start, e);
}

static void end_folding(struct logstore *s)
{
	fold_release(&s->live);
	s->folding = false;
	s->up = UP_NONE;
}

/* Is each row that could be gone back to just its line? */
static bool at_rest(const struct logstore *s)
{
	if (s->live.held.len || s->live.at + 1 < s->live.len)
		return false;
	for (size_t i = 0; i < s->live.len; i++)
		if (fold_row(&s->live, i)->drawn)
			return false;
	return true;
}

static bool failed(struct logstore *s, struct err *e)
{
	return s->failed && !err_set(e, s->failure.code, "%s", s->failure.text);
}

bool store_fold_bytes(struct logstore *s, const char *bytes, size_t len, struct err *e)
{
	if (s->folding) {
		fold_add(&s->live, bytes, len);
	} else {
		size_t up = find_up(s, bytes, len);

		if (up == 0)
			return true;
		if (!begin_folding(s, s->size - len + up - 1, e))
			return false;
	}
	if (at_rest(s)) {
		close_fold(s, s->live_raw + (int64_t)fold_row(&s->live, 0)->line);
		end_folding(s);
	}
	return !failed(s, e);
}

bool store_fold_gap(struct logstore *s, struct err *e)
{
	s->up = UP_NONE;
	if (!s->folding)
		return true;
	fold_flush(&s->live);
	close_fold(s, s->rows);
	end_folding(s);
	return !failed(s, e);
}

void store_fold_release(struct logstore *s)
{
	if (s->folding)
		end_folding(s);
	if (s->drawn_fd >= 0)
		close(s->drawn_fd);
	vec_release(&s->folds);
	vec_release(&s->drawn);
	free(s->dir);
}

/* ---- Rows and lines ---- */

int64_t store_shown(const struct logstore *s)
{
	if (s->folding)
		return s->live_row + (int64_t)fold_len(&s->live);
	return store_raw(s) - shift(s);
}

/* The last fold that begins at or before a row (or, `raw`, a line); NULL: none. */
static struct store_fold *fold_before(const struct logstore *s, int64_t at, bool raw)
{
	size_t low = 0, high = s->folds.len;

	while (low < high) {
		size_t mid = (low + high) / 2;
		const struct store_fold *fold = &s->folds.items[mid];

		if ((raw ? fold->raw : fold->row) <= at)
			low = mid + 1;
		else
			high = mid;
	}
	return low ? &s->folds.items[low - 1] : NULL;
}

struct store_place store_place(const struct logstore *s, int64_t row)
{
	struct store_fold *fold = fold_before(s, row, false);
	const struct store_fold *end = s->folds.items + s->folds.len;
	struct store_place p = {.at = row, .fold = fold};
	int64_t until = s->folding ? s->live_row : store_shown(s);

	if (s->folding && row >= s->live_row) {
		p.how = PLACE_LIVE;
		p.at = row - s->live_row;
		p.count = (int64_t)fold_len(&s->live) - p.at;
		return p;
	}
	if (fold && row < fold->row + fold->count) {
		p.how = PLACE_DRAWN;
		p.at = (int64_t)fold->first + row - fold->row;
		p.count = fold->row + fold->count - row;
		return p;
	}
	if (fold)
		p.at = fold->raw + fold->raw_count + row - fold->row - fold->count;
	fold = fold ? fold + 1 : s->folds.items;
	p.count = (fold < end ? fold->row : until) - row;
	return p;
}

/* Lines [*from, *to) that made the drawn row i of the live ones and its neighbours. */
static void live_lines(const struct logstore *s, size_t i, int64_t *from, int64_t *to)
{
	size_t a = i, b = i, len = fold_len(&s->live);

	while (a > 0 && fold_row(&s->live, a - 1)->drawn)
		a--;
	while (b + 1 < len && fold_row(&s->live, b + 1)->drawn)
		b++;
	*from = a > 0 ? s->live_raw + (int64_t)fold_row(&s->live, a - 1)->line + 1 : s->accounted;
	*to = b + 1 < len ? s->live_raw + (int64_t)fold_row(&s->live, b + 1)->line : store_raw(s);
}

int64_t store_line_of(const struct logstore *s, int64_t row, bool backwards)
{
	struct store_place p = store_place(s, row);
	int64_t from, to;
	bool first, last;

	if (p.how == PLACE_RAW)
		return p.at;
	if (p.how == PLACE_LIVE) {
		const struct fold_row *live = fold_row(&s->live, (size_t)p.at);

		if (!live->drawn)
			return s->live_raw + (int64_t)live->line;
		live_lines(s, (size_t)p.at, &from, &to);
		first = p.at == 0 || !fold_row(&s->live, (size_t)p.at - 1)->drawn;
		last = p.count == 1 || !fold_row(&s->live, (size_t)p.at + 1)->drawn;
	} else {
		from = p.fold->raw;
		to = from + p.fold->raw_count;
		first = row == p.fold->row;
		last = p.count == 1;
	}
	/* One hit for all rows of a redraw: from within it there is none any more. */
	if (backwards)
		return last ? to - 1 : from - 1;
	return first ? from : to;
}

/* The row of `count` from `row` on that has the text; the last one where none has. */
static int64_t row_with(struct logstore *s, int64_t row, int64_t count,
	bool (*has)(const char *bytes, size_t len, const void *what), const void *what)
{
	struct logstore_line line;

	for (int64_t i = 0; has && i < count; i++)
		if (logstore_window(s, row + i, 1, &line, NULL) == 1 &&
			has(line.bytes, line.len, what))
			return row + i;
	return count > 0 ? row + count - 1 : row;
}

int64_t store_row_of(struct logstore *s, int64_t raw,
	bool (*has)(const char *bytes, size_t len, const void *what), const void *what)
{
	const struct store_fold *fold = fold_before(s, raw, true);
	int64_t from, to, shown = store_shown(s);

	if (fold && raw < fold->raw + fold->raw_count)
		return row_with(s, fold->row, fold->count, has, what);
	if (!s->folding || raw < s->accounted)
		return raw - (fold ? fold->raw + fold->raw_count - fold->row - fold->count : 0);
	for (int64_t i = 0; i < shown - s->live_row; i++) {
		const struct fold_row *row = fold_row(&s->live, (size_t)i);

		if (!row->drawn && s->live_raw + (int64_t)row->line == raw)
			return s->live_row + i;
		if (!row->drawn)
			continue;
		live_lines(s, (size_t)i, &from, &to);
		if (raw >= from && raw < to) {
			int64_t n = 1;

			while (s->live_row + i + n < shown &&
				fold_row(&s->live, (size_t)(i + n))->drawn)
				n++;
			return row_with(s, s->live_row + i, n, has, what);
		}
	}
	return shown > 0 ? shown - 1 : 0;
}
