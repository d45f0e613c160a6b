#include "store/inside.h"

#include "base/mem.h"

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
	/* 7 is JOB_DELETING: a name is free again as soon as its job is asked to go. */
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
};

int store_schema_version(void)
{
	return (int)ARRAY_SIZE(steps);
}

bool store_migrate(sqlite3 *db, struct err *e)
{
	int64_t have;
	char set[64];

	if (!sql_int(db, "PRAGMA user_version", &have, e))
		return false;
	if (have > store_schema_version())
		return err_set(e, ERR_INVALID,
			"it has schema %lld, this mltopd knows up to %d: use the newer mltopd "
			"that wrote it, or restore a backup",
			(long long)have, store_schema_version());
	for (; have < store_schema_version(); have++) {
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
