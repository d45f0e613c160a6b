/* Keys as they are known: looked up, used, and with the secret that is sealed beside them. */
#include "model/change.h"

const struct key *model_key(struct model *m, const char *access_key)
{
	return rowset_find(&m->keys, access_key);
}

/* In memory only: a request must not cost a commit. Shown with the list of keys. */
void model_key_used(struct model *m, const char *access_key, int64_t now)
{
	struct key *k = rowset_find(&m->keys, access_key);

	if (k == NULL || now - k->last_used.v < 60 * 1000)
		return;
	k->last_used.v = now;
	record_know(&key_kind, k, offsetof(struct key, last_used));
}

bool keys_unseal(struct model *m, struct key *k, const struct store_object *o, struct buf *secret,
	struct err *e)
{
	const struct key *row = rowset_find(&m->keys, k->access_key);
	size_t len = 0;
	const void *sealed = pack_extra_find(o->pack, o->len, "sealed", &len);

	if (!store_unseal(m->store, k->access_key, sealed, len, secret, e))
		return false;
	k->secret_key = secret->data;
	record_know(&key_kind, k, offsetof(struct key, secret_key));
	if (row && record_has(key, row, last_used)) {
		k->last_used = row->last_used;
		record_know(&key_kind, k, offsetof(struct key, last_used));
	}
	return true;
}
