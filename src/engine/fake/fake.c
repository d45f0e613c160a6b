#include "engine/fake/fake.h"

#include "core/kinds/task.h"
#include "base/timefmt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void gpus_make(struct fake *f, int64_t count)
{
	size_t n = (size_t)(count < 0 ? 0 : count > PLAN_GPUS_MAX ? PLAN_GPUS_MAX : count);

	f->gpus = mem_alloc((n + 1) * sizeof *f->gpus);
	f->gpu_uuids = mem_alloc((n + 1) * sizeof *f->gpu_uuids);
	f->gpu_owner = mem_alloc((n + 1) * sizeof *f->gpu_owner);
	for (size_t i = 0; i < n; i++) {
		uint64_t a = fake_hash(f->seed, i, 40), b = fake_hash(f->seed, i, 41);

		snprintf(f->gpu_uuids[i], sizeof f->gpu_uuids[i], "GPU-%08x-%04x-%04x-%04x-%012llx",
			(unsigned)(a >> 32), (unsigned)(a >> 16 & 0xffff), (unsigned)(a & 0xffff),
			(unsigned)(b >> 48), (unsigned long long)(b & 0xffffffffffff));
		f->gpus[i] = (struct plan_gpu){.uuid = f->gpu_uuids[i], .usable = true};
		f->gpu_owner[i] = -1;
	}
	f->gpus_free = n;
	f->machine = (struct plan_node){.name = "demo",
		.gpus = f->gpus,
		.gpu_count = n,
		.cpu_total = {(int64_t)(n > 8 ? n : 8) * 8000}};
}

static void timers_init(struct fake *f)
{
	uint64_t period = FAKE_TICK_MS;

	uv_timer_init(f->loop, &f->change_timer);
	uv_timer_init(f->loop, &f->task_timer);
	f->change_timer.data = f->task_timer.data = f;
	if (f->changes <= 0 || f->job_count == 0)
		return;
	if (1000 / (uint64_t)f->changes > period)
		period = 1000 / (uint64_t)f->changes;
	f->changed_from = (int64_t)uv_now(f->loop);
	uv_timer_start(&f->change_timer, fake_change_tick, period, period);
}

static bool fake_open(struct engine **out, const struct engine_config *c, struct err *e)
{
	struct fake *f;

	if (c->fake_jobs < 0 || c->fake_jobs > 1000000)
		return err_set(e, ERR_INVALID, "fake.jobs is %lld: give a number from 0 to 1000000",
			(long long)c->fake_jobs);
	f = mem_alloc(sizeof *f);
	f->base.ops = &engine_fake;
	f->loop = c->loop;
	f->events = c->events;
	f->seed = f->random = c->fake_seed;
	f->changes = c->fake_changes;
	f->job_count = (size_t)c->fake_jobs;
	gpus_make(f, c->fake_gpus);
	fake_jobs_make(f, time_now_ms());
	uv_update_time(f->loop);
	timers_init(f);
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
	map_release(&f->by_uid);
	for (int i = 0; i < FAKE_LISTS; i++)
		vec_release(&f->lists[i]);
	free(f->jobs);
	free(f->gpus);
	free(f->gpu_uuids);
	free(f->gpu_owner);
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
	*out = (struct plan_cluster){.nodes = &((struct fake *)en)->machine, .node_count = 1};
}

/* Nothing outlives a fake platform: what is said to be known has never started here. */
static void fake_adopt(struct engine *en, const struct task_ref *known, size_t count)
{
	struct fake *f = (struct fake *)en;

	for (size_t i = 0; i < count; i++) {
		struct task_exit end = {.end = TASK_END_START, .finish_code = -1};

		f->events.ended(f->events.ctx, &known[i], &end, REASON_RETRY);
	}
	fake_jobs_tell_all(f);
}

static bool fake_check(struct engine *en, const struct task_program *p, struct err *e)
{
	(void)en;
	(void)p;
	(void)e;
	return true;
}

static void fake_start_op(struct engine *en, const struct task_launch *launch)
{
	struct fake *f = (struct fake *)en;
	struct fake_job *j = map_get(&f->by_uid, launch->ref.uid);

	if (j == NULL)
		fake_task_start(f, launch);
	else if (j->list == FAKE_WAITING)
		fake_start(f, j, time_now_ms());
}

static void fake_stop(struct engine *en, const struct task_ref *ref, int64_t grace_ms)
{
	struct fake *f = (struct fake *)en;
	struct fake_job *j = map_get(&f->by_uid, ref->uid);
	struct fake_task *t = fake_task_find(f, ref);

	(void)grace_ms;
	if (t && !t->ended)
		fake_task_stop(f, t);
	if (j == NULL || j->list == FAKE_DONE)
		return;
	fake_finish(f, j, JOB_FAILED, REASON_CANCELLED, time_now_ms());
	f->events.machine_changed(f->events.ctx);
}

/* Its rows go on to exist here, silently: a name that was deleted does not come back. */
static void forget_job(struct fake *f, struct fake_job *j)
{
	if (j->list == FAKE_RUNNING)
		fake_gpus_give(f, j);
	fake_move(f, j, FAKE_DONE);
	f->lists[FAKE_DONE].len--; /* it is the last there now: out of all lists */
	map_remove(&f->by_uid, j->uid);
}

static void fake_forget(struct engine *en, const char *uid)
{
	struct fake *f = (struct fake *)en;
	struct fake_job *j = map_get(&f->by_uid, uid);
	VEC(struct fake_task *) gone = {0};
	const char *key;
	void *value;

	if (j)
		forget_job(f, j);
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

static bool fake_own_job(struct engine *en, const char *uid)
{
	return map_get(&((struct fake *)en)->by_uid, uid) != NULL;
}

static void fake_own_usage(struct engine *en, struct quota_line *out)
{
	*out = ((struct fake *)en)->used;
}

/* What there is of the log of an attempt. */
struct known_log {
	struct fake_log log;
	uint64_t end;
	bool final;
};

static bool log_of_job(struct fake *f, struct fake_job *j, int attempt, struct known_log *out)
{
	if (attempt < 1 || attempt > j->attempt || (attempt == j->attempt && j->start == 0))
		return false;
	int64_t total = fake_total(f, j->index, attempt), now = time_now_ms();

	*out = (struct known_log){.log = fake_log_of(f, j->index, attempt, total), .final = true};
	out->end = fake_log_length(total, (double)total);
	if (attempt == j->attempt) {
		out->end = fake_log_length(total, j->step);
		out->final = j->list == FAKE_DONE;
		j->read_at = now;
	}
	return true;
}

static bool log_of(struct fake *f, const struct task_ref *ref, struct known_log *out)
{
	struct fake_job *j = map_get(&f->by_uid, ref->uid);
	struct fake_task *t = fake_task_find(f, ref);

	if (j)
		return strcmp(ref->task, task_single) == 0 && log_of_job(f, j, ref->attempt, out);
	if (t == NULL || t->start == 0)
		return false;
	*out = (struct known_log){.log = fake_log_of(f, UINT32_MAX, ref->attempt, t->total),
		.end = t->log_told,
		.final = t->ended};
	return true;
}

static enum log_step fake_log_ask(struct engine *en, const struct task_ref *ref,
	struct log_ask *ask)
{
	struct known_log log;

	if (!log_of((struct fake *)en, ref, &log)) {
		err_set(&ask->e, ERR_NOT_FOUND, "the task has no log yet");
		return LOG_NONE;
	}
	if (ask->size == 0) {
		ask->range = (struct log_range){.newest = log.end, .final = log.final};
		return LOG_BEGUN;
	}
	ask->len = fake_log_read(&log.log, log.end, ask->offset, ask->out, ask->size);
	return ask->len > 0 ? LOG_BYTES : LOG_END;
}

const struct engine_ops engine_fake = {
	.name = "fake",
	.enforces = "none",
	.open = fake_open,
	.close = fake_close,
	.machine = fake_machine,
	.adopt = fake_adopt,
	.check = fake_check,
	.start = fake_start_op,
	.stop = fake_stop,
	.forget = fake_forget,
	.log_ask = fake_log_ask,
	.own_job = fake_own_job,
	.own_usage = fake_own_usage,
};
