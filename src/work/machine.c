/* What the engine's nodes have, what of it is held, and whether one could ever run there. */
#include "work/drains.h"
#include "work/work.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static void gpus_hold(struct work *w, struct plan_gpu *gpus, size_t count)
{
	for (size_t i = 0; i < w->live.len; i++) {
		const struct active *a = w->live.items[i];

		for (size_t g = 0; g < a->gpu_count; g++)
			for (size_t m = 0; m < count; m++)
				if (strcmp(gpus[m].uuid, a->gpus[g]) == 0)
					gpus[m].held = true;
	}
}

void work_sight(struct work *w, struct engine_sight *out)
{
	*out = (struct engine_sight){0};
	if (w->engine && w->engine->ops->sight)
		w->engine->ops->sight(w->engine, out);
}

const struct active *work_gpu_holder(const struct work *w, const char *uuid)
{
	for (size_t i = 0; i < w->live.len; i++) {
		const struct active *a = w->live.items[i];

		for (size_t g = 0; g < a->gpu_count; g++)
			if (strcmp(a->gpus[g], uuid) == 0)
				return a;
	}
	return NULL;
}

void reconcile_machine(struct work *w, struct machine_view *out)
{
	struct plan_cluster *c = &out->cluster;
	size_t gpus = 0;

	w->engine->ops->machine(w->engine, c);
	out->nodes = mem_alloc((c->node_count + 1) * sizeof *out->nodes);
	for (size_t i = 0; i < c->node_count; i++)
		gpus += c->nodes[i].gpu_count;
	out->gpus = mem_alloc((gpus + 1) * sizeof *out->gpus);
	gpus = 0;
	for (size_t i = 0; i < c->node_count; i++) {
		struct plan_node *n = &out->nodes[i];

		*n = c->nodes[i];
		if (n->gpu_count)
			memcpy(&out->gpus[gpus], n->gpus, n->gpu_count * sizeof *n->gpus);
		n->gpus = &out->gpus[gpus];
		gpus += n->gpu_count;
	}
	gpus_hold(w, out->gpus, gpus);
	out->text = (struct arena)ARENA_INIT;
	drains_tell(w, out->nodes, c->node_count, &out->text);
	c->nodes = out->nodes;
}

void machine_view_release(struct machine_view *m)
{
	free(m->nodes);
	free(m->gpus);
	arena_release(&m->text);
}

bool reconcile_possible(struct work *w, const struct kind *k, const void *row, struct err *e)
{
	const struct work_policy *policy = w->told.policy(w->told.ctx, k);
	struct plan_limits limits = {0};
	struct plan_org org = {0};
	struct task_program program;
	struct plan_cluster cluster;
	struct plan_gang gang;
	struct claim claim;

	if (work_limits(w, ((const struct workload *)row)->org_id, &limits, &org.name))
		org.limits = &limits;
	policy->claim(&claim, row);
	policy->gang(&gang, &claim, row);
	gang.part = policy->part;
	gang.org = &org;
	policy->program(&program, row);
	w->engine->ops->machine(w->engine, &cluster);
	return plan_possible(&gang, &cluster, e) && w->engine->ops->check(w->engine, &program, e);
}
