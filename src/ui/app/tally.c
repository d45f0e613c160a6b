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
	{0},
};

const struct screen header_quota = {
	.name = "quotas",
	.kind = &quota_kind,
	.columns = quota_columns,
	.fields = "org_id,org_name",
};

static bool knows(const struct job *j, const char *field)
{
	const struct field *f = kind_field(&job_kind, field);

	return f && record_knows(&job_kind, j, f);
}

void tally_job(void *ctx, const void *row, int sign)
{
	struct tally *t = ctx;
	const struct job *j = row;

	enum life life = kind_life(&job_kind, j);

	if (life == LIFE_LIVE)
		t->gpus += sign * j->gpu_limit;
	t->run += life == LIFE_LIVE ? sign : 0;
	t->wait += life == LIFE_WAITING ? sign : 0;
	if (life != LIFE_LIVE)
		return;
	if (knows(j, "gpu_util") && j->gpu_util.v >= 0 && j->gpu_util.v <= 1000) {
		int64_t gpus = j->gpu_limit > 0 && j->gpu_limit < 1 << 20 ? j->gpu_limit : 1;

		t->util_sum += sign * gpus * (int64_t)(j->gpu_util.v * 100);
		t->util_count += sign * gpus;
	}
	if (knows(j, "cpu_used") && j->cpu_used.v >= 0 && j->cpu_used.v <= 1e6) {
		t->cpu_sum += sign * (int64_t)(j->cpu_used.v * 100);
		t->cpu_count += sign;
	}
}
