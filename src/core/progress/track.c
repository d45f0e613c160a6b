#include "core/progress/track.h"

#include <math.h>
#include <stdio.h>

void track_init(struct track *t)
{
	memset(t, 0, sizeof *t);
	t->first_epoch = -1;
	t->decimals = DECIMALS_UNKNOWN;
}

static void forget(struct track *t, unsigned bits)
{
	for (unsigned bit = 1; bit <= PROGRESS_METRIC; bit <<= 1)
		if ((bits & bit) && log_may(t, bit))
			t->known &= ~bit;
}

static void set_phase(struct track *t, enum phase phase, struct span word)
{
	static const char *const names[] = {"", "train", "validate", "evaluate", "download",
		"tokenize", "load", "save"};
	size_t n = word.len < sizeof t->phase ? word.len : sizeof t->phase - 1;

	if (phase == PHASE_UNKNOWN)
		return;
	t->known |= PROGRESS_PHASE;
	memset(t->phase, 0, sizeof t->phase);
	if (phase != PHASE_OTHER)
		memcpy(t->phase, names[phase], strlen(names[phase]));
	else
		for (size_t i = 0; i < n; i++)
			t->phase[i] = to_lower(word.at[i]);
}

void track_gap(struct track *t)
{
	memset(t->loops, 0, sizeof t->loops);
	forget(t,
		PROGRESS_STEP | PROGRESS_TOTAL | PROGRESS_EPOCH | PROGRESS_EPOCHS | PROGRESS_RATE |
			PROGRESS_ETA);
	t->known &= ~(unsigned)PROGRESS_PHASE;
	t->anew = t->runs_on = t->headed = t->epochs_loop = t->whole_percent = t->bar = false;
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
		if (m->rank > t->metric_rank ||
			(m->rank == t->metric_rank && names_equal(text, t->metric_name)))
			metric_put(t, m, m->rank);
	}
}

/* ---- Epochs ---- */

static void epoch_put(struct track *t, int64_t epoch)
{
	if (!log_may(t, PROGRESS_EPOCH))
		return;
	if (t->first_epoch < 0 || epoch < t->first_epoch)
		t->first_epoch = epoch;
	t->epoch = epoch;
	t->known |= PROGRESS_EPOCH;
}

static void epochs_put(struct track *t, int64_t epochs)
{
	if (!log_may(t, PROGRESS_EPOCHS))
		return;
	t->epochs = epochs;
	t->epochs_stated = true;
	t->known |= PROGRESS_EPOCHS;
}

static bool epoch_is_new(const struct track *t, const struct said *s)
{
	return (s->has & PROGRESS_EPOCH) && (!(t->known & PROGRESS_EPOCH) || t->epoch != s->epoch);
}

/* An epoch of a line that has no step. */
static void take_epoch(struct track *t, const struct said *s)
{
	unsigned values = PROGRESS_LOSS | PROGRESS_METRIC;

	if (!(s->has & PROGRESS_EPOCH) || s->epoch_other)
		return;
	if (s->epoch_heads && epoch_is_new(t, s)) {
		bool over = t->anew || !(t->known & PROGRESS_TOTAL) || t->step >= t->total;

		if (over && !t->runs_on)
			forget(t, PROGRESS_STEP | PROGRESS_TOTAL | PROGRESS_RATE | PROGRESS_ETA);
		t->headed = t->heads = true;
		t->epoch_done = false;
		t->counted = false;
	} else if (!s->epoch_heads && (s->has & values)) {
		t->epoch_done = !s->epoch_fraction;
	}
	if (s->epoch_heads && t->held != PHASE_TRAIN)
		t->held = PHASE_UNKNOWN;
	epoch_put(t, s->epoch);
	if (s->has & PROGRESS_EPOCHS)
		epochs_put(t, s->epochs);
}

/* Does the loop begin anew with each epoch? */
static void judge_epochs(struct track *t, const struct said *s)
{
	bool had = (t->known & PROGRESS_STEP) != 0;

	if (t->epochs_loop)
		return;
	if ((s->has & PROGRESS_EPOCH) && !s->epoch_fraction) {
		/* It went on through the change of the number. */
		if (had && epoch_is_new(t, s) && (t->known & PROGRESS_EPOCH) &&
			(t->known & PROGRESS_TOTAL) && (s->has & PROGRESS_TOTAL) &&
			t->total == s->total && t->step > 0 && t->step < t->total &&
			s->step > t->step && s->step - t->step <= 2 * t->stride)
			t->runs_on = true;
		t->anew = !t->runs_on;
	} else if (t->headed) {
		if (had && t->step > 0 && s->step >= t->step && t->total == s->total && !t->anew)
			t->runs_on = true;
		t->anew = !t->runs_on;
	} else if (had && s->step < t->step && s->shape == SHAPE_BAR && (s->has & PROGRESS_TOTAL) &&
		(t->known & PROGRESS_TOTAL) && s->total == t->total) {
		t->anew = true;
		t->runs_on = false;
	}
	t->headed = false;
}

/* ---- Steps ---- */

static void step_put(struct track *t, const struct said *s)
{
	if (log_may(t, PROGRESS_STEP)) {
		if (t->known & PROGRESS_STEP && s->step != t->step)
			t->stride = s->step - t->step;
		t->step = s->step;
		t->known |= PROGRESS_STEP;
	}
	if (!log_may(t, PROGRESS_TOTAL))
		return;
	if (s->has & PROGRESS_TOTAL) {
		t->total = s->total;
		t->known |= PROGRESS_TOTAL;
	} else if (s->shape == SHAPE_BAR || t->bar || s->step > t->total) {
		t->known &= ~(unsigned)PROGRESS_TOTAL;
	}
}

static void take_speed(struct track *t, const struct said *s)
{
	if ((s->has & PROGRESS_RATE) && log_may(t, PROGRESS_RATE)) {
		t->rate = s->rate;
		t->known |= PROGRESS_RATE;
	}
	if ((s->has & PROGRESS_ETA) && log_may(t, PROGRESS_ETA)) {
		t->eta_ms = s->eta_ms;
		t->whole_eta = s->whole_eta;
		t->known |= PROGRESS_ETA;
	}
}

/* A step of the loop that trains. */
static void take_step(struct track *t, const struct said *s)
{
	judge_epochs(t, s);
	if (s->has & PROGRESS_EPOCH) {
		epoch_put(t, s->epoch);
		if (s->has & PROGRESS_EPOCHS)
			epochs_put(t, s->epochs);
	}
	t->epoch_done = false;
	t->counted = true;
	if (s->shape == SHAPE_BAR)
		forget(t, PROGRESS_RATE | PROGRESS_ETA);
	step_put(t, s);
	t->bar = s->shape == SHAPE_BAR;
	take_speed(t, s);
	t->known |= PROGRESS_PHASE;
	set_phase(t, PHASE_TRAIN, (struct span){NULL, 0});
}

/* A bar that counts epochs; alone it is also the innermost loop. */
static void take_epochs_bar(struct track *t, const struct said *s)
{
	bool alone = true;

	for (int i = 0; i < LOOPS_MAX; i++)
		alone = alone && t->loops[i].role != ROLE_TRAIN;
	if (!t->epochs_loop || t->epoch != s->step)
		t->counted = false;
	t->epochs_loop = true;
	t->anew = true;
	epoch_put(t, s->step);
	if (s->has & PROGRESS_TOTAL)
		epochs_put(t, s->total);
	if (alone) {
		take_step(t, s);
		t->counted = false;
		t->whole_eta = true;
	}
}

static void take_bar_percent(struct track *t, const struct said *s)
{
	if (t->anew || (s->has & PROGRESS_EPOCH) || s->percent < 0 || s->percent > 100)
		return;
	t->percent = s->percent;
	t->whole_percent = true;
	t->known |= PROGRESS_PHASE;
	take_speed(t, s);
	set_phase(t, PHASE_TRAIN, (struct span){NULL, 0});
}

/* False: it is no training, and neither are its values. */
static bool take_bar(struct track *t, const struct line *l, const struct said *s)
{
	struct loop *loop = loops_match(t, l, s);

	switch (loop->role) {
	case ROLE_TRAIN:
		t->held = s->phase == PHASE_TRAIN ? PHASE_UNKNOWN : t->held;
		if (s->has & PROGRESS_STEP)
			take_step(t, s);
		else
			take_bar_percent(t, s);
		break;
	case ROLE_EPOCHS: take_epochs_bar(t, s); break;
	default:
		set_phase(t, phase_trains(s->phase) ? PHASE_EVALUATE : s->phase, s->phase_word);
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
	forget(t, PROGRESS_STEP | PROGRESS_TOTAL | PROGRESS_RATE | PROGRESS_ETA);
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
		take_step(t, &line);
		if (!trains)
			set_phase(t, s->phase, s->phase_word);
		return;
	}
	take_epoch(t, &line);
	if (t->headed && !(line.has & PROGRESS_EPOCH) && says_all(&line))
		t->epoch_done = true;
	if (trains && (line.has & PROGRESS_LOSS))
		set_phase(t, PHASE_TRAIN, (struct span){NULL, 0});
	if (!trains || bar_tells(t))
		return;
	if (line.has & (PROGRESS_RATE | PROGRESS_ETA))
		take_speed(t, &line);
	if ((line.has & PROGRESS_PERCENT) && line.whole_percent) {
		t->percent = line.percent;
		t->whole_percent = true;
		set_phase(t, PHASE_TRAIN, (struct span){NULL, 0});
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

	t->skip_next = strstr(l->text, "iteration is:") != NULL;
	if (s->table_head) {
		memset(t->head, 0, sizeof t->head);
		memcpy(t->head, l->text, l->len < HEAD_MAX ? l->len : HEAD_MAX - 1);
		return;
	}
	if (skip)
		return;
	if (s->phase_holds) {
		t->held = (uint8_t)s->phase;
		set_phase(t, s->phase, s->phase_word);
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
