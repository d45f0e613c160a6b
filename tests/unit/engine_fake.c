/* The fake engine: the same jobs from the same seed, changes at the wished rate, logs by offset. */
#include "engine/fake/engine_fake.h"
#include "engine_bench.h"

#include "base/ulid.h"
#include "core/schema/rowset.h"

#include <math.h>

enum { MIX = 2000 };

/* The rows as a daemon would hold them, and how many were told since. */
struct model {
	struct rowset rows;
	int told;
};

static void on_job(struct bench *b, const struct job *j)
{
	struct model *m = b->ctx;

	rowset_put(&m->rows, j, NULL);
	m->told++;
}

static void world_open(struct bench *b, struct model *m, int64_t jobs, int64_t gpus,
	int64_t changes)
{
	bench_init(b);
	memset(m, 0, sizeof *m);
	rowset_init(&m->rows, &job_kind);
	b->ctx = m;
	b->on_job = on_job;
	b->config.fake_jobs = jobs;
	b->config.fake_gpus = gpus;
	b->config.fake_changes = changes;
	b->config.fake_seed = 42;
	bench_open(b, &engine_fake);
	b->en->ops->adopt(b->en, NULL, 0);
}

static void world_close(struct bench *b, struct model *m)
{
	bench_release(b);
	rowset_release(&m->rows);
}

static const struct job *row(const struct model *m, size_t i)
{
	return m->rows.rows[i];
}

static size_t count_state(const struct model *m, unsigned state)
{
	size_t n = 0;

	for (size_t i = 0; i < m->rows.len; i++)
		n += row(m, i)->state == state;
	return n;
}

static bool knows(const struct job *j, const char *field)
{
	return record_knows(&job_kind, j, kind_field(&job_kind, field));
}

static void check_row(const struct job *j, int64_t now)
{
	assert_true(ulid_valid(j->uid));
	assert_true(j->create_time.v <= now);
	assert_true(knows(j, "owner") && knows(j, "gpu_limit") && knows(j, "state"));
	assert_int_equal(knows(j, "end_time"), job_state_final(j->state));
	assert_int_equal(knows(j, "exit_code"), job_state_final(j->state));
	if (j->state == JOB_RUNNING) {
		assert_true(j->start_time.v >= j->create_time.v);
		assert_in_range(j->progress_step, 0, j->progress_total);
		assert_true(j->loss > 0 && j->loss < 10 && j->progress_rate > 0);
		assert_int_equal(knows(j, "gpu_util"), j->gpu_limit > 0);
	} else if (j->state == JOB_ENQUEUED) {
		assert_true(j->reason != REASON_NONE && *j->message);
		assert_false(knows(j, "progress_step"));
		assert_false(knows(j, "start_time"));
	} else {
		assert_true(j->end_time.v >= j->start_time.v && j->end_time.v <= now);
		assert_int_equal(j->reason != REASON_NONE, j->state == JOB_FAILED);
		assert_false(knows(j, "progress_eta"));
	}
}

static void test_mix(void **state)
{
	struct bench b;
	struct model m;
	int64_t held = 0, oldest = INT64_MAX, now;

	(void)state;
	world_open(&b, &m, MIX, 64, 0);
	now = time_now_ms();
	assert_int_equal(m.rows.len, MIX);
	for (size_t i = 0; i < m.rows.len; i++) {
		char name[32];

		snprintf(name, sizeof name, "demo-job-%05zu", i);
		assert_string_equal(row(&m, i)->job_name, name);
		check_row(row(&m, i), now);
		held += row(&m, i)->state == JOB_RUNNING ? row(&m, i)->gpu_limit : 0;
		oldest = row(&m, i)->create_time.v < oldest ? row(&m, i)->create_time.v : oldest;
	}
	assert_in_range(count_state(&m, JOB_RUNNING), MIX / 8, MIX / 3);
	assert_in_range(count_state(&m, JOB_ENQUEUED), MIX / 15, MIX / 5);
	assert_in_range(count_state(&m, JOB_COMPLETED), MIX / 3, MIX * 2 / 3);
	assert_in_range(count_state(&m, JOB_FAILED), MIX / 15, MIX / 4);
	assert_in_range(held, 32, 64);
	assert_true(oldest < now - (int64_t)5 * 86400 * 1000); /* spread over days */
	struct plan_cluster machine;
	int64_t told = 0;

	b.en->ops->machine(b.en, &machine);
	for (size_t i = 0; i < machine.nodes->gpu_count; i++)
		told += machine.nodes->gpus[i].held;
	assert_int_equal(told, held);
	assert_int_equal(bench_timers(&b), 0); /* no changes: nothing fires */
	world_close(&b, &m);
}

/* What does not depend on the hour is the same from the same seed. */
static void test_deterministic(void **state)
{
	struct bench a, b;
	struct model x, y;

	(void)state;
	world_open(&a, &x, 300, 16, 0);
	world_open(&b, &y, 300, 16, 0);
	for (size_t i = 0; i < 300; i++) {
		const struct job *j = row(&x, i), *k = row(&y, i);

		assert_int_equal(j->state, k->state);
		assert_int_equal(j->reason, k->reason);
		assert_int_equal(j->gpu_limit, k->gpu_limit);
		assert_int_equal(j->progress_step, k->progress_step);
		assert_true(j->loss == k->loss);
		assert_string_equal(j->owner, k->owner);
		assert_string_equal(j->job_args, k->job_args);
		/* The random part of a ULID; the first ten characters are the time. */
		assert_string_equal(j->uid + 10, k->uid + 10);
	}
	world_close(&a, &x);
	world_close(&b, &y);
}

static void test_changes(void **state)
{
	enum { RATE = 1000, SECONDS = 2 };
	struct bench b;
	struct model m;
	struct plan_cluster machine;
	int64_t begin, took, held = 0, told = 0;
	size_t running, waiting;

	(void)state;
	world_open(&b, &m, 1000, 64, RATE);
	m.told = 0;
	running = count_state(&m, JOB_RUNNING);
	waiting = count_state(&m, JOB_ENQUEUED);
	begin = time_mono_ms();
	bench_until(&b, m.told >= RATE * SECONDS);
	took = time_mono_ms() - begin;
	assert_in_range(took, SECONDS * 1000 * 8 / 10, SECONDS * 1000 * 2);
	/* Totals stay; rows stay sound; GPUs add up. */
	assert_int_equal(m.rows.len, 1000);
	assert_in_range(count_state(&m, JOB_RUNNING), running - 8, running + 8);
	assert_in_range(count_state(&m, JOB_ENQUEUED), waiting - 8, waiting + 8);
	for (size_t i = 0; i < m.rows.len; i++) {
		check_row(row(&m, i), time_now_ms() + 1);
		held += row(&m, i)->state == JOB_RUNNING ? row(&m, i)->gpu_limit : 0;
	}
	b.en->ops->machine(b.en, &machine);
	for (size_t i = 0; i < machine.nodes->gpu_count; i++)
		told += machine.nodes->gpus[i].held;
	assert_int_equal(told, held);
	assert_true(b.changed > 0);
	world_close(&b, &m);
}

static const struct job *find(const struct model *m, unsigned state)
{
	for (size_t i = 0; i < m->rows.len; i++)
		if (row(m, i)->state == state)
			return row(m, i);
	fail();
	return NULL;
}

static void test_cancel(void **state)
{
	struct bench b;
	struct model m;
	char uid[ULID_SIZE];

	(void)state;
	world_open(&b, &m, 200, 8, 0);
	for (unsigned s = JOB_ENQUEUED; s <= JOB_RUNNING; s += JOB_RUNNING - JOB_ENQUEUED) {
		snprintf(uid, sizeof uid, "%s", find(&m, s)->uid);
		struct task_ref ref = {.uid = uid, .task = "master-0", .attempt = 1};
		const struct job *j;

		b.en->ops->stop(b.en, &ref, 1000);
		j = rowset_find(&m.rows, uid);
		assert_int_equal(j->state, JOB_FAILED);
		assert_int_equal(j->reason, REASON_CANCELLED);
		assert_string_equal(j->message, "was cancelled");
		check_row(j, time_now_ms() + 1);
		m.told = 0;
		b.en->ops->stop(b.en, &ref, 1000); /* again: nothing */
		assert_int_equal(m.told, 0);
	}
	world_close(&b, &m);
}

static void test_forget(void **state)
{
	struct bench b;
	struct model m;
	char uid[3][ULID_SIZE];
	static const unsigned states[] = {JOB_RUNNING, JOB_ENQUEUED, JOB_COMPLETED};

	(void)state;
	world_open(&b, &m, 50, 8, 2000);
	for (int i = 0; i < 3; i++) {
		snprintf(uid[i], sizeof uid[i], "%s", find(&m, states[i])->uid);
		b.en->ops->forget(b.en, uid[i]);
		assert_true(rowset_remove(&m.rows, uid[i]));
	}
	m.told = 0;
	bench_until(&b, m.told > 2000);
	for (int i = 0; i < 3; i++)
		assert_null(rowset_find(&m.rows, uid[i])); /* never told of again */
	world_close(&b, &m);
}

static size_t read_all(struct bench *b, const struct task_ref *ref, struct buf *out, size_t piece)
{
	char *bytes = mem_alloc(piece);
	struct log_gap gap;
	ssize_t n;

	while ((n = bench_read(b, ref, out->len, bytes, piece, &gap)) > 0)
		buf_add(out, bytes, (size_t)n);
	assert_int_equal(n, 0);
	free(bytes);
	return out->len;
}

static void test_log(void **state)
{
	struct bench b;
	struct model m;
	struct buf whole = BUF_INIT, pieces = BUF_INIT;
	struct log_range range;
	struct log_gap gap;
	char byte[7];

	(void)state;
	world_open(&b, &m, 200, 8, 0);
	const struct job *j = find(&m, JOB_COMPLETED);
	struct task_ref ref = {.uid = j->uid, .task = "master-0", .attempt = 1};

	assert_true(bench_range(&b, &ref, &range));
	assert_true(range.final && range.oldest == 0);
	assert_int_equal(range.newest, j->log_bytes.v);
	assert_int_equal(read_all(&b, &ref, &whole, 1 << 20), range.newest);
	assert_int_equal(read_all(&b, &ref, &pieces, 777), range.newest);
	assert_memory_equal(whole.data, pieces.data, whole.len);
	for (size_t at = 3; at + sizeof byte < whole.len; at += whole.len / 17) {
		assert_int_equal(bench_read(&b, &ref, at, byte, sizeof byte, &gap), sizeof byte);
		assert_memory_equal(byte, whole.data + at, sizeof byte);
	}
	/* Bars and epochs, each line ended, and it came to its end. */
	assert_non_null(strstr(whole.data, "it/s, loss="));
	assert_non_null(strstr(whole.data, "\rEpoch 1/"));
	assert_non_null(strstr(whole.data, " - acc: "));
	assert_int_equal(whole.data[whole.len - 1], '\n');
	/* No log where nothing ran. */
	ref.attempt = 2;
	assert_false(bench_range(&b, &ref, &range));
	ref.uid = find(&m, JOB_ENQUEUED)->uid;
	ref.attempt = 1;
	assert_false(bench_range(&b, &ref, &range));
	buf_release(&whole);
	buf_release(&pieces);
	world_close(&b, &m);
}

/* A log that somebody reads is told when it grows; one that nobody reads is not. */
static void test_log_grows(void **state)
{
	struct bench b;
	struct model m;
	struct log_range range;

	(void)state;
	world_open(&b, &m, 10, 0, 500);
	m.told = 0;
	bench_until(&b, m.told > 50);
	for (size_t i = 0; i < b.all.len; i++)
		assert_int_equal(b.all.items[i]->grew, 0);
	const struct job *j = find(&m, JOB_RUNNING);
	char uid[ULID_SIZE];
	struct task_ref ref = {.uid = uid, .task = "master-0", .attempt = (int)j->attempt};

	snprintf(uid, sizeof uid, "%s", j->uid);
	assert_true(bench_range(&b, &ref, &range));
	bench_until(&b, seen_of(&b, &ref)->grew > 0);
	world_close(&b, &m);
}

static void test_submitted(void **state)
{
	struct bench b;
	struct model m;
	struct label env = {"FAKE_SECONDS", "3"};
	struct task_program j = {.name = "mine", .env = {.items = &env, .len = 1}};
	struct plan_cluster machine;
	struct log_range range;
	struct buf log = BUF_INIT;

	(void)state;
	world_open(&b, &m, 0, 4, 0);
	b.en->ops->machine(b.en, &machine);
	assert_int_equal(machine.nodes->gpu_count, 4);
	const char *gpus[] = {machine.nodes->gpus[2].uuid};
	struct task_launch l = {.ref = {.uid = "mine", .task = "master-0", .attempt = 1},
		.program = j,
		.gpus = gpus,
		.gpu_count = 1,
		.run_uid = -1,
		.run_gid = -1};
	struct seen *s = seen_of(&b, &l.ref);

	b.en->ops->start(b.en, &l);
	b.en->ops->start(b.en, &l); /* never twice */
	bench_until(&b, s->started);
	b.en->ops->machine(b.en, &machine);
	assert_true(machine.nodes->gpus[2].held);
	bench_until(&b, s->grew > 0 && s->samples > 0);
	assert_true(s->sample.gpu_util > 0);
	bench_until(&b, s->ended);
	assert_int_equal(s->started, 1);
	assert_int_equal(s->why, REASON_NONE);
	assert_int_equal(s->end.code, 0);
	assert_false(machine.nodes->gpus[2].held);
	assert_true(bench_range(&b, &l.ref, &range));
	assert_true(range.final);
	assert_int_equal(read_all(&b, &l.ref, &log, 4096), s->end.log_bytes);
	assert_int_equal(bench_timers(&b), 0);
	b.en->ops->forget(b.en, "mine");
	assert_false(bench_range(&b, &l.ref, &range));
	buf_release(&log);
	world_close(&b, &m);
}

static void test_submitted_and_stopped(void **state)
{
	struct bench b;
	struct model m;
	struct task_program j = {.name = "mine"};
	struct task_launch l = {.ref = {.uid = "mine", .task = "master-0", .attempt = 1},
		.program = j,
		.run_uid = -1,
		.run_gid = -1};
	struct seen *s;

	(void)state;
	world_open(&b, &m, 0, 0, 0);
	s = seen_of(&b, &l.ref);
	b.en->ops->start(b.en, &l);
	bench_until(&b, s->started);
	b.en->ops->stop(b.en, &l.ref, 1000);
	bench_until(&b, s->ended);
	assert_int_equal(s->why, REASON_CANCELLED);
	assert_int_equal(s->end.end, TASK_END_STOPPED);
	world_close(&b, &m);
}

static void test_bad_config(void **state)
{
	struct engine_config c = {.fake_jobs = 1000001};
	struct engine *en;
	struct err e = ERR_INIT;

	(void)state;
	assert_false(engine_fake.open(&en, &c, &e));
	assert_string_equal(e.text, "fake.jobs is 1000001: give a number from 0 to 1000000");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mix),
		cmocka_unit_test(test_deterministic),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_forget),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_log_grows),
		cmocka_unit_test(test_submitted),
		cmocka_unit_test(test_submitted_and_stopped),
		cmocka_unit_test(test_bad_config),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
