/* A small world to state cases of the planner in. */
#ifndef TESTS_UNIT_CORE_PLAN_WORLD_H
#define TESTS_UNIT_CORE_PLAN_WORLD_H

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

struct world {
	struct job rows[JOBS];
	struct plan_job jobs[JOBS];
	size_t count;
	struct plan_gpu gpus[GPUS];
	struct plan_machine machine;
	struct quota quota;
	struct plan_org org;
	struct plan plan;
	bool planned;
};

static inline void no_limits(struct quota *q)
{
	struct quota_line *lines[] = {&q->train, &q->model, &q->dev, &q->total};

	memset(q, 0, sizeof *q);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		lines[i]->memory_quota.v = lines[i]->cpu_quota.v = -1;
		lines[i]->gpu_quota = lines[i]->count_quota = -1;
	}
	q->org_name = "vision";
}

static inline void world_init(struct world *w)
{
	static const char *const uuids[GPUS] = {"g0", "g1", "g2", "g3", "g4", "g5", "g6", "g7"};

	memset(w, 0, sizeof *w);
	for (int i = 0; i < GPUS; i++)
		w->gpus[i] = (struct plan_gpu){.uuid = uuids[i], .usable = true};
	w->machine = (struct plan_machine){.node_name = "box",
		.cpu_total = {16000},
		.memory_total = {(int64_t)16 * G},
		.gpus = w->gpus,
		.gpu_count = 2,
		.packing_cpu = true};
	no_limits(&w->quota);
	w->org = (struct plan_org){.org_id = "1", .quota = &w->quota};
}

static inline struct job *add(struct world *w, const char *name, int64_t gpus)
{
	size_t i = w->count++;
	struct job *j = &w->rows[i];

	j->job_name = name;
	j->gpu_limit = gpus;
	j->state = JOB_VALIDATED;
	j->create_time.v = NOW_MS - 1000;
	w->jobs[i] = (struct plan_job){.job = j, .org = &w->org, .order = i};
	return j;
}

static inline void make_live(struct world *w, size_t i, int gpu)
{
	w->jobs[i].live = true;
	w->rows[i].state = JOB_RUNNING;
	if (gpu >= 0)
		w->gpus[gpu].held = true;
}

static const struct plan *plan(struct world *w)
{
	struct plan_input in = {.machine = &w->machine,
		.jobs = w->jobs,
		.job_count = w->count,
		.now = NOW_MS};

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
		if (w->plan.actions[i].job != job)
			continue;
		assert_null(found); /* one action a job */
		found = &w->plan.actions[i];
	}
	return found;
}

static inline void expect_wait(struct world *w, size_t job, enum job_reason why,
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

static inline uint64_t next(uint64_t *s)
{
	uint64_t z = *s += 0x9E3779B97F4A7C15u;

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return z ^ (z >> 31);
}

#endif
