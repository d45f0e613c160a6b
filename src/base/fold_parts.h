/* What fold.c (bytes, rows and motions) and fold_cells.c (one row) share; private to these two. */
#ifndef MLTOP_BASE_FOLD_PARTS_H
#define MLTOP_BASE_FOLD_PARTS_H

#include "base/fold.h"
#include "base/sanitize_parts.h"

void fold_row_release(struct fold_row *row);
/* Makes cells of a plain row; *style becomes that of its end. */
void fold_row_to_cells(struct fold_row *row, struct sgr *style);
/* Puts clean text of `width` cells at a column and returns the column after it. */
size_t fold_row_put(struct fold_row *row, size_t col, const char *text, size_t len, int width,
	struct sgr style);
/* One unit that is neither a sequence that acts nor LF, CR, BS, TAB; returns the column after it. */
size_t fold_row_unit(struct fold_row *row, size_t col, const char *s, size_t len,
	const struct unit *u, struct sgr *style);
void fold_row_erase(struct fold_row *row, size_t col, int how);
/* Row i, to change. */
struct fold_row *fold_row_at(const struct fold *f, size_t i);

#endif
