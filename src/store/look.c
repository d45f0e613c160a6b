#include "store/sqlite.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool look_children(struct store *s, struct item *it, struct err *e)
{
	sqlite3_stmt *q = NULL;
	int code;

	if (!sql_prepare(sql_of(s)->db,
		    "SELECT pack FROM (SELECT uid, pack FROM objects WHERE kind = ?1"
		    " AND parent = ?3 AND parent <> '' ORDER BY uid DESC LIMIT ?2) ORDER BY uid",
		    &q, e))
		return false;
	sqlite3_bind_text(q, 1, it->text[0], -1, SQLITE_STATIC);
	sqlite3_bind_int64(q, 2, it->number[0]);
	sqlite3_bind_text(q, 3, it->text[1], -1, SQLITE_STATIC);
	while ((code = sqlite3_step(q)) == SQLITE_ROW) {
		const void *pack = sqlite3_column_blob(q, 0);

		buf_add(item_row(it), pack, (size_t)sqlite3_column_bytes(q, 0));
	}
	sqlite3_finalize(q);
	return code == SQLITE_DONE || sql_fail(sql_of(s)->db, "cannot read the store", e);
}

bool look_blobs(struct store *s, struct item *it, struct err *e)
{
	sqlite3_stmt *q = NULL;
	int code;

	if (!sql_prepare(sql_of(s)->db, "SELECT name, data FROM blobs WHERE kind = ?1 AND uid = ?2",
		    &q, e))
		return false;
	sqlite3_bind_text(q, 1, it->text[0], -1, SQLITE_STATIC);
	sqlite3_bind_text(q, 2, it->text[1], -1, SQLITE_STATIC);
	while ((code = sqlite3_step(q)) == SQLITE_ROW)
		for (int i = 0; i < 2; i++) {
			const void *part = sqlite3_column_blob(q, i);

			buf_add(item_row(it), part, (size_t)sqlite3_column_bytes(q, i));
		}
	sqlite3_finalize(q);
	return code == SQLITE_DONE || sql_fail(sql_of(s)->db, "cannot read the store", e);
}

bool look_nonce(struct store *s, struct item *it, struct err *e)
{
	sqlite3_stmt *q = NULL;
	int code;

	if (!sql_prepare(sql_of(s)->db,
		    "SELECT body FROM nonces WHERE access_key = ?1 AND nonce = ?2", &q, e))
		return false;
	sqlite3_bind_text(q, 1, it->text[0], -1, SQLITE_STATIC);
	sqlite3_bind_text(q, 2, it->text[1], -1, SQLITE_STATIC);
	while ((code = sqlite3_step(q)) == SQLITE_ROW) {
		const void *body = sqlite3_column_blob(q, 0);

		buf_add(item_row(it), body, (size_t)sqlite3_column_bytes(q, 0));
	}
	sqlite3_finalize(q);
	return code == SQLITE_DONE || sql_fail(sql_of(s)->db, "cannot read the store", e);
}

/* Runs a PRAGMA that answers "ok" or complaints; the first complaints go into `out`. */
static bool check_pragma(struct store *s, const char *sql, struct buf *out, struct err *e)
{
	sqlite3_stmt *q = NULL;
	int code;

	if (!sql_prepare(sql_of(s)->db, sql, &q, e))
		return false;
	while ((code = sqlite3_step(q)) == SQLITE_ROW && out->len < 512) {
		const char *text = (const char *)sqlite3_column_text(q, 0);

		if (text && strcmp(text, "ok") != 0)
			buf_addf(out, "%s%s", out->len ? "; " : "", text);
	}
	sqlite3_finalize(q);
	return code == SQLITE_DONE || code == SQLITE_ROW ||
		sql_fail(sql_of(s)->db, "store check", e);
}

bool look_check(struct store *s, struct item *it, struct err *e)
{
	struct buf *out = item_row(it);

	if (!check_pragma(s, "PRAGMA integrity_check(10)", out, e))
		return false;
	if (out->len > 0)
		return err_set(e, ERR_INTERNAL,
			"the store is damaged: %.600s; restore a backup with "
			"`mltopd restore FILE`",
			out->data);
	buf_adds(out, "the store is whole");
	return true;
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

bool look_copy(struct store *s, struct item *it, struct err *e)
{
	sqlite3_stmt *q = NULL;
	bool good;

	if (!sql_prepare(sql_of(s)->db, "VACUUM INTO ?1", &q, e))
		return false;
	sqlite3_bind_text(q, 1, it->text[0], -1, SQLITE_STATIC);
	good = sqlite3_step(q) == SQLITE_DONE;
	if (!good)
		sql_fail(sql_of(s)->db, "cannot copy the store", e);
	sqlite3_finalize(q);
	good = good && file_sync(it->text[0], e);
	buf_addf(item_row(it), "copied to %s", it->text[0]);
	return good;
}
