#include "store/inside.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

struct store_tx *store_tx_new(void)
{
	struct store_tx *tx = mem_alloc(sizeof *tx);

	tx->last = &tx->first;
	return tx;
}

void store_tx_free(struct store_tx *tx)
{
	struct op *op = tx ? tx->first : NULL;

	while (op) {
		struct op *next = op->next;

		free(op);
		op = next;
	}
	free(tx);
}

struct op *op_copy(const struct op *model)
{
	size_t size = sizeof *model + model->blob_len;
	struct op *op;
	char *at;

	for (int i = 0; i < OP_TEXTS; i++)
		size += model->text[i] ? strlen(model->text[i]) + 1 : 1;
	op = mem_alloc(size);
	*op = *model;
	op->next = NULL;
	at = op->bytes;
	for (int i = 0; i < OP_TEXTS; i++) {
		op->text[i] = at;
		at = stpcpy(at, model->text[i] ? model->text[i] : "") + 1;
	}
	op->blob = model->blob_len ? memcpy(at, model->blob, model->blob_len) : at;
	return op;
}

void op_append(struct store_tx *tx, struct op *op)
{
	*tx->last = op;
	tx->last = &op->next;
}

struct store_object op_object(const struct op *op)
{
	return (struct store_object){.kind = op->text[OP_KIND],
		.uid = op->text[OP_UID],
		.org_id = op->text[OP_ORG],
		.parent = op->text[OP_PARENT],
		.name = op->text[OP_NAME],
		.gone = op->number[OP_GONE] != 0,
		.pack = op->blob,
		.len = op->blob_len,
		.revision = (uint64_t)op->number[OP_GIVEN]};
}

void store_tx_urgent(struct store_tx *tx)
{
	tx->urgent = true;
}

void store_tx_add(struct store_tx *tx, const struct store_tx *more)
{
	for (const struct op *op = more->first; op; op = op->next)
		op_append(tx, op_copy(op));
}

#define OP(k, ...) op_append(tx, op_copy(&(struct op){.kind = (k), __VA_ARGS__}))

void store_put(struct store_tx *tx, const struct store_object *o)
{
	OP(OP_PUT, .text = {o->kind, o->uid, o->org_id, o->parent, o->name},
		.number = {o->gone, (int64_t)o->revision}, .blob = o->pack, .blob_len = o->len);
}

void store_remove(struct store_tx *tx, const char *kind, const char *uid, uint64_t expected)
{
	OP(OP_REMOVE, .text = {kind, uid}, .number = {1, (int64_t)expected});
}

void store_blob_put(struct store_tx *tx, const char *kind, const char *uid, const char *name,
	const void *data, size_t len)
{
	OP(OP_BLOB_PUT, .text = {kind, uid, [OP_NAME] = name}, .blob = data, .blob_len = len);
}

void store_children_remove(struct store_tx *tx, const char *parent)
{
	OP(OP_CHILDREN_REMOVE, .text = {[OP_PARENT] = parent});
}

void store_children_trim(struct store_tx *tx, const char *kind, const char *parent, int64_t keep)
{
	OP(OP_CHILDREN_TRIM, .text = {kind, [OP_PARENT] = parent}, .number = {keep});
}

void store_audit_add(struct store_tx *tx, const char *org_id, const char *record)
{
	OP(OP_AUDIT_ADD, .text = {[OP_ORG] = org_id, [OP_NAME] = record});
}

void store_audit_drop(struct store_tx *tx, const char *org_id, int64_t n)
{
	OP(OP_AUDIT_DROP, .text = {[OP_ORG] = org_id}, .number = {n});
}

void store_nonce_put(struct store_tx *tx, const struct store_nonce *n)
{
	OP(OP_NONCE_PUT, .text = {n->access_key, n->nonce, n->request_hash},
		.number = {n->expires, n->status}, .blob = n->body, .blob_len = n->body_len);
}

void store_nonces_expire(struct store_tx *tx, int64_t now)
{
	OP(OP_NONCES_EXPIRE, .number = {now});
}
