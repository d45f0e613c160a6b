/* What attempts spent by days: split at midnight to the ms, added exactly, written and read back. */
#include "base/mem.h"
#include "base/num.h"
#include "core/usage/spent.h"

#include "core_random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define GIB ((int64_t)1 << 30)

static const struct holding HELD = {.gpus = 2, .mcpu = 1500, .memory = 3 * GIB};

static int64_t ms_at(const char *day, int64_t ms)
{
	int64_t number;

	assert_true(day_read(day, &number));
	return number * DAY_MS + ms;
}

static void test_a_day_is_what_the_c_library_says(void **state)
{
	struct dice d = {.state = 7};
	char text[DAY_TEXT], theirs[64];
	int64_t back;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		int64_t ms = dice_below(&d, INT64_C(250000000000000)) - INT64_C(62000000000000);
		int64_t second = ms >= 0 ? ms / 1000 : -((-ms + 999) / 1000);
		time_t t = (time_t)second;
		struct tm tm;

		gmtime_r(&t, &tm);
		snprintf(theirs, sizeof theirs, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1,
			tm.tm_mday);
		day_text(day_of(ms), text);
		assert_string_equal(text, theirs);
		assert_true(day_read(text, &back));
		assert_int_equal(back, day_of(ms));
	}
	day_text(INT64_MAX / DAY_MS, text);
	assert_string_equal(text, "9999-12-31");
	day_text(INT64_MIN / DAY_MS, text);
	assert_string_equal(text, "0001-01-01");
}

static void test_what_is_no_day_is_refused(void **state)
{
	static const char *const bad[] = {"", "2026", "2026-11-31", "2026-02-29", "2026-13-01",
		"2026-00-10", "2026-01-00", "0000-01-01", "2026-1-01", "2026-11-30 ",
		"2026-11-30T00:00:00Z", "2026/11/30", "+026-11-30", "20261130", "today"};
	int64_t day = 42;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (day_read(bad[i], &day))
			fail_msg("'%s' was taken for a day", bad[i]);
		assert_int_equal(day, 42);
	}
	assert_true(day_read("2024-02-29", &day));
	assert_true(day_read("1970-01-01", &day));
	assert_int_equal(day, 0);
}

static void test_midnight_splits_to_the_millisecond(void **state)
{
	struct span s = {ms_at("2026-11-29", DAY_MS - 1), ms_at("2026-12-01", 1)};
	struct spent_days days = {0};

	(void)state;
	spent_days_add(&days, &s, &HELD, 0, SPENT_DAYS_MAX * 10);
	assert_int_equal(days.len, 3);
	assert_int_equal(days.items[0].day, day_of(s.from));
	assert_true(days.items[0].spent.gpu_ms == 2);
	assert_true(days.items[1].spent.gpu_ms == 2 * (spent_sum)DAY_MS);
	assert_true(days.items[1].spent.mcpu_ms == 1500 * (spent_sum)DAY_MS);
	assert_true(days.items[1].spent.byte_ms == 3 * (spent_sum)GIB * DAY_MS);
	assert_true(days.items[2].spent.gpu_ms == 2);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(days.items[i].spent.attempts, 1);
	vec_release(&days);
}

/* Midnight is the next day's: who ends there has not been in it, who begins there has. */
static void test_midnight_is_of_the_day_that_it_begins(void **state)
{
	int64_t midnight = ms_at("2026-11-30", 0);
	struct span before = {midnight - 1000, midnight}, after = {midnight, midnight + 1000};
	struct span moment = {midnight, midnight}, back = {midnight, midnight - 5000};
	struct spent sum = {0};

	(void)state;
	assert_false(spent_on(&sum, &before, &HELD, day_of(midnight)));
	assert_false(spent_on(&sum, &after, &HELD, day_of(midnight) - 1));
	assert_int_equal(sum.attempts, 0);
	assert_true(spent_on(&sum, &before, &HELD, day_of(midnight) - 1));
	assert_true(spent_on(&sum, &after, &HELD, day_of(midnight)));
	assert_true(sum.gpu_ms == 4000);
	/* One without any length was there all the same; one that ends before it begins lasted nothing. */
	assert_true(spent_on(&sum, &moment, &HELD, day_of(midnight)));
	assert_true(spent_on(&sum, &back, &HELD, day_of(midnight)));
	assert_int_equal(sum.attempts, 4);
	assert_true(sum.gpu_ms == 4000);
}

/* Of random attempts the days add up to what they held, whichever way they are put together. */
static void test_parts_add_up_to_the_whole(void **state)
{
	int64_t base = ms_at("2026-03-28", 0);
	struct dice d = {.state = 11};

	(void)state;
	for (int round = 0; round < 200; round++) {
		struct spent_days whole = {0}, halves[2] = {{0}, {0}};
		spent_sum gpu = 0, mcpu = 0, bytes = 0;

		for (int i = 0; i < 50; i++) {
			struct holding h = {.gpus = dice_below(&d, 9),
				.mcpu = dice_below(&d, 64000),
				.memory = dice_below(&d, 512 * GIB)};
			int64_t from = base + dice_below(&d, 20 * (int64_t)DAY_MS);
			int64_t ms = dice_below(&d, 3) ? dice_below(&d, 5000)
						       : dice_below(&d, 6 * (int64_t)DAY_MS);
			struct span s = {from, from + ms};

			gpu += (spent_sum)(ms * h.gpus);
			mcpu += (spent_sum)ms * (spent_sum)h.mcpu;
			bytes += (spent_sum)ms * (spent_sum)h.memory;
			spent_days_add(&whole, &s, &h, 0, 100000);
			spent_days_add(&halves[i % 2], &s, &h, 0, 100000);
		}
		spent_days_join(&halves[0], &halves[1]);
		assert_int_equal(halves[0].len, whole.len);
		for (size_t i = 0; i < whole.len; i++) {
			const struct spent *one = &whole.items[i].spent;

			if (i > 0)
				assert_true(whole.items[i - 1].day < whole.items[i].day);
			assert_memory_equal(one, &halves[0].items[i].spent, sizeof *one);
			gpu -= one->gpu_ms;
			mcpu -= one->mcpu_ms;
			bytes -= one->byte_ms;
		}
		assert_true(gpu == 0 && mcpu == 0 && bytes == 0);
		vec_release(&whole);
		vec_release(&halves[0]);
		vec_release(&halves[1]);
	}
}

static void test_only_the_days_that_are_asked_for(void **state)
{
	struct span s = {ms_at("2026-11-01", 5), ms_at("2026-11-30", 7)};
	int64_t first = day_of(s.from) + 3;
	struct spent_days days = {0};

	(void)state;
	spent_days_add(&days, &s, &HELD, first, first + 1);
	assert_int_equal(days.len, 2);
	spent_days_add(&days, &s, &HELD, day_of(s.to) + 1, day_of(s.to) + 9);
	assert_int_equal(days.len, 2);
	spent_days_drop(&days, first + 1);
	assert_int_equal(days.len, 1);
	assert_int_equal(days.items[0].day, first + 1);
	spent_days_drop(&days, first + 2);
	assert_int_equal(days.len, 0);
	spent_days_drop(&days, first + 2);
	vec_release(&days);
}

static void test_written_and_read_back(void **state)
{
	struct spent_days days = {0}, back = {0};
	struct buf text = BUF_INIT;
	struct err e = ERR_INIT;
	struct spent *big;

	(void)state;
	assert_true(spent_days_read(&back, "", &e));
	assert_int_equal(back.len, 0);
	*spent_days_at(&days, -3) = (struct spent){1, 2, 3, 4};
	big = spent_days_at(&days, 20422);
	big->byte_ms = (spent_sum)1 << 100;
	big->attempts = INT64_MAX;
	spent_days_write(&days, &text);
	assert_string_equal(text.data,
		"-3:1:2:3:4 20422:0:0:1267650600228229401496703205376:9223372036854775807");
	assert_true(spent_days_read(&back, text.data, &e));
	assert_int_equal(back.len, 2);
	assert_memory_equal(&back.items[1].spent, &days.items[1].spent, sizeof(struct spent));
	assert_int_equal(back.items[0].day, -3);
	buf_release(&text);
	vec_release(&days);
	vec_release(&back);
}

static void test_what_cannot_be_read_changes_nothing(void **state)
{
	static const char *const bad[] = {"1", "1:2", "1:2:3:4", "1:2:3:4:", "1:2:3:4:5:6",
		"a:2:3:4:5", "1:2:3:4:5 ,", "2:1:1:1:1 1:1:1:1:1", "1:1:1:1:1 1:1:1:1:1",
		"--1:1:1:1:1", "1:-2:3:4:5", " 1:2:3:4:5", "1:2:3:4:99999999999999999999",
		"1:9999999999999999999999999999999999999999999:3:4:5",
		"99999999999999999999:2:3:4:5"};
	struct spent_days days = {0};

	(void)state;
	*spent_days_at(&days, 7) = (struct spent){1, 2, 3, 4};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err e = ERR_INIT;

		if (spent_days_read(&days, bad[i], &e))
			fail_msg("'%s' was read", bad[i]);
		assert_int_equal(e.code, ERR_INTERNAL);
		assert_int_equal(days.len, 1);
		assert_true(days.items[0].spent.byte_ms == 3);
	}
	vec_release(&days);
}

static void test_units_and_costs(void **state)
{
	struct prices p = {.gpu_hour = 2500000, .cpu_hour = 40000, .gib_hour = 5000};
	struct spent s = {.gpu_ms = 90 * 60000, .mcpu_ms = (spent_sum)1500 * 60000};
	struct spent huge = {.byte_ms = ~(spent_sum)0 >> 12};

	(void)state;
	s.byte_ms = (spent_sum)GIB * 3 * 3600000 / 2; /* 1.5 GiB-hours */
	assert_int_equal(spent_gpu_seconds(&s), INT64_C(5400000000));
	assert_int_equal(spent_cpu_seconds(&s), INT64_C(90000000));
	assert_int_equal(spent_gib_seconds(&s), INT64_C(5400000000));
	/* 1.5 h of GPUs, 90 s of CPUs, 1.5 GiB-hours */
	assert_int_equal(spent_cost(&s, &p), 3750000 + 1000 + 7500);
	assert_int_equal(spent_gib_seconds(&huge), INT64_MAX);
	/* Half a millionth is one, less is none. */
	s = (struct spent){.gpu_ms = 1};
	p = (struct prices){.gpu_hour = 1800000};
	assert_int_equal(spent_cost(&s, &p), 1);
	p.gpu_hour--;
	assert_int_equal(spent_cost(&s, &p), 0);
	/* 1,000 nodes of 1 TiB over a year: what does not fit is the most there is, and nothing wraps. */
	s = (struct spent){.byte_ms = (spent_sum)1000 * 1024 * GIB * 365 * DAY_MS};
	p = (struct prices){.gib_hour = 1000000};
	assert_int_equal(spent_cost(&s, &p), INT64_C(1000) * 1024 * 365 * 24 * 1000000);
	p.gib_hour = (int64_t)PRICE_MAX * 1000000;
	assert_int_equal(spent_cost(&s, &p), INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_day_is_what_the_c_library_says),
		cmocka_unit_test(test_what_is_no_day_is_refused),
		cmocka_unit_test(test_midnight_splits_to_the_millisecond),
		cmocka_unit_test(test_midnight_is_of_the_day_that_it_begins),
		cmocka_unit_test(test_parts_add_up_to_the_whole),
		cmocka_unit_test(test_only_the_days_that_are_asked_for),
		cmocka_unit_test(test_written_and_read_back),
		cmocka_unit_test(test_what_cannot_be_read_changes_nothing),
		cmocka_unit_test(test_units_and_costs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
