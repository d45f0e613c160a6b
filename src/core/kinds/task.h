/* A task of a job: one process tree, with its attempts. A single job has one, master-0. */
#ifndef MLTOP_CORE_TASK_H
#define MLTOP_CORE_TASK_H

#include "core/kinds/workload.h"

/* The task of an object that has one. */
extern const char task_single[]; /* "master-0" */

struct task {
	struct record record;
	const char *uid; /* "<job uid>/<task>/<attempt>" */
	const char *job_uid, *job_name, *task, *org_id;
	int64_t attempt;
	unsigned state, reason; /* work_state_words, work_reason_words */
	const char *message, *node_name;
	int64_t exit_code, signal;
	struct when start_time, end_time;
	struct bytes log_bytes, log_oldest; /* newest offset, oldest kept offset */
	struct strings gpus;                /* UUIDs */
	/* What it holds from its start to its end; how long that was, by a clock that nobody sets. */
	int64_t gpu_limit;
	struct mcpu cpu_limit;
	struct bytes memory_limit;
	struct ms held_time;
	struct ms cpu_time;
	struct bytes memory_peak;
};
extern const struct kind task_kind;

/* task_set(t, state, WORK_RUNNING): assigns and marks as known. */
#define task_set(t, member, value) record_set(task, t, member, value)

#endif
