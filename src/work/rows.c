/* What the model tells: rows that the store brought, and how changes of jobs went. */
#include "mltopd/platform.h"

/* A job that is to be brought to its end, and that nobody here looks after yet. */
static void job_taken(struct platform *p, const struct job *row)
{
	if (job_state_final(row->state) || platform_active(p, row->uid))
		return;
	rowset_put(&p->model.moving, row, NULL);
	active_new(p, row);
	reconcile_soon(p);
}

void work_row_stored(struct platform *p, const struct kind *k, const void *row)
{
	if (k == &job_kind)
		job_taken(p, row);
	/* What is in use stands in memory only. */
	if (k == &quota_kind && p->model.loaded)
		reconcile_usage(p);
}

void work_job_settled(struct platform *p, const char *uid, bool last, bool lost)
{
	struct active *a = platform_active(p, uid);

	if (a == NULL)
		return;
	/* It was left out of plans while its change was on the way. */
	if (last && !life_holds(a->life) && a->life.at != AT_OVER)
		reconcile_soon(p);
	if (lost)
		reconcile_not_stored(a);
}

struct event_fold *work_fold(struct platform *p, const char *uid)
{
	struct active *a = platform_active(p, uid);

	return a ? &a->newest : NULL;
}
