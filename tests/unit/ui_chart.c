/* Curves: whatever is drawn stays within its place, in each of the three ways of drawing. */
#include "core/kinds/job.h"
#include "ui/kit/chart.h"
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(curves_stay_in_their_place),
		cmocka_unit_test(a_line_of_cells_has_as_many_as_were_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
