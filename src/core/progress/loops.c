#include "core/progress/track.h"

/*
 * The loops that were drawn. One is known again by its words, its total and whether it stands below
 * another; what it is, is decided when it is first seen.
 */

/* A loop that evaluates is not the one that trains, though it may have its name. */
static uint32_t name_hash(struct span name, enum phase phase)
{
	uint32_t hash = phase_trains(phase) ? 2166136261u : 374761393u;
	bool any = false;

	for (size_t i = 0; i < name.len; i++) {
		char c = to_lower(name.at[i]);

		if (!is_letter(c) && (signed char)c >= 0)
			continue;
		hash = (hash ^ (unsigned char)c) * 16777619u;
		any = true;
	}
	return any ? hash | 1 : 0;
}

static bool same(const struct loop *a, uint32_t name, uint8_t depth, int64_t total)
{
	if (a->role == ROLE_NONE || a->name != name || (a->depth > 0) != (depth > 0))
		return false;
	return name != 0 || a->total == total || total < 0;
}

/* A name may change on the way: "warmup: 7/140", then "sample: 75/140". */
static bool renamed(const struct loop *a, uint8_t depth, const struct said *s)
{
	return a->role == ROLE_TRAIN && a->bar && (a->depth > 0) == (depth > 0) &&
		phase_trains(s->phase) && s->unit == UNIT_STEP && (s->has & PROGRESS_TOTAL) &&
		a->total == s->total && (a->step > 0 || a->name == 0) && a->step < a->total &&
		s->step >= a->step;
}

/* Nothing is known of a loop above it: the newest one at the left edge that trains. */
static struct loop *outer_of(struct track *t)
{
	for (int i = 0; i < LOOPS_MAX; i++)
		if (t->loops[i].depth == 0 && t->loops[i].bar &&
			(t->loops[i].role == ROLE_TRAIN || t->loops[i].role == ROLE_EPOCHS))
			return &t->loops[i];
	return NULL;
}

static struct loop *trains(struct track *t)
{
	for (int i = 0; i < LOOPS_MAX; i++)
		if (t->loops[i].role == ROLE_TRAIN)
			return &t->loops[i];
	return NULL;
}

static bool trains_surely(const struct said *s)
{
	return s->phase == PHASE_TRAIN || (s->has & PROGRESS_LOSS) != 0;
}

/* An epoch takes its time. */
static bool is_quick(const struct track *t)
{
	return t->bar && (t->known & PROGRESS_RATE) && t->rate > 2;
}

/*
 * Below another bar, without a word of what it is. Where the upper one goes on by itself it trains,
 * and this one evaluates; where it only counts what is done below, it counts epochs.
 */
static enum role role_below(struct track *t, const struct said *s)
{
	struct loop *outer = outer_of(t);

	if (outer == NULL || outer->role == ROLE_EPOCHS)
		return ROLE_TRAIN;
	if ((outer->alone >= 2 || is_quick(t)) && !trains_surely(s))
		return ROLE_OTHER;
	outer->role = outer->name == 0 || trains_surely(s) ? ROLE_EPOCHS : ROLE_OTHER;
	t->anew = true;
	t->runs_on = false;
	if (outer->name == 0 && outer->total > 0) {
		t->epoch = outer->step;
		t->epochs = outer->total;
		t->epochs_loop = t->epochs_stated = true;
		t->known |= PROGRESS_EPOCH | PROGRESS_EPOCHS;
	}
	return ROLE_TRAIN;
}

/* Without a name, after one that trains: the next of the same total is its next epoch. */
static enum role role_unnamed(struct track *t, int64_t total)
{
	const struct loop *before = trains(t);

	if (t->trained)
		return ROLE_OTHER;
	if (before == NULL || !before->bar)
		return ROLE_TRAIN;
	if (before->name != 0)
		return ROLE_OTHER;
	return total > before->total ? ROLE_TRAIN : ROLE_OTHER;
}

/*
 * Without a name, after an epoch of training that has ended: Keras evaluates with a bar like that of
 * training, loss and all.
 */
static bool is_after(struct track *t, int64_t total)
{
	const struct loop *before = trains(t);

	if (before == NULL || !before->bar || before->name != 0 || before->total <= 0 ||
		before->step < before->total || total == before->total || !before->lossy)
		return false;
	return t->heads ? !t->headed : total < before->total;
}

static enum role role_named(struct track *t, const struct said *s)
{
	const struct loop *before = trains(t);

	if (trains_surely(s) || (s->has & PROGRESS_EPOCH))
		return ROLE_TRAIN;
	/* A name that says nothing is no reason to leave a loop that still runs. */
	if (before && before->bar && before->total > 0 && before->step < before->total)
		return ROLE_OTHER;
	return t->trained ? ROLE_OTHER : ROLE_TRAIN;
}

static enum role role_of(struct track *t, const struct line *l, const struct said *s, uint32_t name)
{
	int64_t total = s->has & PROGRESS_TOTAL ? s->total : -1;

	if (!phase_trains(s->phase) || s->unit == UNIT_BYTE || s->unit == UNIT_OTHER)
		return ROLE_OTHER;
	if (s->unit == UNIT_EPOCH)
		return ROLE_EPOCHS;
	if (t->held != PHASE_UNKNOWN && t->held != PHASE_TRAIN && s->phase != PHASE_TRAIN)
		return ROLE_OTHER;
	if (l->depth > 0)
		return role_below(t, s);
	if (name == 0 && s->phase != PHASE_TRAIN && is_after(t, total))
		return ROLE_OTHER;
	if (name == 0 && !trains_surely(s) && !(s->has & PROGRESS_EPOCH))
		return role_unnamed(t, total);
	return role_named(t, s);
}

static struct loop *loop_to_front(struct track *t, int i)
{
	struct loop moved = t->loops[i];

	memmove(t->loops + 1, t->loops, (size_t)i * sizeof *t->loops);
	t->loops[0] = moved;
	return &t->loops[0];
}

/* Another training after one that is over: what that one lost is no news of this one. */
static void model_new(struct track *t, const struct said *s)
{
	const struct loop *before = trains(t);

	if (before == NULL || !before->bar || before->total < 0 || before->step < before->total ||
		!(s->has & PROGRESS_TOTAL) || s->total == before->total)
		return;
	t->known &= ~(unsigned)PROGRESS_LOSS;
	t->loss_rank = 0;
}

/* The oldest gives way. */
static struct loop *loop_new(struct track *t, const struct line *l, const struct said *s,
	uint32_t name)
{
	struct loop made = {.step = -1, .total = -1, .name = name, .depth = l->depth};

	made.role = (uint8_t)role_of(t, l, s, name);
	made.doubt = made.role == ROLE_OTHER && !(trains(t) && trains(t)->lossy) &&
		phase_trains(s->phase) && s->unit == UNIT_STEP && t->held != PHASE_EVALUATE &&
		t->held != PHASE_VALIDATE;
	made.bar = s->shape == SHAPE_BAR;
	if (made.role == ROLE_TRAIN && made.bar)
		model_new(t, s);
	memmove(t->loops + 1, t->loops, (LOOPS_MAX - 1) * sizeof *t->loops);
	t->loops[0] = made;
	return &t->loops[0];
}

static void loop_goes_on(struct track *t, struct loop *loop, const struct said *s)
{
	if (loop->depth > 0) {
		for (int i = 0; i < LOOPS_MAX; i++)
			if (t->loops[i].depth == 0)
				t->loops[i].alone = t->loops[i].alone >= 2 ? 2 : 0;
	} else if (loop->step >= 0 && s->step > loop->step) {
		int64_t more = s->step - loop->step;

		loop->alone = (uint8_t)(loop->alone + (more > 1 ? 2 : 1));
		if (loop->alone > 2)
			loop->alone = 2;
	}
	loop->lossy |= (s->has & PROGRESS_LOSS) != 0;
	loop->step = s->step;
	if (s->has & PROGRESS_TOTAL)
		loop->total = s->total;
}

/*
 * A bar without words after another of that kind, and no loss in either: the first may have prepared
 * what this one trains on. That is so where this one begins anew without the first between, as no
 * evaluation does, or where it is much slower, as no evaluation is.
 */
static bool was_prepared(struct track *t, const struct loop *loop, const struct said *s, bool first)
{
	const struct loop *before = trains(t);
	bool anew = first && s->step < loop->step && loop->step >= loop->total;
	bool slower = t->bar && (t->known & s->has & PROGRESS_RATE) && s->rate * 20 < t->rate;

	return loop->role == ROLE_OTHER && loop->doubt && loop->name == 0 && before &&
		before->bar && before->name == 0 && !before->lossy && before->total > 0 &&
		before->step >= before->total && (anew || slower);
}

/* "Epoch 11/12:  83%|####3| 10/12": such a bar counts epochs, where it does so all along. */
static bool counts_epochs(const struct said *s)
{
	unsigned all = PROGRESS_EPOCH | PROGRESS_EPOCHS | PROGRESS_TOTAL | PROGRESS_STEP;

	return (s->has & all) == all && s->total == s->epochs &&
		(s->step == s->epoch || s->step + 1 == s->epoch);
}

static void judge_count(struct track *t, struct loop *loop, const struct said *s)
{
	bool counts = counts_epochs(s);

	if (loop->role == ROLE_TRAIN && counts && !loop->strays) {
		loop->role = ROLE_EPOCHS;
		for (int i = 0; i < LOOPS_MAX; i++) /* what it was called before it began */
			if (t->loops[i].role == ROLE_TRAIN && t->loops[i].step <= 0 &&
				t->loops[i].total == s->total)
				t->loops[i].role = ROLE_NONE;
	} else if (loop->role == ROLE_EPOCHS && !counts && (s->has & PROGRESS_EPOCHS) &&
		s->unit == UNIT_STEP) {
		loop->role = ROLE_TRAIN;
		t->epochs_loop = false;
	}
	loop->strays |= !counts;
}

struct loop *loops_match(struct track *t, const struct line *l, const struct said *s)
{
	uint32_t name = name_hash(s->name, s->phase);
	int64_t total = s->has & PROGRESS_TOTAL ? s->total : -1;
	struct loop *loop = NULL;
	bool first = t->loops[0].bar && same(&t->loops[0], name, l->depth, total);

	for (int i = 0; i < LOOPS_MAX && loop == NULL; i++)
		if (t->loops[i].bar && same(&t->loops[i], name, l->depth, total))
			loop = loop_to_front(t, i);
	for (int i = 0; i < LOOPS_MAX && loop == NULL; i++)
		if (renamed(&t->loops[i], l->depth, s))
			loop = loop_to_front(t, i);
	if (loop == NULL)
		loop = loop_new(t, l, s, name);
	/* What was in doubt tells a loss: it trains after all. */
	else if (loop->role == ROLE_OTHER && loop->doubt && trains_surely(s))
		loop->role = ROLE_TRAIN;
	else if (was_prepared(t, loop, s, first)) {
		trains(t)->role = ROLE_OTHER;
		loop->role = ROLE_TRAIN;
		t->anew = first && s->step < loop->step;
	}
	judge_count(t, loop, s);
	loop_goes_on(t, loop, s);
	return loop;
}
