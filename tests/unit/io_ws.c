/* The websocket client against a server that misbehaves on purpose. */
#include "io_ws_client.h"

static void messages_go_both_ways(void **state)
{
	char value[64];

	(void)state;
	begin(echo);
	connect_to(server.port);
	assert_false(seen.open);
	assert_true(loop_until(&loop, &seen.open));
	assert_non_null(strstr(head.data, "GET /a/stream HTTP/1.1\r\n"));
	assert_string_equal(head_value(&head, "x-one", value, sizeof value), "1");
	assert_string_equal(head_value(&head, "authorization", value, sizeof value), "me");
	assert_string_equal(head_value(&head, "sec-websocket-protocol", value, sizeof value),
		"mltop.v1");
	assert_string_equal(head_value(&head, "origin", value, sizeof value), "");
	ws_send(seen.ws, "hello", 5);
	assert_true(loop_until(&loop, &seen.message));
	assert_string_equal(seen.text.data, "hello");
	assert_int_equal(ws_queued(seen.ws), 0);
	finish();
	assert_int_equal(seen.closes, 0);
}

static void many_messages_keep_their_order(void **state)
{
	char text[32];

	(void)state;
	begin(echo);
	connect_to(server.port);
	assert_true(loop_until(&loop, &seen.open));
	for (int i = 0; i < 500; i++)
		ws_send(seen.ws, text, (size_t)snprintf(text, sizeof text, "%d", i));
	for (int i = 0; i < 500 && seen.messages < 500; i++) {
		seen.message = false;
		assert_true(loop_until(&loop, &seen.message));
	}
	assert_int_equal(seen.messages, 500);
	assert_string_equal(seen.text.data, "499");
	finish();
}

static void send_in_parts(struct peer *p)
{
	char part[100000];

	memset(part, 'x', sizeof part);
	ws_frame(p, WS_BINARY, false, part, sizeof part);
	ws_frame(p, WS_PING, true, "p", 1);
	ws_frame(p, 0, false, part, sizeof part);
	ws_frame(p, 0, true, "end", 3);
}

static void parts(struct peer *p)
{
	serve(p, send_in_parts);
}

static void parts_become_one_message(void **state)
{
	(void)state;
	begin(parts);
	connect_to(server.port);
	assert_true(loop_until(&loop, &seen.message));
	assert_int_equal(seen.messages, 1);
	assert_true(seen.binary);
	assert_int_equal(seen.text.len, 200003);
	assert_string_equal(seen.text.data + 200000, "end");
	finish();
}

static void send_too_much(struct peer *p)
{
	char part[100000];

	memset(part, 'x', sizeof part);
	ws_frame(p, WS_TEXT, false, part, sizeof part);
	for (int i = 0; i < 5; i++)
		ws_frame(p, 0, false, part, sizeof part);
}

static void too_much(struct peer *p)
{
	serve(p, send_too_much);
}

static void a_message_over_the_limit_ends_it(void **state)
{
	(void)state;
	begin(too_much);
	connect_to(server.port);
	assert_true(loop_until(&loop, &seen.closed));
	assert_int_equal(seen.why.code, ERR_TOO_LARGE);
	assert_int_equal(seen.messages, 0);
	finish();
	assert_int_equal(seen.closes, 1);
}

static void refuse_401(struct peer *p)
{
	if (peer_head(p, &head))
		peer_text(p, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
}

static void refuse_404(struct peer *p)
{
	if (peer_head(p, &head))
		peer_text(p, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
}

/* The head first, then the sentence: what a platform's library sends in two writes. */
static void refuse_with_words(struct peer *p)
{
	static const char body[] =
		"{\"error\": true, \"message\": \"the key is \\u001b disabled\"}";

	if (!peer_head(p, &head))
		return;
	peer_text(p, "HTTP/1.1 401 Unauthorized\r\nContent-Length: 56\r\n\r\n");
	assert_int_equal(sizeof body - 1, 56);
	peer_text(p, body);
}

static void answer_200(struct peer *p)
{
	if (peer_head(p, &head))
		peer_text(p, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
}

static void refusals_carry_their_status(void **state)
{
	static const struct {
		void (*answer)(struct peer *);
		int status;
		enum err_code code;
	} cases[] = {
		{refuse_401, 401, ERR_UNAUTHORIZED},
		{refuse_404, 404, ERR_NOT_FOUND},
		{answer_200, 200, ERR_UNAVAILABLE},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		begin(cases[i].answer);
		connect_to(server.port);
		assert_true(loop_until(&loop, &seen.closed));
		assert_int_equal(seen.status, cases[i].status);
		assert_int_equal(seen.why.code, cases[i].code);
		finish();
		assert_int_equal(seen.closes, 1);
		assert_int_equal(seen.opens, 0);
	}
}

static void a_refusal_has_its_reason(void **state)
{
	(void)state;
	begin(refuse_with_words);
	connect_to(server.port);
	assert_true(loop_until(&loop, &seen.closed));
	assert_int_equal(seen.why.code, ERR_UNAUTHORIZED);
	assert_non_null(strstr(seen.why.text, "the key is ^[ disabled"));
	finish();
}

static void wrong_accept(struct peer *p)
{
	if (peer_head(p, &head))
		peer_text(p,
			"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
			"Connection: Upgrade\r\nSec-WebSocket-Accept: d3Jvbmc=\r\n"
			"Sec-WebSocket-Protocol: mltop.v1\r\n\r\n");
}

static void a_wrong_handshake_is_refused(void **state)
{
	(void)state;
	begin(wrong_accept);
	connect_to(server.port);
	assert_true(loop_until(&loop, &seen.closed));
	assert_int_equal(seen.why.code, ERR_UNAVAILABLE);
	assert_non_null(strstr(seen.why.text, "does not speak our stream protocol"));
	finish();
}

static void hang_up(struct peer *p)
{
	serve(p, NULL);
	peer_close(p);
}

static void nobody_and_resets_are_told(void **state)
{
	(void)state;
	begin(hang_up);
	connect_to(1);
	assert_false(seen.closed);
	assert_true(loop_until(&loop, &seen.closed));
	assert_int_equal(seen.why.code, ERR_UNAVAILABLE);
	assert_non_null(strstr(seen.why.text, "cannot be reached"));
	seen.closed = false;
	connect_to(server.port);
	assert_true(loop_until(&loop, &seen.closed));
	assert_int_equal(seen.why.code, ERR_UNAVAILABLE);
	assert_int_equal(seen.closes, 2);
	finish();
}

static void a_dropped_connection_is_silent(void **state)
{
	(void)state;
	begin(echo);
	connect_to(server.port);
	ws_drop(seen.ws);
	connect_to(server.port);
	assert_true(loop_until(&loop, &seen.open));
	ws_drop(seen.ws);
	seen.open = false;
	connect_to(server.port);
	assert_true(loop_until(&loop, &seen.open));
	ws_send(seen.ws, "x", 1);
	assert_true(loop_until(&loop, &seen.message));
	assert_int_equal(seen.opens, 2);
	assert_int_equal(seen.closes, 0);
	finish();
	assert_int_equal(seen.closes, 0);
}

static void free_now(struct seen *s)
{
	ws_free(s->ws, on_freed, &s->freed);
}

static void two_words(struct peer *p)
{
	if (stage++ == 0)
		serve(p, NULL);
	ws_text(p, "one");
	ws_text(p, "two");
}

static void an_event_may_free_all(void **state)
{
	(void)state;
	begin(two_words);
	seen.on_message = free_now;
	connect_to(server.port);
	assert_true(loop_until(&loop, &seen.freed));
	assert_int_equal(seen.messages, 1);
	end_loop();
}

static void without_a_connection_nothing_is_left(void **state)
{
	(void)state;
	begin(echo);
	ws_send(seen.ws, "x", 1);
	finish();
	assert_int_equal(seen.opens, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_go_both_ways),
		cmocka_unit_test(many_messages_keep_their_order),
		cmocka_unit_test(parts_become_one_message),
		cmocka_unit_test(a_message_over_the_limit_ends_it),
		cmocka_unit_test(refusals_carry_their_status),
		cmocka_unit_test(a_refusal_has_its_reason),
		cmocka_unit_test(a_wrong_handshake_is_refused),
		cmocka_unit_test(nobody_and_resets_are_told),
		cmocka_unit_test(a_dropped_connection_is_silent),
		cmocka_unit_test(an_event_may_free_all),
		cmocka_unit_test(without_a_connection_nothing_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, release);
}
