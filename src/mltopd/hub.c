#include "mltopd/hub.h"

#include "base/mem.h"
#include "base/timefmt.h"
#include "mltopd/http.h"
#include "mltopd/stream.h"

#include <stdlib.h>
#include <string.h>

struct hub {
	struct server *server;
	struct stream *streams;
	int count;
	struct map feeds;  /* kind's name -> struct feed */
	struct map logs;   /* job uid -> first struct log_sub */
	uv_timer_t tick, batch;
	bool started, stopped;
};

/* ---- Slots ---- */

static struct slot *slot_of(struct feed *f, const char *uid)
{
	struct slot *slot = map_get(&f->by_uid, uid);
	size_t len = strlen(uid) + 1;

	if (slot != NULL)
		return slot;
	slot = mem_alloc(sizeof *slot + len);
	memcpy(slot->uid, uid, len);
	if (f->unused.len > 0) {
		slot->index = f->unused.items[--f->unused.len];
		f->slots.items[slot->index] = slot;
	} else {
		slot->index = (uint32_t)f->slots.len;
		vec_push(&f->slots, slot);
	}
	map_set(&f->by_uid, uid, slot);
	return slot;
}

static void slot_free(struct feed *f, struct slot *slot)
{
	f->slots.items[slot->index] = NULL;
	vec_push(&f->unused, slot->index);
	map_remove(&f->by_uid, slot->uid);
	free(slot);
}

void feed_settle(struct feed *f, struct slot *slot, bool exists)
{
	if (slot->refs == 0 && !exists)
		slot_free(f, slot);
}

static bool bit_get(const uint64_t *bits, size_t words, uint32_t index)
{
	return index / 64 < words && (bits[index / 64] >> (index % 64) & 1);
}

static void grow_bits(struct row_sub *sub, uint32_t index)
{
	size_t words = sub->words ? sub->words : 16;

	while (words <= index / 64)
		words *= 2;
	if (words == sub->words)
		return;
	sub->owed = mem_realloc(sub->owed, words * sizeof *sub->owed);
	sub->sent = mem_realloc(sub->sent, words * sizeof *sub->sent);
	memset(sub->owed + sub->words, 0, (words - sub->words) * sizeof *sub->owed);
	memset(sub->sent + sub->words, 0, (words - sub->words) * sizeof *sub->sent);
	sub->words = words;
}

/* True when the bit changed; the slot counts its bits. */
static bool bit_put(uint64_t *bits, struct slot *slot, bool on)
{
	uint64_t bit = 1ull << (slot->index % 64);

	if (((bits[slot->index / 64] & bit) != 0) == on)
		return false;
	bits[slot->index / 64] ^= bit;
	if (on)
		slot->refs++;
	else
		slot->refs--;
	return true;
}

/* True when it was not owed already. */
static bool owe(struct row_sub *sub, struct slot *slot)
{
	grow_bits(sub, slot->index);
	if (!bit_put(sub->owed, slot, true))
		return false;
	vec_push(&sub->queue, slot->index);
	return true;
}

bool row_sub_was_sent(const struct row_sub *sub, const struct slot *slot)
{
	return bit_get(sub->sent, sub->words, slot->index);
}

void row_sub_set_sent(struct row_sub *sub, struct slot *slot, bool sent)
{
	grow_bits(sub, slot->index);
	bit_put(sub->sent, slot, sent);
}

/* ---- Subscriptions ---- */

static struct feed *feed_of(struct hub *h, const struct kind *k)
{
	struct feed *f = map_get(&h->feeds, k->name);

	if (f == NULL) {
		f = mem_alloc(sizeof *f);
		f->kind = k;
		map_set(&h->feeds, k->name, f);
	}
	return f;
}

struct row_sub *hub_subscribe(struct hub *h, struct stream *st, const struct kind *k, uint32_t id,
	const char *org, struct filter *filter, const struct fieldset *fields)
{
	const struct rowset *rows = platform_rows(h->server->platform, k);
	struct row_sub *sub = mem_alloc(sizeof *sub);

	*sub = (struct row_sub){.stream = st, .feed = feed_of(h, k), .id = id,
		.org = mem_strdup(org), .filter = filter, .fields = *fields};
	grow_bits(sub, 0);
	vec_push(&sub->feed->subs, sub);
	for (size_t i = 0; rows != NULL && i < rows->len; i++)
		owe(sub, slot_of(sub->feed, record_uid(k, rows->rows[i])));
	sub->batch_end = sub->queue.len;
	return sub;
}

/* All bits of a subscription that goes; slots that were only its own go with it. */
static void drop_bits(struct row_sub *sub)
{
	struct feed *f = sub->feed;

	for (size_t i = 0; i < f->slots.len && i / 64 < sub->words; i++) {
		struct slot *slot = f->slots.items[i];

		if (slot == NULL)
			continue;
		bit_put(sub->owed, slot, false);
		bit_put(sub->sent, slot, false);
		feed_settle(f, slot, false);
	}
}

void hub_unsubscribe(struct hub *h, struct row_sub *sub)
{
	struct feed *f = sub->feed;

	(void)h;
	for (size_t i = 0; i < f->subs.len; i++)
		if (f->subs.items[i] == sub) {
			vec_remove(&f->subs, i);
			break;
		}
	drop_bits(sub);
	free(sub->owed);
	free(sub->sent);
	vec_release(&sub->queue);
	filter_free(sub->filter);
	free(sub->org);
	free(sub);
}

/* ---- Sending, seen from the subscription ---- */

bool row_sub_ready(const struct row_sub *sub, int64_t mono)
{
	if (sub->head < sub->batch_end || !sub->synced)
		return true;
	return sub->head < sub->queue.len && mono >= sub->ready_at;
}

struct slot *row_sub_take(struct row_sub *sub)
{
	while (sub->head < sub->batch_end) {
		struct slot *slot = sub->feed->slots.items[sub->queue.items[sub->head++]];

		if (slot != NULL && bit_get(sub->owed, sub->words, slot->index)) {
			bit_put(sub->owed, slot, false);
			return slot;
		}
	}
	return NULL;
}

static void on_batch(uv_timer_t *timer);

static void arm_batch(struct hub *h, int64_t ms)
{
	if (h->started && !h->stopped && !uv_is_active((uv_handle_t *)&h->batch))
		uv_timer_start(&h->batch, on_batch, (uint64_t)(ms > 0 ? ms : 1), 0);
}

/* Wakes what is due, and comes again for the earliest of the rest. */
static void on_batch(uv_timer_t *timer)
{
	struct hub *h = CONTAINER_OF(timer, struct hub, batch);
	int64_t mono = time_mono_ms(), next = INT64_MAX;

	for (struct stream *st = h->streams; st != NULL; st = st->next)
		for (size_t i = 0; i < st->rows.len; i++) {
			const struct row_sub *sub = st->rows.items[i];

			if (row_sub_ready(sub, mono))
				stream_wake(st);
			else if (sub->head < sub->queue.len && sub->ready_at < next)
				next = sub->ready_at;
		}
	if (next != INT64_MAX)
		arm_batch(h, next - mono);
}

void row_sub_batch_over(struct row_sub *sub, int64_t mono)
{
	size_t left = sub->queue.len - sub->head;

	if (left > 0)
		memmove(sub->queue.items, sub->queue.items + sub->head,
			left * sizeof *sub->queue.items);
	sub->queue.len = left;
	sub->head = sub->batch_end = 0;
	sub->ready_at = mono + STREAM_BATCH_MS;
	if (left > 0)
		arm_batch(sub->stream->hub, STREAM_BATCH_MS);
}

void row_sub_owe(struct row_sub *sub, const char *uid)
{
	int64_t mono = time_mono_ms();

	if (!owe(sub, slot_of(sub->feed, uid)))
		return;
	if (row_sub_ready(sub, mono))
		stream_wake(sub->stream);
	else
		arm_batch(sub->stream->hub, sub->ready_at - mono);
}

bool row_sub_sent_uid(const struct row_sub *sub, const char *uid)
{
	const struct slot *slot = map_get(&sub->feed->by_uid, uid);

	return slot != NULL && row_sub_was_sent(sub, slot);
}

/* ---- What the platform tells ---- */

void hub_changed(struct hub *h, const struct kind *k, const char *uid)
{
	const struct feed *f = map_get(&h->feeds, k->name);

	for (size_t i = 0; f != NULL && i < f->subs.len; i++)
		row_sub_owe(f->subs.items[i], uid);
}

/* Only those that were sent the row, or owe it, have something to take back. */
void hub_gone(struct hub *h, const struct kind *k, const char *uid, const char *org_id)
{
	const struct feed *f = map_get(&h->feeds, k->name);

	(void)org_id;
	if (f != NULL && map_get(&f->by_uid, uid) != NULL)
		hub_changed(h, k, uid);
}

static void wake_logs(struct hub *h, const char *job_uid, const char *task, int attempt)
{
	for (struct log_sub *l = map_get(&h->logs, job_uid); l != NULL; l = l->next_of_job) {
		if (strcmp(l->task, task) != 0 || (l->attempt != 0 && l->attempt != attempt))
			continue;
		l->idle = false;
		stream_wake(l->stream);
	}
}

void hub_log_grew(struct hub *h, const char *job_uid, const char *task, int attempt)
{
	wake_logs(h, job_uid, task, attempt);
}

void hub_log_ended(struct hub *h, const char *job_uid, const char *task, int attempt)
{
	wake_logs(h, job_uid, task, attempt);
}

void hub_key_disabled(struct hub *h, const char *access_key)
{
	for (struct stream *st = h->streams; st != NULL; st = st->next)
		if (strcmp(st->who.access_key, access_key) == 0)
			stream_close(st, 4401, "the access key was disabled");
}

void hub_add_log(struct hub *h, struct log_sub *sub)
{
	sub->next_of_job = map_get(&h->logs, sub->job_uid);
	map_set(&h->logs, sub->job_uid, sub);
}

void hub_remove_log(struct hub *h, struct log_sub *sub)
{
	struct log_sub *first = map_get(&h->logs, sub->job_uid), **at = &first;

	while (*at != NULL && *at != sub)
		at = &(*at)->next_of_job;
	if (*at != NULL)
		*at = sub->next_of_job;
	if (first != NULL)
		map_set(&h->logs, sub->job_uid, first);
	else
		map_remove(&h->logs, sub->job_uid);
}

/* ---- Streams ---- */

/* The clock of the streams: runs only while there are any. */
static void on_tick(uv_timer_t *timer)
{
	struct hub *h = CONTAINER_OF(timer, struct hub, tick);
	int64_t mono = time_mono_ms(), now = time_now_ms();
	struct stream *next;

	for (struct stream *st = h->streams; st != NULL; st = next) {
		next = st->next;
		stream_tick(st, mono, now);
	}
}

void hub_add_stream(struct hub *h, struct stream *st)
{
	st->next = h->streams;
	if (h->streams != NULL)
		h->streams->before = st;
	h->streams = st;
	if (h->count++ == 0)
		uv_timer_start(&h->tick, on_tick, STREAM_TICK_MS / 2, STREAM_TICK_MS / 2);
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
