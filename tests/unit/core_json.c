/* The quick reader of JSON: the same tree as the library's, and nothing that the library refuses. */
#include "core/json_plain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { DEPTH = 4 };

static void is_read_as_the_library_does(const char *text)
{
	json_t *want = json_loadb(text, strlen(text), JSON_REJECT_DUPLICATES, NULL);
	json_t *got = json_plain(text, strlen(text), DEPTH);

	assert_non_null(want);
	if (got == NULL || !json_equal(got, want))
		fail_msg("%s was read otherwise", text);
	json_decref(want);
	json_decref(got);
}

static void what_programs_write_is_plain(void **state)
{
	static const char *const texts[] = {
		"{}",
		" [ ] ",
		"\t{\r\n\"a\" : 1 , \"b\":[true,false,null]}\n",
		"[0,-0,7,-7,123456789012345678,-123456789012345678]",
		"[0.5,-0.25,1e5,1E-7,2.5e+3,0.0,0.12345678901234567]",
		"[\"\",\"a\",\"\xe5\xb5\x8c\xe5\x85\xa5\",\"\x7f\"]",
		"[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\",\"a\\nb\",\"\\n\\n\",\"\xc3\xa9\\\"\"]",
		"{\"\":\"\",\"a\":{\"b\":[[]]}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		is_read_as_the_library_does(texts[i]);
}

static void what_is_odd_is_left_to_the_library(void **state)
{
	static const char *const texts[] = {
		"",
		" ",
		"1",
		"\"a\"",
		"true",
		"{",
		"[",
		"[1",
		"[1,",
		"[1,]",
		"[,]",
		"[1 2]",
		"[]]",
		"{} x",
		"{\"a\"}",
		"{\"a\":}",
		"{\"a\":1,}",
		"{a:1}",
		"{1:1}",
		"{\"a\":1,\"a\":2}",
		"{\"a\":1,\"b\":{},\"a\":{}}",
		"[01]",
		"[-]",
		"[+1]",
		"[.5]",
		"[1.]",
		"[1.e5]",
		"[1e]",
		"[1e+]",
		"[1e999]",
		"[0x10]",
		"[1234567890123456789]",
		"[nul]",
		"[truex]",
		"[NaN]",
		"[\"]",
		"[\"a",
		"[\"a\\",
		"[\"a\\\"",
		"[\"\\x\"]",
		"[\"\\u0041\"]",
		"[\"a\nb\"]",
		"[\"\xff\"]",
		"[\"\xed\xa0\x80\"]",
		"[\"\xc0\xaf\\n\"]",
		"{\"\xc3\xa9\":1}",
		"[[[[[]]]]]",
	};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		json_t *got = json_plain(texts[i], strlen(texts[i]), DEPTH);

		if (got)
			fail_msg("%s was taken", texts[i]);
	}
	assert_null(json_plain("[\0]", 3, DEPTH));
	assert_null(json_plain("[\"\0\"]", 5, DEPTH));
	assert_null(json_plain("[1]\0", 4, DEPTH));
	assert_null(json_plain("[[]]", 4, 1));
}

/* Each beginning of a text ends within the text: the sanitisers watch. */
static void a_text_that_is_cut_is_not_plain(void **state)
{
	static const char text[] = "{\"a\":[1.5e3,\"b\\n\",{\"c\":null}],\"d\":-12}";

	(void)state;
	for (size_t len = 0; len < sizeof text - 1; len++) {
		char *part = test_malloc(len + 1);

		memcpy(part, text, len);
		assert_null(json_plain(part, len, DEPTH));
		test_free(part);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_programs_write_is_plain),
		cmocka_unit_test(what_is_odd_is_left_to_the_library),
		cmocka_unit_test(a_text_that_is_cut_is_not_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
