/*
 * Who is stopped so that another can start. What will be is kept beside what is, so that two that
 * wait never count on the same room: `later` is without those that go and with those that they go
 * for; `best` is, besides, without all that may still be stopped.
 */
#include "core/plan/plan.h"
#include "core/plan/plan_parts.h"

#include <stdlib.h>
#include <string.h>

static bool goes(const struct plan_gang *g)
{
	return g->live && (g->stop_sent || g->leaving || g->cancel);
}

static bool may_be_stopped(const struct plan_input *in, const struct plan_gang *g)
{
	return g->live && g->preemptible && !g->starting && !goes(g) && g->gpus_lost == 0 &&
		(g->preempted == INT64_MIN || in->now - g->preempted >= PLAN_SPARED_MS);
}

/* The lowest priority first, then the youngest. */
static int stop_compare(const void *a, const void *b, void *ctx)
{
	const struct plan_gang *gangs = ctx;
	const struct plan_gang *x = &gangs[*(const uint32_t *)a], *y = &gangs[*(const uint32_t *)b];

	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	if (x->order != y->order)
		return x->order > y->order ? -1 : 1;
	return (x < y) - (x > y);
}

static void nodes_now(struct nodes *n, const struct plan_input *in, struct arena *a)
{
	nodes_init(n, in->cluster, a);
	for (size_t i = 0; i < in->gang_count; i++)
		if (in->gangs[i].live)
			nodes_take_live(n, &in->gangs[i]);
	nodes_settle(n);
	for (size_t i = 0; i < in->gang_count; i++)
		if (goes(&in->gangs[i]))
			nodes_leave(n, &in->gangs[i]);
}

void preempt_init(struct preempt *p, const struct plan_input *in, struct arena *a)
{
	bool some_go = false;

	*p = (struct preempt){.in = in};
	for (size_t i = 0; i < in->gang_count; i++) {
		p->may_len += may_be_stopped(in, &in->gangs[i]);
		some_go = some_go || in->gangs[i].leaving;
	}
	p->idle = p->may_len == 0 && !some_go;
	if (p->idle)
		return;
	p->may = arena_alloc(a, (p->may_len + 1) * sizeof *p->may);
	p->chosen = arena_alloc(a, (p->may_len + 1) * sizeof *p->chosen);
	p->may_len = 0;
	for (size_t i = 0; i < in->gang_count; i++)
		if (may_be_stopped(in, &in->gangs[i]))
			p->may[p->may_len++] = (uint32_t)i;
	qsort_r(p->may, p->may_len, sizeof *p->may, stop_compare, (void *)in->gangs);
	nodes_now(&p->later, in, a);
	nodes_now(&p->best, in, a);
	for (size_t i = 0; i < p->may_len; i++)
		nodes_leave(&p->best, &in->gangs[p->may[i]]);
}

void preempt_release(struct preempt *p)
{
	if (p->idle)
		return;
	nodes_release(&p->later);
	nodes_release(&p->best);
}

void preempt_started(struct preempt *p, const struct nodes *n, const struct plan_gang *g)
{
	if (p->idle)
		return;
	nodes_take_as(&p->later, n, g);
	nodes_take_as(&p->best, n, g);
}

void preempt_kept(struct preempt *p, const struct plan_gang *g)
{
	if (p->idle)
		return;
	nodes_keep(&p->later, g);
	nodes_keep(&p->best, g);
}

/* From the first on, until there is room. */
static bool choose(struct preempt *p, const struct plan_gang *g, const struct amounts *need)
{
	p->chosen_len = 0;
	for (size_t i = 0; i < p->may_len; i++) {
		if (p->may[i] == NOBODY)
			continue;
		nodes_leave(&p->later, &p->in->gangs[p->may[i]]);
		p->chosen[p->chosen_len++] = (uint32_t)i;
		if (nodes_fit(&p->later, g, need))
			return true;
	}
	for (size_t i = 0; i < p->chosen_len; i++)
		nodes_return(&p->later, &p->in->gangs[p->may[p->chosen[i]]]);
	return false;
}

/* Whoever is not needed after all goes on: the oldest of them first. It has its place on `later`. */
static void spare(struct preempt *p, const struct plan_gang *g, const struct amounts *need)
{
	size_t kept = 0;

	nodes_put_back(&p->later, g, need);
	for (size_t i = p->chosen_len; i-- > 0;) {
		const struct plan_gang *one = &p->in->gangs[p->may[p->chosen[i]]];

		nodes_return(&p->later, one);
		if (nodes_fit(&p->later, g, need)) {
			nodes_put_back(&p->later, g, need);
			p->chosen[i] = NOBODY;
		} else {
			nodes_leave(&p->later, one);
		}
	}
	nodes_fit(&p->later, g, need);
	for (size_t i = 0; i < p->chosen_len; i++)
		if (p->chosen[i] != NOBODY)
			p->chosen[kept++] = p->chosen[i];
	p->chosen_len = kept;
}

enum preempt_answer preempt_for(struct preempt *p, const struct plan_gang *g,
	const struct amounts *need)
{
	if (p->idle)
		return PREEMPT_NO;
	if (nodes_fit(&p->later, g, need)) {
		nodes_take_as(&p->best, &p->later, g);
		return PREEMPT_COMING;
	}
	if (!nodes_fit(&p->best, g, need))
		return PREEMPT_NO;
	nodes_put_back(&p->best, g, need);
	if (p->rounds == PREEMPT_ROUNDS)
		return PREEMPT_LATER;
	if (!choose(p, g, need))
		return PREEMPT_NO;
	p->rounds++;
	spare(p, g, need);
	nodes_take_as(&p->best, &p->later, g);
	for (size_t i = 0; i < p->chosen_len; i++) {
		uint32_t at = p->chosen[i];

		p->chosen[i] = p->may[at];
		p->may[at] = NOBODY;
	}
	return PREEMPT_STOP;
}
