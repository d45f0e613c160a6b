/* What people ask of a job: accepted, cancelled, deleted, held, released, run again. */
#include "work/work.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

void reconcile_accept(struct work *w, struct change *c, struct job *j)
{
	job_set(j, state, JOB_VALIDATED);
	model_moving_put(w->model, j);
	active_new(w, j);
	change_job(c, j);
	change_event(c, j, EVENT_NORMAL, "Submitted", "accepted from %s", j->owner);
}

void reconcile_retry(struct work *w, struct change *c, const struct job *row)
{
	static const struct job nothing;
	struct job j = *row;

	model_moving_put(w->model, row);
	/* What was wanted of the old run holds no longer. */
	active_lives(active_new(w, row), (struct life_state){AT_WAITING, WISH_NONE});
	job_set(&j, attempts_uncounted, row->attempt);
	reconcile_why(&j, REASON_RETRY, "to be run again");
	job_forget(&j, end_time);
	job_samples_copy(&j, &nothing);
	reconcile_move(c, &j, JOB_ENQUEUED);
	change_event(c, &j, EVENT_NORMAL, "Retried", "attempt %lld was asked for by hand",
		(long long)row->attempt + 1);
}

/* ---- To be gone ---- */

/* Kept in the row: a restart must not forget that it was asked. */
static void wish_fill(struct active *a, struct job *j)
{
	reconcile_why(j, REASON_CANCELLED, "asked to stop");
	if (a->life.wish == WISH_DELETE)
		job_set(j, state, JOB_DELETING);
}

static void wish(struct change *c, struct active *a, enum life_event ev)
{
	struct job j = *a->work;

	reconcile_event(a, ev, NULL);
	wish_fill(a, &j);
	reconcile_move(c, &j, j.state);
}

void reconcile_cancel(struct change *c, struct active *a)
{
	wish(c, a, ON_CANCEL);
	change_event(c, a->work, EVENT_NORMAL, "Cancelling", "asked to stop");
}

void reconcile_delete(struct change *c, struct active *a)
{
	wish(c, a, ON_DELETE);
	change_event(c, a->work, EVENT_NORMAL, "Deleting", "asked to stop and be removed");
}

static void wish_undo(struct active *a)
{
	const struct job *row = rowset_find(&a->w->model->jobs, a->uid);

	if (row == NULL)
		return;
	reconcile_event(a, ON_WISH_LOST, NULL);
	if (row->state == JOB_DELETING)
		reconcile_event(a, ON_DELETE, NULL);
	else if (row->reason == REASON_CANCELLED)
		reconcile_event(a, ON_CANCEL, NULL);
}

bool reconcile_wished(struct active *a, bool ok, const struct err *e, const char *who)
{
	struct job j;

	if (ok)
		return true;
	if (e->code != ERR_UNAVAILABLE) {
		wish_undo(a);
		return false;
	}
	j = *a->work;
	wish_fill(a, &j);
	model_moving_put(a->w->model, &j);
	free(a->wisher);
	a->wisher = mem_strdup(who);
	reconcile_not_stored(a);
	return true;
}

/* ---- Held ---- */

bool reconcile_hold(struct change *c, struct active *a)
{
	struct job j = *a->work;

	reconcile_event(a, ON_HOLD, NULL);
	if (a->life.at != AT_HELD || j.reason == REASON_HELD)
		return false;
	reconcile_why(&j, REASON_HELD, "is held: release it to let it run");
	reconcile_move(c, &j, JOB_ENQUEUED);
	change_event(c, &j, EVENT_NORMAL, "Held", "waits until it is released");
	return true;
}

bool reconcile_release(struct change *c, struct active *a)
{
	struct job j = *a->work;

	if (a->life.at != AT_HELD)
		return false;
	reconcile_event(a, ON_RELEASE, NULL);
	reconcile_why(&j, REASON_NONE, "");
	reconcile_move(c, &j, JOB_ENQUEUED);
	change_event(c, &j, EVENT_NORMAL, "Released", "waits for its turn");
	return true;
}

void reconcile_hold_undo(struct active *a)
{
	const struct job *row = rowset_find(&a->w->model->jobs, a->uid);

	if (row)
		reconcile_event(a, row->reason == REASON_HELD ? ON_HOLD : ON_RELEASE, NULL);
}
