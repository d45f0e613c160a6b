/* A store that does one object at a time: what is there of a change after a crash in its middle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/fsio.h"
#include "base/mem.h"
#include "store_apart/apart.h"
#include "unit_kit/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The crash: the folder as it is when the store comes to that point. */
static struct {
	const char *point;
	char from[200], to[256];
	bool done;
} crash;

static void copy_file(const char *name)
{
	char *from = fsio_join(crash.from, name), *to = fsio_join(crash.to, name);
	struct buf text = BUF_INIT;

	assert_true(fsio_read(from, &text, 1 << 20, NULL));
	assert_true(fsio_write(to, text.data, text.len, 0600, NULL));
	buf_release(&text);
	free(from);
	free(to);
}

static void at_point(const char *point)
{
	if (crash.done || crash.point == NULL || strcmp(point, crash.point) != 0)
		return;
	crash.done = true;
	copy_file("store.db");
	copy_file("master.key");
}

/* The kit's store with crash points; `tx` is what it is at when it crashes. */
static void crash_at(struct kit *f, const char *point, struct store_tx *first, struct store_tx *tx)
{
	struct store_config c = {.ops = &store_apart,
		.dir = f->dir,
		.notify = kit_notify,
		.ctx = f,
		.fault = at_point};

	memset(&crash, 0, sizeof crash);
	snprintf(crash.from, sizeof crash.from, "%.199s", f->dir);
	snprintf(crash.to, sizeof crash.to, "%.199s/crashed", f->dir);
	assert_int_equal(mkdir(crash.to, 0700), 0);
	store_close(f->s);
	assert_true(store_open(&f->s, &c, NULL));
	assert_true(
		store_load(f->s, &(struct store_loader){.kinds = (const char *[]){NULL}}, NULL));
	assert_true(store_start(f->s, NULL));
	assert_true(first == NULL || commit(f, first, 0));
	crash.point = point;
	assert_true(commit(f, tx, 0));
	assert_true(crash.done);
	store_close(f->s);
	snprintf(f->dir, sizeof f->dir, "%s", crash.to);
	f->jobs = f->events = 0;
	kit_open(f);
}

static int end(void **state)
{
	struct kit *f = *state;

	*strrchr(f->dir, '/') = '\0'; /* the folder that the crashed one is in */
	return kit_end(state);
}

static void audit_has(struct kit *f, const char *count)
{
	struct outcome o = {.text = BUF_INIT};

	store_audit_verify(f->s, "", on_rows, &o);
	store_drain(f->s);
	assert_true(o.ok);
	assert_memory_equal(o.text.data, count, strlen(count));
	buf_release(&o.text);
}

static struct store_tx *made(void)
{
	struct store_tx *tx = store_tx_new();

	put(tx, "job", "a", "", "x", STORE_NONE);
	put(tx, "event", "e", "a", "", STORE_ANY);
	store_audit_add(tx, "1", "{\"n\": 1}");
	return tx;
}

static void test_decided_is_finished(void **state)
{
	struct kit *f = *state;

	crash_at(f, "after-commit", NULL, made());
	assert_int_equal(f->jobs, 1);
	assert_int_equal(f->events, 1);
	audit_has(f, "1 audit records");
	/* Once: nothing is carried any more. */
	kit_reopen(f);
	assert_int_equal(f->events, 1);
	audit_has(f, "1 audit records");
}

static void test_undecided_never_was(void **state)
{
	struct kit *f = *state;

	crash_at(f, "before-commit", NULL, made());
	assert_int_equal(f->jobs, 0);
	assert_int_equal(f->events, 0);
	audit_has(f, "0 audit records");
	assert_true(insert(f, "b", "x"));
}

static void test_removed_with_all_that_is_its(void **state)
{
	struct kit *f = *state;
	struct store_tx *tx = store_tx_new();

	store_remove(tx, "job", "a", STORE_ANY);
	store_children_remove(tx, "a");
	store_audit_add(tx, "1", "{\"n\": 2}");
	crash_at(f, "after-commit", made(), tx);
	assert_int_equal(f->jobs, 0);
	assert_int_equal(f->events, 0);
	audit_has(f, "2 audit records");
	assert_true(insert(f, "b", "x"));
}

/* The file as a crash leaves it before the last that it has is whole. */
static void cut_the_last(struct kit *f)
{
	char *path = fsio_join(f->dir, "store.db");
	struct stat st;

	store_close(f->s);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(truncate(path, st.st_size - 1), 0);
	free(path);
	f->jobs = f->events = 0;
	kit_open(f);
}

/* What stays of an object that goes is put behind its removal. */
static struct store_tx *removed_and_kept(void)
{
	struct store_tx *tx = store_tx_new();

	store_remove(tx, "job", "a", STORE_ANY);
	put(tx, "event", "kept", "", "", STORE_NONE);
	store_children_remove(tx, "a");
	store_audit_add(tx, "1", "{\"n\": 2}");
	return tx;
}

static void test_what_stays_of_it_is_carried_by_its_removal(void **state)
{
	struct kit *f = *state;

	crash_at(f, "after-commit", made(), removed_and_kept());
	for (int start = 0; start < 3; start++) {
		assert_int_equal(f->jobs, 0);
		assert_int_equal(f->events, 1);
		audit_has(f, "2 audit records");
		/* A crash at the start that finished it: it is finished once more, and is there once. */
		cut_the_last(f);
	}
}

static void test_nothing_stays_of_a_removal_that_never_was(void **state)
{
	struct kit *f = *state;

	crash_at(f, "before-commit", made(), removed_and_kept());
	assert_int_equal(f->jobs, 1);
	assert_int_equal(f->events, 1);
	assert_string_equal(f->uid, "e");
	audit_has(f, "1 audit records");
}

#define T(name) cmocka_unit_test_setup_teardown(name, kit_on_apart, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_decided_is_finished),
		T(test_undecided_never_was),
		T(test_removed_with_all_that_is_its),
		T(test_what_stays_of_it_is_carried_by_its_removal),
		T(test_nothing_stays_of_a_removal_that_never_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
