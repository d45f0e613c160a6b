/* A cell of what is used of what may be: "4/8 ██░░". */
#ifndef MLTOP_UI_USED_CELL_H
#define MLTOP_UI_USED_CELL_H

#include "ui/screens/screens.h"

/* Rows of the table's kind by name; a limit that is none has no bar. Appends clean text. */
void used_cell(const struct table *t, const struct entry *e, const char *used, const char *limit,
	int bar, bool ascii, struct buf *out);

/* name_cell, for a column, with a bar of so many cells. */
#define USED_CELL(name, used, limit, bar)                                                  \
	static void name##_cell(const struct table *t, const struct entry *e, int64_t now, \
		bool ascii, struct buf *out)                                               \
	{                                                                                  \
		(void)now;                                                                 \
		used_cell(t, e, used, limit, bar, ascii, out);                             \
	}

#endif
