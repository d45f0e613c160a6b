/* What the rows of tasks tell of attempts: how long they ran, and what they held. */
#include "work/usage_tasks.h"

#include "base/mem.h"
#include "base/timefmt.h"

#include <string.h>

/* Who brings that attempt to its end; NULL: nobody does, it has come there. */
static const struct active *active_of(struct work *w, const struct task *t)
{
	const struct active *a = work_active(w, t->job_uid);

	return a && a->work->attempt == t->attempt ? a : NULL;
}

bool usage_span(struct work *w, const struct task *t, struct span *out)
{
	const struct active *a = record_has(task, t, end_time) ? NULL : active_of(w, t);
	int64_t ms = 0;

	/* Its end is on the way to the disk; so may be its start. */
	if (a && a->ran.to > 0) {
		*out = a->ran;
		return true;
	}
	if (!record_has(task, t, start_time))
		return false;
	if (record_has(task, t, held_time))
		ms = t->held_time.v;
	else if (record_has(task, t, end_time))
		ms = t->end_time.v - t->start_time.v;
	else if (a && a->began != INT64_MIN)
		ms = time_mono_ms() - a->began;
	*out = (struct span){t->start_time.v, t->start_time.v + (ms > 0 ? ms : 0)};
	return true;
}

struct holding usage_held(struct work *w, const struct task *t, const struct kind *k,
	const struct workload *row)
{
	struct claim claim;

	if (record_has(task, t, cpu_limit) || row == NULL)
		return (struct holding){t->gpu_limit, t->cpu_limit.v, t->memory_limit.v};
	w->told.policy(w->told.ctx, k)->claim(&claim, row);
	return (struct holding){claim.gpus, claim.cpu > 0 ? claim.cpu : CLAIM_UNSET_CPU,
		claim.memory};
}

void usage_tasks(struct work *w, size_t i, const char *org_id, attempt_told told, void *ctx)
{
	struct model *m = w->model;
	const struct task *first = m->tasks.rows[i];
	const struct kind *k = NULL;
	const struct workload *row = model_workload(m, first->job_uid, &k);
	struct usage_whose of = {first->org_id, row && row->owner ? row->owner : "", first->job_uid,
		first->job_name};

	/* It was removed: what it spent stands elsewhere, whatever of it is still here. */
	if (row == NULL || (org_id && strcmp(org_id, of.org_id) != 0))
		return;
	for (; i < m->tasks.len; i++) {
		const struct task *t = m->tasks.rows[i];
		struct holding held;
		struct span span;

		if (strcmp(t->job_uid, of.job_uid) != 0)
			return;
		held = usage_held(w, t, k, row);
		told(ctx, usage_span(w, t, &span) ? &span : NULL, &held, &of);
	}
}
