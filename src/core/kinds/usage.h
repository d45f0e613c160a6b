/* What an org, one of its people or a job spent on a day, and what that costs. */
#ifndef MLTOP_CORE_USAGE_H
#define MLTOP_CORE_USAGE_H

#include "core/schema/schema.h"

/* What the rows of a list are about; the words of ?by=. */
enum usage_by { USAGE_BY_ORG, USAGE_BY_OWNER, USAGE_BY_JOB };
extern const char *const usage_by_words[]; /* NULL-ended */

struct usage {
	struct record record;
	const char *uid;               /* "<day>/<org id>", and what else the row is about */
	const char *day;               /* "2026-11-30", of UTC */
	const char *org_id, *org_name; /* whose */
	const char *owner;             /* of rows by owner and by job */
	const char *job_uid, *job_name;
	struct micro gpu_seconds, cpu_seconds, memory_gib_seconds;
	int64_t attempts;
	struct micro cost; /* known where something has a price */
	const char *currency;
};
extern const struct kind usage_kind;

#define usage_set(u, member, value) record_set(usage, u, member, value)

#endif
