/*
 * Bytes of a log to clean lines, and ranks to their lines. Inside core/progress only.
 */
#ifndef MLTOP_CORE_PROGRESS_CLEAN_H
#define MLTOP_CORE_PROGRESS_CLEAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct piece {
	size_t len;
	uint8_t depth; /* rows that the cursor goes up behind it */
	bool ended;    /* something stands behind it */
	bool drawn;    /* it has cells of a bar */
	int percent;   /* of an OSC 9;4 that came with it; -1: none */
};

/*
 * Takes the next piece of `raw` from *at on: as far as the cursor goes up, or to the end. Without
 * escape sequences; cells of bars as CELL_FULL and CELL_EMPTY, one character for each. `out` has
 * room for `len` + 1 bytes. False at the end.
 */
bool piece_next(const char *raw, size_t len, size_t *at, char *out, struct piece *p);

/* ---- Ranks ---- */

enum { RANKS_MAX = 24, RANK_BITS = 1024, TAGS_MAX = 16 };

enum label {
	LABEL_NONE,
	LABEL_TEXT,     /* "[rank 1]", "rank 0:" within the line */
	LABEL_TORCHRUN, /* "[default1]:" */
	LABEL_OPENMPI,  /* "[1,0]<stdout>:" */
	LABEL_MPICH,    /* "[1] " */
	LABEL_SRUN,     /* "0: " */
	LABEL_HONCHO,   /* "18:00:10 worker.1 | " */
	LABEL_TAG,      /* GNU parallel's, Ray's */
};

struct rank_table {
	int lowest;   /* -1: none was named */
	int expected; /* 0: unknown */
	uint64_t seen[RANK_BITS / 64];
	struct {
		int64_t step;
		int32_t rank, epoch;
	} rows[RANKS_MAX];
	uint32_t tags[TAGS_MAX]; /* of those who have no number, in the order in which they came */
	uint8_t count, tag_count;
};

void ranks_init(struct rank_table *r);
/*
 * What stands in front of `text`: *rank gets its number. Returns where the line itself begins. A
 * label that another label follows ("[default0]:[rank 0]") is passed; the inner one counts.
 */
const char *label_take(struct rank_table *r, const char *text, enum label *label, int *rank);
/* Where the next label of the same form stands within `text`, for pieces of two ranks on one line. */
const char *label_within(const char *text, enum label label);
void ranks_step(struct rank_table *r, int rank, int64_t epoch, int64_t step);

#endif
