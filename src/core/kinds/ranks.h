/*
 * What the ranks of one training say, seen from its log: inside a workload's row.
 */
#ifndef MLTOP_CORE_KINDS_RANKS_H
#define MLTOP_CORE_KINDS_RANKS_H

#include "core/schema/schema.h"

struct ranks {
	struct record record;
	int64_t seen;         /* that have said a step */
	int64_t expected;     /* as the log states it */
	int64_t behind;       /* the one furthest behind; not known where none is */
	int64_t behind_step;  /* how far that one is */
	int64_t first_failed; /* the first that failed, where any did */
};

extern const struct kind ranks_kind;

#endif
