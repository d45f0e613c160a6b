/* Lists of words (command lines) and of KEY=VALUE pairs (labels, environment). */
#include "core/schema/ftype.h"
#include "core/schema/words.h"

#include <stdlib.h>
#include <string.h>

/* ---- Items: the texts in both ---- */

/* What is collected before it is known to be good; the pointers go to the arena in one piece. */
struct items {
	const struct field *f;
	struct arena *a;
	enum strictness how;
	size_t left; /* bytes that the field's limit still allows */
	struct err *e;
};

static const char *item_keep(struct items *it, const char *text, size_t len)
{
	it->left -= len + 1;
	return arena_strndup(it->a, text, len);
}

static const char *item_from_server(struct items *it, const char *text, bool lines)
{
	struct buf safe = BUF_INIT;
	const char *copy;

	if (it->left == 0)
		return NULL;
	text_from_server(text, strlen(text), it->left - 1, lines, &safe);
	copy = item_keep(it, safe.data, safe.len);
	buf_release(&safe);
	return copy;
}

/* A checked copy in the arena; NULL on error. Each item costs a byte, so that none is for nothing.
 */
static const char *item_copy(struct items *it, const json_t *in, bool lines)
{
	const char *text = json_string_value(in), *refusal;
	size_t len = json_string_length(in);

	if (it->how == DECODE_SERVER)
		return item_from_server(it, text, lines);
	refusal = memchr(text, '\0', len) ? "it may have no control characters"
					  : text_refusal(text, len, lines);
	if (refusal) {
		field_wrong(it->f, in, it->e, "%s", refusal);
		return NULL;
	}
	if (len >= it->left) {
		err_field(it->e, ERR_INVALID, it->f->name,
			"%s has too many bytes: all its words together may have %zu", it->f->name,
			field_text_max(it->f));
		return NULL;
	}
	return item_keep(it, text, len);
}

static bool text_is(const json_t *in, const char *text)
{
	return json_is_string(in) && strcmp(json_string_value(in), text) == 0;
}

/* ---- strings ---- */

static json_t *strings_encode(const struct field *f, const void *member)
{
	const struct strings *s = member;
	json_t *out = json_array();

	(void)f;
	for (size_t i = 0; i < s->len; i++)
		json_array_append_new(out, json_from_text(s->items[i]));
	return out;
}

static bool strings_same(const struct strings *s, const json_t *in)
{
	if (s->len != json_array_size(in))
		return false;
	for (size_t i = 0; i < s->len; i++)
		if (!text_is(json_array_get(in, i), s->items[i]))
			return false;
	return s->len > 0;
}

static bool strings_decode(const struct field *f, void *member, struct arena *a, const json_t *in,
	enum strictness how, struct err *e)
{
	struct items it = {f, a, how, field_text_max(f), e};
	size_t len = json_array_size(in);
	const char **items;

	if (!json_is_array(in))
		return field_wrong(f, in, e,
			"give a list of words, such as [\"python3\", \"train.py\"]");
	if (strings_same(member, in))
		return true;
	if (len >= it.left)
		return field_wrong(f, in, e, "it may have fewer than %zu words", it.left);
	items = len ? arena_alloc(a, len * sizeof *items) : NULL;
	for (size_t i = 0; i < len; i++) {
		const json_t *item = json_array_get(in, i);

		if (!json_is_string(item))
			return field_wrong(f, item, e, "word %zu must be a text, in quotes", i + 1);
		items[i] = item_copy(&it, item, true);
		if (items[i] == NULL)
			return false;
	}
	*(struct strings *)member = (struct strings){items, len};
	return true;
}

json_t *json_typed(const struct field *f, const char *text, struct err *e)
{
	json_error_t why;
	json_t *out = json_loads(text, JSON_REJECT_DUPLICATES, &why);

	if (out == NULL)
		field_wrong_text(f, text, e, "it is no JSON: %s", why.text);
	return out;
}

/* `python3 "my file.py"` as a shell splits it, or a JSON array. */
static json_t *strings_from_text(const struct field *f, const char *text, struct err *e)
{
	struct arena a = ARENA_INIT;
	struct strings words = {0};
	struct err why = ERR_INIT;
	const char *at = text + strspn(text, " \t\n");
	json_t *out;

	if (*at == '[')
		return json_typed(f, at, e);
	if (words_split(&words, &a, text, &why)) {
		out = strings_encode(f, &words);
	} else {
		field_wrong_text(f, text, e, "%s", why.text);
		out = NULL;
	}
	arena_release(&a);
	return out;
}

static int strings_compare(const struct field *f, const void *a, const void *b)
{
	const struct strings *x = a, *y = b;

	(void)f;
	for (size_t i = 0; i < x->len && i < y->len; i++) {
		int c = strcmp(x->items[i], y->items[i]);

		if (c != 0)
			return c;
	}
	return (x->len > y->len) - (x->len < y->len);
}

static void strings_cell(const struct field *f, const void *member, int64_t now, struct buf *out)
{
	const struct strings *s = member;

	(void)f, (void)now;
	for (size_t i = 0; i < s->len; i++) {
		if (i)
			buf_addc(out, ' ');
		text_cell(s->items[i], out);
	}
}

static bool list_operand(const struct field *f, const char *text, struct operand *out,
	struct err *e)
{
	(void)f, (void)e;
	out->text = text;
	return true;
}

const struct ftype ft_strings = {
	.name = "list",
	.wire = "array of strings",
	.storage = ST_STRINGS,
	.encode = strings_encode,
	.decode = strings_decode,
	.from_text = strings_from_text,
	.compare = strings_compare,
	.cell = strings_cell,
	.operand = list_operand,
};

/* ---- labels ---- */

static json_t *labels_encode(const struct field *f, const void *member)
{
	const struct labels *l = member;
	json_t *out = json_object();

	(void)f;
	for (size_t i = 0; i < l->len; i++) {
		json_t *value = json_from_text(l->items[i].value);

		if (json_object_set_new(out, l->items[i].key, value) != 0)
			continue; /* a key that is not UTF-8: it can only come from a program's
				     mistake */
	}
	return out;
}

static bool labels_same(const struct labels *l, json_t *in)
{
	void *iter = json_object_iter(in);

	for (size_t i = 0; i < l->len; i++, iter = json_object_iter_next(in, iter))
		if (iter == NULL || strcmp(json_object_iter_key(iter), l->items[i].key) != 0 ||
			!text_is(json_object_iter_value(iter), l->items[i].value))
			return false;
	return iter == NULL && l->len > 0;
}

static const char *label_refusal(const struct field *f, const char *key, const json_t *value)
{
	if (*key == '\0' || strchr(key, '='))
		return "a key may be neither empty nor hold =";
	if (text_refusal(key, strlen(key), false))
		return "a key may have no control characters";
	if (!json_is_string(value) && !json_is_integer(value))
		return "each value must be a text, in quotes";
	if ((f->flags & F_MASKED) && text_is(value, MASK))
		return "a value is " MASK ", the mask that is shown in place of the real one: give "
		       "that or leave it out";
	return NULL;
}

/* One pair; a whole number counts as its digits. */
static bool label_copy(struct items *it, struct label *out, const char *name, json_t *value)
{
	json_t *key = json_string(name);
	json_t *text = json_is_integer(value)
		? json_sprintf("%" JSON_INTEGER_FORMAT, json_integer_value(value))
		: json_incref(value);

	out->key = key ? item_copy(it, key, false) : NULL;
	out->value = out->key && json_is_string(text) ? item_copy(it, text, true) : NULL;
	json_decref(key);
	json_decref(text);
	return out->value != NULL;
}

static bool labels_decode(const struct field *f, void *member, struct arena *a, const json_t *in,
	enum strictness how, struct err *e)
{
	struct items it = {f, a, how, field_text_max(f), e};
	json_t *from = (json_t *)in, *value; /* jansson's iteration takes no const */
	size_t len = json_object_size(in), i = 0;
	struct label *items;
	const char *key;

	if (!json_is_object(in))
		return field_wrong(f, in, e,
			"give keys with values, such as {\"team\": \"vision\"}");
	if (labels_same(member, from))
		return true;
	if (len >= it.left)
		return field_wrong(f, in, e, "it may have fewer than %zu pairs", it.left);
	items = len ? arena_alloc(a, len * sizeof *items) : NULL;
	json_object_foreach(from, key, value) {
		const char *refusal = how == DECODE_SERVER ? NULL : label_refusal(f, key, value);

		if (refusal)
			return field_wrong(f, in, e, "%s", refusal);
		if (!label_copy(&it, &items[i++], key, value))
			return false;
	}
	*(struct labels *)member = (struct labels){items, len};
	return true;
}

/* `team=vision,run=7`, or a JSON object where a value has a comma. */
static json_t *labels_from_text(const struct field *f, const char *text, struct err *e)
{
	json_t *out;
	const char *at = text + strspn(text, " \t");

	if (*at == '{')
		return json_typed(f, at, e);
	out = json_object();
	for (; *at; at += *at == ',') {
		size_t len = strcspn(at, ",");
		const char *sign = memchr(at, '=', len);
		char *key = sign ? strndup(at, (size_t)(sign - at)) : NULL;
		json_t *value = sign ? json_stringn(sign + 1, (size_t)(at + len - sign - 1)) : NULL;
		bool good = key && value && json_object_set(out, key, value) == 0;

		free(key);
		json_decref(value);
		if (!good) {
			field_wrong_text(f, text, e, "give pairs such as team=vision,run=7");
			json_decref(out);
			return NULL;
		}
		at += len;
	}
	return out;
}

static int labels_compare(const struct field *f, const void *a, const void *b)
{
	const struct labels *x = a, *y = b;

	(void)f;
	for (size_t i = 0; i < x->len && i < y->len; i++) {
		int c = strcmp(x->items[i].key, y->items[i].key);

		c = c ? c : strcmp(x->items[i].value, y->items[i].value);
		if (c != 0)
			return c;
	}
	return (x->len > y->len) - (x->len < y->len);
}

static void labels_show(const struct labels *l, bool masked, struct buf *out)
{
	for (size_t i = 0; i < l->len; i++) {
		if (i)
			buf_addc(out, ',');
		text_cell(l->items[i].key, out);
		buf_addc(out, '=');
		text_cell(masked ? MASK : l->items[i].value, out);
	}
}

static void labels_cell(const struct field *f, const void *member, int64_t now, struct buf *out)
{
	(void)now;
	labels_show(member, f->flags & F_MASKED, out);
}

const struct ftype ft_labels = {
	.name = "pairs",
	.wire = "object of strings",
	.storage = ST_LABELS,
	.encode = labels_encode,
	.decode = labels_decode,
	.from_text = labels_from_text,
	.compare = labels_compare,
	.cell = labels_cell,
	.operand = list_operand,
};

/* ---- Masks ---- */

json_t *field_masked_json(const struct field *f, const void *member)
{
	const struct labels *l = member;
	json_t *out;

	if (f->type->storage != ST_LABELS)
		return json_string_nocheck(MASK);
	out = json_object();
	for (size_t i = 0; i < l->len; i++)
		json_object_set_new(out, l->items[i].key, json_string_nocheck(MASK));
	return out;
}

void field_masked_cell(const struct field *f, const void *member, struct buf *out)
{
	if (f->type->storage == ST_LABELS)
		labels_show(member, true, out);
	else
		buf_adds(out, MASK);
}
