/* Words as a POSIX shell splits them; each expectation was compared with `sh -c 'printf ...'`. */
#include "core/schema/words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void splits(const char *text, const char *expected)
{
	struct arena a = ARENA_INIT;
	struct strings words;
	struct buf got = BUF_INIT;

	assert_true(words_split(&words, &a, text, NULL));
	for (size_t i = 0; i < words.len; i++)
		buf_addf(&got, "[%s]", words.items[i]);
	assert_null(words.items[words.len]);
	assert_string_equal(got.data, expected);
	buf_release(&got);
	arena_release(&a);
}

static void refuses(const char *text, const char *message)
{
	struct arena a = ARENA_INIT;
	struct strings words = {.len = 77};
	struct err e = ERR_INIT;

	assert_false(words_split(&words, &a, text, &e));
	assert_string_equal(e.text, message);
	assert_int_equal(words.len, 77);
	arena_release(&a);
}

static void test_blanks(void **state)
{
	(void)state;
	splits(NULL, "");
	splits("", "");
	splits(" \t\n", "");
	splits("a", "[a]");
	splits("  --epochs 3\t--lr\n0.1  ", "[--epochs][3][--lr][0.1]");
}

static void test_quotes(void **state)
{
	(void)state;
	splits("'a b' \"c d\" e\\ f", "[a b][c d][e f]");
	splits("a'b'\"c\"d", "[abcd]");
	splits("'' \"\" x", "[][][x]");
	splits("'a\\b' \"a\\b\\\"\\$\\\\\\`\"", "[a\\b][a\\b\"$\\`]");
	splits("\"it's\" 'say \"x\"'", "[it's][say \"x\"]");
	splits("a\\\nb \"c\\\nd\"", "[ab][cd]");
	splits("a \\\n b", "[a][b]");
	splits("\\'", "[']");
}

static void test_nothing_is_expanded(void **state)
{
	(void)state;
	splits("$HOME `ls` *.py a|b ~ #x >y ;", "[$HOME][`ls`][*.py][a|b][~][#x][>y][;]");
}

static void test_refused(void **state)
{
	struct buf many = BUF_INIT;

	(void)state;
	refuses("a 'b", "column 3: the quote ' is not closed");
	refuses("a \"b\\\"", "column 3: the quote \" is not closed");
	refuses("ab\\", "column 3: a backslash with nothing behind it");
	for (int i = 0; i <= WORDS_MAX; i++)
		buf_adds(&many, "x ");
	refuses(many.data, "more than 4096 words");
	buf_release(&many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blanks),
		cmocka_unit_test(test_quotes),
		cmocka_unit_test(test_nothing_is_expanded),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
