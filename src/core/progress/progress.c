#include "core/progress/bars.h"
#include "core/progress/clean.h"
#include "core/progress/filter.h"
#include "core/progress/rules.h"
#include "core/progress/track.h"

enum {
	WINDOW_MS = 1000,
	TRIED_A_SECOND = 1000, /* lines that look like progress at first, and are none */
	SPEEDS = 8,            /* moments of the past that the job's own speed is taken from */
	SPEED_MIN_MS = 3000,   /* before that nobody can say how long it takes */
};

/* What stands after whole lines; copied to read a line that has not ended. */
struct state {
	struct track track;
	struct rank_table ranks;
	int line_rank; /* of the line up to its LF: redraws of one line have one label; -1: none */
	bool of_rank;  /* what stands was said by a rank */
	uint8_t line_label;
};

struct moment {
	int64_t ms;
	double percent;
};

struct progress {
	struct state state;
	const struct progress_rules *rules;
	progress_line_fn *line_read;
	void *ctx;
	uint64_t passed;
	uint64_t lines, held_line, tail_line; /* ended by LF; which ones are held */
	int64_t window_ms;                    /* begin of the second that is counted */
	int64_t fed_ms;                       /* when bytes came last */
	uint16_t read;                        /* lines read in it */
	uint16_t tried;                       /* and those that came to nothing */
	int32_t steps;                        /* that patterns took in it */
	uint16_t line_len, held_len;
	uint16_t tail_len; /* of a line behind the redraw that is held, in `held` too; 0: none */
	bool line_long;    /* what follows of the line is left out */
	bool holds;        /* `held` is the newest line that was not read for the bound */
	bool held_redraw;
	bool timed; /* window_ms is set */
	struct moment speeds[SPEEDS];
	uint8_t speed_count;
	char line[PROGRESS_LINE_MAX], held[PROGRESS_LINE_MAX];
};

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

/* ---- One line ---- */

struct reading {
	struct state *s;
	const struct progress_rules *rules;
	struct progress *watched; /* NULL: nobody is told */
	uint64_t line;            /* its number */
	bool any;                 /* something was read */
	int64_t steps;            /* that patterns may take */
};

static void values_of_said(const struct said *s, struct progress_values *v)
{
	memset(v, 0, sizeof *v);
	v->known = s->has & ~(unsigned)PROGRESS_METRIC;
	v->step = s->step;
	v->total = s->total;
	v->epoch = s->epoch;
	v->epochs = s->epochs;
	v->percent = s->percent;
	v->rate = s->rate;
	v->eta_ms = s->eta_ms;
	v->loss = s->loss;
}

/* Whose bar the line is, as was decided when it was taken: it is the newest of the loops. */
static const char *loop_of(const struct reading *r, const struct said *s)
{
	static const char *const words[] = {NULL, "train", "epochs", "other"};

	return s && s->shape == SHAPE_BAR ? words[r->s->track.loops[0].role] : NULL;
}

static void tell(const struct reading *r, const struct line *l, const char *reader,
	const struct said *s, const struct progress_values *v, int rank, bool other)
{
	struct progress_line out = {.line = r->line,
		.text = l->text,
		.reader = reader,
		.rank = rank};

	if (r->watched == NULL || r->watched->line_read == NULL || *skip_blanks(l->text) == '\0')
		return;
	if (v) {
		out.values = *v;
	} else if (s) {
		struct track t;

		values_of_said(s, &out.values);
		track_init(&t);
		track_line(&t, l, s, rules_metric(r->rules));
		if (t.known & PROGRESS_METRIC) {
			out.values.metric = t.metric;
			memcpy(out.values.metric_name, t.metric_name, sizeof t.metric_name);
			out.values.known |= PROGRESS_METRIC;
		}
	}
	out.known = out.values.known;
	if (out.known == 0)
		out.reader = NULL;
	out.other_rank = other;
	out.phase = r->s->track.known & PROGRESS_PHASE ? r->s->track.phase : "";
	out.loop = other ? NULL : loop_of(r, s);
	r->watched->line_read(r->watched->ctx, &out);
}

/* Whose line it is: false where a lower rank speaks, so that only its step counts. */
static bool rank_speaks(struct state *s, int rank, const struct said *said)
{
	unsigned tells = PROGRESS_STEP | PROGRESS_EPOCH | PROGRESS_LOSS | PROGRESS_PERCENT;

	if (said->expected_ranks > 0)
		s->ranks.expected = said->expected_ranks;
	if (rank < 0)
		return true;
	if ((said->has & PROGRESS_STEP) && phase_trains(said->phase))
		ranks_step(&s->ranks, rank, said->has & PROGRESS_EPOCH ? said->epoch : 0,
			said->step);
	if (s->ranks.lowest >= 0 && rank > s->ranks.lowest)
		return false;
	if (!(said->has & tells))
		return true;
	if (s->ranks.lowest >= 0 && rank < s->ranks.lowest && s->of_rank)
		track_init(&s->track);
	s->ranks.lowest = rank;
	s->of_rank = true;
	return true;
}

static bool values_have(const struct progress_values *v)
{
	return v->known != 0;
}

/* A line whose label is off. Returns the text behind a bar that is a line of its own, or NULL. */
static const char *read_text(struct reading *r, const char *text, bool ended, uint8_t depth,
	int rank)
{
	struct line l = {.text = text, .len = strlen(text), .ended = ended, .depth = depth};
	struct progress_values v;
	struct said said;
	bool speaks;

	l.head = r->s->track.head;
	l.decimals = r->s->track.decimals;
	if (strstr(text, "mltop: progress ") && (ended || !is_digit(text[l.len - 1])) &&
		outright_read(&l, rules_metric(r->rules), &v) && values_have(&v)) {
		if (rank < 0 || r->s->ranks.lowest < 0 || rank <= r->s->ranks.lowest)
			track_set(&r->s->track, &v, SOURCE_OUTRIGHT);
		tell(r, &l, "mltop: progress", NULL, &v, rank, false);
		r->any = true;
		return NULL;
	}
	if (r->rules && ended && rules_read(r->rules, &l, &v, &r->steps)) {
		if (rank < 0 || r->s->ranks.lowest < 0 || rank <= r->s->ranks.lowest)
			track_set(&r->s->track, &v, SOURCE_PATTERN);
		tell(r, &l, "pattern", NULL, &v, rank, false);
		r->any = true;
		return NULL;
	}
	line_scan(&l);
	if (!line_promises(&l) && !memchr(text, CELL_FULL, l.len) &&
		!memchr(text, CELL_EMPTY, l.len)) {
		tell(r, &l, NULL, NULL, NULL, rank, false);
		return NULL;
	}
	line_read(&l, &said);
	speaks = rank_speaks(r->s, rank, &said);
	if (speaks)
		track_line(&r->s->track, &l, &said, rules_metric(r->rules));
	tell(r, &l, said.reader, &said, NULL, rank, !speaks);
	r->any |= said.has != 0 || said.shape == SHAPE_BAR;
	return said.rest;
}

/* A line with its label, and what stands behind a bar or another label on it. */
static void read_labelled(struct reading *r, char *text, bool ended, uint8_t depth)
{
	while (text && *skip_blanks(text)) {
		enum label label;
		int rank = -1;
		const char *at = label_take(&r->s->ranks, text, &label, &rank);
		char *next = (char *)label_within(at, label), kept = '\0';

		if (label != LABEL_NONE && label != LABEL_TEXT) {
			r->s->line_rank = rank;
			r->s->line_label = (uint8_t)label;
		} else if (label == LABEL_NONE) {
			rank = r->s->line_rank;
		}
		if (next) {
			kept = *next;
			*next = '\0';
		}
		at = read_text(r, at, ended || next, depth, rank);
		if (at && *skip_blanks(at)) {
			if (next)
				*next = kept;
			text = (char *)at;
			continue;
		}
		if (next)
			*next = kept;
		text = next;
	}
}

static void read_raw(struct reading *r, const char *raw, size_t len, bool ended)
{
	char text[PROGRESS_LINE_MAX + 1];
	size_t at = 0;
	struct piece piece;

	while (piece_next(raw, len, &at, text, &piece)) {
		if (piece.percent >= 0) {
			struct track *t = &r->s->track;

			t->percent = piece.percent;
			t->whole_percent = true;
			r->any = true;
		}
		if (piece.len > 0)
			read_labelled(r, text, ended || piece.ended || at < len, piece.depth);
	}
}

/* ---- Lines, and how many ---- */

static bool worth_holding(const char *raw, size_t len)
{
	static const char *const words[] = {"loss", "step", "epoch", "iter", "Epoch", "Step"};

	if (memchr(raw, '%', len) || memchr(raw, '|', len))
		return true;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (memmem(raw, len, words[i], strlen(words[i])))
			return true;
	return false;
}

static bool read_whole(struct progress *p, const char *raw, size_t len, uint64_t line)
{
	struct reading r = {.s = &p->state,
		.rules = p->rules,
		.watched = p,
		.line = line,
		.steps = PROGRESS_STEPS_A_LINE};

	read_raw(&r, raw, len, true);
	p->steps += (int32_t)(PROGRESS_STEPS_A_LINE - r.steps);
	return r.any;
}

static void held_read(struct progress *p)
{
	if (!p->holds)
		return;
	p->holds = false;
	track_gap(&p->state.track);
	read_whole(p, p->held, p->held_len, p->held_line);
	if (p->tail_len > 0)
		read_whole(p, p->held + p->held_len, p->tail_len, p->tail_line);
}

static void line_passed(struct progress *p, const char *raw, size_t len, uint64_t line)
{
	struct progress_line out = {.line = line, .phase = "", .rank = -1, .passed = true};
	char text[PROGRESS_LINE_MAX + 1];

	p->passed++;
	if (p->line_read == NULL)
		return;
	memcpy(text, raw, len);
	text[len] = '\0';
	out.text = text;
	p->line_read(p->ctx, &out);
}

/*
 * The newest takes the place of the one before. A line of its own behind a redraw stands beside it: the
 * summary of an epoch says no step, the bar above it does.
 */
static void line_hold(struct progress *p, const char *raw, size_t len, bool redraw)
{
	bool beside = p->holds && p->held_redraw && !redraw &&
		p->held_len + len <= PROGRESS_LINE_MAX;

	if (p->holds && !beside)
		line_passed(p, p->held, p->held_len, p->held_line);
	if (p->holds && p->tail_len > 0)
		line_passed(p, p->held + p->held_len, p->tail_len, p->tail_line);
	p->tail_len = beside ? (uint16_t)len : 0;
	if (beside) {
		memcpy(p->held + p->held_len, raw, len);
		p->tail_line = p->lines + 1;
		return;
	}
	memcpy(p->held, raw, len);
	p->held_len = (uint16_t)len;
	p->held_line = p->lines + 1;
	p->held_redraw = redraw;
	p->holds = true;
}

/* A pattern may be about any line. */
static bool worth_reading(const struct progress *p, const char *raw, size_t len)
{
	return rules_have_patterns(p->rules) ||
		filter_passes(raw, len, *p->state.track.head != '\0');
}

/* Who watches is told of every line, also of one that nobody looks at. */
static void line_unread(const struct progress *p, const char *raw, size_t len)
{
	struct progress_line out = {.line = p->lines + 1, .phase = "", .rank = -1};
	char text[PROGRESS_LINE_MAX + 1];
	struct piece piece;
	size_t at = 0;

	while (p->line_read && piece_next(raw, len, &at, text, &piece)) {
		out.text = text;
		if (*skip_blanks(text))
			p->line_read(p->ctx, &out);
	}
}

static void line_take(struct progress *p, const char *raw, size_t len, bool redraw)
{
	if (len == 0)
		return;
	if (!worth_reading(p, raw, len)) {
		line_unread(p, raw, len);
		return;
	}
	if (p->read < PROGRESS_LINES_A_SECOND && p->tried < TRIED_A_SECOND &&
		p->steps < PROGRESS_STEPS_A_SECOND) {
		bool any = read_whole(p, raw, len, p->lines + 1);

		p->read = (uint16_t)(p->read + any);
		p->tried = (uint16_t)(p->tried + !any);
		return;
	}
	if (!rules_have_patterns(p->rules) && !worth_holding(raw, len)) {
		line_unread(p, raw, len);
		return;
	}
	line_hold(p, raw, len, redraw);
}

/* Takes what fits; a line that is longer is read as far as it fits. */
static void line_add(struct progress *p, const char *bytes, size_t len)
{
	size_t room = PROGRESS_LINE_MAX - p->line_len;
	size_t n = len < room ? len : room;

	if (p->line_long)
		return;
	memcpy(p->line + p->line_len, bytes, n);
	p->line_len = (uint16_t)(p->line_len + n);
	p->line_long = n < len;
}

/* A line whose last part are these bytes: where they are all of it, it is not copied. */
static void line_end(struct progress *p, const char *bytes, size_t len, char end)
{
	if (p->line_len > 0 || p->line_long) {
		line_add(p, bytes, len);
		line_take(p, p->line, p->line_len, end != '\n');
	} else {
		line_take(p, bytes, len < PROGRESS_LINE_MAX ? len : PROGRESS_LINE_MAX, end != '\n');
	}
	p->line_len = 0;
	p->line_long = false;
	if (end == '\n') {
		p->state.line_rank = -1;
		p->lines++;
	}
}

static void window_turn(struct progress *p, int64_t now_ms)
{
	if (p->timed && now_ms - p->window_ms < WINDOW_MS && now_ms >= p->window_ms)
		return;
	p->timed = true;
	p->window_ms = now_ms;
	p->read = p->tried = 0;
	p->steps = 0;
	held_read(p);
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
	window_turn(p, now_ms);
	while (at < end) {
		const char *stop = next_end(&ends, at, end);

		if (stop == end)
			line_add(p, at, (size_t)(stop - at));
		else
			line_end(p, at, (size_t)(stop - at), *stop);
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
		read_raw(&r, p->held, p->held_len, true);
		read_raw(&r, p->held + p->held_len, p->tail_len, true);
	}
	if (p->line_len > 0 && worth_reading(p, p->line, p->line_len))
		read_raw(&r, p->line, p->line_len, ended || p->line_long);
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

void progress_restart_clock(struct progress *p, int64_t now_ms)
{
	p->speed_count = 0;
	p->fed_ms = now_ms;
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
