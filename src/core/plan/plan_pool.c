#include "core/plan/plan_parts.h"

#include <string.h>

int64_t need_tasks(const struct plan_gang *g)
{
	int64_t tasks = 0;

	for (size_t i = 0; i < g->claim_count; i++)
		tasks += g->claims[i].tasks;
	return tasks;
}

void need_each(struct amounts *out, const struct claim *c)
{
	*out = (struct amounts){.v = {[DIM_GPUS] = c->gpus > 0 ? c->gpus : 0,
					[DIM_MEMORY] = c->memory > 0 ? c->memory : 0,
					[DIM_CPU] = c->cpu > 0 ? c->cpu : CLAIM_UNSET_CPU,
					[DIM_TASKS] = 1}};
}

void need_of(struct amounts *out, const struct plan_gang *g)
{
	struct amounts each;

	memset(out, 0, sizeof *out);
	for (size_t i = 0; i < g->claim_count; i++) {
		need_each(&each, &g->claims[i]);
		for (int d = 0; d < DIM_COUNT; d++)
			out->v[d] += each.v[d] * g->claims[i].tasks;
	}
	out->v[DIM_JOBS] = 1;
}

static void pool_unbounded(struct pool *p)
{
	memset(p, 0, sizeof *p);
	for (int d = 0; d < DIM_COUNT; d++)
		p->total.v[d] = NO_BOUND;
}

void pool_of_node(struct pool *out, const struct plan_node *n, bool packing_cpu)
{
	pool_unbounded(out);
	out->total.v[DIM_GPUS] = 0;
	for (size_t i = 0; i < n->gpu_count; i++) {
		out->total.v[DIM_GPUS] += n->gpus[i].usable;
		out->used.v[DIM_GPUS] += n->gpus[i].usable && n->gpus[i].held;
	}
	if (n->memory_total.v > 0)
		out->total.v[DIM_MEMORY] = n->memory_total.v;
	if (packing_cpu)
		out->total.v[DIM_CPU] = n->cpu_total.v;
	if (n->max_tasks > 0)
		out->total.v[DIM_TASKS] = n->max_tasks;
	/* What runs there goes on, and there is nothing else to be had. */
	if (n->drained)
		out->total = (struct amounts){0};
}

void pool_join(struct pool *to, const struct pool *more)
{
	for (int d = 0; d < DIM_COUNT; d++) {
		bool both = to->total.v[d] != NO_BOUND && more->total.v[d] != NO_BOUND;

		to->total.v[d] = both ? to->total.v[d] + more->total.v[d] : NO_BOUND;
		to->used.v[d] += more->used.v[d];
		to->kept.v[d] += more->kept.v[d];
	}
	if (to->keeper == NULL)
		to->keeper = more->keeper;
}

void pool_of_org(struct pool *out, const struct plan_org *o, enum quota_part part)
{
	const struct amounts *most;

	pool_unbounded(out);
	if (o == NULL || o->limits == NULL)
		return;
	most = part == PART_COUNT ? &o->limits->total : &o->limits->parts[part];
	out->org = o->name ? o->name : o->org_id ? o->org_id : "?";
	for (int d = 0; d < DIM_COUNT; d++)
		out->total.v[d] = most->v[d] < 0 ? NO_BOUND : most->v[d];
}

void pool_take(struct pool *p, const struct amounts *need)
{
	for (int d = 0; d < DIM_COUNT; d++)
		p->used.v[d] += need->v[d];
}

void pool_give_back(struct pool *p, const struct amounts *need)
{
	for (int d = 0; d < DIM_COUNT; d++)
		p->used.v[d] -= need->v[d];
}

/* A quota may be lowered below what is used. */
int64_t pool_free(const struct pool *p, int d)
{
	int64_t left = p->total.v[d] - p->used.v[d] - p->kept.v[d];

	return left > 0 ? left : 0;
}

void pool_keep(struct pool *p, const struct amounts *need, const char *keeper)
{
	for (int d = 0; d < DIM_COUNT; d++) {
		int64_t left = pool_free(p, d);

		if (p->total.v[d] != NO_BOUND)
			p->kept.v[d] += need->v[d] < left ? need->v[d] : left;
	}
	if (p->keeper == NULL)
		p->keeper = keeper;
}

bool pool_blocks(const struct pool *p, const struct amounts *need, struct block *out)
{
	bool found = false;

	for (int d = 0; d < DIM_COUNT; d++) {
		int64_t n = need->v[d];

		if (n <= 0 || p->total.v[d] == NO_BOUND || n <= pool_free(p, d))
			continue;
		bool kept = n <= p->total.v[d] - p->used.v[d];

		/* A real lack is a better reason than a reservation. */
		if (!found || (out->kept && !kept))
			*out = (struct block){.pool = p, .dim = d, .kept = kept};
		found = true;
	}
	return found;
}

bool pool_full(const struct pool *p)
{
	static const enum dim taken_by_all[] = {DIM_CPU, DIM_TASKS, DIM_JOBS};

	for (size_t i = 0; i < ARRAY_SIZE(taken_by_all); i++)
		if (p->total.v[taken_by_all[i]] != NO_BOUND && pool_free(p, taken_by_all[i]) == 0)
			return true;
	return false;
}

bool pool_too_small(const struct pool *p, const struct amounts *need, enum dim *dim)
{
	for (int d = 0; d < DIM_COUNT; d++) {
		if (need->v[d] > 0 && p->total.v[d] != NO_BOUND && need->v[d] > p->total.v[d]) {
			*dim = d;
			return true;
		}
	}
	return false;
}
