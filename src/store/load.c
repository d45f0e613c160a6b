#include "store/inside.h"

#include <string.h>

/* Walks a query; `row` false stops. */
static bool walk(struct store *s, const char *sql, int64_t parameter,
	bool (*row)(sqlite3_stmt *q, const struct store_loader *l, struct err *e),
	const struct store_loader *l, struct err *e)
{
	sqlite3_stmt *q = NULL;
	int code = SQLITE_DONE;
	bool good;

	if (sqlite3_prepare_v2(s->db, sql, -1, &q, NULL) != SQLITE_OK)
		return sql_fail(s->db, "cannot read the store", e);
	if (sqlite3_bind_parameter_count(q) > 0)
		sqlite3_bind_int64(q, 1, parameter);
	do {
		code = sqlite3_step(q);
		good = code != SQLITE_ROW || row(q, l, e);
	} while (good && code == SQLITE_ROW);
	if (good && code != SQLITE_DONE)
		good = sql_fail(s->db, "cannot read the store", e);
	sqlite3_finalize(q);
	return good;
}

#define PACK_ROW(name)                                                                       \
	static bool row_##name(sqlite3_stmt *q, const struct store_loader *l, struct err *e) \
	{                                                                                    \
		const void *pack = sqlite3_column_blob(q, 0);                                \
		return l->name(l->ctx, pack, (size_t)sqlite3_column_bytes(q, 0), e);         \
	}
PACK_ROW(org)
PACK_ROW(quota)
PACK_ROW(package)
PACK_ROW(job)
PACK_ROW(task)
PACK_ROW(event)

static bool row_key(sqlite3_stmt *q, const struct store_loader *l, struct err *e)
{
	const void *sealed = sqlite3_column_blob(q, 1), *pack = sqlite3_column_blob(q, 2);

	return l->key(l->ctx, (const char *)sqlite3_column_text(q, 0), sealed,
		(size_t)sqlite3_column_bytes(q, 1), pack, (size_t)sqlite3_column_bytes(q, 2), e);
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

	return l->nonce(l->ctx, &n, e);
}

bool store_load(struct store *s, const struct store_loader *l, struct err *e)
{
	const struct {
		const char *sql;
		bool (*row)(sqlite3_stmt *, const struct store_loader *, struct err *);
		bool wanted;
		int64_t parameter;
	} parts[] = {
		{"SELECT pack FROM orgs ORDER BY rowid", row_org, l->org != NULL, 0},
		{"SELECT access_key, sealed, pack FROM keys ORDER BY rowid", row_key,
			l->key != NULL, 0},
		{"SELECT pack FROM quotas ORDER BY rowid", row_quota, l->quota != NULL, 0},
		{"SELECT pack FROM packages ORDER BY rowid", row_package, l->package != NULL, 0},
		{"SELECT pack FROM jobs ORDER BY rowid", row_job, l->job != NULL, 0},
		{"SELECT pack FROM tasks ORDER BY rowid", row_task, l->task != NULL, 0},
		{"SELECT pack FROM (SELECT uid, pack FROM events ORDER BY uid DESC LIMIT ?1)"
		 " ORDER BY uid",
			row_event, l->event != NULL, l->events},
		{"SELECT access_key, nonce, hash, expires, status FROM nonces WHERE expires >= ?1",
			row_nonce, l->nonce != NULL, l->now},
	};

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (parts[i].wanted &&
			!walk(s, parts[i].sql, parts[i].parameter, parts[i].row, l, e))
			return false;
	return true;
}

bool store_meta_get(struct store *s, const char *name, struct buf *out, struct err *e)
{
	sqlite3_stmt *q = NULL;

	if (sqlite3_prepare_v2(s->db, "SELECT value FROM meta WHERE name = ?1", -1, &q, NULL) !=
		SQLITE_OK)
		return sql_fail(s->db, "cannot read the store", e);
	sqlite3_bind_text(q, 1, name, -1, SQLITE_STATIC);
	if (sqlite3_step(q) == SQLITE_ROW)
		buf_adds(out, (const char *)sqlite3_column_text(q, 0));
	sqlite3_finalize(q);
	return true;
}
