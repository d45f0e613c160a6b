#include "engine/fake/fake.h"

#include "core/kinds/task.h"
#include "base/timefmt.h"

enum { TRANSITION_EVERY = 48 }; /* changes of progress for one change of state */

void fake_progress(struct fake *f, struct fake_job *j, int64_t now)
{
	double seconds = (double)(now - j->moved) / 1000;

	j->step += j->rate * (seconds > 0 ? seconds : 0);
	if (j->step > (double)j->total)
		j->step = (double)j->total;
	j->util += 8 * fake_unit(fake_next(f)) - 4;
	j->util = j->util < 5 ? 5 : j->util > 100 ? 100 : j->util;
	j->moved = now;
}

/* A log that somebody reads is told when it grows; the others are told by nobody's asking. */
static void tell_log(struct fake *f, struct fake_job *j, int64_t now)
{
	uint64_t length = fake_log_length(j->total, j->step);
	struct task_ref ref = {.uid = j->uid, .task = task_single, .attempt = j->attempt};

	if (length == j->log_told || now - j->read_at > FAKE_FOLLOW_MS)
		return;
	j->log_told = length;
	f->events.log_grew(f->events.ctx, &ref);
}

static void tell_change(struct fake *f, struct fake_job *j, int64_t now)
{
	f->changed++;
	fake_tell(f, j);
	tell_log(f, j, now);
}

void fake_finish(struct fake *f, struct fake_job *j, enum job_state state, enum job_reason why,
	int64_t now)
{
	j->state = (uint8_t)state;
	j->reason = (uint8_t)why;
	j->exit_code = why == REASON_EXIT_CODE;
	j->signal = why == REASON_CANCELLED ? 15 : 0;
	j->end = now;
	if (state == JOB_COMPLETED)
		j->step = (double)j->total;
	if (j->list == FAKE_RUNNING)
		fake_gpus_give(f, j);
	fake_move(f, j, FAKE_DONE);
	tell_change(f, j, now);
}

bool fake_start(struct fake *f, struct fake_job *j, int64_t now)
{
	if (!fake_gpus_take(f, j))
		return false;
	j->state = JOB_RUNNING;
	j->reason = REASON_NONE;
	j->start = j->moved = now;
	j->end = 0;
	j->step = 0;
	j->total = fake_total(f, j->index, j->attempt);
	j->rate = fake_rate(f, j->index, j->attempt);
	fake_move(f, j, FAKE_RUNNING);
	tell_change(f, j, now);
	return true;
}

/* A finished job comes again as its next attempt: the number of rows never changes. */
static void next_attempt(struct fake *f, struct fake_job *j)
{
	j->state = JOB_ENQUEUED;
	j->reason = f->machine.gpu_count ? REASON_GPU : REASON_QUOTA;
	j->attempt++;
	j->start = j->end = 0;
	j->step = 0;
	j->exit_code = j->signal = 0;
	fake_move(f, j, FAKE_WAITING);
}

/* One of a few finished ones chosen by chance; NULL: none of them. */
static struct fake_job *finished(struct fake *f, bool without_gpus)
{
	size_t count = f->lists[FAKE_DONE].len;

	for (size_t tries = 0; count > 0 && tries < 64; tries++) {
		struct fake_job *j = &f->jobs[f->lists[FAKE_DONE].items[fake_below(f, count)]];

		if (!without_gpus || j->gpus == 0)
			return j;
	}
	return NULL;
}

/* The first of a few waiting ones that fits. */
static bool start_waiting(struct fake *f, int64_t now)
{
	size_t count = f->lists[FAKE_WAITING].len;

	for (size_t tries = 0; count > 0 && tries < 8; tries++) {
		struct fake_job *j = &f->jobs[f->lists[FAKE_WAITING].items[fake_below(f, count)]];

		if (j->reason != REASON_HELD && fake_start(f, j, now))
			return true;
	}
	return false;
}

/*
 * For one that ended another one starts, so that as many run and wait as before: a waiting one,
 * whose place in the queue a finished one takes, or a finished one that needs no GPU.
 */
static void replace(struct fake *f, int64_t now)
{
	bool started = start_waiting(f, now);
	struct fake_job *j = finished(f, !started);

	if (j == NULL)
		return;
	next_attempt(f, j);
	if (started || !fake_start(f, j, now))
		tell_change(f, j, now);
}

static void finish_some(struct fake *f, struct fake_job *j, int64_t now)
{
	bool good = fake_below(f, 8) != 0;

	fake_finish(f, j, good ? JOB_COMPLETED : JOB_FAILED, good ? REASON_NONE : REASON_EXIT_CODE,
		now);
	replace(f, now);
	f->events.machine_changed(f->events.ctx);
}

static void change_one(struct fake *f, int64_t now)
{
	size_t running = f->lists[FAKE_RUNNING].len;

	if (running == 0) {
		f->changed++; /* counted, so that the wish is met and the loop ends */
		replace(f, now);
		return;
	}
	f->turn = (f->turn + 1) % running;
	struct fake_job *j = &f->jobs[f->lists[FAKE_RUNNING].items[f->turn]];

	fake_progress(f, j, now);
	if (j->step >= (double)j->total || fake_below(f, TRANSITION_EVERY) == 0)
		finish_some(f, j, now);
	else
		tell_change(f, j, now);
}

void fake_change_tick(uv_timer_t *timer)
{
	struct fake *f = timer->data;
	int64_t passed = (int64_t)uv_now(f->loop) - f->changed_from, now = time_now_ms();
	int64_t due = passed * f->changes / 1000;

	/* After a pause of the whole process only a second's worth is made up for. */
	if (due - f->changed > f->changes + 1)
		f->changed = due - f->changes - 1;
	while (f->changed < due)
		change_one(f, now);
}
