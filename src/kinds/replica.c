/* Replicas of model services: what they are in the words of plan and engine. */
#include "core/kinds/replica.h"

#include "kinds/kinds.h"

static void replica_program(struct task_program *out, const void *row)
{
	const struct replica *r = row;

	*out = (struct task_program){
		TASK_PROGRAM_INIT,
		.name = r->replica_name,
		.org_name = r->org_name,
		.command = r->command,
		.env = r->env,
		.work_dir = r->work_dir,
		.cpu_limit = r->cpu_limit,
		.memory_limit = r->memory_limit,
	};
	out->stop_grace = r->stop_grace;
}

static const char *replica_package(const void *row)
{
	(void)row;
	return NULL;
}

static void replica_claim(struct claim *out, const void *row)
{
	const struct replica *r = row;

	*out = (struct claim){.tasks = 1,
		.gpus = r->gpu_limit,
		.memory = r->memory_limit.v,
		.cpu = r->cpu_limit.v};
}

static void replica_gang(struct plan_gang *out, const struct claim *claim, const void *row)
{
	const struct replica *r = row;
	static const struct plan_terms terms = {.name_field = "model_name",
		.tasks_field = "replicas",
		.tasks_made = "replicas make"};

	*out = (struct plan_gang){.name = r->replica_name,
		.terms = &terms,
		.claims = claim,
		.claim_count = 1,
		.cpu_unset = r->cpu_limit.v <= 0};
}

enum { AGAIN_FIRST_MS = 1000, AGAIN_MOST_MS = 60 * 1000 };

/* Whatever ends it, it is to run: after a pause that grows with its attempts. */
static bool replica_again(const void *row, enum work_reason why, int64_t attempts_done,
	int64_t *delay_ms)
{
	int64_t delay = AGAIN_FIRST_MS;

	(void)row;
	if (why == REASON_CANCELLED)
		return false;
	for (int64_t i = 1; why != REASON_RETRY && i < attempts_done && delay < AGAIN_MOST_MS; i++)
		delay *= 2;
	*delay_ms = delay < AGAIN_MOST_MS ? delay : AGAIN_MOST_MS;
	return true;
}

static const struct work_policy policy = {
	.kind = &replica_kind,
	.program = replica_program,
	.package = replica_package,
	.claim = replica_claim,
	.gang = replica_gang,
	.again = replica_again,
	.part = PART_MODEL,
};

const struct kind_handlers replica_handlers = {
	.kind = &replica_kind,
	.policy = &policy,
};
