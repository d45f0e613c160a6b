/*
 * What the files of plan*.c share: amounts of resources, pools that they are taken from, and the
 * sentences about them. Private to the planner.
 */
#ifndef MLTOP_CORE_PLAN_PARTS_H
#define MLTOP_CORE_PLAN_PARTS_H

#include "core/plan/plan.h"

/* In the order in which a lack is named: the scarcest thing first. */
enum dim { DIM_GPUS, DIM_MEMORY, DIM_CPU, DIM_TASKS, DIM_JOBS, DIM_COUNT };

enum { PLAN_UNSET_CPU = 1000 }; /* a job without cpu_limit counts as one CPU */

/* GPUs, bytes, thousandths of a CPU, tasks, jobs. */
struct amounts {
	int64_t v[DIM_COUNT];
};

enum { NO_BOUND = -1 };

/* Something that jobs take from: the machine, or one line of an org's quota. */
struct pool {
	struct amounts total; /* NO_BOUND: this dimension is not counted */
	struct amounts used;
	struct amounts kept; /* of what is free, reserved for `keeper` */
	const char *keeper;  /* job name; borrowed from the job */
	const char *org;     /* name of the org; NULL: the machine */
};

/* Why a job does not fit: the first dimension of the first pool that lacks. */
struct block {
	const struct pool *pool;
	enum dim dim;
	bool kept; /* it would fit were nothing kept */
};

/* What a job needs in all, over all its tasks. */
void need_of(struct amounts *out, const struct job *j);
int64_t need_tasks(const struct job *j);

void pool_of_machine(struct pool *out, const struct plan_machine *m);
/* The train line of the quota, and the total line (whose used part counts models and devs too). */
void pools_of_quota(struct pool *train, struct pool *total, const struct quota *q);
void pool_take(struct pool *p, const struct amounts *need);
void pool_hold(struct pool *p, const struct quota_line *held); /* its `used` members */
/* Keeps of what is free as much as `need` asks for. */
void pool_keep(struct pool *p, const struct amounts *need, const char *keeper);
bool pool_blocks(const struct pool *p, const struct amounts *need, struct block *out);
/* True when nothing is left of something that every job takes from. */
bool pool_full(const struct pool *p);
/* True when the pool could not hold it even if it were empty. */
bool pool_too_small(const struct pool *p, const struct amounts *need, enum dim *dim);

enum job_reason block_reason(const struct block *b);
void block_message(char *out, size_t size, const struct block *b, const struct amounts *need);

/* Text that is cut at `size`, always NUL-ended. printf would cost most of a plan's time. */
struct text {
	char *out;
	size_t size, len;
};
void text_add(struct text *t, const char *s);
void text_number(struct text *t, int64_t n);
/* An amount with its unit word: "4 GPUs", "8G of memory", "0.5 CPUs", "1 task". */
void text_amount(struct text *t, enum dim dim, int64_t n);
/* The same without the word: "4", "8G", "0.5"; `up` rounds up, else down. */
void text_bare(struct text *t, enum dim dim, int64_t n, bool up);

#endif
