/* Nodes: what the engine has, and what runs asks of it. */
#include "core/kinds/gpu.h"
#include "core/kinds/node.h"
#include "kinds/kinds.h"

#include <string.h>

/* What is being started may not say where yet: it counts once it does. */
static void node_add_work(struct node *n, const struct active *a)
{
	const struct workload *row = a->work;

	if (!work_state_live(row->state) || row->node_name == NULL ||
		strcmp(row->node_name, n->name) != 0)
		return;
	n->tasks++;
	n->cpu_used.v += a->claim.cpu;
	n->memory_used.v += a->claim.memory;
	n->gpu_used += a->claim.gpus;
}

static void node_add_works(struct platform *p, struct node *n)
{
	for (size_t i = 0; i < p->work.live.len; i++)
		node_add_work(n, p->work.live.items[i]);
}

static bool node_full(const struct node *n, const struct plan_node *from)
{
	return n->cpu_used.v >= n->cpu_total.v || (from->max_tasks && n->tasks >= from->max_tasks);
}

static struct records node_gpus(const struct plan_node *from, struct arena *a)
{
	struct gpu *gpus = arena_alloc(a, (from->gpu_count + 1) * sizeof *gpus);

	for (size_t i = 0; i < from->gpu_count; i++) {
		const struct plan_gpu *g = &from->gpus[i];

		record_set(gpu, &gpus[i], uuid, g->uuid);
		record_set(gpu, &gpus[i], state,
			!g->usable        ? GPU_LOST
				: g->held ? GPU_USED
					  : GPU_FREE);
	}
	return (struct records){gpus, from->gpu_count};
}

static void node_put(struct platform *p, struct rowset *out, const struct plan_node *from)
{
	struct node n = {.name = NULL};
	struct arena a = ARENA_INIT;

	record_set(node, &n, name, from->name ? from->name : "");
	if (from->labels.len)
		record_set(node, &n, labels, from->labels);
	record_set(node, &n, cpu_total, from->cpu_total);
	if (from->memory_total.v > 0)
		record_set(node, &n, memory_total, from->memory_total);
	record_set(node, &n, gpu_total, (int64_t)from->gpu_count);
	node_add_works(p, &n);
	record_set(node, &n, tasks, n.tasks);
	record_set(node, &n, cpu_used, n.cpu_used);
	record_set(node, &n, memory_used, n.memory_used);
	record_set(node, &n, gpu_used, n.gpu_used);
	record_set(node, &n, state, node_full(&n, from) ? NODE_FULL : NODE_READY);
	if (from->gpu_count)
		record_set(node, &n, gpus, node_gpus(from, &a));
	rowset_put(out, &n, NULL);
	arena_release(&a);
}

static void nodes_look(struct platform *p, struct rowset *out)
{
	struct machine_view m;

	reconcile_machine(&p->work, &m);
	for (size_t i = 0; i < m.cluster.node_count; i++)
		node_put(p, out, &m.cluster.nodes[i]);
	machine_view_release(&m);
}

const struct kind_handlers node_handlers = {
	.kind = &node_kind,
	.look = nodes_look,
};
