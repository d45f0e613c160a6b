#include "store/sqlite.h"

#include "base/mem.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void audit_next(const unsigned char before[32], const char *record, size_t len,
	unsigned char after[32])
{
	struct buf both = BUF_INIT;

	buf_add(&both, before, 32);
	buf_add(&both, record, len);
	SHA256((const unsigned char *)both.data, both.len, after);
	buf_release(&both);
}

bool audit_last(struct store *s, struct err *e)
{
	sqlite3_stmt *q = NULL;
	int code;

	memset(sql_of(s)->audit_hash, 0, sizeof sql_of(s)->audit_hash);
	if (!sql_prepare(sql_of(s)->db, "SELECT hash FROM audit ORDER BY seq DESC LIMIT 1", &q, e))
		return false;
	code = sqlite3_step(q);
	if (code == SQLITE_ROW && sqlite3_column_bytes(q, 0) == 32)
		memcpy(sql_of(s)->audit_hash, sqlite3_column_blob(q, 0), 32);
	sqlite3_finalize(q);
	return code == SQLITE_ROW || code == SQLITE_DONE ||
		sql_fail(sql_of(s)->db, "cannot read the audit", e);
}

static void hex(const unsigned char *bytes, size_t len, char *out)
{
	for (size_t i = 0; i < len; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

/* Numbers are gapless too: AUTOINCREMENT never gives one again, so a missing one was removed. */
static bool audit_row(sqlite3_stmt *q, int64_t expected, unsigned char hash[32], struct err *e)
{
	int64_t seq = sqlite3_column_int64(q, 0);
	const char *record = (const char *)sqlite3_column_text(q, 1);
	const void *stored = sqlite3_column_blob(q, 2);
	unsigned char next[32];

	if (seq != expected)
		return err_set(e, ERR_INTERNAL, "audit record %lld is missing",
			(long long)expected);
	audit_next(hash, record, (size_t)sqlite3_column_bytes(q, 1), next);
	if (sqlite3_column_bytes(q, 2) != 32 || memcmp(stored, next, 32) != 0)
		return err_set(e, ERR_INTERNAL,
			"audit record %lld was altered, or one before it was", (long long)seq);
	memcpy(hash, next, 32);
	return true;
}

/* Records cut off at the end leave SQLite's own counter, or this process's newest hash, behind. */
static bool audit_end(struct store *s, int64_t count, const unsigned char hash[32], struct err *e)
{
	int64_t given;

	if (!sql_int(sql_of(s)->db,
		    "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'audit'",
		    &given, e))
		return false;
	if (given == count && memcmp(hash, sql_of(s)->audit_hash, 32) == 0)
		return true;
	return err_set(e, ERR_INTERNAL, "audit records are missing after %lld", (long long)count);
}

bool look_verify(struct store *s, struct item *it, struct err *e)
{
	sqlite3_stmt *q = NULL;
	unsigned char hash[32] = {0};
	char text[STORE_HASH_HEX];
	int64_t count = 0;
	bool good = true;

	if (!sql_prepare(sql_of(s)->db, "SELECT seq, record, hash FROM audit ORDER BY seq", &q, e))
		return false;
	while (good && sqlite3_step(q) == SQLITE_ROW)
		good = audit_row(q, ++count, hash, e);
	if (good && sqlite3_errcode(sql_of(s)->db) != SQLITE_DONE &&
		sqlite3_errcode(sql_of(s)->db) != SQLITE_OK)
		good = sql_fail(sql_of(s)->db, "cannot read the audit", e);
	sqlite3_finalize(q);
	if (!good || !audit_end(s, count, hash, e))
		return false;
	hex(hash, sizeof hash, text);
	buf_addf(item_row(it), "%lld audit records, chain whole, last hash %s", (long long)count,
		text);
	return true;
}

static void audit_json(sqlite3_stmt *q, struct buf *out)
{
	char text[STORE_HASH_HEX] = "";

	if (sqlite3_column_bytes(q, 2) == 32)
		hex(sqlite3_column_blob(q, 2), 32, text);
	buf_addf(out, "{\"seq\": %lld, \"hash\": \"%s\", \"record\": %s}",
		(long long)sqlite3_column_int64(q, 0), text, sqlite3_column_text(q, 1));
}

bool look_audit(struct store *s, struct item *it, struct err *e)
{
	sqlite3_stmt *q = NULL;
	int code;

	if (!sql_prepare(sql_of(s)->db,
		    "SELECT seq, record, hash FROM audit WHERE seq < ?1"
		    " ORDER BY seq DESC LIMIT ?2",
		    &q, e))
		return false;
	sqlite3_bind_int64(q, 1, it->number[0] > 0 ? it->number[0] : INT64_MAX);
	sqlite3_bind_int64(q, 2, it->number[1]);
	while ((code = sqlite3_step(q)) == SQLITE_ROW)
		audit_json(q, item_row(it));
	sqlite3_finalize(q);
	return code == SQLITE_DONE || sql_fail(sql_of(s)->db, "cannot read the audit", e);
}
