#include "io/http_inside.h"

#include "base/mem.h"
#include "base/timefmt.h"

#include <stdlib.h>
#include <string.h>

/* ---- The life of a call ---- */

static void call_unlink(struct http_call *c)
{
	if (c->prev)
		c->prev->next = c->next;
	else
		c->http->calls = c->next;
	if (c->next)
		c->next->prev = c->prev;
	c->next = c->prev = NULL;
}

/* Out of curl and of the list; its memory stays until call_free. */
static void call_detach(struct http_call *c)
{
	if (c->easy && c->http->multi)
		multi_remove(c->http->multi, c->easy);
	loop_timer_free(c->deadline);
	c->deadline = NULL;
	call_unlink(c);
}

static void call_free(struct http_call *c)
{
	curl_easy_cleanup(c->easy);
	curl_slist_free_all(c->headers);
	buf_release(&c->body);
	buf_release(&c->content_type);
	free(c->request_body);
	free(c->url);
	free(c->site);
	free(c);
}

static void fill_answer(struct http_call *c, CURLcode result, struct http_answer *a)
{
	curl_off_t sent = 0, first = 0, wait = 0;
	long status = 0;

	curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(c->easy, CURLINFO_PRETRANSFER_TIME_T, &sent);
	curl_easy_getinfo(c->easy, CURLINFO_STARTTRANSFER_TIME_T, &first);
	curl_easy_getinfo(c->easy, CURLINFO_RETRY_AFTER, &wait);
	a->status = c->phase == PHASE_BODY ? (int)status : 0;
	a->rtt_ms = first > 0 ? (first - sent) / 1000 : -1;
	a->retry_after_s = wait;
	a->date_ms = c->date_ms;
	a->body = c->body.data;
	a->body_len = c->body.len;
	a->content_type = c->content_type.data;
	if (result != CURLE_OK && c->stop != STOP_CUT) {
		http_explain(c, result, &a->err, &a->transport);
		return;
	}
	if (status >= 300 && status < 400) {
		char *to = NULL;

		curl_easy_getinfo(c->easy, CURLINFO_REDIRECT_URL, &to);
		err_set(&a->err, ERR_UNAVAILABLE,
			"%s sends us on to %.200s, which is not followed: if that is right, "
			"make it the endpoint",
			c->site, to ? to : "another place");
	}
}

static void call_end(struct http_call *c, CURLcode result)
{
	struct http_answer a = {.rtt_ms = -1};

	fill_answer(c, result, &a);
	call_detach(c);
	if (c->done)
		c->done(c->ctx, &a);
	call_free(c);
}

static void transfer_finished(void *owner, CURLcode result)
{
	struct http_call *c = owner;

	if (!c->http->closing)
		call_end(c, result);
}

/*
 * How long the request has made no way, while its answer is awaited. Of a body that is still sent
 * progress is looked for several times in a limit, so that a peer that stops reading is left soon.
 */
static int64_t upload_quiet(struct http_call *c)
{
	int64_t now = time_mono_ms();
	curl_off_t uploaded = 0;

	curl_easy_getinfo(c->easy, CURLINFO_SIZE_UPLOAD_T, &uploaded);
	if (uploaded > c->uploaded) {
		c->uploaded = uploaded;
		c->last_byte_ms = now;
	}
	return now - c->last_byte_ms;
}

/* A limit may have passed; progress made meanwhile moves it on. */
static void on_deadline(void *ctx)
{
	struct http_call *c = ctx;

	if (c->http->closing)
		return;
	if (c->phase == PHASE_CONNECT) { /* could not even be started */
		call_end(c, CURLE_FAILED_INIT);
		return;
	}
	if (c->phase == PHASE_HEADER) {
		int limit = http_limit(c->http->config.header_ms, HTTP_HEADER_MS);

		int64_t quiet = upload_quiet(c);

		if (quiet < limit) {
			loop_timer_start(c->deadline, http_look(c, limit - quiet));
			return;
		}
		c->stop = STOP_SILENT;
	} else {
		int limit = http_limit(c->http->config.stall_ms, HTTP_STALL_MS);
		int64_t quiet = time_mono_ms() - c->last_byte_ms;

		if (quiet < limit) {
			loop_timer_start(c->deadline, limit - quiet);
			return;
		}
		c->stop = STOP_STALLED;
	}
	call_end(c, CURLE_OPERATION_TIMEDOUT);
}

static char *site_of(const char *url)
{
	const char *host = strstr(url, "://");
	size_t len = host ? (size_t)(host + 3 - url) : 0;
	struct buf site = BUF_INIT;

	len += strcspn(url + len, "/?#");
	buf_add(&site, url, len);
	return buf_detach(&site);
}

/* ---- Public ---- */

struct http *http_new(uv_loop_t *loop, const struct http_config *config)
{
	struct http *h = mem_alloc(sizeof *h);

	h->loop = loop;
	h->config = *config;
	h->ca_file = mem_strdup(config->ca_file);
	return h;
}

static struct http_call *call_new(struct http *h, const struct http_request *r)
{
	struct http_call *c = mem_alloc(sizeof *c);

	c->http = h;
	c->id = ++h->last_id;
	c->url = mem_strdup(r->url);
	c->site = site_of(r->url);
	c->answer_max = r->answer_max ? r->answer_max : HTTP_ANSWER_MAX;
	buf_init(&c->body, 0);
	buf_init(&c->content_type, 256);
	c->deadline = loop_timer_new(h->loop, &h->gate, on_deadline, c);
	c->next = h->calls;
	if (c->next)
		c->next->prev = c;
	h->calls = c;
	return c;
}

uint64_t http_send(struct http *h, const struct http_request *r, http_done done, void *ctx)
{
	struct http_call *c = call_new(h, r);

	c->done = done;
	c->ctx = ctx;
	if (h->multi == NULL)
		h->multi = multi_new(h->loop, &h->gate, HTTP_CONNECTIONS, transfer_finished);
	if (h->multi)
		c->easy = curl_easy_init();
	if (c->easy)
		http_transfer_set(c, r);
	if (c->easy == NULL || !multi_add(h->multi, c->easy))
		loop_timer_start(c->deadline, 0);
	return c->id;
}

void http_cancel(struct http *h, uint64_t id)
{
	for (struct http_call *c = h->calls; c; c = c->next)
		if (c->id == id) {
			call_detach(c);
			call_free(c);
			return;
		}
}

/* ---- The end ---- */

struct http_farewell {
	struct http *http;
	void (*done)(void *ctx);
	void *ctx;
};

static void on_empty(void *ctx)
{
	struct http_farewell *f = ctx;
	void (*done)(void *) = f->done;
	void *done_ctx = f->ctx;

	free(f->http->ca_file);
	free(f->http);
	free(f);
	if (done)
		done(done_ctx);
}

/* On a turn of its own: http_free may have been called from within curl or an answer. */
static void end_now(void *ctx)
{
	struct http_farewell *f = ctx;
	struct http *h = f->http;

	while (h->calls) {
		struct http_call *c = h->calls;

		call_detach(c);
		call_free(c);
	}
	multi_free(h->multi);
	loop_timer_free(h->end);
	loop_gate_shut(&h->gate, on_empty, f);
}

void http_free(struct http *h, void (*done)(void *ctx), void *ctx)
{
	struct http_farewell *f = mem_alloc(sizeof *f);

	*f = (struct http_farewell){h, done, ctx};
	h->closing = true;
	h->end = loop_timer_new(h->loop, &h->gate, end_now, f);
	loop_timer_start(h->end, 0);
}
