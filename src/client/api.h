/*
 * Calls to a platform: signed HTTP requests with time limits, on the loop, answered by a callback.
 * Loop thread only. Limits: connect 3 s, headers 5 s, body 15 s, 4 MiB for
 * lists (64 MiB where the caller says so: private platforms list all), 1 MiB objects, 64 KiB errors;
 * no redirects; TLS 1.2+. A GET is tried again by backoff; a change only with its own nonce.
 */
#ifndef MLTOP_CLIENT_API_H
#define MLTOP_CLIENT_API_H

#include "base/err.h"
#include "client/context.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct api;
struct uv_loop_s; /* uv_loop_t, of uv.h */

struct api_answer {
	int status;       /* HTTP; 0: not reached */
	json_t *body;     /* borrowed; NULL when none or not JSON */
	const char *text; /* raw body, NUL-ended (sanitised when it is not JSON) */
	size_t text_len;
	struct err err; /* code ERR_NONE on 2xx; else the server's message or ours */
	int64_t rtt_ms;
};
typedef void (*api_done)(void *ctx, const struct api_answer *answer);

struct api_request {
	const char *method; /* "GET" */
	const char *
		path; /* "/cloud_ml/v1/train?limit=10": query encoded by the caller (core/wire/query.h) */
	const json_t *body; /* JSON; or: */
	const void *raw;
	size_t raw_len;
	const char *nonce; /* NULL: one is made for changes */
	size_t answer_max; /* bytes; 0: 4 MiB */
	bool want_json;    /* parse the body (else only text) */
	bool once;         /* never try again by itself */
};

struct api *api_new(struct uv_loop_s *loop, const struct context *context);
void api_free(struct api *a, void (*done)(void *ctx), void *ctx); /* cancels all, without answers */
/* Copies what it needs. `done` is called once, never from within, or not at all after api_free. */
void api_call(struct api *a, const struct api_request *r, api_done done, void *ctx);

/* Blocking form for the command line: runs the loop until the answer is there. Body is the caller's. */
bool api_wait(struct api *a, struct uv_loop_s *loop, const struct api_request *r,
	struct api_answer *out, json_t **body, char **text);

#endif
