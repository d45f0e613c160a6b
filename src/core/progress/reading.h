/*
 * What stands for one reader of a log, and the stages that its bytes go through: lines.c cuts them
 * and bounds how many are read, reading.c reads one. Inside core/progress only. Plain memory.
 */
#ifndef MLTOP_CORE_PROGRESS_READING_H
#define MLTOP_CORE_PROGRESS_READING_H

#include "core/progress/clean.h"
#include "core/progress/rules.h"
#include "core/progress/track.h"

/* What stands after whole lines; copied to read a line that has not ended. */
struct state {
	struct track track;
	struct rank_table ranks;
	int line_rank; /* of the line up to its LF: redraws of one line have one label; -1: none */
	bool of_rank;  /* what stands was said by a rank */
	uint8_t line_label;
};

enum { SPEEDS = 8 }; /* moments of the past that the job's own speed is taken from */

struct moment {
	int64_t ms;
	double percent;
};

struct progress {
	struct state state;
	const struct progress_rules *rules;
	progress_line_fn *line_read;
	void *ctx;
	uint64_t passed;
	uint64_t lines, held_line, tail_line; /* ended by LF; which ones are held */
	int64_t window_ms;                    /* begin of the second that is counted */
	int64_t fed_ms;                       /* when bytes came last */
	uint16_t read;                        /* lines read in it */
	uint16_t tried;                       /* and those that came to nothing */
	int32_t steps;                        /* that patterns took in it */
	uint16_t line_len, held_len;
	uint16_t tail_len; /* of a line behind the redraw that is held, in `held` too; 0: none */
	bool line_long;    /* what follows of the line is left out */
	bool holds;        /* `held` is the newest line that was not read for the bound */
	bool held_redraw;
	bool timed; /* window_ms is set */
	struct moment speeds[SPEEDS];
	uint8_t speed_count;
	char line[PROGRESS_LINE_MAX], held[PROGRESS_LINE_MAX];
};

/* ---- reading.c: one line ---- */

struct reading {
	struct state *s;
	const struct progress_rules *rules;
	struct progress *watched; /* NULL: nobody is told */
	uint64_t line;            /* its number */
	bool any;                 /* something was read */
	int64_t steps;            /* that patterns may take */
};

/* Bytes between two ends of line; `ended`: nothing more of the last piece comes. */
void reading_raw(struct reading *r, const char *raw, size_t len, bool ended);

/* ---- lines.c: lines, and how many ---- */

/* May a line tell anything? A pattern may be about any. */
bool lines_worth(const struct progress *p, const char *raw, size_t len);
/* Takes what fits; a line that is longer is read as far as it fits. */
void lines_add(struct progress *p, const char *bytes, size_t len);
/* A line whose last part are these bytes: where they are all of it, it is not copied. */
void lines_end(struct progress *p, const char *bytes, size_t len, char end);
/* Begins the next second where now_ms is in it: what was held is read, all is counted anew. */
void lines_turn(struct progress *p, int64_t now_ms);

#endif
