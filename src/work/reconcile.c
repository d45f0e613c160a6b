/*
 * Brings what runs to what is wanted. plan() decides, here it is carried out: at most once a turn
 * of the loop, and at the time at which the plan itself wants to be made again.
 *
 * A start is committed before the engine hears of it, so that after a crash every task that may
 * run is known to the store; the engine then finds out which of them really does.
 */
#include "work/question.h"
#include "work/timers.h"
#include "work/work.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/timefmt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REPAIR_MS = 5000 };

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

static void carry_out(const struct question *q, const struct plan_action *act)
{
	struct active *a = q->actives.items[act->gang];
	const struct plan_node *nodes = q->cluster->nodes;

	switch (act->verb) {
	case PLAN_START: carry_out_start(a, &act->places[0], nodes); break;
	case PLAN_WAIT: reconcile_enqueue(a, act->reason, act->message); break;
	case PLAN_STOP: reconcile_event(a, ON_STOP, NULL); break;
	case PLAN_DROP: carry_out_drop(a); break;
	case PLAN_PREEMPT:
		active_grant(q->actives.items[act->by]);
		reconcile_yield(a);
		break;
	case PLAN_EVICT: reconcile_evict(a); break;
	}
}

static void on_plan(uv_timer_t *timer);

/* Plans after so many ms, or sooner when that is on its way already. */
static void plan_in(struct work *w, int64_t ms)
{
	uint64_t after = ms > 0 ? (uint64_t)ms : 0;

	uv_update_time(w->loop);
	if (!uv_is_active((uv_handle_t *)&w->timers->plan) ||
		uv_timer_get_due_in(&w->timers->plan) > after)
		uv_timer_start(&w->timers->plan, on_plan, after, 0);
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
		carry_out(q, &plan->actions[i]);
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
	afters_settle(w);
	reconcile_machine(w, &machine);
	/* Whoever is next for what others leave may stand far behind. */
	question_make(w, &q, w->granted > 0 || whole_plan_in(w, w->plan_full) <= 0, now);
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
		if (a->dirty && !active_in_flight(a))
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
	if (!uv_is_active((uv_handle_t *)&w->timers->repair))
		uv_timer_start(&w->timers->repair, on_repair, REPAIR_MS, 0);
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
	active_lives(a, life_found(true, state == WORK_RUNNING, false, wish_of(j)));
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
