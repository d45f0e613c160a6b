/* How a service comes to its replicas: single steps, and whole lives with seeded chance. */
#include "core/service/replicas.h"

#include "base/mem.h"
#include "core_random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { NOW = 1000000, DEADLINE = 60000, DRAIN = 30000 };

static const char verbs[] = {
	[REPLICA_MAKE] = '+', [REPLICA_DRAIN] = '~', [REPLICA_STOP] = '-', [REPLICA_AGAIN] = '!'};

/*
 * "s0 S1 w2": a letter for the stage (w s S d t: waiting, starting, serving, draining, stopping), large
 * where it is serving; a prime behind it: of an old generation; a star: drained.
 */
static size_t read_seen(const char *text, struct replica_seen *seen)
{
	size_t n = 0;

	while (*text != '\0') {
		struct replica_seen r = {.generation = 2, .since = NOW - 1000};

		switch (*text++) {
		case 'w': r.stage = REPLICA_WAITING; break;
		case 's': r.stage = REPLICA_STARTING; break;
		case 'S': r.stage = REPLICA_SERVING; break;
		case 'd': r.stage = REPLICA_DRAINING; break;
		default: r.stage = REPLICA_STOPPING;
		}
		while (*text >= '0' && *text <= '9')
			r.index = r.index * 10 + *text++ - '0';
		for (; *text != ' ' && *text != '\0'; text++) {
			if (*text == '\'')
				r.generation = 1;
			else if (*text == '*')
				r.drained = true;
			else if (*text == '@')
				r.since = NOW - DEADLINE;
		}
		text += *text == ' ';
		seen[n++] = r;
	}
	return n;
}

static struct replicas_plan plan_of(int64_t wanted, const char *text)
{
	const struct replicas_wanted w = {.count = wanted,
		.generation = 2,
		.surge = 1,
		.start_deadline = DEADLINE,
		.drain_most = DRAIN};
	struct replica_seen seen[REPLICAS_SEEN_MOST];
	struct replicas_plan plan;

	replicas_plan(&plan, &w, seen, read_seen(text, seen), NOW);
	return plan;
}

static void test_steps(void **state)
{
	static const struct {
		int64_t wanted;
		const char *seen, *done;
	} steps[] = {
		{0, "", ""},
		{3, "", "+0 +1 +2"},
		{3, "S0 S2", "+1"},
		{3, "w0 s1 S2", ""},
		{2, "S0 S1", ""},
		/* fewer: who does not serve first, then the highest */
		{1, "S0 s1 w2", "-2 -1"},
		{1, "S0 S1 S2", "~2 ~1"},
		{2, "S0 S1 w2", "-2"},
		{0, "S0 w1", "-1 ~0"},
		/* on the way out */
		{1, "S0 d1", ""},
		{1, "S0 d1*", "-1"},
		{1, "S0 d1@", "-1"},
		{1, "S0 t1", ""},
		{2, "S0 d1", "+2"},
		/* never ready */
		{1, "s0@", "!0"},
		{1, "w0@", ""},
		{1, "S0@", ""},
		{0, "s0@", "-0"},
		/* another generation: the new one first */
		{1, "S0'", "+1"},
		{1, "S0' s1", ""},
		{1, "S0' S1", "~0"},
		{3, "S0' S1' S2'", "+3"},
		{3, "S0' S1' S2' w3", ""},
		{3, "S0' S1' S2' S3", "~2"},
		{3, "S0' S1' d2' S3", ""},
		{3, "S0' S1' d2'* S3", "-2"},
		{3, "S0' S1' t2' S3", ""},
		{3, "S0' S1' S3", "+2"},
		{3, "d0' S1 S2 S3", ""},
		/* who does not serve and is old goes at once, and is counted until it is gone */
		{3, "S0' s1' w2'", "-1 -2 +3 +4"},
		{3, "s0' s1' s2'", "-0 -1 -2 +3 +4 +5"},
		/* both at once */
		{1, "S0' S1' S2'", "~2 ~1"},
		{1, "S0' d1' d2'", ""},
		{1, "S0'", "+1"},
		{4, "S0' S1'", "+2 +3 +4"},
		{0, "S0' S1", "~0 ~1"},
		{2, "S0' S1 S2 s3", "~0 -3"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		struct replicas_plan plan = plan_of(steps[i].wanted, steps[i].seen);
		char done[256] = "";

		for (size_t j = 0; j < plan.count; j++)
			snprintf(done + strlen(done), sizeof done - strlen(done), "%s%c%d",
				j ? " " : "", verbs[plan.actions[j].verb],
				(int)plan.actions[j].index);
		if (strcmp(done, steps[i].done) != 0)
			fail_msg("%d of \"%s\": \"%s\", not \"%s\"", (int)steps[i].wanted,
				steps[i].seen, done, steps[i].done);
	}
}

static void test_wake(void **state)
{
	(void)state;
	assert_int_equal(plan_of(1, "S0").wake, 0);
	assert_int_equal(plan_of(1, "s0").wake, NOW - 1000 + DEADLINE);
	assert_int_equal(plan_of(1, "S0 d1 s2").wake, NOW - 1000 + DRAIN);
	assert_int_equal(plan_of(2, "S0 s1@").wake, 0);
}

/* ---- Whole lives ---- */

struct world {
	struct replica_seen seen[REPLICAS_SEEN_MOST];
	size_t count;
	struct replicas_wanted wanted;
	int64_t now;
};

static size_t serving(const struct world *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->count; i++)
		n += w->seen[i].stage == REPLICA_SERVING;
	return n;
}

static struct replica_seen *with_index(struct world *w, int64_t index)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->seen[i].index == index)
			return &w->seen[i];
	return NULL;
}

static void enters(struct world *w, struct replica_seen *r, enum replica_stage stage)
{
	r->stage = stage;
	r->since = w->now;
	r->drained = false;
}

static void carry_out(struct world *w, const struct replica_action *a)
{
	struct replica_seen *r = with_index(w, a->index);

	if (a->verb == REPLICA_MAKE) {
		assert_null(r);
		assert_true(w->count < REPLICAS_SEEN_MOST);
		w->seen[w->count++] = (struct replica_seen){.index = a->index,
			.generation = w->wanted.generation,
			.since = w->now};
		return;
	}
	assert_non_null(r);
	assert_true(a->verb != REPLICA_DRAIN || r->stage == REPLICA_SERVING);
	assert_true(a->verb != REPLICA_AGAIN || r->stage == REPLICA_STARTING);
	/* Whoever serves is drained first. */
	assert_true(a->verb != REPLICA_STOP || r->stage != REPLICA_SERVING);
	enters(w, r,
		a->verb == REPLICA_DRAIN          ? REPLICA_DRAINING
			: a->verb == REPLICA_STOP ? REPLICA_STOPPING
						  : REPLICA_WAITING);
}

static void plan_and_do(struct world *w)
{
	struct replicas_plan plan;

	replicas_plan(&plan, &w->wanted, w->seen, w->count, w->now);
	for (size_t i = 0; i < plan.count; i++)
		carry_out(w, &plan.actions[i]);
	/* What was just done asks for nothing more. */
	replicas_plan(&plan, &w->wanted, w->seen, w->count, w->now);
	assert_int_equal(plan.count, 0);
}

/* Something that takes its time happens to one of them. */
static void goes_on(struct world *w, size_t at)
{
	struct replica_seen *r = &w->seen[at];

	switch (r->stage) {
	case REPLICA_WAITING: enters(w, r, REPLICA_STARTING); break;
	case REPLICA_STARTING: enters(w, r, REPLICA_SERVING); break;
	case REPLICA_DRAINING: r->drained = true; break;
	case REPLICA_STOPPING: w->seen[at] = w->seen[--w->count]; break;
	case REPLICA_SERVING: break;
	}
}

static bool settled(const struct world *w)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->seen[i].stage != REPLICA_SERVING ||
			w->seen[i].generation != w->wanted.generation)
			return false;
	return w->count == (size_t)w->wanted.count;
}

/* In an update of what serves there is no gap, and no more beside it than `surge`. */
static void live_through_update(struct world *w, struct dice *dice)
{
	size_t before = (size_t)w->wanted.count;
	int steps = 0;

	assert_true(settled(w));
	w->wanted.generation++;
	w->wanted.surge = 1 + dice_below(dice, 3);
	for (plan_and_do(w); !settled(w); plan_and_do(w)) {
		w->now += dice_below(dice, 2000);
		if (w->count > 0)
			goes_on(w, (size_t)dice_below(dice, (int64_t)w->count));
		assert_true(serving(w) >= before);
		assert_true(w->count <= before + (size_t)w->wanted.surge);
		if (++steps > 100000)
			fail_msg("it never comes to an end");
	}
}

/* Whatever is wanted meanwhile and whoever crashes: it comes to what is wanted last. */
static void live_through_anything(struct world *w, struct dice *dice)
{
	int steps = 0;

	for (int i = 0; i < 200; i++) {
		w->now += dice_below(dice, 20000);
		switch (dice_below(dice, 8)) {
		case 0: w->wanted.count = dice_below(dice, REPLICAS_MOST + 1); break;
		case 1: w->wanted.generation += (uint64_t)dice_below(dice, 2); break;
		case 2:
			if (w->count > 0) {
				struct replica_seen
					*r = &w->seen[dice_below(dice, (int64_t)w->count)];

				if (r->stage < REPLICA_DRAINING)
					enters(w, r, REPLICA_WAITING); /* crashed */
			}
			break;
		default:
			if (w->count > 0)
				goes_on(w, (size_t)dice_below(dice, (int64_t)w->count));
		}
		plan_and_do(w);
	}
	while (!settled(w)) {
		if (w->count > 0)
			goes_on(w, (size_t)dice_below(dice, (int64_t)w->count));
		plan_and_do(w);
		if (++steps > 1000000)
			fail_msg("it never comes to an end");
	}
}

static void test_lives(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 200; seed++) {
		struct dice dice = {seed * 0x9e3779b97f4a7c15u};
		struct world w = {.wanted = {.count = dice_below(&dice, 9),
					  .generation = 1,
					  .surge = 1,
					  .start_deadline = DEADLINE,
					  .drain_most = DRAIN},
			.now = NOW};

		live_through_anything(&w, &dice);
		for (int i = 0; i < 3; i++)
			live_through_update(&w, &dice);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_wake),
		cmocka_unit_test(test_lives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
