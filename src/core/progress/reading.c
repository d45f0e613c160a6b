#include "core/progress/reading.h"

#include "core/progress/bars.h"

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
	struct line l;
	struct progress_values v;
	struct said said;
	bool speaks;

	line_init(&l, text, ended, depth);
	l.head = r->s->track.head;
	l.decimals = r->s->track.decimals;
	if ((ended || !is_digit(text[l.len - 1])) &&
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
	if (!line_read(&l, &said)) {
		tell(r, &l, NULL, NULL, NULL, rank, false);
		return NULL;
	}
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

void reading_raw(struct reading *r, const char *raw, size_t len, bool ended)
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
