/* A package is root's until it is given to the org's user, and nothing else ever changes hands. */
#include "engine_tasks.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <uv.h>

enum { FOLDERS = 400, OTHER = 65534 };

/* f000/key to f399/key, so that giving them takes a while; the caller frees. */
static char *package_make(struct bench *b)
{
	char *source = path_in(b, "source"), *tar = path_in(b, "demo.tar"), name[64], command[900];

	for (int i = 0; i < FOLDERS; i++) {
		snprintf(name, sizeof name, "source/f%03d", i);
		char *folder = path_in(b, name), *key = fsio_join(folder, "key");

		assert_true(fsio_mkdirs(folder, 0700, NULL));
		close(open(key, O_WRONLY | O_CREAT, 0600));
		free(folder);
		free(key);
	}
	snprintf(command, sizeof command, "tar -cf %s -C %s .", tar, source);
	assert_int_equal(system(command), 0); /* NOLINT: a fixed command of ours */
	free(source);
	return tar;
}

/* What is root's and lies elsewhere: owners of folder and file must stay. */
static char *precious_make(struct bench *b)
{
	char *folder = path_in(b, "precious"), *key = fsio_join(folder, "key");

	assert_true(fsio_mkdirs(folder, 0755, NULL) && fsio_write(key, "secret", 6, 0600, NULL));
	free(key);
	return folder;
}

static bool is_roots(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && st.st_uid == 0 && st.st_gid == 0;
}

/* As the org's user, until it is killed: puts links to `precious` in the place of what is to come. */
_Noreturn static void swap_folders(const char *work, const char *precious)
{
	char folder[64], aside[64], made[512];

	snprintf(made, sizeof made, "%s.new", work); /* its name before it is the task's */
	if (setgid(OTHER) < 0 || setuid(OTHER) < 0)
		_exit(1);
	for (;;) {
		int top = open(made, O_RDONLY | O_DIRECTORY);

		if (top < 0)
			top = open(work, O_RDONLY | O_DIRECTORY);
		for (int i = 0; top >= 0 && i < FOLDERS; i++) {
			snprintf(folder, sizeof folder, "f%03d", i);
			snprintf(aside, sizeof aside, "aside%03d", i);
			if (renameat(top, folder, top, aside) == 0 &&
				symlinkat(precious, top, folder) < 0)
				_exit(2);
		}
		if (top >= 0)
			close(top);
	}
}

static void one_round(struct bench *b, const char *name, const char *package, const char *precious)
{
	const char *argv[3];
	struct task_launch l = {.ref = ref_of(name, 1),
		.program = shell_job(argv, "stat -c %u ."),
		.package_path = package,
		.run_uid = OTHER,
		.run_gid = OTHER};
	char *work = path_of(b, name, "/master-0/1/work"), *key = fsio_join(precious, "key");
	pid_t racer = fork();

	if (racer == 0)
		swap_folders(work, precious);
	b->en->ops->start(b->en, &l);
	bench_until(b, seen(b, name)->ended);
	kill(racer, SIGKILL);
	waitpid(racer, NULL, 0);
	assert_true(is_roots(precious));
	assert_true(is_roots(key));
	assert_int_equal(seen(b, name)->end.code, 0);
	expect_log(b, name, "65534\n");
	free(work);
	free(key);
}

/* Another task of the same org swaps folders of the package for links while it is given. */
static void test_given_under_a_swapper(void **state)
{
	struct bench *b = *state;
	const char *rounds = getenv("ROUNDS");
	int count = rounds ? atoi(rounds) : 3; /* NOLINT: a number of ours */
	char *package, *precious, name[32];

	if (geteuid() != 0) {
		print_message("not shown: only root gives files away\n");
		return;
	}
	bench_close_engine(b);
	b->config.shared = true;
	assert_int_equal(chmod(b->dir, 0711), 0);
	bench_open(b, &engine_local);
	package = package_make(b);
	precious = precious_make(b);
	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof name, "round-%d", i);
		one_round(b, name, package, precious);
	}
	free(package);
	free(precious);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_given_under_a_swapper),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
