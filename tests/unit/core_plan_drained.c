/* Drained nodes: what they get no more, who is told that it waits for one, and who is to leave one. */
#include "core_plan_world.h"

static const char drained[] = "node right is drained by lin";

/* Two nodes of 2 GPUs and 8 CPUs each; the right one is drained. */
static void two_nodes(struct world *w, struct plan_node nodes[2])
{
	static const char *const names[] = {"left", "right"};

	world_init(w);
	for (size_t i = 0; i < 2; i++)
		nodes[i] = (struct plan_node){.name = names[i],
			.cpu_total = {8000},
			.memory_total = {(int64_t)8 * G},
			.gpus = &w->gpus[2 * i],
			.gpu_count = 2};
	nodes[1].drained = drained;
	w->cluster = (struct plan_cluster){nodes, 2, true};
}

static void test_the_other_one_is_taken(void **state)
{
	struct plan_node nodes[2];
	struct world w;

	(void)state;
	two_nodes(&w, nodes);
	nodes[0].drained = "node left is drained";
	nodes[1].drained = NULL;
	add(&w, "job", 2);
	expect_verb(&w, 0, PLAN_START);
	assert_int_equal(action_of(&w, 0)->places[0].node, 1);
	done(&w);
}

static void test_who_waits_for_it(void **state)
{
	struct plan_node nodes[2];
	struct world w;

	(void)state;
	two_nodes(&w, nodes);
	add(&w, "first", 2);
	add(&w, "second", 2);
	add(&w, "third", 1);
	expect_verb(&w, 0, PLAN_START);
	assert_int_equal(action_of(&w, 0)->places[0].node, 0);
	expect_wait(&w, 1, REASON_NODES_DRAINED, drained);
	/* Were it not drained, the second would have it. */
	expect_wait(&w, 2, REASON_GPU, "needs 1 GPU: 0 of the 2 here are free");
	/* It says so of what is on its way there no longer. */
	nodes[1].drained = NULL;
	expect_verb(&w, 1, PLAN_START);
	done(&w);
}

/* What runs there goes on and holds what it has, without counting against the others. */
static void test_what_runs_there(void **state)
{
	static const uint16_t right = 1;
	struct plan_node nodes[2];
	struct world w;

	(void)state;
	two_nodes(&w, nodes);
	add(&w, "runs", 2);
	make_live(&w, 0, 2);
	w.gpus[3].held = true;
	w.gangs[0].on = &right;
	add(&w, "next", 2);
	add(&w, "last", 1);
	expect_verb(&w, 1, PLAN_START);
	assert_null(action_of(&w, 0));
	/* The drained node is full: it would be no help. */
	expect_wait(&w, 2, REASON_GPU, "needs 1 GPU: 0 of the 2 here are free");
	done(&w);
}

static void test_who_could_never_run_elsewhere(void **state)
{
	static const uint16_t right = 1;
	struct plan_node nodes[2];
	struct world w;
	struct err e = ERR_INIT;

	(void)state;
	two_nodes(&w, nodes);
	nodes[0].gpu_count = 1;
	add(&w, "runs", 2);
	make_live(&w, 0, 2);
	w.gpus[3].held = true;
	w.gangs[0].on = &right;
	add(&w, "big", 2)->created = NOW_MS - PLAN_RESERVE_MS;
	add(&w, "small", 1);
	expect_wait(&w, 1, REASON_NODES_DRAINED, drained);
	/* Nothing is kept for what must wait for a person. */
	expect_verb(&w, 2, PLAN_START);
	/* It is accepted: a node that is drained comes back. */
	assert_true(plan_possible(&w.gangs[1], &w.cluster, &e));
	w.rows[1].selector_key = "hostname";
	w.rows[1].selector_value = "left";
	w.rows[1].gpus = 1;
	plan(&w);
	assert_int_equal(action_of(&w, 1)->verb, PLAN_START);
	done(&w);
}

static void test_quota_goes_before(void **state)
{
	struct plan_node nodes[2];
	struct world w;

	(void)state;
	two_nodes(&w, nodes);
	nodes[0].drained = "node left is drained";
	w.limits.total.v[DIM_GPUS] = 1;
	add(&w, "job", 2);
	plan(&w);
	assert_int_equal(action_of(&w, 0)->reason, REASON_QUOTA);
	w.limits.total.v[DIM_GPUS] = NO_BOUND;
	expect_wait(&w, 0, REASON_NODES_DRAINED, "node left is drained");
	done(&w);
}

static void test_the_only_node(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	w.node.drained = "node box is drained";
	add(&w, "job", 0);
	expect_wait(&w, 0, REASON_NODES_DRAINED, "node box is drained");
	assert_true(w.plan.full);
	done(&w);
}

/* Nobody is stopped for what would not start there all the same. */
static void test_nobody_is_preempted_on_it(void **state)
{
	static const uint16_t right = 1;
	struct plan_node nodes[2];
	struct world w;

	(void)state;
	two_nodes(&w, nodes);
	add(&w, "spare", 2);
	make_live(&w, 0, 2);
	w.gpus[3].held = true;
	w.gangs[0].on = &right;
	w.gangs[0].preemptible = true;
	w.gpus[0].held = true;
	add(&w, "firm", 2);
	expect_wait(&w, 1, REASON_GPU, "needs 2 GPUs: 1 of the 2 here is free");
	assert_null(action_of(&w, 0));
	done(&w);
}

static void test_evicted(void **state)
{
	static const uint16_t right = 1;
	struct plan_node nodes[2];
	struct world w;

	(void)state;
	two_nodes(&w, nodes);
	add(&w, "runs", 2);
	make_live(&w, 0, 2);
	w.gangs[0].on = &right;
	w.gangs[0].evicted = true;
	expect_verb(&w, 0, PLAN_EVICT);
	assert_int_equal(action_of(&w, 0)->reason, REASON_NODE_DRAINED);
	w.gangs[0].starting = true; /* nobody may stop it yet */
	plan(&w);
	assert_null(action_of(&w, 0));
	w.gangs[0].starting = false;
	w.gangs[0].not_before = NOW_MS + 1000; /* it could not be written down: later again */
	plan(&w);
	assert_null(action_of(&w, 0));
	assert_int_equal(w.plan.wake, NOW_MS + 1000);
	w.gangs[0].not_before = 0;
	w.gangs[0].leaving = w.gangs[0].cancel = true;
	expect_verb(&w, 0, PLAN_STOP);
	w.gangs[0].stop_sent = true;
	plan(&w);
	assert_null(action_of(&w, 0));
	done(&w);
}

/* Others of the same cluster start; what runs of the one that is held goes on. */
static void test_an_org_that_is_held(void **state)
{
	struct plan_org other = {.org_id = "2", .name = "speech"};
	struct world w;

	(void)state;
	world_init(&w);
	w.org.held = "org vision is held by lin";
	add(&w, "runs", 0);
	make_live(&w, 0, -1);
	add(&w, "waits", 0);
	add(&w, "after", 0);
	w.gangs[2].after = "runs after waits, which has not completed yet";
	add(&w, "theirs", 0);
	w.gangs[3].org = &other;
	expect_wait(&w, 1, REASON_QUEUE_HELD, w.org.held);
	expect_wait(&w, 2, REASON_QUEUE_HELD, w.org.held);
	assert_null(action_of(&w, 0));
	expect_verb(&w, 3, PLAN_START);
	w.gangs[1].held = true; /* its own word goes before */
	plan(&w);
	assert_int_equal(action_of(&w, 1)->reason, REASON_HELD);
	done(&w);
}

/* What its selector asks for is on a node that has no room, or on none. */
static void test_the_selector_keeps_it(void **state)
{
	static const struct label a[] = {{"zone", "a"}}, b[] = {{"zone", "b"}};
	static const uint16_t right = 1;
	struct plan_node nodes[2];
	struct world w;

	(void)state;
	two_nodes(&w, nodes);
	nodes[1].drained = NULL;
	nodes[0].labels = (struct labels){(struct label *)a, 1};
	nodes[1].labels = (struct labels){(struct label *)b, 1};
	add(&w, "runs", 2);
	make_live(&w, 0, 2);
	w.gpus[3].held = true;
	w.gangs[0].on = &right;
	add(&w, "job", 1);
	w.rows[1].selector_key = "zone";
	w.rows[1].selector_value = "b";
	expect_wait(&w, 1, REASON_NODE_SELECTOR,
		"needs 1 GPU: 0 of the 2 here are free on the nodes with zone=b (right); others have "
		"room, and may not take it");
	/* Nothing is taken by the look at what else there is. */
	add(&w, "next", 2);
	expect_verb(&w, 2, PLAN_START);
	/* All are full: then that is why. */
	w.gpus[0].held = w.gpus[1].held = true;
	expect_wait(&w, 1, REASON_GPU, "needs 1 GPU: 0 of the 2 here are free");
	w.gpus[0].held = w.gpus[1].held = false;
	w.rows[1].selector_value = "c";
	expect_wait(&w, 1, REASON_NODE_SELECTOR,
		"no node has zone=c, which node_selector_key and node_selector_value ask for: a is that of "
		"left; b is that of right");
	w.rows[1].selector_key = "rack";
	expect_wait(&w, 1, REASON_NODE_SELECTOR,
		"no node has rack=c, which node_selector_key and node_selector_value ask for: no node has "
		"that label at all");
	w.rows[1].selector_key = "hostname";
	expect_wait(&w, 1, REASON_NODE_SELECTOR,
		"no node has hostname=c, which node_selector_key and node_selector_value ask for: left; "
		"right");
	done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_other_one_is_taken),
		cmocka_unit_test(test_who_waits_for_it),
		cmocka_unit_test(test_what_runs_there),
		cmocka_unit_test(test_who_could_never_run_elsewhere),
		cmocka_unit_test(test_quota_goes_before),
		cmocka_unit_test(test_the_only_node),
		cmocka_unit_test(test_nobody_is_preempted_on_it),
		cmocka_unit_test(test_evicted),
		cmocka_unit_test(test_an_org_that_is_held),
		cmocka_unit_test(test_the_selector_keeps_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
