/* The tables of all kinds, and what is made of them for people. */
#include "core/kinds/event.h"
#include "core/kinds/job.h"
#include "core/kinds/kinds.h"
#include "core/kinds/package.h"
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

/* ---- What can be done, and how words look ---- */

static void states_say_what_they_are(void **state)
{
	struct job j = {.record = {{0}}};

	(void)state;
	assert_int_equal(kind_life(&job_kind, &j), LIFE_NONE);
	job_set(&j, state, WORK_ENQUEUED);
	assert_int_equal(kind_life(&job_kind, &j), LIFE_WAITING);
	assert_int_equal(kind_tone(&job_kind, &j), TONE_WAIT);
	job_set(&j, state, WORK_RUNNING);
	assert_int_equal(kind_life(&job_kind, &j), LIFE_LIVE);
	assert_int_equal(kind_tone(&job_kind, &j), TONE_GOOD);
	job_set(&j, state, 4711); /* of a newer server */
	assert_int_equal(kind_life(&job_kind, &j), LIFE_NONE);
	assert_true(work_state_final(WORK_ERROR) && !work_state_final(WORK_DELETING));
	assert_true(work_state_live(WORK_CREATING) && !work_state_live(WORK_ENQUEUED));
	assert_int_equal(kind_life(&quota_kind, &j), LIFE_NONE);
}

static void actions_know_their_states(void **state)
{
	const struct kind_action *cancel = kind_action_find(&job_kind, "cancel");
	const struct kind_action *retry = kind_action_find(&job_kind, "retry");
	const struct kind_action *delete = kind_action_find(&job_kind, "delete");
	struct job j = {.record = {{0}}};

	(void)state;
	assert_null(kind_action_find(&job_kind, "explode"));
	assert_true(kind_action_may(&job_kind, cancel, &j)); /* nobody knows its state */
	job_set(&j, state, WORK_RUNNING);
	assert_true(kind_action_may(&job_kind, cancel, &j));
	assert_false(kind_action_may(&job_kind, retry, &j));
	assert_true(kind_action_may(&job_kind, delete, &j));
	job_set(&j, state, WORK_ENQUEUED);
	assert_true(kind_action_may(&job_kind, kind_action_find(&job_kind, "hold"), &j));
	assert_false(kind_action_may(&job_kind, kind_action_find(&job_kind, "release"), &j));
	job_set(&j, held, true);
	assert_false(kind_action_may(&job_kind, kind_action_find(&job_kind, "hold"), &j));
	assert_true(kind_action_may(&job_kind, kind_action_find(&job_kind, "release"), &j));
	job_set(&j, state, WORK_FAILED);
	assert_false(kind_action_may(&job_kind, cancel, &j));
	assert_true(kind_action_may(&job_kind, retry, &j));
}

/* A copy of the job's kind with two actions to spoil. */
static const char *spoilt(const struct kind_action *first, const struct kind_action *second)
{
	static struct err e;
	struct kind_action two[] = {*first, *second};
	struct kind k = job_kind;

	e = (struct err)ERR_INIT;
	k.actions = two;
	k.action_count = ARRAY_SIZE(two);
	return kind_check(&k, &e) ? "" : e.text;
}

static void spoilt_actions_are_found(void **state)
{
	const struct kind_action good = *kind_action_find(&job_kind, "cancel");
	const struct kind_action other = *kind_action_find(&job_kind, "retry");
	struct kind_action a;

	(void)state;
	assert_string_equal(spoilt(&good, &other), "");
	a = other, a.tail = "/cancel";
	assert_non_null(strstr(spoilt(&good, &a), "same tail"));
	a = other, a.name = "cancel";
	assert_non_null(strstr(spoilt(&good, &a), "same name"));
	a = other, a.key = good.key;
	assert_non_null(strstr(spoilt(&good, &a), "same key"));
	a = other, a.from = FROM(WORK_MODELSERVED + 1);
	assert_non_null(strstr(spoilt(&good, &a), "does not have"));
	a = other, a.asks = ASKS_CONFIRM + 1;
	assert_non_null(strstr(spoilt(&good, &a), "does not exist"));
	a = other, a.flag = "owner";
	assert_non_null(strstr(spoilt(&good, &a), "flag is a row"));
	a = other, a.other = "explode";
	assert_non_null(strstr(spoilt(&good, &a), "other one is none"));
	a = other, a.least = 9;
	assert_non_null(strstr(spoilt(&good, &a), "does not exist"));
	a = other, a.doc = "Without a period";
	assert_non_null(strstr(spoilt(&good, &a), "period"));
	a = other, a.method = "DELETE";
	assert_non_null(strstr(spoilt(&good, &a), "tail"));
}

/* ---- Failed and cancelled ---- */

static bool fits(const char *filter, const struct job *j)
{
	struct err e = ERR_INIT;
	struct filter *f = filter_parse(&job_kind, filter, &e);
	bool match;

	if (f == NULL)
		fail_msg("%s", e.text);
	match = filter_match(f, j, 0);
	filter_free(f);
	return match;
}

static void cancelled_is_told_from_failed(void **state)
{
	const struct field *f = kind_state(&job_kind);
	struct job j = {.record = {{0}}};
	struct buf cell = BUF_INIT;
	struct fieldset set;
	json_t *out;

	(void)state;
	job_set(&j, state, WORK_FAILED);
	job_set(&j, reason, REASON_EXIT_CODE);
	job_kind.settle(&j);
	assert_false(record_has(job, &j, cancelled));
	assert_true(fits("state=failed", &j) && !fits("state=cancelled", &j));
	job_set(&j, reason, REASON_CANCELLED);
	job_kind.settle(&j);
	assert_string_equal(record_word(&job_kind, &j, f), "cancelled");
	assert_int_equal(kind_tone(&job_kind, &j), TONE_GONE);
	assert_int_equal(kind_life(&job_kind, &j), LIFE_FINAL);
	assert_true(fits("state=cancelled", &j) && !fits("state=failed", &j));
	assert_true(fits("state=failed|cancelled", &j) && fits("state!=failed", &j));
	assert_true(fits("state~=^cancel", &j) && !fits("state~=failed", &j));
	record_cell(&job_kind, &j, f, 0, &cell);
	assert_string_equal(cell.data, "cancelled");
	/* Who asks for the state alone can tell them apart as well. */
	assert_true(fieldset_parse(&set, &job_kind, "state", NULL));
	fieldset_add_splits(&set, &job_kind);
	out = record_encode(&job_kind, &j, &set);
	assert_string_equal(json_string_value(json_object_get(out, "state")), "failed");
	assert_true(json_is_true(json_object_get(out, "cancelled")));
	job_set(&j, state, WORK_ENQUEUED);
	job_kind.settle(&j);
	assert_false(record_has(job, &j, cancelled));
	json_decref(out);
	buf_release(&cell);
}

/* ---- Packages as older stores hold them ---- */

static void packages_of_older_stores_are_read(void **state)
{
	static const char text[] =
		"{\"id\":\"01ARZ3NDEKTSV4RRFFQ69G5FAV\",\"org_id\":\"7\",\"name\":\"x.tar.gz\",\"sha256\":"
		"\"00\",\"size\":12,\"complete\":true,\"create_time\":1000}";
	struct arena a = ARENA_INIT;
	struct err e = ERR_INIT;
	struct package k;

	(void)state;
	assert_true(package_kind.from_json(&k, &a, text, sizeof text - 1, &e));
	package_kind.settle(&k);
	assert_string_equal(k.uri, "package://01ARZ3NDEKTSV4RRFFQ69G5FAV");
	assert_string_equal(k.org_id, "7");
	assert_int_equal(k.received.v, 12);
	assert_true(k.complete && k.create_time.v == 1000);
	assert_false(package_kind.from_json(&k, &a, text, sizeof text - 20, &e));
	assert_non_null(strstr(e.text, "damaged"));
	assert_false(package_kind.from_json(&k, &a, "{}", 2, &e));
	arena_release(&a);
}

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

/* With those of what is inside. */
static size_t count_rows(const struct kind *k)
{
	size_t n = k->field_count;

	for (size_t i = 0; i < k->field_count; i++)
		if (field_nests(&k->fields[i]))
			n += count_rows(k->fields[i].embeds);
	return n;
}

static void docs_have_a_line_for_each_row(void **state)
{
	(void)state;
	for (size_t i = 0; all_kinds[i]; i++) {
		struct buf out = BUF_INIT;

		kind_docs(all_kinds[i], &out);
		assert_int_equal(count_lines(out.data), count_rows(all_kinds[i]) + 2);
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

/* A person who types what stands over a column gets that column, also where another row has the word as its name. */
static void titles_mean_their_columns(void **state)
{
	(void)state;
	for (size_t i = 0; all_kinds[i]; i++)
		for (size_t j = 0; j < all_kinds[i]->field_count; j++) {
			const struct field *f = &all_kinds[i]->fields[j], *found;

			if (f->title == NULL)
				continue;
			found = kind_field_or_title(all_kinds[i], f->title);
			assert_non_null(found);
			if (strcmp(found->title ? found->title : "", f->title) != 0)
				fail_msg("%s: %s means %s", all_kinds[i]->name, f->title,
					found->name);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_hold),
		cmocka_unit_test(kinds_are_found),
		cmocka_unit_test(quota_has_the_words_of_the_client),
		cmocka_unit_test(quota_begins_without_limits),
		cmocka_unit_test(events_look_as_the_client_reads_them),
		cmocka_unit_test(states_say_what_they_are),
		cmocka_unit_test(actions_know_their_states),
		cmocka_unit_test(spoilt_actions_are_found),
		cmocka_unit_test(cancelled_is_told_from_failed),
		cmocka_unit_test(packages_of_older_stores_are_read),
		cmocka_unit_test(docs_have_a_line_for_each_row),
		cmocka_unit_test(docs_say_limits_in_the_unit),
		cmocka_unit_test(titles_mean_their_columns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
