/* The exchange that opens a websocket, with the example of RFC 6455 section 1.3. */
#include "io/ws_upgrade.h"

#include "base/mem.h"
#include "io/ws.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define STATUS "HTTP/1.1 101 Switching Protocols\r\n"
#define UPGRADE "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define ACCEPT "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
#define PROTOCOL "Sec-WebSocket-Protocol: mltop.v1\r\n"
#define WHOLE STATUS UPGRADE ACCEPT PROTOCOL "\r\n"

static enum ws_answer answer_of(struct ws_verdict *v, const char *bytes, size_t len)
{
	*v = (struct ws_verdict){0};
	return ws_upgrade_answer(v, bytes, len, "mltop.v1", KEY);
}

static void the_key_is_base64(void **state)
{
	char key[WS_KEY_SIZE];

	(void)state;
	ws_upgrade_key(key, (const unsigned char *)"the sample nonce");
	assert_string_equal(key, KEY);
}

static void the_request_says_all(void **state)
{
	static const char *const headers[] = {"one: 1", NULL};
	struct ws_target t = {.authority = "h:1", .path = "/p?q", .headers = headers};
	struct buf out = BUF_INIT;

	(void)state;
	ws_upgrade_request(&out, &t, "mltop.v1", KEY);
	assert_string_equal(out.data,
		"GET /p?q HTTP/1.1\r\nHost: h:1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Key: " KEY "\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Protocol: mltop.v1\r\none: 1\r\n\r\n");
	buf_release(&out);
}

static void an_answer_is_whole_with_its_last_byte(void **state)
{
	static const char bytes[] = WHOLE "\x81\x02hi";
	size_t whole = sizeof WHOLE - 1;
	struct ws_verdict v;

	(void)state;
	for (size_t len = 0; len < whole; len++)
		assert_int_equal(answer_of(&v, bytes, len), WS_ANSWER_MORE);
	for (size_t len = whole; len < sizeof bytes; len++) {
		assert_int_equal(answer_of(&v, bytes, len), WS_ANSWER_OPEN);
		assert_int_equal(v.used, whole);
	}
}

static void what_the_rfc_allows_is_taken(void **state)
{
	static const char *const answers[] = {
		STATUS "UPGRADE:WebSocket\r\nconnection: keep-alive , upgrade\r\n" ACCEPT PROTOCOL
		       "Date: today\r\nX-Empty:\r\n\r\n",
		STATUS "Connection: close\r\n" UPGRADE ACCEPT PROTOCOL "\r\n",
		STATUS UPGRADE ACCEPT PROTOCOL "Sec-WebSocket-Extensions:\r\n\r\n",
		"HTTP/1.1 101\r\n" UPGRADE ACCEPT PROTOCOL "\r\n",
		"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" WHOLE,
	};
	struct ws_verdict v;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		size_t len = strlen(answers[i]);

		if (answer_of(&v, answers[i], len) != WS_ANSWER_OPEN)
			fail_msg("%s: %s", answers[i], v.wrong);
		assert_int_equal(v.used, len);
	}
}

static void what_is_wrong_is_named(void **state)
{
	static const struct {
		const char *answer, *wrong;
	} cases[] = {
		{"SSH-2.0-OpenSSH", "that is not HTTP"},
		{"HTTP/2.0 101 Switching\r\n" UPGRADE ACCEPT PROTOCOL "\r\n", "that is not HTTP"},
		{"HTTP/1.1 099 What\r\n\r\n", "that is not HTTP"},
		{"HTTP/1.1 1010 What\r\n\r\n", "that is not HTTP"},
		{"HTTP/1.1 1x1 What\r\n\r\n", "that is not HTTP"},
		{"HTTP/1.1\r\n\r\n", "that is not HTTP"},
		{STATUS "Connection: Upgrade\r\n" ACCEPT PROTOCOL "\r\n", "it does not upgrade"},
		{STATUS "Upgrade: websocket\r\n" ACCEPT PROTOCOL "\r\n", "it does not upgrade"},
		{STATUS "Upgrade: websocket\r\nConnection: upgraded, x\r\n" ACCEPT PROTOCOL "\r\n",
			"it does not upgrade"},
		{STATUS "Upgrade: h2c\r\nConnection: Upgrade\r\n" ACCEPT PROTOCOL "\r\n",
			"Upgrade is no websocket"},
		{STATUS UPGRADE PROTOCOL "\r\n", "Accept is missing"},
		{STATUS UPGRADE "Sec-WebSocket-Accept: S3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" PROTOCOL
				"\r\n",
			"Accept is wrong"},
		{STATUS UPGRADE "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo\r\n" PROTOCOL
				"\r\n",
			"Accept is wrong"},
		{STATUS UPGRADE ACCEPT ACCEPT PROTOCOL "\r\n", "Accept is wrong"},
		{STATUS UPGRADE ACCEPT "\r\n", "chose no Sec-WebSocket-Protocol"},
		{STATUS UPGRADE ACCEPT "Sec-WebSocket-Protocol: mltop.v2\r\n\r\n",
			"chose another Sec-WebSocket-Protocol"},
		{STATUS UPGRADE ACCEPT PROTOCOL "Sec-WebSocket-Extensions: x\r\n\r\n",
			"extensions that were not offered"},
		{STATUS UPGRADE ACCEPT PROTOCOL "no colon\r\n\r\n", "malformed"},
		{STATUS UPGRADE ACCEPT PROTOCOL " folded: x\r\n\r\n", "malformed"},
		{STATUS UPGRADE ACCEPT PROTOCOL ": nameless\r\n\r\n", "malformed"},
		{STATUS UPGRADE ACCEPT PROTOCOL "x: a\rUpgrade: b\r\n\r\n", "malformed"},
		{STATUS UPGRADE ACCEPT PROTOCOL "x: a\nUpgrade: b\r\n\r\n", "malformed"},
	};
	static const char nul[] = STATUS UPGRADE ACCEPT PROTOCOL "x: a\0b\r\n\r\n";
	struct ws_verdict v;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (answer_of(&v, cases[i].answer, strlen(cases[i].answer)) != WS_ANSWER_WRONG ||
			strstr(v.wrong, cases[i].wrong) == NULL)
			fail_msg("%s: %s", cases[i].answer, v.wrong);
	assert_int_equal(answer_of(&v, nul, sizeof nul - 1), WS_ANSWER_WRONG);
}

static void refusals_have_a_status(void **state)
{
	static const char old[] = "HTTP/1.0 403 No\r\nServer: a proxy\r\n\r\n<html>";
	struct ws_verdict v;

	(void)state;
	assert_int_equal(answer_of(&v, old, sizeof old - 1), WS_ANSWER_REFUSED);
	assert_int_equal(v.status, 403);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_key_is_base64),
		cmocka_unit_test(the_request_says_all),
		cmocka_unit_test(an_answer_is_whole_with_its_last_byte),
		cmocka_unit_test(what_the_rfc_allows_is_taken),
		cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(refusals_have_a_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
