/* SQLite: what is committed together, and what a refused change leaves: nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit_kit/store.h"

#include <stdio.h>
#include <string.h>

/* A conflict in the middle takes back its own tx only, whatever it had done before. */
static void test_conflict_is_alone(void **state)
{
	struct kit *f = *state;
	struct outcome o[3] = {{false}};
	static const char *const uids[] = {"a", "a", "c"}, *const events[] = {"e0", "e1", "e2"};

	for (int i = 0; i < 3; i++) {
		struct store_tx *tx = store_tx_new();

		put(tx, "event", events[i], "o", "", STORE_ANY);
		put(tx, "job", uids[i], "", uids[i], STORE_NONE);
		store_commit(f->s, tx, 0, on_done, &o[i]);
	}
	store_drain(f->s);
	assert_true(o[0].ok && !o[1].ok && o[2].ok);
	assert_int_equal(o[1].code, ERR_CONFLICT);
	assert_int_equal(f->events, 2); /* nobody was told of what was taken back */
	kit_reopen(f);
	assert_int_equal(f->jobs, 2);
	assert_int_equal(f->events, 2);
}

/* A change whose request was answered already is refused whole. */
static void test_nonce_refuses_all(void **state)
{
	struct kit *f = *state;
	struct store_nonce n = {"AK", "n1", "hash", 1000, 200, "body", 4};
	struct store_tx *tx = store_tx_new(), *again = org_tx("9", "nine");

	store_nonce_put(tx, &n);
	assert_true(commit(f, tx, 0));
	store_nonce_put(again, &n);
	assert_false(commit(f, again, 0));
	assert_true(commit(f, org_tx("9", "nine"), 0));
}

static void test_audit_chain(void **state)
{
	struct kit *f = *state;
	struct outcome o = {false, .text = BUF_INIT};
	struct store_tx *tx;

	for (int i = 0; i < 3; i++) {
		/* A conflicting change in between must leave no link behind. */
		tx = store_tx_new();
		store_audit_add(tx, "1", "{\"n\": 1}");
		if (i == 1)
			put(tx, "job", "z", "", "z", 1);
		assert_int_equal(commit(f, tx, 0), i != 1);
	}
	store_audit_verify(f->s, "", on_rows, &o);
	store_drain(f->s);
	assert_true(o.ok);
	assert_non_null(strstr(o.text.data, "2 audit records"));
	buf_reset(&o.text);
	store_read_audit(f->s, "", 0, 1, on_rows, &o);
	store_drain(f->s);
	assert_non_null(strstr(o.text.data, "\"seq\": 2"));
	buf_release(&o.text);
}

static void test_group_commit(void **state)
{
	struct kit *f = *state;
	struct outcome o[1000] = {{false}};
	int before = atomic_load(&f->notified);

	for (int i = 0; i < 1000; i++) {
		char id[16], name[16];

		snprintf(id, sizeof id, "%d", i);
		snprintf(name, sizeof name, "n%d", i);
		store_commit(f->s, org_tx(id, name), 0, on_done, &o[i]);
	}
	store_drain(f->s);
	for (int i = 0; i < 1000; i++)
		assert_true(o[i].ok);
	/* Each batch is told once: far fewer than there were changes. */
	assert_in_range(atomic_load(&f->notified) - before, 1, 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_SQLITE(test_conflict_is_alone),
		ON_SQLITE(test_nonce_refuses_all),
		ON_SQLITE(test_audit_chain),
		ON_SQLITE(test_group_commit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
