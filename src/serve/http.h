/*
 * What the parts of the server share: connections, exchanges (a request and its answer) and the
 * steps from header to answer. Private to server*.c, http*.c, auth*.c, guard*.c, stream*.c, hub*.c.
 *
 * Order of things for one request: guard_request (is it HTTP that we take?) -> route -> limits of
 * the body -> auth_begin (claim and window) -> body -> auth_finish -> nonce -> handler ->
 * http_reply. Everything runs on the loop thread.
 */
#ifndef SERVE_HTTP_H
#define SERVE_HTTP_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "core/wire/query.h"
#include "core/wire/sign.h"
#include "serve/request.h"
#include "serve/server.h"

#include <libwebsockets.h>
#include <openssl/evp.h>

enum {
	HTTP_HEADER_MS = 10 * 1000,      /* from accept to the end of the header */
	HTTP_IDLE_MS = 60 * 1000,        /* kept alive: to the end of the next header */
	HTTP_BODY_MS = 10 * 1000,        /* the whole body of an ordinary request */
	HTTP_PART_MS = 300 * 1000,       /* the whole body of a package part ... */
	HTTP_STALL_MS = 10 * 1000,       /* ... and between two of its pieces */
	HTTP_WRITE_STALL_MS = 60 * 1000, /* an answer that the client does not take */
	HTTP_LINGER_MS = 1000,       /* after the last answer, so that no reset can overtake it */
	HTTP_BODY_MAX = 256 * 1024,  /* bytes, where the route says nothing else */
	HTTP_DEPTH_MAX = 64,         /* of a JSON body */
	HTTP_HEADER_MAX = 16 * 1024, /* bytes of all headers */
	HTTP_CHUNK = 64 * 1024,      /* bytes given to one lws_write */
	HTTP_FD_RESERVE = 64,        /* descriptors kept for files, pipes and the store */
};

struct conn;
struct exchange;
struct stream;

/* What one access key is doing; made at its first use and kept. */
struct key_use {
	char *access_key;
	int connections, streams;
	double tokens;  /* of the rate limit's bucket */
	int64_t filled; /* when the bucket was last filled, monotonic ms; 0: never */
};

struct server {
	uv_loop_t *loop;
	struct platform *platform;
	const struct server_asks *asks;
	const struct route *routes;
	struct lws_context *lws;
	struct lws_vhost *vhost;
	char *prefix;   /* without a slash at the end, "" none */
	char **origins; /* NULL-ended */
	bool tls;
	struct hub *hub;
	struct conn *conns;
	struct exchange *orphans; /* their clients have gone, their handlers have not answered */
	int conn_count, exchange_count;
	int fd_most;          /* an accepted descriptor above it is refused */
	struct map addresses; /* address -> struct address_use */
	struct map keys;      /* access key -> struct key_use */
	/* closing */
	bool closing, destroying;
	int64_t close_begun, close_by; /* monotonic ms */
	uv_timer_t close_timer;
	void (*closed)(void *ctx);
	void *closed_ctx;
};

enum phase { PHASE_HEADER, PHASE_BODY, PHASE_ANSWER, PHASE_LINGER, PHASE_STREAM, PHASE_STREAM_END };

struct conn {
	struct server *server;
	struct lws *wsi;
	struct conn *before, *next;
	char peer[64];
	enum phase phase;
	int64_t phase_until; /* monotonic ms; 0: no limit */
	int64_t stall_until; /* the same for the pieces of a body */
	lws_sorted_usec_list_t timer;
	bool counted_address; /* among the unauthenticated of its address */
	bool close_after;     /* when the answer has left */
	bool paused;          /* conn_pause */
	bool dead;            /* lws has closed it; only freeing is left */
	struct key_use *use;  /* the key it speaks for; NULL: none yet */
	struct exchange *exchange;
	struct stream *stream;
	bool raw_answered; /* not HTTP at all: the refusal is on its way */
};

/* The request line and the headers that decide about a request, as guard_request found them. */
struct request_facts {
	int method; /* enum method, or -1: one that no route has (HEAD, OPTIONS ...) */
	const char *method_word;
	bool http11, keep_alive, chunked_get;
	bool has_length;
	size_t length;
	char path[QUERY_PATH_MAX + 2]; /* decoded, runs of '/' as one */
};

struct reply {
	bool ready, head_sent;
	int status;
	const char *content_type;
	char extra[256]; /* further header lines, each with CRLF */
	char *body;      /* owned */
	size_t body_len, body_at;
	bool streaming, stream_over, stream_done_called;
	struct request_stream stream;
	int64_t progress; /* when the client last took something, monotonic ms */
};

struct exchange {
	struct request r;      /* r.server points back here */
	struct conn *conn;     /* NULL: the client has gone */
	struct server *server; /* NULL: gone too */
	struct exchange *orphan_before, *orphan_next;
	bool orphan;
	struct request_facts facts;
	struct query query;
	struct query headers; /* those that are signed, by lower-case name */
	struct sign_claim claim;
	bool claimed, body_ended, dispatched;
	bool holds_nonce; /* until it is answered */
	struct arena text;
	struct buf body;
	EVP_MD_CTX *hash;
	struct reply reply;
};

/* ---- guard.c: what is refused before it means anything ---- */

/* May this connection be had? Called with the accepted descriptor. */
bool guard_connection(struct server *s, int fd);
void guard_opened(struct conn *c);
void guard_authenticated(struct conn *c); /* it counts no more among its address's strangers */
void guard_closed(struct conn *c);
/* Reads request line and framing headers; false: answer with `e` and close. */
bool guard_request(struct lws *wsi, struct request_facts *f, struct query *q, struct err *e);
/* The same for an upgrade, with everything that RFC 6455 wants and our protocol's exact name. */
bool guard_upgrade(struct server *s, struct lws *wsi, struct request_facts *f, struct query *q,
	struct err *e);
/* A header by its lower-case name; false: absent or longer than `size`. */
bool guard_header(struct lws *wsi, const char *name, char *out, size_t size);

/* ---- http_route.c ---- */

/* The route for method and path (prefix already off); params point into `a`. */
const struct route *route_find(const struct route *routes, int method, const char *path,
	struct arena *a, const char *params[REQUEST_PARAMS_MAX]);
/* Methods that the path has, "GET, POST"; false: the path is of no route. */
bool route_allows(const struct route *routes, const char *path, char *out, size_t size);
/* The path behind the server's prefix; the path itself where it does not carry one. */
const char *route_path(const struct server *s, const char *path);

/* ---- http.c: from header to handler ---- */

int http_begin(struct conn *c); /* LWS_CALLBACK_HTTP */
int http_body(struct conn *c, const void *data, size_t len);
int http_body_end(struct conn *c);
void exchange_gone(struct exchange *x); /* the client has left */
void exchange_free(struct exchange *x);
void exchange_forget_server(struct server *s); /* before it is freed: late answers are dropped */
void exchange_fail(struct exchange *x, int status, const struct err *e);
void exchange_fail_close(struct exchange *x, int status, const struct err *e);

/* ---- http_dispatch.c: header and body are there, the hash of the body is in r.body_sha256 ---- */

void exchange_dispatch(struct exchange *x);

/* ---- http_reply.c ---- */

int http_writeable(struct conn *c);   /* LWS_CALLBACK_HTTP_WRITEABLE */
void http_last_words(struct conn *c); /* what of an answer fits, before closing at once */
/* {"error": true, "message": ...} as text; the caller frees. */
char *http_error_body(const struct err *e, size_t *len);
const char *http_reason(int status);
/* A whole small answer at once, for where no exchange exists (refused upgrades). */
void http_write_refusal(struct conn *c, int status, const struct err *e);

/* ---- server_conn.c ---- */

void conn_open(struct server *s, struct lws *wsi);
void conn_closed(struct conn *c); /* lws has closed it: nothing may be written */
void conn_free(struct conn *c);

void conn_phase(struct conn *c, enum phase phase, int64_t ms);
void conn_kill(struct conn *c); /* closes at the next turn of the loop */
bool conn_peer_gone(struct conn *c);
/*
 * While an answer is due libwebsockets does not read, but goes on telling of what could be read:
 * a loop that turns for nothing. So the socket's events are off while there is nothing to write.
 * It writes nothing either while they are off (4.1.6 returns before it looks): conn_want_write
 * turns them on.
 */
void conn_pause(struct conn *c);
void conn_want_write(struct conn *c);
/* Takes the public client's five stray bytes off a socket that waits to be written. */
void conn_drop_stray(struct conn *c);

/* ---- auth.c ---- */

/* Claim and window. False: `e` says why (ERR_UNAUTHORIZED). */
bool auth_begin(struct lws *wsi, const struct request_facts *f, const struct query *q,
	struct query *headers, struct sign_claim *claim, int64_t now, struct err *e);
/*
 * Key, signature, disabled, not_after. On success *who is filled (texts in `a`) and the
 * connection counts for the key.
 */
bool auth_finish(struct conn *c, const struct request_facts *f, const struct query *q,
	const struct query *headers, const struct sign_claim *claim, const char *body_sha256,
	int64_t now, struct arena *a, struct principal *who, struct err *e);
/* Role and read-only of the route. */
bool auth_allowed(const struct principal *who, const struct route *route, struct err *e);
/* The rate limit; false: *retry_s is when to come again. */
bool auth_rate(struct conn *c, int64_t mono, int *retry_s, struct err *e);
/* False once the key is disabled, expired, or gone. */
bool auth_still_good(struct server *s, const char *access_key, int64_t now);
void auth_release_conn(struct conn *c);
void auth_release(struct server *s);

#endif
