/* HTTP requests against a server that misbehaves on purpose. */
#include "io/http.h"

#include "io_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static uv_loop_t loop;
static struct server server;
static struct buf head = BUF_INIT;

struct got {
	bool over, freed;
	int count, status;
	struct err err;
	bool transport;
	char *body, *type;
	size_t len;
	int64_t retry_after_s, date_ms, rtt_ms;
};

static void on_done(void *ctx, const struct http_answer *a)
{
	struct got *g = ctx;

	free(g->body);
	free(g->type);
	g->over = true;
	g->count++;
	g->status = a->status;
	g->err = a->err;
	g->transport = a->transport;
	g->body = mem_dup(a->body, a->body_len + 1);
	g->type = mem_strdup(a->content_type);
	g->len = a->body_len;
	g->retry_after_s = a->retry_after_s;
	g->date_ms = a->date_ms;
	g->rtt_ms = a->rtt_ms;
}

static void on_freed(void *ctx)
{
	*(bool *)ctx = true;
}

static char *url_of(const char *path)
{
	static char text[128];

	snprintf(text, sizeof text, "http://127.0.0.1:%d%s", server.port, path);
	return text;
}

/* One request to a server that answers by on_data; checks that nothing is left on the loop. */
static struct got ask_with(struct http_config config, const struct http_request *r,
	void (*on_data)(struct peer *))
{
	struct got g = {0};
	struct http *h;
	struct http_request request = *r;

	uv_loop_init(&loop);
	server_open(&server, &loop, on_data, NULL);
	config.direct = true;
	h = http_new(&loop, &config);
	if (request.url == NULL)
		request.url = url_of("/x");
	assert_int_not_equal(http_send(h, &request, on_done, &g), 0);
	assert_false(g.over);
	assert_true(loop_until(&loop, &g.over));
	http_free(h, on_freed, &g.freed);
	assert_true(loop_until(&loop, &g.freed));
	server_close(&server);
	assert_int_equal(g.count, 1);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	return g;
}

static struct got get(void (*on_data)(struct peer *))
{
	struct http_request r = {.method = "GET"};

	return ask_with((struct http_config){0}, &r, on_data);
}

static void got_release(struct got *g)
{
	free(g->body);
	free(g->type);
}

/* ---- What goes well ---- */

static void answer_plainly(struct peer *p)
{
	if (peer_head(p, &head))
		peer_text(p,
			"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
			"Date: Sat, 21 Nov 2026 22:55:57 GMT\r\nContent-Length: 2\r\n\r\n{}");
}

static void an_answer_comes_whole(void **state)
{
	struct got g = get(answer_plainly);

	(void)state;
	assert_int_equal(g.err.code, ERR_NONE);
	assert_int_equal(g.status, 200);
	assert_string_equal(g.body, "{}");
	assert_string_equal(g.type, "application/json");
	assert_int_equal(g.date_ms, 1795301757000);
	assert_in_range(g.rtt_ms, 0, 10000);
	assert_non_null(strstr(head.data, "GET /x HTTP/1.1\r\n"));
	assert_null(strstr(head.data, "Content-Type"));
	assert_null(strstr(head.data, "Expect"));
	assert_null(strstr(head.data, "Content-Length"));
	got_release(&g);
}

static void echo_body(struct peer *p)
{
	char text[128];

	if (p->stage == 0 && !peer_head(p, &head))
		return;
	p->stage = 1;
	if (p->in.len < 5)
		return;
	snprintf(text, sizeof text, "HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\n%.5s",
		p->in.data);
	peer_text(p, text);
}

static void a_body_is_sent_with_its_length(void **state)
{
	static const char *const headers[] = {"Content-Type: application/json", "x-a: b", NULL};
	struct http_request r = {.method = "PUT",
		.body = "hello",
		.body_len = 5,
		.headers = headers};
	struct got g = ask_with((struct http_config){0}, &r, echo_body);

	(void)state;
	assert_int_equal(g.status, 201);
	assert_string_equal(g.body, "hello");
	assert_non_null(strstr(head.data, "PUT /x HTTP/1.1\r\n"));
	assert_non_null(strstr(head.data, "Content-Length: 5\r\n"));
	assert_non_null(strstr(head.data, "Content-Type: application/json\r\n"));
	assert_null(strstr(head.data, "urlencoded"));
	got_release(&g);
}

static void a_change_without_body_says_length_0(void **state)
{
	struct http_request r = {.method = "DELETE"};
	struct got g = ask_with((struct http_config){0}, &r, answer_plainly);

	(void)state;
	assert_int_equal(g.status, 200);
	assert_non_null(strstr(head.data, "DELETE /x HTTP/1.1\r\n"));
	assert_non_null(strstr(head.data, "Content-Length: 0\r\n"));
	assert_null(strstr(head.data, "Content-Type"));
	got_release(&g);
}

static void answer_503(struct peer *p)
{
	if (peer_head(p, &head))
		peer_text(p,
			"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nbusy");
}

static void an_error_status_is_an_answer(void **state)
{
	struct got g = get(answer_503);

	(void)state;
	assert_int_equal(g.err.code, ERR_NONE);
	assert_int_equal(g.status, 503);
	assert_int_equal(g.retry_after_s, 7);
	assert_string_equal(g.body, "busy");
	got_release(&g);
}

static void connections_are_kept(void **state)
{
	struct got g = {0};
	struct http *h;
	struct http_request r = {.method = "GET"};
	bool freed = false;

	(void)state;
	uv_loop_init(&loop);
	server_open(&server, &loop, answer_plainly, NULL);
	h = http_new(&loop, &(struct http_config){.direct = true});
	r.url = url_of("/x");
	for (int i = 0; i < 5; i++) {
		g.over = false;
		http_send(h, &r, on_done, &g);
		assert_true(loop_until(&loop, &g.over));
		assert_int_equal(g.status, 200);
	}
	assert_int_equal(server.connections, 1);
	http_free(h, on_freed, &freed);
	assert_true(loop_until(&loop, &freed));
	server_close(&server);
	assert_int_equal(uv_loop_close(&loop), 0);
	got_release(&g);
}

/* ---- Limits ---- */

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

/* ---- Ends ---- */

static void cancelled_requests_stay_silent(void **state)
{
	struct got g = {0}, other = {0};
	struct http *h;
	struct http_request r = {.method = "GET"};
	bool freed = false;
	uint64_t id;

	(void)state;
	uv_loop_init(&loop);
	server_open(&server, &loop, answer_plainly, NULL);
	h = http_new(&loop, &(struct http_config){.direct = true});
	r.url = url_of("/x");
	id = http_send(h, &r, on_done, &g);
	http_send(h, &r, on_done, &other);
	http_cancel(h, id);
	http_cancel(h, id);
	assert_true(loop_until(&loop, &other.over));
	http_send(h, &r, on_done, &g);
	http_free(h, on_freed, &freed);
	assert_true(loop_until(&loop, &freed));
	assert_int_equal(g.count, 0);
	assert_int_equal(other.count, 1);
	server_close(&server);
	assert_int_equal(uv_loop_close(&loop), 0);
	got_release(&other);
}

struct suicide {
	struct http *h;
	bool freed;
	int count;
};

static void free_in_done(void *ctx, const struct http_answer *a)
{
	struct suicide *s = ctx;

	(void)a;
	s->count++;
	http_free(s->h, on_freed, &s->freed);
}

static void an_answer_may_free_all(void **state)
{
	struct suicide s = {0};
	struct http_request r = {.method = "GET"};

	(void)state;
	uv_loop_init(&loop);
	server_open(&server, &loop, answer_plainly, NULL);
	s.h = http_new(&loop, &(struct http_config){.direct = true});
	r.url = url_of("/x");
	for (int i = 0; i < 20; i++)
		http_send(s.h, &r, free_in_done, &s);
	assert_true(loop_until(&loop, &s.freed));
	assert_int_equal(s.count, 1);
	server_close(&server);
	assert_int_equal(uv_loop_close(&loop), 0);
}

static void many_at_once_share_few_connections(void **state)
{
	struct got all[40] = {0};
	struct http *h;
	struct http_request r = {.method = "GET"};
	bool freed = false;

	(void)state;
	uv_loop_init(&loop);
	server_open(&server, &loop, answer_plainly, NULL);
	h = http_new(&loop, &(struct http_config){.direct = true});
	r.url = url_of("/x");
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		http_send(h, &r, on_done, &all[i]);
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		assert_true(loop_until(&loop, &all[i].over));
		assert_int_equal(all[i].status, 200);
		got_release(&all[i]);
	}
	assert_in_range(server.connections, 1, HTTP_CONNECTIONS);
	http_free(h, on_freed, &freed);
	assert_true(loop_until(&loop, &freed));
	server_close(&server);
	assert_int_equal(uv_loop_close(&loop), 0);
}

static int release_head(void **state)
{
	(void)state;
	buf_release(&head);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_comes_whole),
		cmocka_unit_test(a_body_is_sent_with_its_length),
		cmocka_unit_test(a_change_without_body_says_length_0),
		cmocka_unit_test(an_error_status_is_an_answer),
		cmocka_unit_test(connections_are_kept),
		cmocka_unit_test(silence_ends),
		cmocka_unit_test(a_peer_that_stops_reading_is_named),
		cmocka_unit_test(a_stalled_body_ends),
		cmocka_unit_test(a_cut_body_is_an_error),
		cmocka_unit_test(a_reset_body_is_an_error),
		cmocka_unit_test(a_reset_is_an_error),
		cmocka_unit_test(a_body_over_the_limit_is_refused),
		cmocka_unit_test(a_long_error_is_cut),
		cmocka_unit_test(a_long_header_is_refused),
		cmocka_unit_test(redirects_are_not_followed),
		cmocka_unit_test(what_is_no_http_is_refused),
		cmocka_unit_test(nobody_there_is_named),
		cmocka_unit_test(cancelled_requests_stay_silent),
		cmocka_unit_test(an_answer_may_free_all),
		cmocka_unit_test(many_at_once_share_few_connections),
	};

	return cmocka_run_group_tests(tests, NULL, release_head);
}
