/* A cell of what is used of what may be: "4/8 ██░░". */
#ifndef MLTOP_UI_USED_CELL_H
#define MLTOP_UI_USED_CELL_H

#include "ui/screens/screens.h"

enum { BAR_CELLS = 4 };

/* Rows of the table's kind by name; a limit that is none has no bar. Appends clean text. */
void used_cell(const struct table *t, const struct entry *e, const char *used, const char *limit,
	bool ascii, struct buf *out);

/* name_cell, for a column. */
#define USED_CELL(name, used, limit)                                                       \
	static void name##_cell(const struct table *t, const struct entry *e, int64_t now, \
		bool ascii, struct buf *out)                                               \
	{                                                                                  \
		(void)now;                                                                 \
		used_cell(t, e, used, limit, ascii, out);                                  \
	}

#endif
