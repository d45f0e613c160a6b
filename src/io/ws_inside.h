/* What ws.c (setting up, sending, the end) and ws_conn.c (what happens on a connection) share. */
#ifndef MLTOP_IO_WS_INSIDE_H
#define MLTOP_IO_WS_INSIDE_H

#include "base/buf.h"
#include "io/loop.h"
#include "io/ws.h"

#include <libwebsockets.h>

enum { WS_RX_SIZE = 128 * 1024 };

/* One message that waits to be sent; LWS_PRE bytes stand before its text. */
struct outgoing {
	struct outgoing *next;
	size_t len;
	unsigned char bytes[];
};

/*
 * One attempt to connect and what comes of it. It lives until libwebsockets has let go of it, which
 * may be after the next one began: `ws` is NULL once it was dropped, and then it is silent.
 */
struct conn {
	struct conn *next;
	struct ws *ws;
	struct lws *wsi;
	bool open, ended;
	long verify; /* X509_V_ERR_* of the failed check */
	char *site, *host;
	char *headers; /* "name: value\r\n"... */
	struct buf message;
	struct outgoing *out, **out_end;
	size_t queued;
};

struct ws {
	uv_loop_t *loop;
	struct loop_gate gate;
	struct ws_config config;
	struct ws_events events;
	char *ca_file, *protocol;
	struct lws_protocols protocols[2];
	struct lws_context *context;
	struct conn *now, *all;
	struct loop_timer *later;
	struct err failure; /* told by `later` */
	int failure_status;
	bool closing, destroying;
	void (*done)(void *ctx);
	void *done_ctx;
};

/* ws_conn.c */
void conn_clear_queue(struct conn *c);
void conn_forget(struct ws *w, struct conn *c);
/* Tells the owner, on a turn of the loop of its own: it may connect anew or free everything. */
void conn_failed(struct conn *c, int status, const struct err *why);
void conn_closed(struct conn *c);
int conn_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len);

#endif
