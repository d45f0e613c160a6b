/* The made-up platform: sound rows in the wished mix, the same from the same seed, and kept like any. */
#include "base/fsio.h"
#include "base/mem.h"
#include "base/timefmt.h"
#include "base/vec.h"
#include "core/progress/progress.h"
#include "core/schema/rowset.h"
#include "demo/store_demo.h"
#include "demo/world.h"
#include "store/folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <math.h>

enum { MIX = 2000 };

static const char *const two[] = {"local", "research"};
static const struct demo_settings standard = {.jobs = MIX, .seed = 1, .orgs = {two, 2}};
static const struct fake_settings machine = {.gpus = 64, .changes = 5};

static void make(struct world *w, const struct demo_settings *settings)
{
	world_make(w, settings, &machine, time_now_ms());
}

static bool knows(const struct job *j, const char *field)
{
	return record_knows(&job_kind, j, kind_field(&job_kind, field));
}

static void check_row(const struct job *j, int64_t now)
{
	assert_true(ulid_valid(j->uid));
	assert_true(j->create_time.v <= now && ulid_ms(j->uid) == j->create_time.v);
	assert_true(knows(j, "owner") && knows(j, "gpu_limit") && knows(j, "state"));
	assert_int_equal(knows(j, "end_time"), work_state_final(j->state));
	if (j->state == WORK_RUNNING) {
		assert_true(j->start_time.v >= j->create_time.v && j->start_time.v <= now);
		assert_in_range(j->progress_step, 0, j->progress_total);
		assert_true(!knows(j, "loss") || isnan(j->loss) || (j->loss > 0 && j->loss < 10));
		assert_true(!knows(j, "progress_step") || j->progress_rate > 0);
		assert_int_equal(knows(j, "gpu_util"), j->gpu_limit > 0);
	} else if (j->state == WORK_ENQUEUED) {
		assert_false(knows(j, "progress_step") || knows(j, "start_time"));
	} else {
		assert_true(j->end_time.v >= j->start_time.v && j->end_time.v <= now);
		assert_int_equal(j->reason != REASON_NONE, j->state == WORK_FAILED);
		assert_int_equal(*j->message != '\0', j->state == WORK_FAILED);
		assert_true(knows(j, "exit_code") != knows(j, "signal"));
		assert_false(knows(j, "progress_eta") || knows(j, "gpu_util"));
	}
}

static void test_mix(void **state)
{
	struct world w;
	struct world_row r = {.is_known = false};
	size_t states[16] = {0};
	int64_t held[WORLD_ORGS] = {0}, oldest = INT64_MAX, now = time_now_ms();

	(void)state;
	make(&w, &standard);
	assert_int_equal(w.job_count, MIX + WORLD_SECOND);
	assert_int_equal(w.org_count, 2);
	for (size_t i = 0; i < w.job_count; i++) {
		world_job_row(&w, &w.jobs[i], &r);
		check_row(&r.job, now);
		states[r.job.state]++;
		if (r.job.state == WORK_RUNNING)
			held[strcmp(r.job.org_name, "research") == 0] += r.job.gpu_limit;
		oldest = r.job.create_time.v < oldest ? r.job.create_time.v : oldest;
		assert_true(i == 0 || strcmp(w.jobs[i - 1].uid, w.jobs[i].uid) < 0);
	}
	assert_in_range(states[WORK_RUNNING], MIX / 8, MIX / 3);
	assert_in_range(states[WORK_ENQUEUED], MIX / 15, MIX / 5);
	assert_in_range(states[WORK_COMPLETED], MIX / 3, MIX * 2 / 3);
	assert_in_range(states[WORK_FAILED], MIX / 15, MIX / 4);
	/* All GPUs are in use, so that who waits for one waits in truth; no org is over its quota. */
	assert_int_equal(held[0], 48);
	assert_int_equal(held[1], 16);
	/* What an org's screens count is what keeps its jobs waiting. */
	for (size_t i = 0; i < 2; i++) {
		struct quota q;

		world_quota_row(&w, &w.orgs[i], &q);
		assert_int_equal(q.total.gpu_quota, held[i]);
	}
	assert_true(oldest < now - (int64_t)5 * 86400 * 1000);
	world_release(&w);
}

/* The log as a reader of it has it at the end of `len` bytes. */
static void read_log(const struct made_log *log, uint64_t len, bool over, struct progress_values *v)
{
	struct progress *p = mem_alloc(progress_size());
	char bytes[10 * MADE_RECORD];
	int64_t now = 0;

	progress_init(p, NULL);
	for (uint64_t at = 0; at < len; at += sizeof bytes) {
		size_t n = made_log_read(log, len, at, bytes, sizeof bytes);

		progress_feed(p, bytes, n, now += 1000);
	}
	if (over)
		progress_finish(p, now, v);
	else
		progress_pause(p, now, v);
	free(p);
}

static void check_said(const struct job *j, const struct progress_values *v)
{
	assert_int_equal(knows(j, "progress_step"), (v->known & PROGRESS_STEP) != 0);
	assert_int_equal(knows(j, "progress_epochs"), (v->known & PROGRESS_EPOCHS) != 0);
	assert_int_equal(knows(j, "progress_eta"), (v->known & PROGRESS_ETA) != 0);
	if (v->known & PROGRESS_STEP) {
		assert_int_equal(j->progress_step, v->step);
		assert_int_equal(j->progress_total, v->total);
		assert_true(v->known & PROGRESS_PERCENT);
		/* Rows have tenths. */
		assert_true(fabs(j->progress_percent.v - v->percent) < .051);
		assert_int_equal(isnan(j->loss), isnan(v->loss));
		assert_true(isnan(j->loss) || fabs(j->loss - v->loss) < .001);
	}
	if (v->known & PROGRESS_EPOCHS) {
		assert_int_equal(j->progress_epoch, v->epoch);
		assert_int_equal(j->progress_epochs, v->epochs);
		assert_string_equal(j->metric_name, v->metric_name);
		assert_true(isnan(v->metric) || fabs(j->metric_value - v->metric) < .001);
	}
	/* No row of what has ended has a phase. */
	if (j->state == WORK_RUNNING && (v->known & PROGRESS_PHASE))
		assert_string_equal(knows(j, "phase") ? j->phase : "none", v->phase);
	else
		assert_false(knows(j, "phase"));
	assert_int_equal(knows(j, "progress_rate"), (v->known & PROGRESS_RATE) != 0);
	assert_int_equal(knows(j, "source"), progress_source(v) != NULL);
	if (v->known & PROGRESS_ETA)
		assert_true(llabs(j->progress_eta.v - v->eta_ms) <= 1000);
}

/* A row says what the reader of its log says: nothing jumps when the log grows. */
static void test_rows_say_what_logs_say(void **state)
{
	struct world w;
	struct world_row r = {.is_known = false};
	static const char *const phases[] = {"train", "validate", "save", "download", "tokenize"};
	size_t read = 0, diverged = 0, in[ARRAY_SIZE(phases)] = {0};

	(void)state;
	make(&w, &standard);
	for (size_t i = 0; i < w.job_count; i++) {
		struct progress_values v;
		const struct made *m = &w.jobs[i].made;
		struct made_log log = made_log(m, 1);

		world_job_row(&w, &w.jobs[i], &r);
		if (m->class == MADE_WAITING || (i % 16 && m->class != MADE_RUNNING))
			continue;
		read_log(&log, (uint64_t)r.job.log_bytes.v, m->class != MADE_RUNNING, &v);
		check_said(&r.job, &v);
		diverged += knows(&r.job, "loss") && isnan(r.job.loss);
		for (size_t n = 0; n < ARRAY_SIZE(phases) && knows(&r.job, "phase"); n++)
			in[n] += strcmp(r.job.phase, phases[n]) == 0;
		read++;
	}
	assert_true(read > 20 && diverged > 0);
	for (size_t n = 0; n < ARRAY_SIZE(phases); n++)
		assert_true(in[n] > 0);
	world_release(&w);
}

/* Each GPU is held once. */
static void test_gpus(void **state)
{
	struct world w;
	struct world_row r = {.is_known = false};
	VEC(char *) uuids = {0};

	(void)state;
	make(&w, &standard);
	for (size_t i = 0; i < w.job_count; i++) {
		if (w.jobs[i].made.class != MADE_RUNNING)
			continue;
		world_task_row(&w, &w.jobs[i], &r);
		assert_int_equal(r.task.gpus.len, w.jobs[i].made.gpus);
		for (size_t g = 0; g < r.task.gpus.len; g++)
			vec_push(&uuids, mem_strdup(r.task.gpus.items[g]));
	}
	assert_int_equal(uuids.len, 64);
	for (size_t i = 0; i < uuids.len; i++) {
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(uuids.items[i], uuids.items[k]);
	}
	for (size_t i = 0; i < uuids.len; i++)
		free(uuids.items[i]);
	vec_release(&uuids);
	world_release(&w);
}

/* What does not depend on the hour is the same from the same seed, and another from another. */
static void test_deterministic(void **state)
{
	static const struct demo_settings other = {.jobs = MIX, .seed = 2};
	struct world a, b, c;
	struct world_row r = {.is_known = false}, s = {.is_known = false};
	size_t same = 0;

	(void)state;
	make(&a, &standard);
	make(&b, &standard);
	make(&c, &other);
	for (size_t i = 0; i < MIX; i++) {
		world_job_row(&a, &a.jobs[i], &r);
		world_job_row(&b, &b.jobs[i], &s);
		assert_string_equal(r.job.job_name, s.job.job_name);
		assert_int_equal(r.job.state, s.job.state);
		assert_int_equal(r.job.reason, s.job.reason);
		assert_int_equal(r.job.gpu_limit, s.job.gpu_limit);
		assert_string_equal(r.job.owner, s.job.owner);
		/* The random part of a ULID; the first ten characters are the time. */
		assert_string_equal(r.job.uid + 10, s.job.uid + 10);
		same += strcmp(a.jobs[i].uid + 10, c.jobs[i].uid + 10) == 0;
	}
	assert_true(same < MIX / 10);
	world_release(&a);
	world_release(&b);
	world_release(&c);
}

/* A very large one has no more that runs and waits than a daemon looks after with ease. */
static void test_large(void **state)
{
	static const struct demo_settings large = {.jobs = 50000, .seed = 1};
	struct world w;
	size_t classes[4] = {0};

	(void)state;
	make(&w, &large);
	for (size_t i = 0; i < w.job_count; i++)
		classes[w.jobs[i].made.class]++;
	assert_int_equal(classes[MADE_RUNNING], WORLD_RUNNING);
	assert_int_equal(classes[MADE_WAITING], WORLD_WAITING);
	assert_int_equal(w.org_count, 1);
	world_release(&w);
}

/* ---- As a store ---- */

struct model {
	struct rowset jobs;
	size_t puts, orgs, quotas, tasks, events, gone;
};

static bool object_put(void *ctx, const struct store_object *o, struct err *e)
{
	struct model *m = ctx;

	(void)e;
	m->puts++;
	m->orgs += strcmp(o->kind, "org") == 0;
	m->quotas += strcmp(o->kind, "quota") == 0;
	m->tasks += strcmp(o->kind, "task") == 0;
	m->events += strcmp(o->kind, "event") == 0;
	if (strcmp(o->kind, "job"))
		return true;
	if (o->row) {
		assert_int_equal(o->revision, STORE_NONE);
		assert_string_equal(o->name, ((const struct job *)o->row)->job_name);
		rowset_put(&m->jobs, o->row, NULL);
	}
	return true;
}

static void object_gone(void *ctx, const struct store_object *o)
{
	struct model *m = ctx;

	m->gone++;
	rowset_remove(&m->jobs, o->uid);
}

static void told(void *ctx)
{
	(void)ctx;
}

static struct store *demo_store(struct model *m, const char *dir)
{
	static const char *const kinds[] = {"org", "key", "quota", "job", "task", "event", NULL};
	static const struct demo_settings settings = {.jobs = 300, .seed = 1, .orgs = {two, 2}};
	struct store_config c = {.front = &store_demo,
		.dir = dir,
		.volatile_data = true,
		.notify = told,
		.settings = &settings,
		.engine_settings = &machine};
	struct store_loader l = {.feed = {m, object_put, object_gone},
		.kinds = kinds,
		.newest = "event",
		.most = 100};
	struct store *s;
	struct err e = ERR_INIT;

	memset(m, 0, sizeof *m);
	rowset_init(&m->jobs, &job_kind);
	if (!folder_prepare(dir, &e) || !store_open(&s, &c, &e) || !store_load(s, &l, &e) ||
		!store_start(s, &e))
		fail_msg("%s", e.text);
	return s;
}

static void done(void *ctx, const struct store_outcome *how)
{
	*(bool *)ctx = how->ok;
}

static bool commit(struct store *s, struct store_tx *tx)
{
	bool ok = false;

	store_commit(s, tx, 0, done, &ok);
	store_drain(s);
	return ok;
}

static void rows_read(void *ctx, bool ok, const struct store_rows *rows, const struct err *e)
{
	struct buf *words = ctx;

	(void)e;
	assert_true(ok);
	for (size_t i = 0; i < rows->count; i++) {
		struct arena a = ARENA_INIT;
		struct event ev;

		assert_true(record_unpack(&event_kind, &ev, &a, rows->rows[i].data,
			rows->rows[i].len, NULL));
		buf_addf(words, "%s ", ev.reason);
		arena_release(&a);
	}
}

static const struct job *job_in(const struct model *m, unsigned state)
{
	for (size_t i = 0; i < m->jobs.len; i++)
		if (((const struct job *)m->jobs.rows[i])->state == state)
			return m->jobs.rows[i];
	fail();
	return NULL;
}

static void expect_events(struct store *s, const struct job *j, const char *words)
{
	struct buf seen = BUF_INIT;

	store_read_children(s, "event", j->uid, 100, rows_read, &seen);
	store_drain(s);
	assert_string_equal(seen.data, words);
	buf_release(&seen);
}

/* What was made up is changed, read and removed like what was stored. */
static void test_store(void **state)
{
	const char *tmp = getenv("TMPDIR");
	char dir[512];
	struct model m;
	struct store *s;
	struct store_tx *tx = store_tx_new();
	struct buf pack = BUF_INIT;
	struct store_object o = {.kind = "job",
		.org_id = "1",
		.parent = "",
		.revision = STORE_NONE};
	struct job j;

	(void)state;
	snprintf(dir, sizeof dir, "%.400s/mltop-demo-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(dir));
	s = demo_store(&m, dir);
	assert_int_equal(m.jobs.len, 350);
	assert_int_equal(m.orgs, 2);
	assert_int_equal(m.quotas, 2);
	assert_true(m.tasks > 20);
	assert_int_equal(m.events, 50);
	expect_events(s, job_in(&m, WORK_RUNNING), "Submitted Started ");
	expect_events(s, job_in(&m, WORK_ENQUEUED), "Submitted Enqueued ");
	expect_events(s, job_in(&m, WORK_COMPLETED), "Submitted Started Completed ");
	expect_events(s, job_in(&m, WORK_FAILED), "Submitted Started Failed ");
	j = *job_in(&m, WORK_RUNNING);
	record_pack(&job_kind, &j, &pack);
	o.uid = j.uid;
	o.name = j.job_name;
	o.pack = pack.data;
	o.len = pack.len;
	store_put(tx, &o);
	assert_true(commit(s, tx));
	tx = store_tx_new();
	store_put(tx, &o); /* it is held now: whoever thinks it is not is behind */
	assert_false(commit(s, tx));
	tx = store_tx_new();
	store_remove(tx, "job", job_in(&m, WORK_COMPLETED)->uid, STORE_NONE);
	assert_true(commit(s, tx));
	assert_int_equal(m.gone, 1);
	assert_int_equal(m.jobs.len, 349);
	tx = store_tx_new();
	store_remove(tx, "job", j.uid, STORE_NONE);
	assert_false(commit(s, tx));
	store_close(s);
	buf_release(&pack);
	rowset_release(&m.jobs);
	assert_true(fsio_remove_tree(dir, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mix),
		cmocka_unit_test(test_rows_say_what_logs_say),
		cmocka_unit_test(test_gpus),
		cmocka_unit_test(test_deterministic),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
