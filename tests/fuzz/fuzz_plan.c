/* links: core base */
/*
 * Any world of up to 40 gangs on up to 3 nodes, within the limits of the schema: nothing is given twice or beyond
 * what there is, every waiting job gets one verdict with a whole sentence, and what plan_possible
 * refuses is never started. The other half of the input is split into words: quoted again, they
 * split into the same.
 */
#include "core/plan/plan.h"
#include "core/schema/words.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { JOBS = 40, GPUS = 16, NODES = 3, ON = 4 };
#define NOW INT64_C(1700000000000)

struct input {
	const uint8_t *data;
	size_t size, at;
	uint64_t state;
};

/* After its end the input goes on with numbers that follow from it: a short one is a world too. */
static uint64_t take(struct input *in)
{
	uint64_t n = 0;

	for (int i = 0; i < 4 && in->at < in->size; i++) {
		n = n << 8 | in->data[in->at++];
		in->state = (in->state ^ n) * 0x9E3779B97F4A7C15u;
	}
	if (in->at < in->size)
		return n;
	in->state = in->state * 0x5851F42D4C957F2Du + 0x14057B7EF767814Fu;
	return in->state >> 32;
}

static void require(bool good)
{
	if (!good)
		abort();
}

struct world {
	struct plan_gang gangs[JOBS];
	struct claim claims[JOBS][2];
	uint16_t on[JOBS][ON];
	struct plan_gpu gpus[NODES][GPUS];
	struct plan_node nodes[NODES];
	struct plan_limits limits;
	struct plan_org org;
	struct plan_cluster cluster;
	size_t count;
};

static void limits_make(struct plan_limits *l, struct input *in)
{
	struct amounts *lines[] = {&l->parts[0], &l->parts[1], &l->parts[2], &l->parts[3],
		&l->total};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		lines[i]->v[DIM_GPUS] = (int64_t)(take(in) % 20) - 1;
		lines[i]->v[DIM_CPU] = (int64_t)(take(in) % 64000) - 1;
		lines[i]->v[DIM_MEMORY] = ((int64_t)take(in) << 20) - 1;
		lines[i]->v[DIM_JOBS] = (int64_t)(take(in) % 40) - 1;
		lines[i]->v[DIM_TASKS] = NO_BOUND;
	}
}

/* Of any magnitude, so that some fit. */
static void claim_make(struct claim *c, struct input *in, uint64_t bits)
{
	c->tasks = 1 + (bits & 1 << 12 ? (int64_t)(take(in) % 1001) : 0);
	c->gpus = (int64_t)(bits & 1 << 15 ? bits % 4 : bits % 1025);
	c->cpu = (int64_t)(take(in) % 10240001 >> bits % 24);
	c->memory = (int64_t)(take(in) % (1 << 30)) << 20 >> bits % 31;
}

static void gang_make(struct world *w, struct input *in)
{
	static const struct plan_terms terms = {"job_name", "worker_count", "they make"};
	static const char *const names[] = {"n0", "n1", "n2", "n9"};
	struct claim *claims = w->claims[w->count];
	uint16_t *on = w->on[w->count];
	struct plan_gang *g = &w->gangs[w->count++];
	uint64_t bits = take(in);

	*g = (struct plan_gang){.name = "job",
		.terms = &terms,
		.claims = claims,
		.claim_count = 1 + (bits >> 13 & 1),
		.part = bits >> 30 & 3,
		.priority = (int64_t)(take(in) % 2001) - 1000,
		.since = NOW - (int64_t)take(in),
		.enqueued = bits >> 14 & 1,
		.org = bits & 1 << 16 ? &w->org : NULL,
		.order = bits >> 17 & 7,
		.live = (bits >> 20 & 3) == 3,
		.cancel = (bits >> 22 & 7) == 7,
		.held = (bits >> 25 & 7) == 7,
		.stop_sent = bits >> 28 & 1};
	for (size_t i = 0; i < g->claim_count; i++)
		claim_make(&claims[i], in, i ? take(in) : bits);
	if ((bits >> 29 & 3) == 3)
		g->not_before = NOW + (int64_t)take(in) - (1 << 30);
	if (take(in) % 8 == 0) {
		g->selector_key = "hostname";
		g->selector_value = names[take(in) % ARRAY_SIZE(names)];
	}
	for (size_t i = 0; i < ON; i++)
		on[i] = (uint16_t)(take(in) % (NODES + 1));
	if (claims[0].tasks + (g->claim_count > 1 ? claims[1].tasks : 0) <= ON)
		g->on = on;
}

static void world_make(struct world *w, struct input *in)
{
	static const char *const names[NODES] = {"n0", "n1", "n2"};
	size_t gangs = take(in) % JOBS;

	memset(w, 0, sizeof *w);
	for (size_t n = 0; n < NODES; n++) {
		for (size_t i = 0; i < GPUS; i++) {
			uint64_t bits = take(in);

			w->gpus[n][i] = (struct plan_gpu){.uuid = "g",
				.held = bits & 1,
				.usable = bits & 6};
		}
		w->nodes[n] = (struct plan_node){.name = names[n],
			.gpus = w->gpus[n],
			.gpu_count = take(in) % (GPUS + 1),
			.cpu_total = {(int64_t)(take(in) % 128000)},
			.memory_total = {(int64_t)take(in) << 12},
			.max_tasks = (int64_t)(take(in) % 30)};
	}
	w->cluster = (struct plan_cluster){w->nodes, take(in) % (NODES + 1), take(in) & 1};
	limits_make(&w->limits, in);
	w->org = (struct plan_org){.org_id = "1", .name = "org", .limits = &w->limits};
	while (w->count < gangs)
		gang_make(w, in);
}

static void check_place(const struct world *w, const struct plan_gang *g,
	const struct plan_place *at, bool (*given)[GPUS])
{
	require(at->node < w->cluster.node_count);
	require(!g->selector_key || strcmp(w->nodes[at->node].name, g->selector_value) == 0);
	for (size_t i = 0; i < at->gpu_count; i++) {
		const struct plan_gpu *gpu = &w->gpus[at->node][at->gpus[i]];

		require(at->gpus[i] < w->nodes[at->node].gpu_count && gpu->usable && !gpu->held);
		require(!given[at->node][at->gpus[i]]);
		given[at->node][at->gpus[i]] = true;
	}
}

static void check_action(const struct world *w, const struct plan_action *a, int *verdicts,
	bool (*given)[GPUS])
{
	const struct plan_gang *g = &w->gangs[a->gang];
	int64_t tasks = 0, gpus = 0, got = 0;

	require(a->gang < w->count && verdicts[a->gang]++ == 0);
	require(memchr(a->message, '\0', sizeof a->message) != NULL);
	require((a->verb == PLAN_STOP) == g->live);
	require((a->verb == PLAN_WAIT) == (*a->message != '\0'));
	if (a->verb != PLAN_START)
		return;
	require(!g->held && !g->cancel && g->not_before <= NOW);
	require(plan_possible(g, &w->cluster, NULL));
	for (size_t i = 0; i < g->claim_count; i++) {
		tasks += g->claims[i].tasks;
		gpus += g->claims[i].tasks * g->claims[i].gpus;
	}
	require((int64_t)a->place_count == tasks);
	for (size_t i = 0; i < a->place_count; i++) {
		check_place(w, g, &a->places[i], given);
		got += (int64_t)a->places[i].gpu_count;
	}
	require(got == gpus);
}

static void try_plan(struct input *in)
{
	struct world *w = mem_alloc(sizeof *w);
	struct plan p;
	int verdicts[JOBS] = {0};
	bool given[NODES][GPUS] = {0};

	world_make(w, in);
	plan_make(&p, &(struct plan_input){&w->cluster, w->gangs, w->count, NOW, 0, 0});
	for (size_t i = 0; i < p.count; i++)
		check_action(w, &p.actions[i], verdicts, given);
	for (size_t i = 0; i < w->count; i++)
		require(verdicts[i] ==
			(!w->gangs[i].live || (w->gangs[i].cancel && !w->gangs[i].stop_sent)));
	require(p.wake == 0 || p.wake > NOW);
	plan_release(&p);
	free(w);
}

/* 'it'\''s' */
static void quote(struct buf *out, const char *word)
{
	buf_addc(out, '\'');
	for (; *word; word++)
		if (*word == '\'')
			buf_adds(out, "'\\''");
		else
			buf_addc(out, *word);
	buf_adds(out, "' ");
}

static void try_words(const struct input *in)
{
	struct buf text = BUF_INIT, quoted = BUF_INIT;
	struct arena a = ARENA_INIT;
	struct strings words, again;
	struct err e = ERR_INIT;

	buf_add(&text, in->data, in->size);
	if (words_split(&words, &a, text.data, &e)) {
		for (size_t i = 0; i < words.len; i++)
			quote(&quoted, words.items[i]);
		require(words_split(&again, &a, quoted.data, NULL) && again.len == words.len);
		for (size_t i = 0; i < words.len; i++)
			require(strcmp(words.items[i], again.items[i]) == 0);
		require(words.items[words.len] == NULL);
	} else {
		require(e.code == ERR_INVALID && *e.text);
	}
	arena_release(&a);
	buf_release(&text);
	buf_release(&quoted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {.data = data, .size = size};

	try_words(&in);
	try_plan(&in);
	return 0;
}
