#include "core/wire/wire.h"

#include "base/crc32c.h"
#include "base/mem.h"
#include "base/num.h"

#include <string.h>

/* ---- Binary frames ---- */

static void put32(char *out, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		out[i] = (char)(v >> (8 * i));
}

static uint32_t get32(const char *in)
{
	uint32_t v = 0;

	for (int i = 3; i >= 0; i--)
		v = v << 8 | (unsigned char)in[i];
	return v;
}

uint64_t wire_version(uint32_t server, uint64_t changes)
{
	return changes << WIRE_SERVER_BITS | (server & ((1u << WIRE_SERVER_BITS) - 1));
}

bool wire_version_holds(uint64_t held, uint64_t now)
{
	uint64_t server = (UINT64_C(1) << WIRE_SERVER_BITS) - 1;

	return (held & server) == (now & server) && held <= now;
}

void wire_log_header(char out[WIRE_LOG_HEADER], const struct wire_log *log)
{
	put32(out, log->sub);
	put32(out + 4, log->generation);
	put32(out + 8, (uint32_t)log->offset);
	put32(out + 12, (uint32_t)(log->offset >> 32));
	put32(out + 16, log->length);
	put32(out + 20, crc32c(0, log->bytes, log->length));
}

bool wire_log_decode(struct wire_log *log, const void *frame, size_t len, struct err *e)
{
	const char *in = frame;
	struct wire_log found;

	if (len < WIRE_LOG_HEADER)
		return err_set(e, ERR_INVALID, "a log frame of the stream is cut short: %zu bytes",
			len);
	found.sub = get32(in);
	found.generation = get32(in + 4);
	found.offset = (uint64_t)get32(in + 12) << 32 | get32(in + 8);
	found.length = get32(in + 16);
	found.bytes = in + WIRE_LOG_HEADER;
	if (found.length != len - WIRE_LOG_HEADER || found.length > WIRE_LOG_CHUNK ||
		found.offset > INT64_MAX)
		return err_set(e, ERR_INVALID,
			"a log frame of the stream says %u bytes and holds %zu", found.length,
			len - WIRE_LOG_HEADER);
	if (crc32c(0, found.bytes, found.length) != get32(in + 20))
		return err_set(e, ERR_INVALID,
			"a log frame of the stream is damaged: its checksum does not fit");
	*log = found;
	return true;
}

/* ---- JSON from outside ---- */

/* Counts nesting without building anything; strings are skipped. False: too deep. */
static bool depth_within(const char *text, size_t len, size_t max)
{
	size_t depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];

		if (quoted) {
			if (c == '\\')
				i++;
			else if (c == '"')
				quoted = false;
		} else if (c == '"') {
			quoted = true;
		} else if (c == '{' || c == '[') {
			if (++depth > max)
				return false;
		} else if ((c == '}' || c == ']') && depth > 0) {
			depth--;
		}
	}
	return true;
}

static size_t near_at(const char *text)
{
	const char *at = strstr(text, " near '");

	return at ? (size_t)(at - text) : strlen(text);
}

json_t *wire_json_parse(const char *text, size_t len, size_t max_depth, struct err *e)
{
	json_error_t why;
	json_t *root;

	if (len > 0 && memchr(text, '\0', len) != NULL) {
		err_set(e, ERR_INVALID, "the JSON cannot be read: it holds a NUL byte");
		return NULL;
	}
	if (!depth_within(text, len, max_depth)) {
		err_set(e, ERR_INVALID, "the JSON cannot be read: it is nested deeper than %zu",
			max_depth);
		return NULL;
	}
	root = json_loadb(text ? text : "", len, JSON_REJECT_DUPLICATES, &why);
	/* Without what stands there: that may be a secret. */
	if (root == NULL)
		err_set(e, ERR_INVALID, "the JSON cannot be read: line %d, column %d: %.*s",
			why.line, why.column, (int)near_at(why.text), why.text);
	return root;
}

/* ---- Text frames ---- */

static const struct {
	const char *word;
	enum wire_type type;
} words[] = {
	{"sub", WIRE_SUB},
	{"unsub", WIRE_UNSUB},
	{"credit", WIRE_CREDIT_MORE},
	{"ping", WIRE_PING},
	{"pong", WIRE_PONG},
	{"row", WIRE_ROW},
	{"gone", WIRE_GONE},
	{"synced", WIRE_SYNCED},
	{"reset", WIRE_RESET},
	{"log", WIRE_LOG},
	{"gap", WIRE_GAP},
	{"end", WIRE_END},
	{"error", WIRE_ERROR},
};

/* Members of struct wire_frame by their key in the frame. */
#define AT(member) offsetof(struct wire_frame, member)
static const struct {
	const char *key;
	size_t at;
} texts[] = {
	{"kind", AT(kind)},
	{"org", AT(org)},
	{"fields", AT(fields)},
	{"filter", AT(filter)},
	{"of", AT(of)},
	{"object", AT(object)},
	{"job", AT(job)},
	{"task", AT(task)},
	{"uid", AT(uid)},
	{"message", AT(message)},
	{"field", AT(field)},
	{"state", AT(state)},
};
static const struct {
	const char *key;
	size_t at;
	int64_t min, max;
} numbers[] = {
	{"attempt", AT(attempt), 0, INT32_MAX},
	{"offset", AT(offset), -1, INT64_MAX},
	{"tail", AT(tail), 0, INT64_MAX},
	{"credit", AT(credit), 0, INT64_MAX},
	{"bytes", AT(credit), 0, INT64_MAX},
	{"oldest", AT(oldest), 0, INT64_MAX},
	{"newest", AT(newest), 0, INT64_MAX},
	{"lost", AT(lost), 0, INT64_MAX},
	{"exit_code", AT(exit_code), INT32_MIN, INT32_MAX},
	{"signal", AT(signal), 0, INT32_MAX},
	{"code", AT(code), 0, 999},
};
static const struct {
	const char *key;
	size_t at;
} arrays[] = {
	{"rows", AT(rows)},
	{"uids", AT(uids)},
};
#undef AT

static bool bad_member(struct err *e, const char *key, const char *must)
{
	return err_field(e, ERR_INVALID, key,
		"a frame of the stream is refused: its \"%s\" must be %s", key, must);
}

static bool decode_type(struct wire_frame *f, struct err *e)
{
	const char *t = json_string_value(json_object_get(f->root, "t"));

	for (size_t i = 0; t != NULL && i < ARRAY_SIZE(words); i++)
		if (strcmp(words[i].word, t) == 0) {
			f->type = words[i].type;
			return true;
		}
	return bad_member(e, "t", "a known type of frame");
}

static bool decode_texts(struct wire_frame *f, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		const json_t *value = json_object_get(f->root, texts[i].key);
		const char **member = (const char **)((char *)f + texts[i].at);

		if (value == NULL)
			continue;
		if (!json_is_string(value))
			return bad_member(e, texts[i].key, "a string");
		*member = json_string_value(value);
	}
	return true;
}

static bool decode_number(const json_t *object, const char *key, int64_t min, int64_t max,
	int64_t *out, struct err *e)
{
	const json_t *value = json_object_get(object, key);

	if (value == NULL)
		return true;
	if (!json_is_integer(value) || json_integer_value(value) < min ||
		json_integer_value(value) > max)
		return bad_member(e, key, "an integer within its limits");
	*out = json_integer_value(value);
	return true;
}

static bool decode_numbers(struct wire_frame *f, struct err *e)
{
	int64_t id = 0, generation = 0;

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (!decode_number(f->root, numbers[i].key, numbers[i].min, numbers[i].max,
			    (int64_t *)((char *)f + numbers[i].at), e))
			return false;
	if (!decode_number(f->root, "id", 0, UINT32_MAX, &id, e) ||
		!decode_number(f->root, "gen", 0, UINT32_MAX, &generation, e))
		return false;
	f->id = (uint32_t)id;
	f->generation = (uint32_t)generation;
	return true;
}

static bool decode_version(struct wire_frame *f, struct err *e)
{
	const json_t *v = json_object_get(f->root, "v");

	if (v == NULL)
		return true;
	if (!json_is_string(v) || !num_u64(json_string_value(v), UINT64_MAX, &f->version))
		return bad_member(e, "v", "a string of decimal digits");
	return true;
}

static bool decode_arrays(struct wire_frame *f, struct err *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(arrays); i++) {
		json_t *value = json_object_get(f->root, arrays[i].key);

		if (value == NULL)
			continue;
		if (!json_is_array(value))
			return bad_member(e, arrays[i].key, "an array");
		*(json_t **)((char *)f + arrays[i].at) = value;
	}
	return true;
}

bool wire_frame_decode(struct wire_frame *f, const char *text, size_t len, struct err *e)
{
	struct wire_frame found = {0};

	if (len > WIRE_TEXT_MAX)
		return err_set(e, ERR_TOO_LARGE, "a frame of the stream is over %d bytes",
			WIRE_TEXT_MAX);
	found.root = wire_json_parse(text, len, 16, e);
	if (found.root == NULL)
		return false;
	if (!json_is_object(found.root)) {
		json_decref(found.root);
		return err_set(e, ERR_INVALID, "a frame of the stream is not a JSON object");
	}
	if (!decode_type(&found, e) || !decode_texts(&found, e) || !decode_numbers(&found, e) ||
		!decode_version(&found, e) || !decode_arrays(&found, e)) {
		json_decref(found.root);
		return false;
	}
	*f = found;
	return true;
}

void wire_frame_release(struct wire_frame *f)
{
	json_decref(f->root);
	*f = (struct wire_frame){0};
}
