/*
 * Brings what runs to what is wanted. plan() decides, here it is carried out: at most once a turn
 * of the loop, and at the time at which the plan itself wants to be made again.
 *
 * A start is committed before the engine hears of it, so that after a crash every task that may
 * run is known to the store; the engine then finds out which of them really does.
 */
#include "mltopd/platform_inside.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/timefmt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REPAIR_MS = 5000 };

/* ---- Jobs in motion ---- */

struct active *active_new(struct platform *p, const struct job *j)
{
	struct active *a = mem_alloc(sizeof *a);

	a->p = p;
	snprintf(a->uid, sizeof a->uid, "%s", j->uid);
	a->order = p->next_order++;
	a->committed = j->state;
	map_set(&p->actives, a->uid, a);
	vec_push(&p->order, a);
	return a;
}

static void gpus_free(struct active *a)
{
	for (size_t i = 0; i < a->gpu_count; i++)
		free(a->gpus[i]);
	free(a->gpus);
	a->gpus = NULL;
	a->gpu_count = 0;
}

void active_free(struct active *a)
{
	struct platform *p = a->p;

	map_remove(&p->actives, a->uid);
	rowset_remove(&p->work, a->uid);
	for (size_t i = p->order.len; i-- > 0;)
		if (p->order.items[i] == a) {
			vec_remove(&p->order, i);
			break;
		}
	gpus_free(a);
	free(a->progress);
	free(a);
}

/* ---- What plan() is asked ---- */

struct question {
	VEC(struct plan_job) jobs;
	VEC(struct active *) actives; /* beside them */
	struct plan_org *orgs;
	struct map by_org;
};

static void question_orgs(struct platform *p, struct question *q)
{
	q->orgs = mem_alloc((p->orgs.len + 1) * sizeof *q->orgs);
	for (size_t i = 0; i < p->orgs.len; i++) {
		const struct org *o = p->orgs.rows[i];

		q->orgs[i] = (struct plan_org){o->org_id, rowset_find(&p->quotas, o->org_id)};
		map_set(&q->by_org, o->org_id, &q->orgs[i]);
	}
}

static void question_make(struct platform *p, struct question *q)
{
	question_orgs(p, q);
	for (size_t i = 0; i < p->order.len; i++) {
		struct active *a = p->order.items[i];
		const struct job *j = platform_work(p, a->uid);
		struct plan_job one = {.job = j,
			.order = a->order,
			.not_before = a->not_before,
			.live = a->live,
			.cancel = a->cancel,
			.stop_sent = a->stop_sent};

		/* What is over, or not yet on the disk, is not to be decided about. */
		if (a->over || a->dirty || (a->in_flight > 0 && !a->live))
			continue;
		one.org = map_get(&q->by_org, j->org_id);
		vec_push(&q->jobs, one);
		vec_push(&q->actives, a);
	}
}

static void question_release(struct question *q)
{
	vec_release(&q->jobs);
	vec_release(&q->actives);
	map_release(&q->by_org);
	free(q->orgs);
}

static void gpus_hold(struct platform *p, struct plan_gpu *gpus, size_t count)
{
	for (size_t i = 0; i < p->order.len; i++) {
		const struct active *a = p->order.items[i];

		for (size_t g = 0; a->live && g < a->gpu_count; g++)
			for (size_t m = 0; m < count; m++)
				if (strcmp(gpus[m].uuid, a->gpus[g]) == 0)
					gpus[m].held = true;
	}
}

void reconcile_machine(struct platform *p, struct plan_machine *out, struct plan_gpu **gpus)
{
	p->engine->ops->machine(p->engine, out);
	*gpus = out->gpu_count ? mem_dup(out->gpus, out->gpu_count * sizeof **gpus) : NULL;
	if (out->gpu_count)
		gpus_hold(p, *gpus, out->gpu_count);
	out->gpus = *gpus;
}

/* ---- What an org uses ---- */

static void usage_add(struct quota_line *line, const struct job *j)
{
	line->cpu_used.v += j->cpu_limit.v > 0 ? j->cpu_limit.v : 1000;
	line->memory_used.v += j->memory_limit.v;
	line->gpu_used += j->gpu_limit;
	line->count_used++;
}

static void usage_clear(struct quota_line *line)
{
	line->cpu_used.v = line->memory_used.v = 0;
	line->gpu_used = line->count_used = 0;
}

void reconcile_usage(struct platform *p)
{
	size_t count = p->quotas.len;
	struct quota_line *before = mem_alloc((count + 1) * sizeof *before);

	for (size_t i = 0; i < count; i++) {
		struct quota *q = p->quotas.rows[i];

		before[i] = q->train;
		usage_clear(&q->train);
		usage_clear(&q->total);
	}
	for (size_t i = 0; i < p->order.len; i++) {
		const struct active *a = p->order.items[i];
		const struct job *j = a->live ? platform_work(p, a->uid) : NULL;
		struct quota *q = j ? rowset_find(&p->quotas, j->org_id) : NULL;

		if (q == NULL)
			continue;
		usage_add(&q->train, j);
		usage_add(&q->total, j);
	}
	for (size_t i = 0; i < count; i++) {
		const struct quota *q = p->quotas.rows[i];

		if (memcmp(&before[i], &q->train, sizeof before[i]) != 0)
			platform_show(p, &quota_kind, q->org_id);
	}
	free(before);
}

/* ---- Planning ---- */

static void carry_out(struct active *a, const struct plan_action *act, const struct plan_gpu *gpus)
{
	const char **names;

	switch (act->verb) {
	case PLAN_START:
		names = mem_alloc((act->gpu_count + 1) * sizeof *names);
		for (size_t i = 0; i < act->gpu_count; i++)
			names[i] = gpus[act->gpus[i]].uuid;
		reconcile_start(a, names, act->gpu_count);
		free(names);
		break;
	case PLAN_WAIT: reconcile_enqueue(a, act->reason, act->message); break;
	case PLAN_STOP: reconcile_stop(a); break;
	case PLAN_DROP: reconcile_drop(a); break;
	}
}

static void on_plan(uv_timer_t *timer)
{
	struct platform *p = timer->data;
	int64_t now = platform_now();
	uint64_t begin = uv_hrtime();
	struct question q = {0};
	struct plan_machine machine;
	struct plan_gpu *gpus = NULL;
	struct plan plan;

	if (p->engine == NULL || p->closing)
		return;
	reconcile_machine(p, &machine, &gpus);
	question_make(p, &q);
	plan_make(&plan, &(struct plan_input){&machine, q.jobs.items, q.jobs.len, now});
	for (size_t i = 0; i < plan.count; i++)
		carry_out(q.actives.items[plan.actions[i].job], &plan.actions[i], gpus);
	reconcile_usage(p);
	p->plan_cost_us = (int64_t)((uv_hrtime() - begin) / 1000);
	p->plan_at = time_mono_ms();
	if (plan.wake && !uv_is_active((uv_handle_t *)timer))
		uv_timer_start(timer, on_plan, plan.wake > now ? (uint64_t)(plan.wake - now) : 0,
			0);
	plan_release(&plan);
	question_release(&q);
	free(gpus);
}

/* With thousands of waiting jobs a plan is dear: it then gets a quarter of the time at most. */
void reconcile_soon(struct platform *p)
{
	int64_t next = p->plan_at + 4 * p->plan_cost_us / 1000;
	int64_t now = time_mono_ms();

	if (p->engine == NULL || p->closing)
		return;
	uv_update_time(p->loop);
	if (uv_is_active((uv_handle_t *)&p->plan_timer) &&
		uv_timer_get_due_in(&p->plan_timer) <= (next > now ? (uint64_t)(next - now) : 0))
		return;
	uv_timer_start(&p->plan_timer, on_plan, next > now ? (uint64_t)(next - now) : 0, 0);
}

/* ---- After a full disk ---- */

static void on_repair(uv_timer_t *timer)
{
	struct platform *p = timer->data;
	bool more = false;

	if (store_health(p->store) == STORE_BROKEN) {
		log_line(LOG_ERROR,
			"the store has failed: states of jobs are not written down any more; "
			"tasks go on; restart mltopd when the disk is well");
		return;
	}
	for (size_t i = 0; i < p->order.len; i++) {
		struct active *a = p->order.items[i];

		if (a->dirty && a->in_flight == 0)
			reconcile_repair(a);
		more = more || a->dirty;
	}
	if (more)
		uv_timer_start(timer, on_repair, REPAIR_MS, 0);
}

void reconcile_not_stored(struct active *a)
{
	struct platform *p = a->p;

	if (!a->dirty)
		log_line(LOG_ERROR, "job %s: its new state could not be stored; trying again",
			a->uid);
	a->dirty = true;
	if (!uv_is_active((uv_handle_t *)&p->repair_timer))
		uv_timer_start(&p->repair_timer, on_repair, REPAIR_MS, 0);
}

void reconcile_init(struct platform *p)
{
	p->next_order = 1;
}

/* ---- At start ---- */

/* Does the engine have to look for a task of it? Fills in what it holds. */
static bool adopt_one(struct platform *p, struct active *a, const struct job *j)
{
	const struct task *t = platform_task(p, j->uid, NULL, (int)j->attempt);

	a->cancel = j->state == JOB_DELETING || j->reason == REASON_CANCELLED;
	a->deleting = j->state == JOB_DELETING;
	if (j->state == JOB_DELETING ? t == NULL || job_state_final(t->state)
				     : !job_state_live(j->state))
		return false;
	a->live = a->told = true;
	if (t && t->gpus.len) {
		a->gpu_count = t->gpus.len;
		a->gpus = mem_alloc(t->gpus.len * sizeof *a->gpus);
		for (size_t i = 0; i < t->gpus.len; i++)
			a->gpus[i] = mem_strdup(t->gpus.items[i]);
	}
	return true;
}

void reconcile_adopt(struct platform *p)
{
	VEC(struct task_known) known = {0};

	for (size_t i = 0; i < p->order.len; i++) {
		struct active *a = p->order.items[i];
		const struct job *j = platform_work(p, a->uid);

		if (adopt_one(p, a, j)) {
			struct task_known one = {{j->uid, task_single, (int)j->attempt}, j};

			vec_push(&known, one);
		}
	}
	p->engine->ops->adopt(p->engine, known.items, known.len);
	vec_release(&known);
	reconcile_usage(p);
}
