/*
 * What logstore.c (storing), logstore_window.c (reading lines), logstore_find.c and logstore_fold.c
 * (rows as they are seen) share.
 *
 * A row of the spool ("raw") is a line or a gap. Rows are counted from 0; places in the spool are
 * `pos`. Bytes beside a gap lie beside each other in the spool, so a gap also ends a line.
 */
#ifndef MLTOP_CLIENT_LOGSTORE_INSIDE_H
#define MLTOP_CLIENT_LOGSTORE_INSIDE_H

#include "client/logstore.h"

#include "base/buf.h"
#include "base/fold.h"
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

/* Text of a row that was drawn and can be gone back to no more, beside the spool. */
struct store_drawn {
	uint64_t pos;
	uint32_t len;
};

/* Rows row .. row + count - 1 as they are seen are what became of lines raw .. raw + raw_count - 1. */
struct store_fold {
	int64_t row, raw, count;
	int64_t raw_count; /* 0: more of its rows are to come */
	size_t first;      /* of its rows in `drawn` */
	uint64_t offset;   /* in the stream, of line `raw`; OFFSET_UNKNOWN until somebody asks */
};

#define OFFSET_UNKNOWN UINT64_MAX

enum store_up { UP_NONE, UP_ESC, UP_CSI };

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
	/* rows as they are seen */
	bool raw;             /* not wanted now: lines are */
	char *dir;            /* for drawn_fd */
	enum store_up up;     /* how far a cursor up has come */
	bool folding;         /* `live` is in use */
	struct fold live;     /* rows that can be gone back to */
	int64_t live_row;     /* its first one, as it is seen */
	int64_t live_raw;     /* the line that it began with */
	uint64_t live_offset; /* of that, in the stream */
	int64_t accounted;    /* lines before this one are of rows that left */
	int drawn_fd;         /* -1: none yet */
	uint64_t drawn_size;
	VEC(struct store_drawn) drawn;
	VEC(struct store_fold) folds;
	bool failed; /* `drawn` could not be written, for the reason in `failure` */
	struct err failure;
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

/* logstore.c */
int store_open_spool(const char *dir, struct err *e);
bool store_write(int fd, uint64_t pos, const char *bytes, size_t len, struct err *e);
int64_t store_raw(const struct logstore *s); /* lines and gaps, an unfinished last one too */

/* logstore_fold.c */
/* What logstore_append has put into the spool. */
bool store_fold_bytes(struct logstore *s, const char *bytes, size_t len, struct err *e);
/* Nothing goes back over a gap; called before it is a row. */
bool store_fold_gap(struct logstore *s, struct err *e);
void store_fold_release(struct logstore *s);
/* Rows as they are seen. */
int64_t store_shown(const struct logstore *s);

/* Where row `row` is to be had, and how many from it on the same way. */
struct store_place {
	enum { PLACE_RAW, PLACE_DRAWN, PLACE_LIVE } how;
	int64_t at; /* of lines, of `drawn`, of `live` */
	int64_t count;
	struct store_fold *fold;
};
struct store_place store_place(const struct logstore *s, int64_t row);
/* The line to look for something from, from row `row` on; it may be past either end. */
int64_t store_line_of(const struct logstore *s, int64_t row, bool backwards);
/* The row that line `raw` is part of; of several the one that `has` what is looked for. */
int64_t store_row_of(struct logstore *s, int64_t raw,
	bool (*has)(const char *bytes, size_t len, const void *what), const void *what);

/* logstore_window.c */
/* The stream offset of a row's first byte, by the last gap before it. */
uint64_t store_offset(const struct logstore *s, int64_t row, uint64_t pos);
bool store_read(const struct logstore *s, uint64_t pos, void *out, size_t len, struct err *e);
/* The row `row` (0 <= row < logstore_lines); reads at most ROWS_PER_MARK lines of LINE_SHOWN. */
bool store_row(struct logstore *s, int64_t row, struct store_row *out, struct err *e);
/* The row that the byte at `pos` belongs to. */
bool store_row_at(struct logstore *s, uint64_t pos, struct store_row *out, struct err *e);
/* Index of the first gap at a row >= `row`. */
size_t store_gap_from(const struct logstore *s, int64_t row);

#endif
