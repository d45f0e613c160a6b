/* Train jobs: what is done with them, and what belongs to one. */
#include "kinds/kinds.h"
#include "kinds/work.h"

/* A job that is not over is started already: the public client takes the object for success. */
static void job_start(struct request *r)
{
	const struct job *j = request_object(r);

	if (j && (!work_state_final(j->state) || work_active(&r->platform->work, j->uid)))
		request_reply_row(r, &job_kind, j);
	else if (j)
		workload_retry(r, j);
}

/* ---- What belongs to a job ---- */

/* All four are numbers: the client divides them. */
static void job_metrics(struct request *r)
{
	const struct job *j = request_object(r);

	if (j)
		request_reply(r, 200,
			json_pack("{s:f, s:I, s:i, s:i}", "cpu", j->cpu_used.v, "memory",
				(json_int_t)j->memory_used.v, "network_receive", 0,
				"network_transmit", 0));
}

/* The public client shows the best one without looking whether there is any. */
static void job_hyperparameters(struct request *r)
{
	if (request_object(r))
		request_reply(r, 200,
			json_pack("{s:s, s:i, s:{s:n, s:n, s:n, s:n}, s:[]}", "goal", "",
				"trialCount", 0, "best_trials", "metric", "params", "step", "state",
				"trials"));
}

/* ---- The table ---- */

static const struct action_handler actions[] = {
	{"cancel", workload_cancel},
	{"delete", workload_delete},
	{"retry", workload_retry},
	{"hold", workload_hold},
	{"release", workload_release},
	{NULL, NULL},
};

#define ONE API "/train/{job}"
#define READ(tail, more_flags, handler, text)                                        \
	{                                                                            \
		.method = METHOD_GET, .pattern = ONE tail, .least = ROLE_VIEWER,     \
		.flags = ROUTE_TENANT | (more_flags), .handle = handler, .doc = text \
	}
static const struct route more[] = {
	{.method = METHOD_GET,
		.pattern = ONE "/start",
		.least = ROLE_OPERATOR,
		.flags = ROUTE_CHANGES | ROUTE_TENANT,
		.handle = job_start,
		.doc = "As retry; the public client's form."},
	READ("/metrics", 0, job_metrics,
		"What it uses now: cpu (percent), memory, network_receive, network_transmit (bytes)."),
	READ("/hyperparameters", 0, job_hyperparameters,
		"Trials of a tuning job; empty for a single run."),
	{.pattern = NULL},
};

const struct kind_handlers job_handlers = {
	.kind = &job_kind,
	.prepare = job_prepare,
	.gather = job_gather,
	.make = job_made,
	.what_if = workload_what_if,
	.policy = &job_policy,
	.actions = actions,
	.more = more,
};
