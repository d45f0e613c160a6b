/*
 * Reading the log of an attempt: where it stands, and what a step of reading gives. Offsets are
 * bytes since the attempt began.
 */
#ifndef MLTOP_CORE_LOGS_H
#define MLTOP_CORE_LOGS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct log_range {
	uint32_t generation; /* rises when bytes that were served may differ now */
	uint64_t oldest, newest;
	bool final; /* nothing more will come */
};

struct log_gap {
	uint64_t offset, lost;
};

enum log_step {
	LOG_BEGUN,   /* where it stands is known; first, and again when its generation is another */
	LOG_BYTES,   /* some from the offset on */
	LOG_GAP,     /* those from the offset on are missing */
	LOG_END,     /* there are no more now: ask again when the log grew; range.final: for good */
	LOG_NONE,    /* there is no log, or not yet */
	LOG_NOT_NOW, /* it cannot be looked at (no descriptor is free, say), so nothing is known: ask
			again from the same offset in a while */
	LOG_COMING,  /* the answer is on its way: told when it is there */
};

/* What a step gave. */
struct log_piece {
	uint64_t offset;        /* LOG_BYTES, LOG_GAP: of the first byte */
	size_t len;             /* LOG_BYTES: how many were read */
	uint64_t lost;          /* LOG_GAP: how many are missing; never 0 */
	struct log_range range; /* LOG_BEGUN, LOG_END */
	struct err e;           /* LOG_NONE, LOG_NOT_NOW */
};

/* Somebody's place in a log (work/cursor.h). */
struct log_cursor;

#endif
