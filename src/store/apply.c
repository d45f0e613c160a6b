#include "store/sqlite.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* Parameters: ?1 to ?5 the texts of an operation, ?6 to ?8 its numbers, ?9 its blob. */
#define ROW_COLUMNS "kind, uid, org_id, parent, name, gone, revision, pack"
static const char *const texts[SQL_COUNT] = {
	[SQL_INSERT] = "INSERT INTO objects(" ROW_COLUMNS
		       ") VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?8, ?9)",
	[SQL_UPDATE] = "UPDATE objects SET revision = ?8, pack = ?9 WHERE kind = ?1 AND uid = ?2"
		       " AND revision = ?7 AND gone = ?6 AND name = ?5",
	[SQL_UPDATE_ALL] =
		"UPDATE objects SET org_id = ?3, parent = ?4, name = ?5, gone = ?6,"
		" revision = ?8, pack = ?9 WHERE kind = ?1 AND uid = ?2 AND revision = ?7",
	[SQL_UPSERT] = "INSERT INTO objects(" ROW_COLUMNS ") VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?8, ?9)"
		       " ON CONFLICT(kind, uid) DO UPDATE SET revision = ?8, pack = ?9",
	[SQL_GET] = "SELECT " ROW_COLUMNS " FROM objects WHERE kind = ?1 AND uid = ?2",
	[SQL_NAMED] = "SELECT " ROW_COLUMNS " FROM objects WHERE kind = ?1 AND org_id = ?3"
		      " AND name = ?5 AND gone = 0 AND name <> ''",
	[SQL_REMOVE] = "DELETE FROM objects WHERE kind = ?1 AND uid = ?2 AND revision = ?7",
	[SQL_REMOVE_ANY] = "DELETE FROM objects WHERE kind = ?1 AND uid = ?2",
	[SQL_BLOBS_REMOVE] = "DELETE FROM blobs WHERE kind = ?1 AND uid = ?2",
	[SQL_BLOB_PUT] = "INSERT INTO blobs(kind, uid, name, data) VALUES(?1, ?2, ?5, ?9)"
			 " ON CONFLICT(kind, uid, name) DO UPDATE SET data = ?9",
	[SQL_CHILDREN_BLOBS] =
		"DELETE FROM blobs WHERE (kind, uid) IN"
		" (SELECT kind, uid FROM objects WHERE parent = ?4 AND parent <> '')",
	[SQL_CHILDREN_REMOVE] = "DELETE FROM objects WHERE parent = ?4 AND parent <> ''",
	[SQL_CHILDREN_TRIM] = "DELETE FROM objects WHERE parent = ?4 AND parent <> '' AND kind = ?1"
			      " AND uid <= (SELECT uid FROM objects WHERE parent = ?4 AND"
			      " parent <> '' AND kind = ?1 ORDER BY uid DESC LIMIT 1 OFFSET ?6)",
	[SQL_AUDIT_ADD] = "INSERT INTO audit(org_id, chain, n, record, hash)"
			  " VALUES(?3, ?3, ?8, ?5, ?9)",
	[SQL_AUDIT_HEAD] = "SELECT n, hash FROM audit_heads WHERE chain = ?3",
	[SQL_AUDIT_HEAD_PUT] = "INSERT INTO audit_heads(chain, n, hash, first, base)"
			       " VALUES(?3, ?8, ?9, 0, zeroblob(32))"
			       " ON CONFLICT(chain) DO UPDATE SET n = ?8, hash = ?9",
	[SQL_AUDIT_DROP] = "UPDATE audit_heads SET first = a.n, base = a.hash FROM audit a"
			   " WHERE audit_heads.chain = ?3 AND a.chain = ?3 AND a.n = ?6",
	[SQL_AUDIT_DROPPED] = "DELETE FROM audit WHERE chain = ?3 AND n <="
			      " (SELECT first FROM audit_heads WHERE chain = ?3)",
	[SQL_NONCE_PUT] = "INSERT INTO nonces(access_key, nonce, hash, expires, status, body)"
			  " VALUES(?1, ?2, ?3, ?6, ?7, ?9)",
	[SQL_NONCES_EXPIRE] = "DELETE FROM nonces WHERE expires < ?6",
	[SQL_VERSION] = "UPDATE meta SET value = ?1 WHERE name = 'version'",
	[SQL_REVISION] = "UPDATE meta SET value = ?1 WHERE name = 'revision'",
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
	[SQL_SAVE] = "SAVEPOINT one",
	[SQL_RELEASE] = "RELEASE one",
	[SQL_UNSAVE] = "ROLLBACK TO one",
};

bool store_apply_prepare(struct store *s, struct err *e)
{
	struct sql *sql = sql_of(s);

	for (int i = 0; i < SQL_COUNT; i++)
		if (!sql_prepare(sql->db, texts[i], &sql->run[i], e))
			return false;
	return true;
}

bool sql_step(sqlite3_stmt *q)
{
	bool good = sqlite3_step(q) == SQLITE_DONE;

	sqlite3_reset(q);
	return good;
}

void op_bind(sqlite3_stmt *q, const struct op *op)
{
	int wanted = sqlite3_bind_parameter_count(q);

	for (int i = 0; i < OP_TEXTS && i < wanted; i++)
		sqlite3_bind_text(q, i + 1, op->text[i], -1, SQLITE_STATIC);
	for (int i = 0; i < OP_NUMBERS && i + OP_TEXTS < wanted; i++)
		sqlite3_bind_int64(q, OP_TEXTS + 1 + i, op->number[i]);
	if (wanted > OP_TEXTS + OP_NUMBERS)
		sqlite3_bind_blob64(q, OP_TEXTS + OP_NUMBERS + 1, op->blob, op->blob_len,
			SQLITE_STATIC);
}

int sql_run(struct sql *sql, enum statement which, const struct op *op)
{
	sqlite3_stmt *q = sql->run[which];
	int code;

	op_bind(q, op);
	code = sqlite3_step(q);
	sqlite3_reset(q);
	sqlite3_clear_bindings(q);
	return code == SQLITE_DONE ? sqlite3_changes(sql->db) : -1;
}

/* The first object that the query finds, as an operation; NULL: none. */
static struct op *find(struct sql *sql, enum statement which, const struct op *op)
{
	sqlite3_stmt *q = sql->run[which];
	struct op *found = NULL;

	op_bind(q, op);
	if (sqlite3_step(q) == SQLITE_ROW) {
		struct op row = {.kind = OP_PUT};

		for (int i = 0; i < OP_TEXTS; i++)
			row.text[i] = (const char *)sqlite3_column_text(q, i);
		row.number[OP_GONE] = sqlite3_column_int64(q, OP_TEXTS);
		row.number[OP_GIVEN] = sqlite3_column_int64(q, OP_TEXTS + 1);
		row.blob = sqlite3_column_blob(q, OP_TEXTS + 2);
		row.blob_len = (size_t)sqlite3_column_bytes(q, OP_TEXTS + 2);
		found = op_copy(&row);
	}
	sqlite3_reset(q);
	sqlite3_clear_bindings(q);
	return found;
}

static bool conflict(struct item *it, struct op *now, const char *kind, const char *what)
{
	it->now = now;
	return err_set(&it->e, ERR_CONFLICT, "%s%s%s", *kind ? "the " : "", kind, what);
}

/* Nothing was changed by `op`: why not? */
static bool put_refused(struct sql *sql, const struct op *op, struct item *it)
{
	struct op *now = find(sql, SQL_GET, op);

	if (now == NULL && op->number[OP_EXPECTED] != STORE_NONE)
		return conflict(it, NULL, op->text[OP_KIND], " is gone already");
	if (now && now->number[OP_GIVEN] != op->number[OP_EXPECTED])
		return conflict(it, now, op->text[OP_KIND], " has changed meanwhile");
	free(now);
	err_set(&it->e, ERR_CONFLICT, "a %s with this name exists already", op->text[OP_KIND]);
	it->now = find(sql, SQL_NAMED, op);
	return false;
}

static bool is_constraint(struct sql *sql)
{
	return (sqlite3_extended_errcode(sql->db) & 0xff) == SQLITE_CONSTRAINT;
}

static bool op_put(struct sql *sql, struct op *op, struct item *it, bool *broken)
{
	uint64_t expected = (uint64_t)op->number[OP_EXPECTED];
	int n;

	op->number[OP_GIVEN] = (int64_t)++sql->revision;
	if (expected == STORE_ANY) {
		n = sql_run(sql, SQL_UPSERT, op);
	} else if (expected == STORE_NONE) {
		n = sql_run(sql, SQL_INSERT, op);
	} else {
		n = sql_run(sql, SQL_UPDATE, op);
		if (n == 0)
			n = sql_run(sql, SQL_UPDATE_ALL, op);
	}
	if (n == 1)
		return true;
	if (n == 0 || is_constraint(sql))
		return put_refused(sql, op, it);
	*broken = true;
	return sql_fail(sql->db, "the change could not be stored", &it->e);
}

static bool op_remove(struct sql *sql, struct op *op, struct item *it, bool *broken)
{
	bool any = (uint64_t)op->number[OP_EXPECTED] == STORE_ANY;
	int n = sql_run(sql, any ? SQL_REMOVE_ANY : SQL_REMOVE, op);

	/* Of what it does not hold a store may have been told to remove just that. */
	if (n == 0 && (uint64_t)op->number[OP_EXPECTED] == STORE_NONE) {
		struct op *now = find(sql, SQL_GET, op);

		any = now == NULL;
		free(now);
	}
	if (n == 1 || (n == 0 && any))
		n = sql_run(sql, SQL_BLOBS_REMOVE, op) < 0 ? -1 : 1;
	if (n == 1)
		return true;
	if (n == 0) {
		struct op *now = find(sql, SQL_GET, op);

		return conflict(it, now, op->text[OP_KIND],
			now ? " has changed meanwhile" : " is gone already");
	}
	*broken = true;
	return sql_fail(sql->db, "the change could not be stored", &it->e);
}

static int op_simple(struct sql *sql, struct op *op)
{
	switch (op->kind) {
	case OP_BLOB_PUT: return sql_run(sql, SQL_BLOB_PUT, op);
	case OP_CHILDREN_REMOVE:
		return sql_run(sql, SQL_CHILDREN_BLOBS, op) < 0
			? -1
			: sql_run(sql, SQL_CHILDREN_REMOVE, op);
	case OP_CHILDREN_TRIM: return sql_run(sql, SQL_CHILDREN_TRIM, op);
	case OP_AUDIT_ADD: return audit_chain(sql, op);
	case OP_AUDIT_DROP:
		return sql_run(sql, SQL_AUDIT_DROP, op) < 0 ? -1
							    : sql_run(sql, SQL_AUDIT_DROPPED, op);
	case OP_NONCE_PUT: return sql_run(sql, SQL_NONCE_PUT, op);
	case OP_NONCES_EXPIRE: return sql_run(sql, SQL_NONCES_EXPIRE, op);
	default: abort();
	}
}

static bool op_run(struct sql *sql, struct op *op, struct item *it, bool *broken)
{
	if (op->kind == OP_PUT)
		return op_put(sql, op, it, broken);
	if (op->kind == OP_REMOVE)
		return op_remove(sql, op, it, broken);
	if (op_simple(sql, op) >= 0)
		return true;
	if (op->kind == OP_NONCE_PUT && is_constraint(sql))
		return conflict(it, NULL, "", "a request with this nonce was answered already");
	*broken = true;
	return sql_fail(sql->db, "the change could not be stored", &it->e);
}

bool store_apply(struct store *s, struct item *it, bool *broken)
{
	struct sql *sql = sql_of(s);
	bool good = true;

	if (!sql_step(sql->run[SQL_SAVE])) {
		*broken = true;
		return sql_fail(sql->db, "the change could not be stored", &it->e);
	}
	for (struct op *op = it->tx->first; op && good; op = op->next)
		good = op_run(sql, op, it, broken);
	if (*broken)
		return false;
	if ((!good && !sql_step(sql->run[SQL_UNSAVE])) || !sql_step(sql->run[SQL_RELEASE])) {
		*broken = true;
		return sql_fail(sql->db, "the change could not be stored", &it->e);
	}
	return good;
}
