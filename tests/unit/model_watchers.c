/* The model alone, on a real store: what its watchers are told of a change, and in which order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/fsio.h"
#include "model/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fixture {
	char dir[256];
	struct model m;
	struct buf told; /* "stored org, changed org, ..." */
	struct event_fold newest;
	bool in_motion, settled, last, lost;
};

static void told(struct fixture *f, const char *what, const char *of)
{
	buf_addf(&f->told, "%s%s %s", f->told.len ? ", " : "", what, of);
}

static void row_stored(void *ctx, const struct kind *k, const void *row)
{
	struct fixture *f = ctx;

	assert_ptr_equal(row, rowset_find(model_rows(&f->m, k), record_uid(k, row)));
	told(f, "stored", k->name);
}

static void row_changed(void *ctx, const struct kind *k, const char *uid)
{
	assert_non_null(rowset_find(model_rows(&((struct fixture *)ctx)->m, k), uid));
	told(ctx, "changed", k->name);
}

static void row_gone(void *ctx, const struct kind *k, const char *uid)
{
	assert_null(rowset_find(model_rows(&((struct fixture *)ctx)->m, k), uid));
	told(ctx, "gone", k->name);
}

static void key_disabled(void *ctx, const char *access_key)
{
	told(ctx, "disabled", access_key);
}

static void work_settled(void *ctx, const char *uid, bool last, bool lost)
{
	struct fixture *f = ctx;

	assert_string_equal(uid, "a-job");
	f->settled = true;
	f->last = last;
	f->lost = lost;
}

static struct event_fold *fold(void *ctx, const char *uid)
{
	struct fixture *f = ctx;

	(void)uid;
	return f->in_motion ? &f->newest : NULL;
}

static void stored(void *ctx)
{
	(void)ctx;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	const struct model_watchers watchers = {f, row_stored, row_changed, row_gone, key_disabled,
		work_settled, fold};
	struct store_config config = {.ops = &store_sqlite,
		.dir = f->dir,
		.volatile_data = true,
		.notify = stored};
	const char *tmp = getenv("TMPDIR");
	struct err e = ERR_INIT;

	snprintf(f->dir, sizeof f->dir, "%s/mltop-model-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(f->dir));
	model_init(&f->m, &watchers);
	f->m.settings = (struct model_settings){.events_kept = 2, .events_per_job = 2};
	assert_true(store_open(&f->m.store, &config, &e));
	assert_true(model_load(&f->m, &e));
	assert_true(store_start(f->m.store, &e));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	store_close(f->m.store);
	model_release(&f->m);
	buf_release(&f->told);
	fsio_remove_tree(f->dir, NULL);
	free(f);
	return 0;
}

static struct change *begin(struct fixture *f)
{
	struct change *c = change_new(&f->m);

	change_actor(c, "test", "");
	buf_reset(&f->told);
	return c;
}

static void org_make(struct fixture *f, struct org *o, struct arena *a)
{
	struct change *c = begin(f);
	struct err e = ERR_INIT;

	assert_true(orgs_obtain(c, "lab", o, a, &e));
	assert_null(model_org_named(&f->m, "lab")); /* seen by nobody before it is stored */
	assert_true(change_commit_now(c, &e));
}

static void test_rows_are_told_once_stored(void **state)
{
	struct fixture *f = *state;
	struct arena a = ARENA_INIT;
	struct err e = ERR_INIT;
	struct change *c;
	struct org o;
	struct key k;

	org_make(f, &o, &a);
	assert_string_equal(f->told.data, "stored org, changed org, stored quota, changed quota");
	assert_non_null(model_org_named(&f->m, "lab"));
	keys_make(&k, &a, &o, "mine", ROLE_OPERATOR, 1);
	c = begin(f);
	assert_true(change_key(c, &k, &e));
	assert_true(change_commit_now(c, &e));
	assert_string_equal(f->told.data, "stored key, changed key");
	c = begin(f);
	assert_true(keys_disable(c, model_key(&f->m, k.access_key), &e));
	assert_true(change_commit_now(c, &e));
	assert_memory_equal(f->told.data, "stored key, changed key, disabled ", 34);
	c = begin(f);
	change_row_remove(c, &org_kind, o.org_id);
	assert_true(change_commit_now(c, &e));
	assert_string_equal(f->told.data, "gone org");
	arena_release(&a);
}

static void test_a_job_settles_and_its_events_fold(void **state)
{
	struct fixture *f = *state;
	struct arena a = ARENA_INIT;
	struct err e = ERR_INIT;
	struct change *c;
	struct job j = {0};
	struct org o;

	org_make(f, &o, &a);
	job_set(&j, uid, "a-job");
	job_set(&j, job_name, "train");
	job_set(&j, org_id, o.org_id);
	job_set(&j, state, WORK_ENQUEUED);
	f->in_motion = true;
	for (int i = 0; i < 3; i++) {
		c = begin(f);
		change_work(c, &job_kind, (const struct workload *)&j);
		change_event(c, &job_kind, &j, EVENT_NORMAL, "Waits", "for its turn");
		f->settled = false;
		assert_true(change_commit_now(c, &e));
		assert_true(f->settled && f->last && !f->lost);
	}
	assert_int_equal(f->m.events.len, 1);
	assert_int_equal(((const struct event *)f->m.events.rows[0])->count, 3);
	/* Of one that is over each is its own; the oldest leave memory. */
	f->in_motion = false;
	for (int i = 0; i < 2; i++) {
		c = begin(f);
		change_event(c, &job_kind, &j, EVENT_NORMAL, "Waits", "for its turn");
		assert_true(change_commit_now(c, &e));
	}
	assert_int_equal(f->m.events.len, 2);
	assert_non_null(strstr(f->told.data, "gone event"));
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rows_are_told_once_stored, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_job_settles_and_its_events_fold, setup,
			teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
