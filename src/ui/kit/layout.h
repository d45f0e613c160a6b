/*
 * Where things are, from the size of the terminal alone: used by drawing, by paging and by the
 * mouse, so that they agree.
 */
#ifndef MLTOP_UI_LAYOUT_H
#define MLTOP_UI_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table;

struct rect {
	int x, y, width, height;
};

enum { LAYOUT_MIN_COLS = 20, LAYOUT_MIN_ROWS = 5, LAYOUT_COLUMNS_MAX = 24 };

struct layout {
	bool small;         /* below 20x5: one line that says so */
	struct rect health; /* line 1 */
	struct rect crumb;  /* line 2 */
	struct rect body;
	struct rect
		why; /* between body and status, for what does not fit into it: mostly of height 0 */
	struct rect status; /* the last line */
};
struct layout layout_frame(int cols, int rows);

/* One column to place. */
struct layout_column {
	int want, most; /* cells; `most` 0: never wider */
	int priority;
	int x, width; /* out: width 0 when there is no room */
};
/*
 * Divides `width` cells: columns leave by priority (the highest first) until the rest fits with a
 * blank between, then those that may grow share what is left. A single one that does not fit is
 * cut.
 */
void layout_columns(struct layout_column *columns, size_t count, int width);

#endif
