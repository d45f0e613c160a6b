/* The planner: who is stopped for whom. */
#include "core_plan_world.h"

/* `n` GPUs, all held by preemptible jobs of one GPU each, of another org. */
static void full_of(struct world *w, struct plan_org *other, int n)
{
	world_init(w);
	w->node.gpu_count = (size_t)n;
	for (int i = 0; i < n; i++) {
		add(w, "theirs", 1);
		make_live(w, (size_t)i, i);
		w->gangs[i].org = other;
		w->gangs[i].preemptible = true;
	}
}

static bool stopped(const struct world *w, size_t job, size_t by)
{
	const struct plan_action *a = action_of(w, job);

	return a && a->verb == PLAN_PREEMPT && a->by == by && a->reason == REASON_PREEMPTED;
}

static size_t stops(const struct plan *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->count; i++)
		n += p->actions[i].verb == PLAN_PREEMPT;
	return n;
}

static const char making[] = "preemptible jobs are being stopped to make room for it";

static void test_lowest_and_youngest_first(void **state)
{
	struct plan_org other = {.org_id = "2"};
	struct world w;

	(void)state;
	full_of(&w, &other, 4);
	w.rows[3].priority = 5;
	add(&w, "mine", 2);
	expect_wait(&w, 4, REASON_GPU, making);
	assert_int_equal(stops(&w.plan), 2);
	assert_true(stopped(&w, 2, 4) && stopped(&w, 1, 4));
	w.gpus[3].held = false; /* one is free: one is enough */
	w.gangs[3].live = false;
	w.gangs[3].held = true;
	plan(&w);
	assert_int_equal(stops(&w.plan), 1);
	assert_true(stopped(&w, 2, 4));
	done(&w);
}

static void test_none_where_it_is_not_enough(void **state)
{
	struct plan_org other = {.org_id = "2"};
	struct world w;

	(void)state;
	full_of(&w, &other, 4);
	add(&w, "mine", 4);
	w.gangs[0].preemptible = false;
	expect_wait(&w, 4, REASON_GPU, "needs 4 GPUs: 0 of the 4 here are free");
	assert_int_equal(stops(&w.plan), 0);
	w.gangs[0].preemptible = true;
	expect_wait(&w, 4, REASON_GPU, making);
	assert_int_equal(stops(&w.plan), 4);
	w.gangs[0].gpus_lost = 1; /* its place would be worth nothing */
	plan(&w);
	assert_int_equal(stops(&w.plan), 0);
	done(&w);
}

static void test_only_within_the_quota(void **state)
{
	struct plan_org other = {.org_id = "2"};
	struct world w;

	(void)state;
	full_of(&w, &other, 2);
	add(&w, "mine", 1);
	w.limits.parts[PART_TRAIN].v[DIM_GPUS] = 0;
	expect_wait(&w, 2, REASON_QUOTA, "org vision may use 0 GPUs and uses 0");
	assert_int_equal(stops(&w.plan), 0);
	w.limits.parts[PART_TRAIN].v[DIM_GPUS] = 1;
	plan(&w);
	assert_int_equal(stops(&w.plan), 1);
	w.gangs[2].preemptible = true; /* what may be stopped stops nobody */
	expect_wait(&w, 2, REASON_GPU, "needs 1 GPU: 0 of the 2 here are free");
	assert_int_equal(stops(&w.plan), 0);
	done(&w);
}

static void test_not_again_so_soon(void **state)
{
	struct plan_org other = {.org_id = "2"};
	struct world w;

	(void)state;
	full_of(&w, &other, 2);
	add(&w, "mine", 1);
	w.gangs[1].preempted = NOW_MS - PLAN_SPARED_MS + 1;
	plan(&w);
	assert_true(stopped(&w, 0, 2) && stops(&w.plan) == 1);
	w.gangs[1].preempted--;
	plan(&w);
	assert_true(stopped(&w, 1, 2) && stops(&w.plan) == 1);
	w.gangs[1].starting = true;
	plan(&w);
	assert_true(stopped(&w, 0, 2) && stops(&w.plan) == 1);
	done(&w);
}

/* Those that are on their way are waited for, and what they leave goes to nobody else. */
static void test_nobody_else_gets_the_room(void **state)
{
	struct plan_org other = {.org_id = "2"};
	struct world w;

	(void)state;
	full_of(&w, &other, 4);
	add(&w, "mine", 2);
	add(&w, "small", 1);
	w.gangs[2].leaving = true;
	w.gangs[3].live = false; /* it has left already, and waits */
	w.gangs[3].held = true;
	w.gpus[3].held = false;
	w.gangs[4].granted = true;
	expect_wait(&w, 4, REASON_GPU, making);
	assert_int_equal(stops(&w.plan), 1); /* for the small one: room is counted once */
	assert_true(stopped(&w, 1, 5));
	w.gangs[1].preemptible = w.gangs[0].preemptible = false;
	expect_wait(&w, 5, REASON_PRIORITY,
		"needs 1 GPU: what is free is kept for mine, which has waited longer");
	assert_int_equal(stops(&w.plan), 0);
	w.gangs[2].live = false;
	w.gangs[2].held = true;
	w.gpus[2].held = false;
	expect_verb(&w, 4, PLAN_START);
	assert_int_equal(action_of(&w, 5)->verb, PLAN_WAIT);
	done(&w);
}

static void test_whoever_is_not_needed_goes_on(void **state)
{
	struct plan_org other = {.org_id = "2"};
	struct world w;

	(void)state;
	full_of(&w, &other, 4);
	w.rows[0].memory = (int64_t)12 * G;
	w.rows[3].memory = G;
	add(&w, "mine", 1)->memory = (int64_t)8 * G;
	plan(&w);
	assert_int_equal(stops(&w.plan), 1);
	assert_true(stopped(&w, 0, 4)); /* the younger three were tried first */
	done(&w);
}

/* The limits of its org do not hold it, and what it uses takes nothing from the others of its org. */
static void test_over_the_quota(void **state)
{
	struct err e = ERR_INIT;
	struct world w;

	(void)state;
	world_init(&w);
	w.node.gpu_count = 4;
	w.limits.total.v[DIM_GPUS] = 1;
	add(&w, "spare", 3);
	w.gangs[0].preemptible = true;
	gang_fill(&w.gangs[0], &w.claims[0], &w.rows[0]);
	assert_true(plan_possible(&w.gangs[0], &w.cluster, &e));
	w.gangs[0].preemptible = false;
	assert_false(plan_possible(&w.gangs[0], &w.cluster, &e));
	w.gangs[0].preemptible = true;
	add(&w, "firm", 1);
	add(&w, "more", 1);
	plan(&w);
	assert_int_equal(action_of(&w, 0)->verb, PLAN_START);
	assert_int_equal(action_of(&w, 1)->verb, PLAN_START);
	assert_int_equal(action_of(&w, 2)->reason, REASON_QUOTA);
	done(&w);
}

/* But it counts in the share by which orgs take turns. */
static void test_what_is_over_counts_in_the_share(void **state)
{
	struct plan_org other = {.org_id = "2"};
	struct world w;

	(void)state;
	world_init(&w);
	w.node.gpu_count = 2;
	add(&w, "spare", 1);
	make_live(&w, 0, 0);
	w.gangs[0].preemptible = true;
	w.gangs[0].starting = true;
	add(&w, "older", 1);
	add(&w, "younger", 1);
	w.gangs[2].org = &other;
	expect_verb(&w, 2, PLAN_START);
	done(&w);
}

/* Or it would be stopped at once. */
static void test_its_turn_comes_last(void **state)
{
	struct plan_org other = {.org_id = "2"};
	struct world w;

	(void)state;
	world_init(&w);
	w.node.gpu_count = 1;
	add(&w, "spare", 1)->priority = 9;
	w.rows[0].created = NOW_MS - 2 * PLAN_RESERVE_MS;
	w.gangs[0].preemptible = true;
	add(&w, "firm", 1);
	expect_verb(&w, 1, PLAN_START);
	w.gangs[1].org = &other;
	expect_verb(&w, 1, PLAN_START);
	w.gpus[0].held = true; /* nothing is kept for it */
	w.gangs[1].held = true;
	plan(&w);
	assert_int_equal(w.plan.wake, 0);
	done(&w);
}

static void test_one_for_each(void **state)
{
	struct plan_org other = {.org_id = "2"};
	struct world w;

	(void)state;
	full_of(&w, &other, 4);
	add(&w, "first", 1);
	add(&w, "second", 2);
	plan(&w);
	assert_int_equal(stops(&w.plan), 3);
	assert_true(stopped(&w, 3, 4) && stopped(&w, 2, 5) && stopped(&w, 1, 5));
	assert_false(w.plan.full);
	done(&w);
}

/* ---- Random worlds of one node and one dimension ---- */

enum { RANDOM_GPUS = 8 };

static int64_t random_fill(struct world *w, uint64_t *s, struct plan_org *other)
{
	int64_t left = RANDOM_GPUS, gpu = 0;

	world_init(w);
	w->node.gpu_count = RANDOM_GPUS;
	w->node.cpu_total.v = 1000 * 1000;
	while (w->count < JOBS) {
		int64_t n = 1 + (int64_t)(next(s) % 3);
		struct plan_gang *g = &w->gangs[w->count];

		add(w, "job", n)->priority = (int64_t)(next(s) % 2);
		g->org = next(s) % 2 ? &w->org : other;
		g->preemptible = next(s) % 2;
		g->preempted = next(s) % 4 ? INT64_MIN : NOW_MS - 1;
		if (n > left || next(s) % 4 == 0)
			continue;
		g->live = true;
		g->leaving = g->preemptible && next(s) % 5 == 0;
		left -= n;
		while (n-- > 0)
			w->gpus[gpu++].held = true;
	}
	if (next(s) % 2)
		w->limits.total.v[DIM_GPUS] = (int64_t)(next(s) % 8);
	return left;
}

/* What others were stopped for has room once they and those that went before have gone: not less, and none of them could have stayed. */
static void check_enough(const struct world *w, const struct plan *p, size_t by, int64_t room)
{
	int64_t freed = 0, least = INT64_MAX, need = w->rows[by].gpus;

	for (size_t i = 0; i < p->count; i++) {
		const struct plan_action *a = &p->actions[i];

		if (a->verb != PLAN_PREEMPT || a->by != by)
			continue;
		assert_true(w->gangs[a->gang].live && w->gangs[a->gang].preemptible &&
			!w->gangs[a->gang].leaving && w->gangs[a->gang].preempted == INT64_MIN);
		freed += w->rows[a->gang].gpus;
		if (w->rows[a->gang].gpus < least)
			least = w->rows[a->gang].gpus;
	}
	assert_true(room + freed >= need && room + freed - least < need);
}

static void test_random(void **state)
{
	size_t preempted = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 5000; seed++) {
		struct plan_org other = {.org_id = "2", .name = "other"};
		struct plan_limits none;
		uint64_t s = seed;
		struct world w;
		int64_t room = random_fill(&w, &s, &other), firm = 0;

		no_limits(&none);
		plan(&w);
		for (size_t i = 0; i < w.count; i++) {
			if (w.gangs[i].live && !w.gangs[i].preemptible && w.gangs[i].org == &w.org)
				firm += w.rows[i].gpus;
			if (w.gangs[i].leaving)
				room += w.rows[i].gpus;
		}
		for (size_t i = 0; i < w.plan.count; i++) {
			const struct plan_action *a = &w.plan.actions[i];
			const struct plan_gang *g = &w.gangs[a->gang];

			if (a->verb == PLAN_START) {
				room -= w.rows[a->gang].gpus;
				firm += !g->preemptible && g->org == &w.org ? w.rows[a->gang].gpus
									    : 0;
				/* No start over the quota but of what may be stopped. */
				assert_true(g->preemptible || g->org != &w.org ||
					w.limits.total.v[DIM_GPUS] < 0 ||
					firm <= w.limits.total.v[DIM_GPUS]);
			}
		}
		preempted += stops(&w.plan);
		/* Whoever is stopped is stopped for one that waits, is not preemptible, and gets it. */
		for (size_t i = 0; i < w.count; i++) {
			bool any = false;

			for (size_t k = 0; k < w.plan.count; k++)
				any = any ||
					(w.plan.actions[k].verb == PLAN_PREEMPT &&
						w.plan.actions[k].by == i);
			if (any) {
				assert_false(w.gangs[i].live || w.gangs[i].preemptible);
				assert_int_equal(action_of(&w, i)->verb, PLAN_WAIT);
			}
		}
		done(&w);
	}
	assert_true(preempted > 500);
}

/* One waits, all others live: enough is freed, and no more. */
static void test_enough_and_no_more(void **state)
{
	size_t preempted = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 5000; seed++) {
		struct plan_org other = {.org_id = "2", .name = "other"};
		uint64_t s = seed;
		struct world w;
		int64_t room = random_fill(&w, &s, &other);
		size_t mine = JOBS;

		w.limits.total.v[DIM_GPUS] = NO_BOUND;
		for (size_t i = 0; i < w.count; i++) {
			if (w.gangs[i].leaving)
				room += w.rows[i].gpus;
			if (w.gangs[i].live)
				continue;
			w.gangs[i].held = mine < JOBS;
			if (mine == JOBS)
				mine = i;
		}
		if (mine == JOBS)
			continue;
		w.gangs[mine].preemptible = false;
		w.rows[mine].gpus = 1 + (int64_t)(next(&s) % RANDOM_GPUS);
		plan(&w);
		if (stops(&w.plan) > 0)
			check_enough(&w, &w.plan, mine, room);
		preempted += stops(&w.plan);
		done(&w);
	}
	assert_true(preempted > 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lowest_and_youngest_first),
		cmocka_unit_test(test_none_where_it_is_not_enough),
		cmocka_unit_test(test_only_within_the_quota),
		cmocka_unit_test(test_not_again_so_soon),
		cmocka_unit_test(test_nobody_else_gets_the_room),
		cmocka_unit_test(test_whoever_is_not_needed_goes_on),
		cmocka_unit_test(test_over_the_quota),
		cmocka_unit_test(test_what_is_over_counts_in_the_share),
		cmocka_unit_test(test_its_turn_comes_last),
		cmocka_unit_test(test_one_for_each),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_enough_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
