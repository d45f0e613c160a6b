#include "work/work.h"

#include <math.h>

#define SAMPLE(j, member, here, value)             \
	do {                                       \
		if (here)                          \
			job_set(j, member, value); \
		else                               \
			job_forget(j, member);     \
	} while (0)

static void sample_put(struct job *j, const struct task_sample *s)
{
	SAMPLE(j, cpu_used, !isnan(s->cpu_percent), (struct percent){s->cpu_percent});
	SAMPLE(j, memory_used, s->memory >= 0, (struct bytes){s->memory});
	SAMPLE(j, gpu_util, !isnan(s->gpu_util), (struct percent){s->gpu_util});
}

/* Samples change rows in place: they are not stored and do not raise the version. */
void sample_take(struct work *w, const struct task_ref *ref, const struct task_sample *s)
{
	struct job *work = model_moving(w->model, ref->uid);
	struct job *row = rowset_find(&w->model->jobs, ref->uid);

	if (work == NULL || work->attempt != ref->attempt)
		return;
	sample_put(work, s);
	if (row == NULL)
		return;
	sample_put(row, s);
	model_show(w->model, &job_kind, ref->uid);
}
