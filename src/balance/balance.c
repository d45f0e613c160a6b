/* The balancer as a whole: its life, its listener, its backends, and time. */
#include "balance/inside.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 511, ACCEPTS_A_TURN = 64 };

/* ---- Time ---- */

static bool has_connections(const struct balancer *b)
{
	if (b->clients != NULL)
		return true;
	for (unsigned i = 0; i < BALANCE_BACKENDS_MAX; i++)
		if (b->backends[i] != NULL && b->backends[i]->idle != NULL)
			return true;
	return false;
}

static void ticked(uv_timer_t *timer)
{
	struct balancer *b = timer->data;
	uint64_t now = uv_now(b->loop);
	struct client *next;

	for (struct client *c = b->clients; c != NULL; c = next) {
		next = c->next;
		client_look(c, now);
	}
	for (unsigned i = 0; i < BALANCE_BACKENDS_MAX; i++)
		if (b->backends[i] != NULL && now > BALANCE_KEEP_MS)
			upstream_expire(b->backends[i], now - BALANCE_KEEP_MS);
	/* Descriptors that were all used may be free again. */
	if (b->listen_fd >= 0)
		uv_poll_start(&b->listener, UV_READABLE, b->listener.poll_cb);
	if (!has_connections(b))
		uv_timer_stop(timer);
}

/* ---- The listener ---- */

static void address_text(const struct sockaddr_storage *from, char *out, size_t size)
{
	const void *address = from->ss_family == AF_INET6
		? (const void *)&((const struct sockaddr_in6 *)from)->sin6_addr
		: (const void *)&((const struct sockaddr_in *)from)->sin_addr;

	if (inet_ntop(from->ss_family, address, out, (socklen_t)size) == NULL)
		out[0] = '\0';
}

/* The one that has been idle longest goes for one that comes; false: none is idle. */
static bool make_room(struct balancer *b)
{
	struct client *idlest = NULL;

	for (struct client *c = b->clients; c != NULL; c = c->next)
		if (c->phase == CLIENT_IDLE && (idlest == NULL || c->until < idlest->until))
			idlest = c;
	if (idlest != NULL)
		client_kill(idlest);
	return idlest != NULL;
}

static void came(struct balancer *b, int fd, const struct sockaddr_storage *from)
{
	char address[INET6_ADDRSTRLEN];

	if (b->stats.connections >= b->set.connections_max && !make_room(b)) {
		close(fd);
		return;
	}
	address_text(from, address, sizeof address);
	client_open(b, fd, address);
	if (!uv_is_active((uv_handle_t *)&b->tick))
		uv_timer_start(&b->tick, ticked, BALANCE_TICK_MS, BALANCE_TICK_MS);
}

static void listener_polled(uv_poll_t *poll, int status, int events)
{
	struct balancer *b = poll->data;

	(void)events;
	for (int i = 0; status == 0 && i < ACCEPTS_A_TURN; i++) {
		struct sockaddr_storage from = {0};
		socklen_t size = sizeof from;
		int fd = accept4(b->listen_fd, (struct sockaddr *)&from, &size,
			SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0 && errno != EAGAIN && errno != ECONNABORTED && errno != EINTR) {
			/* It would be told again at once; the next tick looks again. */
			uv_poll_stop(poll);
			uv_timer_start(&b->tick, ticked, BALANCE_TICK_MS, BALANCE_TICK_MS);
		}
		if (fd < 0)
			return;
		came(b, fd, &from);
	}
}

static bool read_address(const char *address, int port, struct sockaddr_storage *out,
	socklen_t *size)
{
	struct sockaddr_in *four = (struct sockaddr_in *)out;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;

	*out = (struct sockaddr_storage){0};
	if (inet_pton(AF_INET, address, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons((uint16_t)port);
		*size = sizeof *four;
		return true;
	}
	six->sin6_family = AF_INET6;
	six->sin6_port = htons((uint16_t)port);
	*size = sizeof *six;
	return inet_pton(AF_INET6, address, &six->sin6_addr) == 1;
}

static int listen_at(const struct sockaddr_storage *at, socklen_t size)
{
	int fd = socket(at->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1,
	    error;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, (const struct sockaddr *)at, size) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

static int port_of(int fd)
{
	struct sockaddr_storage at = {0};
	socklen_t size = sizeof at;

	getsockname(fd, (struct sockaddr *)&at, &size);
	/* The port stands at the same place in both. */
	return ntohs(((struct sockaddr_in *)&at)->sin_port);
}

bool balancer_listen(struct balancer *b, const char *address, int *port, struct err *e)
{
	struct sockaddr_storage at;
	socklen_t size;
	int fd;

	if (!read_address(address, *port, &at, &size))
		return err_set(e, ERR_INVALID,
			"services cannot be reached at %s: it must be an IPv4 or IPv6 address",
			address);
	fd = listen_at(&at, size);
	if (fd < 0 || uv_poll_init(b->loop, &b->listener, fd) != 0) {
		if (fd >= 0)
			close(fd);
		return err_set(e, errno == EADDRINUSE ? ERR_CONFLICT : ERR_UNAVAILABLE,
			"the service cannot be reached at %s port %d: %s", address, *port,
			strerror(errno));
	}
	b->listen_fd = fd;
	b->listener.data = b;
	b->handles++;
	uv_poll_start(&b->listener, UV_READABLE, listener_polled);
	*port = port_of(fd);
	return true;
}

/* ---- Backends ---- */

static void requests_go(struct balancer *b)
{
	while (b->waiting != NULL)
		relay_go(b->waiting);
}

struct backend *balancer_add(struct balancer *b, int port, void *owner)
{
	struct backend *backend;
	unsigned slot = 0;

	while (slot < BALANCE_BACKENDS_MAX && b->backends[slot] != NULL)
		slot++;
	if (slot == BALANCE_BACKENDS_MAX)
		return NULL;
	backend = b->backends[slot] = mem_alloc(sizeof *backend);
	backend->b = b;
	backend->owner = owner;
	backend->slot = slot;
	backend->address.sin_family = AF_INET;
	backend->address.sin_port = htons((uint16_t)port);
	backend->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	requests_go(b);
	return backend;
}

void *backend_owner(const struct backend *backend)
{
	return backend->owner;
}

size_t backend_in_flight(const struct backend *backend)
{
	return backend->in_flight;
}

void balancer_drain(struct backend *backend)
{
	backend->draining = true;
	upstream_expire(backend, UINT64_MAX);
	backend_look_drained(backend);
}

void balancer_remove(struct backend *backend)
{
	struct balancer *b = backend->b;

	backend->draining = backend->told = true;
	upstream_expire(backend, UINT64_MAX);
	while (backend->busy != NULL)
		upstream_lose(backend->busy);
	b->backends[backend->slot] = NULL;
	free(backend);
}

/* ---- Life ---- */

static void or_standard(size_t *value, size_t standard)
{
	if (*value == 0)
		*value = standard;
}

void balancer_set(struct balancer *b, const struct balance_settings *settings)
{
	b->set = *settings;
	or_standard(&b->set.connections_max, 1024);
	or_standard(&b->set.retry_bytes, 256 * 1024);
	or_standard(&b->set.held_max, 16 << 20);
	or_standard(&b->set.waiting_max, 256);
	if (b->set.answer_ms == 0)
		b->set.answer_ms = (int64_t)10 * 60 * 1000;
}

struct balancer *balancer_new(uv_loop_t *loop, const struct balance_settings *settings,
	const struct balance_calls *calls, void *ctx)
{
	struct balancer *b = mem_alloc(sizeof *b);

	b->loop = loop;
	b->calls = calls;
	b->ctx = ctx;
	b->listen_fd = -1;
	balancer_set(b, settings);
	uv_timer_init(loop, &b->tick);
	uv_timer_init(loop, &b->later);
	b->tick.data = b->later.data = b;
	b->handles = 2;
	return b;
}

static void handle_closed(uv_handle_t *handle)
{
	balancer_handle_closed(handle->data);
}

void balancer_free(struct balancer *b, void (*freed)(void *ctx), void *ctx)
{
	b->closing = true;
	b->freed = freed;
	b->freed_ctx = ctx;
	while (b->clients != NULL)
		client_kill(b->clients);
	for (unsigned i = 0; i < BALANCE_BACKENDS_MAX; i++)
		if (b->backends[i] != NULL)
			balancer_remove(b->backends[i]);
	if (b->listen_fd >= 0) {
		uv_close((uv_handle_t *)&b->listener, handle_closed);
		close(b->listen_fd);
	}
	uv_close((uv_handle_t *)&b->tick, handle_closed);
	uv_close((uv_handle_t *)&b->later, handle_closed);
}

void balancer_stats(const struct balancer *b, struct balance_stats *out)
{
	*out = b->stats;
}
