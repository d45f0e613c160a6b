/* Keys as they are known: looked up, used, and with the secret that is sealed beside them. */
#include "model/change.h"

const struct key *model_key(struct model *m, const char *access_key)
{
	return rowset_find(&m->keys, access_key);
}

/* ---- When and from where they were used: a request must not cost a commit ---- */

/* A change with some of those that were used; NULL: none was. */
static struct change *used_change(struct model *m)
{
	const char *keys[KEYS_WRITTEN];
	struct change *c = m->keys_used.len ? change_new(m) : NULL;
	size_t at = 0, n = 0;
	const char *key;
	void *value;

	while (c && n < KEYS_WRITTEN && map_next(&m->keys_used, &at, &key, &value))
		keys[n++] = key;
	for (size_t i = 0; i < n; i++) {
		const struct key *k = model_key(m, keys[i]);

		if (k)
			change_key(c, k,
				NULL); /* one that cannot be sealed stays as it is stored */
		map_remove(&m->keys_used, keys[i]);
	}
	return c;
}

void keys_used_write(struct model *m)
{
	struct change *c;

	while (store_ready(m->store, NULL) && (c = used_change(m)) != NULL)
		change_commit_now(c, NULL);
}

void model_key_used(struct model *m, const char *access_key, const char *peer, int64_t now)
{
	const struct key *row = rowset_find(&m->keys, access_key);
	struct change *c;
	struct key k;

	if (row == NULL || now - row->last_used.v < 60 * 1000)
		return;
	k = *row;
	record_set(key, &k, last_used, (struct when){now});
	record_set(key, &k, last_from, peer);
	rowset_put(&m->keys, &k, NULL);
	model_show(m, &key_kind, access_key);
	map_set(&m->keys_used, access_key, m);
	if (m->keys_written == 0 || now < m->keys_written)
		m->keys_written = now;
	if (now - m->keys_written < KEYS_WRITTEN_MS || !store_ready(m->store, NULL))
		return;
	m->keys_written = now;
	c = used_change(m);
	if (c)
		change_commit(c);
}

/* What the store has of a key is older than what is known here. */
static void used_keep(const struct key *row, struct key *k)
{
	if (row == NULL || !record_has(key, row, last_used) || row->last_used.v <= k->last_used.v)
		return;
	record_set(key, k, last_used, row->last_used);
	if (record_has(key, row, last_from))
		record_set(key, k, last_from, row->last_from);
}

bool keys_unseal(struct model *m, struct key *k, const struct store_object *o, struct buf *secret,
	struct err *e)
{
	size_t len = 0;
	const void *sealed = pack_extra_find(o->pack, o->len, "sealed", &len);

	if (!store_unseal(m->store, k->access_key, sealed, len, secret, e))
		return false;
	record_set(key, k, secret_key, secret->data);
	used_keep(rowset_find(&m->keys, k->access_key), k);
	return true;
}
