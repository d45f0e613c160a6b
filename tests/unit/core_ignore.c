/* .mltopignore: each expectation was compared with git check-ignore. */
#include "core/text/ignore.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool fits(const char *lines, const char *path)
{
	struct ignore *g = ignore_new();
	struct err e = ERR_INIT;
	size_t len = strlen(path);
	char clean[4096];
	bool folder = path[len - 1] == '/', found;

	snprintf(clean, sizeof clean, "%.*s", (int)(len - folder), path);
	if (!ignore_add(g, lines, strlen(lines), "f", &e))
		fail_msg("%s", e.text);
	found = ignore_match(g, clean, folder);
	ignore_free(g);
	return found;
}

/* `paths` are divided by blanks; folders end with a slash. */
static void all(const char *lines, const char *paths, bool expected)
{
	char copy[1024], *rest = copy, *path;

	snprintf(copy, sizeof copy, "%s", paths);
	while ((path = strsep(&rest, " ")) != NULL)
		if (fits(lines, path) != expected)
			fail_msg("'%s' and '%s': not %s", lines, path,
				expected ? "left out" : "kept");
}

static void leaves_out(const char *lines, const char *paths)
{
	all(lines, paths, true);
}

static void keeps(const char *lines, const char *paths)
{
	all(lines, paths, false);
}

static void test_plain(void **state)
{
	(void)state;
	leaves_out("a.log", "a.log x/a.log x/y/a.log a.log/ x/a.log/");
	keeps("a.log", "b.log a.log2 aa.log a.lo axlog a.log/x");
	keeps("", "a .git/");
}

static void test_comments_and_blanks(void **state)
{
	(void)state;
	keeps("#a\n\n   \n", "#a a x");
	leaves_out("\\#a", "#a x/#a");
	leaves_out("\\!a", "!a");
	leaves_out("a  \n", "a");
	leaves_out("a\r\nb\r\n", "a b");
	assert_true(fits("a\\ ", "a "));
	assert_true(fits("a b", "a b"));
	keeps("!\n", "! a");
}

static void test_wildcards(void **state)
{
	(void)state;
	leaves_out("*.log", ".log a.log x/a.log");
	keeps("*.log", "a.logs log a.log/x");
	leaves_out("a?c", "abc axc x/abc aüc");
	keeps("a?c", "ac abbc a/c");
	leaves_out("*", "a a/ a/b .x");
	leaves_out("a*b*c", "abc aXbYc abbbbc");
	keeps("a*b*c", "abcd acb");
	leaves_out("\\*", "*");
	keeps("\\*", "a");
}

static void test_sets(void **state)
{
	(void)state;
	leaves_out("*.py[co]", "a.pyc a.pyo x/a.pyc");
	keeps("*.py[co]", "a.py a.pyd a.pyco");
	leaves_out("[a-cx]1", "a1 b1 c1 x1");
	keeps("[a-cx]1", "d1 w1 1 -1");
	leaves_out("[!a]1 \n[^b]2", "b1 a2");
	keeps("[!a]1", "a1 1");
	leaves_out("[]]", "]");
	leaves_out("[a-]", "- a");
	leaves_out("[ä-ü]", "ö");
	keeps("x/[!a]y", "x//y");
}

static void test_folders(void **state)
{
	(void)state;
	leaves_out("data/", "data/ x/data/");
	keeps("data/", "data x/data");
	leaves_out("/build", "build build/");
	keeps("/build", "x/build x/build/");
	leaves_out("a/b", "a/b a/b/");
	keeps("a/b", "x/a/b a/b/c b");
	leaves_out("/a/*/c", "a/b/c");
	keeps("/a/*/c", "a/c a/b/b/c");
	leaves_out("sub/*.bin", "sub/x.bin");
	keeps("sub/*.bin", "x.bin sub/a/x.bin");
}

static void test_across_folders(void **state)
{
	(void)state;
	leaves_out("**/tmp", "tmp a/tmp a/b/tmp tmp/");
	keeps("**/tmp", "xtmp a/xtmp tmp/a");
	leaves_out("a/**", "a/b a/b/c");
	keeps("a/**", "a a/ b/a");
	leaves_out("a/**/b", "a/b a/x/b a/x/y/b");
	keeps("x/a**b", "x/a/b");
	leaves_out("x/a**b", "x/ab x/acb");
	keeps("a/**/b", "ab a/xb x/a/b a/b/c");
}

static void test_the_last_line_decides(void **state)
{
	(void)state;
	keeps("*.log\n!keep.log", "keep.log x/keep.log");
	leaves_out("*.log\n!keep.log", "a.log");
	leaves_out("!keep.log\n*.log", "keep.log");
	leaves_out("*.log\n!keep.log\n/keep.log", "keep.log");
	keeps("*.log\n!keep.log\n/keep.log", "x/keep.log");
}

static void test_standard(void **state)
{
	struct ignore *g = ignore_new();

	(void)state;
	ignore_add_standard(g);
	assert_true(ignore_match(g, ".git", true));
	assert_true(ignore_match(g, "a/__pycache__", true));
	assert_true(ignore_match(g, "a/b.pyc", false));
	assert_false(ignore_match(g, ".git", false));
	assert_false(ignore_match(g, ".github", true));
	assert_false(ignore_match(g, "a.py", false));
	assert_true(ignore_add(g, "!b.pyc", 6, "f", NULL));
	assert_false(ignore_match(g, "a/b.pyc", false));
	ignore_free(g);
	ignore_free(NULL);
}

static void refuses(const char *text, size_t len, const char *sentence)
{
	struct ignore *g = ignore_new();
	struct err e = ERR_INIT;

	assert_true(ignore_add(g, "kept", 4, "f", NULL));
	assert_false(ignore_add(g, text, len, "f", &e));
	assert_int_equal(e.code, ERR_INVALID);
	assert_non_null(strstr(e.text, sentence));
	assert_true(ignore_match(g, "kept", false));
	assert_false(ignore_match(g, "first", false));
	ignore_free(g);
}

static void test_limits(void **state)
{
	size_t size = IGNORE_BYTES_MAX + 1;
	char *text = calloc(1, size + 1);

	(void)state;
	refuses("first\n[a\n", 9, "f: line 2: '['");
	refuses("first\n[]\n", 9, "f: line 2: '['");
	refuses("\xff\xfes\0e\0", 6, "f: it is no UTF-8 text (UTF-16");
	refuses("first\nse\0cret", 13, "f: it is no UTF-8 text");
	memset(text, 'a', size);
	memcpy(text, "first\n", 6);
	refuses(text, 6 + IGNORE_PATTERN_MAX + 1, "f: line 2: a pattern may have 255");
	refuses(text, size, "f: it may have 65536 bytes");
	for (size_t i = 6; i < 6 + 2 * IGNORE_RULES_MAX; i += 2)
		text[i + 1] = '\n';
	refuses(text, 6 + 2 * IGNORE_RULES_MAX, "line 1000: there may be 1000 patterns");
	free(text);
}

/* Ways through the pattern are walked at once: what would take for ever elsewhere ends here. */
static void test_no_pattern_is_slow(void **state)
{
	char lines[IGNORE_PATTERN_MAX + 1] = "", path[1001];

	(void)state;
	for (int i = 0; i < 60; i++)
		strncat(lines, "a**", sizeof lines - strlen(lines) - 1);
	strncat(lines, "b", sizeof lines - strlen(lines) - 1);
	memset(path, 'a', 1000);
	path[1000] = '\0';
	assert_false(fits(lines, path));
	path[999] = 'b';
	assert_true(fits(lines, path));
}

/* As some editors write it; elsewhere the three bytes are a character like another. */
static void test_byte_order_mark(void **state)
{
	(void)state;
	assert_true(fits("\xef\xbb\xbf*.log\n", "a.log"));
	assert_true(fits("\xef\xbb\xbf# a comment\nb", "b"));
	assert_false(fits("\xef\xbb\xbf", "b"));
	assert_true(fits("b\n\xef\xbb\xbf"
			 "c",
		"\xef\xbb\xbf"
		"c"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_comments_and_blanks),
		cmocka_unit_test(test_wildcards),
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_folders),
		cmocka_unit_test(test_across_folders),
		cmocka_unit_test(test_the_last_line_decides),
		cmocka_unit_test(test_standard),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_byte_order_mark),
		cmocka_unit_test(test_no_pattern_is_slow),
	};

	return cmocka_run_group_tests_name("core_ignore", tests, NULL, NULL);
}
