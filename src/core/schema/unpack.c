/* What pack.c made, read again: nothing in it is believed before it was looked at. */
#include "core/schema/schema.h"

#include "core/schema/ftype.h"
#include "core/schema/record.h"

#include <assert.h>
#include <string.h>

static int64_t unzigzag(uint64_t v)
{
	return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

/* Bytes still to read. Every taker says false rather than read past the end. */
struct bytes_left {
	const unsigned char *at;
	size_t left;
};

static bool take(struct bytes_left *b, size_t n, const void **out)
{
	if (n > b->left)
		return false;
	*out = b->at;
	b->at += n;
	b->left -= n;
	return true;
}

static bool take_varint(struct bytes_left *b, uint64_t *out)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64 && b->left > 0; shift += 7) {
		unsigned char c = *b->at++;

		b->left--;
		v |= (uint64_t)(c & 0x7F) << shift;
		if (c < 0x80) {
			*out = v;
			return true;
		}
	}
	return false;
}

static const char *take_text(struct bytes_left *b, struct arena *a)
{
	uint64_t len;
	const void *text;

	if (!take_varint(b, &len) || !take(b, len, &text) || memchr(text, '\0', len))
		return NULL;
	return arena_strndup(a, text, len);
}

/* An item takes a byte at least: a count past what is left is a lie, not a reason to allocate. */
static bool take_count(struct bytes_left *b, uint64_t *count)
{
	return take_varint(b, count) && *count <= b->left;
}

static bool unpack_strings(struct strings *out, struct arena *a, struct bytes_left *b)
{
	uint64_t count;
	const char **items;

	if (!take_count(b, &count))
		return false;
	items = count ? arena_alloc(a, count * sizeof *items) : NULL;
	for (size_t i = 0; i < count; i++)
		if ((items[i] = take_text(b, a)) == NULL)
			return false;
	*out = (struct strings){items, count};
	return true;
}

static bool unpack_labels(struct labels *out, struct arena *a, struct bytes_left *b)
{
	uint64_t count;
	struct label *items;

	if (!take_count(b, &count))
		return false;
	items = count ? arena_alloc(a, count * sizeof *items) : NULL;
	for (size_t i = 0; i < count; i++) {
		items[i].key = take_text(b, a);
		items[i].value = items[i].key ? take_text(b, a) : NULL;
		if (items[i].value == NULL)
			return false;
	}
	*out = (struct labels){items, count};
	return true;
}

/* The bytes are there before there is memory for the records: a count alone asks for none. */
static bool items_are_there(struct bytes_left b, uint64_t count)
{
	uint64_t len;
	const void *item;

	for (uint64_t i = 0; i < count; i++)
		if (!take_varint(&b, &len) || len == 0 || !take(&b, len, &item))
			return false;
	return true;
}

static bool unpack_records(const struct field *f, struct records *out, struct arena *a,
	struct bytes_left *b)
{
	const struct kind *k = f->embeds;
	uint64_t count, len;
	const void *item;
	char *items;

	if (!take_count(b, &count) || count > RECORDS_MAX || !items_are_there(*b, count))
		return false;
	items = count ? arena_alloc(a, count * k->size) : NULL;
	for (size_t i = 0; i < count; i++)
		if (!take_varint(b, &len) || !take(b, len, &item) ||
			!record_unpack(k, items + i * k->size, a, item, len, NULL))
			return false;
	*out = (struct records){items, count};
	return true;
}

static bool unpack_nested(const struct field *f, struct nested *out, struct arena *a,
	struct bytes_left *b)
{
	struct records one;

	if (!unpack_records(f, &one, a, b) || one.len > 1)
		return false;
	*out = (struct nested){one.items};
	return true;
}

static bool unpack_text(const char **out, struct arena *a, struct bytes_left *b)
{
	const void *text;
	size_t len = b->left;

	if (!take(b, len, &text) || memchr(text, '\0', len))
		return false;
	*out = arena_strndup(a, text, len);
	return true;
}

/* A word that this program does not know is not an error: the row is left unknown. */
static bool unpack_enum(const struct field *f, unsigned *out, struct bytes_left *b, bool *known)
{
	const void *text;
	size_t len = b->left;

	*known = false;
	if (!take(b, len, &text))
		return false;
	for (unsigned i = 0; f->names[i]; i++)
		if (strlen(f->names[i]) == len && memcmp(f->names[i], text, len) == 0) {
			*out = i;
			*known = true;
			break;
		}
	return true;
}

static bool unpack_number(int64_t *out, struct bytes_left *b)
{
	uint64_t v;

	if (!take_varint(b, &v))
		return false;
	*out = unzigzag(v);
	return true;
}

/* All of `b` must be the value. */
static bool unpack_value(const struct field *f, void *member, struct arena *a, struct bytes_left *b,
	bool *known)
{
	const void *raw;
	bool good = false;

	switch (f->type->storage) {
	case ST_TEXT: good = unpack_text(member, a, b); break;
	case ST_INT:
	case ST_BYTES:
	case ST_MCPU:
	case ST_MS:
	case ST_MICRO:
	case ST_WHEN: good = unpack_number(member, b); break;
	case ST_PERCENT:
	case ST_REAL:
		good = take(b, sizeof(double), &raw);
		if (good)
			memcpy(member, raw, sizeof(double));
		break;
	case ST_BOOL:
		good = take(b, 1, &raw);
		if (good)
			*(bool *)member = *(const unsigned char *)raw != 0;
		break;
	case ST_ENUM: good = unpack_enum(f, member, b, known); break;
	case ST_STRINGS: good = unpack_strings(member, a, b); break;
	case ST_LABELS: good = unpack_labels(member, a, b); break;
	case ST_RECORD: good = unpack_nested(f, member, a, b); break;
	case ST_RECORDS: good = unpack_records(f, member, a, b); break;
	}
	return good && b->left == 0;
}

static uint32_t tag_at(const unsigned char *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static const struct field *field_by_tag(const struct kind *k, uint32_t tag, size_t *hint)
{
	for (size_t n = 0, at = *hint; n < k->field_count; n++) {
		const struct field *f = &k->fields[at];

		at = at + 1 < k->field_count ? at + 1 : 0;
		if (field_is_stored(f) && field_tag(f->name) == tag) {
			*hint = at;
			return f;
		}
	}
	return NULL;
}

static bool damaged(const struct kind *k, const char *what, struct err *e)
{
	return err_set(e, ERR_INTERNAL,
		"the stored %s is damaged (%s): check the store, or restore a backup", k->name,
		what);
}

/* One row; one that is not ours, or of another storage than ours, is skipped. */
static bool unpack_row(const struct kind *k, void *rec, struct arena *a, struct bytes_left *b,
	size_t *hint, struct err *e)
{
	const void *head, *body;
	const unsigned char *tag;
	const struct field *f;
	uint64_t len;
	bool known = true;

	if (!take(b, 5, &head) || !take_varint(b, &len) || !take(b, len, &body))
		return damaged(k, "it ends early", e);
	tag = head;
	f = field_by_tag(k, tag_at(tag), hint);
	if (f == NULL || f->type->storage != tag[4])
		return true;
	if (!unpack_value(f, (char *)rec + f->offset, a, &(struct bytes_left){body, len}, &known))
		return damaged(k, f->name, e);
	if (known)
		known_mark(rec, (size_t)(f - k->fields));
	return true;
}

bool record_unpack(const struct kind *k, void *rec, struct arena *a, const void *data, size_t len,
	struct err *e)
{
	struct scratch copy;
	struct bytes_left b = {data, len};
	const void *version;
	size_t hint = 0;

	assert(k->size <= sizeof copy.bytes);
	memset(copy.bytes, 0, k->size);
	if (!take(&b, 1, &version))
		return damaged(k, "it is empty", e);
	if (*(const unsigned char *)version != PACK_VERSION)
		return err_set(e, ERR_INTERNAL,
			"the stored %s has format %d and this program reads %d: use the newer "
			"program",
			k->name, *(const unsigned char *)version, PACK_VERSION);
	while (b.left > 0)
		if (!unpack_row(k, copy.bytes, a, &b, &hint, e))
			return false;
	memcpy(rec, copy.bytes, k->size);
	return true;
}

const void *pack_extra_find(const void *pack, size_t pack_len, const char *name, size_t *len)
{
	struct bytes_left b = {pack, pack_len};
	const void *head, *body;
	uint32_t wanted = field_tag(name);
	uint64_t size;

	if (!take(&b, 1, &head))
		return NULL;
	while (take(&b, 5, &head) && take_varint(&b, &size) && take(&b, size, &body)) {
		const unsigned char *tag = head;

		if (tag[4] != PACK_EXTRA || tag_at(tag) != wanted)
			continue;
		*len = size;
		return body;
	}
	return NULL;
}
