#include "core/wire/query.h"

#include "base/utf8.h"

#include <string.h>

void query_release(struct query *q)
{
	arena_release(&q->text);
	*q = (struct query)QUERY_INIT;
}

static bool query_push(struct query *q, const char *name, size_t name_len, const char *value,
	struct err *e)
{
	if (q->count == SIGN_PAIRS_MAX)
		return err_set(e, ERR_INVALID, "the query has more than %d parameters: send fewer",
			SIGN_PAIRS_MAX);
	q->pairs[q->count].name = arena_strndup(&q->text, name, name_len);
	q->pairs[q->count].value = arena_strdup(&q->text, value);
	q->count++;
	return true;
}

bool query_add(struct query *q, const char *name, const char *value, struct err *e)
{
	return query_push(q, name, strlen(name), value, e);
}

const char *query_get(const struct query *q, const char *name)
{
	for (size_t i = 0; i < q->count; i++)
		if (strcmp(q->pairs[i].name, name) == 0)
			return q->pairs[i].value;
	return NULL;
}

/* Decodes one side of a pair; NULL and `e` when it is not text that can be held. */
static bool query_decode(struct buf *out, const char *text, size_t len, bool form, struct err *e)
{
	if (!percent_decode(out, text, len, form))
		return err_set(e, ERR_INVALID,
			"a parameter of the query is not percent-encoded: %% must be followed by "
			"two hex digits");
	if (memchr(out->data, '\0', out->len) != NULL || !utf8_valid(out->data, out->len))
		return err_set(e, ERR_INVALID, "a parameter of the query is not UTF-8 text");
	return true;
}

static bool query_parse_pair(struct query *q, const char *text, size_t len, bool form,
	struct err *e)
{
	const char *equals = memchr(text, '=', len);
	size_t name_len = equals ? (size_t)(equals - text) : len;
	struct buf name = BUF_INIT, value = BUF_INIT;
	bool ok = false;

	if (!query_decode(&name, text, name_len, form, e))
		goto out;
	if (equals && !query_decode(&value, equals + 1, len - name_len - 1, form, e))
		goto out;
	ok = query_add(q, name.data, value.data, e);
out:
	buf_release(&name);
	buf_release(&value);
	return ok;
}

bool query_parse(struct query *q, const char *text, size_t len, bool form, struct err *e)
{
	size_t before = q->count, at = 0;

	while (at < len) {
		const char *amp = memchr(text + at, '&', len - at);
		size_t part = amp ? (size_t)(amp - text) - at : len - at;

		if (part > 0 && !query_parse_pair(q, text + at, part, form, e)) {
			q->count = before;
			return false;
		}
		at += part + 1;
	}
	return true;
}

void query_encode(const struct query *q, struct buf *out)
{
	struct sign_request r = {.query = q->pairs, .query_count = q->count};

	sign_query(&r, out);
}

static bool is_unreserved(unsigned char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		c == '-' || c == '.' || c == '_' || c == '~';
}

void percent_encode(struct buf *out, const char *text, size_t len, const char *keep)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (is_unreserved(c) || (c != '\0' && strchr(keep, c) != NULL))
			buf_addc(out, (char)c);
		else
			buf_addf(out, "%%%02X", c);
	}
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool percent_decode(struct buf *out, const char *text, size_t len, bool plus)
{
	size_t before = out->len;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (c == '%') {
			int high = i + 2 < len ? hex_digit(text[i + 1]) : -1;
			int low = high >= 0 ? hex_digit(text[i + 2]) : -1;

			if (low < 0) {
				buf_cut(out, before);
				return false;
			}
			c = (char)(high << 4 | low);
			i += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		buf_addc(out, c);
	}
	return true;
}

static bool path_char(char c)
{
	return is_unreserved((unsigned char)c);
}

static bool path_refuse(struct err *e, const char *why)
{
	return err_set(e, ERR_INVALID, "the path of the request is refused: %s", why);
}

/* What stands there was mostly meant as the name of an object. */
static bool name_refuse(const char *at, size_t len, struct err *e)
{
	for (size_t i = 0; i < len; i++)
		if (at[i] < 0x20 || at[i] > 0x7e)
			return path_refuse(e, "it may hold only letters, digits and . _ ~ - /");
	return err_set(e, ERR_INVALID,
		"\"%.*s\" cannot be a name: names hold only letters, digits and . _ ~ - (and stand "
		"for themselves: patterns are not looked for)",
		(int)(len < 100 ? len : 100), at);
}

/* A segment of the path: nothing that a file system or a router would walk. */
static bool path_segment_ok(const char *at, size_t len, struct err *e)
{
	if ((len == 1 && at[0] == '.') || (len == 2 && at[0] == '.' && at[1] == '.'))
		return path_refuse(e, "it has a segment \".\" or \"..\"");
	for (size_t i = 0; i < len; i++)
		if (!path_char(at[i]))
			return name_refuse(at, len, e);
	return true;
}

bool path_clean(const char *path, struct buf *out, struct err *e)
{
	size_t before = out->len;

	if (path[0] != '/')
		return path_refuse(e, "it does not begin with /");
	if (strlen(path) > QUERY_PATH_MAX)
		return path_refuse(e, "it is longer than 1024 bytes");
	while (*path != '\0') {
		size_t len;

		path += strspn(path, "/");
		len = strcspn(path, "/");
		if (!path_segment_ok(path, len, e)) {
			buf_cut(out, before);
			return false;
		}
		buf_addc(out, '/');
		buf_add(out, path, len);
		path += len;
	}
	return true;
}
