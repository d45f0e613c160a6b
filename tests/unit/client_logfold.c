/* What programs draw over, in the store behind a log pane: so many rows as one sees. */
#include "base/fold.h"
#include "base/mem.h"
#include "unit_kit/client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

/* All lines as the pane shows them, one a line, read in windows of `step`. */
static void shown(struct logstore *s, size_t step, struct buf *out)
{
	struct logstore_line lines[64];
	struct sanitized_line clean;
	struct err e = ERR_INIT;

	sanitized_line_init(&clean);
	buf_reset(out);
	for (int64_t at = 0; at < logstore_lines(s); at += (int64_t)step) {
		int64_t left = logstore_lines(s) - at;
		size_t want = left < (int64_t)step ? (size_t)left : step;

		if (logstore_window(s, at, want, lines, &e) != want)
			fail_msg("lines from %lld on: %s", (long long)at, e.text);
		for (size_t i = 0; i < want; i++) {
			if (lines[i].bytes)
				sanitize_log_line(&clean, lines[i].bytes, lines[i].len, true);
			while (lines[i].bytes && clean.text.len &&
				clean.text.data[clean.text.len - 1] == ' ')
				buf_cut(&clean.text, clean.text.len - 1);
			buf_addf(out, "%s\n", lines[i].bytes ? clean.text.data : "(gap)");
		}
	}
	sanitized_line_release(&clean);
}

static void expect(struct logstore *s, const char *want)
{
	struct buf got = BUF_INIT;

	shown(s, 64, &got);
	assert_string_equal(got.data, want);
	buf_release(&got);
}

static int64_t find(struct logstore *s, const char *pattern, bool backwards, int64_t from)
{
	int64_t resume = 0;

	while (!logstore_find(s, pattern, backwards, &from, &resume))
		;
	return from;
}

static void nested_bars(struct logstore *s, int steps)
{
	char bar[64];

	kit_add_text(s, "\rEpoch 0%\n");
	for (int i = 1; i <= steps; i++) {
		snprintf(bar, sizeof bar, "\rtrain %d/%d\033[A\n", i, steps);
		kit_add_text(s, bar);
	}
	kit_add_text(s, "\033[A\rEpoch 100%\n\n");
}

static void two_bars_are_two_lines(void **state)
{
	struct logstore *s = kit_store_new();

	(void)state;
	kit_add_text(s, "start\n");
	nested_bars(s, 5000);
	kit_add_text(s, "done\n");
	assert_int_equal(logstore_lines(s), 4);
	expect(s, "start\nEpoch 100%\ntrain 5000/5000\ndone\n");
	logstore_set_raw(s, true);
	assert_int_equal(logstore_lines(s), 5005);
	logstore_set_raw(s, false);
	logstore_free(s);
}

/* An hour of one bar is one line of megabytes: its newest redraws count, not how it began. */
static void a_long_bar_is_shown_as_it_is_now(void **state)
{
	struct logstore *s = kit_store_new();
	struct logstore_line line;
	char bar[128];

	(void)state;
	kit_add_text(s, "start\n");
	for (int i = 1; i <= 20000; i++) {
		snprintf(bar, sizeof bar, "\rtrain: %5d/20000 [00:00<00:00, loss=0.5]", i);
		kit_add_text(s, bar);
	}
	expect(s, "start\ntrain: 20000/20000 [00:00<00:00, loss=0.5]\n");
	kit_add_text(s, "\nend\n");
	expect(s, "start\ntrain: 20000/20000 [00:00<00:00, loss=0.5]\nend\n");
	logstore_set_raw(s, true);
	assert_int_equal(logstore_window(s, 1, 1, &line, NULL), 1);
	assert_int_equal(line.len, 64 * 1024);
	assert_memory_equal(line.bytes, "\rtrain:     1/20000", 19);
	logstore_free(s);
}

/* Far behind a redraw a line is a line again, and the redraw is kept. */
static void lines_after_a_redraw_are_lines(void **state)
{
	struct logstore *s = kit_store_new();
	struct logstore_line line;
	char text[32];

	(void)state;
	for (int round = 0; round < 3; round++) {
		nested_bars(s, 100);
		for (int i = 0; i < 200; i++) {
			snprintf(text, sizeof text, "line %d\n", i);
			kit_add_text(s, text);
		}
	}
	assert_int_equal(logstore_lines(s), 3 * 202);
	for (int round = 0; round < 3; round++) {
		assert_int_equal(logstore_window(s, round * 202 + 1, 1, &line, NULL), 1);
		assert_string_equal(line.bytes, "train 100/100");
		assert_true(line.drawn);
		assert_int_equal(logstore_window(s, round * 202 + 201, 1, &line, NULL), 1);
		assert_string_equal(line.bytes, "line 199");
		assert_false(line.drawn && !line.partial);
	}
	logstore_free(s);
}

static void nothing_goes_back_over_a_gap(void **state)
{
	struct logstore *s = kit_store_new();
	struct err e = ERR_INIT;

	(void)state;
	kit_add_text(s, "a\nb\033[A\rX\nY\033");
	assert_true(logstore_gap(s, logstore_next(s), 10, &e));
	kit_add_text(s, "[A\nc\033[2A\rd\n\n");
	expect(s, "X\nY^[\n(gap)\ndA\nc\n");
	logstore_free(s);
}

static void searches_find_what_is_shown_and_what_was(void **state)
{
	struct logstore *s = kit_store_new();
	char text[32];

	(void)state;
	kit_add_text(s, "start\n");
	nested_bars(s, 100);
	kit_add_text(s, "train is over\n");
	for (int i = 0; i < 2; i++) {
		/* First with the rows that can still be gone back to, then with those that left. */
		assert_int_equal(find(s, "train", false, 0), 2);
		assert_int_equal(find(s, "train", false, 3), 3);
		assert_int_equal(find(s, "train 7/", false, 0), 2);
		assert_int_equal(find(s, "epoch", false, 0), 1);
		assert_int_equal(find(s, "train", true, 3), 3);
		assert_int_equal(find(s, "train", true, 2), 2);
		assert_int_equal(find(s, "train", true, 1), -1);
		assert_int_equal(find(s, "start", true, 2), 0);
		for (int k = 0; k < 100; k++) {
			snprintf(text, sizeof text, "line %d\n", k);
			kit_add_text(s, text);
		}
	}
	logstore_free(s);
}

static void an_offset_is_in_a_line(void **state)
{
	struct logstore *s = kit_store_new();

	(void)state;
	assert_int_equal(logstore_line_at(s, 0), -1);
	assert_true(logstore_append(s, 100, "one\ntwo\n", 8, NULL));
	assert_int_equal(logstore_line_at(s, 0), 0);
	assert_int_equal(logstore_line_at(s, 103), 0);
	assert_int_equal(logstore_line_at(s, 104), 1);
	assert_int_equal(logstore_line_at(s, 108), -1);
	assert_true(logstore_gap(s, 108, 50, NULL));
	kit_add_text(s, "\nafter\n");
	assert_int_equal(logstore_line_at(s, 160), 4);
	logstore_set_raw(s, true);
	assert_int_equal(logstore_line_at(s, 160), 4);
	logstore_free(s);
}

/* ---- Property ---- */

static void row_left(void *ctx, const struct fold_row *row)
{
	struct sanitized_line line;

	sanitized_line_init(&line);
	fold_row_line(row, &line);
	while (line.text.len && line.text.data[line.text.len - 1] == ' ')
		buf_cut(&line.text, line.text.len - 1);
	buf_addf(ctx, "%s\n", line.text.data);
	sanitized_line_release(&line);
}

static void random_log(struct buf *in, unsigned *seed)
{
	static const char *const pieces[] = {"\r", "\n", "\n", "\b", "\033[A", "\033[3A", "\033[2F",
		"\033[B", "\033[C", "\033[K", "\033[2K", "\033[J", "\033[31m", "\033[0m", "word",
		"longer text", "50%", "\345\265\214", "e\314\201", "\033[2J", "\t"};
	int parts = 1 + rand_r(seed) % 8;

	buf_reset(in);
	for (int part = 0; part < parts; part++) {
		for (int i = rand_r(seed) % 150; i > 0; i--)
			buf_addf(in, rand_r(seed) % 9 ? "plain %d\n" : "\r%d\r", i);
		for (int i = rand_r(seed) % 60; i > 0; i--)
			buf_adds(in,
				pieces[(size_t)rand_r(seed) % (sizeof pieces / sizeof *pieces)]);
	}
}

/* The lines are what a fold of all bytes at once makes of them, however they came and are read. */
static void lines_are_the_rows_of_the_fold(void **state)
{
	struct buf in = BUF_INIT, want = BUF_INIT, got = BUF_INIT;
	unsigned seed = 7;

	(void)state;
	for (int round = 0; round < 300; round++) {
		struct logstore *s = kit_store_new();
		struct fold f;

		random_log(&in, &seed);
		for (size_t at = 0; at < in.len;) {
			size_t n = 1 + (size_t)rand_r(&seed) % (rand_r(&seed) % 2 ? 10 : 2000);

			n = n < in.len - at ? n : in.len - at;
			kit_add(s, in.data + at, n);
			at += n;
		}
		buf_reset(&want);
		fold_init(&f, FOLD_ROWS, false, row_left, &want);
		fold_add(&f, in.data, in.len);
		fold_flush(&f);
		fold_release(&f);
		for (size_t step = 1; step <= 64; step *= 4) {
			shown(s, step, &got);
			/* A line of which only a CR has come is one of the spool, and none to see. */
			while (got.len > want.len && got.data[got.len - 1] == '\n')
				buf_cut(&got, got.len - 1);
			if (strcmp(want.data, got.data) != 0)
				fail_msg("round %d, windows of %zu:\n%s---- wanted\n%s", round,
					step, got.data, want.data);
		}
		/* Every byte is in some line, and lines go up with the bytes. */
		for (uint64_t at = 0; at < in.len; at += 7) {
			int64_t line = logstore_line_at(s, at);

			assert_in_range(line, 0, logstore_lines(s));
		}
		logstore_set_raw(s, true);
		assert_in_range(logstore_lines(s), 0, in.len);
		logstore_free(s);
	}
	buf_release(&in);
	buf_release(&want);
	buf_release(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_bars_are_two_lines),
		cmocka_unit_test(a_long_bar_is_shown_as_it_is_now),
		cmocka_unit_test(lines_after_a_redraw_are_lines),
		cmocka_unit_test(nothing_goes_back_over_a_gap),
		cmocka_unit_test(searches_find_what_is_shown_and_what_was),
		cmocka_unit_test(an_offset_is_in_a_line),
		cmocka_unit_test(lines_are_the_rows_of_the_fold),
	};

	return cmocka_run_group_tests(tests, kit_root_make, kit_root_remove);
}
