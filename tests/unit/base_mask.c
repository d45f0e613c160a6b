/* Texts that must not be shown are covered, and base64 is what RFC 4648 says. */
#include "base/base64.h"
#include "base/mask.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void covers(const char *before, const char *secret, const char *after)
{
	char *text = mem_strdup(before);
	struct mask m;

	mask_begin(&m, text, strlen(text));
	mask_text(&m, secret, strlen(secret));
	mask_end(&m);
	assert_string_equal(text, after);
	free(text);
}

static void test_places(void **state)
{
	(void)state;
	covers("key 12345678!", "12345678", "key ********!");
	covers("key 1234567!", "1234567", "key 1234567!"); /* too short to be looked for */
	covers("1234567812345678", "12345678", "****************");
	covers("aaaaaaaaaaaa b", "aaaaaaaa", "************ b"); /* places that overlap */
	covers("xy", "12345678", "xy");
	covers("", "12345678", "");
}

/* What was read may begin, or end, in the middle of one. */
static void test_cut(void **state)
{
	(void)state;
	covers("45678 is the end", "12345678", "***** is the end");
	covers("begins 12345", "12345678", "begins *****");
	covers("5678", "12345678", "****");
	covers("678 x 123", "12345678", "678 x 123"); /* so little may be anything */
}

static void test_lines(void **state)
{
	static const char secret[] = "first-line\r\nsecond-line\nnot\n";

	(void)state;
	covers("a second-line b", secret, "a *********** b");
	covers("a first-line b", secret, "a ********** b");
	covers("it is not so", secret, "it is not so");
}

/* One that holds another is covered whole, whichever is looked for first. */
static void test_one_in_another(void **state)
{
	char text[] = "<12345678-and-more>";
	struct mask m;

	(void)state;
	mask_begin(&m, text, strlen(text));
	mask_text(&m, "12345678", 8);
	mask_text(&m, "12345678-and-more", 17);
	mask_end(&m);
	assert_string_equal(text, "<*****************>");
}

/* More than may be looked for: nothing of it is shown. */
static void test_too_much(void **state)
{
	size_t len = 256 * 1024;
	char *text = mem_alloc(len + 1), value[32];
	struct mask m;

	(void)state;
	memset(text, 'x', len);
	mask_begin(&m, text, len);
	for (int i = 0; i < 300; i++) {
		snprintf(value, sizeof value, "value-number-%d", i);
		mask_text(&m, value, strlen(value));
	}
	mask_end(&m);
	assert_int_equal(strspn(text, "*"), len);
	free(text);
}

static void test_shortened(void **state)
{
	char text[] = "a ********* b ** c ************";

	(void)state;
	mask_shorten(text);
	assert_string_equal(text, "a *** b ** c ***");
}

static void test_base64(void **state)
{
	static const char *const vectors[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="},
		{"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy"}};
	static const char *const bad[] = {"Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zg==Zg==", "Zm9v\n",
		" Zm9v", "Zm9-", "====", "Z===", "=Zm9", "Zm=v"};
	struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		buf_reset(&out);
		base64_encode(&out, vectors[i][0], strlen(vectors[i][0]));
		assert_string_equal(out.data, vectors[i][1]);
		assert_int_equal(out.len, BASE64_LEN(strlen(vectors[i][0])));
		buf_reset(&out);
		assert_true(base64_decode(&out, vectors[i][1], strlen(vectors[i][1])));
		assert_string_equal(out.data, vectors[i][0]);
	}
	buf_reset(&out);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (base64_decode(&out, bad[i], strlen(bad[i])) || out.len > 0)
			fail_msg("\"%s\" was taken", bad[i]);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_one_in_another),
		cmocka_unit_test(test_too_much),
		cmocka_unit_test(test_shortened),
		cmocka_unit_test(test_base64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
