/* Somebody else writes to the same object, on a store that knows no transaction over objects. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit_kit/model.h"

#include <string.h>

/* What somebody else writes is there before our change, and not yet seen here. */
static void rank_by_another(struct kit *f, const char *uid, int64_t rank)
{
	struct job j = *kit_row(f, uid);

	job_set(&j, current_rank, rank);
	other_puts(f, &j);
}

static struct change *priority_set(struct kit *f, const char *uid, int64_t priority)
{
	struct job j = *kit_work(f, uid);
	struct change *c = kit_begin(f);

	job_set(&j, priority, priority);
	change_work(c, &job_kind, (const struct workload *)&j);
	model_moving_put(&f->m, &job_kind, &j);
	return c;
}

static void test_each_keeps_what_it_is_about(void **state)
{
	struct kit *f = *state;
	const struct job *row, *work;

	kit_job(f, "one");
	rank_by_another(f, "one", 7);
	assert_true(kit_commit(priority_set(f, "one", 3)));
	row = kit_row(f, "one");
	work = kit_work(f, "one");
	assert_int_equal(row->priority, 3);
	assert_int_equal(row->current_rank, 7);
	assert_int_equal(work->priority, 3);
	assert_int_equal(work->current_rank, 7);
}

static void test_both_are_about_it(void **state)
{
	struct kit *f = *state;
	struct job j = kit_job(f, "one");

	job_set(&j, priority, 9);
	other_puts(f, &j);
	assert_true(kit_commit(priority_set(f, "one", 3)));
	assert_int_equal(kit_row(f, "one")->priority, 3);
	assert_int_equal(kit_work(f, "one")->priority, 3);
}

static void writes_behind(struct kit *f, const char *point)
{
	struct job j = {0};

	if (strcmp(point, "after-commit") != 0)
		return;
	job_set(&j, uid, "one");
	job_set(&j, job_name, "one");
	job_set(&j, org_id, "1");
	job_set(&j, priority, 9);
	other_puts(f, &j);
}

/* Theirs came after ours, and before we had heard of either. */
static void test_theirs_is_the_last(void **state)
{
	struct kit *f = *state;

	kit_job(f, "one");
	f->at_point = writes_behind;
	assert_true(kit_commit(priority_set(f, "one", 3)));
	assert_int_equal(kit_row(f, "one")->priority, 9);
	assert_int_equal(kit_work(f, "one")->priority, 9);
}

static void test_gone_meanwhile(void **state)
{
	struct kit *f = *state;
	struct kit_outcome how = {0};
	struct change *c;
	struct job j = kit_job(f, "one");

	/* Who asked for something of it is told that it is gone. */
	other_removes(f, &job_kind, "one");
	c = kit_asked(f, "job.change");
	job_set(&j, priority, 3);
	change_work(c, &job_kind, (const struct workload *)&j);
	kit_commit_told(c, &how);
	store_drain(f->m.store);
	assert_int_equal(how.told, 1);
	assert_false(how.ok);
	assert_int_equal(how.code, ERR_CONFLICT);
	assert_null(kit_row(f, "one"));
	assert_null(model_name_uid(&f->m, &job_kind, "1", "one"));
	/* What was to go all the same is gone. */
	c = kit_begin(f);
	change_row_remove(c, &job_kind, "one");
	assert_true(kit_commit(c));
}

static void test_name_of_another(void **state)
{
	struct kit *f = *state;
	struct job j = {0}, mine = {0};
	struct change *c;

	job_set(&j, uid, "theirs");
	job_set(&j, job_name, "same");
	job_set(&j, org_id, "1");
	other_puts(f, &j);
	mine = j;
	job_set(&mine, uid, "ours");
	c = kit_begin(f);
	change_row(c, &job_kind, &mine);
	assert_string_equal(model_name_uid(&f->m, &job_kind, "1", "same"), "ours");
	assert_false(kit_commit(c));
	assert_null(kit_row(f, "ours"));
	assert_non_null(kit_row(f, "theirs"));
}

/* On a full disk the row that work goes by is ahead of the store; what is lost there is stored later. */
static void test_what_was_lost_goes_with_the_next(void **state)
{
	struct kit *f = *state;
	struct job j = kit_job(f, "one");
	struct change *c = kit_begin(f);

	job_set(&j, reason, REASON_CANCELLED);
	change_work(c, &job_kind, (const struct workload *)&j);
	model_moving_put(&f->m, &job_kind, &j);
	disk_full(f, true);
	assert_false(kit_commit(c));
	assert_true(f->lost);
	disk_full(f, false);
	rank_by_another(f, "one", 7);
	assert_true(kit_commit(priority_set(f, "one", 3)));
	assert_int_equal(kit_row(f, "one")->reason, REASON_CANCELLED);
	assert_int_equal(kit_row(f, "one")->priority, 3);
	assert_int_equal(kit_row(f, "one")->current_rank, 7);
}

/* Its row as it is, to be stored once more: that is not about what others change. */
static void test_stored_again_as_it_is(void **state)
{
	struct kit *f = *state;
	struct job j = kit_job(f, "one");
	struct change *c = kit_begin(f);

	job_set(&j, reason, REASON_CANCELLED);
	model_moving_put(&f->m, &job_kind, &j);
	rank_by_another(f, "one", 7);
	change_work(c, &job_kind, (const struct workload *)kit_work(f, "one"));
	assert_true(kit_commit(c));
	assert_int_equal(kit_row(f, "one")->reason, REASON_CANCELLED);
	assert_int_equal(kit_row(f, "one")->current_rank, 7);
}

static void writes_first(struct kit *f, const char *point)
{
	struct job j = {0};

	if (strcmp(point, "before-commit") != 0)
		return;
	job_set(&j, uid, "one");
	job_set(&j, job_name, "one");
	job_set(&j, org_id, "1");
	other_puts(f, &j);
}

static void test_another_is_faster_each_time(void **state)
{
	struct kit *f = *state;
	struct kit_outcome how = {0};
	struct change *c;
	struct job j = kit_job(f, "one");

	c = kit_asked(f, "job.change");
	job_set(&j, priority, 3);
	change_work(c, &job_kind, (const struct workload *)&j);
	model_moving_put(&f->m, &job_kind, &j);
	f->at_point = writes_first;
	kit_commit_told(c, &how);
	store_drain(f->m.store);
	assert_int_equal(how.told, 1);
	assert_int_equal(how.code, ERR_CONFLICT);
	/* And it is undone. */
	assert_int_equal(kit_work(f, "one")->priority, 0);
	f->at_point = NULL;
	assert_true(kit_commit(priority_set(f, "one", 4)));
	assert_int_equal(kit_row(f, "one")->priority, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_APART(test_each_keeps_what_it_is_about),
		ON_APART(test_both_are_about_it),
		ON_APART(test_theirs_is_the_last),
		ON_APART(test_gone_meanwhile),
		ON_APART(test_name_of_another),
		ON_APART(test_what_was_lost_goes_with_the_next),
		ON_APART(test_stored_again_as_it_is),
		ON_APART(test_another_is_faster_each_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
