#include "core/service/scale.h"

#include <math.h>

static int64_t within(const struct scale_terms *t, int64_t count, int64_t least)
{
	if (count < least)
		count = least;
	return count < t->most ? count : t->most;
}

/* Slots in which nobody looked needed nothing that is known. */
static void go_to_slot(struct scale *s, int64_t slot)
{
	int64_t behind = s->begun ? slot - s->slot : SCALE_SLOTS;

	if (behind == 0)
		return;
	for (int64_t i = 0; i < behind && i < SCALE_SLOTS; i++)
		s->needed[(slot - i) % SCALE_SLOTS] = 0;
	s->slot = slot;
	s->sum = 0;
	s->samples = 0;
	s->begun = true;
}

/* The mean of a slot, so that one burst between two looks does not start what nobody needs. */
static void take_sample(struct scale *s, const struct scale_terms *t,
	const struct scale_sample *now)
{
	double needed;

	go_to_slot(s, now->now / SCALE_SLOT_MS);
	s->sum += (double)now->in_flight;
	s->samples++;
	needed = ceil(s->sum / (double)s->samples / t->target);
	s->needed[s->slot % SCALE_SLOTS] = needed < (double)t->most ? (int64_t)needed : t->most;
}

static int64_t most_needed(const struct scale *s)
{
	int64_t most = 0;

	for (int i = 0; i < SCALE_SLOTS; i++)
		if (s->needed[i] > most)
			most = s->needed[i];
	return most;
}

int64_t scale_step(struct scale *s, const struct scale_terms *terms, int64_t count,
	const struct scale_sample *now)
{
	bool first = !s->begun, asked = now->in_flight > 0;
	bool idle = !asked && now->now - now->last_request >= terms->idle_stop;
	int64_t needed;

	take_sample(s, terms, now);
	/* What was needed before this daemon began, nobody here saw: it stays for the first minute. */
	if (first)
		s->needed[(s->slot + SCALE_SLOTS - 1) % SCALE_SLOTS] = count;
	needed = most_needed(s);
	if (terms->least == 0 && !asked && (count == 0 || idle))
		return 0;
	return within(terms, needed, terms->least > 1 ? terms->least : 1);
}
