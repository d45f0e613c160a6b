#include "store/sqlite.h"

#include <string.h>

static bool row_object(sqlite3_stmt *q, const struct store_loader *l, struct err *e)
{
	struct store_object o = {
		.kind = (const char *)sqlite3_column_text(q, 0),
		.uid = (const char *)sqlite3_column_text(q, 1),
		.org_id = (const char *)sqlite3_column_text(q, 2),
		.parent = (const char *)sqlite3_column_text(q, 3),
		.name = (const char *)sqlite3_column_text(q, 4),
		.gone = sqlite3_column_int(q, 5) != 0,
		.revision = (uint64_t)sqlite3_column_int64(q, 6),
		.pack = sqlite3_column_blob(q, 7),
		.len = (size_t)sqlite3_column_bytes(q, 7),
	};

	return l->feed.object_put(l->feed.ctx, &o, e);
}

static bool row_nonce(sqlite3_stmt *q, const struct store_loader *l, struct err *e)
{
	struct store_nonce n = {
		.access_key = (const char *)sqlite3_column_text(q, 0),
		.nonce = (const char *)sqlite3_column_text(q, 1),
		.request_hash = (const char *)sqlite3_column_text(q, 2),
		.expires = sqlite3_column_int64(q, 3),
		.status = sqlite3_column_int(q, 4),
		.body = "",
	};

	return l->nonce(l->feed.ctx, &n, e);
}

/* Walks a query; `row` false stops. */
static bool walk(struct store *s, const char *sql, const char *kind, int64_t number,
	bool (*row)(sqlite3_stmt *q, const struct store_loader *l, struct err *e),
	const struct store_loader *l, struct err *e)
{
	sqlite3_stmt *q = NULL;
	int code;
	bool good;

	if (!sql_prepare(sql_of(s)->db, sql, &q, e))
		return false;
	sqlite3_bind_int64(q, 1, number);
	if (kind)
		sqlite3_bind_text(q, 2, kind, -1, SQLITE_STATIC);
	do {
		code = sqlite3_step(q);
		good = code != SQLITE_ROW || row(q, l, e);
	} while (good && code == SQLITE_ROW);
	if (good && code != SQLITE_DONE)
		good = sql_fail(sql_of(s)->db, "cannot read the store", e);
	sqlite3_finalize(q);
	return good;
}

#define COLUMNS "kind, uid, org_id, parent, name, gone, revision, pack"

/* In order of uid, which is that of creation where the uid is a ULID. */
bool sql_load(struct store *s, const struct store_loader *l, struct err *e)
{
	static const char all[] = "SELECT " COLUMNS " FROM objects WHERE kind = ?2 AND ?1 = ?1"
				  " ORDER BY uid";
	static const char newest[] = "SELECT " COLUMNS " FROM (SELECT " COLUMNS
				     " FROM objects WHERE kind = ?2"
				     " ORDER BY uid DESC LIMIT ?1) ORDER BY uid";

	for (size_t i = 0; l->kinds[i]; i++) {
		bool some = l->newest && strcmp(l->newest, l->kinds[i]) == 0;

		if (!walk(s, some ? newest : all, l->kinds[i], l->most, row_object, l, e))
			return false;
	}
	return l->nonce == NULL ||
		walk(s,
			"SELECT access_key, nonce, hash, expires, status FROM nonces"
			" WHERE expires >= ?1",
			NULL, l->now, row_nonce, l, e);
}

bool sql_meta(struct store *s, const char *name, struct buf *out, struct err *e)
{
	sqlite3_stmt *q = NULL;
	int code;

	if (!sql_prepare(sql_of(s)->db, "SELECT value FROM meta WHERE name = ?1", &q, e))
		return false;
	sqlite3_bind_text(q, 1, name, -1, SQLITE_STATIC);
	code = sqlite3_step(q);
	if (code == SQLITE_ROW)
		buf_adds(out, (const char *)sqlite3_column_text(q, 0));
	sqlite3_finalize(q);
	return code == SQLITE_ROW || code == SQLITE_DONE ||
		sql_fail(sql_of(s)->db, "cannot read the store", e);
}
