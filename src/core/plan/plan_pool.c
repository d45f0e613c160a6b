#include "core/plan/plan_parts.h"

#include <string.h>

int64_t need_tasks(const struct job *j)
{
	int64_t others = (j->ps_count > 0 ? j->ps_count : 0) +
		(j->worker_count > 0 ? j->worker_count : 0);

	return 1 + others;
}

void need_of(struct amounts *out, const struct job *j)
{
	int64_t tasks = need_tasks(j);

	out->v[DIM_GPUS] = (j->gpu_limit > 0 ? j->gpu_limit : 0) * tasks;
	out->v[DIM_MEMORY] = (j->memory_limit.v > 0 ? j->memory_limit.v : 0) * tasks;
	out->v[DIM_CPU] = (j->cpu_limit.v > 0 ? j->cpu_limit.v : PLAN_UNSET_CPU) * tasks;
	out->v[DIM_TASKS] = tasks;
	out->v[DIM_JOBS] = 1;
}

static void pool_unbounded(struct pool *p)
{
	memset(p, 0, sizeof *p);
	for (int d = 0; d < DIM_COUNT; d++)
		p->total.v[d] = NO_BOUND;
}

void pool_of_machine(struct pool *out, const struct plan_machine *m)
{
	pool_unbounded(out);
	out->total.v[DIM_GPUS] = 0;
	for (size_t i = 0; i < m->gpu_count; i++) {
		out->total.v[DIM_GPUS] += m->gpus[i].usable;
		out->used.v[DIM_GPUS] += m->gpus[i].usable && m->gpus[i].held;
	}
	if (m->memory_total.v > 0)
		out->total.v[DIM_MEMORY] = m->memory_total.v;
	if (m->packing_cpu)
		out->total.v[DIM_CPU] = m->cpu_total.v;
	if (m->max_tasks > 0)
		out->total.v[DIM_TASKS] = m->max_tasks;
}

static int64_t bound(int64_t quota)
{
	return quota < 0 ? NO_BOUND : quota;
}

void pools_of_quota(struct pool *train, struct pool *total, const struct quota *q)
{
	pool_unbounded(train);
	pool_unbounded(total);
	if (q == NULL)
		return;
	train->org = total->org = q->org_name ? q->org_name : q->org_id ? q->org_id : "?";
	train->total.v[DIM_GPUS] = bound(q->train.gpu_quota);
	train->total.v[DIM_MEMORY] = bound(q->train.memory_quota.v);
	train->total.v[DIM_CPU] = bound(q->train.cpu_quota.v);
	train->total.v[DIM_JOBS] = bound(q->train.count_quota);
	total->total.v[DIM_GPUS] = bound(q->total.gpu_quota);
	total->total.v[DIM_MEMORY] = bound(q->total.memory_quota.v);
	total->total.v[DIM_CPU] = bound(q->total.cpu_quota.v);
	total->used.v[DIM_GPUS] = q->model.gpu_used + q->dev.gpu_used;
	total->used.v[DIM_MEMORY] = q->model.memory_used.v + q->dev.memory_used.v;
	total->used.v[DIM_CPU] = q->model.cpu_used.v + q->dev.cpu_used.v;
}

void pool_take(struct pool *p, const struct amounts *need)
{
	for (int d = 0; d < DIM_COUNT; d++)
		p->used.v[d] += need->v[d];
}

void pool_hold(struct pool *p, const struct quota_line *held)
{
	p->used.v[DIM_GPUS] += held->gpu_used;
	p->used.v[DIM_MEMORY] += held->memory_used.v;
	p->used.v[DIM_CPU] += held->cpu_used.v;
	p->used.v[DIM_JOBS] += held->count_used;
}

/* What a job may take now; never negative (a quota may be lowered below what is used). */
static int64_t pool_free(const struct pool *p, int d)
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
