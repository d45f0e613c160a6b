#include "base/fold_parts.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "base/utf8_table.h"

#include <stdlib.h>
#include <string.h>

void fold_row_release(struct fold_row *row)
{
	buf_release(&row->plain);
	free(row->cells);
	*row = (struct fold_row){.plain = BUF_INIT};
}

/* ---- Cells ---- */

static void make_room(struct fold_row *row, size_t count)
{
	static const struct fold_cell blank = {.text = " ", .len = 1, .style = {-1, -1, 0}};

	if (count > row->cap) {
		row->cap = count > row->cap * 2 ? count : row->cap * 2;
		row->cells = mem_realloc(row->cells, row->cap * sizeof *row->cells);
	}
	while (row->count < count)
		row->cells[row->count++] = blank;
}

static void set_blank(struct fold_cell *cell)
{
	cell->text[0] = ' ';
	cell->len = 1;
	cell->wide = false;
}

/* What a wide character loses half of is blank. */
static void part_wide(struct fold_row *row, size_t from, size_t to)
{
	if (from < row->count && row->cells[from].len == 0 && from > 0)
		set_blank(&row->cells[from - 1]);
	if (to < row->count && row->cells[to].len == 0)
		set_blank(&row->cells[to]);
}

/* A skin tone of no emoji would become one of that to the left, when that is drawn. */
static bool is_lone_tone(const char *text, size_t len)
{
	return len == 4 && memcmp(text, "\xF0\x9F\x8F", 3) == 0 && (unsigned char)text[3] >= 0xBB;
}

size_t fold_row_put(struct fold_row *row, size_t col, const char *text, size_t len, int width,
	struct sgr style)
{
	size_t end = col + (size_t)width;

	if (end > FOLD_ROW_CELLS || len > FOLD_CELL_BYTES)
		return col;
	if (is_lone_tone(text, len))
		return fold_row_put(row, col, "\xEF\xBF\xBD", 3, 1, style);
	part_wide(row, col, end);
	make_room(row, end);
	for (size_t i = col; i < end; i++)
		row->cells[i] = (struct fold_cell){.style = style};
	memcpy(row->cells[col].text, text, len);
	row->cells[col].len = (uint8_t)len;
	row->cells[col].wide = width == 2;
	return end;
}

void fold_row_erase(struct fold_row *row, size_t col, int how)
{
	size_t until = how == 0 ? row->count : how == 1 && col < row->count ? col + 1 : row->count;

	if (how == 2)
		col = 0;
	if (how != 1) {
		if (col < row->count) {
			part_wide(row, col, until);
			row->count = col;
		}
		return;
	}
	part_wide(row, 0, until);
	for (size_t i = 0; i < until; i++) {
		set_blank(&row->cells[i]);
		row->cells[i].style = SGR_NONE;
	}
}

/* ---- Characters ---- */

static struct fold_cell *cell_before(struct fold_row *row, size_t col)
{
	if (col == 0 || col > row->count)
		return NULL;
	return row->cells[col - 1].len == 0 && col > 1 ? &row->cells[col - 2]
						       : &row->cells[col - 1];
}

static uint32_t base_of(const struct fold_cell *cell)
{
	uint32_t cp = 0;
	bool valid;

	if (cell && cell->len)
		utf8_decode(cell->text, cell->len, &cp, &valid, NULL);
	return cp;
}

/* Marks of a cell: what follows its base. */
static int marks_of(const struct fold_cell *cell)
{
	int n = 0;

	for (size_t i = 1; i < cell->len; i++)
		n += ((unsigned char)cell->text[i] & 0xC0) != 0x80;
	return n;
}

static bool add_mark(struct fold_cell *cell, const char *s, size_t len)
{
	if (cell == NULL || base_of(cell) == ' ' || base_of(cell) == UTF8_REPLACEMENT)
		return false;
	/* Those too many are left out: the base has as many as it may show. */
	if (marks_of(cell) < MARKS_MAX && cell->len + len <= FOLD_CELL_BYTES) {
		memcpy(cell->text + cell->len, s, len);
		cell->len = (uint8_t)(cell->len + len);
	}
	return true;
}

/* What changes only the looks of the emoji or keycap before it: the base stands for all of it. */
static bool is_tail(const struct fold_cell *before, uint32_t cp)
{
	uint32_t base = base_of(before);
	bool keycap = (base >= '0' && base <= '9') || base == '#' || base == '*';

	if (cp == 0xFE0F && keycap)
		return true;
	return utf8_is_emoji(base) && !keycap &&
		(cp == 0xFE0E || cp == 0xFE0F || cp == 0x200D || (cp >= 0x1F3FB && cp <= 0x1F3FF));
}

/* Clean text with its styles, character by character. */
static size_t put_line(struct fold_row *row, size_t col, const struct sanitized_line *line,
	struct sgr style)
{
	size_t run = 0;

	for (size_t at = 0; at < line->text.len;) {
		int width;
		size_t n = utf8_cluster(line->text.data + at, &width);

		for (; run < line->run_count && line->runs[run].at <= at; run++)
			style = line->runs[run].style;
		if (n == 0)
			break;
		col = fold_row_put(row, col, line->text.data + at, n, width, style);
		at += n;
	}
	return col;
}

/* Bytes that the sanitiser has to make text of. */
static size_t put_clean(struct fold_row *row, size_t col, const char *s, size_t len,
	struct sgr *style)
{
	struct sanitized_line line;
	struct writer w = {.line = &line, .style = *style, .marks = MARKS_MAX + 1};

	sanitized_line_init(&line);
	w.out = &line.text;
	write_text(&w, s, len);
	col = put_line(row, col, &line, SGR_NONE);
	*style = w.style;
	sanitized_line_release(&line);
	return col;
}

size_t fold_row_unit(struct fold_row *row, size_t col, const char *s, size_t len,
	const struct unit *u, struct sgr *style)
{
	struct fold_cell *before = cell_before(row, col);

	if (u->cp >= 0x20 && u->cp < 0x7F)
		return fold_row_put(row, col, s, len, 1, *style);
	if (!u->valid || unit_is_escape(u) || u->cp < 0x20 || u->cp == 0x7F)
		return put_clean(row, col, s, len, style);
	if (is_tail(before, u->cp))
		return col;
	switch (utf8_kind(u->cp)) {
	case UTF8_NARROW: return fold_row_put(row, col, s, len, 1, *style);
	case UTF8_WIDE: return fold_row_put(row, col, s, len, 2, *style);
	case UTF8_MARK:
		if (add_mark(before, s, len))
			return col;
		/* fall through */
	default: return put_clean(row, col, s, len, style);
	}
}

/* ---- Rows ---- */

void fold_row_to_cells(struct fold_row *row, struct sgr *style)
{
	*style = SGR_NONE;
	row->celled = true;
	put_clean(row, 0, row->plain.data, row->plain.len, style);
	buf_release(&row->plain);
}

/* Cells that are worth showing: blanks that were written over a longer bar are not. */
static size_t shown_cells(const struct fold_row *row)
{
	size_t n = row->count;

	while (n > 0 && row->cells[n - 1].len == 1 && row->cells[n - 1].text[0] == ' ' &&
		sgr_equal(row->cells[n - 1].style, SGR_NONE))
		n--;
	return n;
}

static void cells_line(const struct fold_row *row, struct sanitized_line *line)
{
	size_t count = shown_cells(row);
	struct sgr last = SGR_NONE;

	for (size_t i = 0; i < count; i++) {
		const struct fold_cell *cell = &row->cells[i];

		if (cell->len == 0)
			continue;
		if (!sgr_equal(last, cell->style))
			sanitized_line_style(line, cell->style);
		last = cell->style;
		buf_add(&line->text, cell->text, cell->len);
	}
}

void fold_row_line(const struct fold_row *row, struct sanitized_line *line)
{
	if (!row->celled) {
		sanitize_log_line(line, row->plain.data, row->plain.len, false);
		return;
	}
	buf_reset(&line->text);
	line->run_count = 0;
	cells_line(row, line);
}

void fold_row_bytes(const struct fold_row *row, struct buf *out)
{
	struct sanitized_line line;

	if (!row->celled) {
		buf_add(out, row->plain.data, row->plain.len);
		return;
	}
	sanitized_line_init(&line);
	fold_row_line(row, &line);
	sanitized_line_write(&line, line.text.len, true, out);
	sanitized_line_release(&line);
}
