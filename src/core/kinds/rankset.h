/*
 * What the ranks of one training say, seen from its log: inside a workload's row.
 */
#ifndef MLTOP_CORE_KINDS_RANKSET_H
#define MLTOP_CORE_KINDS_RANKSET_H

#include "core/schema/schema.h"

struct rankset {
	struct record record;
	int64_t seen;         /* that have said a step */
	int64_t expected;     /* as the log states it */
	int64_t behind;       /* the one furthest behind; not known where none is */
	int64_t behind_step;  /* how far that one is */
	int64_t first_failed; /* that torchrun or MPI names as the first */
};

struct progress_ranks; /* core/progress/progress.h */
void rankset_fill(struct rankset *out, const struct progress_ranks *from);
/* What was said of them (none: nothing), and the rank that failed first. */
void rankset_failed(struct rankset *out, struct nested said, int64_t rank);

extern const struct kind rankset_kind;

#endif
