/* One line, several lines, names. What makes text from elsewhere safe is here too. */
#include "core/schema/ftype.h"

#include "base/sanitize.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <string.h>

size_t field_text_max(const struct field *f)
{
	if (f->max > 0)
		return (size_t)f->max;
	return f->type == &ft_name ? NAME_MAX_DEFAULT : TEXT_MAX_DEFAULT;
}

bool text_is_plain(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~')
			return false;
	return true;
}

/* At most `max` bytes, not ending inside a character. */
static size_t text_cut(const char *text, size_t len, size_t max)
{
	if (len <= max)
		return len;
	while (max > 0 && ((unsigned char)text[max] & 0xC0) == 0x80)
		max--;
	return max;
}

/* LF and TAB stay, what is between them is sanitised. */
static void lines_from_server(const char *text, size_t len, struct buf *out)
{
	for (size_t at = 0; at < len;) {
		size_t start = at;

		while (at < len && text[at] != '\n' && text[at] != '\t')
			at++;
		sanitize_text(out, text + start, at - start);
		if (at < len)
			buf_addc(out, text[at++]);
	}
}

void text_from_server(const char *text, size_t len, size_t max, bool lines, struct buf *out)
{
	size_t start = out->len;

	/* What is cut off below need not be looked at: no character takes more than 4 bytes. */
	len = text_cut(text, len, max * UTF8_MAX);
	if (text_is_plain(text, len))
		buf_add(out, text, len);
	else if (lines)
		lines_from_server(text, len, out);
	else
		sanitize_text(out, text, len);
	buf_cut(out, start + text_cut(out->data + start, out->len - start, max));
}

const char *text_refusal(const char *text, size_t len, bool lines)
{
	if (text_is_plain(text, len))
		return NULL;
	for (size_t at = 0; at < len;) {
		uint32_t cp;
		bool valid;

		at += utf8_decode(text + at, len - at, &cp, &valid, NULL);
		if (!valid)
			return "it is not UTF-8";
		if ((cp == '\n' || cp == '\t') && lines)
			continue;
		if (cp == '\n')
			return "it may have one line only";
		if (cp < ' ' || (cp >= 0x7F && cp < 0xA0))
			return "it may have no control characters";
	}
	return NULL;
}

void text_cell(const char *text, struct buf *out)
{
	size_t len = strlen(text);

	if (text_is_plain(text, len))
		buf_add(out, text, len);
	else
		sanitize_text(out, text, len);
}

json_t *json_from_text(const char *text)
{
	json_t *out = json_string(text);
	struct buf safe = BUF_INIT;

	if (out)
		return out;
	sanitize_text(&safe, text, strlen(text));
	out = json_stringn_nocheck(safe.data, safe.len);
	buf_release(&safe);
	return out;
}

/* ---- The verbs ---- */

static json_t *text_encode(const struct field *f, const void *member)
{
	const char *text = *(const char *const *)member;

	(void)f;
	return json_from_text(text ? text : "");
}

static void text_keep(void *member, struct arena *a, const char *text, size_t len)
{
	const char *old = *(const char **)member;

	if (old == NULL || strncmp(old, text, len) != 0 || old[len] != '\0')
		*(const char **)member = arena_strndup(a, text, len);
}

static bool text_too_long(const struct field *f, size_t len, struct err *e)
{
	return err_field(e, ERR_INVALID, f->name, "%s has %zu bytes: it may have %zu", f->name, len,
		field_text_max(f));
}

/* A string, or a whole number as its digits: YAML and JSON writers leave the quotes out. */
static const char *text_of_json(const json_t *in, char number[24], size_t *len)
{
	if (json_is_integer(in)) {
		*len = (size_t)snprintf(number, 24, "%" JSON_INTEGER_FORMAT,
			json_integer_value(in));
		return number;
	}
	*len = json_string_length(in);
	return json_string_value(in);
}

static bool text_wrong_type(const struct field *f, const json_t *in, struct err *e)
{
	if (json_is_real(in) || json_is_boolean(in))
		return field_wrong(f, in, e, "give a text, in quotes");
	return field_wrong(f, in, e, "give a text");
}

static bool text_take(const struct field *f, bool lines, void *member, struct arena *a,
	const json_t *in, enum strictness how, struct err *e)
{
	size_t len;
	char number[24];
	const char *text = text_of_json(in, number, &len), *refusal;
	struct buf safe = BUF_INIT;

	if (text == NULL || memchr(text, '\0', len))
		return text_wrong_type(f, in, e);
	if (how != DECODE_SERVER) {
		refusal = text_refusal(text, len, lines);
		if (refusal)
			return field_wrong(f, in, e, "%s", refusal);
		if (len > field_text_max(f))
			return text_too_long(f, len, e);
	} else if (!text_is_plain(text, len) || len > field_text_max(f)) {
		text_from_server(text, len, field_text_max(f), lines, &safe);
		text = safe.data;
		len = safe.len;
	}
	text_keep(member, a, text, len);
	buf_release(&safe);
	return true;
}

static bool text_decode(const struct field *f, void *member, struct arena *a, const json_t *in,
	enum strictness how, struct err *e)
{
	return text_take(f, false, member, a, in, how, e);
}

static bool block_decode(const struct field *f, void *member, struct arena *a, const json_t *in,
	enum strictness how, struct err *e)
{
	return text_take(f, true, member, a, in, how, e);
}

/* As typed, blanks and all; block fields get their newlines from a file or an editor. */
static json_t *text_from_text(const struct field *f, const char *text, struct err *e)
{
	json_t *out = json_string(text);

	if (out == NULL)
		field_wrong_text(f, text, e, "it is not UTF-8");
	return out;
}

static int text_compare(const struct field *f, const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;

	(void)f;
	if (x == y)
		return 0;
	return strcmp(x ? x : "", y ? y : "");
}

static void text_show(const struct field *f, const void *member, int64_t now, struct buf *out)
{
	const char *text = *(const char *const *)member;

	(void)f, (void)now;
	if (text)
		text_cell(text, out);
}

static bool text_operand(const struct field *f, const char *text, struct operand *out,
	struct err *e)
{
	(void)f, (void)e;
	out->text = text;
	return true;
}

const struct ftype ft_text = {
	.name = "text",
	.wire = "string",
	.storage = ST_TEXT,
	.encode = text_encode,
	.decode = text_decode,
	.from_text = text_from_text,
	.compare = text_compare,
	.cell = text_show,
	.operand = text_operand,
};
const struct ftype ft_block = {
	.name = "lines",
	.wire = "string",
	.storage = ST_TEXT,
	.encode = text_encode,
	.decode = block_decode,
	.from_text = text_from_text,
	.compare = text_compare,
	.cell = text_show,
	.operand = text_operand,
};

/* ---- name ---- */

static bool name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* [a-z0-9]([-a-z0-9]*[a-z0-9])?, and with F_DOTS several of them joined by dots. */
static bool name_valid(const char *text, bool dots)
{
	char before = '.';

	for (const char *at = text; *at; before = *at++) {
		bool fits = name_char(*at) || (*at == '-' && before != '.') ||
			(*at == '.' && dots && name_char(before));

		if (!fits)
			return false;
	}
	return name_char(before);
}

static bool name_decode(const struct field *f, void *member, struct arena *a, const json_t *in,
	enum strictness how, struct err *e)
{
	bool dots = f->flags & F_DOTS;
	char number[24];
	size_t len;
	const char *text = text_of_json(in, number, &len);

	if (how == DECODE_SERVER || text == NULL)
		return text_take(f, false, member, a, in, how, e);
	if (len > field_text_max(f))
		return text_too_long(f, len, e);
	if (strlen(text) != len || !name_valid(text, dots))
		return field_wrong(f, in, e,
			"use lower-case letters, digits and -%s, with a letter or digit at both "
			"ends",
			dots ? " (dots between such names)" : "");
	text_keep(member, a, text, len);
	return true;
}

const struct ftype ft_name = {
	.name = "name",
	.wire = "string, a DNS label",
	.storage = ST_TEXT,
	.encode = text_encode,
	.decode = name_decode,
	.from_text = from_text_trimmed,
	.compare = text_compare,
	.cell = text_show,
	.operand = text_operand,
};
