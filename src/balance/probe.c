#include "balance/probe.h"
#include "balance/inside.h"

#include "base/buf.h"
#include "base/mem.h"
#include "http/chunks.h"
#include "http/head.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

enum { ANSWER_MAX = PROBE_BODY_MAX + HEAD_BYTES_MAX };

struct probe {
	struct probe_asks asks;
	int fd; /* -1: none */
	uv_poll_t poll;
	uv_timer_t timer;
	int handles; /* that are open */
	int error;   /* why nothing was begun */
	bool connected, over;
	struct buf out, in;
	size_t out_at;
};

/* ---- Its end ---- */

static void probe_freed(struct probe *p)
{
	if (--p->handles > 0)
		return;
	buf_release(&p->out);
	buf_release(&p->in);
	free(p);
}

static void poll_closed(uv_handle_t *handle)
{
	probe_freed(CONTAINER_OF((uv_poll_t *)handle, struct probe, poll));
}

static void timer_closed(uv_handle_t *handle)
{
	probe_freed(CONTAINER_OF((uv_timer_t *)handle, struct probe, timer));
}

void probe_stop(struct probe *p)
{
	p->over = true;
	uv_close((uv_handle_t *)&p->timer, timer_closed);
	if (p->fd < 0)
		return;
	uv_close((uv_handle_t *)&p->poll, poll_closed);
	close(p->fd);
}

static void answer(struct probe *p, int status, const char *body, size_t len, const char *why)
{
	struct probe_asks asks = p->asks;

	probe_stop(p);
	asks.answered(asks.ctx, status, body, len, why);
}

static void fail(struct probe *p, const char *what, const char *more)
{
	char why[256];

	snprintf(why, sizeof why, "%s%.200s", what, more);
	answer(p, -1, "", 0, why);
}

/* ---- The answer ---- */

static void take_chunks(const char *bytes, size_t len, struct buf *out)
{
	struct chunks c = {0};
	size_t at = 0;

	while (at < len && !c.over && !c.wrong) {
		const char *data = NULL;
		size_t n;

		at += chunks_take(&c, bytes + at, len - at, &data, &n);
		if (n > 0)
			buf_add(out, data, n);
	}
}

/* Is all of the body there that its head tells of? Without a length only the end tells. */
static bool is_whole(const struct head *h, const char *bytes, size_t len)
{
	struct chunks c = {0};
	size_t at = 0, n;
	const char *data;

	if (h->has_length)
		return len >= h->length;
	while (h->chunked && at < len && !c.over && !c.wrong)
		at += chunks_take(&c, bytes + at, len - at, &data, &n);
	return c.over || c.wrong;
}

static void tell(struct probe *p, const struct head *h, const char *bytes, size_t len)
{
	struct buf body = BUF_INIT;

	if (h->chunked)
		take_chunks(bytes, len, &body);
	else
		buf_add(&body, bytes, h->has_length && h->length < len ? (size_t)h->length : len);
	if (body.len > PROBE_BODY_MAX)
		buf_cut(&body, PROBE_BODY_MAX);
	answer(p, h->status, body.data, body.len, "");
	buf_release(&body);
}

/* `ended`: nothing more will come. */
static void look_at_answer(struct probe *p, bool ended)
{
	struct head_scan scan = {.answer = true};
	struct err e = ERR_INIT;
	enum head_answer looked = head_look(&scan, p->in.data, p->in.len, &e);
	const char *body = p->in.data + scan.at;
	size_t len = p->in.len - scan.at;
	struct head h;

	if (looked == HEAD_MORE && !ended)
		return;
	if (looked == HEAD_MORE) {
		fail(p, "closes the connection before it has answered", "");
		return;
	}
	if (looked != HEAD_WHOLE || !head_read_answer(&h, p->in.data, scan.at, &e)) {
		fail(p, "answers what is no HTTP: ", e.text);
		return;
	}
	if (ended || p->in.len >= ANSWER_MAX || is_whole(&h, body, len))
		tell(p, &h, body, len);
	head_release(&h);
}

static void receive(struct probe *p)
{
	char piece[16 * 1024];
	ssize_t n = recv(p->fd, piece, sizeof piece, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		buf_add(&p->in, piece, (size_t)n);
	look_at_answer(p, n <= 0);
}

/* ---- The question ---- */

static void probe_polled(uv_poll_t *poll, int status, int events);

static void send_rest(struct probe *p)
{
	ssize_t n = send(p->fd, p->out.data + p->out_at, p->out.len - p->out_at,
		MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n > 0)
		p->out_at += (size_t)n;
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		fail(p, "closes the connection before it has answered", "");
		return;
	}
	uv_poll_start(&p->poll, UV_READABLE | (p->out_at < p->out.len ? UV_WRITABLE : 0),
		probe_polled);
}

static void connected(struct probe *p)
{
	int error = 0;
	socklen_t size = sizeof error;
	char port[32];

	snprintf(port, sizeof port, "%d", p->asks.port);
	if (getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) {
		fail(p, "takes no connection on port ", port);
		return;
	}
	p->connected = true;
	if (p->out.len == 0)
		answer(p, PROBE_CONNECTED, "", 0, "");
	else
		send_rest(p);
}

static void probe_polled(uv_poll_t *poll, int status, int events)
{
	struct probe *p = CONTAINER_OF(poll, struct probe, poll);

	if (!p->connected) {
		connected(p);
		return;
	}
	if (status < 0 || (events & UV_READABLE))
		receive(p);
	if (!p->over && p->out_at < p->out.len)
		send_rest(p);
}

static void late(uv_timer_t *timer)
{
	struct probe *p = CONTAINER_OF(timer, struct probe, timer);

	fail(p, p->connected ? "does not answer in time" : "takes no connection in time", "");
}

/* There was nothing to connect with, or nobody; told later, as all is. */
static void not_begun(uv_timer_t *timer)
{
	struct probe *p = CONTAINER_OF(timer, struct probe, timer);

	fail(p, "cannot be asked: ", strerror(p->error));
}

/* 0, or the error. */
static int connect_to(struct probe *p, struct uv_loop_s *loop)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)p->asks.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return errno;
	sock_mark(fd, p->asks.mark);
	/* The kernel bounds how many descriptors a user may watch. */
	if (uv_poll_init(loop, &p->poll, fd) != 0) {
		close(fd);
		return ENOSPC;
	}
	p->fd = fd;
	p->handles++;
	if (connect(fd, (const struct sockaddr *)&at, sizeof at) != 0 && errno != EINPROGRESS)
		return errno;
	return uv_poll_start(&p->poll, UV_WRITABLE, probe_polled) == 0 ? 0 : EINVAL;
}

struct probe *probe_start(struct uv_loop_s *loop, const struct probe_asks *asks)
{
	struct probe *p = mem_alloc(sizeof *p);

	p->asks = *asks;
	p->asks.path = NULL; /* it is in `out` from here on */
	p->fd = -1;
	p->handles = 1;
	buf_init(&p->out, 0);
	buf_init(&p->in, 0);
	if (asks->path != NULL)
		buf_addf(&p->out,
			"GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n"
			"Accept: */*\r\nUser-Agent: mltopd\r\n\r\n",
			asks->path, asks->port);
	uv_timer_init(loop, &p->timer);
	p->error = connect_to(p, loop);
	if (p->error != 0)
		uv_timer_start(&p->timer, not_begun, 0, 0);
	else
		uv_timer_start(&p->timer, late, (uint64_t)asks->most_ms, 0);
	return p;
}
