/* What a life asks for is done: engine and store are told. */
#include "work/drains.h"
#include "work/orgs.h"
#include "work/work.h"

#include "base/log.h"
#include "base/fault.h"
#include "base/mem.h"
#include "base/timefmt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Waiting ---- */

/* In memory only: why it waits is found anew after a restart. */
static void wait_show(struct active *a, enum work_reason reason, const char *message)
{
	struct work *w = a->w;
	struct draft d = draft_of(a->kind, a->work);
	const struct workload *row = active_row(a);

	reconcile_why(&d, reason, message);
	model_moving_put(w->model, a->kind, &d.row);
	if (row == NULL)
		return;
	d = draft_of(a->kind, row);
	reconcile_why(&d, reason, message);
	model_row_put(w->model, a->kind, &d.row);
	model_show(w->model, a->kind, a->uid);
}

void reconcile_enqueue(struct active *a, enum work_reason reason, const char *message)
{
	struct work *w = a->w;
	struct change *c;
	struct draft d;

	if (a->work->state != WORK_VALIDATED) {
		wait_show(a, reason, message);
		return;
	}
	d = draft_of(a->kind, a->work);
	c = change_new(w->model);
	reconcile_why(&d, reason, message);
	reconcile_move(c, &d, WORK_ENQUEUED);
	change_event(c, d.kind, &d.row, EVENT_NORMAL, "Enqueued", "%s",
		*message ? message : "waits for its turn");
	change_commit(c);
}

/* ---- Starting ---- */

static void enforced_set(struct work *w, struct draft *d)
{
	const struct engine *en = w->engine;
	const char *word = en->enforces ? en->enforces : en->ops->enforces;

	for (unsigned i = 0; enforced_words[i]; i++)
		if (strcmp(enforced_words[i], word) == 0)
			draft_set(d, limits_enforced, i);
}

static void start_stored(void *ctx, bool ok, const struct err *e)
{
	struct active *a = ctx;
	const struct workload *row = active_row(a);
	struct task_exit end = {.end = TASK_END_STOPPED, .finish_code = -1};
	struct news n = {.state = WORK_FAILED,
		.reason = REASON_CANCELLED,
		.message = "stopped before it started",
		.end = &end};

	(void)e;
	if (a->w->closing)
		return; /* the next start of the daemon finds it */
	if (ok) {
		task_due_drop(a);
		reconcile_event(a, ON_START_STORED, &n);
		return;
	}
	/* All is as before, and will be planned again. */
	if (row)
		model_moving_put(a->w->model, a->kind, row);
	a->dirty = false;
	a->not_before = reconcile_now() + 1000 * RETRY_AFTER_S;
	reconcile_event(a, ON_START_LOST, NULL);
}

static void start_store(struct active *a, const struct news *n)
{
	struct work *w = a->w;
	struct draft d = draft_of(a->kind, a->work);
	struct change *c = change_new(w->model);

	logs_close(a);
	active_gpus(a, n->gpus, n->gpu_count);
	draft_set(&d, attempt, d.row.attempt + 1);
	draft_set(&d, tasks, 1);
	draft_set(&d, node_name, n->node);
	enforced_set(w, &d);
	reconcile_why(&d, REASON_NONE, "");
	draft_drop(&d, exit_code);
	draft_drop(&d, signal);
	draft_hide(&d, failure);
	draft_hide(&d, failure_at);
	draft_drop(&d, start_time);
	draft_drop(&d, end_time);
	workload_samples_copy(d.kind, &d.row, NULL);
	reconcile_move(c, &d, WORK_CREATING);
	a->began = INT64_MIN;
	a->ran = (struct span){0, 0};
	task_due_store(c, a);
	task_creating(c, &d, &a->claim, n);
	secrets_audit(a, c, d.row.attempt);
	change_event(c, d.kind, &d.row, EVENT_NORMAL, "Creating",
		"attempt %lld is being made on %s", (long long)d.row.attempt, n->node);
	change_then(c, start_stored, a);
	change_commit(c);
}

/* The engine is not asked: as if it had said so. */
static void start_failed(struct active *a, enum work_reason why, const char *message)
{
	struct task_exit end = {.end = TASK_END_START, .end_ms = model_now(), .finish_code = -1};
	struct task_ref ref = task_of(a);

	snprintf(end.message, sizeof end.message, "%.255s", message);
	reconcile_events.ended(a->w, &ref, &end, why);
}

/* Packages and secrets are there, and the engine is asked. `whole`: its row with all its texts. */
static void start_launch(struct active *a, const void *whole, const char *package,
	const struct open_secrets *secrets)
{
	struct work *w = a->w;
	const struct org *o = model_org(w->model, a->work->org_id);
	bool as_user = o && record_has(org, o, run_uid);
	struct task_launch launch = {
		.ref = task_of(a),
		.package_path = package,
		.gpus = (const char *const *)a->gpus,
		.gpu_count = a->gpu_count,
		.run_uid = as_user ? (int)o->run_uid : -1,
		.run_gid = as_user ? (int)o->run_uid : -1,
		.secrets = secrets->list,
		.secret_count = secrets->count,
	};

	a->policy->program(&launch.program, whole);
	fault_point("before-start");
	w->engine->ops->start(w->engine, &launch);
	fault_point("after-start");
}

static void start_whole(struct active *a, const void *whole)
{
	struct work *w = a->w;
	const char *uri = a->policy->package(whole);
	bool packed = uri && *uri;
	struct open_secrets *secrets = mem_alloc(sizeof *secrets);
	struct err e = ERR_INIT;
	char *package = packed ? w->told.package_file(w->told.ctx, a->work->org_id, uri, &e) : NULL;

	if (packed && package == NULL)
		start_failed(a, REASON_PACKAGE_FETCH, e.text);
	else if (!secrets_open(a, whole, secrets, &e))
		start_failed(a, REASON_SECRET_MISSING, e.text);
	else
		start_launch(a, whole, package, secrets);
	secrets_shut(secrets);
	free(secrets);
	free(package);
}

/* A start whose long texts are being read. */
struct starting {
	struct work *w;
	int attempt;
	char uid[ULID_SIZE];
};

static void stop_tell(struct active *a);

/* Its node was drained, or its org held, since its start was written down: it never begins. */
static bool start_barred(struct active *a)
{
	char held[PLAN_MESSAGE];
	struct buf why = BUF_INIT;
	bool drained = drains_hold(a->w, a->work->node_name);

	if (!drained && !orgs_held(a->w, a->work->org_id, held))
		return false;
	if (drained)
		buf_addf(&why, "node %s was drained before it could start there",
			a->work->node_name);
	else
		buf_addf(&why, "org %s was held before it could start", a->work->org_name);
	start_failed(a, REASON_RETRY, why.data);
	buf_release(&why);
	return true;
}

/* What was asked of it meanwhile, the engine could not yet be told. */
static void start_read(void *ctx, const void *rec, const struct err *e)
{
	struct starting *s = ctx;
	struct active *a = work_active(s->w, s->uid);
	bool same = a && (int)a->work->attempt == s->attempt && !s->w->closing;

	if (same && start_barred(a))
		;
	else if (same && rec)
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
	model_whole(a->w->model, a->kind, a->work, start_read, s);
}

static void running_store(struct active *a, const struct news *n)
{
	struct work *w = a->w;
	struct draft d = draft_of(a->kind, a->work);
	struct change *c;

	/* Adopted: nothing is new. Being deleted: it is about to be stopped. */
	if (d.row.state != WORK_CREATING)
		return;
	c = change_new(w->model);
	draft_set(&d, start_time, (struct when){n->start_ms});
	reconcile_move(c, &d, WORK_RUNNING);
	task_running(c, &d, n->start_ms);
	change_event(c, d.kind, &d.row, EVENT_NORMAL, "Started", "attempt %lld runs",
		(long long)d.row.attempt);
	change_commit(c);
	w->told.log_grew(w->told.ctx, a->uid, task_single, (int)d.row.attempt);
}

/* ---- Making room ---- */

static void yield_stored(void *ctx, bool ok, const struct err *e)
{
	struct active *a = ctx;
	const struct workload *row = active_row(a);

	(void)e;
	if (a->w->closing)
		return;
	/* It goes on as before, and is asked again where that is still needed. */
	if (!ok && a->life.wish == WISH_YIELD) {
		if (a->work->reason == REASON_PREEMPTED)
			a->preempted = INT64_MIN;
		if (row)
			model_moving_put(a->w->model, a->kind, row);
		a->dirty = false;
		a->not_before = reconcile_now() + 1000 * RETRY_AFTER_S;
		reconcile_event(a, ON_WISH_LOST, NULL);
	}
	reconcile_soon(a->w);
}

/* On the disk before the engine is told: after a crash the end that comes is known for what it is. */
static void yield(struct active *a, enum work_reason why, const char *for_what)
{
	struct draft d = draft_of(a->kind, a->work);
	struct buf text = BUF_INIT;
	struct change *c;

	reconcile_event(a, ON_YIELD, NULL);
	if (a->life.wish != WISH_YIELD)
		return;
	c = change_new(a->w->model);
	if (why == REASON_PREEMPTED) {
		a->preempted = reconcile_now();
		draft_tell(&d, preempted_time, true, (struct when){model_now()});
	}
	buf_addf(&text, "is being stopped %s", for_what);
	reconcile_why(&d, why, text.data);
	reconcile_move(c, &d, d.row.state);
	change_event(c, d.kind, &d.row, EVENT_WARNING, work_reason_words[why],
		"attempt %lld is stopped %s; it runs again when there is room, and does not count",
		(long long)d.row.attempt, for_what);
	change_then(c, yield_stored, a);
	change_commit(c);
	buf_release(&text);
}

void reconcile_yield(struct active *a)
{
	yield(a, REASON_PREEMPTED, "to make room for a job within its org's quota");
}

void reconcile_evict(struct active *a)
{
	yield(a, REASON_NODE_DRAINED, "because its node is drained");
}

static void stop_tell(struct active *a)
{
	struct engine *en = a->w->engine;
	struct task_ref ref = task_of(a);
	struct task_program program;

	a->policy->program(&program, a->work);
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
