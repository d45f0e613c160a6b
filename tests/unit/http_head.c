/* Heads of requests: what is exactly RFC 9112 and what is not, in pieces as well. */
#include "http/head.h"

#include "base/buf.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Read as it comes in pieces of `step` bytes; true: whole and good. */
static bool good_in(const char *text, size_t len, size_t step, struct head *h, struct err *e)
{
	struct head_scan s = {0};
	enum head_answer answer = HEAD_MORE;

	for (size_t n = step; answer == HEAD_MORE; n += step) {
		answer = head_look(&s, text, n < len ? n : len, e);
		if (n >= len)
			break;
	}
	return answer == HEAD_WHOLE && head_read(h, text, s.at, e);
}

static bool good(const char *text, size_t len)
{
	struct head h;
	struct err e = ERR_INIT;
	bool whole = good_in(text, len, len, &h, &e);

	if (whole)
		head_release(&h);
	for (size_t step = 1; step < 4; step++) {
		struct err in_pieces = ERR_INIT;
		bool same = good_in(text, len, step, &h, &in_pieces) == whole;

		if (whole && same)
			head_release(&h);
		if (!same || strcmp(e.text, in_pieces.text) != 0)
			fail_msg("in pieces of %zu otherwise: %s", step, text);
	}
	if (!whole && e.code == ERR_NONE)
		fail_msg("refused without a word: %s", text);
	return whole;
}

#define LINE "GET /version HTTP/1.1\r\n"
#define HOST "Host: a\r\n"
#define END "\r\n"

static void test_good(void **state)
{
	static const char *const heads[] = {
		LINE HOST END,
		"GET / HTTP/1.0\r\n" HOST END,
		"GET /a%2Fb?c=d&e=%20f HTTP/1.1\r\n" HOST END,
		"GET /a? HTTP/1.1\r\n" HOST END,
		"DELETE /a HTTP/1.1\r\nhOST:a.b:80\r\n" END,
		LINE "Host: [::1]:8470\r\n" END,
		LINE HOST "X-A:\r\nX-B: \t b \t\r\n" END,
		LINE HOST "X-A: \x80\xff \"quoted, text\"\r\n" END,
		LINE HOST "X-A: 1\r\nX-A: 2\r\n" END,
		LINE HOST "!#$%&'*+-.^_`|~09aZ: x\r\n" END,
		"POST /a HTTP/1.1\r\n" HOST "Content-Length: 0\r\n" END,
		"POST /a HTTP/1.1\r\n" HOST "Content-Length: 2147483648\r\n" END,
		LINE HOST "Transfer-Encoding: Chunked\r\n" END,
		LINE HOST "Expect: 100-continue\r\n" END,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++)
		if (!good(heads[i], strlen(heads[i])))
			fail_msg("refused: %s", heads[i]);
}

/* A proxy's form of the target: its host is the one that counts, whatever Host says. */
static void test_absolute(void **state)
{
	static const struct {
		const char *target, *host, *path, *query;
	} targets[] = {
		{"http://a/version", "a", "/version", NULL},
		{"HTTP://b:80/a%2Fb?c=d?e/f", "b:80", "/a%2Fb", "c=d?e/f"},
		{"https://[::1]:8470/x//y?", "[::1]:8470", "/x//y", ""},
		{"http://c", "c", "/", NULL},
		{"http://c/", "c", "/", NULL},
		{"http://c?q=http://d/", "c", "/", "q=http://d/"},
		{"/http://d/x", "a", "/http://d/x", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		struct buf text = BUF_INIT;
		struct err e = ERR_INIT;
		struct head h;

		buf_addf(&text, "GET %s HTTP/1.1\r\nX-A: 1\r\n" HOST END, targets[i].target);
		if (!good(text.data, text.len) || !good_in(text.data, text.len, text.len, &h, &e))
			fail_msg("refused: %s", targets[i].target);
		assert_string_equal(head_get(&h, "host"), targets[i].host);
		assert_string_equal(h.path, targets[i].path);
		if (targets[i].query)
			assert_string_equal(h.query, targets[i].query);
		else
			assert_null(h.query);
		head_release(&h);
		buf_release(&text);
	}
}

static void test_refused(void **state)
{
	static const char *const heads[] = {
		/* the request line */
		"\r\n" LINE HOST END,
		"\n" LINE HOST END,
		" " LINE HOST END,
		"GET  /version HTTP/1.1\r\n" HOST END,
		"GET /version  HTTP/1.1\r\n" HOST END,
		"GET\t/version HTTP/1.1\r\n" HOST END,
		"GET /version HTTP/1.1 \r\n" HOST END,
		"GET /version\r\n" HOST END,
		"GET /version HTTP/1.2\r\n" HOST END,
		"GET /version HTTP/2.0\r\n" HOST END,
		"GET /version http/1.1\r\n" HOST END,
		"GET /version HTTP/01.1\r\n" HOST END,
		"GET /version HTTP/1.1x\r\n" HOST END,
		"GET /a b HTTP/1.1\r\n" HOST END,
		"GET /a\x01 HTTP/1.1\r\n" HOST END,
		"GET /a\xc3\xa4 HTTP/1.1\r\n" HOST END,
		"GET /a#b HTTP/1.1\r\n" HOST END,
		"GET /a\"b HTTP/1.1\r\n" HOST END,
		"GET /a\\b HTTP/1.1\r\n" HOST END,
		"GET /a?b=<c> HTTP/1.1\r\n" HOST END,
		"GET * HTTP/1.1\r\n" HOST END,
		"GET ftp://a/version HTTP/1.1\r\n" HOST END,
		"GET http:/version HTTP/1.1\r\n" HOST END,
		"GET http:///version HTTP/1.1\r\n" HOST END,
		"GET http:// HTTP/1.1\r\n" HOST END,
		"GET http://?a HTTP/1.1\r\n" HOST END,
		"GET http://u@a/version HTTP/1.1\r\n" HOST END,
		"GET http://u:p@a/version HTTP/1.1\r\n" HOST END,
		"GET http://a,b/version HTTP/1.1\r\n" HOST END,
		"GET http://a#/version HTTP/1.1\r\n" HOST END,
		"GET http://a\\b/version HTTP/1.1\r\n" HOST END,
		"GET http://a/ver#sion HTTP/1.1\r\n" HOST END,
		"GET http://a/version HTTP/1.1\r\n" END, /* without Host all the same */
		"GET http://a/version HTTP/1.1\r\n" HOST HOST END,
		"GET http://a/version HTTP/1.1\r\nHost: b c\r\n" END,
		"GET a:80/version HTTP/1.1\r\n" HOST END,
		"CONNECT a:1 HTTP/1.1\r\n" HOST END,
		"G@T /version HTTP/1.1\r\n" HOST END,
		"/version HTTP/1.1\r\n" HOST END,
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"0\r\n\r\n",
		/* lines */
		"GET /version HTTP/1.1\n" HOST END,
		LINE "Host: a\n" END,
		LINE HOST "\n",
		"GET /version HTTP/1.1\rHost: a\r\n" END,
		LINE "Host: a\rX: b\r\n" END,
		LINE HOST "\r\r\n",
		LINE HOST "X-A: a\r\n b\r\n" END,
		LINE HOST "X-A: a\r\n\tb\r\n" END,
		LINE " " HOST END,
		/* fields */
		LINE HOST "X-A\r\n" END,
		LINE HOST ": a\r\n" END,
		LINE HOST "X-A : a\r\n" END,
		LINE HOST "X\tA: a\r\n" END,
		LINE HOST "X(A): a\r\n" END,
		LINE HOST "X\xc3\xa4: a\r\n" END,
		LINE HOST "X-A: a\x01\r\n" END,
		LINE HOST "X-A: a\x7f\r\n" END,
		LINE HOST "X-A: a\x0b\r\n" END,
		/* Host */
		LINE END,
		"GET /version HTTP/1.0\r\n" END,
		LINE "Host:\r\n" END,
		LINE HOST HOST END,
		LINE HOST "host: b\r\n" END,
		LINE "Host: a, b\r\n" END,
		LINE "Host: a b\r\n" END,
		LINE "Host: a/b\r\n" END,
		LINE "Host: a@b\r\n" END,
		LINE "Host: [::1\r\n" END,
		LINE "Host: ::1]\r\n" END,
		LINE "Host: [a[b]]\r\n" END,
		LINE "Host: []\r\n" END,
		LINE "Host: [::1]x\r\n" END,
		LINE "Host: a[::1]\r\n" END,
		LINE "Host: a:b\r\n" END,
		LINE "Host: a:80:80\r\n" END,
		LINE "Host: :80\r\n" END,
		LINE "Host: a%2\r\n" END,
		LINE "Host: a%zz\r\n" END,
		"GET http://[::1/version HTTP/1.1\r\n" HOST END,
		"GET http://a:80:80/version HTTP/1.1\r\n" HOST END,
		/* lengths and codings */
		"POST /a HTTP/1.1\r\n" HOST "Content-Length:\r\n" END,
		"POST /a HTTP/1.1\r\n" HOST "Content-Length: -1\r\n" END,
		"POST /a HTTP/1.1\r\n" HOST "Content-Length: +1\r\n" END,
		"POST /a HTTP/1.1\r\n" HOST "Content-Length: 0x1\r\n" END,
		"POST /a HTTP/1.1\r\n" HOST "Content-Length: 1, 1\r\n" END,
		"POST /a HTTP/1.1\r\n" HOST "Content-Length: 1 1\r\n" END,
		"POST /a HTTP/1.1\r\n" HOST "Content-Length: 1.0\r\n" END,
		"POST /a HTTP/1.1\r\n" HOST "Content-Length: 18446744073709551617\r\n" END,
		"POST /a HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 1\r\n" END,
		"POST /a HTTP/1.1\r\n" HOST "Content-Length: 1\r\ncontent-length: 2\r\n" END,
		"POST /a HTTP/1.1\r\n" HOST
		"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n" END,
		"POST /a HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n" END,
		LINE HOST "Transfer-Encoding: gzip, chunked\r\n" END,
		LINE HOST "Transfer-Encoding: chunked, chunked\r\n" END,
		LINE HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" END,
		LINE HOST "Transfer-Encoding: xchunked\r\n" END,
		LINE HOST "Transfer-Encoding: \"chunked\"\r\n" END,
		LINE HOST "Transfer-Encoding:\r\n" END,
		LINE HOST "Transfer-Encoding: identity\r\n" END,
		"GET /a HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n" END,
		LINE HOST "Expect: 200-maybe\r\n" END,
		LINE HOST "Authorization: a\r\nAuthorization: a\r\n" END,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++)
		if (good(heads[i], strlen(heads[i])))
			fail_msg("let in: %s", heads[i]);
}

static void test_nul(void **state)
{
	static const char head[] = LINE HOST "X-A: a?b\r\n" END;

	(void)state;
	for (size_t i = 0; i < sizeof head - 1; i++) {
		char copy[sizeof head];

		memcpy(copy, head, sizeof head);
		copy[i] = '\0';
		assert_false(good(copy, sizeof head - 1));
	}
}

/* What cannot become a head is refused before its end comes: a TLS hello, say. */
static void test_refused_early(void **state)
{
	static const char hello[] = "\x16\x03\x01\x02";
	struct head_scan s = {0};
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(head_look(&s, hello, 1, &e), HEAD_WRONG);
	s = (struct head_scan){0};
	assert_int_equal(head_look(&s, "GET /\n", 6, &e), HEAD_WRONG);
}

static void test_large(void **state)
{
	struct buf long_one = BUF_INIT, many = BUF_INIT;
	struct head_scan s = {0};
	struct err e = ERR_INIT;

	(void)state;
	buf_adds(&long_one, LINE HOST "X-A: ");
	while (long_one.len <= HEAD_BYTES_MAX)
		buf_addc(&long_one, 'a');
	assert_int_equal(head_look(&s, long_one.data, HEAD_BYTES_MAX, &e), HEAD_MORE);
	assert_int_equal(head_look(&s, long_one.data, long_one.len, &e), HEAD_LARGE);
	buf_adds(&many, LINE HOST);
	for (int i = 1; i < HEAD_FIELDS_MAX; i++)
		buf_adds(&many, "X: a\r\n");
	s = (struct head_scan){0};
	assert_int_equal(head_look(&s, many.data, many.len, &e), HEAD_MORE);
	buf_adds(&many, "X: a\r\n");
	assert_int_equal(head_look(&s, many.data, many.len, &e), HEAD_LARGE);
	buf_release(&long_one);
	buf_release(&many);
}

static void test_what_is_read(void **state)
{
	static const char text[] = "POST /a%20b?c=d?e HTTP/1.1\r\nHost: h:1\r\nX-One:  1 \r\n"
				   "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
				   "X-Two: a\r\nx-two: b\r\nContent-Length: 5\r\n\r\nhello";
	struct head_scan s = {0};
	struct err e = ERR_INIT;
	struct head h;

	(void)state;
	assert_int_equal(head_look(&s, text, sizeof text - 1, &e), HEAD_WHOLE);
	assert_int_equal(s.at, sizeof text - 1 - 5);
	assert_true(head_read(&h, text, s.at, &e));
	assert_string_equal(h.method, "POST");
	assert_string_equal(h.path, "/a%20b");
	assert_string_equal(h.query, "c=d?e");
	assert_string_equal(head_get(&h, "x-one"), "1");
	assert_null(head_get(&h, "x-two"));
	assert_int_equal(head_count(&h, "x-two"), 2);
	assert_true(head_lists(&h, "connection", "upgrade"));
	assert_false(head_lists(&h, "connection", "close"));
	assert_true(h.keep_alive && h.upgrade && h.has_length && !h.chunked && h.http11);
	assert_int_equal(h.length, 5);
	head_release(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_absolute),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_refused_early),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_what_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
