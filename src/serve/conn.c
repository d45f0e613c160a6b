/*
 * A connection: the socket, TLS over it where there is any, and what is waited for. What it carries
 * it does not know: that is asked and told by its calls.
 */
#include "serve/http.h"

#include "base/mem.h"
#include "base/timefmt.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LOOK_MS = 1000, READS_A_TURN = 16, FRAMES_A_TURN = 4 };

/* ---- Phases ---- */

static void conn_timer_fired(uv_timer_t *timer)
{
	struct conn *c = CONTAINER_OF(timer, struct conn, timer);

	c->calls->time_came(c, time_mono_ms());
}

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

void conn_look_later(struct conn *c)
{
	arm(c, LOOK_MS);
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

/* How much of it the socket took: less than all where it takes no more now or, c->broken, ever. */
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

/* ---- What is waited for ---- */

static void conn_polled(uv_poll_t *poll, int status, int events);

static void conn_watch(struct conn *c)
{
	int events = c->tls_wants;

	if (c->dead)
		return;
	if (c->phase != PHASE_SHAKING) {
		if (c->calls->reads(c))
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

/* ---- Sending ---- */

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

void conn_want_write(struct conn *c)
{
	c->wants_write = true;
	conn_watch(c);
}

/* Bodies came through it, and some of them are secrets. */
void conn_in_release(struct conn *c)
{
	explicit_bzero(c->in.data, c->in.cap);
	buf_release(&c->in);
}

void conn_linger(struct conn *c)
{
	if (c->ssl != NULL && !c->broken)
		SSL_shutdown(c->ssl);
	ERR_clear_error();
	shutdown(c->fd, SHUT_WR);
	conn_in_release(c);
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

static int receive(struct conn *c)
{
	char *piece = c->server->piece;

	for (int i = 0; i < READS_A_TURN && !c->dead && c->calls->reads(c); i++) {
		ssize_t n = conn_read(c, piece, HTTP_CHUNK);

		if (n == IO_AGAIN)
			return 0;
		if (n == IO_OVER)
			return -1;
		bool over = c->calls->bytes_came(c, piece, (size_t)n) != 0;

		explicit_bzero(piece, (size_t)n);
		if (over)
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
		if (c->calls->writeable(c) != 0)
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
	while (!c->dead && c->ssl != NULL && c->calls->reads(c) && SSL_pending(c->ssl) > 0)
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

void conn_new(struct server *s, int fd, const struct peer *peer, const struct conn_calls *calls)
{
	struct conn *c = mem_alloc(sizeof *c);
	int on = 1;

	/* The kernel bounds how many descriptors a user may watch. */
	if (uv_poll_init(s->loop, &c->poll, fd) != 0) {
		close(fd);
		free(c);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	c->server = s;
	c->calls = calls;
	c->fd = fd;
	c->peer = *peer;
	buf_init(&c->in, 0);
	buf_init(&c->out, 0);
	c->next = s->conns;
	if (s->conns != NULL)
		s->conns->before = c;
	s->conns = c;
	s->conn_count++;
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
	conn_in_release(c);
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

void conn_reset(struct conn *c)
{
	const struct linger at_once = {.l_onoff = 1};

	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

void conn_kill(struct conn *c)
{
	if (c->dead)
		return;
	c->dead = true;
	c->calls->gone(c);
	auth_release_conn(c);
	guard_closed(c);
	uv_close((uv_handle_t *)&c->poll, conn_poll_closed);
	uv_close((uv_handle_t *)&c->timer, conn_timer_closed);
	close(c->fd); /* nothing polls it any more: its number is free at once */
}
