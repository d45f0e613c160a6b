/*
 * CSV: quotes as RFC 4180 has them, lines as every text here: a CR would stick to the last column of
 * awk, cut and read, and readers of CSV take LF as well.
 */
#ifndef MLTOP_CORE_CSV_H
#define MLTOP_CORE_CSV_H

#include "core/schema/schema.h"

/*
 * Appends a cell and the comma or the end of line behind it. `guarded`: what a spreadsheet would take for
 * a formula (=, +, -, @, TAB or CR comes first) has an apostrophe before it, which spreadsheets take for
 * "this is text".
 */
void csv_write_cell(const char *text, bool guarded, bool last, struct buf *out);
/*
 * Appends a row of these fields, the values as they are on the wire, empty where not known; texts are
 * guarded where the kind says so (kind.sheet).
 */
void record_write_csv(const struct kind *k, const void *rec, const struct field *const *fields,
	size_t count, struct buf *out);

#endif
