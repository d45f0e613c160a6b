/*
 * What http.c (requests), http_transfer.c (one of them with curl) and http_error.c
 * (sentences) share.
 */
#ifndef MLTOP_IO_HTTP_INSIDE_H
#define MLTOP_IO_HTTP_INSIDE_H

#include "base/buf.h"
#include "io/http.h"
#include "io/multi.h"

#include <uv.h>

enum http_phase { PHASE_CONNECT, PHASE_HEADER, PHASE_BODY };
enum http_stop { STOP_NONE, STOP_TOO_LARGE, STOP_CUT, STOP_HEADERS, STOP_SILENT, STOP_STALLED };

struct http_call {
	struct http_call *next, *prev;
	struct http *http;
	uint64_t id;
	CURL *easy;
	struct curl_slist *headers;
	char *url, *site; /* site: "http://host:port", for sentences */
	char error[CURL_ERROR_SIZE];
	void *request_body;
	struct loop_timer *deadline;
	enum http_phase phase;
	enum http_stop stop;              /* why we ended it ourselves */
	curl_off_t request_len, uploaded; /* bytes of the request's body */
	int64_t last_byte_ms;             /* monotonic */
	size_t answer_max, header_bytes;
	size_t counted; /* bytes of the body when last_byte_ms was set */
	struct buf body;
	struct buf content_type;
	int64_t date_ms;
	http_done done;
	void *ctx;
};

struct http {
	uv_loop_t *loop;
	struct loop_gate gate;
	char *ca_file;
	struct http_config config;
	struct multi *multi; /* from the first request on */
	struct loop_timer *end;
	struct http_call *calls;
	uint64_t last_id;
	bool closing;
};

static inline int http_limit(int configured, int standard)
{
	return configured ? configured : standard;
}

/* When to look at a request again that may be silent for `left` ms more: soon while it is sent. */
static inline int64_t http_look(const struct http_call *c, int64_t left)
{
	int64_t soon = http_limit(c->http->config.header_ms, HTTP_HEADER_MS) / 5 + 1;

	return c->uploaded < c->request_len && soon < left ? soon : left;
}

/* http_transfer.c: what curl is to do, and what it tells while it does. */
void http_transfer_set(struct http_call *c, const struct http_request *r);

/* http_error.c: why there is no whole answer; *transport: nobody answered, another try may help. */
void http_explain(const struct http_call *c, CURLcode result, struct err *e, bool *transport);

#endif
