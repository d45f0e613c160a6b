#include "core/progress/track.h"

#include <math.h>
#include <stdio.h>

void track_init(struct track *t)
{
	memset(t, 0, sizeof *t);
	t->first_epoch = -1;
	t->decimals = DECIMALS_UNKNOWN;
}

void track_gap(struct track *t)
{
	memset(t->loops, 0, sizeof t->loops);
	track_forget(t,
		PROGRESS_STEP | PROGRESS_TOTAL | PROGRESS_EPOCH | PROGRESS_EPOCHS | PROGRESS_RATE |
			PROGRESS_ETA);
	t->known &= ~(unsigned)PROGRESS_PHASE;
	t->anew = t->runs_on = t->unsure = t->headed = t->epochs_loop = t->whole_percent = t->bar =
		false;
	t->held = PHASE_UNKNOWN;
	t->head[0] = '\0';
	t->gap = true;
	t->skip_next = false;
}

/* ---- Values ---- */

static void take_loss(struct track *t, const struct said *s)
{
	if (!(s->has & PROGRESS_LOSS) || s->loss_rank < t->loss_rank || !log_may(t, PROGRESS_LOSS))
		return;
	t->loss = s->loss;
	t->loss_rank = s->loss_rank;
	t->known |= PROGRESS_LOSS;
}

/* "valid_0's binary_logloss"; one that is too long is cut at its front, as its end says more. */
static void metric_text(const struct metric *m, char out[PROGRESS_NAME_MAX])
{
	struct span name = m->name;

	if (m->before.len > 0 && m->before.at < name.at &&
		m->before.at + m->before.len + 1 == name.at)
		name = (struct span){m->before.at, m->before.len + 1 + name.len};
	if (name.len >= PROGRESS_NAME_MAX) {
		name.at += name.len - (PROGRESS_NAME_MAX - 1);
		name.len = PROGRESS_NAME_MAX - 1;
	}
	while (name.len > 0 && (signed char)*name.at < 0 &&
		((unsigned char)*name.at & 0xc0) == 0x80) {
		name.at++;
		name.len--;
	}
	memcpy(out, name.at, name.len);
	memset(out + name.len, 0, PROGRESS_NAME_MAX - name.len);
}

/* Names are the same without regard to case and to what stands between their words. */
static bool names_equal(const char *a, const char *b)
{
	for (;; a++, b++) {
		while (*a && !is_letter(*a) && !is_digit(*a) && (signed char)*a >= 0)
			a++;
		while (*b && !is_letter(*b) && !is_digit(*b) && (signed char)*b >= 0)
			b++;
		if (to_lower(*a) != to_lower(*b))
			return false;
		if (*a == '\0')
			return true;
	}
}

bool metric_name_is(const struct metric *m, const char *name)
{
	char text[PROGRESS_NAME_MAX];
	struct metric bare = *m;

	metric_text(m, text);
	if (names_equal(text, name))
		return true;
	bare.before.len = 0;
	metric_text(&bare, text);
	return names_equal(text, name);
}

static void metric_put(struct track *t, const struct metric *m, uint8_t rank)
{
	metric_text(m, t->metric_name);
	t->metric = m->value;
	t->metric_rank = rank;
	t->known |= PROGRESS_METRIC;
}

/* One is kept for the job: a better one takes its place, and only its own name renews it. */
static void take_metrics(struct track *t, const struct said *s, const char *wanted)
{
	bool renewed =
		false; /* "Mean Reward: 1.2. Std of Reward: 0.5": the first of a name counts */

	if (!log_may(t, PROGRESS_METRIC))
		return;
	for (size_t i = 0; i < 2 * s->metric_count; i++) { /* "reward" before "rewards/len/mean" */
		const struct metric *m = &s->metrics[i % s->metric_count];
		char text[PROGRESS_NAME_MAX];

		if (m->plain != (i < s->metric_count))
			continue;

		if (wanted) {
			if (metric_name_is(m, wanted))
				metric_put(t, m, 255);
			continue;
		}
		metric_text(m, text);
		if (m->rank == t->metric_rank && (renewed || !names_equal(text, t->metric_name)))
			continue;
		if (m->rank < t->metric_rank)
			continue;
		metric_put(t, m, m->rank);
		renewed = true;
	}
}

/* ---- Bars and lines ---- */

static void take_bar_percent(struct track *t, const struct said *s)
{
	if (t->anew || (s->has & PROGRESS_EPOCH) || s->percent < 0 || s->percent > 100)
		return;
	t->percent = s->percent;
	t->whole_percent = true;
	t->known |= PROGRESS_PHASE;
	track_speed(t, s);
	track_phase(t, PHASE_TRAIN, (struct span){NULL, 0});
}

/* False: it is no training, and neither are its values. */
static bool take_bar(struct track *t, const struct line *l, const struct said *s)
{
	struct loop *loop = loops_match(t, l, s);

	switch (loop->role) {
	case ROLE_TRAIN:
		t->held = s->phase == PHASE_TRAIN ? PHASE_UNKNOWN : t->held;
		if (s->has & PROGRESS_STEP)
			track_step(t, s);
		else
			take_bar_percent(t, s);
		break;
	case ROLE_EPOCHS: track_epochs_bar(t, s); break;
	default:
		track_phase(t, phase_trains(s->phase) ? PHASE_EVALUATE : s->phase, s->phase_word);
		return false;
	}
	return true;
}

/* A bar of training that has not come to its end tells the step; lines beside it do not. */
static bool bar_tells(const struct track *t)
{
	for (int i = 0; i < LOOPS_MAX; i++)
		if (t->loops[i].role == ROLE_TRAIN && t->loops[i].bar)
			return t->bar && (t->known & PROGRESS_STEP) != 0;
	return false;
}

/* Bars that came to their end without a loss, and now lines count from the begin: those were no training. */
static void bars_give_way(struct track *t, const struct said *s)
{
	if (!t->bar || !(s->has & PROGRESS_LOSS) || !(s->has & (PROGRESS_STEP | PROGRESS_EPOCH)) ||
		(t->known & PROGRESS_LOSS) || !(t->known & PROGRESS_TOTAL) || t->step < t->total ||
		((s->has & PROGRESS_STEP) && s->step >= t->step))
		return;
	memset(t->loops, 0, sizeof t->loops);
	track_forget(t, PROGRESS_STEP | PROGRESS_TOTAL | PROGRESS_RATE | PROGRESS_ETA);
	t->bar = false;
}

/* Training's loss and what was measured on the validation: the epoch is over. */
static bool says_all(const struct said *s)
{
	bool validation = false;

	for (size_t i = 0; i < s->metric_count; i++)
		validation |= s->metrics[i].rank > 4;
	return validation && (s->has & PROGRESS_LOSS);
}

static void take_values_line(struct track *t, const struct said *s)
{
	bool trains = phase_trains(s->phase) &&
		(t->held == PHASE_UNKNOWN || t->held == PHASE_TRAIN);
	struct said line = *s;

	if (trains && (line.has & PROGRESS_STEP))
		bars_give_way(t, &line);
	if (line.epoch_other)
		line.has &= ~(unsigned)(PROGRESS_EPOCH | PROGRESS_EPOCHS);
	if ((line.has & PROGRESS_STEP) && (trains || line.global_step) && !bar_tells(t)) {
		track_step(t, &line);
		if (!trains)
			track_phase(t, s->phase, s->phase_word);
		return;
	}
	track_epoch(t, &line);
	if (t->headed && !(line.has & PROGRESS_EPOCH) && says_all(&line))
		t->epoch_done = true;
	if (trains && (line.has & PROGRESS_LOSS))
		track_phase(t, PHASE_TRAIN, (struct span){NULL, 0});
	if (!trains || bar_tells(t))
		return;
	if (line.has & (PROGRESS_RATE | PROGRESS_ETA))
		track_speed(t, &line);
	if ((line.has & PROGRESS_PERCENT) && line.whole_percent) {
		t->percent = line.percent;
		t->whole_percent = true;
		track_phase(t, PHASE_TRAIN, (struct span){NULL, 0});
	}
}

static void of_evaluation(struct said *line)
{
	line->has &= ~(unsigned)PROGRESS_LOSS;
	for (size_t i = 0; i < line->metric_count; i++)
		if (line->metrics[i].rank <= 4)
			line->metrics[i].rank = (uint8_t)(line->metrics[i].rank + 4);
}

/* A phase that is in force says of a line that does not say so whose values it has. */
static struct said in_phase(const struct track *t, const struct said *s)
{
	struct said line = *s;

	if (t->held != PHASE_VALIDATE && t->held != PHASE_EVALUATE)
		return line;
	if (line.phase == PHASE_TRAIN || (line.has & (PROGRESS_EPOCHS)))
		return line;
	of_evaluation(&line);
	return line;
}

void track_line(struct track *t, const struct line *l, const struct said *s, const char *metric)
{
	struct said line = in_phase(t, s);
	bool skip = t->skip_next;

	t->skip_next = s->shape != SHAPE_BAR && strstr(l->text, "iteration is:") != NULL;
	if (s->table_head) {
		memset(t->head, 0, sizeof t->head);
		memcpy(t->head, l->text, l->len < HEAD_MAX ? l->len : HEAD_MAX - 1);
		return;
	}
	if (skip)
		return;
	if (s->phase_holds) {
		t->held = (uint8_t)s->phase;
		track_phase(t, s->phase, s->phase_word);
	}
	if (s->total_hint > 0 && t->total_hint == 0)
		t->total_hint = s->total_hint;
	if (s->epochs_hint > 0) {
		t->epochs_hint = s->epochs_hint;
		t->hint_first = t->first_epoch < 0;
	}
	if (line.shape == SHAPE_BAR && !take_bar(t, l, &line))
		of_evaluation(&line);
	else if (line.shape == SHAPE_VALUES)
		take_values_line(t, &line);
	take_loss(t, &line);
	take_metrics(t, &line, metric);
	t->trained |= s->summary;
	if (s->summary && s->phase_holds)
		t->held = PHASE_EVALUATE;
	if (l->count > 0) {
		const struct number *last = &l->numbers[l->count - 1];
		const char *point = memchr(last->at, '.', (size_t)(last->end - last->at));

		t->decimals = last->name.len > 0 && point && *last->end == '\0'
			? (uint8_t)(last->end - point - 1)
			: t->decimals;
	}
}
