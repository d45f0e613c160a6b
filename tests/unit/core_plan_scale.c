/* The planner over many rounds, and over many jobs at once. */
#include "core_plan_world.h"

/*
 * A job of 8 GPUs against an endless stream of small ones, of its own org and of another that
 * shouts: it must start within a bounded number of rounds.
 */
static void test_no_starvation(void **state)
{
	enum { ROUND_MS = 60 * 1000, ROUNDS = 60, SMALL = 12 };
	struct plan_gpu gpus[GPUS];
	struct row rows[1 + SMALL] = {0};
	struct plan_gang jobs[1 + SMALL];
	struct claim claims[1 + SMALL];
	struct plan_org ours = {.org_id = "1"}, other = {.org_id = "2"};
	int64_t left[1 + SMALL] = {0}, owner[GPUS], now = NOW_MS;
	bool big_started = false;

	(void)state;
	for (int g = 0; g < GPUS; g++) {
		gpus[g] = (struct plan_gpu){.uuid = "g", .usable = true};
		owner[g] = -1;
	}
	struct plan_node node = {.gpus = gpus, .gpu_count = GPUS};
	struct plan_cluster m = {.nodes = &node, .node_count = 1};

	for (size_t i = 0; i <= SMALL; i++) {
		rows[i] = (struct row){.name = "job",
			.gpus = i ? 1 : GPUS,
			.priority = i % 2 ? 1000 : 0,
			.created = now};
		jobs[i] = (struct plan_gang){.org = i % 2 ? &other : &ours, .order = i};
	}
	for (int round = 0; round < ROUNDS && !big_started; round++, now += ROUND_MS) {
		struct plan p;
		struct plan_input in = {.cluster = &m,
			.gangs = jobs,
			.gang_count = 1 + SMALL,
			.now = now};

		for (size_t i = 0; i <= SMALL; i++)
			gang_fill(&jobs[i], &claims[i], &rows[i]);

		/* The big one is not there yet in the first round, so that the small ones run. */
		jobs[0].held = round == 0;
		plan_make(&p, &in);
		for (size_t i = 0; i < p.count; i++) {
			const struct plan_action *a = &p.actions[i];

			if (a->verb != PLAN_START)
				continue;
			big_started = big_started || a->gang == 0;
			jobs[a->gang].live = true;
			left[a->gang] = 1 + (int64_t)(a->gang % 4);
			for (size_t g = 0; g < a->places[0].gpu_count; g++) {
				gpus[a->places[0].gpus[g]].held = true;
				owner[a->places[0].gpus[g]] = (int64_t)a->gang;
			}
		}
		plan_release(&p);
		/* What ended comes again at once, with the same name and a new place in the row. */
		for (size_t i = 1; i <= SMALL; i++) {
			if (!jobs[i].live || --left[i] > 0)
				continue;
			jobs[i].live = false;
			jobs[i].order += 1000;
			rows[i].created = now;
			for (int g = 0; g < GPUS; g++)
				if (owner[g] == (int64_t)i) {
					owner[g] = -1;
					gpus[g].held = false;
				}
		}
	}
	assert_true(big_started);
}

/* At scale: as many start as max_tasks has it, and every other one is told why it waits. */
static void many_wait(size_t node_count)
{
	enum { N = 10000 };
	struct row *rows = mem_alloc(N * sizeof *rows);
	struct plan_gang *gangs = mem_alloc(N * sizeof *gangs);
	struct claim *claims = mem_alloc(N * sizeof *claims);
	struct plan_node *nodes = mem_alloc(node_count * sizeof *nodes);
	struct plan_cluster m = {nodes, node_count, true};
	struct plan_org orgs[3] = {{.org_id = "1"}, {.org_id = "2"}, {.org_id = "3"}};
	uint64_t s = 7;
	size_t started = 0;
	struct plan p;

	for (size_t i = 0; i < node_count; i++)
		nodes[i] = (struct plan_node){.cpu_total = {2000},
			.memory_total = {(int64_t)16 * G},
			.max_tasks = 2};
	for (size_t i = 0; i < N; i++) {
		rows[i] = (struct row){.name = "job",
			.gpus = (int64_t)(next(&s) % 8),
			.memory = (int64_t)(next(&s) % (8 * (uint64_t)G)),
			.priority = (int64_t)(next(&s) % 5)};
		gangs[i] = (struct plan_gang){.org = &orgs[i % ARRAY_SIZE(orgs)],
			.order = next(&s)};
		gang_fill(&gangs[i], &claims[i], &rows[i]);
	}
	struct plan_input in = {.cluster = &m, .gangs = gangs, .gang_count = N, .now = NOW_MS};

	plan_make(&p, &in);
	assert_int_equal(p.count, N);
	for (size_t i = 0; i < p.count; i++)
		started += p.actions[i].verb == PLAN_START;
	assert_int_equal(started, 2 * node_count);
	plan_release(&p);
	free(rows);
	free(gangs);
	free(claims);
	free(nodes);
}

static void test_ten_thousand(void **state)
{
	(void)state;
	many_wait(1);
}

static void test_ten_thousand_on_many_nodes(void **state)
{
	(void)state;
	many_wait(100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_starvation),
		cmocka_unit_test(test_ten_thousand),
		cmocka_unit_test(test_ten_thousand_on_many_nodes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
