#include "store/inside.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* `one`: the statement must change exactly one row, or the transaction is a conflict. */
static const struct {
	const char *sql;
	bool one;
	const char *conflict;
} defs[OP_COUNT] = {
	[OP_JOB_INSERT] = {"INSERT INTO jobs(uid, org_id, name, state, pack)"
			   " VALUES(?1, ?2, ?3, ?4, ?6)",
		true, "a job with this name exists already"},
	[OP_JOB_UPDATE] = {"UPDATE jobs SET state = ?4, pack = ?6 WHERE uid = ?1 AND state = ?5",
		true, "the job has changed meanwhile"},
	[OP_JOB_REMOVE] = {"DELETE FROM jobs WHERE uid = ?1", true, "the job is gone already"},
	[OP_TASK_PUT] = {"INSERT INTO tasks(uid, job_uid, pack) VALUES(?1, ?2, ?6)"
			 " ON CONFLICT(uid) DO UPDATE SET pack = ?6",
		true, "the job is gone already"},
	[OP_EVENT_PUT] = {"INSERT INTO events(uid, org_id, object_uid, pack) VALUES(?1, ?2, ?3, ?6)"
			  " ON CONFLICT(uid) DO UPDATE SET pack = ?6",
		true, "event"},
	[OP_EVENTS_REMOVE] = {"DELETE FROM events WHERE object_uid = ?1", false, "event"},
	[OP_EVENTS_TRIM] = {"DELETE FROM events WHERE object_uid = ?1 AND uid <= (SELECT uid FROM"
			    " events WHERE object_uid = ?1 ORDER BY uid DESC LIMIT 1 OFFSET ?4)",
		false, "event"},
	[OP_ORG_PUT] = {"INSERT INTO orgs(org_id, name, pack) VALUES(?1, ?2, ?6)"
			" ON CONFLICT(org_id) DO UPDATE SET name = ?2, pack = ?6",
		true, "an org with this name exists already"},
	[OP_QUOTA_PUT] = {"INSERT INTO quotas(org_id, pack) VALUES(?1, ?6)"
			  " ON CONFLICT(org_id) DO UPDATE SET pack = ?6",
		true, "there is no such org"},
	[OP_KEY_PUT] = {"INSERT INTO keys(access_key, org_id, sealed, pack) VALUES(?1, ?2, ?7, ?6)"
			" ON CONFLICT(access_key) DO UPDATE SET sealed = ?7, pack = ?6",
		true, "there is no such org"},
	[OP_PACKAGE_PUT] = {"INSERT INTO packages(id, org_id, pack) VALUES(?1, ?2, ?6)"
			    " ON CONFLICT(id) DO UPDATE SET pack = ?6",
		true, "there is no such org"},
	[OP_PACKAGE_REMOVE] = {"DELETE FROM packages WHERE id = ?1", true,
		"the package is gone already"},
	[OP_AUDIT_ADD] = {"INSERT INTO audit(org_id, record, hash) VALUES(?1, ?2, ?6)", true,
		"audit"},
	[OP_NONCE_PUT] = {"INSERT INTO nonces(access_key, nonce, hash, expires, status, body)"
			  " VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
		true, "a request with this nonce was answered already"},
	[OP_NONCES_EXPIRE] = {"DELETE FROM nonces WHERE expires < ?4", false, "nonce"},
	[OP_META_PUT] =
		{"INSERT INTO meta VALUES(?1, ?2) ON CONFLICT(name) DO UPDATE SET value = ?2", true,
			"meta"},
};

bool store_apply_prepare(struct store *s, struct err *e)
{
	for (int i = 0; i < OP_COUNT; i++)
		if (!sql_prepare(s->db, defs[i].sql, &s->ops[i], e))
			return false;
	return sql_prepare(s->db, "BEGIN IMMEDIATE", &s->begin, e) &&
		sql_prepare(s->db, "COMMIT", &s->commit, e) &&
		sql_prepare(s->db, "ROLLBACK", &s->rollback, e) &&
		sql_prepare(s->db, "SAVEPOINT one", &s->save, e) &&
		sql_prepare(s->db, "RELEASE one", &s->release, e) &&
		sql_prepare(s->db, "ROLLBACK TO one", &s->unsave, e) &&
		sql_prepare(s->db, "UPDATE meta SET value = ?1 WHERE name = 'version'", &s->version,
			e);
}

static void op_bind(sqlite3_stmt *q, const struct op *op)
{
	static const char nothing[1];
	int wanted = sqlite3_bind_parameter_count(q);

	for (int i = 0; i < 3 && i < wanted; i++)
		sqlite3_bind_text(q, i + 1, op->text[i], -1, SQLITE_STATIC);
	for (int i = 0; i < 2 && i + 3 < wanted; i++)
		sqlite3_bind_int64(q, i + 4, op->number[i]);
	for (int i = 0; i < 2 && i + 5 < wanted; i++) {
		const void *blob = op->blob[i] ? op->blob[i] : nothing;

		sqlite3_bind_blob64(q, i + 6, blob, op->blob_len[i], SQLITE_STATIC);
	}
}

/* An audit record's hash is known only here, where the order of commits is. */
static void op_chain(struct store *s, sqlite3_stmt *q, const struct op *op)
{
	unsigned char next[32];

	audit_next(s->audit_hash, op->text[1], strlen(op->text[1]), next);
	memcpy(s->audit_hash, next, sizeof next);
	sqlite3_bind_blob(q, 6, s->audit_hash, sizeof s->audit_hash, SQLITE_STATIC);
}

static bool op_run(struct store *s, const struct op *op, bool *broken, struct err *e)
{
	sqlite3_stmt *q = s->ops[op->kind];
	int code;
	bool good;

	op_bind(q, op);
	if (op->kind == OP_AUDIT_ADD)
		op_chain(s, q, op);
	code = sqlite3_step(q);
	good = code == SQLITE_DONE;
	if (!good && (code & 0xff) == SQLITE_CONSTRAINT)
		err_set(e, ERR_CONFLICT, "%s", defs[op->kind].conflict);
	else if (!good)
		*broken = !sql_fail(s->db, "the change could not be stored", e);
	else if (defs[op->kind].one && sqlite3_changes(s->db) != 1)
		good = err_set(e, ERR_CONFLICT, "%s", defs[op->kind].conflict);
	sqlite3_reset(q);
	sqlite3_clear_bindings(q);
	return good;
}

static bool sql_run(sqlite3_stmt *q)
{
	bool good = sqlite3_step(q) == SQLITE_DONE;

	sqlite3_reset(q);
	return good;
}

bool store_apply(struct store *s, const struct store_tx *tx, bool *broken, struct err *e)
{
	unsigned char hash[32];
	bool good = true;

	memcpy(hash, s->audit_hash, sizeof hash);
	if (!sql_run(s->save)) {
		*broken = true;
		return sql_fail(s->db, "the change could not be stored", e);
	}
	for (const struct op *op = tx->first; op && good; op = op->next)
		good = op_run(s, op, broken, e);
	if (*broken)
		return false;
	if (!good)
		memcpy(s->audit_hash, hash, sizeof hash);
	if ((!good && !sql_run(s->unsave)) || !sql_run(s->release)) {
		*broken = true;
		return sql_fail(s->db, "the change could not be stored", e);
	}
	return good;
}
