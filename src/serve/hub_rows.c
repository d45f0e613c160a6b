/* Subscriptions of rows: slots, the bits of what is owed and sent, and the pace of batches. */
#include "serve/hub.h"

#include "base/mem.h"
#include "base/timefmt.h"
#include "serve/http.h"
#include "serve/stream.h"

#include <stdlib.h>
#include <string.h>

/* ---- Slots ---- */

struct slot *feed_slot(struct feed *f, const char *uid)
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
	feed_filters_changed(f, slot); /* its number will be another row's */
	feed_texts_changed(f, slot);
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

struct row_sub *hub_subscribe(struct hub *h, struct stream *st, const struct kind *k, uint32_t id,
	const char *org, const char *filter, const struct fieldset *fields, struct err *e)
{
	struct server *s = hub_server(h);
	const struct rowset *rows = s->asks->rows(s->platform, k);
	struct feed *f = hub_feed(h, k);
	struct shared_filter *shared = NULL;
	struct row_sub *sub;

	if (filter[0] != '\0') {
		shared = filter_obtain(f, filter, e);
		if (shared == NULL)
			return NULL;
	}
	sub = mem_alloc(sizeof *sub);
	*sub = (struct row_sub){.stream = st,
		.feed = f,
		.id = id,
		.org = mem_strdup(org),
		.filter = shared,
		.fields = fields_obtain(f, fields)};
	grow_bits(sub, 0);
	vec_push(&sub->feed->subs, sub);
	for (size_t i = 0; rows != NULL && i < rows->len; i++)
		owe(sub, feed_slot(sub->feed, record_uid(k, rows->rows[i])));
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
	filter_let_go(f, sub->filter);
	fields_let_go(f, sub->fields);
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
		hub_arm_batch(sub->stream->hub, STREAM_BATCH_MS);
}

void row_sub_owe(struct row_sub *sub, struct slot *slot, int64_t mono)
{
	if (!owe(sub, slot))
		return;
	if (row_sub_ready(sub, mono))
		stream_wake(sub->stream);
	else
		hub_arm_batch(sub->stream->hub, sub->ready_at - mono);
}
