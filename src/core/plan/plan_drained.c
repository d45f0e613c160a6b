/* Who waits for a node that is drained: told by nodes that are as if none were. */
#include "core/plan/plan_parts.h"

void nodes_see_drained(struct nodes *n)
{
	const struct plan_cluster *c = n->cluster;
	bool some = false;

	for (size_t i = 0; i < c->node_count; i++)
		some = some || c->nodes[i].drained;
	if (!some)
		return;
	n->undrained = arena_alloc(n->arena, sizeof *n->undrained);
	nodes_init(n->undrained, c, n->arena);
	for (size_t i = 0; i < c->node_count; i++) {
		struct plan_node open = c->nodes[i];

		open.drained = NULL;
		pool_of_node(&n->undrained->pools[i], &open, c->packing_cpu);
	}
}

/* The first that it would be on; else the first that it may be on. */
static const char *drained_first(const struct nodes *n, const struct plan_gang *g, size_t chosen)
{
	const struct plan_node *nodes = n->cluster->nodes;

	for (size_t i = 0; i < chosen; i++)
		if (nodes[n->undrained->chosen[i]].drained)
			return nodes[n->undrained->chosen[i]].drained;
	for (size_t i = 0; i < n->cluster->node_count; i++)
		if (nodes[i].drained && node_selected(g, &nodes[i]))
			return nodes[i].drained;
	return NULL;
}

const char *nodes_drained_lack(struct nodes *n, const struct plan_gang *g,
	const struct amounts *need)
{
	if (nodes_fit(n->undrained, g, need))
		return drained_first(n, g, (size_t)need->v[DIM_TASKS]);
	if (nodes_could_hold(n, g, need) || !nodes_could_hold(n->undrained, g, need))
		return NULL;
	return drained_first(n, g, 0);
}
