#include "core/plan/plan.h"
#include "core/plan/plan_parts.h"

#include <string.h>

enum { RETRY_FIRST_MS = 1000, RETRY_MOST_MS = 60 * 1000 };

static const char *const dim_fields[] = {
	[DIM_GPUS] = "gpu_limit",
	[DIM_MEMORY] = "memory_limit",
	[DIM_CPU] = "cpu_limit",
	[DIM_TASKS] = "worker_count",
	[DIM_JOBS] = "job_name",
};

/* "gpu_limit is 4", "cpu_limit is not given and counts as 1", "... for each of 3 tasks". */
static void asked(struct text *t, const struct job *j, enum dim d, const struct amounts *need)
{
	int64_t tasks = need_tasks(j);

	if (d == DIM_TASKS) {
		text_add(t, "ps_count and worker_count make ");
		text_amount(t, DIM_TASKS, tasks);
		return;
	}
	text_add(t, dim_fields[d]);
	text_add(t, d == DIM_CPU && j->cpu_limit.v <= 0 ? " is not given and counts as " : " is ");
	text_bare(t, d, need->v[d] / tasks, true);
	if (tasks > 1) {
		text_add(t, " for each of ");
		text_amount(t, DIM_TASKS, tasks);
	}
}

static bool too_small(struct err *e, const struct job *j, const struct pool *p, enum dim d,
	const struct amounts *need)
{
	char message[300] = "";
	struct text t = {.out = message, .size = sizeof message};

	if (d == DIM_JOBS) {
		text_add(&t, "org ");
		text_add(&t, p->org);
		text_add(&t, " may run no job: ask for a quota");
		return err_field(e, ERR_UNPROCESSABLE, dim_fields[d], "%s", message);
	}
	asked(&t, j, d, need);
	text_add(&t, ": ");
	if (p->org) {
		text_add(&t, "org ");
		text_add(&t, p->org);
		text_add(&t, " may use ");
		text_amount(&t, d, p->total.v[d]);
	} else if (d == DIM_TASKS) {
		text_number(&t, p->total.v[d]);
		text_add(&t, " may run at once here");
	} else {
		text_add(&t, "this machine has ");
		text_amount(&t, d, p->total.v[d]);
	}
	return err_field(e, ERR_UNPROCESSABLE, dim_fields[d], "%s", message);
}

/* A machine without labels: only its name can be selected. */
static bool node_matches(const struct job *j, const struct plan_machine *m, struct err *e)
{
	const char *key = j->node_selector_key, *value = j->node_selector_value;

	if (key == NULL || *key == '\0')
		return true;
	if (value == NULL)
		value = "";
	if (strcmp(key, "hostname") && strcmp(key, "kubernetes.io/hostname"))
		return err_field(e, ERR_UNPROCESSABLE, "node_selector_key",
			"node_selector_key is %s: no machine here has that label; leave it out",
			key);
	if (m->node_name == NULL || strcmp(value, m->node_name))
		return err_field(e, ERR_UNPROCESSABLE, "node_selector_value",
			"node_selector_value is %s: the machine here is %s", value,
			m->node_name ? m->node_name : "unnamed");
	return true;
}

bool plan_possible(const struct job *j, const struct plan_machine *m, const struct quota *q,
	struct err *e)
{
	struct pool machine, train, total;
	struct amounts need;
	enum dim d;

	need_of(&need, j);
	pool_of_machine(&machine, m);
	machine.total.v[DIM_GPUS] = (int64_t)m->gpu_count; /* one that is lost may come back */
	pools_of_quota(&train, &total, q);
	if (!node_matches(j, m, e))
		return false;
	if (pool_too_small(&machine, &need, &d))
		return too_small(e, j, &machine, d, &need);
	if (pool_too_small(&train, &need, &d))
		return too_small(e, j, &train, d, &need);
	if (pool_too_small(&total, &need, &d))
		return too_small(e, j, &total, d, &need);
	return true;
}

/* What another attempt of the same would run into again. */
static bool hopeless(enum job_reason why)
{
	return why == REASON_CANCELLED || why == REASON_PACKAGE_UNPACK ||
		why == REASON_MODULE_MISSING;
}

bool plan_retry(const struct job *j, enum job_reason why, int64_t attempts_done, int64_t *delay_ms)
{
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
