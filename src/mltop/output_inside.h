/* What output.c (forms and lists), output_table.c (tables and CSV) and output_json.c share. */
#ifndef MLTOP_OUTPUT_INSIDE_H
#define MLTOP_OUTPUT_INSIDE_H

#include "core/schema/schema.h"

struct cli;

enum { REAL_SIZE = 32 };

struct columns {
	const struct field *fields[KIND_FIELDS_MAX];
	size_t count;
};

/* The shortest decimal that is read back as the same number, with a point or an exponent. */
void real_text(char out[REAL_SIZE], double value);
/* Pretty: on lines of its own with what is beyond ASCII escaped; else compact. No newline at the end. */
void print_json_value(const json_t *value, bool pretty, int depth);
void print_yaml(const json_t *value, int depth);

/* What a cell shows to a person: times are of the clock here. */
void output_cell(const struct kind *k, const void *rec, const struct field *f, int64_t now,
	struct buf *out);

/* How a table is to look: width and height of the screen, 0 for no limit. */
struct table_look {
	bool titles;   /* a first line with those of the columns */
	bool may_drop; /* columns that do not fit are left out, the last first */
	int width, height;
};
/* To standard output. */
void print_table(const struct kind *k, const struct columns *cols, void *const *rows, size_t count,
	const struct table_look *look);
/* As csv_write_cell, to standard output; nothing in it acts on a terminal. */
void print_csv_cell(const struct cli *c, const char *text, bool guarded, bool last);
void print_csv(const struct cli *c, const struct kind *k, const struct columns *cols,
	void *const *rows, size_t count, bool titles);

#endif
