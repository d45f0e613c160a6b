/* How an attempt, and a job, ends: their rows, and who is told once they are on the disk. */
#include "work/work.h"

#include "base/log.h"
#include "base/fault.h"
#include "base/mem.h"
#include "base/timefmt.h"

#include <stdlib.h>
#include <string.h>

/*
 * An exit code is of what exited: of what was killed, or never began, or was lost, there is none.
 * One of what was stopped may be either.
 */
static void exit_fill(struct job *j, struct task *t, const struct news *n)
{
	const struct task_exit *end = n->end;
	bool began = end->end != TASK_END_START && end->start_ms != 0;
	bool signal = began && end->signal != 0 && n->reason != REASON_NODE_REBOOTED;
	bool code = began && end->signal == 0 && end->end != TASK_END_OOM &&
		end->end != TASK_END_SIGNAL;

	job_forget(j, exit_code);
	job_forget(j, signal);
	if (code) {
		job_set(j, exit_code, end->code);
		task_set(t, exit_code, end->code);
	}
	if (signal) {
		job_set(j, signal, end->signal);
		task_set(t, signal, end->signal);
	}
}

/* What the row of the task says about its end. */
static void task_fill(struct task *t, const struct news *n, int64_t now)
{
	const struct task_exit *end = n->end;

	task_set(t, state, n->state);
	task_set(t, reason, n->reason);
	task_set(t, message, n->message);
	task_set(t, end_time, (struct when){now});
	task_set(t, log_bytes, (struct bytes){(int64_t)end->log_bytes});
	task_set(t, cpu_time, (struct ms){end->user_ms + end->system_ms});
	task_set(t, memory_peak, (struct bytes){end->peak_rss});
}

/* An attempt has ended: its row, and what the job's says of it. */
static void attempt_store(struct change *c, struct job *j, const struct news *n)
{
	int64_t now = n->end->end_ms ? n->end->end_ms : model_now();
	struct task t;
	char uid[128];

	reconcile_task_of(change_model(c), j, &t, uid);
	exit_fill(j, &t, n);
	task_fill(&t, n, now);
	job_set(j, log_bytes, (struct bytes){(int64_t)n->end->log_bytes});
	change_task(c, &t);
}

struct ended_log {
	struct work *w;
	char uid[ULID_SIZE];
	int attempt;
};

/* Viewers learn of an attempt's end when its row says so. */
static void attempt_stored(void *ctx, bool ok, const struct err *e)
{
	struct ended_log *l = ctx;

	(void)ok, (void)e;
	l->w->told.log_ended(l->w->told.ctx, l->uid, task_single, l->attempt);
	logs_wake(l->w, l->uid);
	reconcile_soon(l->w);
	free(l);
}

void reconcile_again(struct active *a, const struct news *n)
{
	struct work *w = a->w;
	struct change *c = change_new(w->model);
	struct job j = *a->work;
	struct ended_log *l = mem_alloc(sizeof *l);
	struct buf text = BUF_INIT;

	l->w = w;
	memcpy(l->uid, a->uid, sizeof l->uid);
	l->attempt = (int)j.attempt;
	attempt_store(c, &j, n);
	buf_addf(&text, "attempt %lld ended (%s): again in %.1f s", (long long)j.attempt,
		*n->message ? n->message : "done", (double)n->delay / 1000);
	a->not_before = reconcile_now() + n->delay;
	reconcile_why(&j, REASON_RETRY, text.data);
	reconcile_move(c, &j, JOB_ENQUEUED);
	change_event(c, &j, EVENT_WARNING, "Retry", "%s", text.data);
	change_then(c, attempt_stored, l);
	change_commit(c);
	buf_release(&text);
}

/*
 * Its launch never began. It is made again at once, under a new number, because the engine may
 * still be clearing away what is left of the old one; the policy does not count it.
 */
void reconcile_anew(struct active *a, const struct news *n)
{
	struct change *c = change_new(a->w->model);
	struct job j = *a->work;

	free(a->end);
	a->end = NULL;
	attempt_store(c, &j, n);
	job_set(&j, attempts_uncounted, j.attempts_uncounted + 1);
	reconcile_why(&j, n->reason, n->message);
	reconcile_move(c, &j, JOB_ENQUEUED);
	change_event(c, &j, EVENT_WARNING, "Retry", "attempt %lld: %s", (long long)j.attempt,
		n->message);
	change_commit(c);
}

/* Somebody here wants that, or somebody else has done it. */
static bool to_be_removed(const struct active *a)
{
	return a->life.wish == WISH_DELETE || rowset_find(&a->w->model->jobs, a->uid) == NULL;
}

/* They may ask for anything, that it be freed included: the list is theirs from here on. */
static void waiters_tell(struct over_waiter *waiters, size_t count, bool ok, const struct err *e)
{
	for (size_t i = 0; i < count; i++)
		waiters[i].over(waiters[i].ctx, ok, e);
	free(waiters);
}

static void over_stored(void *ctx, bool ok, const struct err *e)
{
	struct active *a = ctx;
	struct over_waiter *waiters;
	size_t count;

	if (ok) {
		reconcile_event(a, ON_OVER_STORED, NULL);
		return;
	}
	a->wisher_going = false;
	waiters = a->waiters.items;
	count = a->waiters.len;
	memset(&a->waiters, 0, sizeof a->waiters);
	reconcile_not_stored(a);
	waiters_tell(waiters, count, false, e);
}

/* Its end is on the disk: nothing more is known of it than its row says. */
void reconcile_ended(struct active *a)
{
	struct work *w = a->w;
	struct over_waiter *waiters = a->waiters.items;
	size_t count = a->waiters.len;
	int attempt = (int)a->work->attempt;
	bool removed = to_be_removed(a);
	char uid[ULID_SIZE], *org = removed ? mem_strdup(a->work->org_name) : NULL;

	memset(&a->waiters, 0, sizeof a->waiters);
	memcpy(uid, a->uid, sizeof uid);
	active_free(a);
	if (attempt > 0)
		w->told.log_ended(w->told.ctx, uid, task_single, attempt);
	logs_wake(w, uid);
	if (removed && w->engine)
		w->engine->ops->forget(w->engine, uid, org);
	free(org);
	w->told.over(w->told.ctx);
	waiters_tell(waiters, count, true, NULL);
}

static void over_event(struct change *c, const struct job *j, const struct news *n)
{
	static const char *const words[] =
		{[JOB_COMPLETED] = "Completed", [JOB_FAILED] = "Failed", [JOB_ERROR] = "Error"};
	bool cancelled = n->reason == REASON_CANCELLED;

	change_event(c, j, n->state == JOB_COMPLETED || cancelled ? EVENT_NORMAL : EVENT_WARNING,
		cancelled ? "Cancelled" : words[n->state], "%s",
		*n->message ? n->message : "it has ended");
}

static void over_fill(struct change *c, struct active *a, const struct news *n)
{
	struct job j = *a->work;

	job_set(&j, end_time,
		(struct when){n->end && n->end->end_ms ? n->end->end_ms : model_now()});
	reconcile_why(&j, n->reason, n->message);
	if (n->end && j.attempt > 0)
		attempt_store(c, &j, n);
	job_forget(&j, cpu_used);
	job_forget(&j, memory_used);
	job_forget(&j, gpu_util);
	job_forget(&j, progress_eta);
	reconcile_move(c, &j, n->state);
	over_event(c, &j, n);
	change_events_trim(c, a->uid);
}

/* Who wanted it gone is written down as well, where there was no room for that. */
static void wisher_store(struct change *c, struct active *a)
{
	const struct job *j = a->work;

	if (a->wisher == NULL || a->wisher_going)
		return;
	a->wisher_going = true;
	change_actor(c, a->wisher, j->org_id);
	change_audit(c, a->life.wish == WISH_DELETE ? "job.delete" : "job.cancel", j->uid,
		j->job_name);
}

void reconcile_over(struct active *a, const struct news *n)
{
	struct change *c = change_new(a->w->model);

	if (a->life.wish == WISH_DELETE)
		change_job_remove(c, a->uid);
	else
		over_fill(c, a, n);
	wisher_store(c, a);
	change_then(c, over_stored, a);
	fault_point("before-ended-commit");
	change_commit(c);
}

static void repair_stored(void *ctx, bool ok, const struct err *e)
{
	struct active *a = ctx;

	(void)e;
	a->wisher_going = false;
	if (!ok)
		return; /* the model has said so: it is tried again */
	free(a->wisher);
	a->wisher = NULL;
}

void reconcile_repair(struct active *a)
{
	bool over = a->life.at == AT_OVER, removed = to_be_removed(a);
	struct change *c;

	a->dirty = false;
	if (!over && rowset_find(&a->w->model->jobs, a->uid) == NULL) {
		reconcile_soon(a->w); /* there is no row to bring up to date: only to end it */
		return;
	}
	c = change_new(a->w->model);
	wisher_store(c, a);
	if (over && removed)
		change_job_remove(c, a->uid);
	else
		change_job(c, a->work);
	change_then(c, over ? over_stored : repair_stored, a);
	change_commit(c);
}
