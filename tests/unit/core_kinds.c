/* The tables of all kinds, and what is made of them for people. */
#include "core/kinds/event.h"
#include "core/kinds/job.h"
#include "core/kinds/kinds.h"
#include "core/kinds/quota.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void tables_hold(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	if (!kinds_check(&e))
		fail_msg("%s", e.text);
}

static void kinds_are_found(void **state)
{
	(void)state;
	assert_ptr_equal(kinds_find("job"), &job_kind);
	assert_ptr_equal(kinds_find("jobs"), &job_kind);
	assert_ptr_equal(kinds_find("quotas"), &quota_kind);
	assert_null(kinds_find("jo"));
	assert_null(kinds_find(""));
}

/* Columns of every kind are rows or aliases; the public client's quota words are all there. */
static void quota_has_the_words_of_the_client(void **state)
{
	static const char *const lines[] = {"train", "model", "dev"};
	static const char *const parts[] = {"memory", "cpu", "gpu", "count"};
	char name[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		for (size_t j = 0; j < ARRAY_SIZE(parts); j++) {
			snprintf(name, sizeof name, "%s_%s_quota", lines[i], parts[j]);
			assert_non_null(kind_field(&quota_kind, name));
			snprintf(name, sizeof name, "%s_%s_used", lines[i], parts[j]);
			assert_non_null(kind_field(&quota_kind, name));
		}
	assert_non_null(kind_field(&quota_kind, "total_memory_quota"));
	assert_null(kind_field(&quota_kind, "total_count_quota"));
	assert_non_null(kind_field(&quota_kind, "tensorboard_used"));
}

static void quota_begins_without_limits(void **state)
{
	struct quota q;
	json_t *out;

	(void)state;
	quota_init(&q);
	out = record_encode(&quota_kind, &q, NULL);
	assert_string_equal(json_string_value(json_object_get(out, "train_memory_quota")), "-1.0K");
	assert_string_equal(json_string_value(json_object_get(out, "total_cpu_quota")), "-1.0");
	assert_string_equal(json_string_value(json_object_get(out, "dev_count_quota")), "-1");
	assert_string_equal(json_string_value(json_object_get(out, "train_memory_used")), "0.0K");
	assert_string_equal(json_string_value(json_object_get(out, "train_cpu_used")), "0.0");
	assert_string_equal(json_string_value(json_object_get(out, "train_gpu_used")), "0");
	json_decref(out);
}

static void events_look_as_the_client_reads_them(void **state)
{
	struct event ev = {.object_name = "digits",
		.reason = "Started",
		.count = 3,
		.type = EVENT_WARNING,
		.first_time = {1000}};
	json_t *out = event_compatible(&ev);
	const json_t *object = json_object_get(out, "involvedObject");

	(void)state;
	assert_string_equal(json_string_value(json_object_get(object, "name")), "digits");
	assert_string_equal(json_string_value(json_object_get(out, "firstTimestamp")),
		"1970-01-01T00:00:01Z");
	/* Padded by the client, so never null. */
	assert_string_equal(json_string_value(json_object_get(out, "lastTimestamp")), "");
	assert_string_equal(json_string_value(json_object_get(out, "message")), "");
	assert_string_equal(json_string_value(json_object_get(out, "type")), "Warning");
	assert_int_equal(json_integer_value(json_object_get(out, "count")), 3);
	json_decref(out);
}

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void docs_have_a_line_for_each_row(void **state)
{
	(void)state;
	for (size_t i = 0; all_kinds[i]; i++) {
		struct buf out = BUF_INIT;

		kind_docs(all_kinds[i], &out);
		assert_int_equal(count_lines(out.data), all_kinds[i]->field_count + 2);
		buf_release(&out);
	}
}

static void docs_say_limits_in_the_unit(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	kind_docs(&job_kind, &out);
	assert_non_null(strstr(out.data,
		"| `cpu_limit` | string such as \"0.5\" | new | "
		"0.01 to 10240 | 1 | CPUs that it may use"));
	assert_non_null(strstr(out.data, "1M to 1024T"));
	assert_non_null(strstr(out.data, "never, on-failure or always | never |"));
	buf_release(&out);
	kind_flag_name(kind_field(&job_kind, "job_name"), &out);
	assert_string_equal(out.data, "job-name");
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_hold),
		cmocka_unit_test(kinds_are_found),
		cmocka_unit_test(quota_has_the_words_of_the_client),
		cmocka_unit_test(quota_begins_without_limits),
		cmocka_unit_test(events_look_as_the_client_reads_them),
		cmocka_unit_test(docs_have_a_line_for_each_row),
		cmocka_unit_test(docs_say_limits_in_the_unit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
