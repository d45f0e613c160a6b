/* How a job names secrets: what reads, what is refused, and what may not stand twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "core/kinds/secret.h"

#include <string.h>

static void test_reads(void **state)
{
	static const struct {
		const char *text, *name, *variable;
	} good[] = {{"token", "token", NULL}, {"a.b-c_D9", "a.b-c_D9", NULL}, {"t=A", "t", "A"},
		{"t=_x9", "t", "_x9"}, {"_t", "_t", NULL}};
	static const char *const bad[] = {"", "=", "=A", "-t", ".t", "a/b", "a b", "ä", "t=", "t=1",
		"t=A=B", "t=A B", "t=PATH", "t=HOME", "t=LD_PRELOAD", "t=MLTOP_X", "t=a-b"};
	struct secret_use use;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_true(secret_use_read(good[i].text, &use, NULL));
		assert_string_equal(use.name, good[i].name);
		assert_int_equal(use.variable != NULL, good[i].variable != NULL);
		if (use.variable)
			assert_string_equal(use.variable, good[i].variable);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err e = ERR_INIT;

		if (secret_use_read(bad[i], &use, &e))
			fail_msg("\"%s\" was taken", bad[i]);
		assert_string_equal(e.field, "secrets");
	}
}

static void test_names_have_a_limit(void **state)
{
	char name[SECRET_NAME_MAX + 2];
	struct secret_use use;

	(void)state;
	memset(name, 'a', sizeof name);
	name[SECRET_NAME_MAX] = '\0';
	assert_true(secret_use_read(name, &use, NULL));
	name[SECRET_NAME_MAX] = 'a';
	name[SECRET_NAME_MAX + 1] = '\0';
	assert_false(secret_use_read(name, &use, NULL));
}

static bool good(const char *a, const char *b, const char *variable)
{
	const char *items[] = {a, b};
	struct label one = {variable, "x"};
	struct labels env = {&one, variable != NULL};
	struct strings uses = {items, b ? 2 : 1};

	return secret_uses_check(&uses, &env, NULL);
}

static void test_places(void **state)
{
	(void)state;
	assert_true(good("t", "t=A", NULL));   /* both ways */
	assert_true(good("t=A", "t=B", NULL)); /* under two names */
	assert_true(good("t", NULL, "t"));     /* a file is no variable */
	assert_false(good("t", "t", NULL));
	assert_false(good("t=A", "u=A", NULL));
	assert_false(good("t=A", NULL, "A"));
}

/* What is sealed, and what it is sealed of, go to nobody; a request has the value. */
static void test_encoded(void **state)
{
	struct secret s = {.uid = NULL};
	struct buf pack = BUF_INIT;
	json_t *out;

	(void)state;
	record_set(secret, &s, secret_name, "token");
	record_set(secret, &s, value, "clear-value");
	record_set(secret, &s, sealed, "sealed-value");
	out = record_encode(&secret_kind, &s, NULL);
	assert_non_null(json_object_get(out, "secret_name"));
	assert_null(json_object_get(out, "value"));
	assert_null(json_object_get(out, "sealed"));
	json_decref(out);
	out = record_encode_request(&secret_kind, &s);
	assert_string_equal(json_string_value(json_object_get(out, "value")), "clear-value");
	assert_null(json_object_get(out, "sealed"));
	json_decref(out);
	record_pack(&secret_kind, &s, &pack);
	assert_null(memmem(pack.data, pack.len, "clear-value", 11));
	assert_non_null(memmem(pack.data, pack.len, "sealed-value", 12));
	buf_release(&pack);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads),
		cmocka_unit_test(test_names_have_a_limit),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_encoded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
