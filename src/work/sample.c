#include "work/work.h"

#include <math.h>
#include <string.h>

/* The mean over those of its GPUs that tell; NAN: none does. */
static double gpus_util(const struct active *a, const struct engine_sight *sight)
{
	double sum = 0;
	size_t count = 0;

	for (size_t g = 0; g < a->gpu_count; g++)
		for (size_t i = 0; i < sight->gpu_count; i++) {
			if (isnan(sight->gpus[i].util) ||
				strcmp(sight->gpus[i].uuid, a->gpus[g]) != 0)
				continue;
			sum += sight->gpus[i].util;
			count++;
		}
	return count ? sum / (double)count : (double)NAN;
}

static void util_put(struct active *a, double util)
{
	struct workload *row = active_row(a);

	workload_tell(a->kind, a->work, gpu_util, !isnan(util), (struct percent){util});
	if (row == NULL ||
		(isnan(util) ? !workload_has(a->kind, row, gpu_util)
			     : workload_has(a->kind, row, gpu_util) && row->gpu_util.v == util))
		return;
	workload_tell(a->kind, row, gpu_util, !isnan(util), (struct percent){util});
	model_show(a->w->model, a->kind, a->uid);
}

/* Before it runs there is nothing that it could be using them for. */
void sample_gpus(struct work *w)
{
	struct engine_sight sight;

	work_sight(w, &sight);
	for (size_t i = 0; i < w->live.len; i++) {
		struct active *a = w->live.items[i];

		if (a->gpu_count && a->work->state == WORK_RUNNING)
			util_put(a, gpus_util(a, &sight));
	}
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
