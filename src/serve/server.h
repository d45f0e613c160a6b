/*
 * The HTTP and websocket server on the daemon's libuv loop. Owns connections, requests and stream
 * sockets; knows no resources. Every byte of a head is read by head.h, in clear and over TLS.
 */
#ifndef MLTOP_SERVE_SERVER_H
#define MLTOP_SERVE_SERVER_H

#include "base/err.h"
#include "serve/asks.h"
#include "serve/request.h"

#include <stdbool.h>

struct server;
struct hub;
struct platform;

struct server_config {
	struct uv_loop_s *loop;    /* uv_loop_t, of uv.h */
	struct platform *platform; /* what `asks` is called with, and requests carry */
	const struct server_asks *asks;
	const struct route *routes;     /* ended by pattern NULL; kept, not copied */
	const char *address;            /* "127.0.0.1" */
	int port;                       /* 0: pick one */
	const char *tls_cert, *tls_key; /* NULL: clear */
	const char *prefix;             /* path prefix that endpoints may carry, "" none */
	const char *const
		*origins; /* allowed Origin values of websockets, NULL-ended; may be NULL */
	/* Networks and "unix": who may say for whom it asks. NULL-ended; may be NULL. */
	const char *const *proxies;
	const char
		*spool_dir; /* where uploads are kept while they come: a folder of its own owner */
	const char *unix_path; /* of a socket to listen on as well; "" or NULL: none */
};

bool server_open(struct server **out, const struct server_config *config, struct err *e);
int server_port(const struct server *s);
struct hub *server_hub(struct server *s);
/* How many viewers (stream sockets) there are: the private daemon stays while one looks. */
int server_viewers(const struct server *s);
/* Stops accepting, lets running answers leave (at most `grace_ms`), then frees itself and calls done. */
void server_close(struct server *s, int grace_ms, void (*done)(void *ctx), void *ctx);

/* ---- What the platform tells its streams ---- */

/*
 * Row `uid` of kind k changed or is new (its text may have moved), or is gone. To be told of each change:
 * what a row is sent as is kept until then.
 */
void hub_changed(struct hub *h, const struct kind *k, const char *uid);
void hub_gone(struct hub *h, const struct kind *k, const char *uid);
void hub_log_grew(struct hub *h, const char *uid, const char *task, int attempt);
/* An attempt's log is whole, or a new attempt began. */
void hub_log_ended(struct hub *h, const char *uid, const char *task, int attempt);
void hub_key_disabled(struct hub *h, const char *access_key); /* its sockets close within 1 s */

#endif
