/* Train jobs: what is done with them, and what belongs to one. */
#include "kinds/kinds.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static void job_refuse(struct request *r, const struct job *j, const char *why)
{
	struct err e = ERR_INIT;

	err_set(&e, ERR_CONFLICT, "job %s is %s: %s", j->job_name, job_state_words[j->state], why);
	request_fail(r, &e);
}

/* ---- Removing ---- */

struct removal {
	struct platform *p;
	char uid[ULID_SIZE];
	char *org_name;
};

static struct removal *removal_new(struct platform *p, const struct job *j)
{
	struct removal *m = mem_alloc(sizeof *m);

	m->p = p;
	memcpy(m->uid, j->uid, sizeof m->uid);
	m->org_name = mem_strdup(j->org_name);
	return m;
}

static void job_removed(void *ctx, bool ok, const struct err *e)
{
	struct removal *m = ctx;
	struct platform *p = m->p;

	(void)e;
	if (ok && p->work.engine)
		p->work.engine->ops->forget(p->work.engine, m->uid, m->org_name);
	free(m->org_name);
	free(m);
}

static void delete_over(struct request *r, const struct job *j)
{
	struct change *c = change_for(r);
	struct removal *m = removal_new(r->platform, j);

	change_job_remove(c, j->uid);
	change_audit(c, "job.delete", j->uid, j->job_name);
	change_answer(c, 200, message_json("job %s is deleted", j->job_name));
	change_then(c, job_removed, m);
	change_commit(c);
}

/* Its last change is not on the disk yet: this request goes behind it. */
static void job_is_over(void *ctx, bool ok, const struct err *e)
{
	struct request *r = ctx;

	if (ok)
		r->route->handle(r);
	else
		request_fail_retry(r, e, 1);
}

static void when_over(struct active *a, struct request *r)
{
	vec_push(&a->waiters, ((struct over_waiter){job_is_over, r}));
}

/* ---- Wanted gone while it is not over ---- */

struct wish {
	struct request *r;
	char uid[ULID_SIZE];
	bool kept; /* carried out, and not on the disk yet */
};

static void wish_stored(void *ctx, bool ok, const struct err *e)
{
	struct wish *w = ctx;
	struct active *a = work_active(&w->r->platform->work, w->uid);
	const char *who = w->r->who.key_name;

	if (a)
		w->kept = reconcile_wished(a, ok, e, who ? who : "") && !ok;
	reconcile_soon(&w->r->platform->work);
}

static void wish_answered(void *ctx, bool ok, const struct err *e, int status, const char *answer)
{
	struct wish *w = ctx;

	if (w->kept)
		request_reply(w->r, 202,
			message_json("it is being stopped; that is written down when the disk of "
				     "the state folder has room again"));
	else
		request_answered(w->r, ok, e, status, answer);
	free(w);
}

static void wish_commit(struct change *c, struct request *r, const struct job *j)
{
	struct wish *w = mem_alloc(sizeof *w);

	w->r = r;
	memcpy(w->uid, j->uid, sizeof w->uid);
	change_then(c, wish_stored, w);
	change_told(c, wish_answered, w);
	change_commit(c);
}

static void delete_live(struct request *r, struct active *a, const struct job *j)
{
	struct change *c;

	if (a->life.wish == WISH_DELETE) {
		request_reply(r, 200, message_json("job %s is being deleted", j->job_name));
		return;
	}
	c = change_for(r);
	reconcile_delete(c, a);
	change_audit(c, "job.delete", j->uid, j->job_name);
	change_answer(c, 200, message_json("job %s is stopped, then deleted", j->job_name));
	wish_commit(c, r, j);
}

static void job_delete(struct request *r, const void *row)
{
	const struct job *j = row;
	struct active *a = work_active(&r->platform->work, j->uid);

	if (a) {
		/* Its last change is not on the disk yet: this one goes behind it. */
		if (a->life.at == AT_OVER && a->life.wish != WISH_DELETE)
			when_over(a, r);
		else
			delete_live(r, a, j);
		return;
	}
	delete_over(r, j);
}

/* ---- Cancel and retry ---- */

static void job_cancel(struct request *r, const void *row)
{
	const struct job *j = row;
	struct active *a = work_active(&r->platform->work, j->uid);
	struct change *c;

	if (a == NULL || a->life.at == AT_OVER) {
		job_refuse(r, j, "it is over already");
		return;
	}
	c = change_for(r);
	reconcile_cancel(c, a);
	change_audit(c, "job.cancel", j->uid, j->job_name);
	change_answer(c, 200, record_encode(&job_kind, a->work, NULL));
	wish_commit(c, r, j);
}

static void retry_stored(void *ctx, bool ok, const struct err *e)
{
	struct active *a = ctx;
	(void)e;
	if (ok)
		reconcile_soon(a->w);
	else
		active_free(a);
}

static void job_retry(struct request *r, const void *row)
{
	const struct job *j = row;
	struct platform *p = r->platform;
	struct active *a = work_active(&p->work, j->uid);
	struct change *c;

	/* Its end is on the disk, and not all that goes with it: this one goes behind it. */
	if (a && a->life.at == AT_OVER && a->life.wish != WISH_DELETE) {
		when_over(a, r);
		return;
	}
	if (a) {
		job_refuse(r, j, "its end is not stored yet: ask again");
		return;
	}
	c = change_for(r);
	reconcile_retry(&p->work, c, j);
	change_audit(c, "job.retry", j->uid, j->job_name);
	change_answer(c, 200, record_encode(&job_kind, model_moving(&p->model, j->uid), NULL));
	change_then(c, retry_stored, work_active(&p->work, j->uid));
	change_commit(c);
}

/* ---- Hold and release ---- */

static void hold_answered(void *ctx, bool ok, const struct err *e, int status, const char *answer)
{
	struct wish *w = ctx;
	struct active *a = work_active(&w->r->platform->work, w->uid);

	if (!ok && a)
		reconcile_hold_undo(a);
	reconcile_soon(&w->r->platform->work);
	request_answered(w->r, ok, e, status, answer);
	free(w);
}

/* What the row says may be over by now: then `change` does nothing. */
static void hold_or_release(struct request *r, const struct job *j,
	bool (*change)(struct change *c, struct active *a))
{
	struct active *a = work_active(&r->platform->work, j->uid);
	struct change *c = change_for(r);
	struct wish *w;

	if (a == NULL || !change(c, a)) {
		change_free(c);
		job_refuse(r, j, r->route->action->not_from);
		return;
	}
	w = mem_alloc(sizeof *w);
	w->r = r;
	memcpy(w->uid, j->uid, sizeof w->uid);
	change_audit(c, change == reconcile_hold ? "job.hold" : "job.release", j->uid, j->job_name);
	change_answer(c, 200, record_encode(&job_kind, a->work, NULL));
	change_told(c, hold_answered, w);
	change_commit(c);
}

static void job_hold(struct request *r, const void *row)
{
	hold_or_release(r, row, reconcile_hold);
}

static void job_release(struct request *r, const void *row)
{
	hold_or_release(r, row, reconcile_release);
}

/* A job that is not over is started already: the public client takes the object for success. */
static void job_start(struct request *r)
{
	const struct job *j = request_job(r);

	if (j && (!job_state_final(j->state) || work_active(&r->platform->work, j->uid)))
		request_reply_row(r, &job_kind, j);
	else if (j)
		job_retry(r, j);
}

/* ---- What belongs to a job ---- */

static void job_tasks(struct request *r)
{
	const struct job *j = request_job(r);
	struct platform *p = r->platform;
	json_t *list;

	if (j == NULL)
		return;
	list = json_array();
	for (int attempt = 1; attempt <= (int)j->attempt; attempt++) {
		const struct task *t = model_task(&p->model, j->uid, NULL, attempt);

		if (t)
			json_array_append_new(list, record_encode(&task_kind, t, NULL));
	}
	request_reply(r, 200, json_pack("{s:o}", "data", list));
}

/* All four are numbers: the client divides them. */
static void job_metrics(struct request *r)
{
	const struct job *j = request_job(r);

	if (j)
		request_reply(r, 200,
			json_pack("{s:f, s:I, s:i, s:i}", "cpu", j->cpu_used.v, "memory",
				(json_int_t)j->memory_used.v, "network_receive", 0,
				"network_transmit", 0));
}

static void job_hyperparameters(struct request *r)
{
	if (request_job(r))
		request_reply(r, 200,
			json_pack("{s:s, s:i, s:[], s:[]}", "goal", "", "trialCount", 0,
				"best_trials", "trials"));
}

/* ---- The table ---- */

static const struct action_handler actions[] = {
	{"cancel", job_cancel},
	{"delete", job_delete},
	{"retry", job_retry},
	{"hold", job_hold},
	{"release", job_release},
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
	READ("/logs", ROUTE_STREAM, job_logs,
		"{\"logs\": text}, the newest 256 KiB or of these ?lines=N; ?task= ?attempt=; with "
		"?follow=True a chunked stream of lines to the end, from the first or the newest "
		"?lines=N (of the newest 16 MiB) on."),
	READ("/tasks", 0, job_tasks, "Its tasks, a row for each attempt."),
	READ("/metrics", 0, job_metrics,
		"What it uses now: cpu (percent), memory, network_receive, network_transmit (bytes)."),
	READ("/outputs", ROUTE_STREAM, job_outputs,
		"Files in its MLTOP_OUTPUT_DIR {\"path\", \"size\", \"mtime\"}, a link with its \"link\", at "
		"most 10,000 (else truncated), folders that are unreadable, and how many are unnamed; with "
		"?path= the bytes of one, of which ?offset= and ?length= give a part."),
	READ("/hyperparameters", 0, job_hyperparameters,
		"Trials of a tuning job; empty for a single run."),
	{.pattern = NULL},
};

const struct kind_handlers job_handlers = {
	.kind = &job_kind,
	.prepare = job_prepare,
	.make = job_made,
	.actions = actions,
	.more = more,
};
