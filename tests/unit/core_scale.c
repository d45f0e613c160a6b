/* How many replicas are wanted, by what is in flight. */
#include "core/service/scale.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { SECOND = 1000, MINUTE = 60 * SECOND };

static const struct scale_terms terms = {.least = 1, .most = 10, .target = 4};

struct service {
	struct scale scale;
	int64_t now, count, last_request;
};

/* So many seconds with so many in flight. */
static int64_t seconds(struct service *s, const struct scale_terms *t, int n, int64_t in_flight)
{
	for (int i = 0; i < n; i++) {
		s->now += SECOND;
		if (in_flight > 0)
			s->last_request = s->now;
		s->count = scale_step(&s->scale, t, s->count,
			&(struct scale_sample){in_flight, s->last_request, s->now});
	}
	return s->count;
}

static struct service of(int64_t count)
{
	return (struct service){.now = 1000 * MINUTE,
		.last_request = 1000 * MINUTE,
		.count = count};
}

static void test_more_at_once(void **state)
{
	struct service s = of(1);

	(void)state;
	assert_int_equal(seconds(&s, &terms, 10, 0), 1);
	assert_int_equal(seconds(&s, &terms, 10, 4), 1);
	assert_int_equal(seconds(&s, &terms, 10, 5), 2);
	assert_int_equal(seconds(&s, &terms, 10, 32), 8);
	assert_int_equal(seconds(&s, &terms, 10, 1000000), 10);
}

static void test_fewer_after_a_calm_minute(void **state)
{
	struct service s = of(1);

	(void)state;
	assert_int_equal(seconds(&s, &terms, 10, 32), 8);
	assert_int_equal(seconds(&s, &terms, 50, 4), 8);
	assert_int_equal(seconds(&s, &terms, 20, 4), 1);
	/* A minute that needed them now and then is not calm. */
	assert_int_equal(seconds(&s, &terms, 10, 32), 8);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(seconds(&s, &terms, 40, 0), 8);
		assert_int_equal(seconds(&s, &terms, 10, 32), 8);
	}
}

/* The mean of a few seconds counts, not a moment. */
static void test_a_moment(void **state)
{
	struct service s = of(1);

	(void)state;
	seconds(&s, &terms, 9, 0); /* a slot has begun with nothing */
	while (s.now % SCALE_SLOT_MS != SCALE_SLOT_MS - SECOND)
		seconds(&s, &terms, 1, 0);
	assert_int_equal(seconds(&s, &terms, 5, 0), 1);
	while (s.now % SCALE_SLOT_MS != SCALE_SLOT_MS - 2 * SECOND)
		seconds(&s, &terms, 1, 0);
	assert_int_equal(seconds(&s, &terms, 1, 16), 1);
}

static void test_bounds(void **state)
{
	const struct scale_terms fixed = {.least = 3, .most = 3, .target = 0.5};
	struct service s = of(7);

	(void)state;
	assert_int_equal(seconds(&s, &fixed, 1, 0), 3);
	assert_int_equal(seconds(&s, &fixed, 1, 100), 3);
}

static void test_none(void **state)
{
	const struct scale_terms zero = {.least = 0,
		.most = 4,
		.target = 2,
		.idle_stop = 5 * MINUTE};
	struct service s = of(1);

	(void)state;
	assert_int_equal(seconds(&s, &zero, 299, 0), 1);
	assert_int_equal(seconds(&s, &zero, 1, 0), 0);
	assert_int_equal(seconds(&s, &zero, 100, 0), 0);
	assert_int_equal(seconds(&s, &zero, 1, 1), 1); /* somebody waits */
	assert_int_equal(seconds(&s, &zero, 10, 0), 1);
	/* Where none was not asked for, one stays. */
	s = of(1);
	assert_int_equal(seconds(&s, &terms, 3600, 0), 1);
}

/* A daemon that has just begun has seen no minute. */
static void test_begins(void **state)
{
	struct service s = of(8);

	(void)state;
	assert_int_equal(seconds(&s, &terms, 50, 0), 8);
	assert_int_equal(seconds(&s, &terms, 20, 0), 1);
}

/* A machine that slept has needed nothing meanwhile. */
static void test_sleeps(void **state)
{
	struct service s = of(1);

	(void)state;
	assert_int_equal(seconds(&s, &terms, 10, 32), 8);
	s.now += 100 * MINUTE;
	assert_int_equal(seconds(&s, &terms, 1, 4), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_more_at_once),
		cmocka_unit_test(test_fewer_after_a_calm_minute),
		cmocka_unit_test(test_a_moment),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_begins),
		cmocka_unit_test(test_sleeps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
