#include "core/progress/line.h"

/* Names that count, and not measure: steps, epochs, how many there are of them, times. */

/* In order of bytes as well. */
static const struct {
	const char *text;
	enum name_kind kind;
	bool strict;
} counters[] = {
	{"batch", NAME_STEP, false},
	{"env_step", NAME_GLOBAL_STEP, true},
	{"env_steps", NAME_GLOBAL_STEP, true},
	{"epoch", NAME_EPOCH, false},
	{"epoch(test)", NAME_EPOCH, false},
	{"epoch(train)", NAME_EPOCH, false},
	{"epoch(val)", NAME_EPOCH, false},
	{"epochs", NAME_EPOCHS, true},
	{"eta", NAME_ETA, false},
	{"fps", NAME_RATE, true},
	{"global_step", NAME_GLOBAL_STEP, false},
	{"global_step/sec", NAME_RATE, true},
	{"it/s", NAME_RATE, false},
	{"it/sec", NAME_RATE, false},
	{"iter", NAME_STEP, false},
	{"iter(train)", NAME_STEP, false},
	{"iter/s", NAME_RATE, false},
	{"iter/sec", NAME_RATE, false},
	{"iteration", NAME_STEP, false},
	{"iters/sec", NAME_RATE, false},
	{"itr", NAME_STEP, false},
	{"left", NAME_ETA, true},
	{"max_epoch", NAME_EPOCHS, true},
	{"max_epochs", NAME_EPOCHS, true},
	{"max_iters", NAME_TOTAL_STEPS, true},
	{"max_steps", NAME_TOTAL_STEPS, true},
	{"micro_step", NAME_STEP, true},
	{"minibatch", NAME_STEP, false},
	{"n_epochs", NAME_EPOCHS, true},
	{"num_env_steps", NAME_GLOBAL_STEP, true},
	{"num_epochs", NAME_EPOCHS, true},
	{"num_timesteps", NAME_GLOBAL_STEP, true},
	{"num_train_epochs", NAME_EPOCHS, true},
	{"num_updates", NAME_STEP, true},
	{"remaining", NAME_ETA, true},
	{"round", NAME_STEP, true},
	{"sps", NAME_RATE, true},
	{"step", NAME_STEP, false},
	{"step/s", NAME_RATE, true},
	{"step/sec", NAME_RATE, true},
	{"steps/s", NAME_RATE, true},
	{"steps/sec", NAME_RATE, true},
	{"steps_per_sec", NAME_RATE, true},
	{"steps_per_second", NAME_RATE, true},
	{"timesteps_total", NAME_GLOBAL_STEP, true},
	{"total_epochs", NAME_EPOCHS, true},
	{"total_steps", NAME_TOTAL_STEPS, true},
	{"total_timesteps", NAME_GLOBAL_STEP, true},
	{"train/global_step", NAME_GLOBAL_STEP, true},
	{"train_step", NAME_STEP, true},
	{"training_iteration", NAME_STEP, false},
	{"trial", NAME_STEP, false},
	{"update", NAME_STEP, true},
	{"ups", NAME_RATE, true},
	{"world_size", NAME_RANKS, true},
};

static bool counter_find(struct span s, struct meaning *m)
{
	size_t low = 0, high = sizeof counters / sizeof *counters;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int c = span_compare(s, counters[middle].text);

		if (c == 0) {
			m->kind = counters[middle].kind;
			m->strict = counters[middle].strict;
			return true;
		}
		if (c < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

static bool is_one_of(struct span s, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (span_is(s, list[i]))
			return true;
	return false;
}

/*
 * "from iteration 0", "every epoch 5", "best epoch: 2": the number is not where the training is.
 * "Num Epochs" and "Total optimization steps" are how many there are.
 */
static void counter_before(struct meaning *m, struct span name, struct span before)
{
	static const char *const others[] = {"from", "every", "per", "max", "min", "best", "until",
		"final", "warmup", "at", "for", "of", "after", "before", "val", "validation",
		"eval", "test", "with", "each", "resume", "resuming", "save", "saving", "in",
		"and"};
	static const char *const never[] = {"from", "every", "per", "max", "min", "until"};
	static const char *const many[] = {"num", "max", "total", "number", "n"};

	if (before.len == 0)
		return;
	if (m->kind == NAME_EPOCHS || m->kind == NAME_EPOCH) {
		if (is_one_of(before, many, sizeof many / sizeof *many) &&
			(m->kind == NAME_EPOCHS || !span_is(before, "n")))
			m->kind = NAME_EPOCHS;
		else if (m->kind == NAME_EPOCHS && span_is(name, "epochs"))
			m->kind = NAME_NOTHING;
	}
	if (m->kind == NAME_STEP && span_is(before, "global") && span_is(name, "step"))
		m->kind = NAME_GLOBAL_STEP;
	if ((m->kind == NAME_STEP || m->kind == NAME_EPOCH) &&
		is_one_of(before, others, sizeof others / sizeof *others))
		m->kind = NAME_NOTHING;
	if (m->kind == NAME_GLOBAL_STEP && is_one_of(before, never, sizeof never / sizeof *never))
		m->kind = NAME_NOTHING;
}

/* "Total optimization steps = 120", "Num processes: 8", "world size: 8", "Total train steps". */
static bool counter_of_phrase(struct meaning *m, struct span name, struct span before)
{
	if (strchr("einspt", to_lower(*name.at)) == NULL)
		return false;
	if (span_is(name, "iterate")) { /* L-BFGS-B's "At iterate    1" */
		m->kind = NAME_STEP;
		return true;
	}
	/* "iterations 200 error 0.26": elsewhere it is how many there will be. */
	if (span_is(name, "iterations") && before.len == 0) {
		m->kind = NAME_STEP;
		m->leads = true;
		return true;
	}
	if (span_is(name, "no") || span_is(name, "number")) { /* "Iteration No: 7" */
		struct meaning counter = {NAME_NOTHING, SET_NONE, 0, 0, false};

		if (!counter_find(before, &counter) ||
			(counter.kind != NAME_STEP && counter.kind != NAME_EPOCH))
			return false;
		m->kind = counter.kind;
		return true;
	}
	m->strict = true;
	if (span_is(name, "executed") && span_is(before, "steps"))
		m->kind = NAME_STEP;
	else if (span_is(name, "steps") &&
		(span_is(before, "optimization") || span_is(before, "total")))
		m->kind = NAME_TOTAL_STEPS;
	else if ((span_is(name, "processes") && span_is(before, "num")) ||
		(span_is(name, "size") && span_is(before, "world")))
		m->kind = NAME_RANKS;
	else if (span_is(name, "time") && (span_is(before, "remaining")))
		m->kind = NAME_ETA;
	else
		return false;
	return true;
}

bool counter_meaning(struct span name, struct span before, struct meaning *m)
{
	if (counter_find(name, m)) {
		counter_before(m, name, before);
		return true;
	}
	return counter_of_phrase(m, name, before);
}
