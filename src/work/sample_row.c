/* A sample in a row: apart from who takes them, for the histories fill rows, too. */
#include "work/work.h"

#include <math.h>

void sample_put(const struct kind *k, struct workload *w, const struct task_sample *s)
{
	workload_tell(k, w, cpu_used, !isnan(s->cpu_percent), (struct percent){s->cpu_percent});
	workload_tell(k, w, memory_used, s->memory >= 0, (struct bytes){s->memory});
	/* An engine that sees its GPUs tells of them by themselves: sample_gpus. */
	if (!isnan(s->gpu_util))
		workload_tell(k, w, gpu_util, true, (struct percent){s->gpu_util});
}
