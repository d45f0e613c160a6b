/* Rows as an aligned table, and as CSV. */
#include "mltop/output_inside.h"

#include "base/timefmt.h"
#include "base/utf8.h"
#include "base/vec.h"

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

/* Cells of all rows, formatted once: widths need them all before the first is printed. */
struct cell {
	size_t at; /* into the table's text, where it ends with a NUL */
	int width;
};

struct table {
	struct buf text;
	VEC(struct cell) cells;
	int widths[KIND_FIELDS_MAX];
};

static void pad(int n)
{
	for (; n > 0; n--)
		putchar_unlocked(' ');
}

static void print_cell(const struct table *t, const struct cell *cell, int width, bool right,
	bool last)
{
	if (right)
		pad(width - cell->width);
	fputs_unlocked(t->text.data + cell->at, stdout);
	if (!right && !last)
		pad(width - cell->width);
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

static void table_fill(struct table *t, const struct kind *k, const struct columns *cols,
	void *const *rows, size_t count, bool titles, int64_t now)
{
	for (size_t i = 0; titles && i < cols->count; i++) {
		size_t at = t->text.len;

		field_title(cols->fields[i], &t->text);
		table_add(t, i, at);
	}
	for (size_t r = 0; r < count; r++)
		for (size_t i = 0; i < cols->count; i++) {
			size_t at = t->text.len;

			record_cell(k, rows[r], cols->fields[i], now, &t->text);
			table_add(t, i, at);
		}
}

void print_table(const struct kind *k, const struct columns *cols, void *const *rows, size_t count,
	bool titles)
{
	struct table t = {.text = BUF_INIT};

	table_fill(&t, k, cols, rows, count, titles, time_now_ms());
	for (size_t i = 0; i < t.cells.len; i++) {
		size_t col = i % cols->count;

		print_cell(&t, &t.cells.items[i], t.widths[col], cols->fields[col]->type->right,
			col + 1 == cols->count);
	}
	vec_release(&t.cells);
	buf_release(&t.text);
}

/* ---- CSV (RFC 4180) ---- */

static void print_csv_cell(const char *text, bool last)
{
	if (strpbrk(text, ",\"\r\n") == NULL) {
		fputs(text, stdout);
	} else {
		putchar('"');
		for (const char *p = text; *p; p++) {
			if (*p == '"')
				putchar('"');
			putchar(*p);
		}
		putchar('"');
	}
	fputs(last ? "\r\n" : ",", stdout);
}

/* The wire's own form of a value, so that a program reads exact numbers. */
static void csv_value(const struct kind *k, const void *rec, const struct field *f, struct buf *out)
{
	json_t *value;
	char *text;

	if (!record_knows(k, rec, f) || (f->flags & (F_MASKED | F_SECRET)))
		return;
	value = f->type->encode(f, record_member(rec, f));
	if (json_is_string(value)) {
		buf_adds(out, json_string_value(value));
	} else if (value && (text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT))) {
		buf_adds(out, text);
		free(text);
	}
	json_decref(value);
}

void print_csv(const struct kind *k, const struct columns *cols, void *const *rows, size_t count,
	bool titles)
{
	struct buf cell = BUF_INIT;

	for (size_t i = 0; titles && i < cols->count; i++)
		print_csv_cell(cols->fields[i]->name, i + 1 == cols->count);
	for (size_t r = 0; r < count; r++) {
		for (size_t i = 0; i < cols->count; i++) {
			buf_reset(&cell);
			csv_value(k, rows[r], cols->fields[i], &cell);
			print_csv_cell(cell.data, i + 1 == cols->count);
		}
	}
	buf_release(&cell);
}
