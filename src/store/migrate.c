#include "store/sqlite.h"

#include "base/mem.h"
#include "core/schema/schema.h"

#include <stdio.h>

/*
 * Step n brings a file of schema n to n + 1. Steps are never edited once released: a change is a
 * new step. PRAGMA user_version holds the number.
 */
static const char *const steps[] = {
	"CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE orgs(org_id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, pack BLOB NOT NULL)"
	" STRICT;"
	"CREATE TABLE keys(access_key TEXT PRIMARY KEY, org_id TEXT NOT NULL REFERENCES orgs(org_id),"
	" sealed BLOB NOT NULL, pack BLOB NOT NULL) STRICT;"
	"CREATE TABLE quotas(org_id TEXT PRIMARY KEY REFERENCES orgs(org_id), pack BLOB NOT NULL)"
	" STRICT;"
	"CREATE TABLE jobs(uid TEXT PRIMARY KEY, org_id TEXT NOT NULL REFERENCES orgs(org_id),"
	" name TEXT NOT NULL, state INTEGER NOT NULL, pack BLOB NOT NULL) STRICT;"
	/* 7 was WORK_DELETING: a name is free again as soon as its job is asked to go. */
	"CREATE UNIQUE INDEX jobs_name ON jobs(org_id, name) WHERE state <> 7;"
	"CREATE TABLE tasks(uid TEXT PRIMARY KEY, job_uid TEXT NOT NULL REFERENCES jobs(uid)"
	" ON DELETE CASCADE, pack BLOB NOT NULL) STRICT;"
	"CREATE INDEX tasks_job ON tasks(job_uid);"
	"CREATE TABLE events(uid TEXT PRIMARY KEY, org_id TEXT NOT NULL, object_uid TEXT NOT NULL,"
	" pack BLOB NOT NULL) STRICT;"
	"CREATE INDEX events_object ON events(object_uid, uid);"
	"CREATE TABLE packages(id TEXT PRIMARY KEY, org_id TEXT NOT NULL REFERENCES orgs(org_id),"
	" pack BLOB NOT NULL) STRICT;"
	"CREATE TABLE audit(seq INTEGER PRIMARY KEY AUTOINCREMENT, org_id TEXT NOT NULL,"
	" record TEXT NOT NULL, hash BLOB NOT NULL) STRICT;"
	"CREATE TRIGGER audit_keep_update BEFORE UPDATE ON audit"
	" BEGIN SELECT RAISE(ABORT, 'audit records are never changed'); END;"
	"CREATE TRIGGER audit_keep_delete BEFORE DELETE ON audit"
	" BEGIN SELECT RAISE(ABORT, 'audit records are never removed'); END;"
	"CREATE TABLE nonces(access_key TEXT NOT NULL, nonce TEXT NOT NULL, hash TEXT NOT NULL,"
	" expires INTEGER NOT NULL, status INTEGER NOT NULL, body BLOB NOT NULL,"
	" PRIMARY KEY(access_key, nonce)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX nonces_expires ON nonces(expires);"
	"INSERT INTO meta VALUES('version', '0');",

	"CREATE TABLE objects(kind TEXT NOT NULL, uid TEXT NOT NULL, org_id TEXT NOT NULL,"
	" parent TEXT NOT NULL, name TEXT NOT NULL, gone INTEGER NOT NULL, revision INTEGER NOT NULL,"
	" pack BLOB NOT NULL) STRICT;"
	"INSERT INTO objects SELECT 'org', org_id, '', '', name, 0, 1, pack FROM orgs ORDER BY rowid;"
	"INSERT INTO objects SELECT 'key', access_key, org_id, '', '', 0, 1,"
	" pack_with(pack, 'sealed', sealed) FROM keys ORDER BY rowid;"
	"INSERT INTO objects SELECT 'quota', org_id, org_id, '', '', 0, 1, pack FROM quotas"
	" ORDER BY rowid;"
	"INSERT INTO objects SELECT 'package', id, org_id, '', '', 0, 1, pack FROM packages"
	" ORDER BY rowid;"
	"INSERT INTO objects SELECT 'job', uid, org_id, '', name, state = 7, 1, pack FROM jobs"
	" ORDER BY rowid;"
	"INSERT INTO objects SELECT 'task', t.uid, j.org_id, t.job_uid, '', 0, 1, t.pack"
	" FROM tasks t JOIN jobs j ON j.uid = t.job_uid ORDER BY t.rowid;"
	"INSERT INTO objects SELECT 'event', uid, org_id, object_uid, '', 0, 1, pack FROM events"
	" ORDER BY rowid;"
	"CREATE UNIQUE INDEX objects_uid ON objects(kind, uid);"
	"CREATE UNIQUE INDEX objects_name ON objects(kind, org_id, name)"
	" WHERE gone = 0 AND name <> '';"
	"CREATE INDEX objects_parent ON objects(parent, kind, uid) WHERE parent <> '';"
	"CREATE TABLE blobs(kind TEXT NOT NULL, uid TEXT NOT NULL, name TEXT NOT NULL,"
	" data BLOB NOT NULL, PRIMARY KEY(kind, uid, name)) STRICT;"
	"DROP TABLE tasks; DROP TABLE events; DROP TABLE jobs; DROP TABLE packages;"
	"DROP TABLE quotas; DROP TABLE keys; DROP TABLE orgs;"
	"INSERT INTO meta VALUES('revision', '1');",

	/* A chain of its own for each org; that which all shared until then goes on as the chain '*'. */
	"DROP TRIGGER audit_keep_update; DROP TRIGGER audit_keep_delete;"
	"ALTER TABLE audit ADD COLUMN chain TEXT NOT NULL DEFAULT '*';"
	"ALTER TABLE audit ADD COLUMN n INTEGER NOT NULL DEFAULT 0;"
	"UPDATE audit SET n = seq;"
	"CREATE INDEX audit_chain ON audit(chain);"
	"CREATE INDEX audit_org ON audit(org_id);"
	"CREATE TABLE audit_heads(chain TEXT PRIMARY KEY, n INTEGER NOT NULL, hash BLOB NOT NULL,"
	" first INTEGER NOT NULL, base BLOB NOT NULL) STRICT, WITHOUT ROWID;"
	"INSERT INTO audit_heads SELECT '*', s.seq, coalesce((SELECT hash FROM audit"
	" ORDER BY seq DESC LIMIT 1), zeroblob(32)), 0, zeroblob(32) FROM sqlite_sequence s"
	" WHERE s.name = 'audit' AND s.seq > 0;"
	"CREATE TRIGGER audit_keep_update BEFORE UPDATE ON audit"
	" BEGIN SELECT RAISE(ABORT, 'audit records are never changed'); END;"
	"CREATE TRIGGER audit_keep_delete BEFORE DELETE ON audit WHEN OLD.n >"
	" (SELECT first FROM audit_heads WHERE chain = OLD.chain)"
	" BEGIN SELECT RAISE(ABORT, 'audit records are never removed'); END;",
};

/* pack_with(pack, name, bytes): what core's pack_extra makes of them. */
static void sql_pack_with(sqlite3_context *ctx, int count, sqlite3_value **values)
{
	struct buf out = BUF_INIT;
	const void *pack = sqlite3_value_blob(values[0]), *more = sqlite3_value_blob(values[2]);

	(void)count;
	buf_add(&out, pack, (size_t)sqlite3_value_bytes(values[0]));
	pack_extra(&out, (const char *)sqlite3_value_text(values[1]), more,
		(size_t)sqlite3_value_bytes(values[2]));
	sqlite3_result_blob64(ctx, out.data, out.len, SQLITE_TRANSIENT);
	buf_release(&out);
}

bool store_migrate(sqlite3 *db, struct err *e)
{
	int64_t have;
	char set[64];

	if (!sql_int(db, "PRAGMA user_version", &have, e))
		return false;
	if (have > (int)ARRAY_SIZE(steps))
		return err_set(e, ERR_INVALID,
			"it has schema %lld, this mltopd knows up to %d: use the newer mltopd "
			"that wrote it, or restore a backup",
			(long long)have, (int)ARRAY_SIZE(steps));
	if (sqlite3_create_function(db, "pack_with", 3, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
		    sql_pack_with, NULL, NULL) != SQLITE_OK)
		return sql_fail(db, "SQLite says", e);
	for (; have < (int)ARRAY_SIZE(steps); have++) {
		snprintf(set, sizeof set, "PRAGMA user_version = %lld", (long long)have + 1);
		if (!sql_exec(db, "BEGIN IMMEDIATE", e))
			return false;
		if (!sql_exec(db, steps[have], e) || !sql_exec(db, set, e) ||
			!sql_exec(db, "COMMIT", e)) {
			sql_exec(db, "ROLLBACK", NULL);
			err_prefix(e, "cannot bring it to schema %lld", (long long)have + 1);
			return false;
		}
	}
	return true;
}
