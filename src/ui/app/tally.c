#include "ui/app/parts.h"

/* What the header counts, row by row, and what else it asks for. */

static const struct column quota_columns[] = {
	{.field = "org_name"},
	{.field = "total_gpu_used"},
	{.field = "total_gpu_quota"},
	{.field = "total_cpu_used"},
	{.field = "total_cpu_quota"},
	{.field = "total_memory_used"},
	{.field = "total_memory_quota"},
	{.field = "train_count_used"},
	{.field = "train_count_quota"},
	{.field = "paused"},
	{0},
};

const struct screen header_quota = {
	.name = "quotas",
	.kind = &quota_kind,
	.columns = quota_columns,
	.fields = "org_id,org_name",
};

int64_t gpus_believed(int64_t gpus)
{
	return gpus > 0 && gpus < 1 << 20 ? gpus : 0;
}

void tally_job(void *ctx, const void *row, int sign)
{
	struct tally *t = ctx;
	const struct job *j = row;
	enum life life = kind_life(&job_kind, j);
	int64_t gpus = gpus_believed(j->gpu_limit);

	t->gpus += life == LIFE_LIVE ? sign * gpus : 0;
	t->run += life == LIFE_LIVE ? sign : 0;
	t->wait += life == LIFE_WAITING ? sign : 0;
	if (life != LIFE_LIVE)
		return;
	if (record_has(job, j, gpu_util) && j->gpu_util.v >= 0 && j->gpu_util.v <= 1000) {
		int64_t weight = gpus ? gpus : 1;

		t->util_sum += sign * weight * (int64_t)(j->gpu_util.v * 100);
		t->util_count += sign * weight;
	}
	if (record_has(job, j, cpu_used) && j->cpu_used.v >= 0 && j->cpu_used.v <= 1e6) {
		t->cpu_sum += sign * (int64_t)(j->cpu_used.v * 100);
		t->cpu_count += sign;
	}
}
