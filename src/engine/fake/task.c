#include "engine/fake/fake.h"

#include "base/num.h"
#include "base/timefmt.h"

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
	free(t);
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

struct made_log fake_task_log(const struct fake_task *t)
{
	return t->made ? made_log(&t->of, t->ref.attempt)
		       : made_log_of(made_hash(1, 2, (uint64_t)t->ref.attempt), t->total, t->rate);
}

static struct fake_task *task_new(struct fake *f, const struct task_ref *ref)
{
	struct fake_task *t = mem_alloc(sizeof *t);

	t->key = key_of(ref);
	t->uid = mem_strdup(ref->uid);
	t->task = mem_strdup(ref->task);
	t->ref = (struct task_ref){.uid = t->uid, .task = t->task, .attempt = ref->attempt};
	t->made = made_read(&t->of, ref->uid);
	if (t->made) {
		t->total = made_total(&t->of, ref->attempt);
		t->rate = made_rate(&t->of, ref->attempt);
	}
	t->util = 60 + 39 * made_unit(fake_next(f));
	map_set(&f->tasks, t->key, t);
	return t;
}

static void task_tick(uv_timer_t *timer);

static void ticking(struct fake *f, bool more)
{
	f->ticking += more ? 1 : -1;
	if (f->ticking > 0 && !uv_is_active((uv_handle_t *)&f->task_timer))
		uv_timer_start(&f->task_timer, task_tick, TICK_MS, TICK_MS);
	else if (f->ticking == 0)
		uv_timer_stop(&f->task_timer);
}

static void move_on(struct fake *f, struct fake_task *t, int64_t now)
{
	t->moved = now;
	t->at = f->moving.len;
	vec_push(&f->moving, t);
	fake_changes_update(f);
}

static void stand(struct fake *f, struct fake_task *t)
{
	struct fake_task *last = f->moving.items[--f->moving.len];

	f->moving.items[t->at] = last;
	last->at = t->at;
}

void fake_task_start(struct fake *f, const struct task_launch *launch)
{
	struct fake_task *t;

	if (fake_task_find(f, &launch->ref))
		return;
	t = task_new(f, &launch->ref);
	t->gpus = (int)launch->gpu_count;
	t->due = time_now_ms() + STARTS_AFTER_MS;
	if (!t->made) {
		t->end = t->due + duration_of(f, &launch->program.env);
		t->total = 1000;
		t->rate = (double)t->total * 1000 / (double)(t->end - t->due);
	}
	ticking(f, true);
}

bool fake_task_adopt(struct fake *f, const struct task_ref *ref)
{
	struct fake_task *t;
	struct made m;
	int64_t now = time_now_ms();

	if (fake_task_find(f, ref) || !made_read(&m, ref->uid) || m.class != MADE_RUNNING ||
		ref->attempt != 1)
		return false;
	t = task_new(f, ref);
	t->gpus = m.gpus;
	t->start = made_start(&m);
	t->step = made_step(&m, now);
	t->log_told = made_log_length(t->total, t->step);
	move_on(f, t, now);
	return true;
}

void fake_task_stop(struct fake *f, struct fake_task *t)
{
	if (t->stopping)
		return;
	t->stopping = true; /* the next tick ends it */
	if (t->made && t->start) {
		stand(f, t);
		ticking(f, true);
	}
}

static double step_of(const struct fake_task *t, int64_t now)
{
	double step = (double)(now - t->start) * t->rate / 1000;

	return t->made ? t->step : step > (double)t->total ? (double)t->total : step;
}

void fake_task_end(struct fake *f, struct fake_task *t, int code, int64_t now)
{
	struct task_exit record = {.end = t->stopping ? TASK_END_STOPPED : TASK_END_EXIT,
		.start_ms = t->start ? t->start : now,
		.end_ms = now,
		.finish_code = -1,
		.code = code,
		.signal = t->stopping ? SIGTERM : 0};

	if (t->made && code == 0 && !t->stopping)
		t->step = (double)t->total;
	record.log_bytes = t->start ? made_log_length(t->total, step_of(t, now)) : 0;
	t->log_told = record.log_bytes;
	t->ended = true;
	t->end = now;
	if (t->made && t->start && !t->stopping)
		stand(f, t);
	else
		ticking(f, false);
	f->events.ended(f->events.ctx, &t->ref, &record,
		t->stopping    ? REASON_CANCELLED
			: code ? REASON_EXIT_CODE
			       : REASON_NONE);
}

void fake_task_sample(struct fake *f, struct fake_task *t, int64_t now)
{
	struct made_use use;
	struct task_sample s;

	made_use(&use, t->gpus, t->util);
	s = (struct task_sample){use.cpu, use.memory, use.gpu};
	t->sampled = now;
	f->events.sampled(f->events.ctx, &t->ref, &s);
}

static void begin(struct fake *f, struct fake_task *t, int64_t now)
{
	t->start = t->sampled = now;
	if (t->made) {
		ticking(f, false);
		move_on(f, t, now);
	}
	f->events.started(f->events.ctx, &t->ref, now);
}

static void step_on(struct fake *f, struct fake_task *t, int64_t now)
{
	uint64_t length;

	if (t->stopping || (!t->made && t->start && now >= t->end)) {
		fake_task_end(f, t, 0, now);
		return;
	}
	if (t->start == 0 && now >= t->due)
		begin(f, t, now);
	if (t->start == 0 || t->made)
		return;
	length = made_log_length(t->total, step_of(t, now));
	if (length != t->log_told) {
		t->log_told = length;
		f->events.log_grew(f->events.ctx, &t->ref);
	}
	if (now - t->sampled >= SAMPLE_MS)
		fake_task_sample(f, t, now);
	fake_sight_tell(f);
}

/* Does the clock move it? */
static bool is_ticking(const struct fake_task *t)
{
	return !t->ended && (!t->made || t->start == 0 || t->stopping);
}

static void task_tick(uv_timer_t *timer)
{
	struct fake *f = timer->data;
	VEC(struct fake_task *) live = {0};
	int64_t now = time_now_ms();
	const char *key;
	void *value;

	/* A callback may start another task: walk over a copy. */
	for (size_t at = 0; map_next(&f->tasks, &at, &key, &value);) {
		struct fake_task *t = value;

		if (is_ticking(t))
			vec_push(&live, t);
	}
	for (size_t i = 0; i < live.len; i++)
		if (is_ticking(live.items[i]))
			step_on(f, live.items[i], now);
	vec_release(&live);
}
