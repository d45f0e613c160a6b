/* The websocket client against a server that misbehaves on purpose. */
#include "io/ws.h"

#include "io_ws_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct seen {
	struct ws *ws;
	bool open, closed, freed, message;
	int opens, closes, messages, status;
	bool binary;
	struct buf text;
	struct err why;
	void (*on_message)(struct seen *s);
};

static uv_loop_t loop;
static struct server server;
static struct buf head = BUF_INIT, incoming = BUF_INIT;
static struct seen seen;
static int stage; /* of the server, over all connections */

static void on_open(void *ctx)
{
	struct seen *s = ctx;

	s->open = true;
	s->opens++;
}

static void on_message(void *ctx, bool binary, const char *bytes, size_t len)
{
	struct seen *s = ctx;

	s->message = true;
	s->messages++;
	s->binary = binary;
	buf_reset(&s->text);
	buf_add(&s->text, bytes, len);
	if (s->on_message)
		s->on_message(s);
}

static void on_closed(void *ctx, int status, const struct err *why)
{
	struct seen *s = ctx;

	s->closed = true;
	s->closes++;
	s->status = status;
	s->why = *why;
}

static void on_freed(void *ctx)
{
	*(bool *)ctx = true;
}

static void connect_to(int port)
{
	static const char *const headers[] = {"x-one: 1", "Authorization: me", NULL};
	char authority[64];
	struct ws_target t = {.address = "127.0.0.1",
		.port = port,
		.host = "127.0.0.1",
		.authority = authority,
		.path = "/a/stream",
		.headers = headers};

	snprintf(authority, sizeof authority, "127.0.0.1:%d", port);
	ws_connect(seen.ws, &t);
}

static void begin(void (*on_data)(struct peer *))
{
	struct ws_config config = {.protocol = "mltop.v1", .message_max = 300000};
	struct ws_events events = {&seen, on_open, on_message, on_closed};

	seen = (struct seen){.text = BUF_INIT};
	stage = 0;
	uv_loop_init(&loop);
	server_open(&server, &loop, on_data, NULL);
	seen.ws = ws_new(&loop, &config, &events);
}

/* Nothing may be left on the loop. */
static void finish(void)
{
	ws_free(seen.ws, on_freed, &seen.freed);
	assert_true(loop_until(&loop, &seen.freed));
	server_close(&server);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	buf_release(&seen.text);
}

/* Accepts, then calls `then` once; later messages come back as they are. */
static void serve(struct peer *p, void (*then)(struct peer *))
{
	int opcode;

	if (p->stage == 0) {
		if (!peer_head(p, &head))
			return;
		p->stage = 1;
		ws_accept(p, &head);
		if (then)
			then(p);
	}
	while (ws_take(p, &opcode, &incoming))
		if (opcode == WS_TEXT)
			ws_frame(p, WS_TEXT, true, incoming.data, incoming.len);
}

static void echo(struct peer *p)
{
	serve(p, NULL);
}

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
	server_close(&server);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	buf_release(&seen.text);
}

static void without_a_connection_nothing_is_left(void **state)
{
	(void)state;
	begin(echo);
	ws_send(seen.ws, "x", 1);
	finish();
	assert_int_equal(seen.opens, 0);
}

static int release(void **state)
{
	(void)state;
	buf_release(&head);
	buf_release(&incoming);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_go_both_ways),
		cmocka_unit_test(many_messages_keep_their_order),
		cmocka_unit_test(parts_become_one_message),
		cmocka_unit_test(a_message_over_the_limit_ends_it),
		cmocka_unit_test(refusals_carry_their_status),
		cmocka_unit_test(a_wrong_handshake_is_refused),
		cmocka_unit_test(nobody_and_resets_are_told),
		cmocka_unit_test(a_dropped_connection_is_silent),
		cmocka_unit_test(an_event_may_free_all),
		cmocka_unit_test(without_a_connection_nothing_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, release);
}
