/* The planner: properties over seeded random worlds. */
#include "core_plan_world.h"

enum { ORGS = 3, MANY = 60, NODES = 3, TASKS = 4 };

struct random_world {
	struct row rows[MANY];
	struct plan_gang gangs[MANY];
	struct claim claims[MANY];
	uint16_t on[MANY][TASKS]; /* of what lives */
	struct plan_gpu gpus[NODES][GPUS];
	struct plan_node nodes[NODES];
	struct plan_cluster cluster;
	struct plan_limits limits[ORGS];
	struct plan_org orgs[ORGS];
	size_t count;
};

static int64_t perhaps(uint64_t *s, int64_t below)
{
	return next(s) % 3 ? (int64_t)(next(s) % (uint64_t)below) : NO_BOUND;
}

static void random_limits(struct plan_limits *l, uint64_t *s)
{
	no_limits(l);
	l->parts[PART_TRAIN].v[DIM_GPUS] = perhaps(s, 9);
	l->parts[PART_TRAIN].v[DIM_CPU] = perhaps(s, 16000);
	l->parts[PART_TRAIN].v[DIM_MEMORY] = perhaps(s, (int64_t)32 * G);
	l->parts[PART_TRAIN].v[DIM_JOBS] = perhaps(s, 12);
	l->total.v[DIM_GPUS] = perhaps(s, 9);
}

static void random_live(struct random_world *w, size_t i, uint64_t *s, size_t *gpu)
{
	int64_t tasks = 1 + w->rows[i].workers;
	bool room = true;

	for (int64_t t = 0; t < tasks; t++) {
		w->on[i][t] = (uint16_t)(next(s) % w->cluster.node_count);
		room = room &&
			gpu[w->on[i][t]] + (size_t)(w->rows[i].gpus * tasks) <=
				w->nodes[w->on[i][t]].gpu_count;
	}
	w->gangs[i].on = w->on[i];
	if (!room)
		w->rows[i].gpus = 0;
	for (int64_t t = 0; t < tasks; t++)
		for (int64_t g = 0; g < w->rows[i].gpus; g++)
			w->gpus[w->on[i][t]][gpu[w->on[i][t]]++].held = true;
}

static void random_gang(struct random_world *w, size_t i, uint64_t *s, size_t *gpu)
{
	struct row *r = &w->rows[i];
	static const char *const names[] = {"n0", "n1", "n2"};

	*r = (struct row){.name = "job",
		.gpus = (int64_t)(next(s) % 4),
		.cpu = next(s) % 3 ? (int64_t)(next(s) % 5000 + 10) : 0,
		.memory = next(s) % 2 ? (int64_t)(next(s) % (6 * (uint64_t)G)) : 0,
		.workers = next(s) % 5 == 0 ? (int64_t)(next(s) % TASKS) : 0,
		.priority = (int64_t)(next(s) % 3),
		.created = NOW_MS - (int64_t)(next(s) % (2 * PLAN_RESERVE_MS))};
	if (next(s) % 9 == 0) {
		r->selector_key = "hostname";
		r->selector_value = names[next(s) % NODES];
	}
	w->gangs[i] = (struct plan_gang){.org = &w->orgs[next(s) % ORGS],
		.order = next(s) % 50,
		.live = next(s) % 5 == 0,
		.cancel = next(s) % 12 == 0,
		.held = next(s) % 12 == 0};
	if (w->gangs[i].live)
		random_live(w, i, s, gpu);
	gang_fill(&w->gangs[i], &w->claims[i], r);
}

static void random_nodes(struct random_world *w, uint64_t *s)
{
	static const char *const names[NODES] = {"n0", "n1", "n2"};

	w->cluster = (struct plan_cluster){w->nodes, 1 + next(s) % NODES, next(s) % 2};
	for (size_t n = 0; n < NODES; n++) {
		w->nodes[n] = (struct plan_node){.name = names[n],
			.gpus = w->gpus[n],
			.cpu_total = {(int64_t)(next(s) % 32000)},
			.gpu_count = next(s) % (GPUS + 1),
			.memory_total = {(int64_t)(next(s) % (64 * (uint64_t)G))},
			.max_tasks = (int64_t)(next(s) % 20)};
		for (size_t i = 0; i < GPUS; i++)
			w->gpus[n][i] = (struct plan_gpu){.uuid = "g",
				.usable = next(s) % 6 != 0,
				.place = (uint8_t)(next(s) % 3)};
	}
}

static void random_world(struct random_world *w, uint64_t seed)
{
	uint64_t s = seed;
	size_t gpu[NODES] = {0};

	memset(w, 0, sizeof *w);
	random_nodes(w, &s);
	for (size_t i = 0; i < ORGS; i++) {
		random_limits(&w->limits[i], &s);
		w->orgs[i].limits = &w->limits[i];
	}
	w->count = next(&s) % MANY;
	for (size_t i = 0; i < w->count; i++)
		random_gang(w, i, &s, gpu);
}

/* Counted here anew, in the plainest way, from what lives and what is started. */
struct sums {
	int64_t cpu, memory, gpus, tasks, jobs;
};

static void sum_tasks(struct sums *to, const struct row *r, int64_t tasks)
{
	to->cpu += (r->cpu ? r->cpu : 1000) * tasks;
	to->memory += r->memory * tasks;
	to->gpus += r->gpus * tasks;
	to->tasks += tasks;
}

static void sum(struct sums *to, const struct row *r)
{
	sum_tasks(to, r, 1 + r->workers + r->ps);
	to->jobs++;
}

static bool over(int64_t used, int64_t before, int64_t limit, bool limited)
{
	return limited && used > before && used > limit;
}

static void check_nodes(const struct random_world *w, const struct plan *p)
{
	struct sums live[NODES] = {0}, all[NODES] = {0};

	for (size_t i = 0; i < w->count; i++)
		for (int64_t t = 0; w->gangs[i].live && t <= w->rows[i].workers; t++)
			sum_tasks(&live[w->on[i][t]], &w->rows[i], 1);
	memcpy(all, live, sizeof all);
	for (size_t i = 0; i < p->count; i++) {
		const struct plan_action *a = &p->actions[i];

		for (size_t t = 0; t < a->place_count; t++)
			sum_tasks(&all[a->places[t].node], &w->rows[a->gang], 1);
	}
	for (size_t n = 0; n < w->cluster.node_count; n++) {
		const struct plan_node *m = &w->nodes[n];

		assert_false(over(all[n].cpu, live[n].cpu, m->cpu_total.v, w->cluster.packing_cpu));
		assert_false(over(all[n].memory, live[n].memory, m->memory_total.v,
			m->memory_total.v > 0));
		assert_false(over(all[n].tasks, live[n].tasks, m->max_tasks, m->max_tasks > 0));
	}
}

static void check_sums(const struct random_world *w, const struct plan *p)
{
	struct sums org[ORGS] = {0}, org_live[ORGS] = {0};

	for (size_t i = 0; i < w->count; i++)
		if (w->gangs[i].live)
			sum(&org_live[w->gangs[i].org - w->orgs], &w->rows[i]);
	memcpy(org, org_live, sizeof org);
	for (size_t i = 0; i < p->count; i++)
		if (p->actions[i].verb == PLAN_START)
			sum(&org[w->gangs[p->actions[i].gang].org - w->orgs],
				&w->rows[p->actions[i].gang]);
	for (int o = 0; o < ORGS; o++) {
		const int64_t *q = w->limits[o].parts[PART_TRAIN].v, *all = w->limits[o].total.v;

		assert_false(over(org[o].gpus, org_live[o].gpus, q[DIM_GPUS], q[DIM_GPUS] >= 0));
		assert_false(
			over(org[o].gpus, org_live[o].gpus, all[DIM_GPUS], all[DIM_GPUS] >= 0));
		assert_false(over(org[o].cpu, org_live[o].cpu, q[DIM_CPU], q[DIM_CPU] >= 0));
		assert_false(
			over(org[o].memory, org_live[o].memory, q[DIM_MEMORY], q[DIM_MEMORY] >= 0));
		assert_false(over(org[o].jobs, org_live[o].jobs, q[DIM_JOBS], q[DIM_JOBS] >= 0));
	}
}

/*
 * A started gang has a place for each task, on a node that its selector allows, with as many GPUs
 * as a task asks for, each usable, free, and given once.
 */
static void check_places(const struct random_world *w, const struct plan *p)
{
	bool given[NODES][GPUS] = {0};

	for (size_t i = 0; i < p->count; i++) {
		const struct plan_action *a = &p->actions[i];
		const struct row *r = &w->rows[a->gang];

		if (a->verb != PLAN_START)
			continue;
		assert_int_equal(a->place_count, 1 + r->workers);
		for (size_t t = 0; t < a->place_count; t++) {
			const struct plan_place *at = &a->places[t];

			assert_true(at->node < w->cluster.node_count);
			if (r->selector_key)
				assert_string_equal(w->nodes[at->node].name, r->selector_value);
			assert_int_equal(at->gpu_count, r->gpus);
			for (size_t g = 0; g < at->gpu_count; g++) {
				const struct plan_gpu *gpu = &w->gpus[at->node][at->gpus[g]];

				assert_true(at->gpus[g] < w->nodes[at->node].gpu_count);
				assert_true(gpu->usable && !gpu->held);
				assert_false(given[at->node][at->gpus[g]]);
				given[at->node][at->gpus[g]] = true;
			}
		}
	}
}

static void check_same_places(const struct plan_action *x, const struct plan_action *y)
{
	assert_int_equal(x->place_count, y->place_count);
	for (size_t t = 0; t < x->place_count; t++) {
		const struct plan_place *a = &x->places[t], *b = &y->places[t];

		assert_int_equal(a->node, b->node);
		assert_int_equal(a->gpu_count, b->gpu_count);
		if (a->gpu_count)
			assert_memory_equal(a->gpus, b->gpus, a->gpu_count * sizeof *a->gpus);
	}
}

/* Every gang that is not live gets exactly one verdict; live ones only a stop. */
static void check_verdicts(const struct random_world *w, const struct plan *p)
{
	int verdicts[MANY] = {0};

	for (size_t i = 0; i < p->count; i++) {
		const struct plan_action *a = &p->actions[i];
		const struct plan_gang *j = &w->gangs[a->gang];

		verdicts[a->gang]++;
		assert_int_equal(j->live, a->verb == PLAN_STOP);
		assert_int_equal(j->cancel, a->verb == PLAN_STOP || a->verb == PLAN_DROP);
		if (j->held && !j->cancel)
			assert_int_equal(a->verb, PLAN_WAIT);
		if (a->verb == PLAN_WAIT)
			assert_true(a->reason != REASON_NONE && a->message[0] != '\0');
	}
	for (size_t i = 0; i < w->count; i++)
		assert_int_equal(verdicts[i], !w->gangs[i].live || w->gangs[i].cancel);
}

static void check_same(const struct plan *a, const struct plan *b)
{
	assert_int_equal(a->count, b->count);
	assert_int_equal(a->wake, b->wake);
	for (size_t i = 0; i < a->count; i++) {
		const struct plan_action *x = &a->actions[i], *y = &b->actions[i];

		assert_int_equal(x->verb, y->verb);
		assert_int_equal(x->gang, y->gang);
		assert_string_equal(x->message, y->message);
		check_same_places(x, y);
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
		struct plan_input in = {.cluster = &w->cluster,
			.gangs = w->gangs,
			.gang_count = w->count,
			.now = NOW_MS};

		plan_make(&first, &in);
		plan_make(&second, &in);
		check_sums(w, &first);
		check_nodes(w, &first);
		check_places(w, &first);
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

static bool could_start(const struct plan_gang *j)
{
	return !j->live && !j->cancel && !j->held;
}

static bool goes_before(const struct random_world *w, size_t a, size_t b)
{
	const struct plan_gang *x = &w->gangs[a], *y = &w->gangs[b];

	if (x->priority != y->priority)
		return x->priority > y->priority;
	return x->order != y->order ? x->order < y->order : a < b;
}

/* How many of its org that could start go before it. */
static size_t rank(const struct random_world *w, size_t job)
{
	size_t before = 0;

	for (size_t i = 0; i < w->count; i++)
		before += could_start(&w->gangs[i]) && goes_before(w, i, job) &&
			w->gangs[i].org == w->gangs[job].org;
	return before;
}

/* What lives, and of each org the first `most`; `of` gets their places in the world. */
static size_t head_of(struct random_world *w, size_t most, struct plan_gang *jobs, size_t *of)
{
	size_t count = 0;

	for (size_t i = 0; i < w->count; i++) {
		bool behind = !w->gangs[i].live && rank(w, i) >= most;

		if (behind && could_start(&w->gangs[i]))
			w->orgs[w->gangs[i].org - w->orgs].cut = true;
		if (behind)
			continue;
		jobs[count] = w->gangs[i];
		of[count++] = i;
	}
	return count;
}

static const struct plan_action *decided(const struct plan *p, size_t job)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->actions[i].gang == job)
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
		const struct plan_action *y = decided(whole, of[x->gang]);

		assert_non_null(y);
		assert_int_equal(x->verb, y->verb);
		assert_string_equal(x->message, y->message);
		check_same_places(x, y);
	}
	if (head->full)
		assert_int_equal(starts_of(head), starts_of(whole));
}

static void test_the_head_of_the_queue(void **state)
{
	struct random_world *w = mem_alloc(sizeof *w);
	size_t full = 0, cut = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 4000; seed++) {
		struct plan_gang jobs[MANY];
		size_t of[MANY];
		struct plan whole, head;

		random_world(w, seed);
		struct plan_input in = {&w->cluster, w->gangs, w->count, NOW_MS, 0, 0};

		plan_make(&whole, &in);
		in.gangs = jobs;
		in.gang_count = head_of(w, 1 + seed % 8, jobs, of);
		plan_make(&head, &in);
		check_head(&head, of, &whole);
		full += head.full && in.gang_count < w->count;
		for (size_t i = 0; i < head.count && in.gang_count < w->count; i++)
			cut += head.actions[i].verb == PLAN_START;
		plan_release(&whole);
		plan_release(&head);
	}
	assert_true(full > 300 && cut > 300); /* it was tried */
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
