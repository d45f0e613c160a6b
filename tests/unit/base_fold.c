/* Redraws of programs as rows: what acts, what is text, and that cuts change nothing. */
#include "base/fold.h"
#include "base/mem.h"
#include "base/utf8.h"

#include "terminal.h"

/* The rows that left and those that are there, one a line. */
static void row_left(void *ctx, const struct fold_row *row)
{
	struct sanitized_line line;

	sanitized_line_init(&line);
	fold_row_line(row, &line);
	sanitized_line_write(&line, line.text.len, true, ctx);
	buf_adds(ctx, row->joined ? "+" : row->drawn ? "*\n" : "\n");
	sanitized_line_release(&line);
}

static void fold_parts(struct buf *out, const char *bytes, size_t len,
	size_t (*part)(unsigned *seed), unsigned seed)
{
	struct fold f;

	fold_init(&f, FOLD_ROWS, true, row_left, out);
	for (size_t at = 0; at < len;) {
		size_t n = part ? part(&seed) : len;

		n = n < len - at ? n : len - at;
		char *copy = mem_dup(bytes + at, n);

		fold_add(&f, copy, n);
		free(copy);
		at += n;
	}
	fold_flush(&f);
	fold_release(&f);
}

static void check(const char *in, const char *want)
{
	struct buf out = BUF_INIT;

	fold_parts(&out, in, strlen(in), NULL, 0);
	assert_string_equal(out.data, want);
	buf_release(&out);
}

static void lines_are_rows(void **state)
{
	(void)state;
	check("", "");
	check("a", "a\n");
	check("a\n", "a\n");
	check("a\n\n\nb", "a\n\n\nb\n");
	check("a\r\nb\r\r\n", "a\nb\n");
	check("\033[31mred\nplain", "\033[0;31mred\033[0m\nplain\n");
}

static void bars_of_one_line_are_one_row(void **state)
{
	(void)state;
	check("\r10%\r50%\r100%\n", "100%\n");
	check("100%\r5%", "5%0%\n");
	check("100%\r\033[K5%", "5%\n");
	check("100%\r5%\033[K\n", "5%\n");
	check("100%\r\033[2K\n", "\n");
	check("abcdef\033[3D\033[1K", "    ef\n");
	check("loss 0.9\b\b\b0.8\n", "loss 0.8\n");
	check("ab\b\b\b\bX", "Xb\n");
	check("ab\033[5Gx\033[2Cy", "ab  x  y\n");
	check("\033[1m10%\033[0m ok\r\033[32m20%\n", "\033[0;32m20%\033[0m ok\n");
	check("\033[32mgo\ron", "\033[0;32mon\033[0m\n");
	check("a\tb\rX", "X       b\n");
	check("\033[?25lbar\033[?25h", "bar\n");
}

static void bars_below_each_other_are_so_many_rows(void **state)
{
	(void)state;
	/* tqdm, nested: the outer one at 0, the inner one a row below. */
	check("\rE 0%\n\rt 0%\033[A\n\rt 50%\033[A\n\rt 99%\033[A\rE 50%\n\rt 0%\033[A\n",
		"E 50%*\nt 0%%*\n");
	check("a\nb\nc\033[2A\rX", "X*\nb\nc*\n");
	check("a\nb\n\033[1FX\n", "a\nX*\n");
	check("a\nb\033[1A\033[1EX", "a\nX*\n");
	check("a\nb\033[A\033[9BX", "a\nbX*\n");
	check("a\nb\nc\033[2A\033[J\nd\n", "a*\nd\n");
	check("a\nb\nc\033[2A\r\033[J", "*\n");
	check("line\nbar\r\033[Kline 2\nbar\n", "line\nline 2\nbar\n");
	/* Above what is there nothing can be gone to. */
	check("a\n\033[99Ab", "b*\n");
}

static void rows_that_left_stay(void **state)
{
	struct buf in = BUF_INIT, out = BUF_INIT;

	(void)state;
	for (int i = 0; i < FOLD_ROWS + 10; i++)
		buf_addf(&in, "%d\n", i);
	buf_adds(&in, "\033[500A\rtop");
	fold_parts(&out, in.data, in.len, NULL, 0);
	assert_non_null(strstr(out.data, "\n10\ntop*\n12\n"));
	buf_release(&in);
	buf_release(&out);
}

static void all_else_is_text(void **state)
{
	(void)state;
	check("a\033[2Jb", "a\033[0;7m^[[2J\033[0mb\n");
	check("a\rb\033[2J\033[H", "b\033[0;7m^[[2J^[[H\033[0m\n");
	check("a\rb\a", "b\033[0;7m^G\033[0m\n");
	check("a\rb\033]0;title\ac", "b\033[0;7m^[]0;title^G\033[0mc\n");
	check("a\rb\033[1;1Hc\033[3J\033[5mx",
		"b\033[0;7m^[[1;1H\033[0mc\033[0;7m^[[3J^[[5m\033[0mx\n");
	/* What stands inside a string is part of it. */
	check("x\033]0;a\rb\033\\y", "x\033[0;7m^[]0;a^Mb^[\\\033[0my\n");
	check("a\r\xff\xe2\x80\xae", "\357\277\275\033[0;7m<U+202E>\033[0m\n");
}

static void wide_and_marked_characters_keep_their_cells(void **state)
{
	(void)state;
	check("\345\265\214\345\205\245\rX", "X \345\205\245\n");
	check("\345\265\214\345\205\245\033[2GX", " X\345\205\245\n");
	check("\rab\r\345\265\214", "\345\265\214\n");
	check("aX\b\345\265\214", "a\345\265\214\n");
	check("abc\re\314\201", "e\314\201bc\n");
	check("abc\re\314\201\314\201\314\201\314\201\314\201", "e\314\201\314\201\314\201bc\n");
	check("abc\r\314\201", "\357\277\275bc\n");
	check("abc\r\360\237\221\215\360\237\217\275", "\360\237\221\215c\n");
	check("abc\r\342\235\244\357\270\217", "\342\235\244bc\n");
}

static void a_line_too_long_is_parted_and_whole(void **state)
{
	struct buf in = BUF_INIT, out = BUF_INIT;

	(void)state;
	while (in.len < 5 * FOLD_ROW_BYTES / 2)
		buf_adds(&in, "xyz\345\265\214");
	fold_parts(&out, in.data, in.len, NULL, 0);
	assert_int_equal(out.len, in.len + 3); /* two + and a line feed */
	buf_release(&in);
	buf_release(&out);
}

/* ---- Properties ---- */

static size_t byte_by_byte(unsigned *seed)
{
	(void)seed;
	return 1;
}

static size_t at_random(unsigned *seed)
{
	return 1 + (size_t)rand_r(seed) % 12;
}

static const char *const drawn[] = {"\r", "\r", "\n", "\n", "\b", "\b\b\b", "\t", "\033[A",
	"\033[2A", "\033[F", "\033[B", "\033[E", "\033[C", "\033[3D", "\033[7G", "\033[K",
	"\033[1K", "\033[2K", "\033[J", "\033[31m", "\033[1;32m", "\033[0m", "word",
	"long text here", "50%", "|###  |", " ", "\345\265\214", "\303\251", "e\314\201",
	"ab\345\205\245"};
static const char *const odd[] = {"\033", "\033[", "\033]0;t", "\a", "\033\\", "\302\233", "\xff",
	"\xe2\x80", "\033[2J", "\033[?25l", "\033[?25h", "\360\237\221\215", "\360\237\217\275",
	"\342\200\215", "\357\270\217", "\314\201", "\033P", "\033[1;2", "m", "\033(0", "\xc2"};

static void random_bytes(struct buf *out, unsigned *seed, bool all)
{
	int n = 20 + rand_r(seed) % 300;

	buf_reset(out);
	for (int i = 0; i < n; i++)
		buf_adds(out,
			all && rand_r(seed) % 3 == 0
				? odd[(size_t)rand_r(seed) % (sizeof odd / sizeof *odd)]
				: drawn[(size_t)rand_r(seed) % (sizeof drawn / sizeof *drawn)]);
}

static void nothing_depends_on_the_cuts(void **state)
{
	struct buf in = BUF_INIT, whole = BUF_INIT, parts = BUF_INIT;
	unsigned seed = 4711;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		random_bytes(&in, &seed, true);
		for (int way = 0; way < 2; way++) {
			buf_reset(&whole);
			buf_reset(&parts);
			fold_parts(&whole, in.data, in.len, NULL, 0);
			fold_parts(&parts, in.data, in.len, way ? at_random : byte_by_byte, seed);
			if (strcmp(whole.data, parts.data) != 0)
				fail_msg("round %d: a cut changes\n%s\nto\n%s", i, whole.data,
					parts.data);
		}
	}
	buf_release(&in);
	buf_release(&whole);
	buf_release(&parts);
}

/* A row of ours is clean, and a second sanitising changes nothing. */
static void rows_are_clean_for_good(void **state)
{
	struct buf in = BUF_INIT, once = BUF_INIT, twice = BUF_INIT;
	struct sanitized_line line;
	unsigned seed = 815;

	(void)state;
	sanitized_line_init(&line);
	for (int i = 0; i < 2000; i++) {
		struct fold f;

		random_bytes(&in, &seed, true);
		fold_init(&f, FOLD_ROWS, false, NULL, NULL);
		fold_add(&f, in.data, in.len);
		for (size_t row = 0; row < fold_len(&f); row++) {
			if (!fold_row(&f, row)->celled)
				continue;
			buf_reset(&once);
			buf_reset(&twice);
			fold_row_bytes(fold_row(&f, row), &once);
			sanitize_log_line(&line, once.data, once.len, true);
			sanitized_line_write(&line, line.text.len, true, &twice);
			assert_string_equal(once.data, twice.data);
		}
		fold_release(&f);
	}
	sanitized_line_release(&line);
	buf_release(&in);
	buf_release(&once);
	buf_release(&twice);
}

/* As another terminal has it, row by row. */
static void rows_are_those_of_a_terminal(void **state)
{
	struct buf in = BUF_INIT;
	struct sanitized_line line;
	unsigned seed = 42;

	(void)state;
	sanitized_line_init(&line);
	for (int i = 0; i < 2000; i++) {
		struct terminal t;
		struct fold f;

		random_bytes(&in, &seed, false);
		in.data[in.len < 120 ? in.len : 120] = '\0'; /* no line reaches the edge */
		while (!utf8_valid(in.data, strlen(in.data)))
			in.data[strlen(in.data) - 1] = '\0';
		if (strrchr(in.data, '\033') && !strpbrk(strrchr(in.data, '\033'), "ABCDEFGJKm"))
			*strrchr(in.data, '\033') = '\0';
		terminal_init(&t, TERMINAL_COLS, FOLD_ROWS);
		terminal_feed(&t, in.data);
		fold_init(&f, FOLD_ROWS, false, NULL, NULL);
		fold_add(&f, in.data, strlen(in.data));
		for (size_t y = 0; y < f.len; y++) {
			fold_row_line(fold_row(&f, y), &line);
			while (line.text.len && line.text.data[line.text.len - 1] == ' ')
				buf_cut(&line.text, line.text.len - 1);
			if (strcmp(line.text.data, terminal_row(&t, (int)(f.gone + y))) != 0)
				fail_msg("round %d row %zu of %s\n\"%s\", a terminal has \"%s\"", i,
					y, in.data, line.text.data,
					terminal_row(&t, (int)(f.gone + y)));
		}
		fold_release(&f);
		terminal_release(&t);
	}
	sanitized_line_release(&line);
	buf_release(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_rows),
		cmocka_unit_test(bars_of_one_line_are_one_row),
		cmocka_unit_test(bars_below_each_other_are_so_many_rows),
		cmocka_unit_test(rows_that_left_stay),
		cmocka_unit_test(all_else_is_text),
		cmocka_unit_test(wide_and_marked_characters_keep_their_cells),
		cmocka_unit_test(a_line_too_long_is_parted_and_whole),
		cmocka_unit_test(nothing_depends_on_the_cuts),
		cmocka_unit_test(rows_are_clean_for_good),
		cmocka_unit_test(rows_are_those_of_a_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
