/* Records by row: what is known, copies, differences, order, cells. JSON is in record_json.c. */
#include "core/schema/schema.h"

#include "core/schema/ftype.h"
#include "core/schema/record.h"

#include <assert.h>
#include <string.h>

/* ---- Known ---- */

/* The row of the member there. None is a mistake in the program: no row, no member. */
static size_t index_at(const struct kind *k, size_t offset)
{
	for (size_t i = 0; i < k->field_count; i++)
		if (k->fields[i].offset == offset && !(k->fields[i].flags & F_ALIAS))
			return i;
	assert(!"a member without a row");
	return 0;
}

bool record_knows(const struct kind *k, const void *rec, const struct field *f)
{
	return known_has(rec, kind_index(k, f));
}

bool record_knows_at(const struct kind *k, const void *rec, size_t member_offset)
{
	return known_has(rec, index_at(k, member_offset));
}

void record_know(const struct kind *k, void *rec, size_t member_offset)
{
	known_mark(rec, index_at(k, member_offset));
}

void record_forget(const struct kind *k, void *rec, size_t member_offset)
{
	size_t i = index_at(k, member_offset);

	known_unmark(rec, i);
	memset((char *)rec + member_offset, 0, k->fields[i].size);
}

/* ---- Members ---- */

const void *record_member(const void *rec, const struct field *f)
{
	return (const char *)rec + f->offset;
}

const char *record_text(const void *rec, const struct field *f)
{
	const char *text = *(const char *const *)record_member(rec, f);

	return text ? text : "";
}

bool record_is_split(const struct field *f, const void *rec)
{
	return f->split && *(const unsigned *)record_member(rec, f) == f->split->value &&
		*(const bool *)((const char *)rec + f->split->flag);
}

const char *record_word(const struct kind *k, const void *rec, const struct field *f)
{
	if (!record_knows(k, rec, f))
		return NULL;
	return record_is_split(f, rec) ? f->split->word : enum_word(f, record_member(rec, f));
}

struct word_look record_look(const struct kind *k, const void *rec, const struct field *f)
{
	static const struct word_look plain = {TONE_PLAIN, LIFE_NONE}, bad = {TONE_BAD, LIFE_NONE};

	if (f == NULL || !record_knows(k, rec, f))
		return plain;
	if (field_is_nonfinite(f, record_member(rec, f)))
		return bad;
	if (f->looks == NULL || enum_word(f, record_member(rec, f)) == NULL)
		return plain;
	return record_is_split(f, rec) ? f->split->look
				       : f->looks[*(const unsigned *)record_member(rec, f)];
}

const char *record_key(const struct kind *k, const void *rec)
{
	const struct field *key = kind_key(k);

	return key ? record_text(rec, key) : "";
}

const char *record_uid(const struct kind *k, const void *rec)
{
	const char *uid = record_text(rec, kind_uid(k));

	return *uid ? uid : record_key(k, rec);
}

static void copy_strings(struct strings *s, struct arena *a)
{
	const char **items = s->len ? arena_alloc(a, s->len * sizeof *items) : NULL;

	for (size_t i = 0; i < s->len; i++)
		items[i] = arena_strdup(a, s->items[i]);
	s->items = items;
}

static void copy_labels(struct labels *l, struct arena *a)
{
	struct label *items = l->len ? arena_alloc(a, l->len * sizeof *items) : NULL;

	for (size_t i = 0; i < l->len; i++) {
		items[i].key = arena_strdup(a, l->items[i].key);
		items[i].value = arena_strdup(a, l->items[i].value);
	}
	l->items = items;
}

static const void *copy_items(const struct kind *k, const struct records *r, struct arena *a)
{
	char *items = r->len ? arena_alloc(a, r->len * k->size) : NULL;

	for (size_t i = 0; i < r->len; i++)
		record_copy(k, items + i * k->size, records_at(k, r, i), a);
	return items;
}

/* Makes what a member points at the arena's own. */
static void copy_pointee(const struct field *f, void *member, struct arena *a)
{
	const char **text = member;

	if (f->type->storage == ST_TEXT && *text)
		*text = arena_strdup(a, *text);
	else if (f->type->storage == ST_STRINGS)
		copy_strings(member, a);
	else if (f->type->storage == ST_LABELS)
		copy_labels(member, a);
	else if (f->type->storage == ST_RECORD)
		((struct nested *)member)->item = copy_items(f->embeds,
			&(struct records){((struct nested *)member)->item,
				((struct nested *)member)->item != NULL},
			a);
	else if (f->type->storage == ST_RECORDS)
		((struct records *)member)->items = copy_items(f->embeds, member, a);
}

static bool points(const struct field *f)
{
	enum storage s = f->type->storage;

	return s == ST_TEXT || s == ST_STRINGS || s == ST_LABELS || field_nests(f);
}

void record_copy(const struct kind *k, void *to, const void *from, struct arena *a)
{
	memmove(to, from, k->size);
	for (size_t i = 0; i < k->field_count; i++) {
		const struct field *f = &k->fields[i];
		char *member = (char *)to + f->offset;

		if (!points(f) || (f->flags & F_ALIAS))
			continue;
		if (known_has(to, i))
			copy_pointee(f, member, a);
		else
			memset(member, 0, f->size);
	}
}

static size_t nested_size(const struct field *f, const void *rec)
{
	struct records r = record_inside(rec, f);
	size_t size = r.len * f->embeds->size;

	for (size_t i = 0; i < r.len; i++)
		size += record_text_size(f->embeds, records_at(f->embeds, &r, i));
	return size;
}

size_t record_text_size(const struct kind *k, const void *rec)
{
	size_t size = 0;

	for (size_t i = 0; i < k->field_count; i++) {
		const struct field *f = &k->fields[i];
		const struct strings *s = record_member(rec, f);
		const struct labels *l = record_member(rec, f);

		if ((f->flags & F_ALIAS) || !points(f) || !known_has(rec, i))
			continue;
		if (field_nests(f))
			size += nested_size(f, rec);
		if (f->type->storage == ST_TEXT)
			size += strlen(record_text(rec, f)) + 1;
		for (size_t n = 0; f->type->storage == ST_STRINGS && n < s->len; n++)
			size += strlen(s->items[n]) + 1 + sizeof s->items[n];
		for (size_t n = 0; f->type->storage == ST_LABELS && n < l->len; n++)
			size += strlen(l->items[n].key) + strlen(l->items[n].value) + 2 +
				sizeof l->items[n];
	}
	return size;
}

/* ---- Two records ---- */

void record_diff(const struct kind *k, const void *a, const void *b, struct fieldset *changed)
{
	struct fieldset set = {0};

	for (size_t i = 0; i < k->field_count; i++) {
		const struct field *f = &k->fields[i];
		bool known = known_has(a, i);

		if (f->flags & F_ALIAS)
			continue;
		if (known != known_has(b, i) ||
			(known &&
				f->type->compare(f, record_member(a, f), record_member(b, f)) != 0))
			fieldset_add(&set, i);
	}
	*changed = set;
}

static int compare_identity(const struct kind *k, const void *a, const void *b)
{
	int c = strcmp(record_key(k, a), record_key(k, b));

	return c ? c : strcmp(record_uid(k, a), record_uid(k, b));
}

int record_compare(const struct kind *k, const struct field *f, bool descending, const void *a,
	const void *b)
{
	size_t index = kind_index(k, f);
	bool known_a = known_has(a, index), known_b = known_has(b, index);
	int c = 0;

	if (f->flags & (F_MASKED | F_SECRET | F_LARGE))
		return compare_identity(k, a, b);
	if (known_a != known_b)
		return known_a ? -1 : 1;
	if (known_a) {
		bool bad_a = field_is_nonfinite(f, record_member(a, f));

		if (bad_a != field_is_nonfinite(f, record_member(b, f)))
			return bad_a ? 1 : -1;
		c = f->type->compare(f, record_member(a, f), record_member(b, f));
	}
	if (c != 0)
		return descending ? (c < 0) - (c > 0) : c;
	return compare_identity(k, a, b);
}

void record_cell(const struct kind *k, const void *rec, const struct field *f, int64_t now,
	struct buf *out)
{
	size_t start = out->len;

	if (!record_knows(k, rec, f)) {
		buf_addc(out, '-');
		return;
	}
	if (f->flags & F_SECRET)
		buf_adds(out, MASK);
	else if (record_is_split(f, rec))
		buf_adds(out, f->split->word);
	else if (f->flags & F_MASKED)
		field_masked_cell(f, record_member(rec, f), out);
	else
		f->type->cell(f, record_member(rec, f), now, out);
	/* An empty cell would look like a fault of the table. */
	if (out->len == start && !out->full)
		buf_addc(out, '-');
}

static void part_text(const void *rec, const struct field *f, struct buf *out)
{
	count_short(*(const int64_t *)record_member(rec, f), out);
}

void record_part_cell(const struct kind *k, const void *rec, const struct field *f, int64_t now,
	struct buf *out)
{
	const struct field *whole = f->of ? kind_field(k, f->of) : NULL;

	if (whole == NULL || !record_knows(k, rec, f)) {
		record_cell(k, rec, f, now, out);
		return;
	}
	part_text(rec, f, out);
	if (record_knows(k, rec, whole)) {
		buf_addc(out, '/');
		part_text(rec, whole, out);
	}
}

void record_overlay(const struct kind *k, void *to, const void *from, const struct fieldset *which)
{
	for (size_t i = 0; i < k->field_count; i++) {
		const struct field *f = &k->fields[i];

		if ((f->flags & F_ALIAS) || !fieldset_has(which, i))
			continue;
		memcpy((char *)to + f->offset, (const char *)from + f->offset, f->size);
		if (known_has(from, i))
			known_mark(to, i);
		else
			known_unmark(to, i);
	}
}
