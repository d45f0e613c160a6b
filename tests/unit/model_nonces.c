/* What was answered is known by its nonce for a while, and then no longer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/fsio.h"
#include "unit_kit/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOW = 2 * SIGN_WINDOW_MS };

/* How far the clock is ahead, for as long as the test runs. */
static void clock_ahead(struct kit *f, int64_t ms)
{
	char path[300], text[32];

	snprintf(path, sizeof path, "%s/clock", f->dir);
	snprintf(text, sizeof text, "%lld", (long long)ms);
	assert_true(fsio_write(path, text, strlen(text), 0600, NULL));
	setenv("MLTOPD_CLOCK", path, 1);
}

static enum nonce_state take(struct kit *f, const char *nonce, const char *hash)
{
	const struct principal who = {.access_key = "KEY", .org_id = "1"};
	const char *body = "";
	size_t len = 0;
	int status = 0;
	enum nonce_state how = model_nonce_take(&f->m, &who, nonce, hash, model_now(), &status,
		&body, &len);

	if (how == NONCE_SAME) {
		assert_int_equal(status, 200);
		assert_memory_equal(body, "{\"n\":1}", len);
	}
	return how;
}

static bool carry_out(struct kit *f, const char *nonce, const char *hash)
{
	const struct author who = {"KEY", "somebody", "1", "127.0.0.1", ROLE_ADMIN, nonce, hash,
		model_now()};
	struct change *c = change_by(&f->m, &who);

	change_audit(c, "test", "object", NULL);
	change_answer(c, 200, json_pack("{s:i}", "n", 1));
	return kit_commit(c);
}

static void test_once_within_its_window(void **state)
{
	struct kit *f = *state;

	clock_ahead(f, 0);
	assert_int_equal(take(f, "n", "hash"), NONCE_NEW);
	assert_int_equal(take(f, "n", "hash"), NONCE_PENDING);
	assert_true(carry_out(f, "n", "hash"));
	assert_int_equal(take(f, "n", "hash"), NONCE_SAME);
	assert_int_equal(take(f, "n", "other"), NONCE_OTHER);
	clock_ahead(f, WINDOW - 10000);
	assert_int_equal(take(f, "n", "hash"), NONCE_SAME);
	unsetenv("MLTOPD_CLOCK");
}

/* Also where the last look for what has expired was a moment before. */
static void test_again_after_its_window(void **state)
{
	struct kit *f = *state;

	clock_ahead(f, 0);
	assert_int_equal(take(f, "n", "hash"), NONCE_NEW);
	assert_true(carry_out(f, "n", "hash"));
	clock_ahead(f, WINDOW - 10000);
	assert_true(carry_out(f, "between", "hash"));
	clock_ahead(f, WINDOW + 10000);
	assert_int_equal(take(f, "n", "other"), NONCE_NEW);
	assert_true(carry_out(f, "n", "other"));
	assert_int_equal(take(f, "n", "other"), NONCE_SAME);
	unsetenv("MLTOPD_CLOCK");
}

struct told {
	int status;
	struct buf body;
	enum err_code why;
};

static void was_read(void *ctx, int status, const char *body, size_t len, const struct err *e)
{
	struct told *t = ctx;

	t->status = status;
	t->why = body ? ERR_NONE : e->code;
	buf_add(&t->body, body ? body : "", body ? len : 0);
}

/* The newest answers are in memory; an older one is read without anybody's waiting for it. */
static void test_answered_long_ago(void **state)
{
	struct kit *f = *state;
	struct told t = {.body = BUF_INIT}, never = {.body = BUF_INIT};
	char nonce[16];

	for (int i = 0; i <= NONCE_CACHE; i++) {
		snprintf(nonce, sizeof nonce, "n%d", i);
		assert_int_equal(take(f, nonce, "hash"), NONCE_NEW);
		assert_true(carry_out(f, nonce, "hash"));
	}
	assert_int_equal(take(f, "n0", "hash"), NONCE_STORED);
	assert_int_equal(take(f, "n0", "other"), NONCE_OTHER);
	model_nonce_read(&f->m, "KEY", "n0", 200, was_read, &t);
	model_nonce_read(&f->m, "KEY", "never", 200, was_read, &never);
	store_drain(f->m.store);
	assert_int_equal(t.status, 200);
	assert_string_equal(t.body.data, "{\"n\":1}");
	assert_int_equal(never.why, ERR_CONFLICT);
	assert_int_equal(take(f, "n0", "hash"), NONCE_SAME);
	buf_release(&t.body);
	buf_release(&never.body);
}

static void test_not_carried_out(void **state)
{
	struct kit *f = *state;

	assert_int_equal(take(f, "n", "hash"), NONCE_NEW);
	model_nonce_free(&f->m, "KEY", "n");
	assert_int_equal(take(f, "n", "hash"), NONCE_NEW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(test_once_within_its_window),
		ON_BOTH(test_again_after_its_window),
		ON_BOTH(test_answered_long_ago),
		ON_BOTH(test_not_carried_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
