/* GPUs: what the engine sees of them, and which job has each. */
#include "core/kinds/gpu.h"
#include "kinds/kinds.h"
#include "work/drains.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define gpu_set(g, member, value) record_set(gpu, g, member, value)

static void put_values(struct gpu *g, const struct engine_gpu *from)
{
	if (!isnan(from->util))
		gpu_set(g, util, (struct percent){from->util});
	if (!isnan(from->fan))
		gpu_set(g, fan, (struct percent){from->fan});
	if (!isnan(from->temperature))
		gpu_set(g, temperature, from->temperature);
	if (!isnan(from->power))
		gpu_set(g, power, from->power);
	if (!isnan(from->power_limit))
		gpu_set(g, power_limit, from->power_limit);
	if (from->memory_used >= 0)
		gpu_set(g, mem_used, (struct bytes){from->memory_used});
	if (from->memory_total >= 0)
		gpu_set(g, mem_total, (struct bytes){from->memory_total});
	if (from->clock >= 0)
		gpu_set(g, clock, from->clock);
	if (from->memory_clock >= 0)
		gpu_set(g, memory_clock, from->memory_clock);
	if (from->as_of)
		gpu_set(g, as_of, (struct when){from->as_of});
}

static void put_facts(struct gpu *g, const struct engine_gpu *from)
{
	gpu_set(g, uid, from->uuid);
	gpu_set(g, uuid, from->uuid);
	gpu_set(g, index, from->index);
	gpu_set(g, node_name, from->node);
	if (from->name && *from->name)
		gpu_set(g, name, from->name);
	if (from->parent)
		gpu_set(g, parent, from->parent);
	if (from->pci && *from->pci)
		gpu_set(g, pci, from->pci);
}

static enum gpu_state state_of(struct platform *p, const struct engine_gpu *from, bool held)
{
	switch (from->state) {
	case ENGINE_GPU_LOST: return GPU_LOST;
	case ENGINE_GPU_STALLED: return GPU_STALLED;
	case ENGINE_GPU_MIG: return GPU_MIG;
	default: break;
	}
	if (from->parent)
		return GPU_MIG;
	if (held || from->others)
		return held ? GPU_USED : GPU_FOREIGN;
	return drains_hold(&p->work, from->node) ? GPU_DRAINED : GPU_FREE;
}

static const char *message_of(const struct engine_gpu *from, enum gpu_state state)
{
	switch (state) {
	case GPU_LOST: return "the driver says that it is lost: it has to be reset";
	case GPU_STALLED: return "its driver does not answer: its values are not known";
	case GPU_FOREIGN: return "a process that no job holds it for uses it: it is not given out";
	case GPU_MIG:
		return from->parent ? "a MIG device: jobs do not get parts of a GPU"
				    : "divided into MIG devices: jobs do not get it";
	case GPU_DRAINED: return "its node is drained: nothing new starts there";
	case GPU_USED:
		return from->others ? "a process that is not of its job uses it as well" : NULL;
	default: return NULL;
	}
}

/* Its name, where who sees the row of the job `by` may see that one, too. */
static const char *job_of(struct platform *p, const struct active *by, const char *uid)
{
	const struct active *a = uid ? work_active(&p->work, uid) : NULL;

	if (a == NULL)
		return NULL;
	if (p->limits.shared && (by == NULL || strcmp(by->work->org_id, a->work->org_id) != 0))
		return NULL;
	return record_key(a->kind, a->work);
}

static void put_processes(struct platform *p, struct gpu *g, const struct engine_gpu *from,
	const struct active *by, struct arena *a)
{
	struct gpu_process_row *rows;

	if (!from->processes_known)
		return;
	rows = arena_alloc(a, (from->process_count + 1) * sizeof *rows);
	for (size_t i = 0; i < from->process_count; i++) {
		const struct engine_gpu_process *one = &from->processes[i];
		const char *job = job_of(p, by, one->uid);
		char pid[24];

		snprintf(pid, sizeof pid, "%lld", (long long)one->pid);
		record_set(gpu_process_row, &rows[i], pid, arena_strdup(a, pid));
		if (*one->name)
			record_set(gpu_process_row, &rows[i], name, one->name);
		if (one->memory >= 0)
			record_set(gpu_process_row, &rows[i], memory, (struct bytes){one->memory});
		if (job)
			record_set(gpu_process_row, &rows[i], job_name, job);
	}
	gpu_set(g, processes, ((struct records){rows, from->process_count}));
}

static void put_holder(struct gpu *g, const struct active *by)
{
	const struct workload *w = by->work;

	gpu_set(g, holder, w->org_id);
	gpu_set(g, org_name, w->org_name);
	gpu_set(g, job_uid, w->uid);
	gpu_set(g, job_name, record_key(by->kind, w));
	if (w->owner)
		gpu_set(g, owner, w->owner);
}

/* The row for everybody who may not see that org's. */
static void put_veil(struct rowset *out, const struct gpu *of)
{
	struct gpu g = *of;
	char uid[512];

	snprintf(uid, sizeof uid, "%s~", of->uuid);
	gpu_set(&g, uid, uid);
	gpu_set(&g, veils, of->holder);
	record_drop(gpu, &g, holder);
	record_drop(gpu, &g, org_name);
	record_drop(gpu, &g, job_uid);
	record_drop(gpu, &g, job_name);
	record_drop(gpu, &g, owner);
	record_drop(gpu, &g, processes);
	rowset_put(out, &g, NULL);
}

static void gpu_put(struct platform *p, struct rowset *out, const struct engine_gpu *from,
	const struct active *by)
{
	enum gpu_state state = state_of(p, from, by != NULL);
	const char *message = message_of(from, state);
	struct arena a = ARENA_INIT;
	struct gpu g = {.uid = NULL};

	put_facts(&g, from);
	put_values(&g, from);
	gpu_set(&g, state, state);
	if (message)
		gpu_set(&g, message, message);
	/* On a platform of many, what runs on a GPU that nobody holds is nobody's matter. */
	if (by || !p->limits.shared)
		put_processes(p, &g, from, by, &a);
	if (by)
		put_holder(&g, by);
	rowset_put(out, &g, NULL);
	if (by && p->limits.shared)
		put_veil(out, &g);
	arena_release(&a);
}

static void gpus_look(struct platform *p, struct rowset *out)
{
	struct engine_sight sight;

	work_sight(&p->work, &sight);
	for (size_t i = 0; i < sight.gpu_count; i++)
		gpu_put(p, out, &sight.gpus[i], work_gpu_holder(&p->work, sight.gpus[i].uuid));
}

/* By its uuid, as the caller may see it: generic_one knows no rows that stand for others. */
static void gpu_one(struct request *r)
{
	const struct rowset *rows = model_rows(&r->platform->model, &gpu_kind);

	if (request_org(r, &gpu_kind, true) == NULL)
		return;
	for (size_t i = 0; i < rows->len; i++) {
		const struct gpu *g = rows->rows[i];

		if (strcmp(g->uuid, r->params[0]) != 0 ||
			!model_visible(&r->who, &gpu_kind, g, MODEL_ALL_ORGS))
			continue;
		request_reply_row(r, &gpu_kind, g);
		return;
	}
	request_absent(r, &gpu_kind, r->params[0]);
}

static const struct route more[] = {
	{.method = METHOD_GET,
		.pattern = API "/gpus/{gpu}",
		.least = ROLE_VIEWER,
		.handle = gpu_one,
		.doc = "One gpu, by its uuid: ?fields=."},
	{.pattern = NULL},
};

const struct kind_handlers gpu_handlers = {
	.kind = &gpu_kind,
	.look = gpus_look,
	.more = more,
};
