#include "serve/server.h"

#include "base/mem.h"
#include "base/timefmt.h"
#include "serve/http.h"
#include "serve/hub.h"
#include "serve/stream.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { CLOSE_STREAMS_MS = 300, ACCEPTS_A_TURN = 64, LISTEN_BACKLOG = 1024, ACCEPT_PAUSE_MS = 100 };

/* ---- Listening ---- */

static void listen_polled(uv_poll_t *poll, int status, int events);

static void accept_resumed(uv_timer_t *timer)
{
	struct server *s = CONTAINER_OF(timer, struct server, accept_timer);

	for (size_t i = 0; i < s->listener_count && !s->closing; i++)
		uv_poll_start(&s->listeners[i].poll, UV_READABLE, listen_polled);
}

/* Without a free descriptor accept() fails and the loop would turn for nothing. */
static void accept_paused(struct server *s)
{
	for (size_t i = 0; i < s->listener_count; i++)
		uv_poll_stop(&s->listeners[i].poll);
	uv_timer_start(&s->accept_timer, accept_resumed, ACCEPT_PAUSE_MS, 0);
}

static void listen_polled(uv_poll_t *poll, int status, int events)
{
	struct listener *l = CONTAINER_OF(poll, struct listener, poll);
	struct server *s = l->server;
	struct peer peer;

	(void)status, (void)events;
	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
				errno == ENOMEM)
				accept_paused(s);
			return;
		}
		fd = guard_connection(s, fd, &peer);
		if (fd >= 0)
			conn_open(s, fd, &peer);
	}
}

/* A socket that listens there; -1: errno says why not. */
static int listen_at(const struct addrinfo *at)
{
	int fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, LISTEN_BACKLOG) == 0)
		return fd;
	close(fd);
	return -1;
}

static int port_of(int fd)
{
	struct sockaddr_storage at;
	socklen_t len = sizeof at;

	if (getsockname(fd, (struct sockaddr *)&at, &len) != 0)
		return 0;
	return ntohs(at.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&at)->sin6_port
					      : ((struct sockaddr_in *)&at)->sin_port);
}

static void listener_add(struct server *s, int fd)
{
	struct listener *l = &s->listeners[s->listener_count++];

	l->server = s;
	l->fd = fd;
}

static bool listen_tcp(struct server *s, const struct server_config *config, struct err *e)
{
	struct addrinfo wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	struct addrinfo *found = NULL;
	char port[16];
	int failed, fd = -1;

	snprintf(port, sizeof port, "%d", config->port);
	failed = getaddrinfo(config->address, port, &wanted, &found);
	if (failed)
		return err_set(e, ERR_UNAVAILABLE, "cannot listen on %s: %s", config->address,
			gai_strerror(failed));
	errno = EADDRNOTAVAIL;
	for (const struct addrinfo *at = found; at != NULL && fd < 0; at = at->ai_next)
		fd = listen_at(at);
	freeaddrinfo(found);
	if (fd < 0)
		return err_set(e, ERR_UNAVAILABLE, "cannot listen on %s port %d: %s",
			config->address, config->port, strerror(errno));
	s->port = port_of(fd);
	listener_add(s, fd);
	return true;
}

/*
 * What an earlier daemon left there goes: the state folder's lock says that it runs no more. Whatever
 * else has that name is somebody's.
 */
static bool path_clear(const char *path, struct err *e)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return true; /* bind says what is wrong with it */
	if (!S_ISSOCK(st.st_mode))
		return err_set(e, ERR_INVALID,
			"listen_unix %s is there and is no socket: name another path, or move it away",
			path);
	unlink(path);
	return true;
}

static bool listen_unix(struct server *s, const char *path, struct err *e)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof at.sun_path)
		return err_set(e, ERR_INVALID, "listen_unix %s is too long: %zu bytes may be", path,
			sizeof at.sun_path - 1);
	memcpy(at.sun_path, path, strlen(path) + 1);
	if (!path_clear(path, e))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0 || chmod(path, 0660) != 0 ||
		listen(fd, LISTEN_BACKLOG) != 0) {
		err_set(e, ERR_UNAVAILABLE, "cannot listen on %s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return false;
	}
	listener_add(s, fd);
	return true;
}

static bool server_listen(struct server *s, const struct server_config *config, struct err *e)
{
	return listen_tcp(s, config, e) &&
		(config->unix_path == NULL || config->unix_path[0] == '\0' ||
			listen_unix(s, config->unix_path, e));
}

static bool read_proxies(struct server *s, const char *const *proxies, struct err *e)
{
	size_t n = 0;

	while (proxies != NULL && proxies[n] != NULL)
		n++;
	s->proxies = mem_alloc((n + 1) * sizeof *s->proxies);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(proxies[i], "unix") == 0)
			s->unix_trusted = true;
		else if (!network_parse(&s->proxies[s->proxy_count++], proxies[i], e))
			return false;
	}
	return true;
}

/* ---- Opening ---- */

static int descriptors_most(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur > 1 << 20)
		return (1 << 20) - HTTP_FD_RESERVE;
	return (int)files.rlim_cur - HTTP_FD_RESERVE;
}

static struct server *server_new(const struct server_config *config)
{
	struct server *s = mem_alloc(sizeof *s);
	size_t n = 0;

	s->loop = config->loop;
	s->platform = config->platform;
	s->asks = config->asks;
	s->routes = config->routes;
	s->prefix = mem_strdup(config->prefix ? config->prefix : "");
	for (size_t len = strlen(s->prefix); len > 0 && s->prefix[len - 1] == '/'; len--)
		s->prefix[len - 1] = '\0';
	while (config->origins != NULL && config->origins[n] != NULL)
		n++;
	s->origins = mem_alloc((n + 1) * sizeof *s->origins);
	for (size_t i = 0; i < n; i++)
		s->origins[i] = mem_strdup(config->origins[i]);
	s->fd_most = descriptors_most();
	s->piece = mem_alloc(HTTP_CHUNK);
	s->spool_dir = mem_strdup(config->spool_dir ? config->spool_dir : "/tmp");
	s->hub = hub_new(s);
	return s;
}

static void server_free(struct server *s)
{
	size_t at = 0;
	const char *key;
	void *value;

	exchange_forget_server(s);
	hub_free(s->hub);
	auth_release(s);
	while (map_next(&s->addresses, &at, &key, &value))
		free(value);
	map_release(&s->addresses);
	for (char **origin = s->origins; *origin != NULL; origin++)
		free(*origin);
	free(s->origins);
	free(s->prefix);
	free(s->piece);
	free(s->spool_dir);
	free(s->proxies);
	SSL_CTX_free(s->tls);
	free(s);
}

static void turn_began(uv_prepare_t *prepare)
{
	CONTAINER_OF(prepare, struct server, turn_begins)->turn_steps = STEPS_TURN;
}

static void server_closed(uv_handle_t *handle);

/* False: the server is freed in the loop's next turn, when those that it watched are closed. */
static bool listeners_watch(struct server *s, struct err *e)
{
	size_t watched = 0;
	int bad = 0;

	uv_timer_init(s->loop, &s->close_timer);
	for (; watched < s->listener_count; watched++) {
		struct listener *l = &s->listeners[watched];

		bad = uv_poll_init(s->loop, &l->poll, l->fd);
		if (bad != 0)
			break;
		uv_poll_start(&l->poll, UV_READABLE, listen_polled);
	}
	if (bad == 0)
		return true;
	err_set(e, ERR_UNAVAILABLE, "cannot listen: the system does not tell who connects: %s",
		uv_strerror(bad));
	/* What is closed last is called first: this one frees them all. */
	uv_close((uv_handle_t *)&s->close_timer, server_closed);
	for (size_t i = 0; i < s->listener_count; i++) {
		if (i < watched)
			uv_close((uv_handle_t *)&s->listeners[i].poll, NULL);
		close(s->listeners[i].fd);
	}
	return false;
}

bool server_open(struct server **out, const struct server_config *config, struct err *e)
{
	struct server *s = server_new(config);

	if (config->tls_cert != NULL)
		s->tls = tls_context(config->tls_cert, config->tls_key, e);
	if ((config->tls_cert != NULL && s->tls == NULL) || !read_proxies(s, config->proxies, e) ||
		!server_listen(s, config, e)) {
		for (size_t i = 0; i < s->listener_count; i++)
			close(s->listeners[i].fd);
		server_free(s);
		return false;
	}
	if (!listeners_watch(s, e))
		return false;
	uv_timer_init(s->loop, &s->accept_timer);
	laters_open(s);
	uv_prepare_init(s->loop, &s->turn_begins);
	uv_prepare_start(&s->turn_begins, turn_began);
	uv_unref((uv_handle_t *)&s->turn_begins);
	s->turn_steps = STEPS_TURN;
	hub_start(s->hub);
	*out = s;
	return true;
}

int server_port(const struct server *s)
{
	return s->port;
}

struct hub *server_hub(struct server *s)
{
	return s->hub;
}

int server_viewers(const struct server *s)
{
	return hub_streams(s->hub);
}

/* ---- Closing ---- */

static void server_closed(uv_handle_t *handle)
{
	struct server *s = CONTAINER_OF((uv_timer_t *)handle, struct server, close_timer);
	void (*closed)(void *ctx) = s->closed;
	void *ctx = s->closed_ctx;

	server_free(s);
	if (closed != NULL)
		closed(ctx);
}

/* Answers may take all of the grace; streams only have their reason still to be told. */
static bool may_end(const struct server *s, int64_t mono)
{
	if (mono >= s->close_by)
		return true;
	return s->exchange_count == 0 &&
		(hub_streams(s->hub) == 0 || mono - s->close_begun >= CLOSE_STREAMS_MS);
}

static void handle_went(uv_handle_t *handle)
{
	handle->data = handle;
}

/* Connections close over a turn of the loop; handlers that still owe an answer keep no server. */
static void close_step(uv_timer_t *timer)
{
	struct server *s = CONTAINER_OF(timer, struct server, close_timer);

	if (!s->ended && !may_end(s, time_mono_ms()))
		return;
	if (!s->ended) {
		uv_close((uv_handle_t *)&s->turn_begins, handle_went);
		uv_close((uv_handle_t *)&s->later_idle, handle_went);
	}
	s->ended = true;
	for (struct conn *c = s->conns; c != NULL; c = c->next)
		conn_kill(c);
	laters_close(s);
	/*
	 * Once the two above are closed: what is closed last is called first, and frees them all. This
	 * timer may fire twice in a turn, where another one has the loop look at the clock.
	 */
	if (s->turn_begins.data && s->later_idle.data && s->conn_count == 0)
		uv_close((uv_handle_t *)&s->close_timer, server_closed);
}

void server_close(struct server *s, int grace_ms, void (*done)(void *ctx), void *ctx)
{
	s->closing = true;
	s->closed = done;
	s->closed_ctx = ctx;
	s->close_begun = time_mono_ms();
	s->close_by = s->close_begun + grace_ms;
	hub_stop(s->hub);
	for (size_t i = 0; i < s->listener_count; i++) {
		uv_close((uv_handle_t *)&s->listeners[i].poll, NULL);
		close(s->listeners[i].fd); /* nothing polls it any more */
	}
	uv_close((uv_handle_t *)&s->accept_timer, NULL);
	uv_timer_start(&s->close_timer, close_step, 1, 5);
}
