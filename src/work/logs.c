/*
 * What the daemon itself does with logs: reads progress from new bytes, and wakes those who follow
 * a log over plain HTTP. The bytes that viewers see go from the engine through the hub.
 */
#include "mltopd/platform_inside.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/*
 * New bytes are read four times a second at most, and at most so many of them: of a torrent, its
 * newest part says how far the training is.
 */
enum { PROGRESS_EVERY_MS = 250, PROGRESS_BYTES = 64 * 1024 };

static void progress_put(struct job *j, const struct progress *pr, int64_t bytes)
{
	job_set(j, log_bytes, (struct bytes){bytes});
	if (pr->known & PROGRESS_STEP)
		job_set(j, progress_step, pr->step);
	if (pr->known & PROGRESS_TOTAL)
		job_set(j, progress_total, pr->total);
	if (pr->known & PROGRESS_EPOCH)
		job_set(j, progress_epoch, pr->epoch);
	if (pr->known & PROGRESS_RATE)
		job_set(j, progress_rate, pr->rate);
	if (pr->known & PROGRESS_ETA)
		job_set(j, progress_eta, (struct ms){pr->eta_ms});
	if (pr->known & PROGRESS_LOSS)
		job_set(j, loss, pr->loss);
	if (pr->known & PROGRESS_METRIC)
		job_set(j, metric_value, pr->metric);
}

/* The name is a text: it lives in the row set, so a new one is put, not set in place. */
static void metric_name_put(struct rowset *rows, const char *uid, const struct progress *pr)
{
	const struct job *row = rowset_find(rows, uid);
	struct job j;

	if (row == NULL || !(pr->known & PROGRESS_METRIC) ||
		(row->metric_name && strcmp(row->metric_name, pr->metric_name) == 0))
		return;
	j = *row;
	job_set(&j, metric_name, pr->metric_name);
	rowset_put(rows, &j, NULL);
}

static void progress_show(struct platform *p, struct active *a, int64_t bytes)
{
	struct job *work = a->work, *row = rowset_find(&p->jobs, a->uid);

	progress_put(work, a->progress, bytes);
	metric_name_put(&p->work, a->uid, a->progress);
	if (row == NULL)
		return;
	progress_put(row, a->progress, bytes);
	metric_name_put(&p->jobs, a->uid, a->progress);
	platform_show(p, &job_kind, a->uid);
}

/* Feeds what is new, from the newest part of it on. */
static void progress_read(struct platform *p, struct active *a, const struct task_ref *ref,
	const struct log_range *range)
{
	char bytes[16 * 1024];
	struct log_gap gap;
	ssize_t n;

	if (range->newest - a->log_read > PROGRESS_BYTES && range->newest > a->log_read) {
		a->log_read = range->newest - PROGRESS_BYTES;
		progress_skip(a->progress);
	}
	while (a->log_read < range->newest) {
		n = p->engine->ops->log_read(p->engine, ref, a->log_read, bytes, sizeof bytes, &gap,
			NULL);
		/* What cannot be read now is read with what comes next. */
		if (n == 0 || n == LOG_UNREADABLE)
			return;
		if (n == LOG_GAP) {
			a->log_read = gap.offset + gap.lost > a->log_read ? gap.offset + gap.lost
									  : range->newest;
			progress_skip(a->progress);
			continue;
		}
		progress_feed(a->progress, bytes, (size_t)n);
		a->log_read += (uint64_t)n;
	}
}

void logs_progress_now(struct platform *p, struct active *a)
{
	const struct job *j = a->work;
	struct task_ref ref = {a->uid, task_single, (int)j->attempt};
	struct log_range range;

	a->log_pending = false;
	if (p->engine == NULL || !p->engine->ops->log_range(p->engine, &ref, &range, NULL) ||
		range.newest <= a->log_read)
		return;
	if (a->progress == NULL) {
		a->progress = mem_alloc(sizeof *a->progress);
		progress_init(a->progress);
	}
	progress_read(p, a, &ref, &range);
	progress_show(p, a, (int64_t)range.newest);
}

static void on_progress(uv_timer_t *timer)
{
	struct platform *p = timer->data;

	for (size_t i = 0; i < p->live.len; i++)
		if (p->live.items[i]->log_pending)
			logs_progress_now(p, p->live.items[i]);
	for (struct follower *f = p->followers; f; f = f->next)
		if (f->again) {
			f->again = false;
			request_stream_wake(f->r);
		}
}

static void timer_start(struct platform *p)
{
	if (!uv_is_active((uv_handle_t *)&p->progress_timer) && !p->closing)
		uv_timer_start(&p->progress_timer, on_progress, PROGRESS_EVERY_MS, 0);
}

/* The timer runs only while there is something to read. */
void logs_grew(struct platform *p, struct active *a)
{
	a->log_pending = true;
	timer_start(p);
}

void logs_wake_later(struct platform *p, struct follower *f)
{
	f->again = true;
	timer_start(p);
}

void logs_init(struct platform *p)
{
	p->followers = NULL;
}

void logs_wake(struct platform *p, const char *uid)
{
	for (struct follower *f = p->followers; f; f = f->next)
		if (strcmp(f->uid, uid) == 0)
			request_stream_wake(f->r);
}
