#include "core/kinds/quota.h"

#include "core/kinds/key.h"
#include "core/kinds/workload.h"

#include <string.h>

enum { QUOTA_RECORDS = 64 << 20 };

enum { ORG, TRAIN, MODEL, DEV, TOTAL, OTHER };
static const char *const sections[] = {
	"Org",
	"Train jobs",
	"Model services",
	"Dev environments",
	"Total",
	"Other",
	NULL,
};

/* The limit and what is used of it; the words are the wire's (public client, quota commands). */
#define PAIR(line, part, token, heading, pages, what)                                              \
	ROW_AS(quota, #line "_" #part "_quota", line.part##_quota, token, .title = heading " MAX", \
		.flags = F_EDIT, .width = 8, .section = pages, .doc = what " that may be used."),  \
		ROW_AS(quota, #line "_" #part "_used", line.part##_used, token, .title = heading,  \
			.flags = F_STATUS, .width = 8, .section = pages, .doc = what " in use.")
#define RESOURCES(line, heading, pages, of)                                      \
	PAIR(line, memory, quota_memory, heading "MEM", pages, "Memory of " of), \
		PAIR(line, cpu, quota_cpu, heading "CPU", pages, "CPUs of " of), \
		PAIR(line, gpu, quota_count, heading "GPU", pages, "GPUs of " of)
#define COUNT(line, heading, pages, of) \
	PAIR(line, count, quota_count, heading "COUNT", pages, "Number of " of)
#define SHORT(name, member, token, heading, of)                                            \
	ROW_AS(quota, name, member, token, .title = heading, .flags = F_ALIAS, .width = 8, \
		.doc = "Short for " of ".")

#define LIMITS                                                                                \
	"train_gpu_quota,total_gpu_quota,train_cpu_quota,total_cpu_quota,train_memory_quota," \
	"total_memory_quota"

#define USED                                                                                  \
	"total_gpu_used,total_cpu_used,total_memory_used,train_count_used,train_count_quota," \
	"records_bytes_used,records_bytes_quota"

static const struct field fields[] = {
	ROW(quota, org_name, name, .title = "ORG", .flags = F_KEY | F_STATUS, .width = 12,
		.max = 57, .doc = "Name of the org."),
	ROW(quota, org_id, text, .flags = F_UID | F_STATUS, .width = 8, .max = 20,
		.doc = "Id of the org."),
	ROW(quota, org_mail, text, .flags = F_EDIT | F_PAD | F_HIDDEN, .width = 20,
		.doc = "Mail address of the org; the newer public client shows it."),
	RESOURCES(train, "JOB ", TRAIN, "train jobs"),
	COUNT(train, "JOB ", TRAIN, "train jobs"),
	RESOURCES(model, "MODEL ", MODEL, "model services"),
	COUNT(model, "MODEL ", MODEL, "model services"),
	RESOURCES(dev, "DEV ", DEV, "dev environments"),
	COUNT(dev, "DEV ", DEV, "dev environments"),
	RESOURCES(total, "", TOTAL, "everything together"),
	ROW(quota, tensorboard_quota, quota_count, .title = "TB MAX", .flags = F_EDIT, .width = 6,
		.section = OTHER, .doc = "Number of TensorBoards that may be used."),
	ROW(quota, tensorboard_used, quota_count, .title = "TB", .flags = F_STATUS, .width = 6,
		.section = OTHER, .doc = "Number of TensorBoards in use."),
	ROW(quota, log_bytes_quota, quota_memory, .title = "LOG MAX", .flags = F_EDIT, .width = 8,
		.section = OTHER,
		.doc = "Bytes of logs that may be kept: stored and shown, not enforced (local.log_limit "
		       "bounds each attempt)."),
	ROW(quota, log_bytes_used, quota_memory, .title = "LOG", .flags = F_STATUS | F_SAMPLE,
		.width = 8, .section = OTHER,
		.doc = "Bytes of logs that are kept: not measured yet, so 0."),
	ROW(quota, records_bytes_quota, quota_memory, .title = "TEXT MAX", .flags = F_EDIT,
		.width = 8, .section = OTHER,
		.doc = "Bytes of what its jobs say (commands, environments) that a shared platform "
		       "keeps; 64M where none was set."),
	ROW(quota, records_bytes_used, quota_memory, .title = "TEXT", .flags = F_STATUS | F_SAMPLE,
		.width = 8, .section = OTHER, .doc = "Bytes of that which are kept."),

	ROW(quota, gpu_bound, quota_count, .follows = "train_gpu_quota,total_gpu_quota",
		.title = "GPU MAX", .flags = F_STATUS, .width = 7, .section = TOTAL,
		.doc = "GPUs that jobs may use: the lesser of train and total."),
	ROW(quota, cpu_bound, quota_cpu, .follows = "train_cpu_quota,total_cpu_quota",
		.title = "CPU MAX", .flags = F_STATUS, .width = 7, .section = TOTAL,
		.doc = "CPUs that jobs may use: the lesser of train and total."),
	ROW(quota, memory_bound, quota_memory, .follows = "train_memory_quota,total_memory_quota",
		.title = "MEM MAX", .flags = F_STATUS, .width = 7, .section = TOTAL,
		.doc = "Memory that jobs may use: the lesser of train and total."),
	ROW(quota, bounds, text, .follows = LIMITS, .title = "BOUND BY", .flags = F_STATUS,
		.width = 17, .section = TOTAL,
		.doc = "Which of these three bounds are of train jobs, not of the total."),

	ROW(quota, nearest, id, .follows = LIMITS "," USED, .title = "NEAREST", .flags = F_STATUS,
		.width = 8, .section = TOTAL,
		.doc = "How much is used, in percent, of the limit that is nearest."),
	ROW(quota, nearest_of, text, .follows = LIMITS "," USED, .title = "OF", .flags = F_STATUS,
		.width = 8, .section = TOTAL, .doc = "Which limit that is."),
	ROW(quota, paused, enum, .flags = F_STATUS | F_SAMPLE, .width = 12,
		.names = work_reason_words, .section = ORG,
		.doc = "Why nothing of the org may start just now, one word: QueueHeld, or NodesDrained "
		       "where every node is; empty where jobs may start."),
	ROW(quota, paused_why, text, .title = "PAUSED BECAUSE", .flags = F_STATUS | F_SAMPLE,
		.width = 40, .max = 4096, .section = ORG, .doc = "The same as a sentence."),
	ROW(quota, version, id, .flags = F_STATUS | F_HIDDEN, .width = 8, .section = OTHER,
		.doc = "Changes with each change of a limit: ?if_version= or If-Match refuse one that "
		       "was made from another."),

	SHORT("name", org_name, name, "ORG", "org_name"),
	SHORT("org", org_name, name, "ORG", "org_name"),
	SHORT("gpu", total.gpu_used, quota_count, "GPU", "total_gpu_used"),
	SHORT("gpu_max", total.gpu_quota, quota_count, "GPU MAX", "total_gpu_quota"),
	SHORT("cpu", total.cpu_used, quota_cpu, "CPU", "total_cpu_used"),
	SHORT("cpu_max", total.cpu_quota, quota_cpu, "CPU MAX", "total_cpu_quota"),
	SHORT("mem", total.memory_used, quota_memory, "MEM", "total_memory_used"),
	SHORT("mem_max", total.memory_quota, quota_memory, "MEM MAX", "total_memory_quota"),
	SHORT("jobs", train.count_used, quota_count, "JOBS", "train_count_used"),
	SHORT("jobs_max", train.count_quota, quota_count, "JOBS MAX", "train_count_quota"),
};
KIND_FITS(fields);

/* The lesser of the two, -1 being none; tells whether it is the first one. */
static bool lesser(int64_t kind, int64_t total, int64_t *out)
{
	bool own = kind >= 0 && (total < 0 || kind < total);

	*out = own ? kind : total;
	return own;
}

/* Of this limit so much is used, where it is the nearest one so far. */
static void nearer(struct quota *q, bool known, int64_t used, int64_t limit, const char *what)
{
	const double most = 1000000; /* a limit of a byte */
	double percent = limit > 0 ? 100.0 * (double)used / (double)limit : used > 0 ? 100 : 0;

	if (!known || limit < 0 ||
		(q->nearest_of && *q->nearest_of && percent < (double)(q->nearest + 1)))
		return;
	record_set(quota, q, nearest, (int64_t)(percent < most ? percent : most));
	record_set(quota, q, nearest_of, what);
}

static void quota_nearest(struct quota *q)
{
	record_drop(quota, q, nearest);
	record_drop(quota, q, nearest_of);
	nearer(q, record_has(quota, q, gpu_bound) && record_has(quota, q, total.gpu_used),
		q->total.gpu_used, q->gpu_bound, "gpu");
	nearer(q, record_has(quota, q, cpu_bound) && record_has(quota, q, total.cpu_used),
		q->total.cpu_used.v, q->cpu_bound.v, "cpu");
	nearer(q, record_has(quota, q, memory_bound) && record_has(quota, q, total.memory_used),
		q->total.memory_used.v, q->memory_bound.v, "memory");
	nearer(q, record_has(quota, q, train.count_quota) && record_has(quota, q, train.count_used),
		q->train.count_used, q->train.count_quota, "jobs");
	nearer(q,
		record_has(quota, q, records_bytes_quota) &&
			record_has(quota, q, records_bytes_used),
		q->records_bytes_used.v, q->records_bytes_quota.v, "text");
}

static void quota_settle(void *record)
{
	/* By bits: GPU, CPU, memory. */
	static const char *const words[] = {"", "gpu: jobs", "cpu: jobs", "gpu cpu: jobs",
		"mem: jobs", "gpu mem: jobs", "cpu mem: jobs", "gpu cpu mem: jobs"};
	struct quota *q = record;
	unsigned own = 0, known = 0;

	if (record_has(quota, q, total.gpu_quota) && record_has(quota, q, train.gpu_quota)) {
		own |= lesser(q->train.gpu_quota, q->total.gpu_quota, &q->gpu_bound) ? 1 : 0;
		known |= 1;
		record_know(&quota_kind, q, offsetof(struct quota, gpu_bound));
	}
	if (record_has(quota, q, total.cpu_quota) && record_has(quota, q, train.cpu_quota)) {
		own |= lesser(q->train.cpu_quota.v, q->total.cpu_quota.v, &q->cpu_bound.v) ? 2 : 0;
		known |= 2;
		record_know(&quota_kind, q, offsetof(struct quota, cpu_bound));
	}
	if (record_has(quota, q, total.memory_quota) && record_has(quota, q, train.memory_quota)) {
		own |= lesser(q->train.memory_quota.v, q->total.memory_quota.v, &q->memory_bound.v)
			? 4
			: 0;
		known |= 4;
		record_know(&quota_kind, q, offsetof(struct quota, memory_bound));
	}
	if (known == 7)
		record_set(quota, q, bounds, words[own]);
	if (q->record.revision)
		record_set(quota, q, version, (int64_t)q->record.revision);
	quota_nearest(q);
}

/* Every number of a new quota: no limit, or none in use. */
void quota_init(struct quota *q)
{
	memset(q, 0, sizeof *q);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const struct field *f = &fields[i];
		bool limit = (f->flags & F_EDIT) != 0;

		if (f->flags & F_ALIAS || f->type->storage == ST_TEXT ||
			f->type->storage == ST_ENUM)
			continue;
		*(int64_t *)((char *)q + f->offset) = limit ? -1 : 0;
		record_know(&quota_kind, q, f->offset);
	}
	q->records_bytes_quota.v = QUOTA_RECORDS;
	quota_settle(q);
}

/* Limits that a newer program added are unknown in an old row: they stand at "none". */
static void quota_renew(void *record)
{
	struct quota *q = record;
	struct quota whole;
	struct fieldset known = {{0}};

	quota_init(&whole);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (!(fields[i].flags & (F_ALIAS | F_SAMPLE)) &&
			record_knows(&quota_kind, q, &fields[i]))
			fieldset_add(&known, i);
	record_overlay(&quota_kind, &whole, q, &known);
	*q = whole;
}

const struct kind quota_kind = {
	.name = "quota",
	.plural = "quotas",
	.path = "/cloud_ml/v1/quota",
	.doc = "What an org may use and what it uses.",
	.can = CAN_LIST | CAN_ONE | CAN_EDIT | CAN_EVENTS | CAN_STREAM | CAN_WHAT_IF,
	.others = ROLE_QUOTA_ADMIN,
	.everywhere = true,
	.renew = quota_renew,
	.see = ROLE_VIEWER,
	.change = ROLE_QUOTA_ADMIN,
	.fields = fields,
	.field_count = ARRAY_SIZE(fields),
	.size = sizeof(struct quota),
	.sections = sections,
	.list_fields = "org_name,gpu,gpu_bound,cpu,cpu_bound,mem,memory_bound,jobs,jobs_max,bounds",
	.measured = "org_name",
	.settle = quota_settle,
	.wide_fields = "org_name,org_id,gpu,gpu_max,cpu,cpu_max,mem,mem_max,jobs,jobs_max,"
		       "train_gpu_used,train_gpu_quota,train_memory_used,train_memory_quota,"
		       "bounds,tensorboard_used,tensorboard_quota,log_bytes_used,log_bytes_quota",
};
