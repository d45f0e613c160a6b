/*
 * What the parts of the server share: connections, exchanges (a request and its answer) and the
 * steps from header to answer. Private to this folder.
 *
 * Order of things for one request: head_look and head_read (is it exactly HTTP?) -> guard_request
 * (is it HTTP that we take?) -> route -> limits of the body -> auth_begin (claim and window) -> body
 * -> auth_finish -> nonce -> handler -> http_reply. Everything runs on the loop thread.
 */
#ifndef MLTOP_SERVE_HTTP_H
#define MLTOP_SERVE_HTTP_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "base/vec.h"
#include "core/wire/query.h"
#include "core/wire/sign.h"
#include "http/head.h"
#include "serve/peer.h"
#include "serve/request.h"
#include "serve/server.h"
#include "serve/steps.h"

#include <openssl/types.h>
#include <uv.h>

enum {
	HTTP_HEADER_MS = 10 * 1000,      /* from accept to the end of the header */
	HTTP_IDLE_MS = 60 * 1000,        /* kept alive: to the end of the next header */
	HTTP_BODY_MS = 10 * 1000,        /* the whole body of an ordinary request */
	HTTP_PART_MS = 6 * 3600 * 1000,  /* the whole body of a package part ... */
	HTTP_STALL_MS = 10 * 1000,       /* ... and between two of its pieces */
	HTTP_WRITE_STALL_MS = 60 * 1000, /* an answer that the client does not take */
	HTTP_LINGER_MS = 1000,      /* after the last answer, so that no reset can overtake it */
	HTTP_BODY_MAX = 256 * 1024, /* bytes, where the route says nothing else */
	HTTP_BODIES_MAX = 64 << 20, /* bytes of all that are being received into memory */
	HTTP_KEY_BODIES_MAX = 16 << 20,  /* ... and of those that name one key */
	HTTP_ANSWERS_MAX = 128 << 20,    /* bytes of lists that are being made, or not taken yet */
	HTTP_KEY_ANSWERS_MAX = 16 << 20, /* ... and of those of one key */
	HTTP_DEPTH_MAX = 64,             /* of a JSON body */
	HTTP_CHUNK = 64 * 1024,          /* bytes made at once, or received */
	HTTP_FD_RESERVE = 64,            /* descriptors kept for files, pipes and the store */
};

struct conn;
struct exchange;
struct spool;
struct stream;

/* What one access key is doing; made at its first use and kept. */
struct key_use {
	char *access_key;
	int connections, streams;
	size_t body_bytes;       /* of bodies in memory, as announced in its name */
	size_t answer_bytes;     /* of lists that are kept for it */
	double tokens;           /* of the rate limit's bucket */
	int64_t filled;          /* when the bucket was last filled, monotonic ms; 0: never */
	int64_t steps, steps_at; /* of filters: what is left, and when it was last filled */
	int64_t begun, begun_at; /* rows that subscriptions began with, less what time gave back */
};

struct later {
	void (*again)(void *ctx);
	void *ctx;
};

struct listener {
	struct server *server;
	uv_poll_t poll;
	int fd;
};

struct server {
	uv_loop_t *loop;
	struct platform *platform;
	const struct server_asks *asks;
	const struct route *routes;
	struct listener listeners[2]; /* TCP, and a Unix socket where there is one */
	size_t listener_count;
	uv_timer_t accept_timer;
	size_t body_bytes;   /* of bodies in memory, as announced */
	size_t answer_bytes; /* of lists that are kept */
	char *spool_dir;
	char *piece; /* what is being received, HTTP_CHUNK bytes */
	int port;
	SSL_CTX *tls;   /* NULL: in clear */
	char *prefix;   /* without a slash at the end, "" none */
	char **origins; /* NULL-ended */
	struct hub *hub;
	uv_prepare_t turn_begins;
	int64_t turn_steps;       /* of filters that are left in this turn of the loop */
	struct conn *conns;       /* the newest first */
	VEC(struct later) laters; /* request_later, in order */
	uv_idle_t later_idle;     /* runs while there are any */
	struct exchange *orphans; /* their clients have gone, their handlers have not answered */
	int conn_count, conn_live, exchange_count; /* live: not closing */
	struct network *proxies;                   /* that are trusted */
	size_t proxy_count;
	bool unix_trusted;
	int fd_most;          /* an accepted descriptor above it is refused */
	struct map addresses; /* address -> struct address_use */
	struct map keys;      /* access key -> struct key_use */
	/* closing */
	bool closing, ended;
	int64_t close_begun, close_by; /* monotonic ms */
	uv_timer_t close_timer;
	void (*closed)(void *ctx);
	void *closed_ctx;
};

/* SHAKING: of TLS. LINGER: all is said; what still comes is thrown away. */
enum phase { PHASE_SHAKING, PHASE_HEADER, PHASE_BODY, PHASE_ANSWER, PHASE_LINGER, PHASE_STREAM };

/* What a connection asks and tells those that it carries; on the loop thread. */
struct conn_calls {
	bool (*reads)(const struct conn *c); /* is more to be received just now? */
	/* These two: -1: the connection is to be closed. */
	int (*bytes_came)(struct conn *c, const char *data, size_t len);
	int (*writeable)(struct conn *c);               /* as conn_want_write asked for */
	void (*time_came)(struct conn *c, int64_t now); /* of its phase, or to look; monotonic ms */
	void (*gone)(struct conn *c); /* it is being closed: let go of exchange and stream */
};

struct conn {
	struct server *server;
	const struct conn_calls *calls;
	struct conn *before, *next;
	int fd;
	SSL *ssl; /* NULL: in clear */
	uv_poll_t poll;
	uv_timer_t timer;
	int handles;   /* of the two above that are open */
	int events;    /* what poll waits for */
	int tls_wants; /* what OpenSSL waits for beyond that */
	struct buf in; /* received, and not yet anybody's */
	struct buf out;
	size_t out_at;    /* out[out_at] is the next byte to be sent */
	int64_t sent_at;  /* when the socket last took something, monotonic ms */
	bool wants_write; /* conn_want_write */
	bool broken;      /* nothing more can be sent */
	bool dead;        /* closed; only freeing is left */
	size_t drained;   /* bytes thrown away in PHASE_LINGER */
	bool said_head;   /* it has sent a whole head once */
	bool may_stray; /* what was answered last is a GET of a kind that the stray bytes follow */
	struct head_scan scan;
	struct peer peer;
	bool proxied; /* the peer is a trusted proxy */
	enum phase phase;
	int64_t phase_until;  /* monotonic ms; 0: no limit */
	int64_t stall_until;  /* the same for the pieces of a body */
	bool counted_address; /* among the unauthenticated of its address */
	bool close_after;     /* when the answer has left */
	struct key_use *use;  /* the key it speaks for; NULL: none yet */
	struct exchange *exchange;
	struct stream *stream;
};

/* The request line and the headers that decide about a request, as guard_request found them. */
struct request_facts {
	int method; /* enum method, or -1: one that no route has (HEAD, OPTIONS ...) */
	const char *method_word;
	const char *query_text;        /* as it came; NULL: none */
	const char *path_text;         /* before decoding; its head's */
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
};

/* A raw body's file. */
struct spool {
	uv_fs_t req;
	struct exchange *x; /* NULL: it is gone, and the file goes once it is written */
	int fd;
	struct buf writing;
	uint64_t written;
	bool busy;
};

struct exchange {
	struct request r;      /* r.server points back here */
	struct conn *conn;     /* NULL: the client has gone */
	struct server *server; /* NULL: gone too */
	struct exchange *orphan_before, *orphan_next;
	bool orphan;
	struct head head;
	struct request_facts facts;
	struct query query;
	struct query headers; /* those that are signed, by lower-case name */
	struct sign_claim claim;
	int64_t steps; /* of filters, taken so far */
	bool claimed, dispatched;
	bool holds_nonce;     /* until it is answered */
	bool counted_address; /* r.peer is counted among the strangers, behind a proxy */
	struct arena text;
	struct buf body;
	uint64_t received;   /* bytes of the body */
	size_t body_counted; /* in server.body_bytes, and in body_use's */
	struct key_use *body_use;
	size_t answer_counted; /* in server.answer_bytes, and in answer_use's */
	struct key_use *answer_use;
	struct spool *spool; /* where a raw body goes; NULL: memory */
	EVP_MD_CTX *hash,
		*md5; /* hash: of a body, where there is one; md5: for schemes that want it */
	char body_md5[SIGN_MD5_SIZE];
	struct reply reply;
};

/* NULL: the program asks itself. */
static inline struct exchange *exchange_of(const struct request *r)
{
	return r->server;
}

/* ---- guard.c: what is refused before it means anything ---- */

/*
 * May this accepted connection be had? Drops an idle stranger where that makes room. Its descriptor,
 * maybe by another number; -1: it is refused and closed.
 */
int guard_connection(struct server *s, int fd, struct peer *peer);
/* Fills r.peer and r.secure as a trusted proxy says; false: answer 429 with `e`. */
bool guard_forwarded(struct exchange *x, struct err *e);
/* Method, path and query of a head; false: answer with `e` and close. */
bool guard_request(const struct head *h, struct request_facts *f, struct query *q, struct err *e);
/* An upgrade: everything that RFC 6455 wants and our protocol's exact name. */
bool guard_upgrade(const struct server *s, const struct head *h, const struct request_facts *f,
	struct err *e);

/* ---- strangers.c: who has not said who it is, counted by address ---- */

void guard_opened(struct conn *c);
void guard_authenticated(struct conn *c); /* it counts no more among its address's strangers */
void guard_closed(struct conn *c);
void guard_exchange_over(struct exchange *x);                     /* it counts no more */
bool guard_is_proxy(const struct server *s, const char *address); /* one that is trusted */
/* False: this address has as many strangers as it may. */
bool strangers_room(const struct server *s, const char *counted);
void strangers_count(struct server *s, const char *counted, int by);

/* ---- http_route.c ---- */

/* The route for method and path (prefix already off); params point into `a`. */
const struct route *route_find(const struct route *routes, int method, const char *path,
	struct arena *a, const char *params[REQUEST_PARAMS_MAX]);
/* Methods that the path has, "GET, POST"; false: the path is of no route. */
bool route_allows(const struct route *routes, const char *path, char *out, size_t size);
/* The path behind the server's prefix; the path itself where it does not carry one. */
const char *route_path(const struct server *s, const char *path);

/* ---- exchange.c ---- */

struct exchange *exchange_new(struct conn *c);
void exchange_gone(struct exchange *x); /* the client has left */
void exchange_free(struct exchange *x);
void exchange_over(struct request *r);         /* the same, for request_over */
void exchange_forget_server(struct server *s); /* before it is freed: late answers are dropped */
void body_done(struct exchange *x);            /* it is read: its room is free for others */
void spool_free(struct spool *sp);

/* ---- http.c: from header to handler ---- */

/*
 * Takes what there is in c->in: heads and bodies. -1: the connection is to be closed.
 */
int http_advance(struct conn *c);

/* ---- http_body.c ---- */

void body_hash_begin(struct exchange *x); /* before its first byte */
void body_expect(struct exchange *x);     /* may answer that there is no room */
void body_take(struct exchange *x);       /* from its connection's `in` */
void body_over(struct exchange *x);       /* all is there: goes on to the handler */
bool body_full(const struct exchange *x); /* no more is to be received just now */

/* ---- http_later.c ---- */

void laters_open(struct server *s);
void laters_close(struct server *s); /* calls all that wait */

/* ---- http_dispatch.c: header and body are there, the hash of the body is in r.body_sha256 ---- */

void exchange_dispatch(struct exchange *x);

/* ---- http_reply.c ---- */

void exchange_fail(struct exchange *x, int status, const struct err *e);
void exchange_fail_close(struct exchange *x, int status, const struct err *e);
void http_continue(struct conn *c); /* 100: the body may come */

/* ---- http_send.c ---- */

int http_writeable(struct conn *c); /* the socket takes more; -1: to be closed */

/* ---- server_conn.c ---- */

void conn_open(struct server *s, int fd, const struct peer *peer); /* as conn_new */

/* ---- conn.c ---- */

/* Takes over the descriptor, and closes it where it cannot be watched; `calls` is kept. */
void conn_new(struct server *s, int fd, const struct peer *peer, const struct conn_calls *calls);
/* Closes at once. What it had is let go; itself is freed by a later turn of the loop. */
void conn_kill(struct conn *c);

/*
 * Closing it will tell the other side that it broke off: by a reset, for where neither length nor chunks
 * tell the end of an answer, a plain close would look like it.
 */
void conn_reset(struct conn *c);
void conn_resume(struct conn *c); /* what calls->reads says may have changed */
void conn_phase(struct conn *c, enum phase phase, int64_t ms);
void conn_look_later(struct conn *c); /* has time_came called in a second */
/* All is said: tells the other side so, and waits a moment for it to close. */
void conn_linger(struct conn *c);
void conn_in_release(struct conn *c); /* wiped: c->in is empty, and can be used again */
/* Sends; what the socket does not take at once is kept and goes out later, in order. */
void conn_send(struct conn *c, const void *data, size_t len);
bool conn_choked(const struct conn *c);    /* something is kept: make no more */
size_t conn_pending(const struct conn *c); /* bytes kept */
/* Has calls->writeable called when the socket takes more. */
void conn_want_write(struct conn *c);

/* ---- server_tls.c ---- */

SSL_CTX *tls_context(const char *cert, const char *key, struct err *e);

/* ---- auth.c ---- */

/* Claim, window, and whether that scheme may be used so. False: `e` says why (ERR_UNAUTHORIZED). */
bool auth_begin(struct exchange *x, struct err *e);
/*
 * Key, signature, disabled, not_after; the body's hashes are in `x`. On success *who is filled
 * (texts in `a`) and the connection counts for the key.
 */
bool auth_finish(struct exchange *x, struct arena *a, struct principal *who, struct err *e);
/* What is counted of a key that is known. */
struct key_use *auth_use(struct server *s, const char *access_key);
/* Before a body is taken: is there such a key? The signature is looked at when the body is whole. */
bool auth_known(struct server *s, const struct sign_claim *claim, int64_t now, struct err *e);
/* Role and read-only of the route. */
bool auth_allowed(const struct principal *who, const struct route *route, struct err *e);
/* The rate limit; false: *retry_s is when to come again. */
bool auth_rate(struct conn *c, int64_t mono, int *retry_s, struct err *e);
/* False once the key is disabled, expired, or gone. */
bool auth_still_good(struct server *s, const char *access_key, int64_t now);
void auth_release_conn(struct conn *c);
void auth_release(struct server *s);

#endif
