#include "store/inside.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Changes in one commit at most: bounds how long the first of them waits. */
enum { BATCH_MAX = 512 };

/* What the log may grow to, in pages of 4 KiB: when nothing waits, and at most. */
enum { WAL_PAGES = 1024, WAL_PAGES_MOST = 4096 };

void item_free(struct item *it)
{
	store_tx_free(it->tx);
	for (size_t i = 0; i < it->row_count; i++)
		buf_release(&it->rows[i]);
	free(it->rows);
	free(it->text[0]);
	free(it->text[1]);
	free(it);
}

struct buf *item_row(struct item *it)
{
	it->rows = mem_realloc(it->rows, (it->row_count + 1) * sizeof *it->rows);
	buf_init(&it->rows[it->row_count], 0);
	return &it->rows[it->row_count++];
}

void store_queue(struct store *s, struct item *it)
{
	pthread_mutex_lock(&s->lock);
	*s->queue_last = it;
	s->queue_last = &it->next;
	pthread_cond_signal(&s->more);
	pthread_mutex_unlock(&s->lock);
}

static void fault(struct store *s, const char *point)
{
	if (s->config.fault)
		s->config.fault(point);
}

/* Remembers what a failed transaction says about the disk. */
static void health_note(struct store *s)
{
	int code = sqlite3_errcode(s->db) & 0xff;

	atomic_store(&s->health, code == SQLITE_FULL ? STORE_FULL : STORE_BROKEN);
}

static bool run(sqlite3_stmt *q)
{
	bool good = sqlite3_step(q) == SQLITE_DONE;

	sqlite3_reset(q);
	return good;
}

static bool version_put(struct store *s, uint64_t version)
{
	char text[32];
	bool good;

	if (version == 0)
		return true;
	snprintf(text, sizeof text, "%llu", (unsigned long long)version);
	sqlite3_bind_text(s->version, 1, text, -1, SQLITE_STATIC);
	good = run(s->version);
	sqlite3_clear_bindings(s->version);
	return good;
}

/* Applies the changes from `first` up to `end` in the transaction that is open. */
static bool batch_apply(struct store *s, struct item *first, struct item *end, struct err *e)
{
	uint64_t version = 0;
	bool broken = false;

	for (struct item *it = first; it != end && !broken; it = it->next) {
		it->ok = store_apply(s, it->tx, &broken, &it->e);
		if (it->ok && it->version > version)
			version = it->version;
		if (broken)
			*e = it->e;
	}
	if (broken)
		return false;
	return version_put(s, version) ? true
				       : sql_fail(s->db, "the change could not be stored", e);
}

static bool batch_commit(struct store *s, struct item *first, struct item *end, struct err *e)
{
	if (!run(s->begin))
		return sql_fail(s->db, "the change could not be stored", e);
	if (!batch_apply(s, first, end, e))
		return false;
	fault(s, "before-commit");
	if (!run(s->commit))
		return sql_fail(s->db, "the change could not be stored", e);
	fault(s, "after-commit");
	return true;
}

/* One commit for all of them. After a failure none of them was done. */
static void batch_run(struct store *s, struct item *first, struct item *end)
{
	unsigned char hash[32];
	struct err e = {.code = ERR_UNAVAILABLE,
		.text = "the store has failed: changes are refused until mltopd is restarted"};
	bool good = false;

	memcpy(hash, s->audit_hash, sizeof hash);
	if (atomic_load(&s->health) != STORE_BROKEN) {
		good = batch_commit(s, first, end, &e);
		if (!good) {
			health_note(s);
			if (!sqlite3_get_autocommit(s->db))
				run(s->rollback);
			memcpy(s->audit_hash, hash, sizeof hash);
		}
	}
	if (good) {
		atomic_store(&s->health, STORE_WELL);
		return;
	}
	for (struct item *it = first; it != end; it = it->next) {
		it->ok = false;
		it->e = e;
	}
}

static void items_run(struct store *s, struct item *list)
{
	while (list) {
		struct item *end = list;

		if (list->look) {
			list->ok = list->look(s, list, &list->e);
			list = list->next;
			continue;
		}
		for (int n = 0; end && end->tx && n < BATCH_MAX; n++)
			end = end->next;
		batch_run(s, list, end);
		list = end;
	}
}

/* Takes all that waits; NULL when the thread is to end. */
static struct item *items_take(struct store *s)
{
	struct item *list;

	pthread_mutex_lock(&s->lock);
	s->busy = false;
	pthread_cond_broadcast(&s->idle);
	while (s->queue == NULL && !s->stop)
		pthread_cond_wait(&s->more, &s->lock);
	list = s->queue;
	s->queue = NULL;
	s->queue_last = &s->queue;
	s->busy = list != NULL;
	pthread_mutex_unlock(&s->lock);
	return list;
}

static void items_give(struct store *s, struct item *list)
{
	struct item *last = list;

	while (last->next)
		last = last->next;
	pthread_mutex_lock(&s->lock);
	*s->finished_last = list;
	s->finished_last = &last->next;
	pthread_mutex_unlock(&s->lock);
	if (s->config.notify)
		s->config.notify(s->config.ctx);
}

/* What was committed has been told by now: nobody waits for this, and it waits for a pause. */
static void write_back(struct store *s)
{
	pthread_mutex_lock(&s->lock);
	int most = s->queue ? WAL_PAGES_MOST : WAL_PAGES;

	pthread_mutex_unlock(&s->lock);
	if (s->wal_pages < most || atomic_load(&s->health) == STORE_BROKEN)
		return;
	fault(s, "before-checkpoint");
	if (!sql_checkpoint(s, NULL))
		health_note(s);
}

void *store_thread(void *arg)
{
	struct store *s = arg;
	struct item *list;

	while ((list = items_take(s)) != NULL) {
		items_run(s, list);
		items_give(s, list);
		write_back(s);
	}
	return NULL;
}
