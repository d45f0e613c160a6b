#include "model/model.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A request that changed something, or is about to. Its answer lies in the store. */
struct nonce {
	char hash[SIGN_HEX_SIZE];
	int64_t expires;
	int status;
	bool pending;
	char access_key[];
};

/* Sweeping is linear, so it is done coarsely. */
enum { SWEEP_MS = 60 * 1000 };

static char *nonce_key(const char *access_key, const char *nonce)
{
	char *key = NULL;

	return asprintf(&key, "%s %s", access_key, nonce) < 0 ? abort(), NULL : key;
}

static void count_add(struct model *m, const char *access_key, intptr_t by)
{
	intptr_t n = (intptr_t)map_get(&m->nonce_counts, access_key) + by;

	if (n > 0)
		map_set(&m->nonce_counts, access_key, (void *)n);
	else
		map_remove(&m->nonce_counts, access_key);
}

static void nonce_put(struct model *m, const struct store_nonce *n, bool pending)
{
	char *key = nonce_key(n->access_key, n->nonce);
	size_t len = strlen(n->access_key) + 1;
	struct nonce *mine = mem_alloc(sizeof *mine + len), *old;

	snprintf(mine->hash, sizeof mine->hash, "%s", n->request_hash);
	mine->expires = n->expires;
	mine->status = n->status;
	mine->pending = pending;
	memcpy(mine->access_key, n->access_key, len);
	old = map_set(&m->nonces, key, mine);
	if (old == NULL)
		count_add(m, n->access_key, 1);
	free(old);
	free(key);
}

bool model_nonce_load(struct model *m, const struct store_nonce *n)
{
	nonce_put(m, n, false);
	return true;
}

/*
 * The newest answers stay in memory: a repeated request mostly comes at once. A nonce that is used
 * again after its window takes the place of its older answer.
 */
static void answer_keep(struct model *m, const char *key, const struct store_nonce *n)
{
	size_t i = 0;

	while (i < NONCE_CACHE &&
		(m->answers[i].key == NULL || strcmp(m->answers[i].key, key) != 0))
		i++;
	if (i == NONCE_CACHE)
		i = m->answer_next++ % NONCE_CACHE;
	free(m->answers[i].key);
	free(m->answers[i].body);
	m->answers[i].key = mem_strdup(key);
	m->answers[i].body = mem_dup(n->body, n->body_len + 1);
	m->answers[i].len = n->body_len;
}

void model_nonce_keep(struct model *m, const struct store_nonce *n)
{
	char *key = nonce_key(n->access_key, n->nonce);

	nonce_put(m, n, false);
	answer_keep(m, key, n);
	free(key);
}

void model_nonce_free(struct model *m, const char *access_key, const char *nonce)
{
	char *key = nonce_key(access_key, nonce);
	const struct nonce *n = map_get(&m->nonces, key);

	if (n && n->pending) {
		count_add(m, access_key, -1);
		free(map_remove(&m->nonces, key));
	}
	free(key);
}

/* Removes what has expired, here and (with tx) in the store. */
void model_nonces_sweep(struct model *m, int64_t now, struct store_tx *tx)
{
	struct map left = MAP_INIT;
	const char *key;
	void *value;
	size_t at = 0;

	if (now - m->nonce_swept < SWEEP_MS && now >= m->nonce_swept)
		return;
	m->nonce_swept = now;
	while (map_next(&m->nonces, &at, &key, &value)) {
		struct nonce *n = value;

		if (n->expires >= now) {
			map_set(&left, key, n);
			continue;
		}
		count_add(m, n->access_key, -1);
		free(n);
	}
	map_release(&m->nonces);
	m->nonces = left;
	if (tx)
		store_nonces_expire(tx, now);
}

static bool answer_find(struct model *m, const char *key, const char **body, size_t *len)
{
	for (size_t i = 0; i < NONCE_CACHE; i++)
		if (m->answers[i].key && strcmp(m->answers[i].key, key) == 0) {
			*body = m->answers[i].body;
			*len = m->answers[i].len;
			return true;
		}
	return false;
}

/* An answer that is being read from the store. */
struct nonce_reading {
	struct model *m;
	nonce_read done;
	void *ctx;
	int status;
	char key[];
};

/* It goes into the memory of newest answers: who repeats a request may do so again. */
static void nonce_came(void *ctx, bool ok, const struct store_rows *rows, const struct err *e)
{
	struct nonce_reading *r = ctx;
	struct err gone = ERR_INIT;

	if (ok && rows->count > 0) {
		answer_keep(r->m, r->key,
			&(struct store_nonce){.body = rows->rows[0].data,
				.body_len = rows->rows[0].len});
		r->done(r->ctx, r->status, rows->rows[0].data, rows->rows[0].len, NULL);
	} else {
		err_set(&gone, ERR_CONFLICT,
			"the answer to this request is no longer known: make a new nonce");
		r->done(r->ctx, 0, NULL, 0, ok ? &gone : e);
	}
	free(r);
}

void model_nonce_read(struct model *m, const char *access_key, const char *nonce, int status,
	nonce_read done, void *ctx)
{
	char *key = nonce_key(access_key, nonce);
	size_t len = strlen(key) + 1;
	struct nonce_reading *r = mem_alloc(sizeof *r + len);

	r->m = m;
	r->done = done;
	r->ctx = ctx;
	r->status = status;
	memcpy(r->key, key, len);
	free(key);
	store_read_nonce(m->store, access_key, nonce, nonce_came, r);
}

static enum nonce_state nonce_hold(struct model *m, const char *access_key, const char *nonce,
	const char *request_hash)
{
	struct store_nonce n = {.access_key = access_key,
		.nonce = nonce,
		.request_hash = request_hash,
		.expires = INT64_MAX};

	if ((intptr_t)map_get(&m->nonce_counts, access_key) >= NONCES_PER_KEY)
		return NONCE_FULL;
	nonce_put(m, &n, true);
	return NONCE_NEW;
}

enum nonce_state model_nonce_take(struct model *m, const struct principal *who, const char *nonce,
	const char *request_hash, int64_t now, int *status, const char **body, size_t *body_len)
{
	char *key = nonce_key(who->access_key, nonce);
	const struct nonce *n = map_get(&m->nonces, key);
	enum nonce_state state;

	if (n && n->expires < now) {
		n = NULL;
		m->nonce_swept = 0; /* the store is to forget it before it is stored again */
	}
	if (n == NULL) {
		state = nonce_hold(m, who->access_key, nonce, request_hash);
	} else if (strcmp(n->hash, request_hash) != 0) {
		state = NONCE_OTHER;
	} else if (n->pending) {
		state = NONCE_PENDING;
	} else {
		*status = n->status;
		state = answer_find(m, key, body, body_len) ? NONCE_SAME : NONCE_STORED;
	}
	free(key);
	return state;
}

void model_nonces_release(struct model *m)
{
	size_t at = 0;
	const char *key;
	void *value;

	while (map_next(&m->nonces, &at, &key, &value))
		free(value);
	map_release(&m->nonces);
	map_release(&m->nonce_counts);
	for (size_t i = 0; i < NONCE_CACHE; i++) {
		free(m->answers[i].key);
		free(m->answers[i].body);
	}
}
