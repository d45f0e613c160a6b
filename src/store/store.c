#include "store/store.h"

#include "base/fsio.h"
#include "base/mem.h"
#include "store/folder.h"
#include "store/inside.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void store_free(struct store *s)
{
	struct item *it;

	s->ops->close(s);
	if (s->front)
		s->front->close(s);
	store_tx_free(s->rest); /* the next start finishes it */
	/* What it told since the last poll, to nobody. */
	for (it = s->finished; it;) {
		struct item *next = it->next;

		item_free(it);
		it = next;
	}
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->more);
	pthread_cond_destroy(&s->idle);
	OPENSSL_cleanse(s->master, sizeof s->master);
	free(s->dir);
	free(s);
}

static bool has(const char *dir, const char *name)
{
	char *path = fsio_join(dir, name);
	bool there = access(path, F_OK) == 0;

	free(path);
	return there;
}

/* A new key beside old secrets would open none of them, and stand where the old one is looked for. */
static bool master_load(struct store *s, struct err *e)
{
	if (has(s->dir, "store.db") && !has(s->dir, "master.key"))
		return err_set(e, ERR_INTERNAL,
			"%s/master.key is missing, and the keys in store.db cannot be read without it: "
			"put it back, or restore a backup with `mltopd restore FILE`",
			s->dir);
	return folder_secret(s->dir, "master.key", s->master, sizeof s->master, e);
}

bool store_open(struct store **out, const struct store_config *config, struct err *e)
{
	struct store *s = mem_alloc(sizeof *s);

	s->config = *config;
	s->ops = config->ops ? config->ops : &store_sqlite;
	s->front = config->front;
	s->dir = mem_strdup(config->dir);
	s->queue_last = &s->queue;
	s->finished_last = &s->finished;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->more, NULL);
	pthread_cond_init(&s->idle, NULL);
	if (s->front)
		s->front->open(s);
	if (!master_load(s, e) || !s->ops->open(s, e)) {
		store_free(s);
		return false;
	}
	*out = s;
	return true;
}

bool store_start(struct store *s, struct err *e)
{
	sigset_t all, before;
	int code;

	/* Signals are the main thread's business. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	code = pthread_create(&s->thread, NULL, store_thread, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (code != 0)
		return err_errno(e, code, "cannot start the thread of the store in", s->dir);
	s->running = true;
	return true;
}

bool store_ready(const struct store *s, struct err *e)
{
	if (store_health(s) == STORE_BROKEN)
		return err_set(e, ERR_UNAVAILABLE,
			"the store has failed: changes are refused until mltopd is restarted");
	if (store_health(s) == STORE_FULL)
		return err_set(e, ERR_UNAVAILABLE, "the disk of the state folder is full");
	return s->ops->ready == NULL || s->ops->ready(s, e);
}

enum store_health store_health(const struct store *s)
{
	return (enum store_health)atomic_load(&s->health);
}

static void item_tell(struct store *s, const struct item *it)
{
	for (const struct op *op = it->tx->first; op; op = op->next) {
		struct store_object o = op_object(op);

		o.version = it->version;
		if (op->kind == OP_PUT && s->feed.object_put)
			s->feed.object_put(s->feed.ctx, &o, NULL);
		else if (op->kind == OP_REMOVE && s->feed.object_gone)
			s->feed.object_gone(s->feed.ctx, &o);
	}
}

static void item_complete(struct store *s, struct item *it)
{
	struct store_rows rows = {it->rows, it->row_count};
	struct store_object now;
	struct store_outcome how = {it->ok, &it->e, NULL};

	if (it->rows_done)
		it->rows_done(it->ctx, it->ok, &rows, &it->e);
	if (it->tx == NULL)
		return;
	/* A store without `many` tells of each object when it is done. */
	if (it->ok && (s->ops->many || it->told))
		item_tell(s, it);
	if (it->done == NULL)
		return;
	if (it->now) {
		now = op_object(it->now);
		how.now = &now;
	}
	it->done(it->ctx, &how);
}

/* All up to a change that is half done. */
static struct item *finished_take(struct store *s)
{
	struct item *list = NULL, **end;

	pthread_mutex_lock(&s->lock);
	end = s->half ? s->half : s->finished_last;
	if (end != &s->finished) {
		list = s->finished;
		s->finished = *end;
		*end = NULL;
		if (s->finished_last == end)
			s->finished_last = &s->finished;
		if (s->half)
			s->half = &s->finished;
	}
	pthread_mutex_unlock(&s->lock);
	return list;
}

size_t store_poll(struct store *s)
{
	struct item *list;
	size_t n = 0;

	list = finished_take(s);
	while (list) {
		struct item *next = list->next;

		item_complete(s, list);
		item_free(list);
		list = next;
		n++;
	}
	return n;
}

static void store_wait_idle(struct store *s)
{
	pthread_mutex_lock(&s->lock);
	while (s->running && (s->queue || s->busy))
		pthread_cond_wait(&s->idle, &s->lock);
	pthread_mutex_unlock(&s->lock);
}

void store_drain(struct store *s)
{
	do {
		store_wait_idle(s);
	} while (store_poll(s) > 0);
}

void store_close(struct store *s)
{
	if (s == NULL)
		return;
	if (s->running) {
		store_drain(s);
		pthread_mutex_lock(&s->lock);
		s->stop = true;
		pthread_cond_signal(&s->more);
		pthread_mutex_unlock(&s->lock);
		pthread_join(s->thread, NULL);
		s->running = false;
	}
	store_free(s);
}

void store_commit(struct store *s, struct store_tx *tx, uint64_t version, store_done done,
	void *ctx)
{
	struct item *it = mem_alloc(sizeof *it);

	it->tx = tx;
	it->version = version;
	it->done = done;
	it->ctx = ctx;
	store_queue(s, it);
}

uint64_t store_version_at_start(const struct store *s)
{
	return s->version_at_start;
}

uint64_t store_lost(const struct store *s)
{
	return s->lost;
}

bool store_was_clean(const struct store *s)
{
	return s->was_clean;
}

bool store_load(struct store *s, const struct store_loader *l, struct err *e)
{
	bool good = (s->front == NULL || s->front->load(s, l, e)) && s->ops->load(s, l, e);

	s->feed = l->feed;
	return good;
}

/* ---- Questions for the thread; texts are copied ---- */

static bool look_front(struct store *s, struct item *it, struct err *e)
{
	s->front->children(s, it);
	return s->ops->look[LOOK_CHILDREN](s, it, e);
}

static struct item *look_new(struct store *s, enum look_kind kind, store_rows_done done, void *ctx)
{
	struct item *it = mem_alloc(sizeof *it);

	it->look = s->front && kind == LOOK_CHILDREN ? look_front : s->ops->look[kind];
	it->rows_done = done;
	it->ctx = ctx;
	return it;
}

static void look_text(struct store *s, enum look_kind kind, const char *a, const char *b,
	int64_t limit, store_rows_done done, void *ctx)
{
	struct item *it = look_new(s, kind, done, ctx);

	it->text[0] = mem_strdup(a);
	it->text[1] = mem_strdup(b);
	it->number[0] = limit;
	store_queue(s, it);
}

void store_read_children(struct store *s, const char *kind, const char *parent, int64_t limit,
	store_rows_done done, void *ctx)
{
	look_text(s, LOOK_CHILDREN, kind, parent, limit, done, ctx);
}

void store_read_blobs(struct store *s, const char *kind, const char *uid, store_rows_done done,
	void *ctx)
{
	look_text(s, LOOK_BLOBS, kind, uid, 0, done, ctx);
}

void store_read_audit(struct store *s, const char *org_id, int64_t before, int64_t limit,
	store_rows_done done, void *ctx)
{
	struct item *it = look_new(s, LOOK_AUDIT, done, ctx);

	it->text[0] = mem_strdup(org_id);
	it->number[0] = before;
	it->number[1] = limit;
	store_queue(s, it);
}

void store_audit_old(struct store *s, const char *time, store_rows_done done, void *ctx)
{
	look_text(s, LOOK_OLD, time, "", 0, done, ctx);
}

void store_audit_verify(struct store *s, const char *org_id, store_rows_done done, void *ctx)
{
	look_text(s, LOOK_VERIFY, org_id, "", 0, done, ctx);
}

void store_check(struct store *s, store_rows_done done, void *ctx)
{
	store_queue(s, look_new(s, LOOK_CHECK, done, ctx));
}

void store_copy(struct store *s, const char *path, store_rows_done done, void *ctx)
{
	look_text(s, LOOK_COPY, path, "", 0, done, ctx);
}

void store_read_nonce(struct store *s, const char *access_key, const char *nonce,
	store_rows_done done, void *ctx)
{
	look_text(s, LOOK_NONCE, access_key, nonce, 0, done, ctx);
}
