/* The attempts of a made-up platform's jobs. */
#include "demo/world.h"

#include <stdio.h>
#include <string.h>

static void task_over(const struct made *m, struct task *t)
{
	enum work_reason why = m->class == MADE_FAILED ? world_why(m) : REASON_NONE;

	task_set(t, state, m->class == MADE_FAILED ? WORK_FAILED : WORK_COMPLETED);
	task_set(t, reason, why);
	task_set(t, message, world_why_text(why));
	if (why == REASON_NONE || why == REASON_EXIT_CODE)
		task_set(t, exit_code, why == REASON_EXIT_CODE);
	task_set(t, end_time, (struct when){made_end(m)});
	if (why == REASON_NONE || why == REASON_EXIT_CODE)
		task_set(t, exit_code, why == REASON_EXIT_CODE);
	task_set(t, held_time, (struct ms){made_end(m) - made_start(m)});
}

void world_task_row(const struct world *w, const struct world_job *j, struct world_row *r)
{
	const struct made *m = &j->made;
	struct task *t = &r->task;

	memset(t, 0, sizeof *t);
	snprintf(r->name, sizeof r->name, WORLD_NAME, m->index);
	snprintf(r->uid, sizeof r->uid, "%s/master-0/1", j->uid);
	task_set(t, uid, r->uid);
	task_set(t, job_uid, j->uid);
	task_set(t, job_name, r->name);
	task_set(t, task, task_single);
	task_set(t, org_id, world_org_of(w, m)->id);
	task_set(t, attempt, 1);
	task_set(t, state, WORK_RUNNING);
	made_node(r->node, j->node);
	task_set(t, node_name, r->node);
	task_set(t, start_time, (struct when){made_start(m)});
	for (int i = 0; i < m->gpus; i++) {
		made_gpu(r->gpu_text[i], j->gpu_from + (size_t)i);
		r->gpus[i] = r->gpu_text[i];
	}
	task_set(t, gpus, ((struct strings){.items = r->gpus, .len = (size_t)m->gpus}));
	task_set(t, gpu_limit, m->gpus);
	task_set(t, cpu_limit, (struct mcpu){made_cpu(m->gpus)});
	task_set(t, memory_limit, (struct bytes){made_memory(m->gpus)});
	if (m->class != MADE_RUNNING)
		task_over(m, t);
}
