/*
 * A server's handles on the loop: where the system does not watch its sockets an error is all that is left,
 * and at its end it is freed after them.
 */
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

/* ---- Its end beside others on the loop ---- */

enum { LONGER_THAN_A_STEP_MS = 8, BUSY_TIMES = 4 };

/* Somebody else's work: it takes time, and has the loop look at the clock within a turn. */
struct busy {
	uv_timer_t timer;
	int left;
};

static void busy_fired(uv_timer_t *timer)
{
	struct busy *b = timer->data;

	usleep(LONGER_THAN_A_STEP_MS * 1000);
	uv_update_time(timer->loop);
	if (--b->left > 0)
		uv_timer_start(timer, busy_fired, 0, 0);
}

/* From the first turn on, before the server's timer is due: all that it does is done in one turn. */
static void busy_begin(struct busy *b, uv_loop_t *loop)
{
	uv_timer_init(loop, &b->timer);
	b->timer.data = b;
	b->left = BUSY_TIMES;
	uv_timer_start(&b->timer, busy_fired, 0, 0);
}

static void handle_counted(uv_handle_t *handle, void *ctx)
{
	(void)handle;
	++*(int *)ctx;
}

/* The server is freed: a handle of its own that the loop still knew would be one too many. */
static void server_went(void *ctx)
{
	struct busy *b = ctx;
	int handles = 0;

	uv_walk(b->timer.loop, handle_counted, &handles);
	assert_int_equal(handles, 1);
	uv_close((uv_handle_t *)&b->timer, NULL);
}

/* The timer that sees to the end fires again in the turn in which it began with it. */
static void test_freed_after_its_handles(void **state)
{
	static const struct server_asks asks;
	static const struct route none[1];
	struct server *s = NULL;
	struct err e = ERR_INIT;
	struct busy b;
	uv_loop_t loop;

	(void)state;
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_true(server_open(&s,
		&(struct server_config){.loop = &loop,
			.asks = &asks,
			.routes = none,
			.address = "127.0.0.1"},
		&e));
	busy_begin(&b, &loop);
	server_close(s, 0, server_went, &b);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_not_watched),
		cmocka_unit_test(test_freed_after_its_handles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
