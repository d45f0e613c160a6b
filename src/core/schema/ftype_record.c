/* Records inside a record: one of an embedded kind (`record`), and an array of them (`records`). */
#include "core/schema/ftype.h"
#include "core/schema/record.h"

#include <string.h>

bool field_nests(const struct field *f)
{
	return f->type->storage == ST_RECORD || f->type->storage == ST_RECORDS;
}

const void *records_at(const struct kind *k, const struct records *r, size_t i)
{
	return (const char *)r->items + i * k->size;
}

/* Both types as an array. */
static struct records inside(const struct field *f, const void *member)
{
	const void *item;

	if (f->type->storage == ST_RECORDS)
		return *(const struct records *)member;
	item = ((const struct nested *)member)->item;
	return (struct records){item, item != NULL};
}

struct records record_inside(const void *rec, const struct field *f)
{
	return inside(f, record_member(rec, f));
}

size_t field_records_max(const struct field *f)
{
	return f->max > 0 ? (size_t)f->max : RECORDS_MAX_DEFAULT;
}

/* ---- Out ---- */

static json_t *item_encode(const struct kind *k, const void *item, bool request)
{
	struct fieldset known;

	if (request)
		return record_encode_request(k, item);
	fieldset_all(&known, k);
	return record_encode(k, item, &known);
}

json_t *nested_encode(const struct field *f, const void *member, bool request)
{
	struct records r = inside(f, member);
	json_t *out;

	if (f->type->storage == ST_RECORD)
		return r.len ? item_encode(f->embeds, r.items, request) : json_object();
	out = json_array();
	for (size_t i = 0; i < r.len; i++)
		json_array_append_new(out,
			item_encode(f->embeds, records_at(f->embeds, &r, i), request));
	return out;
}

static json_t *known_encode(const struct field *f, const void *member)
{
	return nested_encode(f, member, false);
}

/* ---- In ---- */

/* What `e` says of a field inside is said of the whole way to it: "gpus[2].uuid is ...". */
static bool fails_inside(const char *place, struct err *e)
{
	struct buf way = BUF_INIT;
	struct err inner;
	bool named;

	if (e == NULL)
		return false;
	inner = *e;
	named = *inner.field && strncmp(inner.text, inner.field, strlen(inner.field)) == 0;
	buf_addf(&way, "%s%s%s", place, *inner.field ? "." : "", inner.field);
	err_field(e, inner.code, way.data, "%s%s%s", place, named ? "." : ": ", inner.text);
	buf_release(&way);
	return false;
}

/* Given by a person, a record inside is a new one, also where it takes the place of another. */
static enum strictness strictness_inside(enum strictness how)
{
	return how == DECODE_SERVER ? DECODE_SERVER : DECODE_NEW;
}

static size_t item_size(const struct kind *k, const void *item)
{
	return k->size + record_text_size(k, item);
}

static bool too_many_bytes(const struct field *f, struct err *e)
{
	return err_field(e, ERR_INVALID, f->name, "%s has too many bytes: all of it may have %d",
		f->name, RECORDS_BYTES_MAX);
}

static bool one_decode(const struct field *f, void *member, struct arena *a, const json_t *in,
	enum strictness how, struct err *e)
{
	void *item;

	if (!json_is_object(in))
		return field_wrong(f, in, e, "give an object with fields such as %s",
			f->embeds->fields[0].name);
	item = arena_alloc(a, f->embeds->size);
	if (!record_decode(f->embeds, item, a, in, strictness_inside(how), e))
		return fails_inside(f->name, e);
	if (item_size(f->embeds, item) > RECORDS_BYTES_MAX)
		return too_many_bytes(f, e);
	*(struct nested *)member = (struct nested){item};
	return true;
}

static bool item_decode(const struct field *f, size_t i, void *item, struct arena *a,
	const json_t *in, enum strictness how, struct err *e)
{
	char place[sizeof e->field];

	if (record_decode(f->embeds, item, a, in, strictness_inside(how), e))
		return true;
	snprintf(place, sizeof place, "%s[%zu]", f->name, i);
	return fails_inside(place, e);
}

/* Of a server's items as many are kept as are allowed. */
static bool items_decode(const struct field *f, struct records *out, struct arena *a,
	const json_t *in, size_t len, enum strictness how, struct err *e)
{
	char *items = len ? arena_alloc(a, len * f->embeds->size) : NULL;
	size_t used = 0, n = 0;

	for (; n < len; n++) {
		void *item = items + n * f->embeds->size;

		if (!item_decode(f, n, item, a, json_array_get(in, n), how, e))
			return false;
		used += item_size(f->embeds, item);
		if (used > RECORDS_BYTES_MAX && how != DECODE_SERVER)
			return too_many_bytes(f, e);
		if (used > RECORDS_BYTES_MAX)
			break;
	}
	*out = (struct records){items, n};
	return true;
}

static bool array_decode(const struct field *f, void *member, struct arena *a, const json_t *in,
	enum strictness how, struct err *e)
{
	size_t len = json_array_size(in), most = field_records_max(f);

	if (!json_is_array(in))
		return field_wrong(f, in, e, "give a list of objects with fields such as %s",
			kind_key(f->embeds)->name);
	if (len > most && how != DECODE_SERVER)
		return err_field(e, ERR_INVALID, f->name, "%s has %zu items: it may have %zu",
			f->name, len, most);
	return items_decode(f, member, a, in, len < most ? len : most, how, e);
}

/* ---- Comparing, showing ---- */

/* By the rows in their order; what is known comes before what is not. */
static int items_compare(const struct kind *k, const void *a, const void *b)
{
	for (size_t i = 0; i < k->field_count; i++) {
		const struct field *f = &k->fields[i];
		bool known = known_has(a, i);
		int c = 0;

		if (f->flags & F_ALIAS)
			continue;
		if (known != known_has(b, i))
			return known ? -1 : 1;
		if (known)
			c = f->type->compare(f, record_member(a, f), record_member(b, f));
		if (c != 0)
			return c;
	}
	return 0;
}

static int nested_compare(const struct field *f, const void *a, const void *b)
{
	struct records x = inside(f, a), y = inside(f, b);

	for (size_t i = 0; i < x.len && i < y.len; i++) {
		int c = items_compare(f->embeds, records_at(f->embeds, &x, i),
			records_at(f->embeds, &y, i));

		if (c != 0)
			return c;
	}
	return (x.len > y.len) - (x.len < y.len);
}

/* "seen 4 behind 3" */
static void members_cell(const struct kind *k, const void *item, int64_t now, struct buf *out)
{
	size_t before = out->len;

	for (size_t i = 0; i < k->field_count; i++) {
		const struct field *f = &k->fields[i];

		if ((f->flags & F_ALIAS) || !known_has(item, i))
			continue;
		buf_addf(out, "%s%s ", out->len > before ? " " : "", f->name);
		record_cell(k, item, f, now, out);
	}
}

/* By its key; by all that is known of it where it has none. */
static void one_cell(const struct field *f, const void *member, int64_t now, struct buf *out)
{
	struct records r = inside(f, member);

	if (r.len && kind_key(f->embeds))
		text_cell(record_key(f->embeds, r.items), out);
	else if (r.len)
		members_cell(f->embeds, r.items, now, out);
}

static void count_of_cell(const struct field *f, const void *member, int64_t now, struct buf *out)
{
	(void)f, (void)now;
	count_cell((int64_t)((const struct records *)member)->len, out);
}

static bool no_operand(const struct field *f, const char *text, struct operand *out, struct err *e)
{
	(void)text, (void)out;
	return err_set(e, ERR_INVALID,
		"%s has fields of its own, and filters do not look into it: "
		"compare another field",
		f->name);
}

const struct ftype ft_record = {
	.name = "record",
	.wire = "object",
	.storage = ST_RECORD,
	.encode = known_encode,
	.decode = one_decode,
	.from_text = json_typed,
	.compare = nested_compare,
	.cell = one_cell,
	.operand = no_operand,
};

const struct ftype ft_records = {
	.name = "records",
	.wire = "array of objects",
	.storage = ST_RECORDS,
	.right = true,
	.encode = known_encode,
	.decode = array_decode,
	.from_text = json_typed,
	.compare = nested_compare,
	.cell = count_of_cell,
	.operand = no_operand,
};
