/* What an org may use and uses: every value a string on the wire, no limit is -1, as the public client has it. */
#ifndef MLTOP_CORE_QUOTA_H
#define MLTOP_CORE_QUOTA_H

#include "core/schema/schema.h"

struct quota_line {
	struct bytes memory_quota, memory_used;
	struct mcpu cpu_quota, cpu_used;
	int64_t gpu_quota, gpu_used, count_quota, count_used;
};

struct quota {
	struct record record;
	const char *org_id, *org_name, *org_mail;
	struct quota_line train, model, dev, total; /* total has no counts on the wire */
	int64_t tensorboard_quota, tensorboard_used;
	struct bytes log_bytes_quota, log_bytes_used; /* ours */
	struct bytes records_bytes_quota, records_bytes_used;
	/* What holds for train jobs: the lesser of their own limit and that of everything together. */
	struct bytes memory_bound;
	struct mcpu cpu_bound;
	int64_t gpu_bound;
	int64_t version;        /* of what is stored of it: changes with each change of a limit */
	int64_t nearest;        /* used of the limit that is used most of, in percent */
	const char *nearest_of; /* which one that is: "gpu"; "" none has a limit */
	unsigned paused;        /* enum work_reason why nothing of the org may start; REASON_NONE */
	const char *paused_why; /* as a sentence; "" */
	const char *bounds;     /* "cpu: jobs": which of them are the jobs' own; "" none */
};
extern const struct kind quota_kind;

/* All quotas unlimited, all used values zero, all known. */
void quota_init(struct quota *q);

#endif
