#include "demo/store_demo.h"

#include "base/mem.h"
#include "base/timefmt.h"
#include "demo/world.h"
#include "store/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct world *world_of(const struct store *s)
{
	return s->before;
}

static void demo_open(struct store *s)
{
	struct world *w = s->before = mem_alloc(sizeof *w);

	world_make(w, s->config.settings, s->config.engine_settings, time_now_ms());
}

static void demo_close(struct store *s)
{
	world_release(s->before);
	free(s->before);
	s->before = NULL;
}

/* ---- At the start ---- */

bool world_tell(const struct store_loader *l, const struct kind *k, const void *row,
	const struct store_object *names, struct err *e)
{
	struct store_object o = *names;

	o.kind = k->name;
	o.row = row;
	o.revision = STORE_NONE;
	return l->feed.object_put(l->feed.ctx, &o, e);
}

static bool orgs_tell(const struct world *w, const struct store_loader *l, bool quotas,
	struct err *e)
{
	bool good = true;

	for (size_t i = 0; good && i < w->org_count; i++) {
		const struct world_org *org = &w->orgs[i];
		struct store_object o = {.uid = org->id, .org_id = "", .parent = "", .name = ""};
		struct quota quota;
		struct org row;

		world_org_row(w, org, &row);
		world_quota_row(w, org, &quota);
		o.org_id = quotas ? org->id : "";
		o.name = quotas ? "" : org->name;
		good = quotas ? world_tell(l, &quota_kind, &quota, &o, e)
			      : world_tell(l, &org_kind, &row, &o, e);
	}
	return good;
}

static bool jobs_tell(const struct world *w, const struct store_loader *l, bool tasks,
	struct err *e)
{
	struct world_row *r = mem_alloc(sizeof *r);
	bool good = true;

	for (size_t i = 0; good && i < w->job_count; i++) {
		const struct world_job *j = &w->jobs[i];
		struct store_object o = {.uid = j->uid,
			.org_id = world_org_of(w, &j->made)->id,
			.parent = "",
			.name = r->name};

		if (!tasks) {
			world_job_row(w, j, r);
			good = world_tell(l, &job_kind, &r->job, &o, e);
		} else if (j->made.class == MADE_RUNNING ||
			(j->made.class != MADE_WAITING && i + WORLD_TASKS >= w->job_count)) {
			world_task_row(w, j, r);
			o.uid = r->uid;
			o.parent = j->uid;
			o.name = "";
			good = world_tell(l, &task_kind, &r->task, &o, e);
		}
	}
	free(r);
	return good;
}

/* The newest of each, while there is room for twice as many: others are read when asked for. */
static bool events_tell(const struct world *w, const struct store_loader *l, struct err *e)
{
	size_t most = (size_t)l->most / 2, n = w->job_count < most ? w->job_count : most;
	struct world_row *r = mem_alloc(sizeof *r);
	bool good = true;

	for (size_t i = w->job_count - n; good && i < w->job_count; i++) {
		const struct world_job *j = &w->jobs[i];
		struct store_object o = {.uid = r->uid,
			.org_id = world_org_of(w, &j->made)->id,
			.parent = j->uid,
			.name = ""};

		for (size_t at = WORLD_EVENTS; at > 0; at--)
			if (world_event_row(w, j, at - 1, r)) {
				good = world_tell(l, &event_kind, &r->event, &o, e);
				break;
			}
	}
	free(r);
	return good;
}

static bool demo_load(struct store *s, const struct store_loader *l, struct err *e)
{
	const struct world *w = world_of(s);

	return orgs_tell(w, l, false, e) && orgs_tell(w, l, true, e) && jobs_tell(w, l, false, e) &&
		jobs_tell(w, l, true, e) && world_spendings_tell(w, l, e) &&
		world_secrets_tell(s, w, l, e) && events_tell(w, l, e);
}

/* ---- Later ---- */

static int by_uid(const void *key, const void *job)
{
	return strcmp(key, ((const struct world_job *)job)->uid);
}

/* What happened to a job before it was ours to keep. */
static void past_add(struct item *it, const struct world *w, const struct world_job *j)
{
	struct world_row *r = mem_alloc(sizeof *r);

	for (size_t n = 0; world_event_row(w, j, n, r); n++)
		record_pack(&event_kind, &r->event, item_row(it));
	free(r);
}

static void demo_children(struct store *s, struct item *it)
{
	const struct world *w = world_of(s);
	const struct world_job *j = w->job_count == 0 || strcmp(it->text[0], event_kind.name)
		? NULL
		: bsearch(it->text[1], w->jobs, w->job_count, sizeof *w->jobs, by_uid);

	if (j)
		past_add(it, w, j);
}

const struct store_front store_demo = {demo_open, demo_close, demo_load, demo_children};
