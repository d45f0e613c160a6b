/* Curves: whatever is drawn stays within its place, in each of the three ways of drawing. */
#include "core/kinds/job.h"
#include "ui/kit/chart.h"
#include "ui/kit/curves.h"
#include "unit/core_random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static double odd_number(struct dice *d)
{
	switch (dice_below(d, 12)) {
	case 0: return NAN;
	case 1: return INFINITY;
	case 2: return -INFINITY;
	case 3: return 1e30;
	default: return dice_double(d);
	}
}

static void random_series(struct series *s, struct dice *d)
{
	int64_t now = 1700000000000, rows = dice_below(d, 400);

	series_init(s, &job_kind);
	for (int64_t i = 0; i < rows; i++) {
		struct job j = {0};

		now += dice_below(d, 4000);
		if (dice_below(d, 3))
			record_set(job, &j, loss, odd_number(d));
		if (dice_below(d, 3))
			record_set(job, &j, gpu_util, (struct percent){(double)dice_below(d, 101)});
		record_set(job, &j, memory_used, (struct bytes){dice_size(d)});
		series_add(s, &j, now);
	}
}

static void nothing_is_outside(const struct grid *g, struct rect r)
{
	for (int y = 0; y < g->rows; y++)
		for (int x = 0; x < g->cols; x++) {
			bool inside = x >= r.x && x < r.x + r.width && y >= r.y &&
				y < r.y + r.height;

			if (!inside)
				assert_string_equal(g->cells[y * g->cols + x].text, " ");
		}
}

static void curves_stay_in_their_place(void **state)
{
	struct grid g;

	(void)state;
	grid_init(&g);
	grid_resize(&g, 120, 40);
	for (unsigned seed = 1; seed <= 400; seed++) {
		struct dice d = {seed * 77};
		struct rect r = {(int)dice_below(&d, 60), (int)dice_below(&d, 20),
			(int)dice_below(&d, 60), (int)dice_below(&d, 20)};
		struct series s;

		random_series(&s, &d);
		g.ascii = seed % 3 == 0;
		g.braille = seed % 3 == 1;
		grid_erase(&g);
		charts_draw(&s, (struct chart_label){"loss", NULL}, &g, r);
		nothing_is_outside(&g, r);
		series_release(&s);
	}
	grid_release(&g);
}

static void a_line_of_cells_has_as_many_as_were_asked_for(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 100; seed++) {
		struct dice d = {seed};
		int width = 2 + (int)dice_below(&d, 50);
		struct buf out = BUF_INIT;
		struct series s;

		random_series(&s, &d);
		chart_spark(&s, series_field(&s, "loss"), width, true, &out);
		assert_true(out.len == (s.rows ? (size_t)width : 0));
		buf_release(&out);
		series_release(&s);
	}
}

/* What a platform may say, and what none says. */
static json_t *random_answer(struct dice *d)
{
	static const char *const words[] = {"nan", "inf", "-inf", "odd"};
	json_t *curves = json_array();

	for (int64_t runs = dice_below(d, 9); runs > 0; runs--) {
		json_t *points = json_array();

		for (int64_t n = dice_below(d, 600); n > 0; n--) {
			double step = dice_below(d, 4) ? (double)dice_size(d) : dice_double(d);
			double value = odd_number(d);

			json_array_append_new(points,
				isfinite(value) && isfinite(step)
					? json_pack("[f, i, f]", step, 0, value)
					: json_pack("[n, n, s]", words[dice_below(d, 4)]));
		}
		json_array_append_new(curves,
			json_pack("{s:s, s:s, s:o}", "tag", "loss\x1b[2J", "run",
				dice_below(d, 3) ? "train" : "a\nb", "points", points));
	}
	return json_pack("{s:o, s:s}", "data", curves, "source", "events");
}

static void curves_of_event_files_stay_in_their_place(void **state)
{
	struct grid g;

	(void)state;
	grid_init(&g);
	grid_resize(&g, 120, 40);
	for (uint64_t seed = 1; seed <= 600; seed++) {
		struct dice d = {seed};
		struct rect r = {(int)dice_below(&d, 20), (int)dice_below(&d, 10),
			(int)dice_below(&d, 101), (int)dice_below(&d, 31)};
		json_t *answer = random_answer(&d);
		struct curves c = {.chosen = 0};

		grid_erase(&g);
		g.ascii = seed % 3 == 0;
		g.braille = seed % 3 == 1;
		curves_names(&c, answer);
		curves_points(&c, answer);
		curves_draw(&c, &g, r);
		nothing_is_outside(&g, r);
		curves_release(&c);
		json_decref(answer);
	}
	grid_release(&g);
}

static void the_choice_is_kept_by_its_name(void **state)
{
	json_t *few = json_pack("{s:s, s:[{s:s}, {s:s}]}", "source", "events", "data", "tag", "b",
		"tag", "val_loss");
	json_t *more = json_pack("{s:s, s:[{s:s}, {s:s}, {s:s}, {s:s}]}", "source", "events",
		"data", "tag", "train_loss", "tag", "a", "tag", "b", "tag", "b");
	json_t *of_log = json_pack("{s:s, s:[{s:s}]}", "source", "log", "data", "tag", "loss");
	struct curves c = {.chosen = 0};

	(void)state;
	assert_true(curves_names(&c, few));
	assert_string_equal(c.tags.items[c.chosen].name, "val_loss");
	assert_true(curves_choose(&c, false));
	assert_string_equal(c.tags.items[c.chosen].name, "b");
	assert_true(curves_names(&c, more));
	assert_int_equal(c.tags.len, 3);
	assert_string_equal(c.tags.items[c.chosen].name, "b");
	assert_true(curves_find(&c, "train"));
	assert_false(curves_find(&c, "nowhere"));
	assert_string_equal(c.tags.items[c.chosen].name, "train_loss");
	assert_false(curves_names(&c, of_log));
	assert_false(curves_choose(&c, false));
	curves_release(&c);
	json_decref(few);
	json_decref(more);
	json_decref(of_log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(curves_stay_in_their_place),
		cmocka_unit_test(curves_of_event_files_stay_in_their_place),
		cmocka_unit_test(the_choice_is_kept_by_its_name),
		cmocka_unit_test(a_line_of_cells_has_as_many_as_were_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
