/*
 * Scheduling, pure: (what is wanted, what there is, now) -> what to do. No I/O, no clock.
 *
 * What is wanted are gangs: all tasks of one start together or none does, each on a node that has
 * room for it. Order within an org: priority, then time of acceptance. Among orgs it is the turn of
 * the one that holds the least share of what it may hold, GPUs first; of equal ones, of who waits
 * longer. A gang that does not fit lets others pass, but never starves: once it is the first of its
 * org and has waited PLAN_RESERVE_MS, it goes before all and what becomes free is kept for it.
 *
 * A preemptible gang is held by no limit of its org, and has its turn after all that are not
 * preemptible: it gets what these leave, and nothing is kept for it. Where one that is not finds no place, within
 * the limits of its org, preemptible ones are stopped for it: the lowest priority and the youngest
 * first, no more than it needs, and none if that is not enough.
 */
#ifndef MLTOP_CORE_PLAN_H
#define MLTOP_CORE_PLAN_H

#include "core/kinds/workload.h"
#include "core/plan/claim.h"

enum {
	PLAN_RESERVE_MS = 600 * 1000,
	PLAN_SPARED_MS = 600 * 1000, /* since it was stopped for another: not again */
};
enum { PLAN_GPUS_MAX = 1024, PLAN_NODES_MAX = 4096 };
enum { PLAN_MESSAGE = 320 }; /* bytes of a sentence, with its NUL */

struct plan_gpu {
	const char *uuid;
	bool held;       /* by a live gang of the list */
	bool usable;     /* false: lost, or not to be given out for now */
	const char *why; /* not usable: a few words, such as "lost" */
	uint8_t place;   /* those of one node with the same number are close together */
};

struct plan_node {
	const char *name;
	struct labels labels; /* that a selector may name; `hostname` is always its name */
	struct mcpu cpu_total;
	struct bytes memory_total; /* 0: not counted */
	int64_t max_tasks;         /* running tasks at most; 0: no bound */
	const struct plan_gpu *gpus;
	size_t gpu_count;
	/* Why nobody can say yet how many GPUs it has, a few words; NULL: it is known. */
	const char *gpus_unknown;
	/* Nothing may start there, and what runs goes on: why, a sentence; NULL: it may. */
	const char *drained;
};

struct plan_cluster {
	const struct plan_node *nodes; /* at most PLAN_NODES_MAX */
	size_t node_count;
	bool packing_cpu; /* false: cpu limits are not added up (fake, Kubernetes decides) */
};

/* What an org may use. NO_BOUND: as much as there is. */
struct plan_limits {
	struct amounts parts[PART_COUNT]; /* by enum quota_part: of what counts there */
	struct amounts total;             /* of all of it together */
};

struct plan_org {
	const char *org_id, *name;
	const struct plan_limits *limits; /* NULL: none */
	bool cut;                         /* more of it wait, and could start, than are given */
	const char *held;                 /* nothing of it may start: the sentence; NULL: it may */
};

/* How a kind calls what a sentence is about. */
struct plan_terms {
	const char *name_field, *tasks_field; /* "job_name", "worker_count" */
	const char *tasks_made;               /* "ps_count and worker_count make" */
};

/* Tasks that start together, until all of them are over. */
struct plan_gang {
	const char *name;
	const struct plan_terms *terms;
	const struct claim *claims;
	size_t claim_count;
	enum quota_part part; /* of its org's quota */
	bool cpu_unset;       /* its CPUs were not given: it counts CLAIM_UNSET_CPU */
	const char *selector_key, *selector_value; /* NULL or "": any node */
	int64_t priority;
	int64_t since; /* waits since then */
	/* What its row says: told anew only when that changes. */
	bool enqueued;
	enum work_reason reason;
	const char *message;
	/* How it stands. */
	const struct plan_org *org; /* NULL: nobody's limits */
	uint64_t order;             /* of acceptance */
	int64_t not_before;         /* back-off of a retry, or of a stop; 0: at once */
	const uint16_t *on;         /* live: the node of each task, by claims; NULL: the first */
	bool live;                  /* holds resources now (starting, running, stopping) */
	bool cancel;                /* a person asked to cancel or delete it */
	bool stop_sent;
	bool held;
	bool preemptible;  /* its org's limits do not hold it, and it may be stopped for another */
	bool leaving;      /* live, and is to be stopped for another */
	bool starting;     /* live, and nobody may stop it yet */
	bool evicted;      /* live, and is to leave its node; not before `not_before` */
	const char *after; /* waits for others of its org: the sentence; NULL: for none */
	bool granted;      /* waits, and others were stopped for it: goes before all */
	int64_t preempted; /* when it was stopped for another the last time; INT64_MIN: never */
	int64_t gpus_lost; /* live: of its GPUs, so many cannot be used any more */
};

enum plan_verb {
	PLAN_START, /* start its tasks at places[0..place_count) */
	PLAN_WAIT, /* stays enqueued for this reason; only reported when it differs from the row's */
	PLAN_STOP,    /* cancel asked and it is live */
	PLAN_DROP,    /* cancel asked and it is not live: final at once */
	PLAN_PREEMPT, /* stop it for the gang `by`, and let it wait again */
	PLAN_EVICT,   /* stop it, whose node is to be empty, and let it wait again */
};

/* Where one task goes. */
struct plan_place {
	uint16_t node;        /* index into cluster.nodes */
	const uint16_t *gpus; /* indices into the node's gpus, in the plan's arena */
	size_t gpu_count;
};

struct plan_action {
	enum plan_verb verb;
	size_t gang; /* index into gangs */
	size_t by;   /* PLAN_PREEMPT: likewise */
	enum work_reason reason;
	char message[PLAN_MESSAGE]; /* exact: what is wanted, what is free, of how much */
	struct plan_place *places;  /* in the plan's arena; tasks in the order of claims */
	size_t place_count;
};

/*
 * Of those of an org that wait, all from some place of its order on may be left out, but not the
 * first that could start; the org is then `cut`. Nothing is decided from where one of those might
 * have had its turn; what is decided is the same as with all, and when the plan is `full` none of
 * those left out could have started.
 *
 * Times are ms of a clock that nobody sets (monotonic); `wall` is what to add for people.
 */
struct plan_input {
	const struct plan_cluster *cluster;
	const struct plan_gang *gangs;
	size_t gang_count;
	int64_t now, wall;
	size_t asked; /* index + 1 of the gang that plan.behind is about; 0: none */
};

struct plan {
	struct plan_action *actions;
	size_t count;
	int64_t wake;  /* when to plan again though nothing happens (back-off, reserve); 0: never */
	bool full;     /* nothing more could start now, whatever else waits */
	size_t behind; /* how many go before the gang that was asked about and wait */
	struct arena arena;
};

/* Owner: the caller; plan_release frees. Linear in gangs (times nodes, where there are many) but for
 * one sort. */
void plan_make(struct plan *out, const struct plan_input *in);
void plan_release(struct plan *p);

/* False (ERR_UNPROCESSABLE, field named) when it could never run there, whatever ends. */
bool plan_possible(const struct plan_gang *g, const struct plan_cluster *c, struct err *e);

/* ---- What would happen (plan_foresee.c) ---- */

/* What an org uses, in one dimension, of the line of its quota that has least left. */
struct plan_use {
	int64_t used, limit; /* NO_BOUND: none */
	int64_t after;       /* used once that gang has started as well */
};

struct plan_forecast {
	bool starts;   /* in this turn of planning */
	size_t behind; /* how many go before it and wait */
	enum work_reason reason;
	char message[PLAN_MESSAGE]; /* why it waits; "" where it starts */
	struct plan_use use[DIM_COUNT];
};

/* What becomes of one of the gangs, which waits: pure, as plan_make. */
void plan_foresee(struct plan_forecast *out, const struct plan_input *in, size_t gang);
/* What lives of an org: of a part of its quota, or (PART_COUNT) of all. */
void plan_used(struct amounts *out, const struct plan_input *in, const struct plan_org *org,
	enum quota_part part);

#endif
