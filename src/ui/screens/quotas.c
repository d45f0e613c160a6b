#include "ui/screens/used_cell.h"

/* What each org may use and uses, who is nearest a limit first. */

USED_CELL(gpu, "total_gpu_used", "gpu_bound", 4)
USED_CELL(cpu, "total_cpu_used", "cpu_bound", 4)
USED_CELL(memory, "total_memory_used", "memory_bound", 4)
USED_CELL(jobs, "train_count_used", "train_count_quota", 4)

/* "97% gpu" */
static void nearest_cell(const struct table *t, const struct entry *e, int64_t now, bool ascii,
	struct buf *out)
{
	const struct kind *k = t->data.kind;
	const struct quota *q = e->row;

	(void)now, (void)ascii;
	if (record_has(quota, q, nearest))
		buf_addf(out, "%lld%% %s", (long long)q->nearest, q->nearest_of);
	else
		record_cell(k, q, kind_field(k, "nearest"), 0, out);
}

static const struct column columns[] = {
	{.field = "org_name", .width = 10, .most = 24},
	{.field = "nearest", .title = "NEAREST", .priority = 1, .width = 11, .cell = nearest_cell},
	{.field = "total_gpu_used", .title = "GPU", .priority = 2, .width = 11, .cell = gpu_cell},
	{.field = "total_cpu_used", .title = "CPU", .priority = 3, .width = 12, .cell = cpu_cell},
	{.field = "total_memory_used",
		.title = "MEM",
		.priority = 4,
		.width = 14,
		.cell = memory_cell},
	{.field = "train_count_used",
		.title = "JOBS",
		.priority = 5,
		.width = 12,
		.cell = jobs_cell},
	{.field = "bounds", .priority = 9, .width = 17},
	{.field = "tensorboard_used", .title = "TB", .priority = 9, .width = 4, .wide = true},
	{.field = "tensorboard_quota", .title = "OF", .priority = 10, .width = 4, .wide = true},
	{0},
};

static const char *const empty[] = {T_EMPTY_QUOTAS_1, T_EMPTY_QUOTAS_2, NULL};

const struct screen scr_quotas = {
	.name = "quotas",
	.doc = T_SCREEN_QUOTAS,
	.root = true,
	.scopes = SCOPE_TABLE | SCOPE_OPEN,
	.kind = &quota_kind,
	.columns = columns,
	.sort = "-nearest",
	.fields = "org_id,org_name,gpu_bound,cpu_bound,memory_bound,train_count_quota,nearest_of,"
		  "train_gpu_used,train_cpu_used,train_memory_used,version",
	.empty = empty,
	TABLE_SCREEN,
	.sets = true,
};
