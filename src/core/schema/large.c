/* Long texts beside a record. */
#include "core/schema/record.h"

#include <string.h>

static size_t labels_size(const struct labels *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->len; i++)
		n += strlen(l->items[i].key) + strlen(l->items[i].value);
	return n;
}

static size_t strings_size(const struct strings *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->len; i++)
		n += strlen(s->items[i]);
	return n;
}

static size_t value_size(const struct field *f, const void *member)
{
	const char *text = f->type->storage == ST_TEXT ? *(const char *const *)member : NULL;

	switch (f->type->storage) {
	case ST_TEXT: return text ? strlen(text) : 0;
	case ST_STRINGS: return strings_size(member);
	case ST_LABELS: return labels_size(member);
	default: return 0;
	}
}

/* At most `room` bytes of it, not cut inside a character. */
static const char *text_begin(const char *text, size_t room, struct arena *a)
{
	size_t len = strlen(text);

	if (len > room) {
		len = room;
		while (len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80)
			len--;
	}
	return arena_strndup(a, text, len);
}

static struct strings strings_begin(const struct strings *s, struct arena *a)
{
	size_t room = LARGE_SHOWN, n = 0;
	const char **items = arena_alloc(a, s->len * sizeof *items);

	for (size_t i = 0; i < s->len && room > 0; i++) {
		items[n] = text_begin(s->items[i], room, a);
		room -= strlen(items[n++]);
	}
	return (struct strings){items, n};
}

static struct labels labels_begin(const struct labels *l, struct arena *a)
{
	size_t room = LARGE_SHOWN, n = 0;
	struct label *items = arena_alloc(a, l->len * sizeof *items);

	for (size_t i = 0; i < l->len && strlen(l->items[i].key) < room; i++) {
		items[n].key = arena_strdup(a, l->items[i].key);
		room -= strlen(items[n].key);
		items[n].value = text_begin(l->items[i].value, room, a);
		room -= strlen(items[n++].value);
	}
	return (struct labels){items, n};
}

static void value_cut(const struct field *f, void *member, struct arena *a)
{
	if (f->type->storage == ST_TEXT)
		*(const char **)member = text_begin(*(const char **)member, LARGE_SHOWN, a);
	else if (f->type->storage == ST_STRINGS)
		*(struct strings *)member = strings_begin(member, a);
	else
		*(struct labels *)member = labels_begin(member, a);
}

bool record_split(const struct kind *k, void *rec, struct arena *a, struct buf *out)
{
	struct scratch whole;
	size_t begin = out->len;
	bool any = false;

	memset(whole.bytes, 0, k->size);
	for (size_t i = 0; i < k->field_count; i++) {
		const struct field *f = &k->fields[i];
		void *member = (char *)rec + f->offset;

		if (!(f->flags & F_LARGE) || !known_has(rec, i) ||
			value_size(f, member) <= LARGE_FROM)
			continue;
		memcpy(whole.bytes + f->offset, member, f->size);
		known_mark(whole.bytes, i);
		value_cut(f, member, a);
		any = true;
	}
	if (!any)
		return false;
	record_pack(k, whole.bytes, out);
	((struct record *)rec)->large = (uint32_t)(out->len - begin);
	return true;
}

bool record_join(const struct kind *k, void *rec, struct arena *a, const void *data, size_t len,
	struct err *e)
{
	struct scratch whole;
	struct fieldset known = {{0}};

	if (!record_unpack(k, whole.bytes, a, data, len, e))
		return false;
	for (size_t i = 0; i < k->field_count; i++)
		if (!(k->fields[i].flags & F_ALIAS) && known_has(whole.bytes, i))
			fieldset_add(&known, i);
	record_overlay(k, rec, whole.bytes, &known);
	return true;
}
