/* Tasks that run as another user than the daemon: what they may have, see and take of the machine. */
#include "engine_tasks.h"

#include "base/procview.h"

#include <fcntl.h>
#include <uv.h>

/* A user that nothing else on this machine runs as, so that what it has can be counted. */
static int other_user(void)
{
	return 500000 + getpid();
}

/* A shared platform, as root; false: what is asked cannot be shown. */
static bool shared_open(struct bench *b)
{
	if (geteuid() != 0) {
		print_message("not shown: only root starts tasks as another user\n");
		return false;
	}
	bench_close_engine(b);
	b->config.shared = true;
	assert_int_equal(chmod(b->dir, 0711), 0);
	return true;
}

static void launch_as(struct bench *b, const struct task_program *program)
{
	struct task_launch l = {.ref = ref_of("a", 1),
		.program = *program,
		.run_uid = other_user(),
		.run_gid = other_user()};

	b->en->ops->start(b->en, &l);
	bench_until(b, seen(b, "a")->ended);
}

static void launch_script_as(struct bench *b, const char *script)
{
	const char *argv[3];
	struct task_program p = shell_job(argv, script);

	launch_as(b, &p);
}

static void test_outputs_by_name(void **state)
{
	struct bench *b = *state;

	if (!shared_open(b))
		return;
	bench_open(b, &engine_local);
	launch_script_as(b,
		"echo a > /dev/stdout && echo b > /dev/stderr && echo c | tee /dev/stderr");
	assert_int_equal(seen(b, "a")->end.code, 0);
	expect_log(b, "a", "a\nb\nc\nc\n");
}

/* Of root's environment only what is anybody's. */
static void test_environment(void **state)
{
	struct bench *b = *state;

	if (!shared_open(b))
		return;
	setenv("LC_TIME", "C", 1);
	setenv("USER", "root", 1);
	bench_open(b, &engine_local);
	launch_script_as(b, "echo $PATH ${USER-none} ${TMPDIR-none} $LC_TIME");
	expect_log(b, "a", "/usr/local/bin:/usr/bin:/bin none none C\n");
}

static void test_path_of_the_config(void **state)
{
	struct bench *b = *state;

	if (!shared_open(b))
		return;
	b->local.path = "/opt/tools/bin:/bin";
	bench_open(b, &engine_local);
	launch_script_as(b, "echo $PATH");
	expect_log(b, "a", "/opt/tools/bin:/bin\n");
}

/* What root finds first and its user may not run is passed over, as execvp(3) does. */
static void test_program_as_its_user_finds_it(void **state)
{
	struct bench *b = *state;
	/* In the job's own folder: of what else there is in /tmp the task sees nothing. */
	char *closed = path_of(b, "a", "/closed"), *denied = path_of(b, "a", "/closed/echo");
	char *open_dir = path_of(b, "a", "/open"), *denied_too = path_of(b, "a", "/open/echo");
	char *path = NULL;
	const char *words[] = {"echo", "found"};
	struct label env;

	if (!shared_open(b))
		return;
	assert_true(fsio_mkdirs(closed, 0700, NULL) && fsio_mkdirs(open_dir, 0755, NULL));
	assert_true(fsio_write(denied, "#!/bin/sh\necho roots\n", 21, 0755, NULL));
	assert_true(fsio_write(denied_too, "#!/bin/sh\necho roots\n", 21, 0700, NULL));
	assert_true(asprintf(&path, "%s:%s:/usr/bin:/bin", closed, open_dir) > 0);
	env = (struct label){.key = "PATH", .value = path};
	bench_open(b, &engine_local);
	launch_as(b,
		&(struct task_program){TASK_PROGRAM_INIT, .name = "job",
			.command = {.items = words, .len = 2}, .env = {.items = &env, .len = 1}});
	expect_log(b, "a", "found\n");
	free(closed);
	free(denied);
	free(denied_too);
	free(open_dir);
	free(path);
}

static size_t lines_with(struct bench *b, const char *part)
{
	char *text = log_text(b, "a", 1);
	size_t n = 0;

	for (const char *at = text; (at = strstr(at, part)) != NULL; at++)
		n++;
	free(text);
	return n;
}

/* Whoever starts processes without end gets as many as his org may have, and the machine lives. */
static void fork_bomb(struct bench *b, enum local_limits limits)
{
	if (!shared_open(b))
		return;
	b->local.limits = limits;
	b->local.processes_per_org = 12;
	bench_open(b, &engine_local);
	launch_script_as(b,
		"for i in 1 2 3 4 5 6 7 8 9 10 11; do sleep 1000 & done; echo eleven; "
		"sleep 1000 & echo beyond");
	assert_true(lines_with(b, "eleven") == 1);
	assert_true(log_has(b, "a", "fork"));
	assert_false(log_has(b, "a", "beyond"));
	assert_int_equal(seen(b, "a")->end.code, 2);
}

static void test_fork_bomb(void **state)
{
	fork_bomb(*state, LOCAL_LIMITS_AUTO);
}

/* The user's own limit is there where no control group counts. */
static void test_fork_bomb_without_groups(void **state)
{
	fork_bomb(*state, LOCAL_LIMITS_POLL);
}

/* Where the system lets us, the processes of others are not even in /proc. */
static void test_processes_of_others(void **state)
{
	struct bench *b = *state;
	enum procview view;

	if (!shared_open(b))
		return;
	view = procview_probe((unsigned)other_user());
	bench_open(b, &engine_local);
	assert_non_null(b->en->notice);
	assert_int_equal(view == PROCVIEW_ALL, strstr(b->en->notice, "hidepid=2") != NULL);
	launch_script_as(b, "[ -e /proc/1 ] && echo sees; [ -e /proc/$$ ] && echo itself");
	expect_log(b, "a", view == PROCVIEW_ALL ? "sees\nitself\n" : "itself\n");
	/* The machine's own is as it was. */
	assert_int_equal(access("/proc/1/stat", F_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_outputs_by_name),
		TEST(test_environment),
		TEST(test_path_of_the_config),
		TEST(test_program_as_its_user_finds_it),
		TEST(test_fork_bomb),
		TEST(test_fork_bomb_without_groups),
		TEST(test_processes_of_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
