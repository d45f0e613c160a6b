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
		if (it->refused)
			continue;
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
	counted_put(s);
	store_fault(s, "after-commit");
	return true;
}

static bool batch_try(struct store *s, struct item *first, struct item *end, struct err *e)
{
	struct sql *sql = sql_of(s);

	if (batch_commit(s, first, end, e)) {
		atomic_store(&s->health, sql->given ? STORE_FULL : STORE_WELL);
		return true;
	}
	health_note(s);
	if (!sqlite3_get_autocommit(sql->db))
		sql_step(sql->run[SQL_ROLLBACK]);
	return false;
}

/* Leaves what makes room; is there any? */
static bool batch_urgent(struct item *first, struct item *end)
{
	bool any = false;

	for (struct item *it = first; it != end; it = it->next) {
		it->refused = !it->tx->urgent;
		any = any || it->tx->urgent;
		it->ok = false;
		if (it->refused)
			err_set(&it->e, ERR_UNAVAILABLE,
				"the disk of the state folder is full: make room in it, or delete jobs");
	}
	return any;
}

static void batch_refuse(struct item *first, struct item *end, const struct err *e)
{
	for (struct item *it = first; it != end; it = it->next)
		if (!it->refused) {
			it->ok = false;
			it->e = *e;
		}
}

/*
 * One commit for all of them; after a failure none of them was done. On a full disk the ballast is
 * given up for what makes room, and until it could be made again nothing else is stored.
 */
void sql_batch(struct store *s, struct item *first, struct item *end)
{
	struct err e = {.code = ERR_UNAVAILABLE,
		.text = "the store has failed: changes are refused until mltopd is restarted"};
	bool good = false;

	if (atomic_load(&s->health) == STORE_BROKEN || !sql_there(s, &e)) {
		batch_refuse(first, end, &e);
		return;
	}
	if (sql_of(s)->given && !ballast_make(s) && !batch_urgent(first, end)) {
		atomic_store(&s->health, STORE_FULL);
		return;
	}
	good = batch_try(s, first, end, &e);
	if (!good && atomic_load(&s->health) == STORE_FULL && batch_urgent(first, end) &&
		ballast_give(s))
		good = batch_try(s, first, end, &e);
	if (!good)
		batch_refuse(first, end, &e);
}
