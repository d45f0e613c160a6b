/* The planner: sentences to the letter, and properties over seeded random worlds. */
#include "core/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { G = 1 << 30, NOW = 1700000000 };
#define NOW_MS ((int64_t)NOW * 1000)

/* ---- A small world to state cases in. ---- */

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

static void no_limits(struct quota *q)
{
	struct quota_line *lines[] = {&q->train, &q->model, &q->dev, &q->total};

	memset(q, 0, sizeof *q);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		lines[i]->memory_quota.v = lines[i]->cpu_quota.v = -1;
		lines[i]->gpu_quota = lines[i]->count_quota = -1;
	}
	q->org_name = "vision";
}

static void world_init(struct world *w)
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

static struct job *add(struct world *w, const char *name, int64_t gpus)
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

static void make_live(struct world *w, size_t i, int gpu)
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

static void expect_wait(struct world *w, size_t job, enum job_reason why, const char *message)
{
	const struct plan_action *a;

	plan(w);
	a = action_of(w, job);
	assert_non_null(a);
	assert_int_equal(a->verb, PLAN_WAIT);
	assert_string_equal(a->message, message);
	assert_int_equal(a->reason, why);
}

static void expect_verb(struct world *w, size_t job, enum plan_verb verb)
{
	const struct plan_action *a;

	plan(w);
	a = action_of(w, job);
	assert_non_null(a);
	assert_int_equal(a->verb, verb);
}

static void done(struct world *w)
{
	if (w->planned)
		plan_release(&w->plan);
}

/* ---- Sentences ---- */

static void test_waits_for_gpus(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	add(&w, "busy", 1);
	make_live(&w, 0, 0);
	add(&w, "big", 4);
	expect_wait(&w, 1, REASON_GPU, "needs 4 GPUs: 1 of 2 is free");
	w.gpus[1].usable = false;
	expect_wait(&w, 1, REASON_GPU, "needs 4 GPUs: 0 of 1 are free");
	done(&w);
}

static void test_waits_for_memory_and_cpu(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	add(&w, "busy", 0)->memory_limit.v = (int64_t)13 * G;
	w.rows[0].cpu_limit.v = 15500;
	make_live(&w, 0, -1);
	add(&w, "next", 0)->memory_limit.v = (int64_t)8 * G;
	expect_wait(&w, 1, REASON_MEMORY, "needs 8G of memory: 3G of 16G is free");
	/* What is needed is rounded up and what is free down: the sentence never contradicts itself. */
	w.rows[1].memory_limit.v = (int64_t)3 * G + 1;
	expect_wait(&w, 1, REASON_MEMORY, "needs 3.1G of memory: 3G of 16G is free");
	w.rows[0].memory_limit.v = (int64_t)13 * G + 1;
	w.rows[1].memory_limit.v = (int64_t)3 * G;
	expect_wait(&w, 1, REASON_MEMORY, "needs 3G of memory: 2.9G of 16G is free");
	w.rows[1].memory_limit.v = G;
	w.rows[1].cpu_limit.v = 2000;
	expect_wait(&w, 1, REASON_CPU, "needs 2 CPUs: 0.5 of 16 is free");
	w.machine.packing_cpu = false;
	expect_verb(&w, 1, PLAN_START);
	done(&w);
}

static void test_unset_limits(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	w.machine.cpu_total.v = 1500;
	add(&w, "one", 0);
	add(&w, "two", 0);
	expect_verb(&w, 0, PLAN_START);
	expect_wait(&w, 1, REASON_CPU, "needs 1 CPU: 0.5 of 1.5 is free");
	done(&w);
}

static void test_waits_for_tasks(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	w.machine.max_tasks = 2;
	for (int i = 0; i < 3; i++)
		add(&w, "job", 0);
	make_live(&w, 0, -1);
	make_live(&w, 1, -1);
	expect_wait(&w, 2, REASON_TASKS, "2 tasks may run at once here and 2 do");
	w.machine.max_tasks = 1;
	w.jobs[1].live = false;
	expect_wait(&w, 2, REASON_TASKS, "1 task may run at once here and 1 does");
	done(&w);
}

static void test_waits_for_quota(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	w.machine.gpu_count = 8;
	w.quota.train.gpu_quota = 2;
	add(&w, "busy", 2);
	make_live(&w, 0, 0);
	add(&w, "next", 2);
	expect_wait(&w, 1, REASON_QUOTA, "org vision may use 2 GPUs and uses 2");
	w.quota.train.gpu_quota = 3;
	expect_wait(&w, 1, REASON_QUOTA, "needs 2 GPUs: org vision may use 3 GPUs and uses 2");
	w.quota.train.gpu_quota = -1;
	w.quota.train.count_quota = 1;
	expect_wait(&w, 1, REASON_QUOTA, "org vision may run 1 job at once and runs 1");
	w.quota.train.count_quota = -1;
	w.quota.total.cpu_quota.v = 2500;
	w.quota.model.cpu_used.v = 1000;
	expect_wait(&w, 1, REASON_QUOTA, "needs 1 CPU: org vision may use 2.5 CPUs and uses 2");
	done(&w);
}

static void test_held_cancel_and_backoff(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	add(&w, "held", 0);
	w.jobs[0].held = true;
	add(&w, "later", 0);
	w.jobs[1].not_before = NOW_MS + 5000;
	add(&w, "drop", 0);
	w.jobs[2].cancel = true;
	add(&w, "stop", 0);
	make_live(&w, 3, -1);
	w.jobs[3].cancel = true;
	expect_wait(&w, 0, REASON_HELD, "is held: start it to let it run");
	expect_wait(&w, 1, REASON_RETRY, "the next attempt starts at 2023-11-14T22:13:25Z");
	assert_int_equal(w.plan.wake, NOW_MS + 5000);
	expect_verb(&w, 2, PLAN_DROP);
	expect_verb(&w, 3, PLAN_STOP);
	w.jobs[3].stop_sent = true;
	plan(&w);
	assert_null(action_of(&w, 3));
	done(&w);
}

static void test_same_reason_is_not_told_again(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	add(&w, "big", 4);
	expect_wait(&w, 0, REASON_GPU, "needs 4 GPUs: 2 of 2 are free");
	w.rows[0].state = JOB_ENQUEUED;
	w.rows[0].reason = REASON_GPU;
	w.rows[0].message = "needs 4 GPUs: 2 of 2 are free";
	plan(&w);
	assert_null(action_of(&w, 0));
	w.gpus[0].usable = false;
	expect_wait(&w, 0, REASON_GPU, "needs 4 GPUs: 1 of 1 is free");
	done(&w);
}

/* ---- Order, back-fill, reservation ---- */

static void test_priority_then_age(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	w.machine.max_tasks = 1;
	add(&w, "young", 0);
	add(&w, "old", 0);
	add(&w, "urgent", 0)->priority = 5;
	w.jobs[0].order = 9;
	expect_verb(&w, 2, PLAN_START);
	w.rows[2].priority = -1;
	expect_verb(&w, 1, PLAN_START);
	done(&w);
}

static void test_small_ones_pass_until_the_first_has_waited(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	add(&w, "busy", 1);
	make_live(&w, 0, 0);
	add(&w, "big", 2);
	add(&w, "small", 1);
	add(&w, "cpu", 0);
	expect_verb(&w, 2, PLAN_START);
	assert_int_equal(w.plan.wake, w.rows[1].create_time.v + PLAN_RESERVE_MS);
	w.rows[1].create_time.v = NOW_MS - PLAN_RESERVE_MS;
	expect_wait(&w, 1, REASON_GPU, "needs 2 GPUs: 1 of 2 is free");
	expect_wait(&w, 2, REASON_PRIORITY,
		"needs 1 GPU: what is free is kept for big, which has waited longer");
	expect_verb(&w, 3, PLAN_START); /* takes nothing that is kept */
	done(&w);
}

static void test_what_can_never_run_keeps_nothing(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	add(&w, "huge", 5)->create_time.v = NOW_MS - 2 * PLAN_RESERVE_MS;
	add(&w, "small", 1);
	expect_verb(&w, 1, PLAN_START);
	done(&w);
}

static void test_keeps_within_the_quota(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	w.machine.gpu_count = 8;
	w.quota.train.gpu_quota = 4;
	add(&w, "busy", 2);
	make_live(&w, 0, 0);
	w.gpus[1].held = true;
	add(&w, "first", 4)->create_time.v = NOW_MS - PLAN_RESERVE_MS;
	add(&w, "second", 1);
	expect_wait(&w, 2, REASON_PRIORITY,
		"needs 1 GPU: what is free is kept for first, which has waited longer");
	/* Another org's jobs are not held up by this org's quota. */
	struct plan_org other = {.org_id = "2"};

	w.jobs[2].org = &other;
	expect_verb(&w, 2, PLAN_START);
	done(&w);
}

static void test_a_promoted_job_goes_before_other_orgs(void **state)
{
	struct world w;
	struct plan_org other = {.org_id = "2"};

	(void)state;
	world_init(&w);
	add(&w, "patient", 2)->create_time.v = NOW_MS - PLAN_RESERVE_MS;
	add(&w, "loud", 2)->priority = 1000;
	w.jobs[1].org = &other;
	expect_verb(&w, 0, PLAN_START);
	w.rows[0].create_time.v = NOW_MS;
	expect_verb(&w, 1, PLAN_START);
	done(&w);
}

static void test_gang(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	w.machine.gpu_count = 4;
	add(&w, "gang", 1)->worker_count = 2;
	w.rows[0].ps_count = 1;
	w.gpus[2].held = true;
	expect_wait(&w, 0, REASON_GPU, "needs 4 GPUs: 3 of 4 are free");
	w.gpus[2].held = false;
	w.machine.max_tasks = 3;
	expect_wait(&w, 0, REASON_TASKS, "needs 4 tasks: 3 tasks may run at once here and 0 do");
	w.machine.max_tasks = 4;
	expect_verb(&w, 0, PLAN_START);
	assert_int_equal(action_of(&w, 0)->gpu_count, 4);
	done(&w);
}

/* ---- plan_possible and plan_retry ---- */

static void refused(const struct world *w, const char *field, const char *text)
{
	struct err e = ERR_INIT;

	assert_false(plan_possible(&w->rows[0], &w->machine, &w->quota, &e));
	assert_string_equal(e.text, text);
	assert_string_equal(e.field, field);
	assert_int_equal(e.code, ERR_UNPROCESSABLE);
}

static void test_possible(void **state)
{
	struct world w;
	struct job *j;

	(void)state;
	world_init(&w);
	j = add(&w, "job", 4);
	w.machine.gpu_count = 0;
	refused(&w, "gpu_limit", "gpu_limit is 4: this machine has 0 GPUs");
	w.machine.gpu_count = 1;
	refused(&w, "gpu_limit", "gpu_limit is 4: this machine has 1 GPU");
	j->worker_count = 1;
	refused(&w, "gpu_limit", "gpu_limit is 4 for each of 2 tasks: this machine has 1 GPU");
	w.machine.gpu_count = 8;
	w.gpus[7].usable = false; /* may come back */
	assert_true(plan_possible(j, &w.machine, &w.quota, NULL));
	w.quota.train.gpu_quota = 7;
	refused(&w, "gpu_limit", "gpu_limit is 4 for each of 2 tasks: org vision may use 7 GPUs");
	j->gpu_limit = j->worker_count = 0;
	j->memory_limit.v = (int64_t)64 * G;
	refused(&w, "memory_limit", "memory_limit is 64G: this machine has 16G of memory");
	j->memory_limit.v = 0;
	w.machine.cpu_total.v = 500;
	refused(&w, "cpu_limit",
		"cpu_limit is not given and counts as 1: this machine has 0.5 CPUs");
	j->cpu_limit.v = 500;
	assert_true(plan_possible(j, &w.machine, NULL, NULL));
	w.quota.train.count_quota = 0;
	refused(&w, "job_name", "org vision may run no job: ask for a quota");
	j->node_selector_key = "rack";
	refused(&w, "node_selector_key",
		"node_selector_key is rack: no machine here has that label; leave it out");
	j->node_selector_key = "kubernetes.io/hostname";
	j->node_selector_value = "other";
	refused(&w, "node_selector_value", "node_selector_value is other: the machine here is box");
}

static void test_retry(void **state)
{
	struct job j = {.restart_policy = RESTART_ON_FAILURE, .max_attempts = 100};
	static const int64_t delays[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
	int64_t delay = -1;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(delays); i++) {
		assert_true(plan_retry(&j, REASON_EXIT_CODE, (int64_t)i + 1, &delay));
		assert_int_equal(delay, delays[i]);
	}
	assert_false(plan_retry(&j, REASON_NONE, 1, &delay));
	assert_false(plan_retry(&j, REASON_CANCELLED, 1, &delay));
	assert_false(plan_retry(&j, REASON_MODULE_MISSING, 1, &delay));
	assert_true(plan_retry(&j, REASON_SUPERVISOR_LOST, 1, &delay));
	assert_true(plan_retry(&j, REASON_NODE_REBOOTED, 1, &delay));
	assert_false(plan_retry(&j, REASON_EXIT_CODE, 100, &delay));
	j.max_attempts = 0; /* not given: 1 */
	assert_false(plan_retry(&j, REASON_EXIT_CODE, 1, &delay));
	assert_true(plan_retry(&j, REASON_RETRY, 1, &delay)); /* it never ran */
	j = (struct job){.restart_policy = RESTART_ALWAYS, .max_attempts = 3};
	assert_true(plan_retry(&j, REASON_NONE, 2, &delay));
	assert_false(plan_retry(&j, REASON_NONE, 3, &delay));
	j.restart_policy = RESTART_NEVER;
	assert_false(plan_retry(&j, REASON_SUPERVISOR_LOST, 1, &delay));
}

/* ---- Properties over random worlds ---- */

static uint64_t next(uint64_t *s)
{
	uint64_t z = *s += 0x9E3779B97F4A7C15u;

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return z ^ (z >> 31);
}

enum { ORGS = 3, MANY = 60 };

struct random_world {
	struct job rows[MANY];
	struct plan_job jobs[MANY];
	struct plan_gpu gpus[GPUS];
	struct plan_machine machine;
	struct quota quotas[ORGS];
	struct plan_org orgs[ORGS];
	size_t count;
};

static int64_t perhaps(uint64_t *s, int64_t below)
{
	return next(s) % 3 ? (int64_t)(next(s) % (uint64_t)below) : -1;
}

static void random_quota(struct quota *q, uint64_t *s)
{
	no_limits(q);
	q->train.gpu_quota = perhaps(s, 9);
	q->train.cpu_quota.v = perhaps(s, 16000);
	q->train.memory_quota.v = perhaps(s, (int64_t)32 * G);
	q->train.count_quota = perhaps(s, 12);
	q->total.gpu_quota = perhaps(s, 9);
}

static void random_job(struct random_world *w, size_t i, uint64_t *s, size_t *gpu)
{
	struct job *j = &w->rows[i];
	struct plan_job *p = &w->jobs[i];

	j->job_name = "job";
	j->gpu_limit = (int64_t)(next(s) % 4);
	j->cpu_limit.v = next(s) % 3 ? (int64_t)(next(s) % 5000 + 10) : 0;
	j->memory_limit.v = next(s) % 2 ? (int64_t)(next(s) % (6 * (uint64_t)G)) : 0;
	j->worker_count = next(s) % 5 == 0 ? (int64_t)(next(s) % 3) : 0;
	j->priority = (int64_t)(next(s) % 3);
	j->create_time.v = NOW_MS - (int64_t)(next(s) % (2 * PLAN_RESERVE_MS));
	*p = (struct plan_job){.job = j,
		.org = &w->orgs[next(s) % ORGS],
		.order = next(s) % 50,
		.live = next(s) % 5 == 0,
		.cancel = next(s) % 12 == 0,
		.held = next(s) % 12 == 0};
	if (p->live) {
		int64_t need = j->gpu_limit * (1 + j->worker_count);

		if (*gpu + (size_t)need > w->machine.gpu_count)
			j->gpu_limit = need = 0;
		for (; need > 0; need--)
			w->gpus[(*gpu)++].held = true;
	}
}

static void random_world(struct random_world *w, uint64_t seed)
{
	uint64_t s = seed;
	size_t gpu = 0;

	memset(w, 0, sizeof *w);
	w->machine = (struct plan_machine){.node_name = "box",
		.gpus = w->gpus,
		.cpu_total = {(int64_t)(next(&s) % 32000)},
		.gpu_count = next(&s) % (GPUS + 1),
		.memory_total = {(int64_t)(next(&s) % (64 * (uint64_t)G))},
		.max_tasks = (int64_t)(next(&s) % 20),
		.packing_cpu = next(&s) % 2};
	for (size_t i = 0; i < ORGS; i++) {
		random_quota(&w->quotas[i], &s);
		w->orgs[i].quota = &w->quotas[i];
	}
	for (size_t i = 0; i < GPUS; i++)
		w->gpus[i] = (struct plan_gpu){.uuid = "g", .usable = next(&s) % 6 != 0};
	w->count = next(&s) % MANY;
	for (size_t i = 0; i < w->count; i++)
		random_job(w, i, &s, &gpu);
}

/* Counted here anew, in the plainest way, from what lives and what is started. */
struct sums {
	int64_t cpu, memory, gpus, tasks, jobs;
};

static void sum(struct sums *to, const struct job *j)
{
	int64_t tasks = 1 + j->worker_count + j->ps_count;

	to->cpu += (j->cpu_limit.v ? j->cpu_limit.v : 1000) * tasks;
	to->memory += j->memory_limit.v * tasks;
	to->gpus += j->gpu_limit * tasks;
	to->tasks += tasks;
	to->jobs++;
}

static bool over(int64_t used, int64_t before, int64_t limit, bool limited)
{
	return limited && used > before && used > limit;
}

static void check_sums(const struct random_world *w, const struct plan *p)
{
	struct sums all = {0}, live = {0}, org[ORGS] = {0}, org_live[ORGS] = {0};

	for (size_t i = 0; i < w->count; i++) {
		if (!w->jobs[i].live)
			continue;
		sum(&live, &w->rows[i]);
		sum(&org_live[w->jobs[i].org - w->orgs], &w->rows[i]);
	}
	all = live;
	memcpy(org, org_live, sizeof org);
	for (size_t i = 0; i < p->count; i++) {
		if (p->actions[i].verb != PLAN_START)
			continue;
		sum(&all, &w->rows[p->actions[i].job]);
		sum(&org[w->jobs[p->actions[i].job].org - w->orgs], &w->rows[p->actions[i].job]);
	}
	assert_false(over(all.cpu, live.cpu, w->machine.cpu_total.v, w->machine.packing_cpu));
	assert_false(over(all.memory, live.memory, w->machine.memory_total.v,
		w->machine.memory_total.v > 0));
	assert_false(over(all.tasks, live.tasks, w->machine.max_tasks, w->machine.max_tasks > 0));
	for (int o = 0; o < ORGS; o++) {
		const struct quota_line *q = &w->quotas[o].train;

		assert_false(over(org[o].gpus, org_live[o].gpus, q->gpu_quota, q->gpu_quota >= 0));
		assert_false(over(org[o].gpus, org_live[o].gpus, w->quotas[o].total.gpu_quota,
			w->quotas[o].total.gpu_quota >= 0));
		assert_false(
			over(org[o].cpu, org_live[o].cpu, q->cpu_quota.v, q->cpu_quota.v >= 0));
		assert_false(over(org[o].memory, org_live[o].memory, q->memory_quota.v,
			q->memory_quota.v >= 0));
		assert_false(
			over(org[o].jobs, org_live[o].jobs, q->count_quota, q->count_quota >= 0));
	}
}

/* A started job has as many GPUs as it asked for, each usable, free, and given once. */
static void check_gpus(const struct random_world *w, const struct plan *p)
{
	bool given[GPUS] = {0};

	for (size_t i = 0; i < p->count; i++) {
		const struct plan_action *a = &p->actions[i];
		const struct job *j = &w->rows[a->job];

		if (a->verb != PLAN_START)
			continue;
		assert_int_equal(a->gpu_count, j->gpu_limit * (1 + j->worker_count));
		for (size_t g = 0; g < a->gpu_count; g++) {
			assert_true(a->gpus[g] < w->machine.gpu_count);
			assert_true(w->gpus[a->gpus[g]].usable);
			assert_false(w->gpus[a->gpus[g]].held);
			assert_false(given[a->gpus[g]]);
			given[a->gpus[g]] = true;
		}
	}
}

/* Every job that is not live gets exactly one verdict; live ones only a stop. */
static void check_verdicts(const struct random_world *w, const struct plan *p)
{
	int verdicts[MANY] = {0};

	for (size_t i = 0; i < p->count; i++) {
		const struct plan_action *a = &p->actions[i];
		const struct plan_job *j = &w->jobs[a->job];

		verdicts[a->job]++;
		assert_int_equal(j->live, a->verb == PLAN_STOP);
		assert_int_equal(j->cancel, a->verb == PLAN_STOP || a->verb == PLAN_DROP);
		if (j->held && !j->cancel)
			assert_int_equal(a->verb, PLAN_WAIT);
		if (a->verb == PLAN_WAIT)
			assert_true(a->reason != REASON_NONE && a->message[0] != '\0');
	}
	for (size_t i = 0; i < w->count; i++)
		assert_int_equal(verdicts[i], !w->jobs[i].live || w->jobs[i].cancel);
}

static void check_same(const struct plan *a, const struct plan *b)
{
	assert_int_equal(a->count, b->count);
	assert_int_equal(a->wake, b->wake);
	for (size_t i = 0; i < a->count; i++) {
		const struct plan_action *x = &a->actions[i], *y = &b->actions[i];

		assert_int_equal(x->verb, y->verb);
		assert_int_equal(x->job, y->job);
		assert_string_equal(x->message, y->message);
		assert_int_equal(x->gpu_count, y->gpu_count);
		if (x->gpu_count)
			assert_memory_equal(x->gpus, y->gpus, x->gpu_count * sizeof *x->gpus);
	}
}

static void test_properties(void **state)
{
	struct random_world *w = mem_alloc(sizeof *w);
	size_t starts = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 4000; seed++) {
		struct plan first, second;

		random_world(w, seed);
		struct plan_input in = {.machine = &w->machine,
			.jobs = w->jobs,
			.job_count = w->count,
			.now = NOW_MS};

		plan_make(&first, &in);
		plan_make(&second, &in);
		check_sums(w, &first);
		check_gpus(w, &first);
		check_verdicts(w, &first);
		check_same(&first, &second);
		for (size_t i = 0; i < first.count; i++)
			starts += first.actions[i].verb == PLAN_START;
		plan_release(&first);
		plan_release(&second);
	}
	assert_true(starts > 3000); /* the worlds are not all empty or full */
	free(w);
}

/* ---- A look at the head of the queue decides as one at all of it ---- */

static bool could_start(const struct plan_job *j)
{
	return !j->live && !j->cancel && !j->held;
}

static bool goes_before(const struct random_world *w, size_t a, size_t b)
{
	const struct plan_job *x = &w->jobs[a], *y = &w->jobs[b];

	if (x->job->priority != y->job->priority)
		return x->job->priority > y->job->priority;
	return x->order != y->order ? x->order < y->order : a < b;
}

/* How many could start before it; of its own org only, or of all. */
static size_t rank(const struct random_world *w, size_t job, bool own_org)
{
	size_t before = 0;

	for (size_t i = 0; i < w->count; i++)
		before += could_start(&w->jobs[i]) && goes_before(w, i, job) &&
			(!own_org || w->jobs[i].org == w->jobs[job].org);
	return before;
}

/* What lives, the first `most`, and the first of each org; `of` gets their places in the world. */
static size_t head_of(const struct random_world *w, size_t most, struct plan_job *jobs, size_t *of)
{
	size_t count = 0;

	for (size_t i = 0; i < w->count; i++) {
		bool behind = !w->jobs[i].live && rank(w, i, false) >= most;

		if (behind && (!could_start(&w->jobs[i]) || rank(w, i, true) > 0))
			continue;
		jobs[count] = w->jobs[i];
		jobs[count].behind = behind;
		of[count++] = i;
	}
	return count;
}

static const struct plan_action *decided(const struct plan *p, size_t job)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->actions[i].job == job)
			return &p->actions[i];
	return NULL;
}

static size_t starts_of(const struct plan *p)
{
	size_t starts = 0;

	for (size_t i = 0; i < p->count; i++)
		starts += p->actions[i].verb == PLAN_START;
	return starts;
}

static void check_head(const struct plan *head, const size_t *of, const struct plan *whole)
{
	for (size_t i = 0; i < head->count; i++) {
		const struct plan_action *x = &head->actions[i];
		const struct plan_action *y = decided(whole, of[x->job]);

		assert_non_null(y);
		assert_int_equal(x->verb, y->verb);
		assert_string_equal(x->message, y->message);
		assert_int_equal(x->gpu_count, y->gpu_count);
		if (x->gpu_count)
			assert_memory_equal(x->gpus, y->gpus, x->gpu_count * sizeof *x->gpus);
	}
	if (head->full)
		assert_int_equal(starts_of(head), starts_of(whole));
}

static void test_the_head_of_the_queue(void **state)
{
	struct random_world *w = mem_alloc(sizeof *w);
	size_t full = 0, behind = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 4000; seed++) {
		struct plan_job jobs[MANY];
		size_t of[MANY];
		struct plan whole, head;

		random_world(w, seed);
		struct plan_input in = {&w->machine, w->jobs, w->count, NOW_MS};

		plan_make(&whole, &in);
		in.jobs = jobs;
		in.job_count = head_of(w, seed % 8, jobs, of);
		plan_make(&head, &in);
		check_head(&head, of, &whole);
		full += head.full && in.job_count < w->count;
		for (size_t i = 0; i < head.count; i++)
			behind += jobs[head.actions[i].job].behind;
		plan_release(&whole);
		plan_release(&head);
	}
	assert_true(full > 300 && behind > 300); /* it was tried */
	free(w);
}

/*
 * A job of 8 GPUs against an endless stream of small ones, of its own org and of another that
 * shouts: it must start within a bounded number of rounds.
 */
static void test_no_starvation(void **state)
{
	enum { ROUND_MS = 60 * 1000, ROUNDS = 60, SMALL = 12 };
	struct plan_gpu gpus[GPUS];
	struct job rows[1 + SMALL] = {0};
	struct plan_job jobs[1 + SMALL];
	struct plan_org ours = {.org_id = "1"}, other = {.org_id = "2"};
	int64_t left[1 + SMALL] = {0}, owner[GPUS], now = NOW_MS;
	bool big_started = false;

	(void)state;
	for (int g = 0; g < GPUS; g++) {
		gpus[g] = (struct plan_gpu){.uuid = "g", .usable = true};
		owner[g] = -1;
	}
	struct plan_machine m = {.gpus = gpus, .gpu_count = GPUS};

	for (size_t i = 0; i <= SMALL; i++) {
		rows[i].job_name = "job";
		rows[i].gpu_limit = i ? 1 : GPUS;
		rows[i].priority = i % 2 ? 1000 : 0;
		rows[i].create_time.v = now;
		jobs[i] = (struct plan_job){.job = &rows[i],
			.org = i % 2 ? &other : &ours,
			.order = i};
	}
	for (int round = 0; round < ROUNDS && !big_started; round++, now += ROUND_MS) {
		struct plan p;
		struct plan_input in = {.machine = &m,
			.jobs = jobs,
			.job_count = 1 + SMALL,
			.now = now};

		/* The big one is not there yet in the first round, so that the small ones run. */
		jobs[0].held = round == 0;
		plan_make(&p, &in);
		for (size_t i = 0; i < p.count; i++) {
			const struct plan_action *a = &p.actions[i];

			if (a->verb != PLAN_START)
				continue;
			big_started = big_started || a->job == 0;
			jobs[a->job].live = true;
			left[a->job] = 1 + (int64_t)(a->job % 4);
			for (size_t g = 0; g < a->gpu_count; g++) {
				gpus[a->gpus[g]].held = true;
				owner[a->gpus[g]] = (int64_t)a->job;
			}
		}
		plan_release(&p);
		/* What ended comes again at once, with the same name and a new place in the row. */
		for (size_t i = 1; i <= SMALL; i++) {
			if (!jobs[i].live || --left[i] > 0)
				continue;
			jobs[i].live = false;
			jobs[i].order += 1000;
			rows[i].create_time.v = now;
			for (int g = 0; g < GPUS; g++)
				if (owner[g] == (int64_t)i) {
					owner[g] = -1;
					gpus[g].held = false;
				}
		}
	}
	assert_true(big_started);
}

/* At scale: two start, as max_tasks has it, and every other one is told why it waits. */
static void test_ten_thousand(void **state)
{
	enum { N = 10000 };
	struct job *rows = mem_alloc(N * sizeof *rows);
	struct plan_job *jobs = mem_alloc(N * sizeof *jobs);
	struct plan_machine m = {.cpu_total = {2000},
		.memory_total = {(int64_t)16 * G},
		.max_tasks = 2,
		.packing_cpu = true};
	struct plan_org orgs[ORGS] = {{.org_id = "1"}, {.org_id = "2"}, {.org_id = "3"}};
	uint64_t s = 7;
	size_t started = 0;
	struct plan p;

	(void)state;
	for (size_t i = 0; i < N; i++) {
		rows[i].job_name = "job";
		rows[i].gpu_limit = (int64_t)(next(&s) % 8);
		rows[i].memory_limit.v = (int64_t)(next(&s) % (8 * (uint64_t)G));
		rows[i].priority = (int64_t)(next(&s) % 5);
		jobs[i] = (struct plan_job){.job = &rows[i],
			.org = &orgs[i % ORGS],
			.order = next(&s)};
	}
	struct plan_input in = {.machine = &m, .jobs = jobs, .job_count = N, .now = NOW_MS};

	plan_make(&p, &in);
	assert_int_equal(p.count, N);
	for (size_t i = 0; i < p.count; i++)
		started += p.actions[i].verb == PLAN_START;
	assert_int_equal(started, m.max_tasks);
	plan_release(&p);
	free(rows);
	free(jobs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_waits_for_gpus),
		cmocka_unit_test(test_waits_for_memory_and_cpu),
		cmocka_unit_test(test_unset_limits),
		cmocka_unit_test(test_waits_for_tasks),
		cmocka_unit_test(test_waits_for_quota),
		cmocka_unit_test(test_held_cancel_and_backoff),
		cmocka_unit_test(test_same_reason_is_not_told_again),
		cmocka_unit_test(test_priority_then_age),
		cmocka_unit_test(test_small_ones_pass_until_the_first_has_waited),
		cmocka_unit_test(test_what_can_never_run_keeps_nothing),
		cmocka_unit_test(test_keeps_within_the_quota),
		cmocka_unit_test(test_a_promoted_job_goes_before_other_orgs),
		cmocka_unit_test(test_gang),
		cmocka_unit_test(test_possible),
		cmocka_unit_test(test_retry),
		cmocka_unit_test(test_properties),
		cmocka_unit_test(test_the_head_of_the_queue),
		cmocka_unit_test(test_no_starvation),
		cmocka_unit_test(test_ten_thousand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
