/* Rows as an aligned table, and as CSV. */
#include "mltop/cli.h"
#include "mltop/output_inside.h"

#include "base/sanitize.h"
#include "base/timefmt.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "core/schema/csv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Table ---- */

static void field_title(const struct field *f, struct buf *out)
{
	if (f->title) {
		buf_adds(out, f->title);
		return;
	}
	for (const char *p = f->name; *p; p++)
		buf_addc(out, (char)(*p == '_' ? ' ' : (*p >= 'a' && *p <= 'z') ? *p - 32 : *p));
}

void output_cell(const struct kind *k, const void *rec, const struct field *f, int64_t now,
	struct buf *out)
{
	char local[TIMEFMT_SIZE];

	if (f->type == &ft_when && record_knows(k, rec, f)) {
		timefmt_local(local, *(const int64_t *)record_member(rec, f));
		buf_adds(out, local);
		return;
	}
	record_cell(k, rec, f, now, out);
}

static void table_cell(const struct kind *k, const void *rec, const struct field *f, int64_t now,
	struct buf *out)
{
	if (f->of)
		record_part_cell(k, rec, f, now, out);
	else
		output_cell(k, rec, f, now, out);
}

/* Cells of all rows, formatted once: widths need them all before the first is printed. */
struct cell {
	size_t at; /* into the table's text, where it ends with a NUL */
	int width;
};

struct table {
	const struct columns *cols;
	struct buf text;
	VEC(struct cell) cells;
	int widths[KIND_FIELDS_MAX], least[KIND_FIELDS_MAX]; /* least: cells it does not go below */
	size_t shown;                                        /* columns, from the left */
};

enum { GAP = 2, LEAST = 6, LEAST_KEY = 12 };

static void pad(int n)
{
	for (; n > 0; n--)
		putchar_unlocked(' ');
}

/* A cell that is wider than its column ends with a mark. */
static void print_cut(const char *text, int width)
{
	int used;
	size_t len = utf8_fit(text, width - 1, &used);

	printf("%.*s\u2026", (int)len, text);
	pad(width - 1 - used);
}

static void print_cell(const struct table *t, const struct cell *cell, int width, bool right,
	bool last)
{
	if (cell->width > width) {
		print_cut(t->text.data + cell->at, width);
	} else {
		if (right)
			pad(width - cell->width);
		fputs_unlocked(t->text.data + cell->at, stdout);
		if (!right && !last)
			pad(width - cell->width);
	}
	fputs_unlocked(last ? "\n" : "  ", stdout);
}

/* The cell is what was appended to the text from `at` on. */
static void table_add(struct table *t, size_t col, size_t at)
{
	struct cell cell = {.at = at, .width = utf8_width(t->text.data + at)};

	if (cell.width > t->widths[col])
		t->widths[col] = cell.width;
	vec_push(&t->cells, cell);
	buf_addc(&t->text, '\0');
}

static void table_fill(struct table *t, const struct kind *k, void *const *rows, size_t count,
	bool titles, int64_t now)
{
	for (size_t i = 0; titles && i < t->cols->count; i++) {
		size_t at = t->text.len;

		field_title(t->cols->fields[i], &t->text);
		table_add(t, i, at);
		t->least[i] = t->widths[i];
	}
	for (size_t r = 0; r < count; r++)
		for (size_t i = 0; i < t->cols->count; i++) {
			size_t at = t->text.len;

			table_cell(k, rows[r], t->cols->fields[i], now, &t->text);
			table_add(t, i, at);
		}
}

/* ---- Fitting the width of a screen ---- */

static int table_width(const struct table *t)
{
	int width = -GAP;

	for (size_t i = 0; i < t->shown; i++)
		width += t->widths[i] + GAP;
	return width;
}

/* The widest column that may give way: texts do, numbers would say something else. */
static int *giving_column(struct table *t)
{
	int *widest = NULL;

	for (size_t i = 0; i < t->shown; i++) {
		const struct field *f = t->cols->fields[i];
		int least = f->flags & F_KEY ? LEAST_KEY : LEAST;

		if (least < t->least[i])
			least = t->least[i];
		if (!f->type->right && f->type != &ft_when && t->widths[i] > least &&
			(widest == NULL || t->widths[i] > *widest))
			widest = &t->widths[i];
	}
	return widest;
}

static void table_fit(struct table *t, const struct table_look *look)
{
	int *column;

	while (look->width > 0 && table_width(t) > look->width) {
		if ((column = giving_column(t)) != NULL)
			--*column;
		else if (look->may_drop && t->shown > 1)
			t->shown--;
		else
			return;
	}
}

/* The cursor stands below the last line, which says how many rows there are besides. */
static size_t rows_that_fit(const struct table_look *look, size_t count)
{
	size_t taken = 1 + (size_t)look->titles, height = (size_t)look->height;

	if (look->height <= 0 || count + taken <= height)
		return count;
	return height > taken + 1 ? height - taken - 1 : 0;
}

void print_table(const struct kind *k, const struct columns *cols, void *const *rows, size_t count,
	const struct table_look *look)
{
	struct table t = {.cols = cols, .text = BUF_INIT, .shown = cols->count};
	size_t lines = rows_that_fit(look, count);

	table_fill(&t, k, rows, lines, look->titles, time_now_ms());
	table_fit(&t, look);
	for (size_t i = 0; i < t.cells.len; i++) {
		size_t col = i % cols->count;

		if (col < t.shown)
			print_cell(&t, &t.cells.items[i], t.widths[col],
				cols->fields[col]->type->right, col + 1 == t.shown);
	}
	if (lines < count)
		printf("and %zu more\n", count - lines);
	vec_release(&t.cells);
	buf_release(&t.text);
}

/* ---- CSV ---- */

void print_csv_cell(const struct cli *c, const char *text, bool guarded, bool last)
{
	struct buf shown = BUF_INIT, cell = BUF_INIT;

	if (c->tty)
		sanitize_text(&shown, text, strlen(text));
	csv_write_cell(c->tty ? shown.data : text, guarded, last, &cell);
	fwrite(cell.data, 1, cell.len, stdout);
	buf_release(&shown);
	buf_release(&cell);
}

/* The wire's own form of a value, so that a program reads exact numbers. */
static void csv_value(const struct kind *k, const void *rec, const struct field *f, struct buf *out)
{
	char real[REAL_SIZE];
	json_t *value;
	char *text;

	if (!record_knows(k, rec, f) || (f->flags & (F_MASKED | F_SECRET)))
		return;
	value = f->type->encode(f, record_member(rec, f));
	if (json_is_string(value)) {
		buf_adds(out, json_string_value(value));
	} else if (json_is_real(value)) {
		real_text(real, json_real_value(value));
		buf_adds(out, real);
	} else if (value && (text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT))) {
		buf_adds(out, text);
		free(text);
	}
	json_decref(value);
}

/* An age is shown to people; what stands in the cell for a program is its date, and is called so. */
static const char *csv_title(const struct kind *k, const struct field *f)
{
	return f->type == &ft_age ? kind_owner(k, f)->name : f->name;
}

void print_csv(const struct cli *c, const struct kind *k, const struct columns *cols,
	void *const *rows, size_t count, bool titles)
{
	struct buf cell = BUF_INIT;

	for (size_t i = 0; titles && i < cols->count; i++)
		print_csv_cell(c, csv_title(k, cols->fields[i]), false, i + 1 == cols->count);
	for (size_t r = 0; r < count; r++) {
		for (size_t i = 0; i < cols->count; i++) {
			buf_reset(&cell);
			csv_value(k, rows[r], cols->fields[i], &cell);
			print_csv_cell(c, cell.data,
				k->sheet && cols->fields[i]->type->storage == ST_TEXT,
				i + 1 == cols->count);
		}
	}
	buf_release(&cell);
}
