/* What a train job's tasks are in the words of plan and engine, and whether it runs again. */
#include "kinds/kinds.h"

static bool says(const struct job *j, const char *field)
{
	return record_knows(&job_kind, j, kind_field(&job_kind, field));
}

static void job_program(struct task_program *out, const void *row)
{
	const struct job *j = row;

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
		.interpreter = j->interpreter,
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

static const char *job_package(const void *row)
{
	return ((const struct job *)row)->trainer_uri;
}

static struct strings job_secrets(const void *row)
{
	return ((const struct job *)row)->secrets;
}

static void job_progress(struct progress_terms *out, const void *row)
{
	const struct job *j = row;

	*out = (struct progress_terms){j->progress_patterns, j->metric, j->framework};
}

static void job_claim(struct claim *out, const void *row)
{
	const struct job *j = row;
	int64_t others = (j->ps_count > 0 ? j->ps_count : 0) +
		(j->worker_count > 0 ? j->worker_count : 0);

	*out = (struct claim){.tasks = 1 + others,
		.gpus = j->gpu_limit,
		.memory = j->memory_limit.v,
		.cpu = j->cpu_limit.v};
}

static void job_gang(struct plan_gang *out, const struct claim *claim, const void *row)
{
	const struct job *j = row;
	static const struct plan_terms terms = {.name_field = "job_name",
		.tasks_field = "worker_count",
		.tasks_made = "ps_count and worker_count make"};

	*out = (struct plan_gang){.name = j->job_name,
		.terms = &terms,
		.claims = claim,
		.claim_count = 1,
		.cpu_unset = j->cpu_limit.v <= 0,
		.preemptible = says(j, "preemptible") && j->preemptible,
		.selector_key = j->node_selector_key,
		.selector_value = j->node_selector_value};
}

/* ---- Another attempt ---- */

enum { RETRY_FIRST_MS = 1000, RETRY_MOST_MS = 60 * 1000 };

/* What another attempt of the same would run into again. */
static bool hopeless(enum work_reason why)
{
	return why == REASON_CANCELLED || why == REASON_PACKAGE_UNPACK ||
		why == REASON_MODULE_MISSING || why == REASON_SECRET_MISSING;
}

static bool job_again(const void *row, enum work_reason why, int64_t attempts_done,
	int64_t *delay_ms)
{
	const struct job *j = row;
	int64_t most = j->max_attempts > 0 ? j->max_attempts : 1;
	bool again = j->restart_policy == RESTART_ALWAYS ||
		(j->restart_policy == RESTART_ON_FAILURE && why != REASON_NONE);
	int64_t delay = RETRY_FIRST_MS;

	/* The engine's word for "it never began": nothing ran, so no policy is needed to go on. */
	if (why == REASON_RETRY) {
		*delay_ms = RETRY_FIRST_MS;
		return true;
	}
	if (!again || hopeless(why) || attempts_done >= most)
		return false;
	for (int64_t i = 1; i < attempts_done && delay < RETRY_MOST_MS; i++)
		delay *= 2;
	*delay_ms = delay < RETRY_MOST_MS ? delay : RETRY_MOST_MS;
	return true;
}

const struct work_policy job_policy = {
	.kind = &job_kind,
	.program = job_program,
	.secrets = job_secrets,
	.package = job_package,
	.progress = job_progress,
	.claim = job_claim,
	.gang = job_gang,
	.again = job_again,
	.part = PART_TRAIN,
};
