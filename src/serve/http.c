/* A request from its header to its handler. */
#include "serve/http.h"

#include "base/mem.h"
#include "base/timefmt.h"
#include "core/wire/sign_hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *request_query(const struct request *r, const char *name)
{
	for (size_t i = 0; i < r->query_count; i++)
		if (strcmp(r->query[i].name, name) == 0)
			return r->query[i].value;
	return NULL;
}

/* ---- Exchanges ---- */

static struct exchange *exchange_new(struct conn *c)
{
	struct exchange *x = mem_alloc(sizeof *x);

	x->conn = c;
	x->server = c->server;
	buf_init(&x->body, 0);
	x->r.platform = c->server->platform;
	x->r.server = x;
	x->r.nonce = "";
	x->r.path = x->facts.path;
	x->r.now = time_now_ms();
	x->r.peer = arena_strdup(&x->text, c->peer);
	c->server->exchange_count++;
	return x;
}

static void orphan_unlink(struct exchange *x)
{
	if (!x->orphan)
		return;
	if (x->orphan_next != NULL)
		x->orphan_next->orphan_before = x->orphan_before;
	if (x->orphan_before != NULL)
		x->orphan_before->orphan_next = x->orphan_next;
	else if (x->server != NULL)
		x->server->orphans = x->orphan_next;
}

void exchange_free(struct exchange *x)
{
	orphan_unlink(x);
	if (x->reply.streaming && !x->reply.stream_done_called)
		x->reply.stream.done(x->reply.stream.ctx);
	if (x->server != NULL)
		x->server->exchange_count--;
	json_decref(x->r.body);
	free(x->reply.body);
	buf_release(&x->body);
	EVP_MD_CTX_free(x->hash);
	query_release(&x->query);
	query_release(&x->headers);
	arena_release(&x->text);
	free(x);
}

/* A handler that has not answered keeps its request; the answer is then dropped. */
void exchange_gone(struct exchange *x)
{
	x->conn = NULL;
	x->r.gone = true;
	if (!x->dispatched || x->reply.ready) {
		exchange_free(x);
		return;
	}
	x->orphan = true;
	x->orphan_next = x->server->orphans;
	if (x->orphan_next != NULL)
		x->orphan_next->orphan_before = x;
	x->server->orphans = x;
}

void exchange_forget_server(struct server *s)
{
	for (struct exchange *x = s->orphans; x != NULL; x = x->orphan_next)
		x->server = NULL;
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
	if (x->facts.length > 0 || x->facts.method < 0)
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

	if (method_has_body(x->facts.method) && !x->facts.has_length) {
		err_set(&e, ERR_INVALID, "a %s needs a Content-Length (0 for no body)",
			x->facts.method_word);
		exchange_fail_close(x, 411, &e);
		return true;
	}
	if (x->facts.length > body_limit(x->r.route)) {
		err_set(&e, ERR_TOO_LARGE,
			"the body of %zu bytes is larger than the %zu that %s "
			"takes",
			x->facts.length, body_limit(x->r.route), x->r.route->pattern);
		exchange_fail_close(x, 413, &e);
		return true;
	}
	return false;
}

static void route_request(struct exchange *x)
{
	const char *path = route_path(x->server, x->facts.path);
	struct err e = ERR_INIT;

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
	if (!(x->r.route->flags & ROUTE_OPEN)) {
		if (!auth_begin(x->conn->wsi, &x->facts, &x->query, &x->headers, &x->claim,
			    x->r.now, &e)) {
			refuse_kept(x, err_http_status(e.code), &e);
			return;
		}
		x->claimed = true;
	}
	x->hash = EVP_MD_CTX_new();
	EVP_DigestInit_ex(x->hash, EVP_sha256(), NULL);
}

/* How long a body may take: parts of packages only must not stall. */
static void expect_body(struct conn *c, const struct exchange *x)
{
	conn_phase(c, PHASE_BODY, x->r.route->flags & ROUTE_RAW_BODY ? HTTP_PART_MS : HTTP_BODY_MS);
	c->stall_until = x->r.route->flags & ROUTE_RAW_BODY ? time_mono_ms() + HTTP_STALL_MS : 0;
}

/*
 * libwebsockets calls this once the header is whole. It calls http_body_end by itself when there is
 * a body, and for a POST of length 0, but for no other request without one.
 */
int http_begin(struct conn *c)
{
	struct exchange *x;
	struct err e = ERR_INIT;

	if (c->exchange != NULL)
		return -1;
	x = c->exchange = exchange_new(c);
	lws_set_timeout(c->wsi, NO_PENDING_TIMEOUT, 0);
	c->close_after = c->server->closing;
	if (!guard_request(c->wsi, &x->facts, &x->query, &e)) {
		exchange_fail_close(x, 400, &e);
		return 0;
	}
	c->close_after |= !x->facts.keep_alive || x->facts.chunked_get;
	route_request(x);
	if (x->reply.ready) {
		conn_phase(c, PHASE_ANSWER, 0);
		return 0;
	}
	if (x->facts.length > 0 || (x->facts.method == METHOD_POST && x->facts.has_length)) {
		expect_body(c, x);
		return 0;
	}
	return http_body_end(c);
}

/* ---- Body ---- */

int http_body(struct conn *c, const void *data, size_t len)
{
	struct exchange *x = c->exchange;

	if (x == NULL || c->phase != PHASE_BODY || len == 0)
		return 0;
	if (x->body.len + len > x->facts.length)
		return -1;
	if (x->body.cap == 0)
		buf_reserve(&x->body, x->facts.length);
	EVP_DigestUpdate(x->hash, data, len);
	buf_add(&x->body, data, len);
	if (c->stall_until)
		c->stall_until = time_mono_ms() + HTTP_STALL_MS;
	return 0;
}

int http_body_end(struct conn *c)
{
	struct exchange *x = c->exchange;
	unsigned char hash[SIGN_HASH_SIZE];
	unsigned size = sizeof hash;

	/*
	 * libwebsockets says it again for whatever follows a body, and could do so for ever: nobody
	 * sends a request behind a body before that one is answered.
	 */
	if (x == NULL || x->body_ended) {
		http_last_words(c);
		return -1;
	}
	x->body_ended = true;
	if (x->reply.ready)
		return 0;
	conn_phase(c, PHASE_ANSWER, 0);
	EVP_DigestFinal_ex(x->hash, hash, &size);
	sign_hex(hash, sizeof hash, x->r.body_sha256);
	exchange_dispatch(x);
	if (!x->reply.ready)
		conn_pause(c);
	return 0;
}
