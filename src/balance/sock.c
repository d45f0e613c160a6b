#include "balance/inside.h"

#include "base/mem.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void sock_polled(uv_poll_t *poll, int status, int events)
{
	struct sock *s = CONTAINER_OF(poll, struct sock, poll);

	/* An error is told by the call that meets it. */
	s->ready(s, status < 0 || (events & UV_READABLE), status < 0 || (events & UV_WRITABLE));
}

bool sock_open(struct sock *s, struct balancer *b, int fd)
{
	int on = 1;

	/* The kernel bounds how many descriptors a user may watch. */
	if (uv_poll_init(b->loop, &s->poll, fd) != 0) {
		close(fd);
		return false;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	s->b = b;
	s->fd = fd;
	s->open = true;
	b->handles++;
	return true;
}

/* Each change costs system calls, so that what is mostly wanted is left on. */
void sock_watch(struct sock *s, bool read, bool write)
{
	int events = (read ? UV_READABLE : 0) | (write ? UV_WRITABLE : 0);

	if (!s->open || events == s->events)
		return;
	s->events = events;
	if (events)
		uv_poll_start(&s->poll, events, sock_polled);
	else
		uv_poll_stop(&s->poll);
}

void sock_mark(int fd, uint32_t mark)
{
	if (mark != 0)
		setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof mark);
}

ssize_t sock_read(struct sock *s, char *to, size_t size)
{
	ssize_t n = recv(s->fd, to, size, MSG_DONTWAIT);

	if (n >= 0)
		return n;
	return errno == EAGAIN || errno == EINTR ? SOCK_AGAIN : SOCK_BROKEN;
}

bool sock_silent(const struct sock *s)
{
	char byte;

	return recv(s->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
		(errno == EAGAIN || errno == EINTR);
}

ssize_t sock_write(struct sock *s, const char *from, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = send(s->fd, from + done, len - done, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return SOCK_BROKEN;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

void sock_reset(struct sock *s)
{
	const struct linger at_once = {.l_onoff = 1};

	setsockopt(s->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

void balancer_handle_closed(struct balancer *b)
{
	void (*freed)(void *ctx) = b->freed;
	void *ctx = b->freed_ctx;

	if (--b->handles > 0 || !b->closing)
		return;
	free(b);
	if (freed != NULL)
		freed(ctx);
}

static void sock_closed(uv_handle_t *handle)
{
	struct sock *s = CONTAINER_OF((uv_poll_t *)handle, struct sock, poll);
	struct balancer *b = s->b;

	s->freed(s);
	balancer_handle_closed(b);
}

void sock_close(struct sock *s)
{
	s->open = false;
	uv_close((uv_handle_t *)&s->poll, sock_closed);
	close(s->fd); /* nothing polls it any more: its number is free at once */
}
