#include "io/http_inside.h"

#include "base/mem.h"
#include "base/timefmt.h"
#include "io/dial.h"

#include <string.h>
#include <strings.h>

/* ---- What curl tells while a transfer runs ---- */

/* The request leaves now: from here the answer's header is awaited. */
static int peer_connected(void *user, char *ip, char *local, int port, int local_port)
{
	struct http_call *c = user;

	(void)ip, (void)local, (void)port, (void)local_port;
	c->phase = PHASE_HEADER;
	c->last_byte_ms = time_mono_ms();
	loop_timer_start(c->deadline,
		http_look(c, http_limit(c->http->config.header_ms, HTTP_HEADER_MS)));
	return CURL_PREREQFUNC_OK;
}

static void begin_header(struct http_call *c)
{
	buf_reset(&c->content_type);
	c->date_ms = 0;
}

/* The value of a header line when it is that header, else NULL. */
static const char *header_value(const char *line, size_t len, const char *name, size_t *value_len)
{
	size_t n = strlen(name);

	if (len <= n || line[n] != ':' || strncasecmp(line, name, n) != 0)
		return NULL;
	line += n + 1;
	len -= n + 1;
	while (len > 0 && (*line == ' ' || *line == '\t'))
		line++, len--;
	while (len > 0 && (line[len - 1] == '\r' || line[len - 1] == '\n' || line[len - 1] == ' '))
		len--;
	*value_len = len;
	return line;
}

static void take_date(struct http_call *c, const char *value, size_t len)
{
	char text[64];
	time_t when;

	if (len >= sizeof text)
		return;
	memcpy(text, value, len);
	text[len] = '\0';
	when = curl_getdate(text, NULL);
	c->date_ms = when > 0 ? (int64_t)when * 1000 : 0;
}

static void end_header(struct http_call *c)
{
	long status = 0;

	curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status < 200)
		return; /* 100 Continue: the real one follows */
	c->phase = PHASE_BODY;
	c->last_byte_ms = time_mono_ms();
	loop_timer_start(c->deadline, http_limit(c->http->config.stall_ms, HTTP_STALL_MS));
}

static size_t on_header(char *line, size_t size, size_t count, void *user)
{
	struct http_call *c = user;
	size_t len = size * count, value_len;
	const char *value;

	c->header_bytes += len;
	if (c->header_bytes > HTTP_HEADERS_MAX) {
		c->stop = STOP_HEADERS;
		return 0;
	}
	if (len >= 5 && memcmp(line, "HTTP/", 5) == 0)
		begin_header(c);
	else if ((value = header_value(line, len, "content-type", &value_len)) != NULL)
		buf_reset(&c->content_type), buf_add(&c->content_type, value, value_len);
	else if ((value = header_value(line, len, "date", &value_len)) != NULL)
		take_date(c, value, value_len);
	else if (len <= 2 && c->phase == PHASE_HEADER)
		end_header(c);
	return len;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *user)
{
	struct http_call *c = user;
	size_t len = size * count, max = c->answer_max;
	long status = 0;

	curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status >= 400)
		max = HTTP_ERROR_MAX;
	/* A byte now and then is no progress. */
	if (c->body.len + len - c->counted >= HTTP_STALL_BYTES) {
		c->last_byte_ms = time_mono_ms();
		c->counted = c->body.len + len;
	}
	if (len > max - c->body.len) {
		/* Of an error the beginning will do. */
		c->stop = status >= 400 ? STOP_CUT : STOP_TOO_LARGE;
		buf_add(&c->body, bytes, max - c->body.len);
		return 0;
	}
	buf_add(&c->body, bytes, len);
	return len;
}

/* ---- What it is to do ---- */

static bool has_header(const struct http_request *r, const char *name)
{
	size_t len;

	for (size_t i = 0; r->headers && r->headers[i]; i++)
		if (header_value(r->headers[i], strlen(r->headers[i]), name, &len))
			return true;
	return false;
}

static void set_headers(struct http_call *c, const struct http_request *r)
{
	/* No Expect: it costs a round trip. curl's own Content-Type is that of forms. */
	c->headers = curl_slist_append(NULL, "Expect:");
	if (!has_header(r, "content-type"))
		c->headers = curl_slist_append(c->headers, "Content-Type:");
	for (size_t i = 0; r->headers && r->headers[i]; i++)
		c->headers = curl_slist_append(c->headers, r->headers[i]);
	curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, c->headers);
}

static void set_body(struct http_call *c, const struct http_request *r)
{
	if (strcmp(r->method, "GET") == 0)
		return;
	c->request_len = (curl_off_t)r->body_len;
	c->request_body = mem_dup(r->body ? r->body : "", r->body_len ? r->body_len : 1);
	curl_easy_setopt(c->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_len);
	curl_easy_setopt(c->easy, CURLOPT_POSTFIELDS, c->request_body);
	curl_easy_setopt(c->easy, CURLOPT_CUSTOMREQUEST, r->method);
}

static void set_connection(struct http_call *c)
{
	const struct http_config *config = &c->http->config;
	struct dial dial = {c->http->ca_file, config->direct, config->connect_ms};

	dial_set(c->easy, &dial, c->error, c);
	curl_easy_setopt(c->easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c->easy, CURLOPT_HTTP09_ALLOWED, 0L);
}

static void set_callbacks(struct http_call *c)
{
	curl_easy_setopt(c->easy, CURLOPT_PREREQFUNCTION, peer_connected);
	curl_easy_setopt(c->easy, CURLOPT_PREREQDATA, c);
	curl_easy_setopt(c->easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c->easy, CURLOPT_HEADERDATA, c);
	curl_easy_setopt(c->easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c->easy, CURLOPT_WRITEDATA, c);
	curl_easy_setopt(c->easy, CURLOPT_BUFFERSIZE, 128L * 1024);
}

void http_transfer_set(struct http_call *c, const struct http_request *r)
{
	curl_easy_setopt(c->easy, CURLOPT_URL, c->url);
	set_headers(c, r);
	set_body(c, r);
	set_connection(c);
	set_callbacks(c);
}
