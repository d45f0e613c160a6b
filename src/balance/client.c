/*
 * The connection of a client: heads and bodies as they come, one request after the other. Bytes of a
 * request behind one that is not answered yet wait, up to the size of a head.
 */
#include "balance/inside.h"

#include "base/mem.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static uint64_t now_of(const struct client *c)
{
	return uv_now(c->sock.b->loop);
}

static void limit(struct client *c, enum client_phase phase, uint64_t ms)
{
	c->phase = phase;
	c->until = ms ? now_of(c) + ms : 0;
}

/* How long the client may be silent in a request, where it is the client's turn. */
static void limit_request(struct client *c, bool moved)
{
	bool sends = c->x != NULL && !c->x->body.over;

	if (c->x != NULL && c->x->tunnel)
		c->until = now_of(c) + BALANCE_TUNNEL_MS;
	else if (!client_choked(c) && !sends)
		c->until = 0;
	else if (moved || c->until == 0)
		c->until = now_of(c) + BALANCE_STALL_MS;
}

bool client_choked(const struct client *c)
{
	return c->out_at < c->out.len;
}

/* ---- What is waited for ---- */

static bool wants_bytes(const struct client *c)
{
	if (c->phase == CLIENT_LINGER)
		return true;
	if (c->x != NULL && relay_takes(c->x))
		return true;
	/* Also while an answer is due, to see when nobody waits for it any more. */
	return c->in.len <= HEAD_BYTES_MAX && !(c->x != NULL && c->x->tunnel);
}

static void client_watch(struct client *c)
{
	if (c->sock.open)
		sock_watch(&c->sock, wants_bytes(c), client_choked(c));
}

/* ---- Sending ---- */

static void linger(struct client *c)
{
	shutdown(c->sock.fd, SHUT_WR);
	limit(c, CLIENT_LINGER, BALANCE_LINGER_MS);
}

/* All that was to be said is with the kernel. */
static void all_sent(struct client *c)
{
	buf_release(&c->out);
	c->out_at = 0;
	if (c->x == NULL && c->close_after && c->phase != CLIENT_LINGER)
		linger(c);
	else if (c->x != NULL && c->x->up != NULL)
		upstream_watch(c->x->up);
}

void client_flush(struct client *c)
{
	ssize_t n;

	if (!c->sock.open || c->out.len == 0)
		return;
	n = sock_write(&c->sock, c->out.data + c->out_at, c->out.len - c->out_at);
	if (n == SOCK_BROKEN) {
		client_kill(c);
		return;
	}
	c->out_at += (size_t)n;
	if (c->phase == CLIENT_REQUEST)
		limit_request(c, n > 0);
	if (!client_choked(c))
		all_sent(c);
	client_watch(c);
}

/* ---- Bytes ---- */

static void refuse(struct client *c, int status, const char *sentence)
{
	c->close_after = true;
	heads_error(&c->out, status, sentence, true, true);
	limit(c, CLIENT_REQUEST, BALANCE_STALL_MS);
	client_flush(c);
}

static void head_came(struct client *c, const char *bytes)
{
	struct err e = ERR_INIT;
	struct head h;

	limit(c, CLIENT_REQUEST, 0);
	if (!head_read_relayed(&h, bytes, c->scan.at, &e)) {
		refuse(c, 400, e.text);
		return;
	}
	c->close_after = !h.keep_alive;
	relay_begin(c, &h, bytes);
	head_release(&h);
	if (c->sock.open && c->phase == CLIENT_REQUEST)
		limit_request(c, true);
}

/* Bytes taken: all of a head, or none. */
static size_t take_head(struct client *c, const char *bytes, size_t len)
{
	struct err e = ERR_INIT;
	size_t taken;

	if (c->phase == CLIENT_IDLE)
		limit(c, CLIENT_HEAD, BALANCE_HEAD_MS);
	switch (head_look(&c->scan, bytes, len, &e)) {
	case HEAD_WRONG: refuse(c, 400, e.text); return 0;
	case HEAD_LARGE: refuse(c, 431, e.text); return 0;
	case HEAD_MORE: return 0;
	case HEAD_WHOLE: break;
	}
	taken = c->scan.at;
	head_came(c, bytes);
	c->scan = (struct head_scan){0};
	return taken;
}

static size_t take_body(struct client *c, const char *bytes, size_t len)
{
	size_t n = relay_body(c->x, bytes, len);

	if (c->sock.open && c->phase == CLIENT_REQUEST)
		limit_request(c, n > 0);
	return n;
}

/* Hands on what can be; returns the bytes that are somebody's now. */
static size_t client_take(struct client *c, const char *bytes, size_t len)
{
	size_t at = 0, n = 1;

	c->taking = true;
	while (at < len && n > 0 && c->sock.open) {
		if (c->x != NULL)
			n = take_body(c, bytes + at, len - at);
		else if (c->close_after)
			break;
		else
			n = take_head(c, bytes + at, len - at);
		at += n;
	}
	c->taking = false;
	return at;
}

static void take_kept(struct client *c)
{
	buf_drop(&c->in, client_take(c, c->in.data, c->in.len));
	if (c->in.len == 0)
		buf_release(&c->in);
}

void client_resume(struct client *c)
{
	if (!c->sock.open || c->taking)
		return;
	if (c->x != NULL && !c->x->tunnel && c->in.len > 0)
		take_kept(c);
	client_watch(c);
}

static void bytes_came(struct client *c, const char *bytes, size_t len)
{
	size_t taken;

	if (c->phase == CLIENT_LINGER)
		return;
	if (c->x != NULL && c->x->tunnel) {
		limit_request(c, true);
		relay_tunnel(c->x, bytes, len);
		return;
	}
	if (c->in.len > 0) {
		buf_add(&c->in, bytes, len);
		take_kept(c);
		return;
	}
	taken = client_take(c, bytes, len);
	if (c->sock.open && taken < len && c->phase != CLIENT_LINGER)
		buf_add(&c->in, bytes + taken, len - taken);
}

static void client_receive(struct client *c)
{
	char piece[BALANCE_PIECE];
	ssize_t n = sock_read(&c->sock, piece, sizeof piece);

	if (n == SOCK_AGAIN)
		return;
	if (n <= 0)
		client_kill(c);
	else
		bytes_came(c, piece, (size_t)n);
}

static void client_ready(struct sock *s, bool readable, bool writable)
{
	struct client *c = CONTAINER_OF(s, struct client, sock);

	if (writable && client_choked(c))
		client_flush(c);
	if (readable && c->sock.open)
		client_receive(c);
	client_watch(c);
}

void client_answered(struct client *c)
{
	c->x = NULL;
	if (!c->sock.open)
		return;
	if (c->close_after) {
		limit(c, CLIENT_REQUEST, BALANCE_STALL_MS);
		client_flush(c);
		if (c->sock.open && !client_choked(c) && c->phase != CLIENT_LINGER)
			linger(c);
		return;
	}
	limit(c, CLIENT_IDLE, BALANCE_IDLE_MS);
	client_flush(c);
	if (c->sock.open && !c->taking && c->in.len > 0)
		take_kept(c);
	client_watch(c);
}

/* ---- Life ---- */

/* Only now: its bytes may have been in somebody's hands when it was closed. */
static void client_freed(struct sock *s)
{
	struct client *c = CONTAINER_OF(s, struct client, sock);

	buf_release(&c->out);
	buf_release(&c->in);
	free(c);
}

void client_open(struct balancer *b, int fd, const char *address)
{
	struct client *c = mem_alloc(sizeof *c);

	if (!sock_open(&c->sock, b, fd)) {
		free(c);
		return;
	}
	c->sock.ready = client_ready;
	c->sock.freed = client_freed;
	snprintf(c->address, sizeof c->address, "%s", address);
	buf_init(&c->in, 0);
	buf_init(&c->out, 0);
	c->next = b->clients;
	if (c->next != NULL)
		c->next->before = c;
	b->clients = c;
	b->stats.connections++;
	limit(c, CLIENT_HEAD, BALANCE_HEAD_MS);
	client_watch(c);
}

void client_kill(struct client *c)
{
	struct balancer *b = c->sock.b;

	if (!c->sock.open)
		return;
	sock_close(&c->sock);
	if (c->next != NULL)
		c->next->before = c->before;
	if (c->before != NULL)
		c->before->next = c->next;
	else
		b->clients = c->next;
	b->stats.connections--;
	if (c->x != NULL)
		relay_gone(c->x);
	c->x = NULL;
}

/* A body that does not come is answered: the client may be waiting for us. */
static void client_late(struct client *c)
{
	if (c->x == NULL || client_choked(c) || c->x->tunnel)
		client_kill(c);
	else if (relay_takes(c->x))
		relay_fail(c->x, 408,
			"the body of the request did not come in time: send it again");
	else
		limit_request(c, true); /* it is the backend that does not take it */
}

void client_look(struct client *c, uint64_t now)
{
	if (c->until != 0 && now >= c->until)
		client_late(c);
	else if (c->x != NULL)
		relay_look(c->x, now);
}
