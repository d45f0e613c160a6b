/* What the model's watchers are told of a change, and in which order; on either store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit_kit/model.h"

#include <string.h>

static void org_make(struct kit *f, struct org *o, struct arena *a)
{
	struct change *c = kit_begin(f);
	struct err e = ERR_INIT;

	assert_true(orgs_obtain(c, "lab", o, a, &e));
	assert_null(model_org_named(&f->m, "lab")); /* seen by nobody before it is stored */
	assert_true(change_commit_now(c, &e));
}

static void test_rows_are_told_once_stored(void **state)
{
	struct kit *f = *state;
	struct arena a = ARENA_INIT;
	struct err e = ERR_INIT;
	struct change *c;
	struct org o;
	struct key k;

	org_make(f, &o, &a);
	assert_string_equal(f->told.data, "stored org, changed org, stored quota, changed quota");
	assert_non_null(model_org_named(&f->m, "lab"));
	keys_make(&k, &a, &o, "mine", ROLE_OPERATOR, 1);
	c = kit_begin(f);
	assert_true(change_key(c, &k, &e));
	assert_true(change_commit_now(c, &e));
	assert_string_equal(f->told.data, "stored key, changed key");
	c = kit_begin(f);
	assert_true(keys_switch(c, model_key(&f->m, k.access_key), true, &e));
	assert_true(change_commit_now(c, &e));
	assert_memory_equal(f->told.data, "stored key, changed key, disabled ", 34);
	c = kit_begin(f);
	change_row_remove(c, &org_kind, o.org_id);
	assert_true(change_commit_now(c, &e));
	assert_string_equal(f->told.data, "gone org");
	arena_release(&a);
}

static void test_a_job_settles_and_its_events_fold(void **state)
{
	struct kit *f = *state;
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
		c = kit_begin(f);
		change_work(c, &job_kind, (const struct workload *)&j);
		change_event(c, &job_kind, &j, EVENT_NORMAL, "Waits", "for its turn");
		f->settled = 0;
		assert_true(change_commit_now(c, &e));
		assert_int_equal(f->settled, 1);
		assert_true(f->last && !f->lost);
	}
	assert_int_equal(f->m.events.len, 1);
	assert_int_equal(((const struct event *)f->m.events.rows[0])->count, 3);
	/* Of one that is over each is its own; the oldest leave memory. */
	f->in_motion = false;
	for (int i = 0; i < 2; i++) {
		c = kit_begin(f);
		change_event(c, &job_kind, &j, EVENT_NORMAL, "Waits", "for its turn");
		assert_true(change_commit_now(c, &e));
	}
	assert_int_equal(f->m.events.len, 2);
	assert_non_null(strstr(f->told.data, "gone event"));
	arena_release(&a);
}

static void events_seen(void *ctx, bool ok, const struct store_rows *rows, const struct err *e)
{
	size_t *seen = ctx;

	(void)e;
	*seen = ok ? rows->count : 99;
}

/* So many are kept of each object: those of a quota, which has its org's uid, are none of the org's. */
static void test_a_quota_crowds_out_no_events_of_its_org(void **state)
{
	struct kit *f = *state;
	struct arena a = ARENA_INIT;
	struct err e = ERR_INIT;
	struct quota q;
	struct org o;
	size_t of_org = 0, of_quota = 0;
	char of[EVENTS_OF_SIZE];

	org_make(f, &o, &a);
	quota_init(&q);
	q.org_id = o.org_id;
	q.org_name = o.org_name;
	for (int i = 0; i < 5; i++) {
		struct change *c = kit_begin(f);
		const struct kind *k = i ? &quota_kind : &org_kind;

		change_event(c, k, i ? (void *)&q : (void *)&o, EVENT_NORMAL, "Edited", "%d", i);
		change_events_trim(c, k, o.org_id);
		assert_true(change_commit_now(c, &e));
	}
	store_read_children(f->m.store, "event", o.org_id, 100, events_seen, &of_org);
	store_read_children(f->m.store, "event", events_of(&quota_kind, o.org_id, of), 100,
		events_seen, &of_quota);
	store_drain(f->m.store);
	assert_int_equal(of_org, 1);
	assert_int_equal(of_quota, f->m.settings.events_per_job);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(test_rows_are_told_once_stored),
		ON_BOTH(test_a_job_settles_and_its_events_fold),
		ON_BOTH(test_a_quota_crowds_out_no_events_of_its_org),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
