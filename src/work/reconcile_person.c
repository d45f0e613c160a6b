/* What people ask of a workload: accepted, cancelled, deleted, held, released, run again. */
#include "work/work.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

void reconcile_accept(struct work *w, struct change *c, const struct kind *k, struct workload *made)
{
	workload_set(k, made, state, WORK_VALIDATED);
	model_moving_put(w->model, k, made);
	active_new(w, k, made);
	change_work(c, k, made);
	change_event(c, k, made, EVENT_NORMAL, "Submitted", "accepted from %s", made->owner);
}

void reconcile_retry(struct work *w, struct change *c, const struct kind *k,
	const struct workload *row)
{
	struct draft d = draft_of(k, row);

	model_moving_put(w->model, k, row);
	/* What was wanted of the old run holds no longer. */
	active_lives(active_new(w, k, row), (struct life_state){AT_WAITING, WISH_NONE});
	draft_set(&d, attempts_uncounted, row->attempt);
	reconcile_why(&d, REASON_RETRY, "to be run again");
	draft_drop(&d, end_time);
	workload_samples_copy(k, &d.row, NULL);
	reconcile_move(c, &d, WORK_ENQUEUED);
	change_event(c, d.kind, &d.row, EVENT_NORMAL, "Retried",
		"attempt %lld was asked for by hand", (long long)row->attempt + 1);
}

/* ---- To be gone ---- */

/* Kept in the row: a restart must not forget that it was asked. */
static void wish_fill(struct active *a, struct draft *d)
{
	reconcile_why(d, REASON_CANCELLED, "asked to stop");
	if (a->life.wish == WISH_DELETE)
		draft_set(d, state, WORK_DELETING);
}

static void wish(struct change *c, struct active *a, enum life_event ev)
{
	struct draft d = draft_of(a->kind, a->work);

	reconcile_event(a, ev, NULL);
	wish_fill(a, &d);
	reconcile_move(c, &d, d.row.state);
}

void reconcile_cancel(struct change *c, struct active *a)
{
	wish(c, a, ON_CANCEL);
	change_event(c, a->kind, a->work, EVENT_NORMAL, "Cancelling", "asked to stop");
}

void reconcile_delete(struct change *c, struct active *a)
{
	wish(c, a, ON_DELETE);
	change_event(c, a->kind, a->work, EVENT_NORMAL, "Deleting", "asked to stop and be removed");
}

static void wish_undo(struct active *a)
{
	const struct workload *row = active_row(a);

	if (row == NULL)
		return;
	reconcile_event(a, ON_WISH_LOST, NULL);
	if (row->state == WORK_DELETING)
		reconcile_event(a, ON_DELETE, NULL);
	else if (row->reason == REASON_CANCELLED)
		reconcile_event(a, ON_CANCEL, NULL);
	else if (work_reason_yields(row->reason))
		reconcile_event(a, ON_YIELD, NULL);
}

bool reconcile_wished(struct active *a, bool ok, const struct err *e, const char *who)
{
	struct draft d;

	if (ok)
		return true;
	if (e->code != ERR_UNAVAILABLE) {
		wish_undo(a);
		return false;
	}
	d = draft_of(a->kind, a->work);
	wish_fill(a, &d);
	model_moving_put(a->w->model, a->kind, &d.row);
	free(a->wisher);
	a->wisher = mem_strdup(who);
	reconcile_not_stored(a);
	return true;
}

/* ---- Held ---- */

bool reconcile_hold(struct change *c, struct active *a)
{
	struct draft d = draft_of(a->kind, a->work);

	reconcile_event(a, ON_HOLD, NULL);
	if (a->life.at != AT_HELD || d.row.reason == REASON_HELD)
		return false;
	reconcile_why(&d, REASON_HELD, "is held: release it to let it run");
	reconcile_move(c, &d, WORK_ENQUEUED);
	change_event(c, d.kind, &d.row, EVENT_NORMAL, "Held", "waits until it is released");
	return true;
}

bool reconcile_release(struct change *c, struct active *a)
{
	struct draft d = draft_of(a->kind, a->work);

	if (a->life.at != AT_HELD)
		return false;
	reconcile_event(a, ON_RELEASE, NULL);
	reconcile_why(&d, REASON_NONE, "");
	reconcile_move(c, &d, WORK_ENQUEUED);
	change_event(c, d.kind, &d.row, EVENT_NORMAL, "Released", "waits for its turn");
	return true;
}

void reconcile_hold_undo(struct active *a)
{
	const struct workload *row = active_row(a);

	if (row)
		reconcile_event(a, row->reason == REASON_HELD ? ON_HOLD : ON_RELEASE, NULL);
}
