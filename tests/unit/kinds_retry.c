/* A train job's policy about attempts that ended. */
#include "base/mem.h"
#include "kinds/kinds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_retry(void **state)
{
	struct job j = {.restart_policy = RESTART_ON_FAILURE, .max_attempts = 100};
	static const int64_t delays[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
	int64_t delay = -1;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(delays); i++) {
		assert_true(job_policy.again(&j, REASON_EXIT_CODE, (int64_t)i + 1, &delay));
		assert_int_equal(delay, delays[i]);
	}
	assert_false(job_policy.again(&j, REASON_NONE, 1, &delay));
	assert_false(job_policy.again(&j, REASON_CANCELLED, 1, &delay));
	assert_false(job_policy.again(&j, REASON_MODULE_MISSING, 1, &delay));
	assert_true(job_policy.again(&j, REASON_SUPERVISOR_LOST, 1, &delay));
	assert_true(job_policy.again(&j, REASON_NODE_REBOOTED, 1, &delay));
	assert_false(job_policy.again(&j, REASON_EXIT_CODE, 100, &delay));
	j.max_attempts = 0; /* not given: 1 */
	assert_false(job_policy.again(&j, REASON_EXIT_CODE, 1, &delay));
	assert_true(job_policy.again(&j, REASON_RETRY, 1, &delay)); /* it never ran */
	j = (struct job){.restart_policy = RESTART_ALWAYS, .max_attempts = 3};
	assert_true(job_policy.again(&j, REASON_NONE, 2, &delay));
	assert_false(job_policy.again(&j, REASON_NONE, 3, &delay));
	j.restart_policy = RESTART_NEVER;
	assert_false(job_policy.again(&j, REASON_SUPERVISOR_LOST, 1, &delay));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_retry),
	};

	return cmocka_run_group_tests_name("kinds_retry", tests, NULL, NULL);
}
