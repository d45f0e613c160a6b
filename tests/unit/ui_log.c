/* The log pane: what it asks for, how it scrolls, what a very long line costs. */
#include "ui/kit/logpane.h"

#include "base/mem.h"
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { LINES_MAX = 700 };

/* A store of `lines` lines; line n is `width(n)` letters. Answers the pane's commands. */
struct store {
	struct logpane pane;
	struct cmds cmds;
	int64_t lines, has; /* has: what it really gives */
	int width, asked;
	char *text;
};

static void store_open(struct store *s, int64_t lines, int width, int cols, int rows)
{
	*s = (struct store){.lines = lines, .has = lines, .width = width};
	logpane_init(&s->pane);
	logpane_size(&s->pane, cols, rows);
	s->pane.sub = 3;
	s->text = mem_alloc((size_t)width + 1);
	memset(s->text, 'a', (size_t)width);
}

static void store_close(struct store *s)
{
	logpane_release(&s->pane);
	cmds_release(&s->cmds);
	free(s->text);
}

static void answer_window(struct store *s, int64_t line, int64_t count)
{
	static struct log_line lines[LINES_MAX];
	struct msg m = {.type = MSG_LOG_WINDOW, .sub = 3, .line = line, .lines = lines};

	while (m.line_count < (size_t)count && line + (int64_t)m.line_count < s->has) {
		int64_t n = line + (int64_t)m.line_count;

		lines[m.line_count++] = (struct log_line){.bytes = s->text,
			.len = (size_t)(s->width - n % 7),
			.offset = (uint64_t)n * 100};
	}
	logpane_message(&s->pane, &m, &s->cmds);
}

/* Answers until nothing is asked any more; a pane that never stops asking fails here. */
static void serve(struct store *s)
{
	for (int rounds = 0; s->cmds.len > 0; rounds++) {
		struct cmds asked = s->cmds;

		assert_true(rounds < 20);
		s->cmds = (struct cmds){0};
		for (size_t i = 0; i < asked.len; i++) {
			assert_int_equal(asked.items[i].type, CMD_LOG_WINDOW);
			assert_true(asked.items[i].line >= 0);
			assert_in_range(asked.items[i].count, 1, LOG_WINDOW_MAX);
			s->asked++;
			answer_window(s, asked.items[i].line, asked.items[i].count);
		}
		cmds_release(&asked);
	}
}

static void tell(struct store *s)
{
	struct msg m = {.type = MSG_LOG_STATE,
		.sub = 3,
		.log_lines = s->lines,
		.log_bytes = s->lines * 100};

	logpane_message(&s->pane, &m, &s->cmds);
}

static void act(struct store *s, enum action a)
{
	logpane_action(&s->pane, a, &s->cmds);
	serve(s);
}

static void one_window_at_a_time(void **state)
{
	struct store s;

	(void)state;
	store_open(&s, 100000, 60, 80, 21);
	tell(&s);
	assert_int_equal(s.cmds.len, 1);
	/* While it is on its way more lines come: nothing more is asked. */
	for (int i = 0; i < 50; i++) {
		s.lines = s.has += 3;
		tell(&s);
	}
	assert_int_equal(s.cmds.len, 1);
	serve(&s);
	assert_non_null(logpane_row(&s.pane, s.lines - 1));
	assert_non_null(logpane_row(&s.pane, s.pane.top));
	store_close(&s);
}

/* The store says 1,000 lines and gives 10: the pane does not ask for ever. */
static void a_short_store_is_not_asked_for_ever(void **state)
{
	struct store s;

	(void)state;
	store_open(&s, 1000, 60, 80, 21);
	s.has = 10;
	tell(&s);
	serve(&s);
	act(&s, ACT_TOP);
	act(&s, ACT_PAGE_DOWN);
	assert_true(s.asked < 10);
	store_close(&s);
}

/* Down by one row from the top to the end shows each row of each folded line once, and back. */
static void folded_rows_come_one_by_one(void **state)
{
	struct store s;
	int64_t total = 0;

	(void)state;
	store_open(&s, 40, 100, 30, 10);
	tell(&s);
	serve(&s);
	act(&s, ACT_WRAP);
	act(&s, ACT_TOP);
	for (int64_t line = 0; line < 40; line++)
		total += (100 - line % 7 + 29) / 30;
	int steps = 0;

	for (;;) {
		int64_t top = s.pane.top;
		int row = s.pane.top_row;

		act(&s, ACT_DOWN);
		if (s.pane.top == top && s.pane.top_row == row)
			break;
		assert_true(s.pane.top == top ? s.pane.top_row == row + 1
					      : s.pane.top == top + 1 && s.pane.top_row == 0);
		steps++;
	}
	assert_int_equal(steps, total - 10);
	for (; steps > 0; steps--)
		act(&s, ACT_UP);
	assert_int_equal(s.pane.top, 0);
	assert_int_equal(s.pane.top_row, 0);
	store_close(&s);
}

static void following_stays_at_the_end(void **state)
{
	struct store s;

	(void)state;
	store_open(&s, 5, 60, 80, 21);
	for (int i = 0; i < 30; i++) {
		s.lines = s.has += 7;
		tell(&s);
		serve(&s);
		logpane_place(&s.pane);
		assert_int_equal(s.pane.top, s.lines > 21 ? s.lines - 21 : 0);
	}
	act(&s, ACT_UP);
	int64_t top = s.pane.top;

	s.lines = s.has += 500;
	tell(&s);
	serve(&s);
	assert_int_equal(s.pane.top, top);
	assert_int_equal(logpane_new_lines(&s.pane), 500);
	act(&s, ACT_FOLLOW);
	assert_int_equal(logpane_new_lines(&s.pane), 0);
	assert_int_equal(s.pane.top, s.lines - 21);
	store_close(&s);
}

static double ms_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* A window of lines of 64 KiB each: drawing costs what is on the screen. */
static void long_lines_cost_what_is_shown(void **state)
{
	struct store s;
	struct grid g;

	(void)state;
	store_open(&s, 60, LOG_LINE_WINDOW, 80, 21);
	tell(&s);
	serve(&s);
	grid_init(&g);
	grid_resize(&g, 80, 21);
	double start = ms_now();

	for (int i = 0; i < 100; i++)
		logpane_draw(&s.pane, &g, (struct rect){0, 0, 80, 21});
	print_message("a frame of lines of 64 KiB: %.3f ms\n", (ms_now() - start) / 100);
	assert_true((ms_now() - start) / 100 < 20);
	assert_string_equal(g.cells[0].text, "a");
	assert_string_equal(g.cells[79].text, ">");
	grid_release(&g);
	store_close(&s);
}

static void search_goes_on_from_the_other_end(void **state)
{
	struct store s;
	struct msg m = {.type = MSG_LOG_FOUND, .sub = 3, .line = -1, .finished = true};

	(void)state;
	store_open(&s, 1000, 60, 80, 21);
	tell(&s);
	serve(&s);
	logpane_find(&s.pane, "needle", false, &s.cmds);
	assert_int_equal(s.cmds.items[0].type, CMD_LOG_FIND);
	assert_int_equal(s.cmds.items[0].line, 978);
	cmds_clear(&s.cmds);
	logpane_message(&s.pane, &m, &s.cmds);
	assert_int_equal(s.cmds.len, 1);
	assert_int_equal(s.cmds.items[0].line, -1);
	cmds_clear(&s.cmds);
	m.line = 500;
	logpane_message(&s.pane, &m, &s.cmds);
	assert_int_equal(s.pane.hit, 500);
	assert_true(s.pane.wrapped && !s.pane.finding);
	serve(&s);
	/* Again from the hit on; twice nowhere ends it. */
	logpane_find(&s.pane, NULL, false, &s.cmds);
	assert_int_equal(s.cmds.items[0].line, 500);
	cmds_clear(&s.cmds);
	m.line = -1;
	logpane_message(&s.pane, &m, &s.cmds);
	cmds_clear(&s.cmds);
	logpane_message(&s.pane, &m, &s.cmds);
	assert_int_equal(s.cmds.len, 0);
	assert_false(s.pane.finding);
	store_close(&s);
}

static void answer_at(struct store *s, int64_t line)
{
	struct msg m = {.type = MSG_LOG_AT, .sub = 3, .line = line};

	logpane_message(&s->pane, &m, &s->cmds);
}

/* Lines are others in the raw view: what stood at the top is asked for by its byte. */
static void the_raw_view_keeps_its_place(void **state)
{
	struct store s;

	(void)state;
	store_open(&s, 500, 60, 80, 21);
	tell(&s);
	serve(&s);
	act(&s, ACT_TOP);
	for (int i = 0; i < 100; i++)
		act(&s, ACT_DOWN);
	logpane_action(&s.pane, ACT_RAW, &s.cmds);
	assert_int_equal(s.cmds.len, 1);
	assert_int_equal(s.cmds.items[0].type, CMD_LOG_AT);
	assert_int_equal(s.cmds.items[0].offset, 100 * 100);
	assert_true(s.cmds.items[0].raw);
	cmds_clear(&s.cmds);
	s.lines = s.has = 690; /* each bar has its lines */
	tell(&s);
	assert_int_equal(s.cmds.len, 0);
	answer_at(&s, 300);
	serve(&s);
	assert_int_equal(s.pane.top, 300);
	assert_non_null(logpane_row(&s.pane, 300));
	store_close(&s);
}

/* To a byte that has not come yet: as soon as it is there. */
static void a_jump_waits_for_its_byte(void **state)
{
	struct store s;

	(void)state;
	store_open(&s, 10, 60, 80, 21);
	logpane_jump(&s.pane, 40000, &s.cmds);
	assert_int_equal(s.cmds.len, 0);
	for (int i = 0; i < 3; i++) {
		tell(&s);
		assert_int_equal(s.cmds.items[0].type, CMD_LOG_AT);
		assert_int_equal(s.cmds.items[0].offset, 40000);
		cmds_clear(&s.cmds);
		s.lines = s.has = 400 + i;
		if (i < 2)
			answer_at(&s, -1);
		cmds_clear(&s.cmds);
	}
	tell(&s);
	answer_at(&s, 400);
	serve(&s);
	assert_int_equal(s.pane.hit, 400);
	assert_false(s.pane.follow);
	assert_non_null(logpane_row(&s.pane, 400));
	store_close(&s);
}

/* Rows near the end may be drawn anew: they are asked for again though all are here. */
static void rows_that_may_change_are_asked_for_again(void **state)
{
	struct store s;
	int before;

	(void)state;
	store_open(&s, 500, 60, 80, 21);
	tell(&s);
	serve(&s);
	logpane_scroll(&s.pane, -30, &s.cmds);
	serve(&s);
	before = s.asked;
	struct msg m = {.type = MSG_LOG_STATE, .sub = 3, .log_lines = 500, .log_bytes = 60000};
	logpane_message(&s.pane, &m, &s.cmds);
	serve(&s);
	assert_int_equal(s.asked, before + 1);
	store_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_window_at_a_time),
		cmocka_unit_test(a_short_store_is_not_asked_for_ever),
		cmocka_unit_test(folded_rows_come_one_by_one),
		cmocka_unit_test(the_raw_view_keeps_its_place),
		cmocka_unit_test(a_jump_waits_for_its_byte),
		cmocka_unit_test(rows_that_may_change_are_asked_for_again),
		cmocka_unit_test(following_stays_at_the_end),
		cmocka_unit_test(long_lines_cost_what_is_shown),
		cmocka_unit_test(search_goes_on_from_the_other_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
