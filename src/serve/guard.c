/*
 * What libwebsockets 4.1.6 lets through and must not: each of these was tried against it. A check
 * that fails answers where there is somebody to answer to, and the connection is closed.
 */
#include "serve/http.h"

#include "base/mem.h"
#include "base/num.h"
#include "base/utf8.h"
#include "core/wire/wire.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* ---- Connections ---- */

/* Connections of one address that have not said who they are. */
struct address_use {
	int strangers;
};

static bool address_of(int fd, char *out, size_t size)
{
	struct sockaddr_storage at;
	socklen_t len = sizeof at;

	return getpeername(fd, (struct sockaddr *)&at, &len) == 0 &&
		getnameinfo((struct sockaddr *)&at, len, out, (socklen_t)size, NULL, 0,
			NI_NUMERICHOST) == 0;
}

/*
 * Without a reserve of descriptors libwebsockets spins when accept() finds none; the store and the
 * engine need theirs too. The kernel gives the lowest free number, so the number itself tells how
 * many are in use.
 */
bool guard_connection(struct server *s, int fd)
{
	const struct server_limits *limits = s->asks->limits(s->platform);
	const struct address_use *use;
	char peer[64];

	if (s->closing || fd > s->fd_most)
		return false;
	if (!limits->shared)
		return true;
	if (limits->connections > 0 && s->conn_count >= limits->connections)
		return false;
	if (!address_of(fd, peer, sizeof peer))
		return false;
	use = map_get(&s->addresses, peer);
	return use == NULL || limits->per_address <= 0 || use->strangers < limits->per_address;
}

void guard_opened(struct conn *c)
{
	struct address_use *use;

	if (!address_of(lws_get_socket_fd(c->wsi), c->peer, sizeof c->peer))
		snprintf(c->peer, sizeof c->peer, "unknown");
	use = map_get(&c->server->addresses, c->peer);
	if (use == NULL) {
		use = mem_alloc(sizeof *use);
		map_set(&c->server->addresses, c->peer, use);
	}
	use->strangers++;
	c->counted_address = true;
}

void guard_authenticated(struct conn *c)
{
	struct address_use *use;

	if (!c->counted_address)
		return;
	c->counted_address = false;
	use = map_get(&c->server->addresses, c->peer);
	if (use != NULL && --use->strangers == 0)
		free(map_remove(&c->server->addresses, c->peer));
}

void guard_closed(struct conn *c)
{
	guard_authenticated(c);
}

/* ---- Headers ---- */

/* The token of a header that libwebsockets knows by name; -1: it keeps it among the unknown. */
static int known_token(const char *name)
{
	size_t len = strlen(name);

	for (int t = 0; t < WSI_TOKEN_COUNT; t++) {
		const char *word = (const char *)lws_token_to_string((enum lws_token_indexes)t);

		if (word != NULL && strncmp(word, name, len) == 0 && word[len] == ':' &&
			word[len + 1] == '\0')
			return t;
	}
	return -1;
}

static bool known_header(struct lws *wsi, int token, char *out, size_t size)
{
	enum lws_token_indexes t = (enum lws_token_indexes)token;
	int n;

	if (lws_hdr_total_length(wsi, t) <= 0)
		return false;
	n = lws_hdr_copy(wsi, out, (int)size, t);
	return n > 0 && strlen(out) == (size_t)n;
}

bool guard_header(struct lws *wsi, const char *name, char *out, size_t size)
{
	char with_colon[66];
	int token = known_token(name), n;

	if (token >= 0)
		return known_header(wsi, token, out, size);
	n = snprintf(with_colon, sizeof with_colon, "%s:", name);
	if (n <= 1 || n >= (int)sizeof with_colon || lws_hdr_custom_length(wsi, with_colon, n) < 0)
		return false;
	return lws_hdr_custom_copy(wsi, out, (int)size, with_colon, n) >= 0;
}

static bool refuse(struct err *e, const char *why)
{
	return err_set(e, ERR_INVALID, "the request is refused: %s", why);
}

/* ---- The request line ---- */

static const struct {
	enum lws_token_indexes token;
	int method;
	const char *word;
} methods[] = {
	{WSI_TOKEN_GET_URI, METHOD_GET, "GET"},
	{WSI_TOKEN_POST_URI, METHOD_POST, "POST"},
	{WSI_TOKEN_PUT_URI, METHOD_PUT, "PUT"},
	{WSI_TOKEN_PATCH_URI, METHOD_PATCH, "PATCH"},
	{WSI_TOKEN_DELETE_URI, METHOD_DELETE, "DELETE"},
	{WSI_TOKEN_HEAD_URI, -1, "HEAD"},
	{WSI_TOKEN_OPTIONS_URI, -1, "OPTIONS"},
};

static bool guard_path(struct lws *wsi, struct request_facts *f, struct err *e)
{
	char raw[QUERY_PATH_MAX + 2];
	struct buf clean = BUF_INIT;
	bool ok;

	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		if (lws_hdr_total_length(wsi, methods[i].token) <= 0)
			continue;
		f->method = methods[i].method;
		f->method_word = methods[i].word;
		if (!known_header(wsi, methods[i].token, raw, sizeof raw))
			return err_set(e, ERR_INVALID,
				"the path of the request is refused: it is "
				"longer than 1024 bytes or holds a NUL");
		ok = path_clean(raw, &clean, e);
		if (ok)
			memcpy(f->path, clean.data, clean.len + 1);
		buf_release(&clean);
		return ok;
	}
	return refuse(e, "its method is not one of HTTP");
}

static bool guard_version(struct lws *wsi, struct request_facts *f, struct err *e)
{
	char version[16], connection[64];

	if (!known_header(wsi, WSI_TOKEN_HTTP, version, sizeof version) ||
		(strcmp(version, "HTTP/1.1") != 0 && strcmp(version, "HTTP/1.0") != 0))
		return refuse(e, "its version must be HTTP/1.1 or HTTP/1.0");
	f->http11 = version[7] == '1';
	f->keep_alive = f->http11;
	if (known_header(wsi, WSI_TOKEN_CONNECTION, connection, sizeof connection)) {
		if (strcasecmp(connection, "close") == 0)
			f->keep_alive = false;
		else if (strcasecmp(connection, "keep-alive") == 0)
			f->keep_alive = true;
	}
	return true;
}

/* Repeated headers are joined by libwebsockets with a comma, which no host name holds. */
static bool guard_host(struct lws *wsi, struct err *e)
{
	char host[300];

	if (!known_header(wsi, WSI_TOKEN_HOST, host, sizeof host) || strpbrk(host, ", \t") != NULL)
		return refuse(e, "it must have exactly one Host header");
	return true;
}

/* A request has one length or none: whatever else there is, somebody could read it differently. */
static bool guard_length(struct lws *wsi, struct request_facts *f, struct err *e)
{
	char text[32], encoding[64];
	bool encoded = lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0;
	int64_t length;

	f->has_length = lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) > 0;
	if (encoded) {
		/* The public client sends an empty chunked body with every signed GET. */
		f->chunked_get = f->method == METHOD_GET && !f->has_length &&
			known_header(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING, encoding,
				sizeof encoding) &&
			strcasecmp(encoding, "chunked") == 0;
		return f->chunked_get ||
			refuse(e,
				"a body must come with Content-Length, "
				"not with Transfer-Encoding");
	}
	if (!f->has_length)
		return true;
	if (!known_header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, text, sizeof text) ||
		strlen(text) > 7 || strspn(text, "0123456789") != strlen(text) ||
		!num_i64(text, 0, 9999999, &length))
		return refuse(e, "Content-Length must be one number of at most seven digits");
	f->length = (size_t)length;
	return true;
}

/* libwebsockets gives the query in decoded fragments, divided at '&' (and ';'). */
static bool guard_query(struct lws *wsi, struct query *q, struct err *e)
{
	char *text;
	bool ok = true;

	if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_URI_ARGS) <= 0)
		return true;
	text = mem_alloc(QUERY_TEXT_MAX);
	for (int i = 0; ok; i++) {
		int n = lws_hdr_copy_fragment(wsi, text, QUERY_TEXT_MAX, WSI_TOKEN_HTTP_URI_ARGS,
			i);

		if (n < 0)
			break;
		if (strlen(text) != (size_t)n || !utf8_valid(text, (size_t)n))
			ok = refuse(e, "a parameter of the query is not UTF-8 text");
		else
			ok = query_add_fragment(q, text, e);
	}
	free(text);
	return ok;
}

bool guard_request(struct lws *wsi, struct request_facts *f, struct query *q, struct err *e)
{
	*f = (struct request_facts){.method = -1, .method_word = "?"};
	return guard_path(wsi, f, e) && guard_version(wsi, f, e) && guard_host(wsi, e) &&
		guard_length(wsi, f, e) && guard_query(wsi, q, e);
}

/* ---- Upgrades ---- */

static bool origin_allowed(const struct server *s, const char *origin)
{
	for (char **at = s->origins; at != NULL && *at != NULL; at++)
		if (strcmp(*at, origin) == 0)
			return true;
	return false;
}

static bool header_is(struct lws *wsi, int token, const char *value)
{
	char text[64];

	return known_header(wsi, token, text, sizeof text) && strcasecmp(text, value) == 0;
}

/*
 * The header table is read anew: after a keep-alive request, libwebsockets 4.1.6 comes here with a
 * pointer to an Upgrade value that it has already freed.
 */
bool guard_upgrade(struct server *s, struct lws *wsi, struct request_facts *f, struct query *q,
	struct err *e)
{
	char text[256];

	if (!header_is(wsi, WSI_TOKEN_UPGRADE, "websocket"))
		return refuse(e, "the only upgrade there is goes to websocket");
	if (!guard_request(wsi, f, q, e))
		return false;
	if (f->method != METHOD_GET || !f->http11 || f->has_length || f->chunked_get)
		return refuse(e, "a websocket is opened by a GET of HTTP/1.1 without a body");
	if (!header_is(wsi, WSI_TOKEN_VERSION, "13") ||
		!known_header(wsi, WSI_TOKEN_KEY, text, sizeof text) || strlen(text) != 24)
		return refuse(e,
			"a websocket needs Sec-WebSocket-Version 13 and a "
			"Sec-WebSocket-Key");
	if (!known_header(wsi, WSI_TOKEN_PROTOCOL, text, sizeof text) ||
		strcmp(text, WIRE_PROTOCOL) != 0)
		return refuse(e, "the websocket's subprotocol must be " WIRE_PROTOCOL);
	if (lws_hdr_total_length(wsi, WSI_TOKEN_ORIGIN) > 0 &&
		(!known_header(wsi, WSI_TOKEN_ORIGIN, text, sizeof text) ||
			!origin_allowed(s, text)))
		return err_set(e, ERR_FORBIDDEN,
			"the websocket is refused: its Origin is not one that this server allows");
	return true;
}
