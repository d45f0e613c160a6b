/*
 * What connections carry: what comes in goes to http_advance or, after an upgrade, to the stream;
 * and how long each phase may take.
 */
#include "serve/http.h"

#include "base/timefmt.h"
#include "serve/stream.h"

#include <poll.h>

enum { STREAM_DRAIN_MAX = 1 << 20 };

/* ---- Time ---- */

static bool peer_gone(const struct conn *c)
{
	struct pollfd p = {.fd = c->fd, .events = POLLRDHUP};

	return poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

/* An answer without end is no way around a key that was disabled or has expired. */
static bool key_ended(const struct conn *c)
{
	const struct exchange *x = c->exchange;

	return x != NULL && x->claimed && x->reply.streaming &&
		!auth_still_good(c->server, x->r.who.access_key, time_now_ms());
}

/* While an answer is due the socket is not read, so that the client's leaving is looked for. */
static void look_at_answer(struct conn *c, int64_t now)
{
	if (peer_gone(c) || key_ended(c) ||
		(conn_choked(c) && now - c->sent_at > HTTP_WRITE_STALL_MS))
		conn_kill(c);
	else
		conn_look_later(c);
}

/* A body that does not come is answered: the client may be waiting for us. */
static void body_late(struct conn *c)
{
	struct err e = ERR_INIT;

	err_set(&e, ERR_INVALID, "the body of the request did not come in time: send it again");
	exchange_fail_close(c->exchange, 408, &e);
}

static void conn_time_came(struct conn *c, int64_t now)
{
	bool late = (c->phase_until && now >= c->phase_until) ||
		(c->stall_until && now >= c->stall_until);

	switch (c->phase) {
	case PHASE_ANSWER: look_at_answer(c, now); break;
	case PHASE_STREAM: break;
	case PHASE_BODY:
		if (late && c->exchange != NULL && !c->exchange->reply.ready)
			body_late(c);
		else
			conn_look_later(c);
		break;
	default:
		if (late)
			conn_kill(c);
		else
			conn_look_later(c);
	}
}

/* ---- Bytes ---- */

static bool conn_reads(const struct conn *c)
{
	switch (c->phase) {
	case PHASE_ANSWER: return false;
	case PHASE_BODY: return !body_full(c->exchange);
	case PHASE_HEADER: return c->in.len <= HEAD_BYTES_MAX;
	case PHASE_STREAM: return c->stream->close_code == 0;
	default: return true;
	}
}

static int conn_bytes_came(struct conn *c, const char *data, size_t len)
{
	if (c->phase == PHASE_LINGER) {
		c->drained += len;
		return c->stream != NULL && c->drained > STREAM_DRAIN_MAX ? -1 : 0;
	}
	if (c->phase == PHASE_STREAM)
		return stream_receive(c->stream, data, len);
	buf_add(&c->in, data, len);
	return http_advance(c);
}

static int conn_writeable(struct conn *c)
{
	if (c->stream == NULL)
		return http_writeable(c);
	stream_writeable(c->stream);
	return 0;
}

/* ---- Opening and closing ---- */

static void conn_closing(struct conn *c)
{
	if (c->exchange != NULL)
		exchange_gone(c->exchange);
	c->exchange = NULL;
	if (c->stream != NULL)
		stream_free(c->stream);
	c->stream = NULL;
}

void conn_open(struct server *s, int fd, const struct peer *peer)
{
	static const struct conn_calls calls = {
		.reads = conn_reads,
		.bytes_came = conn_bytes_came,
		.writeable = conn_writeable,
		.time_came = conn_time_came,
		.gone = conn_closing,
	};

	conn_new(s, fd, peer, &calls);
}
