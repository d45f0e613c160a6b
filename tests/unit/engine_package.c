/* Packages that are unpacked and run, and logs of real tasks. */
#include "engine_tasks.h"

#include <spawn.h>
#include <sys/wait.h>
#include <uv.h>

extern char **environ;

/* ---- Packages ---- */

static void run(const char *const *argv)
{
	pid_t pid;
	int status = -1;

	assert_int_equal(posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *)argv, environ), 0);
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
}

/* demo-1.0.tar.gz with demo-1.0/demo/{__init__,train}.py; the caller frees. */
static char *package_make(struct bench *b, const char *code)
{
	char *dir = path_in(b, "src"), *top = path_in(b, "src/demo-1.0/demo");
	char *tar = path_in(b, "demo-1.0.tar.gz");
	char *init = path_in(b, "src/demo-1.0/demo/__init__.py");
	char *train = path_in(b, "src/demo-1.0/demo/train.py");
	const char *argv[] = {"tar", "-czf", tar, "-C", dir, "demo-1.0", NULL};

	assert_true(fsio_mkdirs(top, 0700, NULL));
	assert_true(fsio_write(init, "", 0, 0600, NULL));
	assert_true(fsio_write(train, code, strlen(code), 0600, NULL));
	run(argv);
	free(dir);
	free(top);
	free(init);
	free(train);
	return tar;
}

static struct task_program module_job(const char *module, const char *args)
{
	return (struct task_program){TASK_PROGRAM_INIT, .name = "job", .module_name = module,
		.job_args = args};
}

static void test_package(void **state)
{
	struct bench *b = *state;
	char *tar = package_make(b,
		"import sys, os, demo\n"
		"print(sys.argv[1:], os.path.basename(os.getcwd()))\n"
		"path = os.environ['MLTOP_OUTPUT_DIR'] + '/count'\n"
		"open(path, 'a').write('x')\n"
		"print(open(path).read(), os.environ['MLTOP_ATTEMPT'])\n");
	struct task_program j = module_job("demo.train", "--name 'a b' \"c\"");
	struct task_ref second = ref_of("a", 2), third = ref_of("a", 3);
	char *text;

	launch(b, "a", 1, &j, tar);
	bench_until(b, seen(b, "a")->ended);
	expect_log(b, "a", "['--name', 'a b', 'c'] demo-1.0\nx 1\n");
	/* The output folder is the job's; the code is unpacked anew. */
	launch(b, "a", 2, &j, tar);
	bench_until(b, seen_of(b, &second)->ended);
	text = log_text(b, "a", 2);
	assert_string_equal(text, "['--name', 'a b', 'c'] demo-1.0\nxx 2\n");
	free(text);
	/* The module is found from any folder. */
	j.work_dir = "/usr";
	launch(b, "a", 3, &j, tar);
	bench_until(b, seen_of(b, &third)->ended);
	text = log_text(b, "a", 3);
	assert_string_equal(text, "['--name', 'a b', 'c'] usr\nxxx 3\n");
	free(text);
	free(tar);
}

static void test_module_that_is_not_there(void **state)
{
	struct bench *b = *state;
	char *tar = package_make(b, "");
	struct task_program j = module_job("demo.trian", NULL);

	launch(b, "a", 1, &j, tar);
	expect_start_failure(b, REASON_MODULE_MISSING, "demo.train");
	free(tar);
}

static void test_package_that_is_none(void **state)
{
	struct bench *b = *state;
	struct task_program j = module_job("demo.train", NULL);
	char *path = path_in(b, "junk.tar.gz");

	assert_true(fsio_write(path, "not a tar", 9, 0600, NULL));
	launch(b, "a", 1, &j, path);
	expect_start_failure(b, REASON_PACKAGE_UNPACK, "junk.tar.gz");
	free(path);
}

/* ---- Logs ---- */

static void test_log_follow(void **state)
{
	struct bench *b = *state;
	struct task_ref ref = ref_of("a", 1);
	struct log_range range;
	struct log_gap gap;
	char byte;

	assert_false(bench_range(b, &ref, &range));
	assert_int_equal(bench_read(b, &ref, 0, &byte, 1, &gap), 0);
	launch_shell(b, "a",
		"for i in 1 2 3; do echo $i; until [ -e $MLTOP_OUTPUT_DIR/$i ]; "
		"do sleep 0.005; done; done");
	for (int i = 1; i <= 3; i++) {
		char name[64];

		bench_until(b, bench_range(b, &ref, &range) && range.newest == (uint64_t)i * 2);
		assert_false(range.final);
		bench_until(b, seen(b, "a")->grew >= i);
		snprintf(name, sizeof name, "/output/%d", i);
		touch(b, "a", name);
	}
	bench_until(b, seen(b, "a")->ended);
	expect_log(b, "a", "1\n2\n3\n");
}

/* 20 MB in segments, whole; and the same under a limit, where the oldest are dropped. */
static void test_log_large(void **state)
{
	struct bench *b = *state;
	static const char script[] = "seq 1 3000000";
	struct buf expected = BUF_INIT;
	char *text;

	for (int i = 1; i <= 3000000; i++)
		buf_addf(&expected, "%d\n", i);
	launch_shell(b, "a", script);
	bench_until(b, seen(b, "a")->ended);
	text = log_text(b, "a", 1);
	assert_int_equal(strlen(text), expected.len);
	assert_true(strcmp(text, expected.data) == 0);
	free(text);
	/* A burst is coalesced: far fewer events than writes. */
	assert_in_range(seen(b, "a")->grew, 1, 2000);
	buf_release(&expected);
}

static void test_log_limit(void **state)
{
	struct bench *b = *state;
	struct task_ref ref = ref_of("a", 1);
	struct log_range range;
	struct log_gap gap;
	char *text, byte;
	size_t len;

	bench_close_engine(b);
	b->local.log_limit.v = 1 << 20;
	bench_open(b, &engine_local);
	launch_shell(b, "a", "seq 1 1000000; echo last");
	bench_until(b, seen(b, "a")->ended);
	assert_true(bench_range(b, &ref, &range));
	assert_int_equal(range.newest, 6888896 + 5);
	assert_true(range.oldest > 0);
	assert_in_range(range.newest - range.oldest, 1 << 19, (1 << 20) + (1 << 18));
	assert_int_equal(bench_read(b, &ref, 0, &byte, 1, &gap), -1);
	assert_int_equal(gap.offset, 0);
	assert_int_equal(gap.lost, range.oldest);
	text = log_text(b, "a", 1);
	len = strlen(text);
	assert_true(strncmp(text, "<gap ", 5) == 0);
	assert_string_equal(text + len - 13, "1000000\nlast\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_package),
		TEST(test_module_that_is_not_there),
		TEST(test_package_that_is_none),
		TEST(test_log_follow),
		TEST(test_log_large),
		TEST(test_log_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
