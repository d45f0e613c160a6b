/* A whole request: who asks and may they, its body as JSON, its nonce, and then its handler. */
#include "serve/http.h"

#include "base/timefmt.h"
#include "core/wire/sign_hash.h"
#include "core/wire/wire.h"

#include <string.h>

static bool is_form(const struct head *h)
{
	static const char form[] = "application/x-www-form-urlencoded";
	const char *type = head_get(h, "content-type");

	return type != NULL && strncasecmp(type, form, sizeof form - 1) == 0;
}

static bool parse_form(struct exchange *x, struct err *e)
{
	struct query form = QUERY_INIT;
	bool ok = query_parse(&form, x->body.data, x->body.len, true, e);

	x->r.body = ok ? json_object() : NULL;
	for (size_t i = 0; ok && i < form.count; i++) {
		if (json_object_get(x->r.body, form.pairs[i].name) != NULL)
			ok = err_set(e, ERR_INVALID, "the form has \"%s\" twice",
				form.pairs[i].name);
		else
			json_object_set_new(x->r.body, form.pairs[i].name,
				json_string(form.pairs[i].value));
	}
	query_release(&form);
	return ok;
}

/* Clients post JSON without a Content-Type, and curl -d says form: what begins as JSON is JSON. */
static bool body_is_json(const struct buf *body)
{
	size_t blanks = strspn(body->data, " \t\r\n");

	return body->data[blanks] == '{' || body->data[blanks] == '[';
}

static bool parse_body(struct exchange *x, struct err *e)
{
	if ((x->r.route->flags & ROUTE_RAW_BODY) || x->body.len == 0)
		return true;
	if (is_form(&x->head) && !body_is_json(&x->body))
		return parse_form(x, e);
	x->r.body = wire_json_parse(x->body.data, x->body.len, HTTP_DEPTH_MAX, e);
	return x->r.body != NULL;
}

/* What makes two requests the same one: all that is signed but the time and the nonce. */
static void request_hash(const struct exchange *x, char out[SIGN_HEX_SIZE])
{
	struct buf text = BUF_INIT;

	buf_addf(&text, "%s\n%s\n", x->facts.method_word, x->r.path);
	query_encode(&x->query, &text);
	buf_addf(&text, "\n%s", x->r.body_sha256);
	x->server->asks->request_mark(x->server->platform, text.data, text.len, out);
	buf_release(&text);
}

static void nonce_was_read(void *ctx, int status, const char *body, size_t len, const struct err *e)
{
	struct exchange *x = ctx;

	if (body)
		request_reply_json_text(&x->r, status, body, len);
	else
		request_fail(&x->r, e);
}

/*
 * A signature that says too little of its request: what came with it before may have been another
 * one, so its answer is not told again.
 */
static bool refuse_repeated(struct exchange *x)
{
	struct err e = ERR_INIT;

	err_set(&e, ERR_CONFLICT,
		"a request that changes something came with this signature already: ask again in a "
		"second, for it changes with the time");
	request_fail(&x->r, &e);
	return true;
}

/* A nonce seen before: the stored answer, or a refusal. True: answered, or about to be. */
static bool answered_by_nonce(struct exchange *x)
{
	const char *body = NULL;
	size_t len = 0;
	int status = 0;
	enum nonce_state state;
	struct err e = ERR_INIT;

	request_hash(x, x->r.request_hash);
	state = x->server->asks->nonce_take(x->server->platform, &x->r.who, x->r.nonce,
		x->r.request_hash, x->r.now, &status, &body, &len);
	if (x->claim.scheme->weak && state != NONCE_NEW && state != NONCE_FULL)
		return refuse_repeated(x);
	switch (state) {
	case NONCE_NEW: x->holds_nonce = true; return false;
	case NONCE_SAME: request_reply_json_text(&x->r, status, body, len); return true;
	case NONCE_STORED:
		x->server->asks->nonce_read(x->server->platform, x->r.who.access_key, x->r.nonce,
			status, nonce_was_read, x);
		return true;
	case NONCE_PENDING:
		err_set(&e, ERR_UNAVAILABLE, "the same request is being worked on: ask again");
		request_fail_retry(&x->r, &e, 1);
		return true;
	case NONCE_FULL:
		err_set(&e, ERR_UNAVAILABLE,
			"this access key has made too many changes within 5 minutes to remember "
			"them all: wait, then ask again");
		request_fail_retry(&x->r, &e, 30);
		return true;
	case NONCE_OTHER: break;
	}
	err_set(&e, ERR_CONFLICT, "the nonce %s was used for another request: make a new one",
		x->r.nonce);
	request_fail(&x->r, &e);
	return true;
}

/* Of what would change something: is it only asked what that would lead to? */
static bool read_what_if(struct exchange *x, struct err *e)
{
	const char *value = request_query(&x->r, "what_if");

	if (!(x->r.route->flags & ROUTE_CHANGES) || value == NULL)
		return true;
	if (!(x->r.route->flags & ROUTE_WHAT_IF))
		return err_set(e, ERR_INVALID,
			"what_if: what %s %s leads to cannot be asked here, and nothing was done",
			method_words[x->r.method], x->r.path);
	/* Who reads it could take the question away and have it done. */
	if (x->claim.scheme->weak)
		return err_set(e, ERR_INVALID,
			"what_if: %s does not sign what is asked: sign with MLTOP4-HMAC-SHA256",
			x->claim.scheme->name);
	if (strcmp(value, "1") != 0)
		return err_set(e, ERR_INVALID, "what_if is %.20s: give 1, or leave it out", value);
	x->r.what_if = true;
	return true;
}

/* Changes something, should it be carried out. */
static bool changes(const struct exchange *x)
{
	return (x->r.route->flags & ROUTE_CHANGES) && !x->r.what_if;
}

static bool needs_nonce(const struct exchange *x, struct err *e)
{
	if (!changes(x) || x->r.nonce[0] != '\0')
		return true;
	return err_set(e, ERR_UNAUTHORIZED,
		"Unauthorized: a request that changes something must have a signed header "
		"x-mltop-nonce with a text never used before");
}

/* Authenticated, allowed and within limits; false: answered. */
static bool admit(struct exchange *x)
{
	struct err e = ERR_INIT;
	int retry_s = 1;

	if (!auth_finish(x, &x->text, &x->r.who, &e)) {
		if (e.code == ERR_BUSY)
			request_fail_retry(&x->r, &e, 1);
		else
			request_fail(&x->r, &e);
		return false;
	}
	x->r.nonce = x->claim.nonce;
	x->r.if_match = head_get(&x->head, "if-match");
	x->r.accept = head_get(&x->head, "accept");
	if (!auth_allowed(&x->r.who, x->r.route, &e) || !read_what_if(x, &e) ||
		!needs_nonce(x, &e)) {
		request_fail(&x->r, &e);
		return false;
	}
	if (!auth_rate(x->conn, time_mono_ms(), &retry_s, &e)) {
		request_fail_retry(&x->r, &e, retry_s);
		return false;
	}
	return true;
}

void exchange_dispatch(struct exchange *x)
{
	struct err e = ERR_INIT;

	x->dispatched = true;
	if (x->claimed && !admit(x))
		return;
	if (!parse_body(x, &e)) {
		request_fail(&x->r, &e);
		return;
	}
	body_done(x);
	if (changes(x) && x->claimed && answered_by_nonce(x))
		return;
	x->r.route->handle(&x->r);
}
