/* The planner on one node: sentences to the letter, order, reservation. */
#include "core_plan_world.h"

/* ---- Sentences ---- */

static void test_waits_for_gpus(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	add(&w, "busy", 1);
	make_live(&w, 0, 0);
	add(&w, "big", 4);
	expect_wait(&w, 1, REASON_GPU, "needs 4 GPUs: 1 of the 2 here is free");
	w.gpus[1].usable = false;
	expect_wait(&w, 1, REASON_GPU, "needs 4 GPUs: 0 of the 1 here are free");
	done(&w);
}

static void test_waits_for_memory_and_cpu(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	add(&w, "busy", 0)->memory = (int64_t)13 * G;
	w.rows[0].cpu = 15500;
	make_live(&w, 0, -1);
	add(&w, "next", 0)->memory = (int64_t)8 * G;
	expect_wait(&w, 1, REASON_MEMORY, "needs 8G of memory: 3G of the 16G here is free");
	/* What is needed is rounded up and what is free down: the sentence never contradicts itself. */
	w.rows[1].memory = (int64_t)3 * G + 1;
	expect_wait(&w, 1, REASON_MEMORY, "needs 3.1G of memory: 3G of the 16G here is free");
	w.rows[0].memory = (int64_t)13 * G + 1;
	w.rows[1].memory = (int64_t)3 * G;
	expect_wait(&w, 1, REASON_MEMORY, "needs 3G of memory: 2.9G of the 16G here is free");
	w.rows[1].memory = G;
	w.rows[1].cpu = 2000;
	expect_wait(&w, 1, REASON_CPU, "needs 2 CPUs: 0.5 of the 16 here is free");
	w.cluster.packing_cpu = false;
	expect_verb(&w, 1, PLAN_START);
	done(&w);
}

static void test_unset_limits(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	w.node.cpu_total.v = 1500;
	add(&w, "one", 0);
	add(&w, "two", 0);
	expect_verb(&w, 0, PLAN_START);
	expect_wait(&w, 1, REASON_CPU, "needs 1 CPU: 0.5 of the 1.5 here is free");
	done(&w);
}

static void test_waits_for_tasks(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	w.node.max_tasks = 2;
	for (int i = 0; i < 3; i++)
		add(&w, "job", 0);
	make_live(&w, 0, -1);
	make_live(&w, 1, -1);
	expect_wait(&w, 2, REASON_TASKS, "2 tasks may run at once here and 2 do");
	w.node.max_tasks = 1;
	w.gangs[1].live = false;
	expect_wait(&w, 2, REASON_TASKS, "1 task may run at once here and 1 does");
	done(&w);
}

static void test_waits_for_quota(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	w.node.gpu_count = 8;
	w.limits.parts[PART_TRAIN].v[DIM_GPUS] = 2;
	add(&w, "busy", 2);
	make_live(&w, 0, 0);
	add(&w, "next", 2);
	expect_wait(&w, 1, REASON_QUOTA, "org vision may use 2 GPUs and uses 2");
	w.limits.parts[PART_TRAIN].v[DIM_GPUS] = 3;
	expect_wait(&w, 1, REASON_QUOTA, "needs 2 GPUs: org vision may use 3 GPUs and uses 2");
	w.limits.parts[PART_TRAIN].v[DIM_GPUS] = -1;
	w.limits.parts[PART_TRAIN].v[DIM_JOBS] = 1;
	expect_wait(&w, 1, REASON_QUOTA, "org vision may run 1 job at once and runs 1");
	w.limits.parts[PART_TRAIN].v[DIM_JOBS] = -1;
	w.limits.total.v[DIM_CPU] = 2500;
	add(&w, "service", 0);
	make_live(&w, 2, -1);
	w.gangs[2].part = PART_MODEL;
	expect_wait(&w, 1, REASON_QUOTA, "needs 1 CPU: org vision may use 2.5 CPUs and uses 2");
	done(&w);
}

/* Each part of a quota bounds what counts in it, and nothing else. */
static void test_parts_of_a_quota(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	add(&w, "job", 0);
	make_live(&w, 0, -1);
	add(&w, "next", 0);
	w.limits.parts[PART_TENSORBOARD].v[DIM_JOBS] = 1;
	w.limits.parts[PART_MODEL].v[DIM_JOBS] = 0;
	expect_verb(&w, 1, PLAN_START);
	w.gangs[1].part = PART_TENSORBOARD;
	expect_verb(&w, 1, PLAN_START);
	w.gangs[0].part = PART_TENSORBOARD;
	expect_wait(&w, 1, REASON_QUOTA, "org vision may run 1 job at once and runs 1");
	w.gangs[1].part = PART_MODEL;
	expect_wait(&w, 1, REASON_QUOTA, "org vision may run 0 jobs at once and runs 0");
	done(&w);
}

static void test_held_cancel_and_backoff(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	add(&w, "held", 0);
	w.gangs[0].held = true;
	add(&w, "later", 0);
	w.gangs[1].not_before = NOW_MS + 5000;
	add(&w, "drop", 0);
	w.gangs[2].cancel = true;
	add(&w, "stop", 0);
	make_live(&w, 3, -1);
	w.gangs[3].cancel = true;
	expect_wait(&w, 0, REASON_HELD, "is held: release it to let it run");
	expect_wait(&w, 1, REASON_RETRY, "the next attempt starts at 2023-11-14T22:13:25Z");
	assert_int_equal(w.plan.wake, NOW_MS + 5000);
	w.wall = -60000; /* people have set their clock back: the span is the same */
	expect_wait(&w, 1, REASON_RETRY, "the next attempt starts at 2023-11-14T22:12:25Z");
	assert_int_equal(w.plan.wake, NOW_MS + 5000);
	expect_verb(&w, 2, PLAN_DROP);
	expect_verb(&w, 3, PLAN_STOP);
	w.gangs[3].stop_sent = true;
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
	expect_wait(&w, 0, REASON_GPU, "needs 4 GPUs: 2 of the 2 here are free");
	w.rows[0].enqueued = true;
	w.rows[0].reason = REASON_GPU;
	w.rows[0].message = "needs 4 GPUs: 2 of the 2 here are free";
	plan(&w);
	assert_null(action_of(&w, 0));
	w.gpus[0].usable = false;
	expect_wait(&w, 0, REASON_GPU, "needs 4 GPUs: 1 of the 1 here is free");
	done(&w);
}

/* ---- Order, back-fill, reservation ---- */

static void test_priority_then_age(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	w.node.max_tasks = 1;
	add(&w, "young", 0);
	add(&w, "old", 0);
	add(&w, "urgent", 0)->priority = 5;
	w.gangs[0].order = 9;
	expect_verb(&w, 2, PLAN_START);
	w.rows[2].priority = -1;
	expect_verb(&w, 1, PLAN_START);
	done(&w);
}

/* It is the turn of the org that holds least of its share; an end of its own moves nobody up. */
static void test_the_least_share_goes_first(void **state)
{
	struct plan_limits small;
	struct plan_org other = {.org_id = "2", .name = "speech", .limits = &small};
	struct world w;

	(void)state;
	world_init(&w);
	no_limits(&small);
	w.node.gpu_count = 4;
	add(&w, "held", 1);
	make_live(&w, 0, 0);
	add(&w, "theirs", 1);
	make_live(&w, 1, 1);
	w.gangs[1].org = &other;
	add(&w, "older", 2);
	add(&w, "younger", 2);
	w.gangs[3].org = &other;
	expect_verb(&w, 2, PLAN_START); /* 1 of 4 each: who waits longer */
	w.limits.total.v[DIM_GPUS] = 3; /* 1 of 3, and 1 of 4 */
	expect_verb(&w, 3, PLAN_START);
	small.parts[PART_TRAIN].v[DIM_GPUS] = 2; /* its own line bounds it as well: 1 of 2 */
	expect_wait(&w, 3, REASON_QUOTA, "needs 2 GPUs: org speech may use 2 GPUs and uses 1");
	w.rows[3].gpus = 1;
	w.rows[2].gpus = 1;
	w.gpus[2].held = true;
	expect_verb(&w, 2, PLAN_START);
	w.limits.total.v[DIM_GPUS] = 2;
	small.parts[PART_TRAIN].v[DIM_GPUS] = 9; /* 1 of 2, and 1 of the 4 that there are */
	expect_verb(&w, 3, PLAN_START);
	w.limits.total.v[DIM_GPUS] = NO_BOUND;
	small.total.v[DIM_GPUS] = 100;
	small.parts[PART_TRAIN].v[DIM_GPUS] = 100; /* more than there are: 1 of 4 each */
	expect_verb(&w, 2, PLAN_START);
	done(&w);
}

/* GPUs first: of equal ones memory decides, then CPUs. */
static void test_shares_by_dimension(void **state)
{
	struct plan_org other = {.org_id = "2", .name = "speech"};
	struct world w;

	(void)state;
	world_init(&w);
	w.node.max_tasks = 3;
	add(&w, "ours", 0)->memory = G;
	make_live(&w, 0, -1);
	add(&w, "theirs", 0)->cpu = 8000;
	make_live(&w, 1, -1);
	w.gangs[1].org = &other;
	add(&w, "older", 0);
	add(&w, "younger", 0);
	w.gangs[3].org = &other;
	expect_verb(&w, 3, PLAN_START);
	w.rows[0].memory = 0;
	expect_verb(&w, 2, PLAN_START);
	w.rows[0].gpus = 1;
	w.gpus[0].held = true;
	expect_verb(&w, 3, PLAN_START);
	done(&w);
}

/* Whoever shouts in one org is not heard in another. */
static void test_priority_is_the_orgs_own(void **state)
{
	struct plan_org other = {.org_id = "2", .name = "speech"};
	struct world w;

	(void)state;
	world_init(&w);
	w.node.max_tasks = 1;
	add(&w, "older", 0);
	add(&w, "loud", 0)->priority = 1000;
	w.gangs[1].org = &other;
	expect_verb(&w, 0, PLAN_START);
	done(&w);
}

/* A start counts at once: what waits is shared out one by one. */
static void test_turns_while_they_start(void **state)
{
	struct plan_org other = {.org_id = "2", .name = "speech"};
	struct world w;

	(void)state;
	world_init(&w);
	w.node.gpu_count = 4;
	for (int i = 0; i < 8; i++) {
		add(&w, "job", 1);
		w.gangs[i].org = i < 6 ? &w.org : &other;
	}
	plan(&w);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(action_of(&w, i)->verb, i < 2 || i > 5 ? PLAN_START : PLAN_WAIT);
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
	assert_int_equal(w.plan.wake, w.rows[1].created + PLAN_RESERVE_MS);
	w.rows[1].created = NOW_MS - PLAN_RESERVE_MS;
	expect_wait(&w, 1, REASON_GPU, "needs 2 GPUs: 1 of the 2 here is free");
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
	add(&w, "huge", 5)->created = NOW_MS - 2 * PLAN_RESERVE_MS;
	add(&w, "small", 1);
	expect_verb(&w, 1, PLAN_START);
	/* Each of its tasks would fit, all of them never. */
	w.rows[0].gpus = 1;
	w.rows[0].workers = 4;
	expect_verb(&w, 1, PLAN_START);
	done(&w);
}

static void test_keeps_within_the_quota(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	w.node.gpu_count = 8;
	w.limits.parts[PART_TRAIN].v[DIM_GPUS] = 4;
	add(&w, "busy", 2);
	make_live(&w, 0, 0);
	w.gpus[1].held = true;
	add(&w, "first", 4)->created = NOW_MS - PLAN_RESERVE_MS;
	add(&w, "second", 1);
	expect_wait(&w, 2, REASON_PRIORITY,
		"needs 1 GPU: what is free is kept for first, which has waited longer");
	/* Another org's jobs are not held up by this org's quota. */
	struct plan_org other = {.org_id = "2"};

	w.gangs[2].org = &other;
	expect_verb(&w, 2, PLAN_START);
	done(&w);
}

static void test_a_promoted_job_goes_before_other_orgs(void **state)
{
	struct world w;
	struct plan_org other = {.org_id = "2"};

	(void)state;
	world_init(&w);
	add(&w, "patient", 2)->created = NOW_MS - PLAN_RESERVE_MS;
	add(&w, "busy", 1); /* its org holds more */
	make_live(&w, 1, -1);
	w.node.gpu_count = 3;
	w.gpus[2].held = true;
	add(&w, "other", 2);
	w.gangs[2].org = &other;
	expect_verb(&w, 0, PLAN_START);
	w.rows[0].created = NOW_MS;
	expect_verb(&w, 2, PLAN_START);
	done(&w);
}

static void test_gang(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	w.node.gpu_count = 4;
	add(&w, "gang", 1)->workers = 2;
	w.rows[0].ps = 1;
	w.gpus[2].held = true;
	expect_wait(&w, 0, REASON_GPU, "needs 4 GPUs: 3 of the 4 here are free");
	w.gpus[2].held = false;
	w.node.max_tasks = 3;
	expect_wait(&w, 0, REASON_TASKS, "needs 4 tasks: 3 tasks may run at once here and 0 do");
	w.node.max_tasks = 4;
	expect_verb(&w, 0, PLAN_START);
	assert_int_equal(gpus_of(action_of(&w, 0)), 4);
	done(&w);
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
		cmocka_unit_test(test_turns_while_they_start),
		cmocka_unit_test(test_priority_is_the_orgs_own),
		cmocka_unit_test(test_shares_by_dimension),
		cmocka_unit_test(test_the_least_share_goes_first),
		cmocka_unit_test(test_parts_of_a_quota),
		cmocka_unit_test(test_small_ones_pass_until_the_first_has_waited),
		cmocka_unit_test(test_what_can_never_run_keeps_nothing),
		cmocka_unit_test(test_keeps_within_the_quota),
		cmocka_unit_test(test_a_promoted_job_goes_before_other_orgs),
		cmocka_unit_test(test_gang),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
