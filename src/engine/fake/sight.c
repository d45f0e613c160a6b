/* Made-up values of GPUs: as busy as the task that holds each. */
#include "engine/fake/fake.h"

#include <math.h>
#include <string.h>

enum { TOTAL_GIB = 80, LIMIT_W = 700, SEEN_MS = 1000, TOLD_MS = 2000 };

/* The tasks that have GPUs, by uid: there are far fewer than tasks. */
static void holders_find(struct fake *f, struct map *out)
{
	const char *key;
	void *value;

	for (size_t at = 0; map_next(&f->tasks, &at, &key, &value);) {
		struct fake_task *t = value;

		if (t->gpus > 0 && t->start && !t->ended)
			map_set(out, t->uid, t);
	}
}

static double between(double n, double low, double high)
{
	return n < low ? low : n > high ? high : n;
}

static void gpu_make(struct fake *f, const struct map *holders, size_t i)
{
	struct engine_gpu *g = &f->seen[i];
	const char *uid = f->events.gpu_holder ? f->events.gpu_holder(f->events.ctx, g->uuid)
					       : NULL;
	const struct fake_task *t = uid ? map_get(holders, uid) : NULL;
	double chance = made_unit(made_hash((uint64_t)i, 17, 0));

	g->util = t ? between(t->util + 6 * chance - 3, 0, 100) : 0;
	g->util = round(g->util);
	g->memory_used = t ? (int64_t)((0.4 + 0.5 * chance) * TOTAL_GIB * (1 << 30)) : 0;
	g->temperature = round(34 + 3 * chance + g->util * 0.38);
	g->power = round(68 + 8 * chance + g->util * 0.01 * (LIMIT_W - 90));
}

static void gpus_make(struct fake *f)
{
	struct map holders = {0};

	holders_find(f, &holders);
	for (size_t i = 0; i < f->gpu_count; i++)
		gpu_make(f, &holders, i);
	map_release(&holders);
}

void fake_sight_open(struct fake *f)
{
	f->seen = mem_alloc((f->gpu_count + 1) * sizeof *f->seen);
	for (size_t i = 0, node = 0; i < f->gpu_count; i++) {
		const struct plan_node *n = &f->nodes[node];

		while (i >= (size_t)(n->gpus - f->gpus) + n->gpu_count)
			n = &f->nodes[++node];
		f->seen[i] = (struct engine_gpu){.uuid = f->gpus[i].uuid,
			.name = "NVIDIA H100 80GB HBM3",
			.node = n->name,
			.index = (int64_t)i - (n->gpus - f->gpus),
			.power_limit = LIMIT_W,
			.fan = (double)NAN,
			.memory_total = (int64_t)TOTAL_GIB << 30,
			.clock = 1980,
			.memory_clock = 2619};
	}
}

/* Looked at in each turn of planning: they are made anew once a second. */
void fake_sight(struct engine *en, struct engine_sight *out)
{
	struct fake *f = (struct fake *)en;
	uint64_t now = uv_now(f->loop);

	if (f->seen_at == 0 || now - f->seen_at >= SEEN_MS) {
		f->seen_at = now;
		gpus_make(f);
	}
	*out = (struct engine_sight){.gpus = f->seen,
		.gpu_count = f->gpu_count,
		.none = f->gpu_count ? NULL : "fake.gpus is 0"};
}

void fake_sight_tell(struct fake *f)
{
	uint64_t now = uv_now(f->loop);

	if (now - f->told_at < TOLD_MS || f->events.machine_sampled == NULL)
		return;
	f->told_at = now;
	f->events.machine_sampled(f->events.ctx);
}
