/*
 * The websocket to a platform: row subscriptions and logs on one socket (core/wire/wire.h), with
 * reconnects (backoff random(0, min(30 s, 0.5 s * 2^n))), ping every 10 s, dead after 25 s, and
 * resume: rows by a new snapshot, logs exactly at the next offset. Loop thread only.
 */
#ifndef MLTOP_CLIENT_STREAM_H
#define MLTOP_CLIENT_STREAM_H

#include "client/context.h"
#include "core/wire/wire.h"

struct stream;
struct uv_loop_s; /* uv_loop_t, of uv.h */

enum stream_link { STREAM_CONNECTING, STREAM_LIVE, STREAM_GONE };

struct stream_log_state {
	const char *uid, *task;
	int64_t attempt;
	uint64_t oldest, newest;
	bool final;
	const char *state; /* of the end frame */
	int64_t exit_code, signal;
};

/*
 * `link` comes with every change, and with every round trip measured (LIVE again, rtt_ms; -1 while
 * unknown); `why` only with GONE: after ERR_UNAUTHORIZED only stream_retry_now tries again, after
 * ERR_FORBIDDEN and ERR_NOT_FOUND (a platform without streams) it is tried every 30 s at most. `reset` tells of rows: forget all,
 * a new snapshot follows (also the first thing after a cut); and of a log: its stored bytes are not
 * those of the platform any more (a power loss took some), bytes start anew where log_state says
 * and as the next log_bytes has it. Events may open and close subscriptions and free the stream.
 */
struct stream_events {
	void *ctx;
	void (*link)(void *ctx, enum stream_link link, int64_t rtt_ms, const struct err *why);
	void (*rows)(void *ctx, uint32_t sub, const json_t *rows);
	void (*gone)(void *ctx, uint32_t sub, const json_t *uids);
	void (*synced)(void *ctx, uint32_t sub);
	void (*reset)(void *ctx, uint32_t sub);
	/* Bytes that join exactly; checked by offset and crc. */
	void (*log_bytes)(void *ctx, uint32_t sub, uint64_t offset, const void *bytes, size_t len);
	void (*log_gap)(void *ctx, uint32_t sub, uint64_t offset, uint64_t lost);
	void (*log_state)(void *ctx, uint32_t sub, const struct stream_log_state *s);
	void (*sub_error)(void *ctx, uint32_t sub, const struct err *e);
};

struct stream *stream_new(struct uv_loop_s *loop, const struct context *c,
	const struct stream_events *ev);
/* No event comes any more; `done` (may be NULL) when the loop holds nothing of it. */
void stream_free(struct stream *s, void (*done)(void *ctx), void *ctx);
/* Ids are the caller's, > 0 and unique among the open ones. Kept and asked for again after a cut. */
void stream_rows(struct stream *s, uint32_t sub, const char *kind, const char *org,
	const char *fields, const char *filter);
/* `org` as for rows, without "-1"; offset -1: start `tail` bytes before the end. */
void stream_log(struct stream *s, uint32_t sub, const char *org, const char *job, const char *task,
	int64_t attempt, int64_t offset, int64_t tail);
void stream_close(struct stream *s, uint32_t sub);
/* Bytes stored, so that more may come. */
void stream_credit(struct stream *s, uint32_t sub, size_t bytes);
void stream_retry_now(struct stream *s);

#endif
