/*
 * What the daemon itself does with logs: reads progress from new bytes, and wakes those who follow
 * a log over plain HTTP. The bytes that viewers see go from the engine through the hub.
 */
#include "work/timers.h"
#include "work/work.h"
#include "work/cursor.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/*
 * New bytes are read four times a second at most, and at most so many of them: of a torrent, its
 * newest part says how far the training is.
 */
enum { PROGRESS_EVERY_MS = 250, PROGRESS_BYTES = 64 * 1024 };

/*
 * A look at a log of 64 KiB takes a ms where it is all redraws: so many are had in one turn of the
 * loop, and others are answered before the next.
 */
enum { LOOKS_A_TURN = 4, NEXT_TURN_MS = 1 };

/* All that is there was read, or nobody can say what there is. */
static void progress_over(struct active *a)
{
	void (*then)(struct active *) = a->log_then;

	a->log_then = NULL;
	if (a->log_news)
		progress_show(a, (int64_t)a->log_newest);
	a->log_news = false;
	if (then)
		then(a);
}

/* Of a torrent only its newest part is read. */
static void progress_begin(struct active *a, const struct log_range *range)
{
	uint64_t at = log_cursor_offset(a->log);

	a->log_newest = a->log_upto = range->newest;
	if (range->newest > at && range->newest - at > PROGRESS_BYTES) {
		log_cursor_seek(a->log, range->newest - PROGRESS_BYTES);
		progress_skip(a->progress);
	}
}

/*
 * What came while it was read is for the next look: some programs write faster than this reads, and
 * there would be no end. After the task's end there is no next look, and little can still come.
 */
static bool progress_enough(const struct active *a)
{
	return log_cursor_offset(a->log) > a->log_upto + (a->log_then ? PROGRESS_BYTES : 0);
}

static void progress_later(struct active *a)
{
	if (a->log_then == NULL)
		logs_grew(a->w, a);
	progress_over(a);
}

static void progress_go(void *ctx)
{
	struct active *a = ctx;
	char bytes[16 * 1024];
	struct log_piece piece;

	for (;;) {
		switch (log_cursor_next(a->log, bytes, sizeof bytes, &piece)) {
		case LOG_BEGUN: progress_begin(a, &piece.range); break;
		case LOG_BYTES:
			progress_feed(a->progress, bytes, piece.len, reconcile_now());
			a->log_news = true;
			if (log_cursor_offset(a->log) > a->log_newest)
				a->log_newest = log_cursor_offset(a->log);
			break;
		case LOG_GAP:
			progress_skip(a->progress);
			a->log_news = true;
			break;
		case LOG_COMING: return;
		/* What cannot be read now is read with what comes next. */
		case LOG_END:
		case LOG_NONE:
		case LOG_NOT_NOW: progress_over(a); return;
		}
		if (progress_enough(a)) {
			progress_later(a);
			return;
		}
	}
}

void logs_read(struct active *a, void (*then)(struct active *a))
{
	struct task_ref ref = task_of(a);

	a->log_pending = false;
	if (then)
		a->log_then = then;
	if (a->log && log_cursor_attempt(a->log) != ref.attempt)
		logs_close(a);
	if (a->log == NULL)
		a->log = log_cursor_open(&a->w->engine, &ref, progress_go, a);
	progress_want(a);
	log_cursor_look(a->log);
	progress_go(a);
}

void logs_close(struct active *a)
{
	log_cursor_close(a->log);
	a->log = NULL;
	progress_anew(a);
}

static void on_progress(uv_timer_t *timer);

static void timer_start(struct work *w, uint64_t after)
{
	if (!uv_is_active((uv_handle_t *)&w->timers->progress) && !w->closing)
		uv_timer_start(&w->timers->progress, on_progress, after, 0);
}

/*
 * Each of those that run is met once in a round. Where one goes, another takes its place in the
 * list: it may be met twice or be left for the next round, which begins where this one ended.
 */
static void looks_take(struct work *w)
{
	if (w->looks_left == 0)
		w->looks_left = w->live.len;
	for (size_t looks = 0; w->looks_left > 0 && w->live.len > 0; w->looks_left--) {
		struct active *a = w->live.items[w->look_at % w->live.len];

		if (a->log_pending && looks++ == LOOKS_A_TURN)
			break;
		w->look_at = (w->look_at + 1) % w->live.len;
		if (a->log_pending)
			logs_read(a, NULL);
	}
	if (w->live.len == 0)
		w->looks_left = 0;
}

static bool any_grew(const struct work *w)
{
	for (size_t i = 0; i < w->live.len; i++)
		if (w->live.items[i]->log_pending)
			return true;
	return false;
}

static void on_progress(uv_timer_t *timer)
{
	struct work *w = timer->data;

	looks_take(w);
	if (w->looks_left > 0 && !w->closing)
		uv_timer_start(timer, on_progress, NEXT_TURN_MS, 0);
	else if (any_grew(w))
		timer_start(w, PROGRESS_EVERY_MS);
	for (struct follower *f = w->followers; f; f = f->next)
		if (f->again) {
			f->again = false;
			f->wake(f->ctx);
		}
}

/* The timer runs only while there is something to read. */
void logs_grew(struct work *w, struct active *a)
{
	a->log_pending = true;
	timer_start(w, PROGRESS_EVERY_MS);
}

void logs_wake_later(struct work *w, struct follower *f)
{
	f->again = true;
	timer_start(w, PROGRESS_EVERY_MS);
}

void logs_wake(struct work *w, const char *uid)
{
	for (struct follower *f = w->followers; f; f = f->next)
		if (strcmp(f->uid, uid) == 0)
			f->wake(f->ctx);
}
