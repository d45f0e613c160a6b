/*
 * The HTTP and websocket server: libwebsockets 4.1.6 on the daemon's libuv loop, with every guard
 * of server.md section 2. Owns connections, requests and stream sockets; knows no resources.
 */
#ifndef SERVE_SERVER_H
#define SERVE_SERVER_H

#include "base/err.h"

#include <stdbool.h>
#include <uv.h>

struct server;
struct hub;
struct platform;

struct server_config {
	uv_loop_t *loop;
	struct platform *platform;
	const char *address;            /* "127.0.0.1" */
	int port;                       /* 0: pick one */
	const char *tls_cert, *tls_key; /* NULL: clear */
	const char *prefix;             /* path prefix that endpoints may carry, "" none */
	const char *const
		*origins; /* allowed Origin values of websockets, NULL-ended; may be NULL */
};

bool server_open(struct server **out, const struct server_config *config, struct err *e);
int server_port(const struct server *s);
struct hub *server_hub(struct server *s);
/* How many viewers (stream sockets) there are: the private daemon stays while one looks. */
int server_viewers(const struct server *s);
/* Stops accepting, lets running answers leave (at most `grace_ms`), then frees itself and calls done. */
void server_close(struct server *s, int grace_ms, void (*done)(void *ctx), void *ctx);

#endif
