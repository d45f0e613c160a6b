/*
 * One websocket of the stream (core/wire/wire.h): its subscriptions, and frames made on demand. At most
 * one frame is in the socket's hands; nothing is made while the socket is choked, so what a slow
 * client costs is its owed bits. Private to the server; everything on the loop thread.
 */
#ifndef MLTOP_SERVE_STREAM_H
#define MLTOP_SERVE_STREAM_H

#include "base/buf.h"
#include "base/vec.h"
#include "core/wire/wire.h"
#include "serve/hub.h"
#include "serve/request.h"
#include "serve/ws.h"

struct conn;
struct exchange;

enum {
	STREAM_BATCH_MS = 50, /* a row goes out at most this often */
	STREAM_TICK_MS = 1000,
	STREAM_PING_MS = 30 * 1000, /* of silence: it is asked whether it lives, and is dead ... */
	STREAM_DEAD_MS = 45 * 1000, /* ... after so much */
	STREAM_FILTER_MS = 5000,    /* filters that depend on the time are looked at again */
	STREAM_QUEUE_MAX = 256 * 1024, /* bytes of small frames not yet taken */
	STREAM_FRAME_AIM = 64 * 1024,  /* a row frame is closed once it has this many bytes */
	STREAM_CREDIT_MAX = 64 * 1024 * 1024,
	STREAM_UNREAD_MS =
		10000, /* a log that cannot be read is tried so long, then its viewer told */
};

struct log_sub {
	struct stream *stream;
	struct log_sub *next_of_uid; /* the hub's list */
	uint32_t id;
	const struct kind *kind; /* of what runs, and its uid: */
	char *org, *uid, *task;
	int attempt;               /* 0 until it is known */
	bool begun;                /* the "log" frame has been queued */
	struct log_cursor *cursor; /* NULL until there is such an attempt */
	bool idle;                 /* nothing to read until the log grows or an answer has come */
	bool ending;               /* all is sent; the task's row does not say so yet */
	uint32_t generation;       /* asked for until begun; then the log's */
	int64_t from, tail;        /* as asked for */
	uint64_t offset;           /* next byte to send */
	int64_t unread;            /* monotonic ms since which it cannot be read; 0: it can */
	int64_t credit;
};

struct queued {
	char *text;
	size_t len;
};

struct stream {
	struct conn *conn;
	struct hub *hub;
	struct stream *before, *next;
	struct principal who;
	struct arena text; /* of who */
	struct ws_reader reader;
	VEC(struct row_sub *) rows;
	VEC(struct log_sub *) logs;
	VEC(struct queued) queue; /* small frames; queue[queue_head] is next */
	size_t queue_head, queue_bytes;
	size_t next_row, next_log; /* whose turn it is */
	bool logs_turn;
	bool close_sent;
	int64_t heard_at, pinged_at; /* monotonic ms */
	int close_code;              /* 0: open */
	char close_why[96];
	int64_t closing_since;
	int64_t rest_until;   /* monotonic ms: its key has no steps for rows before */
	unsigned char *frame; /* WS_ROOM, then room for a log frame; NULL: none was sent yet */
};

/* A request to upgrade: answered, or c->stream is set and the exchange gone. -1: to be closed. */
int stream_asked(struct conn *c, struct exchange *x);
int stream_receive(struct stream *st, const char *data, size_t len);
void stream_writeable(struct stream *st);
void stream_free(struct stream *st);

/* ---- stream_send.c ---- */

void stream_wake(struct stream *st);
/* Closes with a code of RFC 6455 section 7.4 as soon as the socket allows, by force a second later. */
void stream_close(struct stream *st, int code, const char *why);
void stream_tick(struct stream *st, int64_t mono, int64_t now);

/* A JSON frame to be sent before anything else; consumes `frame`. */
void stream_queue(struct stream *st, json_t *frame);
void stream_error(struct stream *st, uint32_t id, const struct err *e);
/* Writes a frame; WS_ROOM bytes before `data` are for its header. */
void stream_write(struct stream *st, void *data, size_t len, bool text);

void stream_control(struct stream *st, enum ws_opcode opcode, const void *data, size_t len);
/* The frame that has waited longest: there must be one. */
void stream_write_queued(struct stream *st);
/* The close frame; once it has left, nothing is said any more. */
void stream_write_close(struct stream *st);

/* stream_rows.c */
void stream_rows_subscribe(struct stream *st, const struct wire_frame *f);
bool stream_rows_pending(const struct stream *st, int64_t mono);
/* One frame at most; *wrote: there was one. */
void stream_rows_write(struct stream *st, int64_t mono, bool *wrote);
void row_sub_drop(struct stream *st, size_t at);

/* stream_logs.c */
void stream_logs_subscribe(struct stream *st, const struct wire_frame *f);
void stream_logs_credit(struct stream *st, const struct wire_frame *f);
bool stream_logs_pending(const struct stream *st);
/* As stream_rows_write. */
void stream_logs_write(struct stream *st, bool *wrote);
void log_sub_drop(struct stream *st, size_t at);

#endif
