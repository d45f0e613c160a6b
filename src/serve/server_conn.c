/*
 * Connections: the socket, TLS over it where there is any, and how long each phase may take. What
 * comes in goes to http_advance or, after an upgrade, to the stream.
 */
#include "serve/http.h"

#include "base/mem.h"
#include "base/timefmt.h"
#include "serve/stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LOOK_MS = 1000, READS_A_TURN = 16, FRAMES_A_TURN = 4, STREAM_DRAIN_MAX = 1 << 20 };

/* ---- Phases ---- */

static void conn_timer_fired(uv_timer_t *timer);

static void arm(struct conn *c, int64_t ms)
{
	uv_timer_start(&c->timer, conn_timer_fired, (uint64_t)(ms > 0 ? ms : 1), 0);
}

void conn_phase(struct conn *c, enum phase phase, int64_t ms)
{
	c->phase = phase;
	c->phase_until = ms ? time_mono_ms() + ms : 0;
	c->stall_until = 0;
	if (phase == PHASE_STREAM)
		uv_timer_stop(&c->timer);
	else
		arm(c, ms && ms < LOOK_MS ? ms : LOOK_MS);
}

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
		arm(c, LOOK_MS);
}

/* A body that does not come is answered: the client may be waiting for us. */
static void body_late(struct conn *c)
{
	struct err e = ERR_INIT;

	err_set(&e, ERR_INVALID, "the body of the request did not come in time: send it again");
	exchange_fail_close(c->exchange, 408, &e);
}

static void conn_timer_fired(uv_timer_t *timer)
{
	struct conn *c = CONTAINER_OF(timer, struct conn, timer);
	int64_t now = time_mono_ms();
	bool late = (c->phase_until && now >= c->phase_until) ||
		(c->stall_until && now >= c->stall_until);

	switch (c->phase) {
	case PHASE_ANSWER: look_at_answer(c, now); break;
	case PHASE_STREAM: break;
	case PHASE_BODY:
		if (late && c->exchange != NULL && !c->exchange->reply.ready)
			body_late(c);
		else
			arm(c, LOOK_MS);
		break;
	default:
		if (late)
			conn_kill(c);
		else
			arm(c, LOOK_MS);
	}
}

/* ---- The socket ---- */

enum { IO_AGAIN = -1, IO_OVER = -2 };

/* What OpenSSL says to a call that did not do all. */
static ssize_t tls_result(struct conn *c, int n)
{
	int why = SSL_get_error(c->ssl, n);

	ERR_clear_error();
	if (why == SSL_ERROR_WANT_READ)
		c->tls_wants |= UV_READABLE;
	else if (why == SSL_ERROR_WANT_WRITE)
		c->tls_wants |= UV_WRITABLE;
	else
		return IO_OVER;
	return IO_AGAIN;
}

static ssize_t io_result(ssize_t n)
{
	if (n > 0)
		return n;
	return n < 0 && (errno == EAGAIN || errno == EINTR) ? IO_AGAIN : IO_OVER;
}

static ssize_t conn_read(struct conn *c, char *to, size_t size)
{
	int n;

	/* What comes after the last word is nobody's, and need not be deciphered. */
	if (c->ssl == NULL || c->phase == PHASE_LINGER)
		return io_result(recv(c->fd, to, size, MSG_DONTWAIT));
	n = SSL_read(c->ssl, to, (int)size);
	return n > 0 ? n : tls_result(c, n);
}

static ssize_t conn_write(struct conn *c, const char *from, size_t size)
{
	int n;

	if (c->ssl == NULL)
		return io_result(send(c->fd, from, size, MSG_DONTWAIT | MSG_NOSIGNAL));
	n = SSL_write(c->ssl, from, (int)(size < INT32_MAX ? size : INT32_MAX));
	return n > 0 ? n : tls_result(c, n);
}

/* Sends what it can; false: the socket takes no more now, or ever. */
static size_t send_some(struct conn *c, const char *data, size_t len)
{
	size_t done = 0;

	while (done < len && !c->broken) {
		ssize_t n = conn_write(c, data + done, len - done);

		if (n == IO_AGAIN)
			break;
		if (n == IO_OVER)
			c->broken = true;
		else
			done += (size_t)n;
	}
	if (done > 0)
		c->sent_at = time_mono_ms();
	return done;
}

bool conn_choked(const struct conn *c)
{
	return c->out_at < c->out.len;
}

size_t conn_pending(const struct conn *c)
{
	return c->out.len - c->out_at;
}

static void conn_watch(struct conn *c);

void conn_send(struct conn *c, const void *data, size_t len)
{
	size_t done = 0;

	if (c->dead || c->broken)
		return;
	if (!conn_choked(c)) {
		c->sent_at = time_mono_ms();
		done = send_some(c, data, len);
	}
	buf_add(&c->out, (const char *)data + done, len - done);
	conn_watch(c);
}

static void flush(struct conn *c)
{
	c->out_at += send_some(c, c->out.data + c->out_at, c->out.len - c->out_at);
	if (conn_choked(c))
		return;
	buf_release(&c->out);
	c->out_at = 0;
}

/* ---- What is waited for ---- */

static void conn_polled(uv_poll_t *poll, int status, int events);

static bool reads(const struct conn *c)
{
	switch (c->phase) {
	case PHASE_ANSWER: return false;
	case PHASE_BODY: return !body_full(c->exchange);
	case PHASE_HEADER: return c->in.len <= HEAD_BYTES_MAX;
	case PHASE_STREAM: return c->stream->close_code == 0;
	default: return true;
	}
}

static void conn_watch(struct conn *c)
{
	int events = c->tls_wants;

	if (c->dead)
		return;
	if (c->phase != PHASE_SHAKING) {
		if (reads(c))
			events |= UV_READABLE;
		if (c->broken || conn_choked(c) || c->wants_write)
			events |= UV_WRITABLE;
	}
	if (events == c->events)
		return;
	c->events = events;
	if (events)
		uv_poll_start(&c->poll, events, conn_polled);
	else
		uv_poll_stop(&c->poll);
}

void conn_resume(struct conn *c)
{
	conn_watch(c);
}

void conn_want_write(struct conn *c)
{
	c->wants_write = true;
	conn_watch(c);
}

void conn_linger(struct conn *c)
{
	if (c->ssl != NULL && !c->broken)
		SSL_shutdown(c->ssl);
	ERR_clear_error();
	shutdown(c->fd, SHUT_WR);
	buf_release(&c->in);
	conn_phase(c, PHASE_LINGER, HTTP_LINGER_MS);
	conn_watch(c);
}

/* ---- Turns ---- */

/* 0, or -1: the connection is over. */
static int shake(struct conn *c)
{
	int n = SSL_accept(c->ssl);

	if (n != 1)
		return tls_result(c, n) == IO_AGAIN ? 0 : -1;
	c->phase = PHASE_HEADER; /* within the time that runs already */
	return 0;
}

static int take(struct conn *c, const char *data, size_t len)
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

static int receive(struct conn *c)
{
	char *piece = c->server->piece;

	for (int i = 0; i < READS_A_TURN && !c->dead && reads(c); i++) {
		ssize_t n = conn_read(c, piece, HTTP_CHUNK);

		if (n == IO_AGAIN)
			return 0;
		if (n == IO_OVER || take(c, piece, (size_t)n) != 0)
			return -1;
	}
	return 0;
}

static int transmit(struct conn *c)
{
	if (conn_choked(c))
		flush(c);
	for (int i = 0; i < FRAMES_A_TURN && !c->broken && c->wants_write && !conn_choked(c); i++) {
		c->wants_write = false;
		if ((c->stream ? stream_writeable(c->stream) : http_writeable(c)) != 0)
			return -1;
	}
	return c->broken ? -1 : 0;
}

static int turn(struct conn *c)
{
	c->tls_wants = 0;
	if (c->phase == PHASE_SHAKING && shake(c) != 0)
		return -1;
	if (c->phase == PHASE_SHAKING)
		return 0;
	if (receive(c) != 0 || c->dead || transmit(c) != 0)
		return -1;
	/* What OpenSSL has read already wakes no poll; it is one record at most. */
	while (!c->dead && c->ssl != NULL && reads(c) && SSL_pending(c->ssl) > 0)
		if (receive(c) != 0)
			return -1;
	return 0;
}

static void conn_polled(uv_poll_t *poll, int status, int events)
{
	struct conn *c = CONTAINER_OF(poll, struct conn, poll);

	(void)events;
	if (status < 0 || turn(c) != 0)
		conn_kill(c);
	else
		conn_watch(c);
}

/* ---- Life ---- */

void conn_open(struct server *s, int fd, const struct peer *peer)
{
	struct conn *c = mem_alloc(sizeof *c);
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	c->server = s;
	c->fd = fd;
	c->peer = *peer;
	buf_init(&c->in, 0);
	buf_init(&c->out, 0);
	c->next = s->conns;
	if (s->conns != NULL)
		s->conns->before = c;
	s->conns = c;
	s->conn_count++;
	uv_poll_init(s->loop, &c->poll, fd);
	uv_timer_init(s->loop, &c->timer);
	c->handles = 2;
	guard_opened(c);
	conn_phase(c, PHASE_HEADER, HTTP_HEADER_MS);
	if (s->tls != NULL) {
		c->ssl = SSL_new(s->tls);
		SSL_set_fd(c->ssl, fd);
		SSL_set_accept_state(c->ssl);
		c->phase = PHASE_SHAKING;
		c->tls_wants = UV_READABLE;
	}
	conn_watch(c);
}

static void conn_handle_closed(struct conn *c)
{
	if (--c->handles > 0)
		return;
	if (c->next != NULL)
		c->next->before = c->before;
	if (c->before != NULL)
		c->before->next = c->next;
	else
		c->server->conns = c->next;
	c->server->conn_count--;
	SSL_free(c->ssl);
	buf_release(&c->in);
	buf_release(&c->out);
	free(c);
}

static void conn_poll_closed(uv_handle_t *handle)
{
	conn_handle_closed(CONTAINER_OF((uv_poll_t *)handle, struct conn, poll));
}

static void conn_timer_closed(uv_handle_t *handle)
{
	conn_handle_closed(CONTAINER_OF((uv_timer_t *)handle, struct conn, timer));
}

void conn_kill(struct conn *c)
{
	if (c->dead)
		return;
	c->dead = true;
	if (c->exchange != NULL)
		exchange_gone(c->exchange);
	c->exchange = NULL;
	if (c->stream != NULL)
		stream_free(c->stream);
	c->stream = NULL;
	auth_release_conn(c);
	guard_closed(c);
	uv_close((uv_handle_t *)&c->poll, conn_poll_closed);
	uv_close((uv_handle_t *)&c->timer, conn_timer_closed);
	close(c->fd); /* nothing polls it any more: its number is free at once */
}
