#include "core/kinds/usage.h"

#include "core/kinds/key.h"

const char *const usage_by_words[] = {
	[USAGE_BY_ORG] = "org",
	[USAGE_BY_OWNER] = "owner",
	[USAGE_BY_JOB] = "job",
	NULL,
};

static const char *const sections[] = {"Usage", NULL};

/* All of it follows from what attempts held: nobody gives it. */
static const struct field fields[] = {
	ROW(usage, uid, text, .flags = F_UID | F_STATUS | F_HIDDEN, .width = 30, .max = 255,
		.doc = "Day, org and what else the row is about, joined by slashes."),
	ROW(usage, day, text, .flags = F_KEY | F_STATUS, .width = 10,
		.doc = "Day, from midnight to midnight UTC."),
	ROW(usage, org_name, text, .title = "ORG", .flags = F_STATUS, .width = 12,
		.doc = "Name of the org."),
	ROW(usage, org_id, text, .flags = F_STATUS, .width = 8, .doc = "Id of the org."),
	ROW(usage, owner, text, .flags = F_STATUS, .width = 12,
		.doc = "Whose jobs these are; of rows by owner and by job."),
	ROW(usage, job_name, text, .title = "JOB", .flags = F_STATUS, .width = 24,
		.doc = "Name of the job, of rows by job; empty: several that were removed long ago."),
	ROW(usage, job_uid, text, .flags = F_STATUS, .width = 26,
		.doc = "Uid of the job, of rows by job."),
	ROW(usage, gpu_seconds, decimal, .title = "GPU-S", .flags = F_STATUS, .width = 8,
		.doc = "GPUs that were held, times the seconds."),
	ROW(usage, cpu_seconds, decimal, .title = "CPU-S", .flags = F_STATUS, .width = 8,
		.doc = "CPUs that were held, times the seconds."),
	ROW(usage, memory_gib_seconds, decimal, .title = "GIB-S", .flags = F_STATUS, .width = 8,
		.doc = "GiB of memory that were held, times the seconds; cut at a millionth."),
	ROW(usage, attempts, int, .title = "TRIES", .flags = F_STATUS, .width = 5,
		.doc = "Attempts that ran on that day; one over midnight is told on both."),
	ROW(usage, cost, decimal, .flags = F_STATUS, .width = 9,
		.doc = "What that costs by the prices that the platform has now "
		       "(usage.price_gpu_hour and its like); absent where it has none."),
	ROW(usage, currency, text, .title = "CUR", .flags = F_STATUS, .width = 4,
		.doc = "Of the cost, as the platform names it (usage.currency)."),

	ROW_AS(usage, "org", org_name, text, .title = "ORG", .width = 12, .flags = F_ALIAS,
		.doc = "Short for org_name."),
	ROW_AS(usage, "job", job_name, text, .title = "JOB", .width = 24, .flags = F_ALIAS,
		.doc = "Short for job_name."),
};
KIND_FITS(fields);

const struct kind usage_kind = {
	.name = "usage",
	.plural = "usage",
	.path = "/cloud_ml/v1/usage",
	.doc = "What attempts held on a day, running or over, of jobs that were removed too.",
	.can = CAN_LIST,
	.see = ROLE_VIEWER,
	.everywhere = true,
	.all_at_once = true,
	.sheet = true,
	.fields = fields,
	.field_count = ARRAY_SIZE(fields),
	.size = sizeof(struct usage),
	.sections = sections,
	.list_fields = "day,org,owner,job,gpu_seconds,cpu_seconds,memory_gib_seconds,attempts,cost",
	.wide_fields =
		"day,org,org_id,owner,job,job_uid,gpu_seconds,cpu_seconds,memory_gib_seconds,"
		"attempts,cost,currency",
};
