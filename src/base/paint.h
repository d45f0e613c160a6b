/*
 * A log on a person's terminal as bytes come: lines as they are, and what a program draws over (bars)
 * drawn over here as well. Only sequences of our own reach the terminal: LF, CR, cursor up, erase
 * in line and below, SGR. A row that may still change is cut at the terminal's edge and never
 * folded into a new one; one that ended is written in full. Rows that were scrolled off the screen
 * stay as they are.
 *
 * Pure: the owner writes what is in `out` and says how large the terminal is. Any thread, one at a
 * time.
 */
#ifndef MLTOP_BASE_PAINT_H
#define MLTOP_BASE_PAINT_H

#include "base/fold.h"
#include "base/vec.h"

/* A row that stands on the screen. */
struct painted {
	uint64_t row, change; /* its number over all; fold_row.change when it was written */
	int cells, height;    /* of its text; screen rows it takes */
	bool cut;
};

enum paint_how {
	PAINT_LIVE,  /* redraw */
	PAINT_ENDED, /* rows are written once, when nothing can change them any more */
	PAINT_LINES, /* a line is written when it ends, for terminals that cannot move the cursor */
};

struct paint {
	struct fold fold;
	enum paint_how how;
	bool colour;
	int width, height;         /* of the terminal */
	struct buf *out;           /* while bytes are added */
	VEC(struct painted) shown; /* in order, the last one where the cursor is */
	bool mid_line; /* the cursor is behind the last row's text, else at a line's begin */
	bool joining;  /* behind a part of a line that was too long to be kept whole */
	bool ended;
	uint64_t settled; /* rows before this one are not written any more */
	uint64_t changes; /* of the fold, when it was last painted */
};

void paint_init(struct paint *p, enum paint_how how, bool colour);
void paint_release(struct paint *p);
/* Cells of the terminal; 0 or less: 80 and 24. */
void paint_size(struct paint *p, int width, int height);
/* Takes bytes; appends to `out` what leaves the reach of redraws. */
void paint_add(struct paint *p, const char *bytes, size_t len, struct buf *out);
/* Brings the terminal up to date (PAINT_LIVE). */
void paint_now(struct paint *p, struct buf *out);
/* Others write next, from a line's begin on; what is live is drawn anew below that. */
void paint_aside(struct paint *p, struct buf *out);
/* Others have written, and the cursor is at a line's begin. */
void paint_moved(struct paint *p);
/* No more comes: all is written. */
void paint_end(struct paint *p, struct buf *out);

#endif
