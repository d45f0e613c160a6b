/*
 * The compact form for the store. Version byte, then for each row: u32 tag of the name (little
 * endian), one byte of storage, varint length, that many bytes. A reader skips tags it does not
 * know, so rows come and go without a migration. Enums are kept as words: their numbers may move.
 */
#include "core/schema/schema.h"

#include "core/schema/ftype.h"
#include "core/schema/record.h"

#include <assert.h>
#include <string.h>

enum { PACK_VERSION = 1, PACK_EXTRA = 255 /* as storage: not a field's */ };

uint32_t field_tag(const char *name)
{
	uint32_t h = 2166136261u;

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 16777619u;
	return h;
}

/* ---- Out ---- */

static void add_varint(struct buf *out, uint64_t v)
{
	char bytes[10];
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		bytes[n++] = (char)(v | 0x80);
	bytes[n++] = (char)v;
	buf_add(out, bytes, n);
}

static void add_u32(struct buf *out, uint32_t v)
{
	char bytes[4] = {(char)v, (char)(v >> 8), (char)(v >> 16), (char)(v >> 24)};

	buf_add(out, bytes, sizeof bytes);
}

/* Small numbers of either sign stay short. */
static uint64_t zigzag(int64_t v)
{
	return ((uint64_t)v << 1) ^ (uint64_t)(v >> 63);
}

static int64_t unzigzag(uint64_t v)
{
	return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

static void add_text(struct buf *out, const char *text)
{
	size_t len = strlen(text);

	add_varint(out, len);
	buf_add(out, text, len);
}

static void pack_strings(const struct strings *s, struct buf *out)
{
	add_varint(out, s->len);
	for (size_t i = 0; i < s->len; i++)
		add_text(out, s->items[i]);
}

static void pack_labels(const struct labels *l, struct buf *out)
{
	add_varint(out, l->len);
	for (size_t i = 0; i < l->len; i++) {
		add_text(out, l->items[i].key);
		add_text(out, l->items[i].value);
	}
}

/* Each with its length before it: rows inside come and go as those outside do. */
static void pack_nested(const struct field *f, const struct records *r, struct buf *out)
{
	struct buf item = BUF_INIT;

	add_varint(out, r->len);
	for (size_t i = 0; i < r->len; i++) {
		buf_reset(&item);
		record_pack(f->embeds, records_at(f->embeds, r, i), &item);
		add_varint(out, item.len);
		buf_add(out, item.data, item.len);
	}
	buf_release(&item);
}

static void pack_value(const struct field *f, const void *member, struct buf *out)
{
	const void *one;

	switch (f->type->storage) {
	case ST_TEXT:
		buf_adds(out, *(const char *const *)member ? *(const char *const *)member : "");
		break;
	case ST_INT:
	case ST_BYTES:
	case ST_MCPU:
	case ST_MS:
	case ST_WHEN: add_varint(out, zigzag(*(const int64_t *)member)); break;
	case ST_PERCENT:
	case ST_REAL: buf_add(out, member, sizeof(double)); break;
	case ST_BOOL: buf_addc(out, *(const bool *)member); break;
	case ST_ENUM: buf_adds(out, enum_word(f, member) ? enum_word(f, member) : ""); break;
	case ST_STRINGS: pack_strings(member, out); break;
	case ST_LABELS: pack_labels(member, out); break;
	case ST_RECORDS: pack_nested(f, member, out); break;
	case ST_RECORD:
		one = ((const struct nested *)member)->item;
		pack_nested(f, &(struct records){one, one != NULL}, out);
		break;
	}
}

void record_pack(const struct kind *k, const void *rec, struct buf *out)
{
	struct buf value = BUF_INIT;

	buf_addc(out, PACK_VERSION);
	for (size_t i = 0; i < k->field_count; i++) {
		const struct field *f = &k->fields[i];

		if ((f->flags & (F_ALIAS | F_SECRET)) || !known_has(rec, i))
			continue;
		buf_reset(&value);
		pack_value(f, record_member(rec, f), &value);
		add_u32(out, field_tag(f->name));
		buf_addc(out, (char)f->type->storage);
		add_varint(out, value.len);
		buf_add(out, value.data, value.len);
	}
	buf_release(&value);
}

void pack_extra(struct buf *out, const char *name, const void *data, size_t len)
{
	add_u32(out, field_tag(name));
	buf_addc(out, (char)PACK_EXTRA);
	add_varint(out, len);
	buf_add(out, data, len);
}

/* ---- In ---- */

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

static const struct field *field_by_tag(const struct kind *k, uint32_t tag, size_t *hint)
{
	for (size_t n = 0, at = *hint; n < k->field_count; n++) {
		const struct field *f = &k->fields[at];

		at = at + 1 < k->field_count ? at + 1 : 0;
		if (!(f->flags & (F_ALIAS | F_SECRET)) && field_tag(f->name) == tag) {
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
	f = field_by_tag(k,
		tag[0] | (uint32_t)tag[1] << 8 | (uint32_t)tag[2] << 16 | (uint32_t)tag[3] << 24,
		hint);
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

		if (tag[4] != PACK_EXTRA ||
			(tag[0] | (uint32_t)tag[1] << 8 | (uint32_t)tag[2] << 16 |
				(uint32_t)tag[3] << 24) != wanted)
			continue;
		*len = size;
		return body;
	}
	return NULL;
}
