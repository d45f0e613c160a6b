/* What all steps of a job's life write into its row and its task's. */
#include "work/work.h"

#include <stdio.h>
#include <string.h>

void reconcile_why(struct job *j, enum job_reason reason, const char *message)
{
	job_set(j, reason, reason);
	job_set(j, message, message);
}

void reconcile_move(struct change *c, struct job *j, unsigned state)
{
	job_set(j, state, state);
	job_set(j, update_time, (struct when){model_now()});
	change_job(c, j);
	model_moving_put(change_model(c), j);
}

void reconcile_task_of(struct model *m, const struct job *j, struct task *t, char uid[128])
{
	const struct task *row;

	snprintf(uid, 128, "%s/%s/%lld", j->uid, task_single, (long long)j->attempt);
	row = rowset_find(&m->tasks, uid);
	memset(t, 0, sizeof *t);
	if (row)
		*t = *row;
	task_set(t, uid, uid);
	task_set(t, job_uid, j->uid);
	task_set(t, job_name, j->job_name);
	task_set(t, task, task_single);
	task_set(t, org_id, j->org_id);
	task_set(t, attempt, j->attempt);
	task_set(t, node_name, j->node_name);
}
