/* What a job says across its fields. */
#include "core/kinds/task.h"
#include "unit/core_fixture.h"

static void states_are_final_or_live(void **state)
{
	(void)state;
	for (unsigned s = 0; work_state_words[s]; s++) {
		static const char *const finals[] = {"completed", "failed", "error", NULL};
		bool final = false;

		for (int i = 0; finals[i]; i++)
			final |= strcmp(finals[i], work_state_words[s]) == 0;
		assert_int_equal(work_state_final(s), final);
		assert_int_equal(work_state_live(s), s == WORK_CREATING || s == WORK_RUNNING);
	}
}

/* Each number of the enums has its word, and the lists end where the enums do. */
static void words_fit_their_numbers(void **state)
{
	size_t n = 0;

	(void)state;
	while (work_state_words[n])
		n++;
	assert_int_equal(n, WORK_MODELSERVED + 1);
	for (n = 0; work_reason_words[n];)
		n++;
	assert_int_equal(n, REASON_QUEUE_HELD + 1);
	assert_string_equal(work_reason_words[REASON_OOM_KILLED], "OOMKilled");
	assert_string_equal(restart_policy_words[RESTART_ON_FAILURE], "on-failure");
	assert_string_equal(enforced_words[ENFORCED_CGROUP], "cgroup");
}

static void names_of_distributed_jobs_are_shorter(void **state)
{
	static const char name[] = "a2345678901234567890123456789012345678901234567890b";
	char more[256];
	struct fixture x;

	(void)state;
	snprintf(more, sizeof more, "\"job_name\": \"%s\"", name);
	assert_true(decode_job(&x, more, DECODE_NEW));
	fixture_release(&x);
	snprintf(more, sizeof more, "\"job_name\": \"%s\", \"worker_count\": 2", name);
	assert_false(decode_job(&x, more, DECODE_NEW));
	assert_string_equal(x.e.text,
		"job_name has 51 characters: a distributed job's may have 50");
	assert_int_equal(x.e.code, ERR_UNPROCESSABLE);
	fixture_release(&x);
}

static void a_command_stands_alone(void **state)
{
	struct fixture x;
	struct buf what = BUF_INIT;

	(void)state;
	assert_true(decode_job(&x,
		"\"module_name\": null, \"trainer_uri\": null,"
		"\"command\": [\"python3\", \"x.py\"]",
		DECODE_NEW));
	job_what(&x.j, &what);
	assert_string_equal(what.data, "python3 x.py");
	fixture_release(&x);
	assert_false(decode_job(&x, "\"module_name\": null, \"command\": [\"\"]", DECODE_NEW));
	assert_string_equal(x.e.field, "command");
	fixture_release(&x);
	assert_false(decode_job(&x, "\"module_name\": null", DECODE_NEW));
	assert_string_equal(x.e.field, "module_name");
	fixture_release(&x);
	buf_reset(&what);
	assert_true(decode_job(&x, "\"job_args\": \"--epochs 3\"", DECODE_NEW));
	job_what(&x.j, &what);
	assert_string_equal(what.data, "digits.train --epochs 3");
	fixture_release(&x);
	buf_release(&what);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states_are_final_or_live),
		cmocka_unit_test(words_fit_their_numbers),
		cmocka_unit_test(names_of_distributed_jobs_are_shorter),
		cmocka_unit_test(a_command_stands_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
