/* One commit for what has arrived together. */
#include "store/sqlite.h"

#include <stdio.h>
#include <string.h>

/* Remembers what a failed transaction says about the disk. */
static void health_note(struct store *s)
{
	int code = sqlite3_errcode(sql_of(s)->db) & 0xff;

	atomic_store(&s->health, code == SQLITE_FULL ? STORE_FULL : STORE_BROKEN);
}

static bool number_put(sqlite3_stmt *q, uint64_t number)
{
	char text[32];
	bool good;

	snprintf(text, sizeof text, "%llu", (unsigned long long)number);
	sqlite3_bind_text(q, 1, text, -1, SQLITE_STATIC);
	good = sql_step(q);
	sqlite3_clear_bindings(q);
	return good;
}

/* The counters go with what they count. */
static bool counters_put(struct sql *sql, uint64_t version)
{
	return (version == 0 || number_put(sql->run[SQL_VERSION], version)) &&
		number_put(sql->run[SQL_REVISION], sql->revision);
}

/* Applies the changes from `first` up to `end` in the transaction that is open. */
static bool batch_apply(struct store *s, struct item *first, struct item *end, struct err *e)
{
	uint64_t version = 0;
	bool broken = false;

	for (struct item *it = first; it != end && !broken; it = it->next) {
		it->ok = store_apply(s, it, &broken);
		if (it->ok && it->version > version)
			version = it->version;
		if (broken)
			*e = it->e;
	}
	if (broken)
		return false;
	return counters_put(sql_of(s), version) ||
		sql_fail(sql_of(s)->db, "the change could not be stored", e);
}

static bool batch_commit(struct store *s, struct item *first, struct item *end, struct err *e)
{
	struct sql *sql = sql_of(s);

	if (!sql_step(sql->run[SQL_BEGIN]))
		return sql_fail(sql->db, "the change could not be stored", e);
	if (!batch_apply(s, first, end, e))
		return false;
	store_fault(s, "before-commit");
	if (!sql_step(sql->run[SQL_COMMIT]))
		return sql_fail(sql->db, "the change could not be stored", e);
	store_fault(s, "after-commit");
	return true;
}

/* One commit for all of them. After a failure none of them was done. */
void sql_batch(struct store *s, struct item *first, struct item *end)
{
	struct sql *sql = sql_of(s);
	unsigned char hash[32];
	struct err e = {.code = ERR_UNAVAILABLE,
		.text = "the store has failed: changes are refused until mltopd is restarted"};
	bool good = false;

	memcpy(hash, sql->audit_hash, sizeof hash);
	if (atomic_load(&s->health) != STORE_BROKEN) {
		good = batch_commit(s, first, end, &e);
		if (!good) {
			health_note(s);
			if (!sqlite3_get_autocommit(sql->db))
				sql_step(sql->run[SQL_ROLLBACK]);
			memcpy(sql->audit_hash, hash, sizeof hash);
		}
	}
	if (good) {
		atomic_store(&s->health, STORE_WELL);
		return;
	}
	for (struct item *it = first; it != end; it = it->next) {
		it->ok = false;
		it->e = e;
	}
}
