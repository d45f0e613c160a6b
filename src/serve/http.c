/* A request from its header to its handler. */
#include "serve/http.h"

#include "serve/stream.h"

#include <stdio.h>
#include <string.h>

const char *request_query(const struct request *r, const char *name)
{
	for (size_t i = 0; i < r->query_count; i++)
		if (strcmp(r->query[i].name, name) == 0)
			return r->query[i].value;
	return NULL;
}

/* ---- Header ---- */

static size_t body_limit(const struct route *route)
{
	return route->body_max ? route->body_max : HTTP_BODY_MAX;
}

static bool method_has_body(int method)
{
	return method == METHOD_POST || method == METHOD_PUT || method == METHOD_PATCH;
}

/* Answers; the connection goes on where nothing of the request is left to read. */
static void refuse_kept(struct exchange *x, int status, const struct err *e)
{
	if (x->head.length > 0 || x->facts.method < 0)
		exchange_fail_close(x, status, e);
	else
		exchange_fail(x, status, e);
}

/* What a path that no route has is answered with, given that the method may be the reason. */
static void refuse_route(struct exchange *x, const char *path)
{
	char allow[64];
	struct err e = ERR_INIT;

	if (!route_allows(x->server->routes, path, allow, sizeof allow)) {
		err_set(&e, ERR_NOT_FOUND, "there is nothing at %s: see docs/API.md for the paths",
			x->facts.path);
		refuse_kept(x, 404, &e);
		return;
	}
	err_set(&e, ERR_INVALID, "%s takes %s, not %s", x->facts.path, allow, x->facts.method_word);
	snprintf(x->reply.extra, sizeof x->reply.extra, "Allow: %s\r\n", allow);
	refuse_kept(x, 405, &e);
}

/* Refusals that need no body; true: answered. */
static bool refuse_early(struct exchange *x)
{
	struct err e = ERR_INIT;

	if (method_has_body(x->facts.method) && !x->head.has_length) {
		err_set(&e, ERR_INVALID, "a %s needs a Content-Length (0 for no body)",
			x->facts.method_word);
		exchange_fail_close(x, 411, &e);
		return true;
	}
	/* Strangers would hold the room that all bodies share. */
	if ((x->r.route->flags & ROUTE_OPEN) && x->head.length > 0) {
		err_set(&e, ERR_INVALID, "%s takes no body", x->r.route->pattern);
		exchange_fail_close(x, 400, &e);
		return true;
	}
	if (x->head.length > body_limit(x->r.route)) {
		err_set(&e, ERR_TOO_LARGE,
			"the body of %llu bytes is larger than the %zu that %s takes",
			(unsigned long long)x->head.length, body_limit(x->r.route),
			x->r.route->pattern);
		exchange_fail_close(x, 413, &e);
		return true;
	}
	return false;
}

static const char *bearer_of(const struct exchange *x)
{
	static const char scheme[] = "Bearer ";
	const char *value = head_get(&x->head, "authorization");

	return value && strncmp(value, scheme, sizeof scheme - 1) == 0 ? value + sizeof scheme - 1
								       : NULL;
}

/* Who says to ask, before the body is read for them; false: answered. */
static bool claim_taken(struct exchange *x)
{
	struct err e = ERR_INIT;

	if (!auth_begin(x, &e)) {
		refuse_kept(x, err_http_status(e.code), &e);
		return false;
	}
	x->claimed = true;
	if (x->head.length == 0 || auth_known(x->server, &x->claim, x->r.now, &e))
		return true;
	exchange_fail_close(x, err_http_status(e.code), &e);
	return false;
}

static void route_request(struct exchange *x)
{
	const char *path = route_path(x->server, x->facts.path);

	x->r.route = x->facts.method < 0
		? NULL
		: route_find(x->server->routes, x->facts.method, path, &x->text, x->r.params);
	if (x->r.route == NULL) {
		refuse_route(x, path);
		return;
	}
	x->r.method = (enum method)x->facts.method;
	x->r.path = path;
	x->r.query = x->query.pairs;
	x->r.query_count = x->query.count;
	if (refuse_early(x))
		return;
	if (x->r.route->flags & ROUTE_OPEN)
		x->r.bearer = bearer_of(x);
	else if (!claim_taken(x))
		return;
	body_hash_begin(x);
}

/* ---- Heads ---- */

/* The head could not be read: what follows it is nobody's. */
static void refuse_head(struct conn *c, int status, const struct err *e)
{
	struct exchange *x = c->exchange = exchange_new(c);

	exchange_fail_close(x, status, e);
}

/* A request that goes to a route. */
static void request_began(struct conn *c, struct exchange *x)
{
	route_request(x);
	if (x->reply.ready)
		return;
	if (x->head.length == 0 && !x->head.chunked) {
		body_over(x);
		return;
	}
	body_expect(x);
	if (!x->reply.ready && x->head.expects && c->in.len == 0)
		http_continue(c);
}

/* The head in c->in is whole and `len` bytes long. */
static int head_came(struct conn *c, size_t len)
{
	struct exchange *x;
	struct err e = ERR_INIT;

	c->said_head = true;
	c->close_after = c->server->closing;
	x = c->exchange = exchange_new(c);
	conn_phase(c, PHASE_ANSWER, 0);
	if (!head_read(&x->head, c->in.data, len, &e)) {
		exchange_fail_close(x, 400, &e);
		return 0;
	}
	buf_drop(&c->in, len);
	c->scan = (struct head_scan){0};
	if (!guard_request(&x->head, &x->facts, &x->query, &e)) {
		exchange_fail_close(x, 400, &e);
		return 0;
	}
	if (!guard_forwarded(x, &e)) {
		exchange_fail_close(x, 429, &e);
		return 0;
	}
	c->close_after |= !x->head.keep_alive || x->head.chunked;
	if (x->head.upgrade)
		return stream_asked(c, x);
	request_began(c, x);
	return 0;
}

/*
 * The public client's HTTP library sends five bytes, an empty chunked body that no header announces,
 * after every signed GET. They end the connection: what is behind them is nobody's. Only these, only
 * there, and only once all of them have come.
 */
static bool stray_took(struct conn *c)
{
	static const char stray[] = "0\r\n\r\n";
	size_t n = c->in.len < sizeof stray - 1 ? c->in.len : sizeof stray - 1;

	if (!c->may_stray || memcmp(c->in.data, stray, n) != 0)
		return false;
	if (n == sizeof stray - 1)
		conn_linger(c);
	return true;
}

static int take_head(struct conn *c)
{
	struct err e = ERR_INIT;

	if (stray_took(c))
		return 0;
	c->may_stray = false;
	switch (head_look(&c->scan, c->in.data, c->in.len, &e)) {
	case HEAD_WHOLE: return head_came(c, c->scan.at);
	case HEAD_WRONG: refuse_head(c, 400, &e); break;
	case HEAD_LARGE: refuse_head(c, 431, &e); break;
	case HEAD_MORE: break;
	}
	return 0;
}

int http_advance(struct conn *c)
{
	size_t before;

	do {
		before = c->in.len;
		if (before == 0)
			break;
		if (c->phase == PHASE_HEADER && take_head(c) != 0)
			return -1;
		if (c->phase == PHASE_BODY && c->in.len > 0)
			body_take(c->exchange);
	} while (!c->dead && c->in.len < before);
	if (c->in.len == 0)
		conn_in_release(c);
	return 0;
}
