/*
 * A change on a store that makes one object last at a time. The first object of the change decides:
 * it is written with the operations that are still to come inside it, so that whoever opens the
 * store after a crash can finish them. Each of these may be done again.
 */
#include "store/inside.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static void number_write(uint64_t n, struct buf *out)
{
	char bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (char)(n >> (8 * i));
	buf_add(out, bytes, sizeof bytes);
}

static void bytes_write(const void *data, size_t len, struct buf *out)
{
	number_write(len, out);
	buf_add(out, data, len);
}

void ops_write(const struct op *first, struct buf *out)
{
	for (const struct op *op = first; op; op = op->next) {
		number_write(op->kind, out);
		for (int i = 0; i < OP_TEXTS; i++)
			bytes_write(op->text[i], strlen(op->text[i]) + 1, out);
		for (int i = 0; i < OP_NUMBERS; i++)
			number_write((uint64_t)op->number[i], out);
		bytes_write(op->blob, op->blob_len, out);
	}
}

struct unread {
	const unsigned char *at;
	size_t left;
	bool bad;
};

static uint64_t number_read(struct unread *in)
{
	uint64_t n = 0;

	in->bad = in->bad || in->left < 8;
	if (in->bad)
		return 0;
	for (int i = 0; i < 8; i++)
		n |= (uint64_t)in->at[i] << (8 * i);
	in->at += 8;
	in->left -= 8;
	return n;
}

static const void *bytes_read(struct unread *in, size_t *len)
{
	uint64_t n = number_read(in);
	const void *at = in->at;

	in->bad = in->bad || n > in->left;
	if (in->bad)
		return "";
	in->at += n;
	in->left -= n;
	*len = n;
	return at;
}

struct store_tx *ops_read(const void *data, size_t size)
{
	struct unread in = {data, size, false};
	struct store_tx *tx = store_tx_new();

	while (in.left > 0 && !in.bad) {
		struct op op = {.kind = (enum op_kind)number_read(&in)};
		size_t len = 0;

		for (int i = 0; i < OP_TEXTS; i++) {
			op.text[i] = bytes_read(&in, &len);
			in.bad = in.bad || len == 0 || op.text[i][len - 1] != '\0';
			if (in.bad)
				op.text[i] = "";
		}
		for (int i = 0; i < OP_NUMBERS; i++)
			op.number[i] = (int64_t)number_read(&in);
		op.blob = bytes_read(&in, &op.blob_len);
		if (!in.bad && op.kind < OP_COUNT)
			op_append(tx, op_copy(&op));
		else
			in.bad = true;
	}
	if (!in.bad)
		return tx;
	store_tx_free(tx);
	return NULL;
}

static bool is_object(const struct op *op)
{
	return op->kind == OP_PUT || op->kind == OP_REMOVE;
}

/*
 * All that comes after the operation that decided. It is ours alone, or new: what is there already was
 * done before.
 */
static bool rest_do(struct store *s, const struct op *decided, struct op *first, struct err *e)
{
	for (struct op *op = first; op; op = op->next) {
		struct op *now = NULL;
		struct err why = ERR_INIT;
		bool good = s->ops->one(s, op, NULL, &now, &why);

		free(now);
		if (!good && why.code != ERR_CONFLICT) {
			*e = why;
			return false;
		}
	}
	return !is_object(decided) || s->ops->settle(s, decided, e);
}

/*
 * What a disk without room has left undone of a change that was decided is done before anything else:
 * an object that is written anew carries no more what it carried.
 */
static bool rest_finish(struct store *s, struct err *e)
{
	struct op *decided = s->rest ? s->rest->first : NULL;

	if (decided && !rest_do(s, decided, decided->next, e))
		return false;
	store_tx_free(s->rest);
	s->rest = NULL;
	return true;
}

static void rest_keep(struct store *s, const struct op *decided)
{
	s->rest = store_tx_new();
	for (const struct op *op = decided; op; op = op->next)
		op_append(s->rest, op_copy(op));
}

/* The operation that decides, and what comes after it. */
static void decide(struct store *s, struct item *it, struct op *op)
{
	struct buf carry = BUF_INIT;

	if (op->next)
		ops_write(op->next, &carry);
	store_fault(s, "before-commit");
	it->ok = s->ops->one(s, op, carry.len ? &carry : NULL, &it->now, &it->e);
	buf_release(&carry);
	if (!it->ok)
		return;
	store_fault(s, "after-commit");
	/* It is decided, whatever comes: what fails from here on is finished before the next change. */
	if (op->next && !rest_do(s, op, op->next, &it->e))
		rest_keep(s, op);
	if (it->version)
		s->ops->version(s, it->version);
}

void steps_run(struct store *s, struct item *it)
{
	struct op *op = it->tx->first;

	it->ok = rest_finish(s, &it->e);
	for (; it->ok && op && !is_object(op) && op->kind != OP_NONCE_PUT; op = op->next)
		it->ok = s->ops->one(s, op, NULL, NULL, &it->e);
	if (!it->ok || op == NULL)
		return;
	store_half_done(s);
	decide(s, it, op);
	store_whole(s);
}

bool steps_resume(struct store *s, const struct op *object, const struct buf *carry, struct err *e)
{
	struct store_tx *tx = ops_read(carry->data, carry->len);
	bool good = tx != NULL;

	if (!good)
		return err_set(e, ERR_INTERNAL, "what %s %s carries is damaged: restore a backup",
			object->text[OP_KIND], object->text[OP_UID]);
	good = rest_do(s, object, tx->first, e);
	store_tx_free(tx);
	return good;
}
