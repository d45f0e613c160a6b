#include "base/items.h"
#include "base/taskfile.h"
#include "base_durable.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char bytes[TASKFILE_MAX];
static const char *vector[TASK_VECTOR_MAX];

static const char *const argv[] = {"/bin/prog", "", "a=b", "two\nlines", "\xff\xfe", NULL};
static const char *const env[] = {"PATH=/bin", "EMPTY=", "DOUBLE==", NULL};
static const char *const cgroups[] = {"/sys/fs/cgroup/x/cgroup.procs", NULL};

static struct task_spec a_spec(void)
{
	return (struct task_spec){.uid = "01J",
		.task = "worker-3",
		.attempt = 2,
		.argv = argv,
		.env = env,
		.cgroups = cgroups,
		.work_dir = "/w d",
		.prepare = "make\nall",
		.finish = "x=1",
		.run_uid = 1000,
		.run_gid = -1,
		.umask = 022,
		.stop_grace_ms = 30000,
		.max_runtime_ms = INT64_MAX,
		.memory_limit = 1ll << 40,
		.cpus = 4,
		.log_limit = 7,
		.segment_size = 4096};
}

static void same_list(const char *const *got, const char *const *wanted)
{
	size_t i = 0;

	for (; wanted[i] != NULL; i++) {
		assert_non_null(got[i]);
		assert_string_equal(got[i], wanted[i]);
	}
	assert_null(got[i]);
}

static void test_spec_there_and_back(void **state)
{
	struct task_spec spec = a_spec(), got;
	size_t len = taskfile_encode_spec(bytes, sizeof bytes, &spec);
	struct err e = ERR_INIT;

	(void)state;
	assert_true(len > 0);
	assert_memory_equal(bytes, "version=1\0uid=01J\0task=worker-3\0attempt=2", 41);
	assert_true(taskfile_decode_spec(&got, bytes, len, vector, TASK_VECTOR_MAX, &e));
	assert_string_equal(got.uid, "01J");
	assert_string_equal(got.task, "worker-3");
	same_list(got.argv, argv);
	same_list(got.env, env);
	same_list(got.cgroups, cgroups);
	assert_string_equal(got.work_dir, "/w d");
	assert_string_equal(got.prepare, "make\nall");
	assert_string_equal(got.finish, "x=1");
	assert_int_equal(got.attempt, 2);
	assert_int_equal(got.run_uid, 1000);
	assert_int_equal(got.run_gid, -1);
	assert_int_equal(got.umask, 022);
	assert_int_equal(got.stop_grace_ms, 30000);
	assert_true(got.max_runtime_ms == INT64_MAX);
	assert_true(got.memory_limit == 1ll << 40);
	assert_int_equal(got.cpus, 4);
	assert_int_equal(got.log_limit, 7);
	assert_int_equal(got.segment_size, 4096);
}

static void test_spec_of_no_lists(void **state)
{
	static const char *const one[] = {"/bin/true", NULL};
	struct task_spec spec = {.uid = "u", .task = "t", .argv = one, .segment_size = 4096}, got;
	size_t len = taskfile_encode_spec(bytes, sizeof bytes, &spec);

	(void)state;
	assert_true(taskfile_decode_spec(&got, bytes, len, vector, TASK_VECTOR_MAX, NULL));
	assert_null(got.env[0]);
	assert_null(got.cgroups[0]);
	assert_string_equal(got.prepare, "");
	spec.argv = (const char *const[]){NULL};
	assert_int_equal(taskfile_encode_spec(bytes, sizeof bytes, &spec), 0);
}

/* Every size too small for the record is refused, without a byte written behind it. */
static void test_encode_never_overflows(void **state)
{
	struct task_spec spec = a_spec();
	size_t len = taskfile_encode_spec(bytes, sizeof bytes, &spec);

	(void)state;
	for (size_t size = 0; size < len; size++) {
		char *tight = malloc(size + 1);

		assert_non_null(tight);
		tight[size] = '#';
		assert_int_equal(taskfile_encode_spec(tight, size, &spec), 0);
		assert_int_equal(tight[size], '#');
		free(tight);
	}
	assert_int_equal(taskfile_encode_spec(bytes, len, &spec), len);
}

/* A cut record never passes: its last value would be a shorter one. */
static void test_spec_cut_anywhere(void **state)
{
	struct task_spec spec = a_spec(), got = {.uid = "untouched"};
	size_t len = taskfile_encode_spec(bytes, sizeof bytes, &spec);

	(void)state;
	for (size_t cut = 0; cut < len; cut++) {
		char *part = malloc(cut + 1);
		bool whole_item = cut > 0 && bytes[cut - 1] == '\0';
		struct err e = ERR_INIT;

		assert_non_null(part);
		memcpy(part, bytes, cut);
		/* At an item's end it is a shorter record; argv comes last, so it lacks that. */
		if (taskfile_decode_spec(&got, part, cut, vector, TASK_VECTOR_MAX, &e)) {
			assert_true(whole_item);
			assert_non_null(got.argv[0]);
			got.uid = "untouched";
		} else {
			assert_true(e.text[0] != '\0');
			assert_string_equal(got.uid, "untouched");
		}
		free(part);
	}
}

static void refused(const char *data, size_t len, const char *why)
{
	struct task_spec got = {.uid = "untouched"};
	struct err e = ERR_INIT;

	assert_false(taskfile_decode_spec(&got, data, len, vector, TASK_VECTOR_MAX, &e));
	assert_string_equal(got.uid, "untouched");
	if (strstr(e.text, why) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", e.text, why);
}

#define HEAD "version=1\0uid=u\0task=t\0attempt=1\0"
#define REFUSED(text, why) refused(text, sizeof(text), why)

static void test_spec_damage(void **state)
{
	(void)state;
	refused("", 0, "cut short");
	REFUSED("uid=u\0task=t\0attempt=1\0arg=x", "begin with its version");
	REFUSED("version=2\0uid=u", "has version 2, this program knows up to 1");
	REFUSED("version=0\0uid=u", "begin with its version");
	REFUSED("version=1.5\0uid=u", "begin with its version");
	REFUSED(HEAD "arg", "starts no key=value");
	REFUSED(HEAD "=x", "starts no key=value");
	REFUSED(HEAD "\0arg=x", "starts no key=value");
	REFUSED("version=1\0uid=u\0task=t\0arg=x", "attempt is missing");
	REFUSED(HEAD "attempt=2\0arg=x", "attempt is there twice");
	REFUSED(HEAD "umask=512\0arg=x", "umask cannot be");
	REFUSED(HEAD "umask= 7\0arg=x", "umask cannot be");
	REFUSED(HEAD "run_uid=-2\0arg=x", "run_uid cannot be");
	REFUSED(HEAD "memory_limit=9223372036854775808\0arg=x", "memory_limit cannot be");
	REFUSED(HEAD "stop_grace_ms=-1\0arg=x", "stop_grace_ms cannot be");
	REFUSED(HEAD "segment_size=4095\0arg=x", "segment_size 4095");
	REFUSED(HEAD "env=a=b", "names no program");
	REFUSED(HEAD "arg=", "names no program");
	REFUSED(HEAD "arg=x\0env=novalue", "environment entry 0");
	REFUSED(HEAD "arg=x\0env=a=b\0env==b", "environment entry 1");
}

static void test_spec_tolerates_the_new(void **state)
{
	static const char data[] = HEAD "flux=1\0flux=2\0arg=x";
	struct task_spec got;

	(void)state;
	assert_true(taskfile_decode_spec(&got, data, sizeof data, vector, TASK_VECTOR_MAX, NULL));
	assert_string_equal(got.argv[0], "x");
	assert_int_equal(got.run_uid, -1);
	assert_int_equal(got.umask, 077);
}

static void test_spec_vector_is_bounded(void **state)
{
	struct task_spec spec = a_spec(), got;
	size_t len = taskfile_encode_spec(bytes, sizeof bytes, &spec);
	const size_t need = 5 + 1 + 3 + 1 + 1 + 1;
	const char *small[12];
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(need, 12);
	for (size_t size = 0; size < need; size++) {
		memset(small, 0, sizeof small);
		assert_false(taskfile_decode_spec(&got, bytes, len, small, size, &e));
		assert_int_equal(e.code, ERR_TOO_LARGE);
		for (size_t i = size; i < need; i++)
			assert_null(small[i]);
	}
	assert_true(taskfile_decode_spec(&got, bytes, len, small, need, &e));
}

static void test_spec_of_many_arguments(void **state)
{
	struct items_writer w = {.out = bytes, .size = sizeof bytes};
	struct task_spec got;

	(void)state;
	items_put_i64(&w, "version", 1);
	items_put(&w, "uid", "u");
	items_put(&w, "task", "t");
	items_put(&w, "attempt", "1");
	for (int i = 0; i < TASK_ARGS_MAX; i++)
		items_put_i64(&w, "arg", i);
	assert_true(taskfile_decode_spec(&got, bytes, w.len, vector, TASK_VECTOR_MAX, NULL));
	assert_string_equal(got.argv[TASK_ARGS_MAX - 1], "4095");
	assert_null(got.argv[TASK_ARGS_MAX]);
	items_put(&w, "arg", "one too many");
	refused(bytes, w.len, "more than 4096 of \"arg\"");
}

static void test_exit_there_and_back(void **state)
{
	for (int end = TASK_END_EXIT; end <= TASK_END_STOPPED; end++) {
		struct task_exit exit_ = {.end = (enum task_end)end,
			.code = 255,
			.signal = 64,
			.start_ms = 1,
			.end_ms = INT64_MAX,
			.user_ms = 2,
			.system_ms = 3,
			.peak_rss = 4,
			.log_bytes = UINT64_MAX,
			.log_lost = 5,
			.finish_code = -1,
			.message = "no; really"};
		struct task_exit got;
		size_t len = taskfile_encode_exit(bytes, sizeof bytes, &exit_);

		(void)state;
		memset(&got, 0, sizeof got);
		assert_true(taskfile_decode_exit(&got, bytes, len, NULL));
		assert_int_equal(got.end, end);
		assert_int_equal(got.code, 255);
		assert_int_equal(got.signal, 64);
		assert_true(got.end_ms == INT64_MAX && got.start_ms == 1);
		assert_true(got.user_ms == 2 && got.system_ms == 3 && got.peak_rss == 4);
		assert_true(got.log_bytes == UINT64_MAX && got.log_lost == 5);
		assert_int_equal(got.finish_code, -1);
		assert_string_equal(got.message, "no; really");
	}
}

static void test_exit_damage(void **state)
{
	static const char word[] = "version=1\0end=vanished", none[] = "version=1\0code=1";
	static const char few[] = "version=1\0end=oom";
	struct task_exit got = {.code = 77};
	char message[320] = "version=1";
	size_t at = 10;

	(void)state;
	assert_false(taskfile_decode_exit(&got, word, sizeof word, NULL));
	assert_false(taskfile_decode_exit(&got, none, sizeof none, NULL));
	at += (size_t)snprintf(message + at, sizeof message - at, "end=exit") + 1;
	at += (size_t)snprintf(message + at, sizeof message - at, "message=%0255d", 0) + 1;
	assert_true(taskfile_decode_exit(&got, message, at, NULL));
	assert_int_equal(strlen(got.message), 255);
	got.code = 77;
	memmove(message + at - 1, "0", 2); /* one byte more than the field has room for */
	assert_false(taskfile_decode_exit(&got, message, at + 1, NULL));
	assert_int_equal(got.code, 77);
	assert_true(taskfile_decode_exit(&got, few, sizeof few, NULL));
	assert_int_equal(got.end, TASK_END_OOM);
	assert_int_equal(got.finish_code, -1);
}

static void test_pid_there_and_back(void **state)
{
	struct task_pid pid = {.shim_pid = 12,
				.child_pid = 0,
				.shim_start = 34,
				.child_start = UINT64_MAX,
				.boot_id = "6d0c8b6e-0000-4000-8000-000000000000"},
			got;
	size_t len = taskfile_encode_pid(bytes, sizeof bytes, &pid);
	static const char zero[] = "version=1\0shim_pid=0\0boot_id=x";
	static const char negative[] = "version=1\0shim_pid=1\0child_pid=-1\0boot_id=x";

	(void)state;
	assert_true(taskfile_decode_pid(&got, bytes, len, NULL));
	assert_int_equal(got.shim_pid, 12);
	assert_int_equal(got.child_pid, 0);
	assert_true(got.shim_start == 34 && got.child_start == UINT64_MAX);
	assert_string_equal(got.boot_id, pid.boot_id);
	/* kill(0) and kill(-1) would hit everybody. */
	assert_false(taskfile_decode_pid(&got, zero, sizeof zero, NULL));
	assert_false(taskfile_decode_pid(&got, negative, sizeof negative, NULL));
}

static void test_files(void **state)
{
	char folder[] = "/tmp/mltop-taskfile-XXXXXX";
	struct err e = ERR_INIT;
	size_t len = 0;
	int dir;

	(void)state;
	assert_non_null(mkdtemp(folder));
	dir = open(folder, O_RDONLY | O_DIRECTORY);
	assert_false(taskfile_load(dir, "exit", bytes, sizeof bytes, &len, &e));
	assert_int_equal(e.code, ERR_NOT_FOUND);
	durable_take();
	assert_true(taskfile_write_aside(dir, "exit", "abc", 3, true, &e));
	assert_string_equal(durable_take(), "f");
	assert_false(taskfile_load(dir, "exit", bytes, sizeof bytes, &len, &e));
	assert_true(taskfile_rename(dir, "exit", true, &e));
	assert_string_equal(durable_take(), "rd");
	assert_true(taskfile_load(dir, "exit", bytes, sizeof bytes, &len, &e));
	assert_int_equal(len, 3);
	assert_false(taskfile_load(dir, "exit", bytes, 2, &len, &e));
	assert_int_equal(e.code, ERR_TOO_LARGE);
	assert_true(taskfile_load(dir, "exit", bytes, 3, &len, &e));
	/* An old aside that points elsewhere is replaced, not written through. */
	assert_int_equal(symlinkat("exit", dir, "pid.tmp"), 0);
	assert_true(taskfile_write_aside(dir, "pid", "longer", 6, false, &e));
	assert_true(taskfile_load(dir, "exit", bytes, 3, &len, &e));
	assert_true(taskfile_rename(dir, "pid", false, &e));
	assert_string_equal(durable_take(), "r");
	assert_int_equal(symlinkat("exit", dir, "link"), 0);
	assert_false(taskfile_load(dir, "link", bytes, sizeof bytes, &len, &e));
	unlinkat(dir, "link", 0);
	unlinkat(dir, "exit", 0);
	unlinkat(dir, "pid", 0);
	close(dir);
	assert_int_equal(rmdir(folder), 0);
}

static void test_owner(void **state)
{
	char folder[] = "/tmp/mltop-taskfile-XXXXXX";
	struct err e = ERR_INIT;
	size_t len = 0;
	int dir;

	(void)state;
	if (geteuid() != 0)
		return; /* only root can make files of others; root's own files pass for anybody */
	assert_non_null(mkdtemp(folder));
	dir = open(folder, O_RDONLY | O_DIRECTORY);
	assert_true(taskfile_write_aside(dir, "pid", "abc", 3, false, &e));
	assert_true(taskfile_rename(dir, "pid", false, &e));
	assert_int_equal(fchownat(dir, "pid", 54321, (gid_t)-1, 0), 0);
	assert_false(taskfile_load(dir, "pid", bytes, sizeof bytes, &len, &e));
	assert_int_equal(e.code, ERR_FORBIDDEN);
	unlinkat(dir, "pid", 0);
	close(dir);
	assert_int_equal(rmdir(folder), 0);
}

static void test_marker(void **state)
{
	char marker[TASK_MARKER_MAX], longest[300];

	(void)state;
	taskfile_marker(marker, "01J", "master-0", 3);
	assert_string_equal(marker, "01J/master-0/3");
	memset(longest, 'x', sizeof longest);
	longest[sizeof longest - 1] = '\0';
	taskfile_marker(marker, longest, longest, INT32_MAX);
	assert_non_null(strstr(marker, "/2147483647")); /* the attempt is never what is cut off */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spec_there_and_back),
		cmocka_unit_test(test_spec_of_no_lists),
		cmocka_unit_test(test_encode_never_overflows),
		cmocka_unit_test(test_spec_cut_anywhere),
		cmocka_unit_test(test_spec_damage),
		cmocka_unit_test(test_spec_tolerates_the_new),
		cmocka_unit_test(test_spec_vector_is_bounded),
		cmocka_unit_test(test_spec_of_many_arguments),
		cmocka_unit_test(test_exit_there_and_back),
		cmocka_unit_test(test_exit_damage),
		cmocka_unit_test(test_pid_there_and_back),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_owner),
		cmocka_unit_test(test_marker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
