#include "model/change.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static struct rowset *rows_of(struct platform *p, const struct kind *k)
{
	struct rowset *all[] = {&p->jobs, &p->tasks, &p->events, &p->orgs, &p->keys, &p->quotas};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (all[i]->kind == k)
			return all[i];
	return NULL;
}

/* `uid` may be the row's own text. */
static void row_gone(struct platform *p, struct rowset *rows, const char *uid)
{
	char *name = mem_strdup(uid);

	if (rowset_remove(rows, name) && p->hub)
		hub_gone(p->hub, rows->kind, name);
	free(name);
}

/* Tasks of a removed job go with it. */
static void show_tasks_gone(struct platform *p, const char *job_uid)
{
	const struct job *j = rowset_find(&p->jobs, job_uid);

	for (int attempt = 1; j && attempt <= (int)j->attempt; attempt++) {
		const struct task *t = platform_task(p, job_uid, NULL, attempt);

		if (t)
			row_gone(p, &p->tasks, t->uid);
	}
}

static void show_samples(struct platform *p, struct job *j)
{
	const struct job *work = platform_work(p, j->uid);
	const struct job *row = rowset_find(&p->jobs, j->uid);

	if (work || row)
		job_samples_copy(j, work ? work : row);
	/* Why it waits is not stored and may be newer than this change. */
	if (work && work->state == JOB_ENQUEUED && j->state == JOB_ENQUEUED) {
		j->reason = work->reason;
		j->message = work->message;
		record_know(&job_kind, j, offsetof(struct job, reason));
		record_know(&job_kind, j, offsetof(struct job, message));
	}
}

/* What a row has in memory only. */
static void show_secret(struct platform *p, struct key *k, const char *secret)
{
	const struct key *row = rowset_find(&p->keys, k->access_key);

	k->secret_key = secret;
	record_know(&key_kind, k, offsetof(struct key, secret_key));
	if (row == NULL || !record_has(key, row, last_used))
		return;
	k->last_used = row->last_used;
	record_know(&key_kind, k, offsetof(struct key, last_used));
}

static void show_row(struct platform *p, const struct shown *s)
{
	/* Any kind's struct fits; the largest is a job's. */
	union {
		struct job job;
		struct task task;
		struct event event;
		struct org org;
		struct key key;
		struct quota quota;
	} rec;
	struct arena text = ARENA_INIT;
	struct rowset *rows = rows_of(p, s->kind);

	memset(&rec, 0, sizeof rec);
	if (record_unpack(s->kind, &rec, &text, s->pack.data, s->pack.len, NULL)) {
		if (s->kind == &job_kind)
			show_samples(p, &rec.job);
		if (s->kind == &key_kind)
			show_secret(p, &rec.key, s->secret);
		rowset_put(rows, &rec, NULL);
		if (p->hub)
			hub_changed(p->hub, s->kind, s->uid);
		if (s->kind == &key_kind && rec.key.disabled && p->hub)
			hub_key_disabled(p->hub, s->uid);
		if (s->kind == &org_kind && rows->len == 1)
			own_jobs_take(p);
	}
	arena_release(&text);
}

/* The oldest events leave memory, and viewers, who would gather them for ever; the store has them. */
static void events_bound(struct platform *p)
{
	size_t most = (size_t)config_int(&p->config, SET_EVENTS_KEPT);

	while (p->events.len > most) {
		const struct event *oldest = p->events.rows[0];

		row_gone(p, &p->events, oldest->uid);
	}
}

void platform_event_show(struct platform *p, const struct event *ev)
{
	rowset_put(&p->events, ev, NULL);
	platform_show(p, &event_kind, ev->uid);
	events_bound(p);
}

static void change_show(struct change *c)
{
	if (c->version > c->p->version)
		c->p->version = c->version;
	for (size_t i = 0; i < c->shown.len; i++) {
		struct shown *s = &c->shown.items[i];

		if (s->pack.len > 0) {
			show_row(c->p, s);
			continue;
		}
		if (s->kind == &job_kind)
			show_tasks_gone(c->p, s->uid);
		row_gone(c->p, rows_of(c->p, s->kind), s->uid);
	}
	events_bound(c->p);
}

/* Tells the jobs in motion how it went; the first shown row of each is what was stored. */
static void change_jobs_done(struct change *c, bool ok)
{
	for (size_t i = 0; i < c->jobs.len; i++) {
		struct active *a = platform_active(c->p, c->jobs.items[i]);
		const struct job *row = rowset_find(&c->p->jobs, c->jobs.items[i]);

		if (a == NULL)
			continue;
		a->in_flight--;
		if (ok && row)
			a->committed = row->state;
		/* It was left out of plans while its change was on the way. */
		if (a->in_flight == 0 && !a->live && !a->over)
			reconcile_soon(c->p);
		if (!ok && c->r == NULL)
			reconcile_not_stored(a);
	}
}

static void change_reply(struct change *c, bool ok, const struct err *e)
{
	struct request *r = c->r;

	c->r = NULL;
	if (r == NULL)
		return;
	if (ok)
		request_reply_json_text(r, c->status, c->answer, strlen(c->answer));
	else if (e->code == ERR_UNAVAILABLE)
		request_fail_retry(r, e, RETRY_AFTER_S);
	else
		request_fail(r, e);
}

static void change_done(void *ctx, bool ok, const struct err *e)
{
	struct change *c = ctx;
	struct platform *p = c->p;

	p->changes_waiting--;
	if (ok)
		change_show(c);
	change_jobs_done(c, ok);
	if (ok && c->nonce) {
		struct store_nonce n = change_nonce(c);

		platform_nonce_keep(p, &n);
	}
	if (c->after)
		c->after(c->after_ctx, ok, e);
	change_reply(c, ok, e);
	change_free(c);
}

void change_commit(struct change *c)
{
	struct platform *p = c->p;
	struct store_tx *tx = c->tx;

	/* A change by a person without its audit record must not happen. */
	if (c->r && !c->audited) {
		struct err e = ERR_INIT;

		err_set(&e, ERR_INTERNAL,
			"the audit record could not be made: nothing was changed");
		p->changes_waiting++;
		change_done(c, false, &e);
		return;
	}
	if (c->nonce) {
		struct store_nonce n = change_nonce(c);

		store_nonce_put(tx, &n);
		platform_nonces_sweep(p, platform_now(), tx);
	}
	c->version = c->shown.len > 0 ? ++p->next_version : 0;
	c->tx = NULL;
	p->changes_waiting++;
	store_commit(p->store, tx, c->version, change_done, c);
}

struct outcome {
	bool ok;
	struct err e;
};

static void outcome_take(void *ctx, bool ok, const struct err *e)
{
	struct outcome *o = ctx;

	o->ok = ok;
	if (!ok)
		o->e = *e;
}

bool change_commit_now(struct change *c, struct err *e)
{
	struct outcome result = {false, ERR_INIT};
	struct store *store = c->p->store;

	change_then(c, outcome_take, &result);
	change_commit(c);
	store_drain(store);
	if (!result.ok && e)
		*e = result.e;
	return result.ok;
}
