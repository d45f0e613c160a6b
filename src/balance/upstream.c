/* Connections to backends: those that carry a request, and idle ones that are kept for a moment. */
#include "balance/inside.h"

#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void list_remove(struct upstream *u)
{
	struct upstream **first = u->x != NULL ? &u->backend->busy : &u->backend->idle;

	if (u->next != NULL)
		u->next->before = u->before;
	if (u->before != NULL)
		u->before->next = u->next;
	else
		*first = u->next;
	u->before = u->next = NULL;
}

static void list_add(struct upstream *u)
{
	struct upstream **first = u->x != NULL ? &u->backend->busy : &u->backend->idle;

	u->next = *first;
	if (u->next != NULL)
		u->next->before = u;
	*first = u;
}

static uint64_t now_of(const struct upstream *u)
{
	return uv_now(u->sock.b->loop);
}

/* ---- What is waited for ---- */

static bool has_more(const struct upstream *u)
{
	return u->x->out_at < u->x->out.len && !u->write_broken;
}

void upstream_watch(struct upstream *u)
{
	if (!u->sock.open)
		return;
	if (u->x == NULL)
		sock_watch(&u->sock, true, false);
	else if (u->connecting)
		sock_watch(&u->sock, false, true);
	else
		sock_watch(&u->sock, !client_choked(u->x->client), has_more(u));
}

/* ---- Closing ---- */

static void upstream_freed(struct sock *s)
{
	struct upstream *u = CONTAINER_OF(s, struct upstream, sock);

	buf_release(&u->in);
	free(u);
}

void upstream_close(struct upstream *u)
{
	struct backend *backend = u->backend;
	bool busy = u->x != NULL;

	list_remove(u);
	u->x = NULL;
	sock_close(&u->sock);
	if (busy)
		backend_leave(backend);
}

void upstream_leave(struct upstream *u, bool keep)
{
	if (!keep || u->backend->draining || u->write_broken) {
		upstream_close(u);
		return;
	}
	list_remove(u);
	u->x = NULL;
	u->used = true;
	u->idle_since = now_of(u);
	u->scan = (struct head_scan){0};
	buf_release(&u->in);
	list_add(u);
	backend_leave(u->backend);
	upstream_watch(u);
}

void upstream_expire(struct backend *backend, uint64_t idle_since)
{
	struct upstream *next;

	for (struct upstream *u = backend->idle; u != NULL; u = next) {
		next = u->next;
		if (u->idle_since <= idle_since)
			upstream_close(u);
	}
}

/* ---- Sending ---- */

static void lost(struct upstream *u, bool refused)
{
	struct relay *x = u->x;

	if (refused)
		u->backend->shy_until = now_of(u) + BALANCE_TICK_MS;
	else if (u->used)
		x->stale |= (uint64_t)1 << u->backend->slot;
	x->up = NULL;
	upstream_close(u);
	relay_lost(x, refused);
}

void upstream_lose(struct upstream *u)
{
	lost(u, false);
}

void upstream_send(struct upstream *u)
{
	struct relay *x = u->x;
	ssize_t n;

	if (u->connecting || !has_more(u)) {
		upstream_watch(u);
		return;
	}
	n = sock_write(&u->sock, x->out.data + x->out_at, x->out.len - x->out_at);
	if (n == SOCK_BROKEN) {
		/* It may have answered before it closed: what it said is read first. */
		u->write_broken = true;
	} else {
		x->out_at += (size_t)n;
		x->until = now_of(u) + (uint64_t)u->sock.b->set.answer_ms;
		relay_sent(x);
	}
	upstream_watch(u);
}

/* ---- Receiving ---- */

static void upstream_receive(struct upstream *u)
{
	char piece[BALANCE_PIECE];
	ssize_t n = sock_read(&u->sock, piece, sizeof piece);

	if (n == SOCK_AGAIN)
		return;
	if (u->x == NULL) /* an idle one has ended, or says what nobody asked */
		upstream_close(u);
	else if (n > 0)
		answer_take(u->x, piece, (size_t)n);
	else if (u->x->heard)
		answer_ended(u->x, n == SOCK_BROKEN);
	else
		lost(u, false);
}

static void connected(struct upstream *u)
{
	int error = 0;
	socklen_t size = sizeof error;

	if (getsockopt(u->sock.fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) {
		lost(u, true);
		return;
	}
	u->connecting = false;
	upstream_send(u);
}

static void upstream_ready(struct sock *s, bool readable, bool writable)
{
	struct upstream *u = CONTAINER_OF(s, struct upstream, sock);
	struct client *c = u->x != NULL ? u->x->client : NULL;

	if (u->connecting)
		connected(u);
	else if (writable && u->x != NULL)
		upstream_send(u);
	if (writable && c != NULL)
		client_resume(c);
	if (readable && u->sock.open && !u->connecting)
		upstream_receive(u);
}

/* ---- Opening ---- */

static struct upstream *connect_to(struct backend *backend, struct relay *x)
{
	struct upstream *u;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int said;

	if (fd < 0)
		return NULL;
	sock_mark(fd, backend->b->set.mark);
	said = connect(fd, (const struct sockaddr *)&backend->address, sizeof backend->address);
	if (said != 0 && errno != EINPROGRESS) {
		close(fd);
		return NULL;
	}
	u = mem_alloc(sizeof *u);
	if (!sock_open(&u->sock, backend->b, fd)) {
		free(u);
		return NULL;
	}
	u->sock.ready = upstream_ready;
	u->sock.freed = upstream_freed;
	u->backend = backend;
	u->connecting = said != 0;
	buf_init(&u->in, 0);
	u->x = x;
	list_add(u);
	return u;
}

/*
 * NULL: there is none. What came on one since its last answer would be taken for the next: it closes,
 * as one does that has ended.
 */
static struct upstream *take_idle(struct backend *backend, struct relay *x)
{
	struct upstream *u;

	while ((u = backend->idle) != NULL && !sock_silent(&u->sock))
		upstream_close(u);
	if (u == NULL)
		return NULL;
	list_remove(u);
	u->x = x;
	list_add(u);
	return u;
}

void upstream_take(struct backend *backend, struct relay *x, bool fresh)
{
	struct upstream *u = fresh ? NULL : take_idle(backend, x);

	if (u == NULL)
		u = connect_to(backend, x);
	if (u == NULL) {
		backend->shy_until = uv_now(backend->b->loop) + BALANCE_TICK_MS;
		relay_lost(x, true);
		return;
	}
	u->scan = (struct head_scan){.answer = true};
	x->up = u;
	x->until = now_of(u) + BALANCE_CONNECT_MS;
	backend_enter(backend);
	upstream_send(u);
}
