/*
 * Bytes as a terminal shows them that is as wide as they need: carriage returns, backspaces,
 * cursor motions and "erase" act upon the newest rows, so that a bar that is drawn a thousand times
 * is one row, and two bars one below the other are two.
 *
 * What acts, and nothing else: LF (to the next row's begin, as a terminal's driver makes it), CR,
 * BS, TAB, and of control sequences, with one number or none, cursor up and down (CSI A B E F),
 * right and left (C D G), erase in line (K) and from here on (J, 0 only); CSI ?25l and ?25h, which
 * hide and show a cursor that is not drawn here, are dropped. All else is text for the sanitiser.
 * Styles end with their line. Nothing depends on how the bytes were cut.
 *
 * At most `max` rows can be gone back to: older ones leave, oldest first, and are final. The owner
 * holds the struct; any thread, one at a time.
 */
#ifndef MLTOP_BASE_FOLD_H
#define MLTOP_BASE_FOLD_H

#include "base/sanitize.h"

#include <stdbool.h>

enum {
	FOLD_ROWS = 64,             /* as many as the usual programs go back over, and more */
	FOLD_ROW_BYTES = 64 * 1024, /* of a row that nothing was drawn over */
	FOLD_ROW_CELLS = 16 * 1024, /* of one that was; what is right of it is not kept */
	FOLD_CELL_BYTES = 16,       /* a character with its marks */
};

struct fold_cell {
	char text[FOLD_CELL_BYTES]; /* clean */
	uint8_t len;                /* 0: the right half of a wide one */
	bool wide;
	struct sgr style;
};

struct fold_row {
	struct buf plain;        /* its bytes as they came, as long as nothing was drawn over */
	struct fold_cell *cells; /* then these */
	size_t count, cap;
	bool celled;
	uint64_t line;   /* lines (LF) before the one that it began as */
	uint64_t change; /* of fold.changes: the last one here */
	bool touched;    /* something was written */
	bool drawn;      /* it is not just its own line: that went elsewhere, or others came here */
	bool visited;    /* the cursor came back to it */
	bool joined;     /* the next row goes on with the same line */
};

struct fold {
	struct fold_row *rows; /* a ring of `max` */
	size_t max, first, len;
	size_t at, col;   /* the cursor; col is not known while at_end */
	bool at_end;      /* behind the last byte of a plain row of its own line */
	struct sgr style; /* not known while at_end */
	uint64_t line, gone, changes;
	bool split;      /* a plain row that is full goes on in another one; else it is cut */
	struct buf held; /* of a character or sequence that is not whole yet */
	/* A row is final and will be gone on return. */
	void (*left)(void *ctx, const struct fold_row *row);
	void *ctx;
};

/* `left` may be NULL. */
void fold_init(struct fold *f, size_t max, bool split,
	void (*left)(void *ctx, const struct fold_row *row), void *ctx);
void fold_release(struct fold *f);
void fold_add(struct fold *f, const char *bytes, size_t len);
/* No more comes: what was held is taken as it is. */
void fold_end(struct fold *f);
/* All rows leave. */
void fold_flush(struct fold *f);
/* Rows there are, without a last one that a line feed opened and nothing was written to. */
size_t fold_len(const struct fold *f);
/* Row i; its number over all is gone + i. */
const struct fold_row *fold_row(const struct fold *f, size_t i);
/* What a row shows; blanks at the end of what was drawn are left out. Replaces what `line` held. */
void fold_row_line(const struct fold_row *row, struct sanitized_line *line);
/* The same as bytes, styles as SGR: through the sanitiser once more they are the same text. */
void fold_row_bytes(const struct fold_row *row, struct buf *out);
/* Does any of the bytes act, other than by LF and a CR at their end? */
bool fold_acts(const char *bytes, size_t len);

#endif
