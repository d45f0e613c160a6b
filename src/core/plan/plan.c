#include "core/plan/plan.h"

#include "base/timefmt.h"
#include "core/plan/plan_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SHARES = DIM_TASKS };

/* A gang that could start now. */
struct waiting {
	int64_t priority;
	uint64_t order;
	int64_t since;       /* it waits since then */
	uint32_t gang, next; /* next: of its org, in order; NOBODY: the last */
	bool preemptible;    /* after all that are not */
	bool first;          /* of its org */
	bool promoted;       /* goes before all others: has waited long, or others stop for it */
	struct org_state *org;
};

/* An org while a plan is made. */
struct org_state {
	const struct plan_org *org;
	struct pool parts[PART_COUNT], total; /* of what its limits hold */
	struct amounts held[PART_COUNT + 1];  /* of all that lives: by part, and in all */
	uint32_t head, tail;                  /* of those that wait */
	double share[SHARES];                 /* of what it may hold that it does, by dimension */
};

struct planner {
	struct plan *plan;
	size_t action_cap;
	const struct plan_input *in;
	struct nodes nodes;
	struct preempt preempt;
	struct org_state **orgs; /* open addressing by pointer, a power of two */
	size_t org_slots;
	struct org_state no_org;
	struct org_state **queue; /* of those for which some wait: a heap, the next one on top */
	size_t queue_len;
	struct waiting *waiting;
	size_t waiting_count;
	bool unsorted;
	size_t waited; /* were looked at and wait */
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
	a->by = 0;
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

static void org_init(struct org_state *o, const struct plan_org *org)
{
	o->org = org;
	o->head = o->tail = NOBODY;
	for (enum quota_part part = 0; part < PART_COUNT; part++)
		pool_of_org(&o->parts[part], org, part);
	pool_of_org(&o->total, org, PART_COUNT);
}

static struct org_state *org_of(struct planner *p, const struct plan_org *org)
{
	if (org == NULL)
		return &p->no_org;
	size_t at = ((uintptr_t)org >> 4) * 0x9E3779B97F4A7C15u >> 20 & (p->org_slots - 1);

	while (p->orgs[at] && p->orgs[at]->org != org)
		at = (at + 1) & (p->org_slots - 1);
	if (p->orgs[at] == NULL) {
		p->orgs[at] = arena_alloc(&p->plan->arena, sizeof *p->orgs[at]);
		org_init(p->orgs[at], org);
	}
	return p->orgs[at];
}

static void take(struct org_state *o, const struct plan_gang *g, const struct amounts *need)
{
	for (int d = 0; d < DIM_COUNT; d++) {
		o->held[g->part].v[d] += need->v[d];
		o->held[PART_COUNT].v[d] += need->v[d];
	}
	if (g->preemptible)
		return;
	pool_take(&o->parts[g->part], need);
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
		take(org_of(p, g->org), g, &need);
		nodes_take_live(&p->nodes, g);
	}
	nodes_settle(&p->nodes);
}

static void back_off(struct planner *p, size_t i)
{
	char when[TIMEFMT_SIZE], message[PLAN_MESSAGE] = "";
	struct text t = {.out = message, .size = sizeof message};

	timefmt_rfc3339(when, p->in->gangs[i].not_before + p->in->wall);
	text_add(&t, "the next attempt starts at ");
	text_add(&t, when);
	wait_report(p, i, REASON_RETRY, message);
	wake_at(p, p->in->gangs[i].not_before);
}

/* ---- Order ---- */

static int waiting_compare(const void *a, const void *b)
{
	const struct waiting *x = a, *y = b;

	if (x->preemptible != y->preemptible)
		return x->preemptible ? 1 : -1;
	if (x->priority != y->priority)
		return x->priority > y->priority ? -1 : 1;
	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return (x->gang > y->gang) - (x->gang < y->gang);
}

/* At the end of its org's. */
static void append(struct planner *p, uint32_t at)
{
	struct waiting *w = &p->waiting[at];
	struct org_state *o = w->org;

	w->next = NOBODY;
	if (o->head == NOBODY) {
		o->head = at;
		p->queue[p->queue_len++] = o;
	} else {
		p->waiting[o->tail].next = at;
		p->unsorted = p->unsorted || waiting_compare(&p->waiting[o->tail], w) > 0;
	}
	o->tail = at;
}

/* They mostly come in order already: then no sort is needed. */
static void waiting_sort(struct planner *p)
{
	if (!p->unsorted)
		return;
	for (size_t i = 0; i < p->queue_len; i++)
		p->queue[i]->head = NOBODY;
	p->queue_len = 0;
	qsort(p->waiting, p->waiting_count, sizeof *p->waiting, waiting_compare);
	for (size_t i = 0; i < p->waiting_count; i++)
		append(p, (uint32_t)i);
}

/* How much of what a line of its quota lets it hold, and of what there is, an org holds. */
static double share_of(const struct pool *line, int64_t held, int64_t there, int d)
{
	int64_t most = line->total.v[d];

	if (most == NO_BOUND || (there != NO_BOUND && there < most))
		most = there;
	if (most == NO_BOUND || held <= 0)
		return 0;
	return most > 0 ? (double)held / (double)most : HUGE_VAL;
}

static void share_set(const struct planner *p, struct org_state *o)
{
	enum quota_part part = p->in->gangs[p->waiting[o->head].gang].part;

	for (int d = 0; d < SHARES; d++) {
		int64_t there = p->nodes.whole.total.v[d];
		double all = share_of(&o->total, o->held[PART_COUNT].v[d], there, d);
		double own = share_of(&o->parts[part], o->held[part].v[d], there, d);

		o->share[d] = own > all ? own : all;
	}
}

/* Is it the turn of `a` before that of `b`: by share, GPUs first; then who waits longer. */
static bool goes_first(const struct planner *p, const struct org_state *a,
	const struct org_state *b)
{
	const struct waiting *x = &p->waiting[a->head], *y = &p->waiting[b->head];

	if (x->preemptible != y->preemptible)
		return y->preemptible;
	for (int d = 0; d < SHARES; d++)
		if (a->share[d] != b->share[d])
			return a->share[d] < b->share[d];
	return x->order != y->order ? x->order < y->order : x->gang < y->gang;
}

static void sift_down(struct planner *p, size_t at)
{
	struct org_state **q = p->queue;

	for (size_t next; (next = 2 * at + 1) < p->queue_len; at = next) {
		struct org_state *o = q[at];

		if (next + 1 < p->queue_len && goes_first(p, q[next + 1], q[next]))
			next++;
		if (!goes_first(p, q[next], o))
			return;
		q[at] = q[next];
		q[next] = o;
	}
}

static void queue_make(struct planner *p)
{
	size_t len = 0;

	for (size_t i = 0; i < p->queue_len; i++) {
		if (p->queue[i]->head == NOBODY)
			continue;
		p->queue[len++] = p->queue[i];
		share_set(p, p->queue[len - 1]);
	}
	p->queue_len = len;
	for (size_t i = len / 2; i-- > 0;)
		sift_down(p, i);
}

/* ---- What can be done at once ---- */

static void wants_to_start(struct planner *p, size_t i)
{
	const struct plan_gang *g = &p->in->gangs[i];

	p->waiting[p->waiting_count] = (struct waiting){
		.priority = g->priority,
		.order = g->order,
		.since = g->since > g->not_before ? g->since : g->not_before,
		.gang = (uint32_t)i,
		.preemptible = g->preemptible,
		.org = org_of(p, g->org),
	};
	append(p, (uint32_t)p->waiting_count++);
}

/* Its node is to be empty. */
static void evict(struct planner *p, size_t i)
{
	const struct plan_gang *g = &p->in->gangs[i];

	if (g->leaving || g->stop_sent || g->starting)
		return;
	if (g->not_before > p->in->now)
		wake_at(p, g->not_before);
	else
		action_add(p, PLAN_EVICT, i)->reason = REASON_NODE_DRAINED;
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
		else if (j->live && j->evicted)
			evict(p, i);
		else if (j->live)
			continue;
		else if (j->held)
			wait_report(p, i, REASON_HELD, "is held: release it to let it run");
		else if (j->org && j->org->held)
			wait_report(p, i, REASON_QUEUE_HELD, j->org->held);
		else if (j->after)
			wait_report(p, i, REASON_DEPENDENCY, j->after);
		else if (j->not_before > p->in->now)
			back_off(p, i);
		else
			wants_to_start(p, i);
	}
}

/* ---- One after the other ---- */

static void start(struct planner *p, const struct waiting *w, const struct amounts *need)
{
	const struct plan_gang *g = &p->in->gangs[w->gang];

	take(w->org, g, need);
	preempt_started(&p->preempt, &p->nodes, g);
	nodes_give(&p->nodes, g, action_add(p, PLAN_START, w->gang), &p->plan->arena);
}

/* Nothing is kept for what could not run were all of it free: it would block others for nothing. */
static void keep_for(struct planner *p, const struct waiting *w, const struct amounts *need,
	bool quota_blocks)
{
	const struct plan_gang *g = &p->in->gangs[w->gang];
	struct pool *part = &w->org->parts[g->part], *total = &w->org->total;
	enum dim d;

	if (!nodes_could_hold(&p->nodes, g, need) || pool_too_small(part, need, &d) ||
		pool_too_small(total, need, &d))
		return;
	pool_keep(part, need, g->name);
	pool_keep(total, need, g->name);
	if (quota_blocks)
		return;
	nodes_keep(&p->nodes, g);
	preempt_kept(&p->preempt, g);
}

/* Those that are chosen go; it is next wherever they go, in this turn and in later ones. */
static void stop_for(struct planner *p, const struct waiting *w)
{
	for (size_t i = 0; i < p->preempt.chosen_len; i++) {
		struct plan_action *a = action_add(p, PLAN_PREEMPT, p->preempt.chosen[i]);

		a->by = w->gang;
		a->reason = REASON_PREEMPTED;
	}
}

/* It finds no place now: does one come, or can it be made? False: it waits like any other. */
static bool make_room(struct planner *p, const struct waiting *w, const struct amounts *need,
	char *message, size_t size)
{
	const struct plan_gang *g = &p->in->gangs[w->gang];
	enum preempt_answer answer = PREEMPT_NO;

	if (!g->preemptible)
		answer = preempt_for(&p->preempt, g, need);
	if (answer == PREEMPT_LATER)
		wake_at(p, p->in->now + 1);
	if (answer == PREEMPT_STOP)
		stop_for(p, w);
	else if (answer != PREEMPT_COMING || !g->granted)
		return false;
	nodes_keep_as(&p->nodes, &p->preempt.later, g);
	struct text t = {.out = message, .size = size};

	text_add(&t, "preemptible jobs are being stopped to make room for it");
	return true;
}

static void consider(struct planner *p, const struct waiting *w)
{
	const struct plan_gang *g = &p->in->gangs[w->gang];
	enum work_reason reason = REASON_NONE;
	struct amounts need;
	struct block b;
	char message[PLAN_MESSAGE] = "";

	if (w->gang + 1 == p->in->asked)
		p->plan->behind = p->waited;
	need_of(&need, g);
	bool quota = !g->preemptible &&
		(pool_blocks(&w->org->parts[g->part], &need, &b) ||
			pool_blocks(&w->org->total, &need, &b));

	if (!quota && nodes_place(&p->nodes, g, &need, &reason, message, sizeof message)) {
		start(p, w, &need);
		return;
	}
	p->waited++;
	if (quota) {
		reason = block_reason(&b);
		block_message(message, sizeof message, &b, &need);
	}
	bool made = !quota && make_room(p, w, &need, message, sizeof message);

	wait_report(p, w->gang, reason, message);
	if (w->promoted && !made)
		keep_for(p, w, &need, quota);
	else if (w->first && !w->promoted && !w->preemptible)
		wake_at(p, w->since + PLAN_RESERVE_MS);
}

static int longest_first(const void *a, const void *b)
{
	const struct waiting *x = *(const struct waiting *const *)a;
	const struct waiting *y = *(const struct waiting *const *)b;

	if (x->since != y->since)
		return x->since < y->since ? -1 : 1;
	return waiting_compare(x, y);
}

/* Has waited so long that what becomes free is kept for it, or others were stopped for it. */
static void promote(struct planner *p)
{
	for (size_t i = 0; i < p->queue_len; i++) {
		struct waiting *w = &p->waiting[p->queue[i]->head];

		w->first = true;
		w->promoted = !w->preemptible && p->in->now - w->since >= PLAN_RESERVE_MS;
	}
	for (size_t i = 0; i < p->waiting_count; i++)
		if (p->in->gangs[p->waiting[i].gang].granted)
			p->waiting[i].promoted = true;
}

/* The next of the org that has not had its turn. */
static void head_next(const struct planner *p, struct org_state *o)
{
	while (o->head != NOBODY && p->waiting[o->head].promoted)
		o->head = p->waiting[o->head].next;
}

static void consider_promoted(struct planner *p)
{
	const struct waiting **long_ones = arena_alloc(&p->plan->arena,
		(p->waiting_count + 1) * sizeof *long_ones);
	size_t count = 0;

	promote(p);
	for (size_t i = 0; i < p->waiting_count; i++)
		if (p->waiting[i].promoted)
			long_ones[count++] = &p->waiting[i];
	qsort(long_ones, count, sizeof *long_ones, longest_first);
	for (size_t i = 0; i < count; i++)
		consider(p, long_ones[i]);
	for (size_t i = 0; i < p->queue_len; i++)
		head_next(p, p->queue[i]);
}

/* Each turn is that of the org which holds the least of its share. */
static void consider_by_share(struct planner *p)
{
	queue_make(p);
	while (p->queue_len > 0) {
		struct org_state *o = p->queue[0];
		const struct waiting *w = &p->waiting[o->head];

		o->head = w->next;
		head_next(p, o);
		consider(p, w);
		if (o->head != NOBODY)
			share_set(p, o);
		else if (o->org && o->org->cut)
			return; /* whose turn it would be now is not known */
		else
			p->queue[0] = p->queue[--p->queue_len];
		sift_down(p, 0);
	}
}

/* Those of an org that are left out may be next where all that are known have had their turn. */
static bool known_to_the_end(const struct planner *p)
{
	for (size_t i = 0; i < p->queue_len; i++)
		if (p->queue[i]->head == NOBODY && p->queue[i]->org && p->queue[i]->org->cut)
			return false;
	return true;
}

/* Who was stopped a short while ago may be stopped again then, where somebody waits for that. */
static void wake_for_spared(struct planner *p)
{
	for (size_t i = 0; p->waited > 0 && i < p->in->gang_count; i++) {
		const struct plan_gang *g = &p->in->gangs[i];

		if (g->live && g->preemptible && g->preempted > p->in->now - PLAN_SPARED_MS)
			wake_at(p, g->preempted + PLAN_SPARED_MS);
	}
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
	p->queue = arena_alloc(&out->arena, (in->gang_count + 1) * sizeof *p->queue);
	p->waiting = arena_alloc(&out->arena, (in->gang_count + 1) * sizeof *p->waiting);
	nodes_init(&p->nodes, in->cluster, &out->arena);
	nodes_see_drained(&p->nodes);
	org_init(&p->no_org, NULL);
}

void plan_make(struct plan *out, const struct plan_input *in)
{
	struct planner p;

	planner_init(&p, out, in);
	take_live(&p);
	preempt_init(&p.preempt, in, &out->arena);
	sift(&p);
	waiting_sort(&p);
	consider_promoted(&p);
	if (known_to_the_end(&p))
		consider_by_share(&p);
	wake_for_spared(&p);
	/* Whoever may be stopped makes room for those left out. */
	out->full = nodes_full(&p.nodes) && p.preempt.may_len == 0;
	preempt_release(&p.preempt);
	nodes_release(&p.nodes);
}

void plan_release(struct plan *p)
{
	free(p->actions);
	arena_release(&p->arena);
	memset(p, 0, sizeof *p);
}
