/* A log drawn on a terminal: what a terminal shows after our bytes, and which bytes those are. */
#include "base/mem.h"
#include "base/paint.h"
#include "base/utf8.h"

#include "pty_oracle.h"
#include "terminal.h"

static const char *const allowed[] = {"C0 0A", "C0 0D", "CSI A", "CSI K", "CSI J", "SGR policy",
	NULL};

/* A painter and the terminal it writes to. */
struct scene {
	struct paint paint;
	struct terminal terminal;
	struct pty_oracle oracle;
	struct buf out;
	size_t bytes;
};

static void scene_init(struct scene *s, enum paint_how how, int width, int height)
{
	paint_init(&s->paint, how, true);
	paint_size(&s->paint, width, height);
	terminal_init(&s->terminal, width, height);
	pty_oracle_init(&s->oracle, how == PAINT_LIVE ? allowed : pty_allow_text);
	buf_init(&s->out, 0);
	s->bytes = 0;
}

static void shown(struct scene *s)
{
	terminal_feed(&s->terminal, s->out.data);
	pty_oracle_feed(&s->oracle, s->out.data, s->out.len);
	s->bytes += s->out.len;
	buf_reset(&s->out);
}

static void say(struct scene *s, const char *bytes)
{
	paint_add(&s->paint, bytes, strlen(bytes), &s->out);
	paint_size(&s->paint, s->paint.width, s->paint.height);
	paint_now(&s->paint, &s->out);
	shown(s);
}

static void ours(struct scene *s, const char *text)
{
	paint_aside(&s->paint, &s->out);
	buf_adds(&s->out, text);
	shown(s);
}

static void scene_end(struct scene *s)
{
	paint_end(&s->paint, &s->out);
	shown(s);
	if (!pty_oracle_end(&s->oracle))
		fail_msg("%s", s->oracle.first);
	paint_release(&s->paint);
	terminal_release(&s->terminal);
	buf_release(&s->out);
}

/* All rows that were ever reached, one a line. */
static void expect(struct scene *s, const char *want)
{
	struct buf all = BUF_INIT;

	for (int y = 0; y <= s->terminal.last; y++)
		buf_addf(&all, "%s%s", y ? "\n" : "", terminal_row(&s->terminal, y));
	assert_string_equal(all.data, want);
	buf_release(&all);
}

static void a_bar_moves_before_its_line_ends(void **state)
{
	struct scene s;

	(void)state;
	scene_init(&s, PAINT_LIVE, 40, 10);
	say(&s, "start\n\r 10%|#   |");
	expect(&s, "start\n 10%|#   |");
	say(&s, "\r100%|####|");
	expect(&s, "start\n100%|####|");
	say(&s, "\r\033[Kdone");
	expect(&s, "start\ndone");
	say(&s, "\nnext\n");
	expect(&s, "start\ndone\nnext\n");
	scene_end(&s);
}

static void two_bars_are_two_rows(void **state)
{
	struct scene s;
	char bar[64];

	(void)state;
	scene_init(&s, PAINT_LIVE, 40, 10);
	say(&s, "\rEpoch 0%\n");
	for (int i = 0; i < 500; i++) {
		snprintf(bar, sizeof bar, "\rtrain %d\033[A\n", i);
		say(&s, bar);
	}
	expect(&s, "Epoch 0%\ntrain 499");
	say(&s, "\033[A\rEpoch 50%\n");
	expect(&s, "Epoch 50%\ntrain 499");
	scene_end(&s);
	assert_in_range(s.bytes, 0, 500 * 24);
}

/* The program thought of another width: what it redraws stays one row, what it has ended is whole. */
static void a_narrow_terminal_folds_no_redraw(void **state)
{
	struct scene s;

	(void)state;
	scene_init(&s, PAINT_LIVE, 10, 10);
	say(&s, "\r  1% ..........");
	expect(&s, "  1% ....");
	say(&s, "\r  2% ..........");
	say(&s, "\r  3% ..........");
	expect(&s, "  3% ....");
	say(&s, "\n");
	expect(&s, "  3% .....\n.....\n");
	/* It is gone back to after all: one row again. */
	say(&s, "second\033[A\r  4%\n\r");
	expect(&s, "  4% ....\nsecond\n"); /* the row below was reached before, and is blank */
	scene_end(&s);
}

static void a_line_as_wide_as_the_terminal_loses_nothing(void **state)
{
	struct scene s;

	(void)state;
	scene_init(&s, PAINT_LIVE, 10, 10);
	say(&s, "0123456789");
	expect(&s, "012345678");
	say(&s, "\n0123456789\nnext\n");
	expect(&s, "0123456789\n0123456789\nnext\n");
	scene_end(&s);
}

static void what_we_say_has_a_line_of_its_own(void **state)
{
	struct scene s;

	(void)state;
	scene_init(&s, PAINT_LIVE, 40, 10);
	say(&s, "\rEpoch 0%\n\rtrain 1\033[A\n\rtrain 2\033[A");
	ours(&s, "mltop: hello\n");
	expect(&s, "Epoch 0%\ntrain 2\nmltop: hello\n");
	say(&s, "\n\rtrain 3\033[A");
	expect(&s, "Epoch 0%\ntrain 2\nmltop: hello\nEpoch 0%\ntrain 3");
	say(&s, "\n\rtrain 4\033[A");
	expect(&s, "Epoch 0%\ntrain 2\nmltop: hello\nEpoch 0%\ntrain 4");
	scene_end(&s);
}

static void another_width_draws_on(void **state)
{
	struct scene s;

	(void)state;
	scene_init(&s, PAINT_LIVE, 40, 10);
	say(&s, "\r1% ....");
	paint_size(&s.paint, 30, 10);
	s.terminal.width = 30;
	say(&s, "\r2% ....");
	expect(&s, "2% ....");
	/* Wider than what is left of the terminal: that row is left where it is. */
	say(&s, "\r3% ................");
	paint_size(&s.paint, 12, 10);
	s.terminal.width = 12;
	say(&s, "\r4%");
	expect(&s, "3% .........\n4% ........");
	/* The line ends with what comes after the change. */
	paint_add(&s.paint, "\r5%\nafter\n", 10, &s.out);
	paint_size(&s.paint, 11, 10);
	s.terminal.width = 11;
	paint_now(&s.paint, &s.out);
	shown(&s);
	expect(&s, "3% ........\n4% ........\n5% ........\n........\nafter\n");
	scene_end(&s);
}

/* A terminal that is not as high as what is drawn: what is out of its reach stays. */
static void what_scrolled_away_stays(void **state)
{
	struct scene s;

	(void)state;
	scene_init(&s, PAINT_LIVE, 40, 3);
	say(&s, "a\nb\nc\nd\ne");
	say(&s, "\033[4A\rA\033[3B\rD");
	expect(&s, "a\nb\nc\nD\ne");
	scene_end(&s);
}

static void without_redraws_each_row_is_written_once(void **state)
{
	struct scene s;

	(void)state;
	scene_init(&s, PAINT_ENDED, 10, 10);
	say(&s, "one\n\r1%\r2%\nE\n\rt 1\033[A\n\rt 2\033[A\n\nthe end which is long");
	paint_end(&s.paint, &s.out);
	assert_string_equal(s.out.data, "one\n2%\nE\nt 2\nthe end which is long\n");
	scene_end(&s);
}

static void a_terminal_without_motions_has_lines(void **state)
{
	struct scene s;

	(void)state;
	scene_init(&s, PAINT_LINES, 40, 10);
	say(&s, "one\n\r1%\r2%");
	expect(&s, "one\n");
	say(&s, "\n\033[31mE\n\rt 1\033[A\n");
	expect(&s, "one\n2%\nE\nt 1\n");
	scene_end(&s);
}

static void a_line_without_end_is_written_in_parts(void **state)
{
	struct scene s;
	struct buf line = BUF_INIT;

	(void)state;
	scene_init(&s, PAINT_LIVE, 100, 10);
	for (int i = 0; i < 3; i++) {
		buf_reset(&line);
		while (line.len < FOLD_ROW_BYTES)
			buf_adds(&line, "0123456789");
		say(&s, line.data);
	}
	say(&s, "!\nnext\n");
	assert_string_equal(terminal_row(&s.terminal, s.terminal.last - 1), "next");
	/* All of it, folded where the terminal's edge is. */
	assert_int_equal(s.terminal.last, (3 * (int)line.len + 1 + 99) / 100 + 1);
	scene_end(&s);
	buf_release(&line);
}

/* ---- Properties ---- */

static const char *const pieces[] = {"\r", "\r", "\n", "\n", "\n", "\b", "\033[A", "\033[2A",
	"\033[F", "\033[B", "\033[C", "\033[3D", "\033[K", "\033[2K", "\033[J", "\033[31m",
	"\033[0m", "word", "a longer text here", "50%", "\345\265\214", "e\314\201"};

/* What a row has to look like on the terminal, over as many rows of it as it takes. */
static void add_row(struct buf *all, const struct fold *f, size_t i, int width, bool ended)
{
	struct sanitized_line line;
	const struct fold_row *row = fold_row(f, i);
	const char *text;
	bool one = row->drawn || (i + 1 == f->len && !ended);
	int used;

	sanitized_line_init(&line);
	fold_row_line(row, &line);
	text = line.text.data;
	one = one && utf8_width(text) >= width;
	do {
		size_t n = utf8_fit(text, one ? width - 1 : width, &used);
		size_t keep = n;

		while (keep > 0 && text[keep - 1] == ' ')
			keep--;
		buf_addf(all, "%.*s\n", (int)keep, text);
		text += n;
	} while (*text && !one);
	sanitized_line_release(&line);
}

/* At any moment each row stands on the screen as it is, at any width. */
static void the_terminal_has_what_the_fold_has(void **state)
{
	struct buf want = BUF_INIT, got = BUF_INIT;
	unsigned seed = 99;

	(void)state;
	for (int round = 0; round < 1500; round++) {
		int width = 6 + rand_r(&seed) % 60, n = rand_r(&seed) % 60;
		struct scene s;

		scene_init(&s, PAINT_LIVE, width, 1000);
		for (int i = 0; i < n; i++) {
			const char *p =
				pieces[(size_t)rand_r(&seed) % (sizeof pieces / sizeof *pieces)];

			paint_add(&s.paint, p, strlen(p), &s.out);
			paint_size(&s.paint, width, 1000);
			if (rand_r(&seed) % 3 == 0)
				paint_now(&s.paint, &s.out);
		}
		paint_now(&s.paint, &s.out);
		shown(&s);
		buf_reset(&want);
		buf_reset(&got);
		for (size_t i = 0; i < fold_len(&s.paint.fold); i++)
			add_row(&want, &s.paint.fold, i, width, false);
		for (int y = 0; y <= s.terminal.last; y++)
			buf_addf(&got, "%s\n", terminal_row(&s.terminal, y));
		while (got.len > want.len && got.data[got.len - 1] == '\n')
			buf_cut(&got, got.len - 1);
		if (strcmp(want.data, got.data) != 0)
			fail_msg("round %d, %d wide:\n%s---- wanted\n%s", round, width, got.data,
				want.data);
		scene_end(&s);
	}
	buf_release(&want);
	buf_release(&got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bar_moves_before_its_line_ends),
		cmocka_unit_test(two_bars_are_two_rows),
		cmocka_unit_test(a_narrow_terminal_folds_no_redraw),
		cmocka_unit_test(a_line_as_wide_as_the_terminal_loses_nothing),
		cmocka_unit_test(what_we_say_has_a_line_of_its_own),
		cmocka_unit_test(another_width_draws_on),
		cmocka_unit_test(what_scrolled_away_stays),
		cmocka_unit_test(without_redraws_each_row_is_written_once),
		cmocka_unit_test(a_terminal_without_motions_has_lines),
		cmocka_unit_test(a_line_without_end_is_written_in_parts),
		cmocka_unit_test(the_terminal_has_what_the_fold_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
