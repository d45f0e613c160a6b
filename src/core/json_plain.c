#include "core/json_plain.h"

#include "base/buf.h"
#include "base/num.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { NUMBER_MAX = 40, DIGITS_MAX = 18 /* of an integer that cannot overflow */ };

struct reader {
	const char *at, *end;
	size_t depth; /* how much deeper it may go */
};

static json_t *read_value(struct reader *r);

static int peek(struct reader *r)
{
	while (r->at < r->end &&
		(*r->at == ' ' || *r->at == '\n' || *r->at == '\t' || *r->at == '\r'))
		r->at++;
	return r->at < r->end ? (unsigned char)*r->at : -1;
}

static bool take(struct reader *r, int c)
{
	bool there = peek(r) == c;

	r->at += there;
	return there;
}

/* ---- Strings ---- */

/* Where the plain run from `at` ends: at a quote, a backslash, a control character or the end. */
static const char *run_end(const struct reader *r, const char *at, bool *ascii)
{
	unsigned char seen = 0;

	for (; at < r->end && (unsigned char)*at >= 0x20 && *at != '"' && *at != '\\'; at++)
		seen |= (unsigned char)*at;
	*ascii &= seen < 0x80;
	return at;
}

static bool unescape(char c, struct buf *out)
{
	static const char letters[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
	const char *found = c ? strchr(letters, c) : NULL;

	if (found == NULL)
		return false;
	buf_addc(out, means[found - letters]);
	return true;
}

/* The rest of a string, from its first backslash on. */
static json_t *read_escaped(struct reader *r, const char *from, const char *at, bool ascii)
{
	struct buf text = BUF_INIT;
	json_t *out = NULL;

	for (;;) {
		buf_add(&text, from, (size_t)(at - from));
		if (r->end - at < 2 || *at != '\\' || !unescape(at[1], &text))
			break;
		from = at + 2;
		at = run_end(r, from, &ascii);
	}
	if (at < r->end && *at == '"') {
		r->at = at + 1;
		out = ascii ? json_stringn_nocheck(text.data, text.len)
			    : json_stringn(text.data, text.len);
	}
	buf_release(&text);
	return out;
}

static json_t *read_string(struct reader *r)
{
	bool ascii = true;
	const char *from = r->at + 1, *at = run_end(r, from, &ascii);

	if (at == r->end || *at != '"')
		return read_escaped(r, from, at, ascii);
	r->at = at + 1;
	return ascii ? json_stringn_nocheck(from, (size_t)(at - from))
		     : json_stringn(from, (size_t)(at - from));
}

/* ---- Numbers and words ---- */

static size_t digits(const char *at, const char *end)
{
	const char *from = at;

	while (at < end && *at >= '0' && *at <= '9')
		at++;
	return (size_t)(at - from);
}

static json_t *read_real(struct reader *r, size_t len)
{
	char text[NUMBER_MAX + 1];
	double value;

	memcpy(text, r->at, len);
	text[len] = '\0';
	if (!num_double(text, &value))
		return NULL;
	r->at += len;
	return json_real(value);
}

/* The end of ".25e-3" behind a whole number; where digits are missing it stops before that. */
static const char *fraction_end(const char *at, const char *end)
{
	if (at < end && *at == '.' && digits(at + 1, end) > 0)
		at += 1 + digits(at + 1, end);
	if (at < end && (*at == 'e' || *at == 'E')) {
		const char *power = at + 1;

		power += power < end && (*power == '+' || *power == '-');
		if (digits(power, end) > 0)
			at = power + digits(power, end);
	}
	return at;
}

static json_t *read_number(struct reader *r)
{
	const char *whole = r->at + (*r->at == '-'), *end;
	size_t count = digits(whole, r->end);
	int64_t value = 0;

	if (count == 0 || count > DIGITS_MAX || (count > 1 && *whole == '0'))
		return NULL;
	end = fraction_end(whole + count, r->end);
	if (end - r->at > NUMBER_MAX)
		return NULL;
	if (end > whole + count)
		return read_real(r, (size_t)(end - r->at));
	for (size_t i = 0; i < count; i++)
		value = value * 10 + (whole[i] - '0');
	value = *r->at == '-' ? -value : value;
	r->at = end;
	return json_integer(value);
}

static json_t *read_word(struct reader *r, const char *word, json_t *value)
{
	size_t len = strlen(word);

	if ((size_t)(r->end - r->at) < len || memcmp(r->at, word, len) != 0)
		return NULL;
	r->at += len;
	return value; /* true, false and null are the library's own and are never counted */
}

/* ---- Objects and arrays ---- */

/* A key's plain text lies in the input; a doubled one does not make the object larger. */
static bool read_member(struct reader *r, json_t *object)
{
	size_t before = json_object_size(object);
	bool ascii = true;

	if (peek(r) != '"')
		return false;
	const char *key = r->at + 1, *end = run_end(r, key, &ascii);

	if (end == r->end || *end != '"' || !ascii)
		return false;
	r->at = end + 1;
	if (!take(r, ':'))
		return false;
	json_t *value = read_value(r);

	return value &&
		json_object_setn_new_nocheck(object, key, (size_t)(end - key), value) == 0 &&
		json_object_size(object) > before;
}

static bool read_members(struct reader *r, json_t *object)
{
	if (take(r, '}'))
		return true;
	do {
		if (!read_member(r, object))
			return false;
	} while (take(r, ','));
	return take(r, '}');
}

static bool read_items(struct reader *r, json_t *array)
{
	if (take(r, ']'))
		return true;
	do {
		json_t *value = read_value(r);

		if (value == NULL || json_array_append_new(array, value) != 0)
			return false;
	} while (take(r, ','));
	return take(r, ']');
}

static json_t *read_nest(struct reader *r)
{
	bool object = *r->at++ == '{';
	json_t *out = object ? json_object() : json_array();
	bool good = r->depth > 0;

	r->depth--;
	good = good && (object ? read_members(r, out) : read_items(r, out));
	r->depth++;
	if (good)
		return out;
	json_decref(out);
	return NULL;
}

static json_t *read_value(struct reader *r)
{
	switch (peek(r)) {
	case '{':
	case '[': return read_nest(r);
	case '"': return read_string(r);
	case 't': return read_word(r, "true", json_true());
	case 'f': return read_word(r, "false", json_false());
	case 'n': return read_word(r, "null", json_null());
	case -1: return NULL;
	default: return read_number(r);
	}
}

json_t *json_plain(const char *text, size_t len, size_t max_depth)
{
	struct reader r = {.at = text, .end = text + len, .depth = max_depth};
	int first = peek(&r);
	json_t *out = first == '{' || first == '[' ? read_nest(&r) : NULL;

	if (out == NULL || peek(&r) == -1)
		return out;
	json_decref(out);
	return NULL;
}
