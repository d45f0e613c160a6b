/* Histories of samples: a life of any length in a bounded number of rows. */
#include "core/kinds/job.h"
#include "core/schema/series.h"
#include "unit/core_random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BEGIN INT64_C(1700000000000)

static void add(struct series *s, int64_t now, double cpu, double loss)
{
	struct job j = {0};

	if (!isnan(cpu))
		record_set(job, &j, cpu_used, (struct percent){cpu});
	record_set(job, &j, loss, loss);
	series_add(s, &j, now);
}

static float at(const struct series *s, size_t row, const char *name)
{
	return series_at(s, row, series_field(s, name));
}

static void a_row_is_the_mean_and_a_measure_the_newest(void **state)
{
	struct series s;

	(void)state;
	series_init(&s, &job_kind);
	add(&s, BEGIN, 10, 3);
	add(&s, BEGIN + 200, 20, 2);
	add(&s, BEGIN + 900, 60, 1);
	add(&s, BEGIN + 3000, 40, NAN);
	assert_int_equal(s.rows, 4);
	assert_true(at(&s, 0, "cpu_used") == 30);
	assert_true(at(&s, 0, "loss") == 1);
	assert_true(at(&s, 1, "cpu_used") == SERIES_UNKNOWN);
	assert_true(at(&s, 3, "cpu_used") == 40);
	assert_true(isnan(at(&s, 3, "loss")));
	assert_true(at(&s, 3, "memory_used") == SERIES_UNKNOWN);
	assert_int_equal(series_field(&s, "job_name"), SERIES_FIELDS_MAX);
	series_release(&s);
}

static void a_clock_that_was_set_harms_nothing(void **state)
{
	struct series s;

	(void)state;
	series_init(&s, &job_kind);
	add(&s, BEGIN, 10, 1);
	add(&s, BEGIN - 3600000, 30, 1);
	assert_int_equal(s.rows, 1);
	assert_true(at(&s, 0, "cpu_used") == 20);
	add(&s, INT64_MAX / 2, 50, 1);
	assert_in_range(s.rows, 1, SERIES_ROWS);
	add(&s, INT64_MAX, 50, 1);
	assert_in_range(s.rows, 1, SERIES_ROWS);
	series_release(&s);
}

/* Whatever was met in the time of a row: no row says more or less than that. */
struct met {
	int64_t when[5000];
	double cpu[5000];
	size_t len;
};

static void rows_say_what_was_met(const struct series *s, const struct met *m)
{
	for (size_t row = 0; row < s->rows; row++) {
		int64_t from = s->from + (int64_t)row * s->step;
		double low = INFINITY, high = -INFINITY;
		float v = at(s, row, "cpu_used");

		for (size_t i = 0; i < m->len; i++) {
			if (m->when[i] < from || m->when[i] >= from + s->step)
				continue;
			low = fmin(low, m->cpu[i]);
			high = fmax(high, m->cpu[i]);
		}
		if (low > high)
			assert_true(v == SERIES_UNKNOWN);
		else
			assert_true(v >= low - 0.01 && v <= high + 0.01);
	}
}

static void json_is_the_whole_of_it(const struct series *s)
{
	json_t *one = series_encode(s, NULL, 0), *two;
	struct err e = ERR_INIT;
	struct series again;

	series_init(&again, &job_kind);
	if (!series_decode(&again, one, &e))
		fail_msg("%s", e.text);
	two = series_encode(&again, NULL, 0);
	assert_true(json_equal(one, two));
	json_decref(one);
	json_decref(two);
	series_release(&again);
}

static void a_life_of_any_length_has_a_bounded_number_of_rows(void **state)
{
	struct met *m = calloc(1, sizeof *m);

	(void)state;
	for (unsigned seed = 1; seed <= 40; seed++) {
		struct dice d = {seed};
		int64_t now = BEGIN;
		struct series s;

		series_init(&s, &job_kind);
		m->len = 0;
		for (int64_t i = 0, n = dice_below(&d, 5000); i < n; i++) {
			now += (int64_t)dice_below(&d, seed % 4 ? 3000 : 900000);
			m->when[m->len] = now;
			m->cpu[m->len++] = (double)dice_below(&d, 400);
			add(&s, now, m->cpu[m->len - 1], (double)i);
			assert_in_range(s.rows, 1, SERIES_ROWS);
		}
		rows_say_what_was_met(&s, m);
		json_is_the_whole_of_it(&s);
		series_release(&s);
	}
	free(m);
}

static void fields_and_rows_are_chosen(void **state)
{
	struct fieldset only;
	struct series s;
	json_t *out;

	(void)state;
	assert_true(fieldset_parse(&only, &job_kind, "loss", NULL));
	series_init(&s, &job_kind);
	for (int i = 0; i < 5; i++)
		add(&s, BEGIN + i * 1000, 10, i == 4 ? -INFINITY : i / 10.);
	out = series_encode(&s, &only, BEGIN + 3000);
	char *text = json_dumps(out, JSON_COMPACT | JSON_REAL_PRECISION(12));
	assert_string_equal(text,
		"{\"step_ms\":1000,\"from\":1700000003000,\"fields\":[\"loss\"],"
		"\"rows\":[[0.3],[\"-inf\"]]}");
	free(text);
	json_decref(out);
	out = series_encode(&s, NULL, BEGIN + 900000);
	assert_int_equal(json_array_size(json_object_get(out, "rows")), 0);
	assert_int_equal(json_array_size(json_object_get(out, "fields")), 2);
	json_decref(out);
	series_release(&s);
}

static void what_is_no_history_is_refused_and_leaves_none(void **state)
{
	static const char *const bad[] = {"[]", "{}", "{\"step_ms\":0}",
		"{\"step_ms\":1000,\"from\":1,\"fields\":[\"loss\"],\"rows\":[[1],[1,2]]}",
		"{\"step_ms\":1000,\"from\":1,\"fields\":[\"loss\"],\"rows\":[[true]]}",
		"{\"step_ms\":1000,\"from\":1,\"fields\":[7],\"rows\":[]}",
		"{\"step_ms\":1000,\"from\":-1,\"fields\":[],\"rows\":[]}",
		"{\"step_ms\":9223372036854775807,\"from\":1,\"fields\":[],\"rows\":[]}"};
	json_t *many;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		json_t *in = json_loads(bad[i], 0, NULL);
		struct err e = ERR_INIT;
		struct series s;

		series_init(&s, &job_kind);
		assert_false(series_decode(&s, in, &e));
		assert_int_equal(s.rows, 0);
		add(&s, BEGIN, 1, 1);
		assert_int_equal(s.rows, 1);
		series_release(&s);
		json_decref(in);
	}
	many = json_pack("{s:i, s:i, s:[s], s:[]}", "step_ms", 1000, "from", 1, "fields", "x",
		"rows");
	for (int i = 0; i <= SERIES_ROWS; i++)
		json_array_append_new(json_object_get(many, "rows"), json_pack("[i]", i));
	struct series s;
	series_init(&s, &job_kind);
	assert_false(series_decode(&s, many, NULL));
	json_decref(many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_is_the_mean_and_a_measure_the_newest),
		cmocka_unit_test(a_clock_that_was_set_harms_nothing),
		cmocka_unit_test(a_life_of_any_length_has_a_bounded_number_of_rows),
		cmocka_unit_test(fields_and_rows_are_chosen),
		cmocka_unit_test(what_is_no_history_is_refused_and_leaves_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
