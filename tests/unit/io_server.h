/*
 * A throwaway server on the test's own loop, of plain sockets: each test says what it answers to
 * the bytes that come, well-formed or not.
 */
#ifndef MLTOP_TESTS_UNIT_IO_SERVER_H
#define MLTOP_TESTS_UNIT_IO_SERVER_H

#include "base/buf.h"
#include "base/mem.h"
#include "base/timefmt.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

struct server;

/* One connection. Lives until the server is closed. */
struct peer {
	uv_tcp_t tcp;
	struct peer *next;
	struct server *server;
	struct buf in; /* what came and was not taken yet */
	int number;    /* of the connection, from 1 */
	int stage;     /* the test's own */
	bool ended;    /* the client closed it */
	bool closed;
};

struct server {
	uv_tcp_t tcp;
	uv_loop_t *loop;
	int port;
	int connections;
	int open; /* handles not yet closed */
	struct peer *peers;
	void (*on_data)(struct peer *p);
	void *ctx; /* the test's own */
};

struct peer_write {
	uv_write_t request;
	char *bytes;
};

static void peer_written(uv_write_t *request, int status)
{
	struct peer_write *w = CONTAINER_OF(request, struct peer_write, request);

	(void)status;
	free(w->bytes);
	free(w);
}

static void peer_send(struct peer *p, const void *bytes, size_t len)
{
	struct peer_write *w = mem_alloc(sizeof *w);
	uv_buf_t b;

	w->bytes = mem_dup(bytes, len ? len : 1);
	b = uv_buf_init(w->bytes, (unsigned)len);
	if (p->closed || uv_write(&w->request, (uv_stream_t *)&p->tcp, &b, 1, peer_written) != 0) {
		free(w->bytes);
		free(w);
	}
}

static inline void peer_text(struct peer *p, const char *text)
{
	peer_send(p, text, strlen(text));
}

static void peer_gone(uv_handle_t *handle)
{
	struct peer *p = handle->data;

	p->server->open--;
}

static void peer_close(struct peer *p)
{
	if (!p->closed)
		uv_close((uv_handle_t *)&p->tcp, peer_gone);
	p->closed = true;
}

/* RST instead of FIN. */
static inline void peer_reset(struct peer *p)
{
	if (!p->closed)
		uv_tcp_close_reset(&p->tcp, peer_gone);
	p->closed = true;
}

static void peer_room(uv_handle_t *handle, size_t size, uv_buf_t *b)
{
	(void)handle;
	*b = uv_buf_init(mem_alloc(size), (unsigned)size);
}

static void peer_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
	struct peer *p = stream->data;

	if (n > 0) {
		buf_add(&p->in, b->base, (size_t)n);
		if (p->server->on_data)
			p->server->on_data(p);
	} else if (n < 0) {
		p->ended = true;
		peer_close(p);
	}
	free(b->base);
}

static void server_accept(uv_stream_t *stream, int status)
{
	struct server *s = stream->data;
	struct peer *p = mem_alloc(sizeof *p);

	(void)status;
	p->server = s;
	buf_init(&p->in, 0);
	uv_tcp_init(s->loop, &p->tcp);
	p->tcp.data = p;
	p->number = ++s->connections;
	p->next = s->peers;
	s->peers = p;
	s->open++;
	if (uv_accept(stream, (uv_stream_t *)&p->tcp) == 0)
		uv_read_start((uv_stream_t *)&p->tcp, peer_room, peer_read);
}

static void server_gone(uv_handle_t *handle)
{
	struct server *s = handle->data;

	s->open--;
}

static inline void server_open(struct server *s, uv_loop_t *loop, void (*on_data)(struct peer *),
	void *ctx)
{
	struct sockaddr_in at;
	int len = sizeof at;

	signal(SIGPIPE, SIG_IGN); /* as the programs have it */
	*s = (struct server){.loop = loop, .on_data = on_data, .ctx = ctx, .open = 1};
	uv_tcp_init(loop, &s->tcp);
	s->tcp.data = s;
	uv_ip4_addr("127.0.0.1", 0, &at);
	uv_tcp_bind(&s->tcp, (const struct sockaddr *)&at, 0);
	if (uv_listen((uv_stream_t *)&s->tcp, 64, server_accept) != 0)
		abort();
	uv_tcp_getsockname(&s->tcp, (struct sockaddr *)&at, &len);
	s->port = ntohs(at.sin_port);
}

static inline void server_close(struct server *s)
{
	uv_close((uv_handle_t *)&s->tcp, server_gone);
	for (struct peer *p = s->peers; p; p = p->next)
		peer_close(p);
	while (s->open > 0)
		uv_run(s->loop, UV_RUN_ONCE);
	while (s->peers) {
		struct peer *p = s->peers;

		s->peers = p->next;
		buf_release(&p->in);
		free(p);
	}
}

/* Has a whole header come? Takes it off `in` into `head` then. */
static inline bool peer_head(struct peer *p, struct buf *head)
{
	char *end = strstr(p->in.data, "\r\n\r\n");

	if (end == NULL)
		return false;
	buf_reset(head);
	buf_add(head, p->in.data, (size_t)(end + 4 - p->in.data));
	buf_drop(&p->in, (size_t)(end + 4 - p->in.data));
	return true;
}

/* Turns the loop until *flag, at most 20 s. A timer of its own wakes it. */
static void wake_up(uv_timer_t *timer)
{
	(void)timer;
}

static inline bool loop_until(uv_loop_t *loop, const bool *flag)
{
	int64_t deadline = time_mono_ms() + 20000;
	uv_timer_t timer;

	uv_timer_init(loop, &timer);
	uv_timer_start(&timer, wake_up, 20, 20);
	while (!*flag && time_mono_ms() < deadline)
		uv_run(loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(loop, UV_RUN_NOWAIT);
	return *flag;
}

#endif
