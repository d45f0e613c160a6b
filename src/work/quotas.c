/* Quotas: what workloads of an org may use, and what they do. */
#include "work/work.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static struct amounts amounts_of(const struct quota_line *l)
{
	return (struct amounts){.v = {[DIM_GPUS] = l->gpu_quota,
					[DIM_MEMORY] = l->memory_quota.v,
					[DIM_CPU] = l->cpu_quota.v,
					[DIM_TASKS] = NO_BOUND,
					[DIM_JOBS] = l->count_quota}};
}

bool work_limits(struct work *w, const char *org_id, struct plan_limits *out, const char **name)
{
	const struct quota *q = rowset_find(&w->model->quotas, org_id);

	if (q == NULL)
		return false;
	*name = q->org_name;
	*out = (struct plan_limits){.kind = amounts_of(&q->train), .total = amounts_of(&q->total)};
	out->total.v[DIM_JOBS] = NO_BOUND; /* it counts no objects */
	out->elsewhere.v[DIM_GPUS] = q->model.gpu_used + q->dev.gpu_used;
	out->elsewhere.v[DIM_MEMORY] = q->model.memory_used.v + q->dev.memory_used.v;
	out->elsewhere.v[DIM_CPU] = q->model.cpu_used.v + q->dev.cpu_used.v;
	return true;
}

static void usage_add(struct quota_line *line, const struct quota_line *more)
{
	line->cpu_used.v += more->cpu_used.v;
	line->memory_used.v += more->memory_used.v;
	line->gpu_used += more->gpu_used;
	line->count_used += more->count_used;
}

/* Of one without a limit as of one that has a CPU. */
static struct quota_line usage_of(const struct claim *c)
{
	return (struct quota_line){.cpu_used = {c->cpu > 0 ? c->cpu : 1000},
		.memory_used = {c->memory},
		.gpu_used = c->gpus,
		.count_used = 1};
}

static struct quota_line *line_of(struct quota *q, const struct active *a)
{
	return (struct quota_line *)((char *)q + a->policy->quota_line);
}

static void usage_clear(struct quota_line *line)
{
	line->cpu_used.v = line->memory_used.v = 0;
	line->gpu_used = line->count_used = 0;
}

void reconcile_usage(struct work *w)
{
	size_t count = w->model->quotas.len;
	struct quota_line *before = mem_alloc((count + 1) * sizeof *before);

	for (size_t i = 0; i < count; i++) {
		struct quota *q = w->model->quotas.rows[i];

		before[i] = q->train;
		q->records_bytes_used.v = model_record_bytes(w->model, q->org_id);
		usage_clear(&q->train);
		usage_clear(&q->total);
	}
	for (size_t i = 0; i < w->live.len; i++) {
		const struct active *a = w->live.items[i];
		struct quota *q = rowset_find(&w->model->quotas, a->work->org_id);
		struct quota_line one = usage_of(&a->claim);

		if (q == NULL)
			continue;
		usage_add(line_of(q, a), &one);
		usage_add(&q->total, &one);
	}
	for (size_t i = 0; i < count; i++) {
		const struct quota *q = w->model->quotas.rows[i];

		if (memcmp(&before[i], &q->train, sizeof before[i]) != 0)
			model_show(w->model, &quota_kind, q->org_id);
	}
	free(before);
}
