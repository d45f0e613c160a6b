/*
 * A stream in a test, all that has come out of it, and the platform it speaks to: each test says
 * how that answers a frame.
 */
#ifndef MLTOP_TESTS_UNIT_CLIENT_STREAM_KIT_H
#define MLTOP_TESTS_UNIT_CLIENT_STREAM_KIT_H

#include "client/stream.h"

#include "client/stream_inside.h"
#include "unit/io_ws_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <uv.h>

static uv_loop_t loop;
static struct server server;
static struct buf head = BUF_INIT, message = BUF_INIT;
static struct stream *stream;

/* What the platform was asked and how it answers. */
static struct {
	void (*on_frame)(struct peer *p, const struct wire_frame *f);
	const char *refuse; /* status line instead of the upgrade */
	int subs, credits, unsubs, pings;
	struct wire_frame last; /* the newest "sub"; its texts hold until the next */
	int64_t credit;         /* granted by credit frames */
	bool mute;
} platform;

/* What came out of the stream. */
static struct {
	bool live, gone, synced, final, error, freed, bytes, reset, rtt;
	int lives, gones, rows, uids, syncs, resets, states, gaps;
	char order[256]; /* r rows, g gone, s synced, R reset */
	struct err why;
	struct buf log;
	uint64_t first, next, lost;
	struct stream_log_state state;
	char task[64], end[64];
	bool retry, no_credit;
	void (*on_rows)(void);
} seen;

static inline void note(char c)
{
	size_t n = strlen(seen.order);

	if (n + 1 < sizeof seen.order)
		seen.order[n] = c, seen.order[n + 1] = '\0';
}

static inline void on_link(void *ctx, enum stream_link link, int64_t rtt_ms, const struct err *why)
{
	(void)ctx;
	if (link == STREAM_LIVE) {
		seen.live = true;
		seen.lives++;
		seen.rtt |= rtt_ms >= 0;
	}
	if (link == STREAM_GONE) {
		seen.gone = true;
		seen.gones++;
		seen.why = *why;
		if (seen.retry)
			stream_retry_now(stream);
	}
}

static inline void on_rows(void *ctx, uint32_t sub, const json_t *rows)
{
	(void)ctx, (void)sub;
	note('r');
	seen.rows += (int)json_array_size(rows);
	if (seen.on_rows)
		seen.on_rows();
}

static inline void on_gone(void *ctx, uint32_t sub, const json_t *uids)
{
	(void)ctx, (void)sub;
	note('g');
	seen.uids += (int)json_array_size(uids);
}

static inline void on_synced(void *ctx, uint32_t sub)
{
	(void)ctx, (void)sub;
	note('s');
	seen.synced = true;
	seen.syncs++;
}

static inline void on_reset(void *ctx, uint32_t sub)
{
	(void)ctx, (void)sub;
	note('R');
	seen.reset = true;
	seen.resets++;
	buf_reset(&seen.log);
	seen.first = seen.next = 0;
}

static inline void on_bytes(void *ctx, uint32_t sub, uint64_t offset, const void *bytes, size_t len)
{
	(void)ctx;
	if (seen.log.len == 0 && seen.lost == 0)
		seen.first = seen.next = offset;
	assert_int_equal(offset, seen.next);
	seen.next += len;
	buf_add(&seen.log, bytes, len);
	seen.bytes = true;
	if (!seen.no_credit)
		stream_credit(stream, sub, len);
}

static inline void on_log_gap(void *ctx, uint32_t sub, uint64_t offset, uint64_t lost)
{
	(void)ctx, (void)sub;
	assert_int_equal(offset, seen.next);
	seen.next += lost;
	seen.lost += lost;
	seen.gaps++;
}

static inline void on_log_state(void *ctx, uint32_t sub, const struct stream_log_state *s)
{
	(void)ctx, (void)sub;
	seen.state = *s;
	snprintf(seen.task, sizeof seen.task, "%s/%s", s->uid, s->task);
	snprintf(seen.end, sizeof seen.end, "%s", s->state);
	seen.states++;
	seen.final |= s->final;
}

static inline void on_sub_error(void *ctx, uint32_t sub, const struct err *e)
{
	(void)ctx, (void)sub;
	seen.why = *e;
	seen.error = true;
}

static inline void on_freed(void *ctx)
{
	*(bool *)ctx = true;
}

/* ---- The platform ---- */

static inline void count_frame(const struct wire_frame *f)
{
	if (f->type == WIRE_SUB)
		platform.subs++;
	else if (f->type == WIRE_UNSUB)
		platform.unsubs++;
	else if (f->type == WIRE_PING)
		platform.pings++;
	else if (f->type == WIRE_CREDIT_MORE)
		platform.credits++, platform.credit += f->credit;
}

static inline void take_frame(struct peer *p, const char *text, size_t len)
{
	struct wire_frame f = {0};
	char pong[64];

	if (!wire_frame_decode(&f, text, len, NULL))
		fail_msg("the client sent %.*s", (int)len, text);
	count_frame(&f);
	if (f.type == WIRE_PING && !platform.mute) {
		snprintf(pong, sizeof pong, "{\"t\":\"pong\",\"id\":%u}", f.id);
		ws_text(p, pong);
	}
	if (platform.on_frame)
		platform.on_frame(p, &f);
	if (f.type == WIRE_SUB) {
		wire_frame_release(&platform.last);
		platform.last = f;
	} else {
		wire_frame_release(&f);
	}
}

static inline void serve(struct peer *p)
{
	int opcode;

	if (p->stage == 0) {
		if (!peer_head(p, &head))
			return;
		if (platform.refuse) {
			peer_text(p, platform.refuse);
			return;
		}
		p->stage = 1;
		ws_accept(p, &head);
	}
	while (!p->closed && ws_take(p, &opcode, &message))
		if (opcode == WS_TEXT)
			take_frame(p, message.data, message.len);
}

static inline void say(struct peer *p, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static inline void say(struct peer *p, const char *format, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, format);
	buf_vaddf(&text, format, ap);
	va_end(ap);
	ws_frame(p, WS_TEXT, true, text.data, text.len);
	buf_release(&text);
}

static inline void send_bytes(struct peer *p, uint32_t sub, uint32_t generation, uint64_t offset,
	const char *bytes, size_t len, bool damaged)
{
	struct wire_log log = {sub, generation, offset, (uint32_t)len, bytes};
	struct buf frame = BUF_INIT;
	char header[WIRE_LOG_HEADER];

	wire_log_header(header, &log);
	if (damaged)
		header[20] ^= 1;
	buf_add(&frame, header, sizeof header);
	buf_add(&frame, bytes, len);
	ws_frame(p, WS_BINARY, true, frame.data, frame.len);
	buf_release(&frame);
}

static const char *host = "127.0.0.1";

static const struct stream_events events = {
	.link = on_link,
	.rows = on_rows,
	.gone = on_gone,
	.synced = on_synced,
	.reset = on_reset,
	.log_bytes = on_bytes,
	.log_gap = on_log_gap,
	.log_state = on_log_state,
	.sub_error = on_sub_error,
};

static inline void begin(void (*on_frame)(struct peer *, const struct wire_frame *))
{
	struct context c = {.access_key = (char *)"AK", .secret_key = (char *)"SK"};
	char url[128];

	memset(&platform, 0, sizeof platform);
	memset(&seen, 0, sizeof seen);
	buf_init(&seen.log, 0);
	platform.on_frame = on_frame;
	uv_loop_init(&loop);
	server_open(&server, &loop, serve, NULL);
	snprintf(url, sizeof url, "http://%s:%d/pre", host, server.port);
	c.url = url;
	stream = stream_new(&loop, &c, &events);
}

static inline void end_loop(void)
{
	server_close(&server);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	buf_release(&seen.log);
	wire_frame_release(&platform.last);
}

static inline void finish(void)
{
	stream_free(stream, on_freed, &seen.freed);
	assert_true(loop_until(&loop, &seen.freed));
	end_loop();
}

static inline bool until(bool *flag)
{
	bool ok = loop_until(&loop, flag);

	*flag = false;
	return ok;
}

static inline int release(void **state)
{
	(void)state;
	buf_release(&head);
	buf_release(&message);
	return 0;
}

#endif
