/* Times as text and back, checked against libc's calendar. */
#include "base/timefmt.h"
#include "base/mem.h"

#include <time.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void assert_rfc3339(int64_t ms, const char *want)
{
	char text[TIMEFMT_SIZE];
	int64_t back;

	timefmt_rfc3339(text, ms);
	assert_string_equal(text, want);
	assert_true(timefmt_parse_rfc3339(text, &back));
	assert_true(back == ms);
}

static void rfc3339_there_and_back(void **state)
{
	(void)state;
	assert_rfc3339(0, "1970-01-01T00:00:00Z");
	assert_rfc3339(-1, "1969-12-31T23:59:59.999Z");
	assert_rfc3339(1767323045000, "2026-01-02T03:04:05Z");
	assert_rfc3339(951782400120, "2000-02-29T00:00:00.120Z");
	assert_rfc3339(253402300799999, "9999-12-31T23:59:59.999Z");
	assert_rfc3339(-62167219200000, "0000-01-01T00:00:00Z");
}

static void every_day_agrees_with_libc(void **state)
{
	/* Some 60,000 days around the epoch, each at another second. */
	(void)state;
	for (int64_t day = -30000; day < 30000; day++) {
		time_t t = (time_t)(day * 86400 + (day * 7919 % 86400 + 86400) % 86400);
		char want[TIMEFMT_SIZE], got[TIMEFMT_SIZE];
		int64_t back;
		struct tm tm;

		gmtime_r(&t, &tm);
		strftime(want, sizeof want, "%Y%m%dT%H%M%SZ", &tm);
		timefmt_sigv4(got, (int64_t)t * 1000);
		if (strcmp(want, got) != 0)
			fail_msg("day %lld: %s, not %s", (long long)day, got, want);
		if (!timefmt_parse_sigv4(got, &back) || back != (int64_t)t * 1000)
			fail_msg("%s does not read back", got);
	}
}

static void offsets_and_fractions(void **state)
{
	int64_t ms;

	(void)state;
	assert_true(timefmt_parse_rfc3339("2026-01-02T03:04:05+08:00", &ms));
	assert_true(ms == 1767323045000 - 8 * 3600000);
	assert_true(timefmt_parse_rfc3339("2026-01-02t03:04:05.123456789-00:30", &ms));
	assert_true(ms == 1767323045123 + 1800000);
	assert_true(timefmt_parse_rfc3339("2026-01-02 03:04:05.5z", &ms) && ms == 1767323045500);
	assert_true(timefmt_parse_rfc3339("2016-12-31T23:59:60Z", &ms) && ms == 1483228800000);
}

static void bad_times_are_refused(void **state)
{
	static const char *const bad[] = {"", "2026", "2026-01-02", "2026-01-02T03:04:05",
		"2026-13-02T03:04:05Z", "2026-00-02T03:04:05Z", "2026-02-29T03:04:05Z",
		"1900-02-29T00:00:00Z", "2026-01-00T03:04:05Z", "2026-01-02T24:04:05Z",
		"2026-01-02T03:60:05Z", "2026-01-02T03:04:61Z", "2026-01-02T03:04:05.Z",
		"2026-01-02T03:04:05+24:00", "2026-01-02T03:04:05+0800", "2026-01-02T03:04:05Zx",
		"26-01-02T03:04:05Z", "2026-1-02T03:04:05Z", " 2026-01-02T03:04:05Z",
		"2026/01/02T03:04:05Z", "-026-01-02T03:04:05Z"};
	static const char *const bad_sigv4[] = {"", "20260102T030405", "20260102T030405z",
		"20261302T030405Z", "2026-01-02T03:04:05Z", "20260102T030405Zx",
		"20260102 030405Z"};
	int64_t ms = 42;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (timefmt_parse_rfc3339(bad[i], &ms))
			fail_msg("\"%s\" was taken", bad[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad_sigv4); i++)
		if (timefmt_parse_sigv4(bad_sigv4[i], &ms))
			fail_msg("\"%s\" was taken", bad_sigv4[i]);
	assert_int_equal(ms, 42);
	assert_false(timefmt_parse_rfc3339(NULL, &ms));
}

static void assert_age(int64_t ms, const char *want)
{
	char text[TIMEFMT_SIZE];

	timefmt_age(text, ms);
	assert_string_equal(text, want);
}

static void ages_are_coarse(void **state)
{
	(void)state;
	assert_age(-5, "0s");
	assert_age(4999, "4s");
	assert_age(59999, "59s");
	assert_age(60000, "1m");
	assert_age(60 * 60000 - 1, "59m");
	assert_age(60 * 60000, "1h");
	assert_age(48 * 3600000 - 1, "47h");
	assert_age(48 * 3600000, "2d");
	assert_age((int64_t)400 * 86400000, "400d");
}

static void a_screen_shows_no_seconds(void **state)
{
	char text[TIMEFMT_SIZE];

	(void)state;
	timefmt_coarse_age(text, -5);
	assert_string_equal(text, "<1m");
	timefmt_coarse_age(text, 59999);
	assert_string_equal(text, "<1m");
	timefmt_coarse_age(text, 60000);
	assert_string_equal(text, "1m");
	timefmt_coarse_age(text, 60 * 60000);
	assert_string_equal(text, "1h");
}

/* For people: the wall clock's hour, and how far it is from UTC. */
static void local_times_have_their_offset(void **state)
{
	static const struct {
		const char *zone, *text;
	} cases[] = {
		{"UTC", "2026-01-02T03:04:05Z"},
		{"CET-1CEST", "2026-01-02T04:04:05+01:00"},
		{"NST3:30", "2026-01-01T23:34:05-03:30"},
	};
	char text[TIMEFMT_SIZE];
	int64_t ms;

	(void)state;
	assert_true(timefmt_parse_rfc3339("2026-01-02T03:04:05.678Z", &ms));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		setenv("TZ", cases[i].zone, 1);
		tzset();
		timefmt_local(text, ms);
		assert_string_equal(text, cases[i].text);
	}
	setenv("TZ", "UTC", 1);
	tzset();
}

/* At the next change the text differs, and a millisecond before it does not: up to 60 days. */
static void the_next_change_is_known(void **state)
{
	int64_t at = -3000;

	(void)state;
	while (at < (int64_t)60 * 86400000) {
		char before[TIMEFMT_SIZE], still[TIMEFMT_SIZE], after[TIMEFMT_SIZE];
		int64_t next = timefmt_coarse_age_next(at);

		assert_true(next > 0);
		timefmt_coarse_age(before, at);
		timefmt_coarse_age(still, at + next - 1);
		timefmt_coarse_age(after, at + next);
		assert_string_equal(before, still);
		assert_string_not_equal(before, after);
		at += next;
	}
}

static void durations_are_finer(void **state)
{
	static const struct {
		int64_t ms;
		const char *want;
	} rows[] = {{-1, "0s"}, {45999, "45s"}, {60000, "1m00"}, {725000, "12m05"},
		{3599999, "59m59"}, {3600000, "1h00"}, {21720000, "6h02"}, {86399999, "23h59"},
		{86400000, "1d00h"}, {273600000, "3d04h"}};
	char text[TIMEFMT_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		timefmt_duration(text, rows[i].ms);
		assert_string_equal(text, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc3339_there_and_back),
		cmocka_unit_test(every_day_agrees_with_libc),
		cmocka_unit_test(offsets_and_fractions),
		cmocka_unit_test(bad_times_are_refused),
		cmocka_unit_test(ages_are_coarse),
		cmocka_unit_test(a_screen_shows_no_seconds),
		cmocka_unit_test(local_times_have_their_offset),
		cmocka_unit_test(the_next_change_is_known),
		cmocka_unit_test(durations_are_finer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
