#include "work/program.h"

static bool says(const struct job *j, const char *field)
{
	return record_knows(&job_kind, j, kind_field(&job_kind, field));
}

void program_of_job(struct task_program *out, const struct job *j)
{
	*out = (struct task_program){
		TASK_PROGRAM_INIT,
		.name = j->job_name,
		.org_name = j->org_name,
		.module_name = j->module_name,
		.job_args = j->job_args,
		.command = j->command,
		.env = j->env,
		.work_dir = j->work_dir,
		.prepare_command = j->prepare_command,
		.finish_command = j->finish_command,
		.docker_image = j->docker_image,
		.docker_command = j->docker_command,
		.cpu_limit = j->cpu_limit,
		.memory_limit = j->memory_limit,
		.max_runtime = j->max_runtime,
	};
	if (says(j, "stop_grace"))
		out->stop_grace = j->stop_grace;
	if (says(j, "umask"))
		out->umask = (int)j->umask;
}

void claim_of_job(struct claim *out, const struct job *j)
{
	int64_t others = (j->ps_count > 0 ? j->ps_count : 0) +
		(j->worker_count > 0 ? j->worker_count : 0);

	*out = (struct claim){.tasks = 1 + others,
		.gpus = j->gpu_limit,
		.memory = j->memory_limit.v,
		.cpu = j->cpu_limit.v};
}

void gang_of_job(struct plan_gang *out, const struct claim *claim, const struct job *j)
{
	static const struct plan_terms terms = {.name_field = "job_name",
		.tasks_field = "worker_count",
		.tasks_made = "ps_count and worker_count make"};

	*out = (struct plan_gang){.name = j->job_name,
		.terms = &terms,
		.claims = claim,
		.claim_count = 1,
		.cpu_unset = j->cpu_limit.v <= 0,
		.selector_key = j->node_selector_key,
		.selector_value = j->node_selector_value,
		.priority = j->priority,
		.enqueued = j->state == JOB_ENQUEUED,
		.reason = j->reason,
		.message = j->message};
}

static struct amounts amounts_of(const struct quota_line *l)
{
	return (struct amounts){.v = {[DIM_GPUS] = l->gpu_quota,
					[DIM_MEMORY] = l->memory_quota.v,
					[DIM_CPU] = l->cpu_quota.v,
					[DIM_TASKS] = NO_BOUND,
					[DIM_JOBS] = l->count_quota}};
}

void limits_of_quota(struct plan_limits *out, const struct quota *q)
{
	*out = (struct plan_limits){.kind = amounts_of(&q->train), .total = amounts_of(&q->total)};
	out->total.v[DIM_JOBS] = NO_BOUND; /* it counts no objects */
	out->elsewhere.v[DIM_GPUS] = q->model.gpu_used + q->dev.gpu_used;
	out->elsewhere.v[DIM_MEMORY] = q->model.memory_used.v + q->dev.memory_used.v;
	out->elsewhere.v[DIM_CPU] = q->model.cpu_used.v + q->dev.cpu_used.v;
}
