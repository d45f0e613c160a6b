/*
 * One HTTP request as routes see it, and the table that they are rows of.
 *
 * The server (server.c) owns every struct request: it makes one when header and body are complete,
 * authenticated and within limits, gives it to its route's handler, and frees it after the reply
 * has left. A handler answers exactly once, at once or later on the loop thread; when the client
 * has gone meanwhile the reply is dropped by the server, not by the handler.
 */
#ifndef MLTOP_SERVE_REQUEST_H
#define MLTOP_SERVE_REQUEST_H

#include "base/buf.h"
#include "base/err.h"
#include "core/kinds/key.h"
#include "core/wire/sign.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kind_handlers;
struct platform;
struct request;

enum method { METHOD_GET, METHOD_POST, METHOD_PUT, METHOD_PATCH, METHOD_DELETE, METHOD_HEAD };
extern const char *const method_words[];

enum route_flag {
	ROUTE_OPEN = 1,    /* no authentication: /version /healthz /readyz /framework */
	ROUTE_CHANGES = 2, /* changes state: nonce, audit, refused to read-only keys */
	ROUTE_RAW_BODY =
		4,         /* body is not JSON (package parts): limits of its own, streamed aside */
	ROUTE_TENANT = 8,  /* names an object of an org: the tenant matrix test visits it */
	ROUTE_STREAM = 16, /* answers with a chunked stream of text (logs with follow) */
	ROUTE_WHAT_IF = 32, /* ?what_if=1 asks what it would lead to: nothing is changed then */
	/*
	 * Of packages as objects in buckets, for the public client: signed as its object store wants
	 * it. Its paths are no others' business: whoever takes them for something else gets 404.
	 */
	ROUTE_OBJECTS = 64,
};

/* One row a route; the tenant matrix and docs/API.md are made from the table. */
struct route {
	enum method method;
	const char *pattern; /* "/cloud_ml/v1/train/{job}/logs" */
	enum role least;     /* role that may */
	unsigned flags;
	size_t body_max; /* bytes; 0: the default of 256 KiB */
	void (*handle)(struct request *r);
	const char *doc; /* one line */
	/* What it is about, for handlers of many kinds; NULL: none. */
	const struct kind *kind;
	const struct kind_action *action;
	const struct kind_handlers *handlers; /* kinds/kinds.h */
};
enum { REQUEST_PARAMS_MAX = 4 };

struct request {
	struct platform *platform;
	const struct route *route;
	struct principal who;
	enum method method;
	const char *path;
	const char *params[REQUEST_PARAMS_MAX]; /* {..} parts in order; decoded, each non-empty */
	const struct sign_pair *query;
	size_t query_count;
	json_t *body; /* parsed JSON (or form as an object of strings); NULL when none */
	int raw_fd;   /* ROUTE_RAW_BODY: a file without a name that holds it; -1: empty */
	uint64_t raw_len;
	const char *nonce; /* "" when none */
	char body_sha256[SIGN_HEX_SIZE];
	/* What the nonce was asked for with; the handler stores it beside its answer. "" when none. */
	char request_hash[SIGN_HEX_SIZE];
	const char *peer; /* address, for audit; what a trusted proxy says it is */
	const char
		*bearer; /* ROUTE_OPEN: what "Authorization: Bearer" says; NULL: it says nothing */
	bool what_if;    /* ROUTE_WHAT_IF: only that is asked */
	const char *if_match; /* the header as it came; NULL: none */
	const char *accept;   /* likewise */
	bool secure;          /* nobody on the way could read it: TLS, here or at a trusted proxy */
	int64_t now;          /* wall ms when it came */
	bool gone;            /* set by the server when the client has left */
	void *server;         /* the server's own; NULL with the next, which has the answer */
	/* The program asks itself: no client, no limits. Not for ROUTE_STREAM. NULL for all others. */
	void (*answered)(struct request *r, int status, const char *text, size_t len);
	struct uv_loop_s *loop; /* uv_loop_t, of uv.h */
	void (*release)(struct request *r);
};

/*
 * Whoever made a request that is answered and that nobody waits for any more gives it up so: it lives
 * on until the loop's next turn, for its handler may still look at it, and who called that.
 */
void request_over(struct request *r, void (*release)(struct request *r));

/*
 * A handler that looks at many rows does so in slices, so that others are served in between. While
 * request_turn_over says so it stops, and has `again` called in a later turn of the loop, with rows
 * that may have moved or gone meanwhile. The client may have left: r->gone.
 */
bool request_turn_over(const struct request *r);
void request_later(struct request *r, void (*again)(void *ctx), void *ctx);
/*
 * An answer that has come to `len` bytes is kept until its client has taken it. False (ERR_BUSY): its key
 * has too much of that already, and does not read it.
 */
bool request_keeps(struct request *r, size_t len, struct err *e);
/* Counts what else a turn is spent on, in the same steps; no key pays for it. */
void request_worked(struct request *r, int64_t steps);
/* The same, and the key pays for them: what is done for a request that is as dear as there are rows. */
void request_pay(struct request *r, int64_t steps);
/* Ms until the key can pay again; 0: now. Asked before such a request is begun. */
int64_t request_wait_ms(const struct request *r);
/*
 * Counts steps of a filter (core/text/regex.h) for the request and its key. False: `e` (422), it
 * costs too much.
 */
bool request_spend(struct request *r, int64_t steps, struct err *e);

/* The value of a query parameter, NULL when absent. */
const char *request_query(const struct request *r, const char *name);

/* ---- Answers. The request may be looked at until the loop's next turn, and not answered again. ---- */

/* `body` is consumed. */
void request_reply(struct request *r, int status, json_t *body);
/* Text that is already JSON (stored answers of replayed nonces): copied. */
void request_reply_json_text(struct request *r, int status, const char *text, size_t len);
/* The same without a copy: takes what `text` holds, which is empty afterwards. */
void request_reply_owned(struct request *r, int status, struct buf *text);
/* Text that is no JSON; takes what `text` holds. */
void request_reply_text(struct request *r, const char *content_type, struct buf *text);
void request_fail(struct request *r, const struct err *e); /* {"error": true, "message": ...} */
void request_fail_retry(struct request *r, const struct err *e, int retry_after_s);

/*
 * Chunked text (ROUTE_STREAM). The server calls `more` whenever the socket takes bytes: it appends
 * to `out` at most `room` bytes. A stream with nothing to say is woken by request_stream_wake. What
 * cannot be told whole is STREAM_BROKEN: the connection breaks off, so that nobody takes what came for
 * all there is. `done` is called once, whoever ended it.
 */
enum stream_step { STREAM_GOES_ON, STREAM_ENDED, STREAM_BROKEN };
struct request_stream {
	void *ctx;
	enum stream_step (*more)(void *ctx, struct buf *out, size_t room);
	void (*done)(void *ctx);
};
void request_reply_stream(struct request *r, const char *content_type,
	const struct request_stream *s);
void request_stream_wake(struct request *r);

#endif
