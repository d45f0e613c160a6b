/* HTTP requests against a server that misbehaves on purpose. */
#include "io_http_kit.h"

static void say_nothing(struct peer *p)
{
	(void)p;
}

static void silence_ends(void **state)
{
	struct http_request r = {.method = "GET"};
	struct got g = ask_with((struct http_config){.header_ms = 60}, &r, say_nothing);

	(void)state;
	assert_int_equal(g.err.code, ERR_UNAVAILABLE);
	assert_non_null(strstr(g.err.text, "sent no answer within"));
	assert_true(g.transport);
	assert_int_equal(g.status, 0);
	got_release(&g);
}

static void stop_reading(struct peer *p)
{
	uv_read_stop((uv_stream_t *)&p->tcp);
}

/* More than what sockets hold: the rest has nowhere to go. */
static void a_peer_that_stops_reading_is_named(void **state)
{
	enum { LEN = 16 << 20 };
	char *body = mem_alloc(LEN);
	struct http_request r = {.method = "PUT", .body = body, .body_len = LEN};
	struct got g = ask_with((struct http_config){.header_ms = 100}, &r, stop_reading);

	(void)state;
	assert_int_equal(g.err.code, ERR_UNAVAILABLE);
	assert_non_null(strstr(g.err.text, "stopped taking the request after"));
	assert_non_null(strstr(g.err.text, "of 16777216 bytes"));
	assert_true(g.transport);
	got_release(&g);
	free(body);
}

static void begin_and_stall(struct peer *p)
{
	if (peer_head(p, &head))
		peer_text(p, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
}

static void a_stalled_body_ends(void **state)
{
	struct http_request r = {.method = "GET"};
	struct got g = ask_with((struct http_config){.stall_ms = 60}, &r, begin_and_stall);

	(void)state;
	assert_int_equal(g.err.code, ERR_UNAVAILABLE);
	assert_non_null(strstr(g.err.text, "stopped halfway"));
	assert_true(g.transport);
	got_release(&g);
}

static void half_a_body(struct peer *p)
{
	if (peer_head(p, &head)) {
		peer_text(p, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
		p->stage = 1;
	}
	/* uv_close drops what is queued; shut down after the write instead. */
	static uv_shutdown_t done;
	uv_shutdown(&done, (uv_stream_t *)&p->tcp, NULL);
}

static void a_cut_body_is_an_error(void **state)
{
	struct got g = get(half_a_body);

	(void)state;
	assert_int_equal(g.err.code, ERR_UNAVAILABLE);
	assert_non_null(strstr(g.err.text, "cut short after 4 bytes"));
	assert_true(g.transport);
	got_release(&g);
}

/* The header is there for certain: only then the connection is reset. */
static struct peer *to_reset;

static void begin_then_wait(struct peer *p)
{
	begin_and_stall(p);
	to_reset = p;
}

static void reset_later(uv_timer_t *timer)
{
	if (to_reset == NULL || uv_stream_get_write_queue_size((uv_stream_t *)&to_reset->tcp) > 0)
		return;
	peer_reset(to_reset);
	to_reset = NULL;
	uv_timer_stop(timer);
}

static void a_reset_body_is_an_error(void **state)
{
	struct got g = {0};
	struct http_request r = {.method = "GET"};
	struct http *h;
	uv_timer_t timer;

	(void)state;
	uv_loop_init(&loop);
	server_open(&server, &loop, begin_then_wait, NULL);
	uv_timer_init(&loop, &timer);
	uv_timer_start(&timer, reset_later, 50, 50);
	h = http_new(&loop, &(struct http_config){.direct = true});
	r.url = url_of("/x");
	http_send(h, &r, on_done, &g);
	assert_true(loop_until(&loop, &g.over));
	assert_int_equal(g.err.code, ERR_UNAVAILABLE);
	assert_true(g.transport);
	assert_non_null(strstr(g.err.text, "was cut short after 4 bytes"));
	http_free(h, on_freed, &g.freed);
	assert_true(loop_until(&loop, &g.freed));
	uv_close((uv_handle_t *)&timer, NULL);
	server_close(&server);
	assert_int_equal(uv_loop_close(&loop), 0);
	got_release(&g);
}

static void reset_at_once(struct peer *p)
{
	peer_reset(p);
}

static void a_reset_is_an_error(void **state)
{
	struct got g = get(reset_at_once);

	(void)state;
	assert_int_equal(g.err.code, ERR_UNAVAILABLE);
	assert_non_null(strstr(g.err.text, "closed the connection without an answer"));
	assert_true(g.transport);
	got_release(&g);
}

static void answer_2000(struct peer *p)
{
	char text[2100];

	if (!peer_head(p, &head))
		return;
	memset(text, 'x', sizeof text);
	memcpy(text, "HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n", 41);
	peer_send(p, text, 2041);
}

static void a_body_over_the_limit_is_refused(void **state)
{
	struct http_request r = {.method = "GET", .answer_max = 1999};
	struct got g = ask_with((struct http_config){0}, &r, answer_2000);

	(void)state;
	assert_int_equal(g.err.code, ERR_TOO_LARGE);
	assert_false(g.transport);
	assert_non_null(strstr(g.err.text, "more than 1999 bytes"));
	got_release(&g);
	r.answer_max = 2000;
	g = ask_with((struct http_config){0}, &r, answer_2000);
	assert_int_equal(g.err.code, ERR_NONE);
	assert_int_equal(g.len, 2000);
	got_release(&g);
}

static void endless_error(struct peer *p)
{
	char text[1024];

	if (!peer_head(p, &head))
		return;
	peer_text(p, "HTTP/1.1 500 No\r\n\r\n");
	memset(text, 'e', sizeof text);
	for (int i = 0; i < 200; i++)
		peer_send(p, text, sizeof text);
}

static void a_long_error_is_cut(void **state)
{
	struct got g = get(endless_error);

	(void)state;
	assert_int_equal(g.err.code, ERR_NONE);
	assert_int_equal(g.status, 500);
	assert_int_equal(g.len, HTTP_ERROR_MAX);
	got_release(&g);
}

static void endless_header(struct peer *p)
{
	char text[1100];

	if (!peer_head(p, &head))
		return;
	peer_text(p, "HTTP/1.1 200 OK\r\n");
	for (int i = 0; i < 100; i++) {
		int n = snprintf(text, sizeof text, "X-%d: %01000d\r\n", i, 0);

		peer_send(p, text, (size_t)n);
	}
}

static void a_long_header_is_refused(void **state)
{
	struct got g = get(endless_header);

	(void)state;
	assert_int_equal(g.err.code, ERR_TOO_LARGE);
	assert_non_null(strstr(g.err.text, "of header"));
	got_release(&g);
}

static void send_elsewhere(struct peer *p)
{
	if (peer_head(p, &head))
		peer_text(p,
			"HTTP/1.1 302 Found\r\nLocation: http://elsewhere.example/y\r\n"
			"Content-Length: 0\r\n\r\n");
}

static void redirects_are_not_followed(void **state)
{
	struct got g = get(send_elsewhere);

	(void)state;
	assert_int_equal(g.err.code, ERR_UNAVAILABLE);
	assert_false(g.transport);
	assert_non_null(strstr(g.err.text, "http://elsewhere.example/y"));
	got_release(&g);
}

static void old_protocol(struct peer *p)
{
	if (peer_head(p, &head)) {
		peer_text(p, "hello, I am no web server\r\n");
		p->stage = 1;
	}
}

static void what_is_no_http_is_refused(void **state)
{
	struct got g = get(old_protocol);

	(void)state;
	assert_int_equal(g.err.code, ERR_UNAVAILABLE);
	assert_non_null(strstr(g.err.text, "no usable answer"));
	got_release(&g);
}

static void nobody_there_is_named(void **state)
{
	struct http_request r = {.method = "GET", .url = "http://127.0.0.1:1/"};
	struct got g = ask_with((struct http_config){0}, &r, NULL);

	(void)state;
	assert_int_equal(g.err.code, ERR_UNAVAILABLE);
	assert_true(g.transport);
	assert_string_equal(g.err.text,
		"http://127.0.0.1:1 cannot be reached: Connection refused; "
		"check the endpoint, and that the platform runs");
	got_release(&g);
	r.url = "ftp://127.0.0.1/";
	g = ask_with((struct http_config){0}, &r, NULL);
	assert_int_equal(g.err.code, ERR_UNAVAILABLE);
	assert_false(g.transport);
	got_release(&g);
}

/* A byte every few milliseconds, for as long as somebody takes them. */
static uv_timer_t dripping;

static void drip(uv_timer_t *timer)
{
	struct peer *p = timer->data;

	if (server.peers == NULL || p->closed) /* none: the server was closed and let go of it */
		uv_close((uv_handle_t *)timer, NULL);
	else
		peer_text(p, "x");
}

static void begin_and_drip(struct peer *p)
{
	if (!peer_head(p, &head))
		return;
	peer_text(p, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
	uv_timer_init(p->server->loop, &dripping);
	dripping.data = p;
	uv_timer_start(&dripping, drip, 5, 5);
}

static void an_answer_that_drips_ends(void **state)
{
	struct http_request r = {.method = "GET"};
	struct got g = ask_with((struct http_config){.stall_ms = 100}, &r, begin_and_drip);

	(void)state;
	assert_int_equal(g.err.code, ERR_UNAVAILABLE);
	assert_non_null(strstr(g.err.text, "stopped halfway"));
	got_release(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(silence_ends),
		cmocka_unit_test(a_peer_that_stops_reading_is_named),
		cmocka_unit_test(a_stalled_body_ends),
		cmocka_unit_test(an_answer_that_drips_ends),
		cmocka_unit_test(a_cut_body_is_an_error),
		cmocka_unit_test(a_reset_body_is_an_error),
		cmocka_unit_test(a_reset_is_an_error),
		cmocka_unit_test(a_body_over_the_limit_is_refused),
		cmocka_unit_test(a_long_error_is_cut),
		cmocka_unit_test(a_long_header_is_refused),
		cmocka_unit_test(redirects_are_not_followed),
		cmocka_unit_test(what_is_no_http_is_refused),
		cmocka_unit_test(nobody_there_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, release_head);
}
