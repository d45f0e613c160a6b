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
	sub->owed_count++;
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
		.fields = fields_obtain(f, fields),
		.in_batch = true};
	grow_bits(sub, 0);
	vec_push(&sub->feed->subs, sub);
	for (size_t i = 0; rows != NULL && i < rows->len; i++)
		owe(sub, feed_slot(sub->feed, record_uid(k, rows->rows[i])));
	return sub;
}

/* All bits of a subscription that goes. Slots of rows that are there stay, for the next one. */
static void drop_bits(const struct server *s, struct row_sub *sub)
{
	struct feed *f = sub->feed;
	const struct rowset *rows = s->asks->rows(s->platform, f->kind);

	for (size_t i = 0; i < f->slots.len && i / 64 < sub->words; i++) {
		struct slot *slot = f->slots.items[i];

		if (slot == NULL)
			continue;
		bit_put(sub->owed, slot, false);
		bit_put(sub->sent, slot, false);
		if (slot->refs == 0)
			feed_settle(f, slot, rows && rowset_find(rows, slot->uid));
	}
}

void hub_unsubscribe(struct hub *h, struct row_sub *sub)
{
	struct feed *f = sub->feed;

	for (size_t i = 0; i < f->subs.len; i++)
		if (f->subs.items[i] == sub) {
			vec_remove(&f->subs, i);
			break;
		}
	drop_bits(hub_server(h), sub);
	free(sub->owed);
	free(sub->sent);
	filter_let_go(f, sub->filter);
	fields_let_go(f, sub->fields);
	free(sub->org);
	free(sub);
}

/* ---- Sending, seen from the subscription ---- */

bool row_sub_ready(const struct row_sub *sub, int64_t mono)
{
	if (sub->in_batch || !sub->synced)
		return true;
	return sub->owed_count > 0 && mono >= sub->ready_at;
}

/* The first slot that is owed and not behind; as many as there are bits: there is none. */
static size_t next_owed(const struct row_sub *sub)
{
	size_t word = sub->next / 64;
	uint64_t bits;

	if (word >= sub->words)
		return sub->words * 64;
	bits = sub->owed[word] & ~(uint64_t)0 << sub->next % 64;
	while (bits == 0 && ++word < sub->words)
		bits = sub->owed[word];
	return bits ? word * 64 + (size_t)__builtin_ctzll(bits) : sub->words * 64;
}

void row_sub_batch_begin(struct row_sub *sub)
{
	if (!sub->in_batch)
		sub->next = 0;
	sub->in_batch = true;
}

bool row_sub_batch_left(const struct row_sub *sub)
{
	return next_owed(sub) < sub->words * 64;
}

struct slot *row_sub_take(struct row_sub *sub)
{
	size_t at = next_owed(sub);
	struct slot *slot;

	if (at == sub->words * 64)
		return NULL;
	slot = sub->feed->slots.items[at];
	bit_put(sub->owed, slot, false);
	sub->owed_count--;
	sub->next = at + 1;
	return slot;
}

void row_sub_batch_over(struct row_sub *sub, int64_t mono)
{
	sub->in_batch = false;
	sub->ready_at = mono + STREAM_BATCH_MS;
	if (sub->owed_count > 0)
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
