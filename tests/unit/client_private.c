/* The private platform, with the real mltopd. */
#include "client_home.h"

#include "base/buf.h"
#include "base/taskfile.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static char *mltopd(void)
{
	char *dir = fsio_program_dir(), *path = fsio_join(dir, "../mltopd");

	free(dir);
	return path;
}

static bool start(struct context *out, const char *dir)
{
	char *program = mltopd();
	bool ok = private_start_in(out, program, dir, &err);

	free(program);
	if (!ok)
		print_message("%s\n", err.text);
	return ok;
}

static int pid_in(const char *dir)
{
	char *path = fsio_join(dir, "endpoint");
	json_t *endpoint = json_load_file(path, 0, NULL);
	int pid = (int)json_integer_value(json_object_get(endpoint, "pid"));

	json_decref(endpoint);
	free(path);
	return pid;
}

/* Waits for the end of a process that is not our child. */
static bool ended(int pidfd)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};

	return poll(&p, 1, 20000) == 1;
}

static void a_private_platform_is_started_found_and_stopped(void **state)
{
	char *dir = at("private");
	struct context again = {0};
	struct stat st;
	char *log = fsio_join(dir, "mltopd.log");

	(void)state;
	assert_false(private_find(&got, dir, &err));
	assert_int_equal(err.code, ERR_NOT_FOUND);
	assert_true(start(&got, dir));
	assert_true(got.private);
	assert_string_equal(got.name, "local");
	assert_ptr_equal(strstr(got.url, "http://127.0.0.1:"), got.url);
	assert_int_equal(strlen(got.access_key), 20);
	assert_true(start(&again, dir));
	assert_string_equal(again.url, got.url);
	assert_string_equal(again.secret_key, got.secret_key);
	assert_int_equal(stat(log, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_not_equal(getsid(pid_in(dir)), getsid(0)); /* a session of its own */
	context_release(&again);
	assert_true(private_stop(dir, &err));
	assert_false(private_find(&again, dir, &err));
	assert_int_equal(err.code, ERR_NOT_FOUND);
	assert_false(private_stop(dir, &err));
	assert_int_equal(err.code, ERR_NOT_FOUND);
	free(log);
	free(dir);
}

static void a_dead_one_is_started_anew(void **state)
{
	char *dir = at("private");
	int pid, fd;

	(void)state;
	assert_true(start(&got, dir));
	pid = pid_in(dir);
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	kill(pid, SIGKILL);
	assert_true(ended(fd));
	close(fd);
	context_release(&got);
	assert_false(private_find(&got, dir, NULL)); /* the file is there, the process is not */
	assert_true(start(&got, dir));
	assert_int_not_equal(pid_in(dir), pid);
	assert_true(private_stop(dir, &err));
	free(dir);
}

/* Several mltops start at the same moment: all end up with one platform. */
static void a_race_ends_with_one_platform(void **state)
{
	enum { RACERS = 6 };
	char *dir = at("private");
	int ends[2], urls = 0;
	char first[128] = "", line[128];
	FILE *in;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	for (int i = 0; i < RACERS; i++)
		if (fork() == 0) {
			bool ok = start(&got, dir);

			dprintf(ends[1], "%s\n", ok ? got.url : err.text);
			_exit(0);
		}
	close(ends[1]);
	in = fdopen(ends[0], "r");
	while (fgets(line, sizeof line, in)) {
		if (urls++ == 0)
			snprintf(first, sizeof first, "%s", line);
		assert_string_equal(line, first);
	}
	fclose(in);
	assert_int_equal(urls, RACERS);
	assert_ptr_equal(strstr(first, "http://"), first);
	while (wait(NULL) > 0)
		;
	assert_true(private_stop(dir, &err));
	free(dir);
}

static char *fake_daemon(const char *script)
{
	put("fake", script, 0700);
	return at("fake");
}

static void its_last_words_become_ours(void **state)
{
	char *dir = at("private"), *program;
	struct context c = {0};

	(void)state;
	program = fake_daemon(
		"#!/bin/sh\necho old >&2\necho 'mltopd: no room on the disk' >&2\nexit 1\n");
	assert_false(private_start_in(&c, program, dir, &err));
	assert_int_equal(err.code, ERR_UNAVAILABLE);
	assert_string_equal(err.text, "the private platform did not start: no room on the disk");
	assert_false(private_start_in(&c, "/no/such/program", dir, &err));
	assert_int_equal(err.code, ERR_UNAVAILABLE);
	assert_non_null(strstr(err.text, "/no/such/program ended before it said where it listens"));
	free(program);
	free(dir);
}

static void keys_that_others_may_read_are_refused(void **state)
{
	char *dir = at("private"), *key = fsio_join(dir, "private.key");

	(void)state;
	assert_true(start(&got, dir));
	chmod(key, 0640);
	context_release(&got);
	assert_false(private_find(&got, dir, &err));
	assert_int_equal(err.code, ERR_FORBIDDEN);
	assert_non_null(strstr(err.text, "chmod 600"));
	assert_true(private_stop(dir, &err));
	free(key);
	free(dir);
}

/* The demo's platform ends when the process that began it does, however that ends. */
static void a_demo_ends_with_its_viewer(void **state)
{
	static const char *const settings[] = {"demo.jobs=7", NULL};
	char *program = mltopd(), line[300] = "", dir[300];
	int ends[2], pid, fd, status;
	struct stat st;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		bool ok = demo_start_with(&got, program, settings, &err);

		dprintf(ends[1], "%s", ok && got.demo && !got.private ? got.origin : err.text);
		close(ends[1]);
		pause();
		_exit(0);
	}
	close(ends[1]);
	for (size_t n = 0, more;
		(more = (size_t)read(ends[0], line + n, sizeof line - 1 - n)) > 0 &&
		more < sizeof line;)
		n += more;
	close(ends[0]);
	snprintf(dir, sizeof dir, "%s", line);
	assert_int_equal(stat(dir, &st), 0);
	fd = (int)syscall(SYS_pidfd_open, pid_in(dir), 0);
	assert_true(fd >= 0);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(ended(fd));
	close(fd);
	assert_int_not_equal(stat(dir, &st), 0); /* it keeps nothing */
	free(program);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_private_platform_is_started_found_and_stopped),
		TEST(a_dead_one_is_started_anew),
		TEST(a_race_ends_with_one_platform),
		TEST(its_last_words_become_ours),
		TEST(keys_that_others_may_read_are_refused),
		TEST(a_demo_ends_with_its_viewer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
