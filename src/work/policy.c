#include "work/policy.h"

static struct amounts amounts_of(const struct quota_line *l)
{
	return (struct amounts){.v = {[DIM_GPUS] = l->gpu_quota,
					[DIM_MEMORY] = l->memory_quota.v,
					[DIM_CPU] = l->cpu_quota.v,
					[DIM_TASKS] = NO_BOUND,
					[DIM_JOBS] = l->count_quota}};
}

void limits_of_quota(struct plan_limits *out, const struct quota *q)
{
	*out = (struct plan_limits){.kind = amounts_of(&q->train), .total = amounts_of(&q->total)};
	out->total.v[DIM_JOBS] = NO_BOUND; /* it counts no objects */
	out->elsewhere.v[DIM_GPUS] = q->model.gpu_used + q->dev.gpu_used;
	out->elsewhere.v[DIM_MEMORY] = q->model.memory_used.v + q->dev.memory_used.v;
	out->elsewhere.v[DIM_CPU] = q->model.cpu_used.v + q->dev.cpu_used.v;
}
