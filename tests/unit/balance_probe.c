/* Questions to replicas that are ready, that are not, and that answer nonsense, over real sockets. */
#include "balance/probe.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <cmocka.h>

enum { LONG_MS = 60000 };

/* Takes one connection, reads a head unless `mute`, says `answer` in pieces of `step` bytes, closes. */
struct replica {
	int fd, port;
	const char *answer;
	size_t len, step;
	bool mute;
	char asked[1024];
	pthread_t thread;
};

static void read_head(struct replica *r, int fd)
{
	size_t len = 0;

	while (strstr(r->asked, "\r\n\r\n") == NULL && len < sizeof r->asked - 1) {
		ssize_t n = read(fd, r->asked + len, sizeof r->asked - 1 - len);

		if (n <= 0)
			return;
		len += (size_t)n;
	}
}

static void *serve(void *ctx)
{
	struct replica *r = ctx;
	int fd = accept(r->fd, NULL, NULL);

	read_head(r, fd);
	for (size_t at = 0; at < r->len; at += r->step) {
		size_t n = r->len - at < r->step ? r->len - at : r->step;

		if (send(fd, r->answer + at, n, MSG_NOSIGNAL) < 0)
			break;
	}
	/* Who says nothing waits until the other side goes. */
	while (r->mute && read(fd, r->asked, sizeof r->asked) > 0)
		;
	close(fd);
	return NULL;
}

static void replica_open(struct replica *r)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof at;

	r->fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(r->fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(r->fd, 5), 0);
	getsockname(r->fd, (struct sockaddr *)&at, &size);
	r->port = ntohs(at.sin_port);
}

struct told {
	int status, times;
	char body[PROBE_BODY_MAX + 1], why[256];
	size_t len;
};

static void replica_answered(void *ctx, int status, const char *body, size_t len, const char *why)
{
	struct told *t = ctx;

	t->times++;
	t->status = status;
	t->len = len;
	memcpy(t->body, body, len + 1);
	snprintf(t->why, sizeof t->why, "%s", why);
}

static void ask_port(int port, const char *path, int64_t most_ms, struct told *t)
{
	uv_loop_t loop;

	memset(t, 0, sizeof *t);
	uv_loop_init(&loop);
	probe_start(&loop,
		&(struct probe_asks){.port = port,
			.path = path,
			.most_ms = most_ms,
			.answered = replica_answered,
			.ctx = t});
	assert_int_equal(t->times, 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	assert_int_equal(t->times, 1);
}

static void ask(struct replica *r, const char *path, int64_t most_ms, struct told *t)
{
	replica_open(r);
	pthread_create(&r->thread, NULL, serve, r);
	ask_port(r->port, path, most_ms, t);
	pthread_join(r->thread, NULL);
	close(r->fd);
}

static void test_answers(void **state)
{
	static const struct {
		const char *answer, *body;
		int status;
	} answers[] = {
		{"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"ready\":true}", "{\"ready\":true",
			200},
		{"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", "", 503},
		{"HTTP/1.0 200 OK\r\n\r\nto the end", "to the end", 200},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1;x\r\nd\r\n0\r\n\r\n",
			"abcd", 200},
		{"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnonemore", "none", 404},
	};
	struct told t;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++)
		for (size_t step = 1; step < 200; step += 60) {
			struct replica r = {.answer = answers[i].answer,
				.len = strlen(answers[i].answer),
				.step = step};

			ask(&r, "/v2/models/m/ready?x=1", LONG_MS, &t);
			assert_int_equal(t.status, answers[i].status);
			assert_string_equal(t.body, answers[i].body);
			assert_non_null(strstr(r.asked, "GET /v2/models/m/ready?x=1 HTTP/1.1\r\n"));
			assert_non_null(strstr(r.asked, "Connection: close\r\n"));
		}
}

static void test_connects(void **state)
{
	struct replica r = {.step = 1};
	struct told t;

	(void)state;
	ask(&r, NULL, LONG_MS, &t);
	assert_int_equal(t.status, PROBE_CONNECTED);
	assert_string_equal(r.asked, "");
}

static void test_nonsense(void **state)
{
	static const struct {
		const char *answer, *why;
	} answers[] = {
		{"", "closes the connection before it has answered"},
		{"HTTP/1.1 200 OK\r\n", "closes the connection before it has answered"},
		{"SSH-2.0-x\r\n\r\n", "answers what is no HTTP: the answer cannot be used"},
		{"\r\n", "answers what is no HTTP: the answer cannot be used"},
	};
	struct told t;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		struct replica r = {.answer = answers[i].answer,
			.len = strlen(answers[i].answer),
			.step = 3};

		ask(&r, "/", LONG_MS, &t);
		assert_int_equal(t.status, -1);
		assert_int_equal(strncmp(t.why, answers[i].why, strlen(answers[i].why)), 0);
	}
}

static void test_nobody(void **state)
{
	struct replica r = {0};
	struct told t;

	(void)state;
	replica_open(&r);
	close(r.fd);
	ask_port(r.port, "/", LONG_MS, &t);
	assert_int_equal(t.status, -1);
	assert_non_null(strstr(t.why, "takes no connection on port"));
}

static void test_mute(void **state)
{
	struct replica r = {.mute = true, .step = 1};
	struct told t;

	(void)state;
	ask(&r, "/", 1, &t);
	assert_int_equal(t.status, -1);
	assert_non_null(strstr(t.why, "in time"));
}

/* However much is said: the beginning is enough. */
static void test_endless(void **state)
{
	size_t len = 4 * PROBE_BODY_MAX;
	char *answer = mem_alloc(len + 1);
	struct replica r = {.answer = answer, .len = len, .step = 10000};
	struct told t;

	(void)state;
	memset(answer, 'x', len);
	memcpy(answer, "HTTP/1.0 200 OK\r\n\r\n", 19);
	ask(&r, "/", LONG_MS, &t);
	assert_int_equal(t.status, 200);
	assert_int_equal(t.len, PROBE_BODY_MAX);
	free(answer);
}

static void test_stopped(void **state)
{
	struct replica r = {.mute = true, .step = 1};
	struct told t = {0};
	uv_loop_t loop;

	(void)state;
	replica_open(&r);
	uv_loop_init(&loop);
	probe_stop(probe_start(&loop,
		&(struct probe_asks){.port = r.port,
			.path = "/",
			.most_ms = LONG_MS,
			.answered = replica_answered,
			.ctx = &t}));
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	assert_int_equal(t.times, 0);
	close(r.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_connects),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_mute),
		cmocka_unit_test(test_endless),
		cmocka_unit_test(test_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
