/* Numbers from text: what is taken, what is refused, and that a refusal touches nothing. */
#include "base/num.h"
#include "base/mem.h"

#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { UNTOUCHED = -77 };

static void integers(void **state)
{
	static const char *const bad[] = {"", " 1", "1 ", "+1", "1x", "0x10", "--1", "-", "1e3",
		"1.0", "9223372036854775808", "-9223372036854775809", "99999999999999999999"};
	int64_t n;
	uint64_t u;

	(void)state;
	assert_true(num_i64("-9223372036854775808", INT64_MIN, INT64_MAX, &n) && n == INT64_MIN);
	assert_true(num_i64("9223372036854775807", INT64_MIN, INT64_MAX, &n) && n == INT64_MAX);
	assert_true(num_i64("007", 0, 10, &n) && n == 7);
	assert_true(num_u64("18446744073709551615", UINT64_MAX, &u) && u == UINT64_MAX);
	n = UNTOUCHED;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (num_i64(bad[i], INT64_MIN, INT64_MAX, &n))
			fail_msg("\"%s\" was taken", bad[i]);
	assert_false(num_i64("-1", 0, 10, &n));
	assert_false(num_i64("11", 0, 10, &n));
	assert_false(num_i64("-6", -5, 5, &n));
	assert_false(num_i64(NULL, 0, 1, &n));
	assert_int_equal(n, UNTOUCHED);
	assert_false(num_u64("18446744073709551616", UINT64_MAX, &u));
	assert_false(num_u64("-1", UINT64_MAX, &u));
	assert_false(num_u64("8", 7, &u));
	assert_true(u == UINT64_MAX);
}

static void doubles(void **state)
{
	static const char *const bad[] = {"", ".", "1.", ".5", "nan", "inf", "-inf", "0x1p3", "1e",
		"1e+", " 1", "1 ", "1,5", "+1", "1e999", "-"};
	double d = 0;

	(void)state;
	assert_true(num_double("0.5", &d) && d == 0.5);
	assert_true(num_double("-12.25e2", &d) && d == -1225.0);
	assert_true(num_double("1e-400", &d) && d == 0.0);
	d = UNTOUCHED;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (num_double(bad[i], &d))
			fail_msg("\"%s\" was taken", bad[i]);
	assert_true(d == UNTOUCHED);
}

struct row {
	const char *text;
	int64_t want; /* -1: refused */
};

static void check_rows(const struct row *rows, size_t count, bool (*parse)(const char *, int64_t *))
{
	for (size_t i = 0; i < count; i++) {
		int64_t got = UNTOUCHED;
		bool ok = parse(rows[i].text, &got);

		if (ok != (rows[i].want >= 0) || got != (ok ? rows[i].want : UNTOUCHED))
			fail_msg("\"%s\": %d, %lld", rows[i].text, ok, (long long)got);
	}
}

static void bytes(void **state)
{
	static const struct row rows[] = {{"123", 123}, {"0", 0}, {"123B", 123}, {"4G", 4294967296},
		{"4Gi", 4294967296}, {"4GB", 4294967296}, {"4GiB", 4294967296}, {"0.5K", 512},
		{"1.25M", 1310720}, {"2T", 2199023255552}, {"7P", 7881299347898368},
		{"512m", 536870912}, {"8191P", 8191 * ((int64_t)1 << 50)}, {"8192P", -1}, {"", -1},
		{"G", -1}, {"-1", -1}, {"1.5", -1}, {"1i", -1}, {"1 G", -1}, {"1GG", -1},
		{"1KBi", -1}, {"1X", -1}, {"1.", -1}, {"99999999999999999999", -1}, {NULL, -1}};

	(void)state;
	check_rows(rows, ARRAY_SIZE(rows), num_bytes);
}

static void durations(void **state)
{
	static const struct row rows[] = {{"90s", 90000}, {"15m", 900000}, {"2h", 7200000},
		{"3d", 259200000}, {"1h30m", 5400000}, {"250ms", 250}, {"90", 90000},
		{"1.5h", 5400000}, {"0.25", 250}, {"1d2h3m4s5ms", 93784005}, {"0s", 0}, {"", -1},
		{"h", -1}, {"-1s", -1}, {"1h30", -1}, {"30m1h", -1}, {"1h1h", -1}, {"1w", -1},
		{"1 h", -1}, {"106751991168d", -1}, {"106751991167d", 9223372036828800000},
		{NULL, -1}};

	(void)state;
	check_rows(rows, ARRAY_SIZE(rows), num_duration);
}

static bool three_places(const char *text, int64_t *out)
{
	return num_decimal(text, 3, out);
}

static void decimals(void **state)
{
	static const struct row rows[] = {{"1", 1000}, {"0.5", 500}, {"1.234", 1234}, {"0.001", 1},
		{"1.2345", -1}, {"", -1}, {".5", -1}, {"1.", -1}, {"1e3", -1},
		{"9223372036854776", -1}};
	int64_t n = UNTOUCHED;

	(void)state;
	check_rows(rows, ARRAY_SIZE(rows), three_places);
	assert_true(num_decimal("-1.5", 3, &n) && n == -1500);
	assert_true(num_decimal("12", 0, &n) && n == 12);
	assert_false(num_decimal("12.0", 0, &n));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers),
		cmocka_unit_test(doubles),
		cmocka_unit_test(bytes),
		cmocka_unit_test(durations),
		cmocka_unit_test(decimals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
