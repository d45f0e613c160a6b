/* Stream frames: what is taken and what is refused, byte by byte. */
#include "base/crc32c.h"
#include "core/wire/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- Binary ---- */

static const char bytes[] = "123456789";

static size_t make_log(char *frame)
{
	struct wire_log log = {
		.sub = 0x01020304,
		.generation = 7,
		.offset = 0x1122334455667788,
		.length = 9,
		.bytes = bytes,
	};

	wire_log_header(frame, &log);
	memcpy(frame + WIRE_LOG_HEADER, bytes, 9);
	return WIRE_LOG_HEADER + 9;
}

static void test_log_layout(void **state)
{
	static const unsigned char wants[WIRE_LOG_HEADER] = {
		4, 3, 2, 1, 7, 0, 0, 0, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 9, 0, 0, 0,
		0x83, 0x92, 0x06, 0xe3, /* RFC 3720: CRC-32C of "123456789" */
	};
	char frame[64];

	(void)state;
	make_log(frame);
	assert_memory_equal(frame, wants, sizeof wants);
}

static void test_log_round(void **state)
{
	struct wire_log log;
	char frame[64];
	size_t len = make_log(frame);

	(void)state;
	assert_true(wire_log_decode(&log, frame, len, NULL));
	assert_int_equal(log.sub, 0x01020304);
	assert_int_equal(log.generation, 7);
	assert_true(log.offset == 0x1122334455667788);
	assert_int_equal(log.length, 9);
	assert_ptr_equal(log.bytes, frame + WIRE_LOG_HEADER);
}

/* Length, checksum and bytes guard each other; what they do not cover is only addresses. */
static void test_log_bit_flips(void **state)
{
	char frame[64];
	size_t len = make_log(frame);

	(void)state;
	for (size_t i = 16; i < len; i++)
		for (int bit = 0; bit < 8; bit++) {
			struct wire_log log = {.sub = 99};
			struct err e = ERR_INIT;

			frame[i] = (char)(frame[i] ^ (1 << bit));
			assert_false(wire_log_decode(&log, frame, len, &e));
			assert_int_equal(e.code, ERR_INVALID);
			assert_int_equal(log.sub, 99);
			frame[i] = (char)(frame[i] ^ (1 << bit));
		}
}

static void test_log_cut(void **state)
{
	struct wire_log log;
	char frame[64];
	size_t len = make_log(frame);

	(void)state;
	for (size_t n = 0; n < len; n++)
		assert_false(wire_log_decode(&log, frame, n, NULL));
	assert_false(wire_log_decode(&log, frame, len + 1, NULL));
	frame[15] = (char)0x80; /* an offset that no signed number holds */
	assert_false(wire_log_decode(&log, frame, len, NULL));
}

static void test_log_too_long(void **state)
{
	char *frame = calloc(1, WIRE_LOG_HEADER + WIRE_LOG_CHUNK + 1);
	struct wire_log log = {.length = WIRE_LOG_CHUNK, .bytes = frame + WIRE_LOG_HEADER}, out;

	(void)state;
	wire_log_header(frame, &log);
	assert_true(wire_log_decode(&out, frame, WIRE_LOG_HEADER + WIRE_LOG_CHUNK, NULL));
	log.length++;
	wire_log_header(frame, &log);
	assert_false(wire_log_decode(&out, frame, WIRE_LOG_HEADER + WIRE_LOG_CHUNK + 1, NULL));
	free(frame);
}

/* ---- JSON from outside ---- */

static void json_refuses(const char *text, size_t len)
{
	struct err e = ERR_INIT;

	assert_null(wire_json_parse(text, len, 4, &e));
	assert_int_equal(e.code, ERR_INVALID);
	assert_true(strlen(e.text) > 10);
}

static void test_json_limits(void **state)
{
	static const char *const bad[] = {
		"",
		" ",
		"1",
		"\"a\"",
		"{",
		"{\"a\":1,\"a\":2}",
		"{\"a\":\"\\u0000\"}",
		"{\"a\":\"\xff\"}",
		"[[[[[]]]]]",
		"{\"a\":{\"b\":{\"c\":{\"d\":{}}}}}",
		"{} x",
		"[1,]",
		"{'a':1}",
		"[NaN]",
		"[1e999]",
		"[99999999999999999999]",
	};
	static const char *const good[] = {
		"{}",
		"[]",
		"[[[[]]]]",
		"{\"a\":\"[[[[[[[[[{{{{\"}",
		"{\"a\":\"\\\"[[[[[[\"}",
		"[[],[],[],[],[],[]]",
		"[-9223372036854775808]",
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		json_refuses(bad[i], strlen(bad[i]));
	json_refuses("{\"a\":1}\0", 8);
	json_refuses("{\"a\":\"\0\"}", 9);
	json_refuses(NULL, 0);
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		json_t *root = wire_json_parse(good[i], strlen(good[i]), 4, NULL);

		assert_non_null(root);
		json_decref(root);
	}
}

/* Nesting is counted before anything is built: a bomb costs a scan. */
static void test_json_bomb(void **state)
{
	size_t len = 1 << 20;
	char *bomb = malloc(len);

	(void)state;
	memset(bomb, '[', len);
	json_refuses(bomb, len);
	free(bomb);
}

/* ---- Text frames ---- */

static bool decodes(struct wire_frame *f, const char *text)
{
	return wire_frame_decode(f, text, strlen(text), NULL);
}

static void test_sub(void **state)
{
	struct wire_frame f;

	(void)state;
	assert_true(decodes(&f,
		"{\"t\":\"sub\",\"id\":4294967295,\"kind\":\"log\",\"job\":\"j\","
		"\"task\":\"ps-1\",\"attempt\":2,\"gen\":3,\"offset\":-1,"
		"\"of\":\"job\",\"object\":\"o\",\"tail\":100,\"credit\":1048576,\"fields\":\"a,b\","
		"\"filter\":\"x\",\"org\":\"-1\",\"unknown\":{}}"));
	assert_int_equal(f.type, WIRE_SUB);
	assert_true(f.id == 4294967295u);
	assert_string_equal(f.kind, "log");
	assert_string_equal(f.job, "j");
	assert_string_equal(f.of, "job");
	assert_string_equal(f.object, "o");
	assert_string_equal(f.task, "ps-1");
	assert_string_equal(f.fields, "a,b");
	assert_string_equal(f.filter, "x");
	assert_string_equal(f.org, "-1");
	assert_int_equal(f.attempt, 2);
	assert_int_equal(f.generation, 3);
	assert_int_equal(f.offset, -1);
	assert_int_equal(f.tail, 100);
	assert_int_equal(f.credit, 1048576);
	assert_null(f.message);
	wire_frame_release(&f);
	assert_null(f.root);
}

static void test_every_type(void **state)
{
	static const char *const types[] = {"sub", "unsub", "credit", "ping", "pong", "row", "gone",
		"synced", "reset", "log", "gap", "end", "error"};

	(void)state;
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		struct wire_frame f;
		char text[64];

		snprintf(text, sizeof text, "{\"t\":\"%s\",\"id\":1}", types[i]);
		assert_true(decodes(&f, text));
		assert_int_equal(f.type, (enum wire_type)i);
		wire_frame_release(&f);
	}
}

static void test_rows_and_version(void **state)
{
	struct wire_frame f;

	(void)state;
	assert_true(decodes(&f,
		"{\"t\":\"row\",\"id\":1,\"v\":\"18446744073709551615\","
		"\"rows\":[{\"uid\":\"a\"}],\"uids\":[\"b\"]}"));
	assert_true(f.version == UINT64_MAX);
	assert_int_equal(json_array_size(f.rows), 1);
	assert_int_equal(json_array_size(f.uids), 1);
	wire_frame_release(&f);
	assert_true(decodes(&f,
		"{\"t\":\"end\",\"id\":1,\"offset\":5,\"state\":\"failed\","
		"\"exit_code\":-1,\"signal\":9}"));
	assert_int_equal(f.exit_code, -1);
	assert_int_equal(f.signal, 9);
	wire_frame_release(&f);
	assert_true(decodes(&f, "{\"t\":\"credit\",\"id\":1,\"bytes\":77}"));
	assert_int_equal(f.credit, 77);
	wire_frame_release(&f);
}

static void test_frame_refused(void **state)
{
	static const char *const bad[] = {
		"[]",
		"{}",
		"{\"t\":1}",
		"{\"t\":\"nope\"}",
		"{\"t\":\"sub\",\"id\":-1}",
		"{\"t\":\"sub\",\"id\":4294967296}",
		"{\"t\":\"sub\",\"id\":1.5}",
		"{\"t\":\"sub\",\"id\":\"1\"}",
		"{\"t\":\"sub\",\"kind\":1}",
		"{\"t\":\"sub\",\"kind\":null}",
		"{\"t\":\"sub\",\"offset\":-2}",
		"{\"t\":\"sub\",\"attempt\":-1}",
		"{\"t\":\"sub\",\"attempt\":2147483648}",
		"{\"t\":\"sub\",\"tail\":-1}",
		"{\"t\":\"credit\",\"bytes\":-1}",
		"{\"t\":\"credit\",\"bytes\":true}",
		"{\"t\":\"row\",\"v\":1}",
		"{\"t\":\"row\",\"v\":\"-1\"}",
		"{\"t\":\"row\",\"v\":\"18446744073709551616\"}",
		"{\"t\":\"row\",\"rows\":{}}",
		"{\"t\":\"gone\",\"uids\":\"a\"}",
		"{\"t\":\"sub\",\"gen\":-1}",
		"{\"t\":\"sub\",\"t\":\"sub\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct wire_frame f = {.id = 42};
		struct err e = ERR_INIT;

		assert_false(wire_frame_decode(&f, bad[i], strlen(bad[i]), &e));
		assert_int_equal(e.code, ERR_INVALID);
		assert_int_equal(f.id, 42);
	}
}

static void test_frame_too_long(void **state)
{
	size_t len = WIRE_TEXT_MAX + 1;
	char *text = malloc(len);
	struct wire_frame f;
	struct err e = ERR_INIT;

	(void)state;
	memset(text, ' ', len);
	memcpy(text, "{\"t\":\"ping\"}", 12);
	assert_false(wire_frame_decode(&f, text, len, &e));
	assert_int_equal(e.code, ERR_TOO_LARGE);
	assert_true(wire_frame_decode(&f, text, len - 1, &e));
	wire_frame_release(&f);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_log_layout),
		cmocka_unit_test(test_log_round),
		cmocka_unit_test(test_log_bit_flips),
		cmocka_unit_test(test_log_cut),
		cmocka_unit_test(test_log_too_long),
		cmocka_unit_test(test_json_limits),
		cmocka_unit_test(test_json_bomb),
		cmocka_unit_test(test_sub),
		cmocka_unit_test(test_every_type),
		cmocka_unit_test(test_rows_and_version),
		cmocka_unit_test(test_frame_refused),
		cmocka_unit_test(test_frame_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
