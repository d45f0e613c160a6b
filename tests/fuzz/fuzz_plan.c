/* links: core base */
/*
 * Any world of up to 40 jobs, within the limits of the schema: nothing is given twice or beyond
 * what there is, every waiting job gets one verdict with a whole sentence, and what plan_possible
 * refuses is never started. The other half of the input is split into words: quoted again, they
 * split into the same.
 */
#include "core/plan/plan.h"
#include "core/schema/words.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { JOBS = 40, GPUS = 16 };
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
	struct job rows[JOBS];
	struct plan_job jobs[JOBS];
	struct plan_gpu gpus[GPUS];
	struct quota quota;
	struct plan_org org;
	struct plan_machine machine;
	size_t count;
};

static void quota_make(struct quota *q, struct input *in)
{
	struct quota_line *lines[] = {&q->train, &q->total};

	q->org_name = "org";
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		lines[i]->gpu_quota = (int64_t)(take(in) % 20) - 1;
		lines[i]->cpu_quota.v = (int64_t)(take(in) % 64000) - 1;
		lines[i]->memory_quota.v = ((int64_t)take(in) << 20) - 1;
		lines[i]->count_quota = (int64_t)(take(in) % 40) - 1;
	}
}

static void job_make(struct world *w, struct input *in)
{
	struct job *j = &w->rows[w->count];
	struct plan_job *p = &w->jobs[w->count++];
	uint64_t bits = take(in);

	j->job_name = "job";
	j->gpu_limit = (int64_t)(bits % 1025);
	j->worker_count = bits & 1 << 12 ? (int64_t)(take(in) % 1001) : 0;
	j->ps_count = bits & 1 << 13 ? (int64_t)(take(in) % 1001) : 0;
	/* Of any magnitude, so that some fit. */
	j->cpu_limit.v = (int64_t)(take(in) % 10240001 >> bits % 24);
	j->memory_limit.v = (int64_t)(take(in) % (1 << 30)) << 20 >> bits % 31;
	j->priority = (int64_t)(take(in) % 2001) - 1000;
	j->create_time.v = NOW - (int64_t)take(in);
	j->state = bits & 1 << 14 ? JOB_ENQUEUED : JOB_VALIDATED;
	if (bits & 1 << 15)
		j->gpu_limit %= 4;
	*p = (struct plan_job){.job = j,
		.org = bits & 1 << 16 ? &w->org : NULL,
		.order = bits >> 17 & 7,
		.live = (bits >> 20 & 3) == 3,
		.cancel = (bits >> 22 & 7) == 7,
		.held = (bits >> 25 & 7) == 7,
		.stop_sent = bits >> 28 & 1};
	if ((bits >> 29 & 3) == 3)
		p->not_before = NOW + (int64_t)take(in) - (1 << 30);
}

static void world_make(struct world *w, struct input *in)
{
	size_t jobs = take(in) % JOBS;

	memset(w, 0, sizeof *w);
	for (size_t i = 0; i < GPUS; i++) {
		uint64_t bits = take(in);

		w->gpus[i] = (struct plan_gpu){.uuid = "g", .held = bits & 1, .usable = bits & 6};
	}
	w->machine = (struct plan_machine){.node_name = "box",
		.gpus = w->gpus,
		.gpu_count = take(in) % (GPUS + 1),
		.cpu_total = {(int64_t)(take(in) % 128000)},
		.memory_total = {(int64_t)take(in) << 12},
		.max_tasks = (int64_t)(take(in) % 30),
		.packing_cpu = take(in) & 1};
	quota_make(&w->quota, in);
	w->org = (struct plan_org){.org_id = "1", .quota = &w->quota};
	while (w->count < jobs)
		job_make(w, in);
}

static void check_action(const struct world *w, const struct plan_action *a, int *verdicts,
	bool *given)
{
	const struct plan_job *j = &w->jobs[a->job];

	require(a->job < w->count && verdicts[a->job]++ == 0);
	require(memchr(a->message, '\0', sizeof a->message) != NULL);
	require((a->verb == PLAN_STOP) == j->live);
	require((a->verb == PLAN_WAIT) == (*a->message != '\0'));
	if (a->verb != PLAN_START)
		return;
	require(!j->held && !j->cancel && j->not_before <= NOW);
	require(plan_possible(j->job, &w->machine, j->org ? j->org->quota : NULL, NULL));
	for (size_t i = 0; i < a->gpu_count; i++) {
		const struct plan_gpu *g = &w->gpus[a->gpus[i]];

		require(a->gpus[i] < w->machine.gpu_count && g->usable && !g->held);
		require(!given[a->gpus[i]]);
		given[a->gpus[i]] = true;
	}
}

static void try_plan(struct input *in)
{
	struct world w;
	struct plan p;
	int verdicts[JOBS] = {0};
	bool given[GPUS] = {0};

	world_make(&w, in);
	plan_make(&p, &(struct plan_input){&w.machine, w.jobs, w.count, NOW});
	for (size_t i = 0; i < p.count; i++)
		check_action(&w, &p.actions[i], verdicts, given);
	for (size_t i = 0; i < w.count; i++)
		require(verdicts[i] ==
			(!w.jobs[i].live || (w.jobs[i].cancel && !w.jobs[i].stop_sent)));
	require(p.wake == 0 || p.wake > NOW);
	plan_release(&p);
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
