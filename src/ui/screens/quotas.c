#include "ui/screens/screens.h"

/* What each org may use and uses. */

static const struct column columns[] = {
	{.field = "org_name", .width = 12, .most = 24},
	{.field = "total_gpu_used", .title = "GPU", .priority = 1, .width = 6},
	{.field = "gpu_bound", .title = "OF", .priority = 2, .width = 6},
	{.field = "total_cpu_used", .title = "CPU", .priority = 3, .width = 7},
	{.field = "cpu_bound", .title = "OF", .priority = 4, .width = 7},
	{.field = "total_memory_used", .title = "MEM", .priority = 5, .width = 8},
	{.field = "memory_bound", .title = "OF", .priority = 6, .width = 8},
	{.field = "train_count_used", .title = "JOBS", .priority = 7, .width = 6},
	{.field = "train_count_quota", .title = "OF", .priority = 8, .width = 6},
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
	.sort = "org_name",
	.fields = "org_id,org_name",
	.empty = empty,
	TABLE_SCREEN,
};
