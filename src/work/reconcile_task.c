/* The life of one job: what plan() decided, what the engine reports, what a person asks. */
#include "mltopd/platform_inside.h"
#include "work/program.h"

#include "base/log.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The row of the job's newest attempt, as it is or new. `uid` holds its uid. */
static void task_of(struct platform *p, const struct job *j, struct task *t, char uid[128])
{
	const struct task *row;

	snprintf(uid, 128, "%s/%s/%lld", j->uid, task_single, (long long)j->attempt);
	row = rowset_find(&p->tasks, uid);
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

void reconcile_move(struct change *c, struct job *j, unsigned state)
{
	job_set(j, state, state);
	job_set(j, update_time, (struct when){platform_now()});
	change_job(c, j);
	platform_work_put(change_platform(c), j);
}

static void why_set(struct job *j, enum job_reason reason, const char *message)
{
	job_set(j, reason, reason);
	job_set(j, message, message);
}

static void samples_clear(struct job *j)
{
	static const struct job nothing;

	job_samples_copy(j, &nothing);
}

/* ---- Accepting ---- */

void reconcile_accept(struct change *c, struct job *j)
{
	struct platform *p = change_platform(c);

	job_set(j, state, JOB_VALIDATED);
	platform_work_put(p, j);
	active_new(p, j);
	change_job(c, j);
	change_event(c, j, EVENT_NORMAL, "Submitted", "accepted from %s", j->owner);
}

void reconcile_cancel(struct change *c, struct active *a)
{
	struct job j = *a->work;

	a->cancel = true;
	/* Kept in the row: a restart must not forget that it was asked. */
	why_set(&j, REASON_CANCELLED, "asked to stop");
	reconcile_move(c, &j, a->deleting ? JOB_DELETING : j.state);
	change_event(c, &j, EVENT_NORMAL, a->deleting ? "Deleting" : "Cancelling", "asked to %s",
		a->deleting ? "stop and be removed" : "stop");
}

void reconcile_cancel_undo(struct active *a)
{
	const struct job *row = rowset_find(&a->p->jobs, a->uid);

	if (a->over || row == NULL)
		return;
	a->deleting = row->state == JOB_DELETING;
	a->cancel = a->deleting || row->reason == REASON_CANCELLED;
}

void reconcile_retry(struct change *c, const struct job *row)
{
	struct job j = *row;

	platform_work_put(change_platform(c), row);
	active_new(change_platform(c), row);
	job_set(&j, attempts_uncounted, row->attempt);
	why_set(&j, REASON_RETRY, "to be run again");
	job_forget(&j, end_time);
	samples_clear(&j);
	reconcile_move(c, &j, JOB_ENQUEUED);
	change_event(c, &j, EVENT_NORMAL, "Retried", "attempt %lld was asked for by hand",
		(long long)row->attempt + 1);
}

/* ---- Waiting ---- */

/* In memory only: why a job waits is found anew after a restart. */
static void wait_show(struct active *a, enum job_reason reason, const char *message)
{
	struct platform *p = a->p;
	struct job j = *a->work;
	const struct job *row = rowset_find(&p->jobs, a->uid);

	why_set(&j, reason, message);
	platform_work_put(p, &j);
	if (row == NULL)
		return;
	j = *row;
	why_set(&j, reason, message);
	rowset_put(&p->jobs, &j, NULL);
	platform_show(p, &job_kind, a->uid);
}

void reconcile_enqueue(struct active *a, enum job_reason reason, const char *message)
{
	struct platform *p = a->p;
	const struct job *work = a->work;
	struct change *c;
	struct job j;

	if (work->state != JOB_VALIDATED) {
		wait_show(a, reason, message);
		return;
	}
	j = *work;
	c = change_new(p);
	why_set(&j, reason, message);
	reconcile_move(c, &j, JOB_ENQUEUED);
	change_event(c, &j, EVENT_NORMAL, "Enqueued", "%s",
		*message ? message : "waits for its turn");
	change_commit(c);
}

/* ---- Starting ---- */

/* The start was not stored: all is as before, and will be planned again. */
static void start_undo(struct active *a)
{
	struct platform *p = a->p;
	const struct job *row = rowset_find(&p->jobs, a->uid);

	if (row)
		platform_work_put(p, row);
	active_live(a, false);
	a->told = a->dirty = false;
	a->not_before = platform_now() + 1000 * RETRY_AFTER_S;
	active_gpus(a, NULL, 0);
	reconcile_soon(p);
}

static void start_failed(struct active *a, enum job_reason why, const char *message)
{
	struct task_exit end = {.end = TASK_END_START, .end_ms = platform_now(), .finish_code = -1};
	struct task_ref ref = {a->uid, task_single, (int)a->work->attempt};

	snprintf(end.message, sizeof end.message, "%.255s", message);
	reconcile_events.ended(a->p, &ref, &end, why);
}

static void start_tell(struct active *a)
{
	struct platform *p = a->p;
	const struct job *j = a->work;
	const struct org *o = platform_org(p, j->org_id);
	bool as_user = o && record_has(org, o, run_uid);
	struct err e = ERR_INIT;
	char *package = NULL;
	struct task_launch launch = {
		.ref = {j->uid, task_single, (int)j->attempt},
		.gpus = (const char *const *)a->gpus,
		.gpu_count = a->gpu_count,
		.run_uid = as_user ? (int)o->run_uid : -1,
		.run_gid = as_user ? (int)o->run_uid : -1,
	};

	program_of_job(&launch.program, j);
	if (j->trainer_uri && *j->trainer_uri) {
		package = packages_path(p, j->org_id, j->trainer_uri, &e);
		if (package == NULL) {
			start_failed(a, REASON_PACKAGE_FETCH, e.text);
			return;
		}
	}
	launch.package_path = package;
	a->told = true;
	platform_fault("before-start");
	p->engine->ops->start(p->engine, &launch);
	platform_fault("after-start");
	free(package);
}

static void start_stored(void *ctx, bool ok, const struct err *e)
{
	struct active *a = ctx;
	struct task_exit end = {.end = TASK_END_STOPPED, .finish_code = -1};

	(void)e;
	if (a->p->closing)
		return; /* the next start of the daemon finds it */
	if (!ok)
		start_undo(a);
	else if (a->cancel)
		reconcile_finish(a, JOB_FAILED, REASON_CANCELLED, "stopped before it started",
			&end);
	else
		start_tell(a);
}

static void enforced_set(struct platform *p, struct job *j)
{
	for (unsigned i = 0; enforced_words[i]; i++)
		if (strcmp(enforced_words[i], p->engine->ops->enforces) == 0)
			job_set(j, limits_enforced, i);
}

void reconcile_start(struct active *a, const char *node, const char *const *gpus, size_t gpu_count)
{
	struct platform *p = a->p;
	struct job j = *a->work;
	struct change *c = change_new(p);
	struct task t;
	char uid[128];

	active_live(a, true);
	a->told = a->stop_sent = false;
	logs_close(a);
	active_gpus(a, gpus, gpu_count);
	job_set(&j, attempt, j.attempt + 1);
	job_set(&j, tasks, 1);
	job_set(&j, node_name, node);
	enforced_set(p, &j);
	why_set(&j, REASON_NONE, "");
	job_forget(&j, exit_code);
	job_forget(&j, signal);
	job_forget(&j, start_time);
	job_forget(&j, end_time);
	samples_clear(&j);
	reconcile_move(c, &j, JOB_CREATING);
	task_of(p, &j, &t, uid);
	task_set(&t, state, JOB_CREATING);
	if (gpu_count)
		task_set(&t, gpus, ((struct strings){gpus, gpu_count}));
	change_task(c, &t);
	change_event(c, &j, EVENT_NORMAL, "Creating", "attempt %lld is being made on %s",
		(long long)j.attempt, node);
	change_then(c, start_stored, a);
	change_commit(c);
}

/* ---- Stopping ---- */

void reconcile_stop(struct active *a)
{
	struct platform *p = a->p;
	const struct job *j = a->work;
	struct task_ref ref = {j->uid, task_single, (int)j->attempt};
	struct task_program program;

	/* Not yet told to start: start_stored sees the wish. */
	if (!a->told)
		return;
	a->stop_sent = true;
	program_of_job(&program, j);
	p->engine->ops->stop(p->engine, &ref, program.stop_grace.v);
}

void reconcile_drop(struct active *a)
{
	reconcile_finish(a, JOB_FAILED, REASON_CANCELLED, "cancelled before it started", NULL);
}

/* ---- Ending ---- */

static void removals_refuse(struct active *a, const struct err *e)
{
	for (size_t i = 0; i < a->removals.len; i++)
		request_fail_retry(a->removals.items[i], e, 1);
	vec_release(&a->removals);
}

static void finish_stored(void *ctx, bool ok, const struct err *e)
{
	struct active *a = ctx;
	struct platform *p = a->p;
	VEC(struct request *) removals = {0};
	const struct job *row;
	int attempt;
	char uid[ULID_SIZE];
	bool removed = a->removed;

	if (!ok) {
		removals_refuse(a, e);
		reconcile_not_stored(a);
		return;
	}
	for (size_t i = 0; i < a->removals.len; i++)
		vec_push(&removals, a->removals.items[i]);
	memcpy(uid, a->uid, sizeof uid);
	row = platform_work(p, uid);
	attempt = (int)row->attempt;
	active_free(a);
	if (attempt > 0 && p->hub)
		hub_log_ended(p->hub, uid, task_single, attempt);
	logs_wake(p, uid);
	if (removed && p->engine)
		p->engine->ops->forget(p->engine, uid);
	reconcile_soon(p);
	platform_used(p);
	for (size_t i = 0; i < removals.len; i++)
		removals.items[i]->route->handle(removals.items[i]);
	vec_release(&removals);
}

/* What the job's row and its task's row say about an end. */
static void end_fill(struct job *j, struct task *t, unsigned state, enum job_reason reason,
	const char *message, const struct task_exit *end)
{
	struct when now = {end && end->end_ms ? end->end_ms : platform_now()};

	job_set(j, end_time, now);
	why_set(j, reason, message);
	task_set(t, state, state);
	task_set(t, reason, reason);
	task_set(t, message, message);
	task_set(t, end_time, now);
	if (end == NULL)
		return;
	if (end->end != TASK_END_START) {
		job_set(j, exit_code, end->code);
		job_set(j, signal, end->signal);
		task_set(t, exit_code, end->code);
		task_set(t, signal, end->signal);
	}
	task_set(t, log_bytes, (struct bytes){(int64_t)end->log_bytes});
	job_set(j, log_bytes, (struct bytes){(int64_t)end->log_bytes});
	task_set(t, cpu_time, (struct ms){end->user_ms + end->system_ms});
	task_set(t, memory_peak, (struct bytes){end->peak_rss});
	job_forget(j, cpu_used);
	job_forget(j, memory_used);
	job_forget(j, gpu_util);
	job_forget(j, progress_eta);
}

static void finish_event(struct change *c, const struct job *j, unsigned state, const char *message)
{
	static const char *const words[] =
		{[JOB_COMPLETED] = "Completed", [JOB_FAILED] = "Failed", [JOB_ERROR] = "Error"};

	change_event(c, j,
		state == JOB_COMPLETED || j->reason == REASON_CANCELLED ? EVENT_NORMAL
									: EVENT_WARNING,
		words[state], "%s", *message ? message : "it has ended");
}

void reconcile_finish(struct active *a, unsigned state, enum job_reason reason, const char *message,
	const struct task_exit *end)
{
	struct platform *p = a->p;
	struct job j = *a->work;
	struct change *c = change_new(p);
	struct task t;
	char uid[128];

	a->over = true;
	active_live(a, false);
	if (a->deleting) {
		a->removed = true;
		change_job_remove(c, a->uid);
	} else {
		task_of(p, &j, &t, uid);
		end_fill(&j, &t, state, reason, message, end);
		reconcile_move(c, &j, state);
		if (j.attempt > 0 && end)
			change_task(c, &t);
		finish_event(c, &j, state, message);
		change_events_trim(c, a->uid);
	}
	change_then(c, finish_stored, a);
	platform_fault("before-ended-commit");
	change_commit(c);
	reconcile_soon(p);
}

void reconcile_repair(struct active *a)
{
	struct change *c = change_new(a->p);
	const struct job *j = a->work;

	a->dirty = false;
	if (a->removed)
		change_job_remove(c, a->uid);
	else
		change_job(c, j);
	if (a->over)
		change_then(c, finish_stored, a);
	change_commit(c);
}
