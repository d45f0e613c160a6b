#include "client/logstore_inside.h"

#include "base/mem.h"

#include <string.h>

enum {
	PATTERN_MAX = 1024,
	BACK_STEP = 64 * 1024, /* backwards, the last hit of so many bytes is looked for at once */
};

struct needle {
	char text[PATTERN_MAX];
	size_t len;
	bool fold; /* without capitals: case does not matter (ASCII) */
};

static bool needle_make(struct needle *n, const char *pattern)
{
	size_t len = strlen(pattern);

	if (len == 0 || len > sizeof n->text || strchr(pattern, '\n'))
		return false;
	memcpy(n->text, pattern, len);
	n->len = len;
	n->fold = true;
	for (size_t i = 0; i < len; i++)
		if (pattern[i] >= 'A' && pattern[i] <= 'Z')
			n->fold = false;
	return true;
}

/* Written so that compilers make vectors of it. */
static void fold_bytes(char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)bytes[i];

		bytes[i] = (char)(c | ((unsigned char)(c - 'A') < 26 ? 0x20 : 0));
	}
}

static bool read_block(struct logstore *s, const struct needle *n, uint64_t pos, size_t len)
{
	if (s->block == NULL)
		s->block = mem_alloc(FIND_STEP + LINE_SHOWN);
	if (!store_read(s, pos, s->block, len, NULL))
		return false;
	if (n->fold)
		fold_bytes(s->block, len);
	return true;
}

static const char *first_in(const char *bytes, size_t len, const struct needle *n)
{
	return len < n->len ? NULL : memmem(bytes, len, n->text, n->len);
}

static const char *last_in(const char *bytes, size_t len, const struct needle *n)
{
	const char *found = NULL, *hit = bytes;

	while ((hit = first_in(hit, (size_t)(bytes + len - hit), n)) != NULL)
		found = hit++;
	return found;
}

/* The last hit that begins in the block, looked for from its end in short parts. */
static const char *last_hit(const char *block, size_t len, size_t margin, const struct needle *n)
{
	size_t from = len;

	while (from > 0) {
		size_t to = from, end;
		const char *hit;

		from = from > BACK_STEP ? from - BACK_STEP : 0;
		end = to + n->len - 1 < len + margin ? to + n->len - 1 : len + margin;
		hit = last_in(block + from, end - from, n);
		if (hit)
			return hit;
	}
	return NULL;
}

/* Bytes on both sides of a gap lie together but are not one text. */
static bool crosses_gap(const struct logstore *s, uint64_t pos, size_t len)
{
	size_t low = 0, high = s->gaps.len;

	while (low < high) { /* the first gap behind pos */
		size_t mid = (low + high) / 2;

		if (s->gaps.items[mid].pos <= pos)
			low = mid + 1;
		else
			high = mid;
	}
	return low < s->gaps.len && s->gaps.items[low].pos < pos + len;
}

static bool has_needle(const char *bytes, size_t len, const void *what)
{
	const struct needle *n = what;
	char *copy = mem_dup(bytes, len);
	bool has;

	if (n->fold)
		fold_bytes(copy, len);
	has = first_in(copy, len, n) != NULL;
	free(copy);
	return has;
}

static bool hit_at(struct logstore *s, const struct needle *n, uint64_t pos, int64_t *line)
{
	struct store_row row;

	*line = store_row_at(s, pos, &row, NULL) ? row.row : -1;
	if (*line >= 0 && !s->raw)
		*line = store_row_of(s, *line, has_needle, n);
	return true;
}

static bool none(int64_t *line)
{
	*line = -1;
	return true;
}

/* [pos, pos + step) is looked at now; hits that begin there may end behind it. */
static bool find_forwards(struct logstore *s, const struct needle *n, int64_t *line, uint64_t pos,
	int64_t *resume)
{
	size_t step = s->size - pos < FIND_STEP ? (size_t)(s->size - pos) : FIND_STEP;
	size_t margin = s->size - pos - step < n->len - 1 ? (size_t)(s->size - pos - step)
							  : n->len - 1;
	const char *from, *hit;

	if (!read_block(s, n, pos, step + margin))
		return none(line);
	for (from = s->block; (hit = first_in(from, (size_t)(s->block + step + margin - from), n));
		from = hit + 1) {
		uint64_t at = pos + (uint64_t)(hit - s->block);

		if (!crosses_gap(s, at, n->len))
			return hit_at(s, n, at, line);
	}
	if (pos + step >= s->size)
		return none(line);
	*resume = (int64_t)(pos + step);
	return false;
}

/* [start, end) is looked at now, from its end. */
static bool find_backwards(struct logstore *s, const struct needle *n, int64_t *line, uint64_t end,
	int64_t *resume)
{
	size_t step = end < FIND_STEP ? (size_t)end : FIND_STEP, len = step;
	size_t margin = s->size - end < n->len - 1 ? (size_t)(s->size - end) : n->len - 1;
	uint64_t start = end - step;
	const char *hit;

	if (!read_block(s, n, start, step + margin))
		return none(line);
	while (len > 0 && (hit = last_hit(s->block, len, step + margin - len, n)) != NULL) {
		uint64_t at = start + (uint64_t)(hit - s->block);

		if (!crosses_gap(s, at, n->len))
			return hit_at(s, n, at, line);
		len = (size_t)(hit - s->block);
	}
	if (start == 0)
		return none(line);
	*resume = (int64_t)start;
	return false;
}

bool logstore_find(struct logstore *s, const char *pattern, bool backwards, int64_t *line,
	int64_t *resume)
{
	struct needle n;
	struct store_row row;
	int64_t lines = logstore_lines(s), raw;

	if (!needle_make(&n, pattern) || *line < 0 || lines == 0)
		return none(line);
	if (*line >= lines) {
		if (!backwards)
			return none(line);
		*line = lines - 1;
	}
	if (*resume > 0)
		return backwards ? find_backwards(s, &n, line, (uint64_t)*resume, resume)
				 : find_forwards(s, &n, line, (uint64_t)*resume, resume);
	raw = s->raw ? *line : store_line_of(s, *line, backwards);
	if (raw < 0 || raw >= store_raw(s) || !store_row(s, raw, &row, NULL))
		return none(line);
	return backwards ? find_backwards(s, &n, line, row.end, resume)
			 : find_forwards(s, &n, line, row.start, resume);
}
