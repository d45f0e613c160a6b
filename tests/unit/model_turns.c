/* Changes of one object wait for each other; a change that fails takes back what composing it did. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit_kit/model.h"

#include <semaphore.h>
#include <stdio.h>
#include <string.h>

/* ---- In which order changes were over: "a+ b- " ---- */

struct asked {
	struct kit *f;
	const char *name;
	struct buf *order;
	const char *next; /* it asks for this one as soon as it is over */
};

static void priority_ask(struct asked *a, const char *uid, int64_t priority);

static void is_over(void *ctx, bool ok, const struct err *e)
{
	struct asked *a = ctx;

	(void)e;
	buf_addf(a->order, "%s%s ", a->name, ok ? "+" : "-");
	if (a->next) {
		a->name = a->next;
		a->next = NULL;
		priority_ask(a, "one", 9);
	}
}

static void priority_ask(struct asked *a, const char *uid, int64_t priority)
{
	struct change *c = kit_asked(a->f, "job.change");
	struct job j = *kit_work(a->f, uid);

	job_set(&j, priority, priority);
	change_work(c, &job_kind, (const struct workload *)&j);
	model_moving_put(&a->f->m, &job_kind, &j);
	change_then(c, is_over, a);
	change_commit(c);
}

static void test_one_after_another(void **state)
{
	struct kit *f = *state;
	struct buf order = BUF_INIT;
	struct asked a = {f, "a", &order, NULL}, b = {f, "b", &order, NULL};

	kit_job(f, "one");
	f->settled = 0;
	priority_ask(&a, "one", 1);
	priority_ask(&b, "one", 2);
	store_is_idle(f);
	assert_int_equal(f->m.changes_waiting, 2);
	/* What is seen is what is stored: the first, as long as the second waits for its turn. */
	assert_int_equal(kit_row(f, "one")->priority, 0);
	store_poll(f->m.store);
	assert_string_equal(order.data, "a+ ");
	assert_int_equal(kit_row(f, "one")->priority, 1);
	assert_true(change_in_flight(&f->m, &job_kind, "one"));
	assert_int_equal(f->settled, 1);
	assert_false(f->last);
	store_drain(f->m.store);
	assert_string_equal(order.data, "a+ b+ ");
	assert_int_equal(kit_row(f, "one")->priority, 2);
	assert_false(change_in_flight(&f->m, &job_kind, "one"));
	assert_true(f->last);
	buf_release(&order);
}

static void test_asked_for_when_one_is_over(void **state)
{
	struct kit *f = *state;
	struct buf order = BUF_INIT;
	struct asked a = {f, "a", &order, "c"}, b = {f, "b", &order, NULL};

	kit_job(f, "one");
	priority_ask(&a, "one", 1);
	priority_ask(&b, "one", 2);
	store_drain(f->m.store);
	assert_string_equal(order.data, "a+ b+ c+ ");
	assert_int_equal(kit_row(f, "one")->priority, 9);
	buf_release(&order);
}

static void both_remove(struct asked *a)
{
	struct change *c = kit_asked(a->f, "both.delete");

	change_row_remove(c, &job_kind, "one");
	change_row_remove(c, &job_kind, "two");
	change_then(c, is_over, a);
	change_commit(c);
}

/* Those that wait at two objects, of which nothing is left: each is over once. */
static void test_all_that_wait_come_too_late(void **state)
{
	static const char *const names[] = {"a", "b", "c", "d"};
	struct kit *f = *state;
	struct buf order = BUF_INIT;
	struct asked all[4];

	kit_job(f, "one");
	kit_job(f, "two");
	for (size_t i = 0; i < 4; i++) {
		all[i] = (struct asked){f, names[i], &order, NULL};
		both_remove(&all[i]);
	}
	store_drain(f->m.store);
	assert_string_equal(order.data, "a+ b- c- d- ");
	assert_int_equal(f->m.changes_waiting, 0);
	assert_int_equal(f->m.flights.len, 0);
	buf_release(&order);
}

/* ---- Taken back ---- */

static void test_asked_and_refused(void **state)
{
	struct kit *f = *state;
	struct buf order = BUF_INIT;
	struct asked a = {f, "a", &order, NULL};
	struct org lab;
	struct change *c;
	struct err e = ERR_INIT;

	kit_job(f, "one");
	disk_full(f, true);
	priority_ask(&a, "one", 5);
	assert_int_equal(kit_work(f, "one")->priority, 5);
	store_drain(f->m.store);
	assert_string_equal(order.data, "a- ");
	assert_int_equal(kit_work(f, "one")->priority, 0);
	assert_int_equal(kit_row(f, "one")->priority, 0);
	/* The name that a new one had is free again. */
	c = kit_begin(f);
	assert_true(orgs_obtain(c, "lab", &lab, &f->text, &e));
	assert_false(orgs_obtain(c, "lab", &lab, &f->text, &e));
	assert_false(kit_commit(c));
	disk_full(f, false);
	c = kit_begin(f);
	assert_true(orgs_obtain(c, "lab", &lab, &f->text, &e));
	assert_true(kit_commit(c));
	assert_non_null(model_org_named(&f->m, "lab"));
	buf_release(&order);
}

/* What nobody asked for goes on being so: the row that work goes by stays ahead. */
static void test_lost(void **state)
{
	struct kit *f = *state;
	struct job j = kit_job(f, "one");
	struct change *c = kit_begin(f);

	job_set(&j, state, WORK_COMPLETED);
	change_work(c, &job_kind, (const struct workload *)&j);
	model_moving_put(&f->m, &job_kind, &j);
	disk_full(f, true);
	f->lost = false;
	assert_false(kit_commit(c));
	assert_true(f->lost);
	assert_int_equal(kit_row(f, "one")->state, WORK_RUNNING);
	assert_int_equal(kit_work(f, "one")->state, WORK_COMPLETED);
}

static void test_given_up_name(void **state)
{
	struct kit *f = *state;
	struct buf order = BUF_INIT;
	struct asked a = {f, "a", &order, NULL};
	struct change *c;

	kit_job(f, "one");
	disk_full(f, true);
	c = kit_asked(f, "job.delete");
	change_row_remove(c, &job_kind, "one");
	change_then(c, is_over, &a);
	assert_null(model_name_uid(&f->m, &job_kind, "1", "one")); /* free at once */
	change_commit(c);
	store_drain(f->m.store);
	assert_string_equal(order.data, "a- ");
	assert_string_equal(model_name_uid(&f->m, &job_kind, "1", "one"), "one");
	/* As is that of a change that is not committed at all. */
	c = kit_begin(f);
	change_row_remove(c, &job_kind, "one");
	change_free(c);
	assert_string_equal(model_name_uid(&f->m, &job_kind, "1", "one"), "one");
	buf_release(&order);
}

/* ---- What comes back by the feed ---- */

static void test_our_own_is_counted_once(void **state)
{
	struct kit *f = *state;
	struct job j = kit_job(f, "one");
	uint64_t before = f->m.version;
	struct change *c;

	/* A sample is newer in memory than in any change. */
	job_set(&j, loss, 0.5);
	model_moving_put(&f->m, &job_kind, &j);
	c = kit_begin(f);
	job_set(&j, loss, 0.75);
	job_set(&j, priority, 2);
	change_work(c, &job_kind, (const struct workload *)&j);
	assert_true(kit_commit(c));
	assert_int_equal(f->m.version, before + 1);
	assert_true(kit_row(f, "one")->loss == 0.5);
	assert_string_equal(f->told.data, "stored job, changed job");
}

static void test_theirs_is_counted_as_well(void **state)
{
	struct kit *f = *state;
	struct job j = kit_job(f, "one");
	uint64_t before = f->m.version;

	job_set(&j, current_rank, 4);
	other_puts(f, &j);
	store_drain(f->m.store);
	assert_int_equal(f->m.version, before + 1);
	assert_int_equal(kit_work(f, "one")->current_rank, 4);
	other_removes(f, &job_kind, "one");
	store_drain(f->m.store);
	assert_int_equal(f->m.version, before + 2);
	assert_null(kit_row(f, "one"));
}

/* ---- A change of several objects, where each lasts by itself ---- */

static sem_t decided, go_on;

static void stand_still(struct kit *f, const char *point)
{
	(void)f;
	if (strcmp(point, "after-commit") != 0)
		return;
	sem_post(&decided);
	sem_wait(&go_on);
}

static struct change *end_of(struct kit *f, const char *uid)
{
	struct change *c = kit_begin(f);
	struct job j = *kit_work(f, uid);
	struct task t = {0};

	job_set(&j, state, WORK_COMPLETED);
	change_work(c, &job_kind, (const struct workload *)&j);
	model_moving_put(&f->m, &job_kind, &j);
	task_set(&t, uid, "one/single/1");
	task_set(&t, job_uid, "one");
	task_set(&t, org_id, "1");
	task_set(&t, exit_code, 3);
	change_task(c, &t);
	return c;
}

/* Whoever sees that a job is over finds how its attempt ended. */
static void test_seen_whole(void **state)
{
	struct kit *f = *state;
	unsigned seen;
	size_t tasks;

	kit_job(f, "one");
	sem_init(&decided, 0, 0);
	sem_init(&go_on, 0, 0);
	f->at_point = stand_still;
	change_commit(end_of(f, "one"));
	sem_wait(&decided);
	store_poll(f->m.store);
	seen = kit_row(f, "one")->state;
	tasks = f->m.tasks.len;
	sem_post(&go_on);
	store_drain(f->m.store);
	assert_int_equal(seen, WORK_RUNNING);
	assert_int_equal(tasks, 0);
	assert_int_equal(kit_row(f, "one")->state, WORK_COMPLETED);
	assert_int_equal(((const struct task *)f->m.tasks.rows[0])->exit_code, 3);
	sem_destroy(&decided);
	sem_destroy(&go_on);
}

static void fills_the_disk(struct kit *f, const char *point)
{
	if (strcmp(point, "after-commit") == 0)
		disk_full(f, true);
}

/* The disk is full in its middle: the rest is done before the next change of whatever object. */
static void test_rest_is_finished(void **state)
{
	struct kit *f = *state;

	kit_job(f, "one");
	kit_job(f, "two");
	f->at_point = fills_the_disk;
	assert_true(kit_commit(end_of(f, "one"))); /* it is decided */
	assert_int_equal(kit_row(f, "one")->state, WORK_COMPLETED);
	assert_int_equal(f->m.tasks.len, 0);
	f->at_point = NULL;
	assert_false(kit_commit(end_of(f, "two")));
	disk_full(f, false);
	change_commit_now(kit_begin(f), NULL);
	assert_int_equal(f->m.tasks.len, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(test_one_after_another),
		ON_BOTH(test_asked_for_when_one_is_over),
		ON_BOTH(test_all_that_wait_come_too_late),
		ON_APART(test_asked_and_refused),
		ON_APART(test_lost),
		ON_APART(test_given_up_name),
		ON_BOTH(test_our_own_is_counted_once),
		ON_APART(test_theirs_is_counted_as_well),
		ON_APART(test_seen_whole),
		ON_APART(test_rest_is_finished),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
