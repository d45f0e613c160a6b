/* What the life of a job asks for is done: engine and store are told. */
#include "work/work.h"
#include "work/program.h"

#include "base/log.h"
#include "base/fault.h"
#include "base/mem.h"
#include "base/timefmt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct task_ref ref_of(const struct active *a)
{
	return (struct task_ref){a->uid, task_single, (int)a->work->attempt};
}

/* ---- Waiting ---- */

/* In memory only: why a job waits is found anew after a restart. */
static void wait_show(struct active *a, enum job_reason reason, const char *message)
{
	struct work *w = a->w;
	struct job j = *a->work;
	const struct job *row = rowset_find(&w->model->jobs, a->uid);

	reconcile_why(&j, reason, message);
	model_moving_put(w->model, &j);
	if (row == NULL)
		return;
	j = *row;
	reconcile_why(&j, reason, message);
	rowset_put(&w->model->jobs, &j, NULL);
	model_show(w->model, &job_kind, a->uid);
}

void reconcile_enqueue(struct active *a, enum job_reason reason, const char *message)
{
	struct work *w = a->w;
	const struct job *work = a->work;
	struct change *c;
	struct job j;

	if (work->state != JOB_VALIDATED) {
		wait_show(a, reason, message);
		return;
	}
	j = *work;
	c = change_new(w->model);
	reconcile_why(&j, reason, message);
	reconcile_move(c, &j, JOB_ENQUEUED);
	change_event(c, &j, EVENT_NORMAL, "Enqueued", "%s",
		*message ? message : "waits for its turn");
	change_commit(c);
}

/* ---- Starting ---- */

static void enforced_set(struct work *w, struct job *j)
{
	for (unsigned i = 0; enforced_words[i]; i++)
		if (strcmp(enforced_words[i], w->engine->ops->enforces) == 0)
			job_set(j, limits_enforced, i);
}

static void start_stored(void *ctx, bool ok, const struct err *e)
{
	struct active *a = ctx;
	const struct job *row = rowset_find(&a->w->model->jobs, a->uid);
	struct task_exit end = {.end = TASK_END_STOPPED, .finish_code = -1};
	struct news n = {.state = JOB_FAILED,
		.reason = REASON_CANCELLED,
		.message = "stopped before it started",
		.end = &end};

	(void)e;
	if (a->w->closing)
		return; /* the next start of the daemon finds it */
	if (ok) {
		reconcile_event(a, ON_START_STORED, &n);
		return;
	}
	/* All is as before, and will be planned again. */
	if (row)
		model_moving_put(a->w->model, row);
	a->dirty = false;
	a->not_before = reconcile_now() + 1000 * RETRY_AFTER_S;
	reconcile_event(a, ON_START_LOST, NULL);
}

static void start_store(struct active *a, const struct news *n)
{
	static const struct job nothing;
	struct work *w = a->w;
	struct job j = *a->work;
	struct change *c = change_new(w->model);
	struct task t;
	char uid[128];

	logs_close(a);
	active_gpus(a, n->gpus, n->gpu_count);
	job_set(&j, attempt, j.attempt + 1);
	job_set(&j, tasks, 1);
	job_set(&j, node_name, n->node);
	enforced_set(w, &j);
	reconcile_why(&j, REASON_NONE, "");
	job_forget(&j, exit_code);
	job_forget(&j, signal);
	job_forget(&j, start_time);
	job_forget(&j, end_time);
	job_samples_copy(&j, &nothing);
	reconcile_move(c, &j, JOB_CREATING);
	reconcile_task_of(w->model, &j, &t, uid);
	task_set(&t, state, JOB_CREATING);
	if (n->gpu_count)
		task_set(&t, gpus, ((struct strings){n->gpus, n->gpu_count}));
	change_task(c, &t);
	change_event(c, &j, EVENT_NORMAL, "Creating", "attempt %lld is being made on %s",
		(long long)j.attempt, n->node);
	change_then(c, start_stored, a);
	change_commit(c);
}

/* The engine is not asked: as if it had said so. */
static void start_failed(struct active *a, enum job_reason why, const char *message)
{
	struct task_exit end = {.end = TASK_END_START, .end_ms = model_now(), .finish_code = -1};
	struct task_ref ref = ref_of(a);

	snprintf(end.message, sizeof end.message, "%.255s", message);
	reconcile_events.ended(a->w, &ref, &end, why);
}

/* `j`: the job with all its texts. */
static void start_whole(struct active *a, const struct job *j)
{
	struct work *w = a->w;
	const struct org *o = model_org(w->model, j->org_id);
	bool as_user = o && record_has(org, o, run_uid);
	struct err e = ERR_INIT;
	char *package = NULL;
	struct task_launch launch = {
		.ref = ref_of(a),
		.gpus = (const char *const *)a->gpus,
		.gpu_count = a->gpu_count,
		.run_uid = as_user ? (int)o->run_uid : -1,
		.run_gid = as_user ? (int)o->run_uid : -1,
	};

	program_of_job(&launch.program, j);
	if (j->trainer_uri && *j->trainer_uri) {
		package = w->told.package_file(w->told.ctx, j->org_id, j->trainer_uri, &e);
		if (package == NULL) {
			start_failed(a, REASON_PACKAGE_FETCH, e.text);
			return;
		}
	}
	launch.package_path = package;
	fault_point("before-start");
	w->engine->ops->start(w->engine, &launch);
	fault_point("after-start");
	free(package);
}

/* A start whose long texts are being read. */
struct starting {
	struct work *w;
	int attempt;
	char uid[ULID_SIZE];
};

static void stop_tell(struct active *a);

/* What was asked of it meanwhile, the engine could not yet be told. */
static void start_read(void *ctx, const void *rec, const struct err *e)
{
	struct starting *s = ctx;
	struct active *a = work_active(s->w, s->uid);
	bool same = a && (int)a->work->attempt == s->attempt && !s->w->closing;

	if (same && rec)
		start_whole(a, rec);
	else if (same)
		start_failed(a, REASON_START, e->text);
	if (same && rec && life_stopped(a->life))
		stop_tell(a);
	free(s);
}

static void start_tell(struct active *a)
{
	struct starting *s = mem_alloc(sizeof *s);

	s->w = a->w;
	s->attempt = (int)a->work->attempt;
	memcpy(s->uid, a->uid, sizeof s->uid);
	model_whole(a->w->model, &job_kind, a->work, start_read, s);
}

static void running_store(struct active *a, const struct news *n)
{
	struct work *w = a->w;
	struct job j = *a->work;
	struct change *c;
	struct task t;
	char uid[128];

	/* Adopted: nothing is new. Being deleted: it is about to be stopped. */
	if (j.state != JOB_CREATING)
		return;
	c = change_new(w->model);
	job_set(&j, start_time, (struct when){n->start_ms});
	reconcile_move(c, &j, JOB_RUNNING);
	reconcile_task_of(w->model, &j, &t, uid);
	task_set(&t, state, JOB_RUNNING);
	task_set(&t, start_time, (struct when){n->start_ms});
	change_task(c, &t);
	change_event(c, &j, EVENT_NORMAL, "Started", "attempt %lld runs", (long long)j.attempt);
	change_commit(c);
	w->told.log_grew(w->told.ctx, a->uid, task_single, (int)j.attempt);
}

static void stop_tell(struct active *a)
{
	struct engine *en = a->w->engine;
	struct task_ref ref = ref_of(a);
	struct task_program program;

	program_of_job(&program, a->work);
	en->ops->stop(en, &ref, program.stop_grace.v);
}

/* ---- All of it ---- */

void reconcile_event(struct active *a, enum life_event ev, const struct news *n)
{
	struct work *w = a->w;
	struct life_step step = life_step(a->life, ev);

	active_lives(a, step.next);
	if (step.what & DO_LEAVE_PLACE)
		active_gpus(a, NULL, 0);
	if (step.what & DO_STORE_START)
		start_store(a, n);
	if (step.what & DO_TELL_START)
		start_tell(a);
	if (step.what & DO_TELL_STOP)
		stop_tell(a);
	if (step.what & DO_STORE_RUNNING)
		running_store(a, n);
	if (step.what & DO_READ_LOG)
		reconcile_read_rest(a);
	if (step.what & DO_STORE_AGAIN)
		reconcile_again(a, n);
	if (step.what & DO_STORE_ANEW)
		reconcile_anew(a, n);
	if (step.what & DO_STORE_OVER)
		reconcile_over(a, n);
	if (step.what & DO_PLAN)
		reconcile_soon(w);
	if (step.what & DO_FREE)
		reconcile_ended(a);
}
