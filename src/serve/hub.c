#include "serve/hub.h"

#include "base/mem.h"
#include "base/timefmt.h"
#include "serve/http.h"
#include "serve/stream.h"

#include <stdlib.h>
#include <string.h>

struct hub {
	struct server *server;
	struct stream *streams;
	int count;
	struct map feeds; /* kind's name -> struct feed */
	size_t text_bytes;
	struct map logs; /* uid of what runs -> first struct log_sub */
	uv_timer_t tick, batch;
	bool started, stopped;
};

/* ---- Feeds and batches ---- */

struct feed *hub_feed(struct hub *h, const struct kind *k)
{
	struct feed *f = map_get(&h->feeds, k->name);

	if (f == NULL) {
		f = mem_alloc(sizeof *f);
		f->kind = k;
		f->text_bytes = &h->text_bytes;
		map_set(&h->feeds, k->name, f);
	}
	return f;
}

struct server *hub_server(const struct hub *h)
{
	return h->server;
}

static void batch_timer_fired(uv_timer_t *timer);

void hub_arm_batch(struct hub *h, int64_t ms)
{
	if (h->started && !h->stopped && !uv_is_active((uv_handle_t *)&h->batch))
		uv_timer_start(&h->batch, batch_timer_fired, (uint64_t)(ms > 0 ? ms : 1), 0);
}

/* Wakes what is due, and comes again for the earliest of the rest. */
static void batch_timer_fired(uv_timer_t *timer)
{
	struct hub *h = CONTAINER_OF(timer, struct hub, batch);
	int64_t mono = time_mono_ms(), next = INT64_MAX;

	for (struct stream *st = h->streams; st != NULL; st = st->next)
		for (size_t i = 0; i < st->rows.len; i++) {
			const struct row_sub *sub = st->rows.items[i];

			if (mono < st->rest_until)
				next = st->rest_until < next ? st->rest_until : next;
			else if (row_sub_ready(sub, mono))
				stream_wake(st);
			else if (sub->owed_count > 0 && sub->ready_at < next)
				next = sub->ready_at;
		}
	if (next != INT64_MAX)
		hub_arm_batch(h, next - mono);
}

/* ---- What the platform tells ---- */

void hub_changed(struct hub *h, const struct kind *k, const char *uid)
{
	struct feed *f = map_get(&h->feeds, k->name);
	int64_t mono = time_mono_ms();
	struct slot *slot;

	if (f == NULL || f->subs.len == 0)
		return;
	slot = feed_slot(f, uid);
	feed_filters_changed(f, slot);
	feed_texts_changed(f, slot);
	for (size_t i = 0; i < f->subs.len; i++)
		row_sub_owe(f->subs.items[i], slot, mono);
}

/* Only those that were sent the row, or owe it, have something to take back. */
void hub_gone(struct hub *h, const struct kind *k, const char *uid)
{
	struct feed *f = map_get(&h->feeds, k->name);
	struct slot *slot = f ? map_get(&f->by_uid, uid) : NULL;

	if (slot == NULL)
		return;
	hub_changed(h, k, uid);
	feed_settle(f, slot, false);
}

static void wake_logs(struct hub *h, const char *uid, const char *task, int attempt)
{
	for (struct log_sub *l = map_get(&h->logs, uid); l != NULL; l = l->next_of_uid) {
		if (strcmp(l->task, task) != 0 || (l->attempt != 0 && l->attempt != attempt))
			continue;
		l->idle = false;
		l->stream->conn->server->asks->log_news(l->cursor);
		stream_wake(l->stream);
	}
}

void hub_log_grew(struct hub *h, const char *uid, const char *task, int attempt)
{
	wake_logs(h, uid, task, attempt);
}

void hub_log_ended(struct hub *h, const char *uid, const char *task, int attempt)
{
	wake_logs(h, uid, task, attempt);
}

void hub_key_disabled(struct hub *h, const char *access_key)
{
	for (struct stream *st = h->streams; st != NULL; st = st->next)
		if (strcmp(st->who.access_key, access_key) == 0)
			stream_close(st, 4401, "the access key was disabled");
}

void hub_add_log(struct hub *h, struct log_sub *sub)
{
	sub->next_of_uid = map_get(&h->logs, sub->uid);
	map_set(&h->logs, sub->uid, sub);
}

void hub_remove_log(struct hub *h, struct log_sub *sub)
{
	struct log_sub *first = map_get(&h->logs, sub->uid), **at = &first;

	while (*at != NULL && *at != sub)
		at = &(*at)->next_of_uid;
	if (*at != NULL)
		*at = sub->next_of_uid;
	if (first != NULL)
		map_set(&h->logs, sub->uid, first);
	else
		map_remove(&h->logs, sub->uid);
}

/* ---- Streams ---- */

/* The clock of the streams: runs only while there are any. */
static void tick_timer_fired(uv_timer_t *timer)
{
	struct hub *h = CONTAINER_OF(timer, struct hub, tick);
	int64_t mono = time_mono_ms(), now = time_now_ms();
	struct stream *next;
	size_t at = 0;
	const char *name;
	void *feed;

	for (struct stream *st = h->streams; st != NULL; st = next) {
		next = st->next;
		stream_tick(st, mono, now);
	}
	while (map_next(&h->feeds, &at, &name, &feed)) {
		feed_time_passed(h, feed, mono, now);
		feed_texts_sweep(feed);
	}
}

void hub_add_stream(struct hub *h, struct stream *st)
{
	st->next = h->streams;
	if (h->streams != NULL)
		h->streams->before = st;
	h->streams = st;
	if (h->count++ == 0)
		uv_timer_start(&h->tick, tick_timer_fired, STREAM_TICK_MS / 2, STREAM_TICK_MS / 2);
}

void hub_remove_stream(struct hub *h, struct stream *st)
{
	if (st->next != NULL)
		st->next->before = st->before;
	if (st->before != NULL)
		st->before->next = st->next;
	else
		h->streams = st->next;
	if (--h->count == 0 && !h->stopped)
		uv_timer_stop(&h->tick);
}

int hub_streams(const struct hub *h)
{
	return h->count;
}

struct hub *hub_new(struct server *s)
{
	struct hub *h = mem_alloc(sizeof *h);

	h->server = s;
	return h;
}

void hub_start(struct hub *h)
{
	uv_timer_init(h->server->loop, &h->tick);
	uv_timer_init(h->server->loop, &h->batch);
	/* A stream does not keep the daemon's loop running by itself. */
	uv_unref((uv_handle_t *)&h->tick);
	h->started = true;
}

void hub_stop(struct hub *h)
{
	if (!h->started || h->stopped)
		return;
	h->stopped = true;
	for (struct stream *st = h->streams; st != NULL; st = st->next)
		stream_close(st, 1001, "the server is going down");
	uv_close((uv_handle_t *)&h->tick, NULL);
	uv_close((uv_handle_t *)&h->batch, NULL);
}

static void feed_free(struct feed *f)
{
	for (size_t i = 0; i < f->slots.len; i++)
		free(f->slots.items[i]);
	vec_release(&f->slots);
	vec_release(&f->unused);
	vec_release(&f->subs);
	vec_release(&f->filters);
	vec_release(&f->fields);
	map_release(&f->by_uid);
	free(f);
}

void hub_free(struct hub *h)
{
	size_t at = 0;
	const char *name;
	void *value;

	while (map_next(&h->feeds, &at, &name, &value))
		feed_free(value);
	map_release(&h->feeds);
	map_release(&h->logs);
	free(h);
}
