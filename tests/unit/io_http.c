/* HTTP requests that are answered, cancelled, and cut short by their own end. */
#include "io_http_kit.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_comes_whole),
		cmocka_unit_test(a_body_is_sent_with_its_length),
		cmocka_unit_test(a_change_without_body_says_length_0),
		cmocka_unit_test(an_error_status_is_an_answer),
		cmocka_unit_test(connections_are_kept),
		cmocka_unit_test(cancelled_requests_stay_silent),
		cmocka_unit_test(an_answer_may_free_all),
		cmocka_unit_test(many_at_once_share_few_connections),
	};

	return cmocka_run_group_tests(tests, NULL, release_head);
}
