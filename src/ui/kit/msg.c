#include "ui/kit/msg.h"

#include "base/mem.h"
#include "ui/kit/keys.h"

#include <string.h>

static const char *const type_words[] = {
	[MSG_KEY] = "key",
	[MSG_MOUSE] = "mouse",
	[MSG_PASTE] = "paste",
	[MSG_SIZE] = "size",
	[MSG_TICK] = "tick",
	[MSG_LINK] = "link",
	[MSG_ROWS] = "rows",
	[MSG_GONE] = "gone",
	[MSG_SYNCED] = "synced",
	[MSG_RESET] = "reset",
	[MSG_SUB_ERROR] = "sub-error",
	[MSG_REPLY] = "reply",
	[MSG_LOG_STATE] = "log-state",
	[MSG_LOG_WINDOW] = "log-window",
	[MSG_LOG_FOUND] = "log-found",
	[MSG_LOG_AT] = "log-at",
	[MSG_SAVED] = "saved",
	[MSG_COPIED] = "copied",
	[MSG_CONTEXT] = "context",
	[MSG_THEME] = "theme",
	NULL,
};
static const char *const mouse_words[] = {"press", "release", "wheel-up", "wheel-down", NULL};
static const char *const link_words[] = {"starting", "connecting", "live", "polling", "gone", NULL};

/* Members of struct msg that are one JSON value each, by name. */
enum shape { TEXT, I64, INT, U32, U64, FLAG };
#define MEMBER(shape, name, member)                       \
	{                                                 \
		name, shape, offsetof(struct msg, member) \
	}
static const struct {
	const char *name;
	enum shape shape;
	size_t offset;
} members[] = {
	MEMBER(I64, "now", now),
	MEMBER(I64, "mono", mono),
	MEMBER(INT, "x", x),
	MEMBER(INT, "y", y),
	MEMBER(INT, "cols", cols),
	MEMBER(INT, "rows_count", rows_count),
	MEMBER(U32, "sub", sub),
	MEMBER(U64, "id", id),
	MEMBER(INT, "status", status),
	MEMBER(I64, "rtt_ms", rtt_ms),
	MEMBER(I64, "log_lines", log_lines),
	MEMBER(I64, "log_bytes", log_bytes),
	MEMBER(I64, "log_first", log_first),
	MEMBER(FLAG, "log_final", log_final),
	MEMBER(FLAG, "finished", finished),
	MEMBER(FLAG, "wrapped", wrapped),
	MEMBER(I64, "line", line),
	MEMBER(TEXT, "context", context),
	MEMBER(TEXT, "org", org),
	MEMBER(TEXT, "role", role),
	MEMBER(TEXT, "user", user),
	MEMBER(TEXT, "folder", folder),
};

static json_t *member_json(const struct msg *m, size_t i)
{
	const void *at = (const char *)m + members[i].offset;

	switch (members[i].shape) {
	case TEXT: return *(const char *const *)at ? json_string(*(const char *const *)at) : NULL;
	case FLAG: return *(const bool *)at ? json_true() : NULL;
	case I64: return *(const int64_t *)at ? json_integer(*(const int64_t *)at) : NULL;
	case U64:
		return *(const uint64_t *)at ? json_integer((json_int_t) * (const uint64_t *)at)
					     : NULL;
	case U32: return *(const uint32_t *)at ? json_integer(*(const uint32_t *)at) : NULL;
	case INT: return *(const int *)at ? json_integer(*(const int *)at) : NULL;
	}
	return NULL;
}

/*
 * Bytes as JSON text: byte b is character U+00b, so that any bytes go through and ASCII stays
 * readable. Log lines and pastes are the only raw bytes in a message.
 */
static json_t *bytes_json(const char *bytes, size_t len)
{
	struct buf b = BUF_INIT;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (c >= 0x80)
			buf_addc(&b, (char)(0xC0 | c >> 6));
		buf_addc(&b, (char)(c >= 0x80 ? 0x80 | (c & 0x3F) : c));
	}
	json_t *out = json_stringn_nocheck(b.data, b.len);

	buf_release(&b);
	return out;
}

/* The reverse; characters above U+00FF stay the UTF-8 that they are. */
static const char *json_bytes(const json_t *in, struct arena *scratch, size_t *len)
{
	const char *s = json_string_value(in);
	size_t n = json_string_length(in);
	char *out = arena_alloc(scratch, n + 1);
	size_t to = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if ((c == 0xC2 || c == 0xC3) && i + 1 < n)
			out[to++] = (char)((c & 3) << 6 | ((unsigned char)s[++i] & 0x3F));
		else
			out[to++] = (char)c;
	}
	*len = to;
	return out;
}

static json_t *lines_json(const struct msg *m)
{
	json_t *out = json_array();

	for (size_t i = 0; i < m->line_count; i++) {
		const struct log_line *l = &m->lines[i];
		json_t *one = json_object();

		if (l->bytes)
			json_object_set_new(one, "bytes", bytes_json(l->bytes, l->len));
		json_object_set_new(one, "offset", json_integer((json_int_t)l->offset));
		if (l->lost)
			json_object_set_new(one, "lost", json_integer((json_int_t)l->lost));
		if (l->partial)
			json_object_set_new(one, "partial", json_true());
		if (l->drawn)
			json_object_set_new(one, "drawn", json_true());
		json_array_append_new(out, one);
	}
	return out;
}

static void encode_words(const struct msg *m, json_t *out)
{
	if (m->type == MSG_KEY) {
		struct buf b = BUF_INIT;

		key_name(m->key, &b);
		json_object_set_new(out, "key", json_string(b.data));
		buf_release(&b);
	}
	if (m->type == MSG_MOUSE)
		json_object_set_new(out, "mouse", json_string(mouse_words[m->mouse]));
	if (m->type == MSG_LINK)
		json_object_set_new(out, "link", json_string(link_words[m->link]));
	if (m->type == MSG_LOG_WINDOW)
		json_object_set_new(out, "lines", lines_json(m));
}

json_t *msg_encode(const struct msg *m)
{
	json_t *out = json_object();

	json_object_set_new(out, "t", json_string(type_words[m->type]));
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		json_t *value = member_json(m, i);

		if (value)
			json_object_set_new(out, members[i].name, value);
	}
	encode_words(m, out);
	if (m->text)
		json_object_set_new(out, "text",
			bytes_json(m->text, m->text_len ? m->text_len : strlen(m->text)));
	if (m->body)
		json_object_set_new(out, "body", json_deep_copy(m->body));
	if (m->rows)
		json_object_set_new(out, "rows", json_deep_copy(m->rows));
	if (m->uids)
		json_object_set_new(out, "uids", json_deep_copy(m->uids));
	return out;
}

static int word_index(const char *const *words, const char *word)
{
	for (int i = 0; word && words[i]; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return -1;
}

static void decode_member(struct msg *m, const json_t *in, size_t i)
{
	void *at = (char *)m + members[i].offset;
	json_int_t number = json_integer_value(in);

	switch (members[i].shape) {
	case TEXT: *(const char **)at = json_string_value(in); break;
	case FLAG: *(bool *)at = json_is_true(in); break;
	case I64: *(int64_t *)at = number; break;
	case U64: *(uint64_t *)at = (uint64_t)number; break;
	case U32: *(uint32_t *)at = (uint32_t)number; break;
	case INT: *(int *)at = number > INT32_MAX ? INT32_MAX : number < 0 ? 0 : (int)number; break;
	}
}

static void decode_lines(struct msg *m, const json_t *in, struct arena *scratch)
{
	size_t n = json_array_size(in);
	struct log_line *lines = arena_alloc(scratch, (n + 1) * sizeof *lines);

	for (size_t i = 0; i < n; i++) {
		const json_t *one = json_array_get(in, i), *bytes = json_object_get(one, "bytes");

		lines[i].offset = (uint64_t)json_integer_value(json_object_get(one, "offset"));
		lines[i].lost = (uint64_t)json_integer_value(json_object_get(one, "lost"));
		lines[i].partial = json_is_true(json_object_get(one, "partial"));
		lines[i].drawn = json_is_true(json_object_get(one, "drawn"));
		if (json_is_string(bytes) && !lines[i].lost)
			lines[i].bytes = json_bytes(bytes, scratch, &lines[i].len);
	}
	m->lines = lines;
	m->line_count = n;
}

static bool decode_words(struct msg *m, const json_t *in, struct err *e)
{
	const char *mouse = json_string_value(json_object_get(in, "mouse"));
	const char *link = json_string_value(json_object_get(in, "link"));
	const char *key = json_string_value(json_object_get(in, "key"));

	if (m->type == MSG_MOUSE && word_index(mouse_words, mouse) < 0)
		return err_set(e, ERR_INVALID,
			"mouse is none of press, release, wheel-up, wheel-down");
	if (m->type == MSG_LINK && word_index(link_words, link) < 0)
		return err_set(e, ERR_INVALID, "link is not the word of a link state");
	if (m->type == MSG_KEY && (!key || !key_parse(key, &m->key)))
		return err_set(e, ERR_INVALID,
			"key names none: give one such as \"j\" or \"ctrl-d\"");
	if (m->type == MSG_MOUSE)
		m->mouse = (enum mouse_action)word_index(mouse_words, mouse);
	if (m->type == MSG_LINK)
		m->link = (enum link_state)word_index(link_words, link);
	return true;
}

bool msg_decode(struct msg *m, const json_t *in, struct arena *scratch, struct err *e)
{
	struct msg out = {0};
	int type = word_index(type_words, json_string_value(json_object_get(in, "t")));
	const json_t *text = json_object_get(in, "text"), *lines = json_object_get(in, "lines");

	if (type < 0)
		return err_set(e, ERR_INVALID, "t is not the word of a message");
	out.type = (enum msg_type)type;
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		const json_t *value = json_object_get(in, members[i].name);

		if (value)
			decode_member(&out, value, i);
	}
	if (!decode_words(&out, in, e))
		return false;
	if (json_is_string(text))
		out.text = json_bytes(text, scratch, &out.text_len);
	if (lines)
		decode_lines(&out, lines, scratch);
	out.body = json_object_get(in, "body");
	out.rows = json_object_get(in, "rows");
	out.uids = json_object_get(in, "uids");
	*m = out;
	return true;
}
