/* How an attempt, and all of it, ends: their rows, and who is told once they are on the disk. */
#include "work/spendings.h"

#include "base/log.h"
#include "base/fault.h"
#include "base/mem.h"
#include "base/timefmt.h"

#include <stdlib.h>
#include <string.h>

struct ended_log {
	struct work *w;
	char uid[ULID_SIZE];
	int attempt;
};

/* Viewers learn of an attempt's end when its row says so. */
static void attempt_stored(void *ctx, bool ok, const struct err *e)
{
	struct ended_log *l = ctx;
	struct active *a = work_active(l->w, l->uid);

	(void)e;
	if (ok && a && a->work->attempt == l->attempt)
		task_due_drop(a);
	l->w->told.log_ended(l->w->told.ctx, l->uid, task_single, l->attempt);
	logs_wake(l->w, l->uid);
	reconcile_soon(l->w);
	free(l);
}

/* Why it waits again. */
static void again_why(struct draft *d, const struct news *n, struct buf *text)
{
	const char *why = *n->message ? n->message : "done";

	if (work_reason_yields(n->reason)) {
		draft_set(d, attempts_uncounted, d->row.attempts_uncounted + 1);
		buf_addf(text, "attempt %lld was %s: it runs again when there is room",
			(long long)d->row.attempt, why);
	} else {
		buf_addf(text, "attempt %lld ended (%s): again in %.1f s",
			(long long)d->row.attempt, why, (double)n->delay / 1000);
	}
	reconcile_why(d, work_reason_yields(n->reason) ? n->reason : REASON_RETRY, text->data);
}

void reconcile_again(struct active *a, const struct news *n)
{
	struct work *w = a->w;
	struct change *c = change_new(w->model);
	struct draft d = draft_of(a->kind, a->work);
	struct ended_log *l = mem_alloc(sizeof *l);
	struct buf text = BUF_INIT;

	l->w = w;
	memcpy(l->uid, a->uid, sizeof l->uid);
	l->attempt = (int)d.row.attempt;
	task_ended(c, a, &d, n);
	a->not_before = reconcile_now() + n->delay;
	again_why(&d, n, &text);
	failure_put(a, &d);
	workload_samples_copy(d.kind, &d.row, NULL); /* no number of an attempt that is over */
	reconcile_move(c, &d, WORK_ENQUEUED);
	change_event(c, d.kind, &d.row, EVENT_WARNING, "Retry", "%s", text.data);
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
	struct draft d = draft_of(a->kind, a->work);

	free(a->end);
	a->end = NULL;
	task_ended(c, a, &d, n);
	draft_set(&d, attempts_uncounted, d.row.attempts_uncounted + 1);
	reconcile_why(&d, n->reason, n->message);
	reconcile_move(c, &d, WORK_ENQUEUED);
	change_event(c, d.kind, &d.row, EVENT_WARNING, "Retry", "attempt %lld: %s",
		(long long)d.row.attempt, n->message);
	change_commit(c);
}

/* Somebody here wants that, or somebody else has done it. */
static bool to_be_removed(const struct active *a)
{
	return a->life.wish == WISH_DELETE || active_row(a) == NULL;
}

/* They may ask for anything, that it be freed included: the list is theirs from here on. */
static void waiters_tell(struct over_waiter *waiters, size_t count, bool ok, const struct err *e)
{
	for (size_t i = 0; i < count; i++)
		waiters[i].over(waiters[i].ctx, ok, e);
	free(waiters);
}

/* Who wanted it gone is written down as well, where there was no room for that. */
static void wisher_store(struct change *c, struct active *a)
{
	if (a->wisher == NULL || a->wisher_going)
		return;
	a->wisher_going = true;
	change_actor(c, a->wisher, a->work->org_id);
	change_audit_of(c, a->kind, a->life.wish == WISH_DELETE ? "delete" : "cancel", a->work);
}

static void over_stored(void *ctx, bool ok, const struct err *e);

/* It was known that the wish could not be stored only when the end was on its way already. */
static void wisher_store_late(struct active *a)
{
	struct change *c = change_new(a->w->model);

	wisher_store(c, a);
	if (!to_be_removed(a))
		change_work(c, a->kind, a->work);
	change_then(c, over_stored, a);
	change_commit(c);
}

static void over_stored(void *ctx, bool ok, const struct err *e)
{
	struct active *a = ctx;
	struct over_waiter *waiters;
	size_t count;

	if (ok && a->wisher && !a->wisher_going) {
		wisher_store_late(a);
		return;
	}
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

static void over_event(struct change *c, const struct draft *d, const struct news *n)
{
	static const char *const words[] =
		{[WORK_COMPLETED] = "Completed", [WORK_FAILED] = "Failed", [WORK_ERROR] = "Error"};
	bool cancelled = n->reason == REASON_CANCELLED;

	change_event(c, d->kind, &d->row,
		n->state == WORK_COMPLETED || cancelled ? EVENT_NORMAL : EVENT_WARNING,
		cancelled ? "Cancelled" : words[n->state], "%s",
		*n->message ? n->message : "it has ended");
}

static void over_fill(struct change *c, struct active *a, const struct news *n)
{
	struct draft d = draft_of(a->kind, a->work);

	draft_set(&d, end_time,
		(struct when){n->end && n->end->end_ms ? n->end->end_ms : model_now()});
	reconcile_why(&d, n->reason, n->message);
	if (n->end && d.row.attempt > 0)
		task_ended(c, a, &d, n);
	failure_put(a, &d);
	draft_hide(&d, cpu_used);
	draft_hide(&d, memory_used);
	draft_hide(&d, gpu_util);
	draft_hide(&d, progress_eta);
	draft_hide(&d, progress_rate);
	draft_hide(&d, phase);
	reconcile_move(c, &d, n->state);
	over_event(c, &d, n);
	change_events_trim(c, a->kind, a->uid);
}

void reconcile_over(struct active *a, const struct news *n)
{
	struct change *c = change_new(a->w->model);

	if (a->life.wish == WISH_DELETE)
		workload_row_remove(a->w, c, a->kind, a->work);
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
	task_due_drop(a);
}

void reconcile_repair(struct active *a)
{
	bool over = a->life.at == AT_OVER, removed = to_be_removed(a);
	struct change *c;

	a->dirty = false;
	if (!over && active_row(a) == NULL) {
		reconcile_soon(a->w); /* there is no row to bring up to date: only to end it */
		return;
	}
	c = change_new(a->w->model);
	wisher_store(c, a);
	if (over && removed)
		workload_row_remove(a->w, c, a->kind, a->work);
	else {
		change_work(c, a->kind, a->work);
		task_due_store(c, a);
	}
	change_then(c, over ? over_stored : repair_stored, a);
	change_commit(c);
}
