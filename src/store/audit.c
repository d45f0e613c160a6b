/*
 * Audit records in SQLite: a chain for each org, each hash over the one before and the record. What the
 * newest is, and where a chain begins whose oldest were dropped, stands in audit_heads.
 */
#include "store/sqlite.h"

#include "base/mem.h"

#include <jansson.h>
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

void audit_hex(const void *hash, size_t len, char out[STORE_HASH_HEX])
{
	const unsigned char *bytes = hash;

	out[0] = '\0';
	for (size_t i = 0; i < len && 2 * i + 2 < STORE_HASH_HEX; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

/* ---- Appending ---- */

/* The newest of the chain; of one that is not there yet number 0 and zeros. */
static bool head_read(struct sql *sql, const struct op *op, int64_t *n, unsigned char hash[32])
{
	sqlite3_stmt *q = sql->run[SQL_AUDIT_HEAD];
	int code;

	*n = 0;
	memset(hash, 0, 32);
	op_bind(q, op);
	code = sqlite3_step(q);
	if (code == SQLITE_ROW && sqlite3_column_bytes(q, 1) == 32) {
		*n = sqlite3_column_int64(q, 0);
		memcpy(hash, sqlite3_column_blob(q, 1), 32);
	}
	sqlite3_reset(q);
	sqlite3_clear_bindings(q);
	return code == SQLITE_ROW || code == SQLITE_DONE;
}

int audit_chain(struct sql *sql, struct op *op)
{
	unsigned char before[32], next[32];
	struct op link = *op;

	if (!head_read(sql, op, &link.number[OP_GIVEN], before))
		return -1;
	audit_next(before, op->text[OP_NAME], strlen(op->text[OP_NAME]), next);
	link.number[OP_GIVEN]++;
	link.blob = next;
	link.blob_len = sizeof next;
	return sql_run(sql, SQL_AUDIT_ADD, &link) < 0 ? -1
						      : sql_run(sql, SQL_AUDIT_HEAD_PUT, &link);
}

/* ---- Verifying ---- */

void walk_begin(struct audit_walk *w, const char *chain, int64_t first, const void *base)
{
	*w = (struct audit_walk){.chain = chain, .first = first, .n = first};
	memcpy(w->hash, base, 32);
	memcpy(w->base, base, 32);
}

static bool walk_wrong(const struct audit_walk *w, struct err *e, const char *what)
{
	bool shared = strcmp(w->chain, AUDIT_SHARED) == 0;

	return err_set(e, ERR_INTERNAL, "audit record %lld of %s%s %s", (long long)w->n,
		shared              ? "the chain that all orgs shared"
			: *w->chain ? "org "
				    : "the platform",
		shared ? "" : w->chain, what);
}

/* What was dropped of the chain stands in its newest checkpoint. */
static void walk_checkpoint(struct audit_walk *w, const char *record, size_t len)
{
	json_t *whole = memmem(record, len, AUDIT_CHECKPOINT, strlen(AUDIT_CHECKPOINT))
		? json_loadb(record, len, 0, NULL)
		: NULL;
	const char *action = json_string_value(json_object_get(whole, "action"));
	const char *hash = json_string_value(json_object_get(whole, "hash"));

	if (action && strcmp(action, AUDIT_CHECKPOINT) == 0) {
		w->dropped = json_integer_value(json_object_get(whole, "dropped"));
		snprintf(w->dropped_hash, sizeof w->dropped_hash, "%s", hash ? hash : "");
	}
	json_decref(whole);
}

bool walk_record(struct audit_walk *w, int64_t n, const char *record, size_t len, const void *hash,
	size_t hash_len, struct err *e)
{
	unsigned char next[32];

	w->n++;
	if (n != w->n)
		return walk_wrong(w, e, "is missing");
	audit_next(w->hash, record, len, next);
	if (hash_len != 32 || memcmp(hash, next, 32) != 0)
		return walk_wrong(w, e, "was altered, or is not the one that stood there");
	memcpy(w->hash, next, 32);
	walk_checkpoint(w, record, len);
	return true;
}

bool walk_end(struct audit_walk *w, int64_t n, const void *hash, struct err *e)
{
	char base[STORE_HASH_HEX];

	if (w->n < n || (w->n == n && memcmp(hash, w->hash, 32) != 0)) {
		w->n += w->n < n;
		return walk_wrong(w, e, "is missing, the newest of all that there were");
	}
	if (w->n > n)
		return walk_wrong(w, e, "is one that was never written");
	audit_hex(w->base, 32, base);
	if (w->dropped == w->first && (w->first == 0 || strcmp(base, w->dropped_hash) == 0))
		return true;
	return err_set(e, ERR_INTERNAL,
		"the audit of org %s begins behind record %lld, but its newest checkpoint says %lld: "
		"older records were removed",
		w->chain, (long long)w->first, (long long)w->dropped);
}

static bool audit_rows(struct store *s, struct audit_walk *w, struct err *e)
{
	sqlite3_stmt *q = NULL;
	bool good = true;
	int code = SQLITE_DONE;

	if (!sql_prepare(sql_of(s)->db,
		    "SELECT n, record, hash FROM audit WHERE chain = ?1 ORDER BY seq", &q, e))
		return false;
	sqlite3_bind_text(q, 1, w->chain, -1, SQLITE_STATIC);
	while (good && (code = sqlite3_step(q)) == SQLITE_ROW)
		good = walk_record(w, sqlite3_column_int64(q, 0),
			(const char *)sqlite3_column_text(q, 1), (size_t)sqlite3_column_bytes(q, 1),
			sqlite3_column_blob(q, 2), (size_t)sqlite3_column_bytes(q, 2), e);
	if (good && code != SQLITE_DONE)
		good = sql_fail(sql_of(s)->db, "cannot read the audit", e);
	sqlite3_finalize(q);
	return good;
}

/* One row of audit_heads: chain, n, hash, first, base. */
static bool head_verify(struct store *s, sqlite3_stmt *q, struct buf *out, int64_t *count,
	struct err *e)
{
	const char *chain = (const char *)sqlite3_column_text(q, 0);
	char hash[STORE_HASH_HEX];
	struct audit_walk w;

	if (sqlite3_column_bytes(q, 2) != 32 || sqlite3_column_bytes(q, 4) != 32)
		return err_set(e, ERR_INTERNAL, "the head of the audit of org %s was altered",
			chain);
	walk_begin(&w, chain, sqlite3_column_int64(q, 3), sqlite3_column_blob(q, 4));
	if (!audit_rows(s, &w, e) ||
		!walk_end(&w, sqlite3_column_int64(q, 1), sqlite3_column_blob(q, 2), e))
		return false;
	audit_hex(w.hash, sizeof w.hash, hash);
	buf_addf(out, "%s\t%lld\t%lld\t%s\n", chain, (long long)(w.n - w.first), (long long)w.first,
		hash);
	*count += w.n - w.first;
	return true;
}

static bool heads_verify(struct store *s, const char *org, struct buf *out, int64_t *count,
	struct err *e)
{
	sqlite3_stmt *q = NULL;
	bool good = true;
	int code = SQLITE_DONE;

	if (!sql_prepare(sql_of(s)->db,
		    "SELECT chain, n, hash, first, base FROM audit_heads"
		    " WHERE ?1 = '' OR chain = ?1 ORDER BY chain",
		    &q, e))
		return false;
	sqlite3_bind_text(q, 1, org, -1, SQLITE_STATIC);
	while (good && (code = sqlite3_step(q)) == SQLITE_ROW)
		good = head_verify(s, q, out, count, e);
	if (good && code != SQLITE_DONE)
		good = sql_fail(sql_of(s)->db, "cannot read the audit", e);
	sqlite3_finalize(q);
	return good;
}

/* Records of chains without a head, of another org than their chain's, with numbers never given. */
static bool strays_verify(struct store *s, struct err *e)
{
	int64_t stray = 0;

	if (!sql_int(sql_of(s)->db,
		    "SELECT coalesce(min(seq), 0) FROM audit WHERE chain NOT IN"
		    " (SELECT chain FROM audit_heads) OR org_id <> iif(chain <> '*', chain, coalesce(json_extract(record, '$.org_id'), '')) OR seq >"
		    " (SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'audit')",
		    &stray, e))
		return false;
	return stray == 0 ||
		err_set(e, ERR_INTERNAL,
			"the audit record at place %lld is of no chain: it was moved or made",
			(long long)stray);
}

void audit_verified(struct item *it, int64_t count, const struct buf *each)
{
	buf_addf(item_row(it), "%lld audit records, chain whole", (long long)count);
	for (const char *at = each->data; *at; at = strchr(at, '\n') + 1)
		buf_add(item_row(it), at, strcspn(at, "\n"));
}

bool look_verify(struct store *s, struct item *it, struct err *e)
{
	struct buf each = BUF_INIT;
	int64_t count = 0;
	bool good = heads_verify(s, it->text[0], &each, &count, e) &&
		(*it->text[0] || strays_verify(s, e));

	if (good)
		audit_verified(it, count, &each);
	buf_release(&each);
	return good;
}

/* ---- Reading ---- */

static void audit_json(sqlite3_stmt *q, struct buf *out)
{
	char text[STORE_HASH_HEX];

	audit_hex(sqlite3_column_blob(q, 2), (size_t)sqlite3_column_bytes(q, 2), text);
	buf_addf(out, "{\"seq\": %lld, \"n\": %lld, \"hash\": \"%s\", \"record\": %s}",
		(long long)sqlite3_column_int64(q, 0), (long long)sqlite3_column_int64(q, 3), text,
		sqlite3_column_text(q, 1));
}

bool look_audit(struct store *s, struct item *it, struct err *e)
{
	static const char of_all[] =
		"SELECT seq, record, hash, iif(chain = '*', 0, n) FROM audit WHERE seq < ?1"
		" ORDER BY seq DESC LIMIT ?2";
	static const char of_one[] =
		"SELECT seq, record, hash, iif(chain = '*', 0, n) FROM audit WHERE seq < ?1"
		" AND org_id = ?3 ORDER BY seq DESC LIMIT ?2";
	sqlite3_stmt *q = NULL;
	int code;

	if (!sql_prepare(sql_of(s)->db, *it->text[0] ? of_one : of_all, &q, e))
		return false;
	sqlite3_bind_int64(q, 1, it->number[0] > 0 ? it->number[0] : INT64_MAX);
	sqlite3_bind_int64(q, 2, it->number[1]);
	if (*it->text[0])
		sqlite3_bind_text(q, 3, it->text[0], -1, SQLITE_STATIC);
	while ((code = sqlite3_step(q)) == SQLITE_ROW)
		audit_json(q, item_row(it));
	sqlite3_finalize(q);
	return code == SQLITE_DONE || sql_fail(sql_of(s)->db, "cannot read the audit", e);
}

bool look_old(struct store *s, struct item *it, struct err *e)
{
	char text[STORE_HASH_HEX];
	sqlite3_stmt *q = NULL;
	int code;

	if (!sql_prepare(sql_of(s)->db,
		    "SELECT h.chain, a.n, a.hash FROM audit_heads h JOIN audit a ON a.chain = h.chain"
		    " AND a.n = coalesce((SELECT min(b.n) - 1 FROM audit b WHERE b.chain = h.chain AND"
		    " json_extract(b.record, '$.time') >= ?1), h.n)",
		    &q, e))
		return false;
	sqlite3_bind_text(q, 1, it->text[0], -1, SQLITE_STATIC);
	while ((code = sqlite3_step(q)) == SQLITE_ROW) {
		audit_hex(sqlite3_column_blob(q, 2), (size_t)sqlite3_column_bytes(q, 2), text);
		buf_adds(item_row(it), (const char *)sqlite3_column_text(q, 0));
		buf_addf(item_row(it), "%lld", (long long)sqlite3_column_int64(q, 1));
		buf_adds(item_row(it), text);
	}
	sqlite3_finalize(q);
	return code == SQLITE_DONE || sql_fail(sql_of(s)->db, "cannot read the audit", e);
}
