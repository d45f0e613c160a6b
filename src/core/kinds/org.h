/* A tenant ("org" on the wire). Its name becomes a namespace: at most 57 characters, no dots. */
#ifndef MLTOP_CORE_ORG_H
#define MLTOP_CORE_ORG_H

#include "core/schema/schema.h"

struct org {
	struct record record;
	const char *org_id; /* decimal digits: the public client treats it as a string */
	const char *org_name;
	const char *description;
	int64_t run_uid; /* Unix user of its tasks on a shared local engine; unknown: ours */
	struct when create_time;
};
extern const struct kind org_kind;

#endif
