/* A small world to state cases of the planner in. */
#ifndef MLTOP_TESTS_UNIT_CORE_PLAN_WORLD_H
#define MLTOP_TESTS_UNIT_CORE_PLAN_WORLD_H

#include "core/kinds/quota.h"
#include "core/plan/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { G = 1 << 30, NOW = 1700000000 };
#define NOW_MS ((int64_t)NOW * 1000)

enum { JOBS = 16, GPUS = 8 };

/* What an object asks for, as its kind has it. */
struct row {
	const char *name;
	int64_t gpus, cpu, memory, workers, ps, priority, created;
	bool enqueued;
	enum work_reason reason;
	const char *message, *selector_key, *selector_value;
};

struct world {
	struct row rows[JOBS];
	struct plan_gang gangs[JOBS];
	struct claim claims[JOBS];
	size_t count;
	struct plan_gpu gpus[GPUS];
	struct plan_node node;
	struct plan_cluster cluster;
	struct plan_limits limits;
	struct plan_org org;
	struct plan plan;
	bool planned;
	int64_t wall;
};

/* The row's part of the gang; how it stands is left as it is. */
static inline void gang_fill(struct plan_gang *g, struct claim *c, const struct row *r)
{
	static const struct plan_terms terms = {"job_name", "worker_count",
		"ps_count and worker_count make"};

	*c = (struct claim){.tasks = 1 + r->ps + r->workers,
		.gpus = r->gpus,
		.memory = r->memory,
		.cpu = r->cpu};
	g->name = r->name;
	g->terms = &terms;
	g->claims = c;
	g->claim_count = 1;
	g->cpu_unset = r->cpu <= 0;
	g->selector_key = r->selector_key;
	g->selector_value = r->selector_value;
	g->priority = r->priority;
	g->since = r->created;
	g->enqueued = r->enqueued;
	g->reason = r->reason;
	g->message = r->message;
}

static inline void no_limits(struct plan_limits *l)
{
	*l = (struct plan_limits){0};
	for (int d = 0; d < DIM_COUNT; d++) {
		for (int part = 0; part < PART_COUNT; part++)
			l->parts[part].v[d] = NO_BOUND;
		l->total.v[d] = NO_BOUND;
	}
}

static inline void world_init(struct world *w)
{
	static const char *const uuids[GPUS] = {"g0", "g1", "g2", "g3", "g4", "g5", "g6", "g7"};

	memset(w, 0, sizeof *w);
	for (int i = 0; i < GPUS; i++)
		w->gpus[i] = (struct plan_gpu){.uuid = uuids[i], .usable = true};
	w->node = (struct plan_node){.name = "box",
		.cpu_total = {16000},
		.memory_total = {(int64_t)16 * G},
		.gpus = w->gpus,
		.gpu_count = 2};
	w->cluster = (struct plan_cluster){&w->node, 1, true};
	no_limits(&w->limits);
	w->org = (struct plan_org){.org_id = "1", .name = "vision", .limits = &w->limits};
}

static inline struct row *add(struct world *w, const char *name, int64_t gpus)
{
	size_t i = w->count++;

	w->rows[i] = (struct row){.name = name, .gpus = gpus, .created = NOW_MS - 1000};
	w->gangs[i] = (struct plan_gang){.org = &w->org, .order = i, .preempted = INT64_MIN};
	return &w->rows[i];
}

static inline void make_live(struct world *w, size_t i, int gpu)
{
	w->gangs[i].live = true;
	if (gpu >= 0)
		w->gpus[gpu].held = true;
}

static const struct plan *plan(struct world *w)
{
	struct plan_input in = {.cluster = &w->cluster,
		.gangs = w->gangs,
		.gang_count = w->count,
		.now = NOW_MS,
		.wall = w->wall};

	for (size_t i = 0; i < w->count; i++)
		gang_fill(&w->gangs[i], &w->claims[i], &w->rows[i]);
	if (w->planned)
		plan_release(&w->plan);
	plan_make(&w->plan, &in);
	w->planned = true;
	return &w->plan;
}

static const struct plan_action *action_of(const struct world *w, size_t job)
{
	const struct plan_action *found = NULL;

	for (size_t i = 0; i < w->plan.count; i++) {
		if (w->plan.actions[i].gang != job)
			continue;
		assert_null(found); /* one action a job */
		found = &w->plan.actions[i];
	}
	return found;
}

static inline void expect_wait(struct world *w, size_t job, enum work_reason why,
	const char *message)
{
	const struct plan_action *a;

	plan(w);
	a = action_of(w, job);
	assert_non_null(a);
	assert_int_equal(a->verb, PLAN_WAIT);
	assert_string_equal(a->message, message);
	assert_int_equal(a->reason, why);
}

static inline void expect_verb(struct world *w, size_t job, enum plan_verb verb)
{
	const struct plan_action *a;

	plan(w);
	a = action_of(w, job);
	assert_non_null(a);
	assert_int_equal(a->verb, verb);
}

static inline void done(struct world *w)
{
	if (w->planned)
		plan_release(&w->plan);
}

/* All GPUs of an action, over its places. */
static inline size_t gpus_of(const struct plan_action *a)
{
	size_t sum = 0;

	for (size_t i = 0; i < a->place_count; i++)
		sum += a->places[i].gpu_count;
	return sum;
}

static inline uint64_t next(uint64_t *s)
{
	uint64_t z = *s += 0x9E3779B97F4A7C15u;

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return z ^ (z >> 31);
}

#endif
