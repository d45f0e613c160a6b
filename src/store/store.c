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
	sql_close(s);
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
	s->dir = mem_strdup(config->dir);
	s->queue_last = &s->queue;
	s->finished_last = &s->finished;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->more, NULL);
	pthread_cond_init(&s->idle, NULL);
	if (!master_load(s, e) || !sql_open(s, e)) {
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

enum store_health store_health(const struct store *s)
{
	return (enum store_health)atomic_load(&s->health);
}

static void item_complete(struct item *it)
{
	if (it->rows_done) {
		struct store_rows rows = {it->rows, it->row_count};

		it->rows_done(it->ctx, it->ok, &rows, &it->e);
	} else if (it->done) {
		it->done(it->ctx, it->ok, &it->e);
	}
}

size_t store_poll(struct store *s)
{
	struct item *list;
	size_t n = 0;

	pthread_mutex_lock(&s->lock);
	list = s->finished;
	s->finished = NULL;
	s->finished_last = &s->finished;
	pthread_mutex_unlock(&s->lock);
	while (list) {
		struct item *next = list->next;

		item_complete(list);
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
	if (store_health(s) == STORE_BROKEN) {
		/* Closing would write the log back, and sync what failed to sync. */
		sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	} else {
		sql_exec(s->db, "UPDATE meta SET value = 'yes' WHERE name = 'clean'", NULL);
		sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
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

bool store_was_clean(const struct store *s)
{
	return s->was_clean;
}
