/* Heads of answers, and of requests that are relayed: what is taken, what is not, what they mean. */
#include "http/head.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool good(const char *text, struct head *h)
{
	struct head_scan s = {.answer = true};
	struct err e = ERR_INIT;
	bool good = head_look(&s, text, strlen(text), &e) == HEAD_WHOLE &&
		head_read_answer(h, text, s.at, &e);

	if (!good && strncmp(e.text, "the answer", 10) != 0)
		fail_msg("refused as something else: %s", e.text);
	return good;
}

#define OK "HTTP/1.1 200 OK\r\n"
#define END "\r\n"

static void test_good(void **state)
{
	static const struct {
		const char *text, *reason;
		int status;
		bool http11, keep_alive, chunked;
		int64_t length; /* -1: none */
	} heads[] = {
		{OK END, "OK", 200, true, true, false, -1},
		{OK "Content-Length: 12\r\n" END, "OK", 200, true, true, false, 12},
		{OK "transfer-encoding: Chunked\r\nX: y\r\n" END, "OK", 200, true, true, true, -1},
		{"HTTP/1.0 404 Not Found\r\n" END, "Not Found", 404, false, false, false, -1},
		{"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n" END, "OK", 200, false, true, false,
			-1},
		{OK "Connection: close\r\n" END, "OK", 200, true, false, false, -1},
		{"HTTP/1.1 100 \r\n" END, "", 100, true, true, false, -1},
		{"HTTP/1.1 599\r\n" END, "", 599, true, true, false, -1},
		{"HTTP/1.1 200 sch\xc3\xb6n\r\n" END, "sch\xc3\xb6n", 200, true, true, false, -1},
		{OK "Set-Cookie: a=b\r\nSet-Cookie: c=d\r\n" END, "OK", 200, true, true, false, -1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		struct head h;

		if (!good(heads[i].text, &h))
			fail_msg("refused: %s", heads[i].text);
		assert_string_equal(h.reason, heads[i].reason);
		assert_int_equal(h.status, heads[i].status);
		assert_true(h.http11 == heads[i].http11 && h.keep_alive == heads[i].keep_alive);
		assert_true(h.chunked == heads[i].chunked);
		assert_true(h.has_length == (heads[i].length >= 0));
		assert_true(!h.has_length || (int64_t)h.length == heads[i].length);
		head_release(&h);
	}
}

static void test_refused(void **state)
{
	static const char *const heads[] = {
		"HTTP/1.1 20 OK\r\n" END,
		"HTTP/1.1 2000 OK\r\n" END,
		"HTTP/1.1 099 OK\r\n" END,
		"HTTP/1.1 600 OK\r\n" END,
		"HTTP/1.1 2x0 OK\r\n" END,
		"HTTP/1.1  200 OK\r\n" END,
		"HTTP/1.1\r\n" END,
		"HTTP/1.2 200 OK\r\n" END,
		"HTTP/2 200 OK\r\n" END,
		"http/1.1 200 OK\r\n" END,
		" " OK END,
		"\r\n" OK END,
		"ICY 200 OK\r\n" END,
		"HTTP/1.1 200 O\x01K\r\n" END,
		OK "Content-Length: 1\r\nContent-Length: 1\r\n" END,
		OK "Content-Length: 1, 1\r\n" END,
		OK "Content-Length: -1\r\n" END,
		OK "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n" END,
		OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" END,
		OK "Transfer-Encoding: gzip, chunked\r\n" END,
		"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n" END,
		OK "X-A : a\r\n" END,
		OK "X-A: a\r\n b\r\n" END,
		OK "X-A\r\n" END,
		"HTTP/1.1 200 OK\n\n",
		OK "X: a\rb\r\n" END,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		struct head h;

		if (good(heads[i], &h))
			fail_msg("taken: %s", heads[i]);
	}
}

static bool relayed(const char *text, struct head *h)
{
	struct head_scan s = {0};
	struct err e = ERR_INIT;

	return head_look(&s, text, strlen(text), &e) == HEAD_WHOLE &&
		head_read_relayed(h, text, s.at, &e);
}

/* A chunked body is any method's, and stays the only length. */
static void test_relayed(void **state)
{
	static const char *const refused[] = {
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n" END,
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n" END,
		"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n" END,
		"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" END,
	};
	struct head h;

	(void)state;
	assert_true(
		relayed("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n" END, &h));
	assert_true(h.chunked && !h.has_length);
	head_release(&h);
	assert_true(relayed("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n" END, &h));
	assert_true(!h.chunked && h.length == 7);
	head_release(&h);
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		if (relayed(refused[i], &h))
			fail_msg("taken: %s", refused[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_relayed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
