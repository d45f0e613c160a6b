/* What cells show, and what a person may type into a field. */
#include "core/kinds/quota.h"
#include "unit/core_fixture.h"

/* ---- Cells ---- */

static const struct {
	const char *field, *json, *cell;
} cells[] = {
	{"memory_limit", "\"4G\"", "4G"},
	{"memory_limit", "\"512M\"", "512M"},
	{"memory_limit", "\"1.5G\"", "1.5G"},
	{"memory_limit", "\"1.25G\"", "1.25G"},
	{"memory_used", "1288490188", "1.2G"},
	{"memory_used", "0", "0"},
	{"memory_used", "1023", "1023B"},
	{"memory_used", "1073741823", "1G"},
	{"gpu_util", "94.4", "94%"},
	{"gpu_util", "0.2", "0%"},
	{"cpu_used", "1600", "1600%"},
	{"loss", "2.1131", "2.113"},
	{"loss", "0.00001234", "1.2e-5"},
	{"loss", "0.00097", "9.7e-4"},
	{"loss", "-0.00005", "-5e-5"},
	{"loss", "0.0000000000012", "1.2e-12"},
	{"loss", "1e30", "1e+30"},
	{"loss", "123456", "123k"},
	{"loss", "-5", "-5"},
	{"progress_step", "99999", "99999"},
	{"progress_step", "123456", "123k"},
	{"progress_step", "1999999", "2M"},
	{"cpu_limit", "\"0.50\"", "0.5"},
	{"cpu", "\"16\"", "16"},
	{"progress_eta", "21720", "6h02"},
	{"age", "\"2026-01-01T00:00:00Z\"", "3h"},
	{"create_time", "\"2026-01-01T00:00:00.7Z\"", "2026-01-01T00:00:00Z"},
	{"state", "\"running\"", "running"},
	{"why", "\"\"", "-"},
	{"mount_read_only", "true", "yes"},
	{"labels", "{\"a\":\"b\",\"c\":\"d\"}", "a=b,c=d"},
	{"env", "{\"a\":\"b\"}", "a=***"},
	{"command", "[\"a\",\"b\\nc\"]", "a b c"},
	{"message", "\"\"", "-"},
	{"exit_code", "null", "-"},
	{"umask", "18", "0022"},
	{"umask", "\"027\"", "0027"},
	{"umask", "\"0o7\"", "0007"},
};

/* A part with its whole, as tables have it. */
static void parts_have_their_wholes(void **state)
{
	static const struct {
		const char *json, *cell;
	} parts[] = {
		{"\"loss\": 1", "-"},
		{"\"progress_step\": 30", "30"},
		{"\"progress_step\": 30, \"progress_total\": 100", "30/100"},
		{"\"progress_step\": 79143, \"progress_total\": 250000", "79.1k/250k"},
		{"\"progress_step\": 9999, \"progress_total\": 10000", "9999/10k"},
		{"\"progress_step\": 12960, \"progress_total\": 999960", "13k/1M"},
		{"\"progress_step\": 99960, \"progress_total\": 1960000000", "100k/2G"},
		{"\"progress_step\": 99940, \"progress_total\": 1940000000", "99.9k/1.9G"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		struct buf out = BUF_INIT;
		struct fixture x;

		assert_true(decode_job(&x, parts[i].json, DECODE_SERVER));
		record_part_cell(&job_kind, &x.j, kind_field(&job_kind, "step"), 0, &out);
		assert_string_equal(out.data, parts[i].cell);
		buf_release(&out);
		fixture_release(&x);
	}
}

static void cells_show(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cells); i++) {
		const struct field *f = kind_field(&job_kind, cells[i].field);
		char more[256];
		struct buf out = BUF_INIT;
		struct fixture x;

		snprintf(more, sizeof more, "\"%s\": %s", kind_owner(&job_kind, f)->name,
			cells[i].json);
		assert_true(decode_job(&x, more, DECODE_SERVER));
		/* 2026-01-01T03:00:00Z */
		record_cell(&job_kind, &x.j, f, 1767236400000, &out);
		if (strcmp(out.data, cells[i].cell) != 0)
			fail_msg("%s %s: cell \"%s\", not \"%s\"", cells[i].field, cells[i].json,
				out.data, cells[i].cell);
		buf_release(&out);
		fixture_release(&x);
	}
}

static void no_limit_shows_and_sorts_as_infinite(void **state)
{
	struct quota q, r;
	struct buf out = BUF_INIT;
	const struct field *f = kind_field(&quota_kind, "gpu_max");

	(void)state;
	quota_init(&q);
	quota_init(&r);
	r.total.gpu_quota = 1000000;
	record_cell(&quota_kind, &q, f, 0, &out);
	assert_string_equal(out.data, "inf");
	assert_true(record_compare(&quota_kind, f, false, &r, &q) < 0);
	assert_true(record_compare(&quota_kind, f, true, &r, &q) > 0);
	buf_release(&out);
}

/* ---- Typed text ---- */

static void typed_lists(void **state)
{
	struct fixture x = {0};
	const struct field *command = kind_field(&job_kind, "command");
	const struct field *labels = kind_field(&job_kind, "labels");

	(void)state;
	assert_true(record_set_text(&job_kind, &x.j, &x.a, command, "python3 'my file.py' \"a b\"",
		&x.e));
	assert_int_equal(x.j.command.len, 3);
	assert_string_equal(x.j.command.items[1], "my file.py");
	assert_true(record_set_text(&job_kind, &x.j, &x.a, command, "[\"a\", \"b c\"]", &x.e));
	assert_string_equal(x.j.command.items[1], "b c");
	assert_false(record_set_text(&job_kind, &x.j, &x.a, command, "echo 'open", &x.e));
	assert_int_equal(x.j.command.len, 2);
	assert_true(record_set_text(&job_kind, &x.j, &x.a, labels, "team=vision,run=7", &x.e));
	assert_int_equal(x.j.labels.len, 2);
	assert_string_equal(x.j.labels.items[1].value, "7");
	assert_false(record_set_text(&job_kind, &x.j, &x.a, labels, "team", &x.e));
	assert_string_equal(x.e.field, "labels");
	assert_true(record_set_text(&job_kind, &x.j, &x.a, labels, "", &x.e));
	assert_false(record_knows(&job_kind, &x.j, labels));
	assert_false(record_set_text(&job_kind, &x.j, &x.a, kind_field(&job_kind, "job_name"), "",
		&x.e));
	assert_false(record_set_text(&job_kind, &x.j, &x.a, kind_field(&job_kind, "state"),
		"running", &x.e));
	fixture_release(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cells_show),
		cmocka_unit_test(parts_have_their_wholes),
		cmocka_unit_test(no_limit_shows_and_sorts_as_infinite),
		cmocka_unit_test(typed_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
