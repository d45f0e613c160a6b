/*
 * Somebody else changed what a person edits: they are asked once, of all of it, when nothing else is
 * open, and no key that was meant for something else puts mine over theirs.
 */
#include "golden/quotas.h"
#include "ui/app/conflict.h"

#define QUESTION "which holds?"

/* `count` marked quotas get gpu=16, and it is sent: the id of the first request. */
static uint64_t send_edits(struct harness *h, int count)
{
	uint64_t last = 0;
	size_t n;

	open_quotas(h, count);
	harness_key(h, "space");
	harness_key(h, "G");
	harness_key(h, "ctrl-@");
	harness_type(h, "=gpu=16");
	harness_key(h, "enter");
	asked(h, &last);
	harness_key(h, "y");
	harness_key(h, "enter");
	n = asked(h, &last);
	assert_int_equal(n, count);
	return last - n + 1;
}

static void refuse(struct harness *h, uint64_t id, int org)
{
	char body[300];

	snprintf(body, sizeof body,
		"{\"message\":\"changed\",\"field\":\"version\",\"now\":{\"org_id\":\"%d\","
		"\"org_name\":\"org-%03d\",\"total_gpu_quota\":\"4\",\"version\":\"9\"}}",
		org + 1, org);
	answer_with(h, id, 409, body);
}

static void calm(struct harness *h)
{
	later(h, CONFLICT_CALM_MS);
}

static void test_once_all_is_answered(void **state)
{
	struct harness h;
	uint64_t first, id = 0;

	(void)state;
	first = send_edits(&h, 3);
	refuse(&h, first, 0);
	ASSERT_SHOWN(&h, QUESTION, false);
	answer(&h, first + 1, "{\"org_id\":\"2\"}");
	ASSERT_SHOWN(&h, QUESTION, false);
	refuse(&h, first + 2, 2);
	ASSERT_SHOWN(&h, "Somebody else changed 2 quotas meanwhile", true);
	calm(&h);
	harness_key(&h, "M");
	harness_key(&h, "enter");
	assert_int_equal(asked(&h, &id), 2);
	harness_close(&h);
}

/* Keys that were on their way, in one burst with the answer or right after it. */
static void test_keys_meant_for_something_else(void **state)
{
	struct harness h;
	uint64_t id = 0;
	struct msg m = {.type = MSG_KEY, .key = 'M'}, enter = {.type = MSG_KEY, .key = K_ENTER};

	(void)state;
	refuse(&h, send_edits(&h, 1), 0);
	harness_key(&h, "M");
	harness_key(&h, "enter");
	ASSERT_SHOWN(&h, "Enter: theirs stays.", true);
	calm(&h);
	m.now = enter.now = h.now;
	m.mono = enter.mono = h.mono;
	app_update(h.app, &m, &h.cmds); /* no frame between the choice and Enter */
	app_update(h.app, &enter, &h.cmds);
	assert_int_equal(asked(&h, &id), 0);
	harness_draw(&h);
	ASSERT_SHOWN(&h, "Enter: mine goes over theirs.", true);
	harness_key(&h, "enter");
	assert_int_equal(asked(&h, &id), 1);
	harness_close(&h);
}

/* While a line is typed or a form filled in it waits. */
static void test_not_over_what_is_open(void **state)
{
	struct harness h;
	uint64_t id;

	(void)state;
	id = send_edits(&h, 1);
	harness_type(&h, ":ev");
	refuse(&h, id, 0);
	ASSERT_SHOWN(&h, QUESTION, false);
	harness_key(&h, "esc");
	ASSERT_SHOWN(&h, QUESTION, true);
	calm(&h);
	harness_key(&h, "esc");
	ASSERT_SHOWN(&h, QUESTION, false);
	ASSERT_SHOWN(&h, "nothing was sent", true);
	harness_close(&h);

	id = send_edits(&h, 1);
	harness_key(&h, "e");
	refuse(&h, id, 0);
	ASSERT_SHOWN(&h, QUESTION, false);
	harness_key(&h, "esc");
	ASSERT_SHOWN(&h, QUESTION, true);
	harness_close(&h);
}

/* Theirs is what it is made from now: whoever changes it once more is not overwritten either. */
static void test_from_theirs(void **state)
{
	struct harness h;
	bool found = false;

	(void)state;
	refuse(&h, send_edits(&h, 1), 0);
	calm(&h);
	harness_key(&h, "m");
	harness_key(&h, "enter");
	for (size_t i = 0; i < h.cmds.len; i++)
		found = found ||
			(h.cmds.items[i].method && strcmp(h.cmds.items[i].method, "PUT") == 0 &&
				strstr(h.cmds.items[i].path, "if_version=9"));
	assert_true(found);
	harness_close(&h);
}

/* More rows than lines: the one that keys are about is always seen. */
static void test_more_than_fit(void **state)
{
	struct harness h;
	uint64_t first;

	(void)state;
	first = send_edits(&h, 60);
	for (int i = 0; i < 60; i++)
		refuse(&h, first + (uint64_t)i, i);
	calm(&h);
	ASSERT_SHOWN(&h, "> [theirs] org-000", true);
	for (int i = 0; i < 59; i++)
		harness_key(&h, "j");
	ASSERT_SHOWN(&h, "> [theirs] org-059", true);
	harness_text(&h, "{\"t\":\"size\",\"cols\":40,\"rows_count\":10}");
	ASSERT_SHOWN(&h, "org-059", true);
	harness_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_once_all_is_answered),
		cmocka_unit_test(test_keys_meant_for_something_else),
		cmocka_unit_test(test_not_over_what_is_open),
		cmocka_unit_test(test_from_theirs),
		cmocka_unit_test(test_more_than_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
