#include "core/plan/plan.h"

#include "base/timefmt.h"
#include "core/plan/plan_parts.h"

#include <stdlib.h>
#include <string.h>

/* An org while a plan is made. */
struct org_state {
	const struct plan_org *org;
	struct pool kind, total;
	bool first_seen; /* its first waiting gang has been met */
};

/* A gang that could start now. */
struct waiting {
	int64_t priority;
	uint64_t order;
	int64_t since; /* it waits since then */
	uint32_t gang;
	uint8_t first;    /* of its org */
	uint8_t promoted; /* first of its org and has waited long: goes before all others */
	struct org_state *org;
};

struct planner {
	struct plan *plan;
	size_t action_cap;
	const struct plan_input *in;
	struct nodes nodes;
	struct org_state **orgs; /* open addressing by pointer, a power of two */
	size_t org_slots;
	struct org_state no_org;
	struct waiting *waiting;
	size_t waiting_count;
};

static struct plan_action *action_add(struct planner *p, enum plan_verb verb, size_t gang)
{
	struct plan *out = p->plan;

	if (out->count == p->action_cap) {
		p->action_cap = p->action_cap ? p->action_cap * 2 : 64;
		out->actions = mem_realloc(out->actions, p->action_cap * sizeof *out->actions);
	}
	struct plan_action *a = &out->actions[out->count++];

	a->verb = verb;
	a->gang = gang;
	a->reason = REASON_NONE;
	a->message[0] = '\0';
	a->places = NULL;
	a->place_count = 0;
	return a;
}

static void wake_at(struct planner *p, int64_t when)
{
	if (when > p->in->now && (p->plan->wake == 0 || when < p->plan->wake))
		p->plan->wake = when;
}

/* Reports why a job waits, unless its row says the same already. */
static void wait_report(struct planner *p, size_t gang, enum work_reason reason,
	const char *message)
{
	const struct plan_gang *g = &p->in->gangs[gang];

	if (g->enqueued && g->reason == reason && g->message && strcmp(g->message, message) == 0)
		return;
	struct plan_action *a = action_add(p, PLAN_WAIT, gang);
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
		pools_of_org(&o->kind, &o->total, org);
		p->orgs[at] = o;
	}
	return p->orgs[at];
}

static void take(struct org_state *o, const struct amounts *need)
{
	pool_take(&o->kind, need);
	pool_take(&o->total, need);
}

/* What runs holds its share. */
static void take_live(struct planner *p)
{
	for (size_t i = 0; i < p->in->gang_count; i++) {
		const struct plan_gang *g = &p->in->gangs[i];
		struct amounts need;

		if (!g->live)
			continue;
		need_of(&need, g);
		take(org_of(p, g->org), &need);
		nodes_take_live(&p->nodes, g);
	}
	nodes_settle(&p->nodes);
}

static void back_off(struct planner *p, size_t i)
{
	char when[TIMEFMT_SIZE], message[160] = "";
	struct text t = {.out = message, .size = sizeof message};

	timefmt_rfc3339(when, p->in->gangs[i].not_before + p->in->wall);
	text_add(&t, "the next attempt starts at ");
	text_add(&t, when);
	wait_report(p, i, REASON_RETRY, message);
	wake_at(p, p->in->gangs[i].not_before);
}

static void wants_to_start(struct planner *p, size_t i)
{
	const struct plan_gang *g = &p->in->gangs[i];

	p->waiting[p->waiting_count++] = (struct waiting){
		.priority = g->priority,
		.order = g->order,
		.since = g->since > g->not_before ? g->since : g->not_before,
		.gang = (uint32_t)i,
		.org = org_of(p, g->org),
	};
}

/* Sorts the gangs by what can be done with them at once. */
static void sift(struct planner *p)
{
	for (size_t i = 0; i < p->in->gang_count; i++) {
		const struct plan_gang *j = &p->in->gangs[i];

		if (j->cancel && !j->live)
			action_add(p, PLAN_DROP, i)->reason = REASON_CANCELLED;
		else if (j->cancel && !j->stop_sent)
			action_add(p, PLAN_STOP, i)->reason = REASON_CANCELLED;
		else if (j->live)
			continue;
		else if (j->held)
			wait_report(p, i, REASON_HELD, "is held: release it to let it run");
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
	return (x->gang > y->gang) - (x->gang < y->gang);
}

/* They mostly come in order already: then no sort is needed. */
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
	const struct plan_gang *g = &p->in->gangs[w->gang];

	take(w->org, need);
	nodes_give(&p->nodes, g, action_add(p, PLAN_START, w->gang), &p->plan->arena);
}

/* Nothing is kept for what could not run were all of it free: it would block others for nothing. */
static void keep_for(struct planner *p, const struct waiting *w, const struct amounts *need,
	bool quota_blocks)
{
	const struct plan_gang *g = &p->in->gangs[w->gang];
	enum dim d;

	if (!nodes_could_hold(&p->nodes, g, need) || pool_too_small(&w->org->kind, need, &d) ||
		pool_too_small(&w->org->total, need, &d))
		return;
	pool_keep(&w->org->kind, need, g->name);
	pool_keep(&w->org->total, need, g->name);
	if (!quota_blocks)
		nodes_keep(&p->nodes, g);
}

static void consider(struct planner *p, const struct waiting *w)
{
	const struct plan_gang *g = &p->in->gangs[w->gang];
	enum work_reason reason = REASON_NONE;
	struct amounts need;
	struct block b;
	char message[160] = "";

	need_of(&need, g);
	bool quota = pool_blocks(&w->org->kind, &need, &b) ||
		pool_blocks(&w->org->total, &need, &b);

	if (!quota && nodes_place(&p->nodes, g, &need, &reason, message, sizeof message)) {
		start(p, w, &need);
		return;
	}
	if (quota) {
		reason = block_reason(&b);
		block_message(message, sizeof message, &b, &need);
	}
	wait_report(p, w->gang, reason, message);
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
	for (p->org_slots = 16; p->org_slots < in->gang_count * 2; p->org_slots *= 2)
		;
	p->orgs = arena_alloc(&out->arena, p->org_slots * sizeof *p->orgs);
	p->waiting = arena_alloc(&out->arena, (in->gang_count + 1) * sizeof *p->waiting);
	nodes_init(&p->nodes, in->cluster, &out->arena);
	pools_of_org(&p->no_org.kind, &p->no_org.total, NULL);
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
		if (!p.waiting[i].promoted && !in->gangs[p.waiting[i].gang].behind)
			consider(&p, &p.waiting[i]);
	out->full = nodes_full(&p.nodes);
	nodes_release(&p.nodes);
}

void plan_release(struct plan *p)
{
	free(p->actions);
	arena_release(&p->arena);
	memset(p, 0, sizeof *p);
}
