#include "core/progress/track.h"

void track_forget(struct track *t, unsigned bits)
{
	for (unsigned bit = 1; bit <= PROGRESS_METRIC; bit <<= 1)
		if ((bits & bit) && log_may(t, bit))
			t->known &= ~bit;
}

void track_phase(struct track *t, enum phase phase, struct span word)
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

void track_epoch(struct track *t, const struct said *s)
{
	unsigned values = PROGRESS_LOSS | PROGRESS_METRIC;

	if (!(s->has & PROGRESS_EPOCH) || s->epoch_other)
		return;
	if (s->epoch_heads && epoch_is_new(t, s)) {
		bool over = t->anew || !(t->known & PROGRESS_TOTAL) || t->step >= t->total;

		if (over && !t->runs_on)
			track_forget(t,
				PROGRESS_STEP | PROGRESS_TOTAL | PROGRESS_RATE | PROGRESS_ETA);
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
	if (!t->headed && (s->has & PROGRESS_EPOCH))
		t->unsure = false;
	if ((s->has & PROGRESS_EPOCH) && !s->epoch_fraction) {
		/* It went on through the change of the number. */
		if (had && epoch_is_new(t, s) && (t->known & PROGRESS_EPOCH) &&
			(t->known & PROGRESS_TOTAL) && (s->has & PROGRESS_TOTAL) &&
			t->total == s->total && t->step > 0 && t->step < t->total &&
			s->step > t->step && s->step - t->step <= 2 * t->stride)
			t->runs_on = true;
		t->anew = !t->runs_on;
	} else if (t->headed) {
		bool same = had && t->total == s->total && !t->anew;

		t->runs_on |= same && t->step > 0 && s->step >= t->step;
		t->unsure = same && t->bar && t->step == 0 && !t->runs_on;
		t->anew = !t->runs_on && !t->unsure;
	} else if (had && s->step < t->step && s->shape == SHAPE_BAR && (s->has & PROGRESS_TOTAL) &&
		(t->known & PROGRESS_TOTAL) && s->total == t->total) {
		t->anew = true;
		t->runs_on = t->unsure = false;
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

void track_speed(struct track *t, const struct said *s)
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

void track_step(struct track *t, const struct said *s)
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
		track_forget(t, PROGRESS_RATE | PROGRESS_ETA);
	step_put(t, s);
	t->bar = s->shape == SHAPE_BAR;
	track_speed(t, s);
	t->known |= PROGRESS_PHASE;
	track_phase(t, PHASE_TRAIN, (struct span){NULL, 0});
}

void track_epochs_bar(struct track *t, const struct said *s)
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
		track_step(t, s);
		t->counted = false;
		t->whole_eta = true;
		t->anew &= !(s->has & PROGRESS_EPOCH); /* it names the epoch that it is in */
	}
}
