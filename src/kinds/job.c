#include "kinds/routes.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

void route_train_list(struct request *r)
{
	const char *org = route_org(r, true);

	if (org)
		route_rows(r, &r->platform->jobs, org);
}

static void answer_job(struct request *r, const struct job *j)
{
	const char *fields = request_query(r, "fields");
	bool some = fields && *fields;
	struct fieldset set = {{0}};
	struct err e = ERR_INIT;

	if (some && !fieldset_parse(&set, &job_kind, fields, &e)) {
		request_fail(r, &e);
		return;
	}
	fieldset_add_splits(&set, &job_kind);
	request_reply(r, 200, record_encode(&job_kind, j, some ? &set : NULL));
}

void route_train_one(struct request *r)
{
	const struct job *j = route_job(r);

	if (j)
		answer_job(r, j);
}

static void refuse_state(struct request *r, const struct job *j, const char *want)
{
	struct err e = ERR_INIT;

	err_set(&e, ERR_CONFLICT, "job %s is %s: %s", j->job_name, job_state_words[j->state], want);
	request_fail(r, &e);
}

/* A job that only the fake engine knows: it has no row in the store. */
static bool is_fake(struct platform *p, const struct job *j)
{
	return strcmp(config_text(&p->config, SET_ENGINE), "fake") == 0 &&
		platform_task(p, j->uid, NULL, (int)j->attempt) == NULL &&
		platform_active(p, j->uid) == NULL && j->attempt > 0;
}

/* ---- Removing ---- */

struct removal {
	struct platform *p;
	char uid[ULID_SIZE];
	bool fake;
};

static struct removal *removal_new(struct platform *p, const struct job *j)
{
	struct removal *m = mem_alloc(sizeof *m);

	m->p = p;
	memcpy(m->uid, j->uid, sizeof m->uid);
	return m;
}

/* What only the engine knew: no object of the store goes, so no feed tells of it. */
static void fake_gone(struct platform *p, const char *uid)
{
	const struct job *j = rowset_find(&p->jobs, uid);

	if (j == NULL)
		return;
	platform_name_clear(p, j->org_id, j->job_name, j->uid);
	rowset_remove(&p->jobs, uid);
	if (p->hub)
		hub_gone(p->hub, &job_kind, uid);
}

static void removed(void *ctx, bool ok, const struct err *e)
{
	struct removal *m = ctx;
	struct platform *p = m->p;

	(void)e;
	if (ok && p->engine)
		p->engine->ops->forget(p->engine, m->uid);
	if (ok && m->fake)
		fake_gone(p, m->uid);
	free(m);
}

static void delete_over(struct request *r, const struct job *j)
{
	struct change *c = change_for(r);
	struct removal *m = removal_new(r->platform, j);

	m->fake = is_fake(r->platform, j);
	if (!m->fake)
		change_job_remove(c, j->uid);
	change_audit(c, "job.delete", j->uid, j->job_name);
	change_answer(c, 200, route_message("job %s is deleted", j->job_name));
	change_then(c, removed, m);
	change_commit(c);
}

static void asked(void *ctx, bool ok, const struct err *e)
{
	struct removal *m = ctx;
	struct active *a = platform_active(m->p, m->uid);

	(void)e;
	if (!ok && a)
		reconcile_cancel_undo(a);
	reconcile_soon(m->p);
	free(m);
}

static void delete_live(struct request *r, struct active *a, const struct job *j)
{
	struct change *c;

	if (a->over || a->deleting) {
		request_reply(r, 200, route_message("job %s is being deleted", j->job_name));
		return;
	}
	c = change_for(r);
	a->deleting = true;
	reconcile_cancel(c, a);
	change_audit(c, "job.delete", j->uid, j->job_name);
	change_answer(c, 200, route_message("job %s is stopped, then deleted", j->job_name));
	change_then(c, asked, removal_new(r->platform, j));
	change_commit(c);
}

static void fake_stop(struct platform *p, const struct job *j)
{
	struct task_ref ref = {j->uid, task_single, (int)j->attempt};

	p->engine->ops->stop(p->engine, &ref, 0);
}

void route_train_delete(struct request *r)
{
	const struct job *j = route_job(r);
	struct active *a = j ? platform_active(r->platform, j->uid) : NULL;

	if (j == NULL)
		return;
	if (a) {
		/* Its last change is not on the disk yet: this one goes behind it. */
		if (a->over && !a->deleting)
			vec_push(&a->removals, r);
		else
			delete_live(r, a, j);
		return;
	}
	if (!job_state_final(j->state))
		fake_stop(r->platform, j);
	delete_over(r, j);
}

/* ---- Cancel and retry ---- */

static void cancelled(void *ctx, bool ok, const struct err *e)
{
	struct active *a = ctx;

	(void)e;
	if (!ok)
		reconcile_cancel_undo(a);
	reconcile_soon(a->p);
}

static void cancel_fake(struct request *r, const struct job *j)
{
	struct change *c = change_for(r);

	fake_stop(r->platform, j);
	change_audit(c, "job.cancel", j->uid, j->job_name);
	change_answer(c, 200, record_encode(&job_kind, j, NULL));
	change_commit(c);
}

void route_train_cancel(struct request *r)
{
	const struct job *j = route_job(r);
	struct platform *p = r->platform;
	struct active *a = j ? platform_active(p, j->uid) : NULL;
	struct change *c;

	if (j == NULL)
		return;
	if (job_state_final(j->state) || (a && a->over)) {
		refuse_state(r, j, "it is over already");
		return;
	}
	if (a == NULL) {
		cancel_fake(r, j);
		return;
	}
	c = change_for(r);
	reconcile_cancel(c, a);
	change_audit(c, "job.cancel", j->uid, j->job_name);
	change_answer(c, 200, record_encode(&job_kind, a->work, NULL));
	change_then(c, cancelled, a);
	change_commit(c);
}

static void retried(void *ctx, bool ok, const struct err *e)
{
	struct active *a = ctx;
	struct platform *p = a->p;

	(void)e;
	if (ok)
		reconcile_soon(p);
	else
		active_free(a);
}

void route_train_retry(struct request *r)
{
	const struct job *j = route_job(r);
	struct platform *p = r->platform;
	struct change *c;

	if (j == NULL)
		return;
	if (!job_state_final(j->state) || platform_active(p, j->uid)) {
		refuse_state(r, j, "only a job that is over can be run again; cancel it first");
		return;
	}
	if (is_fake(p, j)) {
		refuse_state(r, j, "it is a job of the demo: submit one of your own");
		return;
	}
	c = change_for(r);
	reconcile_retry(c, j);
	change_audit(c, "job.retry", j->uid, j->job_name);
	change_answer(c, 200, record_encode(&job_kind, platform_work(p, j->uid), NULL));
	change_then(c, retried, platform_active(p, j->uid));
	change_commit(c);
}

/* A job that is not over is started already: the public client takes the object for success. */
void route_train_start(struct request *r)
{
	const struct job *j = route_job(r);

	if (j && (!job_state_final(j->state) || platform_active(r->platform, j->uid)))
		answer_job(r, j);
	else if (j)
		route_train_retry(r);
}

/* ---- What belongs to a job ---- */

void route_train_tasks(struct request *r)
{
	const struct job *j = route_job(r);
	struct platform *p = r->platform;
	json_t *list;

	if (j == NULL)
		return;
	list = json_array();
	for (int attempt = 1; attempt <= (int)j->attempt; attempt++) {
		const struct task *t = platform_task(p, j->uid, NULL, attempt);

		if (t)
			json_array_append_new(list, record_encode(&task_kind, t, NULL));
	}
	request_reply(r, 200, json_pack("{s:o}", "data", list));
}

/* All four are numbers: the client divides them. */
void route_train_metrics(struct request *r)
{
	const struct job *j = route_job(r);

	if (j)
		request_reply(r, 200,
			json_pack("{s:f, s:I, s:i, s:i}", "cpu", j->cpu_used.v, "memory",
				(json_int_t)j->memory_used.v, "network_receive", 0,
				"network_transmit", 0));
}

void route_train_hyperparameters(struct request *r)
{
	if (route_job(r))
		request_reply(r, 200,
			json_pack("{s:s, s:i, s:[], s:[]}", "goal", "", "trialCount", 0,
				"best_trials", "trials"));
}

/* ---- Events ---- */

static void events_read(void *ctx, bool ok, const struct store_rows *rows, const struct err *e)
{
	struct request *r = ctx;
	json_t *list;

	if (!ok) {
		request_fail(r, e);
		return;
	}
	list = json_array();
	for (size_t i = 0; i < rows->count; i++) {
		struct arena text = ARENA_INIT;
		struct event ev;

		if (record_unpack(&event_kind, &ev, &text, rows->rows[i].data, rows->rows[i].len,
			    NULL))
			json_array_append_new(list, event_compatible(&ev));
		arena_release(&text);
	}
	/* The public client reads `recommend` without looking whether it is there. */
	request_reply(r, 200, json_pack("{s:o, s:[]}", "events", list, "recommend"));
}

void route_train_events(struct request *r)
{
	const struct job *j = route_job(r);

	if (j && own_jobs_has(r->platform, j->uid))
		request_reply(r, 200,
			json_pack("{s:o, s:[]}", "events", own_jobs_events(j), "recommend"));
	else if (j)
		store_read_children(r->platform->store, event_kind.name, j->uid,
			config_int(&r->platform->config, SET_EVENTS_PER_JOB), events_read, r);
}
