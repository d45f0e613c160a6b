/* Ages under a clock that is set. */
#include "base/mem.h"
#include "work/ages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MINUTE INT64_C(60000)
#define DAY (1440 * MINUTE)

enum { MONO = 5000000 };
static const int64_t WALL = INT64_C(1700000000000);

static void test_ages_go_by_the_wall_before_this_daemon(void **state)
{
	struct ages a;

	(void)state;
	ages_init(&a, WALL, MONO);
	assert_true(ages_older(&a, WALL - 2 * DAY, DAY, WALL, MONO));
	assert_false(ages_older(&a, WALL - DAY / 2, DAY, WALL, MONO));
	assert_false(ages_older(&a, WALL + DAY, 0, WALL, MONO)); /* from the future */
}

static void test_nothing_is_older_than_the_daemon_that_made_it(void **state)
{
	struct ages a;

	(void)state;
	ages_init(&a, WALL, MONO);
	/* A minute later somebody set the clock 40 days ahead, and ten minutes more went by. */
	assert_int_equal(ages_look(&a, WALL + 40 * DAY + MINUTE, MONO + MINUTE), 40 * DAY);
	assert_false(
		ages_older(&a, WALL + 1, DAY, WALL + 40 * DAY + 12 * MINUTE, MONO + 12 * MINUTE));
	assert_true(ages_older(&a, WALL + 1, 11 * MINUTE, WALL + 40 * DAY + 12 * MINUTE,
		MONO + 12 * MINUTE));
}

static void test_nothing_is_old_just_after_a_step(void **state)
{
	struct ages a;
	int64_t now = MONO + MINUTE;

	(void)state;
	ages_init(&a, WALL, MONO);
	assert_int_equal(ages_look(&a, WALL + 40 * DAY + MINUTE, now), 40 * DAY);
	assert_false(ages_older(&a, WALL - DAY / 2, DAY, WALL + 40 * DAY + MINUTE, now));
	/* Back again, five seconds later: that is a step as well. */
	now += 5000;
	assert_int_equal(ages_look(&a, WALL + MINUTE + 5000, now), -40 * DAY);
	assert_false(ages_older(&a, WALL - 2 * DAY, DAY, WALL + MINUTE + 5000, now));
	now += AGES_QUIET_MS;
	assert_int_equal(ages_look(&a, WALL + now - MONO, now), 0);
	assert_true(ages_older(&a, WALL - 2 * DAY, DAY, WALL + now - MONO, now));
	assert_false(ages_older(&a, WALL - DAY / 2, DAY, WALL + now - MONO, now));
}

static void test_a_clock_that_is_slewed_is_not_set(void **state)
{
	struct ages a;

	(void)state;
	ages_init(&a, WALL, MONO);
	for (int64_t i = 1; i <= 1000; i++)
		assert_int_equal(ages_look(&a, WALL + i * MINUTE + i * 500, MONO + i * MINUTE), 0);
	assert_true(ages_older(&a, WALL - 2 * DAY, DAY, WALL + MINUTE, MONO + MINUTE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ages_go_by_the_wall_before_this_daemon),
		cmocka_unit_test(test_nothing_is_older_than_the_daemon_that_made_it),
		cmocka_unit_test(test_nothing_is_old_just_after_a_step),
		cmocka_unit_test(test_a_clock_that_is_slewed_is_not_set),
	};

	return cmocka_run_group_tests_name("work_ages", tests, NULL, NULL);
}
