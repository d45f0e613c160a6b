/* What the tests of the local engine share: shell jobs, their folders, a new daemon on old ones. */
#ifndef MLTOP_TESTS_ENGINE_TASKS_H
#define MLTOP_TESTS_ENGINE_TASKS_H

#include "engine/local/engine_local.h"
#include "engine_bench.h"

#include <errno.h>
#include <sys/stat.h>

/* Tests name jobs shortly; their uids are made of that. */
static inline struct task_ref ref_of(const char *name, int attempt)
{
	return (struct task_ref){.uid = bench_uid(name), .task = "master-0", .attempt = attempt};
}

static inline struct task_program shell_job(const char *const argv[3], const char *script)
{
	const char **words = (const char **)argv;

	words[0] = "sh";
	words[1] = "-c";
	words[2] = script;
	return (struct task_program){TASK_PROGRAM_INIT, .name = "job", .org_name = "org",
		.command = {.items = argv, .len = 3}, .cpu_limit = {1500}};
}

static inline void launch(struct bench *b, const char *uid, int attempt,
	const struct task_program *program, const char *package)
{
	struct task_launch l = {.ref = ref_of(uid, attempt),
		.program = *program,
		.package_path = package,
		.run_uid = -1,
		.run_gid = -1};

	b->en->ops->start(b->en, &l);
}

static inline void launch_shell(struct bench *b, const char *uid, const char *script)
{
	const char *argv[3];
	struct task_program j = shell_job(argv, script);

	launch(b, uid, 1, &j, NULL);
}

static inline struct seen *seen(struct bench *b, const char *uid)
{
	struct task_ref ref = ref_of(uid, 1);

	return seen_of(b, &ref);
}

/* The whole log of an attempt, gaps as "<gap N>". */
static inline char *log_text(struct bench *b, const char *uid, int attempt)
{
	struct task_ref ref = ref_of(uid, attempt);
	struct buf text = BUF_INIT;
	struct log_gap gap;
	uint64_t offset = 0;
	char bytes[65536];
	ssize_t n;

	while ((n = bench_read(b, &ref, offset, bytes, sizeof bytes, &gap)) != 0) {
		if (n < 0) {
			buf_addf(&text, "<gap %llu>", (unsigned long long)gap.lost);
			assert_int_equal(gap.offset, offset);
			offset += gap.lost;
		} else {
			buf_add(&text, bytes, (size_t)n);
			offset += (uint64_t)n;
		}
	}
	return buf_detach(&text);
}

static inline void expect_log(struct bench *b, const char *uid, const char *expected)
{
	char *text = log_text(b, uid, 1);

	assert_string_equal(text, expected);
	free(text);
}

static inline bool log_has(struct bench *b, const char *uid, const char *part)
{
	char *text = log_text(b, uid, 1);
	bool has = strstr(text, part) != NULL;

	free(text);
	return has;
}

static inline char *path_in(struct bench *b, const char *name)
{
	return fsio_join(b->dir, name);
}

/* Below a job's folder; the caller frees. */
static inline char *path_of(struct bench *b, const char *uid, const char *below)
{
	char *path = NULL;

	assert_true(asprintf(&path, "%s/tasks/%s%s", b->dir, bench_uid(uid), below) > 0);
	return path;
}

static inline bool exists(struct bench *b, const char *uid, const char *below)
{
	char *path = path_of(b, uid, below);
	struct stat st;
	bool there = lstat(path, &st) == 0;

	free(path);
	return there;
}

/* Makes an empty file in the job's output folder: what its script waits for. */
static inline void touch(struct bench *b, const char *uid, const char *below)
{
	char *path = path_of(b, uid, below);

	assert_true(fsio_write(path, "", 0, 0600, NULL));
	free(path);
}

static inline bool load_pid(struct bench *b, const char *uid, struct task_pid *pid)
{
	char *path = path_of(b, uid, "/master-0/1"), data[1024];
	size_t len;
	int folder = open(path, O_RDONLY | O_DIRECTORY);
	bool good = folder >= 0 && taskfile_load(folder, "pid", data, sizeof data, &len, NULL) &&
		taskfile_decode_pid(pid, data, len, NULL);

	if (folder >= 0)
		close(folder);
	free(path);
	return good;
}

static inline void bench_adopt(struct bench *b, const char *const *uids, size_t count)
{
	struct task_ref known[8];

	for (size_t i = 0; i < count; i++)
		known[i] = ref_of(uids[i], 1);
	b->en->ops->adopt(b->en, known, count);
}

/* A new daemon on the same folder. */
static inline void reopen(struct bench *b)
{
	bench_forget_seen(b);
	bench_open(b, &engine_local);
}

static inline int setup(void **state)
{
	struct bench *b = mem_alloc(sizeof *b);

	setenv("MLTOP_TEST_SECRET", "of the daemon", 1);
	bench_init(b);
	bench_open(b, &engine_local);
	*state = b;
	return 0;
}

static inline int teardown(void **state)
{
	bench_release(*state);
	free(*state);
	return 0;
}

static inline void expect_start_failure(struct bench *b, enum work_reason why, const char *part)
{
	bench_until(b, seen(b, "a")->ended);
	assert_int_equal(seen(b, "a")->end.end, TASK_END_START);
	assert_int_equal(seen(b, "a")->why, why);
	assert_int_equal(seen(b, "a")->started, 0);
	if (strstr(seen(b, "a")->end.message, part) == NULL)
		fail_msg("'%s' is not in '%s'", part, seen(b, "a")->end.message);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
