#include "core/schema/rowset.h"

#include "core/schema/ftype.h"
#include "core/schema/record.h"

#include <stdlib.h>
#include <string.h>

/* Waste below this is not worth a rewrite. */
enum { WASTE_MIN = 64 * 1024 };

void rowset_init(struct rowset *s, const struct kind *k)
{
	*s = (struct rowset){.kind = k, .by_uid = MAP_INIT, .text = ARENA_INIT};
}

void rowset_release(struct rowset *s)
{
	for (size_t i = 0; i < s->len; i++)
		free(s->rows[i]);
	free(s->rows);
	map_release(&s->by_uid);
	arena_release(&s->text);
	arena_release(&s->moved);
	*s = (struct rowset){.kind = s->kind,
		.changes = s->changes,
		.keeps_moved = s->keeps_moved,
		.by_order = s->by_order};
}

void rowset_clear(struct rowset *s)
{
	uint64_t changes = s->changes + 1;

	rowset_release(s);
	s->changes = changes;
}

void *rowset_find(const struct rowset *s, const char *uid)
{
	return map_get(&s->by_uid, uid);
}

/* Moves all texts to a fresh arena once more than half of the old one belongs to no row. */
static void rowset_compact(struct rowset *s)
{
	struct arena fresh = ARENA_INIT;
	struct scratch copy;

	if (s->text.used <= 2 * s->live_estimate + WASTE_MIN)
		return;
	for (size_t i = 0; i < s->len; i++) {
		record_copy(s->kind, copy.bytes, s->rows[i], &fresh);
		memcpy(s->rows[i], copy.bytes, s->kind->size);
	}
	arena_release(&s->moved);
	if (s->keeps_moved)
		s->moved = s->text;
	else
		arena_release(&s->text);
	s->text = fresh;
}

size_t rowset_after(const struct rowset *s, const char *uid)
{
	size_t low = 0, high = s->len;

	while (uid != NULL && low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(record_uid(s->kind, s->rows[middle]), uid) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Most uids grow with time: such a row goes to the end, without a look at all the others. */
static size_t place_of(const struct rowset *s, const char *uid)
{
	if (!s->by_order || s->len == 0 ||
		strcmp(record_uid(s->kind, s->rows[s->len - 1]), uid) <= 0)
		return s->len;
	return rowset_after(s, uid);
}

static void *rowset_add(struct rowset *s, const char *uid)
{
	size_t at = place_of(s, uid);
	void *row = mem_alloc(s->kind->size);

	if (s->len == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 64;
		s->rows = mem_realloc(s->rows, s->cap * sizeof *s->rows);
	}
	memmove(&s->rows[at + 1], &s->rows[at], (s->len - at) * sizeof *s->rows);
	s->rows[at] = row;
	s->len++;
	map_set(&s->by_uid, uid, row);
	return row;
}

/* Puts the finished record in place of `row` (NULL: a new one). */
static void *rowset_take(struct rowset *s, void *row, const char *uid, const void *rec, bool *added)
{
	size_t before = row ? record_text_size(s->kind, row) : 0;

	if (added)
		*added = row == NULL;
	if (row == NULL)
		row = rowset_add(s, uid);
	memcpy(row, rec, s->kind->size);
	if (s->kind->settle)
		s->kind->settle(row);
	s->live_estimate += record_text_size(s->kind, row);
	s->live_estimate -= before;
	s->changes++;
	rowset_compact(s);
	return row;
}

/*
 * The uid in the object as the record will have it. A plain Cloud-ML server knows no uid: there
 * the name is what tells objects apart.
 */
static bool json_uid(const struct kind *k, const json_t *in, struct buf *out, struct err *e)
{
	const struct field *rows[] = {kind_uid(k), kind_key(k)};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const json_t *value = json_object_get(in, rows[i]->name);

		if (json_is_integer(value))
			buf_addf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		else if (json_is_string(value))
			text_from_server(json_string_value(value), json_string_length(value),
				field_text_max(rows[i]), false, out);
		if (out->len > 0)
			return true;
	}
	return err_field(e, ERR_INVALID, rows[0]->name,
		"a %s from the server has neither %s nor %s: it cannot be told from the others",
		k->name, rows[0]->name, rows[1]->name);
}

void *rowset_put_json(struct rowset *s, const json_t *in, bool *added, struct err *e)
{
	struct buf uid = BUF_INIT;
	struct scratch copy;
	void *row = NULL;

	if (!json_uid(s->kind, in, &uid, e))
		goto out;
	row = rowset_find(s, uid.data);
	/* A row is told whole: what it no longer says is no longer known. */
	memset(copy.bytes, 0, s->kind->size);
	if (record_decode(s->kind, copy.bytes, &s->text, in, DECODE_SERVER, e))
		row = rowset_take(s, row, uid.data, copy.bytes, added);
	else
		row = NULL;
out:
	buf_release(&uid);
	return row;
}

void *rowset_put(struct rowset *s, const void *rec, bool *added)
{
	const char *uid = record_uid(s->kind, rec);
	struct scratch copy;

	record_copy(s->kind, copy.bytes, rec, &s->text);
	return rowset_take(s, rowset_find(s, uid), uid, copy.bytes, added);
}

bool rowset_remove(struct rowset *s, const char *uid)
{
	void *row = map_get(&s->by_uid, uid);
	size_t at = 0;

	if (row == NULL)
		return false;
	if (s->by_order)
		at = rowset_after(s, uid) - 1;
	/* Before the row goes: `uid` may be the row's own text. */
	map_remove(&s->by_uid, uid);
	while (s->rows[at] != row)
		at++;
	memmove(&s->rows[at], &s->rows[at + 1], (s->len - at - 1) * sizeof *s->rows);
	s->len--;
	s->live_estimate -= record_text_size(s->kind, row);
	free(row);
	s->changes++;
	rowset_compact(s);
	return true;
}
