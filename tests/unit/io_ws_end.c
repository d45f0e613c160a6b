/* The websocket client is freed at any moment, and waits for nobody. */
#include "io_ws_client.h"

/* At once: it waits for nobody, so a few turns of the loop that do not sleep are enough. */
static void expect_free(void)
{
	if (!seen.freed)
		ws_free(seen.ws, on_freed, &seen.freed);
	for (int i = 0; i < 10 && !seen.freed; i++)
		uv_run(&loop, UV_RUN_NOWAIT);
	assert_true(seen.freed);
	end_loop();
	assert_int_equal(seen.closes, 0);
}

static bool arrived;

static void arrive(struct peer *p)
{
	(void)p;
	arrived = true;
}

static void freed_while_it_connects(void **state)
{
	(void)state;
	begin(arrive);
	connect_to(server.port);
	expect_free();
	begin(arrive);
	connect_to(1); /* its failure is not told any more */
	uv_run(&loop, UV_RUN_NOWAIT);
	expect_free();
	for (int tls = 0; tls < 2; tls++) { /* a handshake without an answer; an upgrade */
		arrived = false;
		begin(arrive);
		connect_as(tls, "127.0.0.1", server.port);
		assert_true(loop_until(&loop, &arrived));
		expect_free();
	}
}

static void begin_answer(struct peer *p)
{
	if (peer_head(p, &head))
		peer_text(p, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n");
	arrived = true;
}

static void freed_while_it_upgrades(void **state)
{
	(void)state;
	arrived = false;
	begin(begin_answer);
	connect_to(server.port);
	assert_true(loop_until(&loop, &arrived));
	uv_run(&loop, UV_RUN_NOWAIT);
	expect_free();
}

enum { BACKLOG = 100 };

static void send_backlog(struct peer *p)
{
	static char bytes[100000];

	for (int i = 0; i < BACKLOG; i++)
		ws_frame(p, WS_BINARY, true, bytes, sizeof bytes);
}

static void backlog(struct peer *p)
{
	serve(p, send_backlog);
}

static void freed_when_open_or_in_a_backlog(void **state)
{
	(void)state;
	begin(echo);
	connect_to(server.port);
	assert_true(loop_until(&loop, &seen.open));
	expect_free();
	begin(backlog);
	connect_to(server.port);
	assert_true(loop_until(&loop, &seen.message));
	expect_free();
	assert_true(seen.messages < BACKLOG);
}

static void read_no_more(struct peer *p)
{
	uv_read_stop((uv_stream_t *)&p->tcp);
}

static void stuck(struct peer *p)
{
	serve(p, read_no_more);
}

static void freed_under_a_full_queue(void **state)
{
	static char text[1000000];
	size_t queued;

	(void)state;
	begin(stuck);
	connect_to(server.port);
	assert_true(loop_until(&loop, &seen.open));
	memset(text, 'x', sizeof text);
	for (int i = 0; i < 64; i++)
		ws_send(seen.ws, text, sizeof text);
	do { /* until the socket takes no more */
		queued = ws_queued(seen.ws);
		for (int i = 0; i < 10; i++)
			uv_run(&loop, UV_RUN_NOWAIT);
	} while (ws_queued(seen.ws) < queued);
	assert_true(queued > 0);
	expect_free();
}

static void free_on_message(struct seen *s)
{
	ws_free(s->ws, on_freed, &s->freed);
}

static void close_behind_two(struct peer *p)
{
	serve(p, NULL);
	peer_text(p,
		"\x81\x01"
		"a\x81\x01"
		"b\x88");
	peer_send(p, "", 1);
}

static void freed_while_it_closes(void **state)
{
	(void)state;
	begin(close_behind_two);
	seen.on_message = free_on_message;
	connect_to(server.port);
	assert_true(loop_until(&loop, &seen.freed));
	assert_int_equal(seen.messages, 1);
	end_loop();
	assert_int_equal(seen.closes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(freed_while_it_connects),
		cmocka_unit_test(freed_while_it_upgrades),
		cmocka_unit_test(freed_when_open_or_in_a_backlog),
		cmocka_unit_test(freed_under_a_full_queue),
		cmocka_unit_test(freed_while_it_closes),
	};

	return cmocka_run_group_tests(tests, NULL, release);
}
