#include "engine/fake/fake.h"
#include "engine/fake/settings.h"

#include "base/timefmt.h"
#include "core/kinds/task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t fake_next(struct fake *f)
{
	f->random += 0x9E3779B97F4A7C15u;
	return made_hash(f->random, 0, 0);
}

uint64_t fake_below(struct fake *f, uint64_t n)
{
	return fake_next(f) % n;
}

/* "a|b": the one of node i. */
static const char *value_of(struct arena *a, const char *values, size_t i)
{
	size_t count = 1, len;

	for (const char *s = values; *s; s++)
		count += *s == '|';
	for (i %= count; i > 0; i--)
		values = strchr(values, '|') + 1;
	len = strcspn(values, "|");
	return arena_strndup(a, values, len);
}

static struct labels labels_of(struct fake *f, const struct labels *from, size_t i)
{
	struct label *items = arena_alloc(&f->texts, (from->len + 1) * sizeof *items);

	for (size_t k = 0; k < from->len; k++) {
		items[k].key = arena_strdup(&f->texts, from->items[k].key);
		items[k].value = value_of(&f->texts, from->items[k].value, i);
	}
	return (struct labels){items, from->len};
}

/* GPUs in order, as many on each node but the last, which may have fewer. */
static void nodes_make(struct fake *f, const struct fake_settings *set, size_t count)
{
	size_t n = f->gpu_count;

	f->nodes = mem_alloc(count * sizeof *f->nodes);
	f->node_names = mem_alloc(count * sizeof *f->node_names);
	f->node_count = count;
	for (size_t i = 0; i < count; i++) {
		size_t from = made_node_of(n, count, i), to = made_node_of(n, count, i + 1);

		made_node(f->node_names[i], i);
		f->nodes[i] = (struct plan_node){.name = f->node_names[i],
			.labels = labels_of(f, &set->labels, i),
			.gpus = f->gpus + from,
			.gpu_count = to - from,
			.cpu_total = {(int64_t)(to - from > 8 ? to - from : 8) * 8000}};
	}
}

static void machine_make(struct fake *f, const struct fake_settings *set)
{
	int64_t count = set->gpus;
	size_t n = (size_t)(count < 0 ? 0 : count > PLAN_GPUS_MAX ? PLAN_GPUS_MAX : count);

	f->gpus = mem_alloc((n + 1) * sizeof *f->gpus);
	f->gpu_uuids = mem_alloc((n + 1) * sizeof *f->gpu_uuids);
	for (size_t i = 0; i < n; i++) {
		made_gpu(f->gpu_uuids[i], i);
		f->gpus[i] = (struct plan_gpu){.uuid = f->gpu_uuids[i], .usable = true};
	}
	f->gpu_count = n;
	nodes_make(f, set, made_nodes(set->gpus, set->nodes));
	fake_sight_open(f);
}

static bool fake_open(struct engine **out, const struct engine_config *c, struct err *e)
{
	struct fake *f = mem_alloc(sizeof *f);
	const struct fake_settings *set = c->settings;

	(void)e;
	f->base.ops = &engine_fake;
	f->loop = c->loop;
	f->events = c->events;
	f->random = (uint64_t)set->seed;
	f->changes = set->changes;
	machine_make(f, set);
	uv_timer_init(f->loop, &f->change_timer);
	uv_timer_init(f->loop, &f->task_timer);
	f->change_timer.data = f->task_timer.data = f;
	*out = &f->base;
	return true;
}

static void fake_free(struct fake *f)
{
	const char *key;
	void *value;

	for (size_t at = 0; map_next(&f->tasks, &at, &key, &value);)
		fake_task_free(value);
	map_release(&f->tasks);
	vec_release(&f->moving);
	arena_release(&f->texts);
	free(f->nodes);
	free(f->node_names);
	free(f->gpus);
	free(f->seen);
	free(f->gpu_uuids);
	free(f);
}

static void handle_closed(uv_handle_t *handle)
{
	struct fake *f = handle->data;
	void (*done)(void *) = f->closed;
	void *ctx = f->closed_ctx;

	if (--f->closing > 0)
		return;
	fake_free(f);
	if (done)
		done(ctx);
}

static void fake_close(struct engine *en, void (*done)(void *ctx), void *ctx)
{
	struct fake *f = (struct fake *)en;

	f->closed = done;
	f->closed_ctx = ctx;
	f->closing = 2;
	uv_close((uv_handle_t *)&f->change_timer, handle_closed);
	uv_close((uv_handle_t *)&f->task_timer, handle_closed);
}

static void fake_machine(struct engine *en, struct plan_cluster *out)
{
	const struct fake *f = (struct fake *)en;

	*out = (struct plan_cluster){.nodes = f->nodes, .node_count = f->node_count};
}

/* Tasks of people's do not outlive a fake platform: they have never started here. */
static void fake_adopt(struct engine *en, const struct task_ref *known, size_t count)
{
	struct fake *f = (struct fake *)en;

	for (size_t i = 0; i < count; i++) {
		struct task_exit end = {.end = TASK_END_START, .finish_code = -1};

		if (fake_task_adopt(f, &known[i]))
			f->events.started(f->events.ctx, &known[i],
				fake_task_find(f, &known[i])->start);
		else
			f->events.ended(f->events.ctx, &known[i], &end, REASON_RETRY);
	}
}

static bool fake_check(struct engine *en, const struct task_program *p, struct err *e)
{
	(void)en;
	(void)p;
	(void)e;
	return true;
}

static void fake_start(struct engine *en, const struct task_launch *launch)
{
	fake_task_start((struct fake *)en, launch);
}

static void fake_stop(struct engine *en, const struct task_ref *ref, int64_t grace_ms)
{
	struct fake *f = (struct fake *)en;
	struct fake_task *t = fake_task_find(f, ref);

	(void)grace_ms;
	if (t && !t->ended)
		fake_task_stop(f, t);
}

static void fake_forget(struct engine *en, const char *uid, const char *org_name)
{
	struct fake *f = (struct fake *)en;
	VEC(struct fake_task *) gone = {0};
	const char *key;
	void *value;

	(void)org_name;
	for (size_t at = 0; map_next(&f->tasks, &at, &key, &value);) {
		struct fake_task *t = value;

		if (strcmp(t->uid, uid) == 0 && t->ended)
			vec_push(&gone, t);
	}
	for (size_t i = 0; i < gone.len; i++) {
		map_remove(&f->tasks, gone.items[i]->key);
		fake_task_free(gone.items[i]);
	}
	vec_release(&gone);
}

/* What there is of the log of an attempt. */
struct known_log {
	struct made_log log;
	uint64_t end;
	bool final;
};

static bool log_of_task(const struct fake_task *t, struct known_log *out)
{
	if (t->start == 0)
		return false;
	*out = (struct known_log){fake_task_log(t), t->log_told, t->ended};
	return true;
}

/* Of a job that had ended before this engine began. */
static bool log_of_past(const struct task_ref *ref, struct known_log *out)
{
	struct made m;

	if (ref->attempt != 1 || strcmp(ref->task, task_single) || !made_read(&m, ref->uid) ||
		m.class == MADE_WAITING)
		return false;
	*out = (struct known_log){.log = made_log(&m, 1), .final = true};
	out->end = made_log_length(out->log.total, made_part(&m) * (double)out->log.total);
	return true;
}

static enum log_step fake_log_ask(struct engine *en, const struct task_ref *ref,
	struct log_ask *ask)
{
	struct fake_task *t = fake_task_find((struct fake *)en, ref);
	struct known_log log;

	if (!(t ? log_of_task(t, &log) : log_of_past(ref, &log))) {
		err_set(&ask->e, ERR_NOT_FOUND, "the task has no log yet");
		return LOG_NONE;
	}
	if (ask->size == 0) {
		ask->range = (struct log_range){.newest = log.end, .final = log.final};
		return LOG_BEGUN;
	}
	ask->len = made_log_read(&log.log, log.end, ask->offset, ask->out, ask->size);
	return ask->len > 0 ? LOG_BYTES : LOG_END;
}

const struct engine_ops engine_fake = {
	.name = "fake",
	.enforces = "none",
	.open = fake_open,
	.close = fake_close,
	.machine = fake_machine,
	.sight = fake_sight,
	.adopt = fake_adopt,
	.check = fake_check,
	.start = fake_start,
	.stop = fake_stop,
	.forget = fake_forget,
	.past = fake_past,
	.log_ask = fake_log_ask,
};
