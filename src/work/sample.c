#include "mltopd/platform.h"

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
void sample_take(struct platform *p, const struct task_ref *ref, const struct task_sample *s)
{
	struct job *work = model_moving(&p->model, ref->uid);
	struct job *row = rowset_find(&p->model.jobs, ref->uid);

	if (work == NULL || work->attempt != ref->attempt)
		return;
	sample_put(work, s);
	if (row == NULL)
		return;
	sample_put(row, s);
	model_show(&p->model, &job_kind, ref->uid);
}
