/* Paths, queries and percent-encoding: what is let in, and that encoding and decoding agree. */
#include "core/wire/query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void clean_is(const char *path, const char *wants)
{
	struct buf out = BUF_INIT;
	struct err e = ERR_INIT;

	assert_true(path_clean(path, &out, &e));
	assert_string_equal(out.data, wants);
	buf_release(&out);
}

static void clean_refuses(const char *path)
{
	struct buf out = BUF_INIT;
	struct err e = ERR_INIT;

	buf_adds(&out, "before");
	assert_false(path_clean(path, &out, &e));
	assert_int_equal(e.code, ERR_INVALID);
	assert_string_equal(out.data, "before");
	buf_release(&out);
}

static void test_path_clean(void **state)
{
	(void)state;
	clean_is("/", "/");
	clean_is("/cloud_ml/v1/train", "/cloud_ml/v1/train");
	clean_is("//cloud_ml///v1/train", "/cloud_ml/v1/train");
	clean_is("/a/", "/a/");
	clean_is("/a.b/..c/~x-_Z9", "/a.b/..c/~x-_Z9");
}

static void test_a_wrong_name_is_told(void **state)
{
	struct buf out = BUF_INIT;
	struct err e = ERR_INIT;

	(void)state;
	assert_false(path_clean("/cloud_ml/v1/train/del*/cancel", &out, &e));
	assert_int_equal(strncmp(e.text, "\"del*\" cannot be a name", 23), 0);
	assert_false(path_clean("/train/\x1b[2J", &out, &e));
	assert_null(strchr(e.text, 0x1b));
	buf_release(&out);
}

static void test_path_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"a",
		"/a/../b",
		"/..",
		"/.",
		"/./a",
		"/a b",
		"/a%2fb",
		"/a;b",
		"/a&b",
		"/a,b",
		"/a\\b",
		"/a\x01",
		"/\xc3\xa9",
		"/a:b",
		"/a+b",
		"/a?b",
		"/a\n",
	};
	char longest[QUERY_PATH_MAX + 2];

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		clean_refuses(bad[i]);
	memset(longest, 'a', sizeof longest);
	longest[0] = '/';
	longest[QUERY_PATH_MAX + 1] = '\0';
	clean_refuses(longest);
	longest[QUERY_PATH_MAX] = '\0';
	clean_is(longest, longest);
}

/* Every byte there is survives, and only unreserved ones are left as they are. */
static void test_percent_all_bytes(void **state)
{
	struct buf encoded = BUF_INIT, decoded = BUF_INIT;
	char all[256];

	(void)state;
	for (int i = 0; i < 256; i++)
		all[i] = (char)i;
	percent_encode(&encoded, all, sizeof all, "");
	assert_int_equal(encoded.len, 66 + 3 * 190);
	assert_int_equal(strspn(encoded.data,
				 "%-._~0123456789abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
		encoded.len);
	assert_true(percent_decode(&decoded, encoded.data, encoded.len, false));
	assert_int_equal(decoded.len, 256);
	assert_memory_equal(decoded.data, all, 256);
	buf_release(&encoded);
	buf_release(&decoded);
}

static void test_percent_bad(void **state)
{
	static const char *const bad[] = {"%", "%4", "a%", "%g1", "%1g", "%%41", "%-1", "% 1"};
	struct buf out = BUF_INIT;

	(void)state;
	buf_adds(&out, "x");
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_false(percent_decode(&out, bad[i], strlen(bad[i]), false));
		assert_string_equal(out.data, "x");
	}
	assert_true(percent_decode(&out, "%4a%4A+", 7, false));
	assert_string_equal(out.data, "xJJ+");
	assert_true(percent_decode(&out, "+", 1, true));
	assert_string_equal(out.data, "xJJ+ ");
	buf_release(&out);
}

static void test_percent_keep(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	percent_encode(&out, "a,b c", 5, ",");
	assert_string_equal(out.data, "a,b%20c");
	buf_release(&out);
}

static void test_query_parse(void **state)
{
	static const char text[] = "a=1&b=%C3%A9+x&&c&d=x=y&a=2&";
	struct query q = QUERY_INIT;

	(void)state;
	assert_true(query_parse(&q, text, strlen(text), true, NULL));
	assert_int_equal(q.count, 5);
	assert_string_equal(query_get(&q, "a"), "1");
	assert_string_equal(query_get(&q, "b"), "\xc3\xa9 x");
	assert_string_equal(query_get(&q, "c"), "");
	assert_string_equal(query_get(&q, "d"), "x=y");
	assert_string_equal(q.pairs[4].value, "2");
	assert_null(query_get(&q, "e"));
	query_release(&q);
	assert_int_equal(q.count, 0);
}

static void test_query_refused_whole(void **state)
{
	static const char *const bad[] = {"a=1&b=%", "a=1&b=%00", "a=1&%00=b", "a=1&b=%ff",
		"a=1&b=%c3"};
	struct query q = QUERY_INIT;
	struct err e = ERR_INIT;

	(void)state;
	assert_true(query_add(&q, "kept", "1", NULL));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_false(query_parse(&q, bad[i], strlen(bad[i]), false, &e));
		assert_int_equal(e.code, ERR_INVALID);
		assert_int_equal(q.count, 1);
	}
	query_release(&q);
}

static void test_query_limit(void **state)
{
	struct query q = QUERY_INIT;
	struct err e = ERR_INIT;

	(void)state;
	for (int i = 0; i < SIGN_PAIRS_MAX; i++)
		assert_true(query_add(&q, "a", "b", &e));
	assert_false(query_add(&q, "a", "b", &e));
	assert_int_equal(e.code, ERR_INVALID);
	assert_int_equal(q.count, SIGN_PAIRS_MAX);
	query_release(&q);
}

static void test_query_encode(void **state)
{
	struct query q = QUERY_INIT, again = QUERY_INIT;
	struct buf out = BUF_INIT;

	(void)state;
	assert_true(query_add(&q, "z", "a b&c=d", NULL));
	assert_true(query_add(&q, "\xc3\xa9", "", NULL));
	query_encode(&q, &out);
	assert_string_equal(out.data, "%C3%A9=&z=a%20b%26c%3Dd");
	assert_true(query_parse(&again, out.data, out.len, false, NULL));
	assert_string_equal(query_get(&again, "z"), "a b&c=d");
	assert_string_equal(query_get(&again, "\xc3\xa9"), "");
	buf_release(&out);
	query_release(&q);
	query_release(&again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_path_clean),
		cmocka_unit_test(test_a_wrong_name_is_told),
		cmocka_unit_test(test_path_refused),
		cmocka_unit_test(test_percent_all_bytes),
		cmocka_unit_test(test_percent_bad),
		cmocka_unit_test(test_percent_keep),
		cmocka_unit_test(test_query_parse),
		cmocka_unit_test(test_query_refused_whole),
		cmocka_unit_test(test_query_limit),
		cmocka_unit_test(test_query_encode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
