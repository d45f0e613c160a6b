/* What all steps of a life write into the row of what lives. */
#include "work/work.h"

#include <math.h>
#include <string.h>

struct draft draft_of(const struct kind *k, const void *row)
{
	struct draft d = {.kind = k};

	memcpy(d.bytes, row, k->size);
	return d;
}

void reconcile_why(struct draft *d, enum work_reason reason, const char *message)
{
	draft_set(d, reason, reason);
	draft_set(d, message, message);
}

void reconcile_move(struct change *c, struct draft *d, unsigned state)
{
	draft_set(d, state, state);
	draft_set(d, update_time, (struct when){model_now()});
	change_work(c, d->kind, &d->row);
	model_moving_put(change_model(c), d->kind, &d->row);
}

void sample_put(const struct kind *k, struct workload *w, const struct task_sample *s)
{
	workload_tell(k, w, cpu_used, !isnan(s->cpu_percent), (struct percent){s->cpu_percent});
	workload_tell(k, w, memory_used, s->memory >= 0, (struct bytes){s->memory});
	/* An engine that sees its GPUs tells of them by themselves: sample_gpus. */
	if (!isnan(s->gpu_util))
		workload_tell(k, w, gpu_util, true, (struct percent){s->gpu_util});
}
