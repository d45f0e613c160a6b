/*
 * What objects that run have alike, whatever their kind (a train job; a replica of a service): whose
 * they are, where they are in their life and how they do. The struct of such a kind begins with
 * `struct workload;`, an unnamed member, so that a pointer to its record is one to this, and its
 * rows are in the kind's table as all others are.
 */
#ifndef MLTOP_CORE_WORKLOAD_H
#define MLTOP_CORE_WORKLOAD_H

#include "core/schema/schema.h"

enum work_state {
	WORK_VALIDATED,
	WORK_ENQUEUED,
	WORK_CREATING,
	WORK_RUNNING,
	WORK_COMPLETED,
	WORK_FAILED,
	WORK_ERROR,
	WORK_DELETING,
	/* Words that other servers use; this one never makes them. */
	WORK_ENQUEUING,
	WORK_PROCESSING,
	WORK_PENDING,
	WORK_ERASING,
	WORK_MODELSERVED,
};
extern const char *const work_state_words[];
extern const struct word_look work_state_looks[];
bool work_state_final(unsigned state); /* LIFE_FINAL */
bool work_state_live(unsigned state);  /* LIFE_LIVE: holds resources */

/* Why it is where it is; the words are CamelCase on the wire. */
enum work_reason {
	REASON_NONE,
	REASON_QUOTA,
	REASON_GPU,
	REASON_CPU,
	REASON_MEMORY,
	REASON_TASKS,
	REASON_NODE_SELECTOR,
	REASON_PRIORITY,
	REASON_HELD,
	REASON_DEPENDENCY,
	REASON_CANCELLED,
	REASON_EXIT_CODE,
	REASON_SIGNAL,
	REASON_OOM_KILLED,
	REASON_SUPERVISOR_LOST,
	REASON_NODE_REBOOTED,
	REASON_MAX_RUNTIME,
	REASON_PACKAGE_FETCH,
	REASON_PACKAGE_UNPACK,
	REASON_MODULE_MISSING,
	REASON_START,
	REASON_RETRY,
	REASON_PREEMPTED,
	REASON_SECRET_MISSING,
	REASON_NODES_DRAINED, /* it waits for a node that is drained */
	REASON_NODE_DRAINED,  /* it was stopped because its node is */
	REASON_QUEUE_HELD,
};
extern const char *const work_reason_words[];
/* The platform stopped it for others' sake: it waits again, and the attempt does not count. */
bool work_reason_yields(enum work_reason why);

/* How limits are held: "limits_enforced". */
enum enforced { ENFORCED_NONE, ENFORCED_POLL, ENFORCED_CGROUP };
extern const char *const enforced_words[];

struct workload {
	struct record record;
	/* whose */
	const char *uid, *org_id, *org_name, *owner;
	int64_t priority;
	/* where it is */
	unsigned state, reason, limits_enforced;
	bool cancelled; /* failed because somebody stopped it */
	bool held;      /* waits until somebody releases it */
	const char *message;
	const char *failure;      /* why its last attempt failed, in a line */
	struct nested failure_at; /* struct logplace; none where no log says it */
	int64_t exit_code, signal, attempt, attempts_uncounted, tasks;
	struct when create_time, update_time, start_time, end_time;
	struct strings after_left;  /* "uid/name" of what must complete first; likewise */
	struct when preempted_time; /* it was stopped to make room; a kind may have no row for it */
	const char *node_name;
	/* how it does */
	struct percent cpu_used, gpu_util;
	struct bytes memory_used, log_bytes;
	int64_t progress_step, progress_total, progress_epoch, progress_epochs;
	struct percent progress_percent;
	double progress_rate, loss, metric_value;
	struct ms progress_eta;
	const char *metric_name, *phase, *source;
	struct nested ranks; /* struct rankset */
};

/* As record_set and its like, of a workload of any kind. */
#define workload_set(kind, w, member, value) \
	((w)->member = (value), record_know((kind), (w), WORKLOAD_OFFSET(w, member)))
#define workload_has(kind, w, member) record_knows_at((kind), (w), WORKLOAD_OFFSET(w, member))
#define workload_drop(kind, w, member) record_forget((kind), (w), WORKLOAD_OFFSET(w, member))
/*
 * Of a member that tells how it does or why it failed, for which a kind may have no row: is known as
 * `value` where `known`, else not; of a kind without the row nothing changes.
 */
#define workload_tell(kind, w, member, known, value)                     \
	(workload_mark((kind), (w), WORKLOAD_OFFSET(w, member), (known)) \
			? (void)((w)->member = (value))                  \
			: (void)0)
#define workload_hide(kind, w, member) \
	((void)workload_mark((kind), (w), WORKLOAD_OFFSET(w, member), false))
#define WORKLOAD_OFFSET(w, member)           \
	(offsetof(struct workload, member) + \
		0 * sizeof _Generic((w), struct workload * : 1, const struct workload * : 1))

bool kind_runs(const struct kind *k); /* CAN_RUN */
/* The first of the rows that whatever runs needs which the kind does not have there; NULL: it has all. */
const char *workload_lacks(const struct kind *k);

/* Is there a row of that member, and is it known from now on? Else it is forgotten. */
bool workload_mark(const struct kind *k, struct workload *w, size_t offset, bool known);

/* For the settle() of a kind: `cancelled` and `held` follow from state and reason. */
void workload_settle(const struct kind *k, struct workload *w);
/* Copies the F_SAMPLE members: a change must not set them back. `from` NULL: all are unknown. */
void workload_samples_copy(const struct kind *k, void *to, const void *from);

#endif
