#include "engine/fake/fake.h"

#include "base/timefmt.h"

enum { END_EVERY = 160 }; /* changes of progress for one end of a task */

static void progress(struct fake *f, struct fake_task *t, int64_t now)
{
	double seconds = (double)(now - t->moved) / 1000;

	t->step += t->rate * (seconds > 0 ? seconds : 0);
	if (t->step > (double)t->total)
		t->step = (double)t->total;
	t->util += 8 * made_unit(fake_next(f)) - 4;
	t->util = t->util < 5 ? 5 : t->util > 100 ? 100 : t->util;
	t->moved = now;
}

/* The daemon reads what is told: where very many rows change, it is spared most of that. */
static bool is_told(const struct fake *f)
{
	return f->changes <= FAKE_LOGS || f->changed % (f->changes / FAKE_LOGS) == 0;
}

static void log_grew(struct fake *f, struct fake_task *t)
{
	uint64_t length = made_log_length(t->total, t->step);

	if (length == t->log_told || !is_told(f))
		return;
	t->log_told = length;
	f->events.log_grew(f->events.ctx, &t->ref);
}

static void change_one(struct fake *f, int64_t now)
{
	struct fake_task *t;

	f->turn = (f->turn + 1) % f->moving.len;
	t = f->moving.items[f->turn];
	progress(f, t, now);
	f->changed++;
	if (t->step >= (double)t->total || fake_below(f, END_EVERY) == 0) {
		fake_task_end(f, t, fake_below(f, 8) == 0, now);
		return;
	}
	fake_task_sample(f, t, now);
	log_grew(f, t);
}

static void change_tick(uv_timer_t *timer)
{
	struct fake *f = timer->data;
	int64_t passed = (int64_t)uv_now(f->loop) - f->changed_from, now = time_now_ms();
	int64_t due = passed * f->changes / 1000;

	/* After a pause of the whole process only a second's worth is made up for. */
	if (due - f->changed > f->changes + 1)
		f->changed = due - f->changes - 1;
	while (f->changed < due && f->moving.len > 0)
		change_one(f, now);
	fake_sight_tell(f);
	fake_changes_update(f);
}

void fake_changes_update(struct fake *f)
{
	bool runs = uv_is_active((uv_handle_t *)&f->change_timer);
	bool wanted = f->changes > 0 && f->moving.len > 0 && !f->closing;
	uint64_t period = FAKE_TICK_MS;

	if (wanted && !runs) {
		if (1000 / (uint64_t)f->changes > period)
			period = 1000 / (uint64_t)f->changes;
		uv_update_time(f->loop);
		f->changed_from = (int64_t)uv_now(f->loop);
		f->changed = 0;
		uv_timer_start(&f->change_timer, change_tick, period, period);
	} else if (!wanted && runs) {
		uv_timer_stop(&f->change_timer);
	}
}
