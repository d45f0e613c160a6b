/* The fake engine: it goes on with what runs, at the wished rate, and runs what is submitted; logs by offset. */
#include "engine/fake/engine_fake.h"
#include "engine/fake/made.h"
#include "engine/fake/settings.h"
#include "engine_bench.h"

#include "base/ulid.h"

#include <math.h>
#include <uv.h>

/* A made-up job that began a while ago, and how it stands by now. */
static struct made made_job(enum made_class class, uint32_t index)
{
	struct made m = {.class = class,
		.index = index,
		.seed = 0xABCDEF & (index * 7919),
		.gpus = 1};
	double steps = class == MADE_RUNNING ? 0.4 * (double)made_total(&m, 1)
					     : made_part(&m) * (double)made_total(&m, 1);

	m.create = time_now_ms() - 5000 - made_wait(&m) -
		(int64_t)(steps / made_rate(&m, 1) * 1000);
	return m;
}

static void world_open(struct bench *b, int64_t gpus, int64_t changes)
{
	const struct fake_settings settings = {.gpus = gpus,
		.nodes = 1,
		.changes = changes,
		.seed = 42};

	bench_init(b);
	b->config.settings = &settings;
	bench_open(b, &engine_fake);
}

/* So many that run, known to the daemon from before; their uids live in `uids`. */
static void adopt(struct bench *b, char (*uids)[ULID_SIZE], uint32_t count)
{
	struct task_ref *known = mem_alloc(count * sizeof *known);

	for (uint32_t i = 0; i < count; i++) {
		struct made m = made_job(MADE_RUNNING, i);

		made_uid(uids[i], &m);
		known[i] = (struct task_ref){uids[i], "master-0", 1};
	}
	b->en->ops->adopt(b->en, known, count);
	free(known);
}

static void test_uids(void **state)
{
	char uid[ULID_SIZE];
	struct made back;
	uint64_t words[2];
	uint8_t random[10];

	(void)state;
	for (uint32_t i = 0; i < 4000; i++) {
		struct made m = {.class = (enum made_class)(i % 4),
			.gpus = (int)(i % 16),
			.index = i * 1000003u,
			.seed = (i * 7919u) & 0xFFFFFF,
			.create = 1700000000000 + i};

		made_uid(uid, &m);
		assert_true(ulid_valid(uid));
		assert_int_equal(ulid_ms(uid), m.create);
		assert_true(made_read(&back, uid));
		assert_memory_equal(&back, &m, sizeof m);
		words[0] = made_hash(9, i, 0);
		words[1] = made_hash(9, i, 1);
		memcpy(random, words, sizeof random);
		ulid_make(uid, m.create, random); /* as of somebody's job */
		assert_false(made_read(&back, uid));
	}
	assert_false(made_read(&back, "mine"));
}

static size_t ended_well(const struct bench *b, bool well)
{
	size_t n = 0;

	for (size_t i = 0; i < b->all.len; i++) {
		const struct seen *s = b->all.items[i];

		n += s->ended && (s->end.code == 0) == well;
	}
	return n;
}

static int told(const struct bench *b)
{
	int n = 0;

	for (size_t i = 0; i < b->all.len; i++)
		n += b->all.items[i]->samples + b->all.items[i]->ended;
	return n;
}

/* It goes on with what runs: so many rows change a second, some end, all logs grow. */
static void test_goes_on(void **state)
{
	enum { JOBS = 1000, RATE = 1000, SECONDS = 2 };
	static char uids[JOBS][ULID_SIZE];
	struct bench b;
	int64_t begin, took;

	(void)state;
	world_open(&b, 64, 1000);
	adopt(&b, uids, JOBS);
	assert_int_equal(b.started, JOBS);
	for (size_t i = 0; i < b.all.len; i++)
		assert_true(b.all.items[i]->start_ms < time_now_ms());
	begin = time_mono_ms();
	bench_until(&b, told(&b) >= RATE * SECONDS);
	took = time_mono_ms() - begin;
	assert_in_range(took, SECONDS * 1000 * 8 / 10, SECONDS * 1000 * 2);
	assert_true(ended_well(&b, true) > ended_well(&b, false));
	assert_true(ended_well(&b, false) > 0);
	for (size_t i = 0; i < b.all.len; i++) {
		const struct seen *s = b.all.items[i];

		assert_true(s->ended <= 1 && s->started == 1);
		assert_true(
			s->samples == 0 || (s->sample.cpu_percent > 0 && s->sample.gpu_util > 0));
		assert_true(!s->ended || s->end.log_bytes > 0);
	}
	bench_release(&b);
}

/* Without changes nothing moves, and nothing fires. */
static void test_still(void **state)
{
	static char uids[50][ULID_SIZE];
	struct bench b;
	struct log_range range, again;
	struct task_ref ref = {uids[7], "master-0", 1};

	(void)state;
	world_open(&b, 8, 0);
	adopt(&b, uids, 50);
	assert_int_equal(b.started, 50);
	assert_int_equal(bench_timers(&b), 0);
	assert_true(bench_range(&b, &ref, &range) && bench_range(&b, &ref, &again));
	assert_true(range.newest > 0 && !range.final);
	assert_int_equal(range.newest, again.newest);
	bench_release(&b);
}

/* What was not made up has not run here: it is begun again. */
static void test_of_before(void **state)
{
	struct bench b;
	char waiting[ULID_SIZE];
	struct made m = made_job(MADE_WAITING, 3);
	struct task_ref known[] = {{"01ARZ3NDEKTSV4RRFFQ69G5FAV", "master-0", 1},
		{waiting, "master-0", 1}};

	(void)state;
	world_open(&b, 8, 0);
	made_uid(waiting, &m);
	b.en->ops->adopt(b.en, known, 2);
	assert_int_equal(b.ended, 2);
	assert_int_equal(seen_of(&b, &known[0])->why, REASON_RETRY);
	assert_int_equal(seen_of(&b, &known[1])->why, REASON_RETRY);
	bench_release(&b);
}

static void test_stopped(void **state)
{
	static char uids[3][ULID_SIZE];
	struct bench b;
	struct task_ref ref = {uids[1], "master-0", 1};
	struct log_range range;
	struct seen *s;

	(void)state;
	world_open(&b, 8, 0);
	adopt(&b, uids, 3);
	s = seen_of(&b, &ref);
	b.en->ops->stop(b.en, &ref, 1000);
	b.en->ops->stop(b.en, &ref, 0);
	bench_until(&b, s->ended);
	assert_int_equal(s->end.end, TASK_END_STOPPED);
	assert_int_equal(s->why, REASON_CANCELLED);
	assert_true(bench_range(&b, &ref, &range));
	assert_true(range.final && range.newest == s->end.log_bytes);
	assert_int_equal(bench_timers(&b), 0);
	b.en->ops->forget(b.en, uids[1], NULL);
	bench_release(&b);
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

/* Of a job that had ended before this engine began, all is there; any piece of it is the same. */
static void test_log(void **state)
{
	struct bench b;
	struct buf whole = BUF_INIT, pieces = BUF_INIT;
	struct log_range range;
	struct log_gap gap;
	struct made m = made_job(MADE_COMPLETED, 9);
	char uid[ULID_SIZE], byte[7];
	struct task_ref ref = {uid, "master-0", 1};

	(void)state;
	world_open(&b, 8, 0);
	for (uint32_t i = 0; made_total(&m, 1) != 5000; i++)
		m = made_job(MADE_COMPLETED, i);
	made_uid(uid, &m);
	assert_true(bench_range(&b, &ref, &range));
	assert_true(range.final && range.oldest == 0);
	assert_int_equal(range.newest,
		made_log_length(made_total(&m, 1), made_step(&m, time_now_ms())));
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
	ref.attempt = 1;
	m.class = MADE_WAITING;
	made_uid(uid, &m);
	assert_false(bench_range(&b, &ref, &range));
	buf_release(&whole);
	buf_release(&pieces);
	bench_release(&b);
}

/* What runs grows, is told, and reads as it did before. */
static void test_log_grows(void **state)
{
	static char uids[5][ULID_SIZE];
	struct bench b;
	struct buf before = BUF_INIT, after = BUF_INIT;
	struct task_ref ref = {uids[2], "master-0", 1};

	(void)state;
	world_open(&b, 0, 50);
	adopt(&b, uids, 5);
	read_all(&b, &ref, &before, 4096);
	bench_until(&b, seen_of(&b, &ref)->grew > 0 || seen_of(&b, &ref)->ended > 0);
	read_all(&b, &ref, &after, 4096);
	assert_true(after.len > before.len);
	assert_memory_equal(before.data, after.data, before.len);
	buf_release(&before);
	buf_release(&after);
	bench_release(&b);
}

static void test_submitted(void **state)
{
	struct bench b;
	struct label env = {"FAKE_SECONDS", "3"};
	struct task_program j = {.name = "mine", .env = {.items = &env, .len = 1}};
	struct plan_cluster machine;
	struct log_range range;
	struct buf log = BUF_INIT;

	(void)state;
	world_open(&b, 4, 0);
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
	bench_until(&b, s->grew > 0 && s->samples > 0);
	assert_true(s->sample.gpu_util > 0);
	bench_until(&b, s->ended);
	assert_int_equal(s->started, 1);
	assert_int_equal(s->why, REASON_NONE);
	assert_int_equal(s->end.code, 0);
	assert_true(bench_range(&b, &l.ref, &range));
	assert_true(range.final);
	assert_int_equal(read_all(&b, &l.ref, &log, 4096), s->end.log_bytes);
	assert_int_equal(bench_timers(&b), 0);
	b.en->ops->forget(b.en, "mine", NULL);
	assert_false(bench_range(&b, &l.ref, &range));
	buf_release(&log);
	bench_release(&b);
}

static void test_submitted_and_stopped(void **state)
{
	struct bench b;
	struct task_program j = {.name = "mine"};
	struct task_launch l = {.ref = {.uid = "mine", .task = "master-0", .attempt = 1},
		.program = j,
		.run_uid = -1,
		.run_gid = -1};
	struct seen *s;

	(void)state;
	world_open(&b, 0, 0);
	s = seen_of(&b, &l.ref);
	b.en->ops->start(b.en, &l);
	bench_until(&b, s->started);
	b.en->ops->stop(b.en, &l.ref, 1000);
	bench_until(&b, s->ended);
	assert_int_equal(s->why, REASON_CANCELLED);
	assert_int_equal(s->end.end, TASK_END_STOPPED);
	bench_release(&b);
}

/* A made-up job that waited starts like any other, and then goes on as made-up ones do. */
static void test_made_and_started(void **state)
{
	struct bench b;
	struct made m = made_job(MADE_WAITING, 4);
	char uid[ULID_SIZE];
	struct task_launch l = {.ref = {.uid = uid, .task = "master-0", .attempt = 1},
		.program = {.name = "waited"},
		.run_uid = -1,
		.run_gid = -1};
	struct seen *s;

	(void)state;
	world_open(&b, 8, 100);
	made_uid(uid, &m);
	s = seen_of(&b, &l.ref);
	b.en->ops->start(b.en, &l);
	bench_until(&b, s->started && s->samples > 0);
	bench_until(&b, s->ended);
	assert_int_equal(s->started, 1);
	assert_int_equal(bench_timers(&b), 0);
	bench_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_uids),
		cmocka_unit_test(test_goes_on),
		cmocka_unit_test(test_still),
		cmocka_unit_test(test_of_before),
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_log_grows),
		cmocka_unit_test(test_submitted),
		cmocka_unit_test(test_submitted_and_stopped),
		cmocka_unit_test(test_made_and_started),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
