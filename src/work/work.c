#include "work/cursor.h"
#include "work/timers.h"
#include "work/work.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/timefmt.h"

#include <string.h>

void work_init(struct work *w, const struct work_options *o)
{
	w->model = o->model;
	w->loop = o->loop;
	w->turns = o->turns;
	w->dir = o->dir;
	w->told = o->told;
	w->next_order = 1;
	ages_init(&w->ages, model_now(), time_mono_ms());
	w->timers = mem_alloc(sizeof *w->timers);
	uv_timer_init(w->loop, &w->timers->plan);
	uv_timer_init(w->loop, &w->timers->progress);
	uv_timer_init(w->loop, &w->timers->repair);
	uv_timer_init(w->loop, &w->timers->tidy);
	w->timers->plan.data = w->timers->progress.data = w->timers->repair.data = w;
	w->timers->tidy.data = w;
}

bool work_older(struct work *w, int64_t since, int64_t keep)
{
	int64_t wall = model_now(), mono = time_mono_ms();
	int64_t step = ages_look(&w->ages, wall, mono);

	if (step)
		log_line(LOG_WARN,
			"the clock was set %s by %lld s: nothing is removed by its age for %d minutes",
			step > 0 ? "ahead" : "back", (long long)(step > 0 ? step : -step) / 1000,
			AGES_QUIET_MS / 60000);
	return ages_older(&w->ages, since, keep, wall, mono);
}

struct log_cursor *work_log_open(struct work *w, const struct kind *k, const void *row,
	const char *task, int attempt, void (*ready)(void *ctx), void *ctx, struct err *e)
{
	const struct workload *of = row;
	int newest = (int)of->attempt;

	if (task && *task && strcmp(task, task_single) != 0) {
		err_set(e, ERR_NOT_FOUND, "%s %s has no task %s", k->name, record_key(k, row),
			task);
		return NULL;
	}
	if (attempt == 0)
		attempt = newest;
	if (attempt < 1 || attempt > newest) {
		err_set(e, ERR_NOT_FOUND,
			newest > 0 ? "%s %s has no attempt %d" : "%s %s has not started yet",
			k->name, record_key(k, row), attempt);
		return NULL;
	}
	return log_cursor_open(&w->engine, &(struct task_ref){of->uid, task_single, attempt}, ready,
		ctx);
}
