/* Nodes: what the engine has, and what runs asks of it. */
#include "core/kinds/gpu.h"
#include "core/kinds/node.h"
#include "kinds/kinds.h"
#include "kinds/node_drain.h"

#include <math.h>
#include <stdio.h>
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

/* What the engine sees of it, where it sees anything. */
static void device_see(struct device *d, const struct engine_sight *sight)
{
	const struct engine_gpu *g = NULL;

	for (size_t i = 0; i < sight->gpu_count && g == NULL; i++)
		if (strcmp(sight->gpus[i].uuid, d->uuid) == 0)
			g = &sight->gpus[i];
	if (g == NULL)
		return;
	record_set(device, d, index, g->index);
	if (g->state == ENGINE_GPU_LOST || g->state == ENGINE_GPU_STALLED)
		record_set(device, d, state, g->state == ENGINE_GPU_LOST ? GPU_LOST : GPU_STALLED);
	else if (d->state == GPU_LOST)
		record_set(device, d, state, GPU_FOREIGN);
	if (!isnan(g->util))
		record_set(device, d, util, (struct percent){g->util});
	if (g->memory_used >= 0)
		record_set(device, d, mem_used, (struct bytes){g->memory_used});
	if (g->memory_total >= 0)
		record_set(device, d, mem_total, (struct bytes){g->memory_total});
	if (!isnan(g->temperature))
		record_set(device, d, temperature, g->temperature);
	if (!isnan(g->power))
		record_set(device, d, power, g->power);
	if (!isnan(g->power_limit))
		record_set(device, d, power_limit, g->power_limit);
}

static struct records node_gpus(const struct plan_node *from, const struct engine_sight *sight,
	struct arena *a)
{
	struct device *gpus = arena_alloc(a, (from->gpu_count + 1) * sizeof *gpus);

	for (size_t i = 0; i < from->gpu_count; i++) {
		const struct plan_gpu *g = &from->gpus[i];

		record_set(device, &gpus[i], uuid, g->uuid);
		record_set(device, &gpus[i], index, (int64_t)i);
		record_set(device, &gpus[i], state,
			g->held                 ? GPU_USED
				: !g->usable    ? GPU_LOST
				: from->drained ? GPU_DRAINED
						: GPU_FREE);
		device_see(&gpus[i], sight);
	}
	return (struct records){gpus, from->gpu_count};
}

/* The mean over its GPUs that tell. */
static void node_gpu_util(struct node *n, const struct engine_sight *sight)
{
	double sum = 0;
	size_t count = 0;

	for (size_t i = 0; i < sight->gpu_count; i++) {
		const struct engine_gpu *g = &sight->gpus[i];

		if (isnan(g->util) || g->parent || strcmp(g->node, n->name) != 0)
			continue;
		sum += g->util;
		count++;
	}
	if (count)
		record_set(node, n, gpu_util, (struct percent){sum / (double)count});
}

static void node_load(struct node *n, const struct engine_sight *sight)
{
	node_gpu_util(n, sight);
	if (sight->none)
		record_set(node, n, gpu_note, sight->none);
	for (size_t i = 0; i < sight->load_count; i++) {
		const struct engine_load *l = &sight->loads[i];

		if (strcmp(l->node, n->name) != 0)
			continue;
		if (!isnan(l->cpu))
			record_set(node, n, cpu_load, (struct percent){l->cpu});
		if (l->memory >= 0)
			record_set(node, n, memory_load, (struct bytes){l->memory});
		if (l->received >= 0)
			record_set(node, n, network_in, (struct bytes){l->received});
		if (l->sent >= 0)
			record_set(node, n, network_out, (struct bytes){l->sent});
	}
}

static void node_put(struct platform *p, struct rowset *out, const struct plan_node *from,
	const struct engine_sight *sight)
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
	node_drain_put(p, &n);
	if (from->gpu_count)
		record_set(node, &n, gpus, node_gpus(from, sight, &a));
	node_load(&n, sight);
	rowset_put(out, &n, NULL);
	arena_release(&a);
}

static void nodes_look(struct platform *p, struct rowset *out)
{
	struct engine_sight sight;
	struct machine_view m;

	work_sight(&p->work, &sight);
	reconcile_machine(&p->work, &m);
	for (size_t i = 0; i < m.cluster.node_count; i++)
		node_put(p, out, &m.cluster.nodes[i], &sight);
	nodes_away_put(p, out);
	machine_view_release(&m);
}

/* What is free of them all, as the public client shows it: texts. */
static void nodes_free(struct request *r)
{
	const struct rowset *nodes = model_rows(&r->platform->model, &node_kind);
	double cpu = 0, memory = 0;
	int64_t gpu = 0;
	char cpus[32], bytes[32];

	for (size_t i = 0; i < nodes->len; i++) {
		const struct node *n = nodes->rows[i];

		if (n->drained)
			continue;
		cpu += (double)(n->cpu_total.v - n->cpu_used.v) / 1000;
		memory += (double)(n->memory_total.v - n->memory_used.v) / (1 << 30);
		gpu += n->gpu_total - n->gpu_used;
	}
	snprintf(cpus, sizeof cpus, "%.1f", cpu > 0 ? cpu : 0);
	snprintf(bytes, sizeof bytes, "%.1fG", memory > 0 ? memory : 0);
	request_reply(r, 200,
		json_pack("{s:[{s:s, s:s, s:I}]}", "data", "available_cpu", cpus, "available_mem",
			bytes, "available_gpu", (json_int_t)(gpu > 0 ? gpu : 0)));
}

static const struct route more[] = {
	{.method = METHOD_GET,
		.pattern = API "/resources",
		.least = ROLE_VIEWER,
		.handle = nodes_free,
		.doc = "What is free of all nodes together, for the public client: {\"data\": "
		       "[{\"available_cpu\", \"available_mem\", \"available_gpu\"}]}."},
	{.pattern = NULL},
};

const struct kind_handlers node_handlers = {
	.kind = &node_kind,
	.look = nodes_look,
	.actions = node_handlers_actions,
	.more = more,
};
