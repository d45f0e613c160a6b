#include "io/yaml.h"

#include "base/buf.h"
#include "base/fsio.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/utf8.h"

#include <math.h>
#include <stdint.h>
#include <string.h>
#include <yaml.h>

struct yaml_reader {
	yaml_parser_t parser;
	const char *name;
	struct yaml_lines *lines;
	struct buf path;
};

void yaml_lines_release(struct yaml_lines *l)
{
	map_release(&l->by_path);
}

int yaml_line(const struct yaml_lines *l, const char *path)
{
	return (int)(intptr_t)map_get(&l->by_path, path);
}

static bool fail_at(const struct yaml_reader *r, const yaml_mark_t *at, struct err *e,
	const char *why)
{
	return err_set(e, ERR_INVALID, "%s:%zu: %s", r->name, at->line + 1, why);
}

static bool next(struct yaml_reader *r, yaml_event_t *event, struct err *e)
{
	if (yaml_parser_parse(&r->parser, event))
		return true;
	return fail_at(r, &r->parser.problem_mark, e,
		r->parser.problem ? r->parser.problem : "not YAML");
}

/* 022 is 22 to some readers of YAML and 18 to others, and a part number to a third: it stays a text. */
static bool leads_with_zero(const char *text)
{
	text += *text == '-' || *text == '+';
	return text[0] == '0' && text[1] >= '0' && text[1] <= '9';
}

static json_t *plain(const char *text)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
	static const char *const yes[] = {"true", "True", "TRUE"};
	static const char *const no[] = {"false", "False", "FALSE"};
	int64_t integer;
	double real;

	for (size_t i = 0; i < ARRAY_SIZE(nulls); i++)
		if (strcmp(text, nulls[i]) == 0)
			return json_null();
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		if (strcmp(text, yes[i]) == 0)
			return json_true();
		if (strcmp(text, no[i]) == 0)
			return json_false();
	}
	if (leads_with_zero(text))
		return json_string(text);
	if (num_i64(text, INT64_MIN, INT64_MAX, &integer))
		return json_integer(integer);
	if (num_double(text, &real) && isfinite(real))
		return json_real(real);
	return json_string(text);
}

static json_t *value(struct yaml_reader *r, yaml_event_t *event, int depth, struct err *e);

static json_t *scalar(struct yaml_reader *r, const yaml_event_t *event, struct err *e)
{
	const char *text = (const char *)event->data.scalar.value;
	json_t *out;

	if (event->data.scalar.anchor || event->data.scalar.tag) {
		fail_at(r, &event->start_mark, e, "anchors and tags are not read here");
		return NULL;
	}
	if (strlen(text) != event->data.scalar.length) {
		fail_at(r, &event->start_mark, e, "a NUL character is not allowed");
		return NULL;
	}
	out = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE ? plain(text) : json_string(text);
	if (out == NULL)
		fail_at(r, &event->start_mark, e, "the text is not UTF-8");
	return out;
}

/* Goes down to `part` of the path and notes its line; returns the length to go back to. */
static size_t path_push(struct yaml_reader *r, const char *part, const yaml_mark_t *at)
{
	size_t before = r->path.len;

	buf_addf(&r->path, "%s%s", before ? "." : "", part);
	if (r->lines)
		map_set(&r->lines->by_path, r->path.data, (void *)(intptr_t)(at->line + 1));
	return before;
}

static bool sequence_item(struct yaml_reader *r, json_t *out, yaml_event_t *event, int depth,
	struct err *e)
{
	char index[24];
	size_t before;
	json_t *item;

	snprintf(index, sizeof index, "%zu", json_array_size(out));
	before = path_push(r, index, &event->start_mark);
	item = value(r, event, depth, e);
	buf_cut(&r->path, before);
	return item && json_array_append_new(out, item) == 0;
}

static bool mapping_pair(struct yaml_reader *r, json_t *out, yaml_event_t *key, int depth,
	struct err *e)
{
	const char *name = (const char *)key->data.scalar.value;
	yaml_event_t event;
	json_t *item;
	size_t before;

	if (key->type != YAML_SCALAR_EVENT || strlen(name) != key->data.scalar.length ||
		key->data.scalar.anchor || key->data.scalar.tag)
		return fail_at(r, &key->start_mark, e, "a key must be plain text");
	if (json_object_get(out, name)) {
		char why[200];

		snprintf(why, sizeof why, "%.100s is there twice", name);
		return fail_at(r, &key->start_mark, e, why);
	}
	if (!next(r, &event, e))
		return false;
	before = path_push(r, name, &key->start_mark);
	item = value(r, &event, depth, e);
	buf_cut(&r->path, before);
	yaml_event_delete(&event);
	if (item == NULL)
		return false;
	return json_object_set_new(out, name, item) == 0 ||
		fail_at(r, &key->start_mark, e, "the key is not UTF-8");
}

/* Takes items into `out` up to the event that ends it; `out` is given back or dropped. */
static json_t *collect(struct yaml_reader *r, json_t *out, yaml_event_type_t end,
	bool (*item)(struct yaml_reader *r, json_t *out, yaml_event_t *event, int depth,
		struct err *e),
	int depth, struct err *e)
{
	bool more = true, good = true;

	while (more && good) {
		yaml_event_t event;

		if (!next(r, &event, e)) {
			good = false;
			break;
		}
		more = event.type != end;
		good = !more || item(r, out, &event, depth, e);
		yaml_event_delete(&event);
	}
	if (good)
		return out;
	json_decref(out);
	return NULL;
}

static json_t *value(struct yaml_reader *r, yaml_event_t *event, int depth, struct err *e)
{
	if (depth > YAML_DEPTH_MAX) {
		fail_at(r, &event->start_mark, e, "more than 64 levels deep");
		return NULL;
	}
	switch (event->type) {
	case YAML_SCALAR_EVENT: return scalar(r, event, e);
	case YAML_SEQUENCE_START_EVENT:
		if (event->data.sequence_start.anchor || event->data.sequence_start.tag)
			break;
		return collect(r, json_array(), YAML_SEQUENCE_END_EVENT, sequence_item, depth + 1,
			e);
	case YAML_MAPPING_START_EVENT:
		if (event->data.mapping_start.anchor || event->data.mapping_start.tag)
			break;
		return collect(r, json_object(), YAML_MAPPING_END_EVENT, mapping_pair, depth + 1,
			e);
	default: break;
	}
	fail_at(r, &event->start_mark, e, "anchors, aliases and tags are not read here");
	return NULL;
}

/* Begin of stream, at most one document, end of stream. */
static json_t *document(struct yaml_reader *r, struct err *e)
{
	json_t *out = NULL;
	bool done = false, good = true;

	while (!done && good) {
		yaml_event_t event;

		if (!next(r, &event, e)) {
			good = false;
			break;
		}
		switch (event.type) {
		case YAML_STREAM_START_EVENT:
		case YAML_DOCUMENT_END_EVENT: break;
		case YAML_STREAM_END_EVENT: done = true; break;
		case YAML_DOCUMENT_START_EVENT:
			good = out == NULL ||
				fail_at(r, &event.start_mark, e, "more than one document");
			break;
		default: out = value(r, &event, 0, e); good = out != NULL;
		}
		yaml_event_delete(&event);
	}
	if (good)
		return out ? out : json_null();
	json_decref(out);
	return NULL;
}

json_t *yaml_parse(const char *text, size_t len, const char *name, struct yaml_lines *lines,
	struct err *e)
{
	struct yaml_reader r = {.name = name, .lines = lines, .path = BUF_INIT};
	json_t *out;
	size_t mark;

	if (len > YAML_BYTES_MAX) {
		err_set(e, ERR_TOO_LARGE, "%s: more than 1 MiB", name);
		return NULL;
	}
	if (!yaml_parser_initialize(&r.parser)) {
		err_set(e, ERR_INTERNAL, "%s: out of memory", name);
		return NULL;
	}
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	/* libyaml takes a byte order mark for a column: the second key would not be under the first. */
	mark = utf8_mark(text, len);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text + mark, len - mark);
	out = document(&r, e);
	yaml_parser_delete(&r.parser);
	buf_release(&r.path);
	return out;
}

json_t *yaml_load(const char *path, struct yaml_lines *lines, struct err *e)
{
	struct buf text = BUF_INIT;
	json_t *out = NULL;

	if (fsio_read(path, &text, YAML_BYTES_MAX, e))
		out = yaml_parse(text.data, text.len, path, lines, e);
	explicit_bzero(text.data, text.len);
	buf_release(&text);
	return out;
}
