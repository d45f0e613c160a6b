/* Logs that grow, of many at once: a few are looked at in a turn of the loop, each in its round. */
#include "work/cursor.h"
#include "work/timers.h"
#include "work/work.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { MANY = 50, A_TURN_MOST = 8 };

/* An engine that counts who is looked at. */
struct play {
	struct engine base;
	uv_loop_t loop;
	struct work w;
	struct active actives[MANY];
	struct workload rows[MANY];
	struct work_policy policy;
	int asked[MANY], in_turn, most, all;
	int growing; /* so many of the first grow again when looked at, as those that never end */
};

static enum log_step play_ask(struct engine *en, const struct task_ref *ref, struct log_ask *ask)
{
	struct play *p = (struct play *)en;
	int at = atoi(ref->uid);

	p->asked[at]++;
	p->all++;
	if (++p->in_turn > p->most)
		p->most = p->in_turn;
	if (at < p->growing)
		logs_grew(&p->w, &p->actives[at]);
	err_set(&ask->e, ERR_NOT_FOUND, "no log yet");
	return LOG_NONE;
}

static void play_cancel(struct engine *en, struct log_ask *ask)
{
	(void)en;
	(void)ask;
}

static const struct engine_ops play_ops = {.log_ask = play_ask, .log_cancel = play_cancel};

static int begin(void **state)
{
	struct play *p = calloc(1, sizeof *p);

	assert_non_null(p);
	p->base.ops = &play_ops;
	uv_loop_init(&p->loop);
	p->w.loop = &p->loop;
	p->w.engine = &p->base;
	p->w.timers = calloc(1, sizeof *p->w.timers);
	assert_non_null(p->w.timers);
	uv_timer_init(&p->loop, &p->w.timers->progress);
	p->w.timers->progress.data = &p->w;
	for (int i = 0; i < MANY; i++) {
		struct active *a = &p->actives[i];

		*a = (struct active){.w = &p->w, .policy = &p->policy, .work = &p->rows[i]};
		snprintf(a->uid, sizeof a->uid, "%d", i);
		p->rows[i].attempt = 1;
		vec_push(&p->w.live, a);
		logs_grew(&p->w, a);
	}
	*state = p;
	return 0;
}

static int end(void **state)
{
	struct play *p = *state;

	for (int i = 0; i < MANY; i++) {
		log_cursor_close(p->actives[i].log);
		progress_drop(&p->actives[i]);
	}
	vec_release(&p->w.live);
	uv_close((uv_handle_t *)&p->w.timers->progress, NULL);
	uv_run(&p->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&p->loop), 0);
	free(p->w.timers);
	free(p);
	return 0;
}

/* Turns of the loop, in each of which others would be answered. */
static void turns_until(struct play *p, int all)
{
	while (p->all < all) {
		p->in_turn = 0;
		if (uv_run(&p->loop, UV_RUN_ONCE) == 0)
			break; /* nothing is waited for any more */
	}
}

static void test_a_turn_looks_at_a_few(void **state)
{
	struct play *p = *state;

	turns_until(p, MANY);
	assert_in_range(p->most, 1, A_TURN_MOST);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(p->asked[i], 1);
	assert_false(uv_is_active((uv_handle_t *)&p->w.timers->progress)); /* idle costs nothing */
}

/* Nobody is looked at twice before all others were, and news that came within a round is not lost. */
static void test_those_that_never_end_take_turns(void **state)
{
	struct play *p = *state;

	p->growing = MANY;
	turns_until(p, 3 * MANY);
	assert_in_range(p->most, 1, A_TURN_MOST);
	for (int i = 0; i < MANY; i++)
		assert_in_range(p->asked[i], 2, 4);
}

/* News of the first turn of a round, while the last one brings none. */
static void test_news_within_a_round_has_its_next(void **state)
{
	struct play *p = *state;

	p->growing = 1;
	turns_until(p, MANY + 1);
	assert_int_equal(p->asked[0], 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_turn_looks_at_a_few, begin, end),
		cmocka_unit_test_setup_teardown(test_those_that_never_end_take_turns, begin, end),
		cmocka_unit_test_setup_teardown(test_news_within_a_round_has_its_next, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
