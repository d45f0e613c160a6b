#include "core/plan/plan.h"

#include "base/timefmt.h"
#include "core/plan/plan_parts.h"

#include <stdlib.h>
#include <string.h>

/* An org while a plan is made. */
struct org_state {
	const struct plan_org *org;
	struct pool train, total;
	bool first_seen; /* its first waiting job has been met */
};

/* A job that could start now. */
struct waiting {
	int64_t priority;
	uint64_t order;
	int64_t since; /* wall ms: it waits since then */
	uint32_t job;
	uint8_t first;    /* of its org */
	uint8_t promoted; /* first of its org and has waited long: goes before all others */
	struct org_state *org;
};

struct planner {
	struct plan *plan;
	size_t action_cap;
	const struct plan_input *in;
	struct pool machine;
	struct org_state **orgs; /* open addressing by pointer, a power of two */
	size_t org_slots;
	struct org_state no_org;
	struct waiting *waiting;
	size_t waiting_count;
	size_t gpu_next; /* no free GPU lies before it */
};

static struct plan_action *action_add(struct planner *p, enum plan_verb verb, size_t job)
{
	struct plan *out = p->plan;

	if (out->count == p->action_cap) {
		p->action_cap = p->action_cap ? p->action_cap * 2 : 64;
		out->actions = mem_realloc(out->actions, p->action_cap * sizeof *out->actions);
	}
	struct plan_action *a = &out->actions[out->count++];

	a->verb = verb;
	a->job = job;
	a->reason = REASON_NONE;
	a->message[0] = '\0';
	a->gpus = NULL;
	a->gpu_count = 0;
	return a;
}

static void wake_at(struct planner *p, int64_t when)
{
	if (when > p->in->now && (p->plan->wake == 0 || when < p->plan->wake))
		p->plan->wake = when;
}

/* Reports why a job waits, unless its row says the same already. */
static void wait_report(struct planner *p, size_t job, enum job_reason reason, const char *message)
{
	const struct job *j = p->in->jobs[job].job;

	if (j->state == JOB_ENQUEUED && j->reason == reason && j->message &&
		strcmp(j->message, message) == 0)
		return;
	struct plan_action *a = action_add(p, PLAN_WAIT, job);
	struct text t = {.out = a->message, .size = sizeof a->message};

	a->reason = reason;
	text_add(&t, message);
}

static struct org_state *org_of(struct planner *p, const struct plan_org *org)
{
	if (org == NULL)
		return &p->no_org;
	size_t at = ((uintptr_t)org >> 4) * 0x9E3779B97F4A7C15u >> 20 & (p->org_slots - 1);

	while (p->orgs[at] && p->orgs[at]->org != org)
		at = (at + 1) & (p->org_slots - 1);
	if (p->orgs[at] == NULL) {
		struct org_state *o = arena_alloc(&p->plan->arena, sizeof *o);

		o->org = org;
		pools_of_quota(&o->train, &o->total, org->quota);
		pool_hold(&o->train, &org->held);
		pool_hold(&o->total, &org->held);
		p->orgs[at] = o;
	}
	return p->orgs[at];
}

static void take(struct planner *p, struct org_state *o, const struct amounts *need)
{
	pool_take(&p->machine, need);
	pool_take(&o->train, need);
	pool_take(&o->total, need);
}

/* What runs holds its share. GPUs of the machine are told by their own `held`. */
static void take_live(struct planner *p)
{
	for (size_t i = 0; i < p->in->job_count; i++) {
		const struct plan_job *j = &p->in->jobs[i];
		struct amounts need;

		if (!j->live)
			continue;
		int64_t gpus = p->machine.used.v[DIM_GPUS];

		need_of(&need, j->job);
		take(p, org_of(p, j->org), &need);
		p->machine.used.v[DIM_GPUS] = gpus;
	}
}

static void back_off(struct planner *p, size_t i)
{
	char when[TIMEFMT_SIZE], message[160] = "";
	struct text t = {.out = message, .size = sizeof message};

	timefmt_rfc3339(when, p->in->jobs[i].not_before);
	text_add(&t, "the next attempt starts at ");
	text_add(&t, when);
	wait_report(p, i, REASON_RETRY, message);
	wake_at(p, p->in->jobs[i].not_before);
}

static void wants_to_start(struct planner *p, size_t i)
{
	const struct plan_job *j = &p->in->jobs[i];
	int64_t created = j->job->create_time.v;

	p->waiting[p->waiting_count++] = (struct waiting){
		.priority = j->job->priority,
		.order = j->order,
		.since = created > j->not_before ? created : j->not_before,
		.job = (uint32_t)i,
		.org = org_of(p, j->org),
	};
}

/* Sorts the jobs by what can be done with them at once. */
static void sift(struct planner *p)
{
	for (size_t i = 0; i < p->in->job_count; i++) {
		const struct plan_job *j = &p->in->jobs[i];

		if (j->cancel && !j->live)
			action_add(p, PLAN_DROP, i)->reason = REASON_CANCELLED;
		else if (j->cancel && !j->stop_sent)
			action_add(p, PLAN_STOP, i)->reason = REASON_CANCELLED;
		else if (j->live)
			continue;
		else if (j->held)
			wait_report(p, i, REASON_HELD, "is held: start it to let it run");
		else if (j->not_before > p->in->now)
			back_off(p, i);
		else
			wants_to_start(p, i);
	}
}

static int waiting_compare(const void *a, const void *b)
{
	const struct waiting *x = a, *y = b;

	if (x->priority != y->priority)
		return x->priority > y->priority ? -1 : 1;
	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return (x->job > y->job) - (x->job < y->job);
}

/* Jobs mostly come in order already: then no sort is needed. */
static void waiting_sort(struct planner *p)
{
	for (size_t i = 1; i < p->waiting_count; i++) {
		if (waiting_compare(&p->waiting[i - 1], &p->waiting[i]) > 0) {
			qsort(p->waiting, p->waiting_count, sizeof *p->waiting, waiting_compare);
			return;
		}
	}
}

static void promote(struct planner *p)
{
	for (size_t i = 0; i < p->waiting_count; i++) {
		struct waiting *w = &p->waiting[i];

		if (w->org->first_seen)
			continue;
		w->org->first_seen = true;
		w->first = true;
		w->promoted = p->in->now - w->since >= PLAN_RESERVE_MS;
	}
}

static void start(struct planner *p, const struct waiting *w, const struct amounts *need)
{
	const struct plan_machine *m = p->in->machine;
	struct plan_action *a = action_add(p, PLAN_START, w->job);
	size_t wanted = (size_t)need->v[DIM_GPUS];

	take(p, w->org, need);
	if (wanted == 0)
		return;
	a->gpus = arena_alloc(&p->plan->arena, wanted * sizeof *a->gpus);
	for (; a->gpu_count < wanted && p->gpu_next < m->gpu_count; p->gpu_next++) {
		size_t g = p->gpu_next;

		if (m->gpus[g].usable && !m->gpus[g].held)
			a->gpus[a->gpu_count++] = (uint16_t)g;
	}
}

/* Nothing is kept for what could not run were all of it free: it would block others for nothing. */
static void keep_for(struct planner *p, const struct waiting *w, const struct amounts *need,
	bool quota_blocks)
{
	const char *name = p->in->jobs[w->job].job->job_name;
	enum dim d;

	if (pool_too_small(&p->machine, need, &d) || pool_too_small(&w->org->train, need, &d) ||
		pool_too_small(&w->org->total, need, &d))
		return;
	pool_keep(&w->org->train, need, name);
	pool_keep(&w->org->total, need, name);
	if (!quota_blocks)
		pool_keep(&p->machine, need, name);
}

static void consider(struct planner *p, const struct waiting *w)
{
	struct amounts need;
	struct block b;
	char message[160] = "";

	need_of(&need, p->in->jobs[w->job].job);
	bool quota = pool_blocks(&w->org->train, &need, &b) ||
		pool_blocks(&w->org->total, &need, &b);

	if (!quota && !pool_blocks(&p->machine, &need, &b)) {
		start(p, w, &need);
		return;
	}
	block_message(message, sizeof message, &b, &need);
	wait_report(p, w->job, block_reason(&b), message);
	if (w->promoted)
		keep_for(p, w, &need, quota);
	else if (w->first)
		wake_at(p, w->since + PLAN_RESERVE_MS);
}

static void planner_init(struct planner *p, struct plan *out, const struct plan_input *in)
{
	memset(out, 0, sizeof *out);
	memset(p, 0, sizeof *p);
	p->plan = out;
	p->in = in;
	for (p->org_slots = 16; p->org_slots < in->job_count * 2; p->org_slots *= 2)
		;
	p->orgs = arena_alloc(&out->arena, p->org_slots * sizeof *p->orgs);
	p->waiting = arena_alloc(&out->arena, (in->job_count + 1) * sizeof *p->waiting);
	pool_of_machine(&p->machine, in->machine);
	pools_of_quota(&p->no_org.train, &p->no_org.total, NULL);
}

void plan_make(struct plan *out, const struct plan_input *in)
{
	struct planner p;

	planner_init(&p, out, in);
	take_live(&p);
	sift(&p);
	waiting_sort(&p);
	promote(&p);
	for (size_t i = 0; i < p.waiting_count; i++)
		if (p.waiting[i].promoted)
			consider(&p, &p.waiting[i]);
	for (size_t i = 0; i < p.waiting_count; i++)
		if (!p.waiting[i].promoted && !in->jobs[p.waiting[i].job].behind)
			consider(&p, &p.waiting[i]);
	out->full = pool_full(&p.machine);
}

void plan_release(struct plan *p)
{
	free(p->actions);
	arena_release(&p->arena);
	memset(p, 0, sizeof *p);
}
