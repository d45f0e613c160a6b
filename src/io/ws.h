/*
 * A websocket client (RFC 6455) over libwebsockets on a uv loop: one connection at a time, whole
 * messages in and out. Knows nothing of the platform. Loop thread only; libwebsockets is set up by
 * the first connection. It is always direct: proxies of the environment are for http.h.
 *
 * TLS 1.2 or newer; certificate and host are verified, and a failed check is named.
 */
#ifndef MLTOP_IO_WS_H
#define MLTOP_IO_WS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

enum { WS_CONNECT_S = 3, WS_HEADER_S = 5 }; /* to the connection; from then to its 101 */

struct ws;

struct ws_config {
	bool tls;
	const char *ca_file;  /* NULL: the system's authorities */
	const char *protocol; /* the subprotocol, asked for and insisted on */
	size_t message_max;   /* bytes; a longer message ends the connection */
};

/* Copied by ws_connect. */
struct ws_target {
	const char
		*address; /* IP address as text: resolving is the caller's (getaddrinfo blocks) */
	int port;
	const char *host;      /* the name, for TLS */
	const char *authority; /* the Host header: "host:port" */
	const char *path;
	const char *const *headers; /* further ones, "name: value", NULL-ended */
};

/* None is called from within ws_connect, ws_send, ws_drop or ws_free. */
struct ws_events {
	void *ctx;
	void (*open)(void *ctx);
	void (*message)(void *ctx, bool binary, const char *bytes, size_t len); /* borrowed */
	/* Once per ws_connect that was not dropped; `status` is the HTTP status of a refused upgrade, else 0. */
	void (*closed)(void *ctx, int status, const struct err *why);
};

struct ws *ws_new(uv_loop_t *loop, const struct ws_config *config, const struct ws_events *events);
/* `done` (may be NULL) when the loop holds nothing of it. May be called from within an event. */
void ws_free(struct ws *w, void (*done)(void *ctx), void *ctx);
/* A connection that is there is dropped first. */
void ws_connect(struct ws *w, const struct ws_target *t);
/* Ends the connection at once, without `closed`. */
void ws_drop(struct ws *w);
/* Queues a text message (copied); nothing happens without an open connection. */
void ws_send(struct ws *w, const char *text, size_t len);
size_t ws_queued(const struct ws *w); /* bytes not yet given to the socket */

#endif
