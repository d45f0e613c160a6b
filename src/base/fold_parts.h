/* What fold.c (bytes and rows), fold_cells.c (one row) and fold_motion.c share; private to these. */
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

enum { LF = 0x0A, CR = 0x0D, BS = 0x08, TAB = 0x09, ESC = 0x1B };

/* A sequence that acts. */
struct fold_motion {
	char final;
	size_t n; /* 1 where none was written */
};

/* CSI with one number or none, and the two that hide and show the cursor (as 'h'); false: another. */
bool fold_motion_read(struct fold_motion *m, const char *s, size_t len);

#endif
