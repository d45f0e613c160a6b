/*
 * Scheduling, pure: (what is wanted, what there is, now) -> what to do. No I/O, no clock.
 *
 * All or nothing per job. Order: priority, then time of acceptance; a job that does not fit lets
 * smaller ones behind it pass, but never starves: once it is the first of its org and has waited
 * PLAN_RESERVE_MS, what becomes free is kept for it.
 */
#ifndef MLTOP_CORE_PLAN_H
#define MLTOP_CORE_PLAN_H

#include "core/kinds/job.h"
#include "core/kinds/quota.h"

enum { PLAN_RESERVE_MS = 600 * 1000, PLAN_GPUS_MAX = 1024 };

struct plan_gpu {
	const char *uuid;
	bool held;   /* by a live job of the list, or by somebody else */
	bool usable; /* false: lost or failed */
};

struct plan_machine {
	const char *node_name;
	struct mcpu cpu_total;
	struct bytes memory_total;
	int64_t max_tasks; /* running tasks at most; 0: no bound */
	const struct plan_gpu *gpus;
	size_t gpu_count;
	bool packing_cpu; /* false: cpu limits are not added up (fake, Kubernetes decides) */
};

struct plan_org {
	const char *org_id;
	const struct quota *quota;
	struct quota_line held; /* `used` members: held by jobs that the plan is not asked about */
};

/* A job that is not final. */
struct plan_job {
	const struct job *job;
	const struct plan_org *org;
	uint64_t order;     /* of acceptance */
	int64_t not_before; /* wall ms: back-off of a retry; 0: at once */
	bool live;          /* holds resources now (starting, running, stopping) */
	bool cancel;        /* a person asked to cancel or delete it */
	bool stop_sent;
	bool held;
	bool behind; /* jobs before it are left out: decided about only if it goes before them all */
};

enum plan_verb {
	PLAN_START, /* start it on gpus[0..gpu_count) (indices into machine.gpus) */
	PLAN_WAIT, /* stays enqueued for this reason; only reported when it differs from the job's */
	PLAN_STOP, /* cancel asked and it is live */
	PLAN_DROP, /* cancel asked and it is not live: final at once */
};

struct plan_action {
	enum plan_verb verb;
	size_t job; /* index into jobs */
	enum job_reason reason;
	char message[160]; /* exact: what is wanted, what is free, of how much */
	uint16_t *gpus;    /* in the plan's arena */
	size_t gpu_count;
};

/*
 * Waiting jobs may be left out from some place of the order on; of each org that has none before it
 * the first that could start is then given as `behind`. What is decided is the same as with all, and
 * when the plan is `full` none of those left out could have started.
 */
struct plan_input {
	const struct plan_machine *machine;
	const struct plan_job *jobs;
	size_t job_count;
	int64_t now;
};

struct plan {
	struct plan_action *actions;
	size_t count;
	int64_t wake; /* wall ms when to plan again though nothing happens (back-off, reserve); 0: never */
	bool full; /* nothing more could start now, whatever else waits */
	struct arena arena;
};

/* Owner: the caller; plan_release frees. Linear in jobs but for one sort. */
void plan_make(struct plan *out, const struct plan_input *in);
void plan_release(struct plan *p);

/* False (ERR_UNPROCESSABLE, field named) when the job could never run there, whatever ends. */
bool plan_possible(const struct job *j, const struct plan_machine *m, const struct quota *q,
	struct err *e);

/* After an attempt ended: run it again? Also the delay (ms) before the next attempt. */
bool plan_retry(const struct job *j, enum job_reason why, int64_t attempts_done, int64_t *delay_ms);

#endif
