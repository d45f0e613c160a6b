/* On which nodes the tasks of a gang go: each to the first that has room for it. */
#include "core/plan/plan_parts.h"

#include <stdlib.h>
#include <string.h>

void nodes_init(struct nodes *n, const struct plan_cluster *c, struct arena *a)
{
	*n = (struct nodes){.cluster = c};
	n->pools = arena_alloc(a, (c->node_count + 1) * sizeof *n->pools);
	n->gpu_taken = arena_alloc(a, (c->node_count + 1) * sizeof *n->gpu_taken);
	n->arena = a;
	for (size_t i = 0; i < c->node_count; i++)
		pool_of_node(&n->pools[i], &c->nodes[i], c->packing_cpu);
}

void nodes_release(struct nodes *n)
{
	if (n->undrained)
		nodes_release(n->undrained);
	free(n->chosen);
}

void nodes_take_live(struct nodes *n, const struct plan_gang *g)
{
	struct amounts each;
	size_t task = 0;

	if (n->undrained)
		nodes_take_live(n->undrained, g);
	for (size_t i = 0; i < g->claim_count; i++) {
		need_each(&each, &g->claims[i]);
		each.v[DIM_GPUS] = 0;
		for (int64_t t = 0; t < g->claims[i].tasks; t++, task++) {
			size_t at = g->on ? g->on[task] : 0;

			if (at < n->cluster->node_count)
				pool_take(&n->pools[at], &each);
		}
	}
}

/* What a node has given beyond what it has is no lack of the others. */
static void node_join(struct pool *to, const struct pool *node, size_t nodes)
{
	struct pool p = *node;

	for (int d = 0; nodes > 1 && d < DIM_COUNT; d++)
		if (p.total.v[d] != NO_BOUND && p.used.v[d] > p.total.v[d])
			p.used.v[d] = p.total.v[d];
	pool_join(to, &p);
}

void nodes_settle(struct nodes *n)
{
	if (n->undrained)
		nodes_settle(n->undrained);
	for (size_t i = 0; i < n->cluster->node_count; i++)
		node_join(&n->whole, &n->pools[i], n->cluster->node_count);
}

bool nodes_full(const struct nodes *n)
{
	for (size_t i = 0; i < n->cluster->node_count; i++)
		if (!pool_full(&n->pools[i]))
			return false;
	return true;
}

/* ---- Placing ---- */

static bool pool_holds(const struct pool *p, const struct amounts *each)
{
	for (int d = 0; d < DIM_COUNT; d++)
		if (each->v[d] > 0 && p->total.v[d] != NO_BOUND && each->v[d] > pool_free(p, d))
			return false;
	return true;
}

static void choices_reserve(struct nodes *n, size_t tasks)
{
	if (tasks <= n->chosen_size)
		return;
	n->chosen_size = tasks * 2;
	n->chosen = mem_realloc(n->chosen, n->chosen_size * sizeof *n->chosen);
}

/* All tasks of one claim, from place `task` on; returns how many found a node. */
static int64_t claim_place(struct nodes *n, const struct plan_gang *g, const struct claim *c,
	size_t task)
{
	struct amounts each;
	int64_t placed = 0;

	need_each(&each, c);
	for (size_t at = 0; at < n->cluster->node_count; at++) {
		if (!node_selected(g, &n->cluster->nodes[at]))
			continue;
		/* A node that has no room for one has none for the next either. */
		for (; placed < c->tasks && pool_holds(&n->pools[at], &each); placed++) {
			pool_take(&n->pools[at], &each);
			n->chosen[task + (size_t)placed] = (uint16_t)at;
		}
		if (placed == c->tasks)
			break;
	}
	return placed;
}

static void places_give_back(struct nodes *n, const struct plan_gang *g, size_t placed)
{
	struct amounts each;
	size_t task = 0;

	for (size_t i = 0; i < g->claim_count; i++) {
		need_each(&each, &g->claims[i]);
		for (int64_t t = 0; t < g->claims[i].tasks && task < placed; t++, task++)
			pool_give_back(&n->pools[n->chosen[task]], &each);
	}
}

/* The nodes that may be asked, as one. */
static const struct pool *pool_asked(const struct nodes *n, const struct plan_gang *g,
	struct pool *space)
{
	if (!selector_says(g) || n->cluster->node_count < 2)
		return &n->whole;
	memset(space, 0, sizeof *space);
	for (size_t i = 0; i < n->cluster->node_count; i++)
		if (node_selected(g, &n->cluster->nodes[i]))
			node_join(space, &n->pools[i], n->cluster->node_count);
	return space;
}

/* There is enough in all, but this claim finds no node with room for one more of its tasks. */
static enum work_reason spread_reason(const struct nodes *n, const struct plan_gang *g,
	const struct claim *c, char *message, size_t size)
{
	static const enum work_reason reasons[] = {REASON_GPU, REASON_MEMORY, REASON_CPU,
		REASON_TASKS};
	struct amounts each;
	enum dim lack = DIM_TASKS;
	int64_t most = 0;

	need_each(&each, c);
	for (enum dim d = DIM_GPUS; d < DIM_TASKS && lack == DIM_TASKS; d++) {
		most = 0;
		for (size_t i = 0; i < n->cluster->node_count; i++) {
			const struct pool *p = &n->pools[i];
			int64_t left = p->total.v[d] == NO_BOUND ? each.v[d] : pool_free(p, d);

			if (node_selected(g, &n->cluster->nodes[i]) && left > most)
				most = left;
		}
		if (each.v[d] > most)
			lack = d;
	}
	spread_message(message, size, lack, &each, most);
	return reasons[lack];
}

/* How many GPUs are not given out for that reason. */
static int64_t gpus_kept_back(const struct nodes *n, const struct plan_gang *gang, const char *why)
{
	int64_t count = 0;

	for (size_t i = 0; i < n->cluster->node_count; i++) {
		const struct plan_node *node = &n->cluster->nodes[i];

		if (!node_selected(gang, node))
			continue;
		for (size_t g = 0; g < node->gpu_count; g++)
			count += !node->gpus[g].usable && node->gpus[g].why &&
				strcmp(node->gpus[g].why, why) == 0;
	}
	return count;
}

/* "; 1 more is lost": of the first reason that there is, or that nobody knows of any. */
static void gpus_note(const struct nodes *n, const struct plan_gang *gang, char *message,
	size_t size)
{
	struct text t = {.out = message, .size = size, .len = strlen(message)};

	for (size_t i = 0; i < n->cluster->node_count; i++) {
		const struct plan_node *node = &n->cluster->nodes[i];
		const char *why = NULL;

		for (size_t g = 0; g < node->gpu_count && why == NULL; g++)
			why = node->gpus[g].usable ? NULL : node->gpus[g].why;
		if (!node_selected(gang, node) || (why == NULL && node->gpus_unknown == NULL))
			continue;
		text_add(&t, "; ");
		if (why) {
			int64_t count = gpus_kept_back(n, gang, why);

			text_number(&t, count);
			text_add(&t, count == 1 ? " more is " : " more are ");
		}
		text_add(&t, why ? why : node->gpus_unknown);
		return;
	}
}

/* Of one node. */
static void node_keep(struct nodes *n, struct pool *node, const struct amounts *each,
	const char *keeper)
{
	struct amounts before = node->kept;

	pool_keep(node, each, keeper);
	for (int d = 0; d < DIM_COUNT; d++)
		n->whole.kept.v[d] += node->kept.v[d] - before.v[d];
	if (n->whole.keeper == NULL)
		n->whole.keeper = keeper;
}

/*
 * The claim that found no room for one of its tasks, when *placed of all have one; NULL: each has a
 * node.
 */
static const struct claim *claims_place(struct nodes *n, const struct plan_gang *g,
	const struct amounts *need, size_t *placed)
{
	*placed = 0;
	choices_reserve(n, (size_t)need->v[DIM_TASKS]);
	for (size_t i = 0; i < g->claim_count; i++) {
		const struct claim *c = &g->claims[i];
		int64_t some = claim_place(n, g, c, *placed);

		*placed += (size_t)some;
		if (some < c->tasks)
			return c;
	}
	pool_take(&n->whole, need);
	return NULL;
}

/* False: why not, as if no node were drained. */
static bool place(struct nodes *n, const struct plan_gang *g, const struct amounts *need,
	enum work_reason *reason, char *message, size_t size)
{
	const struct claim *lacks;
	struct pool space;
	struct block b;
	size_t placed;

	if (pool_blocks(pool_asked(n, g, &space), need, &b)) {
		*reason = block_reason(&b);
		block_message(message, size, &b, need);
		if (*reason == REASON_GPU)
			gpus_note(n, g, message, size);
		return false;
	}
	lacks = claims_place(n, g, need, &placed);
	if (lacks == NULL)
		return true;
	*reason = spread_reason(n, g, lacks, message, size);
	places_give_back(n, g, placed);
	return false;
}

bool nodes_fit(struct nodes *n, const struct plan_gang *g, const struct amounts *need)
{
	struct pool space;
	struct block b;
	size_t placed;

	if (pool_blocks(pool_asked(n, g, &space), need, &b))
		return false;
	if (claims_place(n, g, need, &placed) == NULL)
		return true;
	places_give_back(n, g, placed);
	return false;
}

/* ---- What is told ---- */

bool nodes_place(struct nodes *n, const struct plan_gang *g, const struct amounts *need,
	enum work_reason *reason, char *message, size_t size)
{
	const char *drained;

	if (place(n, g, need, reason, message, size)) {
		if (n->undrained)
			nodes_take_as(n->undrained, n, g);
		return true;
	}
	drained = n->undrained ? nodes_drained_lack(n, g, need) : NULL;
	if (drained) {
		struct text t = {.out = message, .size = size};

		*reason = REASON_NODES_DRAINED;
		text_add(&t, drained);
	} else if (selector_says(g)) {
		nodes_selector_why(n, g, need, reason,
			&(struct text){message, size, strlen(message)});
	}
	return false;
}

void nodes_put_back(struct nodes *n, const struct plan_gang *g, const struct amounts *need)
{
	places_give_back(n, g, (size_t)need->v[DIM_TASKS]);
	pool_give_back(&n->whole, need);
}

/* ---- As elsewhere ---- */

void nodes_take_as(struct nodes *n, const struct nodes *from, const struct plan_gang *g)
{
	struct amounts each;
	size_t task = 0;

	for (size_t i = 0; i < g->claim_count; i++) {
		need_each(&each, &g->claims[i]);
		for (int64_t t = 0; t < g->claims[i].tasks; t++, task++) {
			pool_take(&n->pools[from->chosen[task]], &each);
			pool_take(&n->whole, &each);
		}
	}
}

void nodes_keep_as(struct nodes *n, const struct nodes *from, const struct plan_gang *g)
{
	struct amounts each;
	size_t task = 0;

	for (size_t i = 0; i < g->claim_count; i++) {
		need_each(&each, &g->claims[i]);
		for (int64_t t = 0; t < g->claims[i].tasks; t++, task++)
			node_keep(n, &n->pools[from->chosen[task]], &each, g->name);
	}
}

static void nodes_move(struct nodes *n, const struct plan_gang *g,
	void (*move)(struct pool *p, const struct amounts *a))
{
	struct amounts each;
	size_t task = 0;

	for (size_t i = 0; i < g->claim_count; i++) {
		need_each(&each, &g->claims[i]);
		/* Which of its tasks has lost one is not known. */
		if (g->gpus_lost > 0)
			each.v[DIM_GPUS] = 0;
		for (int64_t t = 0; t < g->claims[i].tasks; t++, task++) {
			size_t at = g->on ? g->on[task] : 0;

			if (at >= n->cluster->node_count)
				continue;
			move(&n->pools[at], &each);
			move(&n->whole, &each);
		}
	}
}

void nodes_leave(struct nodes *n, const struct plan_gang *g)
{
	nodes_move(n, g, pool_give_back);
}

void nodes_return(struct nodes *n, const struct plan_gang *g)
{
	nodes_move(n, g, pool_take);
}

/* ---- GPUs ---- */

enum { PLACES = UINT8_MAX + 1 };

/* Those of a node that are not to be given any more. */
static bool *gpus_taken(struct nodes *n, uint16_t at)
{
	const struct plan_node *node = &n->cluster->nodes[at];
	bool *taken = n->gpu_taken[at];

	if (taken)
		return taken;
	taken = n->gpu_taken[at] = arena_alloc(n->arena, (node->gpu_count + 1) * sizeof *taken);
	for (size_t i = 0; i < node->gpu_count; i++)
		taken[i] = node->gpus[i].held || !node->gpus[i].usable;
	return taken;
}

/* Takes of one place up to `wanted`. */
static void take_from(const struct plan_node *node, bool *taken, unsigned place, size_t wanted,
	uint16_t *gpus, size_t *count)
{
	for (size_t i = 0; i < node->gpu_count && *count < wanted; i++) {
		if (taken[i] || node->gpus[i].place != place)
			continue;
		taken[i] = true;
		gpus[(*count)++] = (uint16_t)i;
	}
}

/*
 * The place with the fewest free that has all that are wanted; where none has, the one with most: so
 * a task's GPUs lie together, and large holes stay for those who need them.
 */
static unsigned place_best(const size_t left[PLACES], size_t wanted)
{
	unsigned best = 0;

	for (unsigned p = 1; p < PLACES; p++) {
		bool fits = left[p] >= wanted, best_fits = left[best] >= wanted;

		if (fits != best_fits ? fits : fits ? left[p] < left[best] : left[p] > left[best])
			best = p;
	}
	return best;
}

static void place_give(struct nodes *n, struct plan_place *p, int64_t wanted, struct arena *arena)
{
	const struct plan_node *node = &n->cluster->nodes[p->node];
	size_t left[PLACES] = {0}, count = 0;
	bool *taken;
	uint16_t *gpus;

	if (wanted == 0)
		return;
	taken = gpus_taken(n, p->node);
	p->gpus = gpus = arena_alloc(arena, (size_t)wanted * sizeof *gpus);
	for (size_t i = 0; i < node->gpu_count; i++)
		left[node->gpus[i].place] += !taken[i];
	while (count < (size_t)wanted) {
		unsigned best = place_best(left, (size_t)wanted - count);

		if (left[best] == 0)
			break;
		take_from(node, taken, best, (size_t)wanted, gpus, &count);
		left[best] = 0;
		for (size_t i = 0; i < node->gpu_count; i++)
			left[best] += node->gpus[i].place == best && !taken[i];
	}
	p->gpu_count = count;
}

void nodes_give(struct nodes *n, const struct plan_gang *g, struct plan_action *a,
	struct arena *arena)
{
	a->place_count = (size_t)need_tasks(g);
	a->places = arena_alloc(arena, (a->place_count + 1) * sizeof *a->places);
	for (size_t i = 0, task = 0; i < g->claim_count; i++) {
		int64_t gpus = g->claims[i].gpus > 0 ? g->claims[i].gpus : 0;

		for (int64_t t = 0; t < g->claims[i].tasks; t++, task++) {
			a->places[task].node = n->chosen[task];
			place_give(n, &a->places[task], gpus, arena);
		}
	}
}

/* ---- Keeping ---- */

/* The one with most free, GPUs first, of those that could hold one such task were they empty. */
static struct pool *node_to_keep(struct nodes *n, const struct plan_gang *g,
	const struct amounts *each)
{
	struct pool *best = NULL;
	enum dim d;

	for (size_t i = 0; i < n->cluster->node_count; i++) {
		struct pool *p = &n->pools[i];

		if (!node_selected(g, &n->cluster->nodes[i]) || pool_too_small(p, each, &d))
			continue;
		for (int by = 0; best && by < DIM_TASKS; by++) {
			int64_t more = pool_free(p, by) - pool_free(best, by);

			if (more != 0) {
				best = more > 0 ? p : best;
				break;
			}
		}
		best = best ? best : p;
	}
	return best;
}

void nodes_keep(struct nodes *n, const struct plan_gang *g)
{
	struct amounts each;

	for (size_t i = 0; i < g->claim_count; i++) {
		need_each(&each, &g->claims[i]);
		for (int64_t t = 0; t < g->claims[i].tasks; t++) {
			struct pool *p = node_to_keep(n, g, &each);

			if (p == NULL)
				return;
			node_keep(n, p, &each, g->name);
		}
	}
}

bool nodes_could_hold(const struct nodes *n, const struct plan_gang *g, const struct amounts *need)
{
	struct amounts each;
	struct pool space;
	enum dim d;

	if (pool_too_small(pool_asked(n, g, &space), need, &d))
		return false;
	for (size_t i = 0; i < g->claim_count; i++) {
		bool one = false;

		need_each(&each, &g->claims[i]);
		for (size_t at = 0; at < n->cluster->node_count && !one; at++)
			one = node_selected(g, &n->cluster->nodes[at]) &&
				!pool_too_small(&n->pools[at], &each, &d);
		if (!one)
			return false;
	}
	return true;
}
