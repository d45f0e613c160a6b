#include "core/plan/plan.h"
#include "core/plan/plan_parts.h"

#include <string.h>

static const char *dim_field(const struct plan_gang *g, enum dim d)
{
	switch (d) {
	case DIM_GPUS: return "gpu_limit";
	case DIM_MEMORY: return "memory_limit";
	case DIM_CPU: return "cpu_limit";
	case DIM_TASKS: return g->terms->tasks_field;
	default: return g->terms->name_field;
	}
}

/* "gpu_limit is 4", "cpu_limit is not given and counts as 1", "... for each of 3 tasks". */
static void asked(struct text *t, const struct plan_gang *g, enum dim d, const struct amounts *need)
{
	int64_t tasks = need_tasks(g);

	if (d == DIM_TASKS) {
		text_add(t, g->terms->tasks_made);
		text_add(t, " ");
		text_amount(t, DIM_TASKS, tasks);
		return;
	}
	text_add(t, dim_field(g, d));
	text_add(t, d == DIM_CPU && g->cpu_unset ? " is not given and counts as " : " is ");
	text_bare(t, d, need->v[d] / (tasks ? tasks : 1), true);
	if (tasks > 1) {
		text_add(t, " for each of ");
		text_amount(t, DIM_TASKS, tasks);
	}
}

static bool too_small(struct err *e, const struct plan_gang *g, const struct pool *p, size_t nodes,
	enum dim d, const struct amounts *need)
{
	char message[300] = "";
	struct text t = {.out = message, .size = sizeof message};

	if (d == DIM_JOBS) {
		text_add(&t, "org ");
		text_add(&t, p->org);
		text_add(&t, " may run no job: ask for a quota");
		return err_field(e, ERR_UNPROCESSABLE, dim_field(g, d), "%s", message);
	}
	asked(&t, g, d, need);
	text_add(&t, ": ");
	if (p->org) {
		text_add(&t, "org ");
		text_add(&t, p->org);
		text_add(&t, " may use ");
		text_amount(&t, d, p->total.v[d]);
	} else if (d == DIM_TASKS) {
		text_number(&t, p->total.v[d]);
		text_add(&t, " may run at once here");
	} else {
		text_add(&t, nodes > 1 ? "all nodes together have " : "this machine has ");
		text_amount(&t, d, p->total.v[d]);
	}
	return err_field(e, ERR_UNPROCESSABLE, dim_field(g, d), "%s", message);
}

static bool has_label(const struct plan_cluster *c, const char *key)
{
	for (size_t i = 0; i < c->node_count; i++)
		for (size_t l = 0; l < c->nodes[i].labels.len; l++)
			if (strcmp(c->nodes[i].labels.items[l].key, key) == 0)
				return true;
	return false;
}

/* Is there a node that the selector names? */
static bool nodes_match(const struct plan_gang *g, const struct plan_cluster *c, struct err *e)
{
	const char *key = g->selector_key, *value = g->selector_value ? g->selector_value : "";

	if (key == NULL || *key == '\0')
		return true;
	for (size_t i = 0; i < c->node_count; i++)
		if (node_selected(g, &c->nodes[i]))
			return true;
	if (!selector_is_name(key) && !has_label(c, key))
		return err_field(e, ERR_UNPROCESSABLE, "node_selector_key",
			"node_selector_key is %s: no machine here has that label; leave it out",
			key);
	if (selector_is_name(key) && c->node_count == 1)
		return err_field(e, ERR_UNPROCESSABLE, "node_selector_value",
			"node_selector_value is %s: the machine here is %s", value,
			c->nodes[0].name ? c->nodes[0].name : "unnamed");
	char there[PLAN_MESSAGE] = "";
	struct text t = {.out = there, .size = sizeof there};

	selector_tell(&t, c, key);
	return err_field(e, ERR_UNPROCESSABLE, "node_selector_value",
		"node_selector_value is %s: no node has that %s: %s", value,
		selector_is_name(key) ? "name; there are" : "label", there);
}

/*
 * A GPU that is lost may come back, and so may a node that is drained; of those that are not known yet
 * there may be enough.
 */
static void pool_of_whole_node(struct pool *out, const struct plan_node *n, bool packing_cpu)
{
	struct plan_node open = *n;

	open.drained = NULL;
	pool_of_node(out, &open, packing_cpu);
	out->total.v[DIM_GPUS] = n->gpus_unknown ? NO_BOUND : (int64_t)n->gpu_count;
}

/* Those that its selector allows, as one; returns how many. */
static size_t nodes_join(struct pool *all, const struct plan_gang *g, const struct plan_cluster *c)
{
	struct pool one;
	size_t count = 0;

	for (size_t i = 0; i < c->node_count; i++) {
		if (!node_selected(g, &c->nodes[i]))
			continue;
		pool_of_whole_node(&one, &c->nodes[i], c->packing_cpu);
		pool_join(all, &one);
		count++;
	}
	return count;
}

/* Does a node have enough for one task of each claim? Told by what the best of them lacks first. */
static bool claim_fits(const struct plan_gang *g, const struct claim *claim,
	const struct plan_cluster *c, struct err *e)
{
	struct amounts each, most = {0};
	struct pool one;
	enum dim d;

	need_each(&each, claim);
	for (size_t i = 0; i < c->node_count; i++) {
		if (!node_selected(g, &c->nodes[i]))
			continue;
		pool_of_whole_node(&one, &c->nodes[i], c->packing_cpu);
		if (!pool_too_small(&one, &each, &d))
			return true;
		for (int k = 0; k < DIM_COUNT; k++) {
			int64_t has = one.total.v[k] == NO_BOUND ? each.v[k] : one.total.v[k];

			most.v[k] = has > most.v[k] ? has : most.v[k];
		}
	}
	for (d = DIM_GPUS; d < DIM_CPU && each.v[d] <= most.v[d]; d++)
		;
	char message[300] = "";
	struct text t = {.out = message, .size = sizeof message};

	text_add(&t, dim_field(g, d));
	text_add(&t, " is ");
	text_bare(&t, d, each.v[d], true);
	text_add(&t,
		each.v[d] > most.v[d] ? ": the largest node has "
				      : ": no node has all that one task asks for; it has ");
	text_amount(&t, d, most.v[d]);
	return err_field(e, ERR_UNPROCESSABLE, dim_field(g, d), "%s", message);
}

static bool each_fits(const struct plan_gang *g, const struct plan_cluster *c, struct err *e)
{
	for (size_t i = 0; i < g->claim_count; i++)
		if (!claim_fits(g, &g->claims[i], c, e))
			return false;
	return true;
}

/* Which pool could never hold it: all nodes together, the largest of them, or the org's lines. */
bool plan_possible(const struct plan_gang *g, const struct plan_cluster *c, struct err *e)
{
	struct pool all = {0}, part, total;
	struct amounts need;
	enum dim d;
	size_t nodes;

	need_of(&need, g);
	pool_of_org(&part, g->org, g->part);
	pool_of_org(&total, g->org, PART_COUNT);
	if (!nodes_match(g, c, e))
		return false;
	nodes = nodes_join(&all, g, c);
	if (pool_too_small(&all, &need, &d))
		return too_small(e, g, &all, nodes, d, &need);
	if (!each_fits(g, c, e))
		return false;
	if (g->preemptible)
		return true;
	if (pool_too_small(&part, &need, &d))
		return too_small(e, g, &part, 1, d, &need);
	if (pool_too_small(&total, &need, &d))
		return too_small(e, g, &total, 1, d, &need);
	return true;
}
