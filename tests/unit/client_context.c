/* Where mltop connects and as whom; and the private platform, with the real mltopd. */
#include "client/context.h"

#include "base/buf.h"
#include "base/fsio.h"
#include "base/mem.h"
#include "base/taskfile.h"
#include "client/config.h"
#include "client/daemon.h"
#include "client/paths.h"
#include "client/private_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static char root[256];
static struct context got;
static struct err err;

static char *at(const char *name)
{
	return fsio_join(root, name);
}

static void set_folder(const char *variable, const char *name)
{
	char *path = at(name);

	setenv(variable, path, 1);
	free(path);
}

/* Each test has a home of its own and none of the caller's variables. */
static int set_up(void **state)
{
	static const char *const variables[] = {"MLTOP_CONTEXT", "MLTOP_STATE_DIR",
		"XIAOMI_CLOUDML_ENDPOINT", "XIAOMI_ACCESS_KEY_ID", "XIAOMI_SECRET_ACCESS_KEY",
		"XIAOMI_CLOUDML_CONFIG_CONTEXT"};
	const char *tmp = getenv("TMPDIR");

	(void)state;
	snprintf(root, sizeof root, "%s/mltop-context-XXXXXX", tmp ? tmp : "/tmp");
	if (mkdtemp(root) == NULL)
		return 1;
	for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
		unsetenv(variables[i]);
	setenv("HOME", root, 1);
	set_folder("XDG_CONFIG_HOME", "config");
	set_folder("XDG_STATE_HOME", "state");
	err = (struct err)ERR_INIT;
	return 0;
}

static int tear_down(void **state)
{
	char *dir = at("private");

	(void)state;
	private_stop(dir, NULL); /* of a test that failed halfway */
	free(dir);
	context_release(&got);
	return !fsio_remove_tree(root, NULL);
}

static void put(const char *name, const char *text, mode_t mode)
{
	char *path = at(name), *folder = mem_strdup(path);

	*strrchr(folder, '/') = '\0';
	assert_true(fsio_mkdirs(folder, 0700, NULL));
	assert_true(fsio_write(path, text, strlen(text), mode, NULL));
	free(folder);
	free(path);
}

static bool resolve(const char *endpoint, const char *context)
{
	struct context_options o = {.endpoint = endpoint, .context = context};

	context_release(&got);
	err = (struct err)ERR_INIT;
	return context_resolve(&got, &o, &err);
}

static void expect(const char *name, const char *url, const char *access, const char *secret)
{
	if (err.code != ERR_NONE)
		fail_msg("%s", err.text);
	assert_string_equal(got.name, name);
	assert_string_equal(got.url, url);
	assert_string_equal(got.access_key, access);
	assert_string_equal(got.secret_key, secret);
	assert_false(got.private);
}

#define CONFIG "config/mltop/config.yaml"
static const char two_contexts[] =
	"current: prod-a\n"
	"theme: dark\n"
	"contexts:\n"
	"  prod-a:\n"
	"    endpoint: https://a.example.com/ml\n"
	"    access_key: AKA\n"
	"    secret_file: a.key\n"
	"    org: 7\n"
	"    ca_file: ca.pem\n"
	"  prod-b: {endpoint: 'http://b:81', access_key: AKB, secret_key: SKB}\n";

/* ---- The order ---- */

static void the_first_hit_wins(void **state)
{
	(void)state;
	put(".config/xiaomi/config",
		"{\"xiaomi_access_key_id\": \"XA\", \"xiaomi_secret_access_key\": "
		"\"XS\", \"xiaomi_cloudml_endpoint\": \"x.example.com\"}",
		0600);
	assert_true(resolve(NULL, NULL));
	expect("xiaomi", "x.example.com", "XA", "XS");
	put(CONFIG, two_contexts, 0600);
	put("config/mltop/a.key", "SKA\n", 0600);
	assert_true(resolve(NULL, NULL));
	expect("prod-a", "https://a.example.com/ml", "AKA", "SKA");
	setenv("XIAOMI_CLOUDML_ENDPOINT", "http://env:1", 1);
	assert_true(resolve(NULL, NULL));
	expect("prod-a", "https://a.example.com/ml", "AKA", "SKA"); /* keys are missing */
	setenv("XIAOMI_ACCESS_KEY_ID", "EA", 1);
	setenv("XIAOMI_SECRET_ACCESS_KEY", "ES", 1);
	assert_true(resolve(NULL, NULL));
	expect("env:1", "http://env:1", "EA", "ES");
	setenv("MLTOP_CONTEXT", "prod-b", 1);
	assert_true(resolve(NULL, NULL));
	expect("prod-b", "http://b:81", "AKB", "SKB");
	assert_true(resolve(NULL, "prod-a"));
	expect("prod-a", "https://a.example.com/ml", "AKA", "SKA");
	assert_true(resolve("http://flag:2", "prod-a"));
	expect("flag:2", "http://flag:2", "EA", "ES");
}

static void an_endpoint_needs_keys(void **state)
{
	(void)state;
	assert_false(resolve("http://flag:2", NULL));
	assert_int_equal(err.code, ERR_INVALID);
	assert_non_null(strstr(err.text, "XIAOMI_SECRET_ACCESS_KEY"));
	setenv("XIAOMI_ACCESS_KEY_ID", "EA", 1);
	setenv("XIAOMI_SECRET_ACCESS_KEY", "ES", 1);
	assert_false(resolve("ftp://flag:2", NULL));
	assert_int_equal(err.code, ERR_INVALID);
}

/* ---- config.yaml ---- */

static void a_context_has_all_its_parts(void **state)
{
	char *ca = at("config/mltop/ca.pem");

	(void)state;
	put(CONFIG, two_contexts, 0600);
	put("config/mltop/a.key", "SKA\nrest", 0600);
	assert_true(resolve(NULL, "prod-a"));
	assert_string_equal(got.org, "7");
	assert_string_equal(got.ca_file, ca);
	assert_non_null(strstr(got.origin, "config.yaml"));
	assert_true(resolve(NULL, "prod-b"));
	assert_string_equal(got.org, "");
	assert_null(got.ca_file);
	free(ca);
}

static void secrets_that_others_may_read_are_refused(void **state)
{
	(void)state;
	put(CONFIG, two_contexts, 0640);
	put("config/mltop/a.key", "SKA\n", 0600);
	assert_true(resolve(NULL, "prod-a")); /* the file holds no secret of that context */
	assert_false(resolve(NULL, "prod-b"));
	assert_int_equal(err.code, ERR_FORBIDDEN);
	assert_non_null(strstr(err.text, "chmod 600 "));
	assert_non_null(strstr(err.text, "config.yaml"));
	put("config/mltop/a.key", "SKA\n", 0604);
	assert_false(resolve(NULL, "prod-a"));
	assert_non_null(strstr(err.text, "chmod 600 "));
	assert_non_null(strstr(err.text, "a.key"));
	put(".config/xiaomi/config",
		"{\"xiaomi_access_key_id\": \"XA\", \"xiaomi_secret_access_key\": "
		"\"XS\", \"xiaomi_cloudml\": {\"X\": {\"xiaomi_cloudml_endpoint\": \"x\"}}}",
		0644);
	assert_false(resolve(NULL, "X"));
	assert_non_null(strstr(err.text, "chmod 600 "));
}

static void bad_configs_are_named(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"contexts: {a: {endpoint: 'http://a', acces_key: x}}", "unknown key acces_key"},
		{"contexts: {a: {access_key: x, secret_key: y}}", "has no endpoint"},
		{"contexts: {a: {endpoint: 'http://a', access_key: x}}",
			"together with secret_key"},
		{"contexts: {a: {endpoint: 'http://a:0', access_key: x, secret_key: y}}", "port"},
		{"contexts: {a: {endpoint: 'http://a', access_key: x, secret_key: y, secret_file: "
		 "z}}",
			"keep one"},
		{"contexts: {a: {endpoint: [1]}}", "must be a text"},
		{"contexts: {a: 5}", "must have keys"},
		{"contexts: {a: {}, b: {}}", "has several contexts"},
		{"contexts: [", "config.yaml:"},
		{"current: gone\ncontexts: {a: {}}", "there is no context gone"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		put(CONFIG, cases[i].text, 0600);
		assert_false(resolve(NULL, NULL));
		if (strstr(err.text, cases[i].says) == NULL)
			fail_msg("%s: %s", cases[i].text, err.text);
	}
}

static void the_kept_choice_is_followed(void **state)
{
	char **names;

	(void)state;
	put(CONFIG, two_contexts, 0600);
	put("config/mltop/a.key", "SKA\n", 0600);
	assert_true(context_use("prod-b", &err));
	assert_true(resolve(NULL, NULL));
	expect("prod-b", "http://b:81", "AKB", "SKB");
	assert_false(context_use("nope", &err));
	assert_int_equal(err.code, ERR_NOT_FOUND);
	put(CONFIG, "contexts: {c: {endpoint: 'http://c', access_key: x, secret_key: y}}", 0600);
	assert_false(resolve(NULL, NULL)); /* the choice is gone: that is said, not passed over */
	assert_non_null(strstr(err.text, "mltop context use"));
	assert_true(context_use("c", &err));
	assert_true(resolve(NULL, NULL));
	put(".config/xiaomi/config",
		"{\"xiaomi_cloudml\": {\"X\": {}, \"c\": {}, "
		"\"default_config_context\": \"X\"}}",
		0600);
	names = context_names(&err);
	assert_string_equal(names[0], "c");
	assert_string_equal(names[1], "X");
	assert_null(names[2]);
	free(names[0]);
	free(names[1]);
	free(names);
}

/* ---- The public client's file ---- */

static void the_public_clients_file_is_read(void **state)
{
	static const char text[] =
		"{ \"xiaomi_access_key_id\": \"RA\", \"xiaomi_secret_access_key\": \"RS\","
		"  \"xiaomi_cloudml\": { \"one\": { \"xiaomi_cloudml_endpoint\": "
		"\"one.example.com\" },"
		"    \"two\": { \"xiaomi_cloudml_endpoint\": \"http://two:8/\", "
		"\"xiaomi_access_key_id\": \"TA\","
		"               \"xiaomi_secret_access_key\": \"TS\" }, "
		"\"default_config_context\": \"one\" } }";

	(void)state;
	put(".config/xiaomi/config", text, 0600);
	assert_true(resolve(NULL, NULL));
	expect("one", "one.example.com", "RA", "RS");
	setenv("XIAOMI_CLOUDML_CONFIG_CONTEXT", "two", 1);
	assert_true(resolve(NULL, NULL));
	expect("two", "http://two:8/", "TA", "TS");
	setenv("XIAOMI_ACCESS_KEY_ID", "EA", 1);
	setenv("XIAOMI_SECRET_ACCESS_KEY", "ES", 1);
	assert_true(resolve(NULL, "one"));
	expect("one", "one.example.com", "EA", "ES");
	assert_false(resolve(NULL, "three"));
	assert_int_equal(err.code, ERR_NOT_FOUND);
}

/* ---- The private platform ---- */

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
	static const char *const settings[] = {"fake.jobs=7", NULL};
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

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_hit_wins),
		TEST(an_endpoint_needs_keys),
		TEST(a_context_has_all_its_parts),
		TEST(secrets_that_others_may_read_are_refused),
		TEST(bad_configs_are_named),
		TEST(the_kept_choice_is_followed),
		TEST(the_public_clients_file_is_read),
		TEST(a_private_platform_is_started_found_and_stopped),
		TEST(a_dead_one_is_started_anew),
		TEST(a_race_ends_with_one_platform),
		TEST(its_last_words_become_ours),
		TEST(keys_that_others_may_read_are_refused),
		TEST(a_demo_ends_with_its_viewer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
