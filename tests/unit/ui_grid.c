/* The grid, and the columns laid out on it. */
#include "golden/harness.h"

#include "base/utf8.h"
#include "ui/kit/layout.h"
#include "core/kinds/job.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static char *dump(const struct grid *g)
{
	struct buf b = BUF_INIT;

	grid_dump(g, &b);
	return buf_detach(&b);
}

static void assert_dump(const struct grid *g, const char *want)
{
	char *got = dump(g);

	assert_string_equal(got, want);
	free(got);
}

static void grid_clips_and_mends(void **state)
{
	struct grid g;

	(void)state;
	grid_init(&g);
	grid_resize(&g, 6, 1);
	assert_int_equal(grid_text(&g, 0, 0, 6, ROLE_NORMAL, "嵌入式x"), 6);
	assert_dump(&g, "6x1\n嵌入式\n");
	/* A wide one that would be cut; half of a wide one overwritten. */
	assert_int_equal(grid_text(&g, 1, 0, 2, ROLE_BAD, "a嵌"), 2);
	assert_dump(&g, "6x1\n {b:a>} 式\n");
	grid_erase(&g);
	assert_int_equal(grid_clip(&g, 0, 0, 4, ROLE_NORMAL, "abcdef"), 4);
	assert_dump(&g, "6x1\nabc…\n");
	g.ascii = true;
	grid_erase(&g);
	grid_right(&g, 0, 0, 6, ROLE_NORMAL, "12");
	assert_dump(&g, "6x1\n    12\n");
	grid_clip(&g, 0, 0, 3, ROLE_NORMAL, "abcdef");
	assert_dump(&g, "6x1\nab~ 12\n");
	/* Outside: nothing. Bytes that were not sanitised: a mark, never themselves. */
	assert_int_equal(grid_text(&g, 0, 1, 6, ROLE_NORMAL, "x"), 0);
	assert_int_equal(grid_text(&g, -1, 0, 6, ROLE_NORMAL, "x"), 0);
	grid_erase(&g);
	grid_text(&g, 0, 0, 6, ROLE_NORMAL, "\x1b[2J\xff");
	assert_dump(&g, "6x1\n\xEF\xBF\xBD[2J\xEF\xBF\xBD\n");
	grid_release(&g);
}

static void grid_tells_frames_apart(void **state)
{
	struct grid a, b;

	(void)state;
	grid_init(&a);
	grid_init(&b);
	grid_resize(&a, 10, 3);
	grid_resize(&b, 10, 3);
	assert_true(grid_equal(&a, &b));
	grid_role(&b, 9, 2, 1, ROLE_BAD);
	assert_false(grid_equal(&a, &b));
	grid_erase(&b);
	grid_select(&b, 0, 0, 1);
	assert_false(grid_equal(&a, &b));
	grid_erase(&b);
	b.cells[5].sgr.fg = 1;
	assert_false(grid_equal(&a, &b));
	grid_resize(&b, 4000, 4000);
	assert_int_equal(b.cols, GRID_COLS_MAX);
	assert_int_equal(b.rows, GRID_ROWS_MAX);
	grid_resize(&b, 0, -5);
	assert_int_equal(b.cols * b.rows, 1);
	grid_release(&a);
	grid_release(&b);
}

static void columns_fit_at_any_width(void **state)
{
	static const struct layout_column all[] = {
		{.want = 16, .most = 40},
		{.want = 9, .priority = 1},
		{.want = 8, .priority = 3},
		{.want = 3, .priority = 2},
		{.want = 8, .most = 20, .priority = 9},
	};
	(void)state;
	for (int width = 0; width < 300; width++) {
		struct layout_column c[5];
		int end = 0, shown = 0, last = -1;

		memcpy(c, all, sizeof c);
		layout_columns(c, 5, width);
		for (int i = 0; i < 5; i++) {
			if (!c[i].width)
				continue;
			shown++;
			assert_true(c[i].x >= end);
			end = c[i].x + c[i].width;
			last = c[i].priority > last ? c[i].priority : last;
		}
		assert_true(end <= (width > 0 ? width : 0));
		/* Whatever is left out is worth less than all that is shown. */
		for (int i = 0; i < 5; i++)
			assert_true(c[i].width || c[i].priority >= last);
		assert_true(width < 1 || shown > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grid_clips_and_mends),
		cmocka_unit_test(grid_tells_frames_apart),
		cmocka_unit_test(columns_fit_at_any_width),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
