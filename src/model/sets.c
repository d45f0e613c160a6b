#include "model/sets.h"

#include "base/buf.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

void sets_add(struct sets *s, const struct set *one)
{
	struct set *set = &s->items[s->len++];

	if (s->len > KIND_SETS)
		abort();
	*set = *one;
	set->stored = set->stored || set->rows;
	if (set->rows == NULL)
		set->rows = &set->own;
	rowset_init(set->rows, set->kind);
	set->rows->by_order = true;
	rowset_init(&set->moving, set->kind);
	set->moving.keeps_moved = true; /* who looks after them works on copies */
}

void sets_release(struct sets *s)
{
	for (size_t i = 0; i < s->len; i++) {
		size_t at = 0;
		const char *key;
		void *uid;

		while (map_next(&s->items[i].names, &at, &key, &uid))
			free(uid);
		map_release(&s->items[i].names);
		rowset_release(s->items[i].rows);
		rowset_release(&s->items[i].moving);
	}
	s->len = 0;
}

void sets_stored(const struct sets *s, const char *names[KIND_SETS + 1])
{
	size_t n = 0;

	for (size_t i = 0; i < s->len; i++)
		if (s->items[i].stored)
			names[n++] = s->items[i].name;
	names[n] = NULL;
}

struct set *sets_of(struct sets *s, const struct kind *k)
{
	for (size_t i = 0; i < s->len; i++)
		if (s->items[i].kind == k)
			return &s->items[i];
	return NULL;
}

struct set *sets_named(struct sets *s, const char *name)
{
	for (size_t i = 0; i < s->len; i++)
		if (strcmp(s->items[i].name, name) == 0)
			return &s->items[i];
	return NULL;
}

static void name_key(struct buf *out, const char *org_id, const char *name)
{
	buf_addf(out, "%s/%s", org_id, name);
}

const char *set_name_uid(const struct set *s, const char *org_id, const char *name)
{
	struct buf key = BUF_INIT;
	const char *uid;

	name_key(&key, org_id, name);
	uid = map_get(&s->names, key.data);
	buf_release(&key);
	return uid;
}

void set_name_take(struct set *s, const char *org_id, const char *name, const char *uid)
{
	struct buf key = BUF_INIT;

	name_key(&key, org_id, name);
	free(map_set(&s->names, key.data, mem_strdup(uid)));
	buf_release(&key);
}

bool set_name_give(struct set *s, const char *org_id, const char *name, const char *uid)
{
	const char *has = set_name_uid(s, org_id, name);
	struct buf key = BUF_INIT;

	/* The name may belong to a newer one already. */
	if (has == NULL || strcmp(has, uid) != 0)
		return false;
	name_key(&key, org_id, name);
	free(map_remove(&s->names, key.data));
	buf_release(&key);
	return true;
}
