/* The planner: properties over seeded random worlds. */
#include "core_plan_world.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_properties),
		cmocka_unit_test(test_the_head_of_the_queue),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
