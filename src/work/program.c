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
