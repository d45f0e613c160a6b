/* Regular expressions: what fits, what is refused, the same as glibc's, and bounded whatever is asked. */
#include "base/mem.h"
#include "core/text/regex.h"
#include "core_random.h"

#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct dice dice = {20261122};

static size_t random_below(size_t n)
{
	return (size_t)dice_below(&dice, (int64_t)n);
}

static bool regex_fits(const struct regex *r, const char *text)
{
	int64_t steps = INT64_MAX;

	return regex_fits_within(r, text, &steps);
}

static bool regex_find(const struct regex *r, const char *text, size_t len,
	struct regex_span parts[REGEX_PARTS_MAX])
{
	int64_t steps = INT64_MAX;

	return regex_find_within(r, text, len, parts, &steps);
}

static bool fits(const char *pattern, const char *text)
{
	struct err e = ERR_INIT;
	struct regex *r = regex_new(pattern, &e);
	bool result;

	if (r == NULL)
		fail_msg("%s: %s", pattern, e.text);
	result = regex_fits(r, text);
	regex_free(r);
	return result;
}

static const struct {
	const char *pattern, *hit, *miss; /* NULL: none */
} rows[] = {
	{"", "", NULL},
	{"b", "abc", "acd"},
	{"^$", "", "a"},
	{"^ab?c$", "ac", "abbc"},
	{"a.c", "xa\nc", "ac"},
	{"a|bc|", "", NULL},
	{"^(a|bc)+$", "abcbca", "abcb"},
	{"^(|a)b$", "b", "aab"},
	{"^a{2}$", "aa", "aaa"},
	{"^a{2,}$", "aaaa", "a"},
	{"^a{,2}$", "", "aaa"},
	{"^a{2,3}$", "aaa", "aaaa"},
	{"^(a{2}){2}$", "aaaa", "aaa"},
	{"^((a*)*)*$", "aaa", "ab"},
	{"^[^]a]$", "b", "]"},
	{"^[]a-c]$", "]", "d"},
	{"^[a-]$", "-", "b"},
	{"^[a\\]$", "\\", "b"},
	{"^[[:digit:]_]+$", "4_2", "4a"},
	{"^[^[:space:]]+$", "ab", "a b"},
	{"^\\w+\\s\\d$", "ab 1", "ab1"},
	{"^\\W\\S\\D$", "-aa", "aaa"},
	{"\\bcat\\b", "a cat.", "concat"},
	{"\\.\\*\\(\\{", "x.*({", ".."},
	{"li", "LI", "l"}, /* no capital: case does not count */
	{"Li", "Li", "li"},
	{"^[a-f]$", "F", "G"},
	{"^[^a-f]$", "G", "F"},
	{"^[[:upper:]]$", "a", "1"},
	{"^[[:upper:]]A$", "BA", "bA"},
	{"^..$", "\xE5\xB5\x8C\xE5\x85\xA5", "\xE5\xB5\x8C"}, /* characters, not bytes */
	{"^[\xC3\xA0-\xC3\xAF]$", "\xC3\xA9", "e"},
	{"^[^a]$", "\xC3\xA9", "a"},
	{"^.$", "\xFF", ""},
	{"^\xC3\xA9{2}$", "\xC3\xA9\xC3\xA9", "\xC3\xA9"},
};

static void what_fits(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!fits(rows[i].pattern, rows[i].hit))
			fail_msg("%s does not fit %s", rows[i].pattern, rows[i].hit);
		if (rows[i].miss && fits(rows[i].pattern, rows[i].miss))
			fail_msg("%s fits %s", rows[i].pattern, rows[i].miss);
	}
}

static void what_is_refused(void **state)
{
	static const char *const texts[][2] = {
		{"(a", "( has no )"}, {"a)", ") has no ("}, {"[a", "[ has no ]"},
		{"[]", "[ has no ]"}, {"[z-a]", "ends before it begins"},
		{"[[:letter:]]", "no class"}, {"[[:alpha]", "no class"},
		{"[[.a.]]", "collating elements"}, {"[[=a=]]", "collating elements"},
		{"*a", "stand behind what they repeat"}, {"a|+", "stand behind what they repeat"},
		{"({2})", "stand behind what they repeat"}, {"a{", "one count, or two"},
		{"a{x}", "one count, or two"}, {"a{,}", "one count, or two"},
		{"a{3,2}", "below the first"}, {"a{256}", "255 at most"},
		{"a{99999999999999999999}", "255 at most"}, {"a\\", "nothing behind it"},
		{"(a)\\1", "back references"}, {"\\q", "mean something behind \\"},
		{"\\<a", "the edges of a word"}, {"((a{200}){200}){200}", "too large"},
		{"((({255}){255}){255}){255}", "stand behind"},
		{"((((){255}){255}){255}){255}",
			"too large"}, /* nothing, four thousand million times */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct err e = ERR_INIT;

		if (regex_new(texts[i][0], &e) != NULL)
			fail_msg("%s is taken", texts[i][0]);
		if (strstr(e.text, texts[i][1]) == NULL || e.code != ERR_INVALID)
			fail_msg("%s: %s", texts[i][0], e.text);
	}
}

static void length_is_bounded(void **state)
{
	char text[REGEX_BYTES_MAX + 2];
	struct err e = ERR_INIT;

	(void)state;
	memset(text, 'a', sizeof text);
	text[REGEX_BYTES_MAX + 1] = '\0';
	assert_null(regex_new(text, &e));
	assert_non_null(strstr(e.text, "257 bytes: it may have 256"));
	text[REGEX_BYTES_MAX] = '\0';
	assert_true(fits(text, text));
	/* As deep as its length allows. */
	memset(text, '(', REGEX_BYTES_MAX / 2);
	memset(text + REGEX_BYTES_MAX / 2, ')', REGEX_BYTES_MAX / 2);
	assert_true(fits(text, ""));
}

/* With a machine of states these take minutes and gigabytes; here the run is over at once. */
static void cost_is_bounded(void **state)
{
	static const char *const patterns[] = {"(a|b)*a(a|b){60}c", "(.|..|...)*(.|..){100}q",
		"((((a*)*)*)*)*c", "(a?){150}a{150}c", "(a|aa)+c",
		"(a|b)*a........................................c"};
	size_t size = 64 * 1024;
	char *text = mem_alloc(size + 1);

	(void)state;
	for (size_t i = 0; i < size; i++)
		text[i] = random_below(2) ? 'a' : 'b';
	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++)
		assert_false(fits(patterns[i], text));
	free(text);
}

/* ---- Beside glibc ---- */

static size_t add(char *out, size_t at, const char *text)
{
	size_t len = strlen(text);

	memcpy(out + at, text, len + 1);
	return at + len;
}

/* Anchors not in groups: glibc 2.36 forgets those that are repeated, "(^a){2}" fits "aa" there. */
static size_t random_pattern(char *out, size_t at, int depth, bool anchors)
{
	static const char *const atoms[] = {"a", "b", "A", ".", "[ab]", "[^a]", "[A-b]", "\\.",
		"[[:upper:]]", "\\w", "^", "$"};
	static const char *const repeats[] = {"*", "+", "?", "{2}", "{1,2}", "{0,1}", "{2,}"};
	size_t pieces = random_below(4);

	for (size_t i = 0; i < pieces; i++) {
		size_t kind = random_below(depth > 0 ? 8 : 6);
		bool anchor = false;

		if (kind < 6) {
			const char
				*atom = atoms[random_below(ARRAY_SIZE(atoms) - (anchors ? 0 : 2))];

			anchor = *atom == '^' || *atom == '$';
			at = add(out, at, atom);
		} else {
			at = add(out, at, "(");
			at = random_pattern(out, at, depth - 1, false);
			at = add(out, at, ")");
		}
		/* What a repeated anchor means is left open by POSIX. */
		if (!anchor && random_below(3) == 0)
			at = add(out, at, repeats[random_below(ARRAY_SIZE(repeats))]);
	}
	if (pieces == 0)
		at = add(out, at, "a");
	if (depth > 0 && random_below(5) == 0) {
		at = add(out, at, "|");
		at = random_pattern(out, at, depth - 1, anchors);
	}
	return at;
}

static bool has_capital(const char *pattern)
{
	return strpbrk(pattern, "AB") != NULL;
}

static void the_same_as_glibc(void **state)
{
	static const char letters[] = "abAB.";

	(void)state;
	for (int i = 0; i < 20000; i++) {
		char pattern[1024] = "", text[9];
		struct err e = ERR_INIT;
		struct regex *ours;
		regex_t theirs;

		random_pattern(pattern, 0, 2, true);
		if (strlen(pattern) > REGEX_BYTES_MAX)
			continue;
		ours = regex_new(pattern, &e);
		assert_int_equal(
			regcomp(&theirs, pattern,
				REG_EXTENDED | REG_NOSUB | (has_capital(pattern) ? 0 : REG_ICASE)),
			0);
		if (ours == NULL)
			fail_msg("%s: %s", pattern, e.text);
		for (int n = 0; n < 8; n++) {
			size_t len = random_below(sizeof text);

			for (size_t c = 0; c < len; c++)
				text[c] = letters[random_below(sizeof letters - 1)];
			text[len] = '\0';
			if (regex_fits(ours, text) != (regexec(&theirs, text, 0, NULL, 0) == 0))
				fail_msg("%s and \"%s\": ours %d", pattern, text,
					regex_fits(ours, text));
		}
		regfree(&theirs);
		regex_free(ours);
	}
}

/* What part `name` took, as text; NULL where it took none. */
static const char *part_took(const char *pattern, const char *text, const char *name, char out[64])
{
	struct regex_span parts[REGEX_PARTS_MAX];
	struct err e;
	struct regex *r = regex_new(pattern, &e);
	const char *took = NULL;

	assert_non_null(r);
	if (regex_find(r, text, strlen(text), parts))
		for (size_t i = 0; regex_part(r, i); i++)
			if (strcmp(regex_part(r, i), name) == 0 && parts[i].at != REGEX_NOWHERE) {
				snprintf(out, 64, "%.*s", (int)parts[i].len, text + parts[i].at);
				took = out;
			}
	regex_free(r);
	return took;
}

static void parts_are_found(void **state)
{
	static const struct {
		const char *pattern, *text, *name, *took;
	} cases[] = {
		{"at (?<step>[0-9]+) of (?P<total>[0-9]+)", "x at 12 of 340 y", "step", "12"},
		{"at (?<step>[0-9]+) of (?P<total>[0-9]+)", "x at 12 of 340 y", "total", "340"},
		{"(?<step>[0-9]+)", "7 and 12", "step", "7"},
		{"(?<step>[0-9]*)", "no 5", "step", ""},
		{"((?<step>[0-9]+),?)+", "1,22,333;4", "step", "333"},
		{"(?<step>a|ab)(?<total>c|bcd)", "abcd", "step", "a"},
		{"(?<step>a|ab)(?<total>c|bcd)", "abcd", "total", "bcd"},
		{"x(?<step>[0-9]+)|y(?<total>[0-9]+)", "y5", "step", NULL},
		{"x(?<step>[0-9]+)|y(?<total>[0-9]+)", "y5", "total", "5"},
		{"loss=(?<loss>[^ ]+)$", "loss=3 loss=4", "loss", "4"},
		{"^(?<step>[0-9]+)$", "12x", "step", NULL},
		{"\xc3\xa9(?<step>[0-9])",
			"\xc3\xa9"
			"4",
			"step", "4"},
	};
	char out[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *took = part_took(cases[i].pattern, cases[i].text, cases[i].name, out);

		if ((took == NULL) != (cases[i].took == NULL) ||
			(took && strcmp(took, cases[i].took) != 0))
			fail_msg("%s in \"%s\": %s took %s", cases[i].pattern, cases[i].text,
				cases[i].name, took ? took : "nothing");
	}
}

static void parts_that_are_refused(void **state)
{
	static const char *const bad[] = {"(?<>a)", "(?<Step>a)", "(?:a)", "(?<step", "(?<step>a",
		"(?P<step)a", "(?<a>a)(?<b>b)(?<c>c)(?<d>d)(?<e>e)(?<f>f)(?<g>g)(?<h>h)(?<i>i)"};
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (regex_new(bad[i], &e) != NULL)
			fail_msg("%s is taken", bad[i]);
}

/* Nobody can make it cost more than the text's length times the steps. */
static void parts_cost_is_bounded(void **state)
{
	struct regex_span parts[REGEX_PARTS_MAX];
	char text[4096 + 1];
	struct err e;
	struct regex *r = regex_new("(?<step>(a|b)*a(a|b){60}c)", &e);

	(void)state;
	assert_non_null(r);
	for (size_t i = 0; i < sizeof text - 1; i++)
		text[i] = i % 3 ? 'a' : 'b';
	text[sizeof text - 1] = '\0';
	assert_false(regex_find(r, text, sizeof text - 1, parts));
	regex_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fits),
		cmocka_unit_test(what_is_refused),
		cmocka_unit_test(length_is_bounded),
		cmocka_unit_test(cost_is_bounded),
		cmocka_unit_test(the_same_as_glibc),
		cmocka_unit_test(parts_are_found),
		cmocka_unit_test(parts_that_are_refused),
		cmocka_unit_test(parts_cost_is_bounded),
	};

	printf("seed %llu\n", (unsigned long long)dice.state);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
