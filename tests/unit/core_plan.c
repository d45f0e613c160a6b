/* The planner: sentences to the letter, order, reservation, nodes, what is possible. */
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
	w.limits.kind.v[DIM_GPUS] = 2;
	add(&w, "busy", 2);
	make_live(&w, 0, 0);
	add(&w, "next", 2);
	expect_wait(&w, 1, REASON_QUOTA, "org vision may use 2 GPUs and uses 2");
	w.limits.kind.v[DIM_GPUS] = 3;
	expect_wait(&w, 1, REASON_QUOTA, "needs 2 GPUs: org vision may use 3 GPUs and uses 2");
	w.limits.kind.v[DIM_GPUS] = -1;
	w.limits.kind.v[DIM_JOBS] = 1;
	expect_wait(&w, 1, REASON_QUOTA, "org vision may run 1 job at once and runs 1");
	w.limits.kind.v[DIM_JOBS] = -1;
	w.limits.total.v[DIM_CPU] = 2500;
	w.limits.elsewhere.v[DIM_CPU] = 1000;
	expect_wait(&w, 1, REASON_QUOTA, "needs 1 CPU: org vision may use 2.5 CPUs and uses 2");
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
	w.limits.kind.v[DIM_GPUS] = 4;
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
	add(&w, "loud", 2)->priority = 1000;
	w.gangs[1].org = &other;
	expect_verb(&w, 0, PLAN_START);
	w.rows[0].created = NOW_MS;
	expect_verb(&w, 1, PLAN_START);
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

/* ---- Many nodes ---- */

/* Two nodes of 2 GPUs and 8 CPUs each. */
static void two_nodes(struct world *w, struct plan_node nodes[2])
{
	static const char *const names[] = {"left", "right"};
	static const struct label labels[] = {{"zone", "a"}};

	world_init(w);
	for (size_t i = 0; i < 2; i++)
		nodes[i] = (struct plan_node){.name = names[i],
			.cpu_total = {8000},
			.memory_total = {(int64_t)8 * G},
			.gpus = &w->gpus[2 * i],
			.gpu_count = 2};
	nodes[1].labels = (struct labels){.items = (struct label *)labels, .len = 1};
	w->cluster = (struct plan_cluster){nodes, 2, true};
}

static void test_a_gang_spreads_over_nodes(void **state)
{
	struct plan_node nodes[2];
	struct world w;
	const struct plan_action *a;

	(void)state;
	two_nodes(&w, nodes);
	add(&w, "gang", 1)->workers = 2;
	w.gpus[0].held = true;
	expect_verb(&w, 0, PLAN_START);
	a = action_of(&w, 0);
	assert_int_equal(a->place_count, 3);
	assert_int_equal(a->places[0].node, 0);
	assert_int_equal(a->places[0].gpus[0], 1);
	assert_int_equal(a->places[1].node, 1);
	assert_int_equal(a->places[2].node, 1);
	assert_int_equal(a->places[2].gpus[0], 1);
	w.gpus[3].held = true;
	expect_wait(&w, 0, REASON_GPU, "needs 3 GPUs: 2 of the 4 here are free");
	done(&w);
}

static void test_enough_in_all_and_on_no_node(void **state)
{
	struct plan_node nodes[2];
	struct world w;

	(void)state;
	two_nodes(&w, nodes);
	add(&w, "big", 2);
	w.gpus[0].held = w.gpus[2].held = true;
	expect_wait(&w, 0, REASON_GPU,
		"needs 2 GPUs on one node: the most that is free on one is 1");
	/* Nothing of what was tried is still taken. */
	add(&w, "small", 1)->workers = 1;
	expect_verb(&w, 1, PLAN_START);
	w.rows[0].gpus = 0;
	w.rows[0].memory = (int64_t)8 * G;
	w.rows[1].memory = G;
	w.rows[1].priority = 1;
	expect_wait(&w, 0, REASON_MEMORY,
		"needs 8G of memory on one node: the most that is free on one is 7G");
	done(&w);
}

/* Its first task had found a node when the second found none. */
static void test_what_was_tried_is_given_back(void **state)
{
	static const uint16_t right = 1;
	struct plan_node nodes[2];
	struct world w;
	struct row *gang;

	(void)state;
	two_nodes(&w, nodes);
	add(&w, "busy", 0)->cpu = 6000;
	make_live(&w, 0, -1);
	w.gangs[0].on = &right;
	gang = add(&w, "gang", 0);
	gang->cpu = 5000;
	gang->workers = 1;
	add(&w, "next", 0)->cpu = 8000;
	expect_wait(&w, 1, REASON_CPU,
		"needs 5 CPUs on one node: the most that is free on one is 3");
	expect_verb(&w, 2, PLAN_START);
	done(&w);
}

static void test_what_lives_holds_its_own_node(void **state)
{
	static const uint16_t right = 1, gone = UINT16_MAX;
	struct plan_node nodes[2];
	struct world w;

	(void)state;
	two_nodes(&w, nodes);
	add(&w, "busy", 0)->cpu = 8000;
	make_live(&w, 0, -1);
	w.gangs[0].on = &right;
	add(&w, "next", 0)->cpu = 6000;
	expect_verb(&w, 1, PLAN_START);
	assert_int_equal(action_of(&w, 1)->places[0].node, 0);
	w.rows[1].selector_key = "hostname";
	w.rows[1].selector_value = "right";
	expect_wait(&w, 1, REASON_CPU, "needs 6 CPUs: 0 of the 8 here are free");
	w.rows[1].selector_key = "zone";
	w.rows[1].selector_value = "a";
	expect_wait(&w, 1, REASON_CPU, "needs 6 CPUs: 0 of the 8 here are free");
	w.gangs[0].on = &gone; /* its node has left */
	expect_verb(&w, 1, PLAN_START);
	assert_int_equal(action_of(&w, 1)->places[0].node, 1);
	done(&w);
}

/* What is kept lies together: small ones go to the other node. */
static void test_keeps_on_one_node(void **state)
{
	struct plan_node nodes[2];
	struct world w;

	(void)state;
	two_nodes(&w, nodes);
	w.gpus[0].held = w.gpus[3].held = true;
	add(&w, "big", 2)->created = NOW_MS - PLAN_RESERVE_MS;
	add(&w, "first", 1);
	add(&w, "second", 1);
	expect_verb(&w, 1, PLAN_START);
	assert_int_equal(action_of(&w, 1)->places[0].node, 1);
	expect_wait(&w, 2, REASON_PRIORITY,
		"needs 1 GPU: what is free is kept for big, which has waited longer");
	done(&w);
}

/* More runs on a node than it has now: the other one's room is still there. */
static void test_an_overfull_node(void **state)
{
	struct plan_node nodes[2];
	struct world w;

	(void)state;
	two_nodes(&w, nodes);
	add(&w, "busy", 0)->cpu = 15000;
	make_live(&w, 0, -1);
	add(&w, "next", 0)->cpu = 6000;
	expect_verb(&w, 1, PLAN_START);
	assert_false(w.plan.full);
	done(&w);
}

/* ---- plan_possible ---- */

static bool possible(struct world *w, struct err *e)
{
	gang_fill(&w->gangs[0], &w->claims[0], &w->rows[0]);
	return plan_possible(&w->gangs[0], &w->cluster, e);
}

static void refused(struct world *w, const char *field, const char *text)
{
	struct err e = ERR_INIT;

	assert_false(possible(w, &e));
	assert_string_equal(e.text, text);
	assert_string_equal(e.field, field);
	assert_int_equal(e.code, ERR_UNPROCESSABLE);
}

static void test_possible(void **state)
{
	struct world w;
	struct row *j;

	(void)state;
	world_init(&w);
	j = add(&w, "job", 4);
	w.node.gpu_count = 0;
	refused(&w, "gpu_limit", "gpu_limit is 4: this machine has 0 GPUs");
	w.node.gpu_count = 1;
	refused(&w, "gpu_limit", "gpu_limit is 4: this machine has 1 GPU");
	j->workers = 1;
	refused(&w, "gpu_limit", "gpu_limit is 4 for each of 2 tasks: this machine has 1 GPU");
	w.node.gpu_count = 8;
	w.gpus[7].usable = false; /* may come back */
	assert_true(possible(&w, NULL));
	w.limits.kind.v[DIM_GPUS] = 7;
	refused(&w, "gpu_limit", "gpu_limit is 4 for each of 2 tasks: org vision may use 7 GPUs");
	j->gpus = j->workers = 0;
	j->memory = (int64_t)64 * G;
	refused(&w, "memory_limit", "memory_limit is 64G: this machine has 16G of memory");
	j->memory = 0;
	w.node.cpu_total.v = 500;
	refused(&w, "cpu_limit",
		"cpu_limit is not given and counts as 1: this machine has 0.5 CPUs");
	j->cpu = 500;
	w.gangs[0].org = NULL;
	assert_true(possible(&w, NULL));
	w.gangs[0].org = &w.org;
	w.limits.kind.v[DIM_JOBS] = 0;
	refused(&w, "job_name", "org vision may run no job: ask for a quota");
	j->selector_key = "rack";
	refused(&w, "node_selector_key",
		"node_selector_key is rack: no machine here has that label; leave it out");
	j->selector_key = "kubernetes.io/hostname";
	j->selector_value = "other";
	refused(&w, "node_selector_value", "node_selector_value is other: the machine here is box");
}

static void test_possible_on_many_nodes(void **state)
{
	struct plan_node nodes[2];
	struct world w;
	struct row *j;

	(void)state;
	two_nodes(&w, nodes);
	j = add(&w, "job", 2);
	j->workers = 1;
	assert_true(possible(&w, NULL));
	j->workers = 2;
	refused(&w, "gpu_limit",
		"gpu_limit is 2 for each of 3 tasks: all nodes together have 4 GPUs");
	j->workers = 0;
	j->gpus = 3;
	refused(&w, "gpu_limit", "gpu_limit is 3: the largest node has 2 GPUs");
	j->gpus = 2;
	j->selector_key = "hostname";
	j->selector_value = "middle";
	refused(&w, "node_selector_value", "node_selector_value is middle: no node has that name");
	j->selector_key = "zone";
	refused(&w, "node_selector_value", "node_selector_value is middle: no node has that label");
	j->selector_value = "a";
	assert_true(possible(&w, NULL));
	nodes[1].gpu_count = 1;
	refused(&w, "gpu_limit", "gpu_limit is 2: this machine has 1 GPU");
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
		cmocka_unit_test(test_a_gang_spreads_over_nodes),
		cmocka_unit_test(test_enough_in_all_and_on_no_node),
		cmocka_unit_test(test_what_was_tried_is_given_back),
		cmocka_unit_test(test_what_lives_holds_its_own_node),
		cmocka_unit_test(test_keeps_on_one_node),
		cmocka_unit_test(test_an_overfull_node),
		cmocka_unit_test(test_possible),
		cmocka_unit_test(test_possible_on_many_nodes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
