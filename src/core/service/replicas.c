#include "core/service/replicas.h"

#include <string.h>

/* What there is, counted. */
struct counts {
	int64_t live;    /* neither on their way out nor to be stopped now */
	int64_t current; /* of these: of the wanted generation */
	int64_t serving; /* of these: all that serve */
	int64_t old;     /* that serve, of another generation */
	int64_t leaving; /* on their way out */
};

static void add(struct replicas_plan *out, enum replica_verb verb, int64_t index)
{
	if (out->count < REPLICAS_SEEN_MOST)
		out->actions[out->count++] = (struct replica_action){verb, index};
}

static void wake_at(struct replicas_plan *out, int64_t at)
{
	if (out->wake == 0 || at < out->wake)
		out->wake = at;
}

static bool is_leaving(const struct replica_seen *r)
{
	return r->stage == REPLICA_DRAINING || r->stage == REPLICA_STOPPING;
}

static bool is_current(const struct replicas_wanted *w, const struct replica_seen *r)
{
	return r->generation == w->generation;
}

/* It would serve with what nobody wants any more, and serves nobody now. */
static bool is_useless(const struct replicas_wanted *w, const struct replica_seen *r)
{
	return !is_leaving(r) && r->stage != REPLICA_SERVING && !is_current(w, r);
}

static struct counts count_all(const struct replicas_wanted *w, const struct replica_seen *seen,
	size_t count)
{
	struct counts n = {0};

	for (size_t i = 0; i < count; i++) {
		const struct replica_seen *r = &seen[i];

		if (is_leaving(r) || is_useless(w, r)) {
			n.leaving++;
			continue;
		}
		n.live++;
		n.current += is_current(w, r);
		n.serving += r->stage == REPLICA_SERVING;
		n.old += !is_current(w, r);
	}
	return n;
}

/* ---- Each by itself ---- */

static void look_at_times(struct replicas_plan *out, const struct replicas_wanted *w,
	const struct replica_seen *r, int64_t now)
{
	int64_t limit = r->stage == REPLICA_DRAINING ? w->drain_most : w->start_deadline;
	bool over = now - r->since >= limit;

	if (r->stage == REPLICA_DRAINING && (r->drained || over))
		add(out, REPLICA_STOP, r->index);
	else if (r->stage == REPLICA_STARTING && over)
		add(out, REPLICA_AGAIN, r->index);
	else if (r->stage == REPLICA_DRAINING || r->stage == REPLICA_STARTING)
		wake_at(out, r->since + limit);
}

/* ---- Fewer ---- */

static bool goes_before(const struct replica_seen *a, const struct replica_seen *b)
{
	if (a->stage != b->stage)
		return a->stage < b->stage;
	return a->index > b->index;
}

/* Those of the generation, wanted or not, that go first: `most` of them. */
static void take_away(struct replicas_plan *out, const struct replicas_wanted *w,
	const struct replica_seen *seen, size_t count, bool current, int64_t most)
{
	bool taken[REPLICAS_SEEN_MOST] = {false};

	for (; most > 0; most--) {
		const struct replica_seen *first = NULL;

		for (size_t i = 0; i < count; i++)
			if (!taken[i] && !is_leaving(&seen[i]) && !is_useless(w, &seen[i]) &&
				is_current(w, &seen[i]) == current &&
				(first == NULL || goes_before(&seen[i], first)))
				first = &seen[i];
		if (first == NULL)
			return;
		taken[first - seen] = true;
		add(out, first->stage == REPLICA_SERVING ? REPLICA_DRAIN : REPLICA_STOP,
			first->index);
	}
}

/* Was it taken away just now? Its times are of no interest then. */
static bool is_told(const struct replicas_plan *out, int64_t index)
{
	for (size_t i = 0; i < out->count; i++)
		if (out->actions[i].index == index)
			return true;
	return false;
}

/* ---- More ---- */

static bool is_taken(const struct replica_seen *seen, size_t count, const struct replicas_plan *out,
	int64_t index)
{
	for (size_t i = 0; i < count; i++)
		if (seen[i].index == index)
			return true;
	return is_told(out, index);
}

static void make(struct replicas_plan *out, const struct replica_seen *seen, size_t count,
	int64_t most)
{
	for (int64_t index = 0; most > 0; index++) {
		if (is_taken(seen, count, out, index))
			continue;
		add(out, REPLICA_MAKE, index);
		most--;
	}
}

/* How many are to be made: what lacks, and of an update as many as may be beside the old ones. */
static int64_t to_make(const struct replicas_wanted *w, const struct counts *n, size_t count)
{
	int64_t lacks = w->count - n->current;
	int64_t gap = w->count - n->live;
	int64_t beside = w->count + w->surge - n->live - n->leaving;
	int64_t most = n->old == 0 || gap > beside ? gap : beside;
	int64_t room = REPLICAS_SEEN_MOST - (int64_t)count;

	if (most > lacks)
		most = lacks;
	return most < room ? most : room;
}

void replicas_plan(struct replicas_plan *out, const struct replicas_wanted *wanted,
	const struct replica_seen *seen, size_t count, int64_t now)
{
	struct counts n = count_all(wanted, seen, count);
	int64_t spare = n.serving - wanted->count;

	out->count = 0;
	out->wake = 0;
	for (size_t i = 0; i < count; i++)
		if (is_useless(wanted, &seen[i]))
			add(out, REPLICA_STOP, seen[i].index);
	take_away(out, wanted, seen, count, false, n.old < spare ? n.old : spare);
	take_away(out, wanted, seen, count, true, n.current - wanted->count);
	for (size_t i = 0; i < count; i++)
		if (!is_told(out, seen[i].index))
			look_at_times(out, wanted, &seen[i], now);
	make(out, seen, count, to_make(wanted, &n, count));
}
