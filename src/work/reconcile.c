/*
 * Brings what runs to what is wanted. plan() decides, here it is carried out: at most once a turn
 * of the loop, and at the time at which the plan itself wants to be made again.
 *
 * A start is committed before the engine hears of it, so that after a crash every task that may
 * run is known to the store; the engine then finds out which of them really does.
 */
#include "work/work.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/timefmt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	REPAIR_MS = 5000,
	GLANCE = 64, /* that wait, looked at in a turn; all of them only now and then */
};

/* ---- What plan() is asked ---- */

struct question {
	const struct plan_cluster *cluster;
	VEC(struct plan_gang) gangs;
	VEC(struct active *) actives; /* beside them */
	bool cut;                     /* not all that wait are in it */
};

/* The org as it is now: its quota may have come or gone since. */
static struct org_queue *org_now(struct work *w, struct org_queue *o)
{
	if (o->turn != w->plan_turn) {
		o->turn = w->plan_turn;
		o->met = false;
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

static void question_add(struct work *w, struct question *q, struct active *a, bool behind)
{
	struct plan_gang one;

	a->policy->gang(&one, &a->claim, a->work);
	one.priority = a->priority;
	one.enqueued = a->work->state == WORK_ENQUEUED;
	one.reason = a->work->reason;
	one.message = a->work->message;
	one.org = &org_now(w, a->queue)->org;
	one.order = a->order;
	one.since = a->since;
	one.not_before = a->not_before;
	one.live = life_holds(a->life);
	one.cancel = a->life.wish != WISH_NONE;
	one.stop_sent = life_stopped(a->life);
	one.held = a->life.at == AT_HELD;
	one.behind = behind;
	if (one.live && q->cluster->node_count > 1) {
		a->on = node_of(q->cluster, a->work->node_name);
		one.on = &a->on;
	}
	vec_push(&q->gangs, one);
	vec_push(&q->actives, a);
}

static bool in_flight(const struct active *a)
{
	return change_in_flight(a->w->model, a->kind, a->uid);
}

/* What is over, or not yet on the disk, is not to be decided about. */
static bool is_settled(const struct active *a)
{
	return a->life.at != AT_OVER && (life_holds(a->life) || (!a->dirty && !in_flight(a)));
}

/* The first `most` of those that wait; behind them the first of each org that none of these is of. */
static void question_waiting(struct work *w, struct question *q, size_t most, int64_t now)
{
	size_t taken = 0, orgs = 0;

	for (size_t i = 0; i < w->waiting.len; i++) {
		struct active *a = w->waiting.items[i];
		struct org_queue *o = org_now(w, a->queue);
		bool first = !o->met && a->life.at == AT_WAITING && a->life.wish == WISH_NONE &&
			a->not_before <= now;

		q->cut = taken >= most;
		if (q->cut && orgs == w->orgs_waiting)
			return;
		if (!is_settled(a) || (q->cut && !first))
			continue;
		o->met = o->met || first;
		orgs += first;
		question_add(w, q, a, q->cut);
		taken++;
	}
}

static void question_make(struct work *w, struct question *q, size_t most, int64_t now)
{
	w->plan_turn++;
	for (size_t i = 0; i < w->live.len; i++)
		if (is_settled(w->live.items[i]))
			question_add(w, q, w->live.items[i], false);
	question_waiting(w, q, most, now);
}

static void question_release(struct question *q)
{
	vec_release(&q->gangs);
	vec_release(&q->actives);
}

/* ---- Planning ---- */

/* Each has one task. */
static void carry_out_start(struct active *a, const struct plan_place *place,
	const struct plan_node *nodes)
{
	const struct plan_node *n = &nodes[place->node];
	const char **gpus = mem_alloc((place->gpu_count + 1) * sizeof *gpus);

	for (size_t i = 0; i < place->gpu_count; i++)
		gpus[i] = n->gpus[place->gpus[i]].uuid;
	reconcile_event(a, ON_PLACED,
		&(struct news){.node = n->name, .gpus = gpus, .gpu_count = place->gpu_count});
	free(gpus);
}

static void carry_out_drop(struct active *a)
{
	struct news n = {.state = WORK_FAILED,
		.reason = REASON_CANCELLED,
		.message = "cancelled before it started"};
	char message[64];

	if (a->work->attempt > 0) {
		snprintf(message, sizeof message, "cancelled while it waited for attempt %lld",
			(long long)a->work->attempt + 1);
		n.message = message;
	}
	reconcile_event(a, ON_DROP, &n);
}

static void carry_out(struct active *a, const struct plan_action *act,
	const struct plan_node *nodes)
{
	switch (act->verb) {
	case PLAN_START: carry_out_start(a, &act->places[0], nodes); break;
	case PLAN_WAIT: reconcile_enqueue(a, act->reason, act->message); break;
	case PLAN_STOP: reconcile_event(a, ON_STOP, NULL); break;
	case PLAN_DROP: carry_out_drop(a); break;
	}
}

static void on_plan(uv_timer_t *timer);

/* Plans after so many ms, or sooner when that is on its way already. */
static void plan_in(struct work *w, int64_t ms)
{
	uint64_t after = ms > 0 ? (uint64_t)ms : 0;

	uv_update_time(w->loop);
	if (!uv_is_active((uv_handle_t *)&w->plan_timer) ||
		uv_timer_get_due_in(&w->plan_timer) > after)
		uv_timer_start(&w->plan_timer, on_plan, after, 0);
}

/*
 * Ms until all are looked at again. With thousands that wait it is dear, so it gets a fifth of
 * the time at most, and a fiftieth where it would only find new reasons.
 */
static int64_t whole_plan_in(const struct work *w, bool full)
{
	return w->plan_at + (full ? 49 : 4) * w->plan_cost_us / 1000 - time_mono_ms();
}

/* What the engine and the store are told; then when to look again. */
static void plan_follow(struct work *w, const struct question *q, const struct plan *plan,
	int64_t now)
{
	for (size_t i = 0; i < plan->count; i++)
		carry_out(q->actives.items[plan->actions[i].gang], &plan->actions[i],
			q->cluster->nodes);
	reconcile_usage(w);
	w->told.planned(w->told.ctx);
	w->plan_full = plan->full;
	if (plan->wake)
		plan_in(w, plan->wake - now);
	if (q->cut)
		plan_in(w, whole_plan_in(w, plan->full));
}

static void on_plan(uv_timer_t *timer)
{
	struct work *w = timer->data;
	int64_t now = reconcile_now(), wall = model_now() - now;
	uint64_t begin = uv_hrtime();
	struct machine_view machine;
	struct question q = {.cluster = &machine.cluster};
	struct plan plan;

	if (w->engine == NULL || w->closing)
		return;
	reconcile_machine(w, &machine);
	question_make(w, &q, whole_plan_in(w, w->plan_full) > 0 ? GLANCE : SIZE_MAX, now);
	plan_make(&plan, &(struct plan_input){q.cluster, q.gangs.items, q.gangs.len, now, wall});
	plan_follow(w, &q, &plan, now);
	if (!q.cut) {
		w->plan_cost_us = (int64_t)((uv_hrtime() - begin) / 1000);
		w->plan_at = time_mono_ms();
	}
	plan_release(&plan);
	question_release(&q);
	machine_view_release(&machine);
}

void reconcile_soon(struct work *w)
{
	if (w->engine && !w->closing)
		plan_in(w, 0);
}

/* ---- After a full disk ---- */

static void on_repair(uv_timer_t *timer)
{
	struct work *w = timer->data;
	struct active *a;
	bool more = false;

	if (model_broken(w->model)) {
		log_line(LOG_ERROR,
			"the store has failed: states of jobs are not written down any more; "
			"tasks go on; restart mltopd when the disk is well");
		return;
	}
	for (size_t at = 0; active_next(w, &at, &a);) {
		if (a->dirty && !in_flight(a))
			reconcile_repair(a);
		more = more || a->dirty;
	}
	if (more)
		uv_timer_start(timer, on_repair, REPAIR_MS, 0);
}

void reconcile_not_stored(struct active *a)
{
	struct work *w = a->w;

	if (!a->dirty)
		log_line(LOG_ERROR, "%s %s: its new state could not be stored; trying again",
			a->kind->name, a->uid);
	a->dirty = true;
	if (!uv_is_active((uv_handle_t *)&w->repair_timer))
		uv_timer_start(&w->repair_timer, on_repair, REPAIR_MS, 0);
}

/* ---- At start ---- */

/* Does the engine have to look for a task of it? Fills in what it holds. */
static bool adopt_one(struct work *w, struct active *a, const struct workload *j)
{
	const struct task *t = model_task(w->model, j->uid, NULL, (int)j->attempt);
	bool deleting = j->state == WORK_DELETING;
	unsigned state = deleting ? (t ? t->state : WORK_FAILED) : j->state;

	if (deleting ? work_state_final(state) : !work_state_live(state))
		return false;
	active_lives(a,
		life_found(true, state == WORK_RUNNING, false, j->reason == REASON_CANCELLED,
			deleting));
	if (t)
		active_gpus(a, t->gpus.items, t->gpus.len);
	return true;
}

void reconcile_adopt(struct work *w)
{
	VEC(struct task_ref) known = {0};
	struct active *a;

	for (size_t at = 0; active_next(w, &at, &a);) {
		if (adopt_one(w, a, a->work)) {
			struct task_ref one = task_of(a);

			vec_push(&known, one);
		}
	}
	w->engine->ops->adopt(w->engine, known.items, known.len);
	vec_release(&known);
	reconcile_usage(w);
}
