#include "work/question.h"

#include "work/drains.h"
#include "work/orgs.h"

#include <string.h>

enum {
	GLANCE = 64,    /* that wait, looked at in a turn; all of them only now and then */
	GLANCE_ORG = 8, /* of each org, however many orgs there are */
};

struct org_queue *org_now(struct work *w, struct org_queue *o)
{
	if (o->turn != w->plan_turn) {
		o->turn = w->plan_turn;
		o->org.held = orgs_held(w, o->org_id, o->held) ? o->held : NULL;
		o->org.cut = false;
		o->org.limits = work_limits(w, o->org_id, &o->limits, &o->org.name) ? &o->limits
										    : NULL;
	}
	return o;
}

/* One that is gone since holds nothing of the others. */
static uint16_t node_of(const struct plan_cluster *c, const char *name)
{
	for (size_t i = 0; i < c->node_count; i++)
		if (name && c->nodes[i].name && strcmp(c->nodes[i].name, name) == 0)
			return (uint16_t)i;
	return UINT16_MAX;
}

/* Of the GPUs that it holds, those that the engine does not have any more. */
static int64_t gpus_lost(const struct plan_cluster *c, const struct active *a)
{
	int64_t good = 0;

	for (size_t n = 0; n < c->node_count; n++)
		for (size_t i = 0; i < c->nodes[n].gpu_count; i++)
			for (size_t g = 0; g < a->gpu_count; g++)
				good += c->nodes[n].gpus[i].usable &&
					strcmp(c->nodes[n].gpus[i].uuid, a->gpus[g]) == 0;
	return (int64_t)a->gpu_count - good;
}

void question_add(struct work *w, struct question *q, struct active *a)
{
	struct plan_gang one;

	a->policy->gang(&one, &a->claim, a->work);
	one.part = a->policy->part;
	one.priority = a->priority;
	one.enqueued = a->work->state == WORK_ENQUEUED;
	one.reason = a->work->reason;
	one.message = a->work->message;
	one.org = &org_now(w, a->queue)->org;
	one.order = a->order;
	one.since = a->since;
	one.not_before = a->not_before;
	one.live = life_holds(a->life);
	one.cancel = a->life.wish >= WISH_CANCEL ||
		(a->life.wish == WISH_YIELD && !active_in_flight(a));
	one.after = one.live ? NULL : active_after(a, &q->text);
	one.leaving = a->life.wish == WISH_YIELD;
	one.starting = a->life.at == AT_PLACED;
	one.evicted = one.live && drains_evict(w, a->work->node_name);
	one.granted = a->granted;
	one.preempted = a->preempted;
	one.gpus_lost = one.live && one.preemptible ? gpus_lost(q->cluster, a) : 0;
	one.stop_sent = life_stopped(a->life);
	one.held = a->life.at == AT_HELD;
	if (one.live && q->cluster->node_count > 1) {
		a->on = node_of(q->cluster, a->work->node_name);
		one.on = &a->on;
	}
	vec_push(&q->gangs, one);
	vec_push(&q->actives, a);
}

/* What is over, or not yet on the disk, is not to be decided about. */
static bool is_settled(const struct active *a)
{
	return a->life.at != AT_OVER &&
		(life_holds(a->life) || (!a->dirty && !active_in_flight(a)));
}

static bool could_start(const struct active *a, struct question *q, int64_t now)
{
	return a->life.at == AT_WAITING && a->life.wish == WISH_NONE && a->not_before <= now &&
		active_after(a, &q->text) == NULL;
}

/* Reasons to tell, no more: they take nobody's turn. */
static void question_apart(struct work *w, struct question *q, const struct org_queue *o,
	bool whole)
{
	for (size_t i = 0; whole && i < o->apart.len; i++)
		if (is_settled(o->apart.items[i]))
			question_add(w, q, o->apart.items[i]);
	q->cut = q->cut || (!whole && o->apart.len > 0);
}

/* The first `most` of an org that wait, and those before the first that could start. */
static void question_org(struct work *w, struct question *q, struct org_queue *o, size_t most,
	int64_t now)
{
	/* Of one that is held none could start. */
	bool met = org_now(w, o)->org.held != NULL;

	for (size_t i = 0; i < o->waiting.len; i++) {
		struct active *a = o->waiting.items[i];

		if (i >= most && met) {
			o->org.cut = q->cut = true;
			return;
		}
		if (!is_settled(a))
			continue;
		met = met || could_start(a, q, now);
		question_add(w, q, a);
	}
}

void question_make(struct work *w, struct question *q, bool whole, int64_t now)
{
	size_t most = GLANCE / (w->waiting.len + 1);

	if (most < GLANCE_ORG)
		most = GLANCE_ORG;
	w->plan_turn++;
	for (size_t i = 0; i < w->live.len; i++)
		if (is_settled(w->live.items[i]))
			question_add(w, q, w->live.items[i]);
	for (size_t i = 0; i < w->waiting.len; i++) {
		question_apart(w, q, w->waiting.items[i], whole);
		question_org(w, q, w->waiting.items[i], whole ? SIZE_MAX : most, now);
	}
}

void question_release(struct question *q)
{
	vec_release(&q->gangs);
	vec_release(&q->actives);
	arena_release(&q->text);
}
