#include "base/shimctl.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void test_there_and_back(void **state)
{
	char bytes[SHIMCTL_MAX];

	(void)state;
	for (int type = SHIMCTL_HELLO; type <= SHIMCTL_EXIT; type++) {
		struct shimctl_message m = {.type = type,
					       .state = SHIMCTL_CLEARING,
					       .shim_pid = 1,
					       .child_pid = INT32_MAX,
					       .stopping = 1,
					       .processes = 2,
					       .memory = INT64_MAX,
					       .memory_peak = 3,
					       .cpu_ms = 4,
					       .start_ms = 5,
					       .log_end = UINT64_MAX,
					       .log_lost = 6,
					       .grace_ms = INT64_MAX,
					       .text = "a = b"},
				       got;
		size_t len = shimctl_encode(bytes, sizeof bytes, &m);

		assert_true(len > 0);
		assert_true(shimctl_decode(&got, bytes, len, NULL));
		assert_int_equal(got.type, type);
		assert_int_equal(got.state, SHIMCTL_CLEARING);
		assert_true(got.shim_pid == 1 && got.child_pid == INT32_MAX && got.stopping == 1);
		assert_true(got.processes == 2 && got.memory == INT64_MAX && got.memory_peak == 3);
		assert_true(got.cpu_ms == 4 && got.start_ms == 5 && got.log_end == UINT64_MAX);
		assert_true(got.log_lost == 6 && got.grace_ms == INT64_MAX);
		assert_string_equal(got.text, "a = b");
		assert_int_equal(shimctl_encode(bytes, len - 1, &m), 0);
	}
}

/* The largest message still fits a packet. */
static void test_largest(void **state)
{
	char bytes[SHIMCTL_MAX];
	struct shimctl_message m = {.type = SHIMCTL_SUBSCRIBE,
		.state = SHIMCTL_PREPARING,
		.shim_pid = INT32_MAX,
		.child_pid = INT32_MAX,
		.stopping = 1,
		.processes = INT32_MAX,
		.memory = INT64_MAX,
		.memory_peak = INT64_MAX,
		.cpu_ms = INT64_MAX,
		.start_ms = INT64_MAX,
		.log_end = UINT64_MAX,
		.log_lost = UINT64_MAX,
		.grace_ms = INT64_MAX};

	(void)state;
	memset(m.text, 'x', sizeof m.text - 1);
	assert_true(shimctl_encode(bytes, sizeof bytes, &m) > 0);
}

static void test_other_versions(void **state)
{
	static const char newer[] = "version=9\0type=dance\0tempo=3\0log_end=5";
	static const char no_type[] = "version=1\0log_end=5";
	static const char damaged[] = "version=1\0type=stop\0grace_ms=-1";
	struct shimctl_message got = {.log_end = 77};

	(void)state;
	assert_true(shimctl_decode(&got, newer, sizeof newer, NULL));
	assert_int_equal(got.type, SHIMCTL_UNKNOWN);
	assert_string_equal(got.name, "dance");
	got.log_end = 77;
	assert_false(shimctl_decode(&got, no_type, sizeof no_type, NULL));
	assert_false(shimctl_decode(&got, damaged, sizeof damaged, NULL));
	assert_int_equal(got.log_end, 77);
}

static void make_long_folder(char *path, size_t size)
{
	snprintf(path, size, "/tmp/mltop-shimctl-XXXXXX");
	assert_non_null(mkdtemp(path));
	for (int i = 0; i < 3; i++) {
		size_t len = strlen(path);

		snprintf(path + len, size - len, "/%060d", i);
		assert_int_equal(mkdir(path, 0700), 0);
	}
}

static void remove_long_folder(char *path)
{
	for (int i = 0; i < 3; i++) {
		assert_int_equal(rmdir(path), 0);
		*strrchr(path, '/') = '\0';
	}
	assert_int_equal(rmdir(path), 0);
}

static void test_socket(void **state)
{
	char path[300];
	struct shimctl_message hello = {.type = SHIMCTL_HELLO}, got;
	struct err e = ERR_INIT;
	struct stat st;
	int folder, listener, daemon, shim;

	(void)state;
	make_long_folder(path, sizeof path);
	folder = open(path, O_RDONLY | O_DIRECTORY);
	assert_int_equal(shimctl_connect(path, &e), -1);
	assert_int_equal(e.code, ERR_UNAVAILABLE);
	close(shimctl_listen(folder, &e)); /* leaves a socket file that nobody listens on */
	assert_int_equal(shimctl_connect(path, &e), -1);
	listener = shimctl_listen(folder, &e);
	assert_true(listener >= 0);
	assert_int_equal(fstatat(folder, SHIMCTL_SOCKET, &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);

	daemon = shimctl_connect(path, &e);
	assert_true(daemon >= 0);
	shim = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	assert_int_equal(shimctl_receive(shim, &got, &e), 0);
	assert_true(shimctl_send(daemon, &hello, &e));
	assert_int_equal(shimctl_receive(shim, &got, &e), 1);
	assert_int_equal(got.type, SHIMCTL_HELLO);
	while (shimctl_send(shim, &hello, &e))
		; /* until the other side, which does not read, is full */
	assert_int_equal(e.code, ERR_BUSY);
	close(shim);
	while (shimctl_receive(daemon, &got, &e) == 1)
		;
	assert_int_equal(e.code, ERR_UNAVAILABLE);
	assert_false(shimctl_send(daemon, &hello, &e));
	assert_int_equal(e.code, ERR_UNAVAILABLE);
	close(daemon);
	close(listener);
	unlinkat(folder, SHIMCTL_SOCKET, 0);
	close(folder);
	remove_long_folder(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_largest),
		cmocka_unit_test(test_other_versions),
		cmocka_unit_test(test_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
