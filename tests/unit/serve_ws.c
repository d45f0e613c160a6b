/* Websocket frames as they come from a client: RFC 6455 section 5, in pieces of any size. */
#include "serve/ws.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LIMIT = 1000 };

/* The events of `bytes`, given in pieces of `step`, as letters: m p o c, and F with the code. */
static void events_of(const char *bytes, size_t len, size_t step, struct buf *out)
{
	static const char letters[] = ".mpoc";
	struct ws_reader r;
	bool failed = false;

	ws_init(&r, LIMIT);
	for (size_t at = 0, used; at < len && !failed; at += used) {
		size_t n = len - at < step ? len - at : step;
		enum ws_event event = ws_take(&r, bytes + at, n, &used);

		assert_true(used <= n && (used > 0 || event == WS_FAILED));
		failed = event == WS_FAILED;
		if (failed)
			buf_addf(out, "F%d", r.code);
		else if (event == WS_GOT_MESSAGE)
			buf_addf(out, "m%s", r.message.data);
		else if (event == WS_GOT_PING)
			buf_addf(out, "p%.*s", (int)r.control_len, (const char *)r.control);
		else if (event == WS_GOT_CLOSE)
			buf_addf(out, "c%d", r.code);
		else if (event != WS_MORE)
			buf_addc(out, letters[event]);
		if (event == WS_GOT_MESSAGE)
			buf_reset(&r.message);
	}
	ws_release(&r);
}

static void check(const char *bytes, size_t len, const char *wants)
{
	for (size_t step = 1; step <= len; step++) {
		struct buf out = BUF_INIT;

		events_of(bytes, len, step, &out);
		assert_string_equal(out.data, wants);
		buf_release(&out);
	}
}
#define CHECK(bytes, wants) check(bytes, sizeof(bytes) - 1, wants)

/* A mask of zeros leaves the payload as it is. */
#define MASK0 "\0\0\0\0"

static void test_good(void **state)
{
	(void)state;
	CHECK("\x81\x82" MASK0 "hi", "mhi");
	CHECK("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", "mHello"); /* RFC 6455 section 5.7 */
	CHECK("\x81\x80" MASK0 "\x81\x81" MASK0 "a", "mma");
	CHECK("\x01\x81" MASK0 "a\x89\x81" MASK0 "x\x80\x81" MASK0 "b", "pxmab");
	CHECK("\x8a\x80" MASK0, "o");
	CHECK("\x88\x80" MASK0, "c1005");
	CHECK("\x88\x85" MASK0 "\x03\xe8"
	      "bye",
		"c1000");
}

static void test_refused(void **state)
{
	(void)state;
	CHECK("\x81\x02hi", "F1002"); /* unmasked */
	CHECK("\x88\x00", "F1002");
	CHECK("\xc1\x82" MASK0 "hi", "F1002"); /* reserved bit and opcodes */
	CHECK("\x83\x80" MASK0, "F1002");
	CHECK("\x8b\x80" MASK0, "F1002");
	CHECK("\x80\x80" MASK0, "F1002"); /* continues nothing */
	CHECK("\x01\x81" MASK0 "a\x81\x81" MASK0 "b", "F1002");
	CHECK("\x09\x80" MASK0, "F1002"); /* a ping in pieces, and a long one */
	CHECK("\x89\xfe\x00\x7e" MASK0, "F1002");
	CHECK("\x82\x81" MASK0 "a", "F1003");
	CHECK("\x81\xfe\x00\x05" MASK0 "hello", "F1002"); /* not the shortest form */
	CHECK("\x81\xff\0\0\0\0\0\0\x01\0" MASK0, "F1002");
	CHECK("\x81\xff\x80\0\0\0\0\0\0\0" MASK0, "F1002");
	CHECK("\x81\xfe\x03\xe9" MASK0, "F1009");
	CHECK("\x81\xff\x7f\0\0\0\0\0\0\0" MASK0, "F1009");
	CHECK("\x81\x81" MASK0 "\xff", "F1007");
	CHECK("\x88\x81" MASK0 "\x03", "F1002");
	CHECK("\x88\x82" MASK0 "\x03\xed", "F1002"); /* 1005 is never sent */
	CHECK("\x88\x83" MASK0 "\x03\xe8\xff", "F1007");
}

static void test_sum_of_pieces(void **state)
{
	struct buf bytes = BUF_INIT, out = BUF_INIT;

	(void)state;
	for (int i = 0; i < LIMIT / 100 + 1; i++) {
		buf_add(&bytes, i ? "\0\xe4" MASK0 : "\1\xe4" MASK0, 6);
		for (int k = 0; k < 100; k++)
			buf_addc(&bytes, 'a');
	}
	events_of(bytes.data, bytes.len, 64, &out);
	assert_string_equal(out.data, "F1009");
	buf_release(&bytes);
	buf_release(&out);
}

static void header_is(size_t len, const char *wants, size_t wants_len)
{
	unsigned char room[WS_ROOM];

	assert_int_equal(ws_header(room + WS_ROOM, len, WS_BINARY), wants_len);
	assert_memory_equal(room + WS_ROOM - wants_len, wants, wants_len);
}

static void test_header(void **state)
{
	(void)state;
	header_is(0, "\x82\x00", 2);
	header_is(125, "\x82\x7d", 2);
	header_is(126, "\x82\x7e\x00\x7e", 4);
	header_is(65535, "\x82\x7e\xff\xff", 4);
	header_is(65536, "\x82\x7f\0\0\0\0\0\x01\0\0", 10);
}

static void test_handshake(void **state)
{
	char accept[WS_ACCEPT_SIZE];

	(void)state;
	ws_accept("dGhlIHNhbXBsZSBub25jZQ==", accept); /* RFC 6455 section 1.3 */
	assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
	assert_true(ws_key_valid("dGhlIHNhbXBsZSBub25jZQ=="));
	assert_false(ws_key_valid("dGhlIHNhbXBsZSBub25jZQ=a"));
	assert_false(ws_key_valid("dGhlIHNhbXBsZSBub25jZQ="));
	assert_false(ws_key_valid("dGhlIHNhbXBsZSBub25jZ Q=="));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_sum_of_pieces),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_handshake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
