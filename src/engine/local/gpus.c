/* The GPUs of this machine in the words of plan and engine, from what the watch reads of drivers. */
#include "engine/local/local.h"
#include "engine/local/settings.h"

#include "base/sanitize.h"
#include "engine/gpu/gpu.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct shim_of {
	int pid;
	const char *uid;
};

struct local_gpus {
	struct gpu_watch *watch;
	bool share;
	char library[64]; /* for people */
	/* What was told last; all of it is in the arena. */
	struct arena arena;
	struct engine_gpu *list;
	size_t count;
	struct plan_gpu *plan;
	size_t plan_count;
	struct engine_load load;
	const char *none, *driver, *unknown;
};

/* One look: the new list is made beside the old one. */
struct look {
	struct local *l;
	const struct gpu_reading *r;
	struct arena arena;
	VEC(struct shim_of) shims;
	struct engine_gpu *list;
	size_t count;
};

static bool said(const char *text)
{
	return text && *text;
}

static const char *clean(struct look *k, const char *bytes)
{
	struct buf b = BUF_INIT;
	const char *out;

	sanitize_text(&b, bytes, strlen(bytes));
	out = arena_strdup(&k->arena, b.data ? b.data : "");
	buf_release(&b);
	return out;
}

/* ---- Whose processes ---- */

static void shims_find(struct look *k)
{
	const char *key;
	void *value;

	for (size_t at = 0; map_next(&k->l->tasks, &at, &key, &value);) {
		const struct local_task *t = value;
		struct shim_of one = {.pid = t->shim_pid, .uid = t->uid};

		if (t->shim_pid > 0 && !t->stray)
			vec_push(&k->shims, one);
	}
}

/* All that a task starts stays below its shim, whatever it does: that one is its subreaper. */
static const char *shim_above(const struct look *k, const struct gpu_process *p)
{
	for (size_t i = 0; i < GPU_ANCESTORS && p->above[i]; i++)
		for (size_t s = 0; s < k->shims.len; s++)
			if (k->shims.items[s].pid == p->above[i])
				return k->shims.items[s].uid;
	return NULL;
}

static enum engine_whose process_whose(const struct look *k, const struct gpu_process *p,
	const char **uid)
{
	*uid = p->there ? shim_above(k, p) : NULL;
	if (*uid)
		return WHOSE_TASK;
	/* Its task may have ended since the driver was asked. */
	return !p->there || (kill(p->pid, 0) < 0 && errno == ESRCH) ? WHOSE_UNKNOWN : WHOSE_OTHER;
}

static void processes_put(struct look *k, struct engine_gpu *g, const struct gpu_seen *seen)
{
	struct engine_gpu_process *out = arena_alloc(&k->arena,
		(seen->process_count + 1) * sizeof *out);
	const char *holder = k->l->events.gpu_holder
		? k->l->events.gpu_holder(k->l->events.ctx, g->uuid)
		: NULL;

	for (size_t i = 0; i < seen->process_count; i++) {
		const struct gpu_process *p = &k->r->processes.items[seen->process_at + i];
		char name[sizeof p->name + 1] = "";
		const char *uid;

		memcpy(name, p->name, sizeof p->name);
		out[i] = (struct engine_gpu_process){.pid = p->pid, .memory = p->memory};
		out[i].whose = process_whose(k, p, &uid);
		out[i].uid = uid ? arena_strdup(&k->arena, uid) : NULL;
		snprintf(out[i].name, sizeof out[i].name, "%s", clean(k, name));
		g->others |= out[i].whose == WHOSE_OTHER ||
			(uid && (holder == NULL || strcmp(uid, holder) != 0));
	}
	g->processes = out;
	g->process_count = seen->process_count;
	g->processes_known = seen->processes_known;
}

/* ---- GPUs ---- */

static void gpu_unknown(struct engine_gpu *g)
{
	g->util = g->temperature = g->power = g->fan = (double)NAN;
	g->memory_used = g->clock = g->memory_clock = -1;
	g->processes_known = g->others = false;
	g->process_count = 0;
}

static void gpu_put(struct look *k, const struct gpu_seen *seen)
{
	struct engine_gpu *g = &k->list[k->count++];

	*g = (struct engine_gpu){.uuid = clean(k, seen->uuid),
		.name = clean(k, seen->name),
		.node = k->l->node_name,
		.parent = *seen->parent ? clean(k, seen->parent) : NULL,
		.pci = clean(k, seen->pci),
		.index = seen->index,
		.state = seen->lost ? ENGINE_GPU_LOST
			: seen->mig ? ENGINE_GPU_MIG
				    : ENGINE_GPU_WELL,
		.util = seen->util,
		.temperature = seen->temperature,
		.power = seen->power,
		.power_limit = seen->power_limit,
		.fan = seen->fan,
		.memory_used = seen->memory_used,
		.memory_total = seen->memory_total,
		.clock = seen->clock,
		.memory_clock = seen->memory_clock};
	processes_put(k, g, seen);
	if (seen->lost)
		gpu_unknown(g);
}

static bool listed(const struct look *k, const char *uuid)
{
	for (size_t i = 0; i < k->count; i++)
		if (strcmp(k->list[i].uuid, uuid) == 0)
			return true;
	return false;
}

/*
 * One that was there and is not told of any more fell off its bus. MIG devices come and go, and who had
 * no name yet has one now.
 */
static void gpu_keep(struct look *k, const struct engine_gpu *old, enum engine_gpu_state state,
	int64_t as_of)
{
	struct engine_gpu *g = &k->list[k->count];

	bool nameless = strncmp(old->uuid, GPU_NAMELESS, strlen(GPU_NAMELESS)) == 0;

	if ((old->parent || nameless) && state == ENGINE_GPU_LOST)
		return;
	*g = *old;
	g->uuid = arena_strdup(&k->arena, old->uuid);
	g->name = arena_strdup(&k->arena, old->name);
	g->pci = arena_strdup(&k->arena, old->pci);
	g->parent = old->parent ? arena_strdup(&k->arena, old->parent) : NULL;
	g->state = old->state == ENGINE_GPU_LOST ? ENGINE_GPU_LOST : state;
	g->as_of = as_of;
	gpu_unknown(g);
	k->count++;
}

static void list_make(struct look *k, bool stalled)
{
	const struct local_gpus *old = k->l->gpus;
	size_t seen = stalled ? 0 : k->r->gpus.len;

	k->list = arena_alloc(&k->arena, (seen + old->count + 1) * sizeof *k->list);
	for (size_t i = 0; i < seen; i++)
		if (!listed(k, k->r->gpus.items[i].uuid))
			gpu_put(k, &k->r->gpus.items[i]);
	for (size_t i = 0; i < old->count; i++)
		if (stalled)
			gpu_keep(k, &old->list[i], ENGINE_GPU_STALLED,
				old->list[i].as_of ? old->list[i].as_of : k->r->wall);
		else if (!listed(k, old->list[i].uuid))
			gpu_keep(k, &old->list[i], ENGINE_GPU_LOST, 0);
}

/* ---- What the planner may count on ---- */

static const char *why_not(const struct local_gpus *g, const struct engine_gpu *gpu)
{
	if (gpu->state == ENGINE_GPU_LOST)
		return "lost";
	if (gpu->state == ENGINE_GPU_STALLED)
		return "with a driver that does not answer";
	return gpu->others && !g->share ? "used outside of their jobs" : NULL;
}

/* Numbers for places: of those that are alike the first one's. */
static uint8_t place_number(const struct look *k, const char *uuid)
{
	const struct gpu_seen *all = k->r ? k->r->gpus.items : NULL;
	size_t count = k->r ? k->r->gpus.len : 0, own = count;

	for (size_t i = 0; i < count; i++)
		if (strcmp(all[i].uuid, uuid) == 0)
			own = i;
	for (size_t i = 0; i < own && own < count; i++)
		if (strcmp(all[i].place, all[own].place) == 0)
			return (uint8_t)i;
	return (uint8_t)(own < count ? own : 0);
}

/* Whole GPUs only: nothing is given a MIG device, nor one that is divided. */
static void plan_make_gpus(struct look *k, struct local_gpus *g)
{
	g->plan = arena_alloc(&k->arena, (k->count + 1) * sizeof *g->plan);
	g->plan_count = 0;
	for (size_t i = 0; i < k->count; i++) {
		const struct engine_gpu *gpu = &k->list[i];
		const char *why = why_not(g, gpu);

		if (gpu->parent || gpu->state == ENGINE_GPU_MIG)
			continue;
		g->plan[g->plan_count++] = (struct plan_gpu){.uuid = gpu->uuid,
			.usable = why == NULL,
			.why = why,
			.place = place_number(k, gpu->uuid)};
	}
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool plan_same(const struct plan_node *old, const struct local_gpus *g)
{
	if (old->gpu_count != g->plan_count || !same_text(old->gpus_unknown, g->unknown))
		return false;
	for (size_t i = 0; i < g->plan_count; i++)
		if (strcmp(old->gpus[i].uuid, g->plan[i].uuid) != 0 ||
			!same_text(old->gpus[i].why, g->plan[i].why))
			return false;
	return true;
}

/* ---- All of it ---- */

static const char *none_text(struct look *k, const struct local_gpus *g, bool stalled)
{
	char text[400];

	if (k->count > 0)
		return NULL;
	if (stalled)
		return "the GPU driver does not answer: look at nvidia-smi and dmesg";
	if (k->r == NULL)
		return "the GPU driver has not answered yet";
	if (*k->r->trouble)
		return clean(k, k->r->trouble);
	if (k->r->none)
		snprintf(text, sizeof text,
			"this machine has no GPU: there is neither NVIDIA's library (%s) nor an AMD "
			"GPU",
			g->library);
	else
		snprintf(text, sizeof text, "this machine has no GPU: its driver tells of none");
	return clean(k, text);
}

static void load_put(struct local_gpus *g, const struct local *l, const struct gpu_reading *r,
	bool stalled)
{
	g->load = (struct engine_load){.node = l->node_name,
		.cpu = (double)NAN,
		.memory = -1,
		.received = -1,
		.sent = -1};
	if (r == NULL || stalled)
		return;
	g->load.cpu = r->machine.cpu;
	g->load.memory = r->machine.memory;
	g->load.received = r->machine.received;
	g->load.sent = r->machine.sent;
}

/* Swaps the new for the old; true when the planner has to look again. */
static bool look_put(struct look *k, struct local_gpus *g, bool stalled)
{
	struct plan_node *node = &k->l->machine, old = *node;
	struct arena before = g->arena;
	bool same;

	g->none = none_text(k, g, stalled);
	g->unknown = k->r ? NULL
		: stalled ? "its GPU driver does not answer"
			  : "its GPU driver has not answered yet";
	g->driver = k->r && *k->r->driver ? clean(k, k->r->driver) : NULL;
	load_put(g, k->l, k->r, stalled);
	plan_make_gpus(k, g);
	g->list = k->list;
	g->count = k->count;
	g->arena = k->arena;
	node->gpus = g->plan;
	node->gpu_count = g->plan_count;
	node->gpus_unknown = g->unknown;
	same = plan_same(&old, g);
	arena_release(&before);
	return !same;
}

static void watch_told(void *ctx)
{
	struct local *l = ctx;
	struct local_gpus *g = l->gpus;
	bool stalled = gpu_watch_stalled(g->watch), changed;
	struct look k = {.l = l, .r = gpu_watch_reading(g->watch), .arena = ARENA_INIT};

	if (l->closing)
		return;
	shims_find(&k);
	list_make(&k, stalled || k.r == NULL);
	changed = look_put(&k, g, stalled);
	vec_release(&k.shims);
	if (changed)
		l->events.machine_changed(l->events.ctx);
	if (l->events.machine_sampled)
		l->events.machine_sampled(l->events.ctx);
}

void local_gpus_open(struct local *l, const struct local_settings *set)
{
	struct local_gpus *g = l->gpus = mem_alloc(sizeof *g);
	const struct gpu_options o = {
		.library = said(set->gpu_library) ? set->gpu_library : "libnvidia-ml.so.1",
		.sysfs = said(set->gpu_sysfs) ? set->gpu_sysfs : "/sys",
		.period = set->sample.v > 0 ? set->sample.v : 2000,
	};

	g->share = set->gpu_share;
	snprintf(g->library, sizeof g->library, "%s", o.library);
	g->none = "the GPU driver has not answered yet";
	l->machine.gpus_unknown = g->unknown = "its GPU driver has not answered yet";
	load_put(g, l, NULL, false);
	g->watch = gpu_watch_open(l->loop, &o, watch_told, l);
	local_hold(l);
}

static void watch_closed(void *ctx)
{
	local_drop(ctx);
}

void local_gpus_close(struct local *l)
{
	gpu_watch_close(l->gpus->watch, watch_closed);
}

void local_gpus_free(struct local_gpus *g)
{
	if (g == NULL)
		return;
	arena_release(&g->arena);
	free(g);
}

void local_sight(struct engine *en, struct engine_sight *out)
{
	const struct local_gpus *g = ((struct local *)en)->gpus;

	*out = (struct engine_sight){.gpus = g->list,
		.gpu_count = g->count,
		.loads = &g->load,
		.load_count = 1,
		.driver = g->driver,
		.none = g->none};
}

bool local_gpus_amd(const struct local *l, const char *const *gpus, size_t count)
{
	const struct gpu_reading *r = gpu_watch_reading(l->gpus->watch);

	for (size_t i = 0; r && count && i < r->gpus.len; i++)
		if (strcmp(r->gpus.items[i].uuid, gpus[0]) == 0)
			return r->gpus.items[i].vendor == GPU_AMD;
	return false;
}
