#include "engine/fake/fake.h"

#include "base/num.h"
#include "base/timefmt.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	STARTS_AFTER_MS = 300,
	TICK_MS = 100,
	SAMPLE_MS = 2000,
	SHORTEST_MS = 5000,
	SPREAD_MS = 15000
};

static char *key_of(const struct task_ref *ref)
{
	char *key = NULL;

	if (asprintf(&key, "%s/%s/%d", ref->uid, ref->task, ref->attempt) < 0)
		abort();
	return key;
}

struct fake_task *fake_task_find(struct fake *f, const struct task_ref *ref)
{
	char *key = key_of(ref);
	struct fake_task *t = map_get(&f->tasks, key);

	free(key);
	return t;
}

void fake_task_free(struct fake_task *t)
{
	free(t->key);
	free(t->uid);
	free(t->task);
	vec_release(&t->gpus);
	free(t);
}

static void gpus_hold(struct fake *f, struct fake_task *t, const struct task_launch *launch)
{
	for (size_t i = 0; i < launch->gpu_count; i++)
		for (size_t g = 0; g < f->machine.gpu_count; g++)
			if (strcmp(f->gpus[g].uuid, launch->gpus[i]) == 0 &&
				f->gpu_owner[g] == -1) {
				f->gpu_owner[g] = -2;
				f->gpus[g].held = true;
				f->gpus_free--;
				vec_push(&t->gpus, (int)g);
			}
}

static void gpus_free(struct fake *f, struct fake_task *t)
{
	for (size_t i = 0; i < t->gpus.len; i++) {
		f->gpu_owner[t->gpus.items[i]] = -1;
		f->gpus[t->gpus.items[i]].held = false;
		f->gpus_free++;
	}
	t->gpus.len = 0;
}

/* Five to twenty seconds, or what FAKE_SECONDS in its env says: for trying things out. */
static int64_t duration_of(struct fake *f, const struct labels *env)
{
	int64_t seconds;

	for (size_t i = 0; i < env->len; i++)
		if (strcmp(env->items[i].key, "FAKE_SECONDS") == 0 &&
			num_i64(env->items[i].value, 1, 7 * 86400, &seconds))
			return seconds * 1000;
	return SHORTEST_MS + (int64_t)fake_below(f, SPREAD_MS);
}

void fake_task_start(struct fake *f, const struct task_launch *launch)
{
	struct fake_task *t;
	int64_t now = time_now_ms();

	if (fake_task_find(f, &launch->ref))
		return;
	t = mem_alloc(sizeof *t);
	t->key = key_of(&launch->ref);
	t->uid = mem_strdup(launch->ref.uid);
	t->task = mem_strdup(launch->ref.task);
	t->ref = (struct task_ref){.uid = t->uid, .task = t->task, .attempt = launch->ref.attempt};
	t->due = now + STARTS_AFTER_MS;
	t->end = t->due + duration_of(f, &launch->program.env);
	t->total = 1000;
	gpus_hold(f, t, launch);
	map_set(&f->tasks, t->key, t);
	if (f->tasks_live++ == 0)
		uv_timer_start(&f->task_timer, fake_task_tick, TICK_MS, TICK_MS);
}

void fake_task_stop(struct fake *f, struct fake_task *t)
{
	(void)f;
	t->stopping = true; /* the next tick ends it */
}

static double step_of(const struct fake_task *t, int64_t now)
{
	double part = (double)(now - t->start) / (double)(t->end - t->start);

	return (double)t->total * (part > 1 ? 1 : part);
}

static void end(struct fake *f, struct fake_task *t, int64_t now)
{
	struct task_exit record = {.end = t->stopping ? TASK_END_STOPPED : TASK_END_EXIT,
		.start_ms = t->start ? t->start : now,
		.end_ms = now,
		.finish_code = -1,
		.signal = t->stopping ? SIGTERM : 0};

	record.log_bytes = t->start ? fake_log_length(t->total, step_of(t, now)) : 0;
	t->log_told = record.log_bytes;
	t->ended = true;
	t->end = now;
	gpus_free(f, t);
	f->tasks_live--;
	f->events.ended(f->events.ctx, &t->ref, &record,
		t->stopping ? REASON_CANCELLED : REASON_NONE);
}

static void sample(struct fake *f, struct fake_task *t, int64_t now)
{
	struct task_sample s = {.cpu_percent = 90 + 20 * fake_unit(fake_next(f)),
		.memory = (int64_t)(fake_next(f) % (64 << 20)) + (1 << 30),
		.gpu_util = t->gpus.len ? 80 + 20 * fake_unit(fake_next(f)) : NAN};

	t->sampled = now;
	f->events.sampled(f->events.ctx, &t->ref, &s);
}

static void step_on(struct fake *f, struct fake_task *t, int64_t now)
{
	if (t->stopping || (t->start && now >= t->end)) {
		end(f, t, now);
		return;
	}
	if (t->start == 0 && now >= t->due) {
		t->start = t->sampled = now;
		f->events.started(f->events.ctx, &t->ref, now);
	}
	if (t->start == 0)
		return;
	uint64_t length = fake_log_length(t->total, step_of(t, now));

	if (length != t->log_told) {
		t->log_told = length;
		f->events.log_grew(f->events.ctx, &t->ref);
	}
	if (now - t->sampled >= SAMPLE_MS)
		sample(f, t, now);
}

void fake_task_tick(uv_timer_t *timer)
{
	struct fake *f = timer->data;
	VEC(struct fake_task *) live = {0};
	int64_t now = time_now_ms();
	const char *key;
	void *value;

	/* A callback may start another task: walk over a copy. */
	for (size_t at = 0; map_next(&f->tasks, &at, &key, &value);) {
		struct fake_task *t = value;

		if (!t->ended)
			vec_push(&live, t);
	}
	for (size_t i = 0; i < live.len; i++)
		if (!live.items[i]->ended)
			step_on(f, live.items[i], now);
	vec_release(&live);
	if (f->tasks_live == 0)
		uv_timer_stop(&f->task_timer);
}
