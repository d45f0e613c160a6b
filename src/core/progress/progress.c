#include "core/progress/reading.h"

enum { SPEED_MIN_MS = 3000 }; /* before that nobody can say how long it takes */

_Static_assert(sizeof(struct progress) <= PROGRESS_SIZE_MAX, "a job's reader has its limit");

size_t progress_size(void)
{
	return sizeof(struct progress);
}

static void state_init(struct state *s)
{
	memset(s, 0, sizeof *s);
	track_init(&s->track);
	ranks_init(&s->ranks);
	s->line_rank = -1;
}

void progress_init(struct progress *p, const struct progress_rules *rules)
{
	memset(p, 0, sizeof *p);
	state_init(&p->state);
	p->rules = rules;
}

void progress_watch(struct progress *p, progress_line_fn *line_done, void *ctx)
{
	p->line_read = line_done;
	p->ctx = ctx;
}

uint64_t progress_passed(const struct progress *p)
{
	return p->passed;
}

/* ---- Its own speed ---- */

static void speed_note(struct progress *p, int64_t now_ms)
{
	struct moment *last = p->speed_count ? &p->speeds[p->speed_count - 1] : NULL;
	int64_t apart = p->speed_count ? (now_ms - p->speeds[0].ms) / SPEEDS : 0;
	double percent;

	if (!track_percent(&p->state.track, &percent)) {
		p->speed_count = 0;
		return;
	}
	if (last && percent < last->percent - 1e-9) { /* it begins anew */
		p->speed_count = 0;
		last = NULL;
	}
	if (last && now_ms - last->ms < (apart > 1000 ? apart : 1000))
		return;
	if (p->speed_count == SPEEDS) {
		memmove(p->speeds, p->speeds + 1, (SPEEDS - 1) * sizeof *p->speeds);
		p->speed_count--;
	}
	p->speeds[p->speed_count++] = (struct moment){now_ms, percent};
}

static bool speed_eta(const struct progress *p, double percent, int64_t now_ms, int64_t *eta_ms)
{
	double gone, left;

	if (p->speed_count == 0)
		return false;
	gone = percent - p->speeds[0].percent;
	if (now_ms - p->speeds[0].ms < SPEED_MIN_MS || gone <= 0)
		return false;
	left = (100 - percent) * (double)(now_ms - p->speeds[0].ms) / gone;
	if (left > 1e15)
		return false;
	*eta_ms = (int64_t)left;
	return true;
}

/* ---- What callers see ---- */

/* The next places of LF, CR and backspace, each looked for once. */
struct ends {
	const char *next[3];
};

static const char *next_end(struct ends *e, const char *at, const char *end)
{
	static const char marks[3] = {'\n', '\r', '\b'};
	const char *first = end;

	for (int i = 0; i < 3; i++) {
		if (e->next[i] == NULL || e->next[i] < at) {
			e->next[i] = memchr(at, marks[i], (size_t)(end - at));
			if (e->next[i] == NULL)
				e->next[i] = end;
		}
		if (e->next[i] < first)
			first = e->next[i];
	}
	return first;
}

void progress_feed(struct progress *p, const void *bytes, size_t len, int64_t now_ms)
{
	const char *at = bytes, *end = at + len;
	struct ends ends = {{NULL, NULL, NULL}};

	/* What stood at the end of the moment before: a moment's pieces do not count for themselves. */
	if (now_ms > p->fed_ms)
		speed_note(p, p->fed_ms);
	p->fed_ms = now_ms;
	lines_turn(p, now_ms);
	while (at < end) {
		const char *stop = next_end(&ends, at, end);

		if (stop == end)
			lines_add(p, at, (size_t)(stop - at));
		else
			lines_end(p, at, (size_t)(stop - at), *stop);
		at = stop + 1;
	}
}

void progress_skip(struct progress *p)
{
	p->line_len = 0;
	p->line_long = true; /* until the next end of line */
	p->holds = false;
	p->state.line_rank = -1;
	track_gap(&p->state.track);
}

static void ranks_values(const struct rank_table *r, struct progress_values *out)
{
	struct progress_ranks *v = &out->ranks;
	int least = -1;

	*v = (struct progress_ranks){.expected = r->expected, .behind = -1, .behind_step = -1};
	for (int i = 0; i < RANK_BITS / 64; i++)
		v->seen += __builtin_popcountll(r->seen[i]);
	for (int i = 0; i < r->count; i++)
		if (least < 0 || r->rows[i].epoch < r->rows[least].epoch ||
			(r->rows[i].epoch == r->rows[least].epoch &&
				r->rows[i].step < r->rows[least].step))
			least = i;
	for (int i = 0; i < r->count && least >= 0 && v->behind < 0; i++)
		if (r->rows[i].epoch != r->rows[least].epoch ||
			r->rows[i].step != r->rows[least].step) {
			v->behind = r->rows[least].rank;
			v->behind_step = r->rows[least].step;
		}
	if (v->seen >= 2)
		out->known |= PROGRESS_RANKS;
}

/* What stands with the line that has not ended. */
static void peek(const struct progress *p, bool ended, struct state *s)
{
	struct reading r = {.s = s, .rules = p->rules, .steps = PROGRESS_STEPS_A_LINE};

	*s = p->state;
	if (p->holds) {
		track_gap(&s->track);
		reading_raw(&r, p->held, p->held_len, true);
		reading_raw(&r, p->held + p->held_len, p->tail_len, true);
	}
	if (p->line_len > 0 && lines_worth(p, p->line, p->line_len))
		reading_raw(&r, p->line, p->line_len, ended || p->line_long);
}

void progress_pause(struct progress *p, int64_t now_ms, struct progress_values *out)
{
	struct state s;

	peek(p, false, &s);
	track_values(&s.track, out);
	ranks_values(&s.ranks, out);
	if ((out->known & PROGRESS_PERCENT) && !(out->known & PROGRESS_ETA) &&
		speed_eta(p, out->percent, now_ms, &out->eta_ms))
		out->known |= PROGRESS_ETA;
}

void progress_finish(struct progress *p, int64_t now_ms, struct progress_values *out)
{
	struct state s;

	(void)now_ms;
	peek(p, true, &s);
	track_values(&s.track, out);
	ranks_values(&s.ranks, out);
	out->known &= ~(unsigned)(PROGRESS_ETA | PROGRESS_RATE);
}

const char *progress_source(const struct progress_values *v)
{
	static const char *const sources[] = {NULL, "log", "patterns", "patterns, log", "line",
		"line, log", "line, patterns", "line, patterns, log", "events", "log, events",
		"patterns, events", "patterns, log, events", "line, events", "line, log, events",
		"line, patterns, events", "line, patterns, log, events"};
	/* These may follow from what another said, and stand beside it whoever speaks. */
	unsigned follow = PROGRESS_PERCENT | PROGRESS_ETA | PROGRESS_PHASE | PROGRESS_RANKS;
	unsigned above = v->outright | v->patterned,
		 log = v->known & ~(above | v->events | (above ? follow : 0));

	return sources[(v->events ? 8 : 0) + (v->outright ? 4 : 0) + (v->patterned ? 2 : 0) +
		(log ? 1 : 0)];
}

const char *progress_field(unsigned bit)
{
	switch (bit) {
	case PROGRESS_STEP: return "progress_step";
	case PROGRESS_TOTAL: return "progress_total";
	case PROGRESS_EPOCH: return "progress_epoch";
	case PROGRESS_EPOCHS: return "progress_epochs";
	case PROGRESS_PERCENT: return "progress_percent";
	case PROGRESS_RATE: return "progress_rate";
	case PROGRESS_ETA: return "progress_eta";
	case PROGRESS_LOSS: return "loss";
	case PROGRESS_METRIC: return "metric_value";
	case PROGRESS_PHASE: return "phase";
	case PROGRESS_RANKS: return "ranks";
	default: return NULL;
	}
}
