/* A server opened where the system does not watch its sockets: an error, and nothing is left. */
#include "serve/server.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <uv.h>

#include <cmocka.h>

/* In place of the C library's, for libuv too: sockets that are still taken before all are refused. */
static int taken = -1;

int epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
	if (op == EPOLL_CTL_ADD && taken >= 0 && taken-- == 0) {
		errno = ENOSPC;
		return -1;
	}
	return (int)syscall(SYS_epoll_ctl, epoll, op, fd, event);
}

static void opened_after(int sockets)
{
	static const struct server_asks asks;
	static const struct route none[1];
	char path[] = "/tmp/mltop-serve-XXXXXX", unix_path[64];
	struct server *s = NULL;
	struct err e = ERR_INIT;
	uv_loop_t loop;

	assert_non_null(mkdtemp(path));
	snprintf(unix_path, sizeof unix_path, "%s/socket", path);
	assert_int_equal(uv_loop_init(&loop), 0);
	taken = sockets;
	assert_false(server_open(&s,
		&(struct server_config){.loop = &loop,
			.asks = &asks,
			.routes = none,
			.address = "127.0.0.1",
			.spool_dir = path,
			.unix_path = unix_path},
		&e));
	taken = -1;
	assert_null(s);
	assert_non_null(strstr(e.text, "cannot listen"));
	assert_non_null(strstr(e.text, "no space left"));
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	unlink(unix_path);
	assert_int_equal(rmdir(path), 0);
}

static void test_not_watched(void **state)
{
	(void)state;
	opened_after(0);
	opened_after(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_not_watched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
