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
	/* What runs of it and what it may use, from its quota: in memory only. */
	int64_t share; /* percent of what it may hold, the greatest of GPUs, memory and CPUs */
	int64_t running, waiting;
	int64_t gpu_used, gpu_bound, jobs_used, jobs_bound;
	struct mcpu cpu_used, cpu_bound;
	struct bytes memory_used, memory_bound;
	/* Its queue is held: nothing of it starts. */
	bool held;
	const char *held_by, *hold_note;
	unsigned held_role; /* enum role: who has less does not release it */
	struct when held_since;
};
extern const struct kind org_kind;

enum { ORG_ACTIONS = 2 };
extern const struct kind_action org_actions[]; /* org_hold.c */

#endif
