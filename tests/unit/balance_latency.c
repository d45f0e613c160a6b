/* Counts of times and what is read from them. */
#include "balance/latency.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_nothing(void **state)
{
	struct latency l = {0};

	(void)state;
	assert_true(latency_quantile(&l, NULL, 0.5) < 0);
	latency_add(&l, 5);
	assert_true(latency_quantile(&l, &l, 0.5) < 0);
}

/* Of one time each quantile is it, or up to an eighth more. */
static void test_steps(void **state)
{
	(void)state;
	for (uint64_t us = 0; us < (uint64_t)3600 * 1000 * 1000; us += us / 50 + 1) {
		struct latency l = {0};
		double ms;

		latency_add(&l, us);
		ms = latency_quantile(&l, NULL, 0.99);
		if (ms * 1000 < (double)us || ms * 1000 > (double)us * 1.125 + 1)
			fail_msg("%llu us are told as %g ms", (unsigned long long)us, ms);
	}
}

static void test_beyond(void **state)
{
	struct latency l = {0};

	(void)state;
	latency_add(&l, UINT64_MAX);
	assert_true(latency_quantile(&l, NULL, 1) > 3600.0 * 1000);
}

static void test_quantiles(void **state)
{
	struct latency before = {0}, l;

	(void)state;
	for (int i = 0; i < 1000; i++)
		latency_add(&before, 1000000); /* what came before does not count */
	l = before;
	for (int i = 0; i < 98; i++)
		latency_add(&l, 1000);
	latency_add(&l, 50000);
	latency_add(&l, 50000);
	assert_true(latency_quantile(&l, &before, 0.5) >= 1.0);
	assert_true(latency_quantile(&l, &before, 0.5) < 1.2);
	assert_true(latency_quantile(&l, &before, 0.98) < 1.2);
	assert_true(latency_quantile(&l, &before, 0.99) >= 50);
	assert_true(latency_quantile(&l, NULL, 0.5) >= 1000);
}

/* Counts are 32 bits: what is between two readings is right when they went round. */
static void test_round(void **state)
{
	struct latency before = {0}, l = {0};

	(void)state;
	for (int i = 0; i < LATENCY_STEPS; i++)
		before.counts[i] = UINT32_MAX;
	l = before;
	latency_add(&l, 3);
	assert_true(latency_quantile(&l, &before, 0.5) == 4.0 / 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_beyond),
		cmocka_unit_test(test_quantiles),
		cmocka_unit_test(test_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
