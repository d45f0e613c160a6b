/*
 * Heads as they are passed on. What belongs to one connection only (RFC 9110 section 7.6.1) is left
 * out, lengths are written by us, and who asks is told by us alone: what a client says of that is
 * dropped. Names keep the case that they came in.
 */
#include "balance/inside.h"

#include "base/mem.h"

#include <string.h>
#include <strings.h>

/* Behind CGI, WSGI and their like '-' and '_' are one character: who may not say the one may not say the other. */
static bool is_name(const char *name, const char *of)
{
	for (; *name != '\0' && (*name == *of || (*name == '_' && *of == '-')); name++)
		of++;
	return *name == *of;
}

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_name(name, names[i]))
			return true;
	return false;
}

/* Of one connection, or written anew. */
static bool is_ours(const char *name)
{
	static const char *const names[] = {"connection", "content-length", "keep-alive",
		"proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"};

	return is_one_of(name, names, ARRAY_SIZE(names));
}

static bool is_request_ours(const char *name)
{
	static const char *const names[] = {"expect", "forwarded", "host", "proxy-authorization",
		"x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"};

	return is_one_of(name, names, ARRAY_SIZE(names));
}

static bool is_hidden(const char *name, const char *const *hidden)
{
	for (; hidden != NULL && *hidden != NULL; hidden++)
		if (is_name(name, *hidden))
			return true;
	return false;
}

/* The reader made the name lower case in its copy; here it is as it came. */
static void add_field(struct buf *to, const struct head *h, const struct head_field *f,
	const char *bytes)
{
	buf_add(to, bytes + (f->name - h->text), strlen(f->name));
	buf_add(to, ": ", 2);
	buf_adds(to, f->value);
	buf_add(to, "\r\n", 2);
}

/* Those that stand for themselves at both ends, and are not named by Connection. */
static bool goes_on(const struct head *h, const struct head_field *f, bool has_connection)
{
	return !is_ours(f->name) && !(has_connection && head_lists(h, "connection", f->name));
}

bool heads_websocket(const struct head *h)
{
	const char *to = head_get(h, "upgrade");

	return h->http11 && to != NULL && strcasecmp(to, "websocket") == 0 &&
		head_lists(h, "connection", "upgrade");
}

static void add_request_line(struct buf *to, const struct head *h)
{
	buf_adds(to, h->method);
	buf_addc(to, ' ');
	buf_adds(to, h->path);
	if (h->query != NULL) {
		buf_addc(to, '?');
		buf_adds(to, h->query);
	}
	buf_addf(to, " HTTP/1.1\r\nHost: %s\r\n", head_get(h, "host"));
}

void heads_request(struct buf *to, const struct head *h, const char *bytes,
	const struct relay_line *line)
{
	bool has_connection = head_count(h, "connection") > 0;

	add_request_line(to, h);
	for (size_t i = 0; i < h->count; i++)
		if (goes_on(h, &h->fields[i], has_connection) &&
			!is_request_ours(h->fields[i].name) &&
			!is_hidden(h->fields[i].name, line->hidden))
			add_field(to, h, &h->fields[i], bytes);
	if (h->has_length)
		buf_addf(to, "Content-Length: %llu\r\n", (unsigned long long)h->length);
	if (h->chunked)
		buf_adds(to, "Transfer-Encoding: chunked\r\n");
	if (line->upgrade)
		buf_adds(to, "Connection: Upgrade\r\nUpgrade: websocket\r\n");
	buf_addf(to, "X-Forwarded-For: %s\r\nX-Forwarded-Proto: http\r\n\r\n", line->address);
}

static void add_connection(struct buf *to, bool upgraded, bool http11, bool close)
{
	if (upgraded)
		buf_adds(to, "Connection: Upgrade\r\nUpgrade: websocket\r\n");
	else if (close)
		buf_adds(to, "Connection: close\r\n");
	else if (!http11)
		buf_adds(to, "Connection: keep-alive\r\n");
}

void heads_answer(struct buf *to, const struct head *h, const char *bytes, const struct body *body,
	bool http11, bool close)
{
	bool has_connection = head_count(h, "connection") > 0;

	buf_addf(to, "HTTP/1.1 %d %s\r\n", h->status, h->reason);
	for (size_t i = 0; i < h->count; i++)
		if (goes_on(h, &h->fields[i], has_connection))
			add_field(to, h, &h->fields[i], bytes);
	if (body->as_chunks)
		buf_adds(to, "Transfer-Encoding: chunked\r\n");
	else if (h->has_length && h->status >= 200 && h->status != 204)
		buf_addf(to, "Content-Length: %llu\r\n", (unsigned long long)h->length);
	if (h->status >= 200 || h->status == 101)
		add_connection(to, h->status == 101, http11, close);
	buf_add(to, "\r\n", 2);
}

/* ---- Our own ---- */

static const char *reason_of(int status)
{
	switch (status) {
	case 400: return "Bad Request";
	case 401: return "Unauthorized";
	case 403: return "Forbidden";
	case 404: return "Not Found";
	case 408: return "Request Timeout";
	case 429: return "Too Many Requests";
	case 431: return "Request Header Fields Too Large";
	case 502: return "Bad Gateway";
	case 503: return "Service Unavailable";
	case 504: return "Gateway Timeout";
	default: return "Answer";
	}
}

/* A sentence of ours; what it quotes may be anybody's. */
static void add_text(struct buf *to, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < ' ' || c > '~')
			buf_addc(to, '?');
		else if (c == '"' || c == '\\')
			buf_addf(to, "\\%c", c);
		else
			buf_addc(to, (char)c);
	}
}

void heads_error(struct buf *to, int status, const char *sentence, bool body, bool close)
{
	struct buf json = BUF_INIT;

	buf_adds(&json, "{\"error\": true, \"message\": \"");
	add_text(&json, sentence);
	buf_adds(&json, "\"}\n");
	buf_addf(to,
		"HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n"
		"Content-Length: %zu\r\n%s%s\r\n",
		status, reason_of(status), json.len, status == 503 ? "Retry-After: 1\r\n" : "",
		close ? "Connection: close\r\n" : "");
	if (body)
		buf_add(to, json.data, json.len);
	buf_release(&json);
}
