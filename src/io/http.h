/*
 * HTTP requests over libcurl's multi interface on a uv loop. Knows nothing of the platform: no
 * signing, no JSON, no retries. Loop thread only. libcurl is initialised by the first request, TLS
 * by the first to https.
 *
 * Limits: connecting as io/dial.h has it, from then to the answer's header 5 s
 * (counted anew while an upload moves), 15 s without a byte of the body. Redirects are refused: a
 * signed request is meant for one host. Connections are kept alive.
 */
#ifndef MLTOP_IO_HTTP_H
#define MLTOP_IO_HTTP_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	HTTP_HEADER_MS = 5000,
	HTTP_STALL_MS = 15000, /* in which at least HTTP_STALL_BYTES of a body come, or its end */
	HTTP_STALL_BYTES = 1024,
	HTTP_HEADERS_MAX = 64 * 1024,      /* bytes of an answer's header */
	HTTP_ERROR_MAX = 64 * 1024,        /* bytes of a body with status 400 or more: cut there */
	HTTP_ANSWER_MAX = 4 * 1024 * 1024, /* bytes of any other body, unless the request says */
	HTTP_CONNECTIONS = 6,              /* at once to one host; further requests wait */
};

struct http;
struct uv_loop_s; /* uv_loop_t, of uv.h */

struct http_config {
	const char *ca_file; /* NULL: the system's authorities */
	bool direct;         /* no proxy, whatever the environment says: loopback */
	/* For tests; 0: the limits above. */
	int connect_ms, header_ms, stall_ms;
};

struct http_request {
	const char *method;         /* "GET" */
	const char *url;            /* whole, encoded */
	const char *const *headers; /* "name: value", NULL-ended; may be NULL */
	const void *body;           /* all but GET send a Content-Length, 0 without a body */
	size_t body_len;
	size_t answer_max; /* bytes; 0: HTTP_ANSWER_MAX */
};

/* All borrowed for the call of `done`. */
struct http_answer {
	int status;       /* 0: none came */
	struct err err;   /* ERR_NONE: the answer is whole (or an error's body, cut) */
	bool transport;   /* with err: worth another try, as nobody answered */
	const char *body; /* NUL-ended; never NULL */
	size_t body_len;
	const char *content_type; /* "" when none; as sent */
	int64_t retry_after_s;    /* 0: not said */
	int64_t date_ms;          /* of the Date header; 0: none */
	int64_t rtt_ms;           /* from sending to the answer's first byte; -1 unknown */
};
typedef void (*http_done)(void *ctx, const struct http_answer *answer);

struct http *http_new(struct uv_loop_s *loop, const struct http_config *config);
/* Drops all requests without answers; `done` (may be NULL) when the loop holds nothing of it. */
void http_free(struct http *h, void (*done)(void *ctx), void *ctx);
/*
 * Copies what it needs. `done` is called exactly once, never from within this call; it may send,
 * cancel and free. The id is never 0.
 */
uint64_t http_send(struct http *h, const struct http_request *r, http_done done, void *ctx);
void http_cancel(struct http *h, uint64_t id); /* `done` is not called; unknown ids are fine */

#endif
