/* What is done with objects that run, whatever their kind, and the tasks of one. */
#include "kinds/work.h"

#include "base/mem.h"
#include "work/foresee.h"
#include "work/spendings.h"

#include <stdlib.h>
#include <string.h>

/* ---- Removing ---- */

struct removal {
	struct platform *p;
	char uid[ULID_SIZE];
	char *org_name;
};

static struct removal *removal_new(struct platform *p, const struct workload *row)
{
	struct removal *m = mem_alloc(sizeof *m);

	m->p = p;
	memcpy(m->uid, row->uid, sizeof m->uid);
	m->org_name = mem_strdup(row->org_name);
	return m;
}

static void workload_removed(void *ctx, bool ok, const struct err *e)
{
	struct removal *m = ctx;
	struct platform *p = m->p;

	(void)e;
	if (ok && p->work.engine)
		p->work.engine->ops->forget(p->work.engine, m->uid, m->org_name);
	free(m->org_name);
	free(m);
}

static void delete_over(struct request *r, const struct workload *row)
{
	const struct kind *k = r->route->kind;
	struct change *c = change_for(r);
	struct removal *m = removal_new(r->platform, row);

	workload_row_remove(&r->platform->work, c, k, row);
	change_audit_of(c, k, "delete", row);
	change_answer(c, 200, message_json("%s %s is deleted", k->name, record_key(k, row)));
	change_then(c, workload_removed, m);
	change_commit(c);
}

/* Its last change is not on the disk yet: this request goes behind it. */
static void end_stored(void *ctx, bool ok, const struct err *e)
{
	struct request *r = ctx;

	if (ok)
		r->route->handle(r);
	else
		request_fail_retry(r, e, 1);
}

static void when_over(struct active *a, struct request *r)
{
	vec_push(&a->waiters, ((struct over_waiter){end_stored, r}));
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

static void wish_commit(struct change *c, struct request *r, const struct workload *row)
{
	struct wish *w = mem_alloc(sizeof *w);

	w->r = r;
	memcpy(w->uid, row->uid, sizeof w->uid);
	change_then(c, wish_stored, w);
	change_told(c, wish_answered, w);
	change_commit(c);
}

static void delete_live(struct request *r, struct active *a, const struct workload *row)
{
	const struct kind *k = r->route->kind;
	struct change *c;

	if (a->life.wish == WISH_DELETE) {
		request_reply(r, 200,
			message_json("%s %s is being deleted", k->name, record_key(k, row)));
		return;
	}
	c = change_for(r);
	reconcile_delete(c, a);
	change_audit_of(c, k, "delete", row);
	change_answer(c, 200,
		message_json("%s %s is stopped, then deleted", k->name, record_key(k, row)));
	wish_commit(c, r, row);
}

void workload_delete(struct request *r, const void *object)
{
	const struct workload *row = object;
	struct active *a = work_active(&r->platform->work, row->uid);

	if (a) {
		/* Its last change is not on the disk yet: this one goes behind it. */
		if (a->life.at == AT_OVER && a->life.wish != WISH_DELETE)
			when_over(a, r);
		else
			delete_live(r, a, row);
		return;
	}
	delete_over(r, row);
}

/* ---- Cancel and retry ---- */

void workload_cancel(struct request *r, const void *object)
{
	const struct workload *row = object;
	struct active *a = work_active(&r->platform->work, row->uid);
	struct change *c;

	if (a == NULL || a->life.at == AT_OVER) {
		action_refuse(r, row, "it is over already");
		return;
	}
	c = change_for(r);
	reconcile_cancel(c, a);
	change_audit_of(c, a->kind, "cancel", row);
	change_answer(c, 200, record_encode(a->kind, a->work, NULL));
	wish_commit(c, r, row);
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

void workload_retry(struct request *r, const void *object)
{
	const struct kind *k = r->route->kind;
	const struct workload *row = object;
	struct platform *p = r->platform;
	struct active *a = work_active(&p->work, row->uid);
	struct change *c;

	/* Its end is on the disk, and not all that goes with it: this one goes behind it. */
	if (a && a->life.at == AT_OVER && a->life.wish != WISH_DELETE) {
		when_over(a, r);
		return;
	}
	if (a) {
		action_refuse(r, row, "its end is not stored yet: ask again");
		return;
	}
	c = change_for(r);
	reconcile_retry(&p->work, c, k, row);
	change_audit_of(c, k, "retry", row);
	change_answer(c, 200, record_encode(k, model_moving(&p->model, k, row->uid), NULL));
	change_then(c, retry_stored, work_active(&p->work, row->uid));
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
static void hold_or_release(struct request *r, const struct workload *row,
	bool (*change)(struct change *c, struct active *a))
{
	struct active *a = work_active(&r->platform->work, row->uid);
	struct change *c = change_for(r);
	struct wish *w;

	if (a == NULL || !change(c, a)) {
		change_free(c);
		action_refuse(r, row, r->route->action->not_from);
		return;
	}
	w = mem_alloc(sizeof *w);
	w->r = r;
	memcpy(w->uid, row->uid, sizeof w->uid);
	change_audit_of(c, a->kind, r->route->action->name, row);
	change_answer(c, 200, record_encode(a->kind, a->work, NULL));
	change_told(c, hold_answered, w);
	change_commit(c);
}

void workload_hold(struct request *r, const void *object)
{
	hold_or_release(r, object, reconcile_hold);
}

void workload_release(struct request *r, const void *object)
{
	hold_or_release(r, object, reconcile_release);
}

/* ---- What if ---- */

void workload_what_if(struct request *r, const void *row, const void *made)
{
	struct arena text = ARENA_INIT;
	struct forecast f;

	(void)row;
	work_foresee(&r->platform->work, r->route->kind, made, &f, &text);
	request_reply(r, 200, record_encode(&forecast_kind, &f, NULL));
	arena_release(&text);
}

/* ---- Tasks ---- */

void workload_tasks(struct request *r)
{
	const struct workload *row = request_object(r);
	struct platform *p = r->platform;
	json_t *list;

	if (row == NULL)
		return;
	list = json_array();
	for (int attempt = 1; attempt <= (int)row->attempt; attempt++) {
		const struct task *t = model_task(&p->model, row->uid, NULL, attempt);

		if (t)
			json_array_append_new(list, record_encode(&task_kind, t, NULL));
	}
	request_reply(r, 200, json_pack("{s:o}", "data", list));
}
