/* Decoding against table 3-7 by exhaustion, widths against Unicode 15, clusters. */
#include "base/utf8.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void every_character_goes_there_and_back(void **state)
{
	(void)state;
	for (uint32_t cp = 0; cp < 0x110000; cp++) {
		char s[UTF8_MAX];
		uint32_t back;
		bool valid, more;
		size_t n = utf8_encode(cp, s);

		if (cp >= 0xD800 && cp <= 0xDFFF) {
			assert_memory_equal(s, "\357\277\275", 3);
			continue;
		}
		if (utf8_decode(s, n, &back, &valid, &more) != n || !valid || more || back != cp)
			fail_msg("U+%04X comes back as U+%04X", (unsigned)cp, (unsigned)back);
		/* Every beginning of it is good so far. */
		for (size_t part = 1; part < n; part++)
			if (utf8_decode(s, part, &back, &valid, &more) != part || valid || !more)
				fail_msg("U+%04X cut at %zu", (unsigned)cp, part);
	}
	assert_int_equal(utf8_encode(0x110000, (char[UTF8_MAX]){0}), 3);
}

/* All three-byte strings: what decodes must be what encodes to those bytes, and nothing else. */
static void nothing_else_is_valid(void **state)
{
	(void)state;
	for (uint32_t i = 0x800000; i < 0x1000000; i++) {
		char s[3] = {(char)(i >> 16), (char)(i >> 8), (char)i}, back[UTF8_MAX];
		uint32_t cp;
		bool valid, more;
		size_t n = utf8_decode(s, 3, &cp, &valid, &more);

		if (n < 1 || n > 3)
			fail_msg("%06X takes %zu bytes", (unsigned)i, n);
		if (valid && (utf8_encode(cp, back) != n || memcmp(s, back, n) != 0))
			fail_msg("%06X is no encoding of U+%04X", (unsigned)i, (unsigned)cp);
		if (!valid && cp != UTF8_REPLACEMENT)
			fail_msg("%06X gives U+%04X", (unsigned)i, (unsigned)cp);
	}
}

static void invalid_parts_are_maximal(void **state)
{
	static const struct {
		const char *bytes;
		size_t takes;
		bool more;
	} rows[] = {{"\200x", 1, false}, {"\300\200", 1, false}, {"\301\200", 1, false},
		{"\302x", 1, false}, {"\340\200\200", 1, false}, {"\340\240x", 2, false},
		{"\355\240\200", 1, false}, {"\360\200\200\200", 1, false},
		{"\360\220\200x", 3, false}, {"\364\220\200\200", 1, false},
		{"\365\200\200\200", 1, false}, {"\377", 1, false}, {"\302", 1, true},
		{"\342\202", 2, true}, {"\360\237\230", 3, true}, {"\340", 1, true}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint32_t cp;
		bool valid, more;
		size_t n = utf8_decode(rows[i].bytes, strlen(rows[i].bytes), &cp, &valid, &more);

		if (n != rows[i].takes || valid || more != rows[i].more || cp != UTF8_REPLACEMENT)
			fail_msg("row %zu takes %zu, more %d", i, n, more);
	}
	assert_true(utf8_valid("", 0));
	assert_true(utf8_valid("a\0\342\202\254", 5));
	assert_false(utf8_valid("a\342\202", 3));
}

static void widths(void **state)
{
	/* EastAsianWidth.txt and UnicodeData.txt of Unicode 15. */
	static const struct {
		uint32_t cp;
		int width;
	} rows[] = {{'a', 1}, {0xE9, 1}, {0x300, 0}, {0x36F, 0}, {0xAD, 0}, {0x3B1, 1}, {0x5D0, 1},
		{0x64B, 0}, {0x903, 1}, {0x94D, 0}, {0xE31, 0}, {0x1100, 2}, {0x1161, 0},
		{0x200B, 0}, {0x200D, 0}, {0x2028, 0}, {0x202E, 0}, {0x20AC, 1}, {0x2026, 1},
		{0x231A, 2}, {0x231C, 1}, {0x2500, 1}, {0x2588, 1}, {0x25CF, 1}, {0x2614, 2},
		{0x2764, 1}, {0x2800, 1}, {0x2B50, 2}, {0x2E80, 2}, {0x3000, 2}, {0x303F, 1},
		{0x3041, 2}, {0x3248, 1}, {0x4DC0, 1}, {0x4DBF, 2}, {0x4E00, 2}, {0x9FFF, 2},
		{0xA000, 2}, {0xAC00, 2}, {0xD7A3, 2}, {0xE000, 1}, {0xF900, 2}, {0xFE0F, 0},
		{0xFE30, 2}, {0xFEFF, 0}, {0xFF01, 2}, {0xFF60, 2}, {0xFF61, 1}, {0xFFE0, 2},
		{0xFFFD, 1}, {0x1B132, 2}, {0x1D165, 1}, {0x1D167, 0}, {0x1F004, 2}, {0x1F1E6, 1},
		{0x1F600, 2}, {0x1F3FB, 2}, {0x1FAE8, 2}, {0x1FAF8, 2}, {0x20000, 2}, {0x2FFFD, 2},
		{0x31350, 2}, {0x323AF, 2}, {0x3FFFD, 2}, {0xE0100, 0}, {0x10FFFF, 1}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (utf8_cp_width(rows[i].cp) != rows[i].width)
			fail_msg("U+%04X takes %d", (unsigned)rows[i].cp,
				utf8_cp_width(rows[i].cp));
	assert_int_equal(utf8_width("a\345\265\214e\314\201"), 4);
	assert_int_equal(utf8_width(""), 0);
}

static void strings_fit_by_whole_clusters(void **state)
{
	const char *text = "a\345\265\214e\314\201b"; /* a, wide, e + acute, b: 1 + 2 + 1 + 1 */
	static const size_t want[] = {0, 1, 1, 4, 7, 8, 8};
	static const int cells[] = {0, 1, 1, 3, 4, 5, 5};

	(void)state;
	for (int i = 0; i < (int)ARRAY_SIZE(want); i++) {
		int used = -1;

		assert_int_equal(utf8_fit(text, i, &used), want[i]);
		assert_int_equal(used, cells[i]);
	}
	assert_int_equal(utf8_fit(text, -1, NULL), 0);
}

static void clusters_forward_and_back(void **state)
{
	const char *text = "a\345\265\214e\314\201\314\202b";
	static const size_t sizes[] = {1, 3, 5, 1};
	size_t at = 0;
	int width;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		assert_int_equal(utf8_cluster(text + at, &width), sizes[i]);
		assert_int_equal(width, i == 1 ? 2 : 1);
		at += sizes[i];
	}
	assert_int_equal(utf8_cluster(text + at, &width), 0);
	for (size_t i = ARRAY_SIZE(sizes); i-- > 0;) {
		assert_int_equal(utf8_cluster_before(text, at), sizes[i]);
		at -= sizes[i];
	}
	assert_int_equal(utf8_cluster_before(text, 0), 0);
	assert_int_equal(utf8_cluster("\314\201\314\202a", &width), 4);
	assert_int_equal(width, 0);
	assert_int_equal(utf8_cluster_before("\314\201a", 2), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_character_goes_there_and_back),
		cmocka_unit_test(nothing_else_is_valid),
		cmocka_unit_test(invalid_parts_are_maximal),
		cmocka_unit_test(widths),
		cmocka_unit_test(strings_fit_by_whole_clusters),
		cmocka_unit_test(clusters_forward_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
