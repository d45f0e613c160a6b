#include "http/head.h"

#include "base/mem.h"
#include "base/num.h"
#include "http/head_inside.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool head_refuse(struct err *e, const char *why)
{
	return err_set(e, ERR_INVALID, "%s", why);
}

void head_begin_sentence(struct err *e, bool answer)
{
	err_prefix(e, answer ? "the answer cannot be used" : "the request is refused");
}

/* ---- Characters ---- */

static bool is_alnum(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_one_of(unsigned char c, const char *of)
{
	return c != '\0' && strchr(of, c) != NULL;
}

/* tchar of RFC 9110 section 5.6.2 */
static bool is_token(unsigned char c)
{
	return is_alnum(c) || is_one_of(c, "!#$%&'*+-.^_`|~");
}

/* What RFC 3986 lets stand in a path or query; '%' is looked at when it is decoded. */
static bool is_target(unsigned char c)
{
	return is_alnum(c) || is_one_of(c, "-._~!$&'()*+,;=:@/?%");
}

static bool is_host(unsigned char c)
{
	return is_alnum(c) || is_one_of(c, "-._~!$&'()*+;=:[]%");
}

static bool all(const char *text, bool (*is)(unsigned char c))
{
	for (; *text != '\0'; text++)
		if (!is((unsigned char)*text))
			return false;
	return true;
}

/* ---- Bytes as they come ---- */

/* A byte that may stand in a line; what each line means is looked at when the head is whole. */
static bool byte_fits(const struct head_scan *s, unsigned char c, struct err *e)
{
	if (c == '\0' || (c < ' ' && c != '\t') || c == 0x7f)
		return head_refuse(e, "its head holds a control character");
	if (s->lines == 0 && !s->answer && !is_token(c) && (s->line == 0 || c > '~' || c == '\t'))
		return head_refuse(e, "it does not begin with a method of HTTP");
	return true;
}

/* A line has ended. */
static enum head_answer line_ended(struct head_scan *s, struct err *e)
{
	size_t len = s->line;

	s->line = 0;
	if (len == 0 && s->lines == 0) {
		head_refuse(e, "it begins with an empty line");
		return HEAD_WRONG;
	}
	if (len == 0)
		return HEAD_WHOLE;
	return s->lines++ > HEAD_FIELDS_MAX ? HEAD_LARGE : HEAD_MORE;
}

static enum head_answer byte_came(struct head_scan *s, unsigned char c, struct err *e)
{
	if (s->cr) {
		s->cr = false;
		if (c == '\n')
			return line_ended(s, e);
		head_refuse(e, "its head has a CR without LF");
		return HEAD_WRONG;
	}
	if (c == '\n') {
		head_refuse(e, "a line of its head ends without CR");
		return HEAD_WRONG;
	}
	if (c == '\r') {
		s->cr = true;
		return HEAD_MORE;
	}
	if (!byte_fits(s, c, e))
		return HEAD_WRONG;
	s->line++;
	return HEAD_MORE;
}

enum head_answer head_look(struct head_scan *s, const char *bytes, size_t len, struct err *e)
{
	while (s->at < len) {
		enum head_answer answer = HEAD_LARGE;

		if (s->at < HEAD_BYTES_MAX)
			answer = byte_came(s, (unsigned char)bytes[s->at++], e);
		if (answer == HEAD_LARGE)
			err_set(e, ERR_TOO_LARGE,
				"the %s's head is larger than %d bytes or has more than %d fields",
				s->answer ? "answer" : "request", HEAD_BYTES_MAX, HEAD_FIELDS_MAX);
		if (answer == HEAD_WRONG)
			head_begin_sentence(e, s->answer);
		if (answer != HEAD_MORE)
			return answer;
	}
	return HEAD_MORE;
}

/* ---- The request line ---- */

/*
 * The absolute form, "http://host:port/path?query" (RFC 9112 section 3.2.2): *target becomes what
 * the origin form would be, the authority is kept. False: it is not that form.
 */
static bool read_absolute(struct head *h, char **target)
{
	size_t scheme = strncasecmp(*target, "http://", 7) == 0 ? 7
		: strncasecmp(*target, "https://", 8) == 0      ? 8
								: 0;
	char *authority = *target + scheme - 1; /* one to the left, so that it can be ended */
	size_t len = strcspn(*target + scheme, "/?");

	if (scheme == 0)
		return false;
	*target += scheme + len;
	memmove(authority, authority + 1, len);
	authority[len] = '\0';
	h->authority = authority;
	return true;
}

/* Cuts `line` at its only two blanks. */
static bool read_request_line(struct head *h, char *line, struct err *e)
{
	char *target = strchr(line, ' '), *version = target ? strchr(target + 1, ' ') : NULL;
	char *question;

	if (version == NULL || strchr(version + 1, ' ') != NULL)
		return head_refuse(e,
			"its first line is not METHOD TARGET VERSION with one blank between");
	*target++ = '\0';
	*version++ = '\0';
	if (strcmp(version, "HTTP/1.1") != 0 && strcmp(version, "HTTP/1.0") != 0)
		return head_refuse(e, "its version must be HTTP/1.1 or HTTP/1.0");
	if (line[0] == '\0' || !all(line, is_token))
		return head_refuse(e, "it does not begin with a method of HTTP");
	if ((!read_absolute(h, &target) && target[0] != '/') || !all(target, is_target))
		return head_refuse(e,
			"its target must be a path that begins with /, or the same behind http:// "
			"and a host, and what RFC 3986 does not allow in one must be "
			"percent-encoded");
	question = strchr(target, '?');
	if (question != NULL)
		*question++ = '\0';
	h->method = line;
	h->path = *target != '\0' ? target : "/"; /* RFC 9110 section 4.2.3 */
	h->query = question;
	h->http11 = version[7] == '1';
	return true;
}

/* ---- Fields ---- */

static bool read_field(struct head *h, char *line, struct err *e)
{
	char *colon = strchr(line, ':'), *value, *end;

	if (line[0] == ' ' || line[0] == '\t')
		return head_refuse(e, "a line of its head is folded");
	if (colon == NULL || colon == line)
		return head_refuse(e, "a line of its head has no name and colon");
	*colon = '\0';
	if (!all(line, is_token))
		return head_refuse(e, "the name of a header holds what no name may hold");
	for (char *c = line; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	value = colon + 1 + strspn(colon + 1, " \t");
	end = value + strlen(value);
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	if (h->count == HEAD_FIELDS_MAX)
		return head_refuse(e, "it has too many headers");
	h->fields[h->count++] = (struct head_field){line, value};
	return true;
}

size_t head_count(const struct head *h, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < h->count; i++)
		n += strcmp(h->fields[i].name, name) == 0;
	return n;
}

const char *head_get(const struct head *h, const char *name)
{
	const char *value = NULL;

	for (size_t i = 0; i < h->count; i++) {
		if (strcmp(h->fields[i].name, name) != 0)
			continue;
		if (value != NULL)
			return NULL;
		value = h->fields[i].value;
	}
	return value;
}

static bool list_has(const char *list, const char *word)
{
	size_t len = strlen(word);

	while (*list != '\0') {
		size_t item;

		list += strspn(list, ", \t");
		item = strcspn(list, ", \t");
		if (item == len && strncasecmp(list, word, len) == 0)
			return true;
		list += item;
	}
	return false;
}

bool head_lists(const struct head *h, const char *name, const char *word)
{
	for (size_t i = 0; i < h->count; i++)
		if (strcmp(h->fields[i].name, name) == 0 && list_has(h->fields[i].value, word))
			return true;
	return false;
}

/* ---- What the fields mean together ---- */

/* Two of these, and two readers could each take another one. */
static bool check_doubles(const struct head *h, struct err *e)
{
	static const char *const single[] = {"authorization", "content-length", "content-type",
		"expect", "host", "origin", "sec-websocket-key", "sec-websocket-version",
		"transfer-encoding", "upgrade", "x-mltop-date", "x-mltop-nonce"};

	for (size_t i = 0; i < ARRAY_SIZE(single); i++)
		if (head_count(h, single[i]) > 1)
			return err_set(e, ERR_INVALID, "it has the header %s more than once",
				single[i]);
	return true;
}

static bool is_address(unsigned char c)
{
	return is_alnum(c) || is_one_of(c, ":.-_~%!$&'()*+,;=");
}

static bool escapes_good(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text == '%' &&
			!(isxdigit((unsigned char)text[1]) && isxdigit((unsigned char)text[2])))
			return false;
	return true;
}

/* The end of "[address]", which is at least one character in brackets, or NULL. */
static const char *bracket_end(const char *host)
{
	const char *at = host + 1;

	while (is_address((unsigned char)*at))
		at++;
	return *at == ']' && at > host + 1 ? at + 1 : NULL;
}

/* "name", "name:port", "[address]" or "[address]:port" (RFC 9110 section 7.2, RFC 3986 section 3.2). */
static bool host_good(const char *host)
{
	const char *end;

	if (host == NULL || !all(host, is_host) || !escapes_good(host))
		return false;
	end = host[0] == '[' ? bracket_end(host) : host + strcspn(host, ":[]");
	if (end == NULL || end == host)
		return false;
	if (*end == ':')
		end += 1 + strspn(end + 1, "0123456789");
	return *end == '\0';
}

/* Host must be there once, and then what an absolute target says holds in its place. */
static bool read_host(struct head *h, struct err *e)
{
	if (!host_good(head_get(h, "host")))
		return head_refuse(e, "it must have exactly one Host header");
	if (h->authority == NULL)
		return true;
	if (!host_good(h->authority))
		return head_refuse(e,
			"the host of its target is missing, or holds what no host may hold (no "
			"user and password either)");
	for (size_t i = 0; i < h->count; i++)
		if (strcmp(h->fields[i].name, "host") == 0)
			h->fields[i].value = h->authority;
	return true;
}

bool head_read_digits(struct head *h, const char *length, struct err *e)
{
	int64_t number;

	if (strlen(length) > 15 || strspn(length, "0123456789") != strlen(length) ||
		!num_i64(length, 0, INT64_MAX, &number))
		return head_refuse(e, "Content-Length must be one number of at most 15 digits");
	h->has_length = true;
	h->length = (uint64_t)number;
	return true;
}

/* A request has one length or none: whatever else there is, somebody could read it differently. */
static bool read_length(struct head *h, bool relayed, struct err *e)
{
	const char *length = head_get(h, "content-length");
	const char *coding = head_get(h, "transfer-encoding");

	if (coding == NULL)
		return length == NULL || head_read_digits(h, length, e);
	h->chunked = length == NULL && h->http11 && strcasecmp(coding, "chunked") == 0 &&
		(relayed || strcmp(h->method, "GET") == 0);
	if (h->chunked)
		return true;
	return head_refuse(e,
		relayed ? "Transfer-Encoding may only be chunked, in HTTP/1.1 and without "
			  "Content-Length"
			: "a body must come with Content-Length, not with Transfer-Encoding");
}

static bool read_expect(struct head *h, struct err *e)
{
	const char *expect = head_get(h, "expect");

	if (expect == NULL)
		return true;
	h->expects = h->http11 && strcasecmp(expect, "100-continue") == 0;
	return h->expects || head_refuse(e, "Expect may only be 100-continue");
}

void head_read_connection(struct head *h)
{
	h->keep_alive = h->http11 ? !head_lists(h, "connection", "close")
				  : head_lists(h, "connection", "keep-alive");
	h->upgrade = head_count(h, "upgrade") > 0;
}

static bool read_meaning(struct head *h, bool relayed, struct err *e)
{
	if (!check_doubles(h, e) || !read_host(h, e) || !read_length(h, relayed, e) ||
		!read_expect(h, e))
		return false;
	head_read_connection(h);
	return true;
}

bool head_read_lines(struct head *h, const char *bytes, size_t len,
	bool (*first)(struct head *h, char *line, struct err *e), struct err *e)
{
	char *line, *end;
	bool ok;

	*h = (struct head){.text = mem_alloc(len + 1)};
	memcpy(h->text, bytes, len);
	line = h->text;
	end = strstr(line, "\r\n");
	*end = '\0';
	ok = first(h, line, e);
	while (ok && (line = end + 2, end = strstr(line, "\r\n"), end > line)) {
		*end = '\0';
		ok = read_field(h, line, e);
	}
	return ok;
}

static bool read_request(struct head *h, const char *bytes, size_t len, bool relayed, struct err *e)
{
	if (head_read_lines(h, bytes, len, read_request_line, e) && read_meaning(h, relayed, e))
		return true;
	head_begin_sentence(e, false);
	head_release(h);
	return false;
}

bool head_read(struct head *h, const char *bytes, size_t len, struct err *e)
{
	return read_request(h, bytes, len, false, e);
}

bool head_read_relayed(struct head *h, const char *bytes, size_t len, struct err *e)
{
	return read_request(h, bytes, len, true, e);
}

void head_release(struct head *h)
{
	free(h->text);
	*h = (struct head){0};
}
