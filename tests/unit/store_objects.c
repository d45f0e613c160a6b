/* What any store promises: names, revisions, versions, nonces, what belongs to an object; on both. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit_kit/store.h"

#include <unistd.h>

static void test_names_are_unique_but_for_gone(void **state)
{
	struct kit *f = *state;

	assert_true(insert(f, "a", "x"));
	assert_false(insert(f, "b", "x"));
	assert_true(update(f, "a", "x", f->revision, true));
	assert_true(f->gone);
	assert_true(insert(f, "b", "x"));
	/* It cannot come back under the name that another has now. */
	kit_reopen(f);
	assert_int_equal(f->jobs, 2);
	assert_string_equal(f->uid, "b");
	/* Names of another kind, and of none, are another matter. */
	assert_true(commit(f, org_tx("x", "x"), 0));
	assert_true(insert(f, "c", ""));
	assert_true(insert(f, "d", ""));
}

static void test_compare_and_set(void **state)
{
	struct kit *f = *state;
	struct outcome o = {false};
	struct store_tx *tx = store_tx_new();
	uint64_t first, second;

	assert_true(insert(f, "a", "x"));
	first = f->revision;
	assert_false(insert(f, "a", "y"));
	assert_false(update(f, "a", "x", first + 7, false));
	assert_true(update(f, "a", "x", first, false));
	second = f->revision;
	assert_int_not_equal(first, second);
	/* Who is too late is told what is there. */
	put(tx, "job", "a", "", "x", first);
	store_commit(f->s, tx, 0, on_done, &o);
	store_drain(f->s);
	assert_false(o.ok);
	assert_int_equal(o.code, ERR_CONFLICT);
	assert_int_equal(o.now, second);
	assert_false(update(f, "absent", "z", 1, false));
	assert_true(update(f, "a", "x", STORE_ANY, false));
	/* A revision is not given twice, whatever was removed in between. */
	tx = store_tx_new();
	store_remove(tx, "job", "a", second);
	assert_false(commit(f, tx, 0));
	second = f->revision;
	tx = store_tx_new();
	store_remove(tx, "job", "a", second);
	assert_true(commit(f, tx, 9));
	assert_int_equal(f->removed, 1);
	assert_int_equal(f->version, 9);
	kit_reopen(f);
	assert_true(insert(f, "a", "x"));
	assert_true(f->revision > second);
}

/* Completions come by store_poll, on the thread that calls it, after a notice. */
static void test_completion_waits_for_poll(void **state)
{
	struct kit *f = *state;
	struct outcome o = {false};
	int before = atomic_load(&f->notified);

	store_commit(f->s, org_tx("1", "one"), 0, on_done, &o);
	while (atomic_load(&f->notified) == before)
		usleep(100);
	assert_false(o.called);
	assert_true(store_poll(f->s) >= 1);
	assert_true(o.called && o.ok);
}

static void test_version_persists(void **state)
{
	struct kit *f = *state;

	assert_true(commit(f, org_tx("1", "one"), 41));
	assert_true(commit(f, org_tx("2", "two"), 42));
	assert_false(commit(f, org_tx("3", "two"), 43));
	kit_reopen(f);
	assert_int_equal(store_version_at_start(f->s), 42);
	assert_true(store_was_clean(f->s));
}

/* "": there is none. */
static void answer_is(struct kit *f, const char *nonce, const char *body)
{
	struct outcome o = {.text = BUF_INIT};

	store_read_nonce(f->s, "AK", nonce, on_rows, &o);
	store_drain(f->s);
	assert_true(o.ok);
	assert_string_equal(o.text.data, body);
	buf_release(&o.text);
}

static void test_nonce_once(void **state)
{
	struct kit *f = *state;
	struct store_nonce n = {"AK", "n1", "hash", 1000, 200, "body", 4};
	struct store_tx *tx = store_tx_new();

	store_nonce_put(tx, &n);
	assert_true(commit(f, tx, 0));
	tx = store_tx_new();
	store_nonce_put(tx, &n);
	assert_false(commit(f, tx, 0));
	answer_is(f, "n1", "body\n");
	answer_is(f, "n2", "");
	tx = store_tx_new();
	store_nonces_expire(tx, 1001);
	assert_true(commit(f, tx, 0));
	answer_is(f, "n1", "");
}

/* Its blobs, its children and theirs. */
static void test_removed_object_takes_what_is_its(void **state)
{
	struct kit *f = *state;
	struct store_tx *tx = store_tx_new();
	struct outcome o = {false, .text = BUF_INIT};

	put(tx, "job", "a", "", "x", STORE_NONE);
	store_blob_put(tx, "job", "a", "command", "long", 4);
	put(tx, "event", "e", "a", "", STORE_ANY);
	store_blob_put(tx, "event", "e", "text", "longer", 6);
	put(tx, "event", "other", "b", "", STORE_ANY);
	assert_true(commit(f, tx, 0));
	store_read_blobs(f->s, "job", "a", on_rows, &o);
	store_drain(f->s);
	assert_string_equal(o.text.data, "command\nlong\n");
	tx = store_tx_new();
	store_remove(tx, "job", "a", STORE_ANY);
	store_children_remove(tx, "a");
	assert_true(commit(f, tx, 0));
	buf_reset(&o.text);
	store_read_blobs(f->s, "job", "a", on_rows, &o);
	store_read_blobs(f->s, "event", "e", on_rows, &o);
	store_drain(f->s);
	assert_string_equal(o.text.data, "");
	kit_reopen(f);
	assert_int_equal(f->jobs, 0);
	assert_int_equal(f->events, 1);
	/* "" is no parent: nothing is a child of it. */
	tx = store_tx_new();
	store_children_remove(tx, "");
	assert_true(commit(f, tx, 0));
	kit_reopen(f);
	assert_int_equal(f->events, 1);
	buf_release(&o.text);
}

static void test_children_trimmed(void **state)
{
	struct kit *f = *state;
	struct store_tx *tx = store_tx_new();
	struct outcome o = {false, .text = BUF_INIT};

	for (int i = 0; i < 9; i++) {
		char uid[2] = {(char)('a' + i), 0};

		put(tx, "event", uid, "o", "", STORE_ANY);
	}
	store_children_trim(tx, "event", "o", 3);
	assert_true(commit(f, tx, 0));
	store_read_children(f->s, "event", "o", 100, on_rows, &o);
	store_drain(f->s);
	assert_string_equal(o.text.data, "g\nh\ni\n");
	buf_release(&o.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(test_names_are_unique_but_for_gone),
		ON_BOTH(test_compare_and_set),
		ON_BOTH(test_completion_waits_for_poll),
		ON_BOTH(test_version_persists),
		ON_BOTH(test_nonce_once),
		ON_BOTH(test_removed_object_takes_what_is_its),
		ON_BOTH(test_children_trimmed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
