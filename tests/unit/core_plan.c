/* The planner: sentences to the letter, order, reservation, what is possible, retries. */
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
