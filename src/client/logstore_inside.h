/*
 * What logstore.c (storing), logstore_window.c (reading lines) and logstore_find.c share.
 *
 * A row is a line or a gap. Rows are counted from 0; places in the spool are `pos`. Bytes beside a
 * gap lie beside each other in the spool, so a gap also ends a line.
 */
#ifndef MLTOP_CLIENT_LOGSTORE_INSIDE_H
#define MLTOP_CLIENT_LOGSTORE_INSIDE_H

#include "client/logstore.h"

#include "base/buf.h"
#include "base/vec.h"

enum {
	ROWS_PER_MARK = 16,          /* one index entry for so many rows */
	LINE_SHOWN = 64 * 1024,      /* bytes of a line that a window gives */
	FIND_STEP = 4 * 1024 * 1024, /* bytes that one call of logstore_find looks at */
};

/* A gap row: its bytes would stand at `pos`. */
struct store_gap {
	int64_t row;
	uint64_t pos, offset, lost;
};

/* A whole line longer than LINE_SHOWN: its end need not be looked for. */
struct store_long {
	int64_t row;
	uint64_t end; /* pos of its LF, or of the gap that cut it */
};

struct logstore {
	int fd;
	bool begun;
	uint64_t first;      /* stream offset of pos 0 */
	uint64_t next;       /* stream offset wanted next */
	uint64_t size;       /* bytes in the spool */
	uint64_t line_start; /* pos where the unfinished line begins */
	int64_t rows;        /* whole rows */
	VEC(uint64_t) marks; /* pos where row ROWS_PER_MARK * i begins */
	VEC(struct store_gap) gaps;
	VEC(struct store_long) longs;
	char *block;      /* what was read last: FIND_STEP bytes with a margin, made when needed */
	struct buf lines; /* of the last window */
};

/* A row as it lies in the spool. */
struct store_row {
	int64_t row;
	uint64_t start, end;         /* its bytes, without the LF */
	uint64_t next;               /* where the following row begins */
	const struct store_gap *gap; /* a gap row: start == end == next */
	bool partial;
};

/* logstore_window.c */
bool store_read(const struct logstore *s, uint64_t pos, void *out, size_t len, struct err *e);
/* The row `row` (0 <= row < logstore_lines); reads at most ROWS_PER_MARK lines of LINE_SHOWN. */
bool store_row(struct logstore *s, int64_t row, struct store_row *out, struct err *e);
/* The row that the byte at `pos` belongs to. */
bool store_row_at(struct logstore *s, uint64_t pos, struct store_row *out, struct err *e);
/* Index of the first gap at a row >= `row`. */
size_t store_gap_from(const struct logstore *s, int64_t row);

#endif
