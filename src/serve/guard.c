/*
 * What is refused before it means anything: connections above the limits, requests that are HTTP
 * and not for us, upgrades. A check that fails answers where there is somebody to answer to.
 */
#include "serve/http.h"

#include "core/wire/wire.h"
#include "serve/ws.h"

#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* ---- Connections ---- */

/* Is it a stranger with no request at work? */
static bool may_go(const struct conn *c, const char *counted)
{
	return !c->dead && c->counted_address &&
		(c->phase == PHASE_SHAKING || c->phase == PHASE_HEADER) &&
		(counted == NULL || strcmp(c->peer.counted, counted) == 0);
}

/*
 * Makes room by dropping the oldest stranger that waits (of those counted so, or of all): idle sockets are no
 * way to lock others out. Those that have sent a whole head before go last.
 */
static bool drop_stranger(struct server *s, const char *counted)
{
	struct conn *oldest = NULL;

	for (struct conn *c = s->conns; c != NULL; c = c->next)
		if (may_go(c, counted) && (oldest == NULL || !c->said_head || oldest->said_head))
			oldest = c;
	if (oldest == NULL)
		return false;
	conn_kill(oldest);
	return true;
}

/*
 * A reserve of descriptors is kept, for the store and the engine need theirs too. The kernel gives
 * the lowest free number, so the number itself tells how many are in use. -1: all are, by others
 * who may not be dropped.
 */
static int low_number(struct server *s, int fd)
{
	int lower;

	if (fd <= s->fd_most)
		return fd;
	lower = drop_stranger(s, NULL) ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
	close(fd);
	if (lower > s->fd_most) {
		close(lower);
		lower = -1;
	}
	return lower;
}

static bool guard_limits(struct server *s, const struct peer *peer)
{
	const struct server_limits *limits = s->asks->limits(s->platform);

	if (!limits->shared)
		return true;
	if (!guard_is_proxy(s, peer->address) && !strangers_room(s, peer->counted) &&
		!drop_stranger(s, peer->counted))
		return false;
	return limits->connections <= 0 || s->conn_live < limits->connections ||
		drop_stranger(s, NULL);
}

int guard_connection(struct server *s, int fd, struct peer *peer)
{
	peer_of(peer, fd);
	if (!s->closing && guard_limits(s, peer))
		return low_number(s, fd);
	close(fd);
	return -1;
}

/* What a trusted proxy's request says of whom it comes from. Nobody else's word is taken. */
bool guard_forwarded(struct exchange *x, struct err *e)
{
	const struct conn *c = x->conn;
	const struct server *s = x->server;
	char address[PEER_SIZE];
	const char *scheme;

	x->r.secure = s->tls != NULL ||
		(s->proxy_count == 0 && !s->unix_trusted &&
			(peer_loopback(c->peer.address) || strcmp(c->peer.address, "unix") == 0));
	if (!c->proxied)
		return true;
	scheme = head_get(&x->head, "x-forwarded-proto");
	x->r.secure = scheme != NULL && strcasecmp(scheme, "https") == 0;
	if (!peer_forwarded(&x->head, s->proxies, s->proxy_count, address))
		return true;
	x->r.peer = arena_strdup(&x->text, address);
	if (!strangers_room(s, address))
		return err_set(e, ERR_BUSY,
			"%s has too many requests at once that are not signed: wait", address);
	strangers_count(x->server, address, 1);
	x->counted_address = true;
	return true;
}

/* ---- Requests ---- */

static bool refuse(struct err *e, const char *why)
{
	return err_set(e, ERR_INVALID, "the request is refused: %s", why);
}

static bool guard_method(const struct head *h, struct request_facts *f, struct err *e)
{
	static const struct {
		const char *word;
		int method;
	} methods[] = {
		{"GET", METHOD_GET},
		{"POST", METHOD_POST},
		{"PUT", METHOD_PUT},
		{"PATCH", METHOD_PATCH},
		{"DELETE", METHOD_DELETE},
		{"HEAD", METHOD_HEAD},
		{"OPTIONS", -1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		if (strcmp(h->method, methods[i].word) == 0) {
			f->method = methods[i].method;
			f->method_word = methods[i].word;
			return true;
		}
	return refuse(e, "its method is not one of HTTP");
}

static bool guard_path(const struct head *h, struct request_facts *f, struct err *e)
{
	struct buf raw = BUF_INIT, clean = BUF_INIT;
	bool ok = false;

	if (!percent_decode(&raw, h->path, strlen(h->path), false))
		err_set(e, ERR_INVALID,
			"the path of the request is refused: %% must be followed by two hex digits");
	else if (strlen(raw.data) != raw.len)
		err_set(e, ERR_INVALID, "the path of the request is refused: it holds a NUL");
	else
		ok = path_clean(raw.data, &clean, e);
	if (ok)
		memcpy(f->path, clean.data, clean.len + 1);
	buf_release(&raw);
	buf_release(&clean);
	return ok;
}

bool guard_request(const struct head *h, struct request_facts *f, struct query *q, struct err *e)
{
	*f = (struct request_facts){.method = -1,
		.method_word = "?",
		.query_text = h->query,
		.path_text = h->path};
	return guard_method(h, f, e) && guard_path(h, f, e) &&
		(h->query == NULL || query_parse(q, h->query, strlen(h->query), true, e));
}

/* ---- Upgrades ---- */

static bool origin_allowed(const struct server *s, const char *origin)
{
	for (char **at = s->origins; at != NULL && *at != NULL; at++)
		if (strcmp(*at, origin) == 0)
			return true;
	return false;
}

static bool header_is(const struct head *h, const char *name, const char *value)
{
	const char *text = head_get(h, name);

	return text != NULL && strcasecmp(text, value) == 0;
}

bool guard_upgrade(const struct server *s, const struct head *h, const struct request_facts *f,
	struct err *e)
{
	const char *key = head_get(h, "sec-websocket-key"), *origin = head_get(h, "origin");
	const char *protocol = head_get(h, "sec-websocket-protocol");

	if (!header_is(h, "upgrade", "websocket") || !head_lists(h, "connection", "upgrade"))
		return refuse(e, "the only upgrade there is goes to websocket");
	if (f->method != METHOD_GET || !h->http11 || h->has_length || h->chunked)
		return refuse(e, "a websocket is opened by a GET of HTTP/1.1 without a body");
	if (!header_is(h, "sec-websocket-version", "13") || key == NULL || !ws_key_valid(key))
		return refuse(e,
			"a websocket needs Sec-WebSocket-Version 13 and a "
			"Sec-WebSocket-Key");
	if (protocol == NULL || strcmp(protocol, WIRE_PROTOCOL) != 0)
		return refuse(e, "the websocket's subprotocol must be " WIRE_PROTOCOL);
	if (origin != NULL && !origin_allowed(s, origin))
		return err_set(e, ERR_FORBIDDEN,
			"the websocket is refused: its Origin is not one that this server allows");
	return true;
}
