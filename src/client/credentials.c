#include "client/credentials.h"

#include "base/buf.h"
#include "base/timefmt.h"
#include "core/wire/query.h"
#include "core/wire/sign.h"

#include <stdlib.h>
#include <string.h>

void signed_request_release(struct signed_request *r)
{
	free(r->target);
	for (size_t i = 0; i < CREDENTIALS_HEADERS && r->headers[i]; i++)
		free(r->headers[i]);
	*r = (struct signed_request){0};
}

static const char *what_is_wrong(unsigned char c)
{
	switch (c) {
	case ' ':
	case '\t': return "a blank";
	case '\r': return "a carriage return";
	case '\n': return "a newline";
	default: return c < 0x20 || c == 0x7f ? "a control character" : "a byte beyond ASCII";
	}
}

bool credentials_check(const char *name, const char *key, struct err *e)
{
	size_t len = strlen(key);

	for (size_t i = 0; i < len; i++)
		if (key[i] <= ' ' || key[i] > '~')
			return err_set(e, ERR_INVALID,
				"%s holds %s%s, which no key has: set it again without", name,
				what_is_wrong((unsigned char)key[i]),
				key[i + strspn(key + i, " \t\r\n")] ? "" : " at its end");
	return true;
}

static void add_header(struct signed_request *r, const char *name, const char *value)
{
	struct buf text = BUF_INIT;
	size_t i = 0;

	buf_addf(&text, "%s: %s", name, value);
	while (r->headers[i])
		i++;
	r->headers[i] = buf_detach(&text);
}

/* The path as the server will see it: with the prefix, decoded. */
static bool decode_path(const struct url *u, const char *path, size_t len, struct buf *out,
	struct err *e)
{
	buf_adds(out, u->prefix);
	return percent_decode(out, path, len, false) ||
		err_set(e, ERR_INVALID, "the path %.*s cannot be asked for: a bad %% in it",
			(int)(len < 200 ? len : 200), path);
}

static bool sign_into(struct signed_request *out, const struct context *c,
	const struct sign_request *r, int64_t now_ms, struct err *e)
{
	struct buf authorization = BUF_INIT;
	bool ok = sign_request(r, c->access_key, c->secret_key, now_ms, &authorization, e);

	if (ok)
		add_header(out, "Authorization", authorization.data);
	buf_release(&authorization);
	return ok;
}

static void set_target(struct signed_request *out, const struct url *u, const char *path,
	size_t len, const struct query *q)
{
	struct buf target = BUF_INIT;

	buf_adds(&target, u->prefix);
	buf_add(&target, path, len);
	if (q->count > 0) {
		buf_addc(&target, '?');
		query_encode(q, &target);
	}
	out->target = buf_detach(&target);
}

bool credentials_sign(struct signed_request *out, const struct context *c, const struct url *u,
	const char *method, const char *path, const char *nonce, const char *content_type,
	const void *body, size_t body_len, int64_t now_ms, struct err *e)
{
	size_t path_len = strcspn(path, "?");
	const char *query = path[path_len] ? path + path_len + 1 : "";
	struct signed_request made = {0};
	struct query q = QUERY_INIT;
	struct buf decoded = BUF_INIT;
	char date[TIMEFMT_SIZE];
	struct sign_pair headers[3] = {{"host", u->authority}, {"x-mltop-date", date},
		{"x-mltop-nonce", nonce}};
	bool ok = (c->access_key == NULL ||
			  (credentials_check("the access key", c->access_key, e) &&
				  credentials_check("the secret key", c->secret_key, e))) &&
		decode_path(u, path, path_len, &decoded, e) &&
		query_parse(&q, query, strlen(query), false, e);

	timefmt_sigv4(date, now_ms);
	if (ok) {
		struct sign_request r = {
			.method = method,
			.path = decoded.data,
			.query = q.pairs,
			.query_count = q.count,
			.headers = headers,
			.header_count = nonce ? 3 : 2,
			.body = body,
			.body_len = body_len,
		};

		set_target(&made, u, path, path_len, &q);
		add_header(&made, "Host", u->authority);
		add_header(&made, "x-mltop-date", date);
		if (nonce)
			add_header(&made, "x-mltop-nonce", nonce);
		if (content_type)
			add_header(&made, "Content-Type", content_type);
		ok = c->access_key == NULL || sign_into(&made, c, &r, now_ms, e);
	}
	query_release(&q);
	buf_release(&decoded);
	if (ok)
		*out = made;
	else
		signed_request_release(&made);
	return ok;
}
