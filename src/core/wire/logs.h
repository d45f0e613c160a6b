/*
 * Where the log of an attempt stands and what reading it gives: what an engine answers and what a
 * stream or a route asks for. Offsets are bytes since the attempt began.
 */
#ifndef MLTOP_CORE_LOGS_H
#define MLTOP_CORE_LOGS_H

#include <stdbool.h>
#include <stdint.h>

struct log_range {
	uint32_t generation;
	uint64_t oldest, newest;
	bool final; /* nothing more will come */
};

struct log_gap {
	uint64_t offset, lost;
};

/* What reading answers in place of a number of bytes. */
enum { LOG_GAP = -1, LOG_UNREADABLE = -2 };

#endif
