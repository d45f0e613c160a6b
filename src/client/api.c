#include "client/api.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/sanitize.h"
#include "base/timefmt.h"
#include "base/ulid.h"
#include "client/api_inside.h"
#include "client/backoff.h"
#include "core/wire/wire.h"
#include "io/http.h"
#include "io/loop.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum {
	TRIES_MAX = 4,
	TRYING_MS = 8000, /* no new try begins later than this after the first failed */
	WAIT_MAX_S = 300, /* of what a server may ask for by Retry-After */
};

struct call {
	struct call *next;
	struct api *api;
	uint64_t http_id;
	char *method, *path, *body, *content_type;
	size_t body_len, answer_max;
	char *nonce;
	bool want_json, once;
	int tries;
	int64_t first_ms; /* monotonic, of the first try */
	struct loop_timer *timer;
	api_done done;
	void *ctx;
};

struct api {
	uv_loop_t *loop;
	struct loop_gate gate;
	struct context context; /* a copy of what is needed */
	struct url url;
	struct err url_err; /* why the context's URL is of no use */
	struct http *http;
	struct call *calls;
	bool closing;
	void (*done)(void *ctx);
	void *done_ctx;
};

static void call_try(void *ctx);

/* ---- Calls ---- */

static void call_unlink(struct call *c)
{
	for (struct call **p = &c->api->calls; *p; p = &(*p)->next)
		if (*p == c) {
			*p = c->next;
			return;
		}
}

static void call_free(struct call *c)
{
	loop_timer_free(c->timer);
	free(c->method);
	free(c->path);
	if (c->body)
		explicit_bzero(c->body, c->body_len); /* there may be a secret in it */
	free(c->body);
	free(c->content_type);
	free(c->nonce);
	free(c);
}

/* The call is over: its owner may begin others or free all meanwhile. */
static void call_answer(struct call *c, const struct api_answer *answer)
{
	call_unlink(c);
	if (c->done)
		c->done(c->ctx, answer);
	call_free(c);
}

static void call_fail(struct call *c, const struct err *e)
{
	struct api_answer answer = {.text = "", .err = *e, .rtt_ms = -1};

	call_answer(c, &answer);
}

/* ---- Trying again ---- */

static bool may_change(const struct call *c)
{
	return strcmp(c->method, "GET") != 0;
}

/* A platform that asks us to wait did nothing; nor did one that cannot be reached: the nonce holds.
 */
static bool wants_another_try(const struct call *c, const struct http_answer *a, int64_t *wait_ms)
{
	int64_t wait = a->retry_after_s;

	if (c->once || c->tries >= TRIES_MAX)
		return false;
	if (a->err.code == ERR_NONE && (a->status == 503 || a->status == 429) && wait > 0) {
		*wait_ms = (wait < WAIT_MAX_S ? wait : WAIT_MAX_S) * 1000;
		return true;
	}
	if (!a->transport || time_mono_ms() - c->first_ms > TRYING_MS)
		return false;
	*wait_ms = backoff_ms(c->tries - 1);
	return true;
}

static void take_answer(struct call *c, const struct http_answer *a)
{
	struct api_answer answer = {.status = a->status, .rtt_ms = a->rtt_ms, .err = a->err};
	struct buf text = BUF_INIT;

	answer_read(&answer, a, &text, c->want_json, time_now_ms());
	call_answer(c, &answer);
	json_decref(answer.body);
	buf_release(&text);
}

static void on_answer(void *ctx, const struct http_answer *a)
{
	struct call *c = ctx;
	int64_t wait_ms = 0;

	c->http_id = 0;
	if (c->api->closing)
		return;
	if (wants_another_try(c, a, &wait_ms))
		loop_timer_start(c->timer, wait_ms);
	else
		take_answer(c, a);
}

static char *whole_url(const struct api *a, const char *target)
{
	struct buf url = BUF_INIT;

	buf_addf(&url, "%s://%s%s", a->url.tls ? "https" : "http", a->url.authority, target);
	return buf_detach(&url);
}

/* Each try is signed anew: its time must be of now; the nonce stays. */
static void call_try(void *ctx)
{
	struct call *c = ctx;
	struct api *a = c->api;
	struct signed_request s = {0};
	struct err e = a->url_err;
	struct http_request r = {.method = c->method,
		.body = c->body,
		.body_len = c->body_len,
		.answer_max = c->answer_max};
	char *url;

	if (a->closing)
		return;
	if (e.code != ERR_NONE ||
		!credentials_sign(&s, &a->context, &a->url, c->method, c->path, c->nonce,
			c->content_type, c->body, c->body_len, time_now_ms(), &e)) {
		call_fail(c, &e);
		return;
	}
	if (c->tries++ == 0)
		c->first_ms = time_mono_ms();
	url = whole_url(a, s.target);
	r.url = url;
	r.headers = (const char *const *)s.headers;
	c->http_id = http_send(a->http, &r, on_answer, c);
	free(url);
	signed_request_release(&s);
}

/* ---- Public ---- */

struct api *api_new(uv_loop_t *loop, const struct context *context)
{
	struct api *a = mem_alloc(sizeof *a);
	struct http_config config = {.ca_file = context->ca_file};

	a->loop = loop;
	a->context.access_key = mem_strdup(context->access_key);
	a->context.secret_key = mem_strdup(context->secret_key);
	if (url_parse(&a->url, context->url ? context->url : "", &a->url_err))
		config.direct = url_is_loopback(&a->url);
	a->http = http_new(loop, &config);
	return a;
}

static void take_body(struct call *c, const struct api_request *r)
{
	if (r->body) {
		c->body = json_dumps(r->body, JSON_COMPACT | JSON_ENCODE_ANY);
		c->body_len = c->body ? strlen(c->body) : 0;
		c->content_type = mem_strdup("application/json");
	} else if (r->raw) {
		c->body = mem_dup(r->raw, r->raw_len ? r->raw_len : 1);
		c->body_len = r->raw_len;
		c->content_type = mem_strdup("application/octet-stream");
	}
}

/*
 * What a change would lead to: it takes no nonce, so that a platform that does not know the question,
 * and would carry the change out, refuses it.
 */
static bool asks_only(const struct call *c)
{
	const char *query = strchr(c->path, '?');

	return query && strstr(query, "what_if=1") != NULL;
}

void api_call(struct api *a, const struct api_request *r, api_done done, void *ctx)
{
	struct call *c = mem_alloc(sizeof *c);
	char nonce[ULID_SIZE];

	c->api = a;
	c->method = mem_strdup(r->method);
	c->path = mem_strdup(r->path);
	c->answer_max = r->answer_max;
	c->want_json = r->want_json;
	c->once = r->once;
	c->done = done;
	c->ctx = ctx;
	take_body(c, r);
	if (r->nonce) {
		c->nonce = mem_strdup(r->nonce);
	} else if (may_change(c) && !asks_only(c)) {
		ulid_new(nonce, time_now_ms());
		c->nonce = mem_strdup(nonce);
	}
	c->next = a->calls;
	a->calls = c;
	c->timer = loop_timer_new(a->loop, &a->gate, call_try, c);
	/* On a turn of its own: no answer comes from within api_call. */
	loop_timer_start(c->timer, 0);
}

static void call_drop(struct call *c)
{
	if (c->http_id)
		http_cancel(c->api->http, c->http_id);
	call_unlink(c);
	call_free(c);
}

static void on_empty(void *ctx)
{
	struct api *a = ctx;
	void (*done)(void *) = a->done;
	void *done_ctx = a->done_ctx;

	context_release(&a->context);
	free(a);
	if (done)
		done(done_ctx);
}

static void on_http_closed(void *ctx)
{
	struct api *a = ctx;

	loop_gate_leave(&a->gate);
	loop_gate_shut(&a->gate, on_empty, a);
}

void api_free(struct api *a, void (*done)(void *ctx), void *ctx)
{
	a->closing = true;
	a->done = done;
	a->done_ctx = ctx;
	while (a->calls)
		call_drop(a->calls);
	loop_gate_enter(&a->gate);
	http_free(a->http, on_http_closed, a);
}

/* ---- Blocking ---- */

struct waiting {
	struct api_answer *out;
	json_t **body;
	char **text;
	bool over;
};

static void on_waited(void *ctx, const struct api_answer *answer)
{
	struct waiting *w = ctx;

	w->over = true;
	*w->out = *answer;
	w->out->body = NULL;
	w->out->text = NULL;
	if (w->body)
		*w->body = w->out->body = json_incref(answer->body);
	if (w->text) {
		*w->text = mem_dup(answer->text, answer->text_len + 1);
		w->out->text = *w->text;
	}
}

bool api_wait(struct api *a, uv_loop_t *loop, const struct api_request *r, struct api_answer *out,
	json_t **body, char **text)
{
	struct waiting w = {out, body, text, false};

	api_call(a, r, on_waited, &w);
	while (!w.over)
		uv_run(loop, UV_RUN_ONCE);
	return out->err.code == ERR_NONE;
}
