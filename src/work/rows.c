/* What the model tells: rows that the store brought, and how changes of workloads went. */
#include "work/drains.h"
#include "work/history.h"
#include "work/orgs.h"
#include "work/scalars.h"
#include "work/spendings.h"
#include "work/work.h"

/* One that is to be brought to its end, and that nobody here looks after yet. */
static void workload_taken(struct work *w, const struct kind *k, const struct workload *row)
{
	if (work_state_final(row->state) || work_active(w, row->uid))
		return;
	model_moving_put(w->model, k, row);
	active_new(w, k, row);
	reconcile_soon(w);
}

void work_row_stored(struct work *w, const struct kind *k, const void *row)
{
	if (kind_runs(k)) {
		workload_taken(w, k, row);
		w->completed |= ((const struct workload *)row)->state == WORK_COMPLETED;
	}
	spendings_row_stored(w, k, row);
	if (drains_are(k) || orgs_are(k))
		reconcile_soon(w);
	/* What is in use stands in memory only. */
	if (shows_usage(k) && w->model->loaded)
		reconcile_usage(w);
}

/*
 * One that somebody else removed: what runs of it is stopped, as if a person here had asked for it.
 * Where its end is on the way to the disk already, that comes back as not stored (reconcile_repair).
 */
void work_row_gone(struct work *w, const struct kind *k, const char *uid)
{
	struct active *a = kind_runs(k) ? work_active(w, uid) : NULL;

	spendings_row_gone(w, k);
	if (kind_runs(k)) {
		history_forget(w, uid);
		scalars_forget(w, uid);
	}
	if (a)
		reconcile_event(a, ON_DELETE, NULL);
	/* Others may run after it. */
	if (kind_runs(k))
		reconcile_soon(w);
}

void work_settled(struct work *w, const char *uid, bool last, bool lost)
{
	struct active *a = work_active(w, uid);

	if (a == NULL)
		return;
	/* It was left out of plans while its change was on the way. */
	if (last && !life_holds(a->life) && a->life.at != AT_OVER)
		reconcile_soon(w);
	if (lost)
		reconcile_not_stored(a);
}

struct event_fold *work_fold(struct work *w, const char *uid)
{
	struct active *a = work_active(w, uid);

	return a ? &a->newest : NULL;
}
