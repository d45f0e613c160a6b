/*
 * What ws.c (its life, what is told), ws_conn.c (the connection: curl's, its socket watched by us)
 * and ws_frames.c (messages, by wslay) share.
 */
#ifndef MLTOP_IO_WS_INSIDE_H
#define MLTOP_IO_WS_INSIDE_H

#include "base/buf.h"
#include "io/multi.h"
#include "io/ws.h"
#include "io/ws_upgrade.h"

#include <uv.h>
#include <wslay/wslay.h>

enum {
	WS_READ_SIZE = 128 * 1024, /* bytes asked of the socket at once */
	WS_TURN_MAX = 256 * 1024,  /* bytes taken in a turn of the loop: others have their turn */
	WS_WRITE_SIZE = 16 * 1024, /* bytes framed ahead of the socket */
};

enum conn_phase { CONN_DIALING, CONN_UPGRADING, CONN_OPEN, CONN_OVER };

/*
 * One connection. An event may end it while its own code is running, and libuv lets go of its
 * handle a turn later: its memory stays until the last of them has.
 */
struct ws_conn {
	struct ws *ws; /* not to be touched once it is over */
	int holds;
	enum conn_phase phase;
	CURL *easy;
	struct curl_slist *addresses;
	char error[CURL_ERROR_SIZE];
	char *site; /* "http://host:port", for sentences */
	uv_poll_t poll;
	int watched;  /* UV_READABLE | UV_WRITABLE, as asked for */
	bool hung_up; /* the socket has no more to give or take */
	char key[WS_KEY_SIZE];

	char *in; /* WS_READ_SIZE; read and not yet taken: in_at to in_len */
	size_t in_at, in_len;
	size_t turn;    /* bytes read in this turn */
	struct buf out; /* made for the socket; from out_at on it has not gone */
	size_t out_at;

	wslay_event_context_ptr frames;
	struct buf message;   /* as far as it has come */
	bool binary, control; /* the message; the frame at hand */
	int pings;            /* since all answers had gone */
};

struct ws {
	uv_loop_t *loop;
	struct loop_gate gate;
	struct ws_config config; /* texts are its own */
	struct ws_events events;
	struct multi *multi; /* from the first connection on */
	struct ws_conn *now;
	/* What is due: telling a failure; else, by the phase of the connection, the end of its time
	 * or its next turn. */
	struct loop_timer *due;
	struct err failure;
	int failure_status;
	void (*done)(void *ctx);
	void *done_ctx;
};

/* ws.c: the connection is over; `closed` is told on a later turn. */
void ws_failed(struct ws *w, int status, const struct err *why);

/* ws_conn.c */
void conn_dial(struct ws *w, const struct ws_target *t);
void conn_due(struct ws_conn *c);
/* Lets go of curl and the socket at once, and of the memory when it can. */
void conn_end(struct ws_conn *c);
/* Reads more into `in`, which is empty; false: nothing for now, or ever (hung_up). */
bool conn_read(struct ws_conn *c);
/* Writes `out`; false: some is left, and it goes on when the socket takes more. */
bool conn_write(struct ws_conn *c);

/* ws_frames.c */
void frames_open(struct ws_conn *c);
void frames_turn(struct ws_conn *c); /* takes what has come and sends what is queued */
void frames_bye(struct ws_conn *c);  /* a close frame, if it can go at once */

#endif
