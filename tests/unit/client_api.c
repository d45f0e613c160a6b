/* Calls to a platform: what is sent, what is tried again, and what each answer says. */
#include "client/api.h"

#include "base/fsio.h"
#include "client/backoff.h"
#include "client/url.h"
#include "core/wire/query.h"
#include "core/wire/sign.h"
#include "unit/io_ws_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

static uv_loop_t loop;
static struct server server;
static struct buf head = BUF_INIT, heads = BUF_INIT; /* the last request's, and all of them */
static struct api *api;
static int requests;
static bool freed;

static void on_freed(void *ctx)
{
	*(bool *)ctx = true;
}

static void begin(void (*on_data)(struct peer *), const char *prefix)
{
	struct context c = {.access_key = (char *)"AK", .secret_key = (char *)"SK"};
	struct buf url = BUF_INIT;

	uv_loop_init(&loop);
	server_open(&server, &loop, on_data, NULL);
	buf_addf(&url, "http://127.0.0.1:%d%s", server.port, prefix);
	c.url = url.data;
	api = api_new(&loop, &c);
	buf_release(&url);
	buf_reset(&heads);
	requests = 0;
	freed = false;
}

static void finish(void)
{
	api_free(api, on_freed, &freed);
	assert_true(loop_until(&loop, &freed));
	server_close(&server);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
}

/* Takes a request; true for each whole header. */
static bool take(struct peer *p)
{
	if (!peer_head(p, &head))
		return false;
	requests++;
	buf_add(&heads, head.data, head.len);
	buf_reset(&p->in); /* the body */
	return true;
}

static void reply(struct peer *p, const char *status, const char *more, const char *body)
{
	struct buf text = BUF_INIT;

	buf_addf(&text, "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n%s", status, more,
		strlen(body), body);
	peer_send(p, text.data, text.len);
	buf_release(&text);
}

#define JSON "Content-Type: application/json\r\n"

static struct api_answer ask(const char *method, const char *path, json_t **body)
{
	struct api_request r = {.method = method, .path = path, .want_json = true};
	struct api_answer answer = {0};

	api_wait(api, &loop, &r, &answer, body, NULL);
	return answer;
}

/* ---- Signing ---- */

/* The server's own check of what came: the signature fits method, path, query, headers and body. */
static bool signed_rightly(const char *method, const char *path, const char *query,
	const char *body)
{
	static const char *const names[] = {"authorization", "host", "x-mltop-date",
		"x-mltop-nonce"};
	char values[4][512];
	struct sign_pair headers[4];
	struct query q = QUERY_INIT;
	struct sign_claim claim;
	struct sign_request r = {.method = method,
		.path = path,
		.headers = headers,
		.body = body,
		.body_len = strlen(body)};
	bool ok;

	for (size_t i = 0; i < 4; i++) {
		const char *value = head_value(&head, names[i], values[i], sizeof values[i]);

		if (*value)
			headers[r.header_count++] = (struct sign_pair){names[i], value};
	}
	assert_true(query_parse(&q, query, strlen(query), false, NULL));
	r.query = q.pairs;
	r.query_count = q.count;
	ok = sign_sigv4.parse(&r, &claim, NULL) && strcmp(claim.access_key, "AK") == 0 &&
		sign_sigv4.verify(&r, &claim, "SK");
	query_release(&q);
	return ok;
}

static void answer_empty(struct peer *p)
{
	if (take(p))
		reply(p, "200 OK", JSON, "{\"data\": []}");
}

static void requests_are_signed(void **state)
{
	struct api_request r = {.method = "POST", .path = "/cloud_ml/v1/train", .want_json = true};
	json_t *body = json_pack("{s:s}", "job_name", "j"), *got = NULL;
	struct api_answer answer;
	char value[128];

	(void)state;
	begin(answer_empty, "/pre/fix/");
	answer = ask("GET", "/cloud_ml/v1/train?b=x%20y&a=1", &got);
	assert_int_equal(answer.err.code, ERR_NONE);
	assert_int_equal(answer.status, 200);
	assert_true(json_is_array(json_object_get(got, "data")));
	json_decref(got);
	assert_non_null(
		strstr(head.data, "GET /pre/fix/cloud_ml/v1/train?a=1&b=x%20y HTTP/1.1\r\n"));
	assert_true(signed_rightly("GET", "/pre/fix/cloud_ml/v1/train", "b=x%20y&a=1", ""));
	assert_false(signed_rightly("GET", "/pre/fix/cloud_ml/v1/train", "b=x&a=1", ""));
	assert_string_equal(head_value(&head, "x-mltop-nonce", value, sizeof value), "");
	r.body = body;
	assert_true(api_wait(api, &loop, &r, &answer, NULL, NULL));
	assert_true(
		signed_rightly("POST", "/pre/fix/cloud_ml/v1/train", "", "{\"job_name\":\"j\"}"));
	assert_int_equal(strlen(head_value(&head, "x-mltop-nonce", value, sizeof value)), 26);
	assert_non_null(strstr(head.data, "Content-Type: application/json\r\n"));
	/* Only asked about: who does not know the question, and would do it, must refuse. */
	r.path = "/cloud_ml/v1/train?what_if=1";
	assert_true(api_wait(api, &loop, &r, &answer, NULL, NULL));
	assert_string_equal(head_value(&head, "x-mltop-nonce", value, sizeof value), "");
	json_decref(body);
	finish();
}

/* ---- Answers ---- */

static const char *canned_status, *canned_headers, *canned_body;

static void answer_canned(struct peer *p)
{
	if (take(p))
		reply(p, canned_status, canned_headers, canned_body);
}

static struct api_answer answer_to(const char *status, const char *headers, const char *body)
{
	struct api_answer answer;

	canned_status = status;
	canned_headers = headers;
	canned_body = body;
	begin(answer_canned, "");
	answer = ask("GET", "/x", NULL);
	finish();
	return answer;
}

static void refusals_speak_the_servers_sentence(void **state)
{
	struct api_answer a = answer_to("404 Not Found", JSON,
		"{\"error\": true, \"message\": \"there is no\\njob \\u001b[31mx\"}");

	(void)state;
	assert_int_equal(a.status, 404);
	assert_int_equal(a.err.code, ERR_NOT_FOUND);
	assert_null(strchr(a.err.text, '\n'));
	assert_null(strchr(a.err.text, '\x1b'));
	assert_non_null(strstr(a.err.text, "there is no job"));
	a = answer_to("422 No", JSON,
		"{\"error\": true, \"message\": \"bad\", \"field\": \"job_name\"}");
	assert_int_equal(a.err.code, ERR_UNPROCESSABLE);
	assert_string_equal(a.err.field, "job_name");
	assert_string_equal(a.err.text, "bad");
	a = answer_to("502 Bad Gateway", "Content-Type: text/html\r\n", "<h1>\x1b]0;evil\x07</h1>");
	assert_non_null(strstr(a.err.text, "HTTP 502: <h1>"));
	assert_null(strchr(a.err.text, '\x1b'));
	a = answer_to("500 No", "", "");
	assert_string_equal(a.err.text, "the platform answered with HTTP 500 and no reason");
}

static void strange_answers_are_refused(void **state)
{
	struct api_answer a = answer_to("200 OK", "Content-Type: text/html\r\n", "<p>log in</p>");

	(void)state;
	assert_int_equal(a.err.code, ERR_INTERNAL);
	assert_non_null(strstr(a.err.text, "text/html): <p>log in</p>"));
	a = answer_to("200 OK", JSON, "{\"a\": 1, \"a\": 2}");
	assert_non_null(strstr(a.err.text, "duplicate"));
	a = answer_to("200 OK", JSON, "{\"data\": [");
	assert_int_equal(a.err.code, ERR_INTERNAL);
	a = answer_to("200 OK", "Content-Type: application/jsonp\r\n", "{}");
	assert_int_equal(a.err.code, ERR_INTERNAL);
	a = answer_to("200 OK", "Content-Type: application/json; charset=utf-8\r\n", "{}");
	assert_int_equal(a.err.code, ERR_NONE);
}

static void a_wrong_clock_is_named(void **state)
{
	char date[128];
	time_t then = time(NULL) - 3600;
	struct api_answer a;

	(void)state;
	strftime(date, sizeof date, JSON "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", gmtime(&then));
	a = answer_to("401 Unauthorized", date,
		"{\"error\": true, \"message\": \"Unauthorized: no\"}");
	assert_int_equal(a.err.code, ERR_UNAUTHORIZED);
	assert_non_null(strstr(a.err.text, "Unauthorized: no; this machine's clock is 1h00 ahead"));
	then = time(NULL) - 60;
	strftime(date, sizeof date, JSON "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", gmtime(&then));
	a = answer_to("401 Unauthorized", date,
		"{\"error\": true, \"message\": \"Unauthorized: no\"}");
	assert_string_equal(a.err.text, "Unauthorized: no");
}

/* ---- Trying again ---- */

static void fail_twice(struct peer *p)
{
	if (!take(p))
		return;
	if (requests < 3)
		peer_reset(p);
	else
		reply(p, "200 OK", JSON, "{}");
}

/* How often `line` stands in all headers. */
static int count_line(const char *line)
{
	int n = 0;

	for (const char *at = heads.data; (at = strstr(at, line)) != NULL; at++)
		n++;
	return n;
}

static void cut_requests_are_tried_again_with_their_nonce(void **state)
{
	char value[128], line[200];

	(void)state;
	begin(fail_twice, "");
	assert_int_equal(ask("GET", "/x", NULL).err.code, ERR_NONE);
	assert_int_equal(requests, 3);
	finish();
	begin(fail_twice, "");
	assert_int_equal(ask("POST", "/x", NULL).err.code, ERR_NONE);
	assert_int_equal(requests, 3);
	snprintf(line, sizeof line, "x-mltop-nonce: %s\r\n",
		head_value(&head, "x-mltop-nonce", value, sizeof value));
	assert_int_equal(count_line(line), 3);
	finish();
}

static void once_means_once(void **state)
{
	struct api_request r = {.method = "GET", .path = "/x", .once = true};
	struct api_answer answer;

	(void)state;
	begin(fail_twice, "");
	assert_false(api_wait(api, &loop, &r, &answer, NULL, NULL));
	assert_int_equal(answer.err.code, ERR_UNAVAILABLE);
	assert_int_equal(requests, 1);
	finish();
}

static void always_reset(struct peer *p)
{
	if (take(p))
		peer_reset(p);
}

static void tries_come_to_an_end(void **state)
{
	(void)state;
	begin(always_reset, "");
	assert_int_equal(ask("GET", "/x", NULL).err.code, ERR_UNAVAILABLE);
	assert_int_equal(requests, 4);
	finish();
}

static int64_t first_at;

static void busy_once(struct peer *p)
{
	if (!take(p))
		return;
	if (requests == 1) {
		first_at = time_mono_ms();
		reply(p, "429 Slow down", JSON "Retry-After: 1\r\n", "{\"message\": \"slow\"}");
	} else {
		reply(p, "200 OK", JSON, "{}");
	}
}

static void retry_after_is_kept(void **state)
{
	struct api_request r = {.method = "POST", .path = "/x", .once = true};
	struct api_answer answer;

	(void)state;
	begin(busy_once, "");
	assert_int_equal(ask("POST", "/x", NULL).err.code, ERR_NONE);
	assert_int_equal(requests, 2);
	assert_true(time_mono_ms() - first_at >= 990);
	finish();
	begin(busy_once, "");
	assert_false(api_wait(api, &loop, &r, &answer, NULL, NULL));
	assert_int_equal(answer.err.code, ERR_BUSY);
	assert_string_equal(answer.err.text, "slow; the platform asks to wait 1 s");
	finish();
}

static void a_refusal_is_no_reason_to_try_again(void **state)
{
	(void)state;
	canned_status = "500 No";
	canned_headers = JSON;
	canned_body = "{\"message\": \"no\"}";
	begin(answer_canned, "");
	assert_int_equal(ask("GET", "/x", NULL).err.code, ERR_INTERNAL);
	assert_int_equal(requests, 1);
	finish();
}

static void backoff_grows_to_its_limit(void **state)
{
	int64_t most = 0;

	(void)state;
	for (int n = 0; n < 100; n++) {
		int64_t limit = n < 6 ? 500 << n : 30000, ms = backoff_ms(n);

		assert_in_range(ms, 0, limit);
		most = ms > most ? ms : most;
	}
	assert_true(most > 10000);
}

/* ---- The end ---- */

static void count_answer(void *ctx, const struct api_answer *a)
{
	(void)a;
	++*(int *)ctx;
}

static void calls_that_were_on_their_way_at_the_end_stay_silent(void **state)
{
	struct api_request r = {.method = "GET", .path = "/x"};
	int answers = 0;

	(void)state;
	begin(answer_empty, "");
	api_call(api, &r, NULL, NULL);
	api_call(api, &r, count_answer, &answers);
	finish();
	assert_int_equal(answers, 0);
}

static void a_bad_endpoint_is_an_answer(void **state)
{
	struct context c = {.url = (char *)"ftp://x"};
	struct api_request r = {.method = "GET", .path = "/x"};
	struct api_answer answer;

	(void)state;
	uv_loop_init(&loop);
	api = api_new(&loop, &c);
	assert_false(api_wait(api, &loop, &r, &answer, NULL, NULL));
	assert_int_equal(answer.err.code, ERR_INVALID);
	assert_non_null(strstr(answer.err.text, "neither http nor https"));
	freed = false;
	api_free(api, on_freed, &freed);
	assert_true(loop_until(&loop, &freed));
	assert_int_equal(uv_loop_close(&loop), 0);
}

/* ---- Endpoints ---- */

static void endpoints_are_taken_apart(void **state)
{
	static const struct {
		const char *text, *authority, *prefix;
		int port;
		bool tls, loopback;
	} good[] = {
		{"http://127.0.0.1:8470", "127.0.0.1:8470", "", 8470, false, true},
		{"https://ml.example.com/", "ml.example.com", "", 443, true, false},
		{"ml.example.com:8443/a/b//", "ml.example.com:8443", "/a/b", 8443, true, false},
		{"http://[::1]:80/x", "[::1]", "/x", 80, false, true},
		{"http://127.0.0.1.example.com", "127.0.0.1.example.com", "", 80, false, false},
		{"http://127.9.9.9", "127.9.9.9", "", 80, false, true},
		{"https://[fe80::1]", "[fe80::1]", "", 443, true, false},
	};
	static const char *const bad[] = {"", "http://", "ssh://h", "http://a:b@h/", "http://h:0",
		"http://h:65536", "http://h:x", "http://h/?q", "http://h/#f", "http://[::1",
		"http://h h", "http://[::1]x", "http://h/%2f"};
	struct url u;
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_true(url_parse(&u, good[i].text, &e));
		assert_string_equal(u.authority, good[i].authority);
		assert_string_equal(u.prefix, good[i].prefix);
		assert_int_equal(u.port, good[i].port);
		assert_int_equal(u.tls, good[i].tls);
		assert_int_equal(url_is_loopback(&u), good[i].loopback);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (url_parse(&u, bad[i], &e))
			fail_msg("%s was taken", bad[i]);
}

static int release(void **state)
{
	(void)state;
	buf_release(&head);
	buf_release(&heads);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_signed),
		cmocka_unit_test(refusals_speak_the_servers_sentence),
		cmocka_unit_test(strange_answers_are_refused),
		cmocka_unit_test(a_wrong_clock_is_named),
		cmocka_unit_test(cut_requests_are_tried_again_with_their_nonce),
		cmocka_unit_test(once_means_once),
		cmocka_unit_test(tries_come_to_an_end),
		cmocka_unit_test(retry_after_is_kept),
		cmocka_unit_test(a_refusal_is_no_reason_to_try_again),
		cmocka_unit_test(backoff_grows_to_its_limit),
		cmocka_unit_test(calls_that_were_on_their_way_at_the_end_stay_silent),
		cmocka_unit_test(a_bad_endpoint_is_an_answer),
		cmocka_unit_test(endpoints_are_taken_apart),
	};

	return cmocka_run_group_tests(tests, NULL, release);
}
