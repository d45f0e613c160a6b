/* Connections: what phase each is in, and how long it may be in it. */
#include "serve/http.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/timefmt.h"
#include "serve/stream.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { LOOK_MS = 1000, LINGER_LOOK_MS = 10 };

static void conn_timer(lws_sorted_usec_list_t *sul);

static void arm(struct conn *c, int64_t ms)
{
	lws_sul_schedule(c->server->lws, 0, &c->timer, conn_timer, (ms > 0 ? ms : 1) * 1000);
}

/* Only from callbacks of libwebsockets: its timers on a foreign loop are armed after those. */
void conn_phase(struct conn *c, enum phase phase, int64_t ms)
{
	c->phase = phase;
	c->phase_until = ms ? time_mono_ms() + ms : 0;
	c->stall_until = 0;
	if (phase == PHASE_STREAM)
		lws_sul_cancel(&c->timer);
	else if (phase == PHASE_LINGER)
		arm(c, LINGER_LOOK_MS);
	else
		arm(c, ms && ms < LOOK_MS ? ms : LOOK_MS);
}

void conn_kill(struct conn *c)
{
	if (!c->dead)
		lws_set_timeout(c->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
}

bool conn_peer_gone(struct conn *c)
{
	struct pollfd p = {.fd = lws_get_socket_fd(c->wsi), .events = POLLRDHUP};

	return poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

void conn_pause(struct conn *c)
{
	c->paused = true;
	lws_rx_flow_control(c->wsi, 0);
}

void conn_want_write(struct conn *c)
{
	if (c->paused)
		lws_rx_flow_control(c->wsi, 1);
	c->paused = false;
	lws_callback_on_writable(c->wsi);
}

void conn_drop_stray(struct conn *c)
{
	int fd = lws_get_socket_fd(c->wsi);
	char seen[5];

	if (!c->server->tls && recv(fd, seen, sizeof seen, MSG_PEEK | MSG_DONTWAIT) == 5 &&
		memcmp(seen, "0\r\n\r\n", sizeof seen) == 0 &&
		recv(fd, seen, sizeof seen, MSG_DONTWAIT) != 5)
		conn_kill(c);
}

/* Takes what the client still sends; true when it has closed its side. */
static bool drain(struct conn *c)
{
	char trash[16 * 1024];
	ssize_t n;

	for (int i = 0; i < 16; i++) {
		n = recv(lws_get_socket_fd(c->wsi), trash, sizeof trash, MSG_DONTWAIT);
		if (n == 0)
			return true;
		if (n < 0)
			return false;
	}
	return false;
}

/* A body that does not come is answered: the client may be waiting for us. */
static void body_late(struct conn *c)
{
	struct err e = ERR_INIT;

	err_set(&e, ERR_INVALID, "the body of the request did not come in time: send it again");
	exchange_fail_close(c->exchange, 408, &e);
}

/*
 * Is an answer stuck? A client that sends more but does not read what it asked for keeps the loop
 * turning, and is given no time.
 */
static bool answer_stuck(struct conn *c, int64_t now)
{
	struct pollfd p = {.fd = lws_get_socket_fd(c->wsi), .events = POLLIN};
	const struct exchange *x = c->exchange;

	if (x == NULL || !x->reply.ready || c->paused)
		return false;
	if (now - x->reply.progress > HTTP_WRITE_STALL_MS)
		return true;
	return now - x->reply.progress >= LOOK_MS && poll(&p, 1, 0) > 0;
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
	if (conn_peer_gone(c) || answer_stuck(c, now) || key_ended(c))
		conn_kill(c);
	else
		arm(c, LOOK_MS);
}

static void conn_timer(lws_sorted_usec_list_t *sul)
{
	struct conn *c = CONTAINER_OF(sul, struct conn, timer);
	int64_t now = time_mono_ms();
	bool late = (c->phase_until && now >= c->phase_until) ||
		(c->stall_until && now >= c->stall_until);

	if (c->dead)
		return;
	switch (c->phase) {
	case PHASE_HEADER:
		if (late)
			conn_kill(c);
		else
			arm(c, LOOK_MS);
		break;
	case PHASE_BODY:
		if (late && c->exchange != NULL && !c->exchange->reply.ready)
			body_late(c);
		else
			arm(c, LOOK_MS);
		break;
	case PHASE_ANSWER: look_at_answer(c, now); break;
	case PHASE_LINGER:
		if (drain(c) || late)
			conn_kill(c);
		else
			arm(c, LINGER_LOOK_MS);
		break;
	case PHASE_STREAM: break;
	case PHASE_STREAM_END:
		if (c->stream != NULL)
			stream_close_politely(c->stream);
		break;
	}
}

/* ---- Life ---- */

void conn_open(struct server *s, struct lws *wsi)
{
	struct conn *c = mem_alloc(sizeof *c);

	c->server = s;
	c->wsi = wsi;
	c->next = s->conns;
	if (s->conns != NULL)
		s->conns->before = c;
	s->conns = c;
	s->conn_count++;
	lws_set_opaque_user_data(wsi, c);
	guard_opened(c);
	conn_phase(c, PHASE_HEADER, HTTP_HEADER_MS);
}

void conn_closed(struct conn *c)
{
	if (c->dead)
		return;
	c->dead = true;
	lws_sul_cancel(&c->timer);
	if (c->exchange != NULL)
		exchange_gone(c->exchange);
	c->exchange = NULL;
	if (c->stream != NULL)
		stream_free(c->stream);
	c->stream = NULL;
	auth_release_conn(c);
	guard_closed(c);
}

void conn_free(struct conn *c)
{
	conn_closed(c);
	if (c->next != NULL)
		c->next->before = c->before;
	if (c->before != NULL)
		c->before->next = c->next;
	else
		c->server->conns = c->next;
	c->server->conn_count--;
	free(c);
}
