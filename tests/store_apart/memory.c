#include "store_apart/apart.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *key_of(const char *a, const char *b, const char *c)
{
	char *key = NULL;

	return asprintf(&key, "%s %s %s", a, b, c) < 0 ? abort(), NULL : key;
}

static struct apart_object *find(struct apart *a, const char *kind, const char *uid)
{
	char *key = key_of(kind, uid, "");
	struct apart_object *o = map_get(&a->objects, key);

	free(key);
	return o;
}

static void object_free(struct apart_object *o)
{
	free(o->op);
	buf_release(&o->carry);
	free(o);
}

/* What is beside an object goes with it. */
static void blobs_forget(struct apart *a, const char *object)
{
	struct map left = MAP_INIT;
	size_t at = 0;
	const char *key;
	void *value;

	while (map_next(&a->blobs, &at, &key, &value))
		if (strncmp(key, object, strlen(object)) == 0)
			free(value);
		else
			map_set(&left, key, value);
	map_release(&a->blobs);
	a->blobs = left;
}

static void forget(struct apart *a, const char *kind, const char *uid)
{
	char *key = key_of(kind, uid, "");
	struct apart_object *o = map_remove(&a->objects, key);

	if (o) {
		object_free(o);
		blobs_forget(a, key);
	}
	free(key);
}

static bool conflict(const struct apart_object *o, struct op **now, const char *what,
	const struct op *op, struct err *e)
{
	if (o && now)
		*now = op_copy(o->op);
	return err_set(e, ERR_CONFLICT, "the %s %s", op->text[OP_KIND], what);
}

/* Another object that has the name. */
static struct apart_object *named(struct apart *a, const struct op *op)
{
	size_t at = 0;
	const char *key;
	void *value;

	while (map_next(&a->objects, &at, &key, &value)) {
		struct apart_object *o = value;

		if (*op->text[OP_NAME] && !op->number[OP_GONE] && !o->op->number[OP_GONE] &&
			!o->hidden && strcmp(o->op->text[OP_KIND], op->text[OP_KIND]) == 0 &&
			strcmp(o->op->text[OP_ORG], op->text[OP_ORG]) == 0 &&
			strcmp(o->op->text[OP_NAME], op->text[OP_NAME]) == 0 &&
			strcmp(o->op->text[OP_UID], op->text[OP_UID]) != 0)
			return o;
	}
	return NULL;
}

/* The revision must be the one expected. */
static bool meets(const struct apart_object *o, const struct op *op, struct op **now, struct err *e)
{
	uint64_t expected = (uint64_t)op->number[OP_EXPECTED];

	if (expected == STORE_ANY)
		return true;
	if (o == NULL && expected != STORE_NONE)
		return conflict(NULL, now, "is gone already", op, e);
	if (o && (uint64_t)o->op->number[OP_GIVEN] != expected)
		return conflict(o, now, "has changed meanwhile", op, e);
	return true;
}

static bool put_may(struct apart *a, const struct op *op, struct op **now, struct err *e)
{
	struct apart_object *o = find(a, op->text[OP_KIND], op->text[OP_UID]), *other;

	if (!meets(o, op, now, e))
		return false;
	other = named(a, op);
	if (other == NULL)
		return true;
	conflict(other, now, "", op, e);
	return err_set(e, ERR_CONFLICT, "a %s with this name exists already", op->text[OP_KIND]);
}

static bool remove_may(struct apart *a, const struct op *op, struct op **now, struct err *e)
{
	struct apart_object *o = find(a, op->text[OP_KIND], op->text[OP_UID]);
	bool any = (uint64_t)op->number[OP_EXPECTED] == STORE_ANY ||
		(uint64_t)op->number[OP_EXPECTED] == STORE_NONE;

	return meets(o, op, now, e) && (o || any || conflict(NULL, now, "is gone already", op, e));
}

static bool nonce_may(struct apart *a, const struct op *op, struct err *e)
{
	char *key = key_of(op->text[NONCE_KEY], op->text[NONCE_SELF], "");
	bool there = map_get(&a->nonces, key) != NULL;

	free(key);
	return !there || err_set(e, ERR_CONFLICT, "a request with this nonce was answered already");
}

bool apart_may(struct apart *a, const struct op *op, struct op **now, struct err *e)
{
	switch (op->kind) {
	case OP_PUT: return put_may(a, op, now, e);
	case OP_REMOVE: return remove_may(a, op, now, e);
	case OP_NONCE_PUT: return nonce_may(a, op, e);
	default: return true;
	}
}

static void carry_set(struct apart_object *o, const struct buf *carry)
{
	if (carry == NULL)
		return;
	buf_reset(&o->carry);
	buf_add(&o->carry, carry->data, carry->len);
}

static void do_put(struct apart *a, struct op *op, const struct buf *carry)
{
	struct apart_object *o = find(a, op->text[OP_KIND], op->text[OP_UID]);
	char *key;

	if (o == NULL) {
		o = mem_alloc(sizeof *o);
		buf_init(&o->carry, 0);
		key = key_of(op->text[OP_KIND], op->text[OP_UID], "");
		map_set(&a->objects, key, o);
		free(key);
	}
	op->number[OP_GIVEN] = (int64_t)++a->revision;
	free(o->op);
	o->op = op_copy(op);
	o->hidden = false;
	carry_set(o, carry);
}

static void do_remove(struct apart *a, const struct op *op, const struct buf *carry)
{
	struct apart_object *o = find(a, op->text[OP_KIND], op->text[OP_UID]);

	if (o && carry) {
		o->hidden = true;
		carry_set(o, carry);
	} else {
		forget(a, op->text[OP_KIND], op->text[OP_UID]);
	}
}

static int by_uid(const void *x, const void *y)
{
	return strcmp((*(struct op *const *)x)->text[OP_UID],
		(*(struct op *const *)y)->text[OP_UID]);
}

size_t apart_list(struct apart *a, const char *kind, const char *parent, struct op ***out)
{
	VEC(struct op *) list = {0};
	size_t at = 0;
	const char *key;
	void *value;

	while (map_next(&a->objects, &at, &key, &value)) {
		struct apart_object *o = value;

		if (!o->hidden && (*kind == '\0' || strcmp(o->op->text[OP_KIND], kind) == 0) &&
			(*parent == '\0' || strcmp(o->op->text[OP_PARENT], parent) == 0))
			vec_push(&list, o->op);
	}
	if (list.len > 0)
		qsort(list.items, list.len, sizeof *list.items, by_uid);
	*out = list.items;
	return list.len;
}

static void do_trim(struct apart *a, const char *kind, const char *parent, size_t keep)
{
	struct op **list;
	size_t n = *parent ? apart_list(a, kind, parent, &list) : 0;

	for (size_t i = 0; i + keep < n; i++)
		forget(a, list[i]->text[OP_KIND], list[i]->text[OP_UID]);
	if (*parent)
		free(list);
}

/* The newest record of the chain, which may have been dropped; NULL: it has none. */
static const struct op *audit_newest(struct apart *a, const char *org)
{
	for (size_t i = a->audit.len; i > 0; i--)
		if (strcmp(a->audit.items[i - 1]->text[OP_ORG], org) == 0)
			return a->audit.items[i - 1];
	return map_get(&a->dropped, org);
}

/* A step that is done again after a crash finds its record there. */
static void do_audit(struct apart *a, const struct op *op)
{
	const struct op *last = audit_newest(a, op->text[OP_ORG]);
	unsigned char hash[32] = {0};
	struct op with = *op;

	for (size_t i = 0; i < a->audit.len; i++)
		if (strcmp(a->audit.items[i]->text[OP_NAME], op->text[OP_NAME]) == 0 &&
			strcmp(a->audit.items[i]->text[OP_ORG], op->text[OP_ORG]) == 0)
			return;
	if (last)
		memcpy(hash, last->blob, sizeof hash);
	audit_next(hash, op->text[OP_NAME], strlen(op->text[OP_NAME]), hash);
	with.blob = hash;
	with.blob_len = sizeof hash;
	with.number[OP_GIVEN] = (last ? last->number[OP_GIVEN] : 0) + 1;
	with.number[OP_EXPECTED] = ++a->audited;
	vec_push(&a->audit, op_copy(&with));
}

static void do_drop(struct apart *a, const char *org, int64_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < a->audit.len; i++) {
		struct op *op = a->audit.items[i];

		if (strcmp(op->text[OP_ORG], org) == 0 && op->number[OP_GIVEN] <= n)
			free(map_set(&a->dropped, org, op));
		else
			a->audit.items[kept++] = op;
	}
	a->audit.len = kept;
}

static void do_nonce(struct apart *a, const struct op *op)
{
	char *key = key_of(op->text[NONCE_KEY], op->text[NONCE_SELF], "");

	if (map_get(&a->nonces, key) == NULL)
		map_set(&a->nonces, key, op_copy(op));
	free(key);
}

static void do_expire(struct apart *a, int64_t before)
{
	struct map left = MAP_INIT;
	size_t at = 0;
	const char *key;
	void *value;

	while (map_next(&a->nonces, &at, &key, &value))
		if (((struct op *)value)->number[NONCE_EXPIRES] < before)
			free(value);
		else
			map_set(&left, key, value);
	map_release(&a->nonces);
	a->nonces = left;
}

static void do_blob(struct apart *a, const struct op *op)
{
	char *key = key_of(op->text[OP_KIND], op->text[OP_UID], op->text[OP_NAME]);

	free(map_set(&a->blobs, key, op_copy(op)));
	free(key);
}

void apart_do(struct apart *a, struct op *op, const struct buf *carry)
{
	switch (op->kind) {
	case OP_PUT: do_put(a, op, carry); break;
	case OP_REMOVE: do_remove(a, op, carry); break;
	case OP_BLOB_PUT: do_blob(a, op); break;
	case OP_CHILDREN_REMOVE: do_trim(a, "", op->text[OP_PARENT], 0); break;
	case OP_CHILDREN_TRIM:
		do_trim(a, op->text[OP_KIND], op->text[OP_PARENT], (size_t)op->number[OP_GONE]);
		break;
	case OP_AUDIT_ADD: do_audit(a, op); break;
	case OP_AUDIT_DROP: do_drop(a, op->text[OP_ORG], op->number[OP_GONE]); break;
	case OP_NONCE_PUT: do_nonce(a, op); break;
	case OP_NONCES_EXPIRE: do_expire(a, op->number[NONCE_EXPIRES]); break;
	case OP_COUNT: abort();
	}
}

void apart_settle(struct apart *a, const struct op *op)
{
	struct apart_object *o = find(a, op->text[OP_KIND], op->text[OP_UID]);

	if (o && o->hidden)
		forget(a, op->text[OP_KIND], op->text[OP_UID]);
	else if (o)
		buf_reset(&o->carry);
}

static void release(struct map *m, void (*free_value)(void *value))
{
	size_t at = 0;
	const char *key;
	void *value;

	while (map_next(m, &at, &key, &value))
		free_value(value);
	map_release(m);
}

static void object_release(void *value)
{
	object_free(value);
}

void apart_release(struct apart *a)
{
	release(&a->objects, object_release);
	release(&a->blobs, free);
	release(&a->nonces, free);
	release(&a->dropped, free);
	for (size_t i = 0; i < a->audit.len; i++)
		free(a->audit.items[i]);
	vec_release(&a->audit);
}
