#include "work/work.h"

#include <math.h>

void sample_put(const struct kind *k, struct workload *w, const struct task_sample *s)
{
	workload_tell(k, w, cpu_used, !isnan(s->cpu_percent), (struct percent){s->cpu_percent});
	workload_tell(k, w, memory_used, s->memory >= 0, (struct bytes){s->memory});
	workload_tell(k, w, gpu_util, !isnan(s->gpu_util), (struct percent){s->gpu_util});
}

/* Samples change rows in place: they are not stored and do not raise the version. */
void sample_take(struct work *w, const struct task_ref *ref, const struct task_sample *s)
{
	struct active *a = work_active(w, ref->uid);
	struct workload *row;

	if (a == NULL || a->work->attempt != ref->attempt)
		return;
	sample_put(a->kind, a->work, s);
	row = active_row(a);
	if (row == NULL)
		return;
	sample_put(a->kind, row, s);
	model_show(w->model, a->kind, ref->uid);
}
