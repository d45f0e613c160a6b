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

bool store_tx_empty(const struct store_tx *tx)
{
	return tx->first == NULL;
}

/* Copies the model op with all that it points at behind it. */
static void op_add(struct store_tx *tx, const struct op *model)
{
	size_t size = sizeof *model;
	struct op *op;
	char *at;

	for (int i = 0; i < 3; i++)
		size += model->text[i] ? strlen(model->text[i]) + 1 : 0;
	op = mem_alloc(size + model->blob_len[0] + model->blob_len[1]);
	*op = *model;
	at = op->bytes;
	for (int i = 0; i < 3; i++) {
		if (model->text[i] == NULL)
			continue;
		op->text[i] = at;
		at = stpcpy(at, model->text[i]) + 1;
	}
	for (int i = 0; i < 2; i++) {
		if (model->blob_len[i] == 0)
			continue;
		op->blob[i] = memcpy(at, model->blob[i], model->blob_len[i]);
		at += model->blob_len[i];
	}
	*tx->last = op;
	tx->last = &op->next;
}

#define OP(k, ...) op_add(tx, &(struct op){.kind = (k), __VA_ARGS__})
#define PACK .blob = {pack}, .blob_len = {len}

void store_job_insert(struct store_tx *tx, const struct store_job *job)
{
	OP(OP_JOB_INSERT, .text = {job->uid, job->org_id, job->name}, .number = {job->state},
		.blob = {job->pack}, .blob_len = {job->len});
}

void store_job_update(struct store_tx *tx, const struct store_job *job, unsigned expected)
{
	OP(OP_JOB_UPDATE, .text = {job->uid}, .number = {job->state, expected}, .blob = {job->pack},
		.blob_len = {job->len});
}

void store_job_remove(struct store_tx *tx, const char *uid)
{
	OP(OP_JOB_REMOVE, .text = {uid});
	OP(OP_EVENTS_REMOVE, .text = {uid});
}

void store_task_put(struct store_tx *tx, const char *uid, const char *job_uid, const void *pack,
	size_t len)
{
	OP(OP_TASK_PUT, .text = {uid, job_uid}, PACK);
}

void store_event_put(struct store_tx *tx, const char *uid, const char *org_id,
	const char *object_uid, const void *pack, size_t len)
{
	OP(OP_EVENT_PUT, .text = {uid, org_id, object_uid}, PACK);
}

void store_events_trim(struct store_tx *tx, const char *object_uid, int64_t keep)
{
	OP(OP_EVENTS_TRIM, .text = {object_uid}, .number = {keep});
}

void store_org_put(struct store_tx *tx, const char *org_id, const char *name, const void *pack,
	size_t len)
{
	OP(OP_ORG_PUT, .text = {org_id, name}, PACK);
}

void store_quota_put(struct store_tx *tx, const char *org_id, const void *pack, size_t len)
{
	OP(OP_QUOTA_PUT, .text = {org_id}, PACK);
}

void store_key_put(struct store_tx *tx, const char *access_key, const char *org_id,
	const struct buf *sealed, const void *pack, size_t len)
{
	OP(OP_KEY_PUT, .text = {access_key, org_id}, .blob = {pack, sealed->data},
		.blob_len = {len, sealed->len});
}

void store_package_put(struct store_tx *tx, const char *id, const char *org_id, const void *pack,
	size_t len)
{
	OP(OP_PACKAGE_PUT, .text = {id, org_id}, PACK);
}

void store_package_remove(struct store_tx *tx, const char *id)
{
	OP(OP_PACKAGE_REMOVE, .text = {id});
}

void store_audit_add(struct store_tx *tx, const char *org_id, const char *record)
{
	OP(OP_AUDIT_ADD, .text = {org_id, record});
}

void store_nonce_put(struct store_tx *tx, const struct store_nonce *n)
{
	OP(OP_NONCE_PUT, .text = {n->access_key, n->nonce, n->request_hash},
		.number = {n->expires, n->status}, .blob = {n->body}, .blob_len = {n->body_len});
}

void store_nonces_expire(struct store_tx *tx, int64_t now)
{
	OP(OP_NONCES_EXPIRE, .number = {now});
}

void store_meta_put(struct store_tx *tx, const char *name, const char *value)
{
	OP(OP_META_PUT, .text = {name, value});
}
