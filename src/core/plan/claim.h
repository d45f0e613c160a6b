/* Amounts of what a machine has and an org may use; what one task of a gang claims of it. */
#ifndef MLTOP_CORE_CLAIM_H
#define MLTOP_CORE_CLAIM_H

#include <stdint.h>

/* In the order in which a lack is named: the scarcest thing first. */
enum dim { DIM_GPUS, DIM_MEMORY, DIM_CPU, DIM_TASKS, DIM_JOBS, DIM_COUNT };

/* GPUs, bytes, thousandths of a CPU, tasks, jobs. */
struct amounts {
	int64_t v[DIM_COUNT];
};

/* What a quota bounds by itself, beside the total of everything. */
enum quota_part { PART_TRAIN, PART_MODEL, PART_DEV, PART_TENSORBOARD, PART_COUNT };

/* Of a total: this dimension is not counted. */
enum { NO_BOUND = -1 };

enum { CLAIM_UNSET_CPU = 1000 }; /* a task without a CPU limit counts as one CPU */

/* Tasks that are alike, each of them on one node. */
struct claim {
	int64_t tasks;
	int64_t gpus, memory, cpu; /* of each: count, bytes, thousandths */
};

#endif
