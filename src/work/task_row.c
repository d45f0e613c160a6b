/* The row of an attempt: being made, running, ended. */
#include "work/work.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct task_ref task_of(const struct active *a)
{
	return (struct task_ref){a->uid, task_single, (int)a->work->attempt};
}

/* As it is, or new. `uid` holds its uid. */
static void task_fill(struct model *m, const struct draft *d, struct task *t, char uid[128])
{
	const struct workload *of = &d->row;
	const struct task *row;

	snprintf(uid, 128, "%s/%s/%lld", of->uid, task_single, (long long)of->attempt);
	row = rowset_find(&m->tasks, uid);
	memset(t, 0, sizeof *t);
	if (row)
		*t = *row;
	task_set(t, uid, uid);
	task_set(t, job_uid, of->uid);
	task_set(t, job_name, record_key(d->kind, of));
	task_set(t, task, task_single);
	task_set(t, org_id, of->org_id);
	task_set(t, attempt, of->attempt);
	task_set(t, node_name, of->node_name);
}

/* One without a limit of CPUs counts as one CPU, as in the quota. */
void task_creating(struct change *c, const struct draft *d, const struct claim *held,
	const struct news *n)
{
	struct task t;
	char uid[128];

	task_fill(change_model(c), d, &t, uid);
	task_set(&t, state, WORK_CREATING);
	task_set(&t, gpu_limit, held->gpus);
	task_set(&t, cpu_limit, (struct mcpu){held->cpu > 0 ? held->cpu : CLAIM_UNSET_CPU});
	task_set(&t, memory_limit, (struct bytes){held->memory});
	if (n->gpu_count)
		task_set(&t, gpus, ((struct strings){n->gpus, n->gpu_count}));
	change_task(c, &t);
}

void task_running(struct change *c, const struct draft *d, int64_t start_ms)
{
	struct task t;
	char uid[128];

	task_fill(change_model(c), d, &t, uid);
	task_set(&t, state, WORK_RUNNING);
	task_set(&t, start_time, (struct when){start_ms});
	change_task(c, &t);
}

/*
 * An exit code is of what exited: of what was killed, or never began, or was lost, there is none.
 * One of what was stopped may be either.
 */
static void exit_fill(struct draft *d, struct task *t, const struct news *n)
{
	const struct task_exit *end = n->end;
	bool began = end->end != TASK_END_START && end->start_ms != 0;
	bool signal = began && end->signal != 0 && n->reason != REASON_NODE_REBOOTED;
	bool code = began && end->signal == 0 && end->end != TASK_END_OOM &&
		end->end != TASK_END_SIGNAL;

	draft_drop(d, exit_code);
	draft_drop(d, signal);
	if (code) {
		draft_set(d, exit_code, end->code);
		task_set(t, exit_code, end->code);
	}
	if (signal) {
		draft_set(d, signal, end->signal);
		task_set(t, signal, end->signal);
	}
}

/* ---- Until it is known to be on the disk ---- */

/* The row of an attempt that has ended; what is stored of it may still say that it runs. */
struct task_due {
	struct task row;
	struct arena text;
};

void task_due_drop(struct active *a)
{
	if (a->due)
		arena_release(&a->due->text);
	free(a->due);
	a->due = NULL;
}

static void due_keep(struct active *a, const struct task *t)
{
	task_due_drop(a);
	a->due = mem_alloc(sizeof *a->due);
	record_copy(&task_kind, &a->due->row, t, &a->due->text);
}

void task_due_store(struct change *c, const struct active *a)
{
	if (a->due)
		change_task(c, &a->due->row);
}

void task_ended(struct change *c, struct active *a, struct draft *d, const struct news *n)
{
	const struct task_exit *end = n->end;
	struct task t;
	char uid[128];

	task_fill(change_model(c), d, &t, uid);
	exit_fill(d, &t, n);
	task_set(&t, state, n->state);
	task_set(&t, reason, n->reason);
	task_set(&t, message, n->message);
	task_set(&t, end_time, (struct when){end->end_ms ? end->end_ms : model_now()});
	if (end->start_ms > 0 && end->end != TASK_END_START)
		task_set(&t, start_time, (struct when){end->start_ms});
	if (end->ran_ms > 0)
		task_set(&t, held_time, (struct ms){end->ran_ms});
	task_set(&t, log_bytes, (struct bytes){(int64_t)end->log_bytes});
	task_set(&t, cpu_time, (struct ms){end->user_ms + end->system_ms});
	task_set(&t, memory_peak, (struct bytes){end->peak_rss});
	draft_tell(d, log_bytes, true, (struct bytes){(int64_t)end->log_bytes});
	due_keep(a, &t);
	change_task(c, &t);
}
