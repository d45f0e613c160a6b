/*
 * Usage is the sum over the attempts whatever happens between two looks: jobs are removed, what removed
 * ones spent is joined and forgotten, on both stores.
 */
#include "core/kinds/spending.h"
#include "unit_kit/model.h"
#include "work/spendings.h"
#include "work/timers.h"
#include "work/usage_tasks.h"

#include "core_random.h"

#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { JOBS = 60, TODAY = 20000, GIB = 1 << 30 };

/* Work on the kit's model, as far as what is spent needs it. */
struct world {
	struct kit *kit;
	uv_loop_t loop;
	struct work w;
};

static struct world *world_new(struct kit *f)
{
	struct world *o = calloc(1, sizeof *o);

	assert_non_null(o);
	o->kit = f;
	uv_loop_init(&o->loop);
	work_init(&o->w, &(struct work_options){.model = &f->m, .loop = &o->loop});
	return o;
}

static void world_free(struct world *o)
{
	struct work_timers *t = o->w.timers;

	uv_close((uv_handle_t *)&t->plan, NULL);
	uv_close((uv_handle_t *)&t->progress, NULL);
	uv_close((uv_handle_t *)&t->repair, NULL);
	uv_close((uv_handle_t *)&t->tidy, NULL);
	uv_run(&o->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&o->loop), 0);
	spendings_release(&o->w);
	free(t);
	free(o);
}

static void uid_of(int n, char out[32])
{
	snprintf(out, 32, "01JOB%021d", n);
}

static const char *org_of(int n)
{
	return n % 3 ? "1" : "2";
}

static const char *owner_of(int n)
{
	static const char *const owners[] = {"li", "chen", "wang"};

	return owners[n % 3];
}

/* Its only attempt: from some day on, two GPUs and a CPU. */
static struct task task_row(int n, char text[2][64])
{
	struct task t = {0};

	uid_of(n, text[0]);
	snprintf(text[1], 64, "01JOB%021d/master-0/1", n);
	task_set(&t, uid, text[1]);
	task_set(&t, job_uid, text[0]);
	task_set(&t, job_name, "job");
	task_set(&t, org_id, org_of(n));
	task_set(&t, attempt, 1);
	task_set(&t, start_time, (struct when){(TODAY - n % 7) * (int64_t)DAY_MS + n});
	task_set(&t, held_time, (struct ms){1000 + n});
	task_set(&t, gpu_limit, 2);
	task_set(&t, cpu_limit, (struct mcpu){1000});
	task_set(&t, memory_limit, (struct bytes){GIB});
	return t;
}

static void spent_of(int n, struct spent_days *days)
{
	char text[2][64];
	struct task t = task_row(n, text);
	struct span s = {t.start_time.v, t.start_time.v + t.held_time.v};

	spent_days_add(days, &s, &(struct holding){t.gpu_limit, t.cpu_limit.v, t.memory_limit.v}, 0,
		TODAY + 9);
}

static struct spending spending_row(int n, const struct spent_days *days, struct arena *a)
{
	struct buf text = BUF_INIT;
	struct spending s = {0};
	char uid[32];

	uid_of(n, uid);
	spent_days_write(days, &text);
	spending_set(&s, uid, arena_strdup(a, uid));
	spending_set(&s, job_name, "job");
	spending_set(&s, org_id, org_of(n));
	spending_set(&s, org_name, "org");
	spending_set(&s, owner, owner_of(n));
	spending_set(&s, days, arena_strdup(a, text.data));
	spending_set(&s, several, false);
	buf_release(&text);
	return s;
}

static void sum_all(struct work *w, struct usage_count *u, const char *org, struct spent *out)
{
	const struct usage_group *g;

	(void)w;
	*out = (struct spent){0};
	for (size_t at = 0; usage_count_group(u, &at, &g);)
		if (org == NULL || strcmp(g->org_id, org) == 0)
			spent_add(out, &g->spent);
}

static struct spent count_all(struct work *w, const char *org)
{
	struct usage_count *u = usage_count_new(w,
		&(struct usage_asked){.first = 0, .last = TODAY + 9, .by = USAGE_BY_JOB});
	struct err e = ERR_INIT;
	struct spent sum;

	while (usage_count_next(u, &e))
		;
	assert_int_equal(e.code, ERR_NONE);
	sum_all(w, u, org, &sum);
	usage_count_free(u);
	return sum;
}

/* ---- While it is counted ---- */

enum gone { GONE_SPENT, GONE_ROW, GONE_ALL }; /* so far: each step may be the last before a crash */

static void job_comes(struct world *o, int n)
{
	struct model *m = &o->kit->m;
	char text[2][64];
	struct task t = task_row(n, text);
	struct job j = {0};

	rowset_put(&m->tasks, &t, NULL);
	job_set(&j, uid, text[0]);
	job_set(&j, job_name, "job");
	job_set(&j, org_id, org_of(n));
	job_set(&j, owner, owner_of(n));
	job_set(&j, state, WORK_COMPLETED);
	rowset_put(&m->jobs, &j, NULL);
}

/* What the model does with a job that goes: what it spent first, then its row, then its tasks'. */
static void job_goes(struct world *o, int n, enum gone how)
{
	struct model *m = &o->kit->m;
	struct spent_days days = {0};
	struct arena text = ARENA_INIT;
	struct spending s;
	char uid[32], task[64];

	uid_of(n, uid);
	if (rowset_find(&m->jobs, uid) && rowset_find(&m->spendings, uid) == NULL) {
		spent_of(n, &days);
		s = spending_row(n, &days, &text);
		rowset_put(&m->spendings, &s, NULL);
		spendings_row_stored(&o->w, &spending_kind, &s);
	}
	snprintf(task, sizeof task, "01JOB%021d/master-0/1", n);
	if (how >= GONE_ROW)
		rowset_remove(&m->jobs, uid);
	if (how >= GONE_ALL)
		rowset_remove(&m->tasks, task);
	vec_release(&days);
	arena_release(&text);
}

/* The sums of one go into another, which names it; it goes at once, or later. */
static void two_join(struct world *o, size_t into, size_t from, bool half)
{
	struct rowset *rows = &o->kit->m.spendings;
	const struct spending *a, *b;
	struct spent_days sum = {0}, more = {0};
	struct buf text = BUF_INIT;
	char uid[32];
	const char *merged[] = {uid};
	struct map taken = MAP_INIT;
	bool theirs;
	struct spending s;

	if (into >= rows->len || from >= rows->len || into == from)
		return;
	a = rows->rows[into];
	b = rows->rows[from];
	spendings_merged(&o->w, &taken);
	theirs = map_get(&taken, a->uid) || map_get(&taken, b->uid);
	map_release(&taken);
	/* As the tidying does: their jobs are gone, and so is what was named before. */
	if (theirs || a->merged.len > 0 || b->merged.len > 0 || strcmp(a->org_id, b->org_id) != 0 ||
		rowset_find(&o->kit->m.jobs, a->uid) || rowset_find(&o->kit->m.jobs, b->uid))
		return;
	snprintf(uid, sizeof uid, "%s", b->uid);
	assert_true(spent_days_read(&sum, a->days, NULL) && spent_days_read(&more, b->days, NULL));
	spent_days_join(&sum, &more);
	spent_days_write(&sum, &text);
	s = *a;
	spending_set(&s, days, text.data);
	spending_set(&s, merged, ((struct strings){merged, 1}));
	rowset_put(rows, &s, NULL);
	spendings_row_stored(&o->w, &spending_kind, &s);
	if (!half) {
		rowset_remove(rows, uid);
		spendings_row_gone(&o->w, &spending_kind);
	}
	vec_release(&sum);
	vec_release(&more);
	buf_release(&text);
}

static void test_each_attempt_is_counted_once_whatever_happens_meanwhile(void **state)
{
	for (uint64_t seed = 1; seed <= 300; seed++) {
		struct world *o = world_new(*state);
		struct dice d = {.state = seed};
		struct model *m = &o->kit->m;
		struct spent_days want = {0};
		struct spent whole = {0}, sum;
		struct usage_count *u;
		struct err e = ERR_INIT;

		for (int n = 0; n < JOBS; n++) {
			job_comes(o, n);
			spent_of(n, &want);
		}
		for (size_t i = 0; i < want.len; i++)
			spent_add(&whole, &want.items[i].spent);
		u = usage_count_new(&o->w,
			&(struct usage_asked){.first = 0, .last = TODAY + 9, .by = USAGE_BY_OWNER});
		do {
			if (dice_below(&d, 2))
				job_goes(o, (int)dice_below(&d, JOBS),
					(enum gone)dice_below(&d, 3));
			if (dice_below(&d, 8) == 0 && seed % 2)
				two_join(o, (size_t)dice_below(&d, JOBS),
					(size_t)dice_below(&d, JOBS), dice_below(&d, 2));
		} while (usage_count_next(u, &e));
		sum_all(&o->w, u, NULL, &sum);
		if (memcmp(&sum, &whole, sizeof sum) != 0)
			fail_msg("seed %llu: %lld attempts of %lld", (unsigned long long)seed,
				(long long)sum.attempts, (long long)whole.attempts);
		usage_count_free(u);
		vec_release(&want);
		rowset_clear(&m->tasks);
		rowset_clear(&m->jobs);
		rowset_clear(&m->spendings);
		world_free(o);
	}
}

/* ---- One that is removed, with a writer beside ours ---- */

enum { ONE = 1 };

/* Over, and on the disk with its attempt. */
static void job_stored(struct kit *f, struct job *j)
{
	char text[2][64];
	struct task t = task_row(ONE, text);
	struct change *c = kit_begin(f);

	*j = (struct job){0};
	job_set(j, uid, arena_strdup(&f->text, t.job_uid));
	job_set(j, job_name, "one");
	job_set(j, org_id, org_of(ONE));
	job_set(j, state, WORK_COMPLETED);
	job_set(j, attempt, 1);
	change_row(c, &job_kind, j);
	change_task(c, &t);
	assert_true(kit_commit(c));
}

static void job_remove(struct world *o, const struct job *j, struct kit_outcome *how)
{
	struct change *c = kit_asked(o->kit, "job.delete");

	workload_row_remove(&o->w, c, &job_kind, (const struct workload *)kit_row(o->kit, j->uid));
	kit_commit_told(c, how);
}

static void assert_removed(struct world *o, const struct job *j, const struct spent *spent)
{
	struct model *m = &o->kit->m;
	struct spent sum = count_all(&o->w, NULL);

	assert_null(kit_row(o->kit, j->uid));
	assert_null(model_name_uid(m, &job_kind, j->org_id, j->job_name));
	assert_int_equal(m->tasks.len, 0);
	assert_memory_equal(&sum, spent, sizeof sum);
	assert_int_equal(sum.attempts, 1);
}

/* What they write is in the store before our removal, and not yet seen here. */
static void test_a_removal_goes_by_the_job_as_it_is(void **state)
{
	struct kit *f = *state;
	struct world *o = world_new(f);
	struct kit_outcome how = {0};
	struct spent spent;
	struct job j;

	job_stored(f, &j);
	spent = count_all(&o->w, NULL);
	job_set(&j, current_rank, 7);
	other_puts(f, &j);
	job_remove(o, &j, &how);
	store_drain(f->m.store);
	assert_true(how.told == 1 && how.ok);
	assert_removed(o, &j, &spent);
	world_free(o);
}

static struct job theirs; /* what the other writer writes next */

static void writes_once(struct kit *f, const char *point)
{
	if (strcmp(point, "before-commit") != 0)
		return;
	f->at_point = NULL;
	job_set(&theirs, current_rank, 8);
	other_puts(f, &theirs);
}

static void test_a_removal_goes_again_where_they_were_faster(void **state)
{
	struct kit *f = *state;
	struct world *o = world_new(f);
	struct kit_outcome how = {0};
	struct spent spent;

	job_stored(f, &theirs);
	spent = count_all(&o->w, NULL);
	f->at_point = writes_once;
	job_remove(o, &theirs, &how);
	store_drain(f->m.store);
	assert_true(how.told == 1 && how.ok);
	assert_removed(o, &theirs, &spent);
	world_free(o);
}

static void writes_always(struct kit *f, const char *point)
{
	if (strcmp(point, "before-commit") == 0)
		other_puts(f, &theirs);
}

/* A removal that does not hold leaves nothing: what the job spends later must count. */
static void test_a_removal_that_is_refused_leaves_nothing(void **state)
{
	struct kit *f = *state;
	struct world *o = world_new(f);
	struct kit_outcome how = {0};

	job_stored(f, &theirs);
	f->at_point = writes_always;
	job_remove(o, &theirs, &how);
	store_drain(f->m.store);
	f->at_point = NULL;
	assert_true(how.told == 1 && !how.ok);
	assert_int_equal(how.code, ERR_CONFLICT);
	assert_non_null(kit_row(f, theirs.uid));
	assert_string_equal(model_name_uid(&f->m, &job_kind, "1", "one"), theirs.uid);
	assert_int_equal(f->m.spendings.len, 0);
	world_free(o);
}

static sem_t decided, go_on;

static void waits_half_done(struct kit *f, const char *point)
{
	(void)f;
	if (strcmp(point, "after-commit") != 0)
		return;
	sem_post(&decided);
	sem_wait(&go_on);
}

static void test_it_is_counted_while_its_removal_is_half_done(void **state)
{
	struct kit *f = *state;
	struct world *o = world_new(f);
	struct kit_outcome how = {0};
	struct spent spent, half;
	struct job j;

	job_stored(f, &j);
	spent = count_all(&o->w, NULL);
	sem_init(&decided, 0, 0);
	sem_init(&go_on, 0, 0);
	f->at_point = waits_half_done;
	job_remove(o, &j, &how);
	sem_wait(&decided);
	store_poll(f->m.store);
	half = count_all(&o->w, NULL);
	f->at_point = NULL;
	sem_post(&go_on);
	store_drain(f->m.store);
	assert_memory_equal(&half, &spent, sizeof half);
	assert_removed(o, &j, &spent);
	sem_destroy(&decided);
	sem_destroy(&go_on);
	world_free(o);
}

static void fills_the_disk(struct kit *f, const char *point)
{
	if (strcmp(point, "after-commit") == 0)
		disk_full(f, true);
}

static void test_what_it_spent_waits_for_room_where_the_disk_is_full_by_then(void **state)
{
	struct kit *f = *state;
	struct world *o = world_new(f);
	struct kit_outcome how = {0};
	struct spent spent;
	struct job j;

	job_stored(f, &j);
	spent = count_all(&o->w, NULL);
	f->at_point = fills_the_disk;
	job_remove(o, &j, &how);
	store_drain(f->m.store);
	f->at_point = NULL;
	assert_true(how.told == 1 && how.ok);
	assert_null(kit_row(f, j.uid));
	disk_full(f, false);
	change_commit_now(kit_begin(f), NULL);
	assert_removed(o, &j, &spent);
	world_free(o);
}

/* ---- Tidying ---- */

/* In the store, as removed jobs leave them. */
static void leave(struct kit *f, int from, int to, int64_t day)
{
	struct arena text = ARENA_INIT;
	struct change *c = kit_begin(f);

	for (int n = from; n < to; n++) {
		struct spent_days days = {0};
		struct spending s;

		*spent_days_at(&days, day) = (struct spent){1, 2, 3, 1};
		*spent_days_at(&days, day + 1) = (struct spent){10, 20, 30, 1};
		s = spending_row(n, &days, &text);
		change_row(c, &spending_kind, &s);
		vec_release(&days);
	}
	assert_true(kit_commit(c));
	arena_release(&text);
}

static void tidy(struct world *o)
{
	spendings_tidy_in(&o->w, 0);
	/* It asks for itself anew until it has seen all; then in an hour. */
	do {
		uv_ref((uv_handle_t *)&o->w.timers->tidy);
		uv_run(&o->loop, UV_RUN_ONCE);
	} while (o->w.spendings_at);
	store_drain(o->kit->m.store);
}

static void test_many_become_one_for_each_owner_and_the_sums_stay(void **state)
{
	struct kit *f = *state;
	struct world *o = world_new(f);
	int many = 3 * SPENDINGS_KEPT;
	struct spent first, second, sum;
	size_t before;

	leave(f, 0, many, TODAY - 3);
	first = count_all(&o->w, "1");
	second = count_all(&o->w, "2");
	assert_int_equal(first.attempts + second.attempts, 2 * many);
	tidy(o);
	before = f->m.spendings.len;
	/* Of org 1 there were 2,000, of which the newest 500 at least are told apart; of org 2 1,000. */
	assert_true(before < (size_t)many && before >= SPENDINGS_KEPT + SPENDINGS_KEPT / 2);
	for (int i = 0; i < 8; i++)
		tidy(o);
	assert_in_range(f->m.spendings.len, SPENDINGS_KEPT + SPENDINGS_KEPT / 2,
		2 * SPENDINGS_KEPT + 2);
	sum = count_all(&o->w, "1");
	assert_memory_equal(&sum, &first, sizeof sum);
	sum = count_all(&o->w, "2");
	assert_memory_equal(&sum, &second, sizeof sum);
	for (size_t i = 0; i < f->m.spendings.len; i++) {
		const struct spending *s = f->m.spendings.rows[i];

		if (s->several)
			assert_string_equal(s->job_name, "");
	}
	world_free(o);
}

static void test_old_days_are_forgotten_and_no_others(void **state)
{
	struct kit *f = *state;
	struct world *o = world_new(f);
	int64_t today = day_of(model_now());
	struct spent_days days = {0};

	o->w.settings.usage_keep = 10 * (int64_t)DAY_MS;
	leave(f, 0, 1, today - 40); /* both days are older */
	leave(f, 1, 2, today - 11); /* the second is not: it was over ten days ago at most */
	leave(f, 2, 3, today - 1);
	tidy(o);
	assert_int_equal(f->m.spendings.len, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct spending *s = f->m.spendings.rows[i];

		vec_release(&days);
		assert_true(spent_days_read(&days, s->days, NULL));
		assert_int_equal(days.len, i + 1);
	}
	o->w.settings.usage_keep = 0; /* never */
	leave(f, 5, 6, 3);
	tidy(o);
	assert_int_equal(f->m.spendings.len, 3);
	vec_release(&days);
	world_free(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_APART(test_each_attempt_is_counted_once_whatever_happens_meanwhile),
		ON_APART(test_a_removal_goes_by_the_job_as_it_is),
		ON_APART(test_a_removal_goes_again_where_they_were_faster),
		ON_APART(test_a_removal_that_is_refused_leaves_nothing),
		ON_BOTH(test_it_is_counted_while_its_removal_is_half_done),
		ON_APART(test_what_it_spent_waits_for_room_where_the_disk_is_full_by_then),
		ON_BOTH(test_many_become_one_for_each_owner_and_the_sums_stay),
		ON_BOTH(test_old_days_are_forgotten_and_no_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
