#include "client/stream_inside.h"

#include "base/mem.h"
#include "base/timefmt.h"
#include "client/backoff.h"
#include "client/credentials.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

/* ---- Telling ---- */

static void tell(struct stream *s, enum stream_link link, const struct err *why)
{
	if (!s->closing && s->events.link)
		s->events.link(s->events.ctx, link, s->rtt_ms, why);
}

/* No link: told, and tried again after a while that grows with each failure. */
static void gone(struct stream *s, const struct err *why)
{
	int64_t wait;

	if (s->live && time_mono_ms() - s->live_since >= STREAM_STEADY_MS)
		s->failures = 0;
	s->live = false;
	s->rtt_ms = -1;
	loop_timer_stop(s->ping);
	wait = backoff_ms(s->failures++);
	/* Who is refused for what he is will be refused again: ask seldom, a wrong key never. */
	if (why->code == ERR_FORBIDDEN || why->code == ERR_NOT_FOUND)
		wait = BACKOFF_MAX_MS;
	s->refused = why->code == ERR_UNAUTHORIZED;
	if (!s->refused)
		loop_timer_start(s->connect, wait);
	tell(s, STREAM_GONE, why);
}

void stream_cut(struct stream *s, const struct err *why)
{
	if (s->closing)
		return;
	ws_drop(s->ws);
	gone(s, why);
}

void stream_send(struct stream *s, json_t *frame)
{
	char *text = s->live ? json_dumps(frame, JSON_COMPACT) : NULL;

	if (text)
		ws_send(s->ws, text, strlen(text));
	free(text);
	json_decref(frame);
}

/* ---- Pings ---- */

static void send_ping(struct stream *s, int64_t now)
{
	s->ping_sent = now;
	s->ping_next = now + s->ping_ms;
	stream_send(s, json_pack("{s:s, s:I}", "t", "ping", "id", (json_int_t)++s->ping_id));
}

void stream_pong(struct stream *s, uint32_t id)
{
	if (s->ping_sent == 0 || id != s->ping_id)
		return;
	s->rtt_ms = time_mono_ms() - s->ping_sent;
	s->ping_sent = 0;
	tell(s, STREAM_LIVE, NULL);
}

static void wait_ping(struct stream *s, int64_t due)
{
	s->ping_due = due;
	loop_timer_start(s->ping, due - time_mono_ms());
}

/*
 * One timer for both: the next ping, and the moment when silence means death. Time in which we
 * could not listen is no silence: who reads our output may have held us up.
 */
static void on_ping(void *ctx)
{
	struct stream *s = ctx;
	int64_t now = time_mono_ms(), dead;
	struct err e = ERR_INIT;

	if (s->closing || !s->live)
		return;
	s->last_heard += now - s->ping_due;
	dead = s->last_heard + s->dead_ms;
	if (now >= dead) {
		err_set(&e, ERR_UNAVAILABLE, "the platform gave no sign of life for %d s",
			(int)(s->dead_ms / 1000));
		stream_cut(s, &e);
		return;
	}
	if (now >= s->ping_next)
		send_ping(s, now);
	wait_ping(s, s->ping_next < dead ? s->ping_next : dead);
}

/* ---- Connecting ---- */

static void on_open(void *ctx)
{
	struct stream *s = ctx;

	s->live = true;
	s->live_since = s->last_heard = time_mono_ms();
	for (struct sub *sub = s->subs; sub; sub = sub->following)
		sub_ask(s, sub);
	send_ping(s, s->live_since);
	wait_ping(s, s->ping_next);
	tell(s, STREAM_LIVE, NULL);
}

static void on_message(void *ctx, bool binary, const char *bytes, size_t len)
{
	struct stream *s = ctx;

	if (!s->closing)
		stream_frame(s, binary, bytes, len);
}

static void on_closed(void *ctx, int status, const struct err *why)
{
	struct stream *s = ctx;

	(void)status;
	if (!s->closing)
		gone(s, why);
}

static void connect_now(struct stream *s)
{
	struct signed_request r = {0};
	struct err e = ERR_INIT;
	struct ws_target t = {.tls = s->url.tls, .authority = s->url.authority};

	if (!credentials_sign(&r, &s->context, &s->url, "GET", WIRE_PATH, NULL, NULL, NULL, 0,
		    time_now_ms(), &e)) {
		gone(s, &e);
		return;
	}
	t.path = r.target;
	/* The first header is Host, which the socket sends itself. */
	t.headers = (const char *const *)r.headers + 1;
	ws_connect(s->ws, &t);
	signed_request_release(&r);
}

static void on_connect(void *ctx)
{
	struct stream *s = ctx;

	if (s->closing || s->live)
		return;
	tell(s, STREAM_CONNECTING, NULL);
	if (s->closing)
		return;
	if (s->url_err.code != ERR_NONE)
		gone(s, &s->url_err);
	else
		connect_now(s);
}

/* ---- Public ---- */

struct stream *stream_new(uv_loop_t *loop, const struct context *c, const struct stream_events *ev)
{
	struct stream *s = mem_alloc(sizeof *s);
	struct ws_config config = {.ca_file = c->ca_file,
		.protocol = WIRE_PROTOCOL,
		.message_max = WIRE_TEXT_MAX};
	struct ws_events events = {s, on_open, on_message, on_closed};

	s->events = *ev;
	s->rtt_ms = -1;
	s->ping_ms = STREAM_PING_MS;
	s->dead_ms = STREAM_DEAD_MS;
	s->context.access_key = mem_strdup(c->access_key);
	s->context.secret_key = mem_strdup(c->secret_key);
	s->context.url = mem_strdup(c->url ? c->url : "");
	url_parse(&s->url, s->context.url, &s->url_err);
	config.direct = url_is_loopback(&s->url);
	s->ws = ws_new(loop, &config, &events);
	s->connect = loop_timer_new(loop, &s->gate, on_connect, s);
	s->ping = loop_timer_new(loop, &s->gate, on_ping, s);
	loop_timer_start(s->connect, 0);
	return s;
}

void stream_retry_now(struct stream *s)
{
	if (s->closing || s->live || !(loop_timer_active(s->connect) || s->refused))
		return;
	s->refused = false;
	s->failures = 0;
	loop_timer_start(s->connect, 0);
}

static void on_empty(void *ctx)
{
	struct stream *s = ctx;
	void (*done)(void *) = s->done;
	void *done_ctx = s->done_ctx;

	while (s->subs)
		sub_remove(s, s->subs->id);
	context_release(&s->context);
	free(s);
	if (done)
		done(done_ctx);
}

static void on_ws_freed(void *ctx)
{
	struct stream *s = ctx;

	loop_gate_leave(&s->gate);
	loop_gate_shut(&s->gate, on_empty, s);
}

void stream_free(struct stream *s, void (*done)(void *ctx), void *ctx)
{
	s->closing = true;
	s->live = false;
	s->done = done;
	s->done_ctx = ctx;
	loop_timer_free(s->connect);
	loop_timer_free(s->ping);
	s->connect = s->ping = NULL;
	loop_gate_enter(&s->gate);
	ws_free(s->ws, on_ws_freed, s);
}
