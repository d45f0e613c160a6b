/*
 * What changes would lead to is asked of the platform before they are sent: a moment after the last
 * key, of many a few at a time and not of all, and no answer is taken for another question's.
 */
#include "golden/quotas.h"
#include "ui/app/foresee.h"

enum { ORGS = 200 };

#define CAN "{\"capabilities\":[\"what_if\"]}"
#define STARTS "{\"starts_now\":true,\"starts\":1,\"starting\":[\"a\"],\"behind\":2,\"over\":[]}"

static void test_many_a_few_at_a_time(void **state)
{
	struct harness h;
	uint64_t id = 0;
	size_t all = 0, open;

	(void)state;
	open_quotas(&h, ORGS);
	harness_key(&h, "space");
	harness_key(&h, "G");
	harness_key(&h, "ctrl-@"); /* the whole range */
	harness_type(&h, "=gpu=16");
	later(&h, FORESEE_AFTER_MS - 1);
	assert_int_equal(asked(&h, &id), 0);
	later(&h, 1);
	assert_int_equal(asked(&h, &id), 1); /* whether it can be asked */
	answer(&h, id, CAN);
	open = asked(&h, &id);
	assert_int_equal(open, FORESEE_AT_ONCE);
	for (uint64_t next = id - open + 1; open > 0; next++) {
		uint64_t last = 0;

		answer(&h, next, STARTS);
		all++;
		open += asked(&h, &last) - 1;
		assert_true(open <= FORESEE_AT_ONCE);
	}
	assert_int_equal(all, FORESEE_ASKS);
	ASSERT_SHOWN(&h, "the first 32 of 200 quotas: 32 start now, 64 wait", true);
	ASSERT_SHOWN(&h, "nobody is over a limit", true);
	harness_close(&h);
}

/* Left by Esc, refused in the question, or typed over: what comes then is nobody's. */
static void test_late_answers(void **state)
{
	struct harness h;
	uint64_t id = 0;

	(void)state;
	open_quotas(&h, 1);
	harness_type(&h, "=gpu=16");
	later(&h, FORESEE_AFTER_MS);
	asked(&h, &id);
	answer(&h, id, CAN);
	assert_int_equal(asked(&h, &id), 1);
	harness_key(&h, "esc");
	answer(&h, id, STARTS);
	ASSERT_SHOWN(&h, "start", false);
	harness_type(&h, "=");
	answer(&h, id, STARTS);
	ASSERT_SHOWN(&h, "start", false);
	harness_type(&h, "gpu=12");
	harness_key(&h, "enter");
	assert_int_equal(asked(&h, &id), 1); /* at once: the question is there */
	ASSERT_SHOWN(&h, "asking what it leads to", true);
	harness_key(&h, "esc");
	answer(&h, id, STARTS);
	harness_type(&h, "=gpu=14");
	harness_key(&h, "enter");
	answer(&h, id, STARTS); /* another question of the same row is open */
	ASSERT_SHOWN(&h, "start", false);
	assert_int_equal(asked(&h, &id), 1);
	answer(&h, id, STARTS);
	ASSERT_SHOWN(&h, "1 starts now: a", true);
	harness_close(&h);
}

/* A line that somebody left for lunch costs no timer, and one that is typed has one. */
static void test_timers(void **state)
{
	struct harness h;
	uint64_t id = 0;

	(void)state;
	open_quotas(&h, 1);
	assert_int_equal(app_wake(h.app), 0);
	harness_type(&h, "=gpu=16");
	assert_int_equal(app_wake(h.app), h.now + FORESEE_AFTER_MS);
	later(&h, FORESEE_AFTER_MS);
	asked(&h, &id);
	answer(&h, id, CAN);
	asked(&h, &id);
	answer(&h, id, STARTS);
	ASSERT_SHOWN(&h, "1 starts now: a; 2 wait for it still", true);
	assert_int_equal(app_wake(h.app), 0);
	harness_close(&h);
}

/* Nothing was reached: it is asked again with the next question, not given up. */
static void test_version_not_reached(void **state)
{
	struct harness h;
	uint64_t id = 0;

	(void)state;
	open_quotas(&h, 1);
	harness_type(&h, "=gpu=16");
	later(&h, FORESEE_AFTER_MS);
	assert_int_equal(asked(&h, &id), 1);
	struct msg none = {.type = MSG_REPLY, .id = id, .status = 0, .text = "cut"};

	harness_send(&h, &none);
	assert_int_equal(asked(&h, &id), 0);
	harness_type(&h, "0");
	later(&h, FORESEE_AFTER_MS);
	assert_int_equal(asked(&h, &id), 1);
	answer(&h, id, CAN);
	assert_int_equal(asked(&h, &id), 1);
	harness_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many_a_few_at_a_time),
		cmocka_unit_test(test_late_answers),
		cmocka_unit_test(test_timers),
		cmocka_unit_test(test_version_not_reached),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
