/* Answers as handlers and refusals give them; http_send.c sends them. */
#include "serve/http.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/sanitize.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char type_json[] = "application/json";

/* {"error": true, "message": ...} as text; the caller frees. */
static char *error_body(const struct err *e, size_t *len)
{
	struct buf clean = BUF_INIT;
	json_t *body;
	char *text;

	sanitize_text(&clean, e->text, strlen(e->text));
	body = json_pack("{s:b, s:s}", "error", 1, "message", clean.data);
	if (body != NULL && e->field[0] != '\0')
		json_object_set_new(body, "field", json_string(e->field));
	/* ASCII: the public client shows it as the bytes it is. */
	text = body ? json_dumps(body, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
	json_decref(body);
	buf_release(&clean);
	if (text == NULL)
		text = mem_strdup("{\"error\":true,\"message\":\"internal error\"}");
	*len = strlen(text);
	return text;
}

void http_continue(struct conn *c)
{
	static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";

	conn_send(c, line, sizeof line - 1);
}

/* ---- Handlers' answers ---- */

/* The answer is complete or begins: the socket's next writable moment sends it. */
static void reply_ready(struct exchange *x)
{
	if (x->holds_nonce && x->server != NULL)
		x->server->asks->nonce_free(x->server->platform, x->r.who.access_key, x->r.nonce);
	x->holds_nonce = false;
	x->reply.ready = true;
	if (x->conn == NULL)
		request_over(&x->r, exchange_over);
	else
		conn_want_write(x->conn);
}

static void reply_owned(struct exchange *x, int status, char *text, size_t len)
{
	if (x->reply.ready) {
		log_line(LOG_ERROR, "request %s %s: answered twice, the second is dropped",
			x->facts.method_word, x->facts.path);
		free(text);
		return;
	}
	x->reply.status = status;
	if (x->reply.content_type == NULL)
		x->reply.content_type = type_json;
	x->reply.body = text;
	x->reply.body_len = len;
	reply_ready(x);
}

static void answer(struct request *r, int status, char *text, size_t len)
{
	if (r->answered == NULL) {
		reply_owned(exchange_of(r), status, text, len);
		return;
	}
	r->answered(r, status, text, len);
	sign_wipe(text, len); /* of a new key */
	free(text);
}

void request_reply(struct request *r, int status, json_t *body)
{
	char *text = body ? json_dumps(body, JSON_COMPACT | JSON_ENCODE_ANY) : mem_strdup("{}");

	json_decref(body);
	if (text == NULL) {
		struct err e = ERR_INIT;

		err_set(&e, ERR_INTERNAL, "the answer cannot be written as JSON");
		request_fail(r, &e);
		return;
	}
	answer(r, status, text, strlen(text));
}

void request_reply_json_text(struct request *r, int status, const char *text, size_t len)
{
	answer(r, status, mem_dup(text, len ? len : 1), len);
}

void request_reply_owned(struct request *r, int status, struct buf *text)
{
	size_t len = text->len;

	answer(r, status, buf_detach(text), len);
}

void request_reply_text(struct request *r, const char *content_type, struct buf *text)
{
	struct exchange *x = exchange_of(r);
	size_t len = text->len;

	if (x)
		x->reply.content_type = content_type;
	answer(r, 200, buf_detach(text), len);
}

static void fail_with(struct exchange *x, int status, const struct err *e)
{
	size_t len;
	char *body = error_body(e, &len);

	reply_owned(x, status, body, len);
}

void request_fail(struct request *r, const struct err *e)
{
	size_t len;
	char *body = error_body(e, &len);

	answer(r, err_http_status(e->code), body, len);
}

void request_fail_retry(struct request *r, const struct err *e, int retry_after_s)
{
	struct exchange *x = exchange_of(r);

	if (x)
		snprintf(x->reply.extra, sizeof x->reply.extra, "Retry-After: %d\r\n",
			retry_after_s);
	request_fail(r, e);
}

void exchange_fail(struct exchange *x, int status, const struct err *e)
{
	fail_with(x, status, e);
}

/* For errors that leave the rest of the request unread or not understood. */
void exchange_fail_close(struct exchange *x, int status, const struct err *e)
{
	x->conn->close_after = true;
	conn_phase(x->conn, PHASE_ANSWER, 0);
	fail_with(x, status, e);
}

void request_reply_stream(struct request *r, const char *content_type,
	const struct request_stream *stream)
{
	struct exchange *x = exchange_of(r);

	x->reply.status = 200;
	x->reply.content_type = content_type;
	x->reply.streaming = true;
	x->reply.stream = *stream;
	if (x->conn == NULL) {
		x->reply.stream_done_called = true;
		stream->done(stream->ctx);
	}
	reply_ready(x);
}

void request_stream_wake(struct request *r)
{
	struct exchange *x = exchange_of(r);

	if (x->conn != NULL)
		conn_want_write(x->conn);
}
