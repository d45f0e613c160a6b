/* Planning over several nodes, and what could ever run on them. */
#include "core_plan_world.h"

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
	expect_wait(&w, 1, REASON_NODE_SELECTOR,
		"needs 6 CPUs: 0 of the 8 here are free on node right; others have room, and may not take it");
	w.rows[1].selector_key = "zone";
	w.rows[1].selector_value = "a";
	expect_wait(&w, 1, REASON_NODE_SELECTOR,
		"needs 6 CPUs: 0 of the 8 here are free on the nodes with zone=a (right); others have room, "
		"and may not take it");
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
	w.limits.parts[PART_TRAIN].v[DIM_GPUS] = 7;
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
	w.limits.parts[PART_TRAIN].v[DIM_JOBS] = 0;
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
	refused(&w, "node_selector_value",
		"node_selector_value is middle: no node has that name; there are: left; right");
	j->selector_key = "zone";
	refused(&w, "node_selector_value",
		"node_selector_value is middle: no node has that label: a is that of right");
	j->selector_value = "a";
	assert_true(possible(&w, NULL));
	nodes[1].gpu_count = 1;
	refused(&w, "gpu_limit", "gpu_limit is 2: this machine has 1 GPU");
}

/* ---- Which GPUs ---- */

static void expect_gpus(struct world *w, size_t i, size_t count, const uint16_t *gpus)
{
	const struct plan_action *a;

	expect_verb(w, i, PLAN_START);
	a = action_of(w, i);
	assert_int_equal(a->places[0].gpu_count, count);
	for (size_t g = 0; g < count; g++)
		assert_int_equal(a->places[0].gpus[g], gpus[g]);
}

static void eight_gpus(struct world *w)
{
	world_init(w);
	w->node.gpu_count = GPUS;
	for (size_t i = 0; i < GPUS; i++)
		w->gpus[i].usable = true;
}

/* Eight GPUs: 0 to 3 hang on one root, 4 to 7 on another. */
static void test_gpus_of_a_task_lie_together(void **state)
{
	struct world w;

	(void)state;
	eight_gpus(&w);
	for (size_t i = 4; i < GPUS; i++)
		w.gpus[i].place = 4;
	add(&w, "pair", 2);
	expect_gpus(&w, 0, 2, (const uint16_t[]){0, 1});
	/* One is held there: the pair goes where it leaves no hole. */
	w.gpus[0].held = w.gpus[1].held = true;
	expect_gpus(&w, 0, 2, (const uint16_t[]){2, 3});
	/* Three are not to be had there any more. */
	w.rows[0].gpus = 3;
	expect_gpus(&w, 0, 3, (const uint16_t[]){4, 5, 6});
	/* Five are nowhere together: as many as can be. */
	w.rows[0].gpus = 5;
	expect_gpus(&w, 0, 5, (const uint16_t[]){4, 5, 6, 7, 2});
	/* Two jobs of one plan get two of each their own. */
	w.rows[0].gpus = 3;
	add(&w, "other", 2);
	expect_gpus(&w, 0, 3, (const uint16_t[]){4, 5, 6});
	expect_gpus(&w, 1, 2, (const uint16_t[]){2, 3});
	done(&w);
}

static void test_gpus_that_are_not_given_are_told(void **state)
{
	struct world w;

	(void)state;
	eight_gpus(&w);
	add(&w, "all", 8);
	w.gpus[2].usable = w.gpus[3].usable = false;
	w.gpus[2].why = w.gpus[3].why = "lost";
	expect_wait(&w, 0, REASON_GPU, "needs 8 GPUs: 6 of the 6 here are free; 2 more are lost");
	w.gpus[3].usable = true;
	expect_wait(&w, 0, REASON_GPU, "needs 8 GPUs: 7 of the 7 here are free; 1 more is lost");
	w.node.gpu_count = 0;
	w.node.gpus_unknown = "its GPU driver has not answered yet";
	expect_wait(&w, 0, REASON_GPU,
		"needs 8 GPUs: 0 of the 0 here are free; its GPU driver has not answered yet");
	done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_gang_spreads_over_nodes),
		cmocka_unit_test(test_enough_in_all_and_on_no_node),
		cmocka_unit_test(test_gpus_of_a_task_lie_together),
		cmocka_unit_test(test_gpus_that_are_not_given_are_told),
		cmocka_unit_test(test_what_was_tried_is_given_back),
		cmocka_unit_test(test_what_lives_holds_its_own_node),
		cmocka_unit_test(test_keeps_on_one_node),
		cmocka_unit_test(test_an_overfull_node),
		cmocka_unit_test(test_possible),
		cmocka_unit_test(test_possible_on_many_nodes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
