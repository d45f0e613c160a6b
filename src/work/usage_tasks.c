/* What the rows of tasks tell of attempts: how long they ran, and what they held. */
#include "work/usage_tasks.h"

#include "base/mem.h"
#include "base/timefmt.h"

#include <string.h>

/* Ms for which it has run by now. */
static int64_t runs_since(struct work *w, const struct task *t)
{
	const struct active *a = work_active(w, t->job_uid);

	if (a == NULL || a->work->attempt != t->attempt)
		return 0;
	if (a->ran.to > 0)
		return a->ran.to - a->ran.from;
	return a->began == INT64_MIN ? 0 : time_mono_ms() - a->began;
}

bool usage_span(struct work *w, const struct task *t, struct span *out)
{
	int64_t ms;

	if (!record_has(task, t, start_time))
		return false;
	if (record_has(task, t, held_time))
		ms = t->held_time.v;
	else if (record_has(task, t, end_time))
		ms = t->end_time.v - t->start_time.v;
	else
		ms = runs_since(w, t);
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
