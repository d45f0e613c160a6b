/* Retention: outputs of finished jobs go when they are too old or their org has too many bytes. */
#include "work/work.h"

#include "base/log.h"
#include "io/turns.h"
#include "base/mem.h"
#include "base/timefmt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

/* A job with outputs, as the loop knew it when the look began. */
struct held {
	char uid[ULID_SIZE];
	char *org_id;
	int64_t end;   /* wall ms; INT64_MAX while it is not over: it counts, and stays */
	int64_t bytes; /* -1: it has none */
	char *place;   /* the engine's word for where they are */
	bool taken;    /* out of the way, and to be removed */
};

/*
 * One look at a time. The measuring and the removing are the pool's; what goes is decided on the
 * loop, where a job cannot be run again meanwhile. The platform may be closed while the pool works.
 */
struct keeper {
	struct work *w; /* NULL: it is closed */
	struct turns *turns;
	struct turn turn;
	uv_timer_t timer;
	bool busy, open;
	const struct engine_outputs *outputs; /* the engine's */
	VEC(struct held) held;
};

static void held_clear(struct keeper *k)
{
	for (size_t i = 0; i < k->held.len; i++) {
		free(k->held.items[i].org_id);
		free(k->held.items[i].place);
	}
	vec_release(&k->held);
}

static void keeper_free(struct keeper *k)
{
	if (k->busy || k->open || k->w)
		return;
	held_clear(k);
	free(k);
}

/* ---- Measuring ---- */

static void measure(struct turn *turn)
{
	struct keeper *k = turn->ctx;
	atomic_bool *stop = turns_stopped(k->turns);

	for (size_t i = 0; i < k->held.len; i++) {
		struct held *h = &k->held.items[i];

		/* What an earlier look, or an earlier daemon, had taken away already. */
		k->outputs->remove_taken(h->place, stop);
		h->bytes = k->outputs->bytes(h->place, stop);
	}
}

/* ---- Deciding ---- */

static int by_end(const void *a, const void *b)
{
	const struct held *x = a, *y = b;

	return (x->end > y->end) - (x->end < y->end);
}

/* Bytes of each org, by its id. */
static void sums_make(const struct keeper *k, struct map *sums)
{
	for (size_t i = 0; i < k->held.len; i++) {
		const struct held *h = &k->held.items[i];
		int64_t *sum = map_get(sums, h->org_id);

		if (sum == NULL) {
			sum = mem_alloc(sizeof *sum);
			map_set(sums, h->org_id, sum);
		}
		*sum += h->bytes > 0 ? h->bytes : 0;
	}
}

static void sums_release(struct map *sums)
{
	size_t at = 0;
	const char *org;
	void *sum;

	while (map_next(sums, &at, &org, &sum))
		free(sum);
	map_release(sums);
}

static void collect(struct keeper *k, struct held *h, int64_t *sum, const char *why)
{
	struct work *w = k->w;
	const struct kind *kind;
	const struct workload *row = model_workload(w->model, h->uid, &kind);
	struct err e = ERR_INIT;
	struct change *c;

	if (row == NULL || !work_state_final(row->state) || work_active(w, h->uid))
		return; /* gone, or run again since */
	if (!k->outputs->take(h->place, &e)) {
		log_line(LOG_WARN, "%s", e.text);
		return;
	}
	c = change_new(w->model);
	change_actor(c, "outputs.keep", h->org_id);
	change_event(c, kind, row, EVENT_NORMAL, "OutputsCollected",
		"%.1f MiB of outputs were removed: %s", (double)h->bytes / (1 << 20), why);
	change_events_trim(c, kind, h->uid);
	change_audit(c, "outputs.collect", h->uid, record_key(kind, row));
	change_commit(c);
	*sum -= h->bytes;
	h->taken = true;
	h->bytes = -1;
}

/* By age, or because its org has too much. */
static void decide_one(struct keeper *k, struct held *h, int64_t *sum)
{
	int64_t keep = k->w->settings.outputs_keep, most = k->w->settings.outputs_bytes;
	char why[128], ago[TIMEFMT_SIZE];

	if (h->bytes < 0 || h->end == INT64_MAX)
		return;
	if (keep > 0 && work_older(k->w, h->end, keep)) {
		timefmt_duration(ago, model_now() - h->end);
		snprintf(why, sizeof why, "the job ended %s ago (outputs.keep)", ago);
		collect(k, h, sum, why);
	} else if (most > 0 && h->bytes > 0 && *sum > most) {
		snprintf(why, sizeof why,
			"the org's outputs pass %lld MiB, the oldest go first "
			"(outputs.bytes_per_org)",
			(long long)(most >> 20));
		collect(k, h, sum, why);
	}
}

static void decide(struct keeper *k)
{
	struct map sums = MAP_INIT;

	sums_make(k, &sums);
	if (k->held.len)
		qsort(k->held.items, k->held.len, sizeof *k->held.items, by_end);
	for (size_t i = 0; i < k->held.len; i++)
		decide_one(k, &k->held.items[i], map_get(&sums, k->held.items[i].org_id));
	sums_release(&sums);
}

static void taken_removed(struct turn *turn, bool ran)
{
	struct keeper *k = turn->ctx;

	(void)ran;
	k->busy = false;
	held_clear(k);
	keeper_free(k);
}

static void remove_taken(struct turn *turn)
{
	struct keeper *k = turn->ctx;

	for (size_t i = 0; i < k->held.len; i++)
		if (k->held.items[i].taken)
			k->outputs->remove_taken(k->held.items[i].place, turns_stopped(k->turns));
}

static void outputs_measured(struct turn *turn, bool ran)
{
	struct keeper *k = turn->ctx;

	k->busy = false;
	if (k->w == NULL || k->w->closing || !ran) {
		held_clear(k);
		keeper_free(k);
		return;
	}
	decide(k);
	k->busy = true;
	k->turn = (struct turn){.ctx = k,
		.patient = true,
		.run = remove_taken,
		.over = taken_removed};
	turns_queue(k->turns, &k->turn, "/outputs");
}

/* ---- When ---- */

static void hold(struct keeper *k, const struct workload *row)
{
	struct work *w = k->w;
	struct held h = {.org_id = mem_strdup(row->org_id),
		.end = INT64_MAX,
		.place = k->outputs->place(w->engine, row->uid)};

	snprintf(h.uid, sizeof h.uid, "%s", row->uid);
	if (work_state_final(row->state) && work_active(w, row->uid) == NULL)
		h.end = row->end_time.v > 0 ? row->end_time.v : row->update_time.v;
	vec_push(&k->held, h);
}

static void look(struct keeper *k)
{
	const struct sets *sets = &k->w->model->sets;

	for (size_t s = 0; s < sets->len; s++)
		for (size_t i = 0; kind_runs(sets->items[s].kind) && i < sets->items[s].rows->len;
			i++)
			hold(k, sets->items[s].rows->rows[i]);
	k->busy = true;
	k->turn = (struct turn){.ctx = k,
		.patient = true,
		.run = measure,
		.over = outputs_measured};
	turns_queue(k->turns, &k->turn, "/outputs");
}

static void on_timer(uv_timer_t *timer)
{
	struct keeper *k = timer->data;
	const struct work_settings *s = &k->w->settings;

	if (!k->busy && !k->w->closing && (s->outputs_keep > 0 || s->outputs_bytes > 0))
		look(k);
	uv_timer_start(timer, on_timer, (uint64_t)s->outputs_look, 0);
}

static void timer_closed(uv_handle_t *handle)
{
	struct keeper *k = handle->data;

	k->open = false;
	keeper_free(k);
}

void outputs_keep_start(struct work *w)
{
	struct keeper *k;

	if (w->engine->ops->outputs == NULL)
		return;
	k = mem_alloc(sizeof *k);
	k->w = w;
	k->outputs = w->engine->ops->outputs;
	k->turns = w->turns;
	k->timer.data = k;
	k->open = true;
	uv_timer_init(w->loop, &k->timer);
	/* Nobody waits for it: a daemon that has nothing else to do may end. */
	uv_unref((uv_handle_t *)&k->timer);
	w->keeper = k;
	uv_timer_start(&k->timer, on_timer, 0, 0);
}

void outputs_keep_stop(struct work *w)
{
	struct keeper *k = w->keeper;

	if (k == NULL)
		return;
	w->keeper = NULL;
	k->w = NULL;
	uv_close((uv_handle_t *)&k->timer, timer_closed);
}
