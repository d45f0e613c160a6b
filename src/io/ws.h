/*
 * A websocket client (RFC 6455) on a uv loop: one connection at a time, whole messages in and out.
 * Knows nothing of the platform. Loop thread only. libcurl makes the connection (io/dial.h: names,
 * addresses, TLS, proxies) and is set up by the first; wslay frames what goes over it.
 *
 * Pings are answered here. UTF-8 of text messages is checked.
 */
#ifndef MLTOP_IO_WS_H
#define MLTOP_IO_WS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum {
	WS_HEADER_MS = 5000, /* from the connection to the whole header of its 101 */
	WS_PONGS_MAX = 64,   /* pings of a peer that does not take our answers */
};

struct ws;
struct uv_loop_s; /* uv_loop_t, of uv.h */

struct ws_config {
	const char *ca_file;  /* NULL: the system's authorities */
	bool direct;          /* no proxy, whatever the environment says: loopback */
	const char *protocol; /* the subprotocol, asked for and insisted on */
	size_t message_max;   /* bytes; a longer message ends the connection */
	/* For tests. 0: the limits above; NULL: the host is looked up. */
	int connect_ms, header_ms;
	const char *addresses; /* "ADDRESS,ADDRESS" */
};

/* Copied by ws_connect. */
struct ws_target {
	bool tls;
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

struct ws *ws_new(struct uv_loop_s *loop, const struct ws_config *config,
	const struct ws_events *events);
/* `done` (may be NULL) when the loop holds nothing of it. May be called from within an event. */
void ws_free(struct ws *w, void (*done)(void *ctx), void *ctx);
/* A connection that is there is dropped first. */
void ws_connect(struct ws *w, const struct ws_target *t);
/* Ends the connection at once, without `closed`; what is queued is not sent. */
void ws_drop(struct ws *w);
/* Queues a text message (copied); nothing happens without an open connection. */
void ws_send(struct ws *w, const char *text, size_t len);
size_t ws_queued(const struct ws *w); /* bytes not yet given to the socket */

#endif
