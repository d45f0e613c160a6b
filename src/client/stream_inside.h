/*
 * What the parts of the stream share: stream.c (the link: connecting, backing off, pings),
 * stream_frames.c (what comes) and stream_subs.c (what is asked for).
 */
#ifndef MLTOP_CLIENT_STREAM_INSIDE_H
#define MLTOP_CLIENT_STREAM_INSIDE_H

#include "client/stream.h"

#include "base/buf.h"
#include "client/url.h"
#include "io/loop.h"
#include "io/ws.h"

enum {
	STREAM_PING_MS = 10 * 1000,
	STREAM_DEAD_MS = 25 * 1000,
	STREAM_STEADY_MS = 10 * 1000, /* a link that lived so long starts the backoff anew */
	STREAM_CREDIT_STEP = WIRE_CREDIT / 4, /* credit is granted in steps of at least this */
};

/* One subscription. It outlives links: `next` and `credit` say where it goes on. */
struct sub {
	struct sub *following;
	uint32_t id;
	bool log;
	bool fresh;  /* asked for on this link, nothing has come yet */
	bool before; /* something came on an earlier link */
	/* rows */
	char *kind, *org, *fields, *filter;
	uint64_t version; /* the last that came; 0: none */
	/* log */
	char *job, *task;     /* job: the uid once it is known */
	int64_t attempt;      /* 0: the newest, until the log frame says which */
	int64_t offset, tail; /* as asked for at first */
	bool started;         /* `next` and `generation` hold */
	bool final;           /* its end frame came: never asked for again */
	uint64_t next;
	uint32_t generation;
	int64_t window; /* bytes delivered that the owner has not stored yet */
	int64_t owed;   /* bytes stored that the platform has not been told of */
};

struct stream {
	struct loop_gate gate;
	struct context context; /* a copy of what is needed */
	struct url url;
	struct err url_err; /* why the context's URL is of no use */
	struct stream_events events;
	struct ws *ws;
	struct sub *subs;
	struct loop_timer *connect, *ping;
	bool refused; /* the key is none: only stream_retry_now tries again */
	bool live, closing;
	int failures;
	int64_t live_since, last_heard,
		ping_sent;           /* monotonic ms; ping_sent 0: none is on its way */
	int64_t ping_next, ping_due; /* ping_due: when its timer is to fire */
	int64_t rtt_ms;
	uint32_t ping_id;
	int64_t ping_ms, dead_ms; /* the limits above; tests make them short */
	void (*done)(void *ctx);
	void *done_ctx;
};

/* stream.c */
void stream_send(struct stream *s, json_t *frame); /* consumes it; nothing when not live */
/* The link is of no use any more: drops it, tells why, and connects anew after a while. */
void stream_cut(struct stream *s, const struct err *why);
void stream_pong(struct stream *s, uint32_t id);

/* stream_subs.c */
struct sub *sub_find(const struct stream *s, uint32_t id);
void sub_ask(struct stream *s, struct sub *sub);
void sub_remove(struct stream *s, uint32_t id);

/* stream_frames.c */
void stream_frame(struct stream *s, bool binary, const char *bytes, size_t len);

#endif
