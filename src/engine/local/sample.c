#include "engine/local/local.h"

#include "base/proctree.h"
#include "base/timefmt.h"

#include <math.h>
#include <stdlib.h>

/* One pass over /proc serves all tasks that have no group. */
struct sampled_task {
	char *key;
	int shim_pid;
	struct proctree_usage usage;
	struct proctree_meter meter; /* the task's, and back */
	int64_t memory;
	bool lives;
};

struct sample {
	uv_work_t req;
	struct local *local;
	VEC(struct sampled_task) tasks;
	int64_t now; /* monotonic ms of the pass */
};

static void unmark(struct proctree *tree)
{
	for (size_t i = 0; i < tree->count; i++)
		tree->list[i].marked = false;
}

/* What its group tells; files that the kernel caches and can have back at once are nobody's use. */
static bool sample_group(const struct sample *s, struct sampled_task *one)
{
	const struct local *l = s->local;
	struct arena a = ARENA_INIT;
	const char *const *group = local_group_of(&l->groups, one->key, &a);
	int64_t cpu_ns, used, cache = 0;
	bool known = l->limits == LOCAL_LIMITS_CGROUP &&
		cgroup_read(group, CGROUP_CPU_USED, &cpu_ns) &&
		cgroup_read(group, CGROUP_MEMORY_USED, &used);

	if (known) {
		cgroup_read(group, CGROUP_MEMORY_CACHE, &cache);
		one->memory = used > cache ? used - cache : 0;
		one->usage.cpu_ms = cpu_ns / 1000000;
		one->lives = true;
	}
	arena_release(&a);
	return known;
}

static void sample_processes(struct proctree *tree, struct sampled_task *one)
{
	unmark(tree);
	proctree_mark_below(tree, one->shim_pid);
	one->usage = proctree_usage_marked(tree);
	one->memory = proctree_memory(&one->meter, tree, &one->usage);
	one->lives = one->usage.count > 0;
}

static void sample_run(uv_work_t *req)
{
	struct sample *s = req->data;
	struct proctree tree = PROCTREE_INIT;
	bool scanned = false, seen = false;

	s->now = time_mono_ms();
	for (size_t i = 0; i < s->tasks.len; i++) {
		if (sample_group(s, &s->tasks.items[i]))
			continue;
		if (!scanned)
			seen = proctree_scan(&tree);
		scanned = true;
		if (seen)
			sample_processes(&tree, &s->tasks.items[i]);
	}
	proctree_release(&tree);
}

static void tell(struct local *l, struct local_task *t, const struct sampled_task *one, int64_t now)
{
	const struct proctree_usage *u = &one->usage;
	struct task_sample out = {.cpu_percent = NAN, .memory = one->memory, .gpu_util = NAN};
	int64_t cpu = u->cpu_ms - t->cpu_ms, wall = now - t->sampled_at;

	/* The sum falls when a process ends whose parent has not waited for it yet. */
	if (t->cpu_ms >= 0 && wall > 0)
		out.cpu_percent = cpu > 0 ? 100.0 * (double)cpu / (double)wall : 0;
	t->cpu_ms = u->cpu_ms;
	t->sampled_at = now;
	t->meter = one->meter;
	l->events.sampled(l->events.ctx, &t->ref, &out);
}

static void sample_done(uv_work_t *req, int status)
{
	struct sample *s = req->data;
	struct local *l = s->local;

	(void)status;
	for (size_t i = 0; i < s->tasks.len; i++) {
		struct sampled_task *one = &s->tasks.items[i];
		struct local_task *t = map_get(&l->tasks, one->key);

		if (!l->closing && t && t->link && one->lives)
			tell(l, t, one, s->now);
		free(one->key);
	}
	vec_release(&s->tasks);
	free(s);
	l->sampling = false;
	local_drop(l);
}

static void sample_tick(uv_timer_t *timer)
{
	struct local *l = timer->data;
	struct sample *s;
	const char *key;
	void *value;

	if (l->sampling) /* the machine is busy: one pass at a time */
		return;
	s = mem_alloc(sizeof *s);
	for (size_t at = 0; map_next(&l->tasks, &at, &key, &value);) {
		const struct local_task *t = value;
		struct sampled_task one = {.shim_pid = t->shim_pid, .meter = t->meter};

		if (t->link == NULL || t->shim_pid <= 0 || t->stray)
			continue;
		one.key = mem_strdup(key);
		vec_push(&s->tasks, one);
	}
	s->local = l;
	s->req.data = s;
	l->sampling = true;
	local_hold(l);
	uv_queue_work(l->loop, &s->req, sample_run, sample_done);
}

void local_sample_update(struct local *l)
{
	uv_handle_t *handle = (uv_handle_t *)&l->sample_timer;
	bool wanted = l->linked > 0 && l->sample_ms > 0 && !l->closing;

	if (wanted && !uv_is_active(handle))
		uv_timer_start(&l->sample_timer, sample_tick, (uint64_t)l->sample_ms,
			(uint64_t)l->sample_ms);
	else if (!wanted && uv_is_active(handle))
		uv_timer_stop(&l->sample_timer);
}
