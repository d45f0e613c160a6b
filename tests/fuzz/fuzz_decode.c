/* links: core base */
/*
 * JSON and the store's packed form into records of every kind. The first byte chooses the kind and
 * who sends it. What is refused leaves the record as it was; what is accepted encodes, decodes to
 * the same again, packs and unpacks, orders, and shows only what cannot control a terminal.
 */
#include "base/utf8.h"
#include "core/kinds/kinds.h"
#include "core/schema/schema.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct rec {
	_Alignas(16) char bytes[KIND_SIZE_MAX];
};

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void must_be_same(const struct kind *k, const struct rec *a, const struct rec *b)
{
	struct fieldset changed, none = {0};

	record_diff(k, a, b, &changed);
	must(memcmp(&changed, &none, sizeof none) == 0);
}

static void check_cells(const struct kind *k, const struct rec *r)
{
	for (size_t i = 0; i < k->field_count; i++) {
		struct buf cell = BUF_INIT;

		record_cell(k, r, &k->fields[i], 0, &cell);
		must(utf8_valid(cell.data, cell.len) && cell.len > 0);
		for (size_t n = 0; n < cell.len; n++)
			must((unsigned char)cell.data[n] >= ' ' && cell.data[n] != 0x7f);
		must(record_compare(k, &k->fields[i], false, r, r) == 0);
		buf_release(&cell);
	}
}

static void check_texts(const struct kind *k, const struct rec *r);

static void check_inside(const struct field *f, const struct rec *r)
{
	struct records in = record_inside(r, f);
	struct rec item;

	must(in.len <= (f->max ? (size_t)f->max : 256));
	for (size_t i = 0; i < in.len; i++) {
		memcpy(&item, records_at(f->embeds, &in, i), f->embeds->size);
		check_cells(f->embeds, &item);
		check_texts(f->embeds, &item);
	}
}

/* Whoever sent it: no text of a record can control a terminal. */
static void check_texts(const struct kind *k, const struct rec *r)
{
	for (size_t i = 0; i < k->field_count; i++) {
		const struct field *f = &k->fields[i];
		bool lines = f->type == &ft_block;

		if (field_nests(f) && record_knows(k, r, f))
			check_inside(f, r);
		if (f->type->storage != ST_TEXT)
			continue;
		for (const char *at = record_text(r, f); *at; at++)
			must((*at != 0x7f && (unsigned char)*at >= ' ') ||
				(lines && (*at == '\n' || *at == '\t')));
	}
}

/* Masks do not round trip, nor samples through the store: they are taken out first. */
static void forget(const struct kind *k, struct rec *r, unsigned flags)
{
	for (size_t i = 0; i < k->field_count; i++)
		if ((k->fields[i].flags & flags) && !(k->fields[i].flags & F_ALIAS))
			record_forget(k, r, k->fields[i].offset);
}

static void check_record(const struct kind *k, struct rec *r, struct arena *a)
{
	struct rec back = {0}, again = {0};
	struct buf packed = BUF_INIT;
	json_t *out, *second;

	check_cells(k, r);
	check_texts(k, r);
	forget(k, r, F_MASKED | F_SECRET);
	/* Numbers may come back rounded to what the wire can say, but from then on they stay. */
	out = record_encode(k, r, NULL);
	must(record_decode(k, &back, a, out, DECODE_SERVER, NULL));
	second = record_encode(k, &back, NULL);
	must(record_decode(k, &again, a, second, DECODE_SERVER, NULL));
	must_be_same(k, &back, &again);
	json_decref(out);
	json_decref(second);
	forget(k, &back, F_SAMPLE);
	record_pack(k, &back, &packed);
	must(record_unpack(k, &again, a, packed.data, packed.len, NULL));
	must_be_same(k, &back, &again);
	buf_release(&packed);
}

static void from_json(const struct kind *k, enum strictness how, const char *text, size_t len)
{
	struct rec r = {0}, before;
	struct arena a = ARENA_INIT;
	struct err e = ERR_INIT;
	json_t *in = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);

	before = r;
	if (in && record_decode(k, &r, &a, in, how, &e))
		check_record(k, &r, &a);
	else if (in)
		must(memcmp(&r, &before, sizeof r) == 0 && e.text[0]);
	json_decref(in);
	arena_release(&a);
}

static void from_store(const struct kind *k, const void *data, size_t len)
{
	struct rec r, before;
	struct arena a = ARENA_INIT;

	memset(&r, 0x5a, sizeof r);
	before = r;
	if (record_unpack(k, &r, &a, data, len, NULL))
		check_cells(k, &r);
	else
		must(memcmp(&r, &before, sizeof r) == 0);
	arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t kinds = 0;

	if (size < 1)
		return 0;
	while (all_kinds[kinds])
		kinds++;
	if (data[0] >> 6 == 3)
		from_store(all_kinds[data[0] % 64 % kinds], data + 1, size - 1);
	else
		from_json(all_kinds[data[0] % 64 % kinds], (enum strictness)(data[0] >> 6),
			(const char *)data + 1, size - 1);
	return 0;
}
