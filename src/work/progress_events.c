/*
 * What event files say of a training's progress, where its log does not. They are looked at a second
 * after an attempt began, then now and then, one object at a time, and a last time at its end where
 * there are some: many writers keep their newest points until they are closed.
 */
#include "work/scalars.h"
#include "work/work.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_MS = 1000, AGAIN_MS = 10 * 1000 };
/* Who writes more than is read easily is looked at less often: a look takes so little of the time. */
enum { COST_SHARE = 20 };
/* A point of before the attempt is of another one; writers round their seconds. */
enum { EARLY_MS = 2000 };

struct events_look {
	struct scalars_look look;
	char uid[ULID_SIZE];
	int attempt;
	int64_t begun; /* mono ms */
	int64_t since; /* wall ms */
	char *metric;  /* that was asked for; NULL: none */
	/* What was read. */
	struct progress_values values;
	bool some;
	void (*then)(struct active *a); /* its end waits for this; NULL: nothing does */
};

/* The log says all that event files could. */
static bool log_suffices(const struct events_told *e)
{
	return (e->said & (PROGRESS_STEP | PROGRESS_LOSS)) == (PROGRESS_STEP | PROGRESS_LOSS);
}

/* ---- One look ---- */

static void scalar_add(struct progress_scalar *list, size_t *count, const struct scalar_run *run,
	const struct scalar_tag *t, int64_t since)
{
	const struct scalar_point *p;

	if (scalar_tag_count(t) == 0)
		return;
	p = scalar_tag_point(t, scalar_tag_count(t) - 1);
	if (p->wall >= since - EARLY_MS)
		list[(*count)++] = (struct progress_scalar){run->name, t->name, p->step, p->wall,
			p->value};
}

static void folder_read(struct scalars_look *look, const struct event_folder *folder)
{
	struct events_look *l = CONTAINER_OF(look, struct events_look, look);
	const struct scalars *s = &folder->scalars;
	struct progress_scalar *list = mem_alloc((s->tags + 1) * sizeof *list);
	size_t count = 0;

	for (size_t i = 0; i < s->runs.len; i++)
		for (size_t n = 0; n < s->runs.items[i]->tags.len; n++)
			scalar_add(list, &count, s->runs.items[i], s->runs.items[i]->tags.items[n],
				l->since);
	progress_scalars(list, count, l->metric, &l->values);
	l->some = folder->files.len > 0;
	free(list);
}

/* The attempt goes on, or has ended meanwhile and waits for this or for nothing. */
static void looked(struct active *a, struct events_look *l, bool ran)
{
	struct events_told *e = events_told(a);
	int64_t now = reconcile_now(), cost = (now - l->begun) * COST_SHARE;

	if (ran) {
		e->some = l->some;
		e->values = l->values;
	}
	e->due = now + (cost > AGAIN_MS ? cost : AGAIN_MS);
	if (l->values.known) {
		progress_want(a);
		progress_show(a, (int64_t)a->log_newest);
	}
	if (l->then && a->end)
		l->then(a);
}

static void look_over(struct scalars_look *look, bool ran)
{
	struct events_look *l = CONTAINER_OF(look, struct events_look, look);
	struct work *w = look->w;
	struct active *a = w && !w->closing ? work_active(w, l->uid) : NULL;

	if (w && l->then == NULL)
		w->events_busy = false;
	if (a && a->work->attempt == l->attempt)
		looked(a, l, ran);
	free(l->metric);
	free(l);
	if (w)
		events_tick(w);
}

/* Ends do not wait for each other's orgs, nor for what goes on by itself. */
static void look_begin(struct active *a, void (*then)(struct active *a))
{
	struct buf lane = BUF_INIT;
	struct events_look *l = mem_alloc(sizeof *l);
	struct progress_terms terms = {.metric = NULL};

	a->policy->progress(&terms, a->work);
	memcpy(l->uid, a->uid, sizeof l->uid);
	l->attempt = (int)a->work->attempt;
	l->begun = reconcile_now();
	l->since = a->work->start_time.v;
	l->metric = terms.metric && *terms.metric ? mem_strdup(terms.metric) : NULL;
	l->then = then;
	l->look.read = folder_read;
	l->look.over = look_over;
	l->look.patient = then == NULL;
	if (then == NULL)
		a->w->events_busy = true;
	buf_addf(&lane, "/events%s%s", then ? "/" : "", then ? a->work->org_id : "");
	scalars_look(a->w, a->uid, lane.data, &l->look);
	buf_release(&lane);
}

/* ---- When ---- */

static bool is_due(struct active *a, int64_t now)
{
	struct events_told *e;

	if (a->policy->progress == NULL || a->life.at != AT_RUNNING || a->end)
		return false;
	e = events_told(a);
	if (e->due == 0)
		e->due = now + FIRST_MS;
	return now >= e->due && !log_suffices(e);
}

void events_tick(struct work *w)
{
	int64_t now = reconcile_now();

	if (w->events_busy || w->closing || w->scalars == NULL || w->engine->ops->outputs == NULL)
		return;
	for (size_t i = 0; i < w->live.len; i++) {
		struct active *a = w->live.items[(w->events_at + i) % w->live.len];

		if (!is_due(a, now))
			continue;
		w->events_at = (w->events_at + i + 1) % w->live.len;
		look_begin(a, NULL);
		return;
	}
}

void events_last(struct active *a, void (*then)(struct active *a))
{
	const struct events_told *e = a->events;

	if (e && e->attempt == a->work->attempt && e->some && !log_suffices(e))
		look_begin(a, then);
	else
		then(a);
}
