/* Filters that subscriptions share, and what they know of each row. */
#include "serve/hub.h"

#include "base/mem.h"
#include "serve/http.h"
#include "serve/stream.h"

#include <stdlib.h>
#include <string.h>

struct shared_filter *filter_obtain(struct feed *f, const char *text, struct err *e)
{
	struct shared_filter *sf;
	struct filter *filter;

	for (size_t i = 0; i < f->filters.len; i++)
		if (strcmp(f->filters.items[i]->text, text) == 0) {
			f->filters.items[i]->refs++;
			return f->filters.items[i];
		}
	filter = filter_parse(f->kind, text, e);
	if (filter == NULL)
		return NULL;
	sf = mem_alloc(sizeof *sf);
	sf->text = mem_strdup(text);
	sf->filter = filter;
	sf->refs = 1;
	sf->uses_time = filter_uses_time(filter);
	vec_push(&f->filters, sf);
	return sf;
}

void filter_let_go(struct feed *f, struct shared_filter *sf)
{
	if (sf == NULL || --sf->refs > 0)
		return;
	for (size_t i = 0; i < f->filters.len; i++)
		if (f->filters.items[i] == sf) {
			vec_remove(&f->filters, i);
			break;
		}
	filter_free(sf->filter);
	free(sf->known);
	free(sf->fits);
	free(sf->text);
	free(sf);
}

static void grow(struct shared_filter *sf, uint32_t index)
{
	size_t words = sf->words ? sf->words : 16;

	while (words <= index / 64)
		words *= 2;
	if (words == sf->words)
		return;
	sf->known = mem_realloc(sf->known, words * sizeof *sf->known);
	sf->fits = mem_realloc(sf->fits, words * sizeof *sf->fits);
	memset(sf->known + sf->words, 0, (words - sf->words) * sizeof *sf->known);
	memset(sf->fits + sf->words, 0, (words - sf->words) * sizeof *sf->fits);
	sf->words = words;
}

/* Matches anew; true: it is otherwise than was known. */
static bool look(struct shared_filter *sf, uint32_t index, const void *row, int64_t now,
	int64_t *steps)
{
	uint64_t bit = 1ull << (index % 64), *known, *fits;
	bool fit = filter_match_within(sf->filter, row, now, steps), was_known, was;

	if (*steps < 0)
		return false;
	grow(sf, index);
	known = &sf->known[index / 64];
	fits = &sf->fits[index / 64];
	was_known = (*known & bit) != 0;
	was = (*fits & bit) != 0;
	*known |= bit;
	*fits = fit ? *fits | bit : *fits & ~bit;
	return was_known && was != fit;
}

bool filter_fits(struct shared_filter *sf, const struct slot *slot, const void *row, int64_t now,
	int64_t *steps)
{
	uint64_t bit = 1ull << (slot->index % 64);

	if (slot->index / 64 >= sf->words || (sf->known[slot->index / 64] & bit) == 0)
		look(sf, slot->index, row, now, steps);
	return *steps >= 0 && (sf->fits[slot->index / 64] & bit) != 0;
}

void feed_filters_changed(struct feed *f, const struct slot *slot)
{
	for (size_t i = 0; i < f->filters.len; i++) {
		struct shared_filter *sf = f->filters.items[i];

		if (slot->index / 64 < sf->words)
			sf->known[slot->index / 64] &= ~(1ull << (slot->index % 64));
	}
}

/* Whose subscription it is pays. */
static struct key_use *payer(const struct feed *f, const struct shared_filter *sf)
{
	for (size_t i = 0; i < f->subs.len; i++)
		if (f->subs.items[i]->filter == sf)
			return f->subs.items[i]->stream->conn->use;
	return NULL;
}

static void owe_to_all(struct feed *f, const struct shared_filter *sf, struct slot *slot,
	int64_t mono)
{
	for (size_t i = 0; i < f->subs.len; i++)
		if (f->subs.items[i]->filter == sf)
			row_sub_owe(f->subs.items[i], slot, mono);
}

static void time_passed(struct server *s, struct feed *f, struct shared_filter *sf, int64_t mono,
	int64_t now)
{
	const struct rowset *rows = s->asks->rows(s->platform, f->kind);
	struct key_use *use = payer(f, sf);

	if (mono < sf->pass_after || steps_wait_ms(s, use, mono) > 0)
		return;
	for (; sf->next < rows->len && !steps_turn_over(s); sf->next++) {
		const void *row = rows->rows[sf->next];
		struct slot *slot = map_get(&f->by_uid, record_uid(f->kind, row));
		int64_t steps = STEPS_ROW;

		if (slot != NULL && look(sf, slot->index, row, now, &steps))
			owe_to_all(f, sf, slot, mono);
		steps_spend(s, use, STEPS_ROW - steps + STEPS_LOOK);
	}
	if (sf->next < rows->len)
		return;
	sf->next = 0;
	sf->pass_after = mono + STREAM_FILTER_MS;
}

void feed_time_passed(struct hub *h, struct feed *f, int64_t mono, int64_t now)
{
	for (size_t i = 0; i < f->filters.len; i++)
		if (f->filters.items[i]->uses_time)
			time_passed(hub_server(h), f, f->filters.items[i], mono, now);
}
