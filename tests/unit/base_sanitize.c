/* The sanitiser's policy, rule by rule, with the exact text that comes out. */
#include "base/sanitize.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define FFFD "\357\277\275"
#define FIELD(in, want)                  \
	{                                \
		in, sizeof(in) - 1, want \
	}

struct pair {
	const char *in;
	size_t len;
	const char *want;
};

static void check_fields(const struct pair *pairs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct buf out = BUF_INIT;

		sanitize_text(&out, pairs[i].in, pairs[i].len);
		if (strcmp(out.data, pairs[i].want) != 0 || out.len != strlen(pairs[i].want))
			print_error("case %zu\n", i);
		assert_string_equal(out.data, pairs[i].want);
		assert_int_equal(out.len, strlen(pairs[i].want));
		buf_release(&out);
	}
}

static void controls_become_carets(void **state)
{
	static const struct pair pairs[] = {
		FIELD("", ""),
		FIELD("plain text ~", "plain text ~"),
		FIELD("a\0b", "a^@b"),
		FIELD("\a\b\v\f\r", "^G^H^K^L^M"),
		FIELD("a\177b", "a^?b"),
		FIELD("a\tb\nc", "a b c"),
		FIELD("\205", "\\x85"),
		FIELD("\302\205", "\\x85"),
		FIELD("\302\240", "\302\240"),
		FIELD("12345678\a12345678", "12345678^G12345678"),
	};

	(void)state;
	check_fields(pairs, ARRAY_SIZE(pairs));
}

static void bad_utf8_is_replaced_by_maximal_parts(void **state)
{
	/* The last is the example of Unicode 15, section 3.9, table 3-8. */
	static const struct pair pairs[] = {
		FIELD("a\377b", "a" FFFD "b"),
		FIELD("\300\257", FFFD FFFD),
		FIELD("\355\240\240", FFFD FFFD FFFD),
		FIELD("\342\202", FFFD),
		FIELD("\360\237\230x", FFFD "x"),
		FIELD("\364\221\240\240", FFFD "\\x91" FFFD FFFD),
		FIELD("a\361\240\240\341\240\302b\240c\240\277d",
			"a" FFFD FFFD FFFD "b" FFFD "c" FFFD FFFD "d"),
	};

	(void)state;
	check_fields(pairs, ARRAY_SIZE(pairs));
}

static void sequences_are_shown(void **state)
{
	static const struct pair pairs[] = {
		FIELD("a\033[2Jb", "a^[[2Jb"),
		FIELD("\033[31mred\033[m", "^[[31mred^[[m"),
		FIELD("\2332J", "\\x9b2J"),
		FIELD("\302\2332J", "\\x9b2J"),
		FIELD("\033]0;t\ab", "^[]0;t^Gb"),
		FIELD("\033]0;t\033\\b", "^[]0;t^[\\b"),
		FIELD("\2350;t\234b", "\\x9d0;t\\x9cb"),
		FIELD("\033c\033(0", "^[c^[(0"),
		FIELD("a\033", "a^["),
		FIELD("a\033[", "a^[["),
		FIELD("a\033[3\033[2J", "a^[[3^[[2J"),
		FIELD("\033]0;\342\200\256x\a", "^[]0;<U+202E>x^G"),
		FIELD("\033]0;line\nnext", "^[]0;line next"),
	};

	(void)state;
	check_fields(pairs, ARRAY_SIZE(pairs));
}

static void long_sequences_are_cut_at_64_bytes(void **state)
{
	char in[5000];
	struct buf out = BUF_INIT;

	(void)state;
	memset(in, 'x', sizeof in);
	memcpy(in, "\033]0;", 4);
	sanitize_text(&out, in, sizeof in);
	assert_memory_equal(out.data, "^[]0;xxx", 8);
	assert_memory_equal(out.data + 61, "\342\200\246", 3);
	/* Behind 4,096 bytes it is text again. */
	assert_int_equal(out.len, 64 + 5000 - 4096);
	buf_reset(&out);
	sanitize_text(&out, in, 62);
	assert_int_equal(out.len, 63);
	assert_null(strstr(out.data, "\342\200\246"));
	buf_release(&out);
}

static void characters_that_lie_are_visible(void **state)
{
	static const struct pair pairs[] = {
		FIELD("a\342\200\256b", "a<U+202E>b"),
		FIELD("a\342\200\213b", "a<U+200B>b"),
		FIELD("a\342\200\215b", "a<U+200D>b"),
		FIELD("\357\273\277a", "<U+FEFF>a"),
		FIELD("a\302\255b", "a<U+00AD>b"),
		FIELD("a\342\200\250b", "a<U+2028>b"),
		FIELD("a\357\270\217", "a<U+FE0F>"),
		FIELD("a\343\205\244", "a<U+3164>"),
		FIELD("a\363\240\201\201b", "a" FFFD "b"),
		FIELD("\356\200\200", FFFD),
		FIELD("\357\277\277", FFFD),
		FIELD("\357\267\220", FFFD),
		FIELD("\363\260\200\200", FFFD),
	};

	(void)state;
	check_fields(pairs, ARRAY_SIZE(pairs));
}

static void marks_are_bounded(void **state)
{
	static const struct pair pairs[] = {
		FIELD("e\314\201", "e\314\201"),
		FIELD("\314\201a", FFFD "a"),
		FIELD("a\314\201\314\202\314\203", "a\314\201\314\202\314\203"),
		FIELD("a\314\201\314\202\314\203\314\204\314\205b",
			"a\314\201\314\202\314\203" FFFD "b"),
		FIELD("\a\314\201", "^G" FFFD),
		FIELD("\316\261\314\201", "\316\261\314\201"),
	};

	(void)state;
	check_fields(pairs, ARRAY_SIZE(pairs));
}

static void emoji_are_reduced_to_their_base(void **state)
{
	static const struct pair pairs[] = {
		FIELD("\360\237\221\251\342\200\215\360\237\222\273x", "\360\237\221\251x"),
		FIELD("\360\237\221\215\360\237\217\275x", "\360\237\221\215x"),
		FIELD("\342\235\244\357\270\217x", "\342\235\244x"),
		FIELD("\342\235\244\357\270\217\342\200\215\360\237\224\245x", "\342\235\244x"),
		FIELD("\360\237\221\251\342\200\215x", "\360\237\221\251<U+200D>x"),
		FIELD("1\357\270\217\342\203\243x", "1x"),
		FIELD("1\357\270\217x", "1<U+FE0F>x"),
		FIELD("\360\237\217\275", "\360\237\217\275"),
	};

	(void)state;
	check_fields(pairs, ARRAY_SIZE(pairs));
}

static void a_full_buffer_ends_the_work(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 10);
	sanitize_text(&out, "123456789\342\202\254x", 13);
	assert_true(out.full);
	assert_string_equal(out.data, "123456789");
	buf_release(&out);
}

/* Compares a line's text and its runs: "at:fg/bg/attrs" joined by blanks. */
static void check_line(const char *in, bool fold, const char *want, const char *want_runs)
{
	struct sanitized_line line;
	struct buf runs = BUF_INIT;

	sanitized_line_init(&line);
	sanitize_log_line(&line, in, strlen(in), fold);
	for (size_t i = 0; i < line.run_count; i++)
		buf_addf(&runs, "%s%zu:%d/%d/%d", i ? " " : "", line.runs[i].at,
			line.runs[i].style.fg, line.runs[i].style.bg, line.runs[i].style.attrs);
	assert_string_equal(line.text.data, want);
	assert_string_equal(runs.data, want_runs);
	buf_release(&runs);
	sanitized_line_release(&line);
}

static void allowed_sgr_becomes_runs(void **state)
{
	(void)state;
	check_line("plain", true, "plain", "");
	check_line("\033[31mred\033[0m x", true, "red x", "0:1/-1/0 3:-1/-1/0");
	check_line("a\033[1;4;97;104mb", true, "ab", "1:15/12/9");
	check_line("a\033[1mb\033[22mc", true, "abc", "1:-1/-1/1 2:-1/-1/0");
	check_line("\033[38;5;200mx\033[39my", true, "xy", "0:200/-1/0 1:-1/-1/0");
	check_line("\033[38;2;255;0;0mx", true, "x", "0:196/-1/0");
	check_line("\033[48;2;128;128;128mx", true, "x", "0:-1/244/0");
	check_line("\033[38;2;8;8;8mx", true, "x", "0:232/-1/0");
	check_line("\033[38;2;95;135;175mx", true, "x", "0:67/-1/0");
	check_line("\033[38;2;250;250;250mx", true, "x", "0:231/-1/0");
	check_line("\033[38;2;114;115;47mx", true, "x", "0:64/-1/0");
	check_line("a\033[mb\033[;mc\033[25md", true, "abcd", "");
	check_line("\033[31m\033[32m\033[0mx", true, "x", "");
	check_line("\033[38;5;1;1mx", true, "x", "0:1/-1/1");
}

static void other_sgr_is_shown(void **state)
{
	(void)state;
	check_line("\033[5mx", true, "^[[5mx", "0:-1/-1/16 5:-1/-1/0");
	check_line("\033[8mx", true, "^[[8mx", "0:-1/-1/16 5:-1/-1/0");
	check_line("\033[1;8mx", true, "^[[1;8mx", "0:-1/-1/16 7:-1/-1/0");
	check_line("\033[38;5mx", true, "^[[38;5mx", "0:-1/-1/16 8:-1/-1/0");
	check_line("\033[38;5;256mx", true, "^[[38;5;256mx", "0:-1/-1/16 12:-1/-1/0");
	check_line("\033[00031mx", true, "^[[00031mx", "0:-1/-1/16 9:-1/-1/0");
	check_line("\033[38:5:1mx", true, "^[[38:5:1mx", "0:-1/-1/16 10:-1/-1/0");
	check_line("\033[?1mx", true, "^[[?1mx", "0:-1/-1/16 6:-1/-1/0");
	check_line("\033[1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1mx", true, "x", "0:-1/-1/1");
	check_line("\033[1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1mx", true,
		"^[[1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1mx", "0:-1/-1/16 37:-1/-1/0");
}

/* Whatever ends a string, what follows is read afresh: a colour works again. */
static void strings_end_where_terminals_end_them(void **state)
{
	(void)state;
	check_line("\033]0;x\033[31mr", true, "^[]0;xr", "0:-1/-1/16 6:1/-1/0");
	check_line("\033]0;x\ar", true, "^[]0;x^Gr", "0:-1/-1/16 8:-1/-1/0");
	check_line("\033]0;x\033\\r", true, "^[]0;x^[\\r", "0:-1/-1/16 9:-1/-1/0");
	check_line("\033Px\234r", true, "^[Px\\x9cr", "0:-1/-1/16 8:-1/-1/0");
	check_line("\033Px\302\234r", true, "^[Px\\x9cr", "0:-1/-1/16 8:-1/-1/0");
	check_line("\033_x\030r", true, "^[_x^Xr", "0:-1/-1/16 6:-1/-1/0");
	check_line("\033^x\032r", true, "^[^x^Zr", "0:-1/-1/16 6:-1/-1/0");
	/* E2 9C 93 holds the byte of ST, but inside a character. */
	check_line("\033Xx\342\234\223\033[31mr", true, "^[Xx\342\234\223r", "0:-1/-1/16 7:1/-1/0");
}

static void hidden_text_is_shown(void **state)
{
	(void)state;
	check_line("\033[31;41mx", true, "x", "");
	check_line("\033[31mx\033[41my", true, "xy", "0:1/-1/0 1:-1/-1/0");
	check_line("\033[38;5;16;40mx", true, "x", "");
	check_line("\033[38;2;1;2;3;48;2;3;2;1mx", true, "x", "");
	check_line("\033[30;47mx", true, "x", "0:0/7/0");
	check_line("\033[7;31mx\ay", true, "x^Gy", "0:1/-1/16 1:1/-1/0 3:1/-1/16");
}

static void tabs_stop_every_eight_cells(void **state)
{
	(void)state;
	check_line("\tx", true, "        x", "");
	check_line("1234567\tx", true, "1234567 x", "");
	check_line("12345678\tx", true, "12345678        x", "");
	check_line("\345\265\214\tx", true, "\345\265\214      x", "");
	check_line("e\314\201\tx", true, "e\314\201       x", "");
	check_line("\a\tx", true, "^G      x", "0:-1/-1/16 2:-1/-1/0");
	check_line("\033[31m1\tx", true, "1       x", "0:1/-1/0");
}

static void redraws_are_carried_out(void **state)
{
	(void)state;
	check_line("text\r", true, "text", "");
	check_line("10%\r50%\r100%", true, "100%", "");
	check_line("10%\r50%\r\r", true, "50%", "");
	check_line("100%\r5%", true, "5%0%", "");
	check_line("\033[31m10%\r50%", true, "50%", "0:1/-1/0");
	check_line("\rtext\r", true, "text", "");
	check_line("\r\r\r", true, "", "");
	check_line("10%\r50%\r", false, "10%^M50%", "3:-1/-1/16 5:-1/-1/0");
	check_line("loss 0.9\b\b\b0.8", true, "loss 0.8", "");
	check_line("loss 0.9\b", false, "loss 0.9^H", "8:-1/-1/16");
}

/* pip, cargo and docker erase the line behind their CR; at the end the bar may be erased whole. */
static void erased_bars_are_gone(void **state)
{
	(void)state;
	check_line("10%\r\033[K20%", true, "20%", "");
	check_line("\r\033[2K\033[0K\033[32m20%\r\033[K", true, "", "");
	check_line("10%\r\033[K20%", false, "10%^M^[[K20%", "3:-1/-1/16 9:-1/-1/0");
	check_line("\033[Kx", true, "x", "");
	check_line("10%\rx\033[K", true, "x", "");
	/* None that a terminal acts upon within its line: shown. */
	check_line("10%\r\033[3K", true, "^[[3K", "0:-1/-1/16");
	check_line("10%\r\033[2", true, "^[[2", "0:-1/-1/16");
	check_line("10%\r\033[2J", true, "^[[2J", "0:-1/-1/16");
	check_line("\033[2;2Hx", true, "^[[2;2Hx", "0:-1/-1/16 7:-1/-1/0");
	/* Up and down there is nothing for one line. */
	check_line("10%\033[A\r20%\033[B", true, "20%", "");
}

static void check_written(const char *in, bool colour, size_t len, const char *want)
{
	struct sanitized_line line;
	struct buf out = BUF_INIT;

	sanitized_line_init(&line);
	sanitize_log_line(&line, in, strlen(in), true);
	sanitized_line_write(&line, len < line.text.len ? len : line.text.len, colour, &out);
	assert_string_equal(out.data, want);
	buf_release(&out);
	sanitized_line_release(&line);
}

static void lines_are_written_with_their_styles(void **state)
{
	(void)state;
	check_written("\033[31mred", true, 99, "\033[0;31mred\033[0m");
	check_written("\033[31mred", false, 99, "red");
	check_written("\033[31mred", true, 2, "\033[0;31mre\033[0m");
	check_written("re\033[31md", true, 2, "re");
	check_written("\033[1;96;48;5;99mx", true, 99, "\033[0;1;96;48;5;99mx\033[0m");
	check_written("\033[2Jx", true, 99, "\033[0;7m^[[2J\033[0mx");
	check_written("\033[2Jx", false, 99, "^[[2Jx");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(controls_become_carets),
		cmocka_unit_test(bad_utf8_is_replaced_by_maximal_parts),
		cmocka_unit_test(sequences_are_shown),
		cmocka_unit_test(long_sequences_are_cut_at_64_bytes),
		cmocka_unit_test(characters_that_lie_are_visible),
		cmocka_unit_test(marks_are_bounded),
		cmocka_unit_test(emoji_are_reduced_to_their_base),
		cmocka_unit_test(a_full_buffer_ends_the_work),
		cmocka_unit_test(allowed_sgr_becomes_runs),
		cmocka_unit_test(other_sgr_is_shown),
		cmocka_unit_test(strings_end_where_terminals_end_them),
		cmocka_unit_test(hidden_text_is_shown),
		cmocka_unit_test(tabs_stop_every_eight_cells),
		cmocka_unit_test(redraws_are_carried_out),
		cmocka_unit_test(erased_bars_are_gone),
		cmocka_unit_test(lines_are_written_with_their_styles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
