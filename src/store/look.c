#include "store/inside.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A question for the thread; texts are copied. */
static struct item *look_new(bool (*look)(struct store *, struct item *, struct err *),
	store_rows_done done, void *ctx)
{
	struct item *it = mem_alloc(sizeof *it);

	it->look = look;
	it->rows_done = done;
	it->ctx = ctx;
	return it;
}

static bool look_events(struct store *s, struct item *it, struct err *e)
{
	sqlite3_stmt *q = NULL;
	int code;

	if (!sql_prepare(s->db,
		    "SELECT pack FROM (SELECT uid, pack FROM events WHERE object_uid = ?1"
		    " ORDER BY uid DESC LIMIT ?2) ORDER BY uid",
		    &q, e))
		return false;
	sqlite3_bind_text(q, 1, it->text[0], -1, SQLITE_STATIC);
	sqlite3_bind_int64(q, 2, it->number[0]);
	while ((code = sqlite3_step(q)) == SQLITE_ROW) {
		const void *pack = sqlite3_column_blob(q, 0);

		buf_add(item_row(it), pack, (size_t)sqlite3_column_bytes(q, 0));
	}
	sqlite3_finalize(q);
	return code == SQLITE_DONE || sql_fail(s->db, "cannot read the events", e);
}

void store_read_events(struct store *s, const char *object_uid, int64_t limit, store_rows_done done,
	void *ctx)
{
	struct item *it = look_new(look_events, done, ctx);

	it->text[0] = mem_strdup(object_uid);
	it->number[0] = limit;
	store_queue(s, it);
}

static bool look_nonce(struct store *s, struct item *it, struct err *e)
{
	sqlite3_stmt *q = NULL;
	bool found;

	if (!sql_prepare(s->db, "SELECT body FROM nonces WHERE access_key = ?1 AND nonce = ?2", &q,
		    e))
		return false;
	sqlite3_bind_text(q, 1, it->text[0], -1, SQLITE_STATIC);
	sqlite3_bind_text(q, 2, it->text[1], -1, SQLITE_STATIC);
	found = sqlite3_step(q) == SQLITE_ROW;
	if (found) {
		const void *body = sqlite3_column_blob(q, 0);

		buf_add(item_row(it), body, (size_t)sqlite3_column_bytes(q, 0));
	}
	sqlite3_finalize(q);
	return found;
}

struct nonce_wait {
	struct buf *body;
	bool found, done;
};

/* Runs on the store thread while the loop waits, so `w` needs no lock beyond the queue's. */
static bool look_nonce_waited(struct store *s, struct item *it, struct err *e)
{
	struct nonce_wait *w = it->ctx;
	bool found = look_nonce(s, it, e);

	pthread_mutex_lock(&s->lock);
	if (found)
		buf_add(w->body, it->rows[0].data, it->rows[0].len);
	w->found = found;
	w->done = true;
	pthread_cond_broadcast(&s->idle);
	pthread_mutex_unlock(&s->lock);
	return found;
}

bool store_read_nonce(struct store *s, const char *access_key, const char *nonce, struct buf *body)
{
	struct nonce_wait w = {body, false, false};
	struct item *it = look_new(look_nonce_waited, NULL, &w);

	it->text[0] = mem_strdup(access_key);
	it->text[1] = mem_strdup(nonce);
	store_queue(s, it);
	pthread_mutex_lock(&s->lock);
	while (!w.done)
		pthread_cond_wait(&s->idle, &s->lock);
	pthread_mutex_unlock(&s->lock);
	return w.found;
}

/* Runs a PRAGMA that answers "ok" or complaints; the first complaints go into `out`. */
static bool check_pragma(struct store *s, const char *sql, struct buf *out, struct err *e)
{
	sqlite3_stmt *q = NULL;
	int code;

	if (!sql_prepare(s->db, sql, &q, e))
		return false;
	while ((code = sqlite3_step(q)) == SQLITE_ROW && out->len < 512) {
		const char *text = (const char *)sqlite3_column_text(q, 0);

		if (text && strcmp(text, "ok") != 0)
			buf_addf(out, "%s%s", out->len ? "; " : "", text);
	}
	sqlite3_finalize(q);
	return code == SQLITE_DONE || code == SQLITE_ROW || sql_fail(s->db, "store check", e);
}

static bool look_check(struct store *s, struct item *it, struct err *e)
{
	struct buf *out = item_row(it);

	if (!check_pragma(s, "PRAGMA integrity_check(10)", out, e) ||
		!check_pragma(s, "PRAGMA foreign_key_check", out, e))
		return false;
	if (out->len > 0)
		return err_set(e, ERR_INTERNAL,
			"the store is damaged: %.600s; restore a backup with "
			"`mltopd restore FILE`",
			out->data);
	buf_adds(out, "the store is whole");
	return true;
}

void store_check(struct store *s, store_rows_done done, void *ctx)
{
	store_queue(s, look_new(look_check, done, ctx));
}

static bool file_sync(const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool good = fd >= 0 && fsync(fd) == 0;

	if (!good)
		err_errno(e, errno, "cannot sync", path);
	if (fd >= 0)
		close(fd);
	return good;
}

static bool look_copy(struct store *s, struct item *it, struct err *e)
{
	sqlite3_stmt *q = NULL;
	bool good;

	if (!sql_prepare(s->db, "VACUUM INTO ?1", &q, e))
		return false;
	sqlite3_bind_text(q, 1, it->text[0], -1, SQLITE_STATIC);
	good = sqlite3_step(q) == SQLITE_DONE;
	if (!good)
		sql_fail(s->db, "cannot copy the store", e);
	sqlite3_finalize(q);
	good = good && file_sync(it->text[0], e);
	buf_addf(item_row(it), "copied to %s", it->text[0]);
	return good;
}

void store_copy(struct store *s, const char *path, store_rows_done done, void *ctx)
{
	struct item *it = look_new(look_copy, done, ctx);

	it->text[0] = mem_strdup(path);
	store_queue(s, it);
}
