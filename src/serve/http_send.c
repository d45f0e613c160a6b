/* Answers on their way: their head, and their body in pieces as the socket takes them. */
#include "serve/http.h"

#include "base/timefmt.h"

#include <string.h>
#include <time.h>

/* ---- Heads ---- */

static const char *reason_of(int status)
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
	buf_addf(out, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\n", status, reason_of(status), type);
	add_date(out);
	buf_addf(out, "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n%s%s", extra,
		close ? "Connection: close\r\n" : "");
}

/* ---- Bodies ---- */

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

/*
 * One chunk of a stream, or its end; for HTTP/1.0 the bytes are bare, and the close ends them. False:
 * it breaks off.
 */
static bool add_chunk(struct exchange *x, struct buf *out)
{
	struct reply *p = &x->reply;
	enum stream_step step;
	struct buf piece;

	buf_init(&piece, 0);
	step = p->stream.more(p->stream.ctx, &piece, HTTP_CHUNK - 64);
	p->stream_over = step == STREAM_ENDED;
	if (piece.len > 0 && x->head.http11)
		buf_addf(out, "%zx\r\n", piece.len);
	buf_add(out, piece.data, piece.len);
	if (piece.len > 0 && x->head.http11)
		buf_adds(out, "\r\n");
	if (p->stream_over && x->head.http11)
		buf_adds(out, "0\r\n\r\n");
	buf_release(&piece);
	return step != STREAM_BROKEN;
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

/* What the public client signs, refused or not, and nothing else. */
static bool stray_may_follow(const struct head *h)
{
	const char *authorization = h->method ? head_get(h, "authorization") : NULL;

	return authorization != NULL && strcmp(h->method, "GET") == 0 && !h->has_length &&
		!h->chunked && strncmp(authorization, "Galaxy ", 7) == 0;
}

/*
 * The answer has left. Where the connection ends here, it stays half open for a moment: closing
 * with bytes of the client unread makes the kernel send a reset, which can overtake the answer.
 */
static int reply_sent(struct conn *c)
{
	c->may_stray = stray_may_follow(&c->exchange->head);
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
	bool whole = true;
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
		whole = add_chunk(x, &out);
	if (!whole) {
		buf_release(&out);
		conn_reset(c);
		return -1;
	}
	conn_send(c, out.data, out.len);
	if (reply_over(&x->reply) && !conn_choked(c))
		failed = reply_sent(c);
	else if (out.len > 0 || reply_over(&x->reply))
		conn_want_write(c);
	buf_release(&out);
	return failed;
}
