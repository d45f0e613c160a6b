/* What output.c (forms and lists) and output_table.c (tables and CSV) share. */
#ifndef MLTOP_OUTPUT_INSIDE_H
#define MLTOP_OUTPUT_INSIDE_H

#include "core/schema/schema.h"

struct columns {
	const struct field *fields[KIND_FIELDS_MAX];
	size_t count;
};

/* To standard output; `titles`: a first line with those of the columns. */
void print_table(const struct kind *k, const struct columns *cols, void *const *rows, size_t count,
	bool titles);
void print_csv(const struct kind *k, const struct columns *cols, void *const *rows, size_t count,
	bool titles);

#endif
