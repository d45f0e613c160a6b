/* Values of secrets: sealed to their org and name, and never changed by what is about something else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/kinds/secret.h"
#include "model/secrets.h"
#include "unit_kit/model.h"

#include <string.h>

static struct secret secret_of(struct kit *f, const char *uid, const char *org, const char *name,
	const char *value)
{
	struct secret_text text = {(char *)value, strlen(value)};
	struct secret s = {.uid = NULL};

	record_set(secret, &s, uid, uid);
	record_set(secret, &s, org_id, org);
	record_set(secret, &s, secret_name, name);
	assert_true(secret_seal(&f->m, &s, &f->text, &text, NULL));
	return s;
}

static void stored(struct kit *f, const struct secret *s)
{
	struct change *c = kit_begin(f);

	change_row(c, &secret_kind, s);
	assert_true(kit_commit(c));
}

static bool opens_as(struct kit *f, const char *org, const char *name, const char *value)
{
	struct secret_text text = SECRET_TEXT_INIT;
	bool good = secret_open(&f->m, org, name, &text, NULL) && text.size == strlen(value) &&
		memcmp(text.bytes, value, text.size) == 0;

	secret_wipe(&text);
	assert_null(text.bytes);
	return good;
}

static void test_kept_and_opened(void **state)
{
	struct kit *f = *state;
	struct secret s = secret_of(f, "u1", "1", "token", "the value");
	struct err e = ERR_INIT;
	struct secret_text text;

	assert_null(strstr(s.sealed, "the value"));
	stored(f, &s);
	assert_true(opens_as(f, "1", "token", "the value"));
	assert_false(secret_open(&f->m, "2", "token", &text, &e));
	assert_non_null(strstr(e.text, "there is no secret token"));
}

/* Whoever can write to the store cannot put one org's value, or another name's, in place of a value. */
static void test_bound_to_org_and_name(void **state)
{
	struct kit *f = *state;
	struct secret mine = secret_of(f, "u1", "1", "token", "the value");
	struct secret other = secret_of(f, "u2", "1", "other", "another value");
	struct secret theirs = secret_of(f, "u3", "2", "token", "a third value");
	struct secret_text text;
	struct err e = ERR_INIT;

	record_set(secret, &other, sealed, mine.sealed);
	record_set(secret, &theirs, sealed, mine.sealed);
	stored(f, &mine);
	stored(f, &other);
	stored(f, &theirs);
	assert_true(opens_as(f, "1", "token", "the value"));
	assert_false(secret_open(&f->m, "1", "other", &text, &e));
	assert_non_null(strstr(e.text, "the secret other does not open"));
	assert_non_null(strstr(e.text, "mltop secrets update other"));
	assert_false(secret_open(&f->m, "2", "token", &text, NULL));
	record_drop(secret, &mine, sealed);
	stored(f, &mine);
	assert_false(secret_open(&f->m, "1", "token", &text, NULL));
}

static void test_a_change_of_something_else(void **state)
{
	struct kit *f = *state;
	struct secret s = secret_of(f, "u1", "1", "token", "the value"), described;
	struct change *late;

	stored(f, &s);
	described = *secret_named(&f->m, "1", "token");
	record_set(secret, &described, description, "what it is for");
	late = kit_begin(f);
	change_row(late, &secret_kind, &described);
	s = secret_of(f, "u1", "1", "token", "a new value");
	stored(f, &s);
	assert_true(kit_commit(late));
	assert_true(opens_as(f, "1", "token", "a new value"));
	assert_string_equal(secret_named(&f->m, "1", "token")->description, "what it is for");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(test_kept_and_opened),
		ON_BOTH(test_bound_to_org_and_name),
		ON_BOTH(test_a_change_of_something_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
