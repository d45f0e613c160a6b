/* The websocket client and a server that is slow, silent, greedy or wrong. */
#include "io_ws_client.h"

/* ---- Before it is open ---- */

static void stay_silent(struct peer *p)
{
	(void)p;
	stage++;
}

static void an_unanswered_request_is_given_up(void **state)
{
	(void)state;
	begin_with(stay_silent, (struct ws_config){.direct = true, .header_ms = 50});
	connect_to(server.port);
	assert_true(loop_until(&loop, &seen.closed));
	assert_int_equal(seen.why.code, ERR_UNAVAILABLE);
	assert_non_null(strstr(seen.why.text, "took the request but sent no answer"));
	finish();
}

static void an_unanswered_handshake_is_given_up(void **state)
{
	(void)state;
	begin_with(stay_silent, (struct ws_config){.direct = true, .connect_ms = 50});
	connect_as(true, "127.0.0.1", server.port);
	assert_true(loop_until(&loop, &seen.closed));
	assert_non_null(strstr(seen.why.text, "cannot be reached: no connection within"));
	finish();
}

static void send_endless_header(struct peer *p)
{
	char line[1024] = "x: ";

	if (!peer_head(p, &head))
		return;
	peer_text(p, "HTTP/1.1 101 Switching Protocols\r\n");
	memset(line + 3, 'x', sizeof line - 3);
	memcpy(line + sizeof line - 2, "\r\n", 2);
	for (int i = 0; i < 20; i++)
		peer_send(p, line, sizeof line);
}

static void a_header_has_a_largest_size(void **state)
{
	(void)state;
	begin(send_endless_header);
	connect_to(server.port);
	assert_true(loop_until(&loop, &seen.closed));
	assert_int_equal(seen.why.code, ERR_TOO_LARGE);
	finish();
}

static void hang_up_silently(struct peer *p)
{
	peer_close(p);
}

static void hanging_up_is_no_answer(void **state)
{
	(void)state;
	begin(hang_up_silently);
	connect_to(server.port);
	assert_true(loop_until(&loop, &seen.closed));
	assert_int_equal(seen.status, 0);
	assert_non_null(strstr(seen.why.text, "without an answer"));
	finish();
}

/* The answer and a message, a byte each turn of the loop. */
static struct buf drops = BUF_INIT;
static struct peer *dripping;

static void drip(uv_idle_t *idle)
{
	(void)idle;
	if (drops.len == 0)
		return;
	peer_send(dripping, drops.data, 1);
	buf_drop(&drops, 1);
}

static void begin_dripping(struct peer *p)
{
	if (!peer_head(p, &head))
		return;
	dripping = p;
	ws_answer(&drops, &head);
	buf_add(&drops, "\x01\x02he\x89\x01p\x80\x03llo", 12);
}

static void pieces_come_together(void **state)
{
	uv_idle_t idle;

	(void)state;
	begin(begin_dripping);
	uv_idle_init(&loop, &idle);
	uv_idle_start(&idle, drip);
	connect_to(server.port);
	assert_true(loop_until(&loop, &seen.message));
	assert_string_equal(seen.text.data, "hello");
	uv_close((uv_handle_t *)&idle, NULL);
	finish();
	buf_release(&drops);
}

/* ---- Where it connects to ---- */

static void the_next_address_is_tried(void **state)
{
	(void)state;
	begin_with(echo, (struct ws_config){.direct = true, .addresses = "127.0.0.9,127.0.0.1"});
	connect_as(false, "platform.test", server.port); /* nobody listens at the first */
	assert_true(loop_until(&loop, &seen.open));
	finish();
}

/* Takes CONNECT as a proxy does, then is the platform behind itself. */
static void tunnel(struct peer *p)
{
	if (stage == 0 && peer_head(p, &incoming)) {
		stage = 1;
		peer_text(p, "HTTP/1.1 200 Connection established\r\n\r\n");
	}
	if (stage == 1)
		serve(p, NULL);
}

static void a_proxy_is_asked_for_a_tunnel(void **state)
{
	char proxy[64];

	(void)state;
	begin_with(tunnel, (struct ws_config){0});
	snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", server.port);
	setenv("http_proxy", proxy, 1);
	connect_as(false, "platform.test", 8080);
	assert_true(loop_until(&loop, &seen.open));
	assert_memory_equal(incoming.data, "CONNECT platform.test:8080 HTTP/1.1\r\n", 37);
	assert_memory_equal(head.data, "GET /a/stream HTTP/1.1\r\n", 24);
	finish();
	begin(echo); /* who is to be direct asks none */
	connect_to(server.port);
	assert_true(loop_until(&loop, &seen.open));
	assert_memory_equal(head.data, "GET /a/stream HTTP/1.1\r\n", 24);
	unsetenv("http_proxy");
	finish();
}

/* ---- When it is open ---- */

enum { BACKLOG = 300, MESSAGE = 100000 };

static void send_backlog(struct peer *p)
{
	static char bytes[MESSAGE];

	for (int i = 0; i < BACKLOG; i++)
		ws_frame(p, WS_BINARY, true, bytes, sizeof bytes);
	ws_frame(p, WS_CLOSE, true, "\x03\xe9", 2);
}

static void backlog(struct peer *p)
{
	serve(p, send_backlog);
	if (p->number == 1 && p->stage == 1 && last_opcode == WS_CLOSE)
		stage = WS_CLOSE;
}

static int before, most; /* messages: by the last turn of the loop, in one turn */

static void count_turn(uv_check_t *check)
{
	(void)check;
	most = seen.messages - before > most ? seen.messages - before : most;
	before = seen.messages;
}

/* All of it is delivered; others on the loop have their turn meanwhile; the close is answered. */
static void a_close_behind_a_backlog(void **state)
{
	uv_check_t check;

	(void)state;
	begin(backlog);
	before = most = 0;
	uv_check_init(&loop, &check);
	uv_check_start(&check, count_turn);
	connect_to(server.port);
	assert_true(loop_until(&loop, &seen.closed));
	assert_int_equal(seen.messages, BACKLOG);
	assert_non_null(strstr(seen.why.text, "closed the connection"));
	assert_in_range(most * MESSAGE, MESSAGE, 1024 * 1024);
	uv_close((uv_handle_t *)&check, NULL);
	assert_true(loop_until(&loop, &server.peers->ended));
	assert_int_equal(stage, WS_CLOSE);
	finish();
}

static bool ponged;

static void send_ping(struct peer *p)
{
	ws_frame(p, WS_PING, true, "abc", 3);
}

static void ping_once(struct peer *p)
{
	serve(p, send_ping);
	if (last_opcode == WS_PONG && strcmp(incoming.data, "abc") == 0)
		ponged = true;
}

static void pings_are_answered(void **state)
{
	(void)state;
	ponged = false;
	begin(ping_once);
	connect_to(server.port);
	assert_true(loop_until(&loop, &ponged));
	finish();
}

static void send_pings(struct peer *p)
{
	struct buf frames = BUF_INIT;
	char ping[127] = {(char)0x89, 125};

	uv_read_stop((uv_stream_t *)&p->tcp);
	while (frames.len < 64 << 20)
		buf_add(&frames, ping, sizeof ping);
	peer_send(p, frames.data, frames.len);
	buf_release(&frames);
}

static void ping_and_never_read(struct peer *p)
{
	serve(p, send_pings);
}

static void pings_without_end_do_not_fill_our_memory(void **state)
{
	(void)state;
	begin(ping_and_never_read);
	connect_to(server.port);
	assert_true(loop_until(&loop, &seen.closed));
	assert_non_null(strstr(seen.why.text, "pings without taking the answers"));
	finish();
}

static struct {
	const char *bytes;
	size_t len;
} breach;

static void send_breach(struct peer *p)
{
	peer_send(p, breach.bytes, breach.len);
}

static void break_a_rule(struct peer *p)
{
	serve(p, send_breach);
}

static void breaches_end_it(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		enum err_code code;
	} cases[] = {
		{"\x81\x82mask\x01\x02", 8, ERR_UNAVAILABLE},           /* masked by a server */
		{"\xc1\x02hi", 4, ERR_UNAVAILABLE},                     /* a reserved bit */
		{"\x83\x02hi", 4, ERR_UNAVAILABLE},                     /* a reserved opcode */
		{"\x80\x02hi", 4, ERR_UNAVAILABLE},                     /* goes on with nothing */
		{"\x01\x02hi\x81\x02hi", 8, ERR_UNAVAILABLE},           /* begins before the end */
		{"\x09\x02hi", 4, ERR_UNAVAILABLE},                     /* a ping in parts */
		{"\x89\x7e\x00\x80", 4, ERR_UNAVAILABLE},               /* a ping too long */
		{"\x81\x7e\x00\x05hello", 9, ERR_UNAVAILABLE},          /* a length too long */
		{"\x81\x02\xff\xfe", 4, ERR_UNAVAILABLE},               /* no UTF-8 */
		{"\x88\x02\x00\x01", 4, ERR_UNAVAILABLE},               /* no such status */
		{"\x82\x7f\x40\0\0\0\0\0\0\0x", 11, ERR_TOO_LARGE},     /* 2^62 bytes */
		{"\x82\x7f\0\0\0\0\0\x04\x93\xe1x", 11, ERR_TOO_LARGE}, /* one too many */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		breach.bytes = cases[i].bytes;
		breach.len = cases[i].len;
		begin(break_a_rule);
		connect_to(server.port);
		assert_true(loop_until(&loop, &seen.closed));
		if (seen.why.code != cases[i].code || seen.messages != 0)
			fail_msg("case %zu: %d messages, %s", i, seen.messages, seen.why.text);
		if (cases[i].code == ERR_UNAVAILABLE && !strstr(seen.why.text, "broke the rules"))
			fail_msg("case %zu: %s", i, seen.why.text);
		finish();
		assert_int_equal(seen.closes, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unanswered_request_is_given_up),
		cmocka_unit_test(an_unanswered_handshake_is_given_up),
		cmocka_unit_test(a_header_has_a_largest_size),
		cmocka_unit_test(hanging_up_is_no_answer),
		cmocka_unit_test(pieces_come_together),
		cmocka_unit_test(the_next_address_is_tried),
		cmocka_unit_test(a_proxy_is_asked_for_a_tunnel),
		cmocka_unit_test(a_close_behind_a_backlog),
		cmocka_unit_test(pings_are_answered),
		cmocka_unit_test(pings_without_end_do_not_fill_our_memory),
		cmocka_unit_test(breaches_end_it),
	};

	return cmocka_run_group_tests(tests, NULL, release);
}
