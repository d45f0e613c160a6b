#include "core/kinds/workload.h"

#include <string.h>

const char *const work_state_words[] = {
	[WORK_VALIDATED] = "validated",
	[WORK_ENQUEUED] = "enqueued",
	[WORK_CREATING] = "creating",
	[WORK_RUNNING] = "running",
	[WORK_COMPLETED] = "completed",
	[WORK_FAILED] = "failed",
	[WORK_ERROR] = "error",
	[WORK_DELETING] = "deleting",
	[WORK_ENQUEUING] = "enqueuing",
	[WORK_PROCESSING] = "processing",
	[WORK_PENDING] = "pending",
	[WORK_ERASING] = "erasing",
	[WORK_MODELSERVED] = "modelserved",
	NULL,
};
const struct word_look work_state_looks[] = {
	[WORK_VALIDATED] = {TONE_WAIT, LIFE_WAITING},
	[WORK_ENQUEUED] = {TONE_WAIT, LIFE_WAITING},
	[WORK_CREATING] = {TONE_WAIT, LIFE_LIVE},
	[WORK_RUNNING] = {TONE_GOOD, LIFE_LIVE},
	[WORK_COMPLETED] = {TONE_GOOD, LIFE_FINAL},
	[WORK_FAILED] = {TONE_BAD, LIFE_FINAL},
	[WORK_ERROR] = {TONE_BAD, LIFE_FINAL},
	[WORK_DELETING] = {TONE_GONE, LIFE_NONE},
	[WORK_ENQUEUING] = {TONE_WAIT, LIFE_WAITING},
	[WORK_PROCESSING] = {TONE_WAIT, LIFE_WAITING},
	[WORK_PENDING] = {TONE_WAIT, LIFE_WAITING},
	[WORK_ERASING] = {TONE_GONE, LIFE_NONE},
	[WORK_MODELSERVED] = {TONE_WAIT, LIFE_NONE},
};
_Static_assert(ARRAY_SIZE(work_state_looks) == WORK_MODELSERVED + 1, "a look for each state");
const char *const work_reason_words[] = {
	[REASON_NONE] = "",
	[REASON_QUOTA] = "Quota",
	[REASON_GPU] = "Gpu",
	[REASON_CPU] = "Cpu",
	[REASON_MEMORY] = "Memory",
	[REASON_TASKS] = "Tasks",
	[REASON_NODE_SELECTOR] = "NodeSelector",
	[REASON_PRIORITY] = "Priority",
	[REASON_HELD] = "Held",
	[REASON_DEPENDENCY] = "Dependency",
	[REASON_CANCELLED] = "Cancelled",
	[REASON_EXIT_CODE] = "ExitCode",
	[REASON_SIGNAL] = "Signal",
	[REASON_OOM_KILLED] = "OOMKilled",
	[REASON_SUPERVISOR_LOST] = "SupervisorLost",
	[REASON_NODE_REBOOTED] = "NodeRebooted",
	[REASON_MAX_RUNTIME] = "MaxRuntime",
	[REASON_PACKAGE_FETCH] = "PackageFetch",
	[REASON_PACKAGE_UNPACK] = "PackageUnpack",
	[REASON_MODULE_MISSING] = "ModuleMissing",
	[REASON_START] = "Start",
	[REASON_RETRY] = "Retry",
	[REASON_PREEMPTED] = "Preempted",
	[REASON_SECRET_MISSING] = "SecretMissing",
	[REASON_NODES_DRAINED] = "NodesDrained",
	[REASON_NODE_DRAINED] = "NodeDrained",
	[REASON_QUEUE_HELD] = "QueueHeld",
	NULL,
};
const char *const enforced_words[] = {"none", "poll", "cgroup", NULL};

bool work_reason_yields(enum work_reason why)
{
	return why == REASON_PREEMPTED || why == REASON_NODE_DRAINED;
}

bool work_state_final(unsigned state)
{
	return state <= WORK_MODELSERVED && work_state_looks[state].life == LIFE_FINAL;
}

bool work_state_live(unsigned state)
{
	return state <= WORK_MODELSERVED && work_state_looks[state].life == LIFE_LIVE;
}

bool kind_runs(const struct kind *k)
{
	return (k->can & CAN_RUN) == CAN_RUN;
}

const char *workload_lacks(const struct kind *k)
{
#define NEEDED(member)                                     \
	{                                                  \
#member, offsetof(struct workload, member) \
	}
	static const struct {
		const char *name;
		size_t offset;
	} needed[] = {NEEDED(uid), NEEDED(org_id), NEEDED(org_name), NEEDED(owner),
		NEEDED(priority), NEEDED(state), NEEDED(reason), NEEDED(limits_enforced),
		NEEDED(cancelled), NEEDED(held), NEEDED(message), NEEDED(exit_code), NEEDED(signal),
		NEEDED(attempt), NEEDED(attempts_uncounted), NEEDED(tasks), NEEDED(create_time),
		NEEDED(update_time), NEEDED(start_time), NEEDED(end_time), NEEDED(node_name)};
#undef NEEDED

	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		const struct field *f = kind_field(k, needed[i].name);

		if (f == NULL || f->offset != needed[i].offset)
			return needed[i].name;
	}
	return NULL;
}

/* Another server's rows say it themselves, or not at all: what is not known tells nothing. */
void workload_settle(const struct kind *k, struct workload *w)
{
	if (!workload_has(k, w, state) || !workload_has(k, w, reason))
		return;
	if (w->state == WORK_FAILED && w->reason == REASON_CANCELLED)
		workload_set(k, w, cancelled, true);
	else
		workload_drop(k, w, cancelled);
	if (w->state == WORK_ENQUEUED && w->reason == REASON_HELD)
		workload_set(k, w, held, true);
	else
		workload_drop(k, w, held);
}

bool workload_mark(const struct kind *k, struct workload *w, size_t offset, bool known)
{
	size_t i = 0;

	while (i < k->field_count &&
		(k->fields[i].offset != offset || (k->fields[i].flags & F_ALIAS)))
		i++;
	if (i == k->field_count)
		return false;
	if (known)
		record_know(k, w, offset);
	else
		record_forget(k, w, offset);
	return known;
}

void workload_samples_copy(const struct kind *k, void *to, const void *from)
{
	for (size_t i = 0; i < k->field_count; i++) {
		const struct field *f = &k->fields[i];

		if (!(f->flags & F_SAMPLE) || (f->flags & F_ALIAS))
			continue;
		if (from == NULL || !record_knows(k, from, f)) {
			record_forget(k, to, f->offset);
			continue;
		}
		memcpy((char *)to + f->offset, (const char *)from + f->offset, f->size);
		record_know(k, to, f->offset);
	}
}
