/*
 * The compact form for the store. Version byte, then for each row: u32 tag of the name (little
 * endian), one byte of storage, varint length, that many bytes. A reader skips tags it does not
 * know, so rows come and go without a migration. Enums are kept as words: their numbers may move.
 */
#include "core/schema/schema.h"

#include "core/schema/ftype.h"
#include "core/schema/record.h"

#include <string.h>

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
	case ST_MICRO:
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

		if (!field_is_stored(f) || !known_has(rec, i))
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
