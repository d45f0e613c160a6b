/* Answers: their head, and their body in pieces as the socket takes them. */
#include "serve/http.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/sanitize.h"
#include "base/timefmt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static const char type_json[] = "application/json";

static struct exchange *exchange_of(struct request *r)
{
	return r->server;
}

const char *http_reason(int status)
{
	static const struct {
		int status;
		const char *words;
	} reasons[] = {
		{200, "OK"},
		{201, "Created"},
		{202, "Accepted"},
		{400, "Bad Request"},
		{401, "Unauthorized"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{408, "Request Timeout"},
		{409, "Conflict"},
		{411, "Length Required"},
		{412, "Precondition Failed"},
		{413, "Content Too Large"},
		{416, "Range Not Satisfiable"},
		{422, "Unprocessable Content"},
		{429, "Too Many Requests"},
		{431, "Request Header Fields Too Large"},
		{500, "Internal Server Error"},
		{501, "Not Implemented"},
		{503, "Service Unavailable"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].words;
	return "Answer";
}

char *http_error_body(const struct err *e, size_t *len)
{
	struct buf clean = BUF_INIT;
	json_t *body;
	char *text;

	sanitize_text(&clean, e->text, strlen(e->text));
	body = json_pack("{s:b, s:s}", "error", 1, "message", clean.data);
	if (body != NULL && e->field[0] != '\0')
		json_object_set_new(body, "field", json_string(e->field));
	text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	json_decref(body);
	buf_release(&clean);
	if (text == NULL)
		text = mem_strdup("{\"error\":true,\"message\":\"internal error\"}");
	*len = strlen(text);
	return text;
}

/* ---- Heads ---- */

/* RFC 9110 section 5.6.7; names are not the locale's. */
static void add_date(struct buf *out)
{
	static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug",
		"Sep", "Oct", "Nov", "Dec"};
	time_t now = (time_t)(time_now_ms() / 1000);
	struct tm tm;

	gmtime_r(&now, &tm);
	buf_addf(out, "Date: %s, %02d %s %d %02d:%02d:%02d GMT\r\n", days[tm.tm_wday], tm.tm_mday,
		months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static void add_head(struct buf *out, int status, const char *type, bool close, const char *extra)
{
	buf_addf(out, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\n", status, http_reason(status), type);
	add_date(out);
	buf_addf(out, "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n%s%s", extra,
		close ? "Connection: close\r\n" : "");
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
		exchange_free(x);
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

static void fail_with(struct exchange *x, int status, const struct err *e)
{
	size_t len;
	char *body = http_error_body(e, &len);

	reply_owned(x, status, body, len);
}

void request_fail(struct request *r, const struct err *e)
{
	size_t len;
	char *body = http_error_body(e, &len);

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

/* ---- Sending ---- */

static void add_reply_head(struct conn *c, struct exchange *x, struct buf *out)
{
	struct reply *p = &x->reply;

	add_head(out, p->status, p->content_type, c->close_after, p->extra);
	if (!p->streaming)
		buf_addf(out, "Content-Length: %zu\r\n\r\n", p->body_len);
	else
		buf_adds(out, x->head.http11 ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n");
	p->head_sent = true;
}

/* One chunk of a stream, or its end; for HTTP/1.0 the bytes are bare, and the close ends them. */
static void add_chunk(struct exchange *x, struct buf *out)
{
	struct reply *p = &x->reply;
	struct buf piece;

	buf_init(&piece, 0);
	if (!p->stream.more(p->stream.ctx, &piece, HTTP_CHUNK - 64))
		p->stream_over = true;
	if (piece.len > 0 && x->head.http11)
		buf_addf(out, "%zx\r\n", piece.len);
	buf_add(out, piece.data, piece.len);
	if (piece.len > 0 && x->head.http11)
		buf_adds(out, "\r\n");
	if (p->stream_over && x->head.http11)
		buf_adds(out, "0\r\n\r\n");
	buf_release(&piece);
}

static void add_piece(struct exchange *x, struct buf *out)
{
	struct reply *p = &x->reply;
	size_t room = HTTP_CHUNK + 1024 - out->len, left = p->body_len - p->body_at;
	size_t n = left < room ? left : room;

	buf_add(out, p->body + p->body_at, n);
	p->body_at += n;
}

static bool reply_over(const struct reply *p)
{
	return p->streaming ? p->stream_over : p->body_at == p->body_len;
}

/*
 * The answer has left. Where the connection ends here, it stays half open for a moment: closing
 * with bytes of the client unread makes the kernel send a reset, which can overtake the answer.
 */
static int reply_sent(struct conn *c)
{
	exchange_free(c->exchange);
	c->exchange = NULL;
	if (c->close_after) {
		conn_linger(c);
		return 0;
	}
	conn_phase(c, PHASE_HEADER, HTTP_IDLE_MS);
	return http_advance(c);
}

int http_writeable(struct conn *c)
{
	struct exchange *x = c->exchange;
	struct buf out = BUF_INIT;
	int failed = 0;

	if (x == NULL || !x->reply.ready)
		return 0;
	if (!x->reply.head_sent)
		add_reply_head(c, x, &out);
	if (strcmp(x->facts.method_word, "HEAD") == 0)
		x->reply.body_at = x->reply.body_len;
	else if (!x->reply.streaming)
		add_piece(x, &out);
	else if (!x->reply.stream_over)
		add_chunk(x, &out);
	conn_send(c, out.data, out.len);
	if (reply_over(&x->reply) && !conn_choked(c))
		failed = reply_sent(c);
	else if (out.len > 0 || reply_over(&x->reply))
		conn_want_write(c);
	buf_release(&out);
	return failed;
}
